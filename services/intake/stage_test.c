/* Where a case stands, kept until its source has it: in order, the last ones, given out with
 * sentences that can be read out, acknowledged by version, and gone when the case has ended. */
#include "services/intake/decide_stage.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include "proto/hotline.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/intake/codec.h"
#include "services/intake/decide.h"
#include "services/intake/decide_callers.h"
#include "services/kernel/wire/message.h"

#define NOW INT64_C(1514764800000) /* 2018-01-01T00:00Z, eight in the morning at the site */

static struct arena arena;
static struct directory *directory;

static int setup(void **state)
{
    static const struct unit units[] = {{.id = 1,
            .code = "D",
            .name_zh = "番禺区",
            .name_en = "Panyu",
            .level = LEVEL_DISTRICT,
            .kind = "district",
            .capabilities = ""}};
    (void)state;
    arena_init(&arena, 8 << 20);
    directory = directory_build(&(struct directory_rows){.version = 9,
            .site = 1,
            .site_letters = "TT",
            .utc_offset_s = 28800,
            .units = units,
            .unit_count = 1});
    return sodium_init() < 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    directory_destroy(&directory);
    return 0;
}

static struct report report_make(void)
{
    return (struct report){.base = {.id = 42, .ver = 1, .found = true},
            .state = REPORT_ACCEPTED,
            .source = "hotline-a",
            .ref = "T-1",
            .accepted_ms = NOW,
            .outcome_text = "",
            .course.wants = 1};
}

static struct outcome decide(struct report *report, struct input input)
{
    const struct world world = {.directory = directory};
    struct report next = *report;
    struct outcome outcome = {0};
    input.agg = 42;
    input.now_ms = NOW;
    report_decide(report, &input, &world, &next, &outcome);
    if (outcome.step_count) {
        next.base.ver++;
        *report = next;
    }
    return outcome;
}

static void reach(struct report *report, enum stage stage)
{
    const struct case_progressed body = {.stage = stage, .at_ms = NOW + 1, .unit = 1};
    const struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_ROUTING,
            .type = ROUTING_CASE_PROGRESSED,
            .body = &body};
    assert_int_equal(decide(report, input).verdict, VERDICT_APPLIED);
}

static struct outcome take(struct report *report, uint32_t version, const char *peer)
{
    const struct progress_ack body = {.case_id = 42, .version = version};
    struct input input = {.kind = INPUT_COMMAND, .type = HOTLINE_PROGRESS_ACK, .body = &body};
    (void)snprintf(input.peer, sizeof input.peer, "%s", peer);
    return decide(report, input);
}

static void the_last_stages_are_kept_in_order(void **unused)
{
    (void)unused;
    struct report report = report_make();
    for (int i = 0; i < STAGES_MAX + 3; i++)
        reach(&report, i % 2 ? STAGE_ACCEPTED : STAGE_DISPATCHED);
    assert_int_equal(report.course.stage_count, STAGES_MAX);
    for (int i = 0; i < STAGES_MAX; i++)
        assert_int_equal(report.course.stages[i].version, i + 4);
    BUF_OWNED text = {0};
    struct report_course read;
    assert_true(course_format(&report.course, &text));
    assert_int_equal(
            course_parse((struct bytes){(const uint8_t *)text.data, text.size}, &read), OK);
    assert_memory_equal(&read, &report.course, sizeof read);
}

static void they_are_taken_by_version_once(void **unused)
{
    (void)unused;
    static const struct {
        uint32_t version;
        const char *peer;
        enum verdict verdict;
        int32_t left;
    } table[] = {
            {2, "hotline-b", VERDICT_NOT_FOUND, 3},
            {4, "hotline-a", VERDICT_REFUSED, 3},
            {2, "hotline-a", VERDICT_APPLIED, 1},
            {2, "hotline-a", VERDICT_DUPLICATE, 1},
            {1, "hotline-a", VERDICT_DUPLICATE, 1},
            {3, "hotline-a", VERDICT_APPLIED, 0},
    };
    struct report report = report_make();
    for (int i = 0; i < 3; i++)
        reach(&report, STAGE_DISPATCHED);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct outcome outcome = take(&report, table[i].version, table[i].peer);
        if (outcome.verdict != table[i].verdict || report.course.stage_count != table[i].left)
            fail_msg("row %zu: verdict %d, %d left", i, outcome.verdict, report.course.stage_count);
    }
    reach(&report, STAGE_HANDLED);
    assert_int_equal(report.course.stages[0].version, 4);
}

/* The first source, which wants none of it, and two that have joined and do: a stage is kept until
 * both have it, and each is given what it has not. */
