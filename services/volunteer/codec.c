/* The wire format's end. What can be checked without state is checked here: sizes, UTF-8, ranges; a
 * refusal names the field and its limit. To add a field: the .proto file, the struct in
 * volunteer.h, one line here, one in codec_test.c. */
#include "services/volunteer/codec.h"
#include <assert.h>
#include <string.h>
#include "proto/routing.pb-c.h"
#include "proto/volunteer.pb-c.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"

#define SAME(ours, theirs) static_assert((int)(ours) == (int)(theirs), #ours " differs")
SAME(MESSAGE_OPENED, HUYING__ROUTING__TYPE__NEED_OPENED);
SAME(MESSAGE_CANCELLED, HUYING__ROUTING__TYPE__NEED_CANCELLED);
SAME(MESSAGE_PROGRESS, HUYING__VOLUNTEER__TYPE__NEED_PROGRESS);
SAME(COMMAND_CLAIM, HUYING__VOLUNTEER__TYPE__CLAIM);
SAME(COMMAND_DONE, HUYING__VOLUNTEER__TYPE__DONE);
SAME(QUERY_NEEDS, HUYING__VOLUNTEER__TYPE__NEEDS);
SAME(QUERY_OFFERS, HUYING__VOLUNTEER__TYPE__OFFERS);
SAME(NEED_OFFERED, HUYING__VOLUNTEER__STAGE__OFFERED);
SAME(NEED_CLAIMED, HUYING__VOLUNTEER__STAGE__CLAIMED);
SAME(NEED_DONE, HUYING__VOLUNTEER__STAGE__FINISHED);
SAME(NEED_UNCLAIMED, HUYING__VOLUNTEER__STAGE__UNCLAIMED);
SAME(NEED_CANCELLED, HUYING__VOLUNTEER__STAGE__CANCELLED);

static enum err refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return ERR_MALFORMED;
}

enum err opened_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Routing__NeedOpened *message =
            message_open(&huying__routing__need_opened__descriptor, payload, arena);
    if (message == NULL)
        return refuse(ret_why, "payload: not a message of this type");
    *ret_why = NULL;
    if (message->unit <= 0)
        *ret_why = "unit: expected the id of the unit where the case is placed";
    else if (message->due_ms < 0 || message->offer_until_ms < 0)
        *ret_why = "due_ms, offer_until_ms: expected 0 or more";
    else if (!text_fits(message->skill, SKILL_SIZE - 1))
        *ret_why = "skill: expected UTF-8 of at most 63 bytes";
    else if (!text_fits(message->matter, MATTER_CODE_SIZE_MAX))
        *ret_why = "matter: expected UTF-8 of at most 64 bytes";
    else if (!text_fits(message->source_ref, SOURCE_REF_SIZE - 1))
        *ret_why = "source_ref: expected UTF-8 of at most 128 bytes";
    else if (!text_fits(message->summary, SUMMARY_SIZE_MAX))
        *ret_why = "summary: expected UTF-8 of at most 8192 bytes";
    if (*ret_why != NULL)
        return ERR_MALFORMED;
    struct need_opened *body = arena_get(arena, sizeof(*body));
    *body = (struct need_opened){.unit = message->unit,
            .due_ms = message->due_ms,
            .until_ms = message->offer_until_ms,
            .matter = message->matter,
            .skill = message->skill,
            .summary = message->summary,
            .source_ref = message->source_ref};
    *ret_body = body;
    return OK;
}

enum err cancel_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Routing__NeedCancelled *message =
            message_open(&huying__routing__need_cancelled__descriptor, payload, arena);
    if (message == NULL)
        return refuse(ret_why, "payload: not a message of this type");
    if (!text_short(message->reason, TEXT_LENGTH_MAX)) {
        *ret_why = "reason: expected UTF-8 of at most 2000 characters";
        return ERR_MALFORMED;
    }
    struct need_cancel *body = arena_get(arena, sizeof(*body));
    body->reason = message->reason;
    *ret_body = body;
    return OK;
}

/* CLAIM and DONE have the same body, but for the minutes. */
static enum err act_make(const struct need_act *act,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why)
{
    *ret_why = NULL;
    if (act->version < 0)
        *ret_why = "version: expected the version that you read, or 0 for any";
    else if (!text_short(act->text, TEXT_LENGTH_MAX))
        *ret_why = "text: expected UTF-8 of at most 2000 characters";
    else if (act->minutes < 0 || act->minutes > MINUTES_MAX)
        *ret_why = "minutes: expected 1 to 1440, or 0 for the time since the claim";
    if (*ret_why != NULL)
        return ERR_MALFORMED;
    *ret_body = arena_copy(arena, act, sizeof(*act));
    return OK;
}

enum err claim_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Volunteer__Act *message =
            message_open(&huying__volunteer__act__descriptor, payload, arena);
    if (message == NULL)
        return refuse(ret_why, "payload: not a message of this type");
    const struct need_act act = {.version = message->version, .text = message->text};
    return act_make(&act, arena, ret_body, ret_why);
}

enum err done_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Volunteer__Done *message =
            message_open(&huying__volunteer__done__descriptor, payload, arena);
    if (message == NULL)
        return refuse(ret_why, "payload: not a message of this type");
    const struct need_act act = {message->version, message->minutes, message->text};
    return act_make(&act, arena, ret_body, ret_why);
}

static const char *input_text(const struct input *input)
{
    if (input->kind == INPUT_COMMAND)
        return ((const struct need_act *)input->body)->text;
    if (input->kind == INPUT_MESSAGE && input->type == MESSAGE_CANCELLED)
        return ((const struct need_cancel *)input->body)->reason;
    return "";
}

