/* xoshiro256** of Blackman and Vigna (2018), seeded through splitmix64 as its authors advise. Fast
 * and good enough for back-off, drills and tests; not for keys unless seeded by rng_seed_secure,
 * and even then keys come from libsodium itself. */
#include "services/kernel/base/rng.h"

#include <sodium.h>
#include <string.h>
#include "services/kernel/base/must.h"

static uint64_t rotate_left(uint64_t value, int bits)
{
    return (value << bits) | (value >> (64 - bits));
}

void rng_seed(struct rng *rng, uint64_t seed)
{
    must(rng != NULL);
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t mixed = seed;
        mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
        rng->state[i] = mixed ^ (mixed >> 31);
    }
}

void rng_seed_secure(struct rng *rng)
{
    must(rng != NULL);
    must(sodium_init() >= 0);
    do {
        randombytes_buf(rng->state, sizeof rng->state);
    } while ((rng->state[0] | rng->state[1] | rng->state[2] | rng->state[3]) == 0);
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t limit)
{
    must(limit > 0);
    /* Values under 2^64 mod limit would make the small results likelier. */
    uint64_t skip = (UINT64_MAX - limit + 1) % limit;
    uint64_t value = rng_next(rng);
    while (value < skip) {
        value = rng_next(rng);
    }
    return value % limit;
}

void rng_fill(struct rng *rng, void *data, size_t size)
{
    must(data != NULL || size == 0);
    unsigned char *to = data;
    while (size > 0) {
        uint64_t value = rng_next(rng);
        size_t part = size < sizeof value ? size : sizeof value;
        memcpy(to, &value, part);
        to += part;
        size -= part;
    }
}
