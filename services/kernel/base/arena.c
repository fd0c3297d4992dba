/* Blocks in a list, filled in order by bumping `used`. Blocks double in size from ARENA_BLOCK_SIZE,
 * so a batch of any size needs few of them; a reset keeps the first two, which hold the usual
 * batch, and gives the rest back, so that one huge batch does not stay resident for ever. A request
 * that does not fit the rest of a block goes to the next one. Nothing is ever freed singly. */
#include "services/kernel/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "services/kernel/base/must.h"

#define ARENA_ALIGN ((size_t)16)
#define ARENA_BLOCK_SIZE ((size_t)256 << 10)
#define ARENA_BLOCK_SIZE_MAX ((size_t)8 << 20)
#define ARENA_BLOCKS_KEPT 2

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    _Alignas(16) unsigned char data[];
};

void arena_init(struct arena *arena, size_t limit)
{
    must(arena != NULL && limit > 0 && limit < SIZE_MAX / 2);
    *arena = (struct arena){.limit = limit};
}

static void blocks_free(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_fini(struct arena *arena)
{
    blocks_free(arena->first);
    *arena = (struct arena){.limit = arena->limit};
}

void arena_reset(struct arena *arena)
{
    struct arena_block *block = arena->first;
    for (int kept = 1; block != NULL; kept++) {
        block->used = 0;
        if (kept == ARENA_BLOCKS_KEPT) {
            blocks_free(block->next);
            block->next = NULL;
        }
        block = block->next;
    }
    arena->current = arena->first;
    arena->used = 0;
}

static struct arena_block *block_new(const struct arena_block *last, size_t size)
{
    size_t room = last == NULL ? ARENA_BLOCK_SIZE : last->size * 2;
    if (room > ARENA_BLOCK_SIZE_MAX) {
        room = ARENA_BLOCK_SIZE_MAX;
    }
    if (room < size) {
        room = size;
    }
    struct arena_block *block = must_memory(malloc(sizeof *block + room));
    *block = (struct arena_block){.size = room};
    return block;
}

/* The first block from the current one on that has `size` bytes left; made when there is none. */
static struct arena_block *block_with_room(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->current;
    while (block != NULL && block->size - block->used < size && block->next != NULL) {
        block = block->next;
    }
    if (block == NULL || block->size - block->used < size) {
        struct arena_block *more = block_new(block, size);
        if (block == NULL) {
            arena->first = more;
        } else {
            block->next = more;
        }
        block = more;
    }
    arena->current = block;
    return block;
}

void *arena_find(struct arena *arena, size_t size)
{
    must(arena != NULL && arena->used <= arena->limit);
    if (size > arena->limit) {
        return NULL;
    }
    /* Also nothing gets an address of its own. */
    size_t whole = size == 0 ? ARENA_ALIGN : (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    if (whole > arena->limit - arena->used) {
        return NULL;
    }
    struct arena_block *block = arena->current;
    if (block == NULL || block->size - block->used < whole) {
        block = block_with_room(arena, whole);
    }
    void *memory = block->data + block->used;
    block->used += whole;
    arena->used += whole;
    return memory;
}

void *arena_get(struct arena *arena, size_t size)
{
    void *memory = arena_find(arena, size);
    must(memory != NULL);
    return memset(memory, 0, size);
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
    must(data != NULL || size == 0);
    void *memory = arena_find(arena, size);
    must(memory != NULL);
    return size == 0 ? memory : memcpy(memory, data, size);
}

char *arena_text(struct arena *arena, const char *text, size_t size)
{
    must((text != NULL || size == 0) && size < SIZE_MAX);
    char *memory = arena_find(arena, size + 1);
    must(memory != NULL);
    if (size > 0) {
        memcpy(memory, text, size);
    }
    memory[size] = 0;
    return memory;
}
