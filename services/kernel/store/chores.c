#include "services/kernel/store/chores.h"

#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"

#define SUSPECT_DAYS "1"
#define ANCHOR_DAYS "90"

const struct statement SQL_SESSION = {"k_session", "SELECT pg_advisory_lock($1)"};
const struct statement SQL_ATTACH = {
        "k_attach", "SELECT number, incarnation, drill, version, went_back FROM "
                    "directory.site_attach($1::bigint)"};
const struct statement SQL_DURABLE = {"k_durable",
        "SELECT current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' "
        "AND current_setting('synchronous_commit') IN ('on', 'remote_apply'), "
        "current_setting('synchronous_standby_names') <> ''"};
static const struct statement SQL_SITE_NOW = {"k_site_now",
        "SELECT s.version, s.incarnation, s.drill, directory.clock(), s.clock_trust, "
        "a.low, a.high, a.trust FROM directory.site s LEFT JOIN clock_anchor a ON a.boot = $1"};
/* Never back to an older number of trust. Machines that are gone leave a row each. */
static const struct statement SQL_ANCHOR = {"k_anchor",
        "WITH old AS (DELETE FROM clock_anchor WHERE boot <> $1 "
        "AND at < now() - interval '" ANCHOR_DAYS " days') "
        "INSERT INTO clock_anchor AS a (boot, low, high, trust) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (boot) DO UPDATE SET low = excluded.low, high = excluded.high, "
        "trust = excluded.trust, at = now() WHERE a.trust <= excluded.trust"};
/* After a restore the counter goes on where no other incarnation has been: a jump by a constant
 * would hand out the same ids after each restore of one backup. An incarnation is at least its
 * instant in seconds; each second since 2026 has 2^17 ids, which last for 68 years. The first block
 * of all does not jump, but only in the site's first incarnation: later the backup may be from
 * before that block. Who asks for an incarnation that is over gets nothing: its block would be one
 * handed out before. */
static const struct statement SQL_IDS = {"k_ids",
        "UPDATE id_block SET next = $2 + CASE WHEN incarnation = $1 OR (incarnation = 0 AND "
        "$1 = (SELECT incarnation_first FROM directory.site)) THEN next "
        "ELSE greatest(next, ($1 - 1767225600) * 131072) END, incarnation = $1 "
        "WHERE (SELECT incarnation FROM directory.site) = $1 RETURNING next - $2"};
static const struct statement SQL_TIMERS_DUE = {"k_timers_due",
        "SELECT agg, kind, gen, due FROM timer WHERE due < (SELECT directory.clock()) "
        "ORDER BY due, agg LIMIT $1"};
static const struct statement SQL_WORK = {
        "k_work", "SELECT agg, kind, 0, at FROM work_ready ORDER BY agg LIMIT $1"};
/* Claims by raising the due time, so that two instances do not send the same rows; back-off with
 * jitter. now(), not clock_timestamp(): only a stable function is looked up in the index. The lower
 * bound keeps the scan from walking over rows that are gone but that a held snapshot keeps in the
 * index. Of an aggregate only the lowest numbers are sent: those of this claim, and none that is a
 * whole window above one that was sent again and is still out (index outbox_again); the others are
 * put off for an eighth of the time. Which of the claimed are sent is found by halving, not by a
 * join (save.c). */
#define SENT "s.sent[width_bucket(o.id, s.ids)]"
static const struct statement SQL_RESEND = {"k_resend",
        "WITH c AS MATERIALIZED (SELECT id, agg, n FROM outbox WHERE dest = $1 AND due <= now() "
        "AND due >= CASE WHEN $4::bigint > 0 THEN now() - $4::bigint * interval '1 ms' "
        "ELSE '-infinity' END AND acked IS NULL ORDER BY due LIMIT $3 FOR UPDATE SKIP LOCKED), "
        "w AS MATERIALIZED (SELECT c.id, row_number() OVER (PARTITION BY c.agg ORDER BY c.n) <= $5 "
        "AND NOT EXISTS (SELECT FROM outbox t WHERE t.dest = $1 AND t.agg = c.agg "
        "AND t.n <= c.n - $5 AND t.tries > 0 AND t.acked IS NULL) AS sent FROM c), "
        "s AS MATERIALIZED (SELECT array_agg(id ORDER BY id) AS ids, "
        "array_agg(sent ORDER BY id) AS sent FROM w) "
        "UPDATE outbox o SET tries = o.tries + " SENT "::integer, due = clock_timestamp() + "
        "CASE WHEN " SENT " THEN $2::bigint * (1 << least(o.tries, 2)) * (0.75 + random() / 2) "
        "ELSE $2::bigint / 8 END * interval '1 ms' FROM s "
        "WHERE o.id = ANY(ARRAY(SELECT id FROM c)) "
        "RETURNING o.id, o.agg, o.n, o.type, o.at, CASE WHEN " SENT
        " THEN o.payload END, o.tries, " SENT};
