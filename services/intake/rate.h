/* How often somebody may ask: a token bucket for each source and each address. Each has `burst`
 * requests at once and gets `per_s` anew in a second; what is over is told how long to wait.
 *
 * The decision is always made here, in this process and at once. What was taken is then told to
 * whoever shares it with the other instances (counters_rate.h), and what they have taken is learnt
 * from there: so instances count together, and when Redis is away each one goes on with what it
 * knows. Until the first word about a name is back, an instance may let through what came in
 * meanwhile.
 *
 * Bounded memory: when all places that a name may have are taken, the one that owes least is
 * forgotten, which lets somebody ask a little more than he may, never less. Thread-safe. */
#ifndef HUYING_INTAKE_RATE_H
#define HUYING_INTAKE_RATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"

enum rate_kind { RATE_SOURCE, RATE_ADDRESS, RATE_CODE, RATE_KINDS };

#define RATE_NAME_SIZE 64 /* of a source or an address, as text */
#define RATE_SECOND_US INT64_C(1000000)

struct rate_limit {
    int32_t per_s; /* 0 = none */
    int32_t burst; /* at least 1 */
};

/* Names and helps are Prometheus'. */
#define RATE_METRIC_TABLE(X)                                                                       \
    X(passed, "_total", "counter", "times that a source or an address was within its limit")       \
    X(limited, "_total", "counter", "times that one was over it, and was answered 429")            \
    X(alone, "_total", "counter", "of both, those decided while Redis was away")                   \
    X(shared, "", "gauge", "1 while all instances count together")

/* Written here and by whoever shares; read from any thread. */
struct rate_counts {
#define X(name, suffix, kind, help) _Atomic uint64_t name;
    RATE_METRIC_TABLE(X)
#undef X
};

/* A request that was taken. Instants are microseconds of the monotonic clock. */
struct rate_taken {
    enum rate_kind kind;
    char name[RATE_NAME_SIZE];
    int64_t at_us;
    int64_t full_us; /* when the bucket will be full again, as far as this process knows */
};

struct rate;

/* `counts` is borrowed and outlives it. */
struct rate *rate_new(const struct rate_limit limits[RATE_KINDS], struct rate_counts *counts);
/* Accepts NULL. */
void rate_destroy(struct rate **rate);
/* 0: it is taken. Else so many milliseconds until one would be, and nothing is taken. `now_ms` is a
 * monotonic clock's. A name that is longer than RATE_NAME_SIZE counts by its beginning. */
int64_t rate_take(struct rate *rate, enum rate_kind kind, const char *name, int64_t now_ms);
const struct rate_limit *rate_limit_get(const struct rate *rate, enum rate_kind kind);

/* From now on `taken` is told of what is taken, in the thread of whoever asked; NULL: nobody. When
 * this returns the earlier one is not called any more. */
void rate_share(
        struct rate *rate, void (*taken)(void *self, const struct rate_taken *taken), void *self);
/* Others have taken of it, too: it is not full again before `full_us`. What lies beyond all that a
 * bucket can owe is not believed. */
void rate_learn(
        struct rate *rate, enum rate_kind kind, const char *name, int64_t full_us, int64_t now_us);
void rate_shared_set(struct rate *rate, bool shared);
/* Appends them as Prometheus wants them, huying_http_rate_…. */
void rate_metrics_print(struct rate_counts *counts, const char *labels, struct buf *out);

#endif
