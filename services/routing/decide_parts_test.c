/* What several units do for one case: whistles, joint cases, tasks, meetings, mediations. Who may,
 * and when, is in decide_table_test.c; admissions are in decide_due_test.c, with working hours. */
#include "services/routing/decide_parts.h"

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
#define AT (NOW + HOUR)
#define DUE (AT + CALL_MS) /* of the calls */

static const struct act whistle = {
        .units = {U_ROADS, U_SQUAD}, .unit_count = 2, .at = {113.5, 22.9, true}};
static const struct act joint = {.units = {U_ROADS, U_SQUAD, U_VILLAGE}, .unit_count = 3};
static const struct act task = {.unit = U_SQUAD, .span_ms = 2 * HOUR};
static const struct act here = {.at = {113.5, 22.9, true}};

static void whistled(struct story *story)
{
    story_reach(story, city, M_NOISE, CASE_ACCEPTED);
    does(story, TYPE_WHISTLE, "vd", &whistle, AT);
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(part_at(story, i)->due_ms, DUE);
        assert_int_equal(part_at(story, i)->warn_ms, AT + 21 * MIN);
    }
    fails(story, TYPE_WHISTLE, "vd", &whistle, AT + 1, REFUSAL_UNIT_TWICE);
}

static void who_does_not_report_in_is_absent_once(void **state)
{
    (void)state;
    struct story story;
    whistled(&story);
    does(&story, TYPE_CHECK_IN, "r1", &here, AT + 10 * MIN);
    story_rests(&story, AT + 21 * MIN - 1);
    assert_int_equal(story.counts[METRIC_YELLOW], 0);
    (void)story_fire(&story, AT + 21 * MIN);
    assert_int_equal(story.counts_at[METRIC_YELLOW][U_SQUAD], 1);
    assert_int_equal(story.counts[METRIC_YELLOW], 1); /* who has come gets none */
    story_rests(&story, DUE - 1);
    assert_int_equal(part_at(&story, 2)->state, PART_OPEN);
    (void)story_fire(&story, DUE);
    (void)story_fire_once(&story, DUE + 1);
    assert_int_equal(part_at(&story, 2)->state, PART_MISSED);
    assert_int_equal(story.counts[METRIC_ABSENT], 1);
    assert_int_equal(story.counts[METRIC_RED], 1);
    assert_int_equal(story.counts_at[METRIC_ABSENT][U_SQUAD], 1);
    fails(&story, TYPE_CHECK_IN, "sq1", &here, DUE + 1, REFUSAL_NO_PART);
}

