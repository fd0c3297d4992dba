/* Two cases of one thing: who may merge what into what, what becomes of the one that is merged, of
 * its clocks and of what others do for it, how it ends, and how it is taken apart. */
#include "services/routing/decide_merge.h"
#include "services/routing/test_acts.h"

#include "tests/kit/calendar.h"

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
#define MAIN 5
static const struct act into = {.other = MAIN};

/* A case of the village's desk, and an older one of its grid. */
static void two(struct story *story, enum case_state state)
{
    story_reach(story, city, M_NOISE, state);
    story->other = (struct other_case){MAIN, U_GRID, M_LAMP, CASE_DISPATCHED};
}

static void other_is_older_open_alike_and_ones_own(void **state)
{
    (void)state;
    static const struct {
        struct other_case other;
        int64_t named;
        const char *who;
        enum case_refusal refusal;
    } table[] = {
            {{MAIN, U_GRID, M_LAMP, CASE_DISPATCHED}, MAIN, "vd", REFUSAL_NONE},
            {{MAIN, U_GRID, M_LAMP, CASE_HANDLED}, MAIN, "vd", REFUSAL_NONE},
            {{MAIN, U_GRID, M_LAMP, CASE_SUSPENDED}, MAIN, "dd", REFUSAL_NONE},
            {{MAIN, U_GRID, 0, CASE_ACCEPTED}, MAIN, "vd", REFUSAL_NONE}, /* nobody knew what */
            {{MAIN, U_GRID, M_LAMP, CASE_ACCEPTED}, 6, "vd", REFUSAL_MERGE_UNLIKE},
            {{MAIN, U_GRID, M_LAMP, CASE_MERGED}, MAIN, "vd", REFUSAL_MERGE_UNLIKE},
            {{MAIN, U_GRID, M_LAMP, CASE_CLOSED}, MAIN, "vd", REFUSAL_MERGE_UNLIKE},
            {{MAIN, U_GRID, M_LAMP, CASE_WITHDRAWN}, MAIN, "vd", REFUSAL_MERGE_UNLIKE},
            {{MAIN, U_GRID, M_ROAD, CASE_ACCEPTED}, MAIN, "vd", REFUSAL_MERGE_UNLIKE},
            {{77, U_GRID, M_LAMP, CASE_ACCEPTED}, 77, "vd", REFUSAL_MERGE_YOUNGER}, /* itself */
            {{78, U_GRID, M_LAMP, CASE_ACCEPTED}, 78, "vd", REFUSAL_MERGE_YOUNGER},
            {{MAIN, U_STREET, M_LAMP, CASE_ACCEPTED}, MAIN, "vd", REFUSAL_ACTOR_NOT_ABOVE},
            {{MAIN, U_STREET, M_LAMP, CASE_ACCEPTED}, MAIN, "sd", REFUSAL_NONE},
            {{MAIN, U_GRID_3, M_LAMP, CASE_ACCEPTED}, MAIN, "sd", REFUSAL_ACTOR_NOT_ABOVE},
            {{MAIN, U_GRID_3, M_LAMP, CASE_ACCEPTED}, MAIN, "dd", REFUSAL_NONE},
            {{MAIN, U_GRID, M_LAMP, CASE_ACCEPTED}, MAIN, "w1", REFUSAL_ACTOR_NOT_ABOVE},
            {{MAIN, U_GRID, M_LAMP, CASE_ACCEPTED}, MAIN, "vol2", REFUSAL_ACTOR_NOT_ABOVE},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        const struct act act = {.other = table[i].named};
        two(&story, CASE_ACCEPTED);
        story.other = table[i].other;
        print_message("row %zu\n", i);
        if (table[i].refusal == REFUSAL_NONE)
            does(&story, TYPE_MERGE, table[i].who, &act, AT);
        else
            fails(&story, TYPE_MERGE, table[i].who, &act, AT, table[i].refusal);
    }
}

