/* What is done before a case is worked on, or after its end: what a grid's worker settles on the
 * spot ends at once, but one in some is looked at by somebody else; so is one in some of what was
 * verified, by the level above; and what the reporter says is not done is opened again. And what
 * takes the place of all that where nothing has to be done: an answer. */
#include "services/routing/decide_after.h"

#include "services/kernel/base/must.h"
#include "services/routing/decide_actor.h"
#include "services/routing/decide_parts.h"
#include "services/routing/decide_turn.h"

/* One in `share`, nobody's choice; the same in every run of a drill, where ids differ. */
static bool drawn(int64_t from, uint64_t salt, uint64_t share)
{
    uint64_t mixed = (uint64_t)from + salt * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (mixed ^ mixed >> 31) % share == 0;
}

/* The matter may be settled so, and the place is the worker's own grid. */
static bool may_settle(const struct directory *directory, const struct case_reported *body)
{
    const struct matter *matter = matter_find_code(directory, body->matter);
    const struct staff *staff = staff_find(directory, body->reporter);
    const struct unit *place = unit_find(directory, body->unit);
    return body->settled && matter && matter->self_handle && staff && place &&
           place->level == LEVEL_GRID && staff->unit == place->id;
}

enum case_event report_event(const struct routing_case *this,
        const struct directory *directory,
        const struct case_reported *body,
        int64_t id)
{
    if (this->state != CASE_NONE || !may_settle(directory, body))
        return EVENT_REPORTED;
    return drawn(id, 1, SETTLED_SAMPLE) ? EVENT_SAMPLED : EVENT_SETTLED;
}

static bool may_reopen(const struct routing_case *this, int64_t now_ms)
{
    return this->state == CASE_CLOSED && now_ms - this->ended_at_ms <= REOPEN_WITHIN_MS &&
           this->course.reopenings < REOPENINGS_MAX;
}

enum case_event follow_up_event(const struct routing_case *this, bool unsolved, int64_t now_ms)
{
    return unsolved && may_reopen(this, now_ms) ? EVENT_REOPEN : EVENT_FOLLOW_UP;
}

/* The level above; where that has verified it itself, the next one. */
static const struct unit *check_area(const struct turn *turn)
{
    const struct staff *staff = staff_find(turn->directory, turn->input->actor);
    int level = turn->before->level + 1;
    const struct unit *above = area_from(turn->directory, turn_place(turn), level);
    while (above && staff && unit_speaks(turn->directory, staff, above->id))
        above = area_from(turn->directory, turn_place(turn), (int)above->level + 1);
    return above;
}

void check_draw(struct turn *turn)
{
    const struct routing_case *next = turn->next;
    const struct unit *above = check_area(turn);
    if (!above || !parts_room(next, 1) || next->course.reopenings == REOPENINGS_MAX ||
            !drawn(next->accepted_at_ms + (next->unit << 44), 2 + (uint64_t)next->course.reopenings,
                    CHECK_SAMPLE))
        return;
    part_add(turn, PART_CHECK, above->id, 0)->by = 0;
    turn_step(turn, STEP_SAMPLE, turn->to, above->id);
}

/* REGISTER and SETTLE; then it is closed, or waits for somebody else's look. */
static void do_settle(struct turn *turn)
{
    const struct case_reported *body = turn->input->body;
    struct routing_case *next = turn->next;
    turn_place_report(turn);
    next->handler = next->unit;
    next->kind = HANDLER_WORKER;
    next->work = WORK_OWN;
    turn_step(turn, STEP_REGISTER, CASE_REGISTERED, next->unit);
    turn_count(turn, METRIC_OPEN, 1);
    turn_mark(turn, METRIC_SETTLED, next->unit, 1);
    turn_done(turn, STEP_SETTLE, body->reporter);
    next->course.unstarted = turn->to != CASE_CLOSED; /* it begins when that was not so */
    if (turn->to != CASE_CLOSED)
        return;
    turn_step(turn, STEP_CLOSE, turn->to, next->area);
    turn_judge(turn);
    turn_end(turn, METRIC_CLOSED);
}

/* Who had handled it; of a case that ended with another one, who was to. */
static int64_t case_worker(const struct routing_case *this)
{
    return this->handled_unit != 0 ? this->handled_unit : this->handler;
}

static void score_take(struct turn *turn)
{
    bool command = turn->input->kind == INPUT_COMMAND;
    int score = command ? turn_act_body(turn)->score
                        : ((const struct followed_up *)turn->input->body)->score;
    if (score != 0)
        turn->next->course.score = score;
}

static void do_follow_up(struct turn *turn)
{
    score_take(turn);
    turn_step(turn, STEP_FOLLOW_UP, turn->to, case_worker(turn->next));
}

