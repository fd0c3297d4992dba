/* What happens to a report beside the straight way: other tickets that urge, what the reporter says
 * of the outcome, and what a grid worker settled on the spot. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "proto/intake.pb-c.h"
#include "services/intake/codec.h"
#include "services/intake/decide.h"

#define NOW INT64_C(1514764800000)
#define CASE 4503599627370497

#define UNIT(i, up, text, at, of_kind)                                                             \
    {                                                                                              \
        .id = (i), .parent = (up), .code = (text), .name_zh = "", .name_en = "", .level = (at),    \
        .kind = (of_kind), .capabilities = ""                                                      \
    }
#define MATTER(i, text, ...)                                                                       \
    {                                                                                              \
        .id = (i), .code = (text), .name_zh = "", .name_en = "", .category = "",                   \
        .handler_code = {"", "", "", "", ""}, .squad_capability = "", __VA_ARGS__                  \
    }
#define STAFF(i, text, of, as)                                                                     \
    {                                                                                              \
        .id = (i), .code = (text), .name = "", .unit = (of), .role = (as), .skills = ""            \
    }

static const struct unit units[] = {UNIT(1, 0, "D", LEVEL_DISTRICT, "district"),
        UNIT(2, 1, "A", LEVEL_STREET, "street"), UNIT(4, 2, "A-1", LEVEL_VILLAGE, "village"),
        UNIT(5, 4, "A-1-g", LEVEL_GRID, "grid"), UNIT(6, 4, "A-1-h", LEVEL_GRID, "grid")};
static const struct matter matters[] = {MATTER(7,
                                                "LITTER",
                                                .self_handle = true,
                                                .evidence = {{EVIDENCE_PHOTO, 2}},
                                                .evidence_count = 1),
        MATTER(8, "GAS", .self_handle = false), MATTER(9, "LEAF", .self_handle = true),
        MATTER(10, "SEWAGE", .dup_m = 50, .dup_h = 4),
        MATTER(11, "FIRE", .dup_m = 50, .dup_h = 4, .urgency = URGENCY_EMERGENCY)};
static const struct staff people[] = {STAFF(1, "w5", 5, "worker"), STAFF(2, "w6", 6, "worker"),
        STAFF(3, "d4", 4, "desk"), STAFF(4, "d5", 5, "desk"), STAFF(5, "w4", 4, "worker")};

static struct directory *directory;
static struct resolved resolved;

static int setup(void **state)
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

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&directory);
    return 0;
}

static struct outcome decide(
        const struct report *state, uint32_t type, const void *body, struct report *next)
{
    const struct world world = {.directory = directory};
    const struct input input = {.kind = INPUT_COMMAND,
            .type = type,
            .agg = CASE,
            .now_ms = NOW,
            .body = body,
            .peer = "hotline"};
    struct outcome outcome = {0};
    *next = *state;
    report_decide(state, &input, &world, next, &outcome);
    next->base.ver += outcome.step_count;
    return outcome;
}

static struct report report_make(enum report_state state)
{
    return (struct report){.base = {.id = CASE, .ver = state ? 1 : 0, .found = state != 0},
            .state = state,
            .unit = 5,
            .matter = 7,
            .digest = {1},
            .source = "hotline",
            .ref = "A",
            .outcome_text = "",
            .course = {.round = state > REPORT_ACCEPTED}};
}

static struct submission urge_make(const char *ticket, uint8_t digest)
{
    resolved = (struct resolved){.report = CASE};
    return (struct submission){.ticket = ticket,
            .matter = "",
            .text = "still waiting",
            .reporter = "",
            .intent = INTENT_URGE,
            .about = "A",
            .to = "",
            .digest = {digest},
            .resolved = &resolved};
}

static void urge_stays_on_the_report_and_tells_routing_once(void **unused)
{
    (void)unused;
    struct submission body = urge_make("C", 3);
    struct report state = report_make(REPORT_ACCEPTED);
    struct report next, again;
    struct outcome outcome = decide(&state, HOTLINE_REPORT, &body, &next);
    assert_int_equal(outcome.verdict, VERDICT_APPLIED);
    assert_int_equal(outcome.step_count, 1);
    assert_int_equal(outcome.steps[0].kind, STEP_URGE);
    assert_int_equal(outcome.steps[0].to, REPORT_ACCEPTED);
    assert_int_equal(outcome.send_count, 1);
    assert_int_equal(outcome.sends[0].type, INTAKE_CASE_URGED);
    assert_int_equal(outcome.count_count, 0); /* no case of its own */
    assert_int_equal(next.course.caller_count, 1);
    assert_string_equal(next.course.callers[0].ref, "C");
    assert_string_equal(next.ref, "A");
    assert_int_equal(decide(&next, HOTLINE_REPORT, &body, &again).verdict, VERDICT_DUPLICATE);
    body = urge_make("C", 4);
    outcome = decide(&next, HOTLINE_REPORT, &body, &again);
    assert_int_equal(outcome.reason, REASON_TICKET_REUSED);
    assert_int_equal(outcome.send_count, 0);
}

