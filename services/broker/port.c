/* ROUTER_MANDATORY makes a send say that a connection is gone or full, where the default is to
 * throw the message away. ZMQ_HEARTBEAT_* stay unset: on libzmq 4.3.4 they lose and reorder
 * messages when a reader is at its high-water mark. Dead connections are found by TCP keepalive
 * and by our own HEARTBEAT frames. */
#include "services/broker/port.h"

#include <errno.h>
#include <string.h>

#include "services/broker/broker.h"
#include "services/kernel/base/must.h"

#define MAX_MESSAGE ((int64_t)FRAME_PAYLOAD_MAX + 256) /* CURVE adds 33 bytes */
#define HANDSHAKE_MS 3000
#define KEEPALIVE_IDLE_S 10
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT 3
#define BACKLOG 1024

static bool options_set(void *socket, int type)
{
    const struct {
        int option, value;
    } options[] = {
            {ZMQ_LINGER, 0},
            {ZMQ_SNDHWM, BROKER_SEND_FRAMES_MAX},
            {ZMQ_RCVHWM, BROKER_RECEIVE_FRAMES_MAX},
            {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
            {ZMQ_BACKLOG, BACKLOG},
            {ZMQ_TCP_KEEPALIVE, 1},
            {ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S},
            {ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_INTERVAL_S},
            {ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT},
    };
    int64_t max = MAX_MESSAGE;
    int yes = 1;
    bool done = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max, sizeof max) == 0;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        done = done &&
               zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof(int)) == 0;
    }
    return done && (type != ZMQ_ROUTER ||
                           zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes) == 0);
}

enum err port_open(void *context,
        int type,
        const char *endpoint,
        const char *domain,
        const char *secret_key,
        void **ret_socket,
        char ret_bound[ENDPOINT_SIZE],
        struct buf *why)
{
    void *socket = zmq_socket(context, type);
    size_t size = ENDPOINT_SIZE;
    if (socket && options_set(socket, type) &&
            zap_server_socket_in(socket, domain, secret_key) == OK &&
            zmq_bind(socket, endpoint) == 0 &&
            zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, ret_bound, &size) == 0) {
        *ret_socket = socket;
        return OK;
    }
    buf_add_format(why,
            "%s: cannot be bound (%s): expected a free endpoint like tcp://127.0.0.1:7400\n",
            endpoint, zmq_strerror(zmq_errno()));
    if (socket) {
        (void)zmq_close(socket);
    }
    return ERR_FATAL;
}

/* Reads what a message has beyond the parts that we know; returns how many. */
static size_t rest_skip(void *socket, bool more)
{
    size_t count = 0;
    while (more) {
        zmq_msg_t part;
        must(zmq_msg_init(&part) == 0);
        more = zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&part);
        (void)zmq_msg_close(&part);
        count++;
    }
    return count;
}

enum err port_receive(void *socket, struct inbound *ret)
{
    bool more = true;
    ret->count = 0;
    for (size_t i = 0; i < PORT_PARTS; i++) {
        must(zmq_msg_init(&ret->parts[i]) == 0);
    }
    while (more && ret->count < PORT_PARTS) {
        zmq_msg_t *part = &ret->parts[ret->count];
        if (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0) {
            break;
        }
        ret->count++;
        more = zmq_msg_more(part);
    }
    if (ret->count == 0) {
        inbound_fini(ret);
        return ERR_AGAIN;
    }
    ret->count += rest_skip(socket, more && ret->count == PORT_PARTS);
    return OK;
}

void inbound_fini(struct inbound *inbound)
{
    for (size_t i = 0; i < PORT_PARTS; i++) {
        (void)zmq_msg_close(&inbound->parts[i]);
    }
}

enum err port_send(void *socket, const uint8_t *identity, zmq_msg_t *frame)
{
    if (zmq_send(socket, identity, IDENTITY_SIZE, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        return zmq_errno() == EAGAIN ? ERR_AGAIN : ERR_NOT_FOUND;
    }
    /* The identity was accepted, so the frame is too, or vanishes with the connection. */
    return zmq_msg_send(frame, socket, ZMQ_DONTWAIT) < 0 ? ERR_NOT_FOUND : OK;
}

enum err port_publish(void *socket, const char *topic, zmq_msg_t *frame)
{
    size_t topic_size = strlen(topic) + 1;
    zmq_msg_t message;
    must(zmq_msg_init_size(&message, topic_size + zmq_msg_size(frame)) == 0);
    char *to = zmq_msg_data(&message);
    memcpy(to, topic, topic_size);
    memcpy(to + topic_size, zmq_msg_data(frame), zmq_msg_size(frame));
    if (zmq_msg_send(&message, socket, ZMQ_DONTWAIT) < 0) {
        (void)zmq_msg_close(&message);
        return ERR_AGAIN;
    }
    return OK;
}
