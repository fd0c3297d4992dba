/* A broker's sockets: how they are set up, and one message in and out. Knows of frames only that
 * an identity stands before them. */
#ifndef HUYING_BROKER_PORT_H
#define HUYING_BROKER_PORT_H

#include <zmq.h>
#include "services/broker/conns.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

#define ENDPOINT_SIZE 256
#define PORT_PARTS 2 /* identity, frame */

struct inbound {
    zmq_msg_t parts[PORT_PARTS];
    size_t count; /* parts that the message had; only the first PORT_PARTS are kept */
};

/* A CURVE server of `type` in a ZAP domain, bound to `endpoint`; `ret_bound` gets the endpoint with
 * the port's number. ERR_FATAL with `why`. */
enum err port_open(void *context,
        int type,
        const char *endpoint,
        const char *domain,
        const char *secret_key,
        void **ret_socket,
        char ret_bound[ENDPOINT_SIZE],
        struct buf *why) MUST_CHECK;
/* ERR_AGAIN when nothing is there. Extra parts are read and thrown away. inbound_fini after OK
 * only. */
enum err port_receive(void *socket, struct inbound *ret) MUST_CHECK;
void inbound_fini(struct inbound *inbound);
/* Moves the frame out. ERR_AGAIN: its queue is full; ERR_NOT_FOUND: the connection is gone; nothing
 * was taken then. */
enum err port_send(void *socket, const uint8_t *identity, zmq_msg_t *frame) MUST_CHECK;
/* To all subscribers of the topic: the topic, a zero byte, the frame, which stays the caller's.
 * ERR_AGAIN: it is lost. */
enum err port_publish(void *socket, const char *topic, zmq_msg_t *frame) MUST_CHECK;

#endif
