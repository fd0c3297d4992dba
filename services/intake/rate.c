/* See rate.h. The generic cell rate algorithm (ITU-T I.371): of a bucket only the instant is
 * kept at which it will be full again; a request moves it by 1/per_s, and is refused when that
 * would lie further ahead than a burst. A bucket whose instant has passed is as good as none.
 * Names are known by a keyed hash, so that nobody can choose names that fall together. */
#include "services/intake/rate.h"
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define WAYS 8
#define SETS 2048  /* times WAYS: 16,384 names at once, 256 KiB */
#define OWES_MAX 2 /* buckets: instances that let through at the same time owe more than one */

struct bucket {
    uint64_t name;
    int64_t full_us; /* when it is full again */
};

struct rate {
    struct rate_limit limits[RATE_KINDS];
    unsigned char key[crypto_shorthash_KEYBYTES];
    struct rate_counts *counts;
    pthread_mutex_t lock; /* for all below */
    void (*taken)(void *self, const struct rate_taken *taken);
    void *taken_self;
    struct bucket buckets[SETS][WAYS];
};

struct rate *rate_new(const struct rate_limit limits[RATE_KINDS], struct rate_counts *counts)
{
    struct rate *rate = must_memory(calloc(1, sizeof *rate));
    memcpy(rate->limits, limits, sizeof rate->limits);
    rate->counts = counts;
    for (int i = 0; i < RATE_KINDS; i++)
        must(limits[i].per_s >= 0 && (limits[i].per_s == 0 || limits[i].burst >= 1));
    must(pthread_mutex_init(&rate->lock, NULL) == 0);
    crypto_shorthash_keygen(rate->key);
    return rate;
}

void rate_destroy(struct rate **rate)
{
    if (!*rate)
        return;
    (void)pthread_mutex_destroy(&(*rate)->lock);
    free(*rate);
    *rate = NULL;
}

const struct rate_limit *rate_limit_get(const struct rate *rate, enum rate_kind kind)
{
    return &rate->limits[kind];
}

void rate_share(
        struct rate *rate, void (*taken)(void *self, const struct rate_taken *taken), void *self)
{
    (void)pthread_mutex_lock(&rate->lock);
    rate->taken = taken;
    rate->taken_self = self;
    (void)pthread_mutex_unlock(&rate->lock);
}

static uint64_t name_hash(const struct rate *rate, enum rate_kind kind, const char *name)
{
    unsigned char hash[crypto_shorthash_BYTES];
    uint64_t number;
    crypto_shorthash(hash, (const unsigned char *)name, strlen(name), rate->key);
    memcpy(&number, hash, sizeof number);
    return number ^ (uint64_t)kind;
}

/* The name's bucket, or the one that owes least, made its own. */
static struct bucket *bucket_find(struct rate *rate, uint64_t name)
{
    struct bucket *set = rate->buckets[(name >> 8) % SETS], *least = &set[0];
    for (int i = 0; i < WAYS; i++) {
        if (set[i].name == name)
            return &set[i];
        if (set[i].full_us < least->full_us)
            least = &set[i];
    }
    *least = (struct bucket){.name = name};
    return least;
}

static int64_t each_us(const struct rate_limit *limit)
{
    return RATE_SECOND_US / limit->per_s;
}

/* With the lock. */
static int64_t bucket_take(struct rate *rate, struct rate_taken *taken)
{
    const struct rate_limit *limit = &rate->limits[taken->kind];
    struct bucket *bucket = bucket_find(rate, name_hash(rate, taken->kind, taken->name));
    int64_t full_us = bucket->full_us > taken->at_us ? bucket->full_us : taken->at_us;
    taken->full_us = full_us + each_us(limit);
    int64_t over_us = taken->full_us - taken->at_us - each_us(limit) * limit->burst;
    if (over_us > 0)
        return (over_us + 999) / 1000;
    bucket->full_us = taken->full_us;
    if (rate->taken)
        rate->taken(rate->taken_self, taken);
    return 0;
}

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

int64_t rate_take(struct rate *rate, enum rate_kind kind, const char *name, int64_t now_ms)
{
    struct rate_taken taken = {.kind = kind, .at_us = now_ms * 1000};
    if (!rate->limits[kind].per_s)
        return 0;
    (void)text_copy(taken.name, sizeof taken.name, name, strlen(name));
    (void)pthread_mutex_lock(&rate->lock);
    int64_t wait_ms = bucket_take(rate, &taken);
    bool alone = rate->taken && !atomic_load_explicit(&rate->counts->shared, memory_order_relaxed);
    (void)pthread_mutex_unlock(&rate->lock);
    count(wait_ms ? &rate->counts->limited : &rate->counts->passed);
    if (alone)
        count(&rate->counts->alone);
    return wait_ms;
}

void rate_learn(
        struct rate *rate, enum rate_kind kind, const char *name, int64_t full_us, int64_t now_us)
{
    const struct rate_limit *limit = &rate->limits[kind];
    if (!limit->per_s || full_us - now_us > OWES_MAX * each_us(limit) * limit->burst)
        return;
    (void)pthread_mutex_lock(&rate->lock);
    struct bucket *bucket = bucket_find(rate, name_hash(rate, kind, name));
    if (bucket->full_us < full_us)
        bucket->full_us = full_us;
    (void)pthread_mutex_unlock(&rate->lock);
}

void rate_shared_set(struct rate *rate, bool shared)
{
    atomic_store_explicit(&rate->counts->shared, shared, memory_order_relaxed);
}

void rate_metrics_print(struct rate_counts *counts, const char *labels, struct buf *out)
{
    const struct {
        const char *name, *suffix, *kind, *help;
        uint64_t value;
    } rows[] = {
#define X(name, suffix, kind, help) {#name, suffix, kind, help, atomic_load(&counts->name)},
            RATE_METRIC_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "huying_http_rate_%s%s", rows[i].name, rows[i].suffix);
        buf_add_format(out, "# HELP %s %s\n# TYPE %s %s\n%s{%s} %llu\n", name, rows[i].help, name,
                rows[i].kind, name, labels, (unsigned long long)rows[i].value);
    }
}
