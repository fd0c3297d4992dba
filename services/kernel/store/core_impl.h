/* Inside the core: growing arrays in the batch's arena, and what core.c asks of effects.c. */
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

/* The kernel's part of a state. */
static inline struct aggregate *head(void *state)
{
    return state;
}

/* The slot's timer of that kind; made, not set, when there is none. */
struct slot_timer *core_slot_timer(struct slot *slot, uint16_t kind);
/* One decision. Returns the verdict; effects are taken and the slot's state moves on when it was
 * applied, else nothing has changed. */
enum verdict core_apply(struct core *core, struct slot *slot, struct work *work);
/* Rows of history and leaves for the outcome's steps; `next` has the version after them. */
void core_steps_take(struct core *core, const struct slot *slot, const struct work *work,
        const struct outcome *outcome, const struct aggregate *next);

/* A pointer to a new, zeroed element of one of the core's effect lists. */
#define EFFECT_PUSH(core, name)                                                                    \
    ((core)->name.count == (core)->name.room                                                       \
                    ? (void)((core)->name.list = effect_grow((core)->arena, (core)->name.list,     \
                                     (core)->name.count, &(core)->name.room,                       \
                                     sizeof *(core)->name.list))                                   \
                    : (void)0,                                                                     \
            &(core)->name.list[(core)->name.count++])

#endif
