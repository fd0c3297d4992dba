/* Missions in a real PostgreSQL, through the kernel's batches: squads' loads, who waits and who is
 * found when a squad is freed, counters against their truth, the list of missions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "proto/enforcement.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/enforcement/enforcement.h"
#include "services/enforcement/ops.h"
#include "services/enforcement/store.h"
#include "services/kernel/bus/peers.h"
#include "services/kernel/store/batch.h"
#include "services/kernel/store/directory.h"
#include "tests/kit/pg.h"

#define DEADLINE_MS 20000
#define NOW INT64_C(1514764800000)
#define WORKS_MAX 16
#define PAYLOAD_MAX 256

#define FILL                                                                                       \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, clock,"   \
    " version, incarnation) VALUES (7, 'TT', '市', 'City', 0, true, '2018-01-02Z', 3, 5);"        \
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

/* Rows that the deltas and the view do not agree on. */
#define COUNTERS_DIFFER                                                                            \
    "WITH d AS (SELECT m AS metric, u AS unit, t AS matter, sum(a)::bigint AS value"               \
    " FROM enforcement.counter_delta, unnest(metrics, units, matters, amounts) AS x (m, u, t, a)"  \
    " GROUP BY 1, 2, 3 HAVING sum(a) <> 0), t AS (SELECT * FROM enforcement.counter_truth)"        \
    " SELECT count(*) FROM ((SELECT * FROM d EXCEPT SELECT * FROM t) UNION ALL"                    \
    " (SELECT * FROM t EXCEPT SELECT * FROM d)) AS x"
#define LOADS_DIFFER "SELECT count(*) FROM enforcement.squad_truth WHERE load <> missions"

static struct kit_pg *server;
static struct pg *pg;
static struct directory *directory;
static struct ids ids;
static struct batch *batch;
static enum batch_end ended;
static struct work works[WORKS_MAX];
static uint8_t payloads[WORKS_MAX][PAYLOAD_MAX];
static size_t work_count;
static int64_t serial;

static int setup(void **state)
{
    (void)state;
    size_t count = 0;
    server = kit_pg_start(NULL);
    kit_pg_service(server, "enforcement");
    kit_pg_run(server, FILL);
    struct statement *list = batch_statements(&enforcement_ops, 1, &count);
    list[count++] = missions_sql_list;
    pg = pg_new(kit_pg_conninfo(server, "huying_enforcement"), "enforcement");
    pg_prepare(pg, list, count);
    assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    free(list);
    assert_int_equal(directory_load_now(pg, &directory), OK);
    ids = (struct ids){.site = 7, .service = SERVICE_ENFORCEMENT, .next = 1, .end = 1000000};
    batch = batch_new(&enforcement_ops, pg, &ids);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    batch_destroy(&batch);
    pg_destroy(&pg);
    directory_destroy(&directory);
    kit_pg_stop(&server);
    return 0;
}

/* Each test begins with empty tables. */
static int clear(void **state)
{
    (void)state;
    kit_pg_run(server, "TRUNCATE enforcement.missions, enforcement.squad, enforcement.outbox,"
                       " enforcement.history, enforcement.counter_delta, enforcement.command,"
                       " enforcement.waiting");
    work_count = 0;
    return 0;
}

static struct work *work_add(
        enum work_origin origin, int64_t agg, uint32_t type, const ProtobufCMessage *message)
{
    assert_true(work_count < WORKS_MAX);
    struct work *work = &works[work_count];
    *work = (struct work){.origin = origin, .request_id = ""};
    work->input = (struct input){.type = type, .agg = agg, .msg_id = ++serial, .now_ms = NOW};
    work->payload.data = payloads[work_count];
    if (message != NULL)
        work->payload.size = protobuf_c_message_pack(message, payloads[work_count]);
    work_count++;
    return work;
}

static void request_add(int64_t agg, uint64_t n, char *capability)
{
    Huying__Routing__MissionRequested message = HUYING__ROUTING__MISSION_REQUESTED__INIT;
    char matter[] = "GAS", ref[] = "R-1";
    message.unit = message.street = 2;
    message.capability = capability;
    message.matter = matter;
    message.source_ref = ref;
    struct work *work = work_add(WORK_EVENT, agg, MESSAGE_REQUESTED, &message.base);
    work->input.source = SERVICE_ROUTING;
    work->input.n = n;
}

