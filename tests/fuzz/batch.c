/* Batches of envelopes: a refusal has a reason; what is accepted keeps every limit of envelope.h,
 * and written and read again it is the same. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "services/kernel/base/pure_decision.h"
#include "services/kernel/wire/frame.h"

#define ARENA_LIMIT ((size_t)32 << 20)

struct batch {
    uint64_t incarnation;
    struct envelope *envelopes;
    size_t count;
};

static bool bytes_same(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void envelope_claim(const struct envelope *envelope)
{
    must(envelope->agg >= 0 && envelope->deadline_ms >= 0);
    must(envelope->payload.size <= PAYLOAD_SIZE_MAX);
    must(envelope->trace.size == 0 || envelope->trace.size == TRACE_SIZE);
    must(strlen(envelope->request_id) <= REQUEST_ID_MAX && strlen(envelope->actor) < ACTOR_SIZE);
    must(strlen(envelope->text) <= REPLY_TEXT_MAX);
    fuzz_text(envelope->request_id);
    fuzz_text(envelope->actor);
    fuzz_text(envelope->text);
}

static void envelopes_same(const struct envelope *a, const struct envelope *b)
{
    must(a->id == b->id && a->agg == b->agg && a->n == b->n && a->type == b->type);
    must(a->source_site == b->source_site && a->at_ms == b->at_ms);
    must(a->deadline_ms == b->deadline_ms);
    must(a->verdict == b->verdict && a->reason == b->reason);
    must(strcmp(a->request_id, b->request_id) == 0 && strcmp(a->actor, b->actor) == 0);
    must(strcmp(a->text, b->text) == 0);
    must(bytes_same(a->payload, b->payload) && bytes_same(a->trace, b->trace));
}

static void batch_again(const struct batch *first, struct arena *arena)
{
    static struct buf out;
    struct batch again;
    const char *why = NULL;
    batch_begin(&out, first->incarnation);
    for (size_t i = 0; i < first->count; i++)
        batch_add(&out, &first->envelopes[i]);
    must(batch_decode((const uint8_t *)out.data, out.size, arena, &again.incarnation,
                 &again.envelopes, &again.count, &why) == OK);
    must(again.incarnation == first->incarnation && again.count == first->count);
    for (size_t i = 0; i < first->count; i++)
        envelopes_same(&first->envelopes[i], &again.envelopes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct batch batch = {0};
    const char *why = NULL;
    struct arena *arena = fuzz_arena(ARENA_LIMIT);
    enum err err = batch_decode(
            data, size, arena, &batch.incarnation, &batch.envelopes, &batch.count, &why);
    must(err == OK || err == ERR_MALFORMED || err == ERR_LIMIT);
    if (err != OK) {
        must(batch.envelopes == NULL && batch.count == 0);
        fuzz_reason(why);
        return 0;
    }
    must(batch.count <= FRAME_COUNT_MAX);
    for (size_t i = 0; i < batch.count; i++)
        envelope_claim(&batch.envelopes[i]);
    batch_again(&batch, arena);
    return 0;
}
