/* Protobuf to plain structs and back for messages and commands; queries are in codec_query.c.
 * Every payload passes proto_check() before protobuf-c sees it, is unpacked into the batch's
 * arena, and its fields are checked against the limits in routing.h. To add a message: its
 * number in routing.h, its _Static_assert here, a decoder or a branch of routing_encode(), a row
 * in ops.c. */
#include "services/routing/codec.h"

#include <inttypes.h>
#include <string.h>

#include "proto/enforcement.pb-c.h"
#include "proto/intake.pb-c.h"
#include "proto/routing.pb-c.h"
#include "proto/volunteer.pb-c.h"
#include "services/kernel/base/evidence_text.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_stage.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"
#include "services/routing/codec_item.h"
#include "services/routing/decide.h"
#include "services/routing/decide_parts.h"
#include "services/routing/say.h"

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), "number of " #ours)
SAME(TYPE_CASE_REPORTED, HUYING__INTAKE__TYPE__CASE_REPORTED);
SAME(TYPE_CASE_WITHDRAWN, HUYING__INTAKE__TYPE__CASE_WITHDRAWN);
SAME(TYPE_CASE_URGED, HUYING__INTAKE__TYPE__CASE_URGED);
SAME(TYPE_CASE_FOLLOWED_UP, HUYING__INTAKE__TYPE__CASE_FOLLOWED_UP);
SAME(TYPE_CASE_CORRECTED, HUYING__INTAKE__TYPE__CASE_CORRECTED);
SAME(TYPE_CASE_ENDED, HUYING__ROUTING__TYPE__CASE_ENDED);
SAME(TYPE_CASE_PROGRESSED, HUYING__ROUTING__TYPE__CASE_PROGRESSED);
SAME(TYPE_MISSION_REQUESTED, HUYING__ROUTING__TYPE__MISSION_REQUESTED);
SAME(TYPE_MISSION_CANCELLED, HUYING__ROUTING__TYPE__MISSION_CANCELLED);
SAME(TYPE_NEED_OPENED, HUYING__ROUTING__TYPE__NEED_OPENED);
SAME(TYPE_NEED_CANCELLED, HUYING__ROUTING__TYPE__NEED_CANCELLED);
SAME(TYPE_WORKLIST, HUYING__ROUTING__TYPE__WORKLIST);
SAME(TYPE_CASE, HUYING__ROUTING__TYPE__CASE);
SAME(TYPE_SEARCH, HUYING__ROUTING__TYPE__SEARCH);
SAME(TYPE_SIMILAR, HUYING__ROUTING__TYPE__SIMILAR);
SAME(TYPE_LOAD, HUYING__ROUTING__TYPE__LOAD);
SAME(TYPE_AGENDA, HUYING__ROUTING__TYPE__AGENDA);
SAME(TYPE_MISSION_PROGRESS, HUYING__ENFORCEMENT__TYPE__MISSION_PROGRESS);
SAME(TYPE_NEED_PROGRESS, HUYING__VOLUNTEER__TYPE__NEED_PROGRESS);

static const char *const state_names[] = {
#define X(name, number, text, open) [number] = text,
        CASE_STATE_TABLE(X)
#undef X
};

const char *case_state_name(enum case_state state)
{
    must(state < CASE_STATE_COUNT);
    return state_names[state];
}

enum case_state case_state_find(const char *name)
{
    for (int state = CASE_REGISTERED; state < CASE_STATE_COUNT; state++)
        if (strcmp(state_names[state], name) == 0)
            return (enum case_state)state;
    return CASE_STATE_COUNT;
}

const char *case_level_name(enum level level)
{
    static const char *const names[] = {
#define X(name, number, text) [number] = text,
            LEVEL_TABLE(X)
#undef X
    };
    must(level <= LEVEL_DISTRICT);
    return names[level];
}

const char *case_kind_name(enum handler_kind kind)
{
    static const char *const names[] = {
#define X(name, number, text) [number] = text,
            HANDLER_TABLE(X)
#undef X
    };
    must(kind <= HANDLER_JOINT);
    return names[kind];
}

static enum err refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return ERR_MALFORMED;
}

/* NULL: there are none, too many, or one that is none. */
static uint8_t (*photos_take(
        const ProtobufCBinaryData *list, size_t count, struct arena *arena))[PHOTO_HASH_SIZE]
{
    if (count == 0 || count > PHOTOS_MAX)
        return NULL;
    uint8_t(*photos)[PHOTO_HASH_SIZE] = arena_get(arena, count * sizeof *photos);
    for (size_t i = 0; i < count; i++) {
        if (list[i].len != PHOTO_HASH_SIZE)
            return NULL;
        memcpy(photos[i], list[i].data, PHOTO_HASH_SIZE);
    }
    return photos;
}

