/* One decision under way, shared by decide.c (the straight way of a case) and decide_course.c (what
 * happens beside it). */
#ifndef HUYING_ROUTING_DECIDE_TURN_H
#define HUYING_ROUTING_DECIDE_TURN_H

#include "services/routing/decide.h"

struct turn {
    const struct input *input;
    const struct directory *directory;
    const struct matter *matter; /* NULL: not in the directory (any more) */
    struct routing_case *next;
    struct outcome *outcome;
    enum case_state to; /* the rule's state after */
};

/* Nothing changes; the kernel throws `next` away. */
void turn_ignore(struct turn *turn);

/* The only place where the state changes: a step, and the state after it. */
struct step *turn_step(struct turn *turn, enum case_step kind, enum case_state to, int64_t unit);

/* Counts at the place of the case, and at its matter. */
void turn_count(struct turn *turn, enum case_metric metric, int amount);

/* Where the case lies; the root when the directory does not know the unit. */
const struct unit *turn_place(const struct turn *turn);

/* Who handles the matter for the case's place when it stands at `level`. */
int64_t turn_handler_at(const struct turn *turn, enum level level);

/* A unit gets the case by a person's will: what was asked of a squad or of volunteers ends. */
void turn_give(struct turn *turn, int64_t unit);

/* Why a command beside the straight way is refused although state and person fit. */
enum case_refusal course_check(
        const struct turn *turn, const struct routing_case *state, enum case_action action);

/* Does it. `action` is DO_RETURN or one that stands behind it. */
void course_act(struct turn *turn, enum case_action action);

#endif
