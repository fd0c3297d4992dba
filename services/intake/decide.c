/* A report's life, in one table: what each state does with each event. A ticket that came before is
 * a duplicate or refused; another that reports the same thing near by joins it; one that urges
 * stays on the report that it asks about, and routing is told, as it is of what the reporter says
 * of the outcome. A withdrawal is passed on to routing, which alone knows whether the case can
 * still be withdrawn, and the report ends when routing says so: once more when the case was
 * reopened, and the newer outcome is then what the source gets and acknowledges. To add an input: a
 * row here, a case in report_decide(). Everything that is not in the table is refused by its
 * NOT_FOUND column. */
#include "services/intake/decide.h"
#include <string.h>
#include "services/intake/decide_callers.h"
#include "services/intake/decide_correct.h"
#include "services/intake/decide_stage.h"
#include "services/intake/decide_person.h"
#include "services/intake/decide_qr.h"
#include "services/intake/near.h"
#include "services/intake/person.h"
#include "services/intake/qr.h"
#include "services/kernel/base/must.h"

#define MATTER_ID_MAX 1024 /* names are looked for among so many numbers of the catalogue */

enum event {
    EVENT_SUBMIT,
    EVENT_URGE,
    EVENT_WITHDRAW,
    EVENT_END,
    EVENT_FOLLOW_UP,
    EVENT_ACK,
    EVENT_CORRECT,
    EVENT_STAGE,
    EVENT_STAGE_ACK,
    EVENT_SEE,
    EVENT_FORGET,
    EVENT_RESEAL,
    EVENT_QR,
    EVENT_COUNT
};

enum action {
    NOT_FOUND,
    ACCEPT,
    JOIN,
    URGE,
    ASK,
    END,
    FOLLOW,
    TAKE,
    CORRECT,
    STAGE,
    STAGE_TAKE,
    SEE,
    FORGET,
    RESEAL,
    QR,
    DUPLICATE,
    REFUSE_ENDED,
    REFUSE_OPEN
};

#define STATE_COUNT 7

/* A code is no report: of what is meant for reports it knows nothing. Its own row is
 * decide_qr.c's. */
static const unsigned char actions[EVENT_COUNT][STATE_COUNT] = {
        /*                 none       accepted     closed        withdrawn  referred_out  code
                           code_gone */
        [EVENT_SUBMIT] = {ACCEPT, JOIN, JOIN, JOIN, JOIN, JOIN, JOIN},
        [EVENT_URGE] = {NOT_FOUND, URGE, URGE, URGE, URGE, NOT_FOUND, NOT_FOUND},
        [EVENT_WITHDRAW] = {NOT_FOUND, ASK, REFUSE_ENDED, DUPLICATE, REFUSE_ENDED, NOT_FOUND,
                NOT_FOUND},
        [EVENT_END] = {NOT_FOUND, END, END, END, END, NOT_FOUND, NOT_FOUND},
        [EVENT_FOLLOW_UP] = {NOT_FOUND, REFUSE_OPEN, FOLLOW, FOLLOW, FOLLOW, NOT_FOUND, NOT_FOUND},
        [EVENT_ACK] = {NOT_FOUND, REFUSE_OPEN, TAKE, TAKE, TAKE, NOT_FOUND, NOT_FOUND},
        [EVENT_CORRECT] = {NOT_FOUND, CORRECT, CORRECT, CORRECT, CORRECT, NOT_FOUND, NOT_FOUND},
        [EVENT_STAGE] = {NOT_FOUND, STAGE, STAGE, STAGE, STAGE, NOT_FOUND, NOT_FOUND},
        [EVENT_STAGE_ACK] = {NOT_FOUND, STAGE_TAKE, STAGE_TAKE, STAGE_TAKE, STAGE_TAKE, NOT_FOUND,
                NOT_FOUND},
        [EVENT_SEE] = {NOT_FOUND, SEE, SEE, SEE, SEE, SEE, SEE},
        [EVENT_FORGET] = {NOT_FOUND, FORGET, FORGET, FORGET, FORGET, FORGET, FORGET},
        [EVENT_QR] = {QR, QR, QR, QR, QR, QR, QR},
        [EVENT_RESEAL] = {NOT_FOUND, RESEAL, RESEAL, RESEAL, RESEAL, RESEAL, RESEAL},
};

