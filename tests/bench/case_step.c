/* R1, the bare case step: lock cases by an array of ids, read them, then in one pipeline update
 * them from unnest, insert two event rows a case from unnest, and commit. Two round trips a batch,
 * binary parameters, prepared statements. Each connection has a thread and a stripe of the ids of
 * its own, so that nobody waits for a lock. Afterwards the rows are counted against the steps. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <endian.h>
#include "services/kernel/base/must.h"
#include "tests/bench/bench_pg.h"
#include "tests/bench/reference.h"

#define CASES 200000
#define BODY_SIZE 288
#define PAYLOAD_SIZE 200
#define BATCH 256
#define CONNECTIONS_MAX 4
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

struct stepper {
    PGconn *conn;
    pthread_t thread;
    pthread_barrier_t *start;
    double seconds;
    int batch;
    int64_t *stripe; /* the ids of this connection; the first `batch` are a batch's, drawn anew */
    int stripe_count;
    uint64_t random;
    struct array ids;
    struct array case_ids, states, vers, bodies;
    struct array event_ids, event_vers, kinds, ats, payloads;
    int64_t steps;
    double elapsed;
};

/* A partial Fisher-Yates shuffle: `batch` distinct ids at the front of the stripe. */
static void ids_draw(struct stepper *s)
{
    array_start(&s->ids, OID_INT8, s->batch);
    for (int i = 0; i < s->batch; i++) {
        int other = i + (int)bench_random(&s->random, (uint32_t)(s->stripe_count - i));
        int64_t id = s->stripe[other];
        s->stripe[other] = s->stripe[i];
        s->stripe[i] = id;
        array_add_int8(&s->ids, id);
    }
}

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

static void arrays_start(struct stepper *s)
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

static void events_add(struct stepper *s, int64_t id, int32_t ver, int64_t at)
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
static void rows_step(struct stepper *s, const PGresult *rows)
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

static void batch_lock(struct stepper *s)
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

static void batch_store(struct stepper *s)
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

static void *stepper_run(void *self)
{
    struct stepper *s = self;
    pthread_barrier_wait(s->start);
    double begin = bench_now();
    do {
        ids_draw(s);
        batch_lock(s);
        batch_store(s);
        s->steps += s->batch;
        s->elapsed = bench_now() - begin;
    } while (s->elapsed < s->seconds);
    return NULL;
}

static void stepper_connect(struct stepper *s, const char *conninfo)
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

static void stepper_arrays(struct stepper *s, struct array *ret_list[10])
{
    struct array *const list[10] = {&s->ids, &s->case_ids, &s->states, &s->vers, &s->bodies,
            &s->event_ids, &s->event_vers, &s->kinds, &s->ats, &s->payloads};
    memcpy(ret_list, list, sizeof(list));
}

static void stepper_init(struct stepper *s, int index, int connections, int batch)
{
    struct array *arrays[10];
    s->batch = batch;
    s->random = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(index + 1);
    s->stripe_count = CASES / connections;
    s->stripe = bench_memory((size_t)s->stripe_count, sizeof(int64_t));
    for (int i = 0; i < s->stripe_count; i++)
        s->stripe[i] = (int64_t)index * s->stripe_count + i + 1;
    stepper_arrays(s, arrays);
    for (int i = 0; i < 10; i++)
        array_init(arrays[i], 2 * batch, BODY_SIZE);
}

static void stepper_fini(struct stepper *s)
{
    struct array *arrays[10];
    PQfinish(s->conn);
    free(s->stripe);
    stepper_arrays(s, arrays);
    for (int i = 0; i < 10; i++)
        array_fini(arrays[i]);
}

/* Every step left its mark: the versions add up to the steps, and there are two events for each. */
static void steps_check(PGconn *conn, int64_t steps)
{
    int64_t versions = bench_query_number(conn, "SELECT sum(ver) FROM cases");
    int64_t events = bench_query_number(conn, "SELECT count(*) FROM events");
    if (versions != steps || events != 2 * steps)
        bench_fail("%lld steps made, but the tables have %lld versions and %lld events",
                (long long)steps, (long long)versions, (long long)events);
}

static double steps_measure(const struct bench_cfg *cfg, int connections, int batch)
{
    struct stepper steppers[CONNECTIONS_MAX] = {0};
    pthread_barrier_t start;
    int64_t steps = 0;
    double rate = 0;
    PGconn *conn = bench_connect(cfg->conninfo);
    bench_execute(conn, SQL_SETUP);
    bench_execute(conn, SQL_FILL);
    bench_execute(conn, "VACUUM ANALYZE cases");
    pthread_barrier_init(&start, NULL, (unsigned)connections);
    for (int i = 0; i < connections; i++) {
        stepper_init(&steppers[i], i, connections, batch);
        stepper_connect(&steppers[i], cfg->conninfo);
        steppers[i].start = &start;
        steppers[i].seconds = cfg->seconds;
    }
    for (int i = 0; i < connections; i++)
        if (pthread_create(&steppers[i].thread, NULL, stepper_run, &steppers[i]) != 0)
            bench_fail("no thread could be started");
    for (int i = 0; i < connections; i++) {
        pthread_join(steppers[i].thread, NULL);
        steps += steppers[i].steps;
        rate += (double)steppers[i].steps / steppers[i].elapsed;
        stepper_fini(&steppers[i]);
    }
    pthread_barrier_destroy(&start);
    steps_check(conn, steps);
    bench_execute(conn, "DROP TABLE events, cases");
    PQfinish(conn);
    return rate;
}

void case_step_measure(const struct bench_cfg *cfg)
{
    double four = steps_measure(cfg, CONNECTIONS_MAX, BATCH);
    double one = steps_measure(cfg, 1, BATCH);
    double single = steps_measure(cfg, 1, 1);
    printf("{\"reference\":\"R1\",\"figures\":{\"steps_per_s\":%.0f,"
           "\"steps_per_s_one_connection\":%.0f,\"steps_per_s_batch_of_one\":%.0f}}\n",
            four, one, single);
}
