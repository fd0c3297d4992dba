/* The decisions about a mission, pure: which squad gets it, what a squad may do with it, what
 * follows. The same functions say which squads have to be locked, so that lock and choice cannot
 * differ. */
#ifndef HUYING_ENFORCEMENT_DECIDE_H
#define HUYING_ENFORCEMENT_DECIDE_H

#include "services/enforcement/enforcement.h"

#define SQUADS_NEEDED_MAX                                                                          \
    (CANDIDATES_MAX + 2) /* … and the one that it has, and the one that it owes */

/* struct aggregate_ops.decide: `state` and `next` are struct mission. */
void mission_decide(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome);

/* The squads that may take a mission: units of kind squad below the street with the capability;
 * when it has none (or street is 0), squads and departments of the district. Writes at most `room`
 * ids, in ascending order and without repetition; returns how many. *ret_pool is the street whose
 * squads they are, 0 = the district's. More than `room`: those that come first in the directory's
 * order. */
int squad_candidates(const struct directory *directory,
        int64_t street,
        const char *capability,
        int64_t *ret_ids,
        int room,
        int64_t *ret_pool);

/* The squads that deciding `input` on `state` may assign or release, as above; `room` is at least
 * SQUADS_NEEDED_MAX. 0 for what touches no squad's load. A request whose body is not decoded has
 * none: it will wait, and be found by view work_ready. */
int squads_needed(const struct directory *directory,
        const struct mission *state,
        const struct input *input,
        int64_t *ret_ids,
        int room);

/* The pool that a squad's unit belongs to: its street, or 0 for the district's. */
int64_t squad_pool(const struct directory *directory, const struct unit *unit);

/* NULL when the batch did not lock that squad. */
struct squad *squad_find(const struct squad_set *set, int64_t id);

bool mission_open(enum mission_state state); /* waiting, assigned, accepted, on the scene */
bool mission_held(enum mission_state state); /* open and with a squad: counts as its load */

#endif
