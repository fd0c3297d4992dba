/* The plans of a service's statements when nothing is in its tables, and when the server has noted
 * that nothing is. Such a plan is kept, and is what runs when the tables fill up: each of them has
 * to find its rows by an index's condition. Compiled once for each service, as PLANS_OPS
 * says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/kernel/store/chores.h"
#include "services/kernel/store/life.h"
#include "tests/kit/store.h"

extern const struct aggregate_ops intake_ops, enforcement_ops, volunteer_ops;
struct aggregate_ops routing_ops(void);
struct aggregate_ops audit_ops(void);

/* Few rows, always: of the site, of its instances, of the units and matters that are counted, of
 * those who want callbacks. */
static const char *const small[] = {"site", "horizon", "period", "clock_anchor", "id_block",
        "session", "attempt", "suspect", "head", "squad", "grid", "counter", "counter_head",
        "counter_kept", "unit", "matter", "subscriber", NULL};

/* These read partial indexes of what is to be done, or everything, at long intervals. */
static const char *const exempt[] = {"k_recount", "k_life_raise", NULL};

/* Statements of connections of the service's own. */
#ifdef PLANS_MORE
extern const struct statement PLANS_MORE[];
static const struct statement *const own_statements = PLANS_MORE;
static const size_t own_count = PLANS_MORE_COUNT;
#else
static const struct statement *const own_statements = NULL;
static const size_t own_count = 0;
#endif

static struct aggregate_ops ops;

static bool is_exempt(const char *name)
{
    if (strcmp(name, "k_work") == 0)
        return ops.service == SERVICE_ENFORCEMENT;
    for (size_t i = 0; exempt[i]; i++)
        if (strcmp(exempt[i], name) == 0)
            return true;
    return false;
}

static bool is_small(const char *scan)
{
    const char *table = strstr(scan, " on ") + 4;
    size_t length = strcspn(table, " ");
    for (size_t i = 0; small[i]; i++)
        if (strlen(small[i]) == length && memcmp(small[i], table, length) == 0)
            return true;
    return false;
}

/* A bitmap's heap scan reads what the scan of an index below it found. The outbox is looked through
 * once for all that may shrink, and only while it is short (life.c). */
static bool reads_table(const char *line)
{
    if (strstr(line, "Seq Scan on outbox o"))
        return false;
    return strstr(line, "Seq Scan on ") || strstr(line, "Index Scan on ") ||
           strstr(line, "Index Scan using ") || strstr(line, "Index Only Scan using ");
}

/* The first scan of a plan that has neither a condition of an index nor a limit right above it;
 * NULL = none. */
static const char *scan_unbounded(const PGresult *plan)
{
    const char *scan = NULL;
    bool limited = false;
    for (int row = 0; row < PQntuples(plan); row++) {
        const char *line = row_text(plan, row, 0);
        bool node = row == 0 || strstr(line, "->");
        if (scan && strstr(line, "Index Cond:"))
            scan = NULL;
        if (scan && node)
            return scan;
        if (node && !limited && reads_table(line) && !is_small(line))
            scan = line;
        if (node)
            limited = strstr(line, "Limit") || (limited && strstr(line, "LockRows"));
    }
    return scan;
}

static int plan_check(struct pg *pg, const char *name, int params)
{
    BUF_OWNED sql = {0};
    buf_add_format(&sql, "EXPLAIN (COSTS OFF) EXECUTE %s", name);
    for (int i = 0; i < params; i++)
        buf_add_text(&sql, i ? ", NULL" : " (NULL");
    buf_add_text(&sql, params ? ")" : "");
    PGresult *plan = pg_exec(pg, sql.data, NULL);
    if (!plan)
        fail_msg("%s: %s", name, pg_message(pg));
    const char *scan = scan_unbounded(plan);
    if (scan) {
        print_error("%s reads more than it needs:\n", name);
        for (int row = 0; row < PQntuples(plan); row++)
            print_error("    %s\n", row_text(plan, row, 0));
    }
    PQclear(plan);
    return scan ? 1 : 0;
}

static int plans_check(struct pg *pg)
{
    int wrong = 0;
    PGresult *list = pg_exec(pg,
            "SELECT name, cardinality(parameter_types) FROM pg_prepared_statements ORDER BY 1",
            NULL);
    assert_non_null(list);
    for (int row = 0; row < PQntuples(list); row++)
        if (!is_exempt(row_text(list, row, 0)))
            wrong += plan_check(pg, row_text(list, row, 0), (int)row_int(list, row, 1));
    PQclear(list);
    return wrong;
}

static int setup(void **state)
{
    (void)state;
    ops = PLANS_OPS;
    kit_store_start(&ops, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_store_stop();
    return 0;
}

static void rows_are_found_by_an_index(void **state)
{
    char role[64];
    size_t count = 0, more = 0;
    (void)state;
    struct chores *chores = chores_new(&ops, NULL);
    struct life *life = life_new(&ops, NULL);
    const struct statement *of_chores = chores_statements(chores, &count);
    const struct statement *of_life = life_statements(life, &more);
    struct statement *list = calloc(count + more + own_count, sizeof *list);
    assert_non_null(list);
    memcpy(list, of_chores, count * sizeof *list);
    memcpy(list + count, of_life, more * sizeof *list);
    for (size_t i = 0; i < own_count; i++)
        list[count + more + i] = own_statements[i];
    snprintf(role, sizeof role, "huying_%s", ops.schema);
    struct pg *second = pg_new(kit_pg_conninfo(kit_store.server, role), ops.schema);
    pg_prepare(second, list, count + more + own_count);
    assert_int_equal(pg_wait(second, KIT_DEADLINE_MS), OK);

    PQclear(pg_exec(second,
            "SELECT set_config('huying.chosen', '', false), set_config('huying.below', '0', false)",
            NULL));
    int wrong = plans_check(kit_store.pg) + plans_check(second);
    kit_pg_run(kit_store.server, "ANALYZE");
    wrong += plans_check(kit_store.pg) + plans_check(second);
    assert_int_equal(wrong, 0);

    pg_destroy(&second);
    chores_destroy(&chores);
    life_destroy(&life);
    free(list);
}

/* A row that is looked up by the first column of one index must not be looked up in another that
 * has this column further back: that reads all of it, and costs the same while it is one page. */
#define MISTAKABLE                                                                                 \
    "SELECT a.indexrelid::regclass::text FROM pg_index AS a JOIN pg_class AS c "                   \
    "ON c.oid = a.indrelid JOIN pg_index AS b ON b.indrelid = a.indrelid "                         \
    "WHERE c.relnamespace = '%s'::regnamespace AND a.indpred IS NULL AND b.indpred IS NULL "       \
    "AND a.indkey[0] <> b.indkey[0] AND b.indkey[0] IN "                                           \
    "(SELECT a.indkey[i] FROM generate_series(1, a.indnkeyatts - 1) AS i)"

static void no_index_is_taken_for_another(void **state)
{
    char sql[600];
    (void)state;
    snprintf(sql, sizeof sql, MISTAKABLE, ops.schema);
    PGresult *list = pg_exec(kit_store.pg, sql, NULL);
    assert_non_null(list);
    for (int row = 0; row < PQntuples(list); row++)
        print_error("%s may be taken for another\n", row_text(list, row, 0));
    assert_int_equal(PQntuples(list), 0);
    PQclear(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_found_by_an_index),
            cmocka_unit_test(no_index_is_taken_for_another)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
