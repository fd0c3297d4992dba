/* The wire format's end. What can be checked without state is checked here: sizes, UTF-8, ranges; a
 * refusal names the field and its limit. To add a field: the .proto file, the struct in
 * enforcement.h, one line here, one in codec_test.c. */
#include "services/enforcement/codec.h"
#include <assert.h>
#include <string.h>
#include "proto/enforcement.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/kernel/base/evidence_text.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"

#define SAME(ours, theirs) static_assert((int)(ours) == (int)(theirs), #ours " differs")
SAME(MESSAGE_REQUESTED, HUYING__ROUTING__TYPE__MISSION_REQUESTED);
SAME(MESSAGE_CANCELLED, HUYING__ROUTING__TYPE__MISSION_CANCELLED);
SAME(MESSAGE_PROGRESS, HUYING__ENFORCEMENT__TYPE__MISSION_PROGRESS);
SAME(COMMAND_ACCEPT, HUYING__ENFORCEMENT__TYPE__ACCEPT);
SAME(COMMAND_ARRIVE, HUYING__ENFORCEMENT__TYPE__ARRIVE);
SAME(COMMAND_DONE, HUYING__ENFORCEMENT__TYPE__DONE);
SAME(QUERY_MISSIONS, HUYING__ENFORCEMENT__TYPE__MISSIONS);
SAME(MISSION_WAITING, HUYING__ENFORCEMENT__STAGE__WAITING);
SAME(MISSION_ASSIGNED, HUYING__ENFORCEMENT__STAGE__ASSIGNED);
SAME(MISSION_ACCEPTED, HUYING__ENFORCEMENT__STAGE__ACCEPTED);
SAME(MISSION_ON_SCENE, HUYING__ENFORCEMENT__STAGE__ON_SCENE);
SAME(MISSION_DONE, HUYING__ENFORCEMENT__STAGE__FINISHED);
SAME(MISSION_CANCELLED, HUYING__ENFORCEMENT__STAGE__CANCELLED);

static enum err refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return ERR_MALFORMED;
}

enum err request_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Routing__MissionRequested *message =
            message_open(&huying__routing__mission_requested__descriptor, payload, arena);
    if (message == NULL)
        return refuse(ret_why, "payload: not a message of this type");
    *ret_why = NULL;
    if (message->unit <= 0)
        *ret_why = "unit: expected the id of the unit where the case is placed";
    else if (message->street < 0 || message->due_ms < 0)
        *ret_why = "street, due_ms: expected 0 or more";
    else if (!text_fits(message->capability, CAPABILITY_SIZE - 1))
        *ret_why = "capability: expected UTF-8 of at most 63 bytes";
    else if (!text_fits(message->matter, MATTER_CODE_SIZE_MAX))
        *ret_why = "matter: expected UTF-8 of at most 64 bytes";
    else if (!text_fits(message->source_ref, SOURCE_REF_SIZE - 1))
        *ret_why = "source_ref: expected UTF-8 of at most 128 bytes";
    else if (!text_fits(message->summary, SUMMARY_SIZE_MAX))
        *ret_why = "summary: expected UTF-8 of at most 8192 bytes";
    if (*ret_why != NULL)
        return ERR_MALFORMED;
    struct mission_request *body = arena_get(arena, sizeof(*body));
    *body = (struct mission_request){.unit = message->unit,
            .street = message->street,
            .due_ms = message->due_ms,
            .matter = message->matter,
            .capability = message->capability,
            .summary = message->summary,
            .source_ref = message->source_ref};
    *ret_body = body;
    return OK;
}

enum err cancel_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Routing__MissionCancelled *message =
            message_open(&huying__routing__mission_cancelled__descriptor, payload, arena);
    if (message == NULL)
        return refuse(ret_why, "payload: not a message of this type");
    if (!text_short(message->reason, TEXT_LENGTH_MAX)) {
        *ret_why = "reason: expected UTF-8 of at most 2000 characters";
        return ERR_MALFORMED;
    }
    struct mission_cancel *body = arena_get(arena, sizeof(*body));
    body->reason = message->reason;
    *ret_body = body;
    return OK;
}

static bool evidence_take(const Huying__Enforcement__Act *message, struct mission_act *body)
{
    for (size_t i = 0; i < message->n_evidence; i++) {
        const Huying__Enforcement__Evidence *item = message->evidence[i];
        if (!evidence_add(body->evidence, &body->evidence_count, item->kind, item->count))
            return false;
    }
    return true;
}

enum err act_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Enforcement__Act *message =
            message_open(&huying__enforcement__act__descriptor, payload, arena);
    if (message == NULL)
        return refuse(ret_why, "payload: not a message of this type");
    *ret_why = NULL;
    if (message->version < 0)
        *ret_why = "version: expected the version that you read, or 0 for any";
    else if (!text_short(message->text, TEXT_LENGTH_MAX))
        *ret_why = "text: expected UTF-8 of at most 2000 characters";
    struct mission_act *body = arena_get(arena, sizeof(*body));
    *body = (struct mission_act){.version = message->version, .text = message->text};
    if (*ret_why == NULL && !evidence_take(message, body))
        *ret_why = evidence_why;
    if (*ret_why != NULL)
        return ERR_MALFORMED;
    *ret_body = body;
    return OK;
}

