/* What an input means to a case as it stands: the column "event" of CASE_RULE_TABLE. Most inputs
 * mean the same whatever the case looks like; the others are told apart here, so that the table can
 * say for each which state comes after. */
#include "services/routing/decide.h"

#include "services/kernel/base/must.h"
#include "services/routing/decide_after.h"
#include "services/routing/decide_clock.h"
#include "services/routing/decide_parts.h"

/* Commands and messages whose event is the same whatever the case looks like. */
static const struct {
    uint16_t type;
    uint8_t event;
} plain_events[] = {
        {TYPE_CASE_WITHDRAWN, EVENT_TAKEN_BACK},
        {TYPE_CASE_CORRECTED, EVENT_CORRECT},
        {TYPE_ACCEPT, EVENT_ACCEPT},
        {TYPE_VERIFY, EVENT_VERIFY},
        {TYPE_REFER, EVENT_REFER},
        {TYPE_DISPATCH, EVENT_DISPATCH},
        {TYPE_RULE, EVENT_RULE},
        {TYPE_STEP_UP, EVENT_STEP_UP},
        {TYPE_REJECT, EVENT_REJECT},
        {TYPE_SUSPEND, EVENT_SUSPEND},
        {TYPE_RESUME, EVENT_RESUME},
        {TYPE_ASK_TIME, EVENT_ASK_TIME},
        {TYPE_GRANT_TIME, EVENT_GRANT_TIME},
        {TYPE_DENY_TIME, EVENT_DENY_TIME},
        {TYPE_WHISTLE, EVENT_WHISTLE},
        {TYPE_CHECK_IN, EVENT_CHECK_IN},
        {TYPE_END_WHISTLE, EVENT_END_WHISTLE},
        {TYPE_SCORE, EVENT_SCORE},
        {TYPE_JOINT, EVENT_JOINT},
        {TYPE_TAKE_OVER, EVENT_TAKE_OVER},
        {TYPE_ORDER, EVENT_ORDER},
        {TYPE_DECLINE, EVENT_DECLINE},
        {TYPE_APPLY, EVENT_APPLY},
        {TYPE_ADMIT, EVENT_ADMIT},
        {TYPE_DENY_ADMISSION, EVENT_DENY_ADMISSION},
        {TYPE_APPEAL, EVENT_APPEAL},
        {TYPE_UPHOLD, EVENT_UPHOLD},
        {TYPE_DISMISS, EVENT_DISMISS},
        {TYPE_CONVENE, EVENT_CONVENE},
        {TYPE_RESOLVE, EVENT_RESOLVE},
        {TYPE_MEDIATE, EVENT_MEDIATE},
        {TYPE_AGREE, EVENT_AGREE},
        {TYPE_REVISIT, EVENT_REVISIT},
        {TYPE_REMIND, EVENT_REMIND},
        {TYPE_VETO, EVENT_VETO},
        {TYPE_URGE, EVENT_URGE},
        {TYPE_REOPEN, EVENT_REOPEN},
        {TYPE_PASS_CHECK, EVENT_PASS_CHECK},
        {TYPE_FAIL_CHECK, EVENT_FAIL_CHECK},
        {TYPE_ARRIVE, EVENT_ARRIVE},
        {TYPE_MERGE, EVENT_MERGE},
        {TYPE_UNMERGE, EVENT_UNMERGE},
        {TYPE_RESET_DUE, EVENT_RESET_DUE},
};

static enum case_event plain_event(uint32_t type)
{
    for (size_t i = 0; i < sizeof plain_events / sizeof *plain_events; i++)
        if (plain_events[i].type == type)
            return (enum case_event)plain_events[i].event;
    return EVENT_NONE;
}

/* A case is not handled while others still have parts of it to do. */
static enum case_event progress_event(const struct routing_case *this, enum case_event event)
{
    bool finished = event == EVENT_SQUAD_FINISHED || event == EVENT_NEED_FINISHED;
    return finished && parts_block(this) ? EVENT_WORK_DONE : event;
}

/* What view work_ready found. */
static enum case_event other_event(uint32_t kind)
{
    return kind == OTHER_CLOSED     ? EVENT_OTHER_CLOSED
           : kind == OTHER_REFERRED ? EVENT_OTHER_REFERRED
                                    : EVENT_OTHER_GONE;
}

/* With the last part of a joint case the whole is handled. */
static enum case_event finish_event(const struct routing_case *this,
        const struct directory *directory,
        const struct input *input)
{
    const struct act *act = input->body;
    const struct staff *staff = staff_find(directory, input->actor);
    int part = staff ? part_meant(directory, this, staff, DO_FINISH_PART, act->part) : -1;
    return part >= 0 && parts_last(this, part) ? EVENT_FINISH_LAST : EVENT_FINISH_PART;
}

enum case_event routing_event(const struct routing_case *this,
        const struct directory *directory,
        const struct input *input)
{
    if (input->kind == INPUT_TIMER) {
        struct case_clock first = clock_first(this);
        return clock_over(&first, input) ? first.event : EVENT_CLOCK;
    }
    if (input->kind == INPUT_WORK)
        return other_event(input->type);
    switch (input->type) {
    case TYPE_CASE_REPORTED:
        return report_event(this, directory, input->body, input->agg);
    case TYPE_MISSION_PROGRESS:
    case TYPE_NEED_PROGRESS:
        return progress_event(this, ((const struct progress *)input->body)->event);
    case TYPE_CASE_URGED:
        return ((const struct urged *)input->body)->joined ? EVENT_ALSO : EVENT_URGE;
    case TYPE_RETURN:
        return this->course.returns < RETURNS_MAX ? EVENT_RETURN : EVENT_RETURN_AGAIN;
    case TYPE_HANDLE:
        return intent_answered(this->course.intent) ? EVENT_ANSWER : EVENT_HANDLE;
    case TYPE_FINISH_PART:
        return finish_event(this, directory, input);
    case TYPE_FOLLOW_UP:
        return follow_up_event(this, ((const struct act *)input->body)->unsolved, input->now_ms);
    case TYPE_CASE_FOLLOWED_UP:
        return follow_up_event(
                this, ((const struct followed_up *)input->body)->unsolved, input->now_ms);
    default:
        return plain_event(input->type);
    }
}