/* Valid UTF-8 of at most `length_max` characters. */
enum err case_reported_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Intake__CaseReported *in =
            message_open(&huying__intake__case_reported__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no intake.CaseReported");
    if (!text_fits(in->source, SOURCE_SIZE_MAX))
        return refuse(ret_why, "source: UTF-8 of at most 64 bytes expected");
    if (!text_fits(in->source_ref, SOURCE_REF_SIZE_MAX))
        return refuse(ret_why, "source_ref: UTF-8 of at most 128 bytes expected");
    if (!text_fits(in->matter, MATTER_CODE_SIZE_MAX * 4))
        return refuse(ret_why, "matter: UTF-8 of at most 256 bytes expected");
    if (!text_short(in->summary, SUMMARY_LENGTH_MAX))
        return refuse(ret_why, "summary: UTF-8 of at most 2000 characters expected");
    if (in->unit < 0)
        return refuse(ret_why, "unit: an id or 0 expected");
    if (in->promised_at_ms < 0)
        return refuse(ret_why, "promised_at_ms: an instant after 1970 or 0 expected");
    if (!text_fits(in->reporter, ACTOR_SIZE - 1))
        return refuse(ret_why, "reporter: a staff code of at most 39 bytes, or nothing expected");
    if (in->to < 0)
        return refuse(ret_why, "to: an id or 0 expected");
    if (in->intent >= INTENT_COUNT)
        return refuse(ret_why, "intent: one of the intents of this version expected");
    uint8_t(*photos)[PHOTO_HASH_SIZE] = photos_take(in->photos, in->n_photos, arena);
    if (in->n_photos && !photos)
        return refuse(ret_why, "photos: at most 9 of 32 bytes expected");
    struct case_reported *body = arena_get(arena, sizeof *body);
    *body = (struct case_reported){.source = in->source,
            .source_ref = in->source_ref,
            .matter = in->matter,
            .summary = in->summary,
            .reporter = in->reporter,
            .unit = in->unit,
            .promised_at_ms = in->promised_at_ms,
            .to = in->to,
            .intent = (enum intent)in->intent,
            .wants_progress = in->wants_progress,
            .photos = photos,
            .photo_count = in->n_photos,
            .drill = in->drill,
            .settled = in->settled};
    *ret_body = body;
    return OK;
}

enum err case_withdrawn_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Intake__CaseWithdrawn *in =
            message_open(&huying__intake__case_withdrawn__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no intake.CaseWithdrawn");
    if (!text_short(in->reason, REASON_LENGTH_MAX))
        return refuse(ret_why, "reason: UTF-8 of at most 2000 characters expected");
    struct case_withdrawn *body = arena_get(arena, sizeof *body);
    body->reason = in->reason;
    *ret_body = body;
    return OK;
}

enum err case_urged_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Intake__CaseUrged *in =
            message_open(&huying__intake__case_urged__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no intake.CaseUrged");
    if (!text_short(in->text, ACT_LENGTH_MAX))
        return refuse(ret_why, "text: UTF-8 of at most 2000 characters expected");
    uint8_t(*photos)[PHOTO_HASH_SIZE] = photos_take(in->photos, in->n_photos, arena);
    if (in->n_photos && !photos)
        return refuse(ret_why, "photos: at most 9 of 32 bytes expected");
    struct urged *body = arena_get(arena, sizeof *body);
    *body = (struct urged){.text = in->text,
            .photos = photos,
            .photo_count = in->n_photos,
            .joined = in->joined,
            .wants_progress = in->wants_progress};
    *ret_body = body;
    return OK;
}

enum err case_followed_up_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Intake__CaseFollowedUp *in =
            message_open(&huying__intake__case_followed_up__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no intake.CaseFollowedUp");
    if (in->score > SCORE_MAX)
        return refuse(ret_why, "score: 1 to 5, or 0 for none expected");
    if (!text_short(in->text, ACT_LENGTH_MAX))
        return refuse(ret_why, "text: UTF-8 of at most 2000 characters expected");
    struct followed_up *body = arena_get(arena, sizeof *body);
    *body = (struct followed_up){
            .score = (int)in->score, .unsolved = in->unsolved, .text = in->text};
    *ret_body = body;
    return OK;
}

