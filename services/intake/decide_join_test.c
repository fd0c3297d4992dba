/* Reports that join another source's: each source sees its own ticket, takes the outcome for itself
 * and says what it thinks of it, and the same ticket number of two sources is two tickets. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "services/intake/decide.h"

#define NOW INT64_C(1514764800000)
#define CASE 4503599627370497
#define NUMBER "TT-20180101-0000001-0"

static const struct unit unit = {.id = 1,
        .code = "D",
        .name_zh = "",
        .name_en = "",
        .level = LEVEL_DISTRICT,
        .kind = "district",
        .capabilities = ""};
static const struct matter matter = {.id = 10,
        .code = "SEWAGE",
        .name_zh = "",
        .name_en = "",
        .category = "",
        .handler_code = {"", "", "", "", ""},
        .squad_capability = "",
        .dup_m = 50,
        .dup_h = 4};

static struct directory *directory;
static struct resolved resolved;

static int setup(void **state)
{
    (void)state;
    directory = directory_build(&(struct directory_rows){.version = 9,
            .site = 1,
            .site_letters = "TT",
            .units = &unit,
            .unit_count = 1,
            .matters = &matter,
            .matter_count = 1});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&directory);
    return 0;
}

/* Decides and goes on with what came of it. */
static struct outcome decide(
        struct report *report, const char *peer, uint32_t type, const void *body)
{
    const struct world world = {.directory = directory};
    const struct report before = *report;
    struct outcome outcome = {0};
    struct input input = {.kind = type == ROUTING_CASE_ENDED ? INPUT_MESSAGE : INPUT_COMMAND,
            .type = type,
            .agg = CASE,
            .now_ms = NOW,
            .body = body};
    (void)stpcpy(input.peer, peer);
    report_decide(&before, &input, &world, report, &outcome);
    report->base.ver += outcome.step_count;
    return outcome;
}

static struct submission submission_make(const char *ticket, uint8_t digest, const char *join)
{
    resolved = (struct resolved){.report = CASE, .given = true};
    return (struct submission){.ticket = ticket,
            .matter = "SEWAGE",
            .text = "",
            .reporter = "",
            .about = "",
            .to = "",
            .join = join,
            .has_point = true,
            .longitude = 113,
            .latitude = 22,
            .digest = {digest},
            .resolved = &resolved};
}

/* Accepted of source `a` under ticket T, joined by `b` under T and U, and by `c` under V. */
static struct report joined_make(void)
{
    struct report report = {.base = {.id = CASE}};
    struct submission first = submission_make("T", 1, "");
    assert_int_equal(decide(&report, "a", HOTLINE_REPORT, &first).verdict, VERDICT_APPLIED);
    report.base.found = true;
    static const struct {
        const char *peer, *ticket;
    } others[] = {{"b", "T"}, {"b", "U"}, {"c", "V"}};
    for (size_t i = 0; i < 3; i++) {
        struct submission body = submission_make(others[i].ticket, (uint8_t)(2 + i), NUMBER);
        struct outcome outcome = decide(&report, others[i].peer, HOTLINE_REPORT, &body);
        assert_int_equal(outcome.verdict, VERDICT_APPLIED);
        assert_int_equal(outcome.steps[0].kind, STEP_JOIN);
    }
    return report;
}

static enum verdict ended(struct report *report)
{
    static const struct case_ended body = {REPORT_CLOSED, NOW, "done"};
    return decide(report, "", ROUTING_CASE_ENDED, &body).verdict;
}

static void the_same_ticket_of_two_sources_is_two_tickets(void **unused)
{
    (void)unused;
    struct report report = joined_make();
    assert_int_equal(report.course.joined, 3);
    assert_string_equal(report.source, "a");
    assert_string_equal(report.course.callers[0].source, "b");
    assert_string_equal(report.course.callers[2].source, "c");
    struct submission again = submission_make("T", 2, NUMBER);
    assert_int_equal(decide(&report, "b", HOTLINE_REPORT, &again).verdict, VERDICT_DUPLICATE);
    again = submission_make("T", 1, "");
    assert_int_equal(decide(&report, "a", HOTLINE_REPORT, &again).verdict, VERDICT_DUPLICATE);
    assert_int_equal(decide(&report, "b", HOTLINE_REPORT, &again).reason, REASON_TICKET_REUSED);
    assert_int_equal(report.course.caller_count, 3);
}

