/* Working time by table: every deadline of a day of a district with all its clocks, and the edges
 * of days, shifts, years and data. pure_hours_sql_test.c compares a million random ones with an
 * implementation of another kind. */
#include "services/kernel/base/pure_hours.h"

#include <string.h>
#include "services/kernel/base/pure_duty.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/testing.h"
#include "tests/kit/calendar.h"

#define CHINA_S 28800
#define MIN INT64_C(60000)
#define OFFICE HOURS_PRESET
#define NIGHT "22:00-06:00"

static struct calendar calendar;

static int setup(void **state)
{
    (void)state;
    struct calendar_day days[KIT_CALENDAR_DAYS_MAX];
    return calendar_init(&calendar, CHINA_S, days, kit_calendar(days)) ? 0 : 1;
}

/* "" = around the clock. */
static struct hours hours_of(const char *text)
{
    struct hours hours = HOURS_ALWAYS;
    size_t at = 0;
    if (*text != 0)
        assert_int_equal(hours_parse(text, &hours, &at), DUTY_FINE);
    return hours;
}

static int64_t instant(const char *local)
{
    char text[INSTANT_SIZE];
    int64_t at_ms = 0;
    (void)snprintf(text, sizeof text, "%s+08:00", local);
    if (!instant_parse(text, &at_ms))
        fail_msg("%s is no instant", text);
    return at_ms;
}

