/* The directory as read from a real PostgreSQL: every column arrives, retired rows behave as
 * pure_directory.h says, and what goes wrong ends in one class and leaves the connection usable. */
#include "services/kernel/store/directory.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "services/kernel/base/clock.h"
#include "tests/kit/pg.h"

#define DEADLINE_MS 20000

static const char FILL[] =
        "DELETE FROM directory.staff; DELETE FROM directory.unit; DELETE FROM directory.matter;"
        "DELETE FROM directory.site;"
        "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill,"
        " version) VALUES (7, 'LA', '市', 'City', -28800, false, 3);"
        "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en,"
        " capabilities, members, capacity, retired) VALUES"
        " (1, 'D', NULL, 0, 4, 'district', '区', 'District', '', 3, 0, false),"
        " (2, 'S', 1, 1, 3, 'street', '街', 'Street', 'a;b', 1, 2, false),"
        " (3, 'S/OLD', 2, 2, 3, 'desk', '旧', 'Old', '', 1, 2, true),"
        " (4, 'S/SQ', 2, 2, 3, 'squad', '队', 'Squad', 'fire', 9, 1, false);"
        "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"
        " handler_kind, handler_grid, handler_village, handler_street, handler_district, clock,"
        " accept_min, handle_min, step_up_min, verify_min, squad_capability, retired) VALUES"
        " (1, 'M', 'c', '事', 'Matter', 3, 3, 'G', 'V', 'SQ', 'D', 'all', 1, 2, 3, 4, 'fire', "
        "false),"
        " (2, 'OLD', 'c', '旧', 'Old', 3, 3, '', '', 'OLD', '', 'work', 1, 2, 3, 4, '', true);"
        "INSERT INTO directory.staff (id, code, name, unit, role, skills, from_min, to_min, "
        "retired)"
        " VALUES (1, 'W', '甲', 2, 'worker', 'x;y', 60, 120, false),"
        " (2, 'GONE', '乙', 2, 'worker', '', 0, 1440, true)";

static struct kit_pg *server;

struct got {
    int calls;
    enum err err;
    struct directory *directory;
};

static void got_take(void *self, enum err err, struct directory *directory, const char *message)
{
    (void)message;
    struct got *got = self;
    got->calls++;
    got->err = err;
    got->directory = directory;
}

static struct pg *connection(const char *role)
{
    struct pg *pg = pg_new(kit_pg_conninfo(server, role), "directory");
    pg_prepare(pg, DIRECTORY_STATEMENTS, DIRECTORY_STATEMENT_COUNT);
    assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    return pg;
}

static struct got load(struct pg *pg)
{
    struct got got = {0};
    directory_load_start(pg, got_take, &got);
    assert_int_equal(got.calls, 0);
    assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    assert_int_equal(got.calls, 1);
    return got;
}

static void load_all_columns(void **state)
{
    (void)state;
    kit_pg_run(server, FILL);
    struct pg *pg = connection("huying_routing");
    struct got got = load(pg);
    assert_int_equal(got.err, OK);
    struct directory *d = got.directory;
    assert_int_equal(directory_version(d), 3);
    assert_int_equal(directory_site(d), 7);
    assert_int_equal(directory_utc_offset_s(d), -28800);
    assert_string_equal(directory_site_letters(d), "LA");
    const struct unit *street = unit_find_code(d, "S");
    assert_non_null(street);
    assert_int_equal(street->parent, 1);
    assert_int_equal(street->level, LEVEL_STREET);
    assert_string_equal(street->capabilities, "a;b");
    assert_int_equal(street->members * 10 + street->capacity, 12);
    const struct matter *matter = matter_find_code(d, "M");
    assert_non_null(matter);
    assert_int_equal(matter->start_level, LEVEL_STREET);
    assert_int_equal(matter->handler, HANDLER_SQUAD);
    assert_string_equal(matter->handler_code[LEVEL_GRID], "G");
    assert_string_equal(matter->handler_code[LEVEL_DISTRICT], "D");
    assert_string_equal(matter->squad_capability, "fire");
    assert_int_equal(matter->accept_ms, 60000);
    assert_int_equal(matter->handle_ms, 120000);
    assert_int_equal(matter->step_up_ms, 180000);
    assert_int_equal(matter->verify_ms, 240000);
    assert_true(matter->all_hours);
    assert_string_equal(directory_handler(d, matter, street, LEVEL_STREET)->code, "S/SQ");
    const struct staff *staff = staff_find(d, "W");
    assert_non_null(staff);
    assert_int_equal(staff->unit, 2);
    assert_string_equal(staff->skills, "x;y");
    assert_int_equal(staff->from_min * 1000 + staff->to_min, 60120);
    directory_destroy(&d);
    pg_destroy(&pg);
}

