/* See counters_rate.h. hiredis, blocking, with a time-out: this thread has nothing else to do. */
#include "services/intake/counters_rate.h"
#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "services/kernel/base/must.h"
#include "services/kernel/store/counter.h"

#define SALT_SIZE 16
#define SALT_S 86400
#define GREET_MS 1000    /* is it there still, with the same salt and the same time */
#define TRIP_US_MAX 5000 /* of a greeting that says what time it is */
#define HASH_SIZE 16
#define KEY_SIZE 128

/* KEYS: the bucket, the salt. ARGV: our salt; the instant of the request; when the bucket is full
 * as far as we know; what a request costs; what a bucket can owe. False: the salt is another one.
 * What lies far ahead is of before the clock went back. */
static const char SCRIPT[] =
        "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return false end "
        "local t = redis.call('TIME') local now = t[1] * 1000000 + t[2] "
        "local owes = 2 * tonumber(ARGV[5]) "
        "local full, known = tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[3]) "
        "if full > now + owes then full = 0 end "
        "if known > now + owes then known = 0 end "
        "full = math.max(math.max(full, tonumber(ARGV[2])) + tonumber(ARGV[4]), known) "
        "full = math.min(full, now + owes) local text = string.format('%.0f', full) "
        "if full > now then redis.call('SET', KEYS[1], text, 'PX', math.ceil((full - now) / 1000)) "
        "end return text";

struct rate_sharer {
    struct rate *rate;
    struct clock clock;
    char *socket;
    int site;
    pthread_t thread;
    /* The thread's alone. */
    redisContext *redis;
    int64_t retry_at_ms, greeted_ms;
    int64_t ahead_us; /* Redis' clock, of ours */
    bool timed;       /* ahead_us is known */
    char script[48], salt[2 * SALT_SIZE + 1];
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t wake, settled;
    bool ending, busy;
    size_t count;
    struct rate_taken waiting[RATE_WAITING_MAX];
};

static int64_t sharer_now(const struct rate_sharer *sharer)
{
    return sharer->clock.monotonic_ms(sharer->clock.self);
}

static void redis_leave(struct rate_sharer *sharer)
{
    if (sharer->redis)
        redisFree(sharer->redis);
    sharer->redis = NULL;
    sharer->retry_at_ms = sharer_now(sharer) + REDIS_RETRY_MS;
    rate_shared_set(sharer->rate, false);
}

/* NULL: it is away, or answers with an error. */
static redisReply *reply_read(struct rate_sharer *sharer)
{
    redisReply *reply = NULL;
    if (redisGetReply(sharer->redis, (void **)&reply) != REDIS_OK)
        return NULL;
    if (reply->type != REDIS_REPLY_ERROR)
        return reply;
    freeReplyObject(reply);
    return NULL;
}

static bool text_read(struct rate_sharer *sharer, char *ret, size_t size)
{
    redisReply *reply = reply_read(sharer);
    bool fits = reply && reply->type == REDIS_REPLY_STRING && (size_t)reply->len < size;
    if (fits)
        memcpy(ret, reply->str, (size_t)reply->len + 1);
    freeReplyObject(reply);
    return fits;
}

/* Of two readings the one that took less time is the better one; a slow one is taken only when it
 * shows that the clock was set. */
static void time_set(struct rate_sharer *sharer, int64_t redis_us, int64_t from_us, int64_t to_us)
{
    int64_t ahead_us = redis_us - (from_us + to_us) / 2;
    bool quick = to_us - from_us <= TRIP_US_MAX;
    if (!sharer->timed || quick || llabs(ahead_us - sharer->ahead_us) > to_us - from_us)
        sharer->ahead_us = ahead_us;
    sharer->timed = true;
}

static bool time_read(struct rate_sharer *sharer)
{
    int64_t from_us = sharer_now(sharer) * 1000;
    redisReply *reply = redisCommand(sharer->redis, "TIME");
    bool pair = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
    if (pair)
        time_set(sharer,
                strtoll(reply->element[0]->str, NULL, 10) * RATE_SECOND_US +
                        strtoll(reply->element[1]->str, NULL, 10),
                from_us, sharer_now(sharer) * 1000);
    freeReplyObject(reply);
    return pair;
}

