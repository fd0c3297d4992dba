/* What intake tells routing of a report, and what of a step is personal: the other half of
 * codec.c. */
#include <protobuf-c/protobuf-c.h>
#include "proto/intake.pb-c.h"
#include "services/intake/codec.h"
#include "services/intake/decide.h"
#include "services/kernel/base/evidence_text.h"
#include "services/kernel/base/must.h"
#include "services/kernel/wire/message.h"

static void case_reported_encode(const struct report *report,
        const struct input *input,
        const struct world *world,
        struct buf *out)
{
    const struct submission *submission = input->body;
    Huying__Intake__CaseReported message = HUYING__INTAKE__CASE_REPORTED__INIT;
    message.source = text_lend(report->source);
    message.source_ref = text_lend(report->ref);
    message.matter = text_lend(matter_code(world->directory, report->matter));
    message.unit = report->unit;
    message.placed = (uint32_t)report->placed;
    message.reported_at_ms = report->reported_ms;
    message.promised_at_ms = report->promised_ms;
    message.summary = text_lend(submission->text);
    message.longitude = submission->longitude;
    message.latitude = submission->latitude;
    message.drill = intake_drill();
    if (report_by_staff(world->directory, input))
        message.reporter = text_lend(input->actor);
    Huying__Intake__Evidence items[EVIDENCE_KINDS];
    Huying__Intake__Evidence *pointers[EVIDENCE_KINDS];
    for (int i = 0; i < submission->evidence_count; i++) {
        huying__intake__evidence__init(&items[i]);
        items[i].kind = text_lend(EVIDENCE_WORDS[submission->evidence[i].kind]);
        items[i].count = submission->evidence[i].count;
        pointers[i] = &items[i];
    }
    const struct unit *to = unit_find_code(world->directory, submission->to);
    message.to = to ? to->id : 0;
    message.settled = submission->settled;
    message.evidence = pointers;
    message.n_evidence = (size_t)submission->evidence_count;
    message_add(&message.base, out);
}

static void case_withdrawn_encode(const struct input *input, struct buf *out)
{
    const struct withdrawal *withdrawal = input->body;
    Huying__Intake__CaseWithdrawn message = HUYING__INTAKE__CASE_WITHDRAWN__INIT;
    message.reason = text_lend(withdrawal->reason);
    message.at_ms = withdrawal->at_ms ? withdrawal->at_ms : input->now_ms;
    message_add(&message.base, out);
}

static void case_urged_encode(const struct input *input, struct buf *out)
{
    const struct submission *submission = input->body;
    Huying__Intake__CaseUrged message = HUYING__INTAKE__CASE_URGED__INIT;
    message.source_ref = text_lend(submission->ticket);
    message.text = text_lend(submission->text);
    message.at_ms = submission->reported_ms ? submission->reported_ms : input->now_ms;
    message_add(&message.base, out);
}

static void case_followed_up_encode(const struct input *input, struct buf *out)
{
    const struct follow_up *body = input->body;
    Huying__Intake__CaseFollowedUp message = HUYING__INTAKE__CASE_FOLLOWED_UP__INIT;
    message.score = body->score;
    message.unsolved = body->unsolved;
    message.text = text_lend(body->text);
    message_add(&message.base, out);
}

void report_encode(const void *next,
        const struct input *input,
        const struct world *world,
        const struct send *send,
        struct buf *out)
{
    must(send->dest == SERVICE_ROUTING);
    switch (send->type) {
    case INTAKE_CASE_REPORTED:
        case_reported_encode(next, input, world, out);
        break;
    case INTAKE_CASE_WITHDRAWN:
        case_withdrawn_encode(input, out);
        break;
    case INTAKE_CASE_URGED:
        case_urged_encode(input, out);
        break;
    case INTAKE_CASE_FOLLOWED_UP:
        case_followed_up_encode(input, out);
        break;
    default:
        must(!"a message of intake's");
    }
}

/* `"name":"text"` with the escapes that JSON asks for; the text is valid UTF-8. */
static void json_member_add(struct buf *out, const char *name, const char *text)
{
    buf_add_format(out, "%s\"%s\":\"", out->size > 1 ? "," : "", name);
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\')
            buf_add(out, "\\", 1);
        if ((unsigned char)*at < 0x20)
            buf_add_format(out, "\\u%04x", (unsigned)*at);
        else
            buf_add(out, at, 1);
    }
    buf_add_text(out, "\"");
}

static void submission_detail(const struct submission *submission, struct buf *out)
{
    json_member_add(out, "ticket", submission->ticket);
    json_member_add(out, "text", submission->text);
    if (!submission->settled)
        return;
    BUF_OWNED evidence = {0};
    evidence_format(submission->evidence, submission->evidence_count, &evidence);
    json_member_add(out, "settled", evidence.size ? evidence.data : "");
}

static void follow_up_detail(const struct follow_up *body, struct buf *out)
{
    const char score[] = {(char)('0' + body->score), 0};
    must(body->score <= SCORE_MAX);
    json_member_add(out, "text", body->text);
    if (body->score)
        json_member_add(out, "score", score);
    if (body->unsolved)
        json_member_add(out, "unsolved", "1");
}

void report_detail(
        const void *next, const struct input *input, const struct step *step, struct buf *out)
{
    const struct report *report = next;
    must(out->size == 0);
    buf_add_text(out, "{");
    switch ((enum report_step)step->kind) {
    case STEP_ACCEPT:
    case STEP_URGE:
    case STEP_JOIN:
        submission_detail(input->body, out);
        break;
    case STEP_FOLLOW_UP:
        follow_up_detail(input->body, out);
        break;
    case STEP_WITHDRAW: {
        const struct withdrawal *withdrawal = input->body;
        json_member_add(out, "reason", withdrawal->reason);
        break;
    }
    case STEP_END:
        json_member_add(out, "text", report->outcome_text);
        break;
    case STEP_OUTCOME_TAKEN:
        break;
    case STEP_NONE:
        must(!"a step has a kind");
    }
    buf_add_text(out, "}");
}