static void cancel_add(int64_t agg, uint64_t n)
{
    Huying__Routing__MissionCancelled message = HUYING__ROUTING__MISSION_CANCELLED__INIT;
    struct work *work = work_add(WORK_EVENT, agg, MESSAGE_CANCELLED, &message.base);
    work->input.source = SERVICE_ROUTING;
    work->input.n = n;
}

static void found_add(int64_t agg, uint32_t kind)
{
    work_add(WORK_FOUND, agg, kind, NULL)->input.kind = INPUT_WORK;
}

static struct work *command_add(int64_t agg, uint32_t type, const char *actor)
{
    Huying__Enforcement__Act message = HUYING__ENFORCEMENT__ACT__INIT;
    struct work *work = work_add(WORK_COMMAND, agg, type, &message.base);
    work->input.kind = INPUT_COMMAND;
    work->right_held = RIGHT_ACT;
    work->type = core_type(&enforcement_ops, INPUT_COMMAND, SERVICE_NONE, type);
    snprintf(work->input.actor, sizeof(work->input.actor), "%s", actor);
    snprintf(work->input.peer, sizeof(work->input.peer), "test");
    return work;
}

static void done(void *self, struct batch *of, enum batch_end end, const char *message)
{
    (void)self;
    (void)of;
    if (end != BATCH_DONE)
        print_error("batch: %s\n", message);
    ended = end;
}

static void batch_run(void)
{
    struct work *list[WORKS_MAX];
    for (size_t i = 0; i < work_count; i++)
        list[i] = &works[i];
    struct batch_start start = {.works = list,
            .work_count = work_count,
            .directory = directory,
            .incarnation = kit_pg_int(server, "SELECT incarnation FROM directory.site"),
            .session = 1,
            .outbox_due_ms = 60000,
            .done = done};
    batch_start(batch, &start);
    while (batch_busy(batch))
        assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    assert_int_equal(ended, BATCH_DONE);
    work_count = 0;
    assert_int_equal(kit_pg_int(server, LOADS_DIFFER), 0);
    assert_int_equal(kit_pg_int(server, COUNTERS_DIFFER), 0);
}

static long long state_of(int64_t agg)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT state FROM enforcement.missions WHERE id = %lld",
            (long long)agg);
    return kit_pg_int(server, sql);
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
    assert_int_equal(kit_pg_int(server, "SELECT sum(load) FROM enforcement.squad"), 2);
    assert_int_equal(kit_pg_int(server, READY), 0);
    assert_int_equal(
            kit_pg_int(server, "SELECT count(*) FROM enforcement.outbox WHERE dest = 2"), 3);
}

static void freed_squad_takes_the_oldest_that_waits(void **state)
{
    char gas[] = "gas";
    (void)state;
    for (int64_t agg = 101; agg <= 104; agg++) {
        request_add(agg == 103 ? 109 : agg, 1, gas); /* 109 is older than 104 */
        works[work_count - 1].input.now_ms = NOW + agg;
        batch_run();
    }
    command_add(101, COMMAND_ACCEPT, "a1");
    batch_run();
    command_add(101, COMMAND_ARRIVE, "a1");
    batch_run();
    assert_int_equal(kit_pg_int(server, READY), 0);
    command_add(101, COMMAND_DONE, "a1")->input.now_ms = NOW + 5000;
    batch_run();
    assert_int_equal(state_of(101), MISSION_DONE);
    assert_int_equal(kit_pg_int(server, READY), 1091);
    assert_int_equal(
            kit_pg_int(server, "SELECT extract(epoch FROM at) * 1000 FROM enforcement.work_ready"),
            NOW + 5000);
    char again[] = "gas";
    request_add(105, 1, again); /* comes while others wait: behind them */
    batch_run();
    assert_int_equal(state_of(105), MISSION_WAITING);
    found_add(109, WORK_ASSIGN);
    batch_run();
    assert_int_equal(state_of(109), MISSION_ASSIGNED);
    assert_int_equal(kit_pg_int(server, READY), 0);
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
    assert_int_equal(kit_pg_int(server, READY), 0);
    cancel_add(101, 2);
    batch_run();
    assert_int_equal(kit_pg_int(server, READY), 1031);
}