const struct matter *report_matter(const struct directory *directory, const char *name)
{
    const struct matter *matter = matter_find_code(directory, name);
    for (int32_t id = 1; !matter && id <= MATTER_ID_MAX; id++) {
        const struct matter *candidate = matter_find(directory, id);
        if (candidate && !candidate->retired &&
                (strcmp(candidate->name_en, name) == 0 || strcmp(candidate->name_zh, name) == 0))
            matter = candidate;
    }
    return matter;
}

/* The area with that code, NULL for a squad, a desk, or nothing. */
static const struct unit *area_find(const struct directory *directory, const char *code)
{
    const struct unit *unit = unit_find_code(directory, code);
    if (!unit || unit_at_level(directory, unit, unit->level) != unit)
        return NULL;
    return unit;
}

static struct place place_by_codes(
        const struct directory *directory, const struct submission *submission)
{
    struct place place = {unit_root(directory), PLACED_DESK};
    bool all_known = true;
    for (size_t i = 0; i < submission->unit_code_count; i++) {
        const struct unit *unit = area_find(directory, submission->unit_codes[i]);
        all_known = unit && unit_within(directory, unit, place.unit->id);
        if (all_known)
            place.unit = unit;
    }
    if (place.unit->parent)
        place.placed = all_known ? PLACED_CODES : PLACED_PARTIAL;
    return place;
}

struct place report_place(const struct directory *directory, const struct submission *submission)
{
    must(submission->unit_code_count <= UNIT_CODES_MAX);
    if (!directory || !unit_root(directory))
        return (struct place){NULL, PLACED_NONE};
    const struct unit *grid = submission->resolved->point_unit
                                      ? unit_find(directory, submission->resolved->point_unit)
                                      : NULL;
    if (grid && !grid->retired)
        return (struct place){grid, PLACED_POINT};
    return place_by_codes(directory, submission);
}

bool report_by_staff(const struct directory *directory, const struct input *input)
{
    const struct staff *staff = *input->actor ? staff_find(directory, input->actor) : NULL;
    return staff && strcmp(staff->role, "machine") != 0;
}

/* When a ticket that is accepted now was accepted: what its row has, or will have; what the receipt
 * says, and the step. */
static int64_t ticket_instant(const struct input *input)
{
    const struct resolved *resolved = ((const struct submission *)input->body)->resolved;
    return resolved->made ? resolved->at_ms : input->now_ms;
}

void report_fill(
        struct report *next, const struct submission *submission, const struct input *input)
{
    next->state = REPORT_ACCEPTED;
    next->accepted_ms = ticket_instant(input);
    next->moved = !submission->resolved->made;
    next->reported_ms = submission->reported_ms ? submission->reported_ms : input->now_ms;
    next->promised_ms = submission->promised_ms;
    memcpy(next->digest, submission->digest, DIGEST_SIZE);
    memcpy(next->source, input->peer, sizeof next->source);
    size_t size = strlen(submission->ticket) + 1;
    must(size <= sizeof next->ref);
    memcpy(next->ref, submission->ticket, size);
    next->outcome_text = "";
    next->course.intent = (int32_t)submission->intent;
    next->listed = input->type == INTAKE_SUBMIT ? submission->listed : NULL;
    next->course.wants = submission->wants_progress;
}

/* False: a photo is named that is not kept. */
static bool photos_check(const struct submission *submission, struct outcome *outcome)
{
    if (submission->resolved->photos_kept == submission->photo_count)
        return true;
    outcome_refuse(outcome, REASON_NO_PHOTO);
    return false;
}