static void urge_by_state(void **unused)
{
    (void)unused;
    static const struct {
        enum report_state state;
        int unsolved_round; /* in which the reporter said that it is not done */
        enum verdict verdict;
        uint32_t reason;
    } cases[] = {
            {REPORT_NONE, 0, VERDICT_NOT_FOUND, 0}, {REPORT_ACCEPTED, 0, VERDICT_APPLIED, 0},
            {REPORT_CLOSED, 0, VERDICT_REFUSED, REASON_URGED_LATE},
            {REPORT_WITHDRAWN, 0, VERDICT_REFUSED, REASON_URGED_LATE},
            {REPORT_REFERRED_OUT, 0, VERDICT_REFUSED, REASON_URGED_LATE},
            {REPORT_CLOSED, 2, VERDICT_APPLIED, 0}, /* perhaps reopened: routing knows */
            {REPORT_CLOSED, 1, VERDICT_REFUSED, REASON_URGED_LATE}, /* and has ended again */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct submission body = urge_make("C", 3);
        struct report state = report_make(cases[i].state);
        struct report next;
        if (cases[i].state > REPORT_ACCEPTED)
            state.course.round = 2;
        state.course.followed = cases[i].unsolved_round;
        state.course.unsolved = cases[i].unsolved_round != 0;
        struct outcome outcome = decide(&state, HOTLINE_REPORT, &body, &next);
        if (outcome.verdict != cases[i].verdict || outcome.reason != cases[i].reason)
            fail_msg("%zu: verdict %d reason %u", i, (int)outcome.verdict, outcome.reason);
    }
}

static void as_many_tickets_stay_as_there_is_room_for(void **unused)
{
    (void)unused;
    struct report state = report_make(REPORT_ACCEPTED);
    struct report next;
    char ticket[TICKET_SIZE];
    for (int i = 0; i < CALLERS_MAX; i++) {
        (void)snprintf(ticket, sizeof ticket, "C-%d", i);
        struct submission body = urge_make(ticket, 3);
        assert_int_equal(decide(&state, HOTLINE_REPORT, &body, &next).verdict, VERDICT_APPLIED);
        state = next;
    }
    struct submission more = urge_make("C-x", 3);
    assert_int_equal(decide(&state, HOTLINE_REPORT, &more, &next).reason, REASON_URGED_OFTEN);
    struct submission known = urge_make("C-0", 3);
    assert_int_equal(decide(&state, HOTLINE_REPORT, &known, &next).verdict, VERDICT_DUPLICATE);
}

/* The ticket stands for the report since its urge was refused: a report under it is another one. */
static void report_under_the_ticket_of_a_refused_urge_is_refused(void **unused)
{
    (void)unused;
    struct submission body = urge_make("C", 1);
    struct report state = report_make(REPORT_CLOSED);
    struct report next;
    body.intent = INTENT_REPORT;
    assert_int_equal(decide(&state, HOTLINE_REPORT, &body, &next).reason, REASON_TICKET_REUSED);
    body = urge_make("A", 2); /* nor is an urge the report's own ticket */
    assert_int_equal(decide(&state, HOTLINE_REPORT, &body, &next).reason, REASON_TICKET_REUSED);
}