static struct directory *load_good(struct pg *pg)
{
    struct got got = load(pg);
    assert_int_equal(got.err, OK);
    return got.directory;
}

/* What units say of their hours, whose hours they have otherwise, and the calendar's days. */
static void load_hours_and_calendar(void **state)
{
    (void)state;
    kit_pg_run(server, FILL);
    kit_pg_run(server,
            "UPDATE directory.site SET hours = '09:00-10:00';"
            "UPDATE directory.unit SET duty = 'work 22:00-06:00' WHERE code = 'S';"
            "UPDATE directory.unit SET duty = 'all, 5 min' WHERE code = 'S/SQ';"
            "UPDATE directory.unit SET duty = 'work' WHERE code = 'S/OLD';"
            "INSERT INTO directory.calendar_day (day, working) VALUES ('2026-10-10', true),"
            " ('2026-10-01', false)");
    struct pg *pg = connection("huying_routing");
    struct directory *d = load_good(pg);
    assert_int_equal(unit_find_code(d, "D")->hours->shifts[0].from, 540);
    assert_int_equal(unit_find_code(d, "S")->hours->shifts[0].to, 1800);
    assert_ptr_equal(unit_find_code(d, "S/SQ")->hours, unit_find_code(d, "S")->hours);
    assert_ptr_equal(unit_find(d, 3)->hours, unit_find_code(d, "D")->hours);
    const struct calendar *calendar = directory_calendar(d);
    assert_true(calendar_knows(calendar, 2026));
    assert_false(calendar_knows(calendar, 2025) || calendar_knows(calendar, 2027));
    /* Thursday 1 October is off, Saturday 10 is worked: 7 days of the first ten, from midnight. */
    int64_t passed = 0, from = INT64_C(1790841600000), to = from + 10 * INT64_C(86400000);
    assert_int_equal(hours_between(calendar, unit_find_code(d, "D")->hours, from, to, &passed), 0);
    assert_int_equal(passed, 7 * 3600000);
    directory_destroy(&d);
    pg_destroy(&pg);
    kit_pg_run(server, "DELETE FROM directory.calendar_day");
}

static void load_catalogue(void **state)
{
    (void)state;
    kit_pg_run(server, FILL);
    kit_pg_run(server,
            "UPDATE directory.matter SET arrive_min = 7, dup_m = 50, dup_h = 24,"
            " evidence = 'photo4+seizure_list', urgency = 'emergency', village_duty = 'assist',"
            " street_duty = 'main', district_duty = '', verifier = 'street', self_handle = '1',"
            " volunteer = 'first', squad = 'must', privacy = 'masked' WHERE code = 'M';"
            "UPDATE directory.matter SET urgency = 'of old', evidence = '?' WHERE code = 'OLD';"
            "UPDATE directory.unit SET matters_main = 'M;N', matters_assist = '*'"
            " WHERE code = 'S/SQ';"
            "UPDATE directory.unit SET duty = 'of old' WHERE code = 'S/OLD'");
    struct pg *pg = connection("huying_routing");
    struct directory *d = load_good(pg);
    const struct matter *matter = matter_find_code(d, "M");
    assert_int_equal(matter->arrive_ms, 420000);
    assert_int_equal(matter->dup_m * 100 + matter->dup_h, 5024);
    assert_int_equal(matter->evidence_count, 2);
    assert_int_equal(matter->evidence[0].kind, EVIDENCE_PHOTO);
    assert_int_equal(matter->evidence[0].count, 4);
    assert_int_equal(matter->evidence[1].kind, EVIDENCE_SEIZURE_LIST);
    assert_int_equal(matter->urgency, URGENCY_EMERGENCY);
    assert_int_equal(matter->duty[LEVEL_VILLAGE], DUTY_ASSIST);
    assert_int_equal(matter->duty[LEVEL_STREET], DUTY_MAIN);
    assert_int_equal(matter->duty[LEVEL_DISTRICT], DUTY_NONE);
    assert_int_equal(matter->verifier, VERIFIER_STREET);
    assert_true(matter->self_handle);
    assert_int_equal(matter->volunteers, VOLUNTEERS_FIRST);
    assert_int_equal(matter->squads, SQUADS_MUST);
    assert_int_equal(matter->privacy, PRIVACY_MASKED);
    assert_int_equal(unit_duty(unit_find_code(d, "S/SQ"), matter), DUTY_MAIN);
    assert_int_equal(unit_duty(unit_find_code(d, "S"), matter), DUTY_MAIN); /* its level's */
    assert_int_equal(matter_find(d, 2)->urgency, URGENCY_NORMAL);
    directory_destroy(&d);
    pg_destroy(&pg);
}

