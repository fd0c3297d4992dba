/* What follows from decisions: pages and leaves as others read them, counters at every unit. */
#include "proto/leaf.pb-c.h"
#include "services/kernel/store/test_core.h"

static void pages_parse_as_leaves(void **state)
{
    (void)state;
    add(toy_event(SERVICE_INTAKE, AGG, 1, "A5"));
    add(toy_command(AGG, "r1", "S2"));
    core_begin(&bench.core);
    bench.core.commands = arena_array(&bench.arena, struct command_row, 9);
    loaded(AGG, 0);
    core_run(&bench.core);
    assert_int_equal(bench.core.pages.count, 1);
    const struct buf *payload = bench.core.pages.list[0].payload;
    Huying__Leaf__Page *page =
            huying__leaf__page__unpack(NULL, payload->size, (const uint8_t *)payload->data);
    assert_non_null(page);
    assert_int_equal(page->n_leaves, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct effect_step *step = &bench.core.steps.list[i];
        Huying__Leaf__Leaf *leaf =
                huying__leaf__leaf__unpack(NULL, page->leaves[i].len, page->leaves[i].data);
        assert_non_null(leaf);
        assert_int_equal(leaf->service, SERVICE_ROUTING);
        assert_int_equal(leaf->agg, AGG);
        assert_int_equal(leaf->ver, i + 1);
        assert_int_equal(leaf->kind, i + 1);
        assert_int_equal(leaf->from_state, 4);
        assert_int_equal(leaf->to_state, 5);
        assert_int_equal(leaf->at_ms, NOW);
        assert_int_equal(leaf->unit, TOY_UNIT);
        assert_int_equal(leaf->due_ms, 0);
        assert_int_equal(leaf->rule_ver, 9);
        uint8_t rest[64], hash[32];
        const char *actor = i ? "desk" : "", *detail = i ? "S" : "A";
        size_t size = SALT_SIZE;
        memcpy(rest, step->salt, SALT_SIZE);
        memcpy(rest + size, actor, strlen(actor) + 1);
        size += strlen(actor) + 1;
        rest[size++] = (uint8_t)detail[0];
        crypto_hash_sha256(hash, rest, size);
        assert_int_equal(leaf->rest_hash.len, 32);
        assert_memory_equal(leaf->rest_hash.data, hash, 32);
        /* Canonical: packing again gives the same bytes. */
        assert_int_equal(huying__leaf__leaf__get_packed_size(leaf), page->leaves[i].len);
        assert_int_equal(step->page, bench.core.pages.list[0].id);
        assert_int_equal(step->idx, i);
        huying__leaf__leaf__free_unpacked(leaf, NULL);
    }
    huying__leaf__page__free_unpacked(page, NULL);
}

/* The largest batch there may be: its pages fit the buffers, and the receiver takes each. */
static void pages_of_a_full_batch_can_be_sent(void **state)
{
    (void)state;
    for (int64_t i = 0; i < BATCH_SIZE_MAX; i++)
        add(toy_event(SERVICE_INTAKE, INT64_C(7) << 51 | (i + 1), 1, "A5"));
    core_begin(&bench.core);
    for (int64_t i = 0; i < BATCH_SIZE_MAX; i++)
        loaded(INT64_C(7) << 51 | (i + 1), 0);
    core_run(&bench.core);
    assert_int_equal(bench.core.steps.count, BATCH_SIZE_MAX);
    for (size_t i = 0; i < bench.core.pages.count; i++) {
        const struct buf *payload = bench.core.pages.list[i].payload;
        assert_true(payload->size <= PAYLOAD_SIZE_MAX);
        assert_int_equal(proto_check((const uint8_t *)payload->data, payload->size), OK);
    }
}

static int64_t counted(int64_t unit, int32_t matter)
{
    for (size_t i = 0; i < bench.core.count_room; i++) {
        const struct effect_count *count = &bench.core.counts[i];
        if (count->used && count->unit == unit && count->matter == matter)
            return count->amount;
    }
    return -1;
}

static void counters_reach_all_units_above(void **state)
{
    (void)state;
    add(toy_event(SERVICE_INTAKE, AGG, 1, "A5"));
    add(toy_event(SERVICE_INTAKE, AGG, 2, "S2"));
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_run(&bench.core);
    assert_int_equal(bench.core.count_used, 5);
    assert_int_equal(counted(0, 0), 3);
    assert_int_equal(counted(0, TOY_MATTER), 3);
    assert_int_equal(counted(TOY_UNIT, 0), 3);
    assert_int_equal(counted(2, 0), 3);
    assert_int_equal(counted(1, 0), 3);
}

static void decide_versions(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome)
{
    (void)state;
    (void)world;
    (void)next;
    step_add(outcome, input, 1, 0, 0);
    for (int32_t matter = 7; matter <= 9; matter++)
        count_add(outcome, 0, 0, matter, 1);
}

/* Matter 8 is a later version of 7; 9 is in no directory. */
static void versions_of_a_matter_count_as_one(void **state)
{
    static const struct matter matters[] = {
            {.id = 7, .code = "M", .retired = true}, {.id = 8, .item = 7, .code = "M"}};
    static struct aggregate_ops ops;
    (void)state;
    ops = TOY_OPS;
    ops.decide = decide_versions;
    bench.core.ops = &ops;
    directory_destroy(&bench.directory);
    bench.directory = directory_build(&(struct directory_rows){.version = 1,
            .site = 7,
            .site_letters = "LA",
            .matters = matters,
            .matter_count = COUNT_OF(matters)});
    bench.core.world.directory = bench.directory;
    add(toy_event(SERVICE_INTAKE, AGG, 1, "A1"));
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_run(&bench.core);
    assert_int_equal(counted(0, 7), 2);
    assert_int_equal(counted(0, 8), -1);
    assert_int_equal(counted(0, 9), 1);
}

static void decide_many(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome)
{
    (void)state;
    (void)world;
    (void)next;
    step_add(outcome, input, 1, 0, 0);
    for (int i = 0; i < COUNTS_MAX; i++)
        count_add(outcome, 0, 0, (int32_t)input->n * COUNTS_MAX + i + 1, 1);
}

/* 64 drained messages with twelve counters each are more than the table starts with. */
static void counters_may_be_many(void **state)
{
    static struct held held[DRAIN_MAX];
    static struct aggregate_ops ops;
    (void)state;
    ops = TOY_OPS;
    ops.decide = decide_many;
    bench.core.ops = &ops;
    for (int i = 0; i < DRAIN_MAX; i++)
        held[i] = held_add((uint64_t)i + 2, "A1", false);
    add(toy_event(SERVICE_INTAKE, AGG, 1, "A1"));
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_hold(&bench.core, held, DRAIN_MAX);
    core_run(&bench.core);
    assert_int_equal(bench.core.count_used, (DRAIN_MAX + 1) * COUNTS_MAX + 1);
    assert_int_equal(counted(0, 0), (DRAIN_MAX + 1) * COUNTS_MAX);
    assert_int_equal(counted(0, 2 * COUNTS_MAX + 1), 1);
}
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(pages_parse_as_leaves),
            CASE(pages_of_a_full_batch_can_be_sent),
            CASE(counters_reach_all_units_above),
            CASE(versions_of_a_matter_count_as_one),
            CASE(counters_may_be_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
