#include "services/ctl/codec_drama.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "proto/enforcement.pb-c.h"
#include "proto/hotline.pb-c.h"
#include "proto/intake.pb-c.h"
#include "services/kernel/wire/message.h"

struct bytes drama_work_encode(struct arena *arena, const struct case_act *order)
{
    Huying__Enforcement__Act act = HUYING__ENFORCEMENT__ACT__INIT;
    Huying__Enforcement__Evidence items[EVIDENCE_MAX], *pointers[EVIDENCE_MAX];
    for (int i = 0; i < order->evidence_count; i++) {
        huying__enforcement__evidence__init(&items[i]);
        items[i].kind = text_lend(EVIDENCE_WORDS[order->evidence[i].kind]);
        items[i].count = order->evidence[i].count;
        pointers[i] = &items[i];
    }
    act.text = text_lend(order->text);
    act.evidence = pointers;
    act.n_evidence = (size_t)order->evidence_count;
    return message_bytes(&act.base, arena);
}

struct bytes drama_report_encode(struct arena *arena, const struct drama_report *report)
{
    Huying__Hotline__Report message = HUYING__HOTLINE__REPORT__INIT;
    char *codes[] = {text_lend(report->unit_code)};
    message.ticket = text_lend(report->ticket);
    message.matter = text_lend(report->matter);
    message.text = text_lend(report->text);
    message.longitude = report->point[0];
    message.latitude = report->point[1];
    message.n_unit_codes = *report->unit_code ? 1 : 0;
    message.unit_codes = codes;
    message.reported_at_ms = report->reported_ms;
    message.promised_at_ms = report->promised_ms;
    message.intent = report->about ? HUYING__HOTLINE__INTENT__INTENT_URGE
                                   : HUYING__HOTLINE__INTENT__INTENT_REPORT;
    message.about = text_lend(report->about);
    message.settled = report->settled;
    message.to = text_lend(report->to);
    Huying__Hotline__Evidence items[EVIDENCE_MAX], *pointers[EVIDENCE_MAX];
    for (int i = 0; i < report->evidence_count; i++) {
        huying__hotline__evidence__init(&items[i]);
        items[i].kind = text_lend(EVIDENCE_WORDS[report->evidence[i].kind]);
        items[i].count = report->evidence[i].count;
        pointers[i] = &items[i];
    }
    message.evidence = pointers;
    message.n_evidence = (size_t)report->evidence_count;
    return message_bytes(&message.base, arena);
}

uint32_t drama_follow_up_type(void)
{
    return HUYING__INTAKE__TYPE__FOLLOW_UP;
}

struct bytes drama_follow_up_encode(struct arena *arena, const struct hotline_follow_up *said)
{
    Huying__Hotline__FollowUp message = HUYING__HOTLINE__FOLLOW_UP__INIT;
    message.ticket = text_lend(said->ticket);
    message.score = said->score;
    message.unsolved = said->unsolved;
    message.text = text_lend(said->text);
    message.at_ms = said->at_ms;
    return message_bytes(&message.base, arena);
}

enum err drama_receipt_decode(struct bytes payload, struct arena *arena, struct drama_receipt *ret)
{
    const Huying__Hotline__Receipt *message =
            message_open(&huying__hotline__receipt__descriptor, payload, arena);
    if (!message)
        return ERR_MALFORMED;
    *ret = (struct drama_receipt){
            message->case_id, message->number, message->reason, message->text};
    return OK;
}

bool drama_point_read(const char *text, double ret[2])
{
    char *end = NULL;
    ret[0] = g_ascii_strtod(text, &end);
    if (end == text || *end != ',')
        return false;
    const char *second = end + 1;
    ret[1] = g_ascii_strtod(second, &end);
    return end != second && *end == '\0' && isfinite(ret[0]) && isfinite(ret[1]);
}