/* A due time further off than any back-off was written while the server's clock was ahead: without
 * this such rows would wait until the clock gets there. Found at the far end of the index. */
static const struct statement SQL_RESEND_FAR = {"k_resend_far",
        "UPDATE outbox SET due = now() WHERE id = ANY(ARRAY(SELECT id FROM outbox WHERE dest = $1 "
        "AND due > now() + $2::bigint * interval '6 ms' AND acked IS NULL "
        "ORDER BY due DESC LIMIT $3 FOR UPDATE SKIP LOCKED))"};
/* The owner of an attempt deletes its own after a lost connection: hence the ten seconds. What
 * failed together makes suspects and no more; only what failed alone counts towards the limit, or
 * an innocent message would be buried with the one that it stands behind. */
static const struct statement SQL_ATTEMPTS = {"k_attempts",
        "WITH gone AS (DELETE FROM attempt WHERE id = ANY(ARRAY(SELECT id FROM attempt "
        "WHERE at < now() - interval '10 s' AND pg_try_advisory_xact_lock(session) "
        "ORDER BY id LIMIT 64 FOR UPDATE SKIP LOCKED)) RETURNING messages) "
        "INSERT INTO suspect (msg_id, attempts) "
        "SELECT m, count(*) FILTER (WHERE cardinality(gone.messages) = 1) "
        "FROM gone, unnest(gone.messages) AS m GROUP BY m ORDER BY m ON CONFLICT (msg_id) "
        "DO UPDATE SET attempts = suspect.attempts + excluded.attempts, last = now()"};
static const struct statement SQL_SUSPECTS_OLD = {"k_suspects_old",
        "DELETE FROM suspect WHERE last < now() - interval '" SUSPECT_DAYS " day'"};
static const struct statement SQL_SUSPECT_ADD = {"k_suspect_add",
        "INSERT INTO suspect (msg_id, attempts) VALUES ($1, 1) "
        "ON CONFLICT (msg_id) DO UPDATE SET attempts = suspect.attempts + 1, last = now()"};
static const struct statement SQL_FOLD = {"k_fold",
        "WITH head AS (SELECT fold FROM counter_head FOR UPDATE SKIP LOCKED), "
        "gone AS (DELETE FROM counter_delta d USING head WHERE d.id = ANY(ARRAY(SELECT id "
        "FROM counter_delta ORDER BY id LIMIT 512)) RETURNING d.*), "
        "sums AS (SELECT m, u, t, sum(a)::bigint AS a "
        "FROM gone, unnest(metrics, units, matters, amounts) AS x(m, u, t, a) GROUP BY m, u, t), "
        "bump AS (UPDATE counter_head h SET fold = h.fold + 1 FROM head "
        "WHERE EXISTS (SELECT 1 FROM gone)) "
        "INSERT INTO counter AS c (metric, unit, matter, value, fold) "
        "SELECT m, u, t, a, head.fold + 1 FROM sums, head ORDER BY m, u, t "
        "ON CONFLICT (metric, unit, matter) DO UPDATE SET value = c.value + excluded.value, "
        "fold = excluded.fold RETURNING metric, unit, matter, value, fold"};
static const struct statement SQL_COUNTERS = {
        "k_counters", "SELECT metric, unit, matter, value, fold FROM counter"};
/* The head's lock keeps folds out; one statement, so one snapshot sees deltas and truth alike. Rows
 * that the truth no longer has become 0, and Redis is told so. */
static const struct statement SQL_RECOUNT_LOCK = {
        "k_recount_lock", "SELECT fold FROM counter_head FOR UPDATE"};
