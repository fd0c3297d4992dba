/* All that a case does by itself: it is escalated at its deadline, warned of it before, marked when
 * nobody accepts, comes or verifies in time. An instant that was announced is never worked out
 * anew: what can move it is a step of its own. */
#include "services/routing/decide_clock.h"

#include "services/kernel/base/must.h"
#include "services/routing/decide_actor.h"
#include "services/routing/decide_parts.h"
#include "services/routing/decide_turn.h"

/* Of the deadline: not in a pause, not where nobody is above any more, and not while somebody
 * verifies in a time of his own, unless the source was promised an end. */
static bool deadline_runs(const struct routing_case *this)
{
    if (this->due_ms == 0 || (this->escalated & 1) || this->state == CASE_SUSPENDED)
        return false;
    return this->state != CASE_HANDLED || this->promised_at_ms != 0 || !case_verify_timed(this);
}

bool case_verify_timed(const struct routing_case *this)
{
    return this->step_due_ms != 0 || this->course.step_from_ms != 0 || this->course.verify_late;
}

static bool warn_runs(const struct routing_case *this)
{
    return this->state != CASE_SUSPENDED && this->state != CASE_HANDLED;
}

static void clock_take(struct case_clock *first, int64_t at_ms, enum case_event event, int part)
{
    if (at_ms != 0 && (first->at_ms == 0 || at_ms < first->at_ms))
        *first = (struct case_clock){.at_ms = at_ms, .event = event, .part = part};
}

struct case_clock clock_first(const struct routing_case *this)
{
    struct case_clock first = {.event = EVENT_CLOCK};
    for (int i = 0; i < this->course.part_count; i++) {
        const struct case_part *part = &this->course.parts[i];
        if (part->state != PART_OPEN)
            continue;
        clock_take(&first, part->warn_ms, EVENT_PART_WARN, i);
        clock_take(&first, part->late ? 0 : part->due_ms, EVENT_PART_DUE, i);
    }
    if (!case_open(this->state) || this->state == CASE_MERGED)
        return first;
    if (warn_runs(this))
        clock_take(&first, this->warn_ms, EVENT_WARN, 0);
    clock_take(&first, this->step_due_ms, EVENT_STEP_DUE, 0);
    if (deadline_runs(this))
        clock_take(&first, this->due_ms, EVENT_DEADLINE, 0);
    return first;
}

bool clock_over(const struct case_clock *clock, const struct input *input)
{
    return clock->at_ms != 0 && (clock->at_ms <= input->due_ms || clock->at_ms < input->now_ms);
}

/* What waits for a year's calendar: a clock of the present step, the deadline. */
static bool step_awaited(const struct routing_case *this)
{
    return this->course.step_from_ms != 0 &&
           (this->state == CASE_DISPATCHED || this->state == CASE_ACCEPTED ||
                   this->state == CASE_HANDLED);
}

static bool handling_awaited(const struct matter *matter, const struct routing_case *this)
{
    return case_open(this->state) && this->state != CASE_SUSPENDED && due_awaited(matter, this);
}

/* When the timer has to fire at the latest; 0 = never. */
static int64_t look_at(const struct turn *turn, const struct routing_case *this)
{
    const struct matter *matter = matter_find(turn->directory, this->matter);
    int64_t at_ms = clock_first(this).at_ms, again_ms = turn->input->now_ms + DUE_RETRY_MS;
    bool awaited = step_awaited(this) || handling_awaited(matter, this);
    return awaited && (at_ms == 0 || at_ms > again_ms) ? again_ms : at_ms;
}

void clock_arm(struct turn *turn)
{
    bool fired = turn->input->kind == INPUT_TIMER;
    if (!fired && turn->outcome->step_count == 0)
        return;
    int64_t before = fired ? 0 : look_at(turn, turn->before), after = look_at(turn, turn->next);
    int64_t now = turn->input->now_ms; /* nothing happens before it, in a drill's clock neither */
    struct case_clock first = clock_first(turn->next);
    bool stuck = fired && turn->outcome->step_count == 0 && clock_over(&first, turn->input);
    if (after != 0 && stuck) /* what follows needs a year that the calendar has not */
        after = now + DUE_RETRY_MS;
    if (after != 0 && (before == 0 || after < before))
        timer_set(turn->outcome, TIMER_CLOCK, after > now ? after : now);
    else if (after == 0 && before != 0)
        timer_clear(turn->outcome, TIMER_CLOCK);
    else if (fired && turn->outcome->step_count == 0)
        turn_ignore(turn);
}

static struct due handler_due(const struct turn *turn, int64_t span_ms)
{
    return due_after(
            turn->directory, turn->matter, turn->next->handler, turn->input->now_ms, span_ms);
}

int64_t clock_warn(
        const struct turn *turn, int64_t unit, int64_t from_ms, int64_t span_ms, int64_t due_ms)
{
    int64_t share_ms = span_ms / 10 * WARN_TENTHS;
    struct due due = due_after(turn->directory, turn->matter, unit, from_ms, share_ms);
    return due_ms != 0 && due.at_ms < due_ms ? due.at_ms : 0;
}

