#include "tests/kit/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/kernel/bus/peers.h"

#define WORKS_MAX 16
#define PAYLOAD_MAX 1024
#define SITE                                                                                       \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, clock,"   \
    " version, incarnation) VALUES (7, 'TT', '市', 'City', 0, true, '2018-01-02Z', 3, 5)"

struct kit_store kit_store;

static const struct aggregate_ops *service;
static struct ids ids;
static enum batch_end ended;
static struct work works[WORKS_MAX];
static uint8_t payloads[WORKS_MAX][PAYLOAD_MAX];
static int64_t serial;
static struct statement *statements;
static struct arena arena;
static struct params params;
static struct buf answer;

void kit_store_start(const struct aggregate_ops *ops, const char *fill)
{
    char role[64];
    size_t count = 0;
    service = ops;
    kit_store.server = kit_pg_start(NULL);
    kit_pg_service(kit_store.server, ops->schema);
    kit_pg_run(kit_store.server, SITE);
    if (fill)
        kit_pg_run(kit_store.server, fill);
    statements = batch_statements(ops, ops->query_count, &count);
    for (size_t i = 0; i < ops->query_count; i++)
        statements[count++] = *ops->queries[i].statement;
    snprintf(role, sizeof role, "huying_%s", ops->schema);
    kit_store.pg = pg_new(kit_pg_conninfo(kit_store.server, role), ops->schema);
    pg_prepare(kit_store.pg, statements, count);
    assert_int_equal(pg_wait(kit_store.pg, KIT_DEADLINE_MS), OK);
    kit_store_directory();
    ids = (struct ids){.site = 7, .service = ops->service, .next = 1, .end = 1000000};
    kit_store.batch = batch_new(ops, kit_store.pg, &ids);
    arena_init(&arena, 16 << 20);
}

void kit_store_stop(void)
{
    batch_destroy(&kit_store.batch);
    pg_destroy(&kit_store.pg);
    directory_destroy(&kit_store.directory);
    free(statements);
    params_fini(&params);
    buf_fini(&answer);
    arena_fini(&arena);
    kit_pg_stop(&kit_store.server);
}

void kit_store_clear(const char *tables)
{
    char sql[512];
    snprintf(sql, sizeof sql, "SET search_path TO %s; TRUNCATE %s; RESET search_path",
            service->schema, tables);
    kit_pg_run(kit_store.server, sql);
    kit_store.work_count = 0;
}

void kit_store_directory(void)
{
    directory_destroy(&kit_store.directory);
    assert_int_equal(directory_load_now(kit_store.pg, &kit_store.directory), OK);
}

static size_t pack(const ProtobufCMessage *message, uint8_t *to)
{
    if (!message)
        return 0;
    assert_true(protobuf_c_message_get_packed_size(message) <= PAYLOAD_MAX);
    return protobuf_c_message_pack(message, to);
}

struct work *kit_work(
        enum work_origin origin, int64_t agg, uint32_t type, const ProtobufCMessage *message)
{
    size_t at = kit_store.work_count++;
    assert_true(at < WORKS_MAX);
    struct work *work = &works[at];
    *work = (struct work){.origin = origin, .request_id = ""};
    work->input = (struct input){.type = type, .agg = agg, .msg_id = ++serial, .now_ms = KIT_NOW};
    work->input.kind = origin == WORK_COMMAND ? INPUT_COMMAND
                       : origin == WORK_TIMER ? INPUT_TIMER
                       : origin == WORK_FOUND ? INPUT_WORK
                                              : INPUT_MESSAGE;
    work->payload = (struct bytes){payloads[at], pack(message, payloads[at])};
    return work;
}

struct work *kit_event(enum service_id source,
        int64_t agg,
        uint64_t n,
        uint32_t type,
        const ProtobufCMessage *message)
{
    struct work *work = kit_work(WORK_EVENT, agg, type, message);
    work->input.source = source;
    work->input.n = n;
    return work;
}

