/* Corrections: by whom, of what, until when; once, and told to routing in masked words; and what is
 * reported near by is compared with the corrected thing. */
#include "services/intake/decide_correct.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include "proto/hotline.pb-c.h"
#include "proto/intake.pb-c.h"
#include "services/intake/codec.h"
#include "services/kernel/wire/message.h"

#define NOW INT64_C(1514764800000)

static struct arena arena;
static struct directory *directory;

static int setup(void **state)
{
    static const struct unit units[] = {{.id = 1,
                                                .code = "D",
                                                .name_zh = "",
                                                .name_en = "",
                                                .level = LEVEL_DISTRICT,
                                                .kind = "district",
                                                .capabilities = ""},
            {.id = 5,
                    .parent = 1,
                    .code = "A",
                    .name_zh = "",
                    .name_en = "",
                    .level = LEVEL_STREET,
                    .kind = "street",
                    .capabilities = ""}};
#define MATTER(number, text, metres)                                                               \
    {                                                                                              \
        .id = number, .code = text, .name_zh = "", .name_en = "", .category = "",                  \
        .handler_code = {"", "", "", "", ""}, .squad_capability = "", .dup_m = metres, .dup_h = 24 \
    }
    static const struct matter matters[] = {
            MATTER(7, "LIGHT", 50), MATTER(8, "ROAD", 50), MATTER(9, "LONE", 0)};
    (void)state;
    arena_init(&arena, 8 << 20);
    intake_language_set("en");
    directory = directory_build(&(struct directory_rows){.version = 9,
            .site = 1,
            .site_letters = "TT",
            .units = units,
            .unit_count = 2,
            .matters = matters,
            .matter_count = 3});
    return sodium_init() < 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    directory_destroy(&directory);
    return 0;
}

/* The body of a correction; NULL, and `why`, when it is refused. */
static const struct correction *body_of(
        const Huying__Hotline__Correct *message, const char **ret_why)
{
    BUF_OWNED payload = {0};
    const void *body = NULL;
    message_add(&message->base, &payload);
    const struct bytes bytes = {(const uint8_t *)payload.data, payload.size};
    return hotline_correction_decode(bytes, &arena, &body, ret_why) == OK ? body : NULL;
}

static Huying__Hotline__Correct message_make(const char *ticket, const char *text)
{
    Huying__Hotline__Correct message = HUYING__HOTLINE__CORRECT__INIT;
    message.ticket = text_lend(ticket);
    message.text = text_lend(text);
    return message;
}

static struct report report_make(enum report_state state)
{
    struct report report = {.base = {.id = 42, .ver = 1, .found = true},
            .state = state,
            .matter = 7,
            .unit = 5,
            .source = "hotline-a",
            .ref = "T-1",
            .thing = 7,
            .spot = {.east = 113000000, .north = 22000000},
            .outcome_text = ""};
    report.course.round = state > REPORT_ACCEPTED;
    report.course.caller_count = 1;
    memcpy(report.course.callers[0].ref, "T-2", 4);
    return report;
}

static struct outcome correct(struct report *report, const struct correction *body)
{
    const struct world world = {.directory = directory};
    struct input input = {.kind = INPUT_COMMAND,
            .type = HOTLINE_CORRECT,
            .agg = 42,
            .now_ms = NOW,
            .body = body,
            .peer = "hotline-a"};
    struct report next = *report;
    struct outcome outcome = {0};
    report_decide(report, &input, &world, &next, &outcome);
    if (outcome.step_count) {
        next.base.ver++;
        *report = next;
    }
    return outcome;
}

static void who_may_correct_what_and_until_when(void **unused)
{
    (void)unused;
    static const struct {
        enum report_state state;
        bool unsolved; /* said of its present round */
        const char *ticket, *matter;
        enum verdict verdict;
        uint32_t reason;
    } table[] = {
            {REPORT_ACCEPTED, false, "T-1", "", VERDICT_APPLIED, 0},
            {REPORT_ACCEPTED, false, "T-1", "ROAD", VERDICT_APPLIED, 0},
            {REPORT_ACCEPTED, false, "T-1", "HOLE", VERDICT_REFUSED, REASON_UNKNOWN_MATTER},
            {REPORT_ACCEPTED, false, "T-2", "", VERDICT_REFUSED, REASON_NOT_FIRST},
            {REPORT_CLOSED, false, "T-1", "", VERDICT_REFUSED, REASON_CORRECTED_LATE},
            {REPORT_CLOSED, true, "T-1", "", VERDICT_APPLIED, 0},
            {REPORT_WITHDRAWN, false, "T-1", "", VERDICT_REFUSED, REASON_CORRECTED_LATE},
            {REPORT_REFERRED_OUT, false, "T-1", "", VERDICT_REFUSED, REASON_CORRECTED_LATE},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *why = NULL;
        Huying__Hotline__Correct message = message_make(table[i].ticket, "the other lamp");
        message.matter = text_lend(table[i].matter);
        struct report report = report_make(table[i].state);
        report.course.unsolved = table[i].unsolved;
        report.course.followed = table[i].unsolved ? report.course.round : 0;
        struct outcome outcome = correct(&report, body_of(&message, &why));
        if (outcome.verdict != table[i].verdict || outcome.reason != table[i].reason)
            fail_msg("row %zu: verdict %d, reason %u", i, outcome.verdict, outcome.reason);
        bool applied = table[i].verdict == VERDICT_APPLIED;
        assert_int_equal(outcome.step_count, applied);
        assert_int_equal(outcome.send_count, applied);
        if (!applied)
            continue;
        assert_int_equal(outcome.steps[0].kind, STEP_CORRECT);
        assert_int_equal(outcome.sends[0].type, INTAKE_CASE_CORRECTED);
        assert_int_equal(report.matter, 7); /* and its counters */
    }
}

