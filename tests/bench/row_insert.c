/* R2: rows of 200 bytes of payload inserted from unnest, 256 a statement, one connection; every
 * statement is a transaction of its own and is waited for. */
#include <stdio.h>
#include <string.h>
#include "tests/bench/bench_pg.h"
#include "tests/bench/reference.h"

#define BATCH 256
#define PAYLOAD_SIZE 200

static const char SQL_SETUP[] =
        "DROP TABLE IF EXISTS rows;"
        "CREATE TABLE rows (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " case_id bigint NOT NULL, ver int NOT NULL, at timestamptz NOT NULL, payload bytea NOT "
        "NULL)";
static const char SQL_INSERT[] = "INSERT INTO rows (case_id, ver, at, payload) SELECT * FROM"
                                 " unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::bytea[])";

enum { ARRAY_ID, ARRAY_VER, ARRAY_AT, ARRAY_PAYLOAD, ARRAY_COUNT };

static const uint32_t ARRAY_OIDS[ARRAY_COUNT] = {OID_INT8, OID_INT4, OID_TIMESTAMPTZ, OID_BYTEA};

static void batch_fill(struct array arrays[ARRAY_COUNT], int64_t first)
{
    char payload[PAYLOAD_SIZE];
    int64_t at = bench_pg_now();
    for (int i = 0; i < ARRAY_COUNT; i++)
        array_start(&arrays[i], ARRAY_OIDS[i], BATCH);
    for (int i = 0; i < BATCH; i++) {
        memset(payload, 'a' + i % 16, sizeof(payload));
        array_add_int8(&arrays[ARRAY_ID], first + i);
        array_add_int4(&arrays[ARRAY_VER], i);
        array_add_int8(&arrays[ARRAY_AT], at);
        array_add_bytes(&arrays[ARRAY_PAYLOAD], payload, sizeof(payload));
    }
}

static void batch_insert(PGconn *conn, const struct array arrays[ARRAY_COUNT])
{
    const struct array *const list[] = {&arrays[0], &arrays[1], &arrays[2], &arrays[3]};
    bench_send(conn, "insert", list, ARRAY_COUNT);
    bench_sync_send(conn);
    bench_take_command(conn, BATCH);
    bench_sync_take(conn);
}

void row_insert_measure(const struct bench_cfg *cfg)
{
    struct array arrays[ARRAY_COUNT];
    int64_t inserted = 0;
    double elapsed;
    PGconn *conn = bench_connect(cfg->conninfo);
    bench_execute(conn, SQL_SETUP);
    bench_prepare(conn, "insert", SQL_INSERT);
    if (!PQenterPipelineMode(conn))
        bench_fail("pipeline mode: %s", PQerrorMessage(conn));
    for (int i = 0; i < ARRAY_COUNT; i++)
        array_init(&arrays[i], BATCH, PAYLOAD_SIZE);
    double begin = bench_now();
    do {
        batch_fill(arrays, inserted);
        batch_insert(conn, arrays);
        inserted += BATCH;
        elapsed = bench_now() - begin;
    } while (elapsed < cfg->seconds);
    for (int i = 0; i < ARRAY_COUNT; i++)
        array_fini(&arrays[i]);
    PQexitPipelineMode(conn);
    if (bench_query_number(conn, "SELECT count(*) FROM rows") != inserted)
        bench_fail("rows inserted and rows there differ");
    bench_execute(conn, "DROP TABLE rows");
    PQfinish(conn);
    printf("{\"reference\":\"R2\",\"figures\":{\"rows_per_s\":%.0f}}\n",
            (double)inserted / elapsed);
}
