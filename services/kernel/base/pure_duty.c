/* A reader that goes through the text once, from the left. Each part moves `at` behind what it has
 * understood, so that a fault's place is where the reader stands. To add a word: a row in
 * STATEMENTS or NOTES, and in docs/profiles.md. */
#include "services/kernel/base/pure_duty.h"

#include <string.h>

#define DIGITS_MAX 4
#define DAY_HOURS 24

/* What stands behind a word. */
enum tail { TAIL_NONE, TAIL_HOURS, TAIL_SHIFT, TAIL_NUMBER_H };

static const struct {
    const char *word;
    enum tail tail;
} STATEMENTS[] = {
        {"all", TAIL_NONE},
        {"work", TAIL_HOURS},
        {"claims ", TAIL_SHIFT},
        {"on call", TAIL_NONE},
        {"shift ", TAIL_NUMBER_H},
        {"duty ", TAIL_NUMBER_H},
};

static const char *const NOTES[] = {"phone duty all", "rotating"};

struct reader {
    const char *text;
    size_t at;
};

static bool reader_ended(const struct reader *reader)
{
    return reader->text[reader->at] == 0;
}

static bool word_take(struct reader *reader, const char *word)
{
    size_t size = strlen(word);
    if (strncmp(reader->text + reader->at, word, size) != 0) {
        return false;
    }
    reader->at += size;
    return true;
}

static bool digit_next(const struct reader *reader)
{
    return reader->text[reader->at] >= '0' && reader->text[reader->at] <= '9';
}

/* From `digits_min` to `digits_max` digits; nothing is taken when there are not so many. */
static bool number_take(struct reader *reader, int digits_min, int digits_max, int *ret)
{
    struct reader ahead = *reader;
    int value = 0, digits = 0;
    for (; digits < digits_max && digit_next(&ahead); digits++) {
        value = value * 10 + (ahead.text[ahead.at++] - '0');
    }
    if (digits < digits_min) {
        return false;
    }
    *reader = ahead;
    *ret = value;
    return true;
}

/* "08:30", up to 24:00. */
static bool minute_take(struct reader *reader, int *ret)
{
    struct reader ahead = *reader;
    int hour = 0, minute = 0;
    if (!number_take(&ahead, 2, 2, &hour) || !word_take(&ahead, ":") ||
            !number_take(&ahead, 2, 2, &minute) || minute > 59 ||
            hour * 60 + minute > SHIFT_DAY_MIN) {
        return false;
    }
    *reader = ahead;
    *ret = hour * 60 + minute;
    return true;
}

static bool shift_take(struct reader *reader, struct shift *ret)
{
    struct reader ahead = *reader;
    int from = 0, to = 0;
    if (!minute_take(&ahead, &from) || from == SHIFT_DAY_MIN || !word_take(&ahead, "-") ||
            !minute_take(&ahead, &to)) {
        return false;
    }
    *reader = ahead;
    *ret = (struct shift){(int16_t)from, (int16_t)(to > from ? to : to + SHIFT_DAY_MIN)};
    return true;
}

static enum duty_fault hours_take(struct reader *reader, struct hours *ret)
{
    size_t from = reader->at;
    *ret = (struct hours){0};
    do {
        if (ret->count == SHIFTS_MAX) {
            return DUTY_SHIFTS;
        }
        if (!shift_take(reader, &ret->shifts[ret->count])) {
            return DUTY_SHIFT;
        }
        ret->count++;
    } while (word_take(reader, ";"));
    if (hours_valid(ret)) {
        return DUTY_FINE;
    }
    reader->at = from;
    return DUTY_OVERLAP;
}

static enum duty_fault tail_take(struct reader *reader, enum tail tail, struct duty_text *ret)
{
    struct shift shift;
    int number = 0;
    switch (tail) {
    case TAIL_NONE:
        return DUTY_FINE;
    case TAIL_HOURS:
        if (!word_take(reader, " ")) {
            ret->whose = DUTY_HOURS_SITE;
            return DUTY_FINE;
        }
        ret->whose = DUTY_HOURS_OWN;
        return hours_take(reader, &ret->hours);
    case TAIL_SHIFT:
        return shift_take(reader, &shift) ? DUTY_FINE : DUTY_SHIFT;
    case TAIL_NUMBER_H:
        return number_take(reader, 1, 2, &number) && number >= 1 && number <= DAY_HOURS &&
                               word_take(reader, "h")
                       ? DUTY_FINE
                       : DUTY_STATEMENT;
    }
    return DUTY_STATEMENT;
}

static enum duty_fault statement_take(struct reader *reader, struct duty_text *ret)
{
    for (size_t i = 0; i < sizeof STATEMENTS / sizeof *STATEMENTS; i++) {
        if (word_take(reader, STATEMENTS[i].word)) {
            return tail_take(reader, STATEMENTS[i].tail, ret);
        }
    }
    return DUTY_STATEMENT;
}

static enum duty_fault note_take(struct reader *reader)
{
    int number = 0;
    for (size_t i = 0; i < sizeof NOTES / sizeof *NOTES; i++) {
        if (word_take(reader, NOTES[i])) {
            return DUTY_FINE;
        }
    }
    return number_take(reader, 1, DIGITS_MAX, &number) && word_take(reader, " min") ? DUTY_FINE
                                                                                    : DUTY_NOTE;
}

enum duty_fault duty_parse(const char *text, struct duty_text *ret)
{
    struct reader reader = {text, 0};
    *ret = (struct duty_text){0};
    if (reader_ended(&reader)) {
        return DUTY_FINE;
    }
    enum duty_fault fault = statement_take(&reader, ret);
    while (fault == DUTY_FINE && !reader_ended(&reader)) {
        fault = word_take(&reader, ", ") ? note_take(&reader) : DUTY_STATEMENT;
    }
    ret->at = reader.at;
    return fault;
}

enum duty_fault hours_parse(const char *text, struct hours *ret, size_t *ret_at)
{
    struct reader reader = {text, 0};
    enum duty_fault fault = hours_take(&reader, ret);
    *ret_at = reader.at;
    return fault == DUTY_FINE && !reader_ended(&reader) ? DUTY_SHIFT : fault;
}

static char *minute_put(char *at, int minute)
{
    const int digits[] = {minute / 600, minute / 60 % 10, minute % 60 / 10, minute % 10};
    for (int i = 0; i < 4; i++) {
        if (i == 2) {
            *at++ = ':';
        }
        *at++ = (char)('0' + digits[i]);
    }
    return at;
}

char *hours_format(const struct hours *hours, char ret[HOURS_TEXT_SIZE])
{
    char *at = ret;
    for (int i = 0; i < hours->count; i++) {
        if (i > 0) {
            *at++ = ';';
        }
        at = minute_put(at, hours->shifts[i].from);
        *at++ = '-';
        at = minute_put(at, hours->shifts[i].to % SHIFT_DAY_MIN);
    }
    *at = 0;
    return ret;
}
