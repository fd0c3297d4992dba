/* The generator: known values, repeatability, uniformity. */
#include "services/kernel/base/rng.h"

#include <string.h>
#include "services/kernel/base/testing.h"

/* First values of the authors' xoshiro256starstar.c for the state {1, 2, 3, 4}. */
static void rng_next_equals_the_reference(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
            11520, 0, 1509978240, UINT64_C(1215971899390074240), UINT64_C(1216172134540287360)};
    struct rng rng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_int_equal(rng_next(&rng), expected[i]);
    }
}

/* splitmix64 of seed 0 begins with this value. */
static void rng_seed_is_splitmix64(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 0);
    assert_int_equal(rng.state[0], UINT64_C(0xe220a8397b1dcdaf));
    assert_int_equal(rng.state[1], UINT64_C(0x6e789e6aa1b965f4));
}

static void rng_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    struct rng a, b, other;
    unsigned char from_a[37] = {0}, from_b[37] = {0}, from_other[37] = {0};
    rng_seed(&a, 42);
    rng_seed(&b, 42);
    rng_seed(&other, 43);
    rng_fill(&a, from_a, sizeof from_a);
    rng_fill(&b, from_b, sizeof from_b);
    rng_fill(&other, from_other, sizeof from_other);
    assert_memory_equal(from_a, from_b, sizeof from_a);
    assert_memory_not_equal(from_a, from_other, sizeof from_a);
    rng_fill(&a, NULL, 0);
}

static void rng_seed_secure_differs_each_time(void **state)
{
    (void)state;
    struct rng a, b;
    rng_seed_secure(&a);
    rng_seed_secure(&b);
    assert_memory_not_equal(&a, &b, sizeof a);
}

static void rng_below_is_in_range_and_even(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    int counts[10] = {0};
    for (int i = 0; i < 100000; i++) {
        uint64_t value = rng_below(&rng, 10);
        assert_in_range(value, 0, 9);
        counts[value]++;
    }
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        assert_in_range(counts[i], 9500, 10500);
    }
    assert_int_equal(rng_below(&rng, 1), 0);
    /* With this limit a modulo without rejection gives the lower half two thirds of the time. */
    uint64_t limit = UINT64_C(3) << 62;
    int low = 0;
    for (int i = 0; i < 30000; i++) {
        uint64_t value = rng_below(&rng, limit);
        assert_true(value < limit);
        low += value < limit / 2;
    }
    assert_in_range(low, 14500, 15500);
}

static void below_nothing(void *self)
{
    (void)rng_below(self, 0);
}

static void rng_below_zero_ends_the_process(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    assert_true(process_aborts(below_nothing, &rng));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(rng_next_equals_the_reference),
            cmocka_unit_test(rng_seed_is_splitmix64),
            cmocka_unit_test(rng_same_seed_gives_the_same_bytes),
            cmocka_unit_test(rng_seed_secure_differs_each_time),
            cmocka_unit_test(rng_below_is_in_range_and_even),
            cmocka_unit_test(rng_below_zero_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
