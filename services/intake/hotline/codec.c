/* See codec.h. protobuf-c's structs have char pointers that are not const, though packing only
 * reads them: text_lend() is the one place that knows. */
#include "services/intake/hotline/codec.h"
#include <protobuf-c/protobuf-c.h>
#include <string.h>
#include "proto/hotline.pb-c.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"

/* False when the text is not UTF-8: the caller would be the one to print it. */
static bool text_take(char *to, size_t room, const char *from)
{
    size_t size = strlen(from);
    (void)text_copy(to, room, from, size);
    return text_valid(from, size);
}

#define TAKE(to, from) text_take((to), sizeof(to), (from))

static void caller_fill(Huying__Hotline__Reporter *message, const struct hotline_caller *caller)
{
    huying__hotline__reporter__init(message);
    message->name = text_lend(caller->name);
    message->phone = text_lend(caller->phone);
    message->email = text_lend(caller->email);
    message->address = text_lend(caller->address);
    message->id_number = text_lend(caller->id_number);
    message->device_id = text_lend(caller->device_id);
    message->account_id = text_lend(caller->account_id);
    message->confidential = caller->confidential;
}

void hotline_report_encode(const struct hotline_report *report, struct buf *out)
{
    must(report->unit_code_count <= HOTLINE_UNIT_CODES_MAX);
    must(report->evidence_count <= HOTLINE_EVIDENCE_MAX);
    must(report->photo_count <= HOTLINE_PHOTOS_MAX);
    char *codes[HOTLINE_UNIT_CODES_MAX];
    for (size_t i = 0; i < report->unit_code_count; i++)
        codes[i] = text_lend(report->unit_codes[i]);
    Huying__Hotline__Report message = HUYING__HOTLINE__REPORT__INIT;
    message.ticket = text_lend(report->ticket);
    message.matter = text_lend(report->matter);
    message.text = text_lend(report->text);
    message.longitude = report->longitude;
    message.latitude = report->latitude;
    message.coordinates = (Huying__Hotline__Coordinates)report->coordinates;
    message.unit_codes = codes;
    message.n_unit_codes = report->unit_code_count;
    message.reported_at_ms = report->reported_ms;
    message.promised_at_ms = report->promised_ms;
    message.intent = (Huying__Hotline__Intent)report->intent;
    message.about = text_lend(report->about);
    message.join = text_lend(report->join);
    message.settled = report->settled;
    message.wants_progress = report->wants_progress;
    message.to = text_lend(report->to);
    Huying__Hotline__Evidence items[HOTLINE_EVIDENCE_MAX];
    Huying__Hotline__Evidence *pointers[HOTLINE_EVIDENCE_MAX];
    for (size_t i = 0; i < report->evidence_count; i++) {
        huying__hotline__evidence__init(&items[i]);
        items[i].kind = text_lend(report->evidence[i].kind);
        items[i].count = report->evidence[i].count;
        pointers[i] = &items[i];
    }
    message.evidence = pointers;
    message.n_evidence = report->evidence_count;
    ProtobufCBinaryData photos[HOTLINE_PHOTOS_MAX];
    uint8_t hashes[HOTLINE_PHOTOS_MAX][sizeof report->photos[0]];
    memcpy(hashes, report->photos, sizeof hashes);
    for (size_t i = 0; i < report->photo_count; i++)
        photos[i] = (ProtobufCBinaryData){sizeof hashes[i], hashes[i]};
    message.photos = photos;
    message.n_photos = report->photo_count;
    Huying__Hotline__Reporter caller;
    if (report->caller) {
        caller_fill(&caller, report->caller);
        message.caller = &caller;
    }
    message_add(&message.base, out);
}

void hotline_withdraw_encode(const char *ticket, const char *reason, int64_t at_ms, struct buf *out)
{
    Huying__Hotline__Withdraw message = HUYING__HOTLINE__WITHDRAW__INIT;
    message.ticket = text_lend(ticket);
    message.reason = text_lend(reason);
    message.at_ms = at_ms;
    message_add(&message.base, out);
}

