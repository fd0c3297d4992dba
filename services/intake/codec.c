/* See codec.h. Every payload is opened by codec_open.c, into the batch's arena. */
#include "services/intake/codec.h"
#include <protobuf-c/protobuf-c.h>
#include <string.h>
#include "proto/hotline.pb-c.h"
#include "proto/intake.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/intake/check.h"
#include "services/intake/clean.h"
#include "services/intake/codec_open.h"
#include "services/intake/codec_person.h"
#include "services/intake/decide.h"
#include "services/intake/open311.h"
#include "services/intake/person.h"
#include "services/intake/qr.h"
#include "services/kernel/base/evidence_text.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"

static bool evidence_take(const Huying__Hotline__Report *message, struct submission *body)
{
    for (size_t i = 0; i < message->n_evidence; i++) {
        const Huying__Hotline__Evidence *item = message->evidence[i];
        if (!evidence_add(body->evidence, &body->evidence_count, item->kind, item->count))
            return false;
    }
    return true;
}

void point_resolve(struct submission *body)
{
    if (!body->has_point)
        return;
    struct degrees at = coordinates_resolve(
            (struct degrees){body->longitude, body->latitude}, body->coordinates);
    body->longitude = at.longitude;
    body->latitude = at.latitude;
}

/* Too many are counted and not copied. False: one is no hash. */
static bool photos_take(
        const Huying__Hotline__Report *message, struct submission *body, struct arena *arena)
{
    body->photo_count = message->n_photos;
    if (message->n_photos == 0 || message->n_photos > PHOTOS_MAX)
        return true;
    body->photos = arena_get(arena, message->n_photos * sizeof *body->photos);
    for (size_t i = 0; i < message->n_photos; i++) {
        if (message->photos[i].len != PHOTO_HASH_SIZE)
            return false;
        memcpy(body->photos[i], message->photos[i].data, PHOTO_HASH_SIZE);
    }
    return true;
}

enum err submission_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Hotline__Report *message =
            request_open(&huying__hotline__report__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    struct submission *body = arena_get(arena, sizeof *body);
    *body = (struct submission){.ticket = message->ticket,
            .matter = message->matter,
            .text = message->text,
            .reporter = message->reporter,
            .unit_code_count = message->n_unit_codes,
            .has_point = message->longitude != 0 || message->latitude != 0,
            .longitude = message->longitude,
            .latitude = message->latitude,
            .coordinates = (enum coordinates)message->coordinates,
            .reported_ms = message->reported_at_ms,
            .promised_ms = message->promised_at_ms,
            .intent = (enum intent)message->intent,
            .about = message->about,
            .join = message->join,
            .to = message->to,
            .settled = message->settled,
            .wants_progress = message->wants_progress};
    for (size_t i = 0; i < message->n_unit_codes && i < UNIT_CODES_MAX; i++)
        body->unit_codes[i] = message->unit_codes[i];
    bool evident = evidence_take(message, body);
    struct fault fault = listed_read(message->listed, arena, &body->listed);
    bool shown = photos_take(message, body, arena);
    caller_take(message->caller, body, arena);
    struct submission sent = *body;
    if (!fault.kind)
        fault = submission_tidy(body, arena);
    if (!fault.kind)
        fault = submission_check(body, "ticket");
    if (!fault.kind)
        fault = caller_tidy(body, arena);
    if (!fault.kind && !evident)
        fault = (struct fault){FAULT_EVIDENCE, "evidence", EVIDENCE_TIMES_MAX};
    if (!fault.kind && !shown)
        fault = (struct fault){FAULT_PHOTO, "photos", PHOTO_HASH_SIZE};
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    submission_digest(&sent);
    memcpy(body->digest, sent.digest, DIGEST_SIZE);
    point_resolve(body);
    body->listed = listed_mask(sent.listed, body, arena);
    submission_protect(body, arena);
    body->resolved = arena_get(arena, sizeof *body->resolved);
    *ret_body = body;
    return OK;
}

enum err withdrawal_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Hotline__Withdraw *message =
            request_open(&huying__hotline__withdraw__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    struct withdrawal *body = arena_get(arena, sizeof *body);
    *body = (struct withdrawal){
            .ticket = message->ticket, .reason = message->reason, .at_ms = message->at_ms};
    struct fault fault = withdrawal_tidy(body, arena);
    if (!fault.kind)
        fault = withdrawal_check(body);
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    body->note = words_note(body->ticket, body->reason, arena);
    *ret_body = body;
    return OK;
}