void clock_forget(struct routing_case *this)
{
    this->late = false;
    this->escalated &= (uint8_t)~1u;
    this->course.risen = this->escalated; /* none of them by the new clock */
}

void clock_start(struct turn *turn, struct step *step, int64_t span_ms)
{
    struct routing_case *next = turn->next;
    int64_t now = turn->input->now_ms;
    int64_t due_ms = handler_due(turn, span_ms).at_ms;
    clock_forget(next);
    next->course.unstarted = 0;
    next->course.started_ms = now;
    next->course.added_ms = 0;
    next->first_due_ms = due_ms;
    clock_move(turn, step, due_ms, clock_warn(turn, next->handler, now, span_ms, due_ms));
}

void clock_move(struct turn *turn, struct step *step, int64_t due_ms, int64_t warn_ms)
{
    turn->next->due_ms = step->due_ms = due_ms;
    turn->next->warn_ms = warn_ms;
}

void clock_stop(struct routing_case *this)
{
    this->step_due_ms = this->course.arrive_due_ms = this->course.step_from_ms = 0;
}

static struct due step_due(const struct turn *turn, int64_t from_ms, int64_t span_ms)
{
    return due_after(turn->directory, turn->matter, turn->next->handler, from_ms, span_ms);
}

/* False when a year is missing. A need that is on offer comes back by itself when nobody claims
 * it. */
static bool dispatch_clocks(struct turn *turn, int64_t from_ms)
{
    struct routing_case *next = turn->next;
    bool counts = turn->matter && next->work != WORK_NEED;
    struct due accept = step_due(turn, from_ms, counts ? turn->matter->accept_ms : 0);
    struct due arrive = step_due(turn, from_ms, counts ? turn->matter->arrive_ms : 0);
    clock_stop(next);
    if (accept.year != 0 || arrive.year != 0) {
        next->course.step_from_ms = from_ms;
        return false;
    }
    next->step_due_ms = accept.at_ms;
    next->course.arrive_due_ms = arrive.at_ms;
    return true;
}

/* … of a step with one clock. */
static bool step_clock(struct turn *turn, int64_t from_ms, int64_t span_ms)
{
    struct due due = step_due(turn, from_ms, span_ms);
    clock_stop(turn->next);
    turn->next->step_due_ms = due.at_ms;
    turn->next->course.step_from_ms = due.year != 0 ? from_ms : 0;
    return due.year == 0;
}

void clock_dispatch(struct turn *turn)
{
    (void)dispatch_clocks(turn, turn->input->now_ms);
}

void clock_accept(struct turn *turn)
{
    struct routing_case *next = turn->next;
    int64_t arrive_due_ms = next->course.arrive_due_ms, from_ms = next->course.step_from_ms;
    clock_stop(next);
    if (next->on_scene)
        return;
    next->step_due_ms = arrive_due_ms;
    if (from_ms != 0 && turn->matter && turn->matter->arrive_ms > 0)
        next->course.step_from_ms = from_ms;
}

void clock_verify(struct turn *turn)
{
    (void)step_clock(turn, turn->input->now_ms, turn->matter ? turn->matter->verify_ms : 0);
    turn->next->course.verify_late = 0;
}

/* The calendar was asked for again. A deadline that it gives is announced by a dispatch of its own;
 * has it passed meanwhile, the timer fires at once, and the case goes up as it would have. */
static void due_settle(struct turn *turn)
{
    struct routing_case *next = turn->next;
    int64_t first_due_ms = 0;
    struct due due = due_again(turn->directory, turn->matter, next, &first_due_ms);
    if (due.year != 0)
        return;
    int64_t span_ms = due_span(turn->matter, next);
    int64_t warn = clock_warn(turn, next->handler, due_began(next), span_ms, first_due_ms);
    next->first_due_ms = first_due_ms;
    clock_move(turn, turn_step(turn, STEP_DISPATCH, turn->to, next->handler), due.at_ms,
            warn > turn->input->now_ms ? warn : 0);
}

/* The same of the present step's; one that has passed meanwhile is late at once. */
static void step_settle(struct turn *turn)
{
    struct routing_case *next = turn->next;
    int64_t from_ms = next->course.step_from_ms;
    must(turn->matter != NULL); /* or there was no span */
    bool known = next->state == CASE_DISPATCHED ? dispatch_clocks(turn, from_ms)
                 : next->state == CASE_ACCEPTED
                         ? step_clock(turn, from_ms, turn->matter->arrive_ms)
                         : step_clock(turn, from_ms, turn->matter->verify_ms);
    if (known)
        turn_step(turn, STEP_CLOCK, turn->to, next->handler);
}

static void do_look(struct turn *turn)
{
    const struct routing_case *next = turn->next;
    if (handling_awaited(turn->matter, next))
        due_settle(turn);
    if (step_awaited(next))
        step_settle(turn);
}

