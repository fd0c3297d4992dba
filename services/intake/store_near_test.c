/* Reports of the same thing, near by, on a real PostgreSQL: which tickets get the id of a report
 * that is there, which get one another's, and which their own. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "services/intake/codec.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/intake.h"
#include "services/intake/store.h"
#include "services/intake/store_ticket.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/pure_id.h"
#include "tests/kit/pg.h"

#define DEADLINE_MS 20000
#define NOW INT64_C(1514764800000) /* the drill's clock: 2018-01-01 */
#define FIRST 1000                 /* the report that is there */
#define METRE (1 / 111195.0)       /* degrees of latitude */
#define FILL                                                                                       \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, clock,"   \
    " version) VALUES (1, 'TT', '市', 'City', 0, true, '2018-01-01 00:00Z', 1)"
/* At 113 E 60 N, where a degree of longitude has half the metres of one of latitude. */
#define THERE                                                                                      \
    "INSERT INTO report (id, ver, state, matter, accepted, source, ref, thing, north, east)"       \
    " VALUES (1000, 1, 1, 7, '2017-12-31 22:00Z', 'a', 'T0', 7, 60000000, 113000000)"

static struct kit_pg *server;
static struct pg *pg;
static struct arena arena;
static struct directory *directory;
static int64_t next_id;

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
#define MATTER(number, text, metres, hours)                                                        \
    {                                                                                              \
        .id = (number), .code = (text), .name_zh = "", .name_en = "", .category = "",              \
        .handler_code = {"", "", "", "", ""}, .squad_capability = "", .dup_m = (metres),           \
        .dup_h = (hours)                                                                           \
    }
    static const struct matter matters[] = {MATTER(7, "SEWAGE", 50, 4), MATTER(8, "LAMP", 50, 4),
            MATTER(9, "FORM", 0, 4), MATTER(10, "CALL", 50, 0)};
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
            .matter_count = sizeof matters / sizeof *matters});
    pg = pg_new(kit_pg_conninfo(server, "huying_intake"), "intake");
    pg_prepare(pg, ticket_statements, TICKET_STATEMENTS);
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
    kit_pg_run(server, "SET search_path TO intake; TRUNCATE ticket, report; " THERE);
    return 0;
}

static void segment_done(void *self, enum err err, const char *message)
{
    if (err)
        print_message("%s\n", message);
    assert_int_equal(err, OK);
    *(bool *)self = true;
}

static void resolve(struct input **inputs, size_t count)
{
    struct clock clock = clock_system();
    int64_t until = clock.monotonic_ms(clock.self) + DEADLINE_MS;
    bool done = false;
    tickets_resolve(pg, inputs, count, directory, draw, NULL, &arena);
    pg_sync(pg, segment_done, &done);
    while (!done && clock.monotonic_ms(clock.self) < until) {
        struct pollfd item = {.fd = pg_fd(pg), .events = pg_events(pg)};
        (void)poll(&item, 1, 20);
        pg_turn(pg, clock.monotonic_ms(clock.self));
    }
    assert_true(done);
}

/* `north` and `east` in metres from the report that is there; 0.5 is the cosine of 60°. */
static struct input submit_make(
        const char *peer, const char *ticket, const char *matter, double north, double east)
{
    BUF_OWNED payload = {0};
    const char *why = NULL;
    struct input input = {.kind = INPUT_COMMAND, .type = HOTLINE_REPORT, .now_ms = NOW};
    const struct hotline_report report = {.ticket = ticket,
            .matter = matter,
            .longitude = 113 + east * METRE / 0.5,
            .latitude = 60 + north * METRE};
    hotline_report_encode(&report, &payload);
    assert_int_equal(submission_decode((struct bytes){(const uint8_t *)payload.data, payload.size},
                             &arena, &input.body, &why),
            OK);
    (void)snprintf(input.peer, sizeof input.peer, "%s", peer);
    return input;
}

static const struct resolved *resolved_of(const struct input *input)
{
    return ((const struct submission *)input->body)->resolved;
}

static bool joins(const struct input *input)
{
    bool first = input->agg == FIRST;
    assert_true(input->agg > 0);
    assert_int_equal(resolved_of(input)->report, input->agg);
    assert_int_equal(input->fresh, !first);
    return first;
}

static void near_is_by_matter_metres_and_source(void **unused)
{
    (void)unused;
    static const struct {
        const char *peer, *matter;
        double north, east;
        bool near;
    } table[] = {{"a", "SEWAGE", 0, 0, true}, {"a", "SEWAGE", 40, 0, true},
            {"a", "SEWAGE", 0, 40, true}, {"a", "SEWAGE", 0, -49, true},
            {"a", "SEWAGE", -49, 0, true}, {"a", "SEWAGE", 51, 0, false},
            {"a", "SEWAGE", 0, 51, false}, {"a", "SEWAGE", -36, 36, false},
            {"a", "SEWAGE", 34, -34, true}, {"a", "LAMP", 0, 0, false}, {"a", "FORM", 0, 0, false},
            {"a", "CALL", 0, 0, false}, {"b", "SEWAGE", 0, 0, false}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        (void)test_setup(NULL);
        struct input input =
                submit_make(table[i].peer, "T1", table[i].matter, table[i].north, table[i].east);
        struct input *inputs[] = {&input};
        resolve(inputs, 1);
        if (joins(&input) != table[i].near)
            fail_msg("row %zu", i);
    }
}

