#include "services/kernel/store/life.h"

#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"

/* The statements of a call are about the same rows and go out at once, in one segment: the first
 * ones leave the ids in a setting of the transaction, where chosen() of the schema finds them.
 * Before a service's statements are prepared, @ becomes its table and # its own columns' reset. */
#define CHOOSE "SELECT set_config('huying.chosen', coalesce(string_agg(l.id::text, ','), ''), true)"
#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)
#define COUNTER_MAX "281474976710655"

/* Nothing about it is under way or waits for somebody. With OFFSET each stays a look into an index
 * by itself, however little the tables held when the statement was planned. */
#define AT_REST(agg)                                                                               \
    agg " NOT IN (SELECT o.agg FROM outbox o) "                                                    \
        "AND NOT EXISTS (SELECT FROM waiting w WHERE w.agg = " agg " OFFSET 0) "                   \
        "AND NOT EXISTS (SELECT FROM dead_letter d WHERE d.agg = " agg " OFFSET 0) "               \
        "AND NOT EXISTS (SELECT FROM timer x WHERE x.agg = " agg " OFFSET 0)"
#define NONE_BETWEEN(table)                                                                        \
    "NOT EXISTS (SELECT FROM " table " AS x WHERE x.agg >= n.above AND x.agg < n.below OFFSET 0)"
#define FINISHED "f.at < $1::timestamptz AND " AT_REST("f.agg")

/* Candidates are read without a lock, and then as many locked as are free, in the one order. */
static const struct statement SQL_FINISHED = {"k_life_finished",
        CHOOSE " FROM (SELECT t.id FROM @ AS t WHERE t.id = ANY(ARRAY("
               "SELECT f.agg FROM finished AS f WHERE " FINISHED
               " AND (SELECT count(*) FROM (SELECT FROM outbox LIMIT $3) AS o) < $3 "
               "ORDER BY f.at LIMIT $2)) ORDER BY t.id FOR NO KEY UPDATE SKIP LOCKED) AS l"};
/* The same again under the locks, in a statement of its own, which alone sees what was committed
 * before they were got. */
static const struct statement SQL_FINISHED_STILL = {"k_life_finished_still",
        CHOOSE " FROM (SELECT f.agg AS id FROM finished AS f "
               "WHERE f.agg = ANY(chosen()) AND " FINISHED ") AS l"};
static const struct statement SQL_KEEP_COUNTS = {"k_life_counts",
        "INSERT INTO counter_kept AS k (metric, unit, matter, value) "
        "SELECT f.metric, f.unit, f.matter, sum(f.value)::bigint FROM counter_fact AS f "
        "WHERE f.agg = ANY(chosen()) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 "
        "ON CONFLICT (metric, unit, matter) DO UPDATE SET value = k.value + excluded.value"};
static const struct statement SQL_HISTORY_GONE = {
        "k_life_history", "DELETE FROM history WHERE agg = ANY(chosen())"};
static const struct statement SQL_SHRINK = {"k_life_shrink",
        "WITH gone AS (UPDATE @ SET ver = -ver# WHERE id = ANY(chosen()) AND ver > 0 RETURNING id) "
        "SELECT count(*) FROM gone"};

/* The largest id of each minter that this service has heard of. */
static const struct statement SQL_PERIOD = {"k_life_period",
        "INSERT INTO period (minter, below, noted) SELECT m.minter, l.id + 1, $1::timestamptz "
        "FROM (SELECT m AS minter, (number::bigint << 3 | m) << 48 AS first "
        "FROM directory.site, generate_series(1, 7) AS m) AS m CROSS JOIN LATERAL "
        "(SELECT t.id FROM @ AS t WHERE t.id BETWEEN m.first AND m.first + " COUNTER_MAX
        " ORDER BY t.id DESC LIMIT 1) AS l WHERE NOT EXISTS (SELECT FROM period AS p "
        "WHERE p.minter = m.minter AND (p.below > l.id OR p.noted > $1 - interval '30 days')) "
        "ON CONFLICT DO NOTHING"};
/* From one period to the next, so that little has to be looked through. */
static const struct statement SQL_RAISE = {"k_life_raise",
        "WITH n AS (SELECT DISTINCT ON (p.minter) p.minter, p.below, "
        "coalesce(h.below, p.below >> 48 << 48) AS above "
        "FROM period AS p LEFT JOIN horizon AS h ON h.minter = p.minter "
        "WHERE p.noted < $1::timestamptz "
        "AND p.below > coalesce(h.below, 0) ORDER BY p.minter, p.below), "
        "up AS (INSERT INTO horizon AS h (minter, below) SELECT n.minter, n.below FROM n "
        "WHERE NOT EXISTS (SELECT FROM @ AS t "
        "WHERE t.id >= n.above AND t.id < n.below AND t.ver > 0 OFFSET 0) "
        "AND " NONE_BETWEEN("outbox") " AND " NONE_BETWEEN("waiting") " AND " NONE_BETWEEN(
                "dead_letter") " AND " NONE_BETWEEN("timer") " ORDER BY n.minter ON CONFLICT "
                                                             "(minter) DO UPDATE SET below = "
                                                             "excluded.below, "
                                                             "settled = NULL WHERE h.below < "
                                                             "excluded.below RETURNING h.minter) "
                                                             "SELECT count(*) FROM up"};

