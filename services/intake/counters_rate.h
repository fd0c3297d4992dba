/* The limits of rate.h counted by all instances together, in Redis. A thread of its own tells Redis
 * what this process let through and learns what the others did, so that no request waits for it.
 *
 * Of a bucket Redis has one number, the instant by Redis' own clock at which it will be full again.
 * Each word to it names the instant of the request and what this process knows, and is the same
 * whenever it arrives: was Redis emptied, or stood still for a while, then the first word about a
 * name makes good what was lost. Is it away, the thread tries again after a second, and this
 * process goes on alone.
 *
 * Keys: huying:SITE:intake:rate:salt                  drawn at random, another one every day
 *       huying:SITE:intake:rate:KIND:HASH             KIND 0 source, 1 address; HASH of salt and
 *                                                     name; gone as soon as the bucket is full
 * So no address stands in Redis, and what stands there cannot be told from one day to the next. */
#ifndef HUYING_INTAKE_COUNTERS_RATE_H
#define HUYING_INTAKE_COUNTERS_RATE_H

#include "services/intake/rate.h"
#include "services/kernel/base/clock.h"

#define RATE_WAITING_MAX 1024 /* words to Redis; those beyond are left out, and made good later */

struct rate_sharer;

/* Starts the thread. `rate` is borrowed and must outlive it; `clock` is the one whose instants it
 * is given. `socket` is Redis'. */
struct rate_sharer *rate_sharer_new(
        struct rate *rate, struct clock clock, const char *socket, int site);
/* Accepts NULL. */
void rate_sharer_destroy(struct rate_sharer **sharer);
/* Waits until Redis has, or did not take, all that was let through; for tests. */
void rate_sharer_settle(struct rate_sharer *sharer);

#endif