enum err case_corrected_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Intake__CaseCorrected *in =
            message_open(&huying__intake__case_corrected__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no intake.CaseCorrected");
    if (!text_short(in->text, SUMMARY_LENGTH_MAX))
        return refuse(ret_why, "text: UTF-8 of at most 2000 characters expected");
    if (!text_fits(in->matter, MATTER_CODE_SIZE_MAX * 4))
        return refuse(ret_why, "matter: UTF-8 of at most 256 bytes expected");
    if (!text_fits(in->place, MATTER_CODE_SIZE_MAX * 4))
        return refuse(ret_why, "place: UTF-8 of at most 256 bytes expected");
    struct corrected *body = arena_get(arena, sizeof *body);
    *body = (struct corrected){.text = in->text, .matter = in->matter, .place = in->place};
    *ret_body = body;
    return OK;
}

/* EVENT_NONE for a stage that this version does not know. */
static enum case_event mission_event(Huying__Enforcement__Stage stage)
{
    switch ((int)stage) {
    case HUYING__ENFORCEMENT__STAGE__ASSIGNED:
        return EVENT_SQUAD_ASSIGNED;
    case HUYING__ENFORCEMENT__STAGE__ACCEPTED:
        return EVENT_SQUAD_ACCEPTED;
    case HUYING__ENFORCEMENT__STAGE__ON_SCENE:
        return EVENT_SQUAD_ON_SCENE;
    case HUYING__ENFORCEMENT__STAGE__FINISHED:
        return EVENT_SQUAD_FINISHED;
    case HUYING__ENFORCEMENT__STAGE__WAITING:
    case HUYING__ENFORCEMENT__STAGE__CANCELLED:
        return EVENT_NEWS;
    default:
        return EVENT_NONE;
    }
}

static enum case_event need_event(Huying__Volunteer__Stage stage)
{
    switch ((int)stage) {
    case HUYING__VOLUNTEER__STAGE__CLAIMED:
        return EVENT_NEED_CLAIMED;
    case HUYING__VOLUNTEER__STAGE__FINISHED:
        return EVENT_NEED_FINISHED;
    case HUYING__VOLUNTEER__STAGE__UNCLAIMED:
        return EVENT_NEED_UNCLAIMED;
    case HUYING__VOLUNTEER__STAGE__OFFERED:
    case HUYING__VOLUNTEER__STAGE__CANCELLED:
        return EVENT_NEWS;
    default:
        return EVENT_NONE;
    }
}

static enum err progress_check(const struct progress *body, const char **ret_why)
{
    if (body->event == EVENT_NONE)
        return refuse(ret_why, "stage: one of the stages of this version expected");
    if (body->squad < 0)
        return refuse(ret_why, "squad: an id or 0 expected");
    if (!text_fits(body->actor, ACTOR_SIZE - 1))
        return refuse(ret_why, "actor or volunteer: a staff code of at most 39 bytes expected");
    if (!text_short(body->text, ACT_LENGTH_MAX))
        return refuse(ret_why, "text: UTF-8 of at most 2000 characters expected");
    return OK;
}

enum err mission_progress_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Enforcement__MissionProgress *in =
            message_open(&huying__enforcement__mission_progress__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no enforcement.MissionProgress");
    struct progress *body = arena_get(arena, sizeof *body);
    *body = (struct progress){.event = mission_event(in->stage),
            .squad = in->squad,
            .actor = in->actor,
            .text = in->text};
    *ret_body = body;
    return progress_check(body, ret_why);
}

enum err need_progress_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Volunteer__NeedProgress *in =
            message_open(&huying__volunteer__need_progress__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no volunteer.NeedProgress");
    struct progress *body = arena_get(arena, sizeof *body);
    *body = (struct progress){
            .event = need_event(in->stage), .actor = in->volunteer, .text = in->text};
    *ret_body = body;
    return progress_check(body, ret_why);
}

static enum ending ending_of(const struct routing_case *this, const struct input *input)
{
    if (this->state == CASE_WITHDRAWN)
        return ENDING_WITHDRAWN;
    if (this->state == CASE_REFERRED_OUT)
        return ENDING_REFERRED;
    if (input->kind == INPUT_WORK)
        return ENDING_ALONG;
    bool answered = input->kind == INPUT_COMMAND && input->type == TYPE_HANDLE;
    return answered ? ENDING_ANSWERED : ENDING_CHECKED;
}

