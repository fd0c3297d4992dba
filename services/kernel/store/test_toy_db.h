/* The toy's schema and site in a real PostgreSQL. */
#ifndef HUYING_STORE_TEST_TOY_DB_H
#define HUYING_STORE_TEST_TOY_DB_H

#include "services/kernel/base/clock.h"
#include "services/kernel/store/test_toy.h"
#include "tests/kit/pg.h"

#define DEADLINE_MS 20000

TOY struct kit_pg *server;
TOY const struct aggregate_ops *toy_ops = &TOY_OPS;

TOY void toy_schema(void)
{
    kit_pg_directory(server);
    kit_pg_kernel(server, "toy");
    kit_pg_run(server,
            "CREATE TABLE toy.toy (id bigint PRIMARY KEY, ver integer NOT NULL DEFAULT 0,"
            " seen_intake bigint NOT NULL DEFAULT 0, seen_volunteer bigint NOT NULL DEFAULT 0,"
            " sent_enforcement bigint NOT NULL DEFAULT 0,"
            " total bigint NOT NULL DEFAULT 0 CHECK (total < 1000000), ended_at timestamptz);"
            "CREATE TABLE toy.note (agg bigint NOT NULL, text text NOT NULL);"
            "CREATE TABLE toy.key (name text PRIMARY KEY, agg bigint NOT NULL);"
            "CREATE VIEW toy.work_ready AS SELECT id AS agg, 7 AS kind, now() AS at FROM toy.toy"
            " WHERE total = 77;"
            "CREATE VIEW toy.finished AS SELECT id AS agg, ended_at AS at FROM toy.toy"
            " WHERE ver > 0 AND ended_at IS NOT NULL;"
            "CREATE VIEW toy.counter_fact AS SELECT id AS agg, 0::smallint AS metric,"
            " 11::bigint AS unit, 3 AS matter, total AS value FROM toy.toy WHERE ver > 0;"
            "CREATE VIEW toy.counter_truth AS SELECT 0::smallint AS metric, k.unit, k.matter,"
            " coalesce(sum(value), 0)::bigint AS value FROM (SELECT value FROM toy.counter_fact"
            " UNION ALL SELECT value FROM toy.counter_kept) AS f RIGHT JOIN"
            " (VALUES (0::bigint, 0), (0, 3), (11, 0), (2, 0), (1, 0)) AS k (unit, matter) ON true"
            " GROUP BY k.unit, k.matter");
}

/* Empty tables, site 7, incarnation 5, directory version 1. */
TOY void toy_reset(void)
{
    kit_pg_run(server,
            "TRUNCATE toy.toy, toy.key, toy.note, toy.period, toy.horizon, toy.counter_kept, "
            "toy.outbox, toy.waiting, toy.dead_letter, toy.timer,"
            " toy.attempt, toy.suspect, toy.command, toy.history, toy.clock_anchor, toy.counter, "
            "toy.counter_delta;"
            "UPDATE toy.counter_head SET fold = 0; UPDATE toy.id_block SET next = 1, incarnation = "
            "0;"
            "DELETE FROM directory.site;"
            "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill,"
            " version, incarnation) VALUES (7, 'LA', '市', 'City', 0, false, 1, 5)");
}

TOY bool (*toy_site_seen)(void *self, const struct site_row *site); /* of all batches */

/* The rows of toy_directory(), for a loop that reads them. */
TOY void toy_directory_fill(void)
{
    kit_pg_run(server,
            "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en)"
            " VALUES (1, 'CITY', NULL, 0, 4, 'district', '市', 'City'),"
            " (2, 'STREET', 1, 1, 3, 'street', '街', 'Street'),"
            " (11, 'GRID', 2, 2, 1, 'grid', '格', 'Grid') ON CONFLICT DO NOTHING;"
            "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"
            " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min)"
            " VALUES (3, 'LAMP', 'c', '灯', 'Lamp', 1, 1, 'all', 1, 2, 3, 4)"
            " ON CONFLICT DO NOTHING");
}

TOY int64_t toy_now(void)
{
    struct clock clock = clock_system();
    return clock.monotonic_ms(clock.self);
}

TOY void toy_insert(int64_t agg, int64_t total)
{
    char sql[120];
    snprintf(sql, sizeof sql, "INSERT INTO toy.toy (id, ver, total) VALUES (%lld, 1, %lld)",
            (long long)agg, (long long)total);
    kit_pg_run(server, sql);
}

/* -1 = there is no such row. */
TOY int64_t toy_total(int64_t agg)
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT coalesce(max(total), -1) FROM toy.toy WHERE id = %lld",
            (long long)agg);
    return kit_pg_int(server, sql);
}

/* A synchronous standby that does not exist: commits wait, reading goes on. */
TOY void toy_standby_wanted(bool wanted)
{
    kit_pg_run(server, wanted ? "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
                              : "ALTER SYSTEM RESET synchronous_standby_names");
    kit_pg_run(server, "SELECT pg_reload_conf()");
}

/* 1 when the server has that backend and `condition` holds of it, else 0. */
TOY int toy_backends(int backend, const char *condition)
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND %s",
            backend, condition);
    return (int)kit_pg_int(server, sql);
}

TOY void toy_cancel(int backend)
{
    char sql[60];
    snprintf(sql, sizeof sql, "SELECT pg_cancel_backend(%d)", backend);
    kit_pg_run(server, sql);
}

TOY bool toy_commit_waits(int backend)
{
    return toy_backends(backend, "wait_event = 'SyncRep'") == 1;
}

#define ASSERT_SQL(sql, value)                                                                     \
    do {                                                                                           \
        long long found = kit_pg_int(server, sql);                                                 \
        if (found != (value))                                                                      \
            fail_msg("%s: %lld, expected %lld", sql, found, (long long)(value));                   \
    } while (0)

#endif
