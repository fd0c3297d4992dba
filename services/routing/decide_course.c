/* What happens to a case beside the straight way: it is given back and ruled on, dispatched by a
 * person, passed up, sent back by its verifier, given more time, suspended. The deadline that was
 * announced is moved by a grant, a suspension and a reset alone, each a step of its own; giving
 * back and passing on do not move it. Limits are those of routing.h.
 *
 * To extend: a row in the table of routing.h, an action, its function here, and what it has to know
 * of the past in COURSE_TABLE. */
#include "services/kernel/base/must.h"
#include "services/routing/decide_actor.h"
#include "services/routing/decide_due.h"
#include "services/routing/decide_parts.h"
#include "services/routing/decide_turn.h"

/* Whose choice the present handler is: a person's unit, or, of the catalogue, the area's. */
static int64_t case_chooser(const struct routing_case *this)
{
    return this->course.sent_by != 0 ? this->course.sent_by : this->area;
}

/* In the clock of whoever handles the case. */
static struct due handler_due(const struct turn *turn, int64_t from_ms, int64_t span_ms)
{
    return due_after(turn->directory, turn->matter, turn->next->handler, from_ms, span_ms);
}

/* The area that rules on a dispute: the one above the responsible area, at the top that itself. */
static const struct unit *arbiter_first(const struct turn *turn)
{
    const struct unit *place = turn_place(turn);
    const struct unit *area = area_from(turn->directory, place, turn->next->level + 1);
    return area ? area : unit_root(turn->directory);
}

/* Nobody works on it: it waits at a desk, and so do the clocks of its steps. */
static void case_wait(struct turn *turn, int64_t unit)
{
    turn_give(turn, unit);
    parts_stop(turn);
    clock_stop(turn->next);
}

static void do_return(struct turn *turn)
{
    struct routing_case *next = turn->next;
    struct case_course *course = &next->course;
    course->returns++;
    course->returned_by = next->handler;
    turn_mark(turn, METRIC_MISDISPATCHED, case_chooser(next), 1);
    course->sent_by = 0;
    turn_step(turn, STEP_RETURN, turn->to, next->handler);
    turn_count(turn, METRIC_RETURNED, 1);
    case_wait(turn, next->area);
}

static struct due ruling_due(const struct turn *turn, int64_t arbiter)
{
    return due_after(turn->directory, turn->matter, arbiter, turn->input->now_ms, RULING_MS);
}

static void do_dispute(struct turn *turn)
{
    struct routing_case *next = turn->next;
    struct case_course *course = &next->course;
    course->returns++;
    course->returned_by = next->handler;
    course->arbiter = arbiter_first(turn)->id;
    turn_mark(turn, METRIC_DISPUTED, next->handler, 1);
    struct step *step = turn_step(turn, STEP_DISPUTE, turn->to, next->handler);
    turn_count(turn, METRIC_RETURNED, 1);
    case_wait(turn, course->arbiter);
    next->step_due_ms = step->due_ms = ruling_due(turn, course->arbiter).at_ms;
}

static void do_arbiter_up(struct turn *turn)
{
    struct case_course *course = &turn->next->course;
    const struct unit *arbiter = unit_find(turn->directory, course->arbiter);
    const struct unit *above =
            arbiter ? area_from(turn->directory, turn_place(turn), (int)arbiter->level + 1) : NULL;
    struct due due = above ? ruling_due(turn, above->id) : (struct due){0};
    if (due.year != 0)
        return; /* looked at again */
    struct step *step =
            turn_step(turn, STEP_ARBITER_UP, turn->to, above ? above->id : course->arbiter);
    turn->next->step_due_ms = 0; /* where nobody is above it stays, marked once */
    if (!above)
        return;
    course->arbiter = above->id;
    turn_give(turn, above->id);
    turn->next->step_due_ms = step->due_ms = due.at_ms;
}

/* To a unit that has to accept it now. A handling clock that runs is not moved by that; one that
 * has not begun does, now that somebody has said whose it is. */