/* Neither cards nor deadlines while it is merged; then what was left, of the handler's time. */
static void clocks_stand_and_go_on_with_what_was_left(void **state)
{
    (void)state;
    struct story story;
    two(&story, CASE_ACCEPTED);
    does(&story, TYPE_MERGE, "vd", &into, AT);
    assert_int_equal(story.state.course.merged, MAIN);
    assert_int_equal(story.timer_ms, 0);
    assert_int_equal(story_step(&story, STEP_MERGE)->unit, U_VILLAGE_DESK);
    assert_int_equal(story.counts_at[METRIC_MERGED][U_VILLAGE], 1);
    assert_int_equal(story.counts[METRIC_OPEN], 1);
    (void)story_fire(&story, NOW + 100 * HOUR);
    assert_int_equal(story.steps, story.state.agg.ver);
    assert_int_equal(story.counts[METRIC_YELLOW] + story.escalations, 0);
    does(&story, TYPE_UNMERGE, "vd", NULL, NOW + 100 * HOUR);
    assert_int_equal(story.state.state, CASE_DISPATCHED);
    assert_int_equal(story.state.handler, U_VILLAGE_DESK);
    assert_int_equal(story.state.due_ms, NOW + 109 * HOUR); /* nine of ten hours were left */
    assert_int_equal(story.state.first_due_ms, NOW + 109 * HOUR);
    assert_int_equal(story.state.warn_ms, NOW + 106 * HOUR);
    assert_int_equal(story_step(&story, STEP_UNMERGE)->due_ms, NOW + 109 * HOUR);
    assert_int_equal(story.state.course.left_ms, 0);
    (void)story_fire(&story, NOW + 109 * HOUR);
    assert_int_equal(story.escalations, 1);
}

/* Merging hides no failure: what was late is late when it comes back, and when it is judged. */
static void what_was_late_stays_late(void **state)
{
    (void)state;
    struct story story;
    two(&story, CASE_ACCEPTED);
    for (int i = 0; i < 3; i++)
        (void)story_fire(&story, story.state.due_ms + 1);
    int64_t due = story.state.due_ms, now = story.now_ms;
    does(&story, TYPE_MERGE, "dd", &into, now + 1);
    assert_int_equal(story.counts[METRIC_LATE], 1);
    struct story apart = story;
    does(&apart, TYPE_UNMERGE, "dd", NULL, now + 2);
    assert_int_equal(apart.state.due_ms, due);
    (void)story_other(&story, EVENT_OTHER_CLOSED, now + 3);
    assert_int_equal(story.counts[METRIC_OVERDUE_BY_CATALOGUE], 1);
    assert_int_equal(story.counts[METRIC_LATE], 0);
}

static void what_was_promised_is_judged(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct story story;
        story_begin(&story, city);
        (void)story_report(&story, M_NOISE, U_GRID, NOW + 4 * HOUR, NOW);
        story.other = (struct other_case){MAIN, U_GRID, M_LAMP, CASE_DISPATCHED};
        does(&story, TYPE_MERGE, "vd", &into, AT);
        (void)story_other(&story, EVENT_OTHER_CLOSED, NOW + 4 * HOUR + late);
        assert_int_equal(story.counts[METRIC_OVERDUE], late);
        assert_int_equal(story.counts[METRIC_OVERDUE_BY_CATALOGUE], 0);
    }
}

static void it_ends_as_the_other_one_does(void **state)
{
    (void)state;
    static const struct {
        enum case_event event;
        enum case_state to;
        enum case_step step;
        enum case_metric metric;
    } table[] = {
            {EVENT_OTHER_CLOSED, CASE_CLOSED, STEP_CLOSE, METRIC_CLOSED},
            {EVENT_OTHER_REFERRED, CASE_REFERRED_OUT, STEP_REFER, METRIC_REFERRED_OUT},
    };
    for (size_t i = 0; i < 2; i++) {
        struct story story;
        two(&story, CASE_ACCEPTED);
        does(&story, TYPE_MERGE, "vd", &into, AT);
        (void)story_other(&story, table[i].event, AT + 1);
        assert_int_equal(story.state.state, table[i].to);
        assert_int_equal(story.outcome.step_count, 1);
        assert_int_equal(story_step(&story, table[i].step)->unit, U_VILLAGE);
        assert_true(story_sent(&story, TYPE_CASE_ENDED));
        assert_int_equal(story.counts[table[i].metric], 1);
        assert_int_equal(story.counts[METRIC_OPEN], 0);
        assert_int_equal(story.state.course.merged, 0);
        assert_int_equal(story_other(&story, table[i].event, AT + 2), VERDICT_DUPLICATE);
        fails(&story, TYPE_UNMERGE, "vd", NULL, AT + 3, REFUSAL_ENDED);
    }
}

