/* The kit tests the schemas that everything rests on: the roles' rights and the site's
 * incarnation. */
#include "tests/kit/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define SITE_ROW                                                                                   \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, "         \
    "version) "                                                                                    \
    "VALUES (7, 'LA', '市', 'City', -28800, false, 1)"

static struct kit_pg *pg;

static int setup(void **state)
{
    (void)state;
    pg = kit_pg_start(NULL);
    kit_pg_service(pg, "routing");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_pg_stop(&pg);
    return 0;
}

/* SQLSTATE of one statement run as a role, "" when it worked. */
static const char *state_as(const char *role, const char *sql, char ret[6])
{
    PGconn *conn = PQconnectdb(kit_pg_conninfo(pg, role));
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    PGresult *result = PQexec(conn, sql);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(ret, 6, "%s", state != NULL ? state : "");
    PQclear(result);
    PQfinish(conn);
    return ret;
}

static void rights_table(void **state)
{
    static const struct {
        const char *role, *sql, *sqlstate;
    } cases[] = {
            {"huying_routing", "SELECT count(*) FROM routing.outbox", ""},
            {"huying_routing", "INSERT INTO routing.suspect VALUES (1, 1)", ""},
            {"huying_routing", "UPDATE routing.suspect SET attempts = 2", ""},
            {"huying_routing", "DELETE FROM routing.suspect", ""},
            {"huying_routing", "TRUNCATE routing.suspect", "42501"},
            {"huying_routing", "CREATE TABLE routing.x (a int)", "42501"},
            {"huying_routing", "DROP TABLE routing.suspect", "42501"},
            {"huying_routing", "CREATE TABLE public.x (a int)", "42501"},
            {"huying_routing", "SELECT count(*) FROM directory.unit", ""},
            {"huying_routing", "SELECT * FROM directory.site_attach(0)", ""},
            {"huying_routing", "SELECT directory.site_restored()", "42501"},
            {"huying_routing", "UPDATE directory.site SET version = 9", "42501"},
            {"huying_intake", "SELECT count(*) FROM routing.outbox", "42501"},
            {"huying_intake", "DELETE FROM routing.outbox", "42501"},
            {"huying_ctl", "SELECT count(*) FROM routing.outbox", ""},
            {"huying_ctl", "DELETE FROM routing.outbox", "42501"},
            {"huying_ctl", "UPDATE directory.site SET version = version", ""},
            {"huying_ctl", "SELECT directory.site_restored()", ""},
            {"huying_ctl", "CREATE TABLE directory.x (a int)", "42501"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char found[6];
        print_message("%s: %s\n", cases[i].role, cases[i].sql);
        assert_string_equal(state_as(cases[i].role, cases[i].sql, found), cases[i].sqlstate);
    }
}

static void attach_raises_once_per_cluster(void **state)
{
    (void)state;
    assert_int_equal(kit_pg_int(pg, "SELECT count(*) FROM directory.site_attach(0)"), 0);
    kit_pg_run(pg, SITE_ROW);
    long long first = kit_pg_int(pg, "SELECT incarnation FROM directory.site_attach(0)");
    assert_true(first > 1700000000);
    assert_int_equal(kit_pg_int(pg, "SELECT incarnation FROM directory.site_attach(0)"), first);
    /* Nothing is written while nothing changed: it works in a read-only transaction. */
    kit_pg_run(pg, "BEGIN READ ONLY; SELECT * FROM directory.site_attach(0); COMMIT");
    kit_pg_run(pg, "UPDATE directory.site SET timeline = timeline + 1");
    long long second = kit_pg_int(pg, "SELECT incarnation FROM directory.site_attach(0)");
    assert_true(second > first);
    kit_pg_run(pg, "UPDATE directory.site SET system_id = 5, incarnation = 9000000000");
    assert_int_equal(
            kit_pg_int(pg, "SELECT incarnation FROM directory.site_attach(0)"), 9000000001);
    assert_int_equal(kit_pg_int(pg, "SELECT directory.site_restored()"), 9000000002);
    assert_int_equal(
            kit_pg_int(pg, "SELECT incarnation FROM directory.site_attach(0)"), 9000000002);
    /* Who knows of a later one than this server has finds that it went back, and only the first. */
#define BACK(known) "SELECT went_back::int FROM directory.site_attach(" known ")"
    assert_int_equal(kit_pg_int(pg, BACK("9000000002")), 0);
    assert_int_equal(kit_pg_int(pg, BACK("9000000007")), 1);
    assert_int_equal(kit_pg_int(pg, BACK("9000000007")), 0);
    assert_int_equal(
            kit_pg_int(pg, "SELECT incarnation FROM directory.site_attach(0)"), 9000000008);
    kit_pg_run(pg, "UPDATE directory.site SET timeline = timeline + 1");
    assert_int_equal(kit_pg_int(pg, BACK("9000000008")), 0);
#undef BACK
}

static void crash_keeps_what_was_committed(void **state)
{
    (void)state;
    kit_pg_run(pg, "CREATE TABLE public.kept (a int); INSERT INTO public.kept VALUES (42)");
    kit_pg_crash(pg);
    kit_pg_restart(pg);
    assert_int_equal(kit_pg_int(pg, "SELECT a FROM public.kept"), 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(rights_table),
            cmocka_unit_test(attach_raises_once_per_cluster),
            cmocka_unit_test(crash_keeps_what_was_committed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
