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

void hotline_report_encode(const struct hotline_report *report, struct buf *out)
{
    must(report->unit_code_count <= HOTLINE_UNIT_CODES_MAX);
    must(report->evidence_count <= HOTLINE_EVIDENCE_MAX);
    char *codes[HOTLINE_UNIT_CODES_MAX];
    for (size_t i = 0; i < report->unit_code_count; i++)
        codes[i] = text_lend(report->unit_codes[i]);
    Huying__Hotline__Report message = HUYING__HOTLINE__REPORT__INIT;
    message.ticket = text_lend(report->ticket);
    message.matter = text_lend(report->matter);
    message.text = text_lend(report->text);
    message.longitude = report->longitude;
    message.latitude = report->latitude;
    message.unit_codes = codes;
    message.n_unit_codes = report->unit_code_count;
    message.reported_at_ms = report->reported_ms;
    message.promised_at_ms = report->promised_ms;
    message.intent = (Huying__Hotline__Intent)report->intent;
    message.about = text_lend(report->about);
    message.settled = report->settled;
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
            .placed = message->placed};
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
