/* Numbers that say who somebody is. A run of digits is read in groups (138 0013 8000); every row of
 * groups that may be one number is compared with the shapes below, the longest first. A shape says
 * what it takes and how many digits stay in sight at both ends. Chinese numerals are read like
 * digits (一三八〇〇一三八〇〇〇), never mixed with them. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "services/kernel/base/pure_mask.h"

#define RUN_MAX 64   /* digits; a longer run is read in pieces */
#define GROUPS_MAX 5 /* of one number */
#define PARTS_MAX 3  /* characters between two groups: ") " or a dash of three bytes */
#define LETTER_X 10  /* the check digit of a resident ID that is written X */
#define CUE_BYTES 40 /* how far before a number a word says what it is */

enum digits { DIGITS_NONE, DIGITS_ASCII, DIGITS_CHINESE };

struct run {
    size_t count, end;
    uint8_t value[RUN_MAX], group[RUN_MAX];
    size_t at[RUN_MAX], size[RUN_MAX];
};

/* Some groups of a run that stand together. */
struct number {
    const uint8_t *digit;
    size_t count, groups, first, last; /* digits of the first and the last group */
    bool phone_cue, id_cue;            /* a word before it says what it is */
};

struct shape {
    bool (*fits)(const struct number *number);
    size_t head, tail; /* digits that stay */
};

struct glyph {
    enum digits kind;
    uint8_t value, size;
};

static struct glyph glyph_read(const char *text, size_t size, size_t at)
{
    static const struct {
        const char *text;
        uint8_t value;
    } numerals[] = {{"〇", 0}, {"零", 0}, {"一", 1}, {"幺", 1}, {"二", 2}, {"三", 3}, {"四", 4},
            {"五", 5}, {"六", 6}, {"七", 7}, {"八", 8}, {"九", 9}};
    const char *here = text + at;
    if (at >= size)
        return (struct glyph){DIGITS_NONE, 0, 0};
    if (*here >= '0' && *here <= '9')
        return (struct glyph){DIGITS_ASCII, (uint8_t)(*here - '0'), 1};
    if (size - at < 3 || !((unsigned char)*here & 0x80))
        return (struct glyph){DIGITS_NONE, 0, 0};
    unsigned char last = (unsigned char)here[2];
    if (memcmp(here, "\xef\xbc", 2) == 0 && last >= 0x90 && last <= 0x99)
        return (struct glyph){DIGITS_ASCII, (uint8_t)(last - 0x90), 3};
    for (size_t i = 0; i < sizeof numerals / sizeof *numerals; i++)
        if (memcmp(here, numerals[i].text, 3) == 0)
            return (struct glyph){DIGITS_CHINESE, numerals[i].value, 3};
    return (struct glyph){DIGITS_NONE, 0, 0};
}

bool mask_digit_at(const char *text, size_t size, size_t at)
{
    return glyph_read(text, size, at).kind != DIGITS_NONE;
}

/* Bytes of what may stand between two groups of one number. */
static size_t parts_size(const char *text, size_t size, size_t at)
{
    static const char *const parts[] = {" ", "-", ")", "–", "—", "－", "‐", "）", "　"};
    size_t begin = at;
    for (size_t count = 0; count < PARTS_MAX; count++) {
        size_t step = 0;
        for (size_t i = 0; !step && i < sizeof parts / sizeof *parts; i++) {
            size_t length = strlen(parts[i]);
            if (size - at >= length && memcmp(text + at, parts[i], length) == 0)
                step = length;
        }
        if (!step)
            break;
        at += step;
    }
    return at - begin;
}

static void run_add(struct run *run, uint8_t value, uint8_t group, size_t at, size_t size)
{
    run->value[run->count] = value;
    run->group[run->count] = group;
    run->at[run->count] = at;
    run->size[run->count++] = size;
    run->end = at + size;
}

static struct run run_read(const char *text, size_t size, size_t at)
{
    struct run run = {.count = 0, .end = at};
    enum digits kind = glyph_read(text, size, at).kind;
    uint8_t group = 0;
    while (run.count + 1 < RUN_MAX) {
        struct glyph glyph = glyph_read(text, size, at);
        if (glyph.kind == kind) {
            run_add(&run, glyph.value, group, at, glyph.size);
            at += glyph.size;
            continue;
        }
        size_t parts = glyph.kind == DIGITS_NONE ? parts_size(text, size, at) : 0;
        if (!parts || glyph_read(text, size, at + parts).kind != kind)
            break;
        at += parts;
        group++;
    }
    if (run.count >= 17 && at < size && (text[at] == 'X' || text[at] == 'x'))
        run_add(&run, LETTER_X, group, at, 1);
    return run;
}

