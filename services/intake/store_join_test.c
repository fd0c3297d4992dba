/* Joining another source's report, on a real PostgreSQL: which number gives a ticket that report's
 * id, which source finds which outcome under which ticket, and what each has on record. */
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "services/intake/codec.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/store.h"
#include "services/intake/store_reconcile.h"
#include "services/intake/store_ticket.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/pure_id.h"
#include "tests/kit/pg.h"

#define DEADLINE_MS 20000
#define NOW INT64_C(1514764800000) /* the drill's clock: 2018-01-01 */
#define METRE (1 / 111195.0)       /* degrees of latitude */
#define STATEMENTS_MAX 32
#define FILL                                                                                       \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, clock,"   \
    " version) VALUES (1, 'TT', '市', 'City', 0, true, '2018-01-01 00:00Z', 1)"

static struct kit_pg *server;
static struct pg *pg;
static struct arena arena;
static struct directory *directory;
static struct statement prepared[STATEMENTS_MAX];
static int64_t first_id, next_id;
static char number[CASE_NUMBER_SIZE];

static int64_t draw(void *self)
{
    (void)self;
    return id_make(1, SERVICE_INTAKE, ++next_id);
}

static int group_setup(void **state)
{
    (void)state;
    static const struct unit unit = {.id = 1,
            .code = "D",
            .name_zh = "",
            .name_en = "",
            .level = LEVEL_DISTRICT,
            .kind = "district",
            .capabilities = ""};
#define MATTER(i, text)                                                                            \
    {                                                                                              \
        .id = (i), .code = (text), .name_zh = "", .name_en = "", .category = "",                   \
        .handler_code = {"", "", "", "", ""}, .squad_capability = "", .dup_m = 50, .dup_h = 4      \
    }
    static const struct matter matters[] = {MATTER(7, "SEWAGE"), MATTER(8, "LAMP")};
    arena_init(&arena, 64 << 20);
    server = kit_pg_start(NULL);
    kit_pg_service(server, "intake");
    kit_pg_run(server, FILL);
    directory = directory_build(&(struct directory_rows){.version = 1,
            .site = 1,
            .site_letters = "TT",
            .units = &unit,
            .unit_count = 1,
            .matters = matters,
            .matter_count = 2});
    first_id = id_make(1, SERVICE_INTAKE, 1);
    next_id = 100;
    case_number_format(number, "TT", first_id, INT64_C(1514757600000), 0);
    size_t count = 0;
    for (size_t i = 0; i < TICKET_STATEMENTS; i++)
        prepared[count++] = ticket_statements[i];
    for (size_t i = 0; i < intake_ops.query_count; i++)
        prepared[count++] = *intake_ops.queries[i].statement;
    assert_true(count <= STATEMENTS_MAX);
    pg = pg_new(kit_pg_conninfo(server, "huying_intake"), "intake");
    pg_prepare(pg, prepared, count);
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

static void run(const char *sql)
{
    BUF_OWNED text = {0};
    buf_add_format(&text, "SET search_path TO intake; %s", sql);
    kit_pg_run(server, text.data);
}

/* Source `a` has reported it, two hours ago, at 113 E 60 N. */
static int test_setup(void **state)
{
    (void)state;
    BUF_OWNED sql = {0};
    buf_add_format(&sql,
            "TRUNCATE ticket, report; INSERT INTO report (id, ver, state, matter, accepted, source,"
            " ref, thing, north, east) VALUES (%" PRId64 ", 1, 1, 7, '2017-12-31 22:00Z', 'a', 'T',"
            " 7, 60000000, 113000000); INSERT INTO ticket (source, ref, report, at) VALUES"
            " ('a', 'T', %" PRId64 ", '2017-12-31 22:00Z')",
            first_id, first_id);
    run(sql.data);
    return 0;
}

static void segment_done(void *self, enum err err, const char *message)
{
    if (err)
        print_message("%s\n", message);
    assert_int_equal(err, OK);
    *(bool *)self = true;
}

static void segment_run(void)
{
    struct clock clock = clock_system();
    int64_t until = clock.monotonic_ms(clock.self) + DEADLINE_MS;
    bool done = false;
    pg_sync(pg, segment_done, &done);
    while (!done && clock.monotonic_ms(clock.self) < until) {
        struct pollfd item = {.fd = pg_fd(pg), .events = pg_events(pg)};
        (void)poll(&item, 1, 20);
        pg_turn(pg, clock.monotonic_ms(clock.self));
    }
    assert_true(done);
}

static struct input submit_make(
        const char *peer, const char *ticket, const char *matter, double north, const char *join)
{
    BUF_OWNED payload = {0};
    const char *why = NULL;
    struct input input = {.kind = INPUT_COMMAND, .type = HOTLINE_REPORT, .now_ms = NOW};
    const struct hotline_report report = {.ticket = ticket,
            .matter = matter,
            .longitude = 113,
            .latitude = 60 + north * METRE,
            .join = join};
    hotline_report_encode(&report, &payload);
    assert_int_equal(submission_decode((struct bytes){(const uint8_t *)payload.data, payload.size},
                             &arena, &input.body, &why),
            OK);
    (void)snprintf(input.peer, sizeof input.peer, "%s", peer);
    return input;
}

static void resolve(struct input **inputs, size_t count)
{
    tickets_resolve(pg, inputs, count, directory, draw, NULL, &arena);
    segment_run();
}

static void a_number_of_an_open_case_near_by_gives_its_id(void **unused)
{
    (void)unused;
    static const struct {
        const char *sql, *peer, *matter;
        double north;
        const char *join; /* NULL: the right one */
        bool joins;
    } table[] = {{"", "b", "SEWAGE", 0, NULL, true}, {"", "b", "SEWAGE", 49, NULL, true},
            {"", "a", "SEWAGE", 0, NULL, true}, {"", "b", "SEWAGE", 51, NULL, false},
            {"", "b", "LAMP", 0, NULL, false}, {"", "b", "SEWAGE", 0, "", false},
            {"", "b", "SEWAGE", 0, "TT-20180101-0000009-9", false},
            {"", "a", "SEWAGE", 0, "nothing", false},
            {"UPDATE report SET state = 2, ended = accepted", "b", "SEWAGE", 0, NULL, false},
            {"UPDATE report SET withdraw_asked = true", "b", "SEWAGE", 0, NULL, false},
            {"UPDATE report SET ver = 0, state = 0", "b", "SEWAGE", 0, NULL, false},
            {"UPDATE report SET accepted = '2017-12-30Z'", "b", "SEWAGE", 0, NULL, true},
            {"UPDATE report SET course ="
             " '{\"callers\":[[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2]]}'",
                    "b", "SEWAGE", 0, NULL, false}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        (void)test_setup(NULL);
        run(table[i].sql);
        struct input input = submit_make(table[i].peer, "T1", table[i].matter, table[i].north,
                table[i].join ? table[i].join : number);
        struct input *inputs[] = {&input};
        resolve(inputs, 1);
        assert_true(input.agg > 0);
        if ((input.agg == first_id) != table[i].joins)
            fail_msg("row %zu", i);
        assert_int_equal(input.fresh, !table[i].joins);
    }
}

/* A number that is no case's must not lead others to an id that has no report. */
static void nobody_follows_a_ticket_that_names_a_case(void **unused)
{
    (void)unused;
    struct input lost = submit_make("b", "A", "SEWAGE", 1000, "TT-20180101-0000009-9");
    struct input plain = submit_make("b", "B", "SEWAGE", 1000, "");
    struct input *inputs[] = {&lost, &plain};
    resolve(inputs, 2);
    assert_true(lost.agg > 0 && plain.agg > 0 && lost.agg != plain.agg);
}

static const struct query_type *query_find(uint32_t type)
{
    for (size_t i = 0; i < intake_ops.query_count; i++)
        if (intake_ops.queries[i].type == type)
            return &intake_ops.queries[i];
    return NULL;
}

struct answered {
    const struct query_type *query;
    struct buf out;
};

static void rows_take(void *self, const PGresult *rows)
{
    struct answered *answered = self;
    answered->query->encode(rows, directory, &answered->out);
}

static size_t outcomes_of(const char *source, struct hotline_outcome *ret)
{
    struct answered answered = {.query = query_find(HOTLINE_OUTCOMES)};
    struct params params = {0};
    BUF_OWNED payload = {0};
    const char *why = NULL;
    size_t count = 0;
    hotline_outcomes_query_encode(0, 10, &payload);
    assert_int_equal(
            answered.query->bind((struct bytes){(const uint8_t *)payload.data, payload.size},
                    directory, source, &arena, &params, &why),
            OK);
    pg_queue(pg, answered.query->statement, &params, rows_take, &answered);
    segment_run();
    assert_int_equal(hotline_outcomes_decode(
                             (struct bytes){(const uint8_t *)answered.out.data, answered.out.size},
                             &arena, ret, 10, &count),
            OK);
    params_fini(&params);
    buf_fini(&answered.out);
    return count;
}

static size_t progress_of(const char *source, struct hotline_progress *ret)
{
    struct answered answered = {.query = query_find(HOTLINE_PROGRESS)};
    struct params params = {0};
    BUF_OWNED payload = {0};
    const char *why = NULL;
    size_t count = 0;
    hotline_outcomes_query_encode(0, 10, &payload);
    assert_int_equal(
            answered.query->bind((struct bytes){(const uint8_t *)payload.data, payload.size},
                    directory, source, &arena, &params, &why),
            OK);
    pg_queue(pg, answered.query->statement, &params, rows_take, &answered);
    segment_run();
    assert_int_equal(hotline_progress_decode(
                             (struct bytes){(const uint8_t *)answered.out.data, answered.out.size},
                             &arena, ret, 10, &count),
            OK);
    params_fini(&params);
    buf_fini(&answered.out);
    return count;
}

/* The first source has taken its stages, b one of two, c none, d did not ask. */
static void each_source_finds_the_stages_that_it_has_not_taken(void **unused)
{
    (void)unused;
    static struct hotline_progress progress[10];
    struct report report = {.base = {.id = first_id},
            .state = REPORT_ACCEPTED,
            .source = "a",
            .ref = "T",
            .course = {.wants = 1,
                    .told = 2,
                    .staged = 2,
                    .stage_count = 2,
                    .stages = {{1, STAGE_DISPATCHED, NOW, 1, 0}, {2, STAGE_ACCEPTED, NOW, 1, 0}},
                    .caller_count = 3,
                    .callers = {{.ref = "T", .source = "b", .wants = true, .told = 1},
                            {.ref = "U", .source = "c", .wants = true},
                            {.ref = "V", .source = "d"}}}};
    const void *states[] = {&report};
    BUF_OWNED course = {0};
    BUF_OWNED sql = {0};
    assert_true(course_format(&report.course, &course));
    buf_add_format(&sql,
            "UPDATE report SET state = 1, outcome_pending = false, outcome_text = '', digest = "
            "'\\x', withdraw_asked = false, course = '%s';"
            "INSERT INTO ticket (source, ref, report, at) SELECT x.a, x.b, %" PRId64
            ", '2018-01-01Z' FROM (VALUES ('b', 'T'), ('c', 'U'), ('d', 'V')) AS x (a, b)",
            course.data, first_id);
    run(sql.data);
    tickets_owe(pg, states, 1);
    segment_run();
    assert_int_equal(progress_of("a", progress), 0);
    assert_int_equal(progress_of("d", progress), 0);
    assert_int_equal(progress_of("b", progress), 1);
    assert_string_equal(progress[0].ticket, "T");
    assert_int_equal(progress[0].stage_count, 1);
    assert_int_equal(progress_of("c", progress), 1);
    assert_string_equal(progress[0].ticket, "U");
    assert_int_equal(progress[0].stage_count, 2);
    report.course.callers[1].told = 2;
    tickets_owe(pg, states, 1);
    segment_run();
    assert_int_equal(progress_of("c", progress), 0);
    report.course.stage_count = 0; /* the case has ended */
    tickets_owe(pg, states, 1);
    segment_run();
    assert_int_equal(progress_of("b", progress), 0);
}

/* As the row's course and the tickets have it after END; then b takes it. */
static void each_source_finds_the_outcome_under_its_own_tickets(void **unused)
{
    (void)unused;
    static struct hotline_outcome outcomes[10];
    struct report report = {.base = {.id = first_id},
            .state = REPORT_CLOSED,
            .source = "a",
            .ref = "T",
            .course = {.round = 1,
                    .caller_count = 4,
                    .callers = {{.ref = "T", .source = "b", .owed = true},
                            {.ref = "U", .source = "b", .owed = true}, {.ref = "S"},
                            {.ref = "V", .source = "c", .owed = true}}}};
    const void *states[] = {&report};
    BUF_OWNED course = {0};
    BUF_OWNED sql = {0};
    assert_true(course_format(&report.course, &course));
    buf_add_format(&sql,
            "UPDATE report SET state = 2, ended = accepted, outcome_pending = true, outcome_text ="
            " '好了', digest = '\\x', withdraw_asked = false, course = '%s';"
            "INSERT INTO ticket (source, ref, report, at) SELECT x.a, x.b, %" PRId64
            ", '2018-01-01Z' FROM (VALUES ('b', 'T'), ('b', 'U'), ('a', 'S'), ('c', 'V'))"
            " AS x (a, b)",
            course.data, first_id);
    run(sql.data);
    tickets_owe(pg, states, 1);
    segment_run();
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.ticket WHERE owed"), 3);
    assert_int_equal(outcomes_of("a", outcomes), 1);
    assert_string_equal(outcomes[0].ticket, "T");
    assert_int_equal(outcomes[0].also_count, 1);
    assert_string_equal(outcomes[0].also[0], "S");
    assert_int_equal(outcomes_of("b", outcomes), 1);
    assert_string_equal(outcomes[0].ticket, "T");
    assert_int_equal(outcomes[0].also_count, 1);
    assert_string_equal(outcomes[0].also[0], "U");
    assert_string_equal(outcomes[0].text, "好了");
    assert_string_equal(outcomes[0].number, number);
    assert_int_equal(outcomes_of("c", outcomes), 1);
    assert_string_equal(outcomes[0].ticket, "V");
    assert_int_equal(outcomes_of("d", outcomes), 0);
    report.course.callers[0].owed = report.course.callers[1].owed = false;
    tickets_owe(pg, states, 1);
    segment_run();
    assert_int_equal(outcomes_of("b", outcomes), 0);
    assert_int_equal(outcomes_of("c", outcomes), 1);
    assert_int_equal(outcomes_of("a", outcomes), 1);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.ticket"), 5);
}

static void on_record_is_by_source_and_ticket(void **unused)
{
    (void)unused;
    struct report_course course = {.caller_count = 1, .callers = {{.ref = "U", .source = "b"}}};
    BUF_OWNED text = {0};
    BUF_OWNED sql = {0};
    assert_true(course_format(&course, &text));
    /* b's T was refused: its row names the report, and the report has a T, which is a's. */
    buf_add_format(&sql,
            "UPDATE report SET course = '%s'; INSERT INTO ticket (source, ref, report, at) SELECT"
            " 'b', x.a, %" PRId64 ", '2018-01-01Z' FROM (VALUES ('U'), ('T')) AS x (a)",
            text.data, first_id);
    run(sql.data);
    static const struct {
        const char *source;
        uint64_t tickets;
    } table[] = {{"a", 1}, {"b", 1}, {"c", 0}};
    for (size_t i = 0; i < 3; i++) {
        static struct hotline_reconciliation found;
        struct answered answered = {.query = query_find(HOTLINE_RECONCILE)};
        struct params params = {0};
        BUF_OWNED payload = {0};
        const char *why = NULL;
        const struct hotline_span span = {.first = ""};
        hotline_reconcile_encode(&span, 10, &payload);
        assert_int_equal(
                answered.query->bind((struct bytes){(const uint8_t *)payload.data, payload.size},
                        directory, table[i].source, &arena, &params, &why),
                OK);
        pg_queue(pg, answered.query->statement, &params, rows_take, &answered);
        segment_run();
        assert_int_equal(
                hotline_reconciliation_decode(
                        (struct bytes){(const uint8_t *)answered.out.data, answered.out.size},
                        &arena, &found),
                OK);
        assert_int_equal(found.tickets, table[i].tickets);
        params_fini(&params);
        buf_fini(&answered.out);
    }
}

static void a_token_sees_a_report_that_its_ticket_has_joined_as_its_own(void **unused)
{
    (void)unused;
    const struct report report = {.base = {.id = first_id},
            .state = REPORT_ACCEPTED,
            .accepted_ms = NOW,
            .source = "a",
            .ref = "T",
            .outcome_text = "",
            .course = {.joined = 1,
                    .caller_count = 2,
                    .callers = {{.ref = "S"}, {.ref = "U", .source = "b"}}}};
    struct report_view view;
    BUF_OWNED out = {0};
    report_view_encode(&report, NULL, 0, directory, &out);
    assert_int_equal(
            report_view_decode((struct bytes){(const uint8_t *)out.data, out.size}, &arena, &view),
            OK);
    assert_false(report_view_own(&view, "c"));
    assert_true(report_view_own(&view, "a"));
    assert_string_equal(view.source_ref, "T");
    assert_true(report_view_own(&view, "b"));
    assert_string_equal(view.source, "b");
    assert_string_equal(view.source_ref, "U");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(a_number_of_an_open_case_near_by_gives_its_id, test_setup),
            cmocka_unit_test_setup(nobody_follows_a_ticket_that_names_a_case, test_setup),
            cmocka_unit_test_setup(each_source_finds_the_stages_that_it_has_not_taken, test_setup),
            cmocka_unit_test_setup(each_source_finds_the_outcome_under_its_own_tickets, test_setup),
            cmocka_unit_test_setup(on_record_is_by_source_and_ticket, test_setup),
            cmocka_unit_test(a_token_sees_a_report_that_its_ticket_has_joined_as_its_own),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
