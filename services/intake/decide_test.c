/* Decisions about reports, by tables: every state with every event, repeats and reused tickets, who
 * may see what, how a report finds its place and its matter. */
#include "services/intake/decide.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NOW INT64_C(1514764800000)
#define CASE 4503599627370497

#define UNIT(i, up, text, at, of_kind)                                                             \
    {                                                                                              \
        .id = (i), .parent = (up), .code = (text), .name_zh = (text), .name_en = (text),           \
        .level = (at), .kind = (of_kind), .capabilities = "", .retired = false                     \
    }

static const struct unit units[] = {
        UNIT(1, 0, "D", LEVEL_DISTRICT, "district"),
        UNIT(2, 1, "A", LEVEL_STREET, "street"),
        UNIT(3, 1, "B", LEVEL_STREET, "street"),
        UNIT(4, 2, "A-1", LEVEL_VILLAGE, "village"),
        UNIT(5, 4, "A-1-g", LEVEL_GRID, "grid"),
        UNIT(6, 2, "A-squad", LEVEL_STREET, "squad"),
        {.id = 7,
                .parent = 4,
                .code = "A-1-old",
                .name_zh = "",
                .name_en = "",
                .level = LEVEL_GRID,
                .kind = "grid",
                .capabilities = "",
                .retired = true},
};
static const struct matter matters[] = {
        {.id = 7,
                .code = "LIGHT",
                .name_zh = "路灯",
                .name_en = "Street light",
                .category = "",
                .handler_code = {"", "", "", "", ""},
                .squad_capability = ""},
        {.id = 8,
                .code = "OLD",
                .name_zh = "旧",
                .name_en = "Gone",
                .category = "",
                .handler_code = {"", "", "", "", ""},
                .squad_capability = "",
                .retired = true},
};
static const struct staff people[] = {
        {.id = 1, .code = "w1", .name = "", .unit = 5, .role = "worker", .skills = ""},
        {.id = 2, .code = "m1", .name = "", .unit = 1, .role = "machine", .skills = ""},
};

static struct directory *directory;

static int directory_setup(void **state)
{
    (void)state;
    directory = directory_build(&(struct directory_rows){.version = 9,
            .site = 1,
            .site_letters = "TT",
            .units = units,
            .unit_count = sizeof units / sizeof *units,
            .matters = matters,
            .matter_count = sizeof matters / sizeof *matters,
            .staff = people,
            .staff_count = sizeof people / sizeof *people});
    return 0;
}

static int directory_teardown(void **state)
{
    (void)state;
    directory_destroy(&directory);
    return 0;
}

static struct resolved resolved;

static struct submission submission_make(void)
{
    resolved = (struct resolved){.report = CASE};
    return (struct submission){.ticket = "T-1",
            .matter = "LIGHT",
            .text = "dark",
            .reporter = "",
            .about = "",
            .to = "",
            .unit_codes = {"D", "A", "A-1", "A-1-g"},
            .unit_code_count = 4,
            .reported_ms = NOW - 1000,
            .promised_ms = NOW + 1000,
            .digest = {1, 2, 3},
            .resolved = &resolved};
}

static struct input command_make(uint32_t type, const void *body)
{
    return (struct input){.kind = INPUT_COMMAND,
            .type = type,
            .agg = CASE,
            .now_ms = NOW,
            .body = body,
            .peer = "hotline"};
}

static struct outcome decide(
        const struct report *state, const struct input *input, struct report *next)
{
    const struct world world = {.directory = directory};
    struct outcome outcome = {0};
    *next = *state;
    report_decide(state, input, &world, next, &outcome);
    return outcome;
}

/* A report in a state, as it would be loaded. */
static struct report report_make(enum report_state state)
{
    return (struct report){.base = {.id = CASE, .ver = state ? 1 : 0, .found = state != 0},
            .state = state,
            .unit = 5,
            .matter = 7,
            .placed = PLACED_CODES,
            .accepted_ms = NOW,
            .outcome_pending = state > REPORT_ACCEPTED,
            .digest = {1, 2, 3},
            .source = "hotline",
            .ref = "T-1",
            .outcome_text = "",
            .course = {.round = state > REPORT_ACCEPTED}};
}

