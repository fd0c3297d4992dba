/* The server's monitor says how a handshake ended; that is the proof, not that a message failed to
 * arrive within some time. */
#include "services/broker/proof.h"

#include <stdio.h>
#include <string.h>
#include "services/broker/port.h"
#include "services/kernel/base/must.h"
#include "services/kernel/bus/zap.h"

#define FAILED                                                                                     \
    (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |                  \
            ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

enum stranger { STRANGER_NULL, STRANGER_KEY, STRANGER_COUNT };

static const char *const STRANGERS[] = {"a client without CURVE", "a client with an unknown key"};

/* The event that the handshake ended with; 0 when none came in time. */
static int event_wait(void *monitor)
{
    uint8_t head[6], endpoint[ENDPOINT_SIZE];
    uint16_t event = 0;
    if (zmq_recv(monitor, head, sizeof head, 0) >= (int)sizeof event) {
        memcpy(&event, head, sizeof event);
        (void)zmq_recv(monitor, endpoint, sizeof endpoint, 0);
    }
    return event;
}

static bool stranger_dress(void *client, enum stranger stranger, const struct keypair *server)
{
    int none = 0;
    bool done = zmq_setsockopt(client, ZMQ_LINGER, &none, sizeof none) == 0;
    if (stranger == STRANGER_KEY) {
        struct keypair own;
        keypair_draw(&own);
        done = done &&
               zmq_setsockopt(client, ZMQ_CURVE_SERVERKEY, server->public_key, KEY_Z85_SIZE) == 0 &&
               zmq_setsockopt(client, ZMQ_CURVE_PUBLICKEY, own.public_key, KEY_Z85_SIZE) == 0 &&
               zmq_setsockopt(client, ZMQ_CURVE_SECRETKEY, own.secret_key, KEY_Z85_SIZE) == 0;
    }
    return done;
}

static enum err stranger_try(void *context,
        void *monitor,
        const char *endpoint,
        enum stranger stranger,
        const struct keypair *server)
{
    void *client = zmq_socket(context, ZMQ_DEALER);
    if (!client) {
        return ERR_FATAL;
    }
    int event = 0;
    if (stranger_dress(client, stranger, server) && zmq_connect(client, endpoint) == 0) {
        event = event_wait(monitor);
    }
    (void)zmq_close(client);
    return event != 0 && (event & FAILED) == event ? OK : ERR_FATAL;
}

static enum err strangers_try(void *context,
        void *server,
        const char *endpoint,
        const struct keypair *key,
        struct buf *why)
{
    static unsigned serial; /* a name may still be taken for a moment after its socket was closed */
    int wait_ms = PROOF_WAIT_MS, none = 0;
    char name[64];
    enum err err = OK;
    for (enum stranger s = STRANGER_NULL; s < STRANGER_COUNT && !err; s++) {
        /* A monitor of its own for each: events of the first one's retries are not the second's. */
        void *monitor = zmq_socket(context, ZMQ_PAIR);
        must(monitor);
        snprintf(name, sizeof name, "inproc://huying-proof-%u", serial++);
        bool open = zmq_setsockopt(monitor, ZMQ_LINGER, &none, sizeof none) == 0 &&
                    zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms) == 0 &&
                    zmq_socket_monitor(server, name, FAILED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED) == 0 &&
                    zmq_connect(monitor, name) == 0;
        err = open ? stranger_try(context, monitor, endpoint, s, key) : ERR_FATAL;
        (void)zmq_socket_monitor(server, NULL, 0);
        (void)zmq_close(monitor);
        if (err) {
            buf_add_format(why, "%s was not refused: expected a refusal\n", STRANGERS[s]);
        }
    }
    return err;
}

enum err proof_refusals(void *context, const struct keypair *key, struct buf *why)
{
    void *server;
    char endpoint[ENDPOINT_SIZE];
    enum err err = port_open(context, ZMQ_ROUTER, "tcp://127.0.0.1:*", ZAP_DOMAIN, key->secret_key,
            &server, endpoint, why);
    if (err) {
        return err;
    }
    err = strangers_try(context, server, endpoint, key, why);
    (void)zmq_close(server);
    return err;
}
