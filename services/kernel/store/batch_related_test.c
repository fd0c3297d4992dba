/* Rows besides the aggregates are asked for by batches that need them, and by no others: what is
 * not asked for costs no round trip. */
#include "services/kernel/store/test_toy_pg.h"

static struct lane one;
static struct aggregate_ops ops;
static int asked;

static const struct statement RELATED = {"toy_related", "SELECT count(*) FROM toy"};

static void toy_related(struct pg *pg,
        struct input *const *inputs,
        const void *const *states,
        size_t count,
        const struct directory *directory,
        struct arena *arena,
        void **ret_related)
{
    (void)inputs;
    (void)states;
    (void)directory;
    (void)arena;
    (void)ret_related;
    asked += (int)count;
    pg_queue(pg, &RELATED, NULL, NULL, NULL);
}

static bool toy_relates(const struct input *input)
{
    return input->kind == INPUT_MESSAGE && input->source == SERVICE_VOLUNTEER;
}

static int setup_all(void **state)
{
    (void)state;
    server = kit_pg_start(NULL);
    toy_schema();
    ops = TOY_OPS;
    ops.related = toy_related;
    ops.statements = &RELATED;
    ops.statement_count = 1;
    toy_ops = &ops;
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    kit_pg_stop(&server);
    return 0;
}

static void batches_ask_when_one_of_their_inputs_relates(void **state)
{
    static const struct {
        bool filtered;
        enum service_id second;
        int asked;
    } table[] = {
            {false, SERVICE_INTAKE, 2}, {true, SERVICE_INTAKE, 0}, {true, SERVICE_VOLUNTEER, 2}};
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct work works[] = {
                toy_event(SERVICE_INTAKE, 100, 1, "A1"), toy_event(table[i].second, 200, 1, "A1")};
        toy_reset();
        ops.relates = table[i].filtered ? toy_relates : NULL;
        asked = 0;
        lane_open(&one, 0, 1);
        print_message("row %zu\n", i);
        assert_int_equal(lane_run(&one, works, 2), BATCH_DONE);
        assert_int_equal(asked, table[i].asked);
        ASSERT_SQL("SELECT sum(total)::bigint FROM toy.toy", 2);
        lane_close(&one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(batches_ask_when_one_of_their_inputs_relates),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
