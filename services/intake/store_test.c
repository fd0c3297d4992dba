/* Intake's SQL on a real PostgreSQL: tickets find or get their ids, a row comes back as it was
 * stored, points find their grid, sources see their own outcomes, and the counters' truth adds
 * up. */
#include "services/intake/store.h"
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "services/intake/codec.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/intake.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/pure_id.h"
#include "tests/kit/life.h"
#include "tests/kit/pg.h"

#define DEADLINE_MS 20000
#define NOW INT64_C(1514764800000)
#define STATEMENTS_MAX 60

/* Numbers in little-endian WKB, and a square from (x0, 0) to (x1, 1). */
#define D0 "0000000000000000"
#define D1 "000000000000f03f"
#define D2 "0000000000000040"
#define SQUARE(x0, x1) "'\\x01030000000100000005000000" x0 D0 x1 D0 x1 D1 x0 D1 x0 D0 "'"
/* A street of two squares, unit 3 from (0,0) to (1,1), unit 4 from (1,0) to (2,1). */
#define FILL                                                                                       \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, version)" \
    " VALUES (1, 'TT', '市', 'City', 0, false, 1);"                                               \
    "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en) VALUES"   \
    " (1, 'D', NULL, 0, 4, 'district', '', ''), (2, 'S', 1, 1, 3, 'street', '', ''),"              \
    " (3, 'G1', 2, 2, 1, 'grid', '', ''), (4, 'G2', 2, 2, 1, 'grid', '', '');"                     \
    "INSERT INTO directory.grid (unit, polygon) VALUES (3, " SQUARE(D0, D1) "), (4, " SQUARE(      \
            D1, D2) ")"

static struct kit_pg *server;
static struct pg *pg;
static struct arena arena;
static struct directory *directory;
static struct statement prepared[STATEMENTS_MAX];
static int64_t next_id;

static int64_t draw(void *self)
{
    (void)self;
    return id_make(1, SERVICE_INTAKE, ++next_id);
}

static size_t statements_gather(void)
{
    size_t count = 0;
    prepared[count++] = intake_ops.sql_stub;
    prepared[count++] = intake_ops.sql_load;
    prepared[count++] = intake_ops.sql_update;
    for (size_t i = 0; i < intake_ops.statement_count; i++)
        prepared[count++] = intake_ops.statements[i];
    for (const struct statement_list *list = intake_ops.lists; list->count; list++)
        for (size_t i = 0; i < list->count; i++)
            prepared[count++] = list->list[i];
    for (size_t i = 0; i < intake_ops.query_count; i++)
        prepared[count++] = *intake_ops.queries[i].statement;
    assert_true(count <= STATEMENTS_MAX);
    return count;
}

static int group_setup(void **state)
{
    (void)state;
    static const struct unit units[] = {{.id = 1,
            .code = "D",
            .name_zh = "",
            .name_en = "",
            .level = LEVEL_DISTRICT,
            .kind = "district",
            .capabilities = ""}};
    arena_init(&arena, 64 << 20);
    server = kit_pg_start(NULL);
    kit_pg_service(server, "intake");
    kit_pg_run(server, FILL);
    directory = directory_build(&(struct directory_rows){
            .version = 1, .site = 1, .site_letters = "TT", .units = units, .unit_count = 1});
    pg = pg_new(kit_pg_conninfo(server, "huying_intake"), "intake");
    pg_prepare(pg, prepared, statements_gather());
    return pg_wait(pg, DEADLINE_MS);
}

static int group_teardown(void **state)
{
    (void)state;
    store_fini();
    pg_destroy(&pg);
    kit_pg_stop(&server);
    directory_destroy(&directory);
    arena_fini(&arena);
    return 0;
}

static int test_setup(void **state)
{
    (void)state;
    kit_pg_run(server, "DELETE FROM intake.ticket; DELETE FROM intake.report; DELETE FROM "
                       "intake.counter_kept");
    return 0;
}