static void case_ended_encode(
        const struct routing_case *this, const struct input *input, struct buf *out)
{
    Huying__Routing__CaseEnded message = HUYING__ROUTING__CASE_ENDED__INIT;
    BUF_OWNED zh = {0};
    BUF_OWNED en = {0};
    bool command = input->kind == INPUT_COMMAND;
    const char *said = command ? ((const struct act *)input->body)->text : "";
    ending_say((enum intent)this->course.intent, ending_of(this, input), said, &zh, &en);
    message.outcome = text_lend(case_state_name(this->state));
    message.at_ms = this->ended_at_ms;
    message.text = zh.data;
    message.text_en = en.data;
    message_add(&message.base, out);
}

static void case_progressed_encode(const struct routing_case *this,
        const struct input *input,
        enum stage stage,
        struct buf *out)
{
    Huying__Routing__CaseProgressed message = HUYING__ROUTING__CASE_PROGRESSED__INIT;
    message.stage = (uint32_t)stage;
    message.at_ms = input->now_ms;
    message.unit = stage == STAGE_RETURNED ? this->course.returned_by : this->handler;
    message.until_ms = stage == STAGE_SUSPENDED  ? this->step_due_ms
                       : stage == STAGE_EXTENDED ? this->due_ms
                                                 : 0;
    message_add(&message.base, out);
}

static void mission_encode(const struct routing_case *this,
        const struct case_reported *body,
        const struct directory *directory,
        struct buf *out)
{
    Huying__Routing__MissionRequested message = HUYING__ROUTING__MISSION_REQUESTED__INIT;
    const struct matter *matter = matter_find(directory, this->matter);
    const struct unit *place = unit_find(directory, this->unit);
    const struct unit *street = place ? unit_at_level(directory, place, LEVEL_STREET) : NULL;
    message.unit = this->unit;
    message.street = street ? street->id : 0;
    message.matter = text_lend(body->matter);
    message.capability = text_lend(matter ? matter->squad_capability : "");
    message.due_ms = this->due_ms;
    message.summary = text_lend(body->summary);
    message.source_ref = text_lend(body->source_ref);
    message_add(&message.base, out);
}

static void need_encode(const struct routing_case *this,
        const struct case_reported *body,
        const struct directory *directory,
        struct buf *out)
{
    Huying__Routing__NeedOpened message = HUYING__ROUTING__NEED_OPENED__INIT;
    const struct matter *matter = matter_find(directory, this->matter);
    message.unit = this->unit;
    message.matter = text_lend(body->matter);
    message.skill = text_lend(matter ? matter->squad_capability : "");
    message.due_ms = this->due_ms;
    message.summary = text_lend(body->summary);
    message.source_ref = text_lend(body->source_ref);
    message.offer_until_ms = case_offer_until(this, matter);
    message_add(&message.base, out);
}

void routing_encode(const void *next,
        const struct input *input,
        const struct world *world,
        const struct send *send,
        struct buf *out)
{
    const struct routing_case *this = next;
    switch (send->type) {
    case TYPE_CASE_ENDED:
        case_ended_encode(this, input, out);
        break;
    case TYPE_CASE_PROGRESSED:
        case_progressed_encode(this, input, (enum stage)send->arg, out);
        break;
    case TYPE_MISSION_REQUESTED:
        mission_encode(this, input->body, world->directory, out);
        break;
    case TYPE_NEED_OPENED:
        need_encode(this, input->body, world->directory, out);
        break;
    case TYPE_MISSION_CANCELLED: {
        Huying__Routing__MissionCancelled message = HUYING__ROUTING__MISSION_CANCELLED__INIT;
        message.reason = text_lend(case_state_name(this->state));
        message_add(&message.base, out);
        break;
    }
    case TYPE_NEED_CANCELLED: {
        Huying__Routing__NeedCancelled message = HUYING__ROUTING__NEED_CANCELLED__INIT;
        message.reason = text_lend(case_state_name(this->state));
        message_add(&message.base, out);
        break;
    }
    default:
        must(!"a type that decide() sends");
    }
}

/* The case as it stands, also when the command was refused: then with what would be legal now. */
void routing_answer(const void *next,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct buf *out)
{
    const struct routing_case *this = next;
    struct item_actions actions;
    if (outcome->verdict == VERDICT_NOT_FOUND || this->state == CASE_NONE)
        return;
    Huying__Routing__WorkItem item = HUYING__ROUTING__WORK_ITEM__INIT;
    item_fill(this, world->directory, &item);
    if (outcome->verdict != VERDICT_APPLIED)
        item_actions_fill(this, world->directory, input->actor, input->now_ms, &actions, &item);
    if (input->type == TYPE_WHISTLE && outcome->verdict == VERDICT_APPLIED)
        item.code = (uint32_t)check_in_code(
                this, input->now_ms, directory_utc_offset_s(world->directory));
    message_add(&item.base, out);
}

