/* What a reporter hears of his case while it is open: each step that matters to him, once, and only
 * when he asked for it. */
#include "proto/routing.pb-c.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/pure_stage.h"
#include "services/routing/codec.h"
#include "services/routing/test_acts.h"

#include <string.h>

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

static void report(struct story *story, const char *matter, bool wants)
{
    const struct case_reported body = {.source = "hotline",
            .source_ref = "T-1",
            .reporter = "",
            .matter = matter,
            .summary = "noise at night",
            .unit = U_GRID,
            .wants_progress = wants};
    const struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_REPORTED,
            .now_ms = NOW,
            .body = &body};
    story_begin(story, city);
    assert_int_equal(story_apply(story, &input), VERDICT_APPLIED);
}

/* The stage that the last decision tells; STAGE_NONE: none. */
static enum stage told(const struct story *story)
{
    enum stage stage = STAGE_NONE;
    for (int i = 0; i < story->outcome.send_count; i++) {
        const struct send *send = &story->outcome.sends[i];
        if (send->type != TYPE_CASE_PROGRESSED)
            continue;
        assert_int_equal(stage, STAGE_NONE);
        assert_int_equal(send->dest, SERVICE_INTAKE);
        stage = (enum stage)send->arg;
    }
    return stage;
}

/* One after the other, of a case of the village's desk. */
static const struct {
    enum routing_type type;
    const char *actor;
    struct act act;
    enum stage stage;
} course[] = {
        {TYPE_ACCEPT, "vd", {.text = ""}, STAGE_ACCEPTED},
        {TYPE_ASK_TIME, "vd", {.span_ms = HOUR}, STAGE_NONE},
        {TYPE_GRANT_TIME, "sd", {.text = ""}, STAGE_EXTENDED},
        {TYPE_SUSPEND, "sd", {.span_ms = HOUR}, STAGE_SUSPENDED},
        {TYPE_RESUME, "sd", {.text = ""}, STAGE_RESUMED},
        {TYPE_REMIND, "sd", {.text = ""}, STAGE_NONE},
        {TYPE_RETURN, "vd", {.text = ""}, STAGE_RETURNED},
        {TYPE_DISPATCH, "v", {.unit = U_GRID_2}, STAGE_DISPATCHED},
        {TYPE_HANDLE, "w2", {.text = ""}, STAGE_HANDLED},
        {TYPE_REJECT, "sd", {.text = ""}, STAGE_REWORK},
        {TYPE_HANDLE, "w2", {.text = ""}, STAGE_HANDLED},
        {TYPE_VERIFY, "sd", {.text = ""}, STAGE_NONE}, /* the outcome says it */
        {TYPE_REOPEN, "dd", {.text = ""}, STAGE_REOPENED},
};

static void each_step_that_matters_is_told_once(void **state)
{
    (void)state;
    struct story story;
    report(&story, "noise", true);
    assert_int_equal(told(&story), STAGE_DISPATCHED);
    for (size_t i = 0; i < sizeof course / sizeof *course; i++) {
        does(&story, course[i].type, course[i].actor, &course[i].act, NOW + 60000 * (int64_t)i);
        if (told(&story) != course[i].stage)
            fail_msg("row %zu: stage %d", i, told(&story));
    }
}

static void who_did_not_ask_hears_only_that_it_is_opened_again(void **state)
{
    (void)state;
    struct story story;
    report(&story, "noise", false);
    assert_int_equal(told(&story), STAGE_NONE);
    assert_int_equal(story.state.course.wants, 0);
    for (size_t i = 0; i < sizeof course / sizeof *course; i++) {
        does(&story, course[i].type, course[i].actor, &course[i].act, NOW + 60000 * (int64_t)i);
        assert_int_equal(
                told(&story), course[i].stage == STAGE_REOPENED ? STAGE_REOPENED : STAGE_NONE);
    }
}

static void a_squad_that_takes_it_on_is_told(void **state)
{
    (void)state;
    struct story story;
    report(&story, "dump", true);
    assert_int_equal(
            story_mission(&story, EVENT_SQUAD_ASSIGNED, U_SQUAD, "", NOW + 1), VERDICT_APPLIED);
    assert_int_equal(told(&story), STAGE_DISPATCHED);
    assert_int_equal(
            story_mission(&story, EVENT_SQUAD_ACCEPTED, U_SQUAD, "sq1", NOW + 2), VERDICT_APPLIED);
    assert_int_equal(told(&story), STAGE_ACCEPTED);
}

static void the_message_names_unit_and_instant(void **state)
{
    (void)state;
    static const struct {
        enum stage stage;
        int64_t unit, until_ms;
    } table[] = {
            {STAGE_DISPATCHED, U_VILLAGE_DESK, 0},
            {STAGE_RETURNED, U_ROADS, 0},
            {STAGE_SUSPENDED, U_VILLAGE_DESK, NOW + HOUR},
            {STAGE_EXTENDED, U_VILLAGE_DESK, NOW + 2 * HOUR},
    };
    const struct routing_case this = {.handler = U_VILLAGE_DESK,
            .course.returned_by = U_ROADS,
            .step_due_ms = NOW + HOUR,
            .due_ms = NOW + 2 * HOUR};
    const struct world world = {.directory = city};
    const struct input input = {.now_ms = NOW};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BUF_OWNED out = {0};
        const struct send send = {SERVICE_INTAKE, TYPE_CASE_PROGRESSED, table[i].stage};
        routing_encode(&this, &input, &world, &send, &out);
        Huying__Routing__CaseProgressed *got =
                huying__routing__case_progressed__unpack(NULL, out.size, (const uint8_t *)out.data);
        assert_non_null(got);
        assert_int_equal(got->stage, table[i].stage);
        assert_int_equal(got->at_ms, NOW);
        assert_int_equal(got->unit, table[i].unit);
        assert_int_equal(got->until_ms, table[i].until_ms);
        huying__routing__case_progressed__free_unpacked(got, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_step_that_matters_is_told_once),
            cmocka_unit_test(who_did_not_ask_hears_only_that_it_is_opened_again),
            cmocka_unit_test(a_squad_that_takes_it_on_is_told),
            cmocka_unit_test(the_message_names_unit_and_instant),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