/* For the store: what came to the report. */
static void shown_add(struct report *next, const struct submission *submission)
{
    if (!submission->photo_count)
        return;
    must(next->shown_count <= CALLERS_MAX);
    next->shown[next->shown_count++] = submission;
}

/* What a grid worker settled on the spot: his grid, a matter that allows it, all that it requires.
 * False: refused. */
static bool settled_check(const struct submission *submission,
        const struct matter *matter,
        const struct unit *place,
        const struct staff *reporter,
        struct outcome *outcome)
{
    struct evidence missing = evidence_missing(matter->evidence, matter->evidence_count,
            submission->evidence, submission->evidence_count);
    bool worker = reporter && strcmp(reporter->role, "worker") == 0;
    if (!worker || place->level != LEVEL_GRID || reporter->unit != place->id)
        outcome_refuse(outcome, REASON_NOT_WORKER);
    else if (!matter->self_handle)
        outcome_refuse(outcome, REASON_NOT_ON_THE_SPOT);
    else if (missing.count)
        outcome_refuse_about(outcome, REASON_EVIDENCE, evidence_pack(missing));
    return outcome->verdict != VERDICT_REFUSED;
}

static bool to_check(const struct submission *submission,
        const struct input *input,
        const struct world *world,
        struct outcome *outcome)
{
    const struct unit *unit = unit_find_code(world->directory, submission->to);
    if (!report_by_staff(world->directory, input))
        outcome_refuse(outcome, REASON_NOT_STAFF);
    else if (!unit)
        outcome_refuse(outcome, REASON_UNKNOWN_UNIT);
    return outcome->verdict != VERDICT_REFUSED;
}

static void report_accept(const struct input *input,
        const struct world *world,
        struct report *next,
        struct outcome *outcome)
{
    const struct submission *submission = input->body;
    struct place place = report_place(world->directory, submission);
    if (!place.unit) {
        outcome_refuse(outcome, REASON_NO_DIRECTORY);
        return;
    }
    if (!caller_check(submission, outcome))
        return;
    const struct matter *matter = report_matter(world->directory, submission->matter);
    if (!matter) {
        outcome_refuse(outcome, REASON_UNKNOWN_MATTER);
        return;
    }
    const struct staff *reporter = staff_find(world->directory, input->actor);
    if (submission->settled && !settled_check(submission, matter, place.unit, reporter, outcome))
        return;
    if (*submission->to && !to_check(submission, input, world, outcome))
        return;
    if (submission_joins(submission)) {
        outcome_refuse(outcome, REASON_NOT_NEAR);
        return;
    }
    if (!photos_check(submission, outcome))
        return;
    shown_add(next, submission);
    report_fill(next, submission, input);
    next->matter = matter->id;
    next->thing = thing_find(submission, matter, &next->spot);
    next->unit = place.unit->id;
    next->placed = place.placed;
    struct step *step = step_add(outcome, input, STEP_ACCEPT, REPORT_NONE, REPORT_ACCEPTED);
    step->at_ms = next->accepted_ms;
    step->unit = next->unit;
    step->due_ms = next->promised_ms;
    step->rule_ver = directory_version(world->directory);
    note_add(next, submission->note, outcome);
    send_add(outcome, SERVICE_ROUTING, INTAKE_CASE_REPORTED, 0);
    count_add(outcome, METRIC_REPORTS_ACCEPTED, next->unit, next->matter, 1);
    count_add(outcome, METRIC_REPORTS_OPEN, next->unit, next->matter, 1);
}

/* The digest of the body that came under a ticket; NULL when it was refused. */
static const uint8_t *digest_find(const struct report *state, const struct input *input)
{
    const struct submission *submission = input->body;
    if (strcmp(state->ref, submission->ticket) == 0 && strcmp(state->source, input->peer) == 0)
        return state->digest;
    int caller = caller_find(state, input->peer, submission->ticket);
    return caller >= 0 ? state->course.callers[caller].digest : NULL;
}

