/* What is only to be answered: an inquiry, a suggestion and praise are a desk's or a department's,
 * whatever the matter, closed by their answer without evidence and without anybody else's look, and
 * opened again by who asked. All else is handled. */
#include "services/kernel/base/buf.h"
#include "services/routing/codec.h"
#include "services/routing/decide_legal.h"
#include "services/routing/test_acts.h"

#include <string.h>

static struct directory *city;

static int setup(void **state)
{
    (void)state;
    city = city_build();
    struct matter *lamp = (struct matter *)(uintptr_t)matter_find(city, M_LAMP);
    assert_true(evidence_parse("photo2", lamp->evidence, &lamp->evidence_count));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&city);
    return 0;
}

static void report(struct story *story, const char *matter, enum intent intent)
{
    const struct case_reported body = {.source = "hotline",
            .source_ref = "T-1",
            .reporter = "",
            .matter = matter,
            .summary = "when is the office open?",
            .unit = U_GRID,
            .intent = intent};
    const struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_REPORTED,
            .now_ms = NOW,
            .body = &body};
    story_begin(story, city);
    assert_int_equal(story_apply(story, &input), VERDICT_APPLIED);
    assert_int_equal(story->state.course.intent, intent);
}

static enum verdict handle(struct story *story, const char *actor, const char *text)
{
    const struct act act = {.text = text};
    struct input input = {
            .kind = INPUT_COMMAND, .type = TYPE_HANDLE, .now_ms = NOW + HOUR / 2, .body = &act};
    (void)snprintf(input.actor, sizeof input.actor, "%s", actor);
    return story_apply(story, &input);
}

static void nobody_drives_out_for_an_answer(void **state)
{
    (void)state;
    static const struct {
        const char *matter;
        enum intent intent;
        enum handler_kind kind;
        enum case_work work;
    } table[] = {
            {"dump", INTENT_REPORT, HANDLER_SQUAD, WORK_MISSION},
            {"dump", INTENT_COMPLAINT, HANDLER_SQUAD, WORK_MISSION},
            {"dump", INTENT_INQUIRY, HANDLER_DESK, WORK_OWN},
            {"graffiti", INTENT_COMPLAINT, HANDLER_VOLUNTEERS, WORK_NEED},
            {"graffiti", INTENT_SUGGESTION, HANDLER_DESK, WORK_OWN},
            {"lamp", INTENT_PRAISE, HANDLER_DESK, WORK_OWN},
            {"joint", INTENT_INQUIRY, HANDLER_DESK, WORK_OWN},
            {"road", INTENT_INQUIRY, HANDLER_DEPARTMENT, WORK_OWN},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        report(&story, table[i].matter, table[i].intent);
        if (story.state.kind != table[i].kind || story.state.work != table[i].work)
            fail_msg("row %zu: kind %d, work %d", i, story.state.kind, story.state.work);
        assert_int_equal(story_sent(&story, TYPE_MISSION_REQUESTED), table[i].work == WORK_MISSION);
        assert_int_equal(story_sent(&story, TYPE_NEED_OPENED), table[i].work == WORK_NEED);
        assert_true(story.state.due_ms > NOW);
    }
}

static void the_answer_closes_without_evidence_and_verifier(void **state)
{
    (void)state;
    static const struct {
        enum intent intent;
        bool accepted; /* before it is answered */
        const char *text;
        enum case_state to;
        enum case_refusal refusal;
    } table[] = {
            {INTENT_REPORT, false, "done", CASE_DISPATCHED, REFUSAL_EVIDENCE},
            {INTENT_COMPLAINT, false, "done", CASE_DISPATCHED, REFUSAL_EVIDENCE},
            {INTENT_INQUIRY, false, "From nine to five.", CASE_CLOSED, REFUSAL_NONE},
            {INTENT_INQUIRY, true, "From nine to five.", CASE_CLOSED, REFUSAL_NONE},
            {INTENT_SUGGESTION, true, "We shall.", CASE_CLOSED, REFUSAL_NONE},
            {INTENT_PRAISE, false, "Thank you.", CASE_CLOSED, REFUSAL_NONE},
            {INTENT_INQUIRY, false, "", CASE_DISPATCHED, REFUSAL_NO_ANSWER},
            {INTENT_INQUIRY, true, "", CASE_ACCEPTED, REFUSAL_NO_ANSWER},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        report(&story, "lamp", table[i].intent);
        if (table[i].accepted)
            assert_int_equal(story_command(&story, TYPE_ACCEPT, "w1", NOW + 1), VERDICT_APPLIED);
        (void)handle(&story, "w1", table[i].text);
        if (story.state.state != table[i].to || story.outcome.reason != table[i].refusal)
            fail_msg("row %zu: state %d, reason %u", i, story.state.state, story.outcome.reason);
        assert_int_equal(story_sent(&story, TYPE_CASE_ENDED), table[i].to == CASE_CLOSED);
        if (table[i].to != CASE_CLOSED)
            continue;
        int last = story.outcome.step_count - 1;
        assert_int_equal(story.outcome.steps[last - 1].kind, STEP_ANSWER);
        assert_int_equal(story.outcome.steps[last].kind, STEP_CLOSE);
        assert_int_equal(
                story.outcome.steps[0].kind, table[i].accepted ? STEP_ANSWER : STEP_ACCEPT);
        assert_string_equal(story.state.handled_by, "w1");
        assert_int_equal(story.counts[METRIC_CLOSED], 1);
    }
}