void progress_encode(const void *next,
        const struct input *input,
        const struct world *world,
        const struct send *send,
        struct buf *out)
{
    const struct need *need = next;
    Huying__Volunteer__NeedProgress message;
    (void)world;
    must(send->arg > NEED_NONE && send->arg < NEED_STATE_COUNT);
    huying__volunteer__need_progress__init(&message);
    message.stage = (Huying__Volunteer__Stage)send->arg;
    message.volunteer = text_lend(need->volunteer);
    message.at_ms = input->now_ms;
    message.minutes = send->arg == NEED_DONE ? need->minutes : 0;
    message.text = text_lend(input_text(input));
    message_add(&message.base, out);
}

void need_detail(
        const void *next, const struct input *input, const struct step *step, struct buf *out)
{
    (void)next;
    (void)step;
    buf_add_text(out, input_text(input));
}

static void item_fill(
        Huying__Volunteer__Need *item, const struct need *need, const struct directory *directory)
{
    static const char *const names[] = {
#define X(name, number, text) [number] = (text),
            NEED_STATES(X)
#undef X
    };
    const struct matter *matter = matter_find(directory, need->matter);
    huying__volunteer__need__init(item);
    item->id = need->agg.id;
    item->source_ref = text_lend(need->source_ref);
    item->state = text_lend(names[need->state]);
    item->volunteer = text_lend(need->volunteer);
    item->due_ms = need->due_ms;
    item->version = need->agg.ver;
    item->unit = need->unit;
    item->skill = text_lend(need->skill);
    item->summary = text_lend(need->summary);
    item->matter = text_lend(matter == NULL ? "" : matter->code);
}

void need_answer(const void *next,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct buf *out)
{
    const struct need *need = next;
    Huying__Volunteer__Need item;
    (void)input;
    bool stranger =
            outcome->verdict == VERDICT_REFUSED && outcome->reason == REASON_NOT_A_VOLUNTEER;
    if (outcome->verdict == VERDICT_NOT_FOUND || stranger)
        return;
    item_fill(&item, need, world->directory);
    message_add(&item.base, out);
}

static int32_t state_parse(const char *name)
{
#define X(id, number, text)                                                                        \
    if (strcmp(name, (text)) == 0)                                                                 \
        return number;
    NEED_STATES(X)
#undef X
    return -1;
}

enum err needs_query_decode(
        struct bytes payload, struct arena *arena, struct needs_query *ret, const char **ret_why)
{
    const Huying__Volunteer__NeedsQuery *message =
            message_open(&huying__volunteer__needs_query__descriptor, payload, arena);
    if (message == NULL)
        return refuse(ret_why, "payload: not a message of this type");
    int32_t state = message->state[0] == 0 ? NEED_NONE : state_parse(message->state);
    *ret_why = NULL;
    if (message->unit < 0 || message->after < 0)
        *ret_why = "unit, after: expected an id, or 0 for all";
    else if (state < 0 || (state == NEED_NONE && message->state[0] != 0))
        *ret_why = "state: expected offered, claimed, done, unclaimed, cancelled, or nothing for "
                   "all open ones";
    else if (message->limit > NEEDS_LIMIT_MAX)
        *ret_why = "limit: expected 1 to 500, or 0 for 100";
    else if (message->n_source_refs > NEEDS_LIMIT_MAX)
        *ret_why = "source_refs: expected at most 500";
    for (size_t i = 0; *ret_why == NULL && i < message->n_source_refs; i++) {
        if (!text_fits(message->source_refs[i], SOURCE_REF_SIZE - 1))
            *ret_why = "source_refs: expected UTF-8 of at most 128 bytes each";
    }
    if (*ret_why != NULL)
        return ERR_MALFORMED;
    *ret = (struct needs_query){.unit = message->unit,
            .after = message->after,
            .state = state,
            .limit = message->limit == 0 ? NEEDS_LIMIT_PRESET : (int32_t)message->limit,
            .source_refs = (const char *const *)message->source_refs,
            .source_ref_count = message->n_source_refs};
    return OK;
}

void needs_encode(
        const struct need *needs, size_t count, const struct directory *directory, struct buf *out)
{
    Huying__Volunteer__Need items[NEEDS_LIMIT_MAX];
    Huying__Volunteer__Need *pointers[NEEDS_LIMIT_MAX];
    Huying__Volunteer__Needs message;
    must(count <= NEEDS_LIMIT_MAX);
    huying__volunteer__needs__init(&message);
    for (size_t i = 0; i < count; i++) {
        item_fill(&items[i], &needs[i], directory);
        pointers[i] = &items[i];
    }
    message.n_items = count;
    message.items = pointers;
    message_add(&message.base, out);
}

enum err offers_query_decode(
        struct bytes payload, struct arena *arena, int64_t *ret_need, const char **ret_why)
{
    const Huying__Volunteer__OffersQuery *message =
            message_open(&huying__volunteer__offers_query__descriptor, payload, arena);
    if (message == NULL)
        return refuse(ret_why, "payload: not a message of this type");
    if (message->need <= 0) {
        *ret_why = "need: expected the id of a need";
        return ERR_MALFORMED;
    }
    *ret_need = message->need;
    return OK;
}

void offers_encode(const struct staff *const *staff, int count, struct buf *out)
{
    Huying__Volunteer__Offer items[OFFERS_MAX];
    Huying__Volunteer__Offer *pointers[OFFERS_MAX];
    Huying__Volunteer__Offers message;
    must(count >= 0 && count <= OFFERS_MAX);
    huying__volunteer__offers__init(&message);
    for (int i = 0; i < count; i++) {
        huying__volunteer__offer__init(&items[i]);
        items[i].volunteer = text_lend(staff[i]->code);
        pointers[i] = &items[i];
    }
    message.n_items = (size_t)count;
    message.items = pointers;
    message_add(&message.base, out);
}
