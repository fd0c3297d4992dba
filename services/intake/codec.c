/* See codec.h. Every payload passes the wire's own check (depth, field count, lengths) before
 * protobuf-c sees it, and unpacks into the batch's arena. protobuf-c ends a text at the first NUL
 * in it and says nothing; texts_are_whole() is what notices. */
#include "services/intake/codec.h"
#include <protobuf-c/protobuf-c.h>
#include <sodium.h>
#include <string.h>
#include "proto/hotline.pb-c.h"
#include "proto/intake.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/intake/check.h"
#include "services/intake/decide.h"
#include "services/kernel/base/evidence_text.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"

/* False when the text of some string field, as unpacked, is shorter than a walk over the payload's
 * top-level fields says: there is a NUL in it. The payload has passed proto_check(). */
static uint64_t varint_read(const uint8_t **at, const uint8_t *end)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            break;
    }
    return value;
}

static size_t field_size(unsigned wire_type, const uint8_t **at, const uint8_t *end)
{
    switch (wire_type) {
    case 0:
        varint_read(at, end);
        return 0;
    case 1:
        return 8;
    case 2:
        return (size_t)varint_read(at, end);
    default:
        return 4;
    }
}

static bool texts_are_whole(const ProtobufCMessageDescriptor *type, struct bytes payload)
{
    const uint8_t *at = payload.data;
    const uint8_t *end = at + payload.size;
    while (at < end) {
        uint64_t key = varint_read(&at, end);
        size_t size = field_size((unsigned)(key & 7), &at, end);
        if (size > (size_t)(end - at))
            return false;
        const ProtobufCFieldDescriptor *field =
                protobuf_c_message_descriptor_get_field(type, (unsigned)(key >> 3));
        if (field && field->type == PROTOBUF_C_TYPE_STRING && memchr(at, 0, size))
            return false;
        at += size;
    }
    return true;
}

static enum err fault_report(const struct fault *fault, struct arena *arena, const char **ret_why)
{
    BUF_OWNED text = {0};
    fault_text(&text, fault, intake_language());
    *ret_why = arena_text(arena, text.data, text.size);
    return ERR_MALFORMED;
}

/* NULL, and `why` says it, when the payload is no message of that type. */
static const void *request_open(const ProtobufCMessageDescriptor *type,
        struct bytes payload,
        struct arena *arena,
        const char **ret_why)
{
    const struct fault broken = {FAULT_PROTO, "body", 0};
    const struct fault nul = {FAULT_UTF8, "body", 0};
    const void *message = message_open(type, payload, arena);
    if (message && texts_are_whole(type, payload))
        return message;
    (void)fault_report(message ? &nul : &broken, arena, ret_why);
    return NULL;
}

static void hash_text(crypto_hash_sha256_state *hash, const char *text)
{
    uint64_t size = strlen(text);
    crypto_hash_sha256_update(hash, (const unsigned char *)&size, sizeof size);
    crypto_hash_sha256_update(hash, (const unsigned char *)text, size);
}

/* Fields that reports did not always have: left out when they say nothing, so that a body of before
 * has the digest of before. */
static void wishes_hash(crypto_hash_sha256_state *hash, const struct submission *submission)
{
    if (submission->intent != INTENT_REPORT) {
        hash_text(hash, "about");
        hash_text(hash, submission->about);
    }
    if (submission->settled)
        hash_text(hash, "settled");
    if (*submission->to) {
        hash_text(hash, "to");
        hash_text(hash, submission->to);
    }
    for (int i = 0; i < submission->evidence_count; i++) {
        const uint8_t pair[2] = {submission->evidence[i].kind, submission->evidence[i].count};
        hash_text(hash, "evidence");
        crypto_hash_sha256_update(hash, pair, sizeof pair);
    }
}

void submission_digest(struct submission *submission)
{
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    hash_text(&hash, submission->ticket);
    hash_text(&hash, submission->matter);
    hash_text(&hash, submission->text);
    hash_text(&hash, submission->reporter);
    uint64_t count = submission->unit_code_count;
    crypto_hash_sha256_update(&hash, (const unsigned char *)&count, sizeof count);
    for (size_t i = 0; i < submission->unit_code_count; i++)
        hash_text(&hash, submission->unit_codes[i]);
    /* -0.0 and 0.0 are one place: adding 0.0 makes them one bit pattern. */
    double point[2] = {submission->longitude + 0.0, submission->latitude + 0.0};
    int64_t instants[2] = {submission->reported_ms, submission->promised_ms};
    crypto_hash_sha256_update(&hash, (const unsigned char *)point, sizeof point);
    crypto_hash_sha256_update(&hash, (const unsigned char *)instants, sizeof instants);
    wishes_hash(&hash, submission);
    crypto_hash_sha256_final(&hash, submission->digest);
}

