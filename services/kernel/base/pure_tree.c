/* A walk keeps the path from the top to where it is and, for each unit on it, which child comes
 * next. A unit is put on the path when the one after it is asked for, so that the caller can say in
 * between that what is below it shall be left out. */
#include "services/kernel/base/pure_tree.h"
#include "services/kernel/base/must.h"

static void walk_descend(struct unit_walk *walk, const struct unit *unit)
{
    if (unit == NULL || walk->depth == UNIT_WALK_DEPTH_MAX)
        return;
    walk->path[walk->depth] = unit;
    walk->next[walk->depth] = 0;
    walk->depth++;
}

void unit_walk_begin(
        struct unit_walk *walk, const struct directory *directory, const struct unit *top)
{
    must(walk != NULL);
    must(directory != NULL);
    walk->directory = directory;
    walk->depth = 0;
    walk->last = NULL;
    walk_descend(walk, top);
}

const struct unit *unit_walk_next(struct unit_walk *walk)
{
    walk_descend(walk, walk->last);
    walk->last = NULL;
    while (walk->depth > 0) {
        int at = walk->depth - 1;
        const struct unit *unit = unit_child(walk->directory, walk->path[at], walk->next[at]);
        walk->next[at]++;
        if (unit != NULL) {
            walk->last = unit;
            return unit;
        }
        walk->depth--;
    }
    return NULL;
}

void unit_walk_skip(struct unit_walk *walk)
{
    walk->last = NULL;
}
