/* The case's rules by tables: every state against every event, placement, deadlines, people. Whole
 * histories are in decide_history_test.c. */
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

static void report_places_case_by_matter_and_unit(void **state)
{
    (void)state;
    static const struct {
        int matter;
        int64_t unit;
        enum level level;
        int64_t area, handler;
        enum handler_kind kind;
        enum routing_type sent;
        int64_t due_in;
    } table[] = {
            {M_LAMP, U_GRID, LEVEL_GRID, U_GRID, U_GRID, HANDLER_WORKER, 0, 24 * HOUR},
            {M_LAMP, U_VILLAGE, LEVEL_VILLAGE, U_VILLAGE, U_VILLAGE, HANDLER_DESK, 0, 24 * HOUR},
            {M_LAMP, U_DISTRICT, LEVEL_DISTRICT, U_DISTRICT, U_DISTRICT, HANDLER_DESK, 0,
                    24 * HOUR},
            {M_NOISE, U_GRID, LEVEL_VILLAGE, U_VILLAGE, U_VILLAGE_DESK, HANDLER_DESK, 0, 10 * HOUR},
            {M_NOISE, U_STREET, LEVEL_STREET, U_STREET, U_STREET, HANDLER_DESK, 0, 10 * HOUR},
            {M_NOISE, U_LOOSE_GRID, LEVEL_STREET, U_STREET, U_STREET, HANDLER_DESK, 0, 10 * HOUR},
            {M_DUMP, U_GRID, LEVEL_GRID, U_GRID, U_GRID, HANDLER_SQUAD, TYPE_MISSION_REQUESTED,
                    6 * HOUR},
            {M_DUMP, U_STREET, LEVEL_STREET, U_STREET, U_STREET, HANDLER_SQUAD,
                    TYPE_MISSION_REQUESTED, 6 * HOUR},
            {M_DUMP, U_DISTRICT, LEVEL_DISTRICT, U_DISTRICT, U_DISTRICT, HANDLER_DESK, 0, 6 * HOUR},
            {M_GRAFFITI, U_GRID, LEVEL_GRID, U_GRID, U_GRID, HANDLER_VOLUNTEERS, TYPE_NEED_OPENED,
                    48 * HOUR},
            {M_ROAD, U_GRID, LEVEL_DISTRICT, U_DISTRICT, U_ROADS, HANDLER_DEPARTMENT, 0, 72 * HOUR},
            {M_JOINT, U_GRID, LEVEL_STREET, U_STREET, U_STREET, HANDLER_DESK, 0, 0},
            {M_PLAIN, U_GRID, LEVEL_GRID, U_GRID, U_GRID, HANDLER_DESK, 0, 0},
            {M_LAMP, 9999, LEVEL_DISTRICT, U_DISTRICT, U_DISTRICT, HANDLER_DESK, 0, 24 * HOUR},
            {0, U_GRID, LEVEL_DISTRICT, U_DISTRICT, U_DISTRICT, HANDLER_DESK, 0, 0},
            {M_LAMP, U_SQUAD, LEVEL_STREET, U_STREET, U_STREET, HANDLER_DESK, 0, 24 * HOUR},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        story_begin(&story, city);
        assert_int_equal(
                story_report(&story, table[i].matter, table[i].unit, 0, NOW), VERDICT_APPLIED);
        const struct routing_case *this = &story.state;
        print_message("row %zu\n", i);
        assert_int_equal(this->state, CASE_DISPATCHED);
        assert_int_equal(this->agg.ver, 2);
        assert_int_equal(story.outcome.steps[0].kind, STEP_REGISTER);
        assert_int_equal(story.outcome.steps[1].kind, STEP_DISPATCH);
        assert_int_equal(story.outcome.steps[1].rule_ver, 5);
        assert_int_equal(this->level, table[i].level);
        assert_int_equal(this->area, table[i].area);
        assert_int_equal(this->handler, table[i].handler);
        assert_int_equal(this->kind, table[i].kind);
        assert_int_equal(story.outcome.send_count, table[i].sent != 0);
        if (table[i].sent)
            assert_int_equal(story.outcome.sends[0].type, table[i].sent);
        int64_t due = table[i].due_in ? NOW + table[i].due_in : 0;
        assert_int_equal(this->due_ms, due);
        assert_int_equal(this->first_due_ms, due);
        assert_true(due == 0 || story_due(&story) == due);
        assert_int_equal(this->accepted_at_ms, NOW);
    }
}