struct work *kit_command(
        int64_t agg, uint32_t type, const ProtobufCMessage *message, const char *actor)
{
    struct work *work = kit_work(WORK_COMMAND, agg, type, message);
    work->right_held = RIGHT_ACT;
    work->type = core_type(service, INPUT_COMMAND, SERVICE_NONE, type);
    snprintf(work->input.actor, sizeof work->input.actor, "%s", actor);
    snprintf(work->input.peer, sizeof work->input.peer, "test");
    return work;
}

static void batch_done(void *self, struct batch *of, enum batch_end end, const char *message)
{
    (void)self;
    (void)of;
    if (end != BATCH_DONE)
        print_error("batch: %s\n", message);
    ended = end;
}

void kit_batch_run(void)
{
    struct work *list[WORKS_MAX];
    for (size_t i = 0; i < kit_store.work_count; i++)
        list[i] = &works[i];
    struct batch_start start = {.works = list,
            .work_count = kit_store.work_count,
            .directory = kit_store.directory,
            .incarnation = kit_pg_int(kit_store.server, "SELECT incarnation FROM directory.site"),
            .session = 1,
            .outbox_due_ms = 60000,
            .done = batch_done};
    batch_start(kit_store.batch, &start);
    while (batch_busy(kit_store.batch))
        assert_int_equal(pg_wait(kit_store.pg, KIT_DEADLINE_MS), OK);
    assert_int_equal(ended, BATCH_DONE);
    kit_store.work_count = 0;
}

static const struct query_type *query_of(uint32_t type)
{
    for (size_t i = 0; i < service->query_count; i++)
        if (service->queries[i].type == type)
            return &service->queries[i];
    fail_msg("%s has no query %u", service->schema, type);
    return NULL;
}

static void rows_take(void *self, const PGresult *rows)
{
    ((const struct query_type *)self)->encode(rows, kit_store.directory, &answer);
}

static void query_done(void *self, enum err err, const char *message)
{
    (void)self;
    if (err != OK)
        print_error("query: %s\n", message);
    assert_int_equal(err, OK);
}

struct bytes kit_query(uint32_t type, const ProtobufCMessage *message)
{
    return kit_query_as("", type, message);
}

struct bytes kit_query_as(const char *actor, uint32_t type, const ProtobufCMessage *message)
{
    static struct query_type query;
    static uint8_t payload[PAYLOAD_MAX];
    const char *why = NULL;
    struct bytes asked = {payload, pack(message, payload)};
    query = *query_of(type);
    arena_reset(&arena);
    params_reset(&params);
    buf_reset(&answer);
    enum err err = query.bind(asked, kit_store.directory, actor, &arena, &params, &why);
    if (err != OK)
        print_error("query: %s\n", why ? why : "");
    assert_int_equal(err, OK);
    pg_queue(kit_store.pg, query.statement, &params, rows_take, &query);
    pg_sync(kit_store.pg, query_done, NULL);
    assert_int_equal(pg_wait(kit_store.pg, KIT_DEADLINE_MS), OK);
    return (struct bytes){(const uint8_t *)answer.data, answer.size};
}

long long kit_counters_differ(void)
{
    char sql[1024];
    snprintf(sql, sizeof sql,
            "WITH d AS (SELECT m AS metric, u AS unit, t AS matter, sum(a)::bigint AS value"
            " FROM %s.counter_delta, unnest(metrics, units, matters, amounts) AS x (m, u, t, a)"
            " GROUP BY 1, 2, 3 HAVING sum(a) <> 0), t AS (SELECT * FROM %s.counter_truth)"
            " SELECT count(*) FROM ((SELECT * FROM d EXCEPT SELECT * FROM t) UNION ALL"
            " (SELECT * FROM t EXCEPT SELECT * FROM d)) AS x",
            service->schema, service->schema);
    return kit_pg_int(kit_store.server, sql);
}