static const char *input_text(const struct input *input)
{
    if (input->kind == INPUT_COMMAND)
        return ((const struct mission_act *)input->body)->text;
    if (input->kind == INPUT_MESSAGE && input->type == MESSAGE_CANCELLED)
        return ((const struct mission_cancel *)input->body)->reason;
    return "";
}

void progress_encode(const void *next,
        const struct input *input,
        const struct world *world,
        const struct send *send,
        struct buf *out)
{
    const struct mission *mission = next;
    Huying__Enforcement__MissionProgress message;
    (void)world;
    must(send->arg > MISSION_NONE && send->arg < MISSION_STATE_COUNT);
    huying__enforcement__mission_progress__init(&message);
    message.stage = (Huying__Enforcement__Stage)send->arg;
    message.squad = send->arg == MISSION_WAITING ? 0 : mission->squad;
    message.at_ms = input->now_ms;
    message.actor = text_lend(input->kind == INPUT_COMMAND ? input->actor : "");
    message.text = text_lend(input_text(input));
    message_add(&message.base, out);
}

void mission_detail(
        const void *next, const struct input *input, const struct step *step, struct buf *out)
{
    (void)next;
    (void)step;
    buf_add_text(out, input_text(input));
    if (input->kind == INPUT_COMMAND && input->type == COMMAND_DONE) {
        const struct mission_act *body = input->body;
        evidence_note(body->evidence, body->evidence_count, out);
    }
}

static void item_fill(Huying__Enforcement__Mission *item,
        const struct mission *mission,
        const struct directory *directory)
{
    static const char *const names[] = {
#define X(name, number, text) [number] = (text),
            MISSION_STATES(X)
#undef X
    };
    const struct matter *matter = matter_find(directory, mission->matter);
    huying__enforcement__mission__init(item);
    item->id = mission->agg.id;
    item->source_ref = text_lend(mission->source_ref);
    item->state = text_lend(names[mission->state]);
    item->squad = mission->squad;
    item->due_ms = mission->due_ms;
    item->version = mission->agg.ver;
    item->unit = mission->unit;
    item->summary = text_lend(mission->summary);
    item->matter = text_lend(matter == NULL ? "" : matter->code);
}

void mission_answer(const void *next,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct buf *out)
{
    const struct mission *mission = next;
    Huying__Enforcement__Mission item;
    (void)input;
    bool stranger = outcome->verdict == VERDICT_REFUSED && outcome->reason == REASON_NOT_YOUR_SQUAD;
    if (outcome->verdict == VERDICT_NOT_FOUND || stranger)
        return;
    item_fill(&item, mission, world->directory);
    message_add(&item.base, out);
}

static int32_t state_parse(const char *name)
{
#define X(id, number, text)                                                                        \
    if (strcmp(name, (text)) == 0)                                                                 \
        return number;
    MISSION_STATES(X)
#undef X
    return -1;
}

enum err missions_query_decode(
        struct bytes payload, struct arena *arena, struct missions_query *ret, const char **ret_why)
{
    const Huying__Enforcement__MissionsQuery *message =
            message_open(&huying__enforcement__missions_query__descriptor, payload, arena);
    if (message == NULL)
        return refuse(ret_why, "payload: not a message of this type");
    int32_t state = message->state[0] == 0 ? MISSION_NONE : state_parse(message->state);
    *ret_why = NULL;
    if (message->squad < 0 || message->after < 0)
        *ret_why = "squad, after: expected an id, or 0 for all";
    else if (state < 0 || (state == MISSION_NONE && message->state[0] != 0))
        *ret_why = "state: expected waiting, assigned, accepted, on_scene, done, cancelled, or "
                   "nothing for all open ones";
    else if (message->limit > MISSIONS_LIMIT_MAX)
        *ret_why = "limit: expected 1 to 500, or 0 for 100";
    else if (message->n_source_refs > MISSIONS_LIMIT_MAX)
        *ret_why = "source_refs: expected at most 500";
    for (size_t i = 0; *ret_why == NULL && i < message->n_source_refs; i++) {
        if (!text_fits(message->source_refs[i], SOURCE_REF_SIZE - 1))
            *ret_why = "source_refs: expected UTF-8 of at most 128 bytes each";
    }
    if (*ret_why != NULL)
        return ERR_MALFORMED;
    *ret = (struct missions_query){.squad = message->squad,
            .after = message->after,
            .state = state,
            .limit = message->limit == 0 ? MISSIONS_LIMIT_PRESET : (int32_t)message->limit,
            .source_refs = (const char *const *)message->source_refs,
            .source_ref_count = message->n_source_refs};
    return OK;
}

void missions_encode(const struct mission *missions,
        size_t count,
        const struct directory *directory,
        struct buf *out)
{
    Huying__Enforcement__Mission items[MISSIONS_LIMIT_MAX];
    Huying__Enforcement__Mission *pointers[MISSIONS_LIMIT_MAX];
    Huying__Enforcement__Missions message;
    must(count <= MISSIONS_LIMIT_MAX);
    huying__enforcement__missions__init(&message);
    for (size_t i = 0; i < count; i++) {
        item_fill(&items[i], &missions[i], directory);
        pointers[i] = &items[i];
    }
    message.n_items = count;
    message.items = pointers;
    message_add(&message.base, out);
}
