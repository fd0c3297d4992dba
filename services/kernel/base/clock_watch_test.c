/* The watch over the database's clock, fed with readings: tables of single ones, and stories. */
#include "services/kernel/base/clock_watch.h"

#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"

#define UTC INT64_C(1800000000000) /* the database's clock at monotonic 0 */
#define MINUTES_10 INT64_C(600000)

static struct clock_watch begun(void)
{
    struct clock_watch watch;
    clock_watch_begin(&watch, UTC, UTC, 1, 0);
    return watch;
}

/* What the database says at monotonic `at_ms`, `off_ms` from the right time, in the middle of a
 * round trip of `trip_ms`. */
static struct clock_reading reading(int64_t at_ms, int64_t off_ms, int64_t trip_ms)
{
    return (struct clock_reading){
            UTC + at_ms + off_ms, at_ms - trip_ms / 2, at_ms + trip_ms / 2, 1};
}

static void one_reading_table(void **state)
{
    static const struct {
        int64_t off_ms, trip_ms;
        bool fires, held;
    } table[] = {
            {0, 0, true, false},
            {0, 20, true, false},
            {4000, 20, true, false},
            {-4000, 20, true, false},
            {5200, 20, false, true},
            {-5200, 20, false, true},
            {MINUTES_10, 2, false, true},
            {-MINUTES_10, 2, false, true},
            /* a slow answer: may be right, may be off; it fires nothing and accuses nobody */
            {0, 9000, true, false},
            {0, 30000, false, false},
            {MINUTES_10, 30000, false, true},
            {-MINUTES_10, 30000, false, true},
            {10000, 30000, false, false},
            {MINUTES_10, 4 * MINUTES_10, false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct clock_watch watch = begun();
        struct clock_reading read = reading(60000000, table[i].off_ms, table[i].trip_ms);
        bool fires = clock_watch_read(&watch, &read);
        if (fires != table[i].fires || watch.held != table[i].held)
            fail_msg("row %zu, off by %lld: fires %d, held %d", i, (long long)table[i].off_ms,
                    fires, watch.held);
        assert_true((watch.moved_ms > 0) == (table[i].held && table[i].off_ms > 0));
        assert_true((watch.moved_ms < 0) == (table[i].held && table[i].off_ms < 0));
    }
}

static void what_is_not_begun_fires_nothing(void **state)
{
    struct clock_watch watch = {0};
    struct clock_reading read = reading(1000, 0, 2);
    (void)state;
    assert_false(clock_watch_read(&watch, &read));
    assert_false(watch.known || watch.held);
}

static bool see(struct clock_watch *watch, int64_t at_ms, int64_t off_ms, int64_t trust)
{
    struct clock_reading read = reading(at_ms, off_ms, 4);
    read.trust = trust;
    return clock_watch_read(watch, &read);
}

static void jump_is_held_until_the_clock_is_back(void **state)
{
    static const int64_t jumps[] = {MINUTES_10, -MINUTES_10};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(jumps); i++) {
        struct clock_watch watch = begun();
        assert_true(see(&watch, 1000, 0, 1));
        for (int64_t at = 2000; at < 3600000; at += 1000) /* an hour does not make it true */
            assert_false(see(&watch, at, jumps[i], 1));
        assert_true(watch.held);
        assert_in_range(watch.moved_ms - jumps[i] + 100, 0, 200);
        assert_true(see(&watch, 3601000, 0, 1));
        assert_false(watch.held);
        assert_int_equal(watch.moved_ms, 0);
    }
}

static void jump_is_over_when_somebody_says_so(void **state)
{
    static const int64_t jumps[] = {MINUTES_10, -MINUTES_10};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(jumps); i++) {
        struct clock_watch watch = begun();
        assert_false(see(&watch, 1000, jumps[i], 1));
        assert_true(see(&watch, 2000, jumps[i], 2));
        assert_true(see(&watch, 3000, jumps[i], 2));
        assert_false(see(&watch, 4000, 0, 2)); /* now the old time is the wrong one */
        assert_true(watch.held);
    }
}

