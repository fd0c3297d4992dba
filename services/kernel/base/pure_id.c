/* Packing and unpacking of ids, and the case number that people read. See pure_id.h for both forms.
 * The two must stay inverse: a case number printed years ago has to find its case. */
#include "services/kernel/base/pure_id.h"

#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define MINTER_BITS 3
#define COUNTER_DIGITS_MIN 7
#define COUNTER_DIGITS_MAX 15 /* 2^48 has as many */
#define DAY_DIGITS 8

int64_t id_make(int site, enum service_id minter, int64_t counter)
{
    must(site >= 0 && site <= ID_SITE_MAX);
    must((unsigned)minter < SERVICE_COUNT);
    must(counter >= 0 && counter <= ID_COUNTER_MAX);
    return ((int64_t)site << (ID_COUNTER_BITS + MINTER_BITS)) |
           ((int64_t)minter << ID_COUNTER_BITS) | counter;
}

int id_site(int64_t id)
{
    return (int)((uint64_t)id >> (ID_COUNTER_BITS + MINTER_BITS) & ID_SITE_MAX);
}

enum service_id id_minter(int64_t id)
{
    return (enum service_id)((uint64_t)id >> ID_COUNTER_BITS & (SERVICE_COUNT - 1));
}

int64_t id_counter(int64_t id)
{
    return id & ID_COUNTER_MAX;
}

bool id_valid(int64_t id, int site)
{
    return id > 0 && id_site(id) == site && id_minter(id) != SERVICE_NONE;
}

uint64_t id_hash(int64_t id)
{
    uint64_t hash = (uint64_t)id + UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    return hash ^ (hash >> 31);
}

/* ISO 7064 MOD 11,10: finds every single wrong digit and nearly all neighbours exchanged. */
static int check_digit(const char *digits, size_t count)
{
    int sum = 10;
    for (size_t i = 0; i < count; i++) {
        sum = (sum + (digits[i] - '0')) % 10;
        sum = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return (11 - sum) % 10;
}

/* Digits of the counter, at least COUNTER_DIGITS_MIN; returns how many. */
static size_t counter_put(char *to, int64_t counter)
{
    char reverse[COUNTER_DIGITS_MAX];
    size_t count = 0;
    while (counter > 0 || count < COUNTER_DIGITS_MIN) {
        must(count < COUNTER_DIGITS_MAX);
        reverse[count++] = (char)('0' + counter % 10);
        counter /= 10;
    }
    for (size_t i = 0; i < count; i++) {
        to[i] = reverse[count - 1 - i];
    }
    return count;
}

void case_number_format(
        char *ret, const char *site_letters, int64_t id, int64_t accepted_at_ms, int utc_offset_s)
{
    size_t letters = strlen(site_letters);
    must(letters >= 2 && letters < SITE_LETTERS_SIZE && id > 0);
    char instant[INSTANT_SIZE], digits[DAY_DIGITS + COUNTER_DIGITS_MAX];
    instant_format(instant, accepted_at_ms, utc_offset_s);
    memcpy(digits, instant, 4);
    memcpy(digits + 4, instant + 5, 2);
    memcpy(digits + 6, instant + 8, 2);
    size_t count = counter_put(digits + DAY_DIGITS, id_counter(id));
    char *to = ret;
    memcpy(to, site_letters, letters);
    to += letters;
    *to++ = '-';
    memcpy(to, digits, DAY_DIGITS);
    to += DAY_DIGITS;
    *to++ = '-';
    memcpy(to, digits + DAY_DIGITS, count);
    to += count;
    *to++ = '-';
    *to++ = (char)('0' + check_digit(digits, DAY_DIGITS + count));
    *to = 0;
}

static size_t digits_span(const char *text)
{
    size_t count = 0;
    while (text[count] >= '0' && text[count] <= '9') {
        count++;
    }
    return count;
}

/* The counter that `count` digits say, or -1 when they are not written as counter_put writes. */
static int64_t counter_get(const char *digits, size_t count)
{
    if (count < COUNTER_DIGITS_MIN || count > COUNTER_DIGITS_MAX ||
            (count > COUNTER_DIGITS_MIN && digits[0] == '0')) {
        return -1;
    }
    int64_t counter = 0;
    for (size_t i = 0; i < count; i++) {
        counter = counter * 10 + (digits[i] - '0');
    }
    return counter <= ID_COUNTER_MAX ? counter : -1;
}

int64_t case_number_parse(const char *text, const char *site_letters, int site)
{
    size_t letters = strlen(site_letters);
    if (strncmp(text, site_letters, letters) != 0 || text[letters] != '-') {
        return 0;
    }
    const char *day = text + letters + 1;
    if (digits_span(day) != DAY_DIGITS || day[DAY_DIGITS] != '-') {
        return 0;
    }
    const char *number = day + DAY_DIGITS + 1;
    size_t count = digits_span(number);
    int64_t counter = counter_get(number, count);
    if (counter < 0 || number[count] != '-' || digits_span(number + count + 1) != 1 ||
            number[count + 2] != 0) {
        return 0;
    }
    char digits[DAY_DIGITS + COUNTER_DIGITS_MAX];
    memcpy(digits, day, DAY_DIGITS);
    memcpy(digits + DAY_DIGITS, number, count);
    if (number[count + 1] - '0' != check_digit(digits, DAY_DIGITS + count)) {
        return 0;
    }
    return id_make(site, SERVICE_INTAKE, counter);
}