static void submit_new_is_accepted_with_case_reported(void **unused)
{
    (void)unused;
    struct submission body = submission_make();
    struct input input = command_make(HOTLINE_REPORT, &body);
    struct report state = report_make(REPORT_NONE);
    struct report next;
    struct outcome outcome = decide(&state, &input, &next);
    assert_int_equal(outcome.verdict, VERDICT_APPLIED);
    assert_int_equal(outcome.step_count, 1);
    assert_int_equal(outcome.steps[0].kind, STEP_ACCEPT);
    assert_int_equal(outcome.steps[0].unit, 5);
    assert_int_equal(outcome.steps[0].due_ms, NOW + 1000);
    assert_int_equal(outcome.steps[0].rule_ver, 9);
    assert_int_equal(outcome.send_count, 1);
    assert_int_equal(outcome.sends[0].dest, SERVICE_ROUTING);
    assert_int_equal(outcome.sends[0].type, INTAKE_CASE_REPORTED);
    assert_int_equal(outcome.count_count, 2);
    assert_int_equal(next.state, REPORT_ACCEPTED);
    assert_int_equal(next.accepted_ms, NOW);
    assert_int_equal(next.reported_ms, NOW - 1000);
    assert_int_equal(next.matter, 7);
    assert_string_equal(next.source, "hotline");
    assert_string_equal(next.ref, "T-1");
    assert_memory_equal(next.digest, body.digest, DIGEST_SIZE);
}

static void submit_without_reported_instant_takes_now(void **unused)
{
    (void)unused;
    struct submission body = submission_make();
    body.reported_ms = 0;
    struct input input = command_make(INTAKE_SUBMIT, &body);
    struct report state = report_make(REPORT_NONE);
    struct report next;
    (void)decide(&state, &input, &next);
    assert_int_equal(next.reported_ms, NOW);
}

static void submit_same_ticket_same_body_is_duplicate_in_every_state(void **unused)
{
    (void)unused;
    for (int state_number = REPORT_ACCEPTED; state_number <= REPORT_REFERRED_OUT; state_number++) {
        struct submission body = submission_make();
        struct input input = command_make(HOTLINE_REPORT, &body);
        struct report state = report_make((enum report_state)state_number);
        struct report next;
        struct outcome outcome = decide(&state, &input, &next);
        assert_int_equal(outcome.verdict, VERDICT_DUPLICATE);
        assert_int_equal(outcome.step_count + outcome.send_count + outcome.count_count, 0);
        body.digest[31] = 1;
        outcome = decide(&state, &input, &next);
        assert_int_equal(outcome.verdict, VERDICT_REFUSED);
        assert_int_equal(outcome.reason, REASON_TICKET_REUSED);
        assert_int_equal(outcome.step_count + outcome.send_count + outcome.count_count, 0);
    }
}

static void submit_refusals_name_the_rule(void **unused)
{
    (void)unused;
    const struct {
        const char *matter, *reporter;
        uint32_t reason;
    } cases[] = {
            {"NOSUCH", "", REASON_UNKNOWN_MATTER},
            {"OLD", "", REASON_UNKNOWN_MATTER},
            {"Gone", "", REASON_UNKNOWN_MATTER},
            {"LIGHT", "Mr Li", REASON_REPORTER_NOT_YET},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct submission body = submission_make();
        body.matter = cases[i].matter;
        body.reporter = cases[i].reporter;
        struct input input = command_make(HOTLINE_REPORT, &body);
        struct report state = report_make(REPORT_NONE);
        struct report next;
        struct outcome outcome = decide(&state, &input, &next);
        assert_int_equal(outcome.verdict, VERDICT_REFUSED);
        assert_int_equal(outcome.reason, cases[i].reason);
        assert_int_equal(outcome.step_count + outcome.send_count + outcome.count_count, 0);
    }
}

static void submit_before_the_first_profile_is_refused(void **unused)
{
    (void)unused;
    struct directory *empty = directory_build(
            &(struct directory_rows){.version = 1, .site = 1, .site_letters = "TT"});
    const struct world world = {.directory = empty};
    struct submission body = submission_make();
    struct input input = command_make(HOTLINE_REPORT, &body);
    struct report state = report_make(REPORT_NONE);
    struct report next = state;
    struct outcome outcome = {0};
    report_decide(&state, &input, &world, &next, &outcome);
    assert_int_equal(outcome.verdict, VERDICT_REFUSED);
    assert_int_equal(outcome.reason, REASON_NO_DIRECTORY);
    directory_destroy(&empty);
}

static void submit_under_an_id_that_the_ticket_does_not_have_is_not_found(void **unused)
{
    (void)unused;
    struct submission body = submission_make();
    struct input input = command_make(INTAKE_SUBMIT, &body);
    struct report state = report_make(REPORT_NONE);
    struct report next;
    resolved.report = 0; /* the client wrote an aggregate into the envelope: nothing was resolved */
    assert_int_equal(decide(&state, &input, &next).verdict, VERDICT_NOT_FOUND);
    state = report_make(REPORT_ACCEPTED);
    assert_int_equal(decide(&state, &input, &next).verdict, VERDICT_NOT_FOUND);
}