static const struct statement SQL_SETTLE = {
        "k_life_settle", "UPDATE horizon SET settled = clock_timestamp() WHERE settled IS NULL"};
/* In a statement before the one that looks at rows: what transactions of before the horizon did
 * must be seen there. Who began in the future began before the clock was set back. */
static const struct statement SQL_OPEN = {"k_life_open",
        "SELECT set_config('huying.below', coalesce((SELECT string_agg(h.below::text, ',') "
        "FROM horizon AS h WHERE h.settled IS NOT NULL AND NOT EXISTS "
        "(SELECT FROM pg_stat_activity AS a WHERE a.usename = current_user "
        "AND a.datname = current_database() AND a.pid <> pg_backend_pid() "
        "AND (a.xact_start <= h.settled OR a.xact_start > clock_timestamp()))), ''), true)"};
static const struct statement SQL_PAST = {"k_life_past", CHOOSE
        " FROM unnest(string_to_array(current_setting('huying.below'), ',')::bigint[]) AS h(below) "
        "CROSS JOIN LATERAL (SELECT t.id FROM @ AS t WHERE t.id >= h.below >> 48 << 48 "
        "AND t.id < h.below AND t.ver <= 0 AND " AT_REST(
                "t.id") " ORDER BY t.id LIMIT $1 FOR UPDATE SKIP LOCKED) AS l"};
static const struct statement SQL_TALLY = {"k_life_tally",
        "UPDATE horizon AS h SET removed = h.removed + g.removed, leaves = h.leaves + g.leaves "
        "FROM (SELECT (t.id >> 48 & 7)::smallint AS minter, count(*) AS removed, "
        "sum(-t.ver)::bigint AS leaves FROM @ AS t WHERE t.id = ANY(chosen()) GROUP BY 1) AS g "
        "WHERE h.minter = g.minter"};
static const struct statement SQL_REMOVE = {"k_life_remove",
        "WITH gone AS (DELETE FROM @ WHERE id = ANY(chosen()) RETURNING id) "
        "SELECT count(*) FROM gone"};

/* By the server's own clock: people and programs ask again, drill or not. */
static const struct statement SQL_ANSWERS = {"k_life_answers",
        "WITH gone AS (DELETE FROM command WHERE ctid = ANY(ARRAY(SELECT ctid FROM command "
        "WHERE at < now() - $1::bigint * interval '1 day' ORDER BY at LIMIT $2 "
        "FOR UPDATE SKIP LOCKED)) RETURNING 1) SELECT count(*) FROM gone"};

static const struct statement *const patterns[] = {&SQL_FINISHED, &SQL_FINISHED_STILL,
        &SQL_KEEP_COUNTS, &SQL_HISTORY_GONE, &SQL_SHRINK, &SQL_PERIOD, &SQL_RAISE, &SQL_SETTLE,
        &SQL_OPEN, &SQL_PAST, &SQL_TALLY, &SQL_REMOVE};
#define PATTERN_COUNT (sizeof patterns / sizeof *patterns)

struct life {
    const struct aggregate_ops *ops;
    struct pg *pg;
    struct params params;
    struct statement statements[PATTERN_COUNT + 3];
    size_t statement_count;
    struct buf texts[PATTERN_COUNT];
};

/* "a, b" becomes ", a = DEFAULT, b = DEFAULT". */
static void columns_reset(struct buf *sql, const char *columns)
{
    while (*columns) {
        size_t size = strcspn(columns, ",");
        buf_add_format(sql, ", %.*s = DEFAULT", (int)size, columns);
        columns += size;
        columns += strspn(columns, ", ");
    }
}

static struct statement statement_make(
        const struct aggregate_ops *ops, const struct statement *pattern, struct buf *sql)
{
    for (const char *at = pattern->sql; *at;) {
        size_t size = strcspn(at, "@#");
        buf_add(sql, at, size);
        at += size;
        if (*at == '@')
            buf_add_text(sql, ops->table);
        else if (*at == '#')
            columns_reset(sql, ops->own_columns);
        at += *at != 0;
    }
    return (struct statement){pattern->name, sql->data};
}

static bool counts(const struct aggregate_ops *ops)
{
    return ops->metric_names && ops->metric_names[0];
}