void report_repeat(const struct report *state, const struct input *input, struct outcome *outcome)
{
    const struct submission *submission = input->body;
    const uint8_t *digest = digest_find(state, input);
    bool same = digest && memcmp(digest, submission->digest, DIGEST_SIZE) == 0;
    for (size_t i = 0; digest && i < submission->digest_before_count; i++)
        same = same || memcmp(digest, submission->digests_before[i], DIGEST_SIZE) == 0;
    if (same)
        outcome->verdict = VERDICT_DUPLICATE;
    else
        outcome_refuse(outcome, REASON_TICKET_REUSED);
}

/* False: refused, as many tickets as can be kept are on the case. */
static bool caller_add(struct report *next, const struct input *input, struct outcome *outcome)
{
    const struct submission *submission = input->body;
    struct report_course *course = &next->course;
    if (!caller_check(submission, outcome))
        return false;
    if (course->caller_count == CALLERS_MAX) {
        outcome_refuse(outcome, REASON_URGED_OFTEN);
        return false;
    }
    if (!photos_check(submission, outcome))
        return false;
    shown_add(next, submission);
    struct caller *caller = &course->callers[course->caller_count++];
    size_t size = strlen(submission->ticket) + 1;
    must(size <= sizeof caller->ref);
    memcpy(caller->ref, submission->ticket, size);
    memcpy(caller->digest, submission->digest, DIGEST_SIZE);
    if (strcmp(next->source, input->peer) != 0)
        memcpy(caller->source, input->peer, sizeof caller->source);
    caller->moved_ms = submission->resolved->made ? 0 : ticket_instant(input);
    caller->wants = submission->wants_progress && *caller->source;
    next->course.wants |= submission->wants_progress && !*caller->source;
    return true;
}

/* The same thing, near by: also under a ticket that got this report's id in a transaction that did
 * not come to decide about it. */
static bool report_is_near(const struct report *state,
        const struct submission *submission,
        const struct directory *directory)
{
    struct spot spot;
    const struct matter *matter = report_matter(directory, submission->matter);
    return state->thing && thing_find(submission, matter, &spot) == state->thing &&
           spots_near(spot, spot_reach(spot, matter->dup_m), state->spot);
}

/* Another ticket that stands for this report: a repeat, the same thing reported by somebody else,
 * or one that was used before. A report that ended or is being taken back since it was found takes
 * nobody in: the ticket is looked up anew, and has then an id of its own. An urgent matter is told
 * on as an urge: it may have become worse. So are photos, and
 * that somebody wants to hear where it stands when nobody did; these are no urge. */
static void report_join(const struct input *input,
        const struct world *world,
        struct report *next,
        struct outcome *outcome)
{
    const struct submission *submission = input->body;
    bool given = submission->resolved->given;
    if (digest_find(next, input) ||
            !(given || report_is_near(next, submission, world->directory))) {
        report_repeat(next, input, outcome);
        return;
    }
    if (next->state != REPORT_ACCEPTED || next->withdraw_asked) {
        outcome->again = given;
        if (!given)
            outcome_refuse(outcome, REASON_TICKET_REUSED);
        return;
    }
    bool begins = submission->wants_progress && !progress_wanted(&next->course);
    if (!caller_add(next, input, outcome))
        return;
    next->course.joined++;
    struct step *step = step_add(outcome, input, STEP_JOIN, REPORT_ACCEPTED, REPORT_ACCEPTED);
    step->at_ms = ticket_instant(input);
    step->unit = next->unit;
    note_add(next, submission->note, outcome);
    const struct matter *matter = matter_find(world->directory, next->matter);
    bool urgent = matter && matter->urgency == URGENCY_EMERGENCY;
    if (urgent || begins || submission->photo_count)
        send_add(outcome, SERVICE_ROUTING, INTAKE_CASE_URGED, !urgent);
}

