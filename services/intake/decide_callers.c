/* See decide_callers.h. */
#include "services/intake/decide_callers.h"
#include <string.h>
#include "services/intake/decide_person.h"

#define SAID_ROUND 16 /* a score is below 8, and there is a bit for unsolved */

/* Which of the callers has that ticket; -1 = none of them. */
int caller_find(const struct report *state, const char *source, const char *ticket)
{
    for (int i = 0; *ticket && i < state->course.caller_count; i++) {
        const struct caller *caller = &state->course.callers[i];
        if (strcmp(caller->ref, ticket) == 0 &&
                strcmp(*caller->source ? caller->source : state->source, source) == 0)
            return i;
    }
    return -1;
}

static int32_t said_unsolved(int32_t said, int32_t round)
{
    return said / SAID_ROUND == round && said % 2;
}

/* True for the source of the report, and for those whose tickets have joined it. */
bool source_is_on(const struct report *state, const char *source)
{
    if (strcmp(state->source, source) == 0)
        return true;
    for (int i = 0; i < state->course.caller_count; i++)
        if (strcmp(state->course.callers[i].source, source) == 0)
            return true;
    return false;
}

bool progress_wanted(const struct report_course *course)
{
    bool wanted = course->wants;
    for (int i = 0; i < course->caller_count; i++)
        wanted = wanted || course->callers[i].wants;
    return wanted;
}

int32_t progress_told(const struct report *state, const char *source)
{
    const struct report_course *course = &state->course;
    int32_t told = course->staged;
    if (course->wants && course->told < told && strcmp(state->source, source) == 0)
        told = course->told;
    for (int i = 0; i < course->caller_count; i++) {
        const struct caller *caller = &course->callers[i];
        if (caller->wants && caller->told < told && strcmp(caller->source, source) == 0)
            told = caller->told;
    }
    return told;
}

/* What was said when it was kept once for all: the first one's. */
static void course_said(struct report_course *course)
{
    int32_t any = course->said;
    for (int i = 0; i < course->caller_count; i++)
        any |= course->callers[i].said;
    if (!any && course->followed)
        course->said = course->followed * SAID_ROUND + course->score * 2 + course->unsolved;
}

/* Each of them says it once in each round; whoever thinks better of it says something else. The
 * case is unsolved as long as one of them says so. */
void report_follow_up(const struct input *input, struct report *next, struct outcome *outcome)
{
    const struct follow_up *body = input->body;
    struct report_course *course = &next->course;
    int32_t said = course->round * SAID_ROUND + (int32_t)body->score * 2 + body->unsolved;
    int caller = caller_find(next, input->peer, body->ticket);
    course_said(course);
    int32_t *own = caller >= 0 ? &course->callers[caller].said : &course->said;
    if (*own == said) {
        outcome->verdict = VERDICT_DUPLICATE;
        return;
    }
    *own = said;
    course->followed = course->round;
    course->score = (int32_t)body->score;
    course->unsolved = said_unsolved(course->said, course->round);
    for (int i = 0; i < course->caller_count; i++)
        course->unsolved |= said_unsolved(course->callers[i].said, course->round);
    struct step *step =
            step_add(outcome, input, STEP_FOLLOW_UP, (uint16_t)next->state, (uint16_t)next->state);
    step->unit = next->unit;
    note_add(next, body->note, outcome);
    send_add(outcome, SERVICE_ROUTING, INTAKE_CASE_FOLLOWED_UP, 0);
}

/* True when that source has yet to take the outcome; it has then taken it. Staff, who act by type
 * 1503, take it for the first one's. */
static bool outcome_take(struct report *next, const struct input *input)
{
    bool pending = next->outcome_pending;
    if (input->type == INTAKE_OUTCOME_ACK || strcmp(next->source, input->peer) == 0) {
        next->outcome_pending = false;
        return pending;
    }
    pending = false;
    for (int i = 0; i < next->course.caller_count; i++) {
        struct caller *caller = &next->course.callers[i];
        if (strcmp(caller->source, input->peer) != 0)
            continue;
        pending = pending || caller->owed;
        caller->owed = false;
    }
    return pending;
}

/* An acknowledgement of an earlier round comes late and says nothing about the present outcome; one
 * of a round that has not been cannot be meant. */
void report_take_outcome(const struct input *input, struct report *next, struct outcome *outcome)
{
    const struct outcome_ack *ack = input->body;
    uint32_t round = (uint32_t)next->course.round;
    if (ack->round > round) {
        outcome_refuse(outcome, REASON_NOT_ENDED);
        return;
    }
    if ((ack->round && ack->round < round) || !outcome_take(next, input)) {
        outcome->verdict = VERDICT_DUPLICATE;
        return;
    }
    struct step *step = step_add(
            outcome, input, STEP_OUTCOME_TAKEN, (uint16_t)next->state, (uint16_t)next->state);
    step->unit = next->unit;
}
