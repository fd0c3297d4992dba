#include "tests/kit/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/kernel/store/life.h"

#define DEADLINE_MS 20000
#define SQL_MAX 1024
#define TRUTH "SELECT coalesce(sum(hashtext(t::text)), 0)::bigint FROM %s.counter_truth AS t"

static void done(void *self, enum err err, const char *message)
{
    (void)self;
    if (err != OK)
        print_error("%s\n", message);
    assert_int_equal(err, OK);
}

static void shrink(struct kit_pg *server, const struct aggregate_ops *ops)
{
    char role[64];
    size_t count = 0;
    int64_t rows = -1;
    int64_t now_ms =
            kit_pg_int(server, "SELECT (extract(epoch FROM directory.clock()) * 1000)::bigint");
    snprintf(role, sizeof role, "huying_%s", ops->schema);
    struct pg *pg = pg_new(kit_pg_conninfo(server, role), ops->schema);
    struct life *life = life_new(ops, pg);
    const struct statement *list = life_statements(life, &count);
    pg_prepare(pg, list, count);
    assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    life_shrink(life, now_ms - 86400000, &rows, done, NULL);
    assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    assert_int_equal(rows, 1);
    life_raise(life, now_ms, now_ms - 86400000, &rows, done, NULL);
    life_remove(life, &rows, done, NULL);
    assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    pg_destroy(&pg);
    life_destroy(&life);
}

void kit_row_ends(struct kit_pg *server, const struct aggregate_ops *ops, int64_t agg)
{
    char sql[SQL_MAX], truth[SQL_MAX];
    const char *schema = ops->schema, *table = ops->table;
    snprintf(truth, sizeof truth, TRUTH, schema);
    long long before = kit_pg_int(server, truth);
    snprintf(sql, sizeof sql,
            "DELETE FROM %s.outbox; INSERT INTO %s.%s (id) VALUES (%lld + 1000000);"
            "UPDATE directory.site SET clock = clock + interval '9 days' WHERE drill",
            schema, schema, table, (long long)agg);
    kit_pg_run(server, sql);
    shrink(server, ops);
    snprintf(sql, sizeof sql,
            "WITH k AS (SELECT array_agg(attname::text) AS keep FROM pg_attribute"
            " WHERE attrelid = '%s.%s'::regclass AND attname ~ '^(id|ver|(seen|sent)_.*)$')"
            " SELECT (to_jsonb(a) - k.keep = to_jsonb(s) - k.keep AND a.ver < 0)::integer"
            " FROM %s.%s AS a, %s.%s AS s, k WHERE a.id = %lld AND s.id = %lld + 1000000",
            schema, table, schema, table, schema, table, (long long)agg, (long long)agg);
    assert_int_equal(kit_pg_int(server, sql), 1);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s.history WHERE agg = %lld", schema,
            (long long)agg);
    assert_int_equal(kit_pg_int(server, sql), 0);
    assert_int_equal(kit_pg_int(server, truth), before);
}