struct end {
    bool done;
    enum err err;
};

static void segment_done(void *self, enum err err, const char *message)
{
    struct end *end = self;
    if (err)
        print_message("%s\n", message);
    *end = (struct end){true, err};
}

static void segment_run(void)
{
    struct clock clock = clock_system();
    struct end end = {0};
    int64_t until = clock.monotonic_ms(clock.self) + DEADLINE_MS;
    pg_sync(pg, segment_done, &end);
    while (!end.done && clock.monotonic_ms(clock.self) < until) {
        struct pollfd item = {.fd = pg_fd(pg), .events = pg_events(pg)};
        (void)poll(&item, 1, 20);
        pg_turn(pg, clock.monotonic_ms(clock.self));
    }
    assert_true(end.done);
    assert_int_equal(end.err, OK);
}

static struct input submit_make(const char *peer, const char *ticket, double x, double y)
{
    BUF_OWNED payload = {0};
    const char *why = NULL;
    struct input input = {.kind = INPUT_COMMAND, .type = HOTLINE_REPORT, .now_ms = NOW};
    const struct hotline_report report = {
            .ticket = ticket, .matter = "M", .longitude = x, .latitude = y};
    hotline_report_encode(&report, &payload);
    assert_int_equal(submission_decode((struct bytes){(const uint8_t *)payload.data, payload.size},
                             &arena, &input.body, &why),
            OK);
    (void)snprintf(input.peer, sizeof input.peer, "%s", peer);
    return input;
}

static void resolve(struct input **inputs, size_t count)
{
    intake_ops.resolve(pg, inputs, count, directory, draw, NULL, &arena);
    segment_run();
}

static const struct resolved *resolved_of(const struct input *input)
{
    return ((const struct submission *)input->body)->resolved;
}

static struct report report_make(int64_t id, enum report_state state)
{
    return (struct report){.base = {.id = id, .ver = 3, .seen = {0, 0, 5}, .sent = {0, 0, 7}},
            .state = state,
            .placed = PLACED_PARTIAL,
            .matter = 9,
            .unit = 3,
            .accepted_ms = NOW,
            .reported_ms = NOW - 1,
            .promised_ms = 0,
            .ended_ms = state > REPORT_ACCEPTED ? NOW + 60001 : 0,
            .withdraw_asked = true,
            .outcome_pending = state > REPORT_ACCEPTED,
            .digest = {7, 0, 7},
            .source = "a",
            .ref = "T",
            .outcome_text = "已处理",
            .course = {.round = state > REPORT_ACCEPTED},
            .thing = state == REPORT_ACCEPTED ? 9 : 0,
            .spot = state == REPORT_ACCEPTED ? (struct spot){-3, 4} : (struct spot){0}};
}

/* Stub and update, as the kernel does it. */
static void report_store(const struct report *report)
{
    struct params params = {0};
    param_add_int(&params, params_array(&params, PARAM_INT8), report->base.id);
    pg_queue(pg, &intake_ops.sql_stub, &params, NULL, NULL);
    params_reset(&params);
    param_add_int(&params, params_array(&params, PARAM_INT8), report->base.id);
    param_add_int(&params, params_array(&params, PARAM_INT4), report->base.ver);
    param_add_int(&params, params_array(&params, PARAM_INT8),
            (int64_t)report->base.seen[SERVICE_ROUTING]);
    param_add_int(&params, params_array(&params, PARAM_INT8),
            (int64_t)report->base.sent[SERVICE_ROUTING]);
    int first = params.count;
    intake_ops.save_begin(&params);
    intake_ops.save_row(report, &params, first);
    pg_queue(pg, &intake_ops.sql_update, &params, NULL, NULL);
    params_fini(&params);
    segment_run();
}