static void another_source_finds_no_such_report(void **unused)
{
    (void)unused;
    const char *why = NULL;
    Huying__Hotline__Correct message = message_make("T-1", "mine");
    struct report report = report_make(REPORT_ACCEPTED);
    report.source[strlen(report.source) - 1] = 'b';
    assert_int_equal(correct(&report, body_of(&message, &why)).verdict, VERDICT_NOT_FOUND);
}

static void the_same_again_is_a_duplicate_and_another_is_not(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        enum verdict verdict;
    } table[] = {{"first", VERDICT_APPLIED}, {"first", VERDICT_DUPLICATE},
            {"second", VERDICT_APPLIED}, {"first", VERDICT_APPLIED}};
    struct report report = report_make(REPORT_ACCEPTED);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *why = NULL;
        Huying__Hotline__Correct message = message_make("T-1", table[i].text);
        assert_int_equal(correct(&report, body_of(&message, &why)).verdict, table[i].verdict);
        BUF_OWNED text = {0};
        struct report_course read;
        assert_true(course_format(&report.course, &text));
        assert_int_equal(
                course_parse((struct bytes){(const uint8_t *)text.data, text.size}, &read), OK);
        assert_memory_equal(read.corrected, report.course.corrected, DIGEST_SIZE);
    }
}

static void what_is_near_is_what_was_corrected(void **unused)
{
    (void)unused;
    static const struct {
        const char *matter;
        double longitude;
        int32_t before, thing, east;
    } table[] = {
            {"", 113.5, 7, 7, 113500000}, {"ROAD", 0, 7, 8, 113000000},
            {"ROAD", 113.5, 7, 8, 113500000}, {"LONE", 113.5, 7, 0, 113000000},
            {"ROAD", 113.5, 0, 0, 113000000}, /* nothing could join it before */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *why = NULL;
        Huying__Hotline__Correct message = message_make("T-1", "");
        message.matter = text_lend(table[i].matter);
        message.longitude = table[i].longitude;
        message.latitude = table[i].longitude != 0 ? 22.5 : 0;
        struct report report = report_make(REPORT_ACCEPTED);
        report.thing = table[i].before;
        assert_int_equal(correct(&report, body_of(&message, &why)).verdict, VERDICT_APPLIED);
        if (report.thing != table[i].thing || report.spot.east != table[i].east)
            fail_msg("row %zu: %d at %d", i, report.thing, report.spot.east);
    }
}

static void limits_are_named(void **unused)
{
    (void)unused;
    static char *codes[UNIT_CODES_MAX + 1];
    for (size_t i = 0; i <= UNIT_CODES_MAX; i++)
        codes[i] = text_lend("D");
    static const struct {
        const char *ticket, *text;
        double latitude;
        size_t codes;
        const char *why; /* NULL: accepted */
    } table[] = {
            {"T-1", "x", 0, 0, NULL},
            {"T-1", "", 22, 0, NULL},
            {"T-1", "", 0, 1, NULL},
            {"T-1", "", 0, 0, "text "},
            {"", "x", 0, 0, "ticket "},
            {"T 1", "x", 0, 0, "ticket "},
            {"T-1", "x", 91, 0, "latitude "},
            {"T-1", "x", 0, UNIT_CODES_MAX + 1, "unit_codes "},
            {"T-1", "a\001b", 0, 0, "text "},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *why = NULL;
        Huying__Hotline__Correct message = message_make(table[i].ticket, table[i].text);
        message.latitude = table[i].latitude;
        message.unit_codes = codes;
        message.n_unit_codes = table[i].codes;
        const struct correction *body = body_of(&message, &why);
        if ((body != NULL) != (table[i].why == NULL))
            fail_msg("row %zu: %s", i, why ? why : "accepted");
        if (table[i].why)
            assert_int_equal(strncmp(why, table[i].why, strlen(table[i].why)), 0);
    }
}

static void routing_is_told_in_masked_words_and_by_code(void **unused)
{
    (void)unused;
    const char *why = NULL;
    BUF_OWNED out = {0};
    Huying__Hotline__Correct message = message_make("T-1", "call 13812341234");
    char *codes[] = {text_lend("D"), text_lend("A")};
    message.matter = text_lend("ROAD");
    message.unit_codes = codes;
    message.n_unit_codes = 2;
    const struct input input = {.body = body_of(&message, &why), .now_ms = NOW};
    case_corrected_encode(&input, directory, &out);
    Huying__Intake__CaseCorrected *told =
            huying__intake__case_corrected__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(told);
    assert_string_equal(told->text, "call 138****1234");
    assert_string_equal(told->matter, "ROAD");
    assert_string_equal(told->place, "A");
    assert_int_equal(told->unit, 5);
    assert_int_equal(told->at_ms, NOW);
    huying__intake__case_corrected__free_unpacked(told, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(who_may_correct_what_and_until_when),
            cmocka_unit_test(another_source_finds_no_such_report),
            cmocka_unit_test(the_same_again_is_a_duplicate_and_another_is_not),
            cmocka_unit_test(what_is_near_is_what_was_corrected),
            cmocka_unit_test(limits_are_named),
            cmocka_unit_test(routing_is_told_in_masked_words_and_by_code),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