static enum case_metric metric_escalated(enum level level)
{
    must(level > LEVEL_GRID && level <= LEVEL_DISTRICT);
    return level == LEVEL_VILLAGE  ? METRIC_ESCALATED_VILLAGE
           : level == LEVEL_STREET ? METRIC_ESCALATED_STREET
                                   : METRIC_ESCALATED_DISTRICT;
}

/* Responsibility goes up to `area`; whoever works on the case keeps working. */
static struct step *case_rise(struct turn *turn, const struct unit *area)
{
    struct routing_case *next = turn->next;
    struct step *step = turn_step(turn, STEP_ESCALATE, turn->to, area->id);
    if (turn->to == CASE_RETURNED && next->handler == next->area)
        next->handler = area->id; /* nobody works on it: it waits at the responsible desk */
    next->area = area->id;
    next->level = (uint8_t)area->level;
    next->escalated = (uint8_t)(next->escalated | 1u << area->level);
    turn_count(turn, metric_escalated(area->level), 1);
    return step;
}

/* A card to whom the deadline was set; nobody when it is done or waits at a desk, and not those who
 * handle it together: each of them has a part with cards of its own. */
static void red_card(struct turn *turn)
{
    const struct routing_case *next = turn->next;
    if ((next->state != CASE_DISPATCHED && next->state != CASE_ACCEPTED) ||
            next->kind == HANDLER_JOINT)
        return;
    turn_step(turn, STEP_RED, turn->to, next->handler);
    turn_mark(turn, METRIC_RED, next->handler, 1);
}

/* The next deadline is counted from this one's firing; none at the top, where nobody is above. */
static void do_escalate(struct turn *turn)
{
    struct routing_case *next = turn->next;
    const struct unit *place = turn_place(turn);
    const struct unit *area = area_from(turn->directory, place, next->level + 1);
    if (!next->late) {
        turn_count(turn, METRIC_LATE, 1);
        red_card(turn);
    }
    next->late = true;
    next->warn_ms = 0;
    bool last = !area || !area_from(turn->directory, place, (int)area->level + 1);
    struct step *step =
            area ? case_rise(turn, area) : turn_step(turn, STEP_OVERDUE, turn->to, next->area);
    struct due due = due_step_up(turn->directory, turn->matter, next, turn->input->now_ms);
    if (last || (due.at_ms == 0 && due.year == 0))
        next->escalated |= 1; /* the deadline stays what it was, for all to see */
    else
        next->due_ms = step->due_ms = due.at_ms;
}

static void do_warn(struct turn *turn)
{
    turn->next->warn_ms = 0;
    turn_step(turn, STEP_YELLOW, turn->to, turn->next->handler);
    turn_mark(turn, METRIC_YELLOW, turn->next->handler, 1);
}

/* Nobody accepted what must not wait: the next level is asked to, with the same time for it. */
static const struct unit *accept_area(const struct turn *turn)
{
    const struct routing_case *next = turn->next;
    bool waits = turn->matter && next->state == CASE_DISPATCHED &&
                 (turn->matter->urgency == URGENCY_EMERGENCY || next->course.unstarted);
    return waits ? area_from(turn->directory, turn_place(turn), next->level + 1) : NULL;
}

static void accept_escalate(struct turn *turn, const struct unit *area)
{
    struct routing_case *next = turn->next;
    next->course.risen |= INT64_C(1) << area->level;
    struct step *step = case_rise(turn, area);
    next->step_due_ms = step->due_ms = handler_due(turn, turn->matter->accept_ms).at_ms;
}

static void do_step_late(struct turn *turn)
{
    struct routing_case *next = turn->next;
    bool handled = next->state == CASE_HANDLED, dispatched = next->state == CASE_DISPATCHED;
    bool arrival = dispatched && next->step_due_ms == next->course.arrive_due_ms;
    int64_t unit = handled ? next->area : next->handler;
    const struct unit *above = accept_area(turn);
    if (above && handler_due(turn, turn->matter->accept_ms).year != 0)
        return; /* looked at again */
    turn_step(turn, STEP_LATE, turn->to, unit);
    turn_mark(turn, METRIC_STEP_LATE, unit, 1);
    next->step_due_ms = 0;
    next->course.verify_late = handled;
    if (arrival)
        next->course.arrive_due_ms = 0;
    if (!dispatched)
        return;
    if (above)
        accept_escalate(turn, above);
    if (next->step_due_ms == 0) /* whoever has not accepted has not come either */
        next->step_due_ms = next->course.arrive_due_ms;
}

void clock_act(struct turn *turn, enum case_action action)
{
    switch ((int)action) {
    case DO_ESCALATE:
        do_escalate(turn);
        break;
    case DO_LOOK:
        do_look(turn);
        break;
    case DO_WARN:
        do_warn(turn);
        break;
    case DO_STEP_LATE:
        do_step_late(turn);
        break;
    default:
        must(!"an action of the clock");
    }
}
