/* What is settled on the spot, what happens after the close, and what is refused for want of an
 * admission: rounds, limits, and who is blamed. */
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

#define AT (NOW + HOUR)
#define DAY (24 * HOUR)

/* Only what the matter allows, by the worker of that grid; else it is a report like any other. */
static void only_small_things_are_settled_on_the_spot(void **state)
{
    (void)state;
    static const struct {
        const char *matter, *reporter;
        int64_t unit;
        bool settled;
    } table[] = {
            {"once", "w1", U_GRID, true},
            {"lamp", "w1", U_GRID, false},    /* not this matter */
            {"once", "w2", U_GRID, false},    /* not his grid */
            {"once", "w1", U_VILLAGE, false}, /* no grid at all */
            {"once", "vd", U_GRID, false},    /* the desk is not there */
            {"once", "nobody", U_GRID, false},
            {"unheard-of", "w1", U_GRID, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct case_reported body = {.source = "grid",
                .source_ref = "T",
                .summary = "swept",
                .settled = true,
                .matter = table[i].matter,
                .reporter = table[i].reporter,
                .unit = table[i].unit};
        struct input input = {
                .kind = INPUT_MESSAGE, .type = TYPE_CASE_REPORTED, .now_ms = NOW, .body = &body};
        struct story story;
        story_begin(&story, city);
        (void)story_apply(&story, &input);
        print_message("row %zu\n", i);
        assert_int_equal(story.state.state == CASE_DISPATCHED, !table[i].settled);
        assert_int_equal(story.counts_at[METRIC_SETTLED][U_GRID], table[i].settled);
    }
}

static void one_in_five_that_was_settled_is_looked_at(void **state)
{
    (void)state;
    int drawn = 0;
    for (int id = 1; id <= 1000; id++) {
        const struct case_reported body = {
                .matter = "once", .reporter = "w1", .unit = U_GRID, .settled = true};
        const struct routing_case none = {0};
        const struct input input = {
                .kind = INPUT_MESSAGE, .type = TYPE_CASE_REPORTED, .agg = id, .body = &body};
        drawn += routing_event(&none, city, &input) == EVENT_SAMPLED;
    }
    assert_in_range(drawn, 150, 250);
    struct story story;
    story_begin(&story, city);
    (void)story_settled(&story, false, NOW);
    assert_int_equal(story.state.state, CASE_CLOSED);
    story_begin(&story, city);
    (void)story_settled(&story, true, NOW);
    assert_int_equal(story.state.state, CASE_HANDLED);
    fails(&story, TYPE_VERIFY, "w1", NULL, AT, REFUSAL_SAME_PERSON);
    does(&story, TYPE_REJECT, "vd", NULL, AT); /* the clock begins, with half the span */
    assert_int_equal(story.state.due_ms, AT + HOUR / 2);
    assert_int_equal(story.state.first_due_ms, AT + HOUR / 2);
    assert_int_equal(story.state.handler, U_GRID);
}

static enum verdict followed_up(struct story *story, int score, bool unsolved, int64_t now)
{
    const struct followed_up body = {.score = score, .unsolved = unsolved, .text = "called"};
    const struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_FOLLOWED_UP,
            .now_ms = now,
            .body = &body};
    return story_apply(story, &input);
}

static void what_the_reporter_says_is_on_record(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_CLOSED);
    assert_int_equal(followed_up(&story, 4, false, AT), VERDICT_APPLIED);
    assert_int_equal(story.state.state, CASE_CLOSED);
    assert_int_equal(story.state.course.score, 4);
    (void)followed_up(&story, 0, false, AT); /* says something, scores nothing */
    assert_int_equal(story.state.course.score, 4);
    const struct act two = {.score = 2, .unsolved = true};
    fails(&story, TYPE_FOLLOW_UP, "vd", &two, NOW + 8 * DAY, REFUSAL_REOPEN_LATE);
    does(&story, TYPE_FOLLOW_UP, "v", &two, AT); /* a person asked, and was told that it is not */
    assert_int_equal(story.state.state, CASE_DISPATCHED);
    assert_int_equal(story.state.course.score, 2);
}

