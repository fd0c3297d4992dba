/* One decision under way, shared by the files that make decisions: decide.c (the straight way of a
 * case), decide_course.c (what happens beside it), decide_clock.c (its clocks), decide_parts.c
 * (what several units do for it), decide_after.c (after its end) and decide_merge.c (with another
 * case). */
#ifndef HUYING_ROUTING_DECIDE_TURN_H
#define HUYING_ROUTING_DECIDE_TURN_H

#include "services/routing/decide.h"
#include "services/routing/decide_clock.h"

struct turn {
    const struct input *input;
    const struct directory *directory;
    const struct matter *matter; /* NULL: not in the directory (any more) */
    const struct routing_case *before;
    struct routing_case *next;
    struct outcome *outcome;
    const struct other_set *others; /* NULL: none */
    enum case_state to;             /* the rule's state after; of a rule with ANY the present one */
};

/* Nothing changes; the kernel throws `next` away. */
void turn_ignore(struct turn *turn);

/* The only place where the state changes: a step, and the state after it. */
struct step *turn_step(struct turn *turn, enum case_step kind, enum case_state to, int64_t unit);

/* Counts at the place of the case, and at its matter. */
void turn_count(struct turn *turn, enum case_metric metric, int amount);
/* Counts at a unit because of the case, and marks that in its row. */
void turn_mark(struct turn *turn, enum case_metric metric, int64_t unit, int amount);

/* The body of a command. */
const struct act *turn_act_body(const struct turn *turn);
/* Which of the evidence that the matter requires the command does not bring; count 0: none. */
struct evidence turn_missing(const struct turn *turn);
/* The unit of whoever gives the command. */
int64_t turn_actor_unit(const struct turn *turn);

/* Where the case lies; the root when the directory does not know the unit. */
const struct unit *turn_place(const struct turn *turn);

/* Who handles the matter for the case's place when it stands at `level`. */
int64_t turn_handler_at(const struct turn *turn, enum level level);

/* Fills in what a report says: matter, texts, place, level, area, handler. */
void turn_place_report(struct turn *turn);

/* A unit gets the case by a person's will: what was asked of a squad or of volunteers ends. */
void turn_give(struct turn *turn, int64_t unit);

/* The handler takes it on. */
void turn_accept(struct turn *turn);
/* The case becomes handled by `actor`, and its verification's clock begins. */
void turn_handle(struct turn *turn, const char *actor);
/* The case ends: nobody works on it any more, no deadline runs, the reporter is told. */
void turn_end(struct turn *turn, enum case_metric metric);
/* … by a step of another kind: settled where it was found, answered. */
void turn_done(struct turn *turn, enum case_step step, const char *actor);
/* What is left on the handler's clocks into `ret`; and the clocks on with that, announced by a step
 * of that kind. False, and nothing is done: the calendar lacks a year. */
bool clocks_pause(const struct turn *turn, struct case_course *ret) MUST_CHECK;
bool clocks_go_on(struct turn *turn, enum case_step kind) MUST_CHECK;
/* Whether they could. */
bool clocks_known(const struct turn *turn, const struct case_course *stopped);
/* Whether it was in time; counted once. */
void turn_judge(struct turn *turn);

/* Tells intake which stage the case has reached, when its reporter wants to hear it. */
void stage_tell(struct turn *turn);

/* Why a command is refused although state and person fit, and its doing: decide_course.c, DO_RETURN
 * to DO_VETO. */
enum case_refusal course_check(
        const struct turn *turn, const struct routing_case *state, enum case_action action);
void course_act(struct turn *turn, enum case_action action);

#endif
