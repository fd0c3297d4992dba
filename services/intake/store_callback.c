/* See store_callback.h. In order per subscriber and case: a delivery is taken only when none of an
 * earlier step is pending. One that failed takes those behind it along to its next try, so that
 * they are not looked at in vain. A lease is the instant `due` moved ahead, and a number that says
 * whose it is. Rows are written by key or ctid, never by a join, which would be planned while the
 * table is empty. */
#include "services/intake/store_callback.h"
#include <libpq-fe.h>

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define PER_SUBSCRIBER TEXT(CALLBACK_PER_SUBSCRIBER)
#define PRUNE_LIMIT "1000"

/* Subscribers in random order: when there are more to be told than fit, each has its turn. $5: a
 * subscriber for each try that this sender has under way. */
#define TAKE_SQL                                                                                   \
    "WITH taken AS (UPDATE delivery AS d SET lease = $1, due = now() + $2::bigint * interval "     \
    "'1 millisecond', tries = d.tries + 1 WHERE d.ctid = ANY(ARRAY(SELECT c.at FROM (SELECT "      \
    "x.id FROM subscriber AS x WHERE x.state = 1 AND (x.channel = 1 OR $4) ORDER BY random()) "    \
    "AS s CROSS JOIN LATERAL (SELECT x.ctid AS at FROM delivery AS x WHERE x.subscriber = s.id "   \
    "AND x.done = 0 AND x.due <= now() AND x.ver = (SELECT e.ver FROM delivery AS e WHERE "        \
    "e.subscriber = x.subscriber AND e.agg = x.agg AND e.done = 0 ORDER BY e.ver LIMIT 1) "        \
    "ORDER BY x.due LIMIT greatest(0, " PER_SUBSCRIBER " - (SELECT count(*) FROM "                 \
    "unnest($5::integer[]) AS b (id) WHERE b.id = s.id)) FOR UPDATE SKIP LOCKED) AS c LIMIT "      \
    "$3)) RETURNING d.*) SELECT t.subscriber, t.agg, t.ver, t.kind, t.state, t.lease, "            \
    "t.tries::integer, t.round, t.at, t.accepted, t.ended, t.source, t.ref, coalesce(m.code, "     \
    "''), coalesce(u.code, ''), s.name, s.url, s.channel, s.secret, CASE WHEN s.before_until > "   \
    "now() THEN s.secret_before END, coalesce(r.outcome_text, ''), i.letters, i.utc_offset_s, "    \
    "t.told FROM taken AS t CROSS JOIN directory.site AS i CROSS JOIN LATERAL (SELECT x.* FROM "   \
    "subscriber AS x WHERE x.id = t.subscriber OFFSET 0) AS s LEFT JOIN LATERAL (SELECT x.code "   \
    "FROM directory.matter AS x WHERE x.id = t.matter OFFSET 0) AS m ON true LEFT JOIN LATERAL "   \
    "(SELECT x.code FROM directory.unit AS x WHERE x.id = t.unit OFFSET 0) AS u ON true LEFT "     \
    "JOIN LATERAL (SELECT x.outcome_text FROM report AS x WHERE x.id = t.agg AND s.channel = 2 "   \
    "OFFSET 0) AS r ON true ORDER BY t.subscriber, t.agg, t.ver"

/* One at a time, by its key. While it is pending those behind it are put off with it. */
#define RECORD_SQL                                                                                 \
    "UPDATE delivery SET due = CASE WHEN $5 = 0 THEN now() + $6::bigint * interval '1 "            \
    "millisecond' ELSE due END, lease = CASE WHEN ver = $3 THEN 0 ELSE lease END, done = CASE "    \
    "WHEN ver = $3 THEN $5::smallint ELSE done END, status = CASE WHEN ver = $3 THEN "             \
    "$7::integer ELSE status END, told = CASE WHEN ver = $3 THEN $8::bigint ELSE told END, why "   \
    "= CASE WHEN ver = $3 THEN $9::text ELSE why END, finished = CASE WHEN ver = $3 AND $5 > 0 "   \
    "THEN now() END WHERE subscriber = $1 AND agg = $2 AND ver >= $3 AND done = 0 AND CASE "       \
    "WHEN ver = $3 THEN lease = $4 OR $5 = 1 ELSE $5 = 0 END"