static void case_give(struct turn *turn, struct step *step, int64_t unit, bool starts)
{
    struct routing_case *next = turn->next;
    turn_give(turn, unit);
    parts_stop(turn);
    clock_dispatch(turn);
    step->due_ms = next->due_ms;
    if (next->course.unstarted && starts)
        clock_start(turn, step, due_span(turn->matter, next));
}

static void do_rule(struct turn *turn)
{
    struct routing_case *next = turn->next;
    struct case_course *course = &next->course;
    int64_t unit = turn_act_body(turn)->unit;
    if (unit == course->returned_by) {
        turn_mark(turn, METRIC_RETURN_UNFOUNDED, unit, 1);
    } else {
        turn_mark(turn, METRIC_MISDISPATCHED, case_chooser(next), 1);
    }
    course->ruled = 1;
    course->arbiter = 0;
    course->sent_by = turn_actor_unit(turn);
    case_give(turn, turn_step(turn, STEP_RULE, turn->to, unit), unit, true);
}

static void do_dispatch(struct turn *turn)
{
    int64_t unit = turn_act_body(turn)->unit;
    turn->next->course.sent_by = turn_actor_unit(turn);
    case_give(turn, turn_step(turn, STEP_DISPATCH, turn->to, unit), unit, true);
}

static void do_step_up(struct turn *turn)
{
    struct routing_case *next = turn->next;
    const struct unit *area = area_from(turn->directory, turn_place(turn), next->level + 1);
    must(area); /* course_check() found it */
    next->area = area->id;
    next->level = (uint8_t)area->level;
    next->course.sent_by = 0;
    int64_t handler = turn_handler_at(turn, area->level);
    bool named = !turn->matter || turn->matter->handler != HANDLER_JOINT;
    case_give(turn, turn_step(turn, STEP_STEP_UP, turn->to, area->id), handler, named);
}

/* Rework has a share of the matter's span, but never more than what is left of a deadline that
 * still runs. Squads and volunteers have reported their work as done: its own people do it again,
 * and where those were volunteers, the area's desk. */
static void do_reject(struct turn *turn)
{
    struct routing_case *next = turn->next;
    int64_t now = turn->input->now_ms;
    struct step *step = turn_step(turn, STEP_REJECT, turn->to, next->handled_unit);
    next->course.reworks++;
    next->handled_at_ms = next->handled_unit = 0;
    next->handled_by[0] = 0;
    turn_count(turn, METRIC_REWORKED, 1);
    if (next->kind == HANDLER_VOLUNTEERS || next->kind == HANDLER_JOINT)
        turn_give(turn, next->kind == HANDLER_JOINT ? next->handler : next->area);
    int64_t span_ms = due_span_again(turn->matter);
    struct due due = handler_due(turn, now, span_ms);
    if (next->course.unstarted)
        clock_start(turn, step, span_ms);
    else if (due.at_ms != 0 && (next->due_ms <= now || due.at_ms < next->due_ms))
        clock_move(turn, step, due.at_ms, clock_warn(turn, next->handler, now, span_ms, due.at_ms));
    clock_dispatch(turn);
}

/* What is left on a clock of the handler's; false when the calendar cannot tell. */
static bool left_read(const struct turn *turn, int64_t due_ms, int64_t *ret_ms)
{
    return due_between(turn->directory, turn->matter, turn->next->handler, turn->input->now_ms,
                   due_ms, ret_ms) == 0;
}

/* How much of the clock a pause has taken, which is what the deadline moved by. */
static int64_t stood(const struct turn *turn, int64_t before_ms, int64_t due_ms)
{
    int64_t ms = 0;
    int32_t year =
            due_between(turn->directory, turn->matter, turn->next->handler, before_ms, due_ms, &ms);
    return year == 0 ? ms : 0;
}