enum err hotline_withdrawal_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const void *opened = NULL;
    enum err err = withdrawal_decode(payload, arena, &opened, ret_why);
    if (err)
        return err;
    const struct withdrawal *body = opened;
    struct fault fault = ticket_check(body->ticket, "ticket");
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    *ret_body = body;
    return OK;
}

enum err follow_up_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Hotline__FollowUp *message =
            request_open(&huying__hotline__follow_up__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    struct follow_up *body = arena_get(arena, sizeof *body);
    *body = (struct follow_up){.ticket = message->ticket,
            .score = message->score,
            .unsolved = message->unsolved,
            .text = message->text,
            .at_ms = message->at_ms};
    struct fault fault = follow_up_tidy(body, arena);
    if (!fault.kind)
        fault = follow_up_check(body);
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    body->note = words_note(body->ticket, body->text, arena);
    *ret_body = body;
    return OK;
}

enum err outcome_ack_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Hotline__OutcomeAck *message =
            request_open(&huying__hotline__outcome_ack__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    const struct fault fault = {FAULT_ID, "case_id", INT64_MAX};
    if (message->case_id <= 0)
        return fault_report(&fault, arena, ret_why);
    struct outcome_ack *body = arena_get(arena, sizeof *body);
    body->case_id = message->case_id;
    body->round = message->round;
    *ret_body = body;
    return OK;
}

enum err case_ended_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Routing__CaseEnded *message =
            request_open(&huying__routing__case_ended__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    bool english = strcmp(intake_language(), "en") == 0;
    struct case_ended *body = arena_get(arena, sizeof *body);
    *body = (struct case_ended){.state = report_state_find(message->outcome),
            .at_ms = message->at_ms,
            .text = english && *message->text_en ? message->text_en : message->text};
    struct fault fault = case_ended_check(body);
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    *ret_body = body;
    return OK;
}

const char *matter_code(const struct directory *directory, int32_t id)
{
    const struct matter *matter = matter_find(directory, id);
    return matter ? matter->code : "";
}

static void number_format(char *ret, const struct report *report, const struct directory *directory)
{
    case_number_format(ret, directory_site_letters(directory), report->base.id, report->accepted_ms,
            directory_utc_offset_s(directory));
}

static const char *level_name(enum level level)
{
    switch (level) {
#define X(name, number, text)                                                                      \
    case name:                                                                                     \
        return text;
        LEVEL_TABLE(X)
#undef X
    }
    return "?";
}

/* The ticket that was asked with, for the receipt; "" = the aggregate was named instead. */
static const char *asked_ticket(const struct input *input)
{
    if (input->type == INTAKE_SEE_PERSON || input->type == INTAKE_FORGET_PERSON ||
            input->type == INTAKE_QR_WITHDRAW || input->type == INTAKE_QR_HELPER ||
            input->type == INTAKE_QR_CARD)
        return "";
    if (input_submits(input) || input->type == INTAKE_QR_MAKE)
        return ((const struct submission *)input->body)->ticket;
    if (input->type == INTAKE_FOLLOW_UP || input->type == HOTLINE_FOLLOW_UP)
        return ((const struct follow_up *)input->body)->ticket;
    if (input->type == INTAKE_CORRECT || input->type == HOTLINE_CORRECT)
        return ((const struct correction *)input->body)->to_be.ticket;
    return ((const struct withdrawal *)input->body)->ticket;
}

/* When the ticket of a report was accepted, the same in every receipt for it. 0: it is another
 * command. */
static int64_t ticket_accepted(const struct report *report, const struct input *input)
{
    if (!input_submits(input))
        return 0;
    const struct submission *submission = input->body;
    if (strcmp(report->ref, submission->ticket) == 0 && strcmp(report->source, input->peer) == 0)
        return report->accepted_ms;
    for (int32_t i = 0; i < report->course.caller_count; i++) {
        const struct caller *caller = &report->course.callers[i];
        if (caller->moved_ms && strcmp(caller->ref, submission->ticket) == 0 &&
                strcmp(*caller->source ? caller->source : report->source, input->peer) == 0)
            return caller->moved_ms;
    }
    return submission->resolved->at_ms;
}

