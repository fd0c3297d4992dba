#include "services/ctl/counters_redis.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdlib.h>

#include "services/kernel/base/must.h"

struct counters_redis {
    redisContext *context;
    struct sigaction pipe_before; /* hiredis writes without MSG_NOSIGNAL */
};

static void pipe_ignore(struct sigaction *ret_before)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    must(sigaction(SIGPIPE, &ignore, ret_before) == 0);
}

/* A PING tells a server that is loading, or a socket that somebody else holds. */
struct counters_redis *counters_redis_new(const char *socket)
{
    const struct timeval patience = {REDIS_ANSWER_MS / 1000, REDIS_ANSWER_MS % 1000 * 1000};
    redisContext *context = *socket ? redisConnectUnixWithTimeout(socket, patience) : NULL;
    redisReply *pong = NULL;
    struct sigaction before;
    pipe_ignore(&before);
    if (context != NULL && context->err == 0 && redisSetTimeout(context, patience) == REDIS_OK)
        pong = redisCommand(context, "PING");
    if (pong == NULL || pong->type == REDIS_REPLY_ERROR) {
        freeReplyObject(pong);
        if (context != NULL)
            redisFree(context);
        must(sigaction(SIGPIPE, &before, NULL) == 0);
        return NULL;
    }
    freeReplyObject(pong);
    struct counters_redis *redis = calloc(1, sizeof *redis);
    must(redis != NULL);
    *redis = (struct counters_redis){context, before};
    return redis;
}

void counters_redis_destroy(struct counters_redis **redis)
{
    if (*redis == NULL)
        return;
    redisFree((*redis)->context);
    must(sigaction(SIGPIPE, &(*redis)->pipe_before, NULL) == 0);
    free(*redis);
    *redis = NULL;
}

enum err counters_redis_live(
        struct counters_redis *redis, int site, const char *service, bool *ret_live)
{
    redisReply *reply = redisCommand(redis->context, "EXISTS huying:%d:%s:live", site, service);
    enum err err = reply != NULL && reply->type == REDIS_REPLY_INTEGER ? OK : ERR_TRANSIENT;
    if (err == OK)
        *ret_live = reply->integer != 0;
    freeReplyObject(reply);
    return err;
}

enum err counters_redis_read(struct counters_redis *redis,
        int site,
        const char *service,
        const char *metric,
        void (*each)(void *self, const char *field, int64_t value),
        void *self)
{
    redisReply *reply =
            redisCommand(redis->context, "HGETALL huying:%d:%s:%s", site, service, metric);
    enum err err = reply != NULL && reply->type == REDIS_REPLY_ARRAY ? OK : ERR_TRANSIENT;
    for (size_t i = 0; err == OK && i + 1 < reply->elements; i += 2) {
        const redisReply *field = reply->element[i], *value = reply->element[i + 1];
        if (field->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING)
            each(self, field->str, strtoll(value->str, NULL, 10));
    }
    freeReplyObject(reply);
    return err;
}
