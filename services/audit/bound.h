/* From where a look into an index begins.
 *
 * Pages draw their arrival from a sequence and leave the index of what has no place roughly in that
 * order. While somebody holds a snapshot open, the entries of all that left since then stay at the
 * index's front, and a look for the lowest walks through them, more each minute. So a look begins
 * at a bound: below it there was nothing to be found.
 *
 * Arrivals are committed out of order: what a look did not see may come to light below what it saw.
 * So the lowest that was found, or the next to be drawn when there was none, becomes the bound only
 * after BOUND_AGE_MS in which looks began further down and found nothing lower. A page is passed
 * over only if it can first be seen longer than that after its arrival was drawn: its transaction
 * took so long, or the row was there before and became a page later (a stub; a dead letter that was
 * replayed). The next look from zero finds it, at the latest BOUND_WHOLE_MS later. It is late,
 * never lost; so the bound may be used only where nothing rests on the order of arrival.
 *
 * Each process has a bound of its own, in memory. It does not matter what others have found or hold
 * open: what one does not take another does. A new process and a new connection (to another server,
 * to an older backup) begin at zero. Plain data; no I/O. */
#ifndef HUYING_AUDIT_BOUND_H
#define HUYING_AUDIT_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "services/kernel/base/must.h"

#define BOUND_AGE_MS 2000    /* longer than transactions take, but for accidents */
#define BOUND_WHOLE_MS 10000 /* between two looks from zero */

struct bound {
    int64_t low;      /* where looks begin; at most `next` */
    int64_t next;     /* where they may begin BOUND_AGE_MS after next_ms */
    int64_t next_ms;  /* monotonic */
    int64_t whole_ms; /* of the last look from zero; 0 = none */
};

/* True when the next look has to be one from zero. */
static inline bool bound_whole(const struct bound *bound, int64_t monotonic_ms)
{
    return !bound->whole_ms || monotonic_ms - bound->whole_ms >= BOUND_WHOLE_MS;
}

/* A look that began at bound->low found nothing below `low`: the lowest that it saw, or, when it
 * saw none, what had not been drawn yet. */
static inline void bound_found(struct bound *bound, int64_t low, int64_t monotonic_ms)
{
    must(bound->low <= bound->next);
    if (low < bound->next)
        bound->next = low;
    if (low < bound->low)
        bound->low = low;
    if (monotonic_ms - bound->next_ms < BOUND_AGE_MS)
        return;
    bound->low = bound->next;
    bound->next = low;
    bound->next_ms = monotonic_ms;
}

/* The same of a look from zero. */
static inline void bound_found_whole(struct bound *bound, int64_t low, int64_t monotonic_ms)
{
    bound->whole_ms = monotonic_ms;
    bound_found(bound, low, monotonic_ms);
}

#endif