void hotline_follow_up_encode(const struct hotline_follow_up *follow_up, struct buf *out)
{
    Huying__Hotline__FollowUp message = HUYING__HOTLINE__FOLLOW_UP__INIT;
    message.ticket = text_lend(follow_up->ticket);
    message.score = follow_up->score;
    message.unsolved = follow_up->unsolved;
    message.text = text_lend(follow_up->text);
    message.at_ms = follow_up->at_ms;
    message_add(&message.base, out);
}

void hotline_correction_encode(const struct hotline_correction *correction, struct buf *out)
{
    Huying__Hotline__Correct message = HUYING__HOTLINE__CORRECT__INIT;
    char *codes[HOTLINE_UNIT_CODES_MAX];
    must(correction->unit_code_count <= HOTLINE_UNIT_CODES_MAX);
    for (size_t i = 0; i < correction->unit_code_count; i++)
        codes[i] = text_lend(correction->unit_codes[i]);
    message.ticket = text_lend(correction->ticket);
    message.text = text_lend(correction->text);
    message.matter = text_lend(correction->matter);
    message.longitude = correction->longitude;
    message.latitude = correction->latitude;
    message.unit_codes = codes;
    message.n_unit_codes = correction->unit_code_count;
    message.at_ms = correction->at_ms;
    message_add(&message.base, out);
}

void hotline_progress_query_encode(int64_t after, uint32_t limit, struct buf *out)
{
    Huying__Hotline__ProgressQuery message = HUYING__HOTLINE__PROGRESS_QUERY__INIT;
    message.after = after;
    message.limit = limit;
    message_add(&message.base, out);
}

void hotline_progress_ack_encode(int64_t case_id, uint32_t version, struct buf *out)
{
    Huying__Hotline__ProgressAck message = HUYING__HOTLINE__PROGRESS_ACK__INIT;
    message.case_id = case_id;
    message.version = version;
    message_add(&message.base, out);
}

void hotline_outcomes_query_encode(int64_t after, uint32_t limit, struct buf *out)
{
    Huying__Hotline__OutcomesQuery message = HUYING__HOTLINE__OUTCOMES_QUERY__INIT;
    message.after = after;
    message.limit = limit;
    message_add(&message.base, out);
}

void hotline_ack_encode(int64_t case_id, uint32_t round, struct buf *out)
{
    Huying__Hotline__OutcomeAck message = HUYING__HOTLINE__OUTCOME_ACK__INIT;
    message.case_id = case_id;
    message.round = round;
    message_add(&message.base, out);
}

void hotline_reconcile_encode(const struct hotline_span *span, uint32_t limit, struct buf *out)
{
    Huying__Hotline__ReconcileQuery message = HUYING__HOTLINE__RECONCILE_QUERY__INIT;
    message.from_ms = span->from_ms;
    message.to_ms = span->to_ms;
    message.first = text_lend(span->first ? span->first : "");
    message.last = text_lend(span->last ? span->last : "");
    message.after = text_lend(span->after ? span->after : "");
    message.limit = limit;
    message_add(&message.base, out);
}

enum err hotline_receipt_decode(
        struct bytes payload, struct arena *arena, struct hotline_receipt *ret)
{
    const void *opened = message_open(&huying__hotline__receipt__descriptor, payload, arena);
    const Huying__Hotline__Receipt *message = opened;
    if (!message || message->result < 1 || message->result > 3)
        return ERR_MALFORMED;
    struct hotline_receipt receipt = {.result = (enum hotline_result)message->result,
            .case_id = message->case_id,
            .unit = message->unit,
            .placed = message->placed,
            .accepted_ms = message->accepted_at_ms};
    bool texts = TAKE(receipt.ticket, message->ticket) && TAKE(receipt.number, message->number) &&
                 TAKE(receipt.reason, message->reason) && TAKE(receipt.text, message->text) &&
                 TAKE(receipt.unit_code, message->unit_code) && TAKE(receipt.level, message->level);
    if (!texts)
        return ERR_MALFORMED;
    *ret = receipt;
    return OK;
}

