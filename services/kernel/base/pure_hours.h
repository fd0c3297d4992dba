/* Working time: which stretches of the week and year count, as plain functions. No clock, no
 * allocation, no state: the same arguments give the same instant today and when a deadline is
 * checked years later.
 *
 * `struct hours` says when a working day's shifts are, `struct calendar` which days work. A shift
 * belongs to the day on which it begins, so a night shift of the last working day runs into the
 * holiday, and none begins on it. Monday to Friday work unless the calendar has a row that says
 * otherwise; a year without any row is not known, and nothing is ever guessed of it. */
#ifndef HUYING_BASE_PURE_HOURS_H
#define HUYING_BASE_PURE_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHIFTS_MAX 8
#define SHIFT_DAY_MIN 1440
#define CALENDAR_YEARS_MAX 64
#define CALENDAR_DAYS_MAX (CALENDAR_YEARS_MAX * 366)

struct shift {
    int16_t from, to; /* minutes from the midnight of its day; `to` may lie past the next one */
};

struct hours {
    bool always;   /* 24 x 7, whatever the calendar says; then there are no shifts */
    uint8_t count; /* otherwise 1 to SHIFTS_MAX, in order, hours_valid() */
    struct shift shifts[SHIFTS_MAX];
};

extern const struct hours HOURS_ALWAYS;

/* True when every shift begins in its day, lasts at most 24 hours, and no two overlap, those of
 * the next day included. */
bool hours_valid(const struct hours *hours);

struct calendar_day { /* a day that a row of the calendar names */
    int32_t day;      /* since 1970-01-01 */
    bool working;
};

/* Plain data; made by calendar_init, then only read. `worked[i]` counts the working days before
 * the i-th day of year_first. */
struct calendar {
    int32_t utc_offset_s;
    int32_t year_first, year_count; /* 0: no year is known */
    bool known[CALENDAR_YEARS_MAX];
    uint16_t worked[CALENDAR_DAYS_MAX + 1];
};

/* False when the rows span more than CALENDAR_YEARS_MAX years; the calendar knows none then. Rows
 * in any order, a day once. */
bool calendar_init(struct calendar *calendar,
        int32_t utc_offset_s,
        const struct calendar_day *days,
        size_t count);
bool calendar_knows(const struct calendar *calendar, int32_t year);
/* The local year of an instant. */
int32_t calendar_year(const struct calendar *calendar, int64_t at_ms);

/* The first instant at which `budget_ms` of working time have passed since `start_ms`: the end of
 * a shift, not the beginning of the next, when it comes out even; `start_ms` itself for 0.
 * Returns 0; or the year without data that was needed, and *ret_due_ms is untouched. */
int32_t hours_add(const struct calendar *calendar,
        const struct hours *hours,
        int64_t start_ms,
        int64_t budget_ms,
        int64_t *ret_due_ms) __attribute__((warn_unused_result));

/* The working time between two instants; 0 when `to_ms` is not the later one. What hours_add()
 * added is what this finds. Returns as above. */
int32_t hours_between(const struct calendar *calendar,
        const struct hours *hours,
        int64_t from_ms,
        int64_t to_ms,
        int64_t *ret_ms) __attribute__((warn_unused_result));

#endif
