/* The few libpq calls that R1 and R2 share. All of them end the process on an error. */
#ifndef HUYING_BENCH_PG_H
#define HUYING_BENCH_PG_H

#include <libpq-fe.h>
#include "tests/bench/array.h"

/* Tables of schema bench_reference; the connection's search_path is that schema. */
PGconn *bench_connect(const char *conninfo);
/* One statement or several, no result wanted. */
void bench_execute(PGconn *conn, const char *sql);
/* One value of one row as a number. */
int64_t bench_query_number(PGconn *conn, const char *sql);
void bench_prepare(PGconn *conn, const char *name, const char *sql);
/* Pipeline mode: sends a prepared statement with binary arrays (array_count may be 0). */
void bench_send(PGconn *conn, const char *name, const struct array *const *arrays, int array_count);
/* Pipeline mode: the next statement's only result, of that status; the caller clears it. */
PGresult *bench_take(PGconn *conn, ExecStatusType status);
/* The same for a statement that changes rows: exactly `rows` of them (-1: any number). */
void bench_take_command(PGconn *conn, int rows);
/* Pipeline mode: sends a synchronisation point, and reads its answer. */
void bench_sync_send(PGconn *conn);
void bench_sync_take(PGconn *conn);
/* The microseconds that timestamptz counts, now. */
int64_t bench_pg_now(void);

#endif
