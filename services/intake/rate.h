/* How often somebody may ask: a token bucket for each source and each address, in this process.
 * Each has `burst` requests at once and gets `per_s` anew in a second; what is over is told how
 * long to wait. Not thread-safe: HTTP's one thread asks.
 *
 * Bounded memory: when all places that a name may have are taken, the one that owes least is
 * forgotten, which lets somebody ask a little more than he may, never less. */
#ifndef HUYING_INTAKE_RATE_H
#define HUYING_INTAKE_RATE_H

#include <stdint.h>

enum rate_kind { RATE_SOURCE, RATE_ADDRESS, RATE_KINDS };

struct rate_limit {
    int32_t per_s; /* 0 = none */
    int32_t burst; /* at least 1 */
};

struct rate;

struct rate *rate_new(const struct rate_limit limits[RATE_KINDS]);
/* Accepts NULL. */
void rate_destroy(struct rate **rate);
/* 0: it is taken. Else so many milliseconds until one would be, and nothing is taken. `now_ms` is a
 * monotonic clock's. */
int64_t rate_take(struct rate *rate, enum rate_kind kind, const char *name, int64_t now_ms);

#endif