static const struct statement SQL_RECOUNT = {"k_recount",
        "WITH gone AS (DELETE FROM counter_delta), "
        "bump AS (UPDATE counter_head SET fold = fold + 1 RETURNING fold), "
        "truth AS (SELECT metric, unit, matter, value FROM counter_truth), "
        "every AS (SELECT metric, unit, matter, value FROM truth UNION ALL "
        "SELECT c.metric, c.unit, c.matter, 0 FROM counter c WHERE NOT EXISTS (SELECT 1 FROM truth "
        "t "
        "WHERE t.metric = c.metric AND t.unit = c.unit AND t.matter = c.matter)) "
        "INSERT INTO counter AS c (metric, unit, matter, value, fold) "
        "SELECT e.metric, e.unit, e.matter, e.value, bump.fold FROM every e, bump "
        "ON CONFLICT (metric, unit, matter) DO UPDATE SET value = excluded.value, "
        "fold = excluded.fold RETURNING metric, unit, matter, value, fold"};
static const struct statement SQL_GAUGES = {"k_gauges",
        "SELECT (SELECT count(*) FROM (SELECT FROM outbox WHERE acked IS NULL LIMIT $1) AS o), "
        "(SELECT count(*) FROM (SELECT FROM waiting LIMIT $1) AS w), "
        "(SELECT count(*) FROM (SELECT FROM dead_letter LIMIT $1) AS d), "
        "(SELECT count(*) FROM (SELECT FROM timer LIMIT $1) AS t)"};

/* As SQL_MARK of batches. */
static const struct statement SQL_MARK_ALONE = {
        "k_mark_alone", "SELECT pg_logical_emit_message(true, 'huying', '')"};

static const struct statement *const own[] = {&SQL_SESSION, &SQL_ATTACH, &SQL_DURABLE,
        &SQL_SITE_NOW, &SQL_ANCHOR, &SQL_IDS, &SQL_TIMERS_DUE, &SQL_RESEND, &SQL_RESEND_FAR,
        &SQL_ATTEMPTS, &SQL_SUSPECTS_OLD, &SQL_SUSPECT_ADD, &SQL_FOLD, &SQL_COUNTERS, &SQL_GAUGES,
        &SQL_MARK_ALONE, &SQL_RECOUNT_LOCK};
#define OWN_COUNT (sizeof own / sizeof *own)
#define JOBS_MAX 32

struct job { /* one call under way */
    struct chores *chores;
    struct chores_listener listener;
    bool used;
    enum service_id dest;
    struct ids *ids;
    uint64_t ids_clears;
    struct site_row *site;
    struct clock_anchor *anchor;
    struct chore_gauges *gauges;
    /* Rows that may be told only when the transaction is confirmed, and how (rule 6). */
    PGresult *result;
    void (*tell)(struct job *job, const PGresult *result);
};

struct chores {
    const struct aggregate_ops *ops;
    struct pg *pg;
    struct params params;
    struct statement statements[OWN_COUNT + 3];
    size_t statement_count;
    struct statement held;
    struct buf held_sql;
    struct {
        int64_t agg, source, site;
    } held_at; /* where the sweep of `waiting` goes on */
    struct job jobs[JOBS_MAX];
};

/* Of each stream only its lowest number can be due: the recursion jumps from stream to stream, from
 * where the last sweep ended, however many numbers each of them holds. The kernel knows the
 * aggregates' table and its columns' names: due is the one after the last seen of its source. */
static void held_statement(struct chores *chores)
{
    const struct aggregate_ops *ops = chores->ops;
    struct buf *sql = &chores->held_sql;
    buf_add_text(sql,
            "WITH RECURSIVE g AS ((SELECT agg, source, source_site, n, msg_id, at FROM waiting "
            "WHERE (agg, source, source_site) > ($2::bigint, $3::smallint, $4::smallint) "
            "ORDER BY agg, source, source_site, n LIMIT 1) UNION ALL (SELECT w.* FROM g CROSS JOIN "
            "LATERAL (SELECT agg, source, source_site, n, msg_id, at FROM waiting x "
            "WHERE (x.agg, x.source, x.source_site) > (g.agg, g.source, g.source_site) "
            "ORDER BY agg, source, source_site, n LIMIT 1) AS w)) "
            "SELECT g.agg, g.source, g.msg_id, g.at, g.source_site, "
            "g.source_site = 0 AND g.n = 1 + CASE g.source");
    for (const enum service_id *source = ops->hears; *source; source++)
        buf_add_format(sql, " WHEN %d THEN a.seen_%s", (int)*source, service_name(*source));
    buf_add_format(sql,
            "%s ELSE NULL END FROM (SELECT * FROM g LIMIT $1) AS g LEFT JOIN LATERAL "
            "(SELECT * FROM %s x WHERE x.id = g.agg OFFSET 0) AS a ON true "
            "ORDER BY g.agg, g.source, g.source_site",
            ops->hears[0] ? "" : " WHEN 0 THEN 0", ops->table);
    chores->held = (struct statement){"k_held", sql->data};
}