static void matter_is_found_by_code_and_by_both_names(void **unused)
{
    (void)unused;
    const char *names[] = {"LIGHT", "路灯", "Street light"};
    for (size_t i = 0; i < 3; i++) {
        const struct matter *matter = report_matter(directory, names[i]);
        assert_non_null(matter);
        assert_int_equal(matter->id, 7);
    }
    assert_null(report_matter(directory, "street light"));
}

static void place_by_point_codes_part_or_desk(void **unused)
{
    (void)unused;
    const struct {
        int64_t point_unit;
        const char *codes[5];
        int64_t unit;
        enum placed placed;
    } cases[] = {
            {5, {"D", "B"}, 5, PLACED_POINT},
            {7, {"D", "B"}, 3, PLACED_CODES},   /* a retired grid has no say */
            {999, {"D", "B"}, 3, PLACED_CODES}, /* nor one that is not there */
            {0, {"D", "A", "A-1", "A-1-g"}, 5, PLACED_CODES},
            {0, {"A-1-g"}, 5, PLACED_CODES},
            {0, {"D", "A", "?", "A-1-g"}, 5, PLACED_CODES},
            {0, {"D", "A", "A-1", "?"}, 4, PLACED_PARTIAL},
            {0, {"D", "B", "A-1"}, 3, PLACED_PARTIAL}, /* not below the one before */
            {0, {"D", "B", "A-1", "A-1-g"}, 3, PLACED_PARTIAL},
            {0, {"D", "A", "A-squad"}, 2, PLACED_PARTIAL}, /* a squad is no place */
            {0, {"D", "A", "A-1-old"}, 2, PLACED_PARTIAL},
            {0, {"D"}, 1, PLACED_DESK},
            {0, {"?"}, 1, PLACED_DESK},
            {0, {NULL}, 1, PLACED_DESK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct submission body = submission_make();
        resolved.point_unit = cases[i].point_unit;
        body.unit_code_count = 0;
        while (cases[i].codes[body.unit_code_count]) {
            body.unit_codes[body.unit_code_count] = cases[i].codes[body.unit_code_count];
            body.unit_code_count++;
        }
        struct place place = report_place(directory, &body);
        assert_non_null(place.unit);
        if (place.unit->id != cases[i].unit || place.placed != cases[i].placed)
            fail_msg("case %zu: unit %d placed %d, expected %d %d", i, (int)place.unit->id,
                    (int)place.placed, (int)cases[i].unit, (int)cases[i].placed);
    }
}

static void staff_reports_in_their_own_name_machines_do_not(void **unused)
{
    (void)unused;
    struct input input = command_make(INTAKE_SUBMIT, NULL);
    assert_false(report_by_staff(directory, &input));
    memcpy(input.actor, "w1", 3);
    assert_true(report_by_staff(directory, &input));
    memcpy(input.actor, "m1", 3);
    assert_false(report_by_staff(directory, &input));
    memcpy(input.actor, "??", 3);
    assert_false(report_by_staff(directory, &input));
}

struct expectation {
    enum verdict verdict;
    uint32_t reason;
    uint16_t step;
    int sends;
};

#define NO_STEP STEP_NONE

/* By state: none, accepted, closed, withdrawn, referred out. */
static const struct expectation on_withdraw[] = {
        {VERDICT_NOT_FOUND, 0, NO_STEP, 0},
        {VERDICT_APPLIED, 0, STEP_WITHDRAW, 1},
        {VERDICT_REFUSED, REASON_ALREADY_ENDED, NO_STEP, 0},
        {VERDICT_DUPLICATE, 0, NO_STEP, 0},
        {VERDICT_REFUSED, REASON_ALREADY_ENDED, NO_STEP, 0},
};
static const struct expectation on_end[] = {
        {VERDICT_NOT_FOUND, 0, NO_STEP, 0},
        {VERDICT_APPLIED, 0, STEP_END, 0},
        {VERDICT_APPLIED, 0, STEP_END, 0},
        {VERDICT_APPLIED, 0, STEP_END, 0},
        {VERDICT_APPLIED, 0, STEP_END, 0},
};
static const struct expectation on_ack[] = {
        {VERDICT_NOT_FOUND, 0, NO_STEP, 0},
        {VERDICT_REFUSED, REASON_NOT_ENDED, NO_STEP, 0},
        {VERDICT_APPLIED, 0, STEP_OUTCOME_TAKEN, 0},
        {VERDICT_APPLIED, 0, STEP_OUTCOME_TAKEN, 0},
        {VERDICT_APPLIED, 0, STEP_OUTCOME_TAKEN, 0},
};

static void expect_table(
        const struct expectation *table, uint32_t type, enum input_kind kind, const void *body)
{
    for (int i = REPORT_NONE; i <= REPORT_REFERRED_OUT; i++) {
        struct report state = report_make((enum report_state)i);
        struct input input = command_make(type, body);
        struct report next;
        input.kind = kind;
        struct outcome outcome = decide(&state, &input, &next);
        if (outcome.verdict != table[i].verdict || outcome.reason != table[i].reason ||
                (outcome.step_count ? outcome.steps[0].kind : NO_STEP) != table[i].step ||
                outcome.send_count != table[i].sends)
            fail_msg("type %u state %d: verdict %d reason %u steps %d sends %d", type, i,
                    (int)outcome.verdict, outcome.reason, outcome.step_count, outcome.send_count);
    }
}

static void every_state_answers_withdraw_end_and_ack(void **unused)
{
    (void)unused;
    const struct withdrawal withdrawal = {"T-1", "mistake", 0, NULL};
    const struct case_ended ended = {REPORT_CLOSED, NOW, "done"};
    const struct outcome_ack ack = {CASE, 0};
    expect_table(on_withdraw, HOTLINE_WITHDRAW, INPUT_COMMAND, &withdrawal);
    expect_table(on_withdraw, INTAKE_WITHDRAW, INPUT_COMMAND, &withdrawal);
    expect_table(on_end, ROUTING_CASE_ENDED, INPUT_MESSAGE, &ended);
    expect_table(on_ack, HOTLINE_OUTCOME_ACK, INPUT_COMMAND, &ack);
    expect_table(on_ack, INTAKE_OUTCOME_ACK, INPUT_COMMAND, &ack);
}

static void withdraw_twice_is_asked_once(void **unused)
{
    (void)unused;
    const struct withdrawal withdrawal = {"T-1", "", 0, NULL};
    struct input input = command_make(HOTLINE_WITHDRAW, &withdrawal);
    struct report state = report_make(REPORT_ACCEPTED);
    struct report next;
    (void)decide(&state, &input, &next);
    assert_true(next.withdraw_asked);
    assert_int_equal(next.state, REPORT_ACCEPTED);
    assert_int_equal(decide(&next, &input, &state).verdict, VERDICT_DUPLICATE);
}

static void end_keeps_outcome_and_lowers_open(void **unused)
{
    (void)unused;
    const struct case_ended ended = {REPORT_WITHDRAWN, NOW + 5, "taken back"};
    struct input input = command_make(ROUTING_CASE_ENDED, &ended);
    struct report state = report_make(REPORT_ACCEPTED);
    struct report next;
    struct outcome outcome = decide(&state, &input, &next);
    assert_int_equal(next.state, REPORT_WITHDRAWN);
    assert_int_equal(next.ended_ms, NOW + 5);
    assert_true(next.outcome_pending);
    assert_string_equal(next.outcome_text, "taken back");
    assert_int_equal(outcome.count_count, 1);
    assert_int_equal(outcome.counts[0].metric, METRIC_REPORTS_OPEN);
    assert_int_equal(outcome.counts[0].amount, -1);
    assert_int_equal(next.course.round, 1);
}

/* The case was reopened: routing's numbers see to it that one end comes once. */
static void second_end_replaces_the_outcome_and_is_fed_back_again(void **unused)
{
    (void)unused;
    const struct case_ended ended = {REPORT_REFERRED_OUT, NOW + 9, "to the county"};
    struct input input = command_make(ROUTING_CASE_ENDED, &ended);
    for (int pending = 0; pending < 2; pending++) {
        struct report state = report_make(REPORT_CLOSED);
        struct report next;
        state.outcome_pending = pending;
        struct outcome outcome = decide(&state, &input, &next);
        assert_int_equal(outcome.step_count, 1);
        assert_int_equal(outcome.steps[0].from, REPORT_CLOSED);
        assert_int_equal(outcome.steps[0].to, REPORT_REFERRED_OUT);
        assert_int_equal(outcome.count_count, 0); /* it was not open */
        assert_int_equal(next.state, REPORT_REFERRED_OUT);
        assert_int_equal(next.ended_ms, NOW + 9);
        assert_string_equal(next.outcome_text, "to the county");
        assert_true(next.outcome_pending);
        assert_int_equal(next.course.round, 2);
    }
}

static void ack_counts_for_the_outcome_that_was_stored(void **unused)
{
    (void)unused;
    const struct {
        uint32_t round;
        bool pending;
        enum verdict verdict;
        bool left;
    } cases[] = {
            {0, true, VERDICT_APPLIED, false}, /* of somebody who knows no rounds */
            {1, true, VERDICT_DUPLICATE, true},
            {2, true, VERDICT_APPLIED, false},
            {2, false, VERDICT_DUPLICATE, false},
            {3, true, VERDICT_REFUSED, true},
            {UINT32_MAX, true, VERDICT_REFUSED, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct outcome_ack ack = {CASE, cases[i].round};
        struct input input = command_make(HOTLINE_OUTCOME_ACK, &ack);
        struct report state = report_make(REPORT_CLOSED);
        struct report next;
        state.course.round = 2;
        state.outcome_pending = cases[i].pending;
        struct outcome outcome = decide(&state, &input, &next);
        if (outcome.verdict != cases[i].verdict || next.outcome_pending != cases[i].left)
            fail_msg("%zu: verdict %d pending %d", i, (int)outcome.verdict, next.outcome_pending);
    }
}

static void ack_twice_is_duplicate(void **unused)
{
    (void)unused;
    const struct outcome_ack ack = {CASE, 0};
    struct input input = command_make(HOTLINE_OUTCOME_ACK, &ack);
    struct report state = report_make(REPORT_CLOSED);
    struct report next;
    (void)decide(&state, &input, &next);
    assert_false(next.outcome_pending);
    assert_int_equal(decide(&next, &input, &state).verdict, VERDICT_DUPLICATE);
}

static void other_sources_reports_do_not_exist_for_a_hotline(void **unused)
{
    (void)unused;
    const struct withdrawal withdrawal = {"T-1", "", 0, NULL};
    const struct outcome_ack ack = {CASE, 0};
    const struct outcome_ack other = {CASE + 1, 0};
    const struct {
        uint32_t type;
        const void *body;
        const char *peer;
        enum verdict verdict;
    } cases[] = {
            {HOTLINE_WITHDRAW, &withdrawal, "other", VERDICT_NOT_FOUND},
            {INTAKE_WITHDRAW, &withdrawal, "other", VERDICT_REFUSED},
            {HOTLINE_OUTCOME_ACK, &ack, "other", VERDICT_NOT_FOUND},
            {INTAKE_OUTCOME_ACK, &ack, "other", VERDICT_APPLIED},
            {HOTLINE_OUTCOME_ACK, &other, "hotline", VERDICT_NOT_FOUND},
            {INTAKE_OUTCOME_ACK, &other, "hotline", VERDICT_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct input input = command_make(cases[i].type, cases[i].body);
        struct report state = report_make(REPORT_CLOSED);
        struct report next;
        (void)snprintf(input.peer, sizeof input.peer, "%s", cases[i].peer);
        assert_int_equal(decide(&state, &input, &next).verdict, cases[i].verdict);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(submit_new_is_accepted_with_case_reported),
            cmocka_unit_test(submit_without_reported_instant_takes_now),
            cmocka_unit_test(submit_same_ticket_same_body_is_duplicate_in_every_state),
            cmocka_unit_test(submit_refusals_name_the_rule),
            cmocka_unit_test(submit_before_the_first_profile_is_refused),
            cmocka_unit_test(submit_under_an_id_that_the_ticket_does_not_have_is_not_found),
            cmocka_unit_test(matter_is_found_by_code_and_by_both_names),
            cmocka_unit_test(place_by_point_codes_part_or_desk),
            cmocka_unit_test(staff_reports_in_their_own_name_machines_do_not),
            cmocka_unit_test(every_state_answers_withdraw_end_and_ack),
            cmocka_unit_test(withdraw_twice_is_asked_once),
            cmocka_unit_test(end_keeps_outcome_and_lowers_open),
            cmocka_unit_test(second_end_replaces_the_outcome_and_is_fed_back_again),
            cmocka_unit_test(ack_counts_for_the_outcome_that_was_stored),
            cmocka_unit_test(ack_twice_is_duplicate),
            cmocka_unit_test(other_sources_reports_do_not_exist_for_a_hotline),
    };
    return cmocka_run_group_tests(tests, directory_setup, directory_teardown);
}
