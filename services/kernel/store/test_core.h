/* The bench of the core's tests: a core with a toy aggregate and no database, and short ways to put
 * works and loaded rows into it. Included by core_test.c and core_effects_test.c. */
#ifndef HUYING_STORE_TEST_CORE_H
#define HUYING_STORE_TEST_CORE_H

#include "services/kernel/store/core.h"
#include <sodium.h>
#include "services/kernel/store/ops_codec.h"
#include "services/kernel/store/test_toy.h"

#define AGG 100
#define NOW 50000

struct bench {
    struct arena arena;
    struct core core;
    struct work works[BATCH_SIZE_MAX];
    struct work *pointers[BATCH_SIZE_MAX];
    struct buf pages[4];
    struct directory *directory;
    int64_t next_id;
};

static struct bench bench;

static __attribute__((unused)) int64_t draw(void *self)
{
    return ++((struct bench *)self)->next_id;
}

static __attribute__((unused)) void random_fill(void *self, void *data, size_t size)
{
    (void)self;
    memset(data, 0x5a, size);
}

static __attribute__((unused)) int setup(void **state)
{
    (void)state;
    memset(&bench, 0, sizeof bench);
    arena_init(&bench.arena, 64u << 20);
    bench.directory = toy_directory(1);
    bench.next_id = 900000;
    bench.core = (struct core){.ops = &TOY_OPS,
            .arena = &bench.arena,
            .world = {bench.directory, NULL},
            .now_ms = NOW,
            .draw = draw,
            .draw_self = &bench,
            .random = random_fill,
            .works = bench.pointers,
            .page_bufs = bench.pages,
            .page_buf_count = 4};
    return 0;
}

static __attribute__((unused)) int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        buf_fini(&bench.pages[i]);
    directory_destroy(&bench.directory);
    arena_fini(&bench.arena);
    return 0;
}

static __attribute__((unused)) struct work *add(struct work work)
{
    struct work *place = &bench.works[bench.core.work_count];
    const char *why = NULL;
    *place = work;
    if (work.origin == WORK_COMMAND) /* the batch has decoded it by then */
        assert_int_equal(toy_decode(work.payload, &bench.arena, &place->input.body, &why), OK);
    bench.pointers[bench.core.work_count++] = place;
    return place;
}

/* Slots as loaded: row found, `seen` of intake. */
static __attribute__((unused)) struct toy *loaded(int64_t agg, uint64_t seen)
{
    struct toy *toy = core_slot(&bench.core, agg)->state;
    toy->agg.found = true;
    toy->agg.seen[SERVICE_INTAKE] = seen;
    return toy;
}

static __attribute__((unused)) const struct toy *toy(int64_t agg)
{
    return core_slot(&bench.core, agg)->state;
}

static __attribute__((unused)) struct held held_add(uint64_t n, const char *payload, bool dead)
{
    struct work work = toy_event(SERVICE_INTAKE, AGG, n, payload);
    return (struct held){.agg = AGG,
            .source = SERVICE_INTAKE,
            .n = n,
            .msg_id = work.input.msg_id,
            .at_ms = 1000,
            .type = TOY_ADD,
            .dead = dead,
            .payload = toy_bytes(payload)};
}

static __attribute__((unused)) struct work letter(enum work_origin origin, uint64_t n)
{
    struct work work = {.origin = origin, .request_id = "", .why = "it is known by telephone"};
    work.input = (struct input){.kind = INPUT_COMMAND,
            .source = SERVICE_INTAKE,
            .agg = AGG,
            .n = n,
            .peer = "ctl",
            .actor = "operator-1"};
    return work;
}

#endif