static void each_source_takes_them_for_itself(void **unused)
{
    (void)unused;
    struct report report = report_make();
    report.course.wants = 0;
    report.course.caller_count = 3;
    report.course.callers[0] = (struct caller){.ref = "B-1", .source = "b", .wants = true};
    report.course.callers[1] = (struct caller){.ref = "C-1", .source = "c"};
    report.course.callers[2] = (struct caller){.ref = "C-2", .source = "c", .wants = true};
    for (int i = 0; i < 3; i++)
        reach(&report, STAGE_DISPATCHED);
    assert_int_equal(report.reached_count, 0); /* Open311's reporter did not ask */
    assert_int_equal(progress_told(&report, "hotline-a"), 3);
    assert_int_equal(progress_told(&report, "b"), 0);
    assert_int_equal(take(&report, 2, "hotline-a").verdict, VERDICT_DUPLICATE);
    assert_int_equal(take(&report, 2, "d").verdict, VERDICT_NOT_FOUND);
    assert_int_equal(take(&report, 2, "b").verdict, VERDICT_APPLIED);
    assert_int_equal(take(&report, 2, "b").verdict, VERDICT_DUPLICATE);
    assert_int_equal(report.course.stage_count, 3);
    assert_int_equal(progress_told(&report, "b"), 2);
    assert_int_equal(progress_told(&report, "c"), 0);
    BUF_OWNED text = {0};
    struct report_course read;
    assert_true(course_format(&report.course, &text));
    assert_int_equal(
            course_parse((struct bytes){(const uint8_t *)text.data, text.size}, &read), OK);
    assert_memory_equal(&read, &report.course, sizeof read);
    BUF_OWNED out = {0};
    progress_encode(&report, 1, "b", directory, &out);
    Huying__Hotline__Progress *got =
            huying__hotline__progress__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(got);
    assert_string_equal(got->items[0]->ticket, "B-1");
    assert_int_equal(got->items[0]->n_also, 0);
    assert_int_equal(got->items[0]->n_stages, 1);
    assert_int_equal(got->items[0]->stages[0]->version, 3);
    huying__hotline__progress__free_unpacked(got, NULL);
    assert_int_equal(take(&report, 3, "c").verdict, VERDICT_APPLIED);
    assert_int_equal(report.course.stage_count, 1);
    assert_int_equal(take(&report, 3, "b").verdict, VERDICT_APPLIED);
    assert_int_equal(report.course.stage_count, 0);
}

static void a_case_that_ended_has_its_outcome_alone(void **unused)
{
    (void)unused;
    struct report report = report_make();
    reach(&report, STAGE_DISPATCHED);
    const struct case_ended body = {.state = REPORT_CLOSED, .at_ms = NOW + 2, .text = "done"};
    const struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_ROUTING,
            .type = ROUTING_CASE_ENDED,
            .body = &body};
    assert_int_equal(decide(&report, input).verdict, VERDICT_APPLIED);
    assert_int_equal(report.course.stage_count, 0);
}

/* Told of every report, so that it may be urged and corrected again; the stage is for those who
 * asked; the next end is of another round. */
static void a_case_that_is_opened_again_is_under_way(void **unused)
{
    (void)unused;
    for (int wants = 0; wants < 2; wants++) {
        struct report report = report_make();
        const struct case_ended body = {.state = REPORT_CLOSED, .at_ms = NOW + 2, .text = "done"};
        const struct input end = {.kind = INPUT_MESSAGE,
                .source = SERVICE_ROUTING,
                .type = ROUTING_CASE_ENDED,
                .body = &body};
        report.course.wants = wants;
        (void)decide(&report, end);
        assert_false(report_under_way(&report));
        const struct case_progressed reopened = {.stage = STAGE_REOPENED, .at_ms = NOW + 3};
        const struct input again = {.kind = INPUT_MESSAGE,
                .source = SERVICE_ROUTING,
                .type = ROUTING_CASE_PROGRESSED,
                .body = &reopened};
        struct outcome outcome = decide(&report, again);
        assert_int_equal(outcome.step_count, 1);
        assert_int_equal(outcome.steps[0].kind, STEP_REOPEN);
        assert_int_equal(report.course.stage_count, wants);
        assert_true(report_under_way(&report));
        (void)decide(&report, end);
        assert_int_equal(report.course.round, 2);
        assert_false(report_under_way(&report));
    }
}