static void report_rows(void *self, const PGresult *result)
{
    struct report *report = self;
    assert_int_equal(PQntuples(result), 1);
    report->base.id = row_int(result, 0, 0);
    report->base.ver = (int32_t)row_int(result, 0, 1);
    report->base.seen[SERVICE_ROUTING] = (uint64_t)row_int(result, 0, 2);
    report->base.sent[SERVICE_ROUTING] = (uint64_t)row_int(result, 0, 3);
    intake_ops.load_row(result, 0, 4, report, &arena);
}

static struct report report_fetch(int64_t id)
{
    struct report report = {0};
    struct params params = {0};
    param_add_int(&params, params_array(&params, PARAM_INT8), id);
    pg_queue(pg, &intake_ops.sql_load, &params, report_rows, &report);
    params_fini(&params);
    segment_run();
    return report;
}

static void row_comes_back_as_it_was_stored(void **unused)
{
    (void)unused;
    for (int state = REPORT_ACCEPTED; state <= REPORT_REFERRED_OUT; state++) {
        struct report stored = report_make(1000 + state, (enum report_state)state);
        if (state == REPORT_WITHDRAWN) /* one that has a course */
            stored.course = (struct report_course){
                    .round = 2, .caller_count = 1, .callers = {{"T-2", {1, 2}}}};
        report_store(&stored);
        struct report loaded = report_fetch(stored.base.id);
        assert_string_equal(loaded.outcome_text, "已处理");
        loaded.outcome_text = stored.outcome_text;
        assert_memory_equal(&loaded, &stored, sizeof stored);
    }
}

static void stub_loads_as_nothing(void **unused)
{
    (void)unused;
    kit_pg_run(server, "INSERT INTO intake.report (id) VALUES (55)");
    struct report stub = report_fetch(55);
    assert_int_equal(stub.state, REPORT_NONE);
    assert_int_equal(stub.base.ver, 0);
    assert_string_equal(stub.source, "");
    assert_string_equal(stub.outcome_text, "");
}

static void new_tickets_get_ids_and_known_ones_keep_them(void **unused)
{
    (void)unused;
    struct input first = submit_make("a", "T1", 0, 0);
    struct input again = submit_make("a", "T1", 0, 0);
    struct input other = submit_make("b", "T1", 0, 0);
    const struct withdrawal known = {"T1", "", 0, NULL};
    const struct withdrawal unknown = {"T2", "", 0, NULL};
    const struct outcome_ack ack = {77, 0};
    struct input take = {
            .kind = INPUT_COMMAND, .type = HOTLINE_WITHDRAW, .body = &known, .peer = "a"};
    struct input miss = {
            .kind = INPUT_COMMAND, .type = HOTLINE_WITHDRAW, .body = &unknown, .peer = "a"};
    struct input done = {
            .kind = INPUT_COMMAND, .type = HOTLINE_OUTCOME_ACK, .body = &ack, .peer = "a"};
    struct input *inputs[] = {&take, &first, &other, &again, &miss, &done};
    resolve(inputs, 6);
    assert_true(first.agg > 0 && first.fresh);
    assert_int_equal(resolved_of(&first)->report, first.agg);
    assert_int_equal(again.agg, first.agg);
    assert_true(other.agg > 0 && other.agg != first.agg && other.fresh);
    assert_int_equal(take.agg, first.agg);
    assert_int_equal(miss.agg, 0);
    assert_int_equal(done.agg, 77);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.ticket"), 2);
    struct report report = report_make(first.agg, REPORT_ACCEPTED);
    report_store(&report);
    struct input later = submit_make("a", "T1", 0, 0);
    struct input *more[] = {&later};
    resolve(more, 1);
    assert_int_equal(later.agg, first.agg);
    assert_false(later.fresh);
}

static struct input urge_make(const char *ticket, const char *about)
{
    struct input input = submit_make("a", ticket, 0, 0);
    struct submission *body = arena_copy(&arena, input.body, sizeof *body);
    body->intent = INTENT_URGE;
    body->about = about;
    input.body = body;
    return input;
}

