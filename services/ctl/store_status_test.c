/* What status and counters read of a real database: queues, ledger, counters with what is not
 * folded yet, and the services' own rows beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "services/ctl/store_counters.h"
#include "services/ctl/store_drill.h"
#include "services/ctl/store_status.h"
#include "tests/kit/pg.h"

static struct kit_pg *server;
static struct pg *pg;

static int setup(void **state)
{
    static const char *const services[] = {
            "intake", "routing", "enforcement", "volunteer", "audit"};
    (void)state;
    server = kit_pg_start(NULL);
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        kit_pg_service(server, services[i]);
    kit_pg_run(server,
            "INSERT INTO directory.unit (id, code, depth, level, kind, name_zh, name_en) "
            "VALUES (10, 'D', 0, 4, 'district', 'd', 'd')");
    pg = pg_new(kit_pg_conninfo(server, "huying_ctl"), "directory");
    return pg_wait(pg, 10000) != OK;
}

static int teardown(void **state)
{
    (void)state;
    pg_destroy(&pg);
    kit_pg_stop(&server);
    return 0;
}

static void queues_of_each_service_are_counted(void **state)
{
    struct service_queues queues[STATUS_SERVICES];
    struct ledger_state ledger = {-1, -1};
    (void)state;
    kit_pg_run(server,
            "INSERT INTO routing.timer (agg, kind, gen, due) VALUES "
            "(1, 1, 1, '2018-01-02T00:00:00Z'), (2, 1, 1, '2018-01-01T00:00:00Z'); "
            "INSERT INTO volunteer.outbox (id, dest, agg, n, type, at, due, payload, acked) VALUES "
            "(1, 2, 1, 1, 4001, now(), now(), '', NULL), (2, 2, 1, 2, 4001, now(), now(), '', "
            "now()); "
            "INSERT INTO audit.pages (id, ver) VALUES (1, 1), (2, 0); "
            "UPDATE audit.head SET size = 5");
    assert_int_equal(store_status_queues(pg, queues), OK);
    for (int i = 0; i < STATUS_SERVICES; i++)
        assert_int_equal(queues[i].service, SERVICE_INTAKE + i);
    assert_int_equal(queues[1].timers, 2);
    assert_true(queues[1].next_due_ms == INT64_C(1514764800000));
    assert_int_equal(queues[3].outbox, 1); /* what is acknowledged does not wait any more */
    assert_int_equal(queues[0].timers, 0);
    assert_int_equal(queues[0].next_due_ms, 0);
    assert_int_equal(store_status_ledger(pg, &ledger), OK);
    assert_int_equal(ledger.size, 5);
    assert_int_equal(ledger.unplaced, 1); /* a stub is no page yet */
}

static void row_keep(void *self, const struct counter_row *row)
{
    char *seen = self;
    size_t used = strlen(seen);
    snprintf(seen + used, 256 - used, "%lld %s=%lld/%lld; ", (long long)row->metric, row->field,
            (long long)row->table, (long long)row->truth);
}

static void counters_stand_beside_the_cases(void **state)
{
    char seen[256] = "", fast[256] = "";
    (void)state;
    kit_pg_run(server,
            "INSERT INTO routing.counter (metric, unit, matter, value, fold) VALUES "
            "(0, 0, 0, 4, 1), (0, 10, 0, 4, 1), (1, 99, 0, 1, 1), (1, 0, 77, 2, 1); "
            "INSERT INTO routing.counter_delta (metrics, units, matters, amounts) VALUES "
            "('{0,0}', '{0,10}', '{0,0}', '{-3,-3}'); "
            "INSERT INTO routing.cases (id, ver, state, unit) VALUES (1, 1, 2, 10), (2, 0, 2, 10)");
    assert_int_equal(store_counters(pg, SERVICE_ROUTING, true, row_keep, seen), OK);
    assert_string_equal(seen, "0 all=1/1; 0 u:D=1/1; 1 m:77=2/0; 1 u:99=1/0; ");
    assert_int_equal(store_counters(pg, SERVICE_ROUTING, false, row_keep, fast), OK);
    assert_string_equal(fast, "0 all=1/0; 0 u:D=1/0; 1 m:77=2/0; 1 u:99=1/0; ");
    for (enum service_id id = SERVICE_INTAKE; id <= SERVICE_VOLUNTEER; id++)
        assert_int_equal(store_counters(pg, id, true, row_keep, fast), OK);
}

