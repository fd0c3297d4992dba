/* The decisions about a need, pure: who fits, who gets it, how long it took. */
#ifndef HUYING_VOLUNTEER_DECIDE_H
#define HUYING_VOLUNTEER_DECIDE_H

#include "services/volunteer/volunteer.h"

/* struct aggregate_ops.decide: `state` and `next` are struct need. */
void need_decide(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome);

/* Whom a need is offered to: volunteers with the skill, available at that instant, of the village
 * of `unit` and all below it; when these are fewer than OFFERS_ENOUGH, then of its street as well
 * (of the district, when the place has no street). Each once, nearest area first, in the
 * directory's order. Writes at most `room` ≤ OFFERS_MAX; returns how many. The same directory and
 * instant give the same answer. */
int need_offers(const struct directory *directory,
        int64_t unit,
        const char *skill,
        int64_t at_ms,
        const struct staff **ret,
        int room);

bool need_open(enum need_state state); /* offered or claimed */

#endif