/* What apply refuses is no directory either. */
static void load_refuses_words_that_are_none(void **state)
{
    static const char *const changes[] = {
            "UPDATE directory.site SET hours = 'work'",
            "UPDATE directory.unit SET duty = 'sometimes' WHERE code = 'S'",
            "UPDATE directory.matter SET urgency = 'soon' WHERE code = 'M'",
            "UPDATE directory.matter SET privacy = 'secret' WHERE code = 'M'",
            "UPDATE directory.matter SET evidence = 'photo+photo' WHERE code = 'M'",
            "INSERT INTO directory.calendar_day VALUES ('1970-01-01', true), ('2034-01-01', true)",
    };
    (void)state;
    struct pg *pg = connection("huying_routing");
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        kit_pg_run(server, FILL);
        kit_pg_run(server, changes[i]);
        struct got got = load(pg);
        if (got.err != ERR_MALFORMED || got.directory != NULL)
            fail_msg("%s: found err %d", changes[i], got.err);
    }
    kit_pg_run(server, "DELETE FROM directory.calendar_day");
    pg_destroy(&pg);
}

static void load_retired_found_by_id_only(void **state)
{
    (void)state;
    kit_pg_run(server, FILL);
    struct pg *pg = connection("huying_routing");
    struct got got = load(pg);
    assert_int_equal(got.err, OK);
    struct directory *d = got.directory;
    const struct unit *street = unit_find(d, 2);
    assert_non_null(unit_find(d, 3));
    assert_null(unit_find_code(d, "S/OLD"));
    assert_string_equal(unit_child(d, street, 0)->code, "S/SQ");
    assert_null(unit_child(d, street, 1));
    assert_non_null(matter_find(d, 2));
    assert_null(matter_find_code(d, "OLD"));
    assert_string_equal(directory_handler(d, matter_find(d, 2), street, LEVEL_STREET)->code, "S");
    assert_null(staff_find(d, "GONE"));
    directory_destroy(&d);
    pg_destroy(&pg);
}

/* By id any version of a matter, by code the present one; and no code has two. */
static void load_versions_of_a_matter(void **state)
{
    (void)state;
    kit_pg_run(server, FILL);
    kit_pg_run(server,
            "UPDATE directory.matter SET retired = true WHERE id = 1;"
            "INSERT INTO directory.matter (id, item, code, category, name_zh, name_en,"
            " start_level, handler_kind, clock, accept_min, handle_min, step_up_min,"
            " verify_min) VALUES (3, 1, 'M', 'c', '事', 'Matter', 3, 3, 'all', 1, 20, 3, 4)");
    struct pg *pg = connection("huying_routing");
    struct directory *d = load_good(pg);
    assert_int_equal(matter_find(d, 1)->handle_ms, 120000);
    assert_int_equal(matter_find(d, 1)->item, 1);
    assert_int_equal(matter_find_code(d, "M")->handle_ms, 1200000);
    assert_int_equal(matter_find_code(d, "M")->item, 1);
    struct pg *writer = connection("huying_ctl");
    assert_null(pg_exec(writer, "UPDATE directory.matter SET retired = false", NULL));
    pg_destroy(&writer);
    directory_destroy(&d);
    pg_destroy(&pg);
}

