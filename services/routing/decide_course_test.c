/* What happens beside the straight way, told as short stories: who gets the case, what the clocks
 * say, who is blamed. Who may, and when, is in decide_table_test.c. */
#include "services/routing/test_acts.h"

static struct directory *city;

static int setup(void **state)
{
    (void)state;
    city = city_build();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&city);
    return 0;
}

#define DUE (NOW + 10 * HOUR) /* of M_NOISE */

/* The desk gives back what the catalogue gave it; what a person dispatched goes to arbitration. */
static void second_return_is_ruled_on(void **state)
{
    (void)state;
    static const struct {
        int64_t ruled; /* unit */
        int64_t overruled, unfounded;
    } table[] = {{U_GRID, 0, U_GRID}, {U_VILLAGE_DESK, U_VILLAGE, 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        story_reach(&story, city, M_NOISE, CASE_DISPATCHED);
        assert_int_equal(story_command(&story, TYPE_RETURN, "vd", NOW + 1), VERDICT_APPLIED);
        assert_int_equal(story.state.state, CASE_RETURNED);
        assert_int_equal(story.state.handler, U_VILLAGE);
        assert_int_equal(story.counts_at[METRIC_MISDISPATCHED][U_VILLAGE], 1);

        assert_int_equal(
                story_act(&story, TYPE_DISPATCH, "v", U_GRID, 0, NOW + 2), VERDICT_APPLIED);
        assert_int_equal(story.state.handler, U_GRID);
        assert_int_equal(story.state.kind, HANDLER_WORKER);
        assert_int_equal(story.outcome.steps[0].due_ms, DUE);

        assert_int_equal(story_command(&story, TYPE_RETURN, "w1", NOW + 3), VERDICT_APPLIED);
        assert_int_equal(story.state.state, CASE_IN_ARBITRATION);
        assert_int_equal(story.state.handler, U_STREET);
        assert_int_equal(story.state.area, U_VILLAGE);
        assert_int_equal(story_due(&story), NOW + 3 + RULING_MS);

        assert_int_equal(
                story_act(&story, TYPE_RULE, "sd", table[i].ruled, 0, NOW + 4), VERDICT_APPLIED);
        assert_int_equal(story.state.state, CASE_DISPATCHED);
        assert_int_equal(story.state.handler, table[i].ruled);
        int64_t blamed = story.counts_at[METRIC_MISDISPATCHED][table[i].overruled];
        int64_t unfounded = story.counts_at[METRIC_RETURN_UNFOUNDED][table[i].unfounded];
        assert_int_equal(blamed, table[i].overruled ? 1 + (table[i].overruled == U_VILLAGE) : 0);
        assert_int_equal(unfounded, table[i].unfounded != 0);
        assert_int_equal(story.state.due_ms, DUE); /* announced, and not moved by all this */
        assert_int_equal(story_due(&story), DUE);

        const char *handler = table[i].ruled == U_GRID ? "w1" : "vd";
        assert_int_equal(story_command(&story, TYPE_RETURN, handler, NOW + 5), VERDICT_REFUSED);
        assert_int_equal(story.outcome.reason, REFUSAL_RULED);
    }
}

static void ruling_that_does_not_come_goes_up_to_the_top(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_IN_ARBITRATION);
    int64_t due = story_due(&story);
    story_rests(&story, due - 1);
    assert_int_equal(story_fire(&story, due), VERDICT_APPLIED);
    assert_int_equal(story.state.course.arbiter, U_DISTRICT);
    assert_int_equal(story.state.handler, U_DISTRICT);
    assert_int_equal(story_due(&story), due + RULING_MS);
    assert_int_equal(story_act(&story, TYPE_RULE, "sd", U_GRID, 0, due + 1), VERDICT_REFUSED);
    assert_int_equal(story.outcome.reason, REFUSAL_ACTOR_NOT_ARBITER);
    assert_int_equal(story_fire(&story, due + RULING_MS), VERDICT_APPLIED);
    assert_int_equal(story.state.step_due_ms, 0); /* nobody is above: marked once */
    assert_int_equal(story_act(&story, TYPE_RULE, "dd", U_GRID_3, 0, due + HOUR), VERDICT_APPLIED);
    assert_int_equal(story.state.handler, U_GRID_3);
}