static void report_promise_replaces_catalogue(void **state)
{
    (void)state;
    static const struct {
        int64_t promised, due;
    } table[] = {
            {0, NOW + 24 * HOUR},
            {NOW + HOUR, NOW + HOUR},
            {NOW + 99 * HOUR, NOW + 99 * HOUR},
            {NOW, NOW},
            {NOW - 1, NOW},
            {1, NOW},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        story_begin(&story, city);
        (void)story_report(&story, M_LAMP, U_GRID, table[i].promised, NOW);
        assert_int_equal(story.state.due_ms, table[i].due);
        assert_int_equal(story_due(&story), table[i].due);
        assert_int_equal(story.state.promised_at_ms, table[i].promised);
    }
}

static void end_sends_outcome_and_cancels_what_is_open(void **state)
{
    (void)state;
    static const struct {
        int matter;
        enum case_state from;
        enum routing_type cancelled;
    } table[] = {
            {M_LAMP, CASE_DISPATCHED, 0},
            {M_LAMP, CASE_HANDLED, 0},
            {M_DUMP, CASE_DISPATCHED, TYPE_MISSION_CANCELLED},
            {M_DUMP, CASE_ACCEPTED, TYPE_MISSION_CANCELLED},
            {M_DUMP, CASE_HANDLED, 0},
            {M_GRAFFITI, CASE_DISPATCHED, TYPE_NEED_CANCELLED},
            {M_GRAFFITI, CASE_ACCEPTED, TYPE_NEED_CANCELLED},
            {M_GRAFFITI, CASE_HANDLED, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        for (int refer = 0; refer <= (table[i].from != CASE_HANDLED); refer++) {
            struct story story;
            story_reach(&story, city, table[i].matter, table[i].from);
            enum verdict verdict = refer ? story_command(&story, TYPE_REFER, "dd", NOW + 9)
                                         : story_withdraw(&story, NOW + 9);
            assert_int_equal(verdict, VERDICT_APPLIED);
            assert_int_equal(story.state.state, refer ? CASE_REFERRED_OUT : CASE_WITHDRAWN);
            assert_true(story_sent(&story, TYPE_CASE_ENDED));
            assert_int_equal(story.outcome.send_count, 1 + (table[i].cancelled != 0));
            if (table[i].cancelled)
                assert_true(story_sent(&story, table[i].cancelled));
            assert_int_equal(story.outcome.timer_count, 1);
            assert_int_equal(story.state.ended_at_ms, NOW + 9);
        }
    }
}

static void deadline_escalates_one_level_a_time_to_the_top(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, city);
    (void)story_report(&story, M_LAMP, U_GRID, 0, NOW);
    static const int64_t areas[] = {U_VILLAGE, U_STREET, U_DISTRICT};
    int64_t due = NOW + 24 * HOUR;
    for (int i = 0; i < 3; i++) {
        assert_true(due == 0 || story_due(&story) == due);
        story_rests(&story, due - 1);
        assert_int_equal(story_fire(&story, due), VERDICT_APPLIED);
        assert_int_equal(story.state.area, areas[i]);
        assert_int_equal(story.state.level, LEVEL_VILLAGE + i);
        assert_int_equal(story.state.handler, U_GRID);
        assert_int_equal(story.state.state, CASE_DISPATCHED);
        assert_int_equal(story.counts[METRIC_ESCALATED_VILLAGE + i], 1);
        assert_int_equal(story.counts[METRIC_LATE], 1);
        due += 4 * HOUR;
    }
    assert_int_equal(story_due(&story), 0);
    assert_int_equal(story.state.first_due_ms, NOW + 24 * HOUR);
    story_rests(&story, due + 999 * HOUR);
    assert_int_equal(story.escalations, 3);
    assert_int_equal(story.state.escalated,
            1 | 1 << LEVEL_VILLAGE | 1 << LEVEL_STREET | 1 << LEVEL_DISTRICT);
}

static void deadline_counts_from_when_it_fired(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, city);
    (void)story_report(&story, M_LAMP, U_GRID, NOW - HOUR, NOW);
    assert_int_equal(story_fire(&story, NOW + 7), VERDICT_APPLIED);
    assert_int_equal(story.state.due_ms, NOW + 7 + 4 * HOUR);
    assert_int_equal(story_step(&story, STEP_ESCALATE)->due_ms, NOW + 7 + 4 * HOUR);
}

