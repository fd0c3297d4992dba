/* Time that counts is measured from the calendar's first day on: working days before a day are one
 * look-up, so that an instant becomes an amount by arithmetic, and an amount an instant by a binary
 * search. Two of a day's kin matter to an instant, the day itself and the one before, whose last
 * shift may run into it.
 *
 * A day's data is needed when one of its shifts, if the day works, overlaps what is asked for. All
 * days in between have to be of known years; the first that is not is the answer. */
#include "services/kernel/base/pure_hours.h"

#include "services/kernel/base/must.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (SHIFT_DAY_MIN * MINUTE_MS)
#define DAYS_TO_1970 719162 /* from 1 January of the year 1 */
#define DAYS_IN_400_YEARS 146097

const struct hours HOURS_ALWAYS = {.always = true};

bool hours_valid(const struct hours *hours)
{
    if (hours->always) {
        return hours->count == 0;
    }
    if (hours->count < 1 || hours->count > SHIFTS_MAX) {
        return false;
    }
    for (int i = 0; i < hours->count; i++) {
        const struct shift *shift = &hours->shifts[i];
        bool last = i + 1 == hours->count;
        int next = last ? hours->shifts[0].from + SHIFT_DAY_MIN : hours->shifts[i + 1].from;
        if (shift->from < 0 || shift->from >= SHIFT_DAY_MIN || shift->from >= shift->to ||
                shift->to - shift->from > SHIFT_DAY_MIN || shift->to > next) {
            return false;
        }
    }
    return true;
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* 1 January, in days since 1970-01-01. */
static int64_t year_begin(int64_t year)
{
    int64_t past = year - 1;
    return past * 365 + floor_div(past, 4) - floor_div(past, 100) + floor_div(past, 400) -
           DAYS_TO_1970;
}

static int32_t year_of(int64_t day)
{
    int64_t year = floor_div((day + DAYS_TO_1970) * 400, DAYS_IN_400_YEARS) + 1;
    if (day < year_begin(year)) {
        year--;
    } else if (day >= year_begin(year + 1)) {
        year++;
    }
    return (int32_t)year;
}

/* Monday to Friday; 1970-01-01 was a Thursday. */
static bool day_of_week_works(int64_t day)
{
    return day + 3 - 7 * floor_div(day + 3, 7) < 5;
}

static bool years_span(
        struct calendar *calendar, const struct calendar_day *days, size_t count, int32_t *ret_last)
{
    int32_t first = 0, last = -1;
    for (size_t i = 0; i < count; i++) {
        int32_t year = year_of(days[i].day);
        first = i == 0 || year < first ? year : first;
        last = i == 0 || year > last ? year : last;
    }
    calendar->year_first = first;
    *ret_last = last;
    return last - first < CALENDAR_YEARS_MAX;
}

bool calendar_init(struct calendar *calendar,
        int32_t utc_offset_s,
        const struct calendar_day *days,
        size_t count)
{
    int32_t last = 0;
    *calendar = (struct calendar){.utc_offset_s = utc_offset_s};
    if (!years_span(calendar, days, count, &last)) {
        return false;
    }
    calendar->year_count = last - calendar->year_first + 1;
    int64_t begin = year_begin(calendar->year_first), end = year_begin(last + 1);
    for (size_t i = 0; i < count; i++) {
        calendar->known[year_of(days[i].day) - calendar->year_first] = true;
    }
    /* First 1 for a day that works, then the sums. */
    uint16_t *works = calendar->worked + 1;
    for (int64_t day = begin; day < end; day++) {
        works[day - begin] =
                calendar->known[year_of(day) - calendar->year_first] && day_of_week_works(day);
    }
    for (size_t i = 0; i < count; i++) {
        works[days[i].day - begin] = days[i].working;
    }
    for (int64_t i = 1; i < end - begin; i++) {
        works[i] = (uint16_t)(works[i] + works[i - 1]);
    }
    return true;
}

bool calendar_knows(const struct calendar *calendar, int32_t year)
{
    return year >= calendar->year_first && year < calendar->year_first + calendar->year_count &&
           calendar->known[year - calendar->year_first];
}

static int64_t local_day(int64_t local_ms)
{
    return floor_div(local_ms, DAY_MS);
}

static int64_t local_of(const struct calendar *calendar, int64_t at_ms)
{
    return at_ms + calendar->utc_offset_s * INT64_C(1000);
}

int32_t calendar_year(const struct calendar *calendar, int64_t at_ms)
{
    return year_of(local_day(local_of(calendar, at_ms)));
}

/* Known working days before `day`. */
static int64_t worked_before(const struct calendar *calendar, int64_t day)
{
    int64_t begin = year_begin(calendar->year_first);
    int64_t end = year_begin(calendar->year_first + calendar->year_count);
    day = day < begin ? begin : day > end ? end : day;
    return calendar->worked[day - begin];
}

static bool day_works(const struct calendar *calendar, int64_t day)
{
    return worked_before(calendar, day + 1) > worked_before(calendar, day);
}

/* The day before which so many have worked, and which works itself; there is one. */
static int64_t worked_find(const struct calendar *calendar, int64_t before)
{
    int64_t begin = year_begin(calendar->year_first);
    int64_t low = 0, high = year_begin(calendar->year_first + calendar->year_count) - begin;
    while (low + 1 < high) {
        int64_t middle = low + (high - low) / 2;
        if (calendar->worked[middle] > before) {
            high = middle;
        } else {
            low = middle;
        }
    }
    must(calendar->worked[low] == before && calendar->worked[high] == before + 1);
    return begin + low;
}

/* The first day of an unknown year, from `day` on; `day` itself when its year is one. */
static int64_t known_until(const struct calendar *calendar, int64_t day)
{
    int32_t year = year_of(day);
    if (!calendar_knows(calendar, year)) {
        return day;
    }
    while (calendar_knows(calendar, year)) { /* at most CALENDAR_YEARS_MAX are known */
        year++;
    }
    return year_begin(year);
}

/* Of one working day's shifts, what lies before `at_ms` from its midnight. */
static int64_t day_passed(const struct hours *hours, int64_t at_ms)
{
    int64_t passed = 0;
    for (int i = 0; i < hours->count; i++) {
        int64_t from = hours->shifts[i].from * MINUTE_MS, to = hours->shifts[i].to * MINUTE_MS;
        passed += at_ms <= from ? 0 : (at_ms < to ? at_ms : to) - from;
    }
    return passed;
}

static int64_t day_whole(const struct hours *hours)
{
    return day_passed(hours, 2 * DAY_MS);
}

/* The first instant, from the day's midnight, at which so much of its shifts has passed. */
static int64_t day_instant(const struct hours *hours, int64_t passed_ms)
{
    int i = 0;
    for (; i < hours->count; i++) {
        int64_t length = (hours->shifts[i].to - hours->shifts[i].from) * MINUTE_MS;
        if (passed_ms <= length) {
            break;
        }
        passed_ms -= length;
    }
    must(i < hours->count && passed_ms > 0);
    return hours->shifts[i].from * MINUTE_MS + passed_ms;
}

/* Working time before a local instant, counted from the calendar's first day. */
static int64_t calendar_passed(
        const struct calendar *calendar, const struct hours *hours, int64_t local_ms)
{
    int64_t day = local_day(local_ms), at_ms = local_ms - day * DAY_MS;
    int64_t passed = worked_before(calendar, day - 1) * day_whole(hours);
    if (day_works(calendar, day - 1)) {
        passed += day_passed(hours, at_ms + DAY_MS);
    }
    if (day_works(calendar, day)) {
        passed += day_passed(hours, at_ms);
    }
    return passed;
}

/* The same if every day worked: what stays equal has no shift in between, whatever the calendar. */
static int64_t week_passed(const struct hours *hours, int64_t local_ms)
{
    int64_t day = local_day(local_ms), at_ms = local_ms - day * DAY_MS;
    return (day - 1) * day_whole(hours) + day_passed(hours, at_ms + DAY_MS) +
           day_passed(hours, at_ms);
}

/* The first day with a shift that is not over; the last with one that has begun. */
static int64_t day_open(const struct hours *hours, int64_t local_ms)
{
    int64_t day = local_day(local_ms), at_ms = local_ms - day * DAY_MS;
    if (day_passed(hours, at_ms + DAY_MS) < day_whole(hours)) {
        return day - 1;
    }
    return day_passed(hours, at_ms) < day_whole(hours) ? day : day + 1;
}

static int64_t day_begun(const struct hours *hours, int64_t local_ms)
{
    int64_t day = local_day(local_ms);
    return day_passed(hours, local_ms - day * DAY_MS) > 0 ? day : day - 1;
}

int32_t hours_add(const struct calendar *calendar,
        const struct hours *hours,
        int64_t start_ms,
        int64_t budget_ms,
        int64_t *ret_due_ms)
{
    must(hours_valid(hours) && budget_ms >= 0);
    if (hours->always || budget_ms == 0) {
        *ret_due_ms = start_ms + budget_ms;
        return 0;
    }
    int64_t local_ms = local_of(calendar, start_ms);
    int64_t end = known_until(calendar, day_open(hours, local_ms));
    int64_t whole_ms = day_whole(hours);
    int64_t target_ms = calendar_passed(calendar, hours, local_ms) + budget_ms;
    int64_t before = (target_ms - 1) / whole_ms;
    if (before >= worked_before(calendar, end)) {
        return year_of(end);
    }
    int64_t day = worked_find(calendar, before);
    *ret_due_ms = day * DAY_MS + day_instant(hours, target_ms - before * whole_ms) -
                  calendar->utc_offset_s * INT64_C(1000);
    return 0;
}

int32_t hours_between(const struct calendar *calendar,
        const struct hours *hours,
        int64_t from_ms,
        int64_t to_ms,
        int64_t *ret_ms)
{
    must(hours_valid(hours));
    int64_t from = local_of(calendar, from_ms), to = local_of(calendar, to_ms);
    if (hours->always || to <= from) {
        *ret_ms = to <= from ? 0 : to - from;
        return 0;
    }
    if (week_passed(hours, from) != week_passed(hours, to)) {
        int64_t end = known_until(calendar, day_open(hours, from));
        if (end <= day_begun(hours, to)) {
            return year_of(end);
        }
    }
    *ret_ms = calendar_passed(calendar, hours, to) - calendar_passed(calendar, hours, from);
    return 0;
}