static const struct {
    const char *name, *hours, *start;
    int64_t budget_ms;
    const char *due;
} deadlines[] = {
        /* S1 to S8: 24-hour clocks run through the holiday. */
        {"S1 accept", "", "2026-09-30T10:02:00", 5 * MIN, "2026-09-30T10:07:00"},
        {"S1 on scene", "", "2026-09-30T10:02:00", 30 * MIN, "2026-09-30T10:32:00"},
        {"S1 done", "", "2026-09-30T10:02:00", 60 * MIN, "2026-09-30T11:02:00"},
        {"S1 yellow", "", "2026-09-30T10:02:00", 42 * MIN, "2026-09-30T10:44:00"},
        {"S1 verify", "", "2026-09-30T10:56:00", 30 * MIN, "2026-09-30T11:26:00"},
        {"S2 accept", "", "2026-09-30T08:12:00", 60 * MIN, "2026-09-30T09:12:00"},
        {"S2 handle", "", "2026-09-30T08:12:00", 1440 * MIN, "2026-10-01T08:12:00"},
        {"S2 verify", "", "2026-09-30T16:20:00", 720 * MIN, "2026-10-01T04:20:00"},
        {"S3 admission", OFFICE, "2026-09-30T10:10:00", 840 * MIN, "2026-10-09T10:10:00"},
        {"S3 admission, yellow", OFFICE, "2026-09-30T10:10:00", 588 * MIN, "2026-10-08T14:58:00"},
        {"S3 accept", OFFICE, "2026-09-30T10:40:00", 120 * MIN, "2026-09-30T14:40:00"},
        {"S3 handle", OFFICE, "2026-09-30T10:40:00", 1260 * MIN, "2026-10-10T10:40:00"},
        {"S3 verify", OFFICE, "2026-09-30T15:20:00", 420 * MIN, "2026-10-08T15:20:00"},
        {"S4 handle", "", "2026-09-30T13:58:00", 1440 * MIN, "2026-10-01T13:58:00"},
        {"S4 whistle", "", "2026-09-30T14:05:00", 30 * MIN, "2026-09-30T14:35:00"},
        {"S4 whistle, yellow", "", "2026-09-30T14:05:00", 21 * MIN, "2026-09-30T14:26:00"},
        {"S4 order", "", "2026-09-30T14:50:00", 60 * MIN, "2026-09-30T15:50:00"},
        {"S5 handle", OFFICE, "2026-09-30T11:10:00", 1260 * MIN, "2026-10-10T11:10:00"},
        {"S5 yellow", OFFICE, "2026-09-30T11:10:00", 882 * MIN, "2026-10-09T11:52:00"},
        {"S5 verify", OFFICE, "2026-10-10T10:55:00", 420 * MIN, "2026-10-12T10:55:00"},
        {"S6 handle", OFFICE, "2026-09-30T08:50:00", 2100 * MIN, "2026-10-13T08:50:00"},
        {"S6 accept", OFFICE, "2026-09-30T09:55:00", 240 * MIN, "2026-09-30T15:55:00"},
        {"S6 arbitration", OFFICE, "2026-09-30T11:20:00", 120 * MIN, "2026-09-30T15:20:00"},
        {"S6 yellow", OFFICE, "2026-09-30T08:50:00", 1470 * MIN, "2026-10-10T14:20:00"},
        {"S7 accept", "", "2026-09-30T08:31:00", 60 * MIN, "2026-09-30T09:31:00"},
        {"S7 arrive", "", "2026-09-30T08:31:00", 120 * MIN, "2026-09-30T10:31:00"},
        {"S7 handle", "", "2026-09-30T08:31:00", 1440 * MIN, "2026-10-01T08:31:00"},
        {"S8 second round, half the span", "", "2026-09-30T09:16:00", 720 * MIN,
                "2026-09-30T21:16:00"},

        {"begun at midday", OFFICE, "2026-09-30T12:40:00", 30 * MIN, "2026-09-30T14:30:00"},
        {"even at the break", OFFICE, "2026-09-30T11:30:00", 30 * MIN, "2026-09-30T12:00:00"},
        {"a millisecond behind it", OFFICE, "2026-09-30T11:30:00", 30 * MIN + 1,
                "2026-09-30T14:00:00.001"},
        {"even at the evening before the holiday", OFFICE, "2026-09-30T17:00:00", 30 * MIN,
                "2026-09-30T17:30:00"},
        {"a millisecond into the next working day", OFFICE, "2026-09-30T17:00:00", 30 * MIN + 1,
                "2026-10-08T08:30:00.001"},
        {"begun in the holiday", OFFICE, "2026-10-03T10:00:00", 60 * MIN, "2026-10-08T09:30:00"},
        {"begun before the day does", OFFICE, "2026-10-09T03:00:00", MIN, "2026-10-09T08:31:00"},
        {"Saturday made up", OFFICE, "2026-10-09T17:29:00", 2 * MIN, "2026-10-10T08:31:00"},
        {"Sunday after it is off", OFFICE, "2026-10-10T17:29:00", 2 * MIN, "2026-10-12T08:31:00"},
        {"nothing to do", OFFICE, "2026-10-03T10:00:00.123", 0, "2026-10-03T10:00:00.123"},
        {"milliseconds", OFFICE, "2026-09-30T08:30:00.007", 1, "2026-09-30T08:30:00.008"},
        {"over the year's end", OFFICE, "2024-12-31T17:00:00", 60 * MIN, "2025-01-02T09:00:00"},
        {"over a leap day", OFFICE, "2024-02-28T17:00:00", 480 * MIN, "2024-03-01T09:00:00"},
        {"a leap day at work", OFFICE, "2024-02-29T08:30:00", 420 * MIN, "2024-02-29T17:30:00"},
        {"a whole year", OFFICE, "2025-01-01T00:00:00", 248 * 420 * MIN, "2025-12-31T17:30:00"},
        {"night before the holiday ends in it", NIGHT, "2026-09-30T22:00:00", 480 * MIN,
                "2026-10-01T06:00:00"},
        {"no night begins in the holiday", NIGHT, "2026-10-01T05:00:00", 61 * MIN,
                "2026-10-08T22:01:00"},
        {"the night of the day before", NIGHT, "2026-10-09T01:00:00", 60 * MIN,
                "2026-10-09T02:00:00"},
        {"the year's last night ends in the next, which is not known", NIGHT, "2026-12-31T23:00:00",
                420 * MIN, "2027-01-01T06:00:00"},
        {"the last working day ends", OFFICE, "2026-12-31T17:00:00", 30 * MIN,
                "2026-12-31T17:30:00"},
        {"a working day of 24 hours", "00:00-24:00", "2026-09-30T12:00:00", 720 * MIN,
                "2026-10-01T00:00:00"},
        {"and on", "00:00-24:00", "2026-09-30T12:00:00", 721 * MIN, "2026-10-08T00:01:00"},
        {"24 hours from 8 to 8", "08:00-08:00", "2026-10-01T07:59:00", 2 * MIN,
                "2026-10-08T08:01:00"},
        {"three shifts that touch", "00:00-08:00;08:00-16:00;16:00-24:00", "2026-09-30T07:00:00",
                600 * MIN, "2026-09-30T17:00:00"},
};

/* From both sides: the budget gives the deadline, and what lies between is the budget again. */
static void deadlines_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(deadlines); i++) {
        struct hours hours = hours_of(deadlines[i].hours);
        int64_t start = instant(deadlines[i].start), due = -1, passed = -1;
        int32_t year = hours_add(&calendar, &hours, start, deadlines[i].budget_ms, &due);
        if (year != 0 || due != instant(deadlines[i].due)) {
            char text[INSTANT_SIZE];
            instant_format(text, due, CHINA_S);
            fail_msg("%s: found %s (year %d), expected %s", deadlines[i].name, text, (int)year,
                    deadlines[i].due);
        }
        year = hours_between(&calendar, &hours, start, due, &passed);
        if (year != 0 || passed != deadlines[i].budget_ms)
            fail_msg("%s: found %lld ms between (year %d), expected %lld", deadlines[i].name,
                    (long long)passed, (int)year, (long long)deadlines[i].budget_ms);
    }
}

