/* Who may do what to a case: the rules about people, apart from those about states. Pure. */
#ifndef HUYING_ROUTING_DECIDE_ACTOR_H
#define HUYING_ROUTING_DECIDE_ACTOR_H

#include "services/routing/routing.h"

/* Whether the member of staff with that code is one of `who`, and may do `action` to the case as it
 * stands; REFUSAL_NONE = yes. The state allows the action already. `part`: as in struct act. */
enum case_refusal actor_check(const struct directory *directory,
        const struct routing_case *this,
        const char *actor,
        enum case_who who,
        enum case_action action,
        int part);

/* The area in whose name the unit's people decide: it itself, or, of a desk or a centre, the lowest
 * area that it stands in; -1 = they decide in nobody's name. */
int64_t unit_desk_of(const struct directory *directory, const struct unit *unit);

/* The area that `unit` belongs to at `level`, or at the next level above that the tree has; NULL
 * when there is none so high. */
const struct unit *area_from(const struct directory *directory, const struct unit *unit, int level);

#endif