static void who_is_told_stands_above_who_did_not_come(void **state)
{
    (void)state;
    static const struct {
        int64_t unit, told;
    } table[] = {{U_SQUAD, U_STREET}, {U_ROADS, U_DISTRICT}, {U_VILLAGE_DESK, U_VILLAGE},
            {U_GRID_3, U_VILLAGE_2}, {U_STREET_2, U_DISTRICT}, {U_DISTRICT, 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct act call = {.units = {table[i].unit}, .unit_count = 1};
        struct story story;
        story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
        does(&story, TYPE_WHISTLE, "vd", &call, AT);
        (void)story_fire(&story, AT + 21 * MIN);
        assert_int_equal(part_at(&story, 1)->told, 0);
        (void)story_fire(&story, DUE);
        assert_int_equal(part_at(&story, 1)->state, PART_MISSED);
        assert_int_equal(part_at(&story, 1)->told, table[i].told);
    }
}

/* By where he is, or by what is shown there on that day. */
static void checking_in_proves_that_somebody_is_there(void **state)
{
    (void)state;
    struct story story;
    whistled(&story);
    int today = check_in_code(&story.state, DUE, 0);
    int yesterday = check_in_code(&story.state, DUE - 24 * HOUR, 0);
    assert_int_not_equal(today, yesterday);
    const struct {
        struct act act;
        enum case_refusal refusal;
    } table[] = {
            {{.at = {113.5, 22.945, true}}, REFUSAL_NOT_THERE},  /* 5 km to the north */
            {{.at = {113.5, 22.9028, true}}, REFUSAL_NOT_THERE}, /* 311 m */
            {{.code = yesterday}, REFUSAL_NOT_THERE},
            {{.code = yesterday, .at = {113.5, 22.9, true}}, REFUSAL_NOT_THERE},
            {{.part = 0}, REFUSAL_NOT_THERE}, /* says nothing */
            {{.at = {113.5, 22.9, true}, .part = 2}, REFUSAL_ACTOR_NOT_CALLED},
            {{.at = {113.5, 22.9, true}, .part = 3}, REFUSAL_NO_PART},
            {{.at = {113.5, 22.9026, true}}, REFUSAL_NONE}, /* 289 m */
            {{.at = {113.5028, 22.9, true}}, REFUSAL_NONE}, /* 287 m to the east */
            {{.code = today}, REFUSAL_NONE},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story fresh = story;
        print_message("row %zu\n", i);
        (void)story_do(&fresh, TYPE_CHECK_IN, "r1", &table[i].act, DUE); /* at the instant */
        assert_int_equal(fresh.outcome.reason, table[i].refusal);
        assert_int_equal(part_at(&fresh, 1)->state == PART_DONE, table[i].refusal == REFUSAL_NONE);
    }
    fails(&story, TYPE_CHECK_IN, "w3", &here, DUE, REFUSAL_ACTOR_NOT_CALLED);
}

static void ended_whistle_is_over_for_who_has_not_come(void **state)
{
    (void)state;
    struct story story;
    whistled(&story);
    does(&story, TYPE_CHECK_IN, "r1", &here, AT + 1);
    fails(&story, TYPE_END_WHISTLE, "r1", NULL, AT + 2, REFUSAL_ACTOR_NOT_HANDLER);
    does(&story, TYPE_END_WHISTLE, "vd", NULL, AT + 2);
    assert_int_equal(part_at(&story, 2)->state, PART_ENDED);
    story_rests(&story, DUE + 1);
    assert_int_equal(story.counts[METRIC_RED] + story.counts[METRIC_YELLOW], 0);
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    fails(&story, TYPE_END_WHISTLE, "vd", NULL, AT, REFUSAL_NO_PART);
}

static void the_caller_scores_who_came(void **state)
{
    (void)state;
    struct story story;
    whistled(&story);
    does(&story, TYPE_CHECK_IN, "r1", &here, AT + 1);
    (void)story_fire(&story, DUE);
    const struct act first = {.part = 1, .score = 5}, second = {.part = 2, .score = 1};
    fails(&story, TYPE_SCORE, "r1", &first, DUE, REFUSAL_ACTOR_NOT_HANDLER);
    does(&story, TYPE_SCORE, "vd", &first, DUE);
    assert_int_equal(part_at(&story, 1)->score, 5);
    fails(&story, TYPE_SCORE, "vd", &second, DUE, REFUSAL_NO_PART);
}

/* Against the fault: upheld it is taken back, dismissed it stands; decided once, also when the case
 * has ended. */
static void an_appeal_is_decided_once(void **state)
{
    (void)state;
    for (int upheld = 0; upheld < 2; upheld++) {
        struct story story;
        whistled(&story);
        const struct act second = {.part = 2};
        fails(&story, TYPE_APPEAL, "sq1", NULL, AT, REFUSAL_NO_PART);
        (void)story_fire(&story, DUE);
        does(&story, TYPE_HANDLE, "vd", NULL, DUE + 1);
        does(&story, TYPE_VERIFY, "w1", NULL, DUE + 2);
        fails(&story, TYPE_APPEAL, "r1", &second, DUE + 3, REFUSAL_ACTOR_NOT_CALLED);
        does(&story, TYPE_APPEAL, "sq1", &second, DUE + 4);
        enum routing_type type = upheld ? TYPE_UPHOLD : TYPE_DISMISS;
        fails(&story, type, "sd", &second, DUE + 5, REFUSAL_ACTOR_NOT_SUPERVISOR);
        does(&story, type, "dd", &second, DUE + 6);
        assert_int_equal(part_at(&story, 2)->state, upheld ? PART_CLEARED : PART_DISMISSED);
        assert_int_equal(story.counts_at[METRIC_ABSENT][U_SQUAD], !upheld);
        assert_int_equal(story.counts_at[METRIC_RED][U_SQUAD], !upheld);
        assert_int_equal(story.counts_at[METRIC_ABSENT][U_ROADS], 1);
        fails(&story, type, "dd", &second, DUE + 7, REFUSAL_NO_PART);
        fails(&story, TYPE_APPEAL, "sq1", &second, DUE + 8, REFUSAL_NO_PART);
    }
}

/* The street's desk names three; the clock of ten hours begins with that. */
static void joined(struct story *story)
{
    story_begin(story, city);
    (void)story_report(story, M_JOINT, U_GRID, 0, NOW);
    assert_int_equal(story->state.due_ms, 0);
    assert_int_equal(story->state.step_due_ms, NOW + HOUR);
    does(story, TYPE_JOINT, "sd", &joint, AT - 1);
    assert_int_equal(story->state.handler, U_ROADS);
    assert_int_equal(story->state.state, CASE_ACCEPTED);
    assert_int_equal(story->state.step_due_ms, 0);
    assert_int_equal(story->state.due_ms, AT - 1 + 10 * HOUR);
    fails(story, TYPE_JOINT, "sd", &joint, AT, REFUSAL_JOINT_BEFORE);
}

static void joint_case_is_handled_with_the_last_signature(void **state)
{
    (void)state;
    struct story story;
    joined(&story);
    fails(&story, TYPE_FINISH_PART, "w1", NULL, AT, REFUSAL_ACTOR_NOT_CALLED);
    does(&story, TYPE_FINISH_PART, "sq1", NULL, AT);
    fails(&story, TYPE_FINISH_PART, "sq1b", NULL, AT + 1, REFUSAL_ACTOR_NOT_CALLED);
    fails(&story, TYPE_HANDLE, "r1", NULL, AT + 2, REFUSAL_PARTS_OPEN);
    does(&story, TYPE_FINISH_PART, "r1", NULL, AT + 3);
    assert_int_equal(story.state.state, CASE_ACCEPTED);
    does(&story, TYPE_FINISH_PART, "v", NULL, AT + 4);
    assert_int_equal(story.state.state, CASE_HANDLED);
    assert_int_equal(story.state.handled_unit, U_ROADS);
    static const struct {
        const char *who;
        enum case_refusal refusal;
    } table[] = {
            {"v", REFUSAL_SAME_PERSON},
            {"vd", REFUSAL_TOOK_PART}, /* a desk of the village that signed */
            {"r2", REFUSAL_TOOK_PART},
            {"sq1b", REFUSAL_TOOK_PART},
            {"w3", REFUSAL_ACTOR_NOT_VERIFIER},
            {"w1", REFUSAL_NONE},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        (void)story_do(&story, TYPE_VERIFY, table[i].who, NULL, AT + 5);
        assert_int_equal(story.outcome.reason, table[i].refusal);
    }
    assert_int_equal(story.state.state, CASE_CLOSED);
}

/* Each has cards of its own, and the case none; it goes up once. */
static void parts_of_a_joint_case_have_the_cards(void **state)
{
    (void)state;
    struct story story;
    joined(&story);
    does(&story, TYPE_FINISH_PART, "sq1", NULL, AT);
    int64_t due = story.state.due_ms;
    (void)story_fire(&story, due - 3 * HOUR);
    assert_int_equal(story.counts[METRIC_YELLOW], 2);
    assert_int_equal(story.counts_at[METRIC_YELLOW][U_SQUAD], 0);
    story_rests(&story, due - 1);
    does(&story, TYPE_FINISH_PART, "r1", NULL, due - 1);
    (void)story_fire(&story, due);
    assert_int_equal(story.counts[METRIC_RED], 1);
    assert_int_equal(story.counts_at[METRIC_RED][U_VILLAGE], 1);
    assert_int_equal(story.escalations, 1);
    assert_int_equal(story.state.area, U_DISTRICT);
    story_rests(&story, due + 100 * HOUR);
    assert_int_equal(story.counts[METRIC_RED], 1);
}

/* Also the lead's; in the time that is left, or when that is over in half of the matter's. */
static void a_part_is_taken_over(void **state)
{
    (void)state;
    struct story story;
    joined(&story);
    int64_t due = story.state.due_ms;
    const struct act lead = {.part = 1, .unit = U_SQUAD_2},
                     late = {.part = 3, .unit = U_STREET_DESK};
    const struct act twice = {.part = 3, .unit = U_SQUAD};
    fails(&story, TYPE_TAKE_OVER, "r1", &lead, AT, REFUSAL_ACTOR_NOT_ABOVE);
    fails(&story, TYPE_TAKE_OVER, "sd", &twice, AT, REFUSAL_UNIT_TWICE);
    does(&story, TYPE_TAKE_OVER, "sd", &lead, AT);
    assert_int_equal(part_at(&story, 1)->state, PART_TAKEN);
    assert_int_equal(part_at(&story, 4)->due_ms, due);
    assert_int_equal(story.state.handler, U_SQUAD_2);
    (void)story_fire(&story, due);
    does(&story, TYPE_TAKE_OVER, "sd", &late, due + 1);
    assert_int_equal(part_at(&story, 5)->due_ms, due + 1 + 5 * HOUR);
    assert_int_not_equal(part_at(&story, 5)->warn_ms, 0);
    does(&story, TYPE_FINISH_PART, "sq1", NULL, due + 2);
    does(&story, TYPE_FINISH_PART, "sd", NULL, due + 2);
    does(&story, TYPE_FINISH_PART, "sq2", NULL, due + 3);
    assert_int_equal(story.state.state, CASE_HANDLED);
    assert_int_equal(story.state.handled_unit, U_SQUAD_2);
}

/* What a joint case that was given up leaves does not finish the case of who has it now. */
static void a_task_finishes_only_the_joint_case_that_is(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct story story;
        joined(&story);
        does(&story, TYPE_FINISH_PART, "sq1", NULL, AT);
        if (way == 0) {
            const struct act other = {.unit = U_SQUAD_2};
            does(&story, TYPE_DISPATCH, "sd", &other, AT + 1);
            assert_int_equal(part_at(&story, 3)->state, PART_ENDED);
        } else {
            does(&story, TYPE_FINISH_PART, "r1", NULL, AT + 1);
            does(&story, TYPE_FINISH_PART, "v", NULL, AT + 1);
            does(&story, way == 1 ? TYPE_REJECT : TYPE_VERIFY, "w1", NULL, AT + 2);
            if (way == 2)
                does(&story, TYPE_REOPEN, "sd", NULL, AT + 3);
        }
        does(&story, TYPE_ORDER, "sd", &task, AT + 4);
        does(&story, TYPE_FINISH_PART, "sq1", NULL, AT + 5);
        assert_int_equal(story.state.state, CASE_DISPATCHED);
        assert_int_equal(story.state.handled_at_ms, 0);
    }
}

