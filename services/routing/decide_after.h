/* What can still happen when a case has ended, and what ends at once. Pure. */
#ifndef HUYING_ROUTING_DECIDE_AFTER_H
#define HUYING_ROUTING_DECIDE_AFTER_H

#include "services/routing/routing.h"

struct turn;

/* EVENT_SETTLED or EVENT_SAMPLED when the report is of what the grid's worker settled on the spot
 * and may settle; else EVENT_REPORTED. */
enum case_event report_event(const struct routing_case *this,
        const struct directory *directory,
        const struct case_reported *body,
        int64_t id);
/* EVENT_REOPEN for one that says that it is not done while it may be opened again; else
 * EVENT_FOLLOW_UP. */
enum case_event follow_up_event(const struct routing_case *this, bool unsolved, int64_t now_ms);

/* The close may be drawn for a look by the level above. */
void check_draw(struct turn *turn);

/* Why a command is refused although state and person fit; DO_SETTLE to DO_ALSO. */
enum case_refusal after_check(
        const struct turn *turn, const struct routing_case *state, enum case_action action);
void after_act(struct turn *turn, enum case_action action);

#endif
