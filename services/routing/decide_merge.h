/* Two cases of one thing: the one with the larger id is merged into the other, waits for it, and
 * ends as that one does; or they are taken apart again. Pure. */
#ifndef HUYING_ROUTING_DECIDE_MERGE_H
#define HUYING_ROUTING_DECIDE_MERGE_H

#include "services/routing/routing.h"

struct turn;

/* The case that an input has to look at besides its own, for world.related; 0 = none. Only inputs
 * that merge_looks() have one. */
bool merge_looks(const struct input *input);
int64_t merge_other(const struct routing_case *this, const struct input *input);

/* Why a command is refused although state and person fit, and its doing: DO_MERGE to
 * DO_END_ALONG. */
enum case_refusal merge_check(
        const struct turn *turn, const struct routing_case *state, enum case_action action);
void merge_act(struct turn *turn, enum case_action action);

#endif