/* What the person said, and behind it how long he gave, "(90 min)": the deadline that came of it
 * can be counted again. So can one that was reset: it says which version of the matter held before,
 * "(matter 12)". */
static void act_detail(const struct routing_case *this,
        const struct act *act,
        enum case_step kind,
        struct buf *out)
{
    static const enum case_step spans[] = {
            STEP_SUSPEND, STEP_ASK_TIME, STEP_ORDER, STEP_CONVENE, STEP_MEDIATE, STEP_AGREE};
    buf_add_text(out, act->text);
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        if (spans[i] == kind && act->span_ms > 0)
            buf_add_format(out, "%s(%" PRId64 " min)", act->text[0] ? " " : "",
                    act->span_ms / (HOUR_MS / 60));
    if (kind == STEP_RESET_DUE)
        buf_add_format(out, " (matter %" PRId64 ")", this->course.from_matter);
}

/* The newer text, and behind it what else is said: "(matter YH-02, place 440113105210001)". */
static void corrected_detail(const struct corrected *body, struct buf *out)
{
    buf_add_text(out, body->text);
    if (!*body->matter && !*body->place)
        return;
    buf_add_text(out, *body->text ? " (" : "(");
    if (*body->matter)
        buf_add_format(out, "matter %s%s", body->matter, *body->place ? ", " : "");
    if (*body->place)
        buf_add_format(out, "place %s", body->place);
    buf_add_text(out, ")");
}

/* The words, then a line with the name of each photo, by which intake shows it. */
static void shown_detail(
        const char *text, uint8_t (*photos)[PHOTO_HASH_SIZE], size_t count, struct buf *out)
{
    buf_add_text(out, text);
    for (size_t i = 0; i < count; i++) {
        buf_add_text(out, out->size ? "\nphoto " : "photo ");
        for (size_t n = 0; n < PHOTO_HASH_SIZE; n++)
            buf_add_format(out, "%02x", photos[i][n]);
    }
}

/* UTF-8 text: of a registration its summary, of an act its text, of a squad's or volunteer's
 * stage who reported it and what was said. Each text stands behind one step of its decision. */
void routing_detail(
        const void *next, const struct input *input, const struct step *step, struct buf *out)
{
    bool own_text = step->kind != STEP_CLOSE &&
                    (step->kind != STEP_DISPATCH || input->type == TYPE_DISPATCH);
    if (input->kind == INPUT_TIMER || input->kind == INPUT_WORK || !own_text)
        return;
    if (input->kind == INPUT_COMMAND) {
        bool aside = (step->kind == STEP_ACCEPT && input->type != TYPE_ACCEPT) ||
                     step->kind == STEP_SAMPLE || step->kind == STEP_YELLOW;
        const struct act *act = input->body;
        if (step->kind == STEP_MERGE)
            buf_add_format(out, "%" PRId64 ": ", act->other);
        if (!aside)
            act_detail(next, act, (enum case_step)step->kind, out);
        if (!aside && (input->type == TYPE_HANDLE || input->type == TYPE_FINISH_PART))
            evidence_note(act->evidence, act->evidence_count, out);
    } else if (input->type == TYPE_CASE_REPORTED) {
        const struct case_reported *body = input->body;
        shown_detail(body->summary, body->photos, body->photo_count, out);
    } else if (input->type == TYPE_CASE_WITHDRAWN) {
        buf_add_text(out, ((const struct case_withdrawn *)input->body)->reason);
    } else if (input->type == TYPE_CASE_URGED) {
        const struct urged *body = input->body;
        if (step->kind == STEP_URGE || step->kind == STEP_ALSO)
            shown_detail(body->text, body->photos, body->photo_count, out);
    } else if (input->type == TYPE_CASE_CORRECTED) {
        corrected_detail(input->body, out);
    } else if (input->type == TYPE_CASE_FOLLOWED_UP) {
        buf_add_text(out, ((const struct followed_up *)input->body)->text);
    } else {
        const struct progress *progress = input->body;
        const char *between = progress->actor[0] && progress->text[0] ? ": " : "";
        buf_add_format(out, "%s%s%s", progress->actor, between, progress->text);
    }
}
