/* The bare case step: lock cases by an array of ids, read them, then in one pipeline update them
 * from unnest, insert two event rows a case from unnest, and commit. Two round trips a batch,
 * binary parameters, prepared statements. R1 is its rate (case_rate.c), and what other queues do
 * for each of their messages (rabbit_step.c, others/queue.js) is measured with the same rows. */
#include "tests/bench/case_step.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "tests/bench/bench_pg.h"
#include "tests/bench/reference.h"

#define BODY_SIZE 288
#define PAYLOAD_SIZE 200
#define STATES 12

static const char SQL_SETUP[] =
        "DROP TABLE IF EXISTS events, cases;"
        "CREATE TABLE cases (id bigint PRIMARY KEY, state int NOT NULL, ver int NOT NULL,"
        " owner uuid NOT NULL, updated timestamptz NOT NULL, body bytea NOT NULL)"
        " WITH (fillfactor = 70);"
        "CREATE TABLE events (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " case_id bigint NOT NULL, ver int NOT NULL, kind int NOT NULL, at timestamptz NOT NULL,"
        " payload bytea NOT NULL);";
static const char SQL_FILL[] =
        "INSERT INTO cases SELECT n, 0, 0, gen_random_uuid(), now(),"
        " decode(repeat(md5(n::text), 18), 'hex') FROM generate_series(1, 200000) AS n";
static const char SQL_LOCK[] = "SELECT id, state, ver, body FROM cases WHERE id = ANY($1::bigint[])"
                               " ORDER BY id FOR UPDATE";
static const char SQL_UPDATE[] =
        "UPDATE cases AS c SET state = n.state, ver = n.ver, updated = now(), body = n.body"
        " FROM unnest($1::bigint[], $2::int[], $3::int[], $4::bytea[]) AS n (id, state, ver, body)"
        " WHERE c.id = n.id";
static const char SQL_INSERT[] =
        "INSERT INTO events (case_id, ver, kind, at, payload) SELECT * FROM"
        " unnest($1::bigint[], $2::int[], $3::int[], $4::timestamptz[], $5::bytea[])";

enum column { COLUMN_ID, COLUMN_STATE, COLUMN_VER, COLUMN_BODY };

struct case_step {
    PGconn *conn;
    int batch;
    struct array ids;
    struct array case_ids, states, vers, bodies;
    struct array event_ids, event_vers, kinds, ats, payloads;
};

static int32_t int4_value(const PGresult *rows, int row, enum column column)
{
    uint32_t big;
    must(PQgetlength(rows, row, (int)column) == (int)sizeof(big));
    memcpy(&big, PQgetvalue(rows, row, (int)column), sizeof(big));
    return (int32_t)be32toh(big);
}

static int64_t int8_value(const PGresult *rows, int row, enum column column)
{
    uint64_t big;
    must(PQgetlength(rows, row, (int)column) == (int)sizeof(big));
    memcpy(&big, PQgetvalue(rows, row, (int)column), sizeof(big));
    return (int64_t)be64toh(big);
}

static void arrays_start(struct case_step *s)
{
    array_start(&s->case_ids, OID_INT8, s->batch);
    array_start(&s->states, OID_INT4, s->batch);
    array_start(&s->vers, OID_INT4, s->batch);
    array_start(&s->bodies, OID_BYTEA, s->batch);
    array_start(&s->event_ids, OID_INT8, 2 * s->batch);
    array_start(&s->event_vers, OID_INT4, 2 * s->batch);
    array_start(&s->kinds, OID_INT4, 2 * s->batch);
    array_start(&s->ats, OID_TIMESTAMPTZ, 2 * s->batch);
    array_start(&s->payloads, OID_BYTEA, 2 * s->batch);
}

static void events_add(struct case_step *s, int64_t id, int32_t ver, int64_t at)
{
    char payload[PAYLOAD_SIZE];
    for (int kind = 0; kind < 2; kind++) {
        memset(payload, 'a' + (int)(ver % 16) + kind, sizeof(payload));
        array_add_int8(&s->event_ids, id);
        array_add_int4(&s->event_vers, ver);
        array_add_int4(&s->kinds, kind);
        array_add_int8(&s->ats, at);
        array_add_bytes(&s->payloads, payload, sizeof(payload));
    }
}

