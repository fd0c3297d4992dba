/* Which of a case's steps matter to its reporter: the last one of a decision that does. Who has not
 * asked for it pays nothing: no message is made; but that a case which had ended is opened again
 * everybody hears, since he was told that it had ended. A case that ends says so by its outcome
 * alone. To tell of another step: a row below, and if need be a stage in
 * kernel/base/pure_stage.h. */
#include "services/kernel/base/pure_stage.h"
#include "services/routing/decide_turn.h"

static const uint8_t stages[STEP_COUNT] = {
        [STEP_DISPATCH] = STAGE_DISPATCHED,
        [STEP_ASSIGN] = STAGE_DISPATCHED,
        [STEP_TO_DESK] = STAGE_DISPATCHED,
        [STEP_RULE] = STAGE_DISPATCHED,
        [STEP_STEP_UP] = STAGE_DISPATCHED,
        [STEP_UNMERGE] = STAGE_DISPATCHED,
        [STEP_ACCEPT] = STAGE_ACCEPTED,
        [STEP_JOINT] = STAGE_ACCEPTED,
        [STEP_HANDLE] = STAGE_HANDLED,
        [STEP_SETTLE] = STAGE_HANDLED,
        [STEP_RETURN] = STAGE_RETURNED,
        [STEP_DISPUTE] = STAGE_RETURNED,
        [STEP_DECLINE] = STAGE_RETURNED,
        [STEP_SUSPEND] = STAGE_SUSPENDED,
        [STEP_RESUME] = STAGE_RESUMED,
        [STEP_GRANT_TIME] = STAGE_EXTENDED,
        [STEP_REOPEN] = STAGE_REOPENED,
        [STEP_FAIL_CHECK] = STAGE_REOPENED,
        [STEP_REJECT] = STAGE_REWORK,
        [STEP_MERGE] = STAGE_MERGED,
};

/* Whoever joins the case or urges it may want to hear where it stands, too. */
static void wish_take(struct turn *turn)
{
    if (turn->outcome->step_count == 0 || turn->input->kind != INPUT_MESSAGE ||
            turn->input->type != TYPE_CASE_URGED)
        return;
    const struct urged *body = turn->input->body;
    if (body->wants_progress)
        turn->next->course.wants = 1;
}

void stage_tell(struct turn *turn)
{
    const struct outcome *outcome = turn->outcome;
    uint8_t stage = STAGE_NONE;
    wish_take(turn);
    if (!case_open(turn->next->state))
        return;
    for (int i = 0; i < outcome->step_count && stage != STAGE_REOPENED; i++)
        if (stages[outcome->steps[i].kind] != STAGE_NONE)
            stage = stages[outcome->steps[i].kind];
    if (stage == STAGE_REOPENED || (stage != STAGE_NONE && turn->next->course.wants))
        send_add(turn->outcome, SERVICE_INTAKE, TYPE_CASE_PROGRESSED, stage);
}