struct chores *chores_new(const struct aggregate_ops *ops, struct pg *pg)
{
    struct chores *chores = calloc(1, sizeof *chores);
    must(chores);
    chores->ops = ops;
    chores->pg = pg;
    for (size_t i = 0; i < OWN_COUNT; i++)
        chores->statements[chores->statement_count++] = *own[i];
    held_statement(chores);
    chores->statements[chores->statement_count++] = chores->held;
    if (ops->has_work)
        chores->statements[chores->statement_count++] = SQL_WORK;
    if (ops->metric_names && ops->metric_names[0])
        chores->statements[chores->statement_count++] = SQL_RECOUNT;
    return chores;
}

void chores_destroy(struct chores **pointer)
{
    struct chores *chores = *pointer;
    if (!chores)
        return;
    params_fini(&chores->params);
    buf_fini(&chores->held_sql);
    free(chores);
    *pointer = NULL;
}

const struct statement *chores_statements(const struct chores *chores, size_t *ret_count)
{
    *ret_count = chores->statement_count;
    return chores->statements;
}

static struct job *job_new(struct chores *chores, const struct chores_listener *listener)
{
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (!chores->jobs[i].used) {
            chores->jobs[i] = (struct job){.chores = chores, .listener = *listener, .used = true};
            return &chores->jobs[i];
        }
    must(!"the loop starts each chore once at a time");
    return NULL;
}

static void job_done(void *self, enum err err, const char *message)
{
    struct job *job = self;
    struct chores_listener listener = job->listener;
    if (job->result && err == OK)
        job->tell(job, job->result);
    PQclear(job->result);
    job->result = NULL;
    job->used = false;
    if (listener.done)
        listener.done(listener.self, err, message);
}

/* The server may hand out rows before it has committed: they are kept until it says so. */
static void result_keep(void *self, const PGresult *result)
{
    struct job *job = self;
    PQclear(job->result);
    job->result = PQcopyResult(result, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
    must(job->result);
}

static void rows_found(void *self, const PGresult *result)
{
    struct job *job = self;
    for (int row = 0; row < PQntuples(result); row++) {
        struct chore_row found = {row_int(result, row, 0), (uint32_t)row_int(result, row, 1),
                row_int(result, row, 2), row_time(result, row, 3)};
        job->listener.row(job->listener.self, &found);
    }
}

static void listed(struct chores *chores,
        const struct statement *statement,
        const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    params_reset(&chores->params);
    params_int(&chores->params, PARAM_INT8, CHORE_ROWS_MAX);
    pg_queue(chores->pg, statement, &chores->params, rows_found, job);
    pg_sync(chores->pg, job_done, job);
}

void chores_timers(struct chores *chores, const struct chores_listener *listener)
{
    listed(chores, &SQL_TIMERS_DUE, listener);
}

void chores_work(struct chores *chores, const struct chores_listener *listener)
{
    must(chores->ops->has_work);
    listed(chores, &SQL_WORK, listener);
}

static void held_found(void *self, const PGresult *result)
{
    struct job *job = self;
    struct chores *chores = job->chores;
    int count = PQntuples(result);
    for (int row = 0; row < count; row++) {
        struct chore_row found = {row_int(result, row, 0), (uint32_t)row_int(result, row, 1),
                row_int(result, row, 2), row_time(result, row, 3)};
        if (row_int(result, row, 5))
            job->listener.row(job->listener.self, &found);
        chores->held_at.agg = found.agg;
        chores->held_at.source = found.kind;
        chores->held_at.site = row_int(result, row, 4);
    }
    if (count < CHORE_ROWS_MAX) /* the end: from the beginning next time */
        chores->held_at.agg = 0;
}

void chores_held(struct chores *chores, const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    params_reset(&chores->params);
    params_int(&chores->params, PARAM_INT8, CHORE_ROWS_MAX);
    params_int(&chores->params, PARAM_INT8, chores->held_at.agg);
    params_int(&chores->params, PARAM_INT2, chores->held_at.source);
    params_int(&chores->params, PARAM_INT2, chores->held_at.site);
    pg_queue(chores->pg, &chores->held, &chores->params, held_found, job);
    pg_sync(chores->pg, job_done, job);
}

static void messages_tell(struct job *job, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        struct chore_row off = {row_int(result, row, 1), job->dest, row_int(result, row, 0), 0};
        if (!row_int(result, row, 7)) {
            job->listener.row(job->listener.self, &off);
            continue;
        }
        struct effect_message message = {.id = row_int(result, row, 0),
                .agg = row_int(result, row, 1),
                .n = (uint64_t)row_int(result, row, 2),
                .type = (uint32_t)row_int(result, row, 3),
                .at_ms = row_time(result, row, 4),
                .service = job->dest,
                .attempts = (int)row_int(result, row, 6),
                .payload = row_bytes(result, row, 5)};
        job->listener.message(job->listener.self, &message);
    }
}

