/* A service's (or client's) side of the bus: one CURVE DEALER per broker, heartbeats, credit,
 * and the choice of a broker. No thread of its own, never blocks: the owner polls, calls
 * bus_turn() after each poll and at least every BUS_HEARTBEAT_MS / 2, and receives until
 * ERR_AGAIN.
 *
 * It keeps to one broker for sending while that one answers, and goes to another within
 * BUS_SILENCE_MS (at once when the connection closes). It listens to all of them. What was sent
 * to a broker that died is the caller's to send again: bus_turn() says so by raising `epoch`. */
#ifndef HUYING_BUS_BUS_H
#define HUYING_BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>
#include "services/kernel/base/err.h"
#include "services/kernel/bus/peers.h"
#include "services/kernel/wire/frame.h"

#define BUS_BROKERS_MAX 8
#define BUS_HEARTBEAT_MS 200
#define BUS_SILENCE_MS 800

struct bus_config {
    enum service_id service;
    uint16_t site;
    const char *endpoints[BUS_BROKERS_MAX]; /* "tcp://127.0.0.1:7400"; copied */
    size_t endpoint_count;
    char server_key[KEY_Z85_SIZE]; /* the brokers' public key (one for all of a site) */
    char public_key[KEY_Z85_SIZE], secret_key[KEY_Z85_SIZE];
    uint32_t credit;         /* envelopes that may be under way to us per broker; 0 for clients */
    uint64_t incarnation;    /* in READY; bus_incarnation_set changes it */
};

struct bus;

/* A received frame; fini when done with it. It stays where it was received: `payload` may point
 * into the struct itself, so it must not be copied or moved. */
struct bus_frame {
    struct frame head;
    const uint8_t *payload;
    size_t payload_size;
    int broker; /* index it came from: for bus_grant and bus_reply */
    zmq_msg_t message;
};

/* `context` is the process's one ZeroMQ context; borrowed. ERR_FATAL: bad endpoint or key. */
enum err bus_new(const struct bus_config *config, void *context, struct bus **ret) MUST_CHECK;
/* Says BYE, lingers at most 200 ms, closes. Accepts NULL. */
void bus_destroy(struct bus **bus);

#define BUS_POLL_ITEMS_MAX (2 * BUS_BROKERS_MAX)
/* Fills at most `max` items for zmq_poll; returns how many. */
size_t bus_poll_items(struct bus *bus, zmq_pollitem_t *items, size_t max);
/* Takes what zmq_poll said of these items, in their order: where there was nothing to read nobody
 * looks before the next bus_poll_items(). Each look is two system calls; with two for each broker
 * they are most of a turn in which nothing came. Need not be called. */
void bus_polled(struct bus *bus, const zmq_pollitem_t *items, size_t count);
/* Heartbeats, lost and found brokers, held grants. Cheap. */
void bus_turn(struct bus *bus, int64_t monotonic_ms);
/* Raised whenever frames sent before may be lost: send what is not acknowledged again. */
uint64_t bus_epoch(const struct bus *bus);
/* True when some broker has welcomed us. */
bool bus_connected(const struct bus *bus);
/* Name of the present broker's endpoint, "" = none; for logs and health. */
const char *bus_broker(const struct bus *bus);

/* One frame; the bus's own kinds (WELCOME, HEARTBEAT) never come out. ERR_AGAIN when none is
 * there. */
enum err bus_receive(struct bus *bus, struct bus_frame *ret) MUST_CHECK;
void bus_frame_fini(struct bus_frame *frame);

/* Sends over the present broker; the payload is copied. ERR_AGAIN: no broker or its queue is full;
 * nothing was sent. */
enum err bus_send(struct bus *bus, const struct frame *head, const void *payload, size_t size)
        MUST_CHECK;
/* Sends over a given broker: replies go back the way the request came. */
enum err bus_send_to(struct bus *bus, int broker, const struct frame *head, const void *payload,
        size_t size) MUST_CHECK;
/* `count` envelopes that came from `broker` are done: it may send as many more. Sent in bus_turn or
 * when a quarter of the credit has gathered. */
void bus_grant(struct bus *bus, int broker, uint32_t count);
void bus_incarnation_set(struct bus *bus, uint64_t incarnation);
/* BYE to all brokers: nothing new comes; replies and acks can still be sent. */
void bus_drain(struct bus *bus);

#endif
