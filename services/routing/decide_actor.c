/* A person's rights over a case follow from the tree: the unit that the person belongs to, the
 * case's handler, the area that is responsible now, and the place. Of the roles only one matters:
 * volunteers claim needs, and do nothing in a desk's name. Collecting, handling and verifying stay
 * apart: the same person never verifies what he handled, and a squad's work is verified from
 * outside the squad. */
#include "services/routing/decide_actor.h"

#include <string.h>

#include "services/kernel/base/must.h"

/* One question. */
struct ask {
    const struct directory *directory;
    const struct routing_case *this;
    const struct staff *staff;
    int64_t area; /* the lowest area that the person's unit stands in */
};

const struct unit *area_from(const struct directory *directory, const struct unit *unit, int level)
{
    for (; level <= LEVEL_DISTRICT; level++) {
        const struct unit *area = unit_at_level(directory, unit, (enum level)level);
        if (area)
            return area;
    }
    return NULL;
}

/* False for units that are 0 or not in the directory. */
static bool id_within(const struct ask *ask, int64_t id, int64_t ancestor)
{
    const struct unit *unit = unit_find(ask->directory, id);
    return unit && unit_within(ask->directory, unit, ancestor);
}

static bool is_volunteer(const struct staff *staff)
{
    return strcmp(staff->role, "volunteer") == 0;
}

/* The handler's own people, and those of the area that is responsible now; not everybody who
 * stands somewhere below that area. */
static bool may_work(const struct ask *ask)
{
    if (is_volunteer(ask->staff))
        return false;
    return id_within(ask, ask->staff->unit, ask->this->handler) || ask->area == ask->this->area;
}

/* … and for giving the case away, those of any area above the responsible one. */
static bool may_refer(const struct ask *ask)
{
    if (is_volunteer(ask->staff))
        return false;
    return may_work(ask) || id_within(ask, ask->this->area, ask->area);
}

/* The handler's people, and those of an area above the handler or above the place: the grid's
 * worker may look whether a department's repair is done. */
static bool may_verify(const struct ask *ask)
{
    if (is_volunteer(ask->staff))
        return false;
    return id_within(ask, ask->staff->unit, ask->this->handler) ||
           id_within(ask, ask->this->handler, ask->area) ||
           id_within(ask, ask->this->unit, ask->area);
}

/* Somebody else is asked to do the work: the handler's desk does not do it over their heads. */
static enum case_refusal work_elsewhere(const struct routing_case *this)
{
    switch ((enum case_work)this->work) {
    case WORK_MISSION:
        return REFUSAL_MISSION_OPEN;
    case WORK_NEED:
        return REFUSAL_NEED_OPEN;
    case WORK_OWN:
        break;
    }
    return REFUSAL_NONE;
}

static enum case_refusal verify_check(const struct ask *ask)
{
    const struct routing_case *this = ask->this;
    if (strcmp(ask->staff->code, this->handled_by) == 0)
        return REFUSAL_SAME_PERSON;
    if (this->kind == HANDLER_SQUAD && id_within(ask, ask->staff->unit, this->handled_unit))
        return REFUSAL_SAME_SQUAD;
    return may_verify(ask) ? REFUSAL_NONE : REFUSAL_ACTOR_NOT_VERIFIER;
}

enum case_refusal actor_check(const struct directory *directory,
        const struct routing_case *this,
        const char *actor,
        enum case_action action)
{
    const struct staff *staff = staff_find(directory, actor);
    if (!staff)
        return REFUSAL_ACTOR_UNKNOWN;
    const struct unit *unit = unit_find(directory, staff->unit);
    const struct unit *area = unit ? area_from(directory, unit, LEVEL_GRID) : NULL;
    struct ask ask = {directory, this, staff, area ? area->id : -1};
    if (action == DO_REFER)
        return may_refer(&ask) ? REFUSAL_NONE : REFUSAL_ACTOR_NOT_HANDLER;
    if (action == DO_VERIFY)
        return verify_check(&ask);
    must(action == DO_ACCEPT || action == DO_HANDLE);
    return may_work(&ask) ? work_elsewhere(this) : REFUSAL_ACTOR_NOT_HANDLER;
}
