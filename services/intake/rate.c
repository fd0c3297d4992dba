/* See rate.h. The generic cell rate algorithm (ITU-T I.371): of a bucket only the instant is
 * kept at which it will be full again; a request moves it by 1/per_s, and is refused when that
 * would lie further ahead than a burst. A bucket whose instant has passed is as good as none.
 * Names are known by a keyed hash, so that nobody can choose names that fall together. */
#include "services/intake/rate.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "services/kernel/base/must.h"

#define WAYS 8
#define SETS 2048 /* times WAYS: 16,384 names at once, 256 KiB */
#define SECOND_US INT64_C(1000000)

struct bucket {
    uint64_t name;
    int64_t full_us; /* when it is full again */
};

struct rate {
    struct rate_limit limits[RATE_KINDS];
    unsigned char key[crypto_shorthash_KEYBYTES];
    struct bucket buckets[SETS][WAYS];
};

struct rate *rate_new(const struct rate_limit limits[RATE_KINDS])
{
    struct rate *rate = must_memory(calloc(1, sizeof *rate));
    memcpy(rate->limits, limits, sizeof rate->limits);
    for (int i = 0; i < RATE_KINDS; i++)
        must(limits[i].per_s >= 0 && (limits[i].per_s == 0 || limits[i].burst >= 1));
    crypto_shorthash_keygen(rate->key);
    return rate;
}

void rate_destroy(struct rate **rate)
{
    free(*rate);
    *rate = NULL;
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

int64_t rate_take(struct rate *rate, enum rate_kind kind, const char *name, int64_t now_ms)
{
    const struct rate_limit *limit = &rate->limits[kind];
    if (!limit->per_s)
        return 0;
    struct bucket *bucket = bucket_find(rate, name_hash(rate, kind, name));
    int64_t now_us = now_ms * 1000, each_us = SECOND_US / limit->per_s;
    int64_t full_us = bucket->full_us > now_us ? bucket->full_us : now_us;
    int64_t over_us = full_us + each_us - now_us - each_us * limit->burst;
    if (over_us > 0)
        return (over_us + 999) / 1000;
    bucket->full_us = full_us + each_us;
    return 0;
}