struct life *life_new(const struct aggregate_ops *ops, struct pg *pg)
{
    struct life *life = calloc(1, sizeof *life);
    must(life);
    life->ops = ops;
    life->pg = pg;
    life->statements[life->statement_count++] = SQL_ANSWERS;
    if (!life_ends(life))
        return life;
    for (size_t i = 0; i < PATTERN_COUNT; i++)
        if (patterns[i] != &SQL_KEEP_COUNTS || counts(ops))
            life->statements[life->statement_count++] =
                    statement_make(ops, patterns[i], &life->texts[i]);
    if (ops->sql_shed.name)
        life->statements[life->statement_count++] = ops->sql_shed;
    if (ops->sql_remove.name)
        life->statements[life->statement_count++] = ops->sql_remove;
    return life;
}

void life_destroy(struct life **pointer)
{
    struct life *life = *pointer;
    if (!life)
        return;
    params_fini(&life->params);
    for (size_t i = 0; i < PATTERN_COUNT; i++)
        buf_fini(&life->texts[i]);
    free(life);
    *pointer = NULL;
}

const struct statement *life_statements(const struct life *life, size_t *ret_count)
{
    *ret_count = life->statement_count;
    return life->statements;
}

bool life_ends(const struct life *life)
{
    return life->ops->own_columns != NULL;
}

static void count_read(void *self, const PGresult *result)
{
    if (PQntuples(result) == 1)
        *(int64_t *)self = row_int(result, 0, 0);
}

static void plain_queue(struct life *life, const struct statement *statement)
{
    pg_queue(life->pg, statement, NULL, NULL, NULL);
}

static void one_queue(struct life *life,
        const struct statement *statement,
        enum param_type type,
        int64_t value,
        int64_t *ret_count)
{
    params_reset(&life->params);
    params_int(&life->params, type, value);
    pg_queue(life->pg, statement, &life->params, ret_count ? count_read : NULL, ret_count);
}

void life_shrink(
        struct life *life, int64_t before_ms, int64_t *ret_count, pg_done_fn *done, void *self)
{
    must(life_ends(life) && before_ms > 0);
    *ret_count = 0;
    params_reset(&life->params);
    params_int(&life->params, PARAM_TIME, before_ms);
    params_int(&life->params, PARAM_INT8, LIFE_ROWS_MAX);
    params_int(&life->params, PARAM_INT8, LIFE_BACKLOG_MAX);
    pg_queue(life->pg, &SQL_FINISHED, &life->params, NULL, NULL);
    one_queue(life, &SQL_FINISHED_STILL, PARAM_TIME, before_ms, NULL);
    if (counts(life->ops))
        plain_queue(life, &SQL_KEEP_COUNTS);
    plain_queue(life, &SQL_HISTORY_GONE);
    if (life->ops->sql_shed.name)
        plain_queue(life, &life->ops->sql_shed);
    pg_queue(life->pg, &SQL_SHRINK, NULL, count_read, ret_count);
    pg_sync(life->pg, done, self);
}

void life_raise(struct life *life,
        int64_t now_ms,
        int64_t before_ms,
        int64_t *ret_count,
        pg_done_fn *done,
        void *self)
{
    must(life_ends(life) && before_ms > 0 && before_ms < now_ms);
    *ret_count = 0;
    one_queue(life, &SQL_PERIOD, PARAM_TIME, now_ms, NULL);
    one_queue(life, &SQL_RAISE, PARAM_TIME, before_ms, ret_count);
    pg_sync(life->pg, done, self);
}

void life_remove(struct life *life, int64_t *ret_count, pg_done_fn *done, void *self)
{
    must(life_ends(life));
    *ret_count = 0;
    plain_queue(life, &SQL_SETTLE);
    plain_queue(life, &SQL_OPEN);
    one_queue(life, &SQL_PAST, PARAM_INT8, LIFE_ROWS_MAX, NULL);
    plain_queue(life, &SQL_TALLY);
    plain_queue(life, &SQL_HISTORY_GONE);
    if (life->ops->sql_remove.name)
        plain_queue(life, &life->ops->sql_remove);
    pg_queue(life->pg, &SQL_REMOVE, NULL, count_read, ret_count);
    pg_sync(life->pg, done, self);
}

void life_forget_answers(
        struct life *life, int64_t command_days, int64_t *ret_count, pg_done_fn *done, void *self)
{
    must(command_days > 0);
    *ret_count = 0;
    params_reset(&life->params);
    params_int(&life->params, PARAM_INT8, command_days);
    params_int(&life->params, PARAM_INT8, LIFE_ROWS_MAX);
    pg_queue(life->pg, &SQL_ANSWERS, &life->params, count_read, ret_count);
    pg_sync(life->pg, done, self);
}