static void follow_up_is_passed_on_once_in_each_round(void **unused)
{
    (void)unused;
    const struct follow_up unsolved = {.ticket = "A", .unsolved = true, .text = "still blocked"};
    const struct follow_up satisfied = {.ticket = "A", .score = 5, .text = ""};
    const struct case_ended ended = {REPORT_CLOSED, NOW, "done"};
    struct report state = report_make(REPORT_CLOSED);
    struct report next, after;
    struct outcome outcome = decide(&state, HOTLINE_FOLLOW_UP, &unsolved, &next);
    assert_int_equal(outcome.verdict, VERDICT_APPLIED);
    assert_int_equal(outcome.steps[0].kind, STEP_FOLLOW_UP);
    assert_int_equal(outcome.steps[0].to, REPORT_CLOSED);
    assert_int_equal(outcome.sends[0].type, INTAKE_CASE_FOLLOWED_UP);
    assert_int_equal(
            decide(&next, HOTLINE_FOLLOW_UP, &unsolved, &after).verdict, VERDICT_DUPLICATE);
    assert_int_equal(decide(&next, HOTLINE_FOLLOW_UP, &satisfied, &after).send_count, 1);
    (void)decide(&next, ROUTING_CASE_ENDED, &ended, &state); /* reopened, and done again */
    assert_int_equal(state.course.round, 2);
    assert_int_equal(decide(&state, INTAKE_FOLLOW_UP, &unsolved, &after).verdict, VERDICT_APPLIED);
    assert_int_equal(after.course.followed, 2);
}

static void follow_up_before_the_end_or_of_others_is_refused(void **unused)
{
    (void)unused;
    const struct follow_up body = {.ticket = "A", .score = 4, .text = ""};
    struct report state = report_make(REPORT_ACCEPTED);
    struct report next;
    assert_int_equal(decide(&state, HOTLINE_FOLLOW_UP, &body, &next).reason, REASON_NOT_ENDED);
    state = report_make(REPORT_NONE);
    assert_int_equal(decide(&state, INTAKE_FOLLOW_UP, &body, &next).verdict, VERDICT_NOT_FOUND);
    state = report_make(REPORT_CLOSED);
    state.source[0] = 'x';
    assert_int_equal(decide(&state, HOTLINE_FOLLOW_UP, &body, &next).verdict, VERDICT_NOT_FOUND);
    assert_int_equal(decide(&state, INTAKE_FOLLOW_UP, &body, &next).verdict, VERDICT_APPLIED);
}

static void settled_on_the_spot_is_the_grid_workers_with_evidence(void **unused)
{
    (void)unused;
    static const struct {
        const char *actor, *matter, *unit, *brought;
        uint32_t reason;
        uint8_t missing; /* photos */
    } cases[] = {
            {"w5", "LITTER", "A-1-g", "photo2", REASON_NONE, 0},
            {"w5", "LITTER", "A-1-g", "photo3+form", REASON_NONE, 0},
            {"w5", "LEAF", "A-1-g", "", REASON_NONE, 0},
            {"w5", "LITTER", "A-1-g", "photo", REASON_EVIDENCE, 1},
            {"w5", "LITTER", "A-1-g", "", REASON_EVIDENCE, 2},
            {"w5", "GAS", "A-1-g", "", REASON_NOT_ON_THE_SPOT, 0},
            {"w6", "LITTER", "A-1-g", "photo2", REASON_NOT_WORKER, 0}, /* another grid's */
            {"d5", "LITTER", "A-1-g", "photo2", REASON_NOT_WORKER, 0},
            {"", "LITTER", "A-1-g", "photo2", REASON_NOT_WORKER, 0},
            {"who", "LITTER", "A-1-g", "photo2", REASON_NOT_WORKER, 0},
            {"w4", "LITTER", "A-1", "photo2", REASON_NOT_WORKER, 0}, /* not in a grid */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct submission body = urge_make("S", 3);
        body.intent = INTENT_REPORT;
        body.about = "";
        body.matter = cases[i].matter;
        body.unit_codes[0] = cases[i].unit;
        body.unit_code_count = 1;
        body.settled = true;
        assert_true(evidence_parse(cases[i].brought, body.evidence, &body.evidence_count));
        const struct world world = {.directory = directory};
        struct input input = {.kind = INPUT_COMMAND,
                .type = INTAKE_SUBMIT,
                .agg = CASE,
                .now_ms = NOW,
                .body = &body,
                .peer = "app"};
        (void)snprintf(input.actor, sizeof input.actor, "%s", cases[i].actor);
        struct report state = report_make(REPORT_NONE);
        struct report next = state;
        struct outcome outcome = {0};
        report_decide(&state, &input, &world, &next, &outcome);
        const struct evidence missing = {EVIDENCE_PHOTO, cases[i].missing};
        uint16_t about = missing.count ? evidence_pack(missing) : 0;
        if (outcome.reason != cases[i].reason || outcome.refused_about != about)
            fail_msg("%zu: reason %u about %#x", i, outcome.reason, outcome.refused_about);
        assert_int_equal(outcome.send_count, cases[i].reason == REASON_NONE);
    }
}

