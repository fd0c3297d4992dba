/* Missions in a real PostgreSQL, through the kernel's batches: squads' loads, who waits and who is
 * found when a squad is freed, counters against their truth, the list of missions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "proto/enforcement.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/enforcement/enforcement.h"
#include "services/enforcement/ops.h"
#include "services/enforcement/store.h"
#include "services/kernel/base/buf.h"
#include "tests/kit/life.h"
#include "tests/kit/store.h"

#define FILL                                                                                       \
    "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en,"          \
    " capabilities, capacity) VALUES"                                                              \
    " (1, 'D', NULL, 0, 4, 'district', '区', 'District', '', 0),"                                 \
    " (2, 'A', 1, 1, 3, 'street', '街', 'Street', '', 0),"                                        \
    " (3, 'B', 1, 1, 3, 'street', '街', 'Street', '', 0),"                                        \
    " (11, 'A/1', 2, 2, 3, 'squad', '队', 'Squad', 'fire;gas', 1),"                               \
    " (12, 'A/2', 2, 2, 3, 'squad', '队', 'Squad', 'gas', 1),"                                    \
    " (21, 'D/1', 1, 1, 4, 'department', '局', 'Department', 'light', 0);"                        \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min, squad_capability)"     \
    " VALUES (7, 'GAS', 'c', '气', 'Gas', 3, 3, 'all', 0, 60, 60, 60, 'gas');"                    \
    "INSERT INTO directory.staff (id, code, name, unit, role) VALUES"                              \
    " (1, 'a1', '甲', 11, 'squad'), (2, 'a2', '乙', 12, 'squad')"

#define LOADS_DIFFER "SELECT count(*) FROM enforcement.squad_truth WHERE load <> missions"

static int setup(void **state)
{
    (void)state;
    kit_store_start(&enforcement_ops, FILL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_store_stop();
    return 0;
}

/* Each test begins with empty tables. */
static int clear(void **state)
{
    (void)state;
    kit_store_clear(
            "missions, squad, squad_known, outbox, history, counter_delta, counter_kept, command, "
            "waiting");
    return 0;
}

static struct work *request_add(int64_t agg, uint64_t n, char *capability)
{
    Huying__Routing__MissionRequested message = HUYING__ROUTING__MISSION_REQUESTED__INIT;
    char matter[] = "GAS", ref[] = "R-1";
    message.unit = message.street = 2;
    message.capability = capability;
    message.matter = matter;
    message.source_ref = ref;
    return kit_event(SERVICE_ROUTING, agg, n, MESSAGE_REQUESTED, &message.base);
}

static void cancel_add(int64_t agg, uint64_t n)
{
    Huying__Routing__MissionCancelled message = HUYING__ROUTING__MISSION_CANCELLED__INIT;
    kit_event(SERVICE_ROUTING, agg, n, MESSAGE_CANCELLED, &message.base);
}

static void found_add(int64_t agg, uint32_t kind)
{
    kit_work(WORK_FOUND, agg, kind, NULL);
}

static struct work *command_add(int64_t agg, uint32_t type, const char *actor)
{
    Huying__Enforcement__Act message = HUYING__ENFORCEMENT__ACT__INIT;
    return kit_command(agg, type, &message.base, actor);
}

static void batch_run(void)
{
    kit_batch_run();
    assert_int_equal(kit_pg_int(kit_store.server, LOADS_DIFFER), 0);
    assert_int_equal(kit_counters_differ(), 0);
}

static long long state_of(int64_t agg)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT state FROM enforcement.missions WHERE id = %lld",
            (long long)agg);
    return kit_pg_int(kit_store.server, sql);
}

#define READY "SELECT coalesce(sum(agg * 10 + kind), 0) FROM enforcement.work_ready"

static void batch_assigns_within_capacity_and_the_rest_waits(void **state)
{
    char gas[] = "gas";
    (void)state;
    for (int64_t agg = 101; agg <= 103; agg++)
        request_add(agg, 1, gas);
    batch_run();
    assert_int_equal(state_of(101), MISSION_ASSIGNED);
    assert_int_equal(state_of(102), MISSION_ASSIGNED);
    assert_int_equal(state_of(103), MISSION_WAITING);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT sum(load) FROM enforcement.squad"), 2);
    assert_int_equal(kit_pg_int(kit_store.server, READY), 0);
    assert_int_equal(
            kit_pg_int(kit_store.server, "SELECT count(*) FROM enforcement.outbox WHERE dest = 2"),
            3);
}