/* The same case, another round: for who had handled it, in half the time, within seven days. */
static void not_done_is_opened_again(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_CLOSED);
    int64_t last = story.state.ended_at_ms + REOPEN_WITHIN_MS;
    struct story late = story;
    assert_int_equal(followed_up(&late, 1, true, last + 1), VERDICT_APPLIED);
    assert_int_equal(late.state.state, CASE_CLOSED); /* heard, and too late */
    fails(&late, TYPE_REOPEN, "sd", NULL, last + 1, REFUSAL_REOPEN_LATE);

    assert_int_equal(followed_up(&story, 1, true, last), VERDICT_APPLIED);
    assert_int_equal(story.state.state, CASE_DISPATCHED);
    assert_int_equal(story.state.course.reopenings, 1);
    assert_int_equal(story.state.handler, U_VILLAGE_DESK);
    assert_int_equal(story.state.due_ms, last + 5 * HOUR);
    assert_int_equal(story_step(&story, STEP_REOPEN)->due_ms, last + 5 * HOUR);
    assert_int_equal(story.state.warn_ms, last + 5 * HOUR * 7 / 10);
    assert_int_equal(story.counts_at[METRIC_REOPENED][U_VILLAGE_DESK], 1);
    (void)story_fire(&story, last + 5 * HOUR);
    assert_int_equal(story.counts_at[METRIC_RED][U_VILLAGE_DESK], 1);
    does(&story, TYPE_HANDLE, "vd", NULL, last + 6 * HOUR);
    does(&story, TYPE_VERIFY, "w1", NULL, last + 6 * HOUR + 1);
    assert_int_equal(story.counts[METRIC_CLOSED], 1);
    assert_int_equal(story.counts[METRIC_OVERDUE_BY_CATALOGUE], 1);
    int64_t again = story.state.ended_at_ms + 1;
    assert_int_equal(followed_up(&story, 1, true, again), VERDICT_APPLIED);
    does(&story, TYPE_HANDLE, "vd", NULL, again + 1);
    does(&story, TYPE_VERIFY, "w1", NULL, again + 2);
    assert_int_equal(story.counts[METRIC_OVERDUE_BY_CATALOGUE], 0); /* judged by its last round */
    fails(&story, TYPE_REOPEN, "sd", NULL, again + 3, REFUSAL_REOPEN_LATE); /* twice is all */
}

/* A case that had gone to the top and was late there has a clock that runs in the next round. */
static void a_new_round_is_late_by_its_own_clock(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    for (int i = 0; i < 3; i++)
        (void)story_fire(&story, story.state.due_ms + 1);
    assert_int_equal(story.state.level, LEVEL_DISTRICT);
    assert_int_equal(story.counts[METRIC_LATE], 1);
    int64_t now = story.now_ms;
    does(&story, TYPE_HANDLE, "vd", NULL, now);
    does(&story, TYPE_VERIFY, "w1", NULL, now);
    does(&story, TYPE_REOPEN, "dd", NULL, now + 1);
    assert_int_equal(story.state.late, false);
    assert_int_equal(story_due(&story), now + 1 + 5 * HOUR);
    (void)story_fire(&story, now + 1 + 5 * HOUR);
    assert_int_equal(story.counts[METRIC_LATE], 1);
    assert_int_equal(story.counts_at[METRIC_RED][U_VILLAGE_DESK], 2); /* one a round */
}

/* Brings a case to its close at an instant that the level above draws, or does not. */
static void closed(struct story *story, bool drawn)
{
    story_begin(story, city);
    for (int64_t id = 1; id < 1000; id++) {
        story_begin(story, city);
        (void)story_report(story, M_NOISE, U_GRID, 0, NOW - id);
        does(story, TYPE_HANDLE, "vd", NULL, NOW + 1);
        does(story, TYPE_VERIFY, "w1", NULL, NOW + 2);
        if ((story->state.course.part_count == 1) == drawn)
            return;
    }
    fail_msg("none in a thousand");
}

static void the_level_above_looks_at_one_in_twenty(void **state)
{
    (void)state;
    int drawn = 0;
    for (int64_t id = 1; id <= 2000; id++) {
        struct story story;
        story_begin(&story, city);
        (void)story_report(&story, M_NOISE, U_GRID, 0, NOW - id);
        does(&story, TYPE_HANDLE, "vd", NULL, NOW + 1);
        does(&story, TYPE_VERIFY, "w1", NULL, NOW + 2);
        drawn += story.state.course.part_count;
    }
    assert_in_range(drawn, 60, 140);
}

/* Nobody looks again at what his own desk has verified: the next level does. */
static void a_check_is_of_those_who_did_not_verify(void **state)
{
    (void)state;
    static const struct {
        const char *verifier;
        int64_t checks;
    } table[] = {{"w1", U_STREET}, {"v", U_STREET}, {"sd", U_DISTRICT}, {"dd", U_STREET}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int drawn = 0;
        for (int64_t id = 1; id <= 200; id++) {
            struct story story;
            story_begin(&story, city);
            (void)story_report(&story, M_NOISE, U_GRID, 0, NOW - id);
            does(&story, TYPE_HANDLE, "vd", NULL, NOW + 1);
            does(&story, TYPE_VERIFY, table[i].verifier, NULL, NOW + 2);
            drawn += story.state.course.part_count;
            if (story.state.course.part_count > 0)
                assert_int_equal(part_at(&story, 1)->unit, table[i].checks);
        }
        assert_true(drawn > 0);
    }
}

