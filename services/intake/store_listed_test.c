/* What Open311 shows, on a real PostgreSQL: rows are written with the report, found by ids, by when
 * they were requested and by when they ended, and go with the report's data. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "services/intake/open311.h"
#include "services/intake/store.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/pure_id.h"
#include "tests/kit/life.h"
#include "tests/kit/pg.h"

#define DEADLINE_MS 20000
#define NOW INT64_C(1514764800000) /* 2018-01-01 */
#define DAY INT64_C(86400000)

static struct kit_pg *server;
static struct pg *pg;
static struct arena arena;
static struct directory *directory;
static struct statement statements[OPEN311_STATEMENTS + 1];

static int64_t id_of(int n)
{
    return id_make(1, SERVICE_INTAKE, n);
}

static int group_setup(void **state)
{
    (void)state;
    static const struct unit unit = {.id = 1,
            .code = "D",
            .name_zh = "区",
            .name_en = "District",
            .level = LEVEL_DISTRICT,
            .kind = "district",
            .capabilities = ""};
    arena_init(&arena, 64 << 20);
    server = kit_pg_start(NULL);
    kit_pg_service(server, "intake");
    kit_pg_run(server, "INSERT INTO directory.site (number, letters, name_zh, name_en, "
                       "utc_offset_s, drill, clock, version) VALUES (1, 'TT', '市', 'City', 0, "
                       "true, '2018-02-01 00:00Z', 1)");
    directory = directory_build(&(struct directory_rows){
            .version = 1, .site = 1, .site_letters = "TT", .units = &unit, .unit_count = 1});
    pg = pg_new(kit_pg_conninfo(server, "huying_intake"), "intake");
    memcpy(statements, open311_statements, sizeof open311_statements);
    statements[OPEN311_STATEMENTS] = requests_statement;
    pg_prepare(pg, statements, OPEN311_STATEMENTS + 1);
    return pg_wait(pg, DEADLINE_MS);
}