/* Buffers that the lock of both squads reads, on the service's own connection. */
static int squads_lock_buffers(void)
{
    BUF_OWNED sql = {0};
    int buffers = -1;
    for (int i = 0; i < MISSION_STATEMENT_COUNT; i++)
        if (strcmp(mission_statements[i].name, "squad_lock") == 0)
            buf_add_format(&sql, "PREPARE squads AS %s", mission_statements[i].sql);
    assert_true(sql.size > 0);
    PQclear(pg_exec(kit_store.pg, sql.data, NULL));
    PGresult *plan = pg_exec(kit_store.pg,
            "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) EXECUTE squads('{11,12}')", NULL);
    for (int row = 0; row < PQntuples(plan) && buffers < 0; row++)
        (void)sscanf(PQgetvalue(plan, row, 0), " Buffers: shared hit=%d", &buffers);
    PQclear(plan);
    return buffers;
}

/* It keeps every version of a squad's row; the newest is found without looking at the others. */
static void squad_is_found_at_once_while_a_snapshot_is_held(void **state)
{
    char gas[] = "gas";
    (void)state;
    for (int64_t agg = 101; agg <= 103; agg++)
        request_add(agg, 1, gas);
    batch_run();
    PGconn *other = PQconnectdb(kit_pg_conninfo(kit_store.server, "postgres"));
    PQclear(PQexec(other, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class"));
    kit_pg_run(kit_store.server,
            "DO $$ BEGIN FOR i IN 1..1000 LOOP UPDATE enforcement.squad SET turn = turn + 1;"
            " COMMIT; END LOOP; END $$");
    kit_pg_run(kit_store.server, "VACUUM ANALYZE enforcement.squad");
    assert_in_range(squads_lock_buffers(), 1, 40);
    PQfinish(other);
    assert_int_equal(kit_pg_int(kit_store.server, LOADS_DIFFER), 0);
}

/* Another instance has given the first mission to squad 11 and not committed: its row is waited for
 * here, not made a second time. */
static void two_instances_that_meet_a_squad_first_make_one_row(void **state)
{
    char gas[] = "gas";
    (void)state;
    PGconn *other = PQconnectdb(kit_pg_conninfo(kit_store.server, "postgres"));
    PQclear(PQexec(other,
            "BEGIN; SET search_path TO enforcement; INSERT INTO squad_known VALUES (11);"
            "INSERT INTO squad (id) VALUES (11); UPDATE squad SET turn = 1, version = 3,"
            " capacity = 1, pool = 2, capabilities = '{fire,gas}', load = 1;"
            "INSERT INTO missions (id, ver, state, squad) VALUES (100, 1, 2, 11)"));
    int sent = PQsendQuery(other,
            "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
            " LOOP PERFORM pg_sleep(0.01); END LOOP; END $$; COMMIT");
    assert_int_equal(sent, 1);
    request_add(101, 1, gas);
    kit_batch_run();
    assert_int_equal(state_of(101), MISSION_ASSIGNED);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT count(*) FROM enforcement.squad"), 2);
    assert_int_equal(
            kit_pg_int(kit_store.server, "SELECT load FROM enforcement.squad WHERE id = 12"), 1);
    assert_int_equal(kit_pg_int(kit_store.server, LOADS_DIFFER), 0);
    PQfinish(other);
}

static void freed_squad_takes_the_oldest_that_waits(void **state)
{
    char gas[] = "gas";
    (void)state;
    for (int64_t agg = 101; agg <= 104; agg++) {
        /* 109 is older than 104 */
        request_add(agg == 103 ? 109 : agg, 1, gas)->input.now_ms = KIT_NOW + agg;
        batch_run();
    }
    command_add(101, COMMAND_ACCEPT, "a1");
    batch_run();
    command_add(101, COMMAND_ARRIVE, "a1");
    batch_run();
    assert_int_equal(kit_pg_int(kit_store.server, READY), 0);
    command_add(101, COMMAND_DONE, "a1")->input.now_ms = KIT_NOW + 5000;
    batch_run();
    assert_int_equal(state_of(101), MISSION_DONE);
    assert_int_equal(kit_pg_int(kit_store.server, READY), 1091);
    assert_int_equal(kit_pg_int(kit_store.server,
                             "SELECT extract(epoch FROM at) * 1000 FROM enforcement.work_ready"),
            KIT_NOW + 5000);
    char again[] = "gas";
    request_add(105, 1, again); /* comes while others wait: behind them */
    batch_run();
    assert_int_equal(state_of(105), MISSION_WAITING);
    found_add(109, WORK_ASSIGN);
    batch_run();
    assert_int_equal(state_of(109), MISSION_ASSIGNED);
    assert_int_equal(kit_pg_int(kit_store.server, READY), 0);
}

static void squad_with_another_capability_finds_nothing(void **state)
{
    char gas[] = "gas", fire[] = "fire";
    (void)state;
    request_add(101, 1, fire);
    request_add(102, 1, gas);
    request_add(103, 1, fire);
    batch_run();
    assert_int_equal(state_of(103), MISSION_WAITING);
    cancel_add(102, 2);
    batch_run();
    assert_int_equal(kit_pg_int(kit_store.server, READY), 0);
    cancel_add(101, 2);
    batch_run();
    assert_int_equal(kit_pg_int(kit_store.server, READY), 1031);
}

static void newer_directory_brings_the_waiting_back_once(void **state)
{
    char diving[] = "diving";
    (void)state;
    request_add(101, 1, diving);
    batch_run();
    assert_int_equal(kit_pg_int(kit_store.server, READY), 0);
    kit_pg_run(kit_store.server, "UPDATE directory.site SET version = version + 1");
    assert_int_equal(kit_pg_int(kit_store.server, READY), 1011);
    kit_store_directory();
    found_add(101, WORK_ASSIGN);
    batch_run();
    assert_int_equal(kit_pg_int(kit_store.server, READY), 0);
    assert_int_equal(state_of(101), MISSION_WAITING);
}

/* n = 2 comes before n = 1, is held, and becomes due behind a batch's other inputs. */
static void held_cancellation_frees_the_squad_in_the_end(void **state)
{
    char gas[] = "gas";
    (void)state;
    request_add(101, 1, gas);
    batch_run();
    kit_pg_run(kit_store.server,
            "INSERT INTO enforcement.waiting (agg, source, n, msg_id, type, at, payload)"
            " VALUES (101, 2, 2, 77, 2102, now(), '')");
    command_add(101, COMMAND_ACCEPT, "a1");
    batch_run();
    assert_int_equal(state_of(101), MISSION_CANCELLED);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT sum(load) FROM enforcement.squad"), 1);
    assert_int_equal(kit_pg_int(kit_store.server, READY), 1012);
    found_add(101, WORK_RELEASE);
    batch_run();
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT sum(load) FROM enforcement.squad"), 0);
    assert_int_equal(kit_pg_int(kit_store.server, READY), 0);
}

/* Sum of the ids of the missions in the answer. */
static int64_t list_sum(const Huying__Enforcement__MissionsQuery *query)
{
    int64_t sum = 0;
    struct bytes answer = kit_query(QUERY_MISSIONS, &query->base);
    Huying__Enforcement__Missions *list =
            huying__enforcement__missions__unpack(NULL, answer.size, answer.data);
    assert_non_null(list);
    for (size_t i = 0; i < list->n_items; i++) {
        assert_string_equal(list->items[i]->matter, "GAS");
        sum += list->items[i]->id;
    }
    huying__enforcement__missions__free_unpacked(list, NULL);
    return sum;
}

static void mission_that_is_over_can_lose_its_data(void **state)
{
    char gas[] = "gas";
    (void)state;
    request_add(101, 1, gas);
    batch_run();
    cancel_add(101, 2);
    batch_run();
    kit_row_ends(kit_store.server, &enforcement_ops, 101);
}

static void list_filters(void **state)
{
    char gas[] = "gas", waiting[] = "waiting", cancelled[] = "cancelled", ref[] = "R-1";
    char other[] = "R-2";
    char *refs[] = {other, ref}, *none[] = {other};
    Huying__Enforcement__MissionsQuery query = HUYING__ENFORCEMENT__MISSIONS_QUERY__INIT;
    (void)state;
    for (int64_t agg = 101; agg <= 104; agg++)
        request_add(agg, 1, gas);
    cancel_add(104, 2);
    kit_pg_run(kit_store.server, "INSERT INTO enforcement.missions (id) VALUES (1)"); /* a stub */
    batch_run();
    assert_int_equal(list_sum(&query), 101 + 102 + 103);
    query.after = 101;
    query.limit = 1;
    assert_int_equal(list_sum(&query), 102);
    query.after = query.limit = 0;
    query.squad = 12;
    assert_int_equal(list_sum(&query), 102);
    query.squad = 0;
    query.state = waiting;
    assert_int_equal(list_sum(&query), 103);
    query.state = cancelled;
    assert_int_equal(list_sum(&query), 104);
    query.n_source_refs = 2;
    query.source_refs = refs;
    assert_int_equal(list_sum(&query), 101 + 102 + 103 + 104);
    query.n_source_refs = 1;
    query.source_refs = none;
    assert_int_equal(list_sum(&query), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(batch_assigns_within_capacity_and_the_rest_waits, clear),
            cmocka_unit_test_setup(squad_is_found_at_once_while_a_snapshot_is_held, clear),
            cmocka_unit_test_setup(two_instances_that_meet_a_squad_first_make_one_row, clear),
            cmocka_unit_test_setup(freed_squad_takes_the_oldest_that_waits, clear),
            cmocka_unit_test_setup(squad_with_another_capability_finds_nothing, clear),
            cmocka_unit_test_setup(newer_directory_brings_the_waiting_back_once, clear),
            cmocka_unit_test_setup(held_cancellation_frees_the_squad_in_the_end, clear),
            cmocka_unit_test_setup(mission_that_is_over_can_lose_its_data, clear),
            cmocka_unit_test_setup(list_filters, clear),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
