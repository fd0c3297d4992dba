/* Batch memory: allocate by bumping a pointer, free everything at once when the batch is over.
 * Blocks are kept for the next batch. Out of memory or over `limit`: see arena_get / arena_find. */
#ifndef HUYING_BASE_ARENA_H
#define HUYING_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *first, *current;
    size_t used, limit; /* bytes handed out since the last reset; their maximum */
};

/* `limit`: most bytes between two resets. */
void arena_init(struct arena *arena, size_t limit);
void arena_fini(struct arena *arena);
/* Everything handed out so far is gone; the blocks stay for reuse (all but the first two are
 * freed). */
void arena_reset(struct arena *arena);
/* Zeroed, 16-aligned memory; ends the process when the limit is reached (a bug: callers bound
 * sizes). */
void *arena_get(struct arena *arena, size_t size);
/* The same for sizes that come from outside: NULL when the limit is reached. Not zeroed. */
void *arena_find(struct arena *arena, size_t size);
void *arena_copy(struct arena *arena, const void *data, size_t size);
/* Copies `size` bytes and ends them with a NUL. */
char *arena_text(struct arena *arena, const char *text, size_t size);

#define arena_array(arena, type, count) ((type *)arena_get((arena), sizeof(type) * (count)))

#endif
