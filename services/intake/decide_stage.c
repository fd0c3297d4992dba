/* See decide_stage.h. Stages come in the order in which routing sent them, since all messages about
 * one case do; so their versions rise as the case went on. */
#include "services/intake/decide_stage.h"
#include <string.h>
#include "services/intake/decide_callers.h"

static void stages_drop(struct report_course *course, int32_t count)
{
    course->stage_count -= count;
    memmove(course->stages, course->stages + count,
            (size_t)course->stage_count * sizeof *course->stages);
}

static void stage_step(const struct input *input,
        enum report_step kind,
        const struct report *next,
        struct outcome *outcome)
{
    struct step *step =
            step_add(outcome, input, (uint16_t)kind, (uint16_t)next->state, (uint16_t)next->state);
    step->unit = next->unit;
}

static void stage_keep(const struct input *input, struct report *next)
{
    const struct case_progressed *body = input->body;
    struct report_course *course = &next->course;
    if (course->stage_count == STAGES_MAX)
        stages_drop(course, 1);
    course->stages[course->stage_count++] = (struct stage_reached){.version = ++course->staged,
            .stage = (int32_t)body->stage,
            .at_ms = body->at_ms ? body->at_ms : input->now_ms,
            .unit = body->unit,
            .until_ms = body->until_ms};
    if (!course->wants)
        return; /* somebody who joined wants it; Open311 shows what its reporter asked for */
    if (next->reached_count == STAGES_MAX)
        memmove(next->reached, next->reached + 1,
                (size_t)--next->reached_count * sizeof *next->reached);
    next->reached[next->reached_count++] = course->stages[course->stage_count - 1];
}

/* That a case is opened again is told of every report; the stage is for those who asked. */
void report_stage(const struct input *input, struct report *next, struct outcome *outcome)
{
    const struct case_progressed *body = input->body;
    bool again = body->stage == STAGE_REOPENED && next->state != REPORT_ACCEPTED;
    if (again)
        next->course.reopened = next->course.round;
    if (!again || progress_wanted(&next->course))
        stage_keep(input, next);
    stage_step(input, again ? STEP_REOPEN : STEP_PROGRESS, next, outcome);
}

/* True: there are stages behind what was told, up to that version; it is then told. */
static bool stages_told(const struct report_course *course, int32_t version, int32_t *told)
{
    bool pending = false;
    for (int i = 0; i < course->stage_count; i++) {
        int32_t stage = course->stages[i].version;
        pending = pending || (stage > *told && stage <= version);
    }
    if (pending)
        *told = version;
    return pending;
}

/* What all have who want it. */
static void stages_shed(struct report_course *course)
{
    int32_t least = course->wants ? course->told : INT32_MAX;
    int32_t count = 0;
    for (int i = 0; i < course->caller_count; i++)
        if (course->callers[i].wants && course->callers[i].told < least)
            least = course->callers[i].told;
    while (count < course->stage_count && course->stages[count].version <= least)
        count++;
    stages_drop(course, count);
}

void report_take_stages(const struct input *input, struct report *next, struct outcome *outcome)
{
    const struct progress_ack *ack = input->body;
    struct report_course *course = &next->course;
    bool taken = false;
    if (ack->version > (uint32_t)course->staged) {
        outcome_refuse(outcome, REASON_NO_STAGE);
        return;
    }
    if (course->wants && strcmp(next->source, input->peer) == 0)
        taken = stages_told(course, (int32_t)ack->version, &course->told);
    for (int i = 0; i < course->caller_count; i++) {
        struct caller *caller = &course->callers[i];
        if (caller->wants && strcmp(caller->source, input->peer) == 0)
            taken |= stages_told(course, (int32_t)ack->version, &caller->told);
    }
    if (!taken) {
        outcome->verdict = VERDICT_DUPLICATE;
        return;
    }
    stages_shed(course);
    stage_step(input, STEP_PROGRESS_TAKEN, next, outcome);
}
