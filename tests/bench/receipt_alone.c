/* R7: what a receipt takes by libpq alone on an idle machine: one after the other with a pause, as
 * the bench asks intake for receipts, the two round trips of one accepted report (its key is
 * inserted; then its row, a transition, two messages and a delta are inserted and
 * committed). No service, no broker, no checks: whoever does the same durably with the same
 * database is not faster. And beside it one round trip that does nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "tests/bench/bench_pg.h"
#include "tests/bench/reference.h"

#define PAUSE_NS 30000000 /* as load_ack.c */
#define SAMPLES 40

static const char SQL_SETUP[] =
        "DROP TABLE IF EXISTS receipt_key, report, story, message, delta;"
        "DROP SEQUENCE IF EXISTS receipt_id; CREATE SEQUENCE receipt_id CACHE 1000;"
        "CREATE TABLE receipt_key (ref text PRIMARY KEY, id bigint NOT NULL);"
        "CREATE TABLE report (id bigint PRIMARY KEY, ver int NOT NULL, state int NOT NULL,"
        " at timestamptz NOT NULL, unit bigint NOT NULL, digest bytea NOT NULL, ref text);"
        "CREATE TABLE story (agg bigint, ver int, kind int, at timestamptz, salt bytea,"
        " detail bytea, PRIMARY KEY (agg, ver));"
        "CREATE TABLE message (id bigint PRIMARY KEY, dest int, due timestamptz, payload bytea);"
        "CREATE INDEX message_due ON message (dest, due, id);"
        "CREATE TABLE delta (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amounts int[])";

static const struct {
    const char *name, *sql;
    int rows;
} STATEMENTS[] = {
        {"begin", "BEGIN", -1},
        {"key", "INSERT INTO receipt_key SELECT 'ref-' || nextval('receipt_id'), 0", 1},
        {"row",
                "INSERT INTO report SELECT nextval('receipt_id'), 1, 1, now(), 7,"
                " decode(repeat('ab', 32), 'hex'), 'ref-1'",
                1},
        {"story",
                "INSERT INTO story SELECT nextval('receipt_id'), 1, 1, now(),"
                " decode(repeat('ab', 16), 'hex'), decode(repeat('cd', 60), 'hex')",
                1},
        {"messages",
                "INSERT INTO message SELECT nextval('receipt_id'), d, now(),"
                " decode(repeat('ab', 200), 'hex') FROM generate_series(1, 2) AS d",
                2},
        {"delta", "INSERT INTO delta (amounts) VALUES ('{1,1,1,1}')", 1},
        {"commit", "COMMIT", -1},
};
enum { FIRST_TRIP = 2, STATEMENT_COUNT = sizeof(STATEMENTS) / sizeof(STATEMENTS[0]) };

static void trip(PGconn *conn, int from, int below)
{
    for (int i = from; i < below; i++)
        bench_send(conn, STATEMENTS[i].name, NULL, 0);
    bench_sync_send(conn);
    for (int i = from; i < below; i++)
        bench_take_command(conn, STATEMENTS[i].rows);
    bench_sync_take(conn);
}

static int double_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The median of the microseconds that it takes, `receipt` or the empty trip. */
static double median_us(PGconn *conn, int receipt)
{
    double samples[SAMPLES];
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    for (int i = 0; i < SAMPLES; i++) {
        nanosleep(&pause, NULL);
        double before = bench_now();
        if (receipt)
            trip(conn, 0, FIRST_TRIP);
        trip(conn, FIRST_TRIP, receipt ? STATEMENT_COUNT : FIRST_TRIP);
        samples[i] = (bench_now() - before) * 1e6;
    }
    qsort(samples, SAMPLES, sizeof(double), double_compare);
    return samples[SAMPLES / 2];
}

void receipt_alone_measure(const struct bench_cfg *cfg)
{
    PGconn *conn = bench_connect(cfg->conninfo);
    bench_execute(conn, SQL_SETUP);
    for (int i = 0; i < STATEMENT_COUNT; i++)
        bench_prepare(conn, STATEMENTS[i].name, STATEMENTS[i].sql);
    if (!PQenterPipelineMode(conn))
        bench_fail("pipeline mode: %s", PQerrorMessage(conn));
    double nothing = median_us(conn, 0);
    printf("{\"reference\":\"R7\",\"figures\":{\"trip_p50_us\":%.1f,\"receipt_p50_us\":%.1f}}\n",
            nothing, median_us(conn, 1));
    PQfinish(conn);
}
