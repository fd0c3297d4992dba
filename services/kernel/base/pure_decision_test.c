/* The helpers that fill an outcome: contents, merging, and the fixed sizes. */
#include "services/kernel/base/pure_decision.h"

#include "services/kernel/base/testing.h"

static void step_add_takes_the_instant_of_the_input(void **state)
{
    (void)state;
    struct outcome outcome = {0};
    const struct input input = {.now_ms = 5000};
    struct step *step = step_add(&outcome, &input, 3, 1, 2);
    step->unit = 9;
    assert_int_equal(outcome.step_count, 1);
    assert_int_equal(outcome.steps[0].at_ms, 5000);
    assert_int_equal(outcome.steps[0].kind, 3);
    assert_int_equal(outcome.steps[0].from, 1);
    assert_int_equal(outcome.steps[0].to, 2);
    assert_int_equal(outcome.steps[0].unit, 9);
    assert_int_equal(outcome.steps[0].due_ms, 0);
}

static void timer_last_word_about_a_kind_counts(void **state)
{
    (void)state;
    struct outcome outcome = {0};
    for (int i = 0; i < 20; i++) {
        timer_set(&outcome, 1, 100 + i);
        timer_set(&outcome, 2, 200);
    }
    timer_clear(&outcome, 2);
    assert_int_equal(outcome.timer_count, 2);
    assert_int_equal(outcome.timers[0].due_ms, 119);
    assert_int_equal(outcome.timers[1].kind, 2);
    assert_int_equal(outcome.timers[1].due_ms, 0);
}

static void count_add_sums_the_same_counter_only(void **state)
{
    (void)state;
    struct outcome outcome = {0};
    count_add(&outcome, 1, 10, 5, 1);
    count_add(&outcome, 1, 10, 6, 1);
    count_add(&outcome, 1, 11, 5, 1);
    count_add(&outcome, 2, 10, 5, 1);
    count_add(&outcome, 1, 10, 5, -3);
    assert_int_equal(outcome.count_count, 4);
    assert_int_equal(outcome.counts[0].amount, -2);
    assert_int_equal(outcome.counts[3].metric, 2);
}

static void outcome_refuse_says_which_rule(void **state)
{
    (void)state;
    struct outcome outcome = {0};
    outcome_refuse(&outcome, 42);
    assert_int_equal(outcome.verdict, VERDICT_REFUSED);
    assert_int_equal(outcome.reason, 42);
}

static void send_add_keeps_order(void **state)
{
    (void)state;
    struct outcome outcome = {0};
    send_add(&outcome, SERVICE_ROUTING, 7, 1);
    send_add(&outcome, SERVICE_AUDIT, 8, 2);
    assert_int_equal(outcome.send_count, 2);
    assert_int_equal(outcome.sends[0].dest, SERVICE_ROUTING);
    assert_int_equal(outcome.sends[1].type, 8);
    assert_int_equal(outcome.sends[1].arg, 2);
}

struct filling {
    int count;
    void (*add)(struct outcome *outcome, int i);
};

static void fill_steps(struct outcome *outcome, int i)
{
    const struct input input = {.now_ms = i};
    (void)step_add(outcome, &input, 1, 1, 1);
}

static void fill_sends(struct outcome *outcome, int i)
{
    send_add(outcome, SERVICE_AUDIT, (uint32_t)i, 0);
}

static void fill_timers(struct outcome *outcome, int i)
{
    timer_set(outcome, (uint16_t)i, 1);
}

static void fill_counts(struct outcome *outcome, int i)
{
    count_add(outcome, 1, i, 0, 1);
}

static void fill(void *self)
{
    struct filling *filling = self;
    struct outcome outcome = {0};
    for (int i = 0; i < filling->count; i++) {
        filling->add(&outcome, i);
    }
}

static void outcome_full_is_fine_and_one_more_ends_the_process(void **state)
{
    (void)state;
    struct filling fillings[] = {{STEPS_MAX, fill_steps}, {SENDS_MAX, fill_sends},
            {TIMERS_MAX, fill_timers}, {COUNTS_MAX, fill_counts}};
    for (size_t i = 0; i < COUNT_OF(fillings); i++) {
        assert_false(process_aborts(fill, &fillings[i]));
        fillings[i].count++;
        assert_true(process_aborts(fill, &fillings[i]));
    }
}

static void refuse_after_step(void *self)
{
    struct outcome *outcome = self;
    fill_steps(outcome, 0);
    outcome_refuse(outcome, 1);
}

static void step_after_refuse(void *self)
{
    struct outcome *outcome = self;
    outcome_refuse(outcome, 1);
    fill_steps(outcome, 0);
}

static void outcome_refused_with_steps_is_a_bug(void **state)
{
    (void)state;
    struct outcome outcome = {0};
    assert_true(process_aborts(refuse_after_step, &outcome));
    assert_true(process_aborts(step_after_refuse, &outcome));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(step_add_takes_the_instant_of_the_input),
            cmocka_unit_test(timer_last_word_about_a_kind_counts),
            cmocka_unit_test(count_add_sums_the_same_counter_only),
            cmocka_unit_test(outcome_refuse_says_which_rule),
            cmocka_unit_test(send_add_keeps_order),
            cmocka_unit_test(outcome_full_is_fine_and_one_more_ends_the_process),
            cmocka_unit_test(outcome_refused_with_steps_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
