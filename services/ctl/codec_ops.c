#include "services/ctl/codec_ops.h"

#include <string.h>

#include "proto/ops.pb-c.h"
#include "services/kernel/base/must.h"
#include "services/kernel/wire/message.h"

_Static_assert((int)OPS_DEAD_LETTERS == (int)HUYING__OPS__TYPE__DEAD_LETTERS, "DEAD_LETTERS");
_Static_assert((int)OPS_REPLAY == (int)HUYING__OPS__TYPE__REPLAY, "number of REPLAY");
_Static_assert((int)OPS_SKIP == (int)HUYING__OPS__TYPE__SKIP, "number of SKIP");
_Static_assert((int)OPS_RECOUNT == (int)HUYING__OPS__TYPE__RECOUNT, "number of RECOUNT");

struct bytes letters_query_encode(struct arena *arena, int64_t after)
{
    Huying__Ops__DeadLettersQuery query = HUYING__OPS__DEAD_LETTERS_QUERY__INIT;
    query.after_agg = after;
    query.limit = LETTERS_LIMIT;
    return message_bytes(&query.base, arena);
}

enum err letters_decode(struct bytes payload,
        enum service_id service,
        struct arena *arena,
        struct letter **ret,
        size_t *ret_count)
{
    const Huying__Ops__DeadLetters *in =
            message_open(&huying__ops__dead_letters__descriptor, payload, arena);
    if (in == NULL)
        return ERR_MALFORMED;
    *ret = arena_array(arena, struct letter, in->n_items + 1);
    *ret_count = in->n_items;
    for (size_t i = 0; i < in->n_items; i++) {
        const Huying__Ops__DeadLetter *item = in->items[i];
        (*ret)[i] = (struct letter){.service = service,
                .source = (enum service_id)(item->source < SERVICE_COUNT ? item->source : 0),
                .agg = item->agg,
                .msg_id = item->msg_id,
                .arrived_ms = item->arrived_ms,
                .n = item->n,
                .type = item->type,
                .waiting = item->waiting_behind,
                .attempts = item->attempts,
                .reason = item->reason};
    }
    return OK;
}

struct bytes letter_ref_encode(struct arena *arena, const struct letter *letter, const char *why)
{
    Huying__Ops__LetterRef ref = HUYING__OPS__LETTER_REF__INIT;
    must(strlen(why) <= LETTER_WHY_MAX);
    ref.agg = letter->agg;
    ref.source = letter->source;
    ref.n = letter->n;
    ref.why = arena_text(arena, why, strlen(why));
    return message_bytes(&ref.base, arena);
}