bool clocks_pause(const struct turn *turn, struct case_course *ret)
{
    const struct routing_case *next = turn->next;
    ret->left_ms = ret->first_left_ms = ret->warn_left_ms = 0;
    return (next->due_ms == 0 || left_read(turn, next->due_ms, &ret->left_ms)) &&
           (next->first_due_ms == 0 || left_read(turn, next->first_due_ms, &ret->first_left_ms)) &&
           (next->warn_ms == 0 || left_read(turn, next->warn_ms, &ret->warn_left_ms));
}

bool clocks_known(const struct turn *turn, const struct case_course *stopped)
{
    int64_t now = turn->input->now_ms;
    return handler_due(turn, now, stopped->left_ms).year == 0 &&
           handler_due(turn, now, stopped->warn_left_ms).year == 0 &&
           handler_due(turn, now, stopped->first_left_ms).year == 0;
}

bool clocks_go_on(struct turn *turn, enum case_step kind)
{
    struct routing_case *next = turn->next;
    struct case_course *course = &next->course;
    int64_t now = turn->input->now_ms;
    if (!clocks_known(turn, course))
        return false;
    struct step *step = turn_step(turn, kind, turn->to, next->handler);
    if (course->first_left_ms != 0)
        next->first_due_ms = handler_due(turn, now, course->first_left_ms).at_ms;
    if (course->left_ms != 0) {
        int64_t due_ms = handler_due(turn, now, course->left_ms).at_ms;
        course->added_ms += stood(turn, next->due_ms, due_ms);
        clock_move(turn, step, due_ms, handler_due(turn, now, course->warn_left_ms).at_ms);
    }
    course->left_ms = course->first_left_ms = course->warn_left_ms = 0;
    return true;
}

static void do_suspend(struct turn *turn)
{
    struct routing_case *next = turn->next;
    struct case_course *course = &next->course;
    bool known = clocks_pause(turn, course);
    must(known && course->left_ms > 0); /* suspend_check() */
    course->suspensions++;
    struct step *step = turn_step(turn, STEP_SUSPEND, turn->to, next->handler);
    clock_stop(next);
    next->step_due_ms = step->due_ms = turn->input->now_ms + turn_act_body(turn)->span_ms;
    turn_count(turn, METRIC_SUSPENDED, 1);
}

/* By a person, or at the review: no suspension lasts for ever. The review awaits the calendar. */
static void do_resume(struct turn *turn)
{
    if (clocks_go_on(turn, STEP_RESUME))
        turn->next->step_due_ms = 0;
}

static void do_ask_time(struct turn *turn)
{
    turn->next->course.asked_ms = turn_act_body(turn)->span_ms;
    turn_step(turn, STEP_ASK_TIME, turn->to, turn->next->handler);
}

static void do_grant_time(struct turn *turn)
{
    struct routing_case *next = turn->next;
    int64_t more_ms = next->course.asked_ms;
    next->course.extensions++;
    struct step *step = turn_step(turn, STEP_GRANT_TIME, turn->to, next->handler);
    if (!next->late)
        next->first_due_ms = handler_due(turn, next->first_due_ms, more_ms).at_ms;
    clock_move(turn, step, handler_due(turn, next->due_ms, more_ms).at_ms,
            next->warn_ms != 0 ? handler_due(turn, next->warn_ms, more_ms).at_ms : 0);
    parts_extend(turn, more_ms);
    next->course.added_ms += more_ms;
    next->course.asked_ms = 0;
    turn_count(turn, METRIC_EXTENDED, 1);
}

static void do_deny_time(struct turn *turn)
{
    turn->next->course.asked_ms = 0;
    turn_step(turn, STEP_DENY_TIME, turn->to, turn->next->handler);
}

/* The dispatch was void, and its deadline with it: whoever sends the case on starts a new one. What
 * was promised to the reporter stands. */
static void do_decline(struct turn *turn)
{
    struct routing_case *next = turn->next;
    int64_t sender = next->course.sent_by != 0 ? next->course.sent_by : next->area;
    turn_step(turn, STEP_DECLINE, turn->to, next->handler);
    turn_mark(turn, METRIC_DECLINED, sender, 1);
    if (next->promised_at_ms == 0) {
        if (next->late)
            turn_count(turn, METRIC_LATE, -1);
        clock_forget(next);
        next->due_ms = next->first_due_ms = next->warn_ms = 0;
        next->course.unstarted = 1;
    }
    case_wait(turn, sender);
    turn_step(turn, STEP_SEND_BACK, turn->to, sender);
}