static int group_teardown(void **state)
{
    (void)state;
    pg_destroy(&pg);
    kit_pg_stop(&server);
    directory_destroy(&directory);
    arena_fini(&arena);
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

/* Three reports of a.org a day apart, of which the second has ended, one of b.org, and one that did
 * not come by Open311. */
static int test_setup(void **state)
{
    (void)state;
    static const struct listed lamp = {
            "a.org", "001", "dark", "Main St", "", "http://h/a", true, {113350000, 22940000}};
    static const struct listed tree = {"a.org", "002", "tree", "", "A7", "", false, {0, 0}};
    static const struct listed other = {"b.org", "001", "x", "", "", "", false, {0, 0}};
    const struct listed *const listed[] = {&lamp, &tree, &lamp, &other, NULL};
    static struct report reports[5];
    const void *states[5];
    kit_pg_run(
            server, "SET search_path TO intake; TRUNCATE report, open311_request, open311_update");
    for (int i = 0; i < 5; i++) {
        BUF_OWNED sql = {0};
        buf_add_format(&sql,
                "SET search_path TO intake; INSERT INTO report (id, ver, state, unit, accepted, "
                "source, ref, ended, outcome_text) VALUES (%lld, 1, %d, 1, now(), 'a', 'T%d', %s,"
                " '%s')",
                (long long)id_of(i + 1), i == 1 ? 2 : 1, i, i == 1 ? "'2018-01-05 00:00Z'" : "NULL",
                i == 1 ? "mended" : "");
        kit_pg_run(server, sql.data);
        reports[i] = (struct report){
                .base = {.id = id_of(i + 1)}, .accepted_ms = NOW + i * DAY, .listed = listed[i]};
        states[i] = &reports[i];
    }
    listed_store(pg, states, 5);
    segment_run();
    arena_reset(&arena);
    return 0;
}

static struct {
    struct buf out;
    struct requests got;
} answer;

static void rows_take(void *self, const PGresult *rows)
{
    (void)self;
    requests_answer(rows, directory, &answer.out);
}

static void ask(const struct requests_query *query)
{
    struct params params = {0};
    const char *why = NULL;
    BUF_OWNED payload = {0};
    requests_query_encode(query, &payload);
    assert_int_equal(requests_bind((struct bytes){(const uint8_t *)payload.data, payload.size},
                             directory, "", &arena, &params, &why),
            OK);
    buf_reset(&answer.out);
    pg_queue(pg, &requests_statement, &params, rows_take, NULL);
    params_fini(&params);
    segment_run();
    assert_int_equal(
            requests_decode((struct bytes){(const uint8_t *)answer.out.data, answer.out.size},
                    &arena, &answer.got),
            OK);
}

static void expect_ids(const char *what, const struct requests_query *query, const char *expected)
{
    BUF_OWNED found = {0};
    ask(query);
    for (size_t i = 0; i < answer.got.count; i++)
        for (int n = 1; n <= 5; n++)
            if (answer.got.list[i].id == id_of(n))
                buf_add_format(&found, "%d ", n);
    if (strcmp(found.data ? found.data : "", expected) != 0)
        fail_msg("%s: %s, expected %s", what, found.data, expected);
}

static void rows_are_found_by_each_filter(void **unused)
{
    (void)unused;
    struct requests_query all = {.jurisdiction = "a.org", .to_ms = NOW + 90 * DAY, .limit = 1000};
    struct requests_query query = all;
    expect_ids("all, newest first", &query, "3 2 1 ");
    query.from_ms = NOW + DAY;
    expect_ids("from", &query, "3 2 ");
    query.to_ms = NOW + 2 * DAY;
    expect_ids("before", &query, "2 ");
    query = all;
    query.status = REQUEST_OPEN;
    expect_ids("open", &query, "3 1 ");
    query.status = REQUEST_CLOSED;
    expect_ids("closed", &query, "2 ");
    query = all;
    query.services[query.service_count++] = "001";
    expect_ids("service", &query, "3 1 ");
    query.services[query.service_count++] = "002";
    expect_ids("services", &query, "3 2 1 ");
    query = all;
    query.limit = 1;
    query.offset = 1;
    expect_ids("page", &query, "2 ");
    query = all;
    query.jurisdiction = "b.org";
    expect_ids("other jurisdiction", &query, "4 ");
    query = all;
    query.ended = true;
    expect_ids("ended", &query, "2 ");
    query.to_ms = NOW + 4 * DAY;
    expect_ids("ended before", &query, "");
}

/* Of what Open311 shows, and of no other report; the same stage again is the same row. */
static void stages_are_updates(void **unused)
{
    (void)unused;
    struct report lamp = {.base = {.id = id_of(1)}, .reached_count = 2};
    struct report hidden = {.base = {.id = id_of(5)}, .reached_count = 1};
    struct report tree = {.base = {.id = id_of(2)}, .reached_count = 1};
    const void *states[] = {&lamp, &hidden, &tree};
    lamp.reached[0] = (struct stage_reached){1, STAGE_DISPATCHED, NOW + 2 * DAY, 1, 0};
    lamp.reached[1] = (struct stage_reached){2, STAGE_SUSPENDED, NOW + 6 * DAY, 1, NOW + 9 * DAY};
    hidden.reached[0] = lamp.reached[0];
    tree.reached[0] = (struct stage_reached){1, STAGE_DISPATCHED, NOW + 99 * DAY, 1, 0};
    updates_store(pg, states, 3);
    updates_store(pg, states, 1);
    segment_run();
    struct requests_query query = {
            .jurisdiction = "a.org", .to_ms = NOW + 90 * DAY, .limit = 1000, .ended = true};
    expect_ids("stages and ends", &query, "1 2 1 ");
    const struct request *later = &answer.got.list[0], *end = &answer.got.list[1];
    assert_int_equal(later->stage, 2);
    assert_int_equal(later->stage_ms, NOW + 6 * DAY);
    assert_string_equal(later->notes, "您反映的事项因故暂缓办理，最迟于1月10日0时恢复办理。");
    assert_int_equal(end->stage, 0);
    assert_string_equal(end->notes, "mended");
    assert_string_equal(answer.got.list[2].notes, "您反映的事项已转交区办理。");
    query.from_ms = NOW + 5 * DAY;
    expect_ids("from", &query, "1 ");
    query.jurisdiction = "b.org";
    expect_ids("not theirs", &query, "");
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.open311_update"), 3);
    kit_row_ends(server, &intake_ops, id_of(2));
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.open311_update"), 2);
}

/* Ended, and opened again: open, until the next end. */
static void what_is_opened_again_is_open(void **unused)
{
    (void)unused;
    struct requests_query query = {.jurisdiction = "a.org",
            .to_ms = NOW + 90 * DAY,
            .limit = 1000,
            .status = REQUEST_CLOSED};
    kit_pg_run(server, "UPDATE intake.report SET course = '{\"round\": 2, \"reopened\": 1}' WHERE "
                       "state = 2");
    expect_ids("of a round before", &query, "2 ");
    kit_pg_run(server, "UPDATE intake.report SET course = '{\"round\": 2, \"reopened\": 2}' WHERE "
                       "state = 2");
    expect_ids("closed", &query, "");
    query.status = REQUEST_OPEN;
    expect_ids("open", &query, "3 2 1 ");
}

static void rows_are_found_by_id_and_number(void **unused)
{
    (void)unused;
    char id[24], number[CASE_NUMBER_SIZE];
    (void)snprintf(id, sizeof id, "%lld", (long long)id_of(1));
    case_number_format(number, "TT", id_of(2), NOW + DAY, 0);
    struct requests_query query = {.jurisdiction = "a.org", .limit = 1000};
    query.ids[query.id_count++] = id;
    query.ids[query.id_count++] = number;
    query.ids[query.id_count++] = "nothing";
    expect_ids("both", &query, "2 1 ");
    query.jurisdiction = "b.org";
    expect_ids("not theirs", &query, "");
}

static void row_says_what_was_listed_and_how_far_it_is(void **unused)
{
    (void)unused;
    ask(&(struct requests_query){.jurisdiction = "a.org", .to_ms = NOW + 90 * DAY, .limit = 1000});
    const struct request *tree = &answer.got.list[1], *lamp = &answer.got.list[2];
    assert_string_equal(lamp->description, "dark");
    assert_string_equal(lamp->address, "Main St");
    assert_string_equal(lamp->media_url, "http://h/a");
    assert_string_equal(lamp->agency, "区");
    assert_true(lamp->open && lamp->has_point && lamp->ended_ms == 0 && lamp->round == 0);
    assert_true(lamp->latitude > 22.9399 && lamp->latitude < 22.9401 && lamp->longitude > 113.3);
    assert_int_equal(lamp->requested_ms, NOW);
    assert_string_equal(tree->address_id, "A7");
    assert_string_equal(tree->notes, "mended");
    assert_true(!tree->open && !tree->has_point && tree->round == 1);
    assert_int_equal(tree->ended_ms, NOW + 4 * DAY);
}

static void row_goes_with_the_data_of_its_report(void **unused)
{
    (void)unused;
    BUF_OWNED sql = {0};
    buf_add_format(&sql, "SELECT count(*) FROM intake.open311_request WHERE report = %lld",
            (long long)id_of(2));
    assert_int_equal(kit_pg_int(server, sql.data), 1);
    kit_row_ends(server, &intake_ops, id_of(2));
    assert_int_equal(kit_pg_int(server, sql.data), 0);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.open311_request"), 3);
}

static void bad_questions_are_malformed(void **unused)
{
    (void)unused;
    static const char longest[] =
            "01234567890123456789012345678901234567890123456789012345678901234";
    struct requests_query good = {.jurisdiction = "a.org", .limit = 1};
    struct requests_query bad[6] = {good, good, good, good, good, good};
    bad[0].limit = 0;
    bad[1].limit = REQUESTS_MAX + 1;
    bad[2].from_ms = 2, bad[2].to_ms = 1;
    bad[3].status = 3;
    bad[4].ids[bad[4].id_count++] = longest;
    bad[5].jurisdiction = longest;
    for (size_t i = 0; i < 6; i++) {
        struct requests_query read;
        const char *why = NULL;
        BUF_OWNED payload = {0};
        requests_query_encode(&bad[i], &payload);
        print_message("%zu\n", i);
        assert_int_equal(
                requests_query_decode((struct bytes){(const uint8_t *)payload.data, payload.size},
                        &arena, &read, &why),
                ERR_MALFORMED);
        assert_non_null(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(rows_are_found_by_each_filter, test_setup),
            cmocka_unit_test_setup(stages_are_updates, test_setup),
            cmocka_unit_test_setup(what_is_opened_again_is_open, test_setup),
            cmocka_unit_test_setup(rows_are_found_by_id_and_number, test_setup),
            cmocka_unit_test_setup(row_says_what_was_listed_and_how_far_it_is, test_setup),
            cmocka_unit_test_setup(row_goes_with_the_data_of_its_report, test_setup),
            cmocka_unit_test(bad_questions_are_malformed),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
