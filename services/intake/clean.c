/* See clean.h. A new field of words is a line in submission_tidy(). */
#include "services/intake/clean.h"
#include <string.h>
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/text_clean.h"

#define DECOMPOSED_MAX 4 /* characters that one is written with, at most */

struct fault text_tidy(const char **text, const char *field, size_t chars_max, struct arena *arena)
{
    if (text_length(*text, strlen(*text)) > DECOMPOSED_MAX * chars_max)
        return (struct fault){FAULT_NONE, "", 0};
    enum err err = text_clean(*text, arena, text);
    if (err == ERR_MALFORMED)
        return (struct fault){FAULT_UTF8, field, 0};
    if (err)
        return (struct fault){FAULT_MARKS, field, TEXT_MARKS_MAX};
    return (struct fault){FAULT_NONE, "", 0};
}

struct fault submission_tidy(struct submission *submission, struct arena *arena)
{
    struct fault fault = text_tidy(&submission->matter, "matter", MATTER_CHARS_MAX, arena);
    if (!fault.kind)
        fault = text_tidy(&submission->text, "text", TEXT_CHARS_MAX, arena);
    if (!fault.kind)
        fault = text_tidy(&submission->to, "to", UNIT_CODE_CHARS_MAX, arena);
    for (size_t i = 0; !fault.kind && i < submission->unit_code_count && i < UNIT_CODES_MAX; i++)
        fault = text_tidy(&submission->unit_codes[i], "unit_codes", UNIT_CODE_CHARS_MAX, arena);
    return fault;
}

struct fault follow_up_tidy(struct follow_up *follow_up, struct arena *arena)
{
    return text_tidy(&follow_up->text, "text", TEXT_CHARS_MAX, arena);
}

struct fault withdrawal_tidy(struct withdrawal *withdrawal, struct arena *arena)
{
    return text_tidy(&withdrawal->reason, "reason", REASON_CHARS_MAX, arena);
}