/* The script, the salt of the day, what time it is there. */
static bool redis_greet(struct rate_sharer *sharer)
{
    unsigned char bytes[SALT_SIZE];
    char salt[2 * SALT_SIZE + 1];
    randombytes_buf(bytes, sizeof bytes);
    (void)sodium_bin2hex(salt, sizeof salt, bytes, sizeof bytes);
    (void)redisAppendCommand(sharer->redis, "SCRIPT LOAD %s", SCRIPT);
    (void)redisAppendCommand(sharer->redis, "SET huying:%d:intake:rate:salt %s NX EX %d",
            sharer->site, salt, SALT_S);
    (void)redisAppendCommand(sharer->redis, "GET huying:%d:intake:rate:salt", sharer->site);
    if (!text_read(sharer, sharer->script, sizeof sharer->script))
        return false;
    redisReply *set = reply_read(sharer);
    freeReplyObject(set);
    if (!set || !text_read(sharer, sharer->salt, sizeof sharer->salt))
        return false;
    sharer->greeted_ms = sharer_now(sharer);
    return time_read(sharer);
}

static bool redis_connected(struct rate_sharer *sharer)
{
    int64_t now_ms = sharer_now(sharer);
    const struct timeval timeout = {0, REDIS_TIMEOUT_MS * 1000};
    if (!sharer->redis && now_ms < sharer->retry_at_ms)
        return false;
    bool fresh = sharer->redis;
    if (!fresh)
        sharer->redis = redisConnectUnixWithTimeout(sharer->socket, timeout);
    if (!sharer->redis || sharer->redis->err ||
            (!fresh && redisSetTimeout(sharer->redis, timeout) != REDIS_OK))
        return false;
    return (fresh && now_ms - sharer->greeted_ms < GREET_MS) || redis_greet(sharer);
}

static void word_send(struct rate_sharer *sharer, const struct rate_taken *taken)
{
    const struct rate_limit *limit = rate_limit_get(sharer->rate, taken->kind);
    int64_t each_us = RATE_SECOND_US / limit->per_s;
    unsigned char hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1], key[KEY_SIZE], at[24], full[24], each[24], most[24];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)taken->name,
            strlen(taken->name), (const unsigned char *)sharer->salt, strlen(sharer->salt));
    (void)sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    (void)snprintf(
            key, sizeof key, "huying:%d:intake:rate:%d:%s", sharer->site, (int)taken->kind, hex);
    (void)snprintf(at, sizeof at, "%" PRId64, taken->at_us + sharer->ahead_us);
    (void)snprintf(full, sizeof full, "%" PRId64, taken->full_us + sharer->ahead_us);
    (void)snprintf(each, sizeof each, "%" PRId64, each_us);
    (void)snprintf(most, sizeof most, "%" PRId64, each_us * limit->burst);
    (void)redisAppendCommand(sharer->redis,
            "EVALSHA %s 2 %s huying:%d:intake:rate:salt %s %s %s %s %s", sharer->script, key,
            sharer->site, sharer->salt, at, full, each, most);
}

/* ERR_CONFLICT: it was emptied meanwhile, and has another salt or none. */
static enum err word_answered(struct rate_sharer *sharer, const struct rate_taken *taken)
{
    redisReply *reply = reply_read(sharer);
    bool text = reply && reply->type == REDIS_REPLY_STRING;
    enum err err = text ? OK : reply ? ERR_CONFLICT : ERR_TRANSIENT;
    if (text)
        rate_learn(sharer->rate, taken->kind, taken->name,
                strtoll(reply->str, NULL, 10) - sharer->ahead_us, sharer_now(sharer) * 1000);
    freeReplyObject(reply);
    return err;
}

/* Those that met another salt are left in front. ERR_TRANSIENT: Redis is away. */
static enum err words_say(struct rate_sharer *sharer, struct rate_taken *words, size_t *count)
{
    size_t said = *count;
    for (size_t i = 0; i < said; i++)
        word_send(sharer, &words[i]);
    *count = 0;
    for (size_t i = 0; i < said; i++) {
        enum err err = word_answered(sharer, &words[i]);
        if (err == ERR_CONFLICT)
            words[(*count)++] = words[i];
        else if (err)
            return err;
    }
    return OK;
}

