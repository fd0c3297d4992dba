/* The handler is a thread with a REP socket. One mutex guards the pointer to the list; looking a
 * key up copies its entry out under it, so that a list can be replaced and freed at any time.
 * That costs some 100 ns per frame, and a frame carries many messages.
 *
 * A malformed request is refused like any other, with an empty id when it has none: a REP socket
 * must answer before it receives again. */
#include "services/kernel/bus/zap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>
#include "services/kernel/base/fault.h"
#include "services/kernel/base/must.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_CONTROL "inproc://huying-zap-control"
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN /* the library knows it; its header shows it to draft builds only */
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
#define ZAP_PART_SIZE 256 /* the longest part is the credentials' 32 bytes or an address */
#define ZAP_PARTS_MAX 16  /* more are read and thrown away */
#define KEY_BYTES 32

struct zap {
    void *handler, *control, *control_far;
    pthread_t thread;
    pthread_mutex_t lock;
    struct peers *peers;
    _Atomic uint64_t refused;
};

/* Parts of a request, RFC 27. */
enum { PART_VERSION, PART_ID, PART_DOMAIN, PART_ADDRESS, PART_IDENTITY, PART_MECHANISM, PART_KEY };
#define CURVE_PARTS 7

struct zap_request {
    uint8_t data[ZAP_PARTS_MAX][ZAP_PART_SIZE];
    size_t size[ZAP_PARTS_MAX], count;
    bool oversize;
};

static bool part_is(const struct zap_request *request, size_t part, const char *text)
{
    return request->size[part] == strlen(text) &&
           memcmp(request->data[part], text, strlen(text)) == 0;
}

/* False when the context has ended. */
static bool request_receive(void *handler, struct zap_request *ret)
{
    int more = 1;
    ret->count = 0;
    ret->oversize = false;
    while (more) {
        uint8_t part[ZAP_PART_SIZE];
        int size = zmq_recv(handler, part, sizeof part, 0);
        size_t more_size = sizeof more;
        if (size < 0 || zmq_getsockopt(handler, ZMQ_RCVMORE, &more, &more_size) != 0) {
            return false;
        }
        if ((size_t)size > sizeof part || ret->count == ZAP_PARTS_MAX) {
            ret->oversize = true;
            continue;
        }
        memcpy(ret->data[ret->count], part, (size_t)size);
        ret->size[ret->count++] = (size_t)size;
    }
    return true;
}

/* The right that a domain asks for; 0 = none. */
static bool domain_right(const struct zap_request *request, uint32_t *ret)
{
    static const struct {
        const char *domain;
        uint32_t right;
    } table[] = {
            {ZAP_DOMAIN, 0}, {ZAP_DOMAIN_HOTLINE, RIGHT_HOTLINE}, {ZAP_DOMAIN_FEED, RIGHT_FEED}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (part_is(request, PART_DOMAIN, table[i].domain)) {
            *ret = table[i].right;
            return true;
        }
    }
    return false;
}

/* True when the request is a CURVE one in a domain of ours from a key that may connect there. */
static bool request_allowed(
        struct zap *zap, const struct zap_request *request, char ret[KEY_Z85_SIZE])
{
    uint32_t right;
    struct peer peer;
    if (request->oversize || request->count != CURVE_PARTS ||
            !part_is(request, PART_VERSION, "1.0") || !part_is(request, PART_MECHANISM, "CURVE") ||
            request->size[PART_KEY] != KEY_BYTES || !domain_right(request, &right)) {
        return false;
    }
    must(zmq_z85_encode(ret, request->data[PART_KEY], KEY_BYTES));
    return zap_peer(zap, ret, &peer) == OK && (peer.rights & right) == right;
}

static bool part_send(void *handler, const void *data, size_t size, int flags)
{
    return zmq_send(handler, data, size, flags) >= 0;
}

static bool request_answer(struct zap *zap, const struct zap_request *request)
{
    char key[KEY_Z85_SIZE] = "";
    bool allowed = request_allowed(zap, request, key);
    const char *status = allowed ? "200" : "400";
    const char *text = allowed ? "OK" : "this key may not connect here";
    bool has_id = request->count > PART_ID;
    if (!allowed) {
        atomic_fetch_add(&zap->refused, 1);
    }
    return part_send(zap->handler, "1.0", 3, ZMQ_SNDMORE) &&
           part_send(zap->handler, has_id ? request->data[PART_ID] : NULL,
                   has_id ? request->size[PART_ID] : 0, ZMQ_SNDMORE) &&
           part_send(zap->handler, status, 3, ZMQ_SNDMORE) &&
           part_send(zap->handler, text, strlen(text), ZMQ_SNDMORE) &&
           part_send(zap->handler, key, allowed ? strlen(key) : 0, ZMQ_SNDMORE) &&
           part_send(zap->handler, NULL, 0, 0);
}

