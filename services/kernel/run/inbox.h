/* What came in and waits for a batch, in a queue for each source, which take turns: whoever floods
 * waits behind himself. The site's own work (messages of a service, timers and the like) and what
 * is asked from outside (by the name of the key or token) take turns first, so that neither waits
 * for all of the other; in each the sources do. A source's works stay in their order. No rule of
 * delivery rests on the order between sources: a stream's numbers are judged by the row
 * (store/stream.h), and between sources no order is promised.
 *
 * A *parcel* is what came together and is answered together:
 * a frame of events (acknowledged in one frame), of commands or queries (answered in one), or a
 * request from inside the process. A *job* is one work of it. Timers and the like are jobs
 * without a parcel. */
#ifndef HUYING_RUN_INBOX_H
#define HUYING_RUN_INBOX_H

#include <stdbool.h>
#include "services/kernel/bus/bus.h"
#include "services/kernel/run/service.h"
#include "services/kernel/store/core.h"

struct parcel;

struct job {
    struct work work; /* first: a work of the batch is a job */
    struct parcel *parcel;
    struct job *next;
    int64_t not_before_ms; /* monotonic */
    int64_t span_ms;       /* commands: from its parcel's receipt; 0 = none */
    bool begun;            /* it was in a batch whose end may not be known */
    size_t index;          /* in the parcel */
};

struct parcel {
    struct bus_frame frame; /* not moved; kind and addresses for the answer */
    struct arena arena;
    struct job *jobs;
    size_t count, open;       /* jobs; jobs without an end */
    struct envelope *replies; /* commands and queries: by index */
    int64_t received_ms;      /* monotonic */
    int64_t *acks;
    size_t ack_count;
    struct buf *answers; /* queries: one per reply */
    int64_t incarnation; /* of the sender's database, events: another one's are not applied */
    bool local;
    struct parcel *next; /* local: in the list of those not opened yet */
    void (*done)(void *self, const struct envelope *reply); /* local */
    void *done_self;
};

enum inbox_side { SIDE_SITE, SIDE_ASKED, SIDES };

#define INBOX_SLOTS 64 /* chains by which a source's queue is found */

struct inbox_queue;

struct inbox {
    struct inbox_side_queues {
        struct inbox_queue *slots[INBOX_SLOTS];
        struct inbox_queue *turn; /* the next one's; a ring of those that hold jobs */
        size_t count;
    } sides[SIDES];
    enum inbox_side side; /* whose turn it is */
    struct inbox_queue *owed; /* a job in it that runs alone was passed over */
    uint64_t taking;      /* calls of inbox_take */
    size_t count;         /* jobs */
};

void inbox_init(struct inbox *inbox);
/* Forgets the jobs that are left, which stay their owner's. */
void inbox_fini(struct inbox *inbox);
void inbox_put(struct inbox *inbox, struct job *job);
/* Puts a job back before all others of its source. */
void inbox_back(struct inbox *inbox, struct job *job);
/* Takes up to `max` jobs that are ready, of each source in turn; a job that must run alone comes
 * alone. */
size_t inbox_take(struct inbox *inbox, struct work **works, size_t max, int64_t now_ms);

/* True when more than `span_ms` passed; 0 = none. Exactly at its end is in time. */
bool span_over(int64_t received_ms, int64_t span_ms, int64_t now_ms);

struct parcel *parcel_new(void);
void parcel_destroy(struct parcel *parcel);
/* A job without a parcel (timer, found work, poke). */
struct job *job_new(enum work_origin origin);
void job_destroy(struct job *job); /* of one without a parcel */

#endif
