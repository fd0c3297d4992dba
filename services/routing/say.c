/* See say.h. A sentence is a pattern with two places: {} for what the reporter had said, by his
 * intent, and at the end what a member of staff says to him. */
#include "services/routing/say.h"

#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

struct say {
    const char *zh, *en;
};

static const struct say endings[] = {
        [ENDING_CHECKED] = {"{}已处理完毕，结果已经专人核实。",
                "{} has been dealt with, and somebody else has checked it."},
        [ENDING_ALONG] = {"{}已与他人反映的同一问题合并办理，现已处理完毕。",
                "{} was handled together with what somebody else reported of it, and has been "
                "dealt with."},
        [ENDING_ANSWERED] = {"", ""}, /* by the intent, below */
        [ENDING_WITHDRAWN] = {"{}已按您的要求撤回。", "{} has been withdrawn, as you wished."},
        [ENDING_REFERRED] = {"{}不属于本区办理范围，已转交有权处理的单位。",
                "{} is not for this district to handle and has been passed on to who is "
                "responsible. "},
};

static const struct say answers[INTENT_COUNT] = {
        [INTENT_REPORT] = {"{}，现答复如下：", "{}: this is the answer. "},
        [INTENT_URGE] = {"{}，现答复如下：", "{}: this is the answer. "},
        [INTENT_INQUIRY] = {"{}，现答复如下：", "{}: this is the answer. "},
        [INTENT_COMPLAINT] = {"{}，现答复如下：", "{}: this is the answer. "},
        [INTENT_SUGGESTION] = {"{}已经收到，现答复如下：",
                "{} has been received, and this is the answer. "},
        [INTENT_PRAISE] = {"{}已经转达，谢谢您。现回复如下：",
                "{} has been passed on; thank you. This is the reply. "},
};

/* Bytes of the character at `text`, which is valid UTF-8. */
static size_t character_size(const char *text)
{
    size_t size = 1;
    while (((unsigned char)text[size] & 0xc0) == 0x80)
        size++;
    return size;
}

static bool is_control(const char *text)
{
    unsigned char first = (unsigned char)*text, second = (unsigned char)text[1];
    if (first == '\n' || first == '\t')
        return false;
    return first < 0x20 || first == 0x7f || (first == 0xc2 && second < 0xa0);
}

/* As much of it as there is room for. */
static void said_add(struct buf *out, const char *said, size_t from)
{
    size_t room = SAY_LENGTH_MAX - text_length(out->data + from, out->size - from);
    for (; *said && room > 0; said += character_size(said)) {
        if (is_control(said))
            continue;
        buf_add(out, said, character_size(said));
        room--;
    }
}

static void sentence_add(
        struct buf *out, const char *pattern, const char *subject, const char *said)
{
    size_t from = out->size;
    const char *rest = strncmp(pattern, "{}", 2) == 0 ? pattern + 2 : pattern;
    if (rest != pattern)
        buf_add_text(out, subject);
    buf_add_text(out, rest);
    said_add(out, said, from);
}

void ending_say(
        enum intent intent, enum ending ending, const char *said, struct buf *zh, struct buf *en)
{
    must(intent < INTENT_COUNT && ending <= ENDING_REFERRED);
    const struct say *say = ending == ENDING_ANSWERED ? &answers[intent] : &endings[ending];
    bool quoted = ending == ENDING_ANSWERED || ending == ENDING_REFERRED;
    sentence_add(zh, say->zh, intent_subject(intent, false), quoted ? said : "");
    sentence_add(en, say->en, intent_subject(intent, true), quoted ? said : "");
}
