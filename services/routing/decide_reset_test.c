/* A case's deadline counted anew by the rules of today: from where its clock began, with what was
 * granted and what a pause took, for one case by one person's will. What has happened by the old
 * deadline stands. */
#include "services/routing/test_acts.h"

#define DUE (NOW + 10 * HOUR) /* of the noise, by the old rules */
#define STAFF_MAX 64

static struct directory *city, *today;

/* The same district with another version of each matter: spans of `handle_ms` and `step_up_ms`. */
static struct directory *city_today(int64_t handle_ms, int64_t step_up_ms)
{
    static struct unit units[U_LOOSE_GRID];
    static struct matter matters[2 * M_COUNT];
    static struct staff staff[STAFF_MAX];
    size_t staff_count = 0;
    for (int i = 0; i < U_LOOSE_GRID; i++) {
        units[i] = *unit_find(city, i + 1);
        for (size_t k = 0; staff_of_unit(city, i + 1, k) != NULL; k++)
            staff[staff_count++] = *staff_of_unit(city, i + 1, k);
    }
    for (int i = 0; i < M_COUNT; i++) {
        matters[i] = matters[M_COUNT + i] = *matter_find(city, i + 1);
        matters[i].retired = true;
        matters[M_COUNT + i].id = M_COUNT + i + 1;
        matters[M_COUNT + i].handle_ms = handle_ms;
        matters[M_COUNT + i].step_up_ms = step_up_ms;
    }
    return directory_build(&(struct directory_rows){.version = 6,
            .site = 1,
            .site_letters = "LA",
            .units = units,
            .unit_count = U_LOOSE_GRID,
            .matters = matters,
            .matter_count = sizeof matters / sizeof *matters,
            .staff = staff,
            .staff_count = staff_count});
}

static int setup(void **state)
{
    (void)state;
    city = city_build();
    today = city_today(20 * HOUR, 2 * HOUR);
    return !city || !today;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&city);
    directory_destroy(&today);
    return 0;
}

static void deadline_is_counted_from_where_its_clock_began(void **state)
{
    (void)state;
    static const struct {
        int64_t handle_ms, at, due, warn;
        enum case_refusal refusal;
    } table[] = {
            {20 * HOUR, NOW + 4 * HOUR, NOW + 20 * HOUR, NOW + 14 * HOUR, REFUSAL_NONE},
            {6 * HOUR, NOW + 4 * HOUR, NOW + 6 * HOUR, NOW + 4 * HOUR + HOUR / 5, REFUSAL_NONE},
            {6 * HOUR, NOW + 5 * HOUR, NOW + 6 * HOUR, 0,
                    REFUSAL_NONE}, /* its card's time is over */
            {6 * HOUR, NOW + 6 * HOUR, 0, 0, REFUSAL_DUE_PASSED},
            {10 * HOUR, NOW + 4 * HOUR, DUE, NOW + 7 * HOUR,
                    REFUSAL_NONE}, /* other rules after it */
            {0, NOW + 4 * HOUR, 0, 0, REFUSAL_DUE_OTHERWISE},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct directory *now = city_today(table[i].handle_ms, 2 * HOUR);
        struct story story;
        story_reach(&story, city, M_NOISE, i % 2 ? CASE_DISPATCHED : CASE_ACCEPTED);
        story.directory = now;
        print_message("row %zu\n", i);
        if (table[i].refusal != REFUSAL_NONE) {
            fails(&story, TYPE_RESET_DUE, "sd", NULL, table[i].at, table[i].refusal);
            assert_int_equal(story.state.due_ms, DUE);
        } else {
            does(&story, TYPE_RESET_DUE, "sd", NULL, table[i].at);
            assert_int_equal(story.state.due_ms, table[i].due);
            assert_int_equal(story.state.first_due_ms, table[i].due);
            assert_int_equal(story.state.warn_ms, table[i].warn);
            assert_int_equal(story_step(&story, STEP_RESET_DUE)->due_ms, table[i].due);
            assert_int_equal(story_step(&story, STEP_RESET_DUE)->rule_ver, 6);
            assert_int_equal(story.state.matter, M_COUNT + M_NOISE);
            assert_int_equal(story.state.course.from_matter, M_NOISE);
            fails(&story, TYPE_RESET_DUE, "sd", NULL, table[i].at, REFUSAL_DUE_SAME);
            (void)story_fire(&story, table[i].due);
            assert_int_equal(story.state.due_ms, table[i].due + 2 * HOUR);
        }
        directory_destroy(&now);
    }
}