/* A clock that runs already is everybody's; one that is over gives them half of the matter's. */
static void joining_later_does_not_move_the_deadline(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    int64_t due = story.state.due_ms;
    does(&story, TYPE_JOINT, "sd", &joint, AT);
    assert_int_equal(story.state.due_ms, due);
    assert_int_equal(part_at(&story, 2)->due_ms, due);
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    for (int level = 0; level < 2; level++)
        (void)story_fire(&story, story.state.due_ms);
    int64_t late = story.state.due_ms + HOUR;
    assert_int_equal(story.state.level, LEVEL_DISTRICT);
    does(&story, TYPE_JOINT, "dd", &joint, late);
    assert_int_equal(part_at(&story, 2)->due_ms, late + 5 * HOUR);
    assert_int_equal(story.state.due_ms, late - HOUR);
}

static void more_time_is_for_the_leads_part_too(void **state)
{
    (void)state;
    struct story story;
    joined(&story);
    int64_t due = story.state.due_ms;
    const struct act hour = {.span_ms = HOUR};
    does(&story, TYPE_ASK_TIME, "r1", &hour, AT);
    does(&story, TYPE_GRANT_TIME, "dd", NULL, AT + 1);
    assert_int_equal(story.state.due_ms, due + HOUR);
    assert_int_equal(part_at(&story, 1)->due_ms, due + HOUR);
    assert_int_equal(part_at(&story, 2)->due_ms, due);
}