/* Also one that came in the same batch. An urge about nothing leaves no ticket behind. */
static void urge_gets_the_report_of_the_ticket_that_it_is_about(void **unused)
{
    (void)unused;
    struct input first = submit_make("a", "T1", 0, 0);
    struct input urge = urge_make("T2", "T1");
    struct input other = submit_make("b", "T1", 0, 0);
    struct input lost = urge_make("T3", "T0");
    struct input *inputs[] = {&urge, &lost, &first, &other};
    resolve(inputs, 4);
    assert_true(first.agg > 0);
    assert_int_equal(urge.agg, first.agg);
    assert_int_equal(resolved_of(&urge)->report, first.agg);
    assert_false(urge.fresh);
    assert_int_equal(lost.agg, 0);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.ticket"), 3);
    const struct follow_up said = {.ticket = "T2", .score = 5, .text = ""};
    struct input follow = {
            .kind = INPUT_COMMAND, .type = HOTLINE_FOLLOW_UP, .body = &said, .peer = "a"};
    struct input again = urge_make("T2", "T1");
    struct input *more[] = {&follow, &again};
    resolve(more, 2);
    assert_int_equal(follow.agg, first.agg);
    assert_int_equal(again.agg, first.agg);
}

/* What came under the ticket was refused, so there is no report: the next body gets the id. */
static void ticket_without_a_report_is_fresh_again(void **unused)
{
    (void)unused;
    struct input refused = submit_make("a", "T1", 0, 0);
    struct input *inputs[] = {&refused};
    resolve(inputs, 1);
    struct input mended = submit_make("a", "T1", 0, 0);
    inputs[0] = &mended;
    resolve(inputs, 1);
    assert_int_equal(mended.agg, refused.agg);
    assert_true(mended.fresh);
}

static void points_find_their_grid_and_a_new_version_is_read(void **unused)
{
    (void)unused;
    const struct {
        double x, y;
        int64_t unit;
    } cases[] = {{0.5, 0.5, 3}, {1.5, 0.5, 4}, {1, 0.5, 3}, {2.5, 0.5, 0}, {0, 0, 0}};
    store_directory_set(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct input input = submit_make("a", "T1", cases[i].x, cases[i].y);
        struct input *inputs[] = {&input};
        resolve(inputs, 1);
        assert_int_equal(resolved_of(&input)->point_unit, cases[i].unit);
    }
    assert_int_equal(store_grids(), 2);
    assert_int_equal(store_grids_refused(), 0);
    kit_pg_run(server, "UPDATE directory.unit SET retired = true WHERE id = 4; "
                       "UPDATE directory.grid SET polygon = '\\x00' WHERE unit = 3");
    struct input input = submit_make("a", "T2", 0.5, 0.5);
    struct input *inputs[] = {&input};
    resolve(inputs, 1);
    assert_int_equal(resolved_of(&input)->point_unit, 3); /* the version is still the same */
    store_directory_set(2);
    resolve(inputs, 1);
    assert_int_equal(resolved_of(&input)->point_unit, 0);
    assert_int_equal(store_grids(), 0);
    assert_int_equal(store_grids_refused(), 1);
}

struct answer {
    const struct query_type *type;
    struct buf out;
};

static void answer_take(void *self, const PGresult *result)
{
    struct answer *to = self;
    to->type->encode(result, directory, &to->out);
}

static struct bytes ask(struct answer *to, const struct buf *payload, const char *actor)
{
    struct params params = {0};
    const char *why = NULL;
    buf_reset(&to->out);
    assert_int_equal(to->type->bind((struct bytes){(const uint8_t *)payload->data, payload->size},
                             directory, actor, &arena, &params, &why),
            OK);
    pg_queue(pg, to->type->statement, &params, answer_take, to);
    params_fini(&params);
    segment_run();
    return (struct bytes){(const uint8_t *)to->out.data, to->out.size};
}