static void *zap_run(void *self)
{
    struct zap *zap = self;
    struct zap_request request;
    for (;;) {
        zmq_pollitem_t items[] = {{.socket = zap->control_far, .events = ZMQ_POLLIN},
                {.socket = zap->handler, .events = ZMQ_POLLIN}};
        int ready = zmq_poll(items, 2, -1);
        if (ready < 0 && zmq_errno() == ETERM) {
            break;
        }
        if (items[0].revents & ZMQ_POLLIN) {
            break;
        }
        if (ready > 0 && (items[1].revents & ZMQ_POLLIN) &&
                (!request_receive(zap->handler, &request) || !request_answer(zap, &request))) {
            break;
        }
    }
    return NULL;
}

static void zap_close(struct zap *zap)
{
    void *sockets[] = {zap->handler, zap->control, zap->control_far};
    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
        if (sockets[i]) {
            (void)zmq_close(sockets[i]);
        }
    }
    peers_destroy(&zap->peers);
    (void)pthread_mutex_destroy(&zap->lock);
    free(zap);
}

static bool zap_open(struct zap *zap, void *context)
{
    zap->handler = zmq_socket(context, ZMQ_REP);
    zap->control = zmq_socket(context, ZMQ_PAIR);
    zap->control_far = zmq_socket(context, ZMQ_PAIR);
    int none = 0;
    return zap->handler && zap->control && zap->control_far &&
           zmq_setsockopt(zap->handler, ZMQ_LINGER, &none, sizeof none) == 0 &&
           zmq_bind(zap->handler, ZAP_ENDPOINT) == 0 && zmq_bind(zap->control, ZAP_CONTROL) == 0 &&
           zmq_connect(zap->control_far, ZAP_CONTROL) == 0;
}

enum err zap_start(void *context, struct peers *peers, struct zap **ret)
{
    must(context && peers && ret);
    struct zap *zap = calloc(1, sizeof *zap);
    must(zap);
    zap->peers = peers;
    must(pthread_mutex_init(&zap->lock, NULL) == 0);
    if (FAULT(zap_open) || !zap_open(zap, context) ||
            pthread_create(&zap->thread, NULL, zap_run, zap) != 0) {
        zap_close(zap);
        return ERR_FATAL;
    }
    *ret = zap;
    return OK;
}

void zap_stop(struct zap **zap)
{
    if (!*zap) {
        return;
    }
    (void)zmq_send((*zap)->control, "", 0, 0);
    must(pthread_join((*zap)->thread, NULL) == 0);
    zap_close(*zap);
    *zap = NULL;
}

void zap_peers_set(struct zap *zap, struct peers *peers)
{
    must(peers);
    must(pthread_mutex_lock(&zap->lock) == 0);
    struct peers *old = zap->peers;
    zap->peers = peers;
    must(pthread_mutex_unlock(&zap->lock) == 0);
    peers_destroy(&old);
}

enum err zap_peer(struct zap *zap, const char *key, struct peer *ret)
{
    must(pthread_mutex_lock(&zap->lock) == 0);
    const struct peer *peer = peers_find(zap->peers, key);
    if (peer) {
        *ret = *peer;
    }
    must(pthread_mutex_unlock(&zap->lock) == 0);
    return peer ? OK : ERR_NOT_FOUND;
}

uint64_t zap_refused(const struct zap *zap)
{
    return atomic_load(&zap->refused);
}

enum err zap_server_socket(void *socket, const char *secret_key_z85)
{
    return zap_server_socket_in(socket, ZAP_DOMAIN, secret_key_z85);
}

enum err zap_server_socket_in(void *socket, const char *domain, const char *secret_key_z85)
{
    int yes = 1;
    bool done = zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes) == 0 &&
                zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key_z85, KEY_Z85_SIZE) == 0 &&
                zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)) == 0 &&
                zmq_setsockopt(socket, ZMQ_ZAP_ENFORCE_DOMAIN, &yes, sizeof yes) == 0;
    return done ? OK : ERR_FATAL;
}
