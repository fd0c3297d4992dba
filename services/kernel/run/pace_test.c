/* How often chores run. */
#include "services/kernel/run/test_loop.h"

static struct stage stage;

static int setup(void **state)
{
    (void)state;
    toy_reset();
    stage_open(&stage);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

/* So long after their last start another chore, whose turn comes before theirs in every round, has
 * run; have they? */
static bool gauges_run_within(int64_t span_ms)
{
    const struct chore_state *before = &stage.loop.chore_states[CHORE_ATTEMPTS];
    const struct chore_state *gauges = &stage.loop.chore_states[CHORE_GAUGES];
    int64_t started_ms = gauges->started_ms, until_ms = started_ms + span_ms;
    stage.skip_ms += until_ms - stage_monotonic_ms(&stage);
    STAGE_UNTIL(&stage, before->started_ms >= until_ms);
    return gauges->started_ms != started_ms;
}

static void gauges_that_take_long_come_less_often(void **state)
{
    static const struct {
        int64_t took_ms, rests_ms, runs_ms; /* not yet after rests_ms, but after runs_ms */
    } rows[] = {{1, 4000, 6000}, {200, 16000, 21000}, {5000, 55000, 61000}};
    struct chore_state *gauges = &stage.loop.chore_states[CHORE_GAUGES];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        STAGE_UNTIL(&stage, gauges->started_ms && !gauges->running);
        gauges->took_ms = rows[i].took_ms;
        assert_false(gauges_run_within(rows[i].rests_ms));
        assert_true(gauges_run_within(rows[i].runs_ms));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
            gauges_that_take_long_come_less_often, setup, teardown)};
    return cmocka_run_group_tests(tests, stage_server_start, stage_server_stop);
}