void chores_resend(struct chores *chores,
        enum service_id dest,
        int64_t resend_ms,
        int64_t span_ms,
        const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    job->dest = dest;
    job->tell = messages_tell;
    params_reset(&chores->params);
    params_int(&chores->params, PARAM_INT2, dest);
    params_int(&chores->params, PARAM_INT8, resend_ms);
    params_int(&chores->params, PARAM_INT8, CHORE_ROWS_MAX);
    if (span_ms == 0)
        pg_queue(chores->pg, &SQL_RESEND_FAR, &chores->params, NULL, NULL);
    params_int(&chores->params, PARAM_INT8, span_ms);
    params_int(&chores->params, PARAM_INT8, RESEND_WINDOW);
    pg_queue(chores->pg, &SQL_RESEND, &chores->params, result_keep, job);
    pg_sync(chores->pg, job_done, job);
}

void chores_attempts(struct chores *chores, const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    pg_queue(chores->pg, &SQL_ATTEMPTS, NULL, NULL, NULL);
    pg_queue(chores->pg, &SQL_SUSPECTS_OLD, NULL, NULL, NULL);
    pg_sync(chores->pg, job_done, job);
}

void chores_suspect(struct chores *chores, int64_t msg_id, const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    params_reset(&chores->params);
    params_int(&chores->params, PARAM_INT8, msg_id);
    pg_queue(chores->pg, &SQL_SUSPECT_ADD, &chores->params, NULL, NULL);
    pg_sync(chores->pg, job_done, job);
}

/* A failed statement leaves its transaction open. */
static void mark_done(void *self, enum err err, const char *message)
{
    struct pg *pg = ((struct job *)self)->chores->pg;
    if (err != OK && pg_state(pg) == PG_READY) {
        pg_queue(pg, &PG_ROLLBACK, NULL, NULL, NULL);
        pg_sync(pg, NULL, NULL);
    }
    job_done(self, err, message);
}

/* BEGIN and COMMIT stand there in words, so that a warning at the commit is noticed (rule 5). */
void chores_mark(struct chores *chores, const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    pg_queue(chores->pg, &PG_BEGIN, NULL, NULL, NULL);
    pg_queue(chores->pg, &SQL_MARK_ALONE, NULL, NULL, NULL);
    pg_queue(chores->pg, &PG_COMMIT, NULL, NULL, NULL);
    pg_sync(chores->pg, mark_done, job);
}

static void counters_tell(struct job *job, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        struct effect_count count = {(uint16_t)row_int(result, row, 0), row_int(result, row, 1),
                row_int(result, row, 3), (int32_t)row_int(result, row, 2), true};
        job->listener.counter(job->listener.self, &count, row_int(result, row, 4));
    }
}

void chores_fold(struct chores *chores, const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    job->tell = counters_tell;
    pg_queue(chores->pg, &SQL_FOLD, NULL, result_keep, job);
    pg_sync(chores->pg, job_done, job);
}

void chores_counters(struct chores *chores, const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    job->tell = counters_tell;
    pg_queue(chores->pg, &SQL_COUNTERS, NULL, result_keep, job);
    pg_sync(chores->pg, job_done, job);
}

void chores_recount(struct chores *chores, const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    pg_queue(chores->pg, &SQL_RECOUNT_LOCK, NULL, NULL, NULL);
    job->tell = counters_tell;
    pg_queue(chores->pg, &SQL_RECOUNT, NULL, result_keep, job);
    pg_sync(chores->pg, job_done, job);
}