static void refusal_fill(Huying__Hotline__Receipt *message,
        const struct input *input,
        const struct outcome *outcome,
        struct buf *text)
{
    uint32_t reason = outcome->verdict == VERDICT_NOT_FOUND ? REASON_NOT_FOUND : outcome->reason;
    message->result = HUYING__HOTLINE__RESULT__REFUSED;
    message->ticket = text_lend(asked_ticket(input));
    message->reason = text_lend(report_reason_names[reason]);
    buf_add_text(text, report_reason_text(reason, intake_language()));
    if (reason == REASON_UNKNOWN_MATTER) {
        bool corrects = input->type == INTAKE_CORRECT || input->type == HOTLINE_CORRECT;
        const struct submission *submission =
                corrects ? &((const struct correction *)input->body)->to_be : input->body;
        buf_add_format(text, " (matter: %s)", submission->matter);
    }
    if (reason == REASON_EVIDENCE)
        evidence_name(outcome->refused_about, intake_language(), text);
    message->text = text->data;
}

void report_answer(const void *next,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct buf *out)
{
    const struct report *report = next;
    if (input->type == INTAKE_OUTCOME_ACK || input->type == HOTLINE_OUTCOME_ACK ||
            input->type == HOTLINE_PROGRESS_ACK)
        return;
    if (person_answer(report, input, outcome, world, out))
        return;
    if (qr_answer(report, input, outcome, out))
        return;
    Huying__Hotline__Receipt message = HUYING__HOTLINE__RECEIPT__INIT;
    BUF_OWNED text = {0};
    char number[CASE_NUMBER_SIZE];
    if (outcome->verdict != VERDICT_APPLIED && outcome->verdict != VERDICT_DUPLICATE) {
        refusal_fill(&message, input, outcome, &text);
        message_add(&message.base, out);
        return;
    }
    number_format(number, report, world->directory);
    bool joined = outcome->step_count && outcome->steps[0].kind == STEP_JOIN;
    message.result = outcome->verdict == VERDICT_APPLIED && !joined
                             ? HUYING__HOTLINE__RESULT__ACCEPTED
                             : HUYING__HOTLINE__RESULT__DUPLICATE;
    message.ticket = text_lend(*asked_ticket(input) ? asked_ticket(input) : report->ref);
    message.case_id = report->base.id;
    message.number = number;
    message.unit = report->unit;
    message.placed = (uint32_t)report->placed;
    message.accepted_at_ms = ticket_accepted(report, input);
    const struct unit *unit = unit_find(world->directory, report->unit);
    if (unit) {
        message.unit_code = text_lend(unit->code);
        message.level = text_lend(level_name(unit->level));
    }
    message_add(&message.base, out);
}