static void newer_directory_brings_the_waiting_back_once(void **state)
{
    char diving[] = "diving";
    (void)state;
    request_add(101, 1, diving);
    batch_run();
    assert_int_equal(kit_pg_int(server, READY), 0);
    kit_pg_run(server, "UPDATE directory.site SET version = version + 1");
    assert_int_equal(kit_pg_int(server, READY), 1011);
    directory_destroy(&directory);
    assert_int_equal(directory_load_now(pg, &directory), OK);
    found_add(101, WORK_ASSIGN);
    batch_run();
    assert_int_equal(kit_pg_int(server, READY), 0);
    assert_int_equal(state_of(101), MISSION_WAITING);
}

/* n = 2 comes before n = 1, is held, and becomes due behind a batch's other inputs. */
static void held_cancellation_frees_the_squad_in_the_end(void **state)
{
    char gas[] = "gas";
    (void)state;
    request_add(101, 1, gas);
    batch_run();
    kit_pg_run(server, "INSERT INTO enforcement.waiting (agg, source, n, msg_id, type, at, payload)"
                       " VALUES (101, 2, 2, 77, 2102, now(), '')");
    command_add(101, COMMAND_ACCEPT, "a1");
    batch_run();
    assert_int_equal(state_of(101), MISSION_CANCELLED);
    assert_int_equal(kit_pg_int(server, "SELECT sum(load) FROM enforcement.squad"), 1);
    assert_int_equal(kit_pg_int(server, READY), 1012);
    found_add(101, WORK_RELEASE);
    batch_run();
    assert_int_equal(kit_pg_int(server, "SELECT sum(load) FROM enforcement.squad"), 0);
    assert_int_equal(kit_pg_int(server, READY), 0);
}

struct answer {
    struct buf bytes;
};

static void rows_take(void *self, const PGresult *rows)
{
    struct answer *answer = self;
    missions_encode_rows(rows, directory, &answer->bytes);
}

static void synced(void *self, enum err err, const char *message)
{
    (void)self;
    if (err != OK)
        print_error("query: %s\n", message);
    assert_int_equal(err, OK);
}

/* Sum of the ids of the missions in the answer. */
static int64_t list_sum(const Huying__Enforcement__MissionsQuery *query)
{
    uint8_t payload[PAYLOAD_MAX];
    struct answer answer = {0};
    struct arena arena;
    struct params params = {0};
    const char *why = NULL;
    int64_t sum = 0;
    size_t size = huying__enforcement__missions_query__pack(query, payload);
    arena_init(&arena, 1 << 20);
    assert_int_equal(
            missions_bind((struct bytes){payload, size}, directory, "", &arena, &params, &why), OK);
    pg_queue(pg, &missions_sql_list, &params, rows_take, &answer);
    pg_sync(pg, synced, NULL);
    assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    Huying__Enforcement__Missions *list = huying__enforcement__missions__unpack(
            NULL, answer.bytes.size, (const uint8_t *)answer.bytes.data);
    assert_non_null(list);
    for (size_t i = 0; i < list->n_items; i++) {
        assert_string_equal(list->items[i]->matter, "GAS");
        sum += list->items[i]->id;
    }
    huying__enforcement__missions__free_unpacked(list, NULL);
    buf_fini(&answer.bytes);
    params_fini(&params);
    arena_fini(&arena);
    return sum;
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
    kit_pg_run(server, "INSERT INTO enforcement.missions (id) VALUES (1)"); /* a stub */
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
            cmocka_unit_test_setup(freed_squad_takes_the_oldest_that_waits, clear),
            cmocka_unit_test_setup(squad_with_another_capability_finds_nothing, clear),
            cmocka_unit_test_setup(newer_directory_brings_the_waiting_back_once, clear),
            cmocka_unit_test_setup(held_cancellation_frees_the_squad_in_the_end, clear),
            cmocka_unit_test_setup(list_filters, clear),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