static void deadline_at_the_top_marks_overdue_once(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, city);
    (void)story_report(&story, M_ROAD, U_GRID, 0, NOW);
    assert_int_equal(story_fire(&story, NOW + 72 * HOUR), VERDICT_APPLIED);
    (void)story_step(&story, STEP_OVERDUE);
    assert_int_equal(story.counts_at[METRIC_RED][U_ROADS], 1);
    assert_int_equal(story.counts[METRIC_LATE], 1);
    assert_int_equal(story_due(&story), 0);
    story_rests(&story, NOW + 80 * HOUR);
}

static void deadline_without_step_up_span_escalates_once(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, city);
    (void)story_report(&story, M_ONCE, U_GRID, 0, NOW);
    assert_int_equal(story_fire(&story, NOW + HOUR), VERDICT_APPLIED);
    assert_int_equal(story.state.level, LEVEL_VILLAGE);
    assert_int_equal(story_due(&story), 0);
}

static void deadline_passes_over_a_level_that_the_tree_lacks(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, city);
    (void)story_report(&story, M_LAMP, U_LOOSE_GRID, 0, NOW);
    (void)story_fire(&story, NOW + 24 * HOUR);
    assert_int_equal(story.state.level, LEVEL_STREET);
    assert_int_equal(story.state.area, U_STREET);
    assert_int_equal(story.counts[METRIC_ESCALATED_VILLAGE], 0);
    assert_int_equal(story.counts[METRIC_ESCALATED_STREET], 1);
}

static void deadline_runs_while_mission_goes_on(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_DUMP, CASE_ACCEPTED);
    (void)story_fire(&story, NOW + 6 * HOUR);
    assert_int_equal(story.state.area, U_VILLAGE);
    assert_int_equal(story.state.handler, U_SQUAD);
    assert_int_equal(story.state.work, WORK_MISSION);
    assert_int_equal(story.outcome.send_count, 0);
    (void)story_mission(&story, EVENT_SQUAD_FINISHED, U_SQUAD, "sq1", NOW + 7 * HOUR);
    assert_int_equal(story.state.state, CASE_HANDLED);
}

static void close_judges_by_promise_or_catalogue(void **state)
{
    (void)state;
    static const struct {
        int64_t promised, closed;
        bool overdue, by_catalogue;
    } table[] = {
            {NOW + HOUR, NOW + HOUR, false, false}, /* exactly at the instant is in time */
            {NOW + HOUR, NOW + HOUR + 1, true, false},
            {NOW - HOUR, NOW, true, false}, /* late when it came in */
            {NOW + 99 * HOUR, NOW + 30 * HOUR, false, false},
            {0, NOW + 24 * HOUR, false, false},
            {0, NOW + 24 * HOUR + 1, false, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        story_begin(&story, city);
        (void)story_report(&story, M_LAMP, U_GRID, table[i].promised, NOW);
        (void)story_command(&story, TYPE_HANDLE, "w1", table[i].closed);
        assert_int_equal(story_command(&story, TYPE_VERIFY, "sd", table[i].closed), 0);
        print_message("row %zu\n", i);
        assert_int_equal(story.outcome.steps[0].kind, STEP_VERIFY);
        assert_int_equal(story.outcome.steps[1].kind, STEP_CLOSE);
        assert_int_equal(story.state.overdue, table[i].overdue);
        assert_int_equal(story.state.overdue_by_catalogue, table[i].by_catalogue);
        assert_int_equal(story.state.ended_at_ms, table[i].closed);
        assert_true(story_sent(&story, TYPE_CASE_ENDED));
    }
}

static void handle_on_the_spot_is_two_steps(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_LAMP, CASE_DISPATCHED);
    (void)story_command(&story, TYPE_HANDLE, "w1", NOW + 5);
    assert_int_equal(story.outcome.step_count, 2);
    assert_int_equal(story.outcome.steps[0].kind, STEP_ACCEPT);
    assert_int_equal(story.outcome.steps[1].kind, STEP_HANDLE);
    assert_string_equal(story.state.handled_by, "w1");
    assert_int_equal(story.state.handled_unit, U_GRID);
    assert_int_equal(story.state.handled_at_ms, NOW + 5);
}

static void escalation_lets_the_responsible_area_act(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_LAMP, CASE_DISPATCHED);
    (void)story_fire(&story, NOW + 24 * HOUR);
    assert_int_equal(story_command(&story, TYPE_HANDLE, "w2", NOW + 25 * HOUR), VERDICT_REFUSED);
    assert_int_equal(story_command(&story, TYPE_HANDLE, "vd", NOW + 25 * HOUR), VERDICT_APPLIED);
}

