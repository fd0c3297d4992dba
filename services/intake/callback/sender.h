/* Sends what is to be sent (store_delivery.h): takes due deliveries for a while, posts each to its
 * subscriber, and writes down what came of it. Any number of senders run side by side, one in each
 * process of intake, on a thread of its own with a connection of its own, so that neither slow
 * receivers nor name servers hold up the loop.
 *
 * At least once: was a try not written down, because the process died or the database was away, it
 * is sent again under the same webhook-id after its lease. 2xx is delivered, 410 disables the
 * subscriber, everything else is tried again (retry.h); redirects are not followed. */
#ifndef HUYING_INTAKE_CALLBACK_SENDER_H
#define HUYING_INTAKE_CALLBACK_SENDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "services/intake/callback/contact.h"
#include "services/intake/callback/guard.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/clock.h"

#define SENDER_SLOTS 256            /* tries under way or not yet written down */
#define SENDER_RESPONSE_MAX 65536   /* bytes of an answer that are read; nothing in them matters */
#define SENDER_EVERY_MS 500         /* looks for what is due */
#define SENDER_PRUNE_EVERY_MS 60000 /* deletes what is old */

/* What a sender counts; names and helps are Prometheus'. */
#define SENDER_METRIC_TABLE(X)                                                                     \
    X(tried, "counter", "tries to tell subscribers what happened")                                 \
    X(delivered, "counter", "of those, taken by the subscriber")                                   \
    X(failed, "counter", "of those, not taken")                                                    \
    X(given_up, "counter", "deliveries that are not tried again")                                  \
    X(disabled, "counter", "subscribers that wanted no more")                                      \
    X(troubles, "counter", "statements of the sender that failed")                                 \
    X(under_way, "gauge", "tries that wait for an answer")

/* Written by the sender, read from any thread; outlives it. */
struct sender_counts {
#define X(name, kind, help) _Atomic uint64_t name;
    SENDER_METRIC_TABLE(X)
#undef X
};

struct sender_config {
    const char *conninfo;
    const char *keys; /* file that opens the secrets (base/seal.h); "" = none */
    const char *ca;   /* file of certificates to trust; "" = the system's */
    struct guard guard;
    int64_t timeout_ms; /* of one try, all in all */
    int64_t lease_ms;   /* longer than that */
    int64_t keep_ms;    /* of what is delivered or given up */
    struct clock clock;
    struct sender_counts *counts;
    const struct notice_adapter *notices; /* NULL: no notices to reporters; must outlive it */
    struct contact_source contacts;
};

struct sender;

/* Copies the configuration and starts connecting; nothing is sent but by sender_turn(), or by the
 * thread. */
struct sender *sender_new(const struct sender_config *config);
/* One round, which waits at most that long for something to happen. */
void sender_turn(struct sender *sender, int wait_ms);
/* From here on a thread turns it until sender_destroy(). */
void sender_start(struct sender *sender);
/* What is under way is cut off and sent again by the next sender. Accepts NULL in *sender. */
void sender_destroy(struct sender **sender);
/* Appends them as Prometheus wants them, huying_callbacks_…. */
void sender_metrics_print(struct sender_counts *counts, const char *labels, struct buf *out);

#endif