static void sources_see_their_own_pending_outcomes_in_order(void **unused)
{
    (void)unused;
    static struct hotline_outcome outcomes[OUTCOMES_MAX];
    struct answer to = {.type = &intake_ops.queries[1]};
    BUF_OWNED payload = {0};
    size_t count = 0;
    for (int64_t id = 1; id <= 5; id++) {
        struct report report = report_make(id, id == 3 ? REPORT_ACCEPTED : REPORT_CLOSED);
        if (id == 4)
            report.source[0] = 'b';
        report_store(&report);
    }
    hotline_outcomes_query_encode(0, 2, &payload);
    assert_int_equal(hotline_outcomes_decode(
                             ask(&to, &payload, "a"), &arena, outcomes, OUTCOMES_MAX, &count),
            OK);
    assert_int_equal(count, 2);
    assert_int_equal(outcomes[0].case_id, 1);
    assert_int_equal(outcomes[1].case_id, 2);
    assert_string_equal(outcomes[1].outcome, "closed");
    assert_string_equal(outcomes[1].text, "已处理");
    buf_reset(&payload);
    hotline_outcomes_query_encode(2, 500, &payload);
    assert_int_equal(hotline_outcomes_decode(
                             ask(&to, &payload, "a"), &arena, outcomes, OUTCOMES_MAX, &count),
            OK);
    assert_int_equal(count, 1);
    assert_int_equal(outcomes[0].case_id, 5);
    assert_int_equal(hotline_outcomes_decode(
                             ask(&to, &payload, "c"), &arena, outcomes, OUTCOMES_MAX, &count),
            OK);
    assert_int_equal(count, 0);
    buf_fini(&to.out);
}

static void report_query_finds_reports_and_no_stubs(void **unused)
{
    (void)unused;
    struct answer to = {.type = &intake_ops.queries[2]};
    BUF_OWNED payload = {0};
    struct report_view view;
    struct report report = report_make(1, REPORT_CLOSED);
    report_store(&report);
    kit_pg_run(server, "INSERT INTO intake.report (id) VALUES (55)");
    report_query_encode(1, "", &payload);
    assert_int_equal(report_view_decode(ask(&to, &payload, ""), &arena, &view), OK);
    assert_int_equal(view.id, 1);
    assert_int_equal(view.ended_ms, NOW + 60001);
    assert_string_equal(view.state, "closed");
    buf_reset(&payload);
    report_query_encode(55, "", &payload);
    assert_int_equal(report_view_decode(ask(&to, &payload, ""), &arena, &view), ERR_NOT_FOUND);
    buf_fini(&to.out);
}

