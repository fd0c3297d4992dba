/* The parts of a case: which one a command means, and what they hold up. Pure. */
#ifndef HUYING_ROUTING_DECIDE_PARTS_H
#define HUYING_ROUTING_DECIDE_PARTS_H

#include "services/routing/routing.h"

struct turn;

/* True while a part that has to be done first is open. */
bool parts_block(const struct routing_case *this);
/* The unit of the first open part that such a one or a call is; 0 = none. */
int64_t parts_first_open(const struct routing_case *this);
/* True while a call of a whistle is open. */
bool parts_call(const struct routing_case *this);
/* True when the person's unit did a part of it, so that he may not verify the whole. */
bool parts_did(const struct directory *directory,
        const struct routing_case *this,
        const struct staff *staff);
/* True when `part` (from 0) is all that keeps a joint case from being handled. */
bool parts_last(const struct routing_case *this, int part);

/* True when somebody of `staff`'s unit is meant by "the people of `unit`": its own, and for an area
 * those of its desks. */
bool unit_speaks(const struct directory *directory, const struct staff *staff, int64_t unit);

/* The part that `action` by `staff` means, from 0: the one numbered `named` (from 1), or with 0 the
 * first that his unit may do that to. -1: there is none, or that one is not of this kind and state.
 */
int part_meant(const struct directory *directory,
        const struct routing_case *this,
        const struct staff *staff,
        enum case_action action,
        int named);

/* The parts that end with the case. */
void parts_end(struct turn *turn);
/* The looks by the level above: it is opened again before they came. */
void checks_end(struct turn *turn);
/* The parts of the units that handled it together: it goes to somebody else. */
void parts_stop(struct turn *turn);
/* One more part, given now; there is room (parts_room). */
struct case_part *part_add(struct turn *turn, enum part_kind kind, int64_t unit, int64_t due_ms);
bool parts_room(const struct routing_case *this, int count);
/* The joint part of whoever leads gets as much more time as the case. */
void parts_extend(struct turn *turn, int64_t more_ms);

/* The number that is shown at the place on that local day, 100000 to 999999: who knows it is there.
 */
int check_in_code(const struct routing_case *this, int64_t at_ms, int utc_offset_s);

/* Why a command is refused although state and person fit; DO_WHISTLE to DO_PART_DUE. */
enum case_refusal parts_check(
        const struct turn *turn, const struct routing_case *state, enum case_action action);
void parts_act(struct turn *turn, enum case_action action);

#endif