bool report_under_way(const struct report *state)
{
    const struct report_course *course = &state->course;
    return state->state == REPORT_ACCEPTED ||
           (course->unsolved && course->followed == course->round) ||
           (course->reopened && course->reopened == course->round);
}

static void report_urge(const struct input *input, struct report *next, struct outcome *outcome)
{
    if (digest_find(next, input)) {
        report_repeat(next, input, outcome);
        return;
    }
    if (!report_under_way(next)) {
        outcome_refuse(outcome, REASON_URGED_LATE);
        return;
    }
    if (!caller_add(next, input, outcome))
        return;
    struct step *step =
            step_add(outcome, input, STEP_URGE, (uint16_t)next->state, (uint16_t)next->state);
    step->at_ms = ticket_instant(input);
    step->unit = next->unit;
    note_add(next, ((const struct submission *)input->body)->note, outcome);
    send_add(outcome, SERVICE_ROUTING, INTAKE_CASE_URGED, 0);
}

static void report_ask_withdrawal(
        const struct input *input, struct report *next, struct outcome *outcome)
{
    if (next->withdraw_asked) {
        outcome->verdict = VERDICT_DUPLICATE;
        return;
    }
    if (next->course.joined) {
        outcome_refuse(outcome, REASON_SHARED);
        return;
    }
    next->withdraw_asked = true;
    struct step *step = step_add(outcome, input, STEP_WITHDRAW, REPORT_ACCEPTED, REPORT_ACCEPTED);
    step->unit = next->unit;
    note_add(next, ((const struct withdrawal *)input->body)->note, outcome);
    send_add(outcome, SERVICE_ROUTING, INTAKE_CASE_WITHDRAWN, 0);
}

static void report_end(const struct input *input, struct report *next, struct outcome *outcome)
{
    const struct case_ended *ended = input->body;
    enum report_state before = next->state;
    must(ended->state > REPORT_ACCEPTED && ended->state < REPORT_CODE);
    next->course.round += next->course.round < ROUNDS_MAX;
    next->state = ended->state;
    next->ended_ms = ended->at_ms ? ended->at_ms : input->now_ms;
    next->outcome_text = ended->text;
    next->outcome_pending = true;
    next->course.stage_count = 0; /* the outcome says it */
    for (int i = 0; i < next->course.caller_count; i++)
        next->course.callers[i].owed = *next->course.callers[i].source != 0;
    struct step *step =
            step_add(outcome, input, STEP_END, (uint16_t)before, (uint16_t)ended->state);
    step->unit = next->unit;
    if (before == REPORT_ACCEPTED)
        count_add(outcome, METRIC_REPORTS_OPEN, next->unit, next->matter, -1);
}

/* Sources see their own reports only; to others they do not exist. Staff, who act by the types
 * 150x, may withdraw and acknowledge any. A submission names no aggregate: only the ticket does, so
 * an id that the client wrote into the envelope opens nothing. */
static bool report_is_meant(const struct report *state, const struct input *input)
{
    switch (input->type) {
    case INTAKE_SUBMIT:
    case INTAKE_QR_HELP:
    case INTAKE_QR_MAKE:
    case HOTLINE_REPORT: {
        const struct submission *submission = input->body;
        return submission->resolved->report == input->agg && input->agg > 0;
    }
    case HOTLINE_WITHDRAW:
    case HOTLINE_FOLLOW_UP:
        return source_is_on(state, input->peer);
    case HOTLINE_CORRECT:
        return strcmp(state->source, input->peer) == 0;
    case HOTLINE_PROGRESS_ACK: {
        const struct progress_ack *ack = input->body;
        return ack->case_id == input->agg && source_is_on(state, input->peer);
    }
    case HOTLINE_OUTCOME_ACK:
    case INTAKE_OUTCOME_ACK: {
        const struct outcome_ack *ack = input->body;
        return ack->case_id == input->agg &&
               (input->type == INTAKE_OUTCOME_ACK || source_is_on(state, input->peer));
    }
    case INTAKE_SEE_PERSON:
    case INTAKE_FORGET_PERSON:
    case INTAKE_RESEAL_PERSON:
        return *((const struct person_request *)input->body)->found;
    case INTAKE_QR_WITHDRAW:
    case INTAKE_QR_HELPER:
    case INTAKE_QR_CARD:
        return *((const struct qr_change *)input->body)->found;
    default:
        return true;
    }
}