/* The report's own steps in order, and of a stub nothing. */
static void follow_query_finds_what_happened_and_when(void **unused)
{
    (void)unused;
    struct answer to = {.type = &intake_ops.queries[3]};
    BUF_OWNED payload = {0};
    struct report_view view;
    const struct report first = report_make(1, REPORT_CLOSED),
                        second = report_make(2, REPORT_CLOSED);
    report_store(&first);
    report_store(&second);
    kit_pg_run(server,
            "INSERT INTO intake.report (id) VALUES (55);"
            "INSERT INTO intake.history (agg, ver, kind, from_state, to_state, at, unit, rule_ver,"
            " page, idx) SELECT agg, ver, kind, 1, 1, '2018-01-01'::timestamptz"
            " + ver * interval '1 s', 3, 1, 0, 0 FROM (VALUES (1, 2, 3), (1, 1, 1), (1, 3, 4),"
            " (1, 4, 6), (2, 1, 1), (55, 1, 1)) AS v (agg, ver, kind)");
    report_query_encode(1, "", &payload);
    assert_int_equal(report_view_decode(ask(&to, &payload, ""), &arena, &view), OK);
    assert_string_equal(view.state, "closed");
    const char *const steps[] = {"accept", "end", "follow_up"};
    assert_int_equal(view.step_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(view.steps[i].step, steps[i]);
    assert_int_equal(view.steps[2].at_ms - view.steps[0].at_ms, 3000);
    kit_pg_run(server, "DELETE FROM intake.history WHERE agg = 2");
    buf_reset(&payload);
    report_query_encode(2, "", &payload);
    assert_int_equal(report_view_decode(ask(&to, &payload, ""), &arena, &view), OK);
    assert_int_equal(view.step_count, 0); /* its history has gone */
    kit_pg_run(server,
            "INSERT INTO intake.history (agg, ver, kind, from_state, to_state, at, unit, rule_ver,"
            " page, idx) SELECT 2, n, 5, 1, 1, now(), 3, 1, 0, 0 FROM generate_series(1, 100) n");
    assert_int_equal(report_view_decode(ask(&to, &payload, ""), &arena, &view), OK);
    assert_int_equal(view.step_count, FOLLOW_STEPS_MAX);
    buf_reset(&payload);
    report_query_encode(55, "", &payload);
    assert_int_equal(report_view_decode(ask(&to, &payload, ""), &arena, &view), ERR_NOT_FOUND);
    buf_fini(&to.out);
}

static void counter_truth_adds_up_the_tree(void **unused)
{
    (void)unused;
    for (int64_t id = 1; id <= 5; id++) {
        struct report report = report_make(id, id <= 3 ? REPORT_ACCEPTED : REPORT_CLOSED);
        report.unit = id == 1 ? 2 : 3;
        report.matter = id == 5 ? 8 : 9;
        report_store(&report);
    }
    kit_pg_run(server, "INSERT INTO intake.report (id) VALUES (55)");
    const struct {
        const char *where;
        long long value;
    } cases[] = {
            {"metric = 0 AND unit = 0 AND matter = 0", 5},
            {"metric = 1 AND unit = 0 AND matter = 0", 3},
            {"metric = 0 AND unit = 1 AND matter = 0", 5},
            {"metric = 0 AND unit = 2 AND matter = 0", 5},
            {"metric = 1 AND unit = 2 AND matter = 0", 3},
            {"metric = 0 AND unit = 3 AND matter = 0", 4},
            {"metric = 1 AND unit = 3 AND matter = 0", 2},
            {"metric = 0 AND unit = 0 AND matter = 9", 4},
            {"metric = 1 AND unit = 0 AND matter = 9", 3},
            {"metric = 0 AND unit = 0 AND matter = 8", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BUF_OWNED sql = {0};
        buf_add_format(&sql, "SELECT value FROM intake.counter_truth WHERE %s", cases[i].where);
        long long value = kit_pg_int(server, sql.data);
        if (value != cases[i].value)
            fail_msg("%s: %lld, expected %lld", cases[i].where, value, cases[i].value);
    }
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.counter_truth"), 11);
}

static void report_that_ended_can_lose_its_data(void **unused)
{
    (void)unused;
    struct report stored = report_make(1000, REPORT_CLOSED);
    report_store(&stored);
    kit_row_ends(server, &intake_ops, 1000);
    assert_true(report_fetch(1000).base.ver < 0);
}

#define TEST(name) cmocka_unit_test_setup(name, test_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(row_comes_back_as_it_was_stored),
            TEST(stub_loads_as_nothing),
            TEST(new_tickets_get_ids_and_known_ones_keep_them),
            TEST(urge_gets_the_report_of_the_ticket_that_it_is_about),
            TEST(ticket_without_a_report_is_fresh_again),
            TEST(points_find_their_grid_and_a_new_version_is_read),
            TEST(sources_see_their_own_pending_outcomes_in_order),
            TEST(report_query_finds_reports_and_no_stubs),
            TEST(follow_query_finds_what_happened_and_when),
            TEST(counter_truth_adds_up_the_tree),
            TEST(report_that_ended_can_lose_its_data),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