static const struct {
    const char *name, *hours, *from, *to;
    int64_t ms;
} spans[] = {
        {"the holiday", OFFICE, "2026-09-30T17:30:00", "2026-10-08T08:30:00", 0},
        {"the break", OFFICE, "2026-09-30T12:00:00", "2026-09-30T14:00:00", 0},
        {"in the break", OFFICE, "2026-09-30T12:30:00", "2026-09-30T13:00:00", 0},
        {"over the break", OFFICE, "2026-09-30T11:59:59.999", "2026-09-30T14:00:00.001", 2},
        {"backwards", OFFICE, "2026-09-30T17:00:00", "2026-09-30T09:00:00", 0},
        {"backwards, around the clock", "", "2026-09-30T17:00:00", "2026-09-30T09:00:00", 0},
        {"a week with six working days", OFFICE, "2026-10-05T00:00:00", "2026-10-12T00:00:00",
                3 * 420 * MIN},
        {"a night", NIGHT, "2026-09-30T21:00:00", "2026-10-02T00:00:00", 480 * MIN},
        {"no shift in it, in a year that is not known", OFFICE, "2027-03-01T18:00:00",
                "2027-03-02T08:30:00", 0},
        {"in the break of a year that is not known", OFFICE, "2027-03-01T12:30:00",
                "2027-03-01T13:00:00", 0},
        {"24 hours, of which nobody knows", "", "2030-01-01T00:00:00", "2030-01-02T00:00:00",
                1440 * MIN},
};

static void spans_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(spans); i++) {
        struct hours hours = hours_of(spans[i].hours);
        int64_t passed = -1;
        int32_t year = hours_between(
                &calendar, &hours, instant(spans[i].from), instant(spans[i].to), &passed);
        if (year != 0 || passed != spans[i].ms)
            fail_msg("%s: found %lld ms (year %d), expected %lld", spans[i].name, (long long)passed,
                    (int)year, (long long)spans[i].ms);
    }
}

/* `to` NULL: hours_add with a minute more than the year has left. */
static const struct {
    const char *name, *hours, *from, *to;
    int64_t budget_ms;
    int32_t year;
} unknown[] = {
        {"the next year's first morning", OFFICE, "2026-12-31T17:00:00", NULL, 31 * MIN, 2027},
        {"in a year that is not known", OFFICE, "2027-05-05T10:00:00", NULL, MIN, 2027},
        {"the evening after the last day", OFFICE, "2026-12-31T18:00:00", NULL, MIN, 2027},
        {"a year before the first", OFFICE, "2023-12-31T10:00:00", NULL, MIN, 2023},
        {"the night before the first year", NIGHT, "2024-01-01T05:00:00", NULL, MIN, 2023},
        {"a decade", OFFICE, "2026-01-01T10:00:00", NULL, 5256000 * MIN, 2027},
        {"between, one end", OFFICE, "2026-12-31T10:00:00", "2027-01-01T08:31:00", 0, 2027},
        {"between, both ends", OFFICE, "2019-01-01T10:00:00", "2029-01-01T08:31:00", 0, 2019},
        {"between, from before", OFFICE, "2023-12-29T10:00:00", "2024-01-03T10:00:00", 0, 2023},
};

static void without_data_the_year_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        struct hours hours = hours_of(unknown[i].hours);
        int64_t from = instant(unknown[i].from), found = -7;
        int32_t year =
                unknown[i].to == NULL
                        ? hours_add(&calendar, &hours, from, unknown[i].budget_ms, &found)
                        : hours_between(&calendar, &hours, from, instant(unknown[i].to), &found);
        if (year != unknown[i].year || found != -7)
            fail_msg("%s: found year %d and %lld, expected year %d and nothing", unknown[i].name,
                    (int)year, (long long)found, (int)unknown[i].year);
    }
}

/* A year without data between two with: a gap, never a bridge. */
static void a_gap_of_years_is_not_crossed(void **state)
{
    (void)state;
    static const struct calendar_day days[] = {{19000, true}, {20500, false}}; /* 2022, 2026 */
    static struct calendar holes;
    struct hours hours = hours_of(OFFICE);
    int64_t due = 0;
    assert_true(calendar_init(&holes, CHINA_S, days, COUNT_OF(days)));
    assert_true(calendar_knows(&holes, 2022) && calendar_knows(&holes, 2026));
    assert_false(calendar_knows(&holes, 2021) || calendar_knows(&holes, 2024) ||
                 calendar_knows(&holes, 2027));
    assert_int_equal(
            hours_add(&holes, &hours, instant("2022-12-30T17:00:00"), 420 * MIN, &due), 2023);
    assert_int_equal(hours_add(&holes, &hours, instant("2026-02-27T17:00:00"), 60 * MIN, &due), 0);
    assert_int_equal(due, instant("2026-03-02T09:00:00"));
}