const struct statement callback_statements[CALLBACK_STATEMENTS] = {
        [CALLBACK_TAKE] = {"callback_take", TAKE_SQL},
        [CALLBACK_RECORD] = {"callback_record", RECORD_SQL},
        [CALLBACK_DISABLE] = {"callback_disable",
                "UPDATE subscriber SET state = 3, why = $2::text WHERE id = $1::integer "
                "AND state < 3 RETURNING name"},
        [CALLBACK_PRUNE] = {"callback_prune",
                "DELETE FROM delivery WHERE ctid = ANY(ARRAY(SELECT x.ctid FROM delivery AS x "
                "WHERE x.done > 0 AND x.finished < now() - $1::bigint * interval '1 millisecond' "
                "ORDER BY x.finished LIMIT " PRUNE_LIMIT " FOR UPDATE SKIP LOCKED))"},
};

void callbacks_take(
        struct pg *pg, const struct callback_wanted *wanted, pg_rows_fn *rows, void *self)
{
    struct params params = {0};
    params_int(&params, PARAM_INT8, wanted->lease);
    params_int(&params, PARAM_INT8, wanted->lease_ms);
    params_int(&params, PARAM_INT8, wanted->limit);
    params_int(&params, PARAM_BOOL, wanted->notices);
    int busy = params_array(&params, PARAM_INT4);
    for (size_t i = 0; i < wanted->busy_count; i++)
        param_add_int(&params, busy, wanted->busy[i]);
    pg_queue(pg, &callback_statements[CALLBACK_TAKE], &params, rows, self);
    params_fini(&params);
}

struct callback callback_row(const PGresult *rows, int row)
{
    return (struct callback){.key = {.subscriber = (int32_t)row_int(rows, row, 0),
                                     .agg = row_int(rows, row, 1),
                                     .ver = (int32_t)row_int(rows, row, 2)},
            .kind = (enum report_step)row_int(rows, row, 3),
            .state = (enum report_state)row_int(rows, row, 4),
            .lease = row_int(rows, row, 5),
            .tries = (int)row_int(rows, row, 6),
            .round = (int32_t)row_int(rows, row, 7),
            .at_ms = row_time(rows, row, 8),
            .accepted_ms = row_time(rows, row, 9),
            .ended_ms = row_time(rows, row, 10),
            .source = row_text(rows, row, 11),
            .ref = row_text(rows, row, 12),
            .matter = row_text(rows, row, 13),
            .unit = row_text(rows, row, 14),
            .name = row_text(rows, row, 15),
            .url = row_text(rows, row, 16),
            .channel = (enum callback_channel)row_int(rows, row, 17),
            .secret = row_bytes(rows, row, 18),
            .secret_before = row_bytes(rows, row, 19),
            .outcome = row_text(rows, row, 20),
            .letters = row_text(rows, row, 21),
            .utc_offset_s = (int)row_int(rows, row, 22),
            .told = (uint64_t)row_int(rows, row, 23)};
}

void callback_record(struct pg *pg, const struct callback_end *end)
{
    struct params params = {0};
    params_int(&params, PARAM_INT4, end->key.subscriber);
    params_int(&params, PARAM_INT8, end->key.agg);
    params_int(&params, PARAM_INT4, end->key.ver);
    params_int(&params, PARAM_INT8, end->lease);
    params_int(&params, PARAM_INT4, end->done);
    params_int(&params, PARAM_INT8, end->next_ms);
    params_int(&params, PARAM_INT4, end->status);
    params_int(&params, PARAM_INT8, (int64_t)end->told);
    params_text(&params, end->why);
    pg_queue(pg, &callback_statements[CALLBACK_RECORD], &params, NULL, NULL);
    params_fini(&params);
}

void callbacks_disable(
        struct pg *pg, int32_t subscriber, const char *why, pg_rows_fn *rows, void *self)
{
    struct params params = {0};
    params_int(&params, PARAM_INT4, subscriber);
    params_text(&params, why);
    pg_queue(pg, &callback_statements[CALLBACK_DISABLE], &params, rows, self);
    params_fini(&params);
}

void callbacks_prune(struct pg *pg, int64_t keep_ms)
{
    struct params params = {0};
    params_int(&params, PARAM_INT8, keep_ms);
    pg_queue(pg, &callback_statements[CALLBACK_PRUNE], &params, NULL, NULL);
    params_fini(&params);
}
