/* Randomness is passed in: a generator with a seed (xoshiro256**), for back-off, salts in drills
 * and tests. Keys and production salts come from libsodium's randombytes through
 * rng_seed_secure. */
#ifndef HUYING_BASE_RNG_H
#define HUYING_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state[4];
};

void rng_seed(struct rng *rng, uint64_t seed);
/* Seeds all 256 bits from the system. */
void rng_seed_secure(struct rng *rng);
uint64_t rng_next(struct rng *rng);
/* Uniform in [0, limit); limit > 0. */
uint64_t rng_below(struct rng *rng, uint64_t limit);
void rng_fill(struct rng *rng, void *data, size_t size);

#endif
