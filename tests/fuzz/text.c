/* Text, instants and case numbers: UTF-8 against GLib's opinion, an instant written and read again,
 * and a case number that is the one that its id gives. */
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_text.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    utf8_try(text, size);
    copy_try(text, size);
    instant_try(text);
    number_try(text);
    free(text);
    return 0;
}