/* The one that it waits for was taken back, or its row is gone: it is a case of its own again. */
static void it_is_worked_on_when_the_other_one_is_gone(void **state)
{
    (void)state;
    for (int there = 0; there < 2; there++) {
        struct story story;
        two(&story, CASE_ACCEPTED);
        does(&story, TYPE_MERGE, "vd", &into, AT);
        story.other.id = there ? MAIN : 0;
        (void)story_other(&story, EVENT_OTHER_GONE, AT + HOUR);
        assert_int_equal(story.state.state, CASE_DISPATCHED);
        assert_int_equal(story.state.due_ms, NOW + 11 * HOUR);
        assert_int_equal(story.outcome.send_count, 0);
        does(&story, TYPE_HANDLE, "vd", NULL, AT + HOUR + 1);
    }
}

/* Found of a case that it was merged into before, or of one that was opened again meanwhile. */
static void a_hint_that_is_no_longer_so_changes_nothing(void **state)
{
    (void)state;
    static const enum case_event events[] = {
            EVENT_OTHER_CLOSED, EVENT_OTHER_REFERRED, EVENT_OTHER_GONE};
    for (size_t i = 0; i < 3; i++) {
        struct story story;
        struct input input = {
                .kind = INPUT_WORK, .type = OTHER_CLOSED + (uint32_t)i, .now_ms = AT + 1};
        two(&story, CASE_ACCEPTED);
        assert_int_equal(story_other(&story, events[i], AT), VERDICT_DUPLICATE); /* not merged */
        story.other.state = CASE_DISPATCHED;
        does(&story, TYPE_MERGE, "vd", &into, AT);
        assert_int_equal(story_apply(&story, &input), VERDICT_DUPLICATE);
        assert_int_equal(story.state.state, CASE_MERGED);
    }
}

/* What others do for it is over, as when it is referred out; it does not come back with it. */
static void what_others_do_for_it_ends(void **state)
{
    (void)state;
    struct story story;
    two(&story, CASE_ACCEPTED);
    const struct act call = {.units = {U_ROADS}, .unit_count = 1};
    const struct act task = {.unit = U_GRID, .span_ms = HOUR};
    const struct act admit = {.unit = U_SQUAD, .units = {U_ROADS}, .unit_count = 1};
    does(&story, TYPE_WHISTLE, "vd", &call, NOW + 5);
    does(&story, TYPE_ORDER, "vd", &task, NOW + 5);
    does(&story, TYPE_APPLY, "vd", &admit, NOW + 5);
    const struct act more = {.span_ms = HOUR};
    does(&story, TYPE_ASK_TIME, "vd", &more, NOW + 5);
    does(&story, TYPE_MERGE, "vd", &into, NOW + 6);
    assert_int_equal(part_at(&story, 1)->state, PART_ENDED);
    assert_int_equal(part_at(&story, 2)->state, PART_ENDED);
    assert_int_equal(part_at(&story, 3)->state, PART_OPEN); /* an admission outlives the case */
    assert_int_equal(story.state.course.asked_ms, 0);
    fails(&story, TYPE_FINISH_PART, "w1", NULL, NOW + 7, REFUSAL_MERGED);
    does(&story, TYPE_ADMIT, "r1", NULL, NOW + 7);
    does(&story, TYPE_UNMERGE, "vd", NULL, NOW + 8);
    fails(&story, TYPE_FINISH_PART, "w1", NULL, NOW + 9, REFUSAL_NO_PART);

    story_reach(&story, city, M_JOINT, CASE_NONE);
    (void)story_report(&story, M_JOINT, U_GRID, 0, NOW);
    const struct act lead = {.units = {U_SQUAD, U_ROADS}, .unit_count = 2};
    does(&story, TYPE_JOINT, "sd", &lead, NOW + 1);
    story.other = (struct other_case){MAIN, U_GRID, M_LAMP, CASE_DISPATCHED};
    does(&story, TYPE_MERGE, "sd", &into, NOW + 2);
    assert_int_equal(part_at(&story, 1)->state, PART_ENDED);
    does(&story, TYPE_UNMERGE, "sd", NULL, NOW + 3);
    assert_int_equal(story.state.kind, HANDLER_SQUAD); /* who led has it */
}