/* The first time with a card, unless the clock has shown one. */
static void do_urge(struct turn *turn)
{
    struct routing_case *next = turn->next;
    bool works = next->state == CASE_DISPATCHED || next->state == CASE_ACCEPTED;
    bool card = works && next->course.urged == 0 && next->warn_ms != 0;
    next->course.urged++;
    turn_step(turn, STEP_URGE, turn->to, next->handler);
    turn_mark(turn, METRIC_URGED, next->handler, 1);
    if (!card)
        return;
    next->warn_ms = 0;
    turn_step(turn, STEP_YELLOW, turn->to, next->handler);
    turn_mark(turn, METRIC_YELLOW, next->handler, 1);
}

static void do_remind(struct turn *turn)
{
    turn_step(turn, STEP_REMIND, turn->to, turn->next->handler);
    turn_mark(turn, METRIC_REMINDED, turn->next->handler, 1);
}

static void do_veto(struct turn *turn)
{
    turn_step(turn, STEP_VETO, turn->to, turn->next->handler);
    turn_mark(turn, METRIC_VETOED, turn->next->handler, 1);
}

/* Whoever is there has accepted it. */
static void do_come(struct turn *turn)
{
    struct routing_case *next = turn->next;
    if (next->state == CASE_DISPATCHED)
        turn_accept(turn);
    next->on_scene = true;
    clock_stop(next);
    turn_step(turn, STEP_ARRIVE, turn->to, next->handler);
}

/* The version of its matter that holds now; of one that the catalogue has no more, its own. */
static const struct matter *matter_today(const struct turn *turn)
{
    const struct matter *own = turn->matter;
    const struct matter *today = own ? matter_find_code(turn->directory, own->code) : NULL;
    return today ? today : own;
}

/* From where its clock began, as if these rules had held. What has happened by the old deadline
 * stands, a level that it rose to and a card; late by the new one it is not. */
static void do_reset_due(struct turn *turn)
{
    struct routing_case *next = turn->next;
    int64_t now = turn->input->now_ms;
    const struct matter *today = matter_today(turn);
    int64_t span_ms = due_span(today, next), share_ms = span_ms / 10 * WARN_TENTHS;
    int64_t due_ms = due_anew(turn->directory, today, next, span_ms).at_ms;
    int64_t warn_ms = due_anew(turn->directory, today, next, share_ms).at_ms;
    next->course.from_matter = next->matter;
    next->matter = today->id;
    turn->matter = today;
    if (next->late)
        turn_count(turn, METRIC_LATE, -1);
    clock_forget(next);
    next->first_due_ms = due_ms;
    clock_move(turn, turn_step(turn, STEP_RESET_DUE, turn->to, next->handler), due_ms,
            warn_ms > now && warn_ms < due_ms ? warn_ms : 0);
}

void course_act(struct turn *turn, enum case_action action)
{
    static void (*const does[])(struct turn *) = {
            [DO_RETURN] = do_return,
            [DO_DISPUTE] = do_dispute,
            [DO_RULE] = do_rule,
            [DO_ARBITER_UP] = do_arbiter_up,
            [DO_DISPATCH] = do_dispatch,
            [DO_STEP_UP] = do_step_up,
            [DO_REJECT] = do_reject,
            [DO_SUSPEND] = do_suspend,
            [DO_RESUME] = do_resume,
            [DO_ASK_TIME] = do_ask_time,
            [DO_GRANT_TIME] = do_grant_time,
            [DO_DENY_TIME] = do_deny_time,
            [DO_DECLINE] = do_decline,
            [DO_URGE] = do_urge,
            [DO_REMIND] = do_remind,
            [DO_VETO] = do_veto,
            [DO_COME] = do_come,
            [DO_RESET_DUE] = do_reset_due,
    };
    must(action < sizeof does / sizeof *does && does[action]);
    does[action](turn);
}

