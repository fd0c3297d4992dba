#include "services/kernel/store/counter.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/fault.h"
#include "services/kernel/base/must.h"

static const char SCRIPT[] = "local f = redis.call('HGET', KEYS[2], ARGV[1]) "
                             "if f and tonumber(f) > tonumber(ARGV[3]) then return 0 end "
                             "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) "
                             "redis.call('HSET', KEYS[2], ARGV[1], ARGV[3]) return 1";

struct counters {
    const struct aggregate_ops *ops;
    char *socket;
    redisContext *redis;
    int64_t retry_at_ms, incarnation;
    int site;
    int pending;     /* replies outstanding */
    bool incomplete; /* a push was dropped: all has to be pushed again */
};

struct counters *counters_new(const struct aggregate_ops *ops, const char *socket)
{
    struct counters *counters = calloc(1, sizeof *counters);
    must(counters);
    counters->ops = ops;
    counters->socket = strdup(socket);
    must(counters->socket);
    return counters;
}

static void disconnect(struct counters *counters)
{
    if (counters->redis)
        redisFree(counters->redis);
    counters->redis = NULL;
    counters->pending = 0;
}

void counters_destroy(struct counters **pointer)
{
    struct counters *counters = *pointer;
    if (!counters)
        return;
    disconnect(counters);
    free(counters->socket);
    free(counters);
    *pointer = NULL;
}

void counters_incarnation_set(struct counters *counters, int64_t incarnation)
{
    counters->incarnation = incarnation;
}

static bool connected(struct counters *counters, int64_t monotonic_ms)
{
    if (counters->redis)
        return true;
    if (!counters->socket[0] || monotonic_ms < counters->retry_at_ms)
        return false;
    struct timeval timeout = {0, REDIS_TIMEOUT_MS * 1000};
    counters->redis = redisConnectUnixWithTimeout(counters->socket, timeout);
    if (!FAULT(redis_connect) && counters->redis && !counters->redis->err &&
            redisSetTimeout(counters->redis, timeout) == REDIS_OK)
        return true;
    disconnect(counters);
    counters->retry_at_ms = monotonic_ms + REDIS_RETRY_MS;
    return false;
}

static void lose(struct counters *counters, int64_t monotonic_ms)
{
    disconnect(counters);
    counters->incomplete = true;
    counters->retry_at_ms = monotonic_ms + REDIS_RETRY_MS;
}

/* The field's name: people read these hashes. False when the directory has no such unit or
 * matter. */
static bool field_name(const struct directory *directory,
        const struct effect_count *count,
        char *field,
        size_t size)
{
    if (count->unit) {
        const struct unit *unit = unit_find(directory, count->unit);
        return unit && snprintf(field, size, "u:%s", unit->code) > 0;
    }
    if (count->matter) {
        const struct matter *matter = matter_find(directory, count->matter);
        return matter && snprintf(field, size, "m:%s", matter->code) > 0;
    }
    return snprintf(field, size, "all") > 0;
}

static const char *metric_name(const struct counters *counters, uint16_t metric)
{
    for (uint16_t i = 0; counters->ops->metric_names[i]; i++)
        if (i == metric)
            return counters->ops->metric_names[i];
    return NULL;
}

void counters_add(struct counters *counters,
        const struct directory *directory,
        const struct effect_count *count,
        int64_t fold)
{
    char field[160], key[160], fold_key[170], value[24], number[24];
    const char *metric = metric_name(counters, count->metric);
    if (!metric || !field_name(directory, count, field, sizeof field))
        return;
    counters->site = directory_site(directory);
    if (!counters->redis) {
        counters->incomplete = true;
        return;
    }
    snprintf(key, sizeof key, "huying:%d:%s:%s", counters->site, counters->ops->schema, metric);
    snprintf(fold_key, sizeof fold_key, "%s:fold", key);
    snprintf(value, sizeof value, "%lld", (long long)count->amount);
    snprintf(number, sizeof number, "%lld", (long long)fold);
    if (redisAppendCommand(counters->redis, "EVAL %s 2 %s %s %s %s %s", SCRIPT, key, fold_key,
                field, value, number) == REDIS_OK)
        counters->pending++;
}

/* Reads the replies that are outstanding; false when the connection is no good any more. */
static bool replies_read(struct counters *counters)
{
    bool good = true;
    while (counters->pending > 0) {
        redisReply *reply = NULL;
        if (FAULT(redis_lost) || redisGetReply(counters->redis, (void **)&reply) != REDIS_OK)
            return false;
        good = good && reply && reply->type != REDIS_REPLY_ERROR && !FAULT(redis_error);
        freeReplyObject(reply);
        counters->pending--;
    }
    return good;
}

enum err counters_flush(struct counters *counters, bool all, int64_t monotonic_ms)
{
    if (!connected(counters, monotonic_ms)) {
        counters->incomplete = true;
        return ERR_TRANSIENT;
    }
    if (all && redisAppendCommand(counters->redis, "SET huying:%d:%s:live %lld", counters->site,
                       counters->ops->schema, (long long)counters->incarnation) == REDIS_OK)
        counters->pending++;
    if (!replies_read(counters)) {
        lose(counters, monotonic_ms);
        return ERR_TRANSIENT;
    }
    if (all)
        counters->incomplete = false;
    return OK;
}

/* Fold numbers of another incarnation may be higher than all that will come for a long time. */
static void folds_forget(struct counters *counters)
{
    for (size_t i = 0; counters->ops->metric_names[i]; i++)
        if (redisAppendCommand(counters->redis, "DEL huying:%d:%s:%s:fold", counters->site,
                    counters->ops->schema, counters->ops->metric_names[i]) == REDIS_OK)
            counters->pending++;
}

bool counters_lost(struct counters *counters, int site, int64_t monotonic_ms)
{
    counters->site = site;
    if (!connected(counters, monotonic_ms))
        return false;
    /* Asked in any case: one that hangs is not worth reading all counters for. */
    redisReply *reply = FAULT(redis_silent) ? NULL
                                            : redisCommand(counters->redis, "GET huying:%d:%s:live",
                                                      site, counters->ops->schema);
    if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_NIL)) {
        freeReplyObject(reply);
        lose(counters, monotonic_ms);
        return false;
    }
    char live[24];
    snprintf(live, sizeof live, "%lld", (long long)counters->incarnation);
    bool lost = reply->type == REDIS_REPLY_NIL || strcmp(reply->str, live) != 0;
    freeReplyObject(reply);
    if (lost)
        folds_forget(counters);
    return lost || counters->incomplete;
}