static void an_order_has_a_clock_and_holds_up_the_case(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    does(&story, TYPE_ORDER, "dd", &task, AT);
    assert_int_equal(story.counts_at[METRIC_ORDERED][U_SQUAD], 1);
    fails(&story, TYPE_HANDLE, "vd", NULL, AT + 1, REFUSAL_PARTS_OPEN);
    const struct act hour = {.span_ms = HOUR};
    fails(&story, TYPE_SUSPEND, "sd", &hour, AT + 1, REFUSAL_PARTS_OPEN);
    fails(&story, TYPE_FINISH_PART, "vd", NULL, AT + 1, REFUSAL_ACTOR_NOT_CALLED);
    (void)story_fire(&story, AT + 84 * MIN);
    assert_int_equal(story.counts_at[METRIC_YELLOW][U_SQUAD], 1);
    (void)story_fire(&story, AT + 2 * HOUR);
    assert_int_equal(story.counts_at[METRIC_RED][U_SQUAD], 1);
    assert_int_equal(part_at(&story, 1)->late, 1);
    does(&story, TYPE_FINISH_PART, "sq1", NULL, AT + 3 * HOUR); /* late, but done */
    assert_int_equal(story.state.state, CASE_ACCEPTED);
    does(&story, TYPE_HANDLE, "vd", NULL, AT + 3 * HOUR);
    fails(&story, TYPE_VERIFY, "sq1b", NULL, AT + 4 * HOUR, REFUSAL_TOOK_PART);
}

