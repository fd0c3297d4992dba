/* A person's rights over a case follow from the tree: the unit that the person belongs to, the
 * case's handler, the area that is responsible now, and the place. Of the roles only one matters:
 * volunteers claim needs, and do nothing in a desk's name. Collecting, handling and verifying stay
 * apart: the same person never verifies what he handled, and a squad's work is verified from
 * outside the squad. */
#include "services/routing/decide_actor.h"

#include <string.h>

#include "services/kernel/base/must.h"
#include "services/routing/decide_parts.h"

/* One question. */
struct ask {
    const struct directory *directory;
    const struct routing_case *this;
    const struct staff *staff;
    int64_t area; /* the lowest area that the person's unit stands in; -1: none, or a volunteer */
    int64_t desk; /* … when he decides in its name: of the area itself, a desk, a centre; else -1 */
    bool volunteer;
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

/* Squads, departments and teams work on cases; desks and centres say who has to. */
static bool unit_is_desk(const struct unit *unit)
{
    return strcmp(unit->kind, "desk") == 0 || strcmp(unit->kind, "centre") == 0;
}

int64_t unit_desk_of(const struct directory *directory, const struct unit *unit)
{
    const struct unit *area = unit ? area_from(directory, unit, LEVEL_GRID) : NULL;
    return area && (unit == area || unit_is_desk(unit)) ? area->id : -1;
}

/* False for units that are 0 or not in the directory. */
static bool id_within(const struct ask *ask, int64_t id, int64_t ancestor)
{
    const struct unit *unit = unit_find(ask->directory, id);
    return unit && unit_within(ask->directory, unit, ancestor);
}

/* Of an area its own people and its desks; not everybody who stands somewhere in it. */
static bool may_handle(const struct ask *ask)
{
    return !ask->volunteer && unit_speaks(ask->directory, ask->staff, ask->this->handler);
}

/* The handler's own people, and those of the area that is responsible now; not everybody who
 * stands somewhere below that area. */
static bool may_work(const struct ask *ask)
{
    return may_handle(ask) || ask->area == ask->this->area;
}

/* The desks of the responsible area, and of any area above it; and who sent the case past the
 * catalogue. */
static bool may_direct(const struct ask *ask)
{
    bool sent = !ask->volunteer && ask->this->course.sent_by == ask->staff->unit;
    return sent || id_within(ask, ask->this->area, ask->desk);
}

/* Where the profile has no unit with the capability, the root's desks. */
static bool may_supervise(const struct ask *ask)
{
    const struct unit *own = unit_find(ask->directory, ask->staff->unit);
    if (ask->volunteer || !own)
        return false;
    for (size_t i = 0; i < directory_unit_count(ask->directory); i++) {
        const struct unit *unit = directory_unit(ask->directory, i);
        if (!unit->retired && unit_capable(unit, "veto"))
            return unit_capable(own, "veto");
    }
    return ask->desk == unit_root(ask->directory)->id;
}

static enum case_refusal called_check(const struct ask *ask, enum case_action action, int named)
{
    int part = part_meant(ask->directory, ask->this, ask->staff, action, named);
    if (part < 0)
        return REFUSAL_NO_PART;
    bool checks = action == DO_PASS_CHECK || action == DO_FAIL_CHECK;
    if (checks && strcmp(ask->staff->code, ask->this->handled_by) == 0)
        return REFUSAL_SAME_PERSON;
    bool called = !ask->volunteer &&
                  unit_speaks(ask->directory, ask->staff, ask->this->course.parts[part].unit);
    return called ? REFUSAL_NONE : REFUSAL_ACTOR_NOT_CALLED;
}

/* The desks of an area above the handler; nobody of the handler itself. */
static bool may_grant(const struct ask *ask)
{
    return id_within(ask, ask->this->handler, ask->desk) &&
           !id_within(ask, ask->staff->unit, ask->this->handler);
}

/* The handler's people, and those of an area above the handler or above the place: the grid's
 * worker may look whether a department's repair is done. */
static bool may_verify(const struct ask *ask)
{
    return may_handle(ask) || id_within(ask, ask->this->handler, ask->area) ||
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
    if (parts_did(ask->directory, this, ask->staff))
        return REFUSAL_TOOK_PART;
    return may_verify(ask) ? REFUSAL_NONE : REFUSAL_ACTOR_NOT_VERIFIER;
}

static enum case_refusal who_check(
        const struct ask *ask, enum case_who who, enum case_action action, int part)
{
    switch (who) {
    case WHO_CALLED:
        return called_check(ask, action, part);
    case WHO_SUPERVISES:
        return may_supervise(ask) ? REFUSAL_NONE : REFUSAL_ACTOR_NOT_SUPERVISOR;
    case WHO_WORKS:
        return may_work(ask) ? REFUSAL_NONE : REFUSAL_ACTOR_NOT_HANDLER;
    case WHO_HANDLES:
        return may_handle(ask) ? REFUSAL_NONE : REFUSAL_ACTOR_NOT_HANDLER;
    case WHO_DIRECTS:
        return may_direct(ask) ? REFUSAL_NONE : REFUSAL_ACTOR_NOT_ABOVE;
    case WHO_CONCERNED:
        return may_work(ask) || may_direct(ask) ? REFUSAL_NONE : REFUSAL_ACTOR_NOT_HANDLER;
    case WHO_GRANTS:
        return may_grant(ask) ? REFUSAL_NONE : REFUSAL_ACTOR_HANDLES;
    case WHO_ARBITER:
        return id_within(ask, ask->this->course.arbiter, ask->desk) ? REFUSAL_NONE
                                                                    : REFUSAL_ACTOR_NOT_ARBITER;
    case WHO_VERIFIES:
        return verify_check(ask);
    case WHO_NOBODY:
    case WHO_COUNT:
        break;
    }
    must(!"a command that a person may give has somebody who may");
    return REFUSAL_NOT_NOW;
}

/* What only those may do in whose hands the work is. */
static bool needs_work(enum case_action action)
{
    return action == DO_ACCEPT || action == DO_HANDLE || action == DO_ANSWER ||
           action == DO_RETURN || action == DO_DISPUTE || action == DO_SUSPEND ||
           action == DO_ASK_TIME || action == DO_DECLINE || action == DO_COME;
}

enum case_refusal actor_check(const struct directory *directory,
        const struct routing_case *this,
        const char *actor,
        enum case_who who,
        enum case_action action,
        int part)
{
    const struct staff *staff = staff_find(directory, actor);
    if (!staff)
        return REFUSAL_ACTOR_UNKNOWN;
    const struct unit *unit = unit_find(directory, staff->unit);
    const struct unit *area = unit ? area_from(directory, unit, LEVEL_GRID) : NULL;
    bool volunteer = strcmp(staff->role, "volunteer") == 0;
    int64_t area_id = area && !volunteer ? area->id : -1;
    struct ask ask = {.directory = directory,
            .this = this,
            .staff = staff,
            .area = area_id,
            .desk = volunteer ? -1 : unit_desk_of(directory, unit),
            .volunteer = volunteer};
    enum case_refusal refusal = who_check(&ask, who, action, part);
    return refusal == REFUSAL_NONE && needs_work(action) ? work_elsewhere(this) : refusal;
}
