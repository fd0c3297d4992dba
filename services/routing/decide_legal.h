/* What a person may do to a case next, and which cases he may see. Pure. */
#ifndef HUYING_ROUTING_DECIDE_LEGAL_H
#define HUYING_ROUTING_DECIDE_LEGAL_H

#include "services/routing/routing.h"

#define TYPE_COMMANDS_END 2600 /* commands are the types from TYPE_ACCEPT on, below this */
#define LEGAL_MAX (TYPE_COMMANDS_END - TYPE_ACCEPT)

/* The commands that the member of staff with that code could give now, in order of their numbers:
 * those that would be applied, or refused for nothing but what their body says (which unit, where).
 * Returns how many; none for somebody who is not in the directory. */
size_t legal_acts(const struct directory *directory,
        const struct routing_case *this,
        const char *actor,
        int64_t now_ms,
        uint32_t ret[LEGAL_MAX]);

/* The command's name, as messages have it ("step_up"); "" for a type that is no command. */
const char *legal_name(const struct directory *directory, uint32_t type);

/* What a person sees of the tree: everything below `top`, itself included. The desk of an area and
 * whoever belongs to the area itself: the area; all others: their own unit. `top` is NULL for
 * volunteers, who see needs and no cases. */
struct scope {
    const struct unit *top;
    const struct unit *unit; /* his own */
    bool known;              /* false: not in the directory */
};
struct scope scope_of(const struct directory *directory, const char *actor);

#endif
