/* Inside the core: growing arrays in the batch's arena. */
#ifndef HUYING_STORE_CORE_IMPL_H
#define HUYING_STORE_CORE_IMPL_H

#include <string.h>

#include "services/kernel/store/core.h"

/* A list doubles by copying within the arena; what it leaves behind goes with the batch. */
static inline void *effect_grow(
        struct arena *arena, void *list, size_t count, size_t *room, size_t size)
{
    size_t more = *room ? *room * 2 : 64;
    void *wide = arena_get(arena, more * size);
    if (count)
        memcpy(wide, list, count * size);
    *room = more;
    return wide;
}

/* A pointer to a new, zeroed element of one of the core's effect lists. */
#define EFFECT_PUSH(core, name)                                                                    \
    ((core)->name.count == (core)->name.room                                                       \
                    ? (void)((core)->name.list = effect_grow((core)->arena, (core)->name.list,     \
                                     (core)->name.count, &(core)->name.room,                       \
                                     sizeof *(core)->name.list))                                   \
                    : (void)0,                                                                     \
            &(core)->name.list[(core)->name.count++])

#endif