static enum event event_of(const struct input *input)
{
    switch (input->type) {
    case INTAKE_SUBMIT:
    case INTAKE_QR_HELP:
    case HOTLINE_REPORT:
        return ((const struct submission *)input->body)->intent == INTENT_URGE ? EVENT_URGE
                                                                               : EVENT_SUBMIT;
    case INTAKE_WITHDRAW:
    case HOTLINE_WITHDRAW:
        return EVENT_WITHDRAW;
    case INTAKE_FOLLOW_UP:
    case HOTLINE_FOLLOW_UP:
        return EVENT_FOLLOW_UP;
    case INTAKE_OUTCOME_ACK:
    case HOTLINE_OUTCOME_ACK:
        return EVENT_ACK;
    case INTAKE_CORRECT:
    case HOTLINE_CORRECT:
        return EVENT_CORRECT;
    case INTAKE_SEE_PERSON:
        return EVENT_SEE;
    case INTAKE_FORGET_PERSON:
        return EVENT_FORGET;
    case INTAKE_RESEAL_PERSON:
        return EVENT_RESEAL;
    case INTAKE_QR_MAKE:
    case INTAKE_QR_WITHDRAW:
    case INTAKE_QR_HELPER:
    case INTAKE_QR_CARD:
        return EVENT_QR;
    case ROUTING_CASE_ENDED:
        return EVENT_END;
    case ROUTING_CASE_PROGRESSED:
        return EVENT_STAGE;
    case HOTLINE_PROGRESS_ACK:
        return EVENT_STAGE_ACK;
    default:
        return EVENT_COUNT;
    }
}

static enum action action_of(const struct report *state, const struct input *input)
{
    enum event event = event_of(input);
    must(event < EVENT_COUNT);
    must(state->state < STATE_COUNT);
    must((state->base.ver == 0) == (state->state == REPORT_NONE));
    if (!report_is_meant(state, input))
        return NOT_FOUND;
    return (enum action)actions[event][state->state];
}

void report_decide(const void *state_,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome)
{
    const struct report *state = state_;
    switch (action_of(state, input)) {
    case ACCEPT:
        report_accept(input, world, next, outcome);
        break;
    case JOIN:
        report_join(input, world, next, outcome);
        break;
    case URGE:
        report_urge(input, next, outcome);
        break;
    case FOLLOW:
        report_follow_up(input, next, outcome);
        break;
    case ASK:
        report_ask_withdrawal(input, next, outcome);
        break;
    case END:
        report_end(input, next, outcome);
        break;
    case TAKE:
        report_take_outcome(input, next, outcome);
        break;
    case STAGE:
        report_stage(input, next, outcome);
        break;
    case STAGE_TAKE:
        report_take_stages(input, next, outcome);
        break;
    case CORRECT:
        report_correct(input, world, next, outcome);
        break;
    case SEE:
        person_see(input, world, next, outcome);
        break;
    case FORGET:
        person_forget(input, next, outcome);
        break;
    case RESEAL:
        person_reseal(world, next, outcome);
        break;
    case QR:
        qr_decide(input, world, next, outcome);
        break;
    case DUPLICATE:
        outcome->verdict = VERDICT_DUPLICATE;
        break;
    case REFUSE_ENDED:
        outcome_refuse(outcome, REASON_ALREADY_ENDED);
        break;
    case REFUSE_OPEN:
        outcome_refuse(outcome, REASON_NOT_ENDED);
        break;
    case NOT_FOUND:
        outcome->verdict = VERDICT_NOT_FOUND;
        break;
    }
}