static void near_is_open_has_room_and_is_not_long_ago(void **unused)
{
    (void)unused;
    static const struct {
        const char *sql;
        bool near;
    } table[] = {{"SELECT 1", true}, {"UPDATE report SET state = 2, ended = accepted", false},
            {"UPDATE report SET withdraw_asked = true", false},
            {"UPDATE report SET ver = 0, state = 0", false},
            {"UPDATE report SET accepted = '2017-12-31 20:00Z'", true},
            {"UPDATE report SET accepted = '2017-12-31 19:59:59Z'", false},
            {"UPDATE report SET thing = NULL", false},
            {"UPDATE report SET course = "
             "'{\"callers\":[[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2]]}'",
                    true},
            {"UPDATE report SET course ="
             " '{\"callers\":[[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2]]}'",
                    false},
            {"INSERT INTO ticket VALUES ('a', 'T1', 77, '2018-01-01Z')", false}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BUF_OWNED sql = {0};
        (void)test_setup(NULL);
        buf_add_format(&sql, "SET search_path TO intake; %s", table[i].sql);
        kit_pg_run(server, sql.data);
        struct input input = submit_make("a", "T1", "SEWAGE", 0, 40);
        struct input *inputs[] = {&input};
        resolve(inputs, 1);
        if (joins(&input) != table[i].near)
            fail_msg("row %zu", i);
        assert_int_equal(resolved_of(&input)->given, input.agg != 77);
    }
}

/* What is meant as it is, and a body without a point. */
static void others_are_never_near(void **unused)
{
    (void)unused;
    for (int i = 0; i < 5; i++) {
        struct input input = submit_make("a", i == 4 ? "T9" : "T1", "SEWAGE", 0, 0);
        struct submission *body = arena_copy(&arena, input.body, sizeof *body);
        body->settled = i == 0;
        body->to = i == 1 ? "D" : "";
        body->reporter = i == 2 ? "somebody" : "";
        body->has_point = i != 3;
        input.body = body;
        (void)test_setup(NULL);
        struct input *inputs[] = {&input};
        resolve(inputs, 1);
        assert_int_equal(joins(&input), i == 4);
    }
}

/* Neither is in the table yet: both get one id. The third is near the second only; the fourth is
 * near the report that is there and so gets its id, the fifth, near the fourth, its own. */
static void two_of_one_batch_are_found(void **unused)
{
    (void)unused;
    struct input far = submit_make("a", "T1", "SEWAGE", 1000, 0);
    struct input twin = submit_make("a", "T2", "SEWAGE", 1040, 0);
    struct input third = submit_make("a", "T3", "SEWAGE", 1080, 0);
    struct input fourth = submit_make("a", "T4", "SEWAGE", 40, 0);
    struct input fifth = submit_make("a", "T5", "SEWAGE", 80, 0);
    struct input other = submit_make("b", "T1", "SEWAGE", 1000, 0);
    struct input again = submit_make("a", "T2", "SEWAGE", 1040, 0);
    struct input *inputs[] = {&fifth, &third, &again, &twin, &far, &fourth, &other};
    resolve(inputs, 7);
    assert_int_equal(twin.agg, far.agg);
    assert_int_equal(again.agg, far.agg);
    assert_true(resolved_of(&twin)->given && resolved_of(&again)->given);
    assert_true(third.agg != far.agg && third.agg != FIRST);
    assert_int_equal(fourth.agg, FIRST);
    assert_true(fifth.agg != FIRST && fifth.agg != third.agg);
    assert_true(other.agg != far.agg);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.ticket"), 6);
}

/* A report's list has room for eight; a flood in one batch does not press on one report, and the
 * second time nothing is new. */
static void flood_is_spread(void **unused)
{
    (void)unused;
    enum { FLOOD = 30 };
    static char tickets[FLOOD][8];
    struct input inputs[FLOOD];
    struct input *list[FLOOD];
    for (int round = 0; round < 2; round++) {
        int first = 0;
        for (int i = 0; i < FLOOD; i++) {
            (void)snprintf(tickets[i], sizeof tickets[i], "F%02d", i);
            inputs[i] = submit_make("a", tickets[i], "SEWAGE", 10, 0);
            list[i] = &inputs[i];
        }
        resolve(list, FLOOD);
        for (int i = 0; i < FLOOD; i++) {
            first += inputs[i].agg == FIRST;
            assert_int_equal(resolved_of(&inputs[i])->given, round == 0);
        }
        assert_int_equal(first, JOINS_MAX);
    }
    assert_true(kit_pg_int(server, "SELECT max(n) FROM (SELECT count(*) AS n FROM intake.ticket "
                                   "GROUP BY report) AS k") <= JOINS_MAX + 1);
}

/* What another instance has not committed is neither waited for nor found: two cases, which can be
 * merged. From the commit on it is found. */
static void report_of_another_instance_is_found_once_it_is_committed(void **unused)
{
    (void)unused;
    PGconn *other = PQconnectdb(kit_pg_conninfo(server, "huying_intake"));
    kit_pg_run(server, "DELETE FROM intake.report");
    PQclear(PQexec(other, "BEGIN; SET search_path TO intake"));
    PGresult *result = PQexec(other, THERE);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    for (int committed = 0; committed < 2; committed++) {
        struct input input = submit_make("a", committed ? "T2" : "T1", "SEWAGE", 40, 0);
        struct input *inputs[] = {&input};
        resolve(inputs, 1);
        assert_int_equal(joins(&input), committed);
        PQclear(PQexec(other, "COMMIT"));
    }
    PQfinish(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(near_is_by_matter_metres_and_source, test_setup),
            cmocka_unit_test_setup(near_is_open_has_room_and_is_not_long_ago, test_setup),
            cmocka_unit_test_setup(others_are_never_near, test_setup),
            cmocka_unit_test_setup(two_of_one_batch_are_found, test_setup),
            cmocka_unit_test_setup(flood_is_spread, test_setup),
            cmocka_unit_test_setup(
                    report_of_another_instance_is_found_once_it_is_committed, test_setup)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
