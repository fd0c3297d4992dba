/* libpq for the references: blocking sockets. That is safe here, since a statement with a big
 * answer is always followed by a synchronisation point and read before anything else is sent. */
#include "tests/bench/bench_pg.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "services/kernel/base/must.h"
#include "tests/bench/reference.h"

#define ARRAYS_MAX 5
#define EPOCH_2000_S 946684800

PGconn *bench_connect(const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    if (PQstatus(conn) != CONNECTION_OK)
        bench_fail("cannot connect: %s", PQerrorMessage(conn));
    bench_execute(conn, "SET client_min_messages = warning;"
                        "CREATE SCHEMA IF NOT EXISTS bench_reference;"
                        "SET search_path = bench_reference");
    return conn;
}

void bench_execute(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        bench_fail("%s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
}

int64_t bench_query_number(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
        bench_fail("%s: %s", sql, PQerrorMessage(conn));
    int64_t number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return number;
}

void bench_prepare(PGconn *conn, const char *name, const char *sql)
{
    PGresult *result = PQprepare(conn, name, sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        bench_fail("%s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
}

void bench_send(PGconn *conn, const char *name, const struct array *const *arrays, int array_count)
{
    const char *values[ARRAYS_MAX];
    int sizes[ARRAYS_MAX];
    int formats[ARRAYS_MAX];
    must(array_count <= ARRAYS_MAX);
    for (int i = 0; i < array_count; i++) {
        values[i] = arrays[i]->data;
        sizes[i] = (int)arrays[i]->size;
        formats[i] = 1;
    }
    if (!PQsendQueryPrepared(conn, name, array_count, values, sizes, formats, 1))
        bench_fail("%s: %s", name, PQerrorMessage(conn));
}

PGresult *bench_take(PGconn *conn, ExecStatusType status)
{
    PGresult *result = PQgetResult(conn);
    if (PQresultStatus(result) != status)
        bench_fail("got %s, expected %s: %s", PQresStatus(PQresultStatus(result)),
                PQresStatus(status), PQerrorMessage(conn));
    must(PQgetResult(conn) == NULL);
    return result;
}

void bench_take_command(PGconn *conn, int rows)
{
    PGresult *result = bench_take(conn, PGRES_COMMAND_OK);
    long changed = strtol(PQcmdTuples(result), NULL, 10);
    if (rows >= 0 && changed != rows)
        bench_fail("%ld rows changed, expected %d", changed, rows);
    PQclear(result);
}

void bench_sync_send(PGconn *conn)
{
    if (!PQpipelineSync(conn))
        bench_fail("sync: %s", PQerrorMessage(conn));
}

void bench_sync_take(PGconn *conn)
{
    PGresult *result = PQgetResult(conn);
    if (PQresultStatus(result) != PGRES_PIPELINE_SYNC)
        bench_fail("got %s, expected the end of the pipeline: %s",
                PQresStatus(PQresultStatus(result)), PQerrorMessage(conn));
    PQclear(result);
}

int64_t bench_pg_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    return ((int64_t)at.tv_sec - EPOCH_2000_S) * 1000000 + at.tv_nsec / 1000;
}