/* The handler's own deadline has its card whatever others have to do besides. */
static void an_order_spares_the_handler_no_card(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    const struct act later = {.unit = U_SQUAD, .span_ms = 50 * HOUR};
    does(&story, TYPE_ORDER, "dd", &later, AT);
    (void)story_fire(&story, story.state.due_ms);
    assert_int_equal(story.counts_at[METRIC_RED][U_VILLAGE_DESK], 1);
}

/* The squad is done before somebody else's task is: the case waits for that, in its hands. */
static void a_finished_mission_waits_for_the_others(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_DUMP, CASE_ACCEPTED);
    const struct act other = {.unit = U_SQUAD_2, .span_ms = HOUR};
    does(&story, TYPE_ORDER, "sd", &other, AT);
    (void)story_mission(&story, EVENT_SQUAD_FINISHED, U_SQUAD, "sq1", AT + 1);
    assert_int_equal(story.state.state, CASE_ACCEPTED);
    assert_int_equal(story.state.handler, U_SQUAD);
    fails(&story, TYPE_HANDLE, "sq1", NULL, AT + 2, REFUSAL_PARTS_OPEN);
    does(&story, TYPE_FINISH_PART, "sq2", NULL, AT + 3);
    does(&story, TYPE_HANDLE, "sq1", NULL, AT + 4);
    fails(&story, TYPE_VERIFY, "sq1b", NULL, AT + 5, REFUSAL_SAME_SQUAD);

    story_reach(&story, city, M_GRAFFITI, CASE_ACCEPTED);
    does(&story, TYPE_ORDER, "sd", &other, AT);
    (void)story_need(&story, EVENT_NEED_FINISHED, "vol", AT + 1);
    assert_int_equal(story.state.state, CASE_ACCEPTED);
    does(&story, TYPE_FINISH_PART, "sq2", NULL, AT + 3);
    does(&story, TYPE_HANDLE, "w1", NULL, AT + 4);
}

static void a_meeting_resolves_into_tasks(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    const struct act meeting = {.units = {U_ROADS, U_SQUAD}, .unit_count = 2, .span_ms = 24 * HOUR};
    const struct act tasks = {.units = {U_SQUAD}, .unit_count = 1, .span_ms = 3 * HOUR};
    fails(&story, TYPE_RESOLVE, "sd", &tasks, AT, REFUSAL_NO_PART);
    does(&story, TYPE_CONVENE, "sd", &meeting, AT);
    fails(&story, TYPE_CONVENE, "sd", &meeting, AT + 1, REFUSAL_UNIT_TWICE);
    does(&story, TYPE_RESOLVE, "sd", &tasks, AT + 2);
    assert_int_equal(part_at(&story, 1)->state, PART_DONE);
    assert_int_equal(part_at(&story, 3)->kind, PART_TASK);
    assert_int_equal(part_at(&story, 3)->due_ms, AT + 2 + 3 * HOUR);
    assert_int_equal(story.counts_at[METRIC_ORDERED][U_SQUAD], 1);
    fails(&story, TYPE_HANDLE, "vd", NULL, AT + 3, REFUSAL_PARTS_OPEN);
}

