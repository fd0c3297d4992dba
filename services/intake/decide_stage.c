/* See decide_stage.h. Stages come in the order in which routing sent them, since all messages about
 * one case do; so their versions rise as the case went on. */
#include "services/intake/decide_stage.h"
#include <string.h>

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
    if (next->reached_count == STAGES_MAX)
        memmove(next->reached, next->reached + 1,
                (size_t)--next->reached_count * sizeof *next->reached);
    course->stages[course->stage_count++] = (struct stage_reached){.version = ++course->staged,
            .stage = (int32_t)body->stage,
            .at_ms = body->at_ms ? body->at_ms : input->now_ms,
            .unit = body->unit,
            .until_ms = body->until_ms};
    next->reached[next->reached_count++] = course->stages[course->stage_count - 1];
}

/* That a case is opened again is told of every report; the stage is for those who asked. */
void report_stage(const struct input *input, struct report *next, struct outcome *outcome)
{
    const struct case_progressed *body = input->body;
    bool again = body->stage == STAGE_REOPENED && next->state != REPORT_ACCEPTED;
    if (again)
        next->course.reopened = next->course.round;
    if (!again || next->course.wants)
        stage_keep(input, next);
    stage_step(input, again ? STEP_REOPEN : STEP_PROGRESS, next, outcome);
}

void report_take_stages(const struct input *input, struct report *next, struct outcome *outcome)
{
    const struct progress_ack *ack = input->body;
    struct report_course *course = &next->course;
    int32_t count = 0;
    if (ack->version > (uint32_t)course->staged) {
        outcome_refuse(outcome, REASON_NO_STAGE);
        return;
    }
    while (count < course->stage_count && (uint32_t)course->stages[count].version <= ack->version)
        count++;
    if (count == 0) {
        outcome->verdict = VERDICT_DUPLICATE;
        return;
    }
    stages_drop(course, count);
    stage_step(input, STEP_PROGRESS_TAKEN, next, outcome);
}
