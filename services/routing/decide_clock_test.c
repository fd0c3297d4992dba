/* The clocks of a case, one by one: to accept, to arrive, to verify, and the card at a share of the
 * time to handle. Each says so once, at its instant, and not in a pause. */
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

#define MIN INT64_C(60000)

/* Emergency at the village: 5 minutes to accept, 30 to arrive, 2 hours to handle, 1 to verify. */
static void reported(struct story *story, int matter)
{
    story_begin(story, city);
    (void)story_report(story, matter, U_GRID, 0, NOW);
}

static void an_emergency_that_nobody_accepts_goes_up_level_by_level(void **state)
{
    (void)state;
    struct story story;
    reported(&story, M_GAS);
    static const int64_t areas[] = {U_VILLAGE, U_STREET, U_DISTRICT, U_DISTRICT};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(story.state.area, areas[i]);
        if (i < 3)
            assert_int_equal(story.state.step_due_ms, NOW + (i + 1) * 5 * MIN);
        story_rests(&story, NOW + (i + 1) * 5 * MIN - 1);
        assert_int_equal(story.counts[METRIC_STEP_LATE], i < 3 ? i : 3);
        (void)story_fire(&story, NOW + (i + 1) * 5 * MIN);
    }
    assert_int_equal(story.counts[METRIC_STEP_LATE], 3);
    assert_int_equal(story.state.step_due_ms, NOW + 30 * MIN); /* it is still awaited there */
    assert_int_equal(story.state.due_ms, NOW + 2 * HOUR);
    assert_int_equal(story.escalations, 2);
    assert_int_equal(story.counts[METRIC_LATE], 0);
    (void)story_fire(&story, NOW + 30 * MIN);
    assert_int_equal(story.counts[METRIC_STEP_LATE], 4);
    (void)story_fire(&story, NOW + 2 * HOUR);
    assert_int_equal(story.counts_at[METRIC_RED][U_VILLAGE], 1);
}

/* Without an emergency the level stays: it is marked, once. */
static void late_acceptance_is_marked_once(void **state)
{
    (void)state;
    struct story story;
    reported(&story, M_WATER);
    story_rests(&story, NOW + HOUR - 1);
    assert_int_equal(story.counts[METRIC_STEP_LATE], 0);
    (void)story_fire(&story, NOW + HOUR);
    (void)story_fire_once(&story, NOW + HOUR + 1);
    assert_int_equal(story.counts_at[METRIC_STEP_LATE][U_VILLAGE], 1);
    assert_int_equal(story.state.level, LEVEL_VILLAGE);
    assert_int_equal(story.state.step_due_ms, NOW + 2 * HOUR);
    struct story never = story;
    (void)story_fire(&never, NOW + 2 * HOUR); /* nor has anybody come */
    assert_int_equal(never.counts[METRIC_STEP_LATE], 2);
    assert_int_equal(never.state.step_due_ms, 0);
    does(&never, TYPE_ACCEPT, "v", NULL, NOW + 2 * HOUR + 1);
    assert_int_equal(never.state.step_due_ms, 0);
    does(&story, TYPE_ACCEPT, "v", NULL, NOW + HOUR + 2);
    assert_int_equal(story.state.step_due_ms, NOW + 2 * HOUR); /* the arrival was announced */
    (void)story_fire(&story, NOW + 2 * HOUR);
    assert_int_equal(story.counts[METRIC_STEP_LATE], 2);
}

static void accepting_and_coming_in_time_stop_their_clocks(void **state)
{
    (void)state;
    struct story story;
    reported(&story, M_GAS);
    does(&story, TYPE_ACCEPT, "v", NULL, NOW + 5 * MIN); /* at the instant */
    assert_int_equal(story.state.step_due_ms, NOW + 30 * MIN);
    does(&story, TYPE_ARRIVE, "v", NULL, NOW + 30 * MIN);
    assert_int_equal(story.state.step_due_ms, 0);
    fails(&story, TYPE_ARRIVE, "v", NULL, NOW + 31 * MIN, REFUSAL_ARRIVED_BEFORE);
    (void)story_fire(&story, NOW + 80 * MIN);
    assert_int_equal(story.counts[METRIC_STEP_LATE], 0);
    reported(&story, M_GAS);
    does(&story, TYPE_ARRIVE, "v", NULL, NOW + 1); /* who is there has accepted it */
    assert_int_equal(story.state.state, CASE_ACCEPTED);
    assert_int_equal(story.state.step_due_ms, 0);
}

/* A late verification is its area's, and takes nothing from the handler's time. */
static void verification_has_a_clock_of_its_own(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct story story;
        reported(&story, M_GAS);
        int64_t done = NOW + 2 * HOUR - 1;
        does(&story, TYPE_HANDLE, "v", NULL, done);
        assert_int_equal(story_due(&story), done + HOUR);
        story_rests(&story, done + HOUR - 1);
        if (late) {
            (void)story_fire(&story, done + HOUR);
            assert_int_equal(story.counts_at[METRIC_STEP_LATE][U_VILLAGE], 1);
        }
        assert_int_equal(story.escalations, 0);
        assert_int_equal(story.counts[METRIC_RED], 0);
        does(&story, TYPE_VERIFY, "w1", NULL, done + HOUR);
        assert_int_equal(story.counts[METRIC_OVERDUE_BY_CATALOGUE], 0);
    }
}