/* The step itself: the next state and version, a byte of the body, two events. */
static void rows_step(struct case_step *s, const PGresult *rows)
{
    int64_t at = bench_pg_now();
    arrays_start(s);
    for (int row = 0; row < s->batch; row++) {
        int64_t id = int8_value(rows, row, COLUMN_ID);
        int32_t ver = int4_value(rows, row, COLUMN_VER) + 1;
        char body[BODY_SIZE];
        must(PQgetlength(rows, row, COLUMN_BODY) == BODY_SIZE);
        memcpy(body, PQgetvalue(rows, row, COLUMN_BODY), BODY_SIZE);
        body[ver % BODY_SIZE] = (char)(body[ver % BODY_SIZE] + 1);
        array_add_int8(&s->case_ids, id);
        array_add_int4(&s->states, (int4_value(rows, row, COLUMN_STATE) + 1) % STATES);
        array_add_int4(&s->vers, ver);
        array_add_bytes(&s->bodies, body, BODY_SIZE);
        events_add(s, id, ver, at);
    }
}

static void batch_lock(struct case_step *s)
{
    bench_send(s->conn, "begin", NULL, 0);
    bench_send(s->conn, "lock", (const struct array *const[]){&s->ids}, 1);
    bench_sync_send(s->conn);
    bench_take_command(s->conn, -1);
    PGresult *rows = bench_take(s->conn, PGRES_TUPLES_OK);
    bench_sync_take(s->conn);
    if (PQntuples(rows) != s->batch)
        bench_fail("%d rows locked, expected %d", PQntuples(rows), s->batch);
    rows_step(s, rows);
    PQclear(rows);
}

static void batch_store(struct case_step *s)
{
    const struct array *const cases[] = {&s->case_ids, &s->states, &s->vers, &s->bodies};
    const struct array *const events[] = {
            &s->event_ids, &s->event_vers, &s->kinds, &s->ats, &s->payloads};
    bench_send(s->conn, "update", cases, 4);
    bench_send(s->conn, "insert", events, 5);
    bench_send(s->conn, "commit", NULL, 0);
    bench_sync_send(s->conn);
    bench_take_command(s->conn, s->batch);
    bench_take_command(s->conn, 2 * s->batch);
    bench_take_command(s->conn, -1);
    bench_sync_take(s->conn);
}

static void step_connect(struct case_step *s, const char *conninfo)
{
    s->conn = bench_connect(conninfo);
    bench_prepare(s->conn, "begin", "BEGIN");
    bench_prepare(s->conn, "lock", SQL_LOCK);
    bench_prepare(s->conn, "update", SQL_UPDATE);
    bench_prepare(s->conn, "insert", SQL_INSERT);
    bench_prepare(s->conn, "commit", "COMMIT");
    if (!PQenterPipelineMode(s->conn))
        bench_fail("pipeline mode: %s", PQerrorMessage(s->conn));
}

static void step_arrays(struct case_step *s, struct array *ret_list[10])
{
    struct array *const list[10] = {&s->ids, &s->case_ids, &s->states, &s->vers, &s->bodies,
            &s->event_ids, &s->event_vers, &s->kinds, &s->ats, &s->payloads};
    memcpy(ret_list, list, sizeof(list));
}

struct case_step *case_step_new(const char *conninfo)
{
    struct array *arrays[10];
    struct case_step *s = bench_memory(1, sizeof(*s));
    step_connect(s, conninfo);
    step_arrays(s, arrays);
    for (int i = 0; i < 10; i++)
        array_init(arrays[i], 2 * CASE_STEP_BATCH, BODY_SIZE);
    return s;
}

void case_step_destroy(struct case_step **this)
{
    struct array *arrays[10];
    struct case_step *s = *this;
    PQfinish(s->conn);
    step_arrays(s, arrays);
    for (int i = 0; i < 10; i++)
        array_fini(arrays[i]);
    free(s);
    *this = NULL;
}

void case_step_run(struct case_step *s, const int64_t *ids, int count)
{
    must(count >= 1 && count <= CASE_STEP_BATCH);
    s->batch = count;
    array_start(&s->ids, OID_INT8, count);
    for (int i = 0; i < count; i++)
        array_add_int8(&s->ids, ids[i]);
    batch_lock(s);
    batch_store(s);
}

void case_step_tables(const struct bench_cfg *cfg)
{
    PGconn *conn = bench_connect(cfg->conninfo);
    bench_execute(conn, SQL_SETUP);
    bench_execute(conn, SQL_FILL);
    bench_execute(conn, "VACUUM ANALYZE cases");
    PQfinish(conn);
}

void case_step_check(const struct bench_cfg *cfg, int64_t steps)
{
    PGconn *conn = bench_connect(cfg->conninfo);
    int64_t versions = bench_query_number(conn, "SELECT sum(ver) FROM cases");
    int64_t events = bench_query_number(conn, "SELECT count(*) FROM events");
    if (versions != steps || events != 2 * steps)
        bench_fail("%lld steps made, but the tables have %lld versions and %lld events",
                (long long)steps, (long long)versions, (long long)events);
    bench_execute(conn, "DROP TABLE events, cases");
    PQfinish(conn);
}