static bool digits_plain(const struct number *number)
{
    return number->digit[number->count - 1] != LETTER_X;
}

static bool mobile_is(const uint8_t *digit)
{
    return digit[0] == 1 && digit[1] >= 3;
}

static bool mobile_fits(const struct number *number)
{
    return number->count == 11 && digits_plain(number) && mobile_is(number->digit) &&
           number->groups <= 3 && number->first >= 3 && number->last >= 3;
}

/* With 86 or 0 before it, in one group. */
static bool mobile_86_fits(const struct number *number)
{
    return number->count == 13 && number->groups == 1 && number->digit[0] == 8 &&
           number->digit[1] == 6 && mobile_is(number->digit + 2);
}

static bool mobile_0_fits(const struct number *number)
{
    return number->count == 12 && number->groups == 1 && number->digit[0] == 0 &&
           mobile_is(number->digit + 1);
}

/* An area code of three digits (010, 02x) with eight digits, or of four with seven or eight; the
 * number itself begins with 2 to 9. */
static size_t area_digits(const struct number *number)
{
    if (number->count < 10 || number->digit[0] != 0 || number->digit[1] == 0)
        return 0;
    return number->digit[1] <= 2 ? 3 : 4;
}

static bool landline_fits(const struct number *number, size_t area)
{
    if (!digits_plain(number) || number->groups > 3 || area_digits(number) != area)
        return false;
    size_t rest = number->count - area;
    bool parted = number->groups == 1 || number->first == area;
    return parted && number->digit[area] >= 2 && (rest == 8 || (rest == 7 && area == 4));
}

static bool landline_3_fits(const struct number *number)
{
    return landline_fits(number, 3);
}

static bool landline_4_fits(const struct number *number)
{
    return landline_fits(number, 4);
}

/* Without an area code it looks like any number, and needs a word before it. Two groups of four may
 * be two years. */
static bool local_fits(const struct number *number)
{
    bool years = number->groups == 2 && (number->digit[0] == 2 && number->digit[1] == 0);
    return number->phone_cue && !years && digits_plain(number) && number->groups <= 2 &&
           number->first >= 3 && number->digit[0] >= 2 &&
           (number->count == 7 || number->count == 8);
}

static bool service_fits(const struct number *number)
{
    return number->count == 10 && digits_plain(number) && number->groups <= 3 &&
           number->first >= 3 && (number->digit[0] == 4 || number->digit[0] == 8) &&
           number->digit[1] == 0 && number->digit[2] == 0;
}

static unsigned pair_at(const uint8_t *digit)
{
    return digit[0] * 10U + digit[1];
}

/* GB/T 2260's provinces, and the day of birth. */
static bool id_begins(const uint8_t *digit, const uint8_t *month)
{
    static const uint8_t last[] = {5, 3, 7, 6, 4, 5, 1, 2}; /* of 1x, 2x, … 8x */
    unsigned day = pair_at(month + 2);
    return digit[0] >= 1 && digit[0] <= 8 && digit[1] >= 1 - (digit[0] == 5) &&
           digit[1] <= last[digit[0] - 1] && pair_at(month) >= 1 && pair_at(month) <= 12 &&
           day >= 1 && day <= 31;
}

/* GB 11643: ISO 7064 MOD 11-2. */
static bool id_checks(const uint8_t *digit)
{
    static const uint8_t weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof weights; i++)
        sum += (unsigned)digit[i] * weights[i];
    return (12 - sum % 11) % 11 == digit[17];
}

/* Many a running number begins with a region and a day: without a check digit that is right it is
 * taken for an ID only behind a word that says so. */
static bool id_fits(const struct number *number)
{
    if (number->count != 18 || number->groups > 4)
        return false;
    unsigned century = pair_at(number->digit + 6);
    return century >= 18 && century <= 20 && id_begins(number->digit, number->digit + 10) &&
           (number->id_cue || id_checks(number->digit));
}

static bool id_old_fits(const struct number *number)
{
    return number->count == 15 && digits_plain(number) && number->groups == 1 &&
           id_begins(number->digit, number->digit + 8);
}

/* ISO/IEC 7812: 16 to 19 digits, the last of which makes Luhn's sum. */
static bool card_fits(const struct number *number)
{
    if (number->count < 16 || number->count > 19 || !digits_plain(number) || number->first < 4 ||
            number->digit[0] < 3 || (number->digit[0] > 6 && number->digit[0] != 9))
        return false;
    unsigned sum = 0;
    for (size_t i = 0; i < number->count; i++) {
        unsigned digit = number->digit[number->count - 1 - i];
        sum += i % 2 == 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0);
    }
    return sum % 10 == 0;
}