static void no_rows_are_no_calendar(void **state)
{
    (void)state;
    static struct calendar empty;
    struct hours hours = hours_of(OFFICE);
    int64_t due = -7;
    assert_true(calendar_init(&empty, 0, NULL, 0));
    assert_int_equal(hours_add(&empty, &hours, instant("2026-09-30T10:00:00"), 1, &due), 2026);
    assert_int_equal(due, -7);
    assert_int_equal(hours_add(&empty, &HOURS_ALWAYS, 5, 7, &due), 0);
    assert_int_equal(due, 12);
}

static void too_many_years_are_refused(void **state)
{
    (void)state;
    static struct calendar wide;
    const struct calendar_day days[] = {{0, true}, {kit_day(2033, 12, 31), true}};
    const struct calendar_day more[] = {{0, true}, {kit_day(2034, 1, 1), true}};
    assert_true(calendar_init(&wide, 0, days, COUNT_OF(days)));
    assert_int_equal(wide.year_count, CALENDAR_YEARS_MAX);
    assert_false(calendar_init(&wide, 0, more, COUNT_OF(more)));
    assert_false(calendar_knows(&wide, 1970));
}

/* Every day of a thousand years against the C library. */
static void years_are_those_of_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = kit_day(1700, 1, 1); day < kit_day(2700, 1, 1); day++) {
        struct tm tm;
        time_t at = day * 86400;
        assert_non_null(gmtime_r(&at, &tm));
        if (calendar_year(&(struct calendar){0}, at * 1000) != tm.tm_year + 1900)
            fail_msg("day %lld is in %d", (long long)day, tm.tm_year + 1900);
    }
}

static void offset_moves_the_day(void **state)
{
    (void)state;
    static struct calendar west;
    const struct calendar_day days[] = {{kit_day(2026, 9, 30), false}};
    struct hours hours = hours_of("00:00-24:00");
    int64_t due = 0, midnight = instant("2026-09-30T00:00:00") + 8 * 3600000;
    assert_true(calendar_init(&west, -28800, days, 1));
    midnight += 8 * 3600000; /* in the west it comes 16 hours later */
    assert_int_equal(hours_add(&west, &hours, midnight - MIN, 2 * MIN, &due), 0);
    assert_int_equal(due, midnight + 1440 * MIN + MIN);
    assert_int_equal(calendar_year(&west, instant("2027-01-01T15:59:59")), 2026);
    assert_int_equal(calendar_year(&west, instant("2027-01-01T16:00:00")), 2027);
}

static void hours_valid_table(void **state)
{
    (void)state;
    static const struct {
        struct hours hours;
        bool valid;
    } cases[] = {
            {{.always = true}, true},
            {{.always = true, .count = 1, .shifts = {{0, 60}}}, false},
            {{.count = 0}, false},
            {{.count = 1, .shifts = {{0, 1440}}}, true},
            {{.count = 1, .shifts = {{1439, 2879}}}, true},
            {{.count = 1, .shifts = {{0, 1441}}}, false},
            {{.count = 1, .shifts = {{1440, 1500}}}, false},
            {{.count = 1, .shifts = {{-1, 60}}}, false},
            {{.count = 1, .shifts = {{60, 60}}}, false},
            {{.count = 2, .shifts = {{0, 60}, {60, 120}}}, true},
            {{.count = 2, .shifts = {{0, 61}, {60, 120}}}, false},
            {{.count = 2, .shifts = {{60, 120}, {0, 60}}}, false},
            {{.count = 2, .shifts = {{480, 720}, {1320, 1920}}}, true}, /* until 8 next day */
            {{.count = 2, .shifts = {{480, 720}, {1320, 1921}}}, false},
            {{.count = SHIFTS_MAX + 1}, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (hours_valid(&cases[i].hours) != cases[i].valid)
            fail_msg("row %zu: expected %d", i, cases[i].valid);
}

static void add_backwards(void *self)
{
    int64_t due = 0;
    struct hours hours = hours_of(OFFICE);
    (void)!hours_add(&calendar, &hours, 0, *(int64_t *)self, &due);
}

static void a_negative_budget_ends_the_process(void **state)
{
    (void)state;
    int64_t budget = -1;
    assert_true(process_aborts(add_backwards, &budget));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(deadlines_table),
            cmocka_unit_test(spans_table),
            cmocka_unit_test(without_data_the_year_is_named),
            cmocka_unit_test(a_gap_of_years_is_not_crossed),
            cmocka_unit_test(no_rows_are_no_calendar),
            cmocka_unit_test(too_many_years_are_refused),
            cmocka_unit_test(years_are_those_of_the_c_library),
            cmocka_unit_test(offset_moves_the_day),
            cmocka_unit_test(hours_valid_table),
            cmocka_unit_test(a_negative_budget_ends_the_process),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
