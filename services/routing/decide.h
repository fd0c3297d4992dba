/* Routing's decisions about one case: pure, from CASE_RULE_TABLE in routing.h. */
#ifndef HUYING_ROUTING_DECIDE_H
#define HUYING_ROUTING_DECIDE_H

#include "services/routing/routing.h"

/* As aggregate_ops.decide: `state` and `next` are struct routing_case, `next` starts as a copy.
 * Raises no version (the kernel does, one per step) and keeps no pointer but those of the
 * input's body. */
void routing_decide(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome);

/* What an input means to the case as it stands; EVENT_NONE for a type that is not routing's. */
enum case_event routing_event(const struct routing_case *this,
        const struct directory *directory,
        const struct input *input);

bool case_open(enum case_state state);

/* The instant until which a need is on offer: registration and the matter's span to accept. 0 =
 * without end, when the matter has no such span. */
int64_t case_offer_until(const struct routing_case *this, const struct matter *matter);

#endif
