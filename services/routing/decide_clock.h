/* The clocks of a case: its deadline, its yellow card, the present step's, its parts'. They are
 * instants in its row; one timer stands for all of them, at the earliest or before it. When it
 * fires and none has run out it is set again. Pure. */
#ifndef HUYING_ROUTING_DECIDE_CLOCK_H
#define HUYING_ROUTING_DECIDE_CLOCK_H

#include "services/routing/decide_due.h"

struct turn;

struct case_clock {
    int64_t at_ms;         /* 0: none runs */
    enum case_event event; /* what happens then */
    int part;              /* EVENT_PART_WARN, EVENT_PART_DUE: which, from 0 */
};

/* The first one to run out. Of two at the same instant parts come before the case, cards before
 * what they warn of. */
struct case_clock clock_first(const struct routing_case *this);

/* Whether it has run out now that the timer fires. Exactly at its instant it has not, unless the
 * timer was set to that very instant: such a one comes when it has passed. */
bool clock_over(const struct case_clock *clock, const struct input *input);

/* Whoever verifies has a time of his own, which may have passed, or wait for a year's calendar. */
bool case_verify_timed(const struct routing_case *this);

/* At the end of a decision: the timer, if it has to be earlier than it is, or is not needed. */
void clock_arm(struct turn *turn);

/* A new handling clock begins now, with `span_ms` of the handler's time; REFUSAL_NO_CALENDAR is for
 * the checks, here an unknown deadline is awaited. Announced by `step`. */
void clock_start(struct turn *turn, struct step *step, int64_t span_ms);
/* What the clock before has done to the case counts no more: it was not late by the new one. */
void clock_forget(struct routing_case *this);
/* The deadline moves, and its card with it. */
void clock_move(struct turn *turn, struct step *step, int64_t due_ms, int64_t warn_ms);
/* The clocks to accept and to arrive begin now. Where one needs a year that the calendar has not,
 * the step's clocks are awaited, all of them, and counted from now once it has. */
void clock_dispatch(struct turn *turn);
/* … the one to arrive, when the case was accepted; the one to verify, when it was handled. */
void clock_accept(struct turn *turn);
void clock_verify(struct turn *turn);
/* The present step has no clock any more. */
void clock_stop(struct routing_case *this);

/* WARN_TENTHS of a span in the unit's clock of the matter; 0 when that is unknown. */
int64_t clock_warn(
        const struct turn *turn, int64_t unit, int64_t from_ms, int64_t span_ms, int64_t due_ms);

/* Does it: DO_ESCALATE and DO_LOOK to DO_STEP_LATE. */
void clock_act(struct turn *turn, enum case_action action);

#endif