static void sentences_can_be_read_out(void **unused)
{
    (void)unused;
    static const struct {
        const char *language;
        enum intent intent;
        struct stage_reached stage;
        const char *text;
    } table[] = {
            {"zh", INTENT_REPORT, {.stage = STAGE_DISPATCHED, .unit = 1},
                    "您反映的事项已转交番禺区办理。"},
            {"en", INTENT_REPORT, {.stage = STAGE_DISPATCHED, .unit = 1},
                    "What you reported has been passed to Panyu."},
            {"zh", INTENT_COMPLAINT, {.stage = STAGE_RETURNED, .unit = 77},
                    "您投诉的事项经核实不属于承办单位的职责，正在转交其他单位办理。"},
            {"en", INTENT_INQUIRY, {.stage = STAGE_RETURNED, .unit = 77},
                    "What you asked about is not for the unit in charge to handle and is being "
                    "passed to another unit."},
            {"zh", INTENT_SUGGESTION, {.stage = STAGE_SUSPENDED, .until_ms = NOW + 5 * 60000},
                    "您提出的建议因故暂缓办理，最迟于1月1日8时05分恢复办理。"},
            {"zh", INTENT_REPORT, {.stage = STAGE_EXTENDED, .until_ms = NOW + 3600000},
                    "您反映的事项需要更多时间，办理期限延至1月1日9时。"},
            {"zh", INTENT_REPORT, {.stage = STAGE_HANDLED, .unit = 1},
                    "您反映的事项已由番禺区处置，结果正在核实。"},
            {"en", INTENT_PRAISE, {.stage = STAGE_EXTENDED, .until_ms = NOW + 86400000},
                    "Your praise needs more time: until 2 January, 08:00."},
            {"zh", INTENT_REPORT, {.stage = STAGE_MERGED, .unit = 1},
                    "您反映的事项已与他人反映的同一问题合并办理。"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BUF_OWNED text = {0};
        intake_language_set(table[i].language);
        stage_say(&table[i].stage, table[i].intent, directory, &text);
        assert_string_equal(text.data, table[i].text);
    }
    intake_language_set("en");
}

static void what_is_fetched_says_all_of_it(void **unused)
{
    (void)unused;
    struct report report = report_make();
    reach(&report, STAGE_DISPATCHED);
    reach(&report, STAGE_ACCEPTED);
    report.course.caller_count = 1;
    memcpy(report.course.callers[0].ref, "T-2", 4);
    BUF_OWNED out = {0};
    progress_encode(&report, 1, "hotline-a", directory, &out);
    Huying__Hotline__Progress *got =
            huying__hotline__progress__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(got);
    assert_int_equal(got->n_items, 1);
    const Huying__Hotline__CaseProgress *item = got->items[0];
    assert_int_equal(item->case_id, 42);
    assert_string_equal(item->ticket, "T-1");
    assert_string_equal(item->also[0], "T-2");
    assert_int_equal(item->n_stages, 2);
    assert_int_equal(item->stages[1]->version, 2);
    assert_string_equal(item->stages[1]->stage, "accepted");
    assert_string_equal(item->stages[1]->unit_code, "D");
    assert_int_equal(item->stages[1]->at_ms, NOW + 1);
    assert_string_equal(item->stages[1]->text,
            "What you reported has been taken on by Panyu and is being worked on.");
    huying__hotline__progress__free_unpacked(got, NULL);
}

static void what_breaks_its_format_is_named(void **unused)
{
    (void)unused;
    static const struct {
        uint32_t stage;
        int64_t at_ms, unit, until_ms;
        const char *why; /* NULL: accepted */
    } table[] = {
            {STAGE_ACCEPTED, NOW, 1, 0, NULL},
            {STAGE_NONE, NOW, 1, 0, "stage "},
            {STAGE_COUNT, NOW, 1, 0, "stage "},
            {STAGE_ACCEPTED, -1, 1, 0, "at_ms "},
            {STAGE_ACCEPTED, NOW, -1, 0, "unit "},
            {STAGE_ACCEPTED, NOW, 1, INSTANT_MAX_MS, "at_ms "},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Routing__CaseProgressed message = HUYING__ROUTING__CASE_PROGRESSED__INIT;
        BUF_OWNED payload = {0};
        const void *body = NULL;
        const char *why = NULL;
        message.stage = table[i].stage;
        message.at_ms = table[i].at_ms;
        message.unit = table[i].unit;
        message.until_ms = table[i].until_ms;
        message_add(&message.base, &payload);
        enum err err = case_progressed_decode(
                (struct bytes){(const uint8_t *)payload.data, payload.size}, &arena, &body, &why);
        if ((err == OK) != (table[i].why == NULL))
            fail_msg("row %zu: %s", i, why ? why : "accepted");
        if (table[i].why)
            assert_int_equal(strncmp(why, table[i].why, strlen(table[i].why)), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_last_stages_are_kept_in_order),
            cmocka_unit_test(they_are_taken_by_version_once),
            cmocka_unit_test(each_source_takes_them_for_itself),
            cmocka_unit_test(a_case_that_ended_has_its_outcome_alone),
            cmocka_unit_test(a_case_that_is_opened_again_is_under_way),
            cmocka_unit_test(sentences_can_be_read_out),
            cmocka_unit_test(what_is_fetched_says_all_of_it),
            cmocka_unit_test(what_breaks_its_format_is_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
