/* Walking the organisation tree of the directory: every unit below an area, in the directory's own
 * order (parents before children, children by code), without recursion and without memory beyond
 * the struct. Pure: decide() may use it. The walk sees the snapshot it was begun with and nothing
 * else. */
#ifndef HUYING_BASE_PURE_TREE_H
#define HUYING_BASE_PURE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include "services/kernel/base/pure_directory.h"

#define UNIT_WALK_DEPTH_MAX 32 /* units deeper below the top than this are not visited */

struct unit_walk {
    const struct directory *directory;
    const struct unit *path[UNIT_WALK_DEPTH_MAX]; /* whose children are being visited */
    size_t next[UNIT_WALK_DEPTH_MAX];             /* index of the next child of each */
    int depth;                                    /* used entries; 0 = over */
    const struct unit *last;                      /* returned last and not yet descended into */
};

/* Begins a walk below `top`; `top` itself is not visited. NULL: a walk that is over. */
void unit_walk_begin(
        struct unit_walk *walk, const struct directory *directory, const struct unit *top);
/* The next unit, or NULL when the walk is over. */
const struct unit *unit_walk_next(struct unit_walk *walk);
/* Leaves out everything below the unit that was returned last. */
void unit_walk_skip(struct unit_walk *walk);

#endif