static void who_may_not_work_on_it_may_not_answer(void **state)
{
    (void)state;
    struct story story;
    report(&story, "lamp", INTENT_INQUIRY);
    assert_int_equal(handle(&story, "w2", "No."), VERDICT_REFUSED);
    assert_int_equal(story.outcome.reason, REFUSAL_ACTOR_NOT_HANDLER);
}

static void who_asked_opens_it_again_and_it_is_answered_again(void **state)
{
    (void)state;
    struct story story;
    report(&story, "lamp", INTENT_INQUIRY);
    assert_int_equal(handle(&story, "w1", "From nine."), VERDICT_APPLIED);
    const struct followed_up said = {.unsolved = true, .text = "and until when?"};
    const struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_FOLLOWED_UP,
            .now_ms = NOW + HOUR,
            .body = &said};
    assert_int_equal(story_apply(&story, &input), VERDICT_APPLIED);
    assert_int_equal(story.state.state, CASE_DISPATCHED);
    assert_int_equal(handle(&story, "w1", "Until five."), VERDICT_APPLIED);
    assert_int_equal(story.state.state, CASE_CLOSED);
}

static void to_answer_stands_among_what_is_legal(void **state)
{
    (void)state;
    uint32_t types[LEGAL_MAX];
    struct story story;
    report(&story, "lamp", INTENT_INQUIRY);
    size_t count = legal_acts(city, &story.state, "w1", NOW + 1, types);
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found = found || types[i] == TYPE_HANDLE;
    assert_true(found);
}

/* Here too, since nobody has to do anything about it either. */
static void a_correction_is_read_by_who_has_the_case(void **state)
{
    (void)state;
    struct story story;
    report(&story, "lamp", INTENT_REPORT);
    int64_t due_ms = story.state.due_ms, handler = story.state.handler;
    assert_int_equal(story_correct(&story, "the lamp at number 12", NOW + 1), VERDICT_APPLIED);
    assert_string_equal(story.state.summary, "the lamp at number 12");
    assert_int_equal(story.outcome.steps[0].kind, STEP_CORRECT);
    assert_int_equal(story.outcome.steps[0].unit, handler);
    story.state.summary = NULL; /* as it is loaded */
    assert_int_equal(story_correct(&story, "", NOW + 2), VERDICT_APPLIED);
    assert_null(story.state.summary);
    assert_int_equal(story.state.course.corrected, 2);
    assert_int_equal(story.state.due_ms, due_ms);
    assert_int_equal(story.state.handler, handler);
}

/* What somebody else has shown stands in the history, with its photos; it is no urge. */
static void photos_of_somebody_else_are_in_the_history(void **state)
{
    (void)state;
    struct story story;
    BUF_OWNED detail = {0};
    report(&story, "lamp", INTENT_REPORT);
    int64_t due_ms = story.state.due_ms;
    assert_int_equal(story_also(&story, NOW + 1), VERDICT_APPLIED);
    assert_int_equal(story.outcome.step_count, 1);
    assert_int_equal(story.outcome.steps[0].kind, STEP_ALSO);
    assert_int_equal(story.state.course.urged, 0);
    assert_int_equal(story.state.due_ms, due_ms);
    static uint8_t photo[1][PHOTO_HASH_SIZE] = {{0xab}};
    const struct urged body = {.text = "look", .photos = photo, .photo_count = 1, .joined = true};
    const struct input input = {
            .kind = INPUT_MESSAGE, .type = TYPE_CASE_URGED, .now_ms = NOW + 1, .body = &body};
    routing_detail(&story.state, &input, &story.outcome.steps[0], &detail);
    assert_string_equal(detail.data,
            "look\nphoto ab00000000000000000000000000000000000000000000000000000000000000");
}

/* From then on it is told where the case stands. */
static void somebody_else_may_want_progress(void **state)
{
    (void)state;
    struct story story;
    const struct urged body = {.text = "", .joined = true, .wants_progress = true};
    struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_URGED,
            .now_ms = NOW + 1,
            .body = &body};
    report(&story, "lamp", INTENT_REPORT);
    assert_int_equal(story.state.course.wants, 0);
    assert_int_equal(story_apply(&story, &input), VERDICT_APPLIED);
    assert_int_equal(story.state.course.wants, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(nobody_drives_out_for_an_answer),
            cmocka_unit_test(the_answer_closes_without_evidence_and_verifier),
            cmocka_unit_test(who_may_not_work_on_it_may_not_answer),
            cmocka_unit_test(who_asked_opens_it_again_and_it_is_answered_again),
            cmocka_unit_test(to_answer_stands_among_what_is_legal),
            cmocka_unit_test(a_correction_is_read_by_who_has_the_case),
            cmocka_unit_test(photos_of_somebody_else_are_in_the_history),
            cmocka_unit_test(somebody_else_may_want_progress),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