static void suspension_stops_the_clock_and_ends_at_its_review(void **state)
{
    (void)state;
    for (int by_hand = 0; by_hand < 2; by_hand++) {
        struct story story;
        story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
        int64_t since = NOW + HOUR, until = since + 50 * HOUR,
                back = by_hand ? since + HOUR : until;
        assert_int_equal(
                story_act(&story, TYPE_SUSPEND, "sd", 0, 50 * HOUR, since), VERDICT_APPLIED);
        assert_int_equal(story_due(&story), until);
        story_rests(&story, DUE); /* came too late to be cleared */
        assert_int_equal(
                by_hand ? story_command(&story, TYPE_RESUME, "vd", back) : story_fire(&story, back),
                VERDICT_APPLIED);
        assert_int_equal(story.state.state, CASE_ACCEPTED);
        assert_int_equal(story_due(&story), back + 9 * HOUR);
        assert_int_equal(story.state.first_due_ms, back + 9 * HOUR); /* judged by that */
        assert_int_equal(story.state.step_due_ms, 0);
        story_rests(&story, by_hand ? back + 8 * HOUR : until + HOUR);
    }
}

static void suspensions_are_limited_and_need_a_running_clock(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    for (int i = 0; i <= SUSPENSIONS_MAX; i++) {
        enum verdict verdict = story_act(&story, TYPE_SUSPEND, "sd", 0, HOUR, NOW + 10 + i);
        assert_int_equal(verdict, i < SUSPENSIONS_MAX ? VERDICT_APPLIED : VERDICT_REFUSED);
        if (i < SUSPENSIONS_MAX)
            (void)story_command(&story, TYPE_RESUME, "sd", NOW + 10 + i);
    }
    assert_int_equal(story.outcome.reason, REFUSAL_SUSPENDED_BEFORE);
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    (void)story_act(&story, TYPE_SUSPEND, "sd", 0, HOUR, DUE);
    assert_int_equal(story.outcome.reason, REFUSAL_NO_CLOCK);
}

static void more_time_is_asked_for_and_granted_once(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    assert_int_equal(story_act(&story, TYPE_ASK_TIME, "vd", 0, 3 * HOUR, NOW + 2), VERDICT_APPLIED);
    assert_int_equal(story_due(&story), DUE);
    (void)story_act(&story, TYPE_ASK_TIME, "vd", 0, 4 * HOUR, NOW + 3);
    assert_int_equal(story.outcome.reason, REFUSAL_ASKED_BEFORE);
    assert_int_equal(story_command(&story, TYPE_DENY_TIME, "sd", NOW + 4), VERDICT_APPLIED);
    (void)story_command(&story, TYPE_GRANT_TIME, "sd", NOW + 5);
    assert_int_equal(story.outcome.reason, REFUSAL_NOT_ASKED);
    assert_int_equal(story_act(&story, TYPE_ASK_TIME, "vd", 0, 2 * HOUR, NOW + 6), VERDICT_APPLIED);
    assert_int_equal(story_command(&story, TYPE_GRANT_TIME, "sd", NOW + 7), VERDICT_APPLIED);
    assert_int_equal(story_due(&story), DUE + 2 * HOUR);
    assert_int_equal(story.state.first_due_ms, DUE + 2 * HOUR);
    (void)story_act(&story, TYPE_ASK_TIME, "vd", 0, HOUR, NOW + 8);
    assert_int_equal(story.outcome.reason, REFUSAL_EXTENDED);
}

static void request_ends_when_the_case_changes_hands(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    (void)story_act(&story, TYPE_ASK_TIME, "vd", 0, HOUR, NOW + 2);
    (void)story_act(&story, TYPE_DISPATCH, "sd", U_GRID, 0, NOW + 3);
    (void)story_command(&story, TYPE_ACCEPT, "w1", NOW + 4);
    assert_int_equal(story_command(&story, TYPE_GRANT_TIME, "sd", NOW + 5), VERDICT_REFUSED);
    assert_int_equal(story.outcome.reason, REFUSAL_NOT_ASKED);
}

/* Half the matter's span, and never later than a deadline that still runs. */
static void rework_has_a_shortened_clock(void **state)
{
    (void)state;
    static const struct {
        int64_t at, due;
    } table[] = {
            {NOW + 4 * HOUR, NOW + 9 * HOUR},
            {NOW + 6 * HOUR, DUE},
            {DUE - 1, DUE},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        story_reach(&story, city, M_NOISE, CASE_HANDLED);
        assert_int_equal(story_command(&story, TYPE_REJECT, "sd", table[i].at), VERDICT_APPLIED);
        assert_int_equal(story.state.state, CASE_DISPATCHED);
        assert_int_equal(story.state.handler, U_VILLAGE_DESK);
        assert_int_equal(story.state.handled_at_ms, 0);
        assert_string_equal(story.state.handled_by, "");
        assert_int_equal(story_due(&story), table[i].due);
        assert_int_equal(story.state.first_due_ms, DUE);
        assert_int_equal(story.counts[METRIC_REWORKED], 1);
    }
}

