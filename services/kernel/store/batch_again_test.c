/* A command that says `again`, in a real PostgreSQL.
 *
 * Nothing of its batch is done, and it runs by itself, resolved anew. */
#include "services/kernel/store/test_toy_pg.h"

static struct lane one;
static int again_left, resolved;

static void all_are_100(struct pg *pg,
        struct input **inputs,
        size_t count,
        const struct directory *directory,
        int64_t (*draw)(void *self),
        void *self,
        struct arena *arena)
{
    (void)pg, (void)directory, (void)draw, (void)self, (void)arena;
    for (size_t i = 0; i < count; i++)
        inputs[i]->agg = 100;
    resolved++;
}

static void decide_again(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome)
{
    if (input->kind == INPUT_COMMAND && again_left-- > 0)
        outcome->again = true;
    else
        TOY_OPS.decide(state, input, world, next, outcome);
}

static int setup_all(void **state)
{
    static struct aggregate_ops ops;
    (void)state;
    server = kit_pg_start(NULL);
    toy_schema();
    ops = TOY_OPS;
    ops.resolve = all_are_100;
    ops.decide = decide_again;
    toy_ops = &ops;
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    kit_pg_stop(&server);
    return 0;
}

static void command_that_says_again_runs_alone(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5"), toy_command(0, "", "A1"),
            toy_event(SERVICE_INTAKE, 200, 1, "A7")};
    (void)state;
    toy_reset();
    lane_open(&one, 0, 1);
    again_left = 1;
    assert_int_equal(lane_run(&one, works, COUNT_OF(works)), BATCH_SPLIT);
    ASSERT_SQL("SELECT count(*) FROM toy.toy", 0);
    struct work *alone = NULL;
    for (size_t i = 0; i < COUNT_OF(works); i++) {
        assert_int_equal(works[i].alone, works[i].origin == WORK_COMMAND);
        if (works[i].alone)
            alone = &works[i];
    }
    struct work rest[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5")};
    assert_int_equal(lane_run(&one, rest, 1), BATCH_DONE);
    assert_int_equal(lane_run(&one, alone, 1), BATCH_DONE);
    assert_int_equal(alone->verdict, VERDICT_APPLIED);
    assert_int_equal(resolved, 2);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE id = 100", 6);
    lane_close(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(command_that_says_again_runs_alone)};
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