/* Of one case the history is there, of another it went with the data, a third was removed. */
static void figures_count_transitions_that_went_by_age(void **state)
{
    struct drill_figures before, after;
    (void)state;
    assert_int_equal(store_drill_figures(pg, &before), OK);
    kit_pg_run(server, "INSERT INTO enforcement.missions (id, ver) VALUES (11, 1), (12, -4);"
                       "INSERT INTO enforcement.history (agg, ver, kind, from_state, to_state, at,"
                       " unit, rule_ver, page, idx) VALUES (11, 1, 1, 0, 1, now(), 0, 1, 1, 0);"
                       "INSERT INTO enforcement.horizon (minter, below, removed, leaves)"
                       " VALUES (1, 9, 1, 6)");
    assert_int_equal(store_drill_figures(pg, &after), OK);
    assert_int_equal(after.history - before.history, 1 + 4 + 6);
    assert_int_equal(after.missions - before.missions, 1);
}

/* A drill whose clock is read as its site's local time: the year's end counts 45 days ahead. */
static void calendar_names_the_first_year_without_data(void **state)
{
    static const struct {
        const char *clock;
        int year;
    } cases[] = {
            {"2026-06-01T00:00:00Z", 0},
            {"2026-11-16T15:59:59Z", 0}, /* 45 days later it is still 2026 in China … */
            {"2026-11-16T16:00:00Z", 2027},
            {"2025-12-31T15:59:59Z", 2025},
            {"2025-12-31T16:00:00Z", 0},
            {"2031-06-01T00:00:00Z", 2031},
    };
    int32_t year = -1;
    (void)state;
    assert_int_equal(store_calendar_missing(pg, &year), OK);
    assert_int_equal(year, 0); /* no profile */
    kit_pg_run(server,
            "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill,"
            " clock, version) VALUES (7, 'PY', 'p', 'p', 28800, true, now(), 1);"
            "INSERT INTO directory.matter (code, category, name_zh, name_en, start_level,"
            " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min) VALUES"
            " ('A', 'c', 'm', 'm', 1, 1, 'all', 0, 0, 0, 0);"
            "INSERT INTO directory.calendar_day (day, working) VALUES ('2026-10-01', false)");
    kit_pg_run(server, "UPDATE directory.site SET clock = '2031-06-01T00:00:00Z'");
    assert_int_equal(store_calendar_missing(pg, &year), OK);
    assert_int_equal(year, 0); /* no matter counts working time */
    kit_pg_run(server, "UPDATE directory.matter SET clock = 'work'");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sql[128];
        snprintf(sql, sizeof(sql), "UPDATE directory.site SET clock = '%s'", cases[i].clock);
        kit_pg_run(server, sql);
        assert_int_equal(store_calendar_missing(pg, &year), OK);
        if (year != cases[i].year)
            fail_msg("%s: found %d, expected %d", cases[i].clock, (int)year, cases[i].year);
    }
    kit_pg_run(server, "UPDATE directory.matter SET retired = true");
    assert_int_equal(store_calendar_missing(pg, &year), OK);
    assert_int_equal(year, 0);
}

static void lost_server_is_transient(void **state)
{
    struct service_queues queues[STATUS_SERVICES];
    struct ledger_state ledger;
    char seen[256] = "";
    (void)state;
    kit_pg_crash(server);
    assert_int_equal(store_status_queues(pg, queues), ERR_TRANSIENT);
    assert_int_equal(store_status_ledger(pg, &ledger), ERR_TRANSIENT);
    assert_int_equal(store_counters(pg, SERVICE_INTAKE, true, row_keep, seen), ERR_TRANSIENT);
    assert_string_equal(seen, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(queues_of_each_service_are_counted),
            cmocka_unit_test(counters_stand_beside_the_cases),
            cmocka_unit_test(figures_count_transitions_that_went_by_age),
            cmocka_unit_test(calendar_names_the_first_year_without_data),
            cmocka_unit_test(lost_server_is_transient)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
