/* A year of which the calendar has no day: said once when it comes near, once when it is known. */
#include "services/kernel/base/log.h"
#include "services/kernel/base/testing.h"
#include "services/kernel/run/loop.h"

#define DAY_MS INT64_C(86400000)
#define NEW_YEAR_2027 20819

static struct directory *city(size_t day_count)
{
    static const struct calendar_day days[] = {{NEW_YEAR_2027 - 1, true}, {NEW_YEAR_2027, false}};
    static const struct matter matter = {.id = 1, .code = "m", .all_hours = false};
    return directory_build(&(struct directory_rows){.version = 1,
            .site = 1,
            .site_letters = "TT",
            .matters = &matter,
            .matter_count = 1,
            .days = days,
            .day_count = day_count});
}

static int times_said(const struct log_watch *watch, const char *event)
{
    int count = 0;
    for (const char *at = log_seen(watch); (at = strstr(at, event)) != NULL; at++)
        count++;
    return count;
}

static void a_year_without_days_is_said_once(void **state)
{
    static struct loop loop;
    struct log_watch watch = {0};
    int64_t end = NEW_YEAR_2027 * DAY_MS;
    (void)state;
    loop.site_read.drill = true;
    loop.site_read.now_ms = end - 60 * DAY_MS;
    log_watch(&watch);
    site_clock_found(&loop, 0); /* no directory yet */
    loop.directory = city(1);
    site_clock_found(&loop, 0);
    int early = times_said(&watch, "CALENDAR-");
    loop.site_read.now_ms = end - 40 * DAY_MS;
    for (int i = 0; i < 3; i++)
        site_clock_found(&loop, 0);
    uint64_t missing = metric_get(&loop.metrics, calendar_year_missing);
    int said = times_said(&watch, "CALENDAR-YEAR-MISSING");
    directory_destroy(&loop.directory);
    loop.directory = city(2);
    for (int i = 0; i < 3; i++)
        site_clock_found(&loop, 0);
    bool named = strstr(log_seen(&watch), "year=2027") != NULL;
    int known = times_said(&watch, "CALENDAR-KNOWN");
    log_unwatch(&watch);
    directory_destroy(&loop.directory);
    assert_int_equal(early, 0);
    assert_int_equal(missing, 2027);
    assert_int_equal(said, 1);
    assert_true(named);
    assert_int_equal(known, 1);
    assert_int_equal(metric_get(&loop.metrics, calendar_year_missing), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_year_without_days_is_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
