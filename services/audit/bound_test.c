/* Where looks begin: late enough, and never above what can still be found in time. */
#include "services/audit/bound.h"

#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"

#define START_MS 5000

static void bound_rises_to_what_was_found_an_age_ago(void **state)
{
    static const struct {
        int64_t after_ms, found, low; /* low: of the next look */
    } steps[] = {
            {0, 100, 0}, {100, 110, 0}, {BOUND_AGE_MS - 1, 150, 0}, {BOUND_AGE_MS, 160, 100},
            {BOUND_AGE_MS + 1, 170, 100},
            {2 * BOUND_AGE_MS, 120, 120}, /* 120 came to light below 160 */
            {2 * BOUND_AGE_MS + 1, 180, 120}, {3 * BOUND_AGE_MS, 190, 120},
            {4 * BOUND_AGE_MS, 200, 190},
            {9 * BOUND_AGE_MS, 210, 200}, /* nobody looked for a while */
    };
    struct bound bound = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        bound_found(&bound, steps[i].found, START_MS + steps[i].after_ms);
        if (bound.low != steps[i].low)
            fail_msg("step %zu: looks begin at %lld, expected %lld", i, (long long)bound.low,
                    (long long)steps[i].low);
    }
}

static void look_from_zero_lowers_the_bound_and_comes_again(void **state)
{
    struct bound bound = {0};
    (void)state;
    assert_true(bound_whole(&bound, START_MS));
    bound_found_whole(&bound, 100, START_MS);
    bound_found(&bound, 200, START_MS + BOUND_AGE_MS);
    bound_found(&bound, 300, START_MS + 2 * BOUND_AGE_MS);
    assert_int_equal(bound.low, 200);
    assert_false(bound_whole(&bound, START_MS + BOUND_WHOLE_MS - 1));
    assert_true(bound_whole(&bound, START_MS + BOUND_WHOLE_MS));
    bound_found_whole(&bound, 7, START_MS + BOUND_WHOLE_MS);
    assert_int_equal(bound.low, 7); /* and stays while there are such */
    bound_found(&bound, 8, START_MS + BOUND_WHOLE_MS + 1);
    assert_int_equal(bound.low, 7);
    assert_false(bound_whole(&bound, START_MS + BOUND_WHOLE_MS + 1));
}

#define KEYS 3000
#define EACH_MS 7
#define LOOK_MS 40 /* at most, from one look to the next */

/* Keys are drawn one after the other and come to light after a time. */
struct keys {
    int64_t seen_ms[KEYS];
    bool taken[KEYS];
    int left;
};

/* A look, which takes all that it finds; returns the lowest, or the next to be drawn. `late_ms`:
 * how long at most anything was to be seen before it was taken; [1] of what was slow to come to
 * light. */
static int64_t keys_take(struct keys *keys, int64_t from, int64_t now_ms, int64_t late_ms[2])
{
    int64_t drawn = (now_ms - START_MS) / EACH_MS + 1, low = drawn < KEYS ? drawn : KEYS;
    for (int64_t key = low - 1; key >= from; key--) {
        if (keys->taken[key] || keys->seen_ms[key] > now_ms)
            continue;
        int slow = keys->seen_ms[key] - (START_MS + key * EACH_MS) >= BOUND_AGE_MS;
        if (late_ms[slow] < now_ms - keys->seen_ms[key])
            late_ms[slow] = now_ms - keys->seen_ms[key];
        keys->taken[key] = true;
        keys->left--;
        low = key;
    }
    return low;
}

/* Whoever comes to light within BOUND_AGE_MS is found by the next look, the others by the next from
 * zero. */
static void nothing_is_lost_and_only_what_was_slow_is_late(void **state)
{
    static struct keys keys;
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct bound bound = {0};
        struct rng rng;
        int64_t late_ms[2] = {0, 0}, now_ms = START_MS;
        rng_seed(&rng, seed);
        keys = (struct keys){.left = KEYS};
        for (int key = 0; key < KEYS; key++)
            keys.seen_ms[key] = START_MS + key * EACH_MS +
                                (int64_t)rng_below(&rng, key % 50 ? BOUND_AGE_MS : 20000);
        for (; keys.left && now_ms < 100000; now_ms += 1 + (int64_t)rng_below(&rng, LOOK_MS)) {
            bool whole = bound_whole(&bound, now_ms);
            int64_t low = keys_take(&keys, whole ? 0 : bound.low, now_ms, late_ms);
            (whole ? bound_found_whole : bound_found)(&bound, low, now_ms);
        }
        if (keys.left || late_ms[0] > LOOK_MS || late_ms[1] > BOUND_WHOLE_MS + LOOK_MS ||
                late_ms[1] < BOUND_AGE_MS)
            fail_msg("seed %llu: %d left, late by %lld ms, the slow by %lld ms",
                    (unsigned long long)seed, keys.left, (long long)late_ms[0],
                    (long long)late_ms[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(bound_rises_to_what_was_found_an_age_ago),
            cmocka_unit_test(look_from_zero_lowers_the_bound_and_comes_again),
            cmocka_unit_test(nothing_is_lost_and_only_what_was_slow_is_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