static void vague_reading_is_not_taken_for_the_truth(void **state)
{
    struct clock_watch watch = begun();
    struct clock_reading vague = reading(50000, MINUTES_10, 2 * CLOCK_JUMP_MS);
    (void)state;
    assert_false(see(&watch, 1000, MINUTES_10, 1));
    vague.trust = 2;
    assert_false(clock_watch_read(&watch, &vague));
    assert_true(watch.held);
    assert_true(see(&watch, 70000, MINUTES_10, 2));
    assert_false(watch.held);
}

/* A restored database has a lower number: that is no word about the time, and the next word must be
 * heard though its number was there before. */
static void lower_number_confirms_nothing(void **state)
{
    struct clock_watch watch;
    (void)state;
    clock_watch_begin(&watch, UTC, UTC, 7, 0);
    assert_false(see(&watch, 1000, MINUTES_10, 3));
    assert_true(watch.held);
    assert_false(see(&watch, 2000, MINUTES_10, 3));
    assert_true(see(&watch, 3000, MINUTES_10, 4));
}

static void drift_is_followed_and_small_jumps_add_up(void **state)
{
    struct clock_watch watch = begun();
    int64_t at, off;
    (void)state;
    for (at = 1000; at < 100 * MINUTES_10; at += 1000) /* 500 ppm: half a minute in the end */
        assert_true(see(&watch, at, at / 2000, 1));
    off = at / 2000;
    assert_true(see(&watch, at, off + 4000, 1));
    assert_false(see(&watch, at + 1000, off + 8000, 1));
    assert_true(watch.held);
}

/* Readings many times a second must not keep drift from being followed. */
static void drift_is_followed_under_load(void **state)
{
    struct clock_watch watch = begun();
    (void)state;
    for (int64_t at = 10; at < 20 * MINUTES_10; at += 10)
        assert_true(see(&watch, at, -at / 1000, 1));
}

/* Just between "certainly near" and "certainly off" is no place to stay. */
static void step_of_the_limit_itself_is_followed(void **state)
{
    struct clock_watch watch = begun();
    int64_t at = 1000;
    (void)state;
    assert_true(see(&watch, at, 0, 1));
    while (!see(&watch, at += 1000, CLOCK_JUMP_MS, 1))
        assert_true(at < 10000);
    assert_false(watch.held);
}

static void older_answer_that_comes_later_changes_nothing(void **state)
{
    struct clock_watch watch = begun();
    struct clock_reading before = {UTC + 1500, 1000, 3000, 1};
    (void)state;
    assert_false(see(&watch, 2500, MINUTES_10, 1)); /* asked later, answered before */
    assert_false(clock_watch_read(&watch, &before));
    assert_true(watch.held);
}

/* Whatever the round trips: a right clock is never accused, and on one that is off by more than
 * twice the limit nothing fires. */
static void random_round_trips(void **state)
{
    struct rng rng;
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct clock_watch watch = begun();
        int64_t sent = 0;
        rng_seed(&rng, seed);
        for (int i = 0; i < 500; i++) {
            int64_t trip = (int64_t)rng_below(&rng, rng_below(&rng, 10) ? 50 : 60000);
            int64_t at = sent + (int64_t)rng_below(&rng, (uint64_t)trip + 1);
            bool off = rng_below(&rng, 4) == 0;
            struct clock_reading read = {
                    UTC + at + (off ? 2 * CLOCK_JUMP_MS + 100 : 0), sent, sent + trip, 1};
            bool fires = clock_watch_read(&watch, &read);
            if ((off && fires) || (!off && trip < 50 && (!fires || watch.held)))
                fail_msg("seed %llu, reading %d: off %d, trip %lld, fires %d, held %d",
                        (unsigned long long)seed, i, off, (long long)trip, fires, watch.held);
            sent += trip + 1 + (int64_t)rng_below(&rng, 100);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(one_reading_table),
            cmocka_unit_test(what_is_not_begun_fires_nothing),
            cmocka_unit_test(jump_is_held_until_the_clock_is_back),
            cmocka_unit_test(jump_is_over_when_somebody_says_so),
            cmocka_unit_test(vague_reading_is_not_taken_for_the_truth),
            cmocka_unit_test(lower_number_confirms_nothing),
            cmocka_unit_test(drift_is_followed_and_small_jumps_add_up),
            cmocka_unit_test(drift_is_followed_under_load),
            cmocka_unit_test(step_of_the_limit_itself_is_followed),
            cmocka_unit_test(older_answer_that_comes_later_changes_nothing),
            cmocka_unit_test(random_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