/* The unit that a command names: there, not retired, and within `area`. */
static enum case_refusal unit_check(const struct turn *turn, int64_t area)
{
    const struct unit *unit = unit_find(turn->directory, turn_act_body(turn)->unit);
    if (!unit || unit->retired)
        return REFUSAL_UNIT_UNKNOWN;
    return unit_within(turn->directory, unit, area) ? REFUSAL_NONE : REFUSAL_UNIT_OUTSIDE;
}

/* What the responsible area handles itself it cannot give back to itself. */
static enum case_refusal return_check(const struct turn *turn, const struct routing_case *state)
{
    (void)turn;
    if (state->handler == state->area)
        return REFUSAL_OWN_AREA;
    return state->course.ruled ? REFUSAL_RULED : REFUSAL_NONE;
}

static enum case_refusal dispute_check(const struct turn *turn, const struct routing_case *state)
{
    enum case_refusal refusal = return_check(turn, state);
    if (refusal == REFUSAL_NONE && ruling_due(turn, arbiter_first(turn)->id).year != 0)
        return REFUSAL_NO_CALENDAR;
    return refusal;
}

static enum case_refusal rule_check(const struct turn *turn, const struct routing_case *state)
{
    return unit_check(turn, state->course.arbiter);
}

static enum case_refusal dispatch_check(const struct turn *turn, const struct routing_case *state)
{
    enum case_refusal refusal = unit_check(turn, state->area);
    bool same = turn_act_body(turn)->unit == state->handler;
    if (refusal == REFUSAL_NONE && same && state->state != CASE_RETURNED)
        return REFUSAL_SAME_HANDLER;
    return refusal;
}

static enum case_refusal step_up_check(const struct turn *turn, const struct routing_case *state)
{
    const struct unit *above = area_from(turn->directory, turn_place(turn), state->level + 1);
    return above ? REFUSAL_NONE : REFUSAL_TOP;
}

static enum case_refusal suspend_check(const struct turn *turn, const struct routing_case *state)
{
    int64_t left_ms = 0, first_left_ms = 0;
    int64_t warn_left_ms = 0;
    if (state->due_ms <= turn->input->now_ms)
        return REFUSAL_NO_CLOCK;
    if (parts_block(state) || parts_call(state))
        return REFUSAL_PARTS_OPEN;
    if (!left_read(turn, state->due_ms, &left_ms) ||
            !left_read(turn, state->first_due_ms, &first_left_ms) ||
            (state->warn_ms != 0 && !left_read(turn, state->warn_ms, &warn_left_ms)))
        return REFUSAL_NO_CALENDAR;
    if (left_ms == 0) /* its last working minute is over: it only waits for the instant */
        return REFUSAL_NO_CLOCK;
    return state->course.suspensions < SUSPENSIONS_MAX ? REFUSAL_NONE : REFUSAL_SUSPENDED_BEFORE;
}

static enum case_refusal ask_time_check(const struct turn *turn, const struct routing_case *state)
{
    (void)turn;
    if (state->due_ms == 0)
        return REFUSAL_NO_CLOCK;
    if (state->course.asked_ms != 0)
        return REFUSAL_ASKED_BEFORE;
    return state->course.extensions < EXTENSIONS_MAX ? REFUSAL_NONE : REFUSAL_EXTENDED;
}

static enum case_refusal deny_check(const struct turn *turn, const struct routing_case *state)
{
    (void)turn;
    return state->course.asked_ms != 0 ? REFUSAL_NONE : REFUSAL_NOT_ASKED;
}