static void the_level_above_finds_it_done_or_not(void **state)
{
    (void)state;
    struct story story;
    closed(&story, false);
    fails(&story, TYPE_PASS_CHECK, "sd", NULL, AT, REFUSAL_NO_PART);
    fails(&story, TYPE_FAIL_CHECK, "sd", NULL, AT, REFUSAL_NO_PART);
    closed(&story, true);
    assert_int_equal(part_at(&story, 1)->unit, U_STREET);
    fails(&story, TYPE_PASS_CHECK, "vd", NULL, AT, REFUSAL_SAME_PERSON); /* who handled it */
    fails(&story, TYPE_PASS_CHECK, "v", NULL, AT, REFUSAL_ACTOR_NOT_CALLED);
    does(&story, TYPE_PASS_CHECK, "sd", NULL, AT);
    assert_int_equal(story.state.state, CASE_CLOSED);
    fails(&story, TYPE_FAIL_CHECK, "sd", NULL, AT + 1, REFUSAL_NO_PART);

    closed(&story, true);
    does(&story, TYPE_FAIL_CHECK, "sd", NULL, AT);
    assert_int_equal(story.state.state, CASE_DISPATCHED);
    assert_int_equal(part_at(&story, 1)->state, PART_REFUSED);
    assert_int_equal(story.counts_at[METRIC_CHECK_FAILED][U_VILLAGE_DESK], 1);
    assert_int_equal(story.counts_at[METRIC_REOPENED][U_VILLAGE_DESK], 1);
    assert_int_equal(story.state.due_ms, AT + 5 * HOUR);

    closed(&story, true); /* the reporter was first: nothing to look at any more */
    does(&story, TYPE_REOPEN, "sd", NULL, AT);
    assert_int_equal(part_at(&story, 1)->state, PART_ENDED);
}

/* Sent by the district to a village whose list does not have it: back, counted at who sent it, and
 * a new clock for whom it is sent to then. */
static void without_an_admission_it_goes_back_to_who_sent_it(void **state)
{
    (void)state;
    struct case_reported body = {.source = "district",
            .source_ref = "T",
            .summary = "seal it",
            .matter = "road",
            .reporter = "r1",
            .unit = U_GRID,
            .to = U_VILLAGE};
    struct input input = {
            .kind = INPUT_MESSAGE, .type = TYPE_CASE_REPORTED, .now_ms = NOW, .body = &body};
    struct story story;
    story_begin(&story, city);
    (void)story_apply(&story, &input);
    assert_int_equal(story.state.handler, U_VILLAGE);
    assert_int_equal(story.state.area, U_DISTRICT);
    assert_int_equal(story.state.course.unlisted, 1);
    assert_int_equal(story.state.course.sent_by, U_ROADS);
    does(&story, TYPE_DECLINE, "v", NULL, AT);
    assert_int_equal(story.state.state, CASE_RETURNED);
    assert_int_equal(story.state.handler, U_ROADS);
    assert_int_equal(story.counts_at[METRIC_DECLINED][U_ROADS], 1);
    assert_int_equal(story.counts[METRIC_MISDISPATCHED], 0);
    assert_int_equal(story.state.course.returns, 0);
    assert_int_equal(story.state.due_ms, 0);
    assert_int_equal(story_due(&story), 0);
    const struct act squad = {.unit = U_SQUAD};
    does(&story, TYPE_DISPATCH, "r2", &squad, AT + HOUR);
    assert_int_equal(story.state.due_ms, AT + HOUR + 72 * HOUR);
    assert_int_equal(story_step(&story, STEP_DISPATCH)->due_ms, AT + HOUR + 72 * HOUR);
}

/* Past the catalogue only within the sender's own area, and never by a volunteer. */
static void who_may_send_past_the_catalogue(void **state)
{
    (void)state;
    static const struct {
        const char *who;
        int64_t to, handler, area;
    } table[] = {
            {"sd", U_SQUAD_2, U_SQUAD_2, U_STREET}, {"vd", U_GRID_2, U_GRID_2, U_VILLAGE},
            {"vd", U_SQUAD, U_GRID, U_GRID}, /* not his to send */
            {"vol", U_GRID_2, U_GRID, U_GRID}, {"stranger", U_GRID_2, U_GRID, U_GRID},
            {"dd", 9999, U_GRID, U_GRID},
            {"w3", U_GRID_3, U_GRID_3, U_GRID}, /* to his own: the place's area stays responsible */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct case_reported body = {.source = "desk",
                .source_ref = "T",
                .summary = "a lamp",
                .matter = "lamp",
                .reporter = table[i].who,
                .unit = U_GRID,
                .to = table[i].to};
        struct input input = {
                .kind = INPUT_MESSAGE, .type = TYPE_CASE_REPORTED, .now_ms = NOW, .body = &body};
        struct story story;
        story_begin(&story, city);
        (void)story_apply(&story, &input);
        print_message("row %zu\n", i);
        assert_int_equal(story.state.handler, table[i].handler);
        assert_int_equal(story.state.area, table[i].area);
        assert_int_equal(story.state.due_ms, NOW + DAY);
    }
}

