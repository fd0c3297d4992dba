/* The machine's clocks and the one that tests set. */
#include "services/kernel/base/clock.h"

#include <time.h>
#include "services/kernel/base/testing.h"

static void clock_manual_shows_what_was_set(void **state)
{
    (void)state;
    struct clock_manual manual = {.wall_ms = 1000, .monotonic_ms = 5};
    struct clock clock = clock_manual(&manual);
    assert_int_equal(clock.wall_ms(clock.self), 1000);
    manual.wall_ms = 900;
    manual.monotonic_ms = 6;
    assert_int_equal(clock.wall_ms(clock.self), 900);
    assert_int_equal(clock.monotonic_ms(clock.self), 6);
}

static void clock_system_shows_the_machine(void **state)
{
    (void)state;
    struct clock clock = clock_system();
    int64_t before = (int64_t)time(NULL) * 1000;
    int64_t wall = clock.wall_ms(clock.self);
    assert_in_range(wall, before - 1000, before + 60000);
    int64_t first = clock.monotonic_ms(clock.self);
    assert_true(clock.monotonic_ms(clock.self) >= first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(clock_manual_shows_what_was_set),
            cmocka_unit_test(clock_system_shows_the_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