static void a_number_that_is_not_near_is_refused_and_makes_no_case(void **unused)
{
    (void)unused;
    struct report report = {.base = {.id = CASE}};
    struct submission body = submission_make("T", 1, NUMBER);
    struct outcome outcome = decide(&report, "b", HOTLINE_REPORT, &body);
    assert_int_equal(outcome.verdict, VERDICT_REFUSED);
    assert_int_equal(outcome.reason, REASON_NOT_NEAR);
    assert_int_equal(outcome.send_count + outcome.count_count + outcome.step_count, 0);
    body = submission_make("T", 2, "");
    assert_int_equal(decide(&report, "b", HOTLINE_REPORT, &body).verdict, VERDICT_APPLIED);
}

static void each_source_takes_the_outcome_for_itself_and_in_each_round(void **unused)
{
    (void)unused;
    struct report report = joined_make();
    for (uint32_t round = 1; round <= 2; round++) {
        const struct outcome_ack ack = {CASE, round};
        assert_int_equal(ended(&report), VERDICT_APPLIED);
        static const char *const sources[] = {"b", "a", "c"};
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(decide(&report, sources[i], HOTLINE_OUTCOME_ACK, &ack).verdict,
                    VERDICT_APPLIED);
            assert_int_equal(decide(&report, sources[i], HOTLINE_OUTCOME_ACK, &ack).verdict,
                    VERDICT_DUPLICATE);
            assert_int_equal(report.outcome_pending, i < 1);
            assert_int_equal(report.course.callers[0].owed, false);
            assert_int_equal(report.course.callers[2].owed, i < 2);
        }
        assert_int_equal(
                decide(&report, "d", HOTLINE_OUTCOME_ACK, &ack).verdict, VERDICT_NOT_FOUND);
    }
}

static enum verdict says(
        struct report *report, const char *source, const char *ticket, uint32_t score)
{
    const struct follow_up body = {
            .ticket = ticket, .score = score, .unsolved = score == 0, .text = ""};
    return decide(report, source, HOTLINE_FOLLOW_UP, &body).verdict;
}

static void each_reporter_says_it_for_himself(void **unused)
{
    (void)unused;
    struct report report = joined_make();
    assert_int_equal(ended(&report), VERDICT_APPLIED);
    assert_int_equal(says(&report, "a", "T", 5), VERDICT_APPLIED);
    assert_int_equal(says(&report, "b", "T", 5), VERDICT_APPLIED); /* somebody else's five */
    assert_int_equal(says(&report, "b", "T", 5), VERDICT_DUPLICATE);
    assert_int_equal(says(&report, "c", "V", 0), VERDICT_APPLIED);
    assert_true(report.course.unsolved);
    assert_int_equal(says(&report, "a", "T", 4), VERDICT_APPLIED);
    assert_true(report.course.unsolved); /* c's word stands */
    assert_int_equal(says(&report, "c", "V", 3), VERDICT_APPLIED);
    assert_false(report.course.unsolved);
    assert_int_equal(says(&report, "d", "V", 3), VERDICT_NOT_FOUND);
    assert_int_equal(ended(&report), VERDICT_APPLIED); /* another round: it may be said again */
    assert_int_equal(says(&report, "b", "T", 5), VERDICT_APPLIED);
}

/* Rows from before each reporter had a word of his own. */
static void what_was_said_before_is_the_first_ones(void **unused)
{
    (void)unused;
    struct report report = joined_make();
    assert_int_equal(ended(&report), VERDICT_APPLIED);
    report.course.followed = 1;
    report.course.unsolved = 1;
    assert_int_equal(says(&report, "a", "T", 0), VERDICT_DUPLICATE);
    assert_int_equal(says(&report, "b", "T", 5), VERDICT_APPLIED);
    assert_true(report.course.unsolved);
}

static void nobody_takes_back_or_corrects_what_is_anothers(void **unused)
{
    (void)unused;
    struct report report = joined_make();
    const struct withdrawal withdrawal = {"T", "", 0, NULL};
    assert_int_equal(decide(&report, "b", HOTLINE_WITHDRAW, &withdrawal).reason, REASON_SHARED);
    assert_int_equal(decide(&report, "a", HOTLINE_WITHDRAW, &withdrawal).reason, REASON_SHARED);
    struct correction correction = {.to_be = submission_make("T", 9, "")};
    assert_int_equal(decide(&report, "b", INTAKE_CORRECT, &correction).reason, REASON_NOT_FIRST);
    assert_int_equal(decide(&report, "a", INTAKE_CORRECT, &correction).verdict, VERDICT_APPLIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_same_ticket_of_two_sources_is_two_tickets),
            cmocka_unit_test(a_number_that_is_not_near_is_refused_and_makes_no_case),
            cmocka_unit_test(each_source_takes_the_outcome_for_itself_and_in_each_round),
            cmocka_unit_test(each_reporter_says_it_for_himself),
            cmocka_unit_test(what_was_said_before_is_the_first_ones),
            cmocka_unit_test(nobody_takes_back_or_corrects_what_is_anothers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