/* A meeting of a case that is done, or stands, has no tasks to give. */
static void no_tasks_where_nobody_works(void **state)
{
    (void)state;
    const struct act meeting = {.units = {U_ROADS}, .unit_count = 1, .span_ms = 24 * HOUR};
    const struct act tasks = {.units = {U_SQUAD}, .unit_count = 1, .span_ms = 3 * HOUR};
    static const struct {
        enum case_state to;
        enum case_refusal refusal;
    } table[] = {{CASE_HANDLED, REFUSAL_HANDLED_BEFORE}, {CASE_SUSPENDED, REFUSAL_SUSPENDED}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        story_reach(&story, city, M_NOISE, table[i].to);
        does(&story, TYPE_CONVENE, "sd", &meeting, AT);
        fails(&story, TYPE_RESOLVE, "sd", &tasks, AT, table[i].refusal);
        does(&story, TYPE_RESOLVE, "sd", NULL, AT);
        assert_int_equal(part_at(&story, 1)->state, PART_DONE);
    }
}

/* A session, the agreement, and the visit afterwards, which outlives the case. */
static void mediation_ends_in_an_agreement_and_a_visit(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    const struct act session = {.span_ms = 24 * HOUR}, visit = {.span_ms = 30 * 24 * HOUR};
    fails(&story, TYPE_AGREE, "vd", &visit, AT, REFUSAL_NO_PART);
    fails(&story, TYPE_MEDIATE, "r1", &session, AT, REFUSAL_ACTOR_NOT_HANDLER);
    does(&story, TYPE_MEDIATE, "vd", &session, AT);
    assert_int_equal(part_at(&story, 1)->due_ms, AT + 24 * HOUR);
    does(&story, TYPE_AGREE, "vd", &visit, AT + 1);
    does(&story, TYPE_HANDLE, "vd", NULL, AT + 2);
    does(&story, TYPE_VERIFY, "w1", NULL, AT + 3);
    int64_t due = part_at(&story, 2)->due_ms;
    story_rests(&story, due - 1);
    assert_int_equal(story.timer_ms, due);
    (void)story_fire(&story, due); /* nobody has been there: late, no card */
    assert_int_equal(story.counts_at[METRIC_STEP_LATE][U_VILLAGE_DESK], 1);
    assert_int_equal(story.counts[METRIC_RED], 0);
    does(&story, TYPE_REVISIT, "vd", NULL, due + 1);
    assert_int_equal(part_at(&story, 2)->state, PART_DONE);
    fails(&story, TYPE_REVISIT, "vd", NULL, due + 2, REFUSAL_NO_PART);
}

static void parts_are_limited_and_end_with_the_case(void **state)
{
    (void)state;
    struct story story;
    story_reach(&story, city, M_NOISE, CASE_ACCEPTED);
    for (int i = 0; i < PARTS_MAX; i++)
        does(&story, TYPE_ORDER, "dd", &task, AT + i);
    fails(&story, TYPE_ORDER, "dd", &task, AT + 50, REFUSAL_PARTS_FULL);
    fails(&story, TYPE_WHISTLE, "dd", &whistle, AT + 50, REFUSAL_PARTS_FULL);
    fails(&story, TYPE_JOINT, "dd", &joint, AT + 50, REFUSAL_PARTS_FULL);
    (void)story_withdraw(&story, AT + 60);
    assert_int_equal(part_at(&story, PARTS_MAX)->state, PART_ENDED);
    assert_int_equal(story.timer_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(who_does_not_report_in_is_absent_once),
            cmocka_unit_test(who_is_told_stands_above_who_did_not_come),
            cmocka_unit_test(checking_in_proves_that_somebody_is_there),
            cmocka_unit_test(ended_whistle_is_over_for_who_has_not_come),
            cmocka_unit_test(the_caller_scores_who_came),
            cmocka_unit_test(an_appeal_is_decided_once),
            cmocka_unit_test(joint_case_is_handled_with_the_last_signature),
            cmocka_unit_test(parts_of_a_joint_case_have_the_cards),
            cmocka_unit_test(a_part_is_taken_over),
            cmocka_unit_test(a_task_finishes_only_the_joint_case_that_is),
            cmocka_unit_test(joining_later_does_not_move_the_deadline),
            cmocka_unit_test(more_time_is_for_the_leads_part_too),
            cmocka_unit_test(an_order_has_a_clock_and_holds_up_the_case),
            cmocka_unit_test(an_order_spares_the_handler_no_card),
            cmocka_unit_test(a_finished_mission_waits_for_the_others),
            cmocka_unit_test(a_meeting_resolves_into_tasks),
            cmocka_unit_test(no_tasks_where_nobody_works),
            cmocka_unit_test(mediation_ends_in_an_agreement_and_a_visit),
            cmocka_unit_test(parts_are_limited_and_end_with_the_case),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