static bool evidence_take(const Huying__Hotline__Report *message, struct submission *body)
{
    for (size_t i = 0; i < message->n_evidence; i++) {
        const Huying__Hotline__Evidence *item = message->evidence[i];
        if (!evidence_add(body->evidence, &body->evidence_count, item->kind, item->count))
            return false;
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
            .reported_ms = message->reported_at_ms,
            .promised_ms = message->promised_at_ms,
            .intent = (enum intent)message->intent,
            .about = message->about,
            .to = message->to,
            .settled = message->settled};
    for (size_t i = 0; i < message->n_unit_codes && i < UNIT_CODES_MAX; i++)
        body->unit_codes[i] = message->unit_codes[i];
    struct fault fault = submission_check(body, "ticket");
    if (!fault.kind && !evidence_take(message, body))
        fault = (struct fault){FAULT_EVIDENCE, "evidence", EVIDENCE_TIMES_MAX};
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    submission_digest(body);
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
    struct fault fault = withdrawal_check(body);
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
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
    struct fault fault = follow_up_check(body);
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
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
    struct case_ended *body = arena_get(arena, sizeof *body);
    *body = (struct case_ended){.state = report_state_find(message->outcome),
            .at_ms = message->at_ms,
            .text = message->text};
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
    if (input->type == INTAKE_SUBMIT || input->type == HOTLINE_REPORT)
        return ((const struct submission *)input->body)->ticket;
    if (input->type == INTAKE_FOLLOW_UP || input->type == HOTLINE_FOLLOW_UP)
        return ((const struct follow_up *)input->body)->ticket;
    return ((const struct withdrawal *)input->body)->ticket;
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
        const struct submission *submission = input->body;
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
    if (input->type == INTAKE_OUTCOME_ACK || input->type == HOTLINE_OUTCOME_ACK)
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

/* Tickets of all those that stay on a report, borrowed from it. */
static void also_fill(
        Huying__Hotline__Outcome *item, const struct report_course *course, char **tickets)
{
    for (int i = 0; i < course->caller_count; i++)
        tickets[i] = text_lend(course->callers[i].ref);
    item->also = tickets;
    item->n_also = (size_t)course->caller_count;
}

void outcomes_encode(const struct report *reports,
        size_t count,
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
        items[i].ticket = text_lend(reports[i].ref);
        items[i].number = numbers[i];
        items[i].outcome = text_lend(report_state_names[reports[i].state]);
        items[i].at_ms = reports[i].ended_ms;
        items[i].text = text_lend(reports[i].outcome_text);
        items[i].round = (uint32_t)reports[i].course.round;
        also_fill(&items[i], &reports[i].course, also[i]);
        pointers[i] = &items[i];
    }
    Huying__Hotline__Outcomes message = HUYING__HOTLINE__OUTCOMES__INIT;
    message.n_items = count;
    message.items = pointers;
    message_add(&message.base, out);
}

void report_view_encode(
        const struct report *report, const struct directory *directory, struct buf *out)
{
    char number[CASE_NUMBER_SIZE];
    number_format(number, report, directory);
    Huying__Intake__ReportView message = HUYING__INTAKE__REPORT_VIEW__INIT;
    message.id = report->base.id;
    message.number = number;
    message.state = text_lend(report_state_names[report->state]);
    message.source = text_lend(report->source);
    message.source_ref = text_lend(report->ref);
    message.matter = text_lend(matter_code(directory, report->matter));
    message.unit = report->unit;
    message.placed = (uint32_t)report->placed;
    message.accepted_at_ms = report->accepted_ms;
    message.promised_at_ms = report->promised_ms;
    message.ended_at_ms = report->ended_ms;
    message.outcome = text_lend(report->outcome_text);
    message.reported = 1 + (uint32_t)report->course.joined;
    message_add(&message.base, out);
}

static bool view_is_text(const Huying__Intake__ReportView *message)
{
    const char *const texts[] = {message->number, message->state, message->source,
            message->source_ref, message->matter, message->outcome};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!text_valid(texts[i], strlen(texts[i])))
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
    *ret = (struct report_view){.id = message->id,
            .unit = message->unit,
            .number = message->number,
            .state = message->state,
            .source = message->source,
            .source_ref = message->source_ref,
            .matter = message->matter,
            .outcome = message->outcome,
            .placed = (enum placed)message->placed,
            .accepted_ms = message->accepted_at_ms,
            .promised_ms = message->promised_at_ms,
            .ended_ms = message->ended_at_ms,
            .reported = message->reported};
    return OK;
}
