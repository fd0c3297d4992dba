/* Two cases of one thing. Each is its own aggregate and only its own decision changes it: the
 * merged one is told of the other one's end by view work_ready, and looks at the other one's row
 * before it believes that. Merging goes towards the smaller id alone, so that cases never wait in a
 * circle, whoever merges what at the same time; in a chain each ends after the one that it was
 * merged into.
 *
 * The merged case's clocks stand, and run on with what was left when it is taken apart; what others
 * were asked to do for it is over, as when a case is referred out. */
#include "services/routing/decide_merge.h"

#include <string.h>

#include "services/kernel/base/must.h"
#include "services/routing/decide.h"
#include "services/routing/decide_actor.h"
#include "services/routing/decide_due.h"
#include "services/routing/decide_parts.h"
#include "services/routing/decide_turn.h"

bool merge_looks(const struct input *input)
{
    return (input->kind == INPUT_WORK && input->type != 0) ||
           (input->kind == INPUT_COMMAND && input->type == TYPE_MERGE);
}

int64_t merge_other(const struct routing_case *this, const struct input *input)
{
    must(merge_looks(input));
    return input->kind == INPUT_WORK ? this->course.merged
                                     : ((const struct act *)input->body)->other;
}

static const struct other_case *other_find(const struct turn *turn, int64_t id)
{
    for (size_t i = 0; turn->others && i < turn->others->count; i++)
        if (turn->others->list[i].id == id)
            return &turn->others->list[i];
    return NULL;
}

/* The same category; what the catalogue does not know may be anything. */
static bool alike(const struct turn *turn, const struct other_case *other)
{
    const struct matter *matter = matter_find(turn->directory, other->matter);
    return !matter || !turn->matter || strcmp(matter->category, turn->matter->category) == 0;
}

/* It can be waited for. What is merged itself is refused for the person's sake; when two are merged
 * at once it is a chain. */
static bool awaitable(const struct turn *turn, const struct other_case *other)
{
    enum case_state state = other ? (enum case_state)other->state : CASE_NONE;
    return state != CASE_NONE && case_open(state) && state != CASE_MERGED && alike(turn, other);
}

/* Whoever merges directs both: the desk of the other one's responsible area, or of one above. */
static bool directs(const struct turn *turn, const struct other_case *other)
{
    const struct unit *own = unit_find(turn->directory, turn_actor_unit(turn));
    const struct unit *area = unit_find(turn->directory, other->area);
    return area && own && unit_within(turn->directory, area, unit_desk_of(turn->directory, own));
}

static enum case_refusal into_check(const struct turn *turn, const struct routing_case *state)
{
    struct case_course left;
    const struct other_case *other = other_find(turn, turn_act_body(turn)->other);
    if (due_awaited(turn->matter, state) || !clocks_pause(turn, &left))
        return REFUSAL_NO_CALENDAR;
    if (turn_act_body(turn)->other >= state->agg.id)
        return REFUSAL_MERGE_YOUNGER;
    if (!awaitable(turn, other))
        return REFUSAL_MERGE_UNLIKE;
    return directs(turn, other) ? REFUSAL_NONE : REFUSAL_ACTOR_NOT_ABOVE;
}

enum case_refusal merge_check(
        const struct turn *turn, const struct routing_case *state, enum case_action action)
{
    if (action == DO_MERGE)
        return into_check(turn, state);
    must(action == DO_UNMERGE);
    return clocks_known(turn, &state->course) ? REFUSAL_NONE : REFUSAL_NO_CALENDAR;
}

static void do_merge(struct turn *turn)
{
    struct routing_case *next = turn->next;
    bool known = clocks_pause(turn, &next->course);
    must(known);                    /* into_check() */
    turn_give(turn, next->handler); /* squads and volunteers are told that it is over */
    parts_end(turn);
    next->course.merged = turn_act_body(turn)->other;
    clock_stop(next);
    turn_step(turn, STEP_MERGE, turn->to, next->handler);
    turn_mark(turn, METRIC_MERGED, next->area, 1);
}

/* For whoever had it; he has to accept it anew. */
static void do_unmerge(struct turn *turn)
{
    if (!clocks_go_on(turn, STEP_UNMERGE)) {
        turn_ignore(turn); /* it is found again, until the calendar has the year */
        return;
    }
    turn->next->course.merged = 0;
    clock_dispatch(turn);
}

/* Its reporter hears the same as the other one's; it is judged by what was announced to him. */
static void do_end_along(struct turn *turn)
{
    struct routing_case *next = turn->next;
    bool closed = turn->to == CASE_CLOSED;
    next->course.verify_late = 0; /* of a round before */
    turn_step(turn, closed ? STEP_CLOSE : STEP_REFER, turn->to, next->area);
    if (closed)
        turn_judge(turn);
    next->course.left_ms = next->course.first_left_ms = next->course.warn_left_ms = 0;
    turn_end(turn, closed ? METRIC_CLOSED : METRIC_REFERRED_OUT);
}

/* What the view had found is looked at once more: it may be of the case that this one was merged
 * into before. */
static bool still_so(const struct turn *turn)
{
    static const uint8_t states[] = {[OTHER_CLOSED] = CASE_CLOSED,
            [OTHER_REFERRED] = CASE_REFERRED_OUT,
            [OTHER_GONE] = CASE_WITHDRAWN};
    const struct other_case *other = other_find(turn, turn->before->course.merged);
    uint8_t state = other ? other->state : CASE_WITHDRAWN;
    return turn->input->kind != INPUT_WORK || state == states[turn->input->type];
}

void merge_act(struct turn *turn, enum case_action action)
{
    if (!still_so(turn))
        turn_ignore(turn);
    else if (action == DO_MERGE)
        do_merge(turn);
    else if (action == DO_UNMERGE)
        do_unmerge(turn);
    else
        do_end_along(turn);
}