static bool outcome_fill(const Huying__Hotline__Outcome *message, struct hotline_outcome *ret)
{
    ret->case_id = message->case_id;
    ret->at_ms = message->at_ms;
    ret->round = message->round;
    ret->also_count = message->n_also;
    if (message->n_also > HOTLINE_CALLERS_MAX)
        return false;
    for (size_t i = 0; i < message->n_also; i++)
        if (!TAKE(ret->also[i], message->also[i]))
            return false;
    return TAKE(ret->ticket, message->ticket) && TAKE(ret->number, message->number) &&
           TAKE(ret->outcome, message->outcome) && TAKE(ret->text, message->text);
}

enum err hotline_outcomes_decode(struct bytes payload,
        struct arena *arena,
        struct hotline_outcome *ret,
        size_t room,
        size_t *ret_count)
{
    const void *opened = message_open(&huying__hotline__outcomes__descriptor, payload, arena);
    const Huying__Hotline__Outcomes *message = opened;
    if (!message)
        return ERR_MALFORMED;
    if (message->n_items > room)
        return ERR_LIMIT;
    for (size_t i = 0; i < message->n_items; i++)
        if (!outcome_fill(message->items[i], &ret[i]))
            return ERR_MALFORMED;
    *ret_count = message->n_items;
    return OK;
}

static bool stage_fill(const Huying__Hotline__Stage *message, struct hotline_stage *ret)
{
    ret->version = message->version;
    ret->at_ms = message->at_ms;
    ret->until_ms = message->until_ms;
    return TAKE(ret->stage, message->stage) && TAKE(ret->unit_code, message->unit_code) &&
           TAKE(ret->text, message->text);
}

static bool progress_fill(
        const Huying__Hotline__CaseProgress *message, struct hotline_progress *ret)
{
    ret->case_id = message->case_id;
    ret->stage_count = message->n_stages;
    ret->also_count = message->n_also;
    if (message->n_stages > HOTLINE_STAGES_MAX || message->n_also > HOTLINE_CALLERS_MAX)
        return false;
    for (size_t i = 0; i < message->n_stages; i++)
        if (!stage_fill(message->stages[i], &ret->stages[i]))
            return false;
    for (size_t i = 0; i < message->n_also; i++)
        if (!TAKE(ret->also[i], message->also[i]))
            return false;
    return TAKE(ret->ticket, message->ticket) && TAKE(ret->number, message->number);
}

enum err hotline_progress_decode(struct bytes payload,
        struct arena *arena,
        struct hotline_progress *ret,
        size_t room,
        size_t *ret_count)
{
    const void *opened = message_open(&huying__hotline__progress__descriptor, payload, arena);
    const Huying__Hotline__Progress *message = opened;
    if (!message)
        return ERR_MALFORMED;
    if (message->n_items > room)
        return ERR_LIMIT;
    for (size_t i = 0; i < message->n_items; i++)
        if (!progress_fill(message->items[i], &ret[i]))
            return ERR_MALFORMED;
    *ret_count = message->n_items;
    return OK;
}

static bool record_fill(const Huying__Hotline__Recorded *message, struct hotline_record *ret)
{
    ret->accepted_ms = message->accepted_at_ms;
    return TAKE(ret->ticket, message->ticket) && TAKE(ret->number, message->number);
}

enum err hotline_reconciliation_decode(
        struct bytes payload, struct arena *arena, struct hotline_reconciliation *ret)
{
    const void *opened = message_open(&huying__hotline__reconciliation__descriptor, payload, arena);
    const Huying__Hotline__Reconciliation *message = opened;
    if (!message || message->digest.len != HOTLINE_DIGEST_SIZE)
        return ERR_MALFORMED;
    if (message->n_items > HOTLINE_RECORDED_MAX)
        return ERR_LIMIT;
    ret->tickets = message->tickets;
    ret->cases = message->cases;
    ret->over = message->over;
    ret->item_count = message->n_items;
    memcpy(ret->digest, message->digest.data, HOTLINE_DIGEST_SIZE);
    for (size_t i = 0; i < message->n_items; i++)
        if (!record_fill(message->items[i], &ret->items[i]))
            return ERR_MALFORMED;
    return OK;
}