enum err outcomes_query_decode(
        struct bytes payload, struct arena *arena, struct outcomes_query *ret, const char **ret_why)
{
    const Huying__Hotline__OutcomesQuery *message =
            request_open(&huying__hotline__outcomes_query__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    const struct fault bad_limit = {FAULT_COUNT, "limit", OUTCOMES_MAX};
    const struct fault bad_after = {FAULT_ID, "after", INT64_MAX};
    if (message->limit < 1 || message->limit > OUTCOMES_MAX)
        return fault_report(&bad_limit, arena, ret_why);
    if (message->after < 0)
        return fault_report(&bad_after, arena, ret_why);
    *ret = (struct outcomes_query){message->after, message->limit};
    return OK;
}

enum err reconcile_query_decode(struct bytes payload,
        struct arena *arena,
        struct reconcile_query *ret,
        const char **ret_why)
{
    const Huying__Hotline__ReconcileQuery *message =
            request_open(&huying__hotline__reconcile_query__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    const struct reconcile_query query = {.from_ms = message->from_ms,
            .to_ms = message->to_ms,
            .first = message->first,
            .last = message->last,
            .after = message->after,
            .limit = message->limit};
    struct fault fault = reconcile_check(&query);
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    *ret = query;
    return OK;
}

enum err report_query_decode(struct bytes payload,
        const struct directory *directory,
        struct arena *arena,
        int64_t *ret_id,
        const char **ret_why)
{
    const Huying__Intake__ReportQuery *message =
            request_open(&huying__intake__report_query__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    const struct fault fault = {FAULT_ID, "id", INT64_MAX};
    if (message->id < 0 || (message->id == 0 && !*message->number))
        return fault_report(&fault, arena, ret_why);
    if (message->id || !directory)
        *ret_id = message->id;
    else
        *ret_id = case_number_parse(
                message->number, directory_site_letters(directory), directory_site(directory));
    return OK;
}

void report_query_encode(int64_t id, const char *number, struct buf *out)
{
    Huying__Intake__ReportQuery message = HUYING__INTAKE__REPORT_QUERY__INIT;
    message.id = id;
    message.number = text_lend(number);
    message_add(&message.base, out);
}

/* The tickets of that source on a report, borrowed from it: the first of them, and who else is
 * told. */
static void tickets_fill(Huying__Hotline__Outcome *item,
        const struct report *report,
        const char *source,
        char **tickets)
{
    bool own = strcmp(report->source, source) == 0;
    item->ticket = text_lend(own ? report->ref : "");
    item->also = tickets;
    for (int i = 0; i < report->course.caller_count; i++) {
        const struct caller *caller = &report->course.callers[i];
        if (strcmp(*caller->source ? caller->source : report->source, source) != 0)
            continue;
        if (*item->ticket)
            tickets[item->n_also++] = text_lend(caller->ref);
        else
            item->ticket = text_lend(caller->ref);
    }
}

void outcomes_encode(const struct report *reports,
        size_t count,
        const char *source,
        const struct directory *directory,
        struct buf *out)
{
    static _Thread_local Huying__Hotline__Outcome items[OUTCOMES_MAX];
    static _Thread_local char numbers[OUTCOMES_MAX][CASE_NUMBER_SIZE];
    static _Thread_local Huying__Hotline__Outcome *pointers[OUTCOMES_MAX];
    static _Thread_local char *also[OUTCOMES_MAX][CALLERS_MAX];
    must(count <= OUTCOMES_MAX);
    for (size_t i = 0; i < count; i++) {
        huying__hotline__outcome__init(&items[i]);
        number_format(numbers[i], &reports[i], directory);
        items[i].case_id = reports[i].base.id;
        items[i].number = numbers[i];
        items[i].outcome = text_lend(report_state_names[reports[i].state]);
        items[i].at_ms = reports[i].ended_ms;
        items[i].text = text_lend(reports[i].outcome_text);
        items[i].round = (uint32_t)reports[i].course.round;
        tickets_fill(&items[i], &reports[i], source, also[i]);
        pointers[i] = &items[i];
    }
    Huying__Hotline__Outcomes message = HUYING__HOTLINE__OUTCOMES__INIT;
    message.n_items = count;
    message.items = pointers;
    message_add(&message.base, out);
}

static bool step_is_shown(int64_t kind)
{
    return kind == STEP_REOPEN ||
           (kind > STEP_NONE && kind <= STEP_JOIN && kind != STEP_OUTCOME_TAKEN);
}

/* The report's part of a view. */
static void view_add(const struct report *report,
        Huying__Intake__ReportView *message,
        const struct directory *directory,
        struct buf *out)
{
    char number[CASE_NUMBER_SIZE];
    number_format(number, report, directory);
    message->id = report->base.id;
    message->number = number;
    message->state = text_lend(report_state_names[report->state]);
    message->source = text_lend(report->source);
    message->source_ref = text_lend(report->ref);
    message->matter = text_lend(matter_code(directory, report->matter));
    message->unit = report->unit;
    message->placed = (uint32_t)report->placed;
    message->accepted_at_ms = report->accepted_ms;
    message->promised_at_ms = report->promised_ms;
    message->ended_at_ms = report->ended_ms;
    message->outcome = text_lend(report->outcome_text);
    const struct report_course *course = &report->course;
    message->intent = text_lend(intent_word(course->intent));
    message->reported = 1 + (uint32_t)course->joined;
    message->urged = (uint32_t)(course->caller_count - course->joined);
    message->round = (uint32_t)course->round;
    message->followed_up = course->round > 0 && course->followed == course->round;
    Huying__Intake__Guest guests[CALLERS_MAX], *guest_pointers[CALLERS_MAX];
    message->guests = guest_pointers;
    for (int i = 0; i < course->caller_count; i++) {
        if (!*course->callers[i].source)
            continue;
        Huying__Intake__Guest *guest = &guests[message->n_guests];
        huying__intake__guest__init(guest);
        guest->source = text_lend(course->callers[i].source);
        guest->ticket = text_lend(course->callers[i].ref);
        guest_pointers[message->n_guests++] = guest;
    }
    message_add(&message->base, out);
}

void report_follow_encode(const struct report *report,
        const struct past_step *steps,
        size_t count,
        const struct directory *directory,
        struct buf *out)
{
    Huying__Intake__ReportStep items[FOLLOW_STEPS_MAX], *pointers[FOLLOW_STEPS_MAX];
    must(count <= FOLLOW_STEPS_MAX);
    Huying__Intake__ReportView message = HUYING__INTAKE__REPORT_VIEW__INIT;
    message.steps = pointers;
    for (size_t i = 0; i < count; i++) {
        if (!step_is_shown(steps[i].kind))
            continue;
        Huying__Intake__ReportStep *item = &items[message.n_steps];
        huying__intake__report_step__init(item);
        item->step = text_lend(report_step_names[steps[i].kind]);
        item->at_ms = steps[i].at_ms;
        pointers[message.n_steps++] = item;
    }
    view_add(report, &message, directory, out);
}

void report_view_encode(const struct report *report,
        const struct buf *cards,
        size_t card_count,
        const struct directory *directory,
        struct buf *out)
{
    char *texts[PERSONS_MAX];
    must(card_count <= PERSONS_MAX);
    Huying__Intake__ReportView message = HUYING__INTAKE__REPORT_VIEW__INIT;
    for (size_t i = 0; i < card_count; i++)
        texts[i] = cards[i].data;
    message.cards = texts;
    message.n_cards = card_count;
    view_add(report, &message, directory, out);
}
static bool view_is_text(const Huying__Intake__ReportView *message)
{
    const char *const texts[] = {message->number, message->state, message->source,
            message->source_ref, message->matter, message->outcome, message->intent};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!text_valid(texts[i], strlen(texts[i])))
            return false;
    for (size_t i = 0; i < message->n_steps; i++)
        if (!text_valid(message->steps[i]->step, strlen(message->steps[i]->step)))
            return false;
    for (size_t i = 0; i < message->n_guests; i++)
        if (!text_valid(message->guests[i]->source, strlen(message->guests[i]->source)) ||
                !text_valid(message->guests[i]->ticket, strlen(message->guests[i]->ticket)))
            return false;
    for (size_t i = 0; i < message->n_cards; i++)
        if (!text_valid(message->cards[i], strlen(message->cards[i])))
            return false;
    return true;
}

enum err report_view_decode(struct bytes payload, struct arena *arena, struct report_view *ret)
{
    const char *why;
    if (!payload.size)
        return ERR_NOT_FOUND;
    const Huying__Intake__ReportView *message =
            request_open(&huying__intake__report_view__descriptor, payload, arena, &why);
    if (!message || !view_is_text(message))
        return ERR_MALFORMED;
    struct view_step *steps = arena_array(arena, struct view_step, message->n_steps + 1);
    for (size_t i = 0; i < message->n_steps; i++)
        steps[i] = (struct view_step){message->steps[i]->step, message->steps[i]->at_ms};
    struct view_guest *guests = arena_array(arena, struct view_guest, message->n_guests + 1);
    for (size_t i = 0; i < message->n_guests; i++)
        guests[i] = (struct view_guest){message->guests[i]->source, message->guests[i]->ticket};
    *ret = (struct report_view){.id = message->id,
            .unit = message->unit,
            .number = message->number,
            .state = message->state,
            .source = message->source,
            .source_ref = message->source_ref,
            .matter = message->matter,
            .outcome = message->outcome,
            .intent = message->intent,
            .placed = (enum placed)message->placed,
            .accepted_ms = message->accepted_at_ms,
            .promised_ms = message->promised_at_ms,
            .ended_ms = message->ended_at_ms,
            .reported = message->reported,
            .urged = message->urged,
            .round = message->round,
            .followed_up = message->followed_up,
            .steps = steps,
            .step_count = message->n_steps,
            .guests = guests,
            .guest_count = message->n_guests,
            .cards = message->cards,
            .card_count = message->n_cards};
    return OK;
}

bool report_view_own(struct report_view *view, const char *source)
{
    if (strcmp(view->source, source) == 0)
        return true;
    for (size_t i = 0; i < view->guest_count; i++) {
        if (strcmp(view->guests[i].source, source) != 0)
            continue;
        view->source = view->guests[i].source;
        view->source_ref = view->guests[i].ticket;
        return true;
    }
    return false;
}
