/* Words for evidence; apart from the pure part, since words take memory. */
#include "services/kernel/base/evidence_text.h"

#include <string.h>
#include "services/kernel/base/must.h"

#define WORD(name, text, zh, en) " " text
const char evidence_why[] =
        "evidence: expected each kind once, 1 to 99 of it, of the kinds" EVIDENCE_TABLE(WORD);
#undef WORD

void evidence_format(const struct evidence *list, int count, struct buf *out)
{
    for (int i = 0; i < count; i++) {
        must(list[i].kind < EVIDENCE_KINDS);
        buf_add_format(out, "%s%s", i > 0 ? "+" : "", EVIDENCE_WORDS[list[i].kind]);
        if (list[i].count != 1)
            buf_add_format(out, "%d", list[i].count);
    }
}

void evidence_note(const struct evidence *list, int count, struct buf *out)
{
    if (count == 0)
        return;
    buf_add_text(out, out->size > 0 ? " [" : "[");
    evidence_format(list, count, out);
    buf_add_text(out, "]");
}

void evidence_name(uint16_t packed, const char *language, struct buf *out)
{
    static const char *const names[][2] = {
#define X(name, text, zh, en) {zh, en},
            EVIDENCE_TABLE(X)
#undef X
    };
    unsigned kind = packed >> 8, count = packed & 0xff;
    if (kind >= EVIDENCE_KINDS)
        return;
    if (strcmp(language, "en") == 0)
        buf_add_format(out, "%s: %u", names[kind][1], count);
    else
        buf_add_format(out, "%s %u 份", names[kind][0], count);
}