/* Nobody says so: the deadline stands, and so do the rules that the case began under. */
static void without_a_reset_nothing_moves(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    fails(&story, TYPE_RESET_DUE, "sd", NULL, NOW + HOUR, REFUSAL_DUE_SAME);
    story.directory = today;
    story_rests(&story, DUE - 1);
    (void)story_fire(&story, DUE);
    assert_int_equal(story.state.due_ms, DUE + 5 * HOUR);
}

static void what_was_granted_and_what_a_pause_took_is_kept(void **state)
{
    (void)state;
    static const struct act more = {.span_ms = 3 * HOUR}, review = {.span_ms = 50 * HOUR};
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    does(&story, TYPE_ASK_TIME, "vd", &more, NOW + HOUR);
    does(&story, TYPE_GRANT_TIME, "sd", NULL, NOW + HOUR);
    does(&story, TYPE_SUSPEND, "sd", &review, NOW + 2 * HOUR);
    fails(&story, TYPE_RESET_DUE, "sd", NULL, NOW + 3 * HOUR, REFUSAL_SUSPENDED);
    does(&story, TYPE_RESUME, "vd", NULL, NOW + 6 * HOUR);
    fails(&story, TYPE_RESET_DUE, "sd", NULL, NOW + 6 * HOUR, REFUSAL_DUE_SAME);
    story.directory = today;
    does(&story, TYPE_RESET_DUE, "sd", NULL, NOW + 6 * HOUR);
    assert_int_equal(story.state.due_ms, NOW + (20 + 3 + 4) * HOUR);
    assert_int_equal(story.state.warn_ms, NOW + (14 + 3 + 4) * HOUR);
}

/* It rose and its handler has a red card: both stand. By the new deadline it is not late. */
static void what_the_old_deadline_did_stands(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    (void)story_fire(&story, DUE);
    assert_int_equal(story.state.area, U_STREET);
    assert_true(story.state.late);
    story.directory = today;
    does(&story, TYPE_RESET_DUE, "dd", NULL, DUE + HOUR);
    assert_int_equal(story.state.area, U_STREET);
    assert_false(story.state.late);
    assert_int_equal(story.counts[METRIC_LATE], 0);
    assert_int_equal(story.counts[METRIC_RED], 1);
    assert_int_equal(story.counts[METRIC_ESCALATED_STREET], 1);
    assert_int_equal(story.state.due_ms, NOW + 20 * HOUR);
    story_rests(&story, NOW + 20 * HOUR - 1);
    (void)story_fire(&story, NOW + 20 * HOUR);
    assert_int_equal(story.state.area, U_DISTRICT);
    assert_int_equal(story.counts[METRIC_LATE], 1);
    assert_int_equal(story.counts[METRIC_RED], 2);
    does(&story, TYPE_HANDLE, "vd", NULL, NOW + 20 * HOUR + 1);
    does(&story, TYPE_VERIFY, "sd", NULL, NOW + 20 * HOUR + 2);
    assert_true(story.state.overdue_by_catalogue);
}

/* At the top no deadline runs any more; by the new one it does. */
static void a_case_that_was_over_at_the_top_runs_again(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, city);
    (void)story_report(&story, M_NOISE, U_GRID, 0, NOW);
    does(&story, TYPE_STEP_UP, "dd", NULL, NOW + 1);
    does(&story, TYPE_STEP_UP, "dd", NULL, NOW + 2);
    const struct act back = {.unit = U_GRID};
    does(&story, TYPE_DISPATCH, "dd", &back, NOW + 3);
    (void)story_fire(&story, DUE);
    story_rests(&story, DUE + 50 * HOUR);
    story.directory = today;
    fails(&story, TYPE_RESET_DUE, "dd", NULL, NOW + 20 * HOUR, REFUSAL_DUE_PASSED);
    does(&story, TYPE_RESET_DUE, "dd", NULL, NOW + 15 * HOUR);
    (void)story_fire(&story, NOW + 20 * HOUR);
    assert_int_equal(story_step(&story, STEP_OVERDUE)->at_ms, NOW + 20 * HOUR);
}