static const struct shape shapes[] = {{mobile_fits, 3, 4}, {mobile_86_fits, 5, 4},
        {mobile_0_fits, 4, 4}, {landline_3_fits, 3, 4}, {landline_4_fits, 4, 4},
        {service_fits, 3, 4}, {id_fits, 3, 2}, {id_old_fits, 3, 2}, {card_fits, 4, 4},
        {local_fits, 0, 4}};

/* True when one of these words stands shortly before the number, with no other number between. */
static bool cue_before(const char *text, size_t at, const char *const *cues)
{
    size_t from = at > CUE_BYTES ? at - CUE_BYTES : 0;
    for (size_t i = at; i > from; i--) {
        if ((text[i - 1] >= '0' && text[i - 1] <= '9') || text[i - 1] == '*')
            return false;
        for (const char *const *cue = cues; *cue; cue++) {
            size_t length = strlen(*cue);
            if (i >= length && memcmp(text + i - length, *cue, length) == 0)
                return true;
        }
    }
    return false;
}

/* Money, the digits behind a decimal point, and what is left of a masked number are no one's. */
static bool amount_at(const char *text, size_t size, size_t from, size_t to)
{
    static const char *const units[] = {"元", "万", "亿", "块", "%"};
    static const char *const signs[] = {"¥", "￥", "$", ".", "*"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (size - to >= strlen(units[i]) && memcmp(text + to, units[i], strlen(units[i])) == 0)
            return true;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (from >= strlen(signs[i]) &&
                memcmp(text + from - strlen(signs[i]), signs[i], strlen(signs[i])) == 0)
            return true;
    return size - to >= 2 && text[to] == '.' && text[to + 1] >= '0' && text[to + 1] <= '9';
}

/* LA-20261123-0000001-7. */
static bool case_number_at(const char *text, size_t at, const struct run *run)
{
    size_t sizes[3] = {0, 0, 0};
    if (at < 3 || text[at - 1] != '-' || text[at - 2] < 'A' || text[at - 2] > 'Z')
        return false;
    for (size_t i = 0; i < run->count; i++) {
        if (run->group[i] > 2)
            return false;
        sizes[run->group[i]]++;
    }
    return sizes[0] == 8 && sizes[1] >= 7 && sizes[2] == 1;
}

static size_t group_end(const struct run *run, size_t from)
{
    size_t to = from;
    while (to < run->count && run->group[to] == run->group[from])
        to++;
    return to;
}

static const struct shape *shape_find(
        const char *text, size_t size, const struct run *run, size_t from, size_t to)
{
    static const char *const phone_cues[] = {"电话", "手机", "座机", "号码", "致电", "拨打",
            "联系方式", "Tel", "tel", "TEL", "phone", "Phone", NULL};
    static const char *const id_cues[] = {"身份证", "证件号", "ID", NULL};
    size_t begin = run->at[from], end = run->at[to - 1] + run->size[to - 1];
    struct number number = {.digit = run->value + from,
            .count = to - from,
            .groups = 1U + run->group[to - 1] - run->group[from],
            .first = group_end(run, from) - from};
    if (number.count < 7 || number.count > 19 || amount_at(text, size, begin, end))
        return NULL;
    while (number.last < number.count && run->group[to - 1 - number.last] == run->group[to - 1])
        number.last++;
    number.phone_cue = number.count <= 8 && cue_before(text, begin, phone_cues);
    number.id_cue = number.count == 18 && cue_before(text, begin, id_cues);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (shapes[i].fits(&number))
            return &shapes[i];
    return NULL;
}

struct mask_span mask_number_find(const char *text, size_t size, size_t at)
{
    const struct run run = run_read(text, size, at);
    size_t whole = run.end - at;
    if (case_number_at(text, at, &run))
        return (struct mask_span){whole, 0, 0};
    for (size_t from = 0; from < run.count; from = group_end(&run, from)) {
        size_t ends[GROUPS_MAX], count = 0;
        for (size_t to = from; count < GROUPS_MAX && to < run.count;)
            ends[count++] = to = group_end(&run, to);
        while (count-- > 0) {
            const struct shape *shape = shape_find(text, size, &run, from, ends[count]);
            if (!shape)
                continue;
            size_t last = ends[count] - 1, hidden = last - shape->tail;
            return (struct mask_span){run.at[last] + run.size[last] - at,
                    run.at[from + shape->head] - at, run.at[hidden] + run.size[hidden] - at};
        }
    }
    return (struct mask_span){whole, 0, 0};
}