/* What a transaction has written so far, before anybody else sees it. */
static void load_within_a_transaction(void **state)
{
    (void)state;
    kit_pg_run(server, FILL);
    struct pg *pg = connection("huying_ctl");
    struct directory *directory = NULL;
    const char *why = NULL;
    PQclear(pg_exec(pg, "BEGIN", NULL));
    PQclear(pg_exec(pg, "UPDATE directory.site SET version = 4", NULL));
    assert_int_equal(directory_load_within(pg, &directory, &why), OK);
    assert_int_equal(directory_version(directory), 4);
    assert_string_equal(why, "");
    directory_destroy(&directory);
    PQclear(pg_exec(pg, "UPDATE directory.unit SET duty = 'sometimes' WHERE code = 'S'", NULL));
    assert_int_equal(directory_load_within(pg, &directory, &why), ERR_MALFORMED);
    assert_string_equal(why, "directory.unit: a duty that is not understood");
    PQclear(pg_exec(pg, "ROLLBACK", NULL));
    assert_int_equal(kit_pg_int(server, "SELECT version FROM directory.site"), 3);
    pg_destroy(&pg);
}

static void load_without_site_is_not_found(void **state)
{
    (void)state;
    kit_pg_run(server, FILL);
    kit_pg_run(server, "DELETE FROM directory.site");
    struct pg *pg = connection("huying_routing");
    assert_int_equal(load(pg).err, ERR_NOT_FOUND);
    struct directory *directory = NULL;
    assert_int_equal(directory_load_now(pg, &directory), ERR_NOT_FOUND);
    assert_null(directory);
    kit_pg_run(server, FILL);
    struct got got = load(pg);
    assert_int_equal(got.err, OK);
    directory_destroy(&got.directory);
    assert_int_equal(directory_load_now(pg, &directory), OK);
    assert_int_equal(directory_version(directory), 3);
    directory_destroy(&directory);
    pg_destroy(&pg);
}

/* The transaction that failed on the server is rolled back: the next load works. */
static void load_after_failed_statement_works(void **state)
{
    (void)state;
    kit_pg_run(server, FILL);
    struct pg *pg = connection("huying_routing");
    kit_pg_run(server, "REVOKE SELECT ON directory.matter FROM huying_routing");
    struct got got = load(pg);
    assert_int_not_equal(got.err, OK);
    assert_null(got.directory);
    kit_pg_run(server, "GRANT SELECT ON directory.matter TO huying_routing");
    got = load(pg);
    assert_int_equal(got.err, OK);
    directory_destroy(&got.directory);
    pg_destroy(&pg);
}

static void load_lost_connection_ends_once(void **state)
{
    (void)state;
    struct pg *pg = connection("huying_routing");
    struct got got = {0};
    directory_load_start(pg, got_take, &got);
    pg_reset(pg);
    assert_int_equal(got.calls, 1);
    assert_int_equal(got.err, ERR_TRANSIENT);
    pg_destroy(&pg);
    assert_int_equal(got.calls, 1);
}

static int setup(void **state)
{
    (void)state;
    server = kit_pg_start(NULL);
    kit_pg_kernel(server, "routing");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_pg_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(load_all_columns),
            cmocka_unit_test(load_hours_and_calendar),
            cmocka_unit_test(load_catalogue),
            cmocka_unit_test(load_refuses_words_that_are_none),
            cmocka_unit_test(load_retired_found_by_id_only),
            cmocka_unit_test(load_versions_of_a_matter),
            cmocka_unit_test(load_within_a_transaction),
            cmocka_unit_test(load_without_site_is_not_found),
            cmocka_unit_test(load_after_failed_statement_works),
            cmocka_unit_test(load_lost_connection_ends_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