static void command_with_another_version_is_a_conflict(void **state)
{
    (void)state;
    static const struct {
        int32_t version;
        enum verdict verdict;
    } table[] = {{0, VERDICT_APPLIED}, {1, VERDICT_CONFLICT}, {2, VERDICT_APPLIED},
            {3, VERDICT_CONFLICT}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        story_reach(&story, city, M_LAMP, CASE_DISPATCHED);
        struct act act = {.version = table[i].version, .text = ""};
        struct input input = {.kind = INPUT_COMMAND,
                .type = TYPE_ACCEPT,
                .now_ms = NOW + 1,
                .body = &act,
                .actor = "w1"};
        assert_int_equal(story_apply(&story, &input), table[i].verdict);
        assert_int_equal(story.outcome.reason,
                table[i].verdict == VERDICT_CONFLICT ? REFUSAL_VERSION : REFUSAL_NONE);
    }
}

static void squad_is_recorded_and_replaced(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_DUMP, CASE_DISPATCHED);
    (void)story_mission(&story, EVENT_SQUAD_ASSIGNED, U_SQUAD, "", NOW + 1);
    assert_int_equal(story.outcome.steps[0].kind, STEP_ASSIGN);
    assert_int_equal(story.state.handler, U_SQUAD);
    assert_int_equal(
            story_mission(&story, EVENT_SQUAD_ASSIGNED, U_SQUAD, "", NOW + 2), VERDICT_DUPLICATE);
    (void)story_mission(&story, EVENT_SQUAD_ON_SCENE, U_SQUAD, "sq1", NOW + 3);
    assert_int_equal(story.outcome.step_count, 2);
    assert_int_equal(story.outcome.steps[1].kind, STEP_ARRIVE);
    assert_int_equal(story_mission(&story, EVENT_SQUAD_ON_SCENE, U_SQUAD, "sq1", NOW + 4),
            VERDICT_DUPLICATE);
    (void)story_mission(&story, EVENT_SQUAD_ASSIGNED, U_SQUAD_2, "", NOW + 5);
    assert_int_equal(story.state.state, CASE_DISPATCHED);
    assert_int_equal(story.state.handler, U_SQUAD_2);
    assert_false(story.state.on_scene);
    (void)story_mission(&story, EVENT_SQUAD_FINISHED, U_SQUAD_2, "sq2", NOW + 6);
    assert_string_equal(story.state.handled_by, "sq2");
    assert_int_equal(story.state.handled_unit, U_SQUAD_2);
}

static void unclaimed_need_goes_to_the_village_desk(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_GRAFFITI, CASE_DISPATCHED);
    assert_int_equal(case_offer_until(&story.state, matter_find(city, M_GRAFFITI)), NOW + 3 * HOUR);
    assert_int_equal(case_offer_until(&story.state, matter_find(city, M_PLAIN)), 0);
    (void)story_need(&story, EVENT_NEED_UNCLAIMED, "", NOW + 3 * HOUR);
    assert_int_equal(story.outcome.steps[0].kind, STEP_TO_DESK);
    assert_int_equal(story.state.handler, U_VILLAGE_DESK);
    assert_int_equal(story.state.kind, HANDLER_DESK);
    assert_int_equal(story.state.area, U_GRID);
    assert_int_equal(
            story_need(&story, EVENT_NEED_CLAIMED, "vol", NOW + 4 * HOUR), VERDICT_DUPLICATE);
    assert_int_equal(story_command(&story, TYPE_HANDLE, "vd", NOW + 5 * HOUR), VERDICT_APPLIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(report_places_case_by_matter_and_unit),
            cmocka_unit_test(report_promise_replaces_catalogue),
            cmocka_unit_test(end_sends_outcome_and_cancels_what_is_open),
            cmocka_unit_test(deadline_escalates_one_level_a_time_to_the_top),
            cmocka_unit_test(deadline_counts_from_when_it_fired),
            cmocka_unit_test(deadline_at_the_top_marks_overdue_once),
            cmocka_unit_test(deadline_without_step_up_span_escalates_once),
            cmocka_unit_test(deadline_passes_over_a_level_that_the_tree_lacks),
            cmocka_unit_test(deadline_runs_while_mission_goes_on),
            cmocka_unit_test(close_judges_by_promise_or_catalogue),
            cmocka_unit_test(handle_on_the_spot_is_two_steps),
            cmocka_unit_test(escalation_lets_the_responsible_area_act),
            cmocka_unit_test(command_with_another_version_is_a_conflict),
            cmocka_unit_test(squad_is_recorded_and_replaced),
            cmocka_unit_test(unclaimed_need_goes_to_the_village_desk),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
