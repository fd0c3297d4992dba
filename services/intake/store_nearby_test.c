/* Which cases are near, on a real PostgreSQL: of the matter, within its metres and hours, open, of
 * any source; the nearest first, at most ten; and what a question may not have. */
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "services/intake/nearby.h"
#include "services/intake/store_nearby.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/pure_id.h"
#include "tests/kit/pg.h"

#define DEADLINE_MS 20000
#define METRE (1 / 111195.0) /* degrees of latitude */
#define FILL                                                                                       \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, clock,"   \
    " version) VALUES (1, 'TT', '市', 'City', 0, true, '2018-01-01 00:00Z', 1)"
/* At 113 E 60 N, where a degree of longitude has half the metres of one of latitude. */
#define REPORT(id, source, thing, accepted, north, east)                                           \
    "INSERT INTO report (id, ver, state, matter, accepted, source, ref, thing, north, east)"       \
    " VALUES (" id ", 1, 1, 7, '" accepted "', '" source "', 'T" id "', " thing                    \
    ", 60000000 + " north ", 113000000 + " east ");"
#define LATE "2017-12-31 22:00Z"

static struct kit_pg *server;
static struct pg *pg;
static struct arena arena;
static struct directory *directory;

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
        .id = (number), .code = (text), .name_zh = "下水", .name_en = "", .category = "",          \
        .handler_code = {"", "", "", "", ""}, .squad_capability = "", .dup_m = (metres),           \
        .dup_h = (hours)                                                                           \
    }
    static const struct matter matters[] = {
            MATTER(7, "SEWAGE", 50, 4), MATTER(8, "FORM", 0, 4), MATTER(9, "LAMP", 50, 4)};
    arena_init(&arena, 16 << 20);
    intake_language_set("en");
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
    pg_prepare(pg, &nearby_statement, 1);
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

static int test_setup(void **state)
{
    (void)state;
    kit_pg_run(server, "SET search_path TO intake; TRUNCATE ticket, report");
    return 0;
}

static void fill(const char *sql)
{
    BUF_OWNED text = {0};
    buf_add_format(&text, "SET search_path TO intake; %s", sql);
    kit_pg_run(server, text.data);
}

static void segment_done(void *self, enum err err, const char *message)
{
    if (err)
        print_message("%s\n", message);
    assert_int_equal(err, OK);
    *(bool *)self = true;
}

static void rows_take(void *self, const PGresult *rows)
{
    nearby_answer(rows, directory, self);
}

static size_t search(const char *matter, double north, double east, struct nearby_case *ret)
{
    struct clock clock = clock_system();
    int64_t until = clock.monotonic_ms(clock.self) + DEADLINE_MS;
    const struct nearby_query query = {.matter = matter,
            .longitude = 113 + east * METRE / 0.5,
            .latitude = 60 + north * METRE};
    BUF_OWNED payload = {0};
    BUF_OWNED answer = {0};
    struct params params = {0};
    const char *why = NULL;
    bool done = false;
    size_t count = 0;
    nearby_query_encode(&query, &payload);
    assert_int_equal(nearby_bind((struct bytes){(const uint8_t *)payload.data, payload.size},
                             directory, "", &arena, &params, &why),
            OK);
    pg_queue(pg, &nearby_statement, &params, rows_take, &answer);
    pg_sync(pg, segment_done, &done);
    while (!done && clock.monotonic_ms(clock.self) < until) {
        struct pollfd item = {.fd = pg_fd(pg), .events = pg_events(pg)};
        (void)poll(&item, 1, 20);
        pg_turn(pg, clock.monotonic_ms(clock.self));
    }
    assert_true(done);
    assert_int_equal(nearby_decode((struct bytes){(const uint8_t *)answer.data, answer.size},
                             &arena, ret, &count),
            OK);
    params_fini(&params);
    return count;
}

static void near_is_by_matter_metres_hours_and_state(void **unused)
{
    (void)unused;
    static const struct {
        const char *sql, *matter;
        double north, east;
        size_t count;
    } table[] = {{"", "SEWAGE", 0, 0, 1}, {"", "下水", 0, 0, 1}, {"", "SEWAGE", 49, 0, 1},
            {"", "SEWAGE", 51, 0, 0}, {"", "SEWAGE", 0, -49, 1}, {"", "SEWAGE", 0, 51, 0},
            {"", "SEWAGE", 36, 36, 0}, {"", "LAMP", 0, 0, 0}, {"", "FORM", 0, 0, 0},
            {"UPDATE report SET source = 'other'", "SEWAGE", 0, 0, 1},
            {"UPDATE report SET state = 2, ended = accepted", "SEWAGE", 0, 0, 0},
            {"UPDATE report SET accepted = '2017-12-31 20:00Z'", "SEWAGE", 0, 0, 1},
            {"UPDATE report SET accepted = '2017-12-31 19:59:59Z'", "SEWAGE", 0, 0, 0}};
    struct nearby_case found[NEARBY_MAX];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        (void)test_setup(NULL);
        fill(REPORT("1000", "a", "7", LATE, "0", "0"));
        fill(table[i].sql);
        if (search(table[i].matter, table[i].north, table[i].east, found) != table[i].count)
            fail_msg("row %zu", i);
    }
}