static void only_staff_send_a_report_to_a_unit(void **unused)
{
    (void)unused;
    static const struct {
        const char *actor, *to;
        uint32_t reason;
    } cases[] = {{"d4", "A-1", REASON_NONE}, {"", "A-1", REASON_NOT_STAFF},
            {"who", "A-1", REASON_NOT_STAFF}, {"d4", "A-9", REASON_UNKNOWN_UNIT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct submission body = urge_make("S", 3);
        body.intent = INTENT_REPORT;
        body.about = "";
        body.matter = "GAS";
        body.to = cases[i].to;
        const struct world world = {.directory = directory};
        struct input input = {.kind = INPUT_COMMAND,
                .type = INTAKE_SUBMIT,
                .agg = CASE,
                .now_ms = NOW,
                .body = &body,
                .peer = "app"};
        (void)snprintf(input.actor, sizeof input.actor, "%s", cases[i].actor);
        struct report state = report_make(REPORT_NONE);
        struct report next = state;
        struct outcome outcome = {0};
        report_decide(&state, &input, &world, &next, &outcome);
        if (outcome.reason != cases[i].reason)
            fail_msg("%zu: reason %u", i, outcome.reason);
    }
}

static struct submission same_make(const char *ticket, uint8_t digest)
{
    resolved = (struct resolved){.report = CASE, .given = true};
    return (struct submission){.ticket = ticket,
            .matter = "SEWAGE",
            .text = "it smells",
            .reporter = "",
            .about = "",
            .to = "",
            .has_point = true,
            .longitude = 113,
            .latitude = 23,
            .digest = {digest},
            .resolved = &resolved};
}

static struct report there_make(enum report_state state)
{
    struct report report = report_make(state);
    report.matter = report.thing = 10;
    report.spot = (struct spot){113000100, 23000100};
    return report;
}

/* The receipt says duplicate (codec_course_test.c); here: on record, once, and no case besides. */
static void same_thing_joins_once(void **unused)
{
    (void)unused;
    struct report state = there_make(REPORT_ACCEPTED);
    struct report next, again;
    struct submission body = same_make("B", 3);
    struct outcome outcome = decide(&state, HOTLINE_REPORT, &body, &next);
    assert_int_equal(outcome.verdict, VERDICT_APPLIED);
    assert_int_equal(outcome.step_count, 1);
    assert_int_equal(outcome.steps[0].kind, STEP_JOIN);
    assert_int_equal(outcome.send_count + outcome.count_count, 0);
    assert_int_equal(next.course.joined, 1);
    assert_string_equal(next.course.callers[0].ref, "B");
    assert_int_equal(decide(&next, HOTLINE_REPORT, &body, &again).verdict, VERDICT_DUPLICATE);
    body = same_make("B", 4);
    assert_int_equal(decide(&next, HOTLINE_REPORT, &body, &again).reason, REASON_TICKET_REUSED);
    const struct withdrawal gone = {.ticket = "A", .reason = ""};
    assert_int_equal(decide(&next, HOTLINE_WITHDRAW, &gone, &again).reason, REASON_SHARED);
    assert_int_equal(decide(&state, HOTLINE_WITHDRAW, &gone, &again).verdict, VERDICT_APPLIED);
}

/* What an urgent matter's second caller says may be that it has become worse. */
static void same_urgent_thing_is_told_to_routing(void **unused)
{
    (void)unused;
    struct report state = there_make(REPORT_ACCEPTED);
    struct report next;
    struct submission body = same_make("B", 3);
    state.matter = state.thing = 11;
    body.matter = "FIRE";
    struct outcome outcome = decide(&state, HOTLINE_REPORT, &body, &next);
    assert_int_equal(outcome.send_count, 1);
    assert_int_equal(outcome.sends[0].type, INTAKE_CASE_URGED);
    assert_int_equal(outcome.sends[0].arg, 0);
    assert_int_equal(next.course.joined, 1);
}

/* What somebody else has shown is told on, and is no urge. */
static void photos_of_the_same_thing_are_told_to_routing(void **unused)
{
    (void)unused;
    static uint8_t photos[2][PHOTO_HASH_SIZE] = {{1}, {2}};
    struct report state = there_make(REPORT_ACCEPTED);
    struct report next;
    struct submission body = same_make("B", 3);
    body.photos = photos;
    body.photo_count = 2;
    body.resolved->photos_kept = 2;
    struct outcome outcome = decide(&state, HOTLINE_REPORT, &body, &next);
    assert_int_equal(outcome.steps[0].kind, STEP_JOIN);
    assert_int_equal(outcome.send_count, 1);
    assert_int_equal(outcome.sends[0].type, INTAKE_CASE_URGED);
    assert_int_equal(outcome.sends[0].arg, 1);
    BUF_OWNED out = {0};
    const struct input input = {.body = &body, .now_ms = 5};
    report_encode(&next, &input, &(struct world){0}, &outcome.sends[0], &out);
    Huying__Intake__CaseUrged *told =
            huying__intake__case_urged__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(told);
    assert_true(told->joined);
    assert_int_equal(told->n_photos, 2);
    assert_memory_equal(told->photos[1].data, photos[1], PHOTO_HASH_SIZE);
    huying__intake__case_urged__free_unpacked(told, NULL);
}

/* Routing tells of a case from when the first of its reporters wants it, and need be told once. */
static void who_joins_may_want_progress(void **unused)
{
    (void)unused;
    struct report state = there_make(REPORT_ACCEPTED);
    struct report next, later;
    struct submission body = same_make("B", 3);
    body.wants_progress = true;
    struct outcome outcome = decide(&state, HOTLINE_REPORT, &body, &next);
    assert_int_equal(outcome.send_count, 1);
    assert_int_equal(outcome.sends[0].type, INTAKE_CASE_URGED);
    assert_int_equal(outcome.sends[0].arg, 1);
    assert_int_equal(next.course.wants, 1); /* by the source of the report, which is the same */
    body = same_make("C", 4);
    body.wants_progress = true;
    outcome = decide(&next, HOTLINE_REPORT, &body, &later);
    assert_int_equal(outcome.steps[0].kind, STEP_JOIN);
    assert_int_equal(outcome.send_count, 0);
}

/* Between the search and the lock the report may have ended: then the ticket is looked up anew. One
 * that came by its id in an earlier transaction cannot be, and joins by what it says alone. */
static void report_that_is_over_takes_nobody_in(void **unused)
{
    (void)unused;
    static const struct {
        enum report_state state;
        bool asked, given, near, again, joins;
    } table[] = {{REPORT_ACCEPTED, false, true, true, false, true},
            {REPORT_ACCEPTED, false, true, false, false, true},
            {REPORT_ACCEPTED, false, false, true, false, true},
            {REPORT_ACCEPTED, false, false, false, false, false},
            {REPORT_ACCEPTED, true, true, true, true, false},
            {REPORT_ACCEPTED, true, false, true, false, false},
            {REPORT_CLOSED, false, true, true, true, false},
            {REPORT_WITHDRAWN, false, true, true, true, false},
            {REPORT_REFERRED_OUT, false, true, true, true, false},
            {REPORT_CLOSED, false, false, true, false, false}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct report state = there_make(table[i].state);
        struct report next;
        struct submission body = same_make("B", 3);
        state.withdraw_asked = table[i].asked;
        resolved.given = table[i].given;
        body.latitude += table[i].near ? 0 : 0.01;
        struct outcome outcome = decide(&state, HOTLINE_REPORT, &body, &next);
        if (outcome.again != table[i].again || next.course.joined != table[i].joins ||
                outcome.step_count != table[i].joins)
            fail_msg("row %zu", i);
        if (!table[i].again && !table[i].joins)
            assert_int_equal(outcome.reason, REASON_TICKET_REUSED);
    }
}

static void full_list_refuses(void **unused)
{
    (void)unused;
    struct report state = there_make(REPORT_ACCEPTED);
    struct report next;
    struct submission body = same_make("B", 3);
    state.course.caller_count = CALLERS_MAX;
    assert_int_equal(decide(&state, HOTLINE_REPORT, &body, &next).reason, REASON_URGED_OFTEN);
}

/* The point is kept where another may come near: not of every matter, nor of what is settled. */
static void point_is_kept_for_the_next(void **unused)
{
    (void)unused;
    for (int i = 0; i < 4; i++) {
        const struct report none = report_make(REPORT_NONE);
        struct report next;
        struct submission body = same_make("A", 1);
        if (i == 1)
            body.has_point = false;
        if (i == 2)
            body.matter = "GAS";
        if (i == 3)
            body.to = "A";
        assert_int_equal(decide(&none, HOTLINE_REPORT, &body, &next).verdict,
                i == 3 ? VERDICT_REFUSED : VERDICT_APPLIED);
        assert_int_equal(next.thing, i == 0 ? 10 : 0);
        assert_int_equal(next.spot.north, i == 0 ? 23000000 : 0);
    }
}

/* Of the row that its transaction made; when the row is older, now, and the row has to follow. */
static void step_and_state_have_the_instant_of_the_tickets_row(void **unused)
{
    (void)unused;
    for (int i = 0; i < 6; i++) {
        bool made = i % 2;
        struct report state = i < 2 ? report_make(REPORT_NONE) : there_make(REPORT_ACCEPTED);
        struct submission body = i < 4 ? same_make("B", 3) : urge_make("B", 3);
        struct report next;
        resolved.made = made;
        resolved.at_ms = NOW + 7;
        struct outcome outcome = decide(&state, HOTLINE_REPORT, &body, &next);
        int64_t at_ms = made ? NOW + 7 : NOW;
        assert_int_equal(outcome.step_count, 1);
        assert_int_equal(outcome.steps[0].at_ms, at_ms);
        if (i < 2) {
            assert_int_equal(next.accepted_ms, at_ms);
            assert_int_equal(next.moved, !made);
        } else {
            assert_int_equal(next.course.callers[0].moved_ms, made ? 0 : NOW);
            assert_int_equal(next.accepted_ms, state.accepted_ms);
            assert_false(next.moved);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(urge_stays_on_the_report_and_tells_routing_once),
            cmocka_unit_test(urge_by_state),
            cmocka_unit_test(step_and_state_have_the_instant_of_the_tickets_row),
            cmocka_unit_test(as_many_tickets_stay_as_there_is_room_for),
            cmocka_unit_test(report_under_the_ticket_of_a_refused_urge_is_refused),
            cmocka_unit_test(follow_up_is_passed_on_once_in_each_round),
            cmocka_unit_test(follow_up_before_the_end_or_of_others_is_refused),
            cmocka_unit_test(settled_on_the_spot_is_the_grid_workers_with_evidence),
            cmocka_unit_test(only_staff_send_a_report_to_a_unit),
            cmocka_unit_test(same_thing_joins_once),
            cmocka_unit_test(same_urgent_thing_is_told_to_routing),
            cmocka_unit_test(photos_of_the_same_thing_are_told_to_routing),
            cmocka_unit_test(who_joins_may_want_progress),
            cmocka_unit_test(report_that_is_over_takes_nobody_in),
            cmocka_unit_test(full_list_refuses), cmocka_unit_test(point_is_kept_for_the_next)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
