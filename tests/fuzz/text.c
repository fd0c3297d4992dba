/* Text, instants, case numbers and working hours: UTF-8 against GLib's opinion, an instant written
 * and read again, a case number that is the one that its id gives, hours by which a budget leads to
 * an instant and back; a masked text is valid and no longer, a
 * cleaned one clean. */
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/pure_catalogue.h"
#include "services/kernel/base/pure_duty.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_mask.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/text_clean.h"

#define SITE 7
#define LETTERS "LA"

static void utf8_try(const char *text, size_t size)
{
    bool valid = text_valid(text, size);
    must(valid == (g_utf8_validate_len(text, size, NULL) != 0));
    must(text_length(text, size) <= size);
    if (valid)
        must(text_length(text, size) == (size_t)g_utf8_strlen(text, (gssize)size));
}

/* Wherever valid text is cut, it stays valid and loses less than a character. */
static void copy_try(const char *text, size_t size)
{
    char room[32];
    for (size_t length = 1; length <= sizeof room && length <= size + 2; length++) {
        size_t copied = text_copy(room, length, text, size);
        must(copied < length && copied <= size && room[copied] == '\0');
        must(!text_valid(text, size) || text_valid(room, copied));
        must(!text_valid(text, size) || copied == size || copied + 4 >= length);
    }
}

static void mask_try(const char *text, size_t size)
{
    BUF_OWNED masked = {0};
    text_mask(text, size, &masked);
    must(masked.size <= size);
    if (!text_valid(text, size))
        return;
    must(text_valid(masked.data ? masked.data : "", masked.size));
    must(text_length(masked.data, masked.size) <= text_length(text, size));
}

static void clean_try(const char *text, size_t size)
{
    struct arena arena;
    const char *once = NULL, *twice = NULL;
    arena_init(&arena, 8 * size + 4096);
    enum err err = text_clean(text, &arena, &once);
    must((err == ERR_MALFORMED) == !text_valid(text, strlen(text)));
    if (err == OK) {
        must(text_valid(once, strlen(once)) && strlen(once) <= 3 * size);
        must(!text_has_unseen(once) && text_clean(once, &arena, &twice) == OK);
        must(strcmp(once, twice) == 0);
    }
    arena_fini(&arena);
}

static void instant_try(const char *text)
{
    int64_t at_ms = 0, again_ms = 0;
    char written[INSTANT_SIZE];
    if (!instant_parse(text, &at_ms))
        return;
    must(at_ms >= 0 && at_ms <= INT64_C(253402300799999));
    instant_format(written, at_ms, 0);
    if (at_ms > INT64_C(253402300799999) - 86400000)
        return; /* the last day is shown as its beginning: see instant_format */
    must(instant_parse(written, &again_ms) && again_ms == at_ms);
}

static void number_try(const char *text)
{
    char day[] = "0000-00-00T00:00:00Z", written[CASE_NUMBER_SIZE];
    int64_t id = case_number_parse(text, LETTERS, SITE), at_ms = 0;
    if (id == 0)
        return;
    must(id_valid(id, SITE) && id_minter(id) == SERVICE_INTAKE);
    const char *digits = text + strlen(LETTERS "-");
    memcpy(day, digits, 4);
    memcpy(day + 5, digits + 4, 2);
    memcpy(day + 8, digits + 6, 2);
    if (!instant_parse(day, &at_ms))
        return;
    case_number_format(written, LETTERS, id, at_ms, 0);
    must(strcmp(written, text) == 0 || memcmp(day, "9999", 4) == 0);
}

/* A budget of 1 ms to some days, from an instant in 2026, which the calendar knows. */
static void hours_try(const struct hours *hours)
{
    static struct calendar calendar;
    static const struct calendar_day days[] = {{20454, false}, {20455, true}};
    if (calendar.year_count == 0)
        must(calendar_init(&calendar, 28800, days, COUNT_OF(days)));
    must(hours_valid(hours));
    for (int64_t budget = 1, from = INT64_C(1780000000000); budget < 400000000; budget *= 7) {
        int64_t due = 0, passed = 0;
        int32_t year = hours_add(&calendar, hours, from, budget, &due);
        must(year == 0 || year == 2027);
        if (year != 0)
            return;
        must(due > from);
        must(hours_between(&calendar, hours, from, due, &passed) == 0 && passed == budget);
        must(hours_between(&calendar, hours, from, due - 1, &passed) == 0 && passed == budget - 1);
    }
}

static void duty_try(const char *text)
{
    struct duty_text duty;
    struct evidence evidence[EVIDENCE_MAX];
    int count = 0;
    enum duty_fault fault = duty_parse(text, &duty);
    must(duty.at <= strlen(text) && (fault != DUTY_FINE || text[duty.at] == '\0'));
    if (fault == DUTY_FINE && duty.whose == DUTY_HOURS_OWN)
        hours_try(&duty.hours);
    bool fine = evidence_parse(text, evidence, &count);
    must(count >= 0 && count <= EVIDENCE_MAX);
    for (int i = 0; fine && i < count; i++)
        must(evidence[i].count >= 1 && evidence[i].count <= EVIDENCE_TIMES_MAX);
    (void)matter_listed(text, "YH-01");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    utf8_try(text, size);
    copy_try(text, size);
    mask_try(text, size);
    clean_try(text, size);
    instant_try(text);
    number_try(text);
    duty_try(text);
    free(text);
    return 0;
}