static void a_case_says_how_far_how_old_and_by_how_many(void **unused)
{
    (void)unused;
    struct nearby_case found[NEARBY_MAX];
    fill(REPORT("1000", "a", "7", LATE, "0", "0") REPORT("1001", "b", "7", LATE, "180", "0")
                    REPORT("1002", "b", "7", LATE, "90", "0") "UPDATE report SET course = "
                                                              "'{\"joined\":2,\"callers\":[[1,2],"
                                                              "[1,2],[1,2]]}' WHERE id = 1001;"
                                                              "UPDATE report SET withdraw_asked = "
                                                              "true WHERE id = 1002");
    assert_int_equal(search("SEWAGE", 0, 0, found), 3);
    char number[CASE_NUMBER_SIZE];
    case_number_format(number, "TT", 1000, INT64_C(1514757600000), 0);
    assert_string_equal(found[0].number, number);
    assert_string_equal(found[0].state, "accepted");
    assert_int_equal(found[0].distance_m, 0);
    assert_int_equal(found[0].accepted_ms, INT64_C(1514757600000));
    assert_int_equal(found[0].reported, 1);
    assert_true(found[0].joinable);
    assert_int_equal(found[1].distance_m, 10);
    assert_false(found[1].joinable); /* somebody takes it back */
    assert_int_equal(found[2].distance_m, 20);
    assert_int_equal(found[2].reported, 3);
    assert_true(found[2].joinable);
    fill("UPDATE report SET course = '{\"callers\":[[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],"
         "[1,2]]}' WHERE id = 1000");
    assert_int_equal(search("SEWAGE", 0, 0, found), 3);
    assert_false(found[0].joinable); /* there is no room */
}

static void ten_are_listed_the_nearest_first(void **unused)
{
    (void)unused;
    struct nearby_case found[NEARBY_MAX];
    BUF_OWNED sql = {0};
    for (int i = 0; i < 14; i++)
        buf_add_format(&sql,
                "INSERT INTO report (id, ver, state, matter, accepted, source, ref, thing, north, "
                "east) VALUES (%d, 1, 1, 7, '" LATE "', 'a', 'T', 7, %d, 113000000);",
                1000 + i, 60000000 + (13 - i) * 30);
    fill(sql.data);
    assert_int_equal(search("SEWAGE", 0, 0, found), NEARBY_MAX);
    for (size_t i = 1; i < NEARBY_MAX; i++)
        assert_true(found[i - 1].distance_m < found[i].distance_m);
    assert_int_equal(found[0].distance_m, 0);
}

static void a_question_has_a_known_matter_and_a_point(void **unused)
{
    (void)unused;
    static const struct {
        struct nearby_query query;
        const char *why;
    } table[] = {{{"", 113, 60, COORDINATES_WGS84}, "matter must be given"},
            {{"SEWAGE", 181, 60, COORDINATES_WGS84}, "longitude must be"},
            {{"SEWAGE", 113, 91, COORDINATES_WGS84}, "latitude must be"},
            {{"SEWAGE", NAN, 60, COORDINATES_WGS84}, "longitude must be"},
            {{"SEWAGE", 113, 60, COORDINATES_COUNT}, "coordinates must be"},
            {{"NOTHING", 113, 60, COORDINATES_WGS84}, "The catalogue has no such matter."}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BUF_OWNED payload = {0};
        struct nearby_search search = {.thing = 0};
        const char *why = "";
        nearby_query_encode(&table[i].query, &payload);
        assert_int_equal(
                nearby_query_decode((struct bytes){(const uint8_t *)payload.data, payload.size},
                        directory, &arena, &search, &why),
                ERR_MALFORMED);
        if (strncmp(why, table[i].why, strlen(table[i].why)) != 0)
            fail_msg("row %zu: %s", i, why);
    }
}

static void a_question_in_gcj02_means_the_place_in_wgs84(void **unused)
{
    (void)unused;
    const struct nearby_query query = {
            "SEWAGE", 113.389505983382, 22.934917426481, COORDINATES_GCJ02};
    BUF_OWNED payload = {0};
    struct nearby_search search = {.thing = 0};
    const char *why = NULL;
    nearby_query_encode(&query, &payload);
    assert_int_equal(
            nearby_query_decode((struct bytes){(const uint8_t *)payload.data, payload.size},
                    directory, &arena, &search, &why),
            OK);
    assert_int_equal(search.spot.east, 113384000);
    assert_int_equal(search.spot.north, 22937500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(near_is_by_matter_metres_hours_and_state, test_setup),
            cmocka_unit_test_setup(a_case_says_how_far_how_old_and_by_how_many, test_setup),
            cmocka_unit_test_setup(ten_are_listed_the_nearest_first, test_setup),
            cmocka_unit_test(a_question_has_a_known_matter_and_a_point),
            cmocka_unit_test(a_question_in_gcj02_means_the_place_in_wgs84),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
