/* The counters as they stand in Redis (keys: services/kernel/store/counter.h). Only counters*.c may
 * speak to Redis. Blocking, each answer within REDIS_ANSWER_MS. SIGPIPE is ignored from new to
 * destroy, and again what it was afterwards: print later. */
#ifndef HUYING_CTL_COUNTERS_REDIS_H
#define HUYING_CTL_COUNTERS_REDIS_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/err.h"

#define REDIS_ANSWER_MS 1000

struct counters_redis;

/* NULL when nobody answers on that socket. */
struct counters_redis *counters_redis_new(const char *socket);
void counters_redis_destroy(struct counters_redis **redis);

/* *ret_live: that service has pushed everything since Redis lost it last. */
enum err counters_redis_live(
        struct counters_redis *redis, int site, const char *service, bool *ret_live) MUST_CHECK;
/* Calls `each` for every field of a metric: "all", "u:CODE", "m:CODE". */
enum err counters_redis_read(struct counters_redis *redis,
        int site,
        const char *service,
        const char *metric,
        void (*each)(void *self, const char *field, int64_t value),
        void *self) MUST_CHECK;

#endif