static enum case_refusal grant_check(const struct turn *turn, const struct routing_case *state)
{
    enum case_refusal refusal = deny_check(turn, state);
    if (refusal == REFUSAL_NONE && state->due_ms == 0)
        return REFUSAL_NO_CLOCK; /* it was awaited, and the calendar lost the year again */
    if (refusal == REFUSAL_NONE &&
            (handler_due(turn, state->due_ms, state->course.asked_ms).year != 0 ||
                    handler_due(turn, state->first_due_ms, state->course.asked_ms).year != 0))
        return REFUSAL_NO_CALENDAR;
    return refusal;
}

static enum case_refusal resume_check(const struct turn *turn, const struct routing_case *state)
{
    return clocks_known(turn, &state->course) ? REFUSAL_NONE : REFUSAL_NO_CALENDAR;
}

/* By its own list; a desk without one speaks for its area. */
static enum duty handler_duty(const struct turn *turn, const struct unit *handler)
{
    bool lists = *handler->matters_main != 0 || *handler->matters_assist != 0;
    const struct unit *area = unit_find(turn->directory, unit_desk_of(turn->directory, handler));
    return unit_duty(area && !lists ? area : handler, turn->matter);
}

/* What a unit has to do anyway, or was admitted for, it cannot decline. */
static enum case_refusal decline_check(const struct turn *turn, const struct routing_case *state)
{
    const struct unit *handler = unit_find(turn->directory, state->handler);
    if (state->handler == state->area)
        return REFUSAL_OWN_AREA;
    bool bound = handler && turn->matter && handler_duty(turn, handler) == DUTY_MAIN;
    return bound || state->course.admitted == state->handler ? REFUSAL_LISTED : REFUSAL_NONE;
}

static enum case_refusal come_check(const struct turn *turn, const struct routing_case *state)
{
    (void)turn;
    return state->on_scene ? REFUSAL_ARRIVED_BEFORE : REFUSAL_NONE;
}

/* Only what the catalogue's span gave can be counted anew, and nobody gets a deadline that he has
 * missed already. */
static enum case_refusal reset_check(const struct turn *turn, const struct routing_case *state)
{
    const struct matter *today = matter_today(turn);
    int64_t span_ms = due_span(today, state);
    bool other = state->promised_at_ms != 0 || state->course.unstarted ||
                 state->course.reworks > 0 || state->kind == HANDLER_JOINT;
    if (span_ms == 0 || other)
        return REFUSAL_DUE_OTHERWISE;
    struct due due = due_anew(turn->directory, today, state, span_ms);
    if (due.year != 0)
        return REFUSAL_NO_CALENDAR;
    if (today == turn->matter && due.at_ms == state->due_ms && due.at_ms == state->first_due_ms)
        return REFUSAL_DUE_SAME;
    return due.at_ms > turn->input->now_ms ? REFUSAL_NONE : REFUSAL_DUE_PASSED;
}

/* Parts that have to be done first, and what the matter has to be shown with. */
static enum case_refusal handle_check(const struct turn *turn, const struct routing_case *state)
{
    if (parts_block(state))
        return REFUSAL_PARTS_OPEN;
    return turn_missing(turn).count ? REFUSAL_EVIDENCE : REFUSAL_NONE;
}

enum case_refusal course_check(
        const struct turn *turn, const struct routing_case *state, enum case_action action)
{
    static enum case_refusal (*const checks[])(const struct turn *, const struct routing_case *) = {
            [DO_HANDLE] = handle_check,
            [DO_RETURN] = return_check,
            [DO_DISPUTE] = dispute_check,
            [DO_RULE] = rule_check,
            [DO_DISPATCH] = dispatch_check,
            [DO_STEP_UP] = step_up_check,
            [DO_SUSPEND] = suspend_check,
            [DO_ASK_TIME] = ask_time_check,
            [DO_RESUME] = resume_check,
            [DO_GRANT_TIME] = grant_check,
            [DO_DENY_TIME] = deny_check,
            [DO_DECLINE] = decline_check,
            [DO_COME] = come_check,
            [DO_RESET_DUE] = reset_check,
    };
    if (action >= sizeof checks / sizeof *checks || !checks[action])
        return REFUSAL_NONE;
    return checks[action](turn, state);
}