static void squads_and_volunteers_are_told(void **state)
{
    (void)state;
    static const struct {
        int matter;
        enum routing_type told;
        int64_t handler;
    } table[] = {
            {M_DUMP, TYPE_MISSION_CANCELLED, U_SQUAD}, {M_GRAFFITI, TYPE_NEED_CANCELLED, U_GRID}};
    for (size_t i = 0; i < 2; i++) {
        struct story story;
        story_reach(&story, city, table[i].matter, CASE_ACCEPTED);
        story.other = (struct other_case){MAIN, U_GRID, M_LAMP, CASE_DISPATCHED};
        does(&story, TYPE_MERGE, "sd", &into, AT);
        assert_true(story_sent(&story, table[i].told));
        (void)story_mission(&story, EVENT_SQUAD_FINISHED, U_SQUAD, "sq1", AT + 1);
        (void)story_need(&story, EVENT_NEED_FINISHED, "vol", AT + 1);
        assert_int_equal(story.state.state, CASE_MERGED); /* too late to count */
        does(&story, TYPE_UNMERGE, "sd", NULL, AT + 2);
        assert_int_equal(story.state.work, WORK_OWN);
        assert_int_equal(story.state.handler, table[i].handler);
    }
}

/* What was reported twice is urged twice: on record, and no blame to who does not work on it. */
static void its_reporter_is_still_heard(void **state)
{
    (void)state;
    struct story story;
    two(&story, CASE_ACCEPTED);
    does(&story, TYPE_MERGE, "vd", &into, AT);
    assert_int_equal(story_urge(&story, AT + 1), VERDICT_APPLIED);
    assert_int_equal(story.counts[METRIC_YELLOW], 0);
    struct story back = story;
    (void)story_withdraw(&back, AT + 2);
    assert_int_equal(back.state.state, CASE_WITHDRAWN);
    assert_int_equal(back.state.course.merged, 0);
    (void)story_other(&story, EVENT_OTHER_CLOSED, AT + 2);
    does(&story, TYPE_REOPEN, "vd", NULL, AT + 3); /* it was not done for him */
    assert_int_equal(story.state.handler, U_VILLAGE_DESK);
    assert_int_equal(story.state.due_ms, AT + 3 + 5 * HOUR);
    assert_int_equal(story.counts_at[METRIC_REOPENED][U_VILLAGE_DESK], 1);
}

/* A verification that was late in a round before does not make the end a timely one. */
static void a_round_before_does_not_judge_it(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, city);
    (void)story_report(&story, M_WATER, U_GRID, 0, NOW);
    does(&story, TYPE_HANDLE, "vd", NULL, NOW + 1);
    (void)story_fire(&story, NOW + 13 * HOUR); /* nobody verified */
    assert_int_equal(story.state.course.verify_late, 1);
    does(&story, TYPE_REJECT, "v", NULL, NOW + 13 * HOUR);
    story.other = (struct other_case){MAIN, U_GRID, M_LAMP, CASE_DISPATCHED};
    does(&story, TYPE_MERGE, "vd", &into, NOW + 14 * HOUR);
    (void)story_other(&story, EVENT_OTHER_CLOSED, NOW + 100 * HOUR);
    assert_int_equal(story.counts[METRIC_OVERDUE_BY_CATALOGUE], 1);
}

/* Whoever gets it back has to accept it in the matter's time, as of a dispatch. */
static void it_is_accepted_anew(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, city);
    (void)story_report(&story, M_WATER, U_GRID, 0, NOW);
    does(&story, TYPE_ACCEPT, "vd", NULL, NOW + 1);
    story.other = (struct other_case){MAIN, U_GRID, M_LAMP, CASE_DISPATCHED};
    does(&story, TYPE_MERGE, "vd", &into, AT);
    assert_int_equal(story.state.step_due_ms + story.state.course.arrive_due_ms, 0);
    does(&story, TYPE_UNMERGE, "vd", NULL, AT + HOUR);
    assert_int_equal(story.state.step_due_ms, AT + 2 * HOUR);
    assert_int_equal(story.state.course.arrive_due_ms, AT + 3 * HOUR);
}