static void what_is_on_its_list_a_unit_cannot_decline(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_DISPATCHED);
    const struct act village = {.unit = U_VILLAGE}, squad = {.unit = U_SQUAD};
    does(&story, TYPE_STEP_UP, "v", NULL, AT);
    fails(&story, TYPE_DECLINE, "sd", NULL, AT, REFUSAL_OWN_AREA);
    does(&story, TYPE_DISPATCH, "sd", &village, AT);
    fails(&story, TYPE_DECLINE, "v", NULL, AT, REFUSAL_LISTED);
    does(&story, TYPE_DISPATCH, "sd", &squad, AT);
    fails(&story, TYPE_DECLINE, "sd", NULL, AT, REFUSAL_ACTOR_NOT_HANDLER);
    const struct act admit = {.unit = U_SQUAD, .units = {U_ROADS}, .unit_count = 1};
    does(&story, TYPE_APPLY, "sd", &admit, AT);
    struct story refused = story;
    does(&refused, TYPE_DENY_ADMISSION, "r1", NULL, AT + 1);
    does(&refused, TYPE_DECLINE, "sq1", NULL, AT + 2);
    does(&story, TYPE_ADMIT, "r1", NULL, AT + 1);
    assert_int_equal(story.state.course.unlisted, 0);
    fails(&story, TYPE_DECLINE, "sq1", NULL, AT + 2, REFUSAL_LISTED);
}

/* A void dispatch takes its own deadline along, with what came of that; what the reporter was
 * promised stands. */
static void a_declined_case_starts_anew_unless_it_was_promised(void **state)
{
    (void)state;
    for (int promised = 0; promised < 2; promised++) {
        struct story story;
        int64_t promise = promised ? NOW + 10 * HOUR : 0;
        story_begin(&story, city);
        (void)story_report(&story, M_NOISE, U_GRID, promise, NOW);
        const struct act squad = {.unit = U_SQUAD_2}, roads = {.unit = U_ROADS};
        does(&story, TYPE_STEP_UP, "v", NULL, NOW + 1);
        does(&story, TYPE_DISPATCH, "sd", &squad, NOW + 2);
        (void)story_fire(&story, NOW + 10 * HOUR);
        assert_int_equal(story.counts[METRIC_LATE], 1);
        assert_int_equal(story.state.level, LEVEL_DISTRICT);
        does(&story, TYPE_DECLINE, "sq2", NULL, NOW + 11 * HOUR);
        const struct step *last = &story.outcome.steps[story.outcome.step_count - 1];
        assert_int_equal(last->kind, STEP_SEND_BACK);
        assert_int_equal(last->unit, story.state.handler);
        does(&story, TYPE_DISPATCH, "dd", &roads, NOW + 12 * HOUR);
        assert_int_equal(story.state.due_ms, NOW + (promised ? 10 : 22) * HOUR);
        assert_int_equal(story.state.promised_at_ms, promise);
        assert_int_equal(story.counts[METRIC_LATE], promised);
        (void)story_fire(&story, NOW + 22 * HOUR);
        assert_int_equal(story.counts[METRIC_LATE], 1);
        assert_int_equal(story.counts_at[METRIC_RED][U_ROADS], !promised);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(only_small_things_are_settled_on_the_spot),
            cmocka_unit_test(one_in_five_that_was_settled_is_looked_at),
            cmocka_unit_test(what_the_reporter_says_is_on_record),
            cmocka_unit_test(not_done_is_opened_again),
            cmocka_unit_test(a_new_round_is_late_by_its_own_clock),
            cmocka_unit_test(the_level_above_looks_at_one_in_twenty),
            cmocka_unit_test(a_check_is_of_those_who_did_not_verify),
            cmocka_unit_test(the_level_above_finds_it_done_or_not),
            cmocka_unit_test(without_an_admission_it_goes_back_to_who_sent_it),
            cmocka_unit_test(who_may_send_past_the_catalogue),
            cmocka_unit_test(what_is_on_its_list_a_unit_cannot_decline),
            cmocka_unit_test(a_declined_case_starts_anew_unless_it_was_promised),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
