/* UTF-8 by the table of Unicode 15 §3.9 (well-formed byte sequences) and instants by RFC 3339, with
 * the day arithmetic of the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible
 * low-level date algorithms"). No locale and no time zone database: offsets are passed in. */
#include "services/kernel/base/pure_text.h"

#include <string.h>
#include "services/kernel/base/must.h"

#define DAY_MS INT64_C(86400000)
#define INSTANT_MAX INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/* Bytes of the character that starts at `at`, 0 when it is not well-formed. */
static size_t character_size(const unsigned char *at, size_t left)
{
    unsigned char first = at[0];
    if (first < 0x80) {
        return first != 0;
    }
    size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first < 0xc2 || first > 0xf4 || left < size) {
        return 0;
    }
    /* The second byte's range excludes overlong forms, surrogates and what is past U+10FFFF. */
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return size;
}

/* True when the next eight bytes are ASCII without NUL; both tests look at all eight at once. */
static bool ascii_eight(const unsigned char *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    uint64_t borrow = bytes - UINT64_C(0x0101010101010101);
    return ((bytes | borrow) & UINT64_C(0x8080808080808080)) == 0;
}

bool text_valid(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text;
    while (size > 0) {
        if (size >= 8 && ascii_eight(at)) {
            at += 8;
            size -= 8;
            continue;
        }
        size_t step = character_size(at, size);
        if (step == 0) {
            return false;
        }
        at += step;
        size -= step;
    }
    return true;
}

size_t text_length(const char *text, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        length += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return length;
}

bool text_fits(const char *text, size_t size_max)
{
    size_t size = strlen(text);
    return size <= size_max && text_valid(text, size);
}

bool text_short(const char *text, size_t length_max)
{
    size_t size = strlen(text);
    return text_valid(text, size) && text_length(text, size) <= length_max;
}

size_t text_copy(char *to, size_t room, const char *from, size_t size)
{
    must(room > 0);
    if (size >= room) {
        size = room - 1;
        /* from[size] is the first byte left out: step back to where its character starts. */
        while (size > 0 && ((unsigned char)from[size] & 0xc0) == 0x80) {
            size--;
        }
    }
    if (size > 0) {
        memcpy(to, from, size);
    }
    to[size] = 0;
    return size;
}

static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = year / 400; /* years here are positive */
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = days / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t part = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * part + 2) / 5 + 1);
    *ret_month = (int)(part < 10 ? part + 3 : part - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

/* Writes `value` in exactly `width` digits and `after` behind them; returns where to go on. */
static char *digits_put(char *to, int value, int width, char after)
{
    for (int i = width - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    to[width] = after;
    return to + width + 1;
}

static char *offset_put(char *to, int utc_offset_s)
{
    if (utc_offset_s == 0) {
        *to = 'Z';
        return to + 1;
    }
    int minutes = (utc_offset_s < 0 ? -utc_offset_s : utc_offset_s) / 60;
    *to++ = utc_offset_s < 0 ? '-' : '+';
    to = digits_put(to, minutes / 60, 2, ':');
    return digits_put(to, minutes % 60, 2, 0) - 1;
}

void instant_format(char ret[INSTANT_SIZE], int64_t at_ms, int utc_offset_s)
{
    must(utc_offset_s > -86400 && utc_offset_s < 86400);
    /* Four digits of a year are all there is: what lies outside is shown as the nearest end. */
    int64_t low = -INT64_C(62135596800000) + DAY_MS, high = INSTANT_MAX - DAY_MS;
    int64_t local = (at_ms < low           ? low
                            : at_ms > high ? high
                                           : at_ms) +
                    utc_offset_s * INT64_C(1000);
    int64_t days = local / DAY_MS - (local % DAY_MS < 0);
    int64_t in_day = local - days * DAY_MS;
    int second_of_day = (int)(in_day / 1000), ms = (int)(in_day % 1000);
    int year, month, day;
    civil_from_days(days, &year, &month, &day);
    char *to = digits_put(ret, year, 4, '-');
    to = digits_put(to, month, 2, '-');
    to = digits_put(to, day, 2, 'T');
    to = digits_put(to, second_of_day / 3600, 2, ':');
    to = digits_put(to, second_of_day / 60 % 60, 2, ':');
    to = digits_put(to, second_of_day % 60, 2, '.');
    to = ms == 0 ? to - 1 : digits_put(to, ms, 3, 0) - 1;
    *offset_put(to, utc_offset_s) = 0;
}

/* Reads exactly `width` digits and the character behind them. */
static bool digits_get(const char **at, int width, int *ret)
{
    int value = 0;
    for (int i = 0; i < width; i++, (*at)++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        value = value * 10 + (**at - '0');
    }
    *ret = value;
    return true;
}

static bool char_get(const char **at, const char *any_of)
{
    if (**at == 0 || strchr(any_of, **at) == NULL) {
        return false;
    }
    (*at)++;
    return true;
}

static bool day_valid(int year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1970 || month < 1 || month > 12 || day < 1) {
        return false;
    }
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= lengths[month - 1] + (month == 2 && leap);
}

static bool date_get(const char **at, int64_t *ret_days)
{
    int year, month, day;
    if (!digits_get(at, 4, &year) || !char_get(at, "-") || !digits_get(at, 2, &month) ||
            !char_get(at, "-") || !digits_get(at, 2, &day) || !day_valid(year, month, day)) {
        return false;
    }
    *ret_days = days_from_civil(year, month, day);
    return true;
}

/* Digits of a second behind the point; what is finer than a millisecond is cut off. */
static bool fraction_get(const char **at, int *ret_ms)
{
    int ms = 0, count = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++, count++) {
        ms = count < 3 ? ms * 10 + (**at - '0') : ms;
    }
    for (int i = count; i < 3; i++) {
        ms *= 10;
    }
    *ret_ms = ms;
    return count > 0;
}

static bool time_get(const char **at, int64_t *ret_ms)
{
    int hour, minute, second, ms = 0;
    if (!digits_get(at, 2, &hour) || !char_get(at, ":") || !digits_get(at, 2, &minute) ||
            !char_get(at, ":") || !digits_get(at, 2, &second)) {
        return false;
    }
    if (char_get(at, ".") && !fraction_get(at, &ms)) {
        return false;
    }
    /* RFC 3339 knows leap seconds; as in POSIX, 60 is the second that follows. */
    if (hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    *ret_ms = ((hour * INT64_C(60) + minute) * 60 + second) * 1000 + ms;
    return true;
}

static bool offset_get(const char **at, int64_t *ret_ms)
{
    if (char_get(at, "Zz")) {
        *ret_ms = 0;
        return true;
    }
    int64_t sign = **at == '-' ? -1 : 1;
    int hour, minute;
    if (!char_get(at, "+-") || !digits_get(at, 2, &hour) || !char_get(at, ":") ||
            !digits_get(at, 2, &minute) || hour > 23 || minute > 59) {
        return false;
    }
    *ret_ms = sign * (hour * 60 + minute) * 60000;
    return true;
}

bool instant_parse(const char *text, int64_t *ret_at_ms)
{
    int64_t days, in_day, offset;
    const char *at = text;
    if (!date_get(&at, &days) || !char_get(&at, "Tt ") || !time_get(&at, &in_day) ||
            !offset_get(&at, &offset) || *at != 0) {
        return false;
    }
    int64_t at_ms = days * DAY_MS + in_day - offset;
    if (at_ms < 0 || at_ms > INSTANT_MAX) {
        return false;
    }
    *ret_at_ms = at_ms;
    return true;
}