/* At 70 %, to the handler, once; not when he is done. */
static void one_yellow_card_a_clock(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    story_rests(&story, NOW + 7 * HOUR - 1);
    assert_int_equal(story.counts[METRIC_YELLOW], 0);
    (void)story_fire(&story, NOW + 7 * HOUR);
    (void)story_fire_once(&story, NOW + 8 * HOUR);
    assert_int_equal(story.counts_at[METRIC_YELLOW][U_VILLAGE_DESK], 1);
    story_reach(&story, city, M_NOISE, CASE_HANDLED);
    story_rests(&story, NOW + 9 * HOUR);
    assert_int_equal(story.counts[METRIC_YELLOW], 0);
}

/* The card waits as the deadline does, and comes after as long as was left to it. */
static void a_pause_stops_the_card_too(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    const struct act month = {.span_ms = 720 * HOUR};
    does(&story, TYPE_SUSPEND, "sd", &month, NOW + HOUR);
    story_rests(&story, NOW + 8 * HOUR);
    (void)story_urge(&story, NOW + 8 * HOUR); /* heard; nobody works on it */
    assert_int_equal(story.counts[METRIC_YELLOW], 0);
    does(&story, TYPE_RESUME, "sd", NULL, NOW + 101 * HOUR);
    assert_int_equal(story.state.warn_ms, NOW + 107 * HOUR);
    assert_int_equal(story.state.due_ms, NOW + 110 * HOUR);
    (void)story_fire(&story, NOW + 107 * HOUR);
    assert_int_equal(story.counts[METRIC_YELLOW], 1);
}

/* Who urges first gets the handler a card, if it had none; reminders and vetoes are on record. */
static void urging_shows_the_card_once(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    for (int i = 0; i < 2; i++)
        assert_int_equal(story_urge(&story, NOW + HOUR + i), VERDICT_APPLIED);
    does(&story, TYPE_URGE, "sd", NULL, NOW + 2 * HOUR);
    assert_int_equal(story.counts[METRIC_URGED], 3);
    assert_int_equal(story.counts_at[METRIC_YELLOW][U_VILLAGE_DESK], 1);
    story_rests(&story, NOW + 9 * HOUR);
    assert_int_equal(story.counts[METRIC_YELLOW], 1);
    fails(&story, TYPE_REMIND, "r1", NULL, NOW + 9 * HOUR, REFUSAL_ACTOR_NOT_ABOVE);
    does(&story, TYPE_REMIND, "sd", NULL, NOW + 9 * HOUR);
    fails(&story, TYPE_VETO, "sd", NULL, NOW + 9 * HOUR, REFUSAL_ACTOR_NOT_SUPERVISOR);
    does(&story, TYPE_VETO, "dd", NULL, NOW + 9 * HOUR);
    assert_int_equal(story.counts_at[METRIC_REMINDED][U_VILLAGE_DESK], 1);
    assert_int_equal(story.counts_at[METRIC_VETOED][U_VILLAGE_DESK], 1);
    story_reach(&story, city, M_NOISE, CASE_HANDLED);
    (void)story_urge(&story, NOW + HOUR);
    assert_int_equal(story.counts[METRIC_YELLOW], 0); /* he is done */
}

/* What several units have to do has no clock before somebody says whose it is. */
static void dispatched_to_one_unit_it_has_a_clock(void **state)
{
    (void)state;
    struct story story;
    reported(&story, M_JOINT);
    const struct act roads = {.unit = U_ROADS}, squad = {.unit = U_SQUAD};
    does(&story, TYPE_STEP_UP, "sd", NULL, NOW + 1);
    assert_int_equal(story.state.due_ms, 0);
    struct story waits = story;
    (void)story_fire(&waits, NOW + 1 + HOUR);
    assert_int_equal(waits.counts[METRIC_STEP_LATE], 1);
    assert_int_equal(waits.state.due_ms, 0);
    does(&story, TYPE_DISPATCH, "dd", &roads, NOW + 2);
    assert_int_equal(story.state.due_ms, NOW + 2 + 10 * HOUR);
    does(&story, TYPE_DISPATCH, "dd", &squad, NOW + 3);
    assert_int_equal(story.state.due_ms, NOW + 2 + 10 * HOUR);
}

/* A timer that another clock had set fires late, in the very millisecond of the deadline: that is
 * in time, and looked at again. Set to that instant, it fires because the instant has passed. */
static void a_clock_is_not_over_at_its_instant(void **state)
{
    (void)state;
    static const struct {
        int64_t set, fired; /* from the deadline */
        bool over;
    } cases[] = {
            {-HOUR, -1, false}, {-HOUR, 0, false}, {-HOUR, 1, true}, {0, 0, true}, {0, 9, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct story story;
        reported(&story, M_LAMP);
        (void)story_fire(&story, NOW + 23 * HOUR); /* the card */
        int64_t due = story.state.due_ms;
        struct input input = {.kind = INPUT_TIMER,
                .type = TIMER_CLOCK,
                .now_ms = due + cases[i].fired,
                .due_ms = due + cases[i].set};
        story.timer_ms = 0;
        assert_int_equal(story_apply(&story, &input), VERDICT_APPLIED);
        assert_int_equal(story.escalations, cases[i].over);
        if (!cases[i].over)
            assert_int_equal(story.timer_ms, due);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(an_emergency_that_nobody_accepts_goes_up_level_by_level),
            cmocka_unit_test(late_acceptance_is_marked_once),
            cmocka_unit_test(accepting_and_coming_in_time_stop_their_clocks),
            cmocka_unit_test(verification_has_a_clock_of_its_own),
            cmocka_unit_test(one_yellow_card_a_clock),
            cmocka_unit_test(a_pause_stops_the_card_too),
            cmocka_unit_test(urging_shows_the_card_once),
            cmocka_unit_test(dispatched_to_one_unit_it_has_a_clock),
            cmocka_unit_test(a_clock_is_not_over_at_its_instant),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