/* Another round, of the same case, for whoever had handled it, in less time. What was promised was
 * the first round's. */
static void case_reopen(struct turn *turn, enum case_step kind)
{
    struct routing_case *next = turn->next;
    int64_t unit = case_worker(next);
    checks_end(turn);
    turn_mark(turn, METRIC_REOPENED, unit, 1);
    turn_count(turn, METRIC_CLOSED, -1);
    turn_count(turn, METRIC_OPEN, 1);
    if (next->overdue)
        turn_count(turn, METRIC_OVERDUE, -1);
    if (next->overdue_by_catalogue)
        turn_count(turn, METRIC_OVERDUE_BY_CATALOGUE, -1);
    next->overdue = next->overdue_by_catalogue = next->on_scene = false;
    next->ended_at_ms = next->handled_at_ms = next->handled_unit = next->promised_at_ms = 0;
    next->handled_by[0] = 0;
    next->course.reopenings++;
    struct step *step = turn_step(turn, kind, turn->to, unit);
    turn_give(turn, next->kind == HANDLER_VOLUNTEERS ? next->area : unit);
    clock_start(turn, step, due_span(turn->matter, next));
    clock_dispatch(turn);
}

static void do_reopen(struct turn *turn)
{
    if (turn->input->type != TYPE_REOPEN)
        score_take(turn);
    case_reopen(turn, STEP_REOPEN);
}

static void do_fail_check(struct turn *turn)
{
    const struct staff *staff = staff_find(turn->directory, turn->input->actor);
    int part = part_meant(
            turn->directory, turn->before, staff, DO_FAIL_CHECK, turn_act_body(turn)->part);
    must(part >= 0); /* after_check() found it */
    turn->next->course.parts[part].state = PART_REFUSED;
    turn->next->course.parts[part].done_ms = turn->input->now_ms;
    turn_mark(turn, METRIC_CHECK_FAILED, turn->next->handled_unit, 1);
    case_reopen(turn, STEP_FAIL_CHECK);
}

/* What was asked or said has its answer, which the reporter judges himself: his follow-up opens the
 * case again. */
static void do_answer(struct turn *turn)
{
    if (turn->next->state == CASE_DISPATCHED)
        turn_accept(turn);
    turn_done(turn, STEP_ANSWER, turn->input->actor);
    turn_step(turn, STEP_CLOSE, turn->to, turn->next->area);
    turn_judge(turn);
    turn_end(turn, METRIC_CLOSED);
}

/* Whoever has the case reads the newer text. Another matter or place stands in the step's detail
 * (codec.c); whose it is then, a desk decides, which sees in its list that something was said. */
static void do_correct(struct turn *turn)
{
    const struct corrected *body = turn->input->body;
    if (*body->text)
        turn->next->summary = body->text;
    turn->next->course.corrected++;
    turn_step(turn, STEP_CORRECT, turn->to, turn->next->handler);
}

void after_act(struct turn *turn, enum case_action action)
{
    switch ((int)action) {
    case DO_SETTLE:
        do_settle(turn);
        break;
    case DO_FOLLOW_UP:
        do_follow_up(turn);
        break;
    case DO_REOPEN:
        do_reopen(turn);
        break;
    case DO_FAIL_CHECK:
        do_fail_check(turn);
        break;
    case DO_ANSWER:
        do_answer(turn);
        break;
    case DO_CORRECT:
        do_correct(turn);
        break;
    case DO_ALSO: /* in the history; nothing is asked of anybody */
        turn_step(turn, STEP_ALSO, turn->to, turn->next->handler);
        break;
    default:
        must(!"an action after the end");
    }
}

static enum case_refusal answer_check(const struct turn *turn, const struct routing_case *state)
{
    if (parts_block(state))
        return REFUSAL_PARTS_OPEN;
    return turn_act_body(turn)->text[0] ? REFUSAL_NONE : REFUSAL_NO_ANSWER;
}

enum case_refusal after_check(
        const struct turn *turn, const struct routing_case *state, enum case_action action)
{
    if (action == DO_FOLLOW_UP && turn_act_body(turn)->unsolved)
        return REFUSAL_REOPEN_LATE; /* or it would have been opened again */
    if (action == DO_REOPEN && !may_reopen(state, turn->input->now_ms))
        return REFUSAL_REOPEN_LATE;
    if (action == DO_ANSWER)
        return answer_check(turn, state);
    if (action != DO_FAIL_CHECK)
        return REFUSAL_NONE;
    const struct staff *staff = staff_find(turn->directory, turn->input->actor);
    must(staff); /* actor_check() found it */
    int part = part_meant(turn->directory, state, staff, action, turn_act_body(turn)->part);
    return part >= 0 ? REFUSAL_NONE : REFUSAL_NO_PART;
}