/* Squad and volunteers have finished theirs: the squad's own people, and the desk, do it again. */
static void rework_of_squads_and_volunteers(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_DUMP, CASE_HANDLED);
    (void)story_command(&story, TYPE_REJECT, "sd", NOW + HOUR);
    assert_int_equal(story.state.handler, U_SQUAD);
    assert_int_equal(story_command(&story, TYPE_HANDLE, "sq1", NOW + 2 * HOUR), VERDICT_APPLIED);
    assert_int_equal(story_command(&story, TYPE_VERIFY, "sq1b", NOW + 2 * HOUR), VERDICT_REFUSED);
    story_reach(&story, city, M_GRAFFITI, CASE_HANDLED);
    (void)story_command(&story, TYPE_REJECT, "sd", NOW + HOUR);
    assert_int_equal(story.state.handler, U_GRID);
    assert_int_equal(story.state.kind, HANDLER_WORKER);
}

static void step_up_gives_the_case_to_the_next_level(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_DUMP, CASE_ACCEPTED);
    static const int64_t areas[] = {U_VILLAGE, U_STREET, U_DISTRICT};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(story_command(&story, TYPE_STEP_UP, "dd", NOW + 9 + i), VERDICT_APPLIED);
        assert_int_equal(story.state.area, areas[i]);
        assert_int_equal(story.state.state, CASE_DISPATCHED);
        assert_int_equal(story_sent(&story, TYPE_MISSION_CANCELLED), i == 0);
        assert_int_equal(story_due(&story), NOW + 6 * HOUR);
    }
    assert_int_equal(story_command(&story, TYPE_STEP_UP, "dd", NOW + 20), VERDICT_REFUSED);
    assert_int_equal(story.outcome.reason, REFUSAL_TOP);
    assert_int_equal(story.escalations, 0); /* asked for, not a deadline's */
}

static void dispatch_names_a_unit_within_the_area(void **state)
{
    (void)state;
    static const struct {
        int64_t unit;
        enum case_refusal refusal;
    } table[] = {
            {U_GRID_2, REFUSAL_NONE},
            {U_TEAM, REFUSAL_NONE},
            {U_VILLAGE, REFUSAL_NONE},
            {U_VILLAGE_DESK, REFUSAL_SAME_HANDLER},
            {U_STREET, REFUSAL_UNIT_OUTSIDE},
            {U_GRID_3, REFUSAL_UNIT_OUTSIDE},
            {9999, REFUSAL_UNIT_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        story_reach(&story, city, M_NOISE, CASE_DISPATCHED);
        (void)story_act(&story, TYPE_DISPATCH, "sd", table[i].unit, 0, NOW + 1);
        print_message("row %zu\n", i);
        assert_int_equal(story.outcome.reason, table[i].refusal);
    }
}

/* While nobody works on it, responsibility still goes up, and the desk it waits at with it. */
static void deadline_of_a_returned_case_moves_it_up(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_RETURNED);
    assert_int_equal(story_fire(&story, DUE), VERDICT_APPLIED);
    assert_int_equal(story.state.area, U_STREET);
    assert_int_equal(story.state.handler, U_STREET);
    story_reach(&story, city, M_NOISE, CASE_IN_ARBITRATION);
    assert_int_equal(story_fire(&story, DUE), VERDICT_APPLIED);
    assert_int_equal(story.state.area, U_STREET);
    assert_int_equal(story.state.state, CASE_IN_ARBITRATION);
}

static void end_clears_the_clock_of_the_step(void **state)
{
    (void)state;
    static const enum case_state froms[] = {CASE_IN_ARBITRATION, CASE_SUSPENDED};
    for (size_t i = 0; i < sizeof froms / sizeof *froms; i++) {
        struct story story;
        story_reach(&story, city, M_NOISE, froms[i]);
        assert_int_not_equal(story_due(&story), 0);
        assert_int_equal(story_withdraw(&story, NOW + 9), VERDICT_APPLIED);
        assert_int_equal(story_due(&story), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(second_return_is_ruled_on),
            cmocka_unit_test(ruling_that_does_not_come_goes_up_to_the_top),
            cmocka_unit_test(suspension_stops_the_clock_and_ends_at_its_review),
            cmocka_unit_test(suspensions_are_limited_and_need_a_running_clock),
            cmocka_unit_test(more_time_is_asked_for_and_granted_once),
            cmocka_unit_test(request_ends_when_the_case_changes_hands),
            cmocka_unit_test(rework_has_a_shortened_clock),
            cmocka_unit_test(rework_of_squads_and_volunteers),
            cmocka_unit_test(step_up_gives_the_case_to_the_next_level),
            cmocka_unit_test(dispatch_names_a_unit_within_the_area),
            cmocka_unit_test(deadline_of_a_returned_case_moves_it_up),
            cmocka_unit_test(end_clears_the_clock_of_the_step),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
