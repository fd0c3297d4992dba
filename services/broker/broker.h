/* The broker's core: takes frames from its sockets and forwards each to one connection, or says
 * at once why not (NAK). It stores nothing: what it forwards is the sender's until the receiver
 * acknowledges.
 *
 * It has no thread and no clock of its own: the owner polls broker_poll_items() and calls
 * broker_turn(), and a test does the same step by step. Nothing here blocks.
 *
 * What a peer may send is in RULES (broker.c): one line per kind of frame. */
#ifndef HUYING_BROKER_BROKER_H
#define HUYING_BROKER_BROKER_H

#include <zmq.h>
#include "services/broker/conns.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/bus/keyfile.h"
#include "services/kernel/bus/zap.h"
#include "services/kernel/wire/frame.h"

#define BROKER_KINDS (FRAME_FEED + 1)
#define BROKER_REASONS (NAK_GONE + 1)
#define BROKER_SEND_FRAMES_MAX 1024      /* waiting to go to one connection (SNDHWM) */
#define BROKER_RECEIVE_FRAMES_MAX 256    /* read ahead from one connection (RCVHWM) */
#define BROKER_TURN_FRAMES_MAX 256       /* of one port in one turn */
#define BROKER_ACKS_SIZE_MAX (16u << 10) /* FRAME_COUNT_MAX ids need half; they take no credit */
#define BROKER_REPLY_SILENCE_MS 5000     /* who is silent for so long gets no more replies */

enum broker_notice {
    NOTICE_JOINED,  /* an instance is there */
    NOTICE_LEFT,    /* it said BYE or its connection closed */
    NOTICE_SILENT,  /* it was not heard for BUS_SILENCE_MS */
    NOTICE_REVOKED, /* its key is no longer on the list, or means something else now */
    NOTICE_REFUSED  /* READY refused: another service than its key's, or a limit */
};

struct broker_config {
    const char *bind;    /* services and trusted tools; "tcp://127.0.0.1:*" takes any port */
    const char *hotline; /* outside pushers; "" = no such port */
    const char *feed;    /* live feed; "" = none */
    struct keypair key;
    struct rng rng; /* for tokens; production seeds it from the system */
    /* Told of connections that come and go, for logs; optional. */
    void (*notice)(void *self, enum broker_notice notice, const struct peer *peer);
    void *self;
};

struct broker_stats {
    uint64_t frames[BROKER_KINDS], envelopes[BROKER_KINDS]; /* received, well-formed */
    uint64_t forwarded, forwarded_envelopes, forwarded_bytes;
    uint64_t naks[BROKER_REASONS];
    uint64_t malformed;   /* frames that broke their format */
    uint64_t strangers;   /* messages without an authenticated key, or of a revoked one */
    uint64_t unannounced; /* frames of connections that had not said READY */
    uint64_t lost;        /* NAKs and heartbeats that a full connection did not take */
};

struct broker;

/* `context` and `zap` are borrowed and outlive the broker. ERR_FATAL with `why`: an endpoint
 * cannot be bound. */
enum err broker_new(const struct broker_config *config,
        void *context,
        struct zap *zap,
        struct broker **ret,
        struct buf *why) MUST_CHECK;
void broker_destroy(struct broker **broker);

/* Fills at most `max` (≥ PORT_COUNT) items; returns how many. */
size_t broker_poll_items(struct broker *broker, zmq_pollitem_t *items, size_t max);
/* Forwards what has come, at most BROKER_TURN_FRAMES_MAX of each port, and does what is due:
 * heartbeats, silence, revoked keys. To be called at least every BUS_HEARTBEAT_MS. Returns
 * frames read. */
size_t broker_turn(struct broker *broker, int64_t now_ms);
/* The list of keys was replaced: the feed's subscribers must prove themselves again. */
void broker_peers_changed(struct broker *broker);
/* Tells all connections to go to another broker (BYE); forwarding goes on. */
void broker_drain(struct broker *broker);

/* The endpoint that a port is bound to, with its number; "" = none. */
const char *broker_endpoint(const struct broker *broker, enum port port);
const char *broker_feed_endpoint(const struct broker *broker);
const struct broker_stats *broker_stats(const struct broker *broker);
struct conns *broker_conns(struct broker *broker);
const struct roster *broker_roster(const struct broker *broker);

#endif
