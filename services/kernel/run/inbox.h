/* What came in and waits for a batch. A *parcel* is what came together and is answered together:
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

struct inbox {
    struct job *first, **last;
    size_t count;
};

void inbox_init(struct inbox *inbox);
void inbox_put(struct inbox *inbox, struct job *job);
/* Puts a job back before all others. */
void inbox_back(struct inbox *inbox, struct job *job);
/* Takes up to `max` jobs that are ready; a job that must run alone comes alone. */
size_t inbox_take(struct inbox *inbox, struct work **works, size_t max, int64_t now_ms);

/* True when more than `span_ms` passed; 0 = none. Exactly at its end is in time. */
bool span_over(int64_t received_ms, int64_t span_ms, int64_t now_ms);

struct parcel *parcel_new(void);
void parcel_destroy(struct parcel *parcel);
/* A job without a parcel (timer, found work, poke). */
struct job *job_new(enum work_origin origin);
void job_destroy(struct job *job); /* of one without a parcel */

#endif