/* Only the case's own deadline: not a task's, not that of the present step. */
static void other_clocks_are_not_touched(void **state)
{
    (void)state;
    static const struct act task = {.unit = U_ROADS, .span_ms = 2 * HOUR};
    struct story story;
    story_begin(&story, city);
    (void)story_report(&story, M_WATER, U_GRID, 0, NOW);
    does(&story, TYPE_ORDER, "sd", &task, NOW + 1);
    story.directory = today;
    does(&story, TYPE_RESET_DUE, "sd", NULL, NOW + 2);
    assert_int_equal(story.state.due_ms, NOW + 20 * HOUR);
    assert_int_equal(story.state.step_due_ms, NOW + HOUR);
    assert_int_equal(story.state.course.arrive_due_ms, NOW + 2 * HOUR);
    assert_int_equal(part_at(&story, 1)->due_ms, NOW + 1 + 2 * HOUR);
}

/* What did not come from the catalogue's span cannot be counted from it. */
static void other_deadlines_are_not_reset(void **state)
{
    (void)state;
    static const struct act roads = {.unit = U_ROADS};
    static const struct act both = {.units = {U_SQUAD, U_ROADS}, .unit_count = 2};
    struct story story;
    story_begin(&story, city);
    (void)story_report(&story, M_NOISE, U_GRID, NOW + 30 * HOUR, NOW);
    story.directory = today;
    fails(&story, TYPE_RESET_DUE, "sd", NULL, NOW + HOUR, REFUSAL_DUE_OTHERWISE);
    story_begin(&story, city);
    (void)story_report(&story, 0, U_GRID, 0, NOW);
    does(&story, TYPE_DISPATCH, "dd", &roads, NOW + 1);
    story.directory = today;
    fails(&story, TYPE_RESET_DUE, "dd", NULL, NOW + HOUR, REFUSAL_DUE_OTHERWISE);
    story_begin(&story, city);
    (void)story_report(&story, M_JOINT, U_GRID, 0, NOW);
    story.directory = today;
    fails(&story, TYPE_RESET_DUE, "dd", NULL, NOW + HOUR, REFUSAL_DUE_OTHERWISE);
    does(&story, TYPE_JOINT, "sd", &both, NOW + HOUR);
    fails(&story, TYPE_RESET_DUE, "dd", NULL, NOW + HOUR, REFUSAL_DUE_OTHERWISE);
    story_reach(&story, city, M_NOISE, CASE_HANDLED);
    does(&story, TYPE_REJECT, "sd", NULL, NOW + HOUR);
    story.directory = today;
    fails(&story, TYPE_RESET_DUE, "sd", NULL, NOW + HOUR, REFUSAL_DUE_OTHERWISE);
}

/* Another round has half the span, from where it began. */
static void another_round_is_reset_to_its_share(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_CLOSED);
    does(&story, TYPE_REOPEN, "sd", NULL, NOW + 30 * HOUR);
    assert_int_equal(story.state.due_ms, NOW + 35 * HOUR);
    story.directory = today;
    does(&story, TYPE_RESET_DUE, "sd", NULL, NOW + 31 * HOUR);
    assert_int_equal(story.state.due_ms, NOW + 40 * HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(deadline_is_counted_from_where_its_clock_began),
            cmocka_unit_test(without_a_reset_nothing_moves),
            cmocka_unit_test(what_was_granted_and_what_a_pause_took_is_kept),
            cmocka_unit_test(what_the_old_deadline_did_stands),
            cmocka_unit_test(a_case_that_was_over_at_the_top_runs_again),
            cmocka_unit_test(other_clocks_are_not_touched),
            cmocka_unit_test(other_deadlines_are_not_reset),
            cmocka_unit_test(another_round_is_reset_to_its_share),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