/* What meets another salt twice is made good by the next word about its name. */
static void words_tell(struct rate_sharer *sharer, struct rate_taken *words, size_t count)
{
    bool good = redis_connected(sharer) && words_say(sharer, words, &count) == OK;
    if (good && count)
        good = redis_greet(sharer) && words_say(sharer, words, &count) == OK;
    if (good)
        rate_shared_set(sharer->rate, true);
    else if (sharer->redis || sharer_now(sharer) >= sharer->retry_at_ms)
        redis_leave(sharer);
}

/* With the lock: until there is something to tell, or it is time to greet. */
static void words_await(struct rate_sharer *sharer)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += GREET_MS / 1000;
    while (!sharer->count && !sharer->ending)
        if (pthread_cond_timedwait(&sharer->wake, &sharer->lock, &until) == ETIMEDOUT)
            break;
}

static void *sharer_run(void *self)
{
    struct rate_sharer *sharer = self;
    struct rate_taken *words = must_memory(calloc(RATE_WAITING_MAX, sizeof *words));
    (void)pthread_mutex_lock(&sharer->lock);
    while (!sharer->ending) {
        size_t count = sharer->count;
        memcpy(words, sharer->waiting, count * sizeof *words);
        sharer->count = 0;
        sharer->busy = true;
        (void)pthread_mutex_unlock(&sharer->lock);
        words_tell(sharer, words, count);
        (void)pthread_mutex_lock(&sharer->lock);
        sharer->busy = false;
        (void)pthread_cond_broadcast(&sharer->settled);
        words_await(sharer);
    }
    (void)pthread_mutex_unlock(&sharer->lock);
    free(words);
    return NULL;
}

static void sharer_taken(void *self, const struct rate_taken *taken)
{
    struct rate_sharer *sharer = self;
    (void)pthread_mutex_lock(&sharer->lock);
    if (sharer->count < RATE_WAITING_MAX)
        sharer->waiting[sharer->count++] = *taken;
    (void)pthread_cond_signal(&sharer->wake);
    (void)pthread_mutex_unlock(&sharer->lock);
}

struct rate_sharer *rate_sharer_new(
        struct rate *rate, struct clock clock, const char *socket, int site)
{
    struct rate_sharer *sharer = must_memory(calloc(1, sizeof *sharer));
    pthread_condattr_t monotonic;
    sharer->rate = rate;
    sharer->clock = clock;
    sharer->socket = must_memory(strdup(socket));
    sharer->site = site;
    must(pthread_condattr_init(&monotonic) == 0);
    must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    must(pthread_mutex_init(&sharer->lock, NULL) == 0);
    must(pthread_cond_init(&sharer->wake, &monotonic) == 0);
    must(pthread_cond_init(&sharer->settled, NULL) == 0);
    (void)pthread_condattr_destroy(&monotonic);
    must(pthread_create(&sharer->thread, NULL, sharer_run, sharer) == 0);
    rate_share(rate, sharer_taken, sharer);
    return sharer;
}

void rate_sharer_destroy(struct rate_sharer **sharer_)
{
    struct rate_sharer *sharer = *sharer_;
    if (!sharer)
        return;
    *sharer_ = NULL;
    rate_share(sharer->rate, NULL, NULL);
    (void)pthread_mutex_lock(&sharer->lock);
    sharer->ending = true;
    (void)pthread_cond_signal(&sharer->wake);
    (void)pthread_mutex_unlock(&sharer->lock);
    (void)pthread_join(sharer->thread, NULL);
    redis_leave(sharer);
    (void)pthread_mutex_destroy(&sharer->lock);
    (void)pthread_cond_destroy(&sharer->wake);
    (void)pthread_cond_destroy(&sharer->settled);
    free(sharer->socket);
    free(sharer);
}

void rate_sharer_settle(struct rate_sharer *sharer)
{
    (void)pthread_mutex_lock(&sharer->lock);
    while (sharer->count || sharer->busy)
        (void)pthread_cond_wait(&sharer->settled, &sharer->lock);
    (void)pthread_mutex_unlock(&sharer->lock);
}