/* One street with a desk and a matter in its working time, with a calendar and without. */
static struct directory *office_build(const struct calendar_day *days, size_t day_count)
{
    static const struct hours office = {.count = 1, .shifts = {{540, 1020}}};
    static const struct unit units[] = {UNIT(U_DISTRICT, 0, "D", LEVEL_DISTRICT, "district"),
            UNIT(U_STREET, U_DISTRICT, "S1", LEVEL_STREET, "street")};
    static struct matter matters[] = {
            MATTER(M_LAMP, "lamp", LEVEL_STREET, HANDLER_DESK, 0, 20 * HOUR, HOUR)};
    static const struct staff staff[] = {STAFF(1, "sd", U_STREET, "desk")};
    matters[0].all_hours = false;
    return directory_build(&(struct directory_rows){.version = 5,
            .site = 1,
            .site_letters = "PY",
            .units = units,
            .unit_count = 2,
            .matters = matters,
            .matter_count = 1,
            .staff = staff,
            .staff_count = 1,
            .hours = &office,
            .days = days,
            .day_count = day_count});
}

/* What was left, and when it is over, is not guessed. */
static void without_a_calendar_it_waits(void **state)
{
    (void)state;
    static struct calendar_day days[KIT_CALENDAR_DAYS_MAX];
    struct directory *known = office_build(days, kit_calendar(days));
    struct directory *blank = office_build(days, 0);
    int64_t monday = INT64_C(1790590500000); /* 2026-09-28, in the morning */
    struct story story;
    story_begin(&story, blank);
    (void)story_report(&story, M_LAMP, U_STREET, 0, monday);
    story.other = (struct other_case){MAIN, U_STREET, M_LAMP, CASE_DISPATCHED};
    assert_int_equal(story.state.due_ms, 0);
    fails(&story, TYPE_MERGE, "sd", &into, monday + 1, REFUSAL_NO_CALENDAR); /* it is awaited */
    story_begin(&story, known);
    (void)story_report(&story, M_LAMP, U_STREET, 0, monday);
    story.other = (struct other_case){MAIN, U_STREET, M_LAMP, CASE_DISPATCHED};
    int64_t due = story.state.due_ms;
    story.directory = blank;
    fails(&story, TYPE_MERGE, "sd", &into, monday + 1, REFUSAL_NO_CALENDAR);
    story.directory = known;
    does(&story, TYPE_MERGE, "sd", &into, monday);
    story.directory = blank;
    fails(&story, TYPE_UNMERGE, "sd", NULL, monday + 2, REFUSAL_NO_CALENDAR);
    assert_int_equal(story_other(&story, EVENT_OTHER_GONE, monday + 3), VERDICT_DUPLICATE);
    assert_int_equal(story.state.state, CASE_MERGED);
    story.directory = known;
    assert_int_equal(story_other(&story, EVENT_OTHER_GONE, monday + HOUR), VERDICT_APPLIED);
    assert_int_equal(story.state.due_ms, due + HOUR);
    directory_destroy(&known);
    directory_destroy(&blank);
}

static void only_inputs_that_look_at_another_case_ask_for_it(void **state)
{
    (void)state;
    const struct routing_case this = {.course = {.merged = 9}};
    const struct input inputs[] = {{.kind = INPUT_WORK, .type = OTHER_GONE},
            {.kind = INPUT_COMMAND, .type = TYPE_MERGE, .body = &into}, {.kind = INPUT_WORK},
            {.kind = INPUT_COMMAND, .type = TYPE_UNMERGE, .body = &into},
            {.kind = INPUT_TIMER, .type = TIMER_CLOCK},
            {.kind = INPUT_MESSAGE, .type = OTHER_CLOSED}};
    static const int64_t others[] = {9, MAIN, 0, 0, 0, 0};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(merge_looks(&inputs[i]), others[i] != 0);
        if (others[i] != 0)
            assert_int_equal(merge_other(&this, &inputs[i]), others[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(other_is_older_open_alike_and_ones_own),
            cmocka_unit_test(clocks_stand_and_go_on_with_what_was_left),
            cmocka_unit_test(what_was_late_stays_late),
            cmocka_unit_test(what_was_promised_is_judged),
            cmocka_unit_test(it_ends_as_the_other_one_does),
            cmocka_unit_test(it_is_worked_on_when_the_other_one_is_gone),
            cmocka_unit_test(a_hint_that_is_no_longer_so_changes_nothing),
            cmocka_unit_test(what_others_do_for_it_ends),
            cmocka_unit_test(squads_and_volunteers_are_told),
            cmocka_unit_test(its_reporter_is_still_heard),
            cmocka_unit_test(a_round_before_does_not_judge_it),
            cmocka_unit_test(it_is_accepted_anew),
            cmocka_unit_test(without_a_calendar_it_waits),
            cmocka_unit_test(only_inputs_that_look_at_another_case_ask_for_it),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
