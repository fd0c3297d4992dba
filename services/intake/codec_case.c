/* What intake tells routing of a report, and what of a step is personal: the other half of codec.c.
 * Words of people go to handlers and into the history masked (pure_mask.h). */
#include <protobuf-c/protobuf-c.h>
#include <string.h>
#include "proto/intake.pb-c.h"
#include "services/intake/codec.h"
#include "services/intake/decide.h"
#include "services/intake/person.h"
#include "services/intake/qr.h"
#include "services/kernel/base/evidence_text.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_mask.h"
#include "services/kernel/wire/message.h"

/* What handlers see of a text; in `out`, for as long as the message is not added. */
static char *masked(const char *text, struct buf *out)
{
    text_mask(text, strlen(text), out);
    return out->data;
}

static size_t photos_lend(const struct submission *submission, ProtobufCBinaryData ret[PHOTOS_MAX])
{
    for (size_t i = 0; i < submission->photo_count; i++)
        ret[i] = (ProtobufCBinaryData){PHOTO_HASH_SIZE, submission->photos[i]};
    return submission->photo_count;
}

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
    BUF_OWNED text = {0};
    message.summary = masked(submission->text, &text);
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
    ProtobufCBinaryData photos[PHOTOS_MAX];
    message.n_photos = photos_lend(submission, photos);
    message.photos = photos;
    message.intent = (uint32_t)submission->intent;
    message.wants_progress = submission->wants_progress;
    message.evidence = pointers;
    message.n_evidence = (size_t)submission->evidence_count;
    message_add(&message.base, out);
}

static void case_withdrawn_encode(const struct input *input, struct buf *out)
{
    const struct withdrawal *withdrawal = input->body;
    Huying__Intake__CaseWithdrawn message = HUYING__INTAKE__CASE_WITHDRAWN__INIT;
    BUF_OWNED reason = {0};
    message.reason = masked(withdrawal->reason, &reason);
    message.at_ms = withdrawal->at_ms ? withdrawal->at_ms : input->now_ms;
    message_add(&message.base, out);
}

static void case_urged_encode(const struct input *input, bool joined, struct buf *out)
{
    const struct submission *submission = input->body;
    Huying__Intake__CaseUrged message = HUYING__INTAKE__CASE_URGED__INIT;
    ProtobufCBinaryData photos[PHOTOS_MAX];
    message.n_photos = photos_lend(submission, photos);
    message.photos = photos;
    message.joined = joined;
    message.wants_progress = submission->wants_progress;
    message.source_ref = text_lend(submission->ticket);
    BUF_OWNED text = {0};
    message.text = masked(submission->text, &text);
    message.at_ms = submission->reported_ms ? submission->reported_ms : input->now_ms;
    message_add(&message.base, out);
}

static void case_followed_up_encode(const struct input *input, struct buf *out)
{
    const struct follow_up *body = input->body;
    Huying__Intake__CaseFollowedUp message = HUYING__INTAKE__CASE_FOLLOWED_UP__INIT;
    message.score = body->score;
    message.unsolved = body->unsolved;
    BUF_OWNED text = {0};
    message.text = masked(body->text, &text);
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
        case_urged_encode(input, send->arg != 0, out);
        break;
    case INTAKE_CASE_FOLLOWED_UP:
        case_followed_up_encode(input, out);
        break;
    case INTAKE_CASE_CORRECTED:
        case_corrected_encode(input, world->directory, out);
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

/* Masked here, too: what masking hides stands sealed, and apart (person.h). */
static void words_add(struct buf *out, const char *name, const char *text)
{
    BUF_OWNED shown = {0};
    text_mask(text, strlen(text), &shown);
    json_member_add(out, name, shown.size ? shown.data : "");
}

static void submission_detail(const struct submission *submission, struct buf *out)
{
    json_member_add(out, "ticket", submission->ticket);
    words_add(out, "text", submission->text);
    BUF_OWNED photos = {0};
    for (size_t i = 0; i < submission->photo_count; i++) {
        char name[PHOTO_NAME_SIZE];
        photo_name(submission->photos[i], name);
        buf_add_format(&photos, "%s%s", i ? " " : "", name);
    }
    if (photos.size)
        json_member_add(out, "photos", photos.data);
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
    words_add(out, "text", body->text);
    if (body->score)
        json_member_add(out, "score", score);
    if (body->unsolved)
        json_member_add(out, "unsolved", "1");
}

static void correction_detail(const struct correction *body, struct buf *out)
{
    const struct submission *to_be = &body->to_be;
    BUF_OWNED place = {0};
    if (*to_be->text)
        words_add(out, "text", to_be->text);
    if (*to_be->matter)
        json_member_add(out, "matter", to_be->matter);
    if (to_be->has_point)
        buf_add_format(&place, "%.6f,%.6f", to_be->longitude, to_be->latitude);
    for (size_t i = 0; i < to_be->unit_code_count; i++)
        buf_add_format(&place, "%s%s", place.size ? "/" : "", to_be->unit_codes[i]);
    if (place.size)
        json_member_add(out, "place", place.data);
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
    case STEP_CORRECT:
        correction_detail(input->body, out);
        break;
    case STEP_WITHDRAW: {
        const struct withdrawal *withdrawal = input->body;
        words_add(out, "reason", withdrawal->reason);
        break;
    }
    case STEP_PERSON_SEEN:
    case STEP_PERSON_DELETED: {
        const struct person_request *request = input->body;
        words_add(out, "why", request->why);
        break;
    }
    case STEP_QR_MADE:
        json_member_add(out, "ticket", ((const struct submission *)input->body)->ticket);
        break;
    case STEP_QR_WITHDRAWN:
        words_add(out, "why", ((const struct qr_change *)input->body)->why);
        break;
    case STEP_QR_HELPER: {
        const struct qr_change *change = input->body;
        json_member_add(out, change->ends ? "helper_gone" : "helper", change->staff);
        break;
    }
    case STEP_END:
        json_member_add(out, "text", report->outcome_text);
        break;
    case STEP_QR_CARD:
    case STEP_OUTCOME_TAKEN:
    case STEP_PROGRESS:
    case STEP_REOPEN:
    case STEP_PROGRESS_TAKEN:
        break;
    case STEP_NONE:
        must(!"a step has a kind");
    }
    buf_add_text(out, "}");
}