static void site_found(void *self, const PGresult *result)
{
    struct job *job = self;
    if (PQntuples(result) != 1)
        return;
    *job->site = (struct site_row){row_int(result, 0, 0), row_int(result, 0, 1),
            row_int(result, 0, 2) != 0, row_time(result, 0, 3), row_int(result, 0, 4)};
    *job->anchor = (struct clock_anchor){!PQgetisnull(result, 0, 5), row_int(result, 0, 5),
            row_int(result, 0, 6), row_int(result, 0, 7)};
}

void chores_site(struct chores *chores,
        const char *boot,
        struct site_row *ret,
        struct clock_anchor *ret_anchor,
        const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    job->site = ret;
    job->anchor = ret_anchor;
    params_reset(&chores->params);
    params_text(&chores->params, boot);
    pg_queue(chores->pg, &SQL_SITE_NOW, &chores->params, site_found, job);
    pg_sync(chores->pg, job_done, job);
}

void chores_anchor(struct chores *chores,
        const char *boot,
        const struct clock_anchor *anchor,
        const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    params_reset(&chores->params);
    params_text(&chores->params, boot);
    params_int(&chores->params, PARAM_INT8, anchor->low_ms);
    params_int(&chores->params, PARAM_INT8, anchor->high_ms);
    params_int(&chores->params, PARAM_INT8, anchor->trust);
    pg_queue(chores->pg, &SQL_ANCHOR, &chores->params, NULL, NULL);
    pg_sync(chores->pg, job_done, job);
}

static void ids_tell(struct job *job, const PGresult *result)
{
    if (PQntuples(result) == 1 && ids_want(job->ids) && job->ids->clears == job->ids_clears)
        ids_add(job->ids, row_int(result, 0, 0), ID_BLOCK_SIZE);
}

void chores_ids(struct chores *chores,
        struct ids *ids,
        int64_t incarnation,
        const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    job->ids = ids;
    job->ids_clears = ids->clears;
    job->tell = ids_tell;
    params_reset(&chores->params);
    params_int(&chores->params, PARAM_INT8, incarnation);
    params_int(&chores->params, PARAM_INT8, ID_BLOCK_SIZE);
    pg_queue(chores->pg, &SQL_IDS, &chores->params, result_keep, job);
    pg_sync(chores->pg, job_done, job);
}

static void gauges_found(void *self, const PGresult *result)
{
    struct job *job = self;
    if (PQntuples(result) == 1)
        *job->gauges = (struct chore_gauges){row_int(result, 0, 0), row_int(result, 0, 1),
                row_int(result, 0, 2), row_int(result, 0, 3)};
}

void chores_gauges(
        struct chores *chores, struct chore_gauges *ret, const struct chores_listener *listener)
{
    struct job *job = job_new(chores, listener);
    job->gauges = ret;
    params_reset(&chores->params);
    params_int(&chores->params, PARAM_INT8, CHORE_GAUGE_MAX);
    pg_queue(chores->pg, &SQL_GAUGES, &chores->params, gauges_found, job);
    pg_sync(chores->pg, job_done, job);
}

static void attach_read(void *self, const PGresult *result)
{
    struct site_attach *site = self;
    site->found = PQntuples(result) == 1;
    if (!site->found)
        return;
    site->number = (int)row_int(result, 0, 0);
    site->incarnation = row_int(result, 0, 1);
    site->drill = row_int(result, 0, 2) != 0;
    site->version = row_int(result, 0, 3);
    site->went_back = row_int(result, 0, 4) != 0;
}

static void durable_read(void *self, const PGresult *result)
{
    struct site_attach *site = self;
    site->durable = row_int(result, 0, 0) != 0;
    site->replicated = row_int(result, 0, 1) != 0;
}

void chores_attach(struct pg *pg,
        int64_t session,
        int64_t known,
        struct site_attach *ret,
        pg_done_fn *done,
        void *self)
{
    static struct params params;
    *ret = (struct site_attach){0};
    params_reset(&params);
    params_int(&params, PARAM_INT8, session);
    pg_queue(pg, &SQL_SESSION, &params, NULL, NULL);
    pg_queue(pg, &SQL_DURABLE, NULL, durable_read, ret);
    params_reset(&params);
    params_int(&params, PARAM_INT8, known);
    pg_queue(pg, &SQL_ATTACH, &params, attach_read, ret);
    pg_sync(pg, done, self);
}
