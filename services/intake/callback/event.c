#include "services/intake/callback/event.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_event.h"
#include "services/kernel/base/pure_text.h"

#define X(number, text, name) _Static_assert(STEP_##name == number, "a step's number");
REPORT_EVENT_TABLE(X)
#undef X

const char *event_word(enum report_step kind)
{
    static const struct {
        enum report_step kind;
        const char *word;
    } table[] = {
#define X(number, text, name) {STEP_##name, text},
            REPORT_EVENT_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].kind == kind)
            return table[i].word;
    return NULL;
}

void event_id(const struct callback_key *key, char ret[EVENT_ID_SIZE])
{
    (void)snprintf(ret, EVENT_ID_SIZE, "msg_%" PRId32 "_%" PRId64 "_%" PRId32, key->subscriber,
            key->agg, key->ver);
}

/* JSON null for what has not happened. */
static json_t *instant_json(int64_t at_ms, int utc_offset_s)
{
    char text[INSTANT_SIZE];
    if (!at_ms)
        return json_null();
    instant_format(text, at_ms, utc_offset_s);
    return json_string(text);
}

static json_t *data_json(const struct callback *callback, const char *number)
{
    char id[24];
    must(callback->state >= REPORT_NONE && callback->state <= REPORT_REFERRED_OUT);
    const char *state = report_state_names[callback->state];
    (void)snprintf(id, sizeof id, "%" PRId64, callback->key.agg);
    return must_memory(json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:o, s:o}", "id",
            id, "number", number, "state", state, "version", (int)callback->key.ver, "round",
            (int)callback->round, "source", callback->source, "ticket", callback->ref, "matter",
            callback->matter, "unit", callback->unit, "accepted_at",
            instant_json(callback->accepted_ms, callback->utc_offset_s), "ended_at",
            instant_json(callback->ended_ms, callback->utc_offset_s)));
}

void event_body(const struct callback *callback, struct buf *out)
{
    char number[CASE_NUMBER_SIZE], id[EVENT_ID_SIZE], source[32], type[64];
    const char *word = event_word(callback->kind);
    event_id(&callback->key, id);
    case_number_format(number, callback->letters, callback->key.agg, callback->accepted_ms,
            callback->utc_offset_s);
    (void)snprintf(source, sizeof source, "urn:huying:site:%.8s", callback->letters);
    (void)snprintf(type, sizeof type, EVENT_TYPE_PREFIX "%.30s", word ? word : "changed");
    json_t *root = must_memory(json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "specversion",
            "1.0", "id", id, "source", source, "type", type, "subject", number, "time",
            instant_json(callback->at_ms, callback->utc_offset_s), "datacontenttype",
            "application/json", "data", data_json(callback, number)));
    char *text = must_memory(json_dumps(root, JSON_COMPACT));
    buf_add_text(out, text);
    free(text);
    json_decref(root);
}
