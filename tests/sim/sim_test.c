/* Seeds of the simulator as a test: none fails, each is the same twice, every planted mistake is
 * found, and a failing run becomes smaller. SIM_SEEDS in the environment sets how many. */
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdlib.h>

#include "services/kernel/base/testing.h"
#include "tests/sim/session.h"

#define SEEDS_DEFAULT 2200
#define PLANT_SEEDS_MAX 300

static uint64_t seeds_wanted(void)
{
    const char *text = getenv("SIM_SEEDS");
    uint64_t seeds = text ? strtoull(text, NULL, 10) : 0;
#ifdef __SANITIZE_ADDRESS__
    return seeds ? seeds : SEEDS_DEFAULT / 10;
#else
    return seeds ? seeds : SEEDS_DEFAULT;
#endif
}

static void no_seed_fails(void **state)
{
    uint64_t seeds = seeds_wanted(), counts[STAT_COUNT] = {0};
    (void)state;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct sim_plan plan = sim_plan_of(seed);
        struct sim_result result;
        sim_run(&plan, &result);
        if (result.failed)
            fail_msg("seed %" PRIu64 ": %s\nsee it: tests/sim/run --seed %" PRIu64 " --trace", seed,
                    result.why, seed);
        for (int i = 0; i < STAT_COUNT; i++)
            counts[i] += result.counts[i];
    }
    /* A simulator in which nothing happens finds nothing. */
    for (int i = 0; i < STAT_COUNT; i++)
        assert_int_not_equal(counts[i], 0);
    /* A chore whose statement is unknown fails each time, and nothing else may show it. */
    if (twin_missing())
        fail_msg("no twin for the statement %s", twin_missing());
}

static void a_seed_is_the_same_twice(void **state)
{
    (void)state;
    for (uint64_t seed = 90001; seed <= 90020; seed++) {
        struct sim_plan plan = sim_plan_of(seed);
        struct sim_result first, second;
        plan.faults = (1u << FAULT_COUNT) - 1;
        sim_run(&plan, &first);
        sim_run(&plan, &second);
        assert_true(first.hash == second.hash);
        assert_int_equal(first.steps, second.steps);
    }
}

static bool plant_found(enum plant plant, struct sim_plan *ret)
{
    for (uint64_t seed = 1; seed <= PLANT_SEEDS_MAX; seed++) {
        struct sim_plan plan = sim_plan_of(seed);
        struct sim_result result;
        plan.plant = plant;
        plan.faults = (1u << FAULT_COUNT) - 1;
        sim_run(&plan, &result);
        if (!result.failed)
            continue;
        print_message(
                "%-18s found by seed %" PRIu64 ": %s\n", sim_plant_names[plant], seed, result.why);
        *ret = plan;
        return true;
    }
    return false;
}

static void planted_mistakes_are_found(void **state)
{
    (void)state;
    for (int plant = PLANT_NONE + 1; plant < PLANT_COUNT; plant++) {
        struct sim_plan plan;
        if (!plant_found((enum plant)plant, &plan))
            fail_msg("%s was not found in %d seeds", sim_plant_names[plant], PLANT_SEEDS_MAX);
    }
}

static void a_failing_run_becomes_smaller(void **state)
{
    struct sim_plan plan, small;
    struct sim_result result;
    (void)state;
    assert_true(plant_found(PLANT_SEEN_LOST, &plan));
    small = plan;
    assert_true(sim_shrink(&small) > 0);
    assert_true(small.faults != plan.faults && small.requests <= plan.requests);
    assert_true(small.until_ms - small.from_ms < 5000);
    sim_run(&small, &result);
    assert_true(result.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_seed_fails),
            cmocka_unit_test(a_seed_is_the_same_twice),
            cmocka_unit_test(planted_mistakes_are_found),
            cmocka_unit_test(a_failing_run_becomes_smaller)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
