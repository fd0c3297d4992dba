/* A burst, then so many a second; each for himself, sources and addresses apart; and with more
 * names than there is room for nobody is refused who asks seldom. */
#include "services/intake/rate.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#define NOW INT64_C(1000000)

static struct rate_counts counts;

static const struct rate_limit limits[RATE_KINDS] = {
        [RATE_SOURCE] = {.per_s = 10, .burst = 5}, [RATE_ADDRESS] = {.per_s = 2, .burst = 1}};

static void a_burst_then_so_many_a_second(void **unused)
{
    (void)unused;
    struct rate *rate = rate_new(limits, &counts);
    for (int i = 0; i < 5; i++)
        assert_int_equal(rate_take(rate, RATE_SOURCE, "a", NOW), 0);
    assert_int_equal(rate_take(rate, RATE_SOURCE, "a", NOW), 100);
    assert_int_equal(rate_take(rate, RATE_SOURCE, "a", NOW + 99), 1);
    assert_int_equal(rate_take(rate, RATE_SOURCE, "a", NOW + 100), 0);
    assert_int_equal(rate_take(rate, RATE_SOURCE, "a", NOW + 100), 100);
    int taken = 0;
    for (int64_t at = NOW + 100; at < NOW + 10100; at++)
        taken += rate_take(rate, RATE_SOURCE, "a", at) == 0;
    assert_in_range(taken, 99, 100); /* ten seconds, whoever knocks all the time */
    for (int i = 0; i < 5; i++)      /* after a pause it is full, and no fuller */
        assert_int_equal(rate_take(rate, RATE_SOURCE, "a", NOW + 99999), 0);
    assert_true(rate_take(rate, RATE_SOURCE, "a", NOW + 99999) > 0);
    rate_destroy(&rate);
    assert_null(rate);
}

static void each_has_his_own(void **unused)
{
    (void)unused;
    struct rate *rate = rate_new(limits, &counts);
    assert_int_equal(rate_take(rate, RATE_ADDRESS, "10.0.0.1", NOW), 0);
    assert_int_equal(rate_take(rate, RATE_ADDRESS, "10.0.0.1", NOW), 500);
    assert_int_equal(rate_take(rate, RATE_ADDRESS, "10.0.0.2", NOW), 0);
    assert_int_equal(rate_take(rate, RATE_SOURCE, "10.0.0.1", NOW), 0);
    rate_destroy(&rate);
}

static void without_a_limit_nothing_is_refused(void **unused)
{
    (void)unused;
    static const struct rate_limit none[RATE_KINDS] = {{0, 0}, {0, 0}};
    struct rate *rate = rate_new(none, &counts);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(rate_take(rate, RATE_SOURCE, "a", NOW), 0);
    rate_destroy(&rate);
}

/* Thousands of addresses push the flooder's bucket out, at most, never one into refusal. */
static void more_names_than_places_refuse_nobody_who_asks_once(void **unused)
{
    (void)unused;
    char name[32];
    struct rate *rate = rate_new(limits, &counts);
    for (int i = 0; i < 200000; i++) {
        (void)snprintf(name, sizeof name, "address %d", i);
        assert_int_equal(rate_take(rate, RATE_ADDRESS, name, NOW + i / 1000), 0);
    }
    rate_destroy(&rate);
}

/* Of many that ask once each, the one that has asked for more than it may is the last to go. */
static void the_flooder_is_remembered_among_others(void **unused)
{
    (void)unused;
    char name[32];
    static const struct rate_limit slow[RATE_KINDS] = {[RATE_ADDRESS] = {.per_s = 1, .burst = 100}};
    struct rate *rate = rate_new(slow, &counts);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rate_take(rate, RATE_ADDRESS, "flooder", NOW), 0);
    for (int i = 0; i < 200000; i++) {
        (void)snprintf(name, sizeof name, "address %d", i);
        assert_int_equal(rate_take(rate, RATE_ADDRESS, name, NOW + 1), 0);
    }
    assert_true(rate_take(rate, RATE_ADDRESS, "flooder", NOW + 2) > 0);
    rate_destroy(&rate);
}

static int group_setup(void **unused)
{
    (void)unused;
    return sodium_init() < 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_burst_then_so_many_a_second),
            cmocka_unit_test(each_has_his_own),
            cmocka_unit_test(without_a_limit_nothing_is_refused),
            cmocka_unit_test(more_names_than_places_refuse_nobody_who_asks_once),
            cmocka_unit_test(the_flooder_is_remembered_among_others),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
