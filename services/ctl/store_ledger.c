/* Leaves are looked up by the primary key of their history row, a batch at once. Only when the
 * numbers of leaves and rows differ, the rows are asked which of them have no leaf. */
#include "services/ctl/store_ledger.h"

#include "services/kernel/base/must.h"

static const char *const BEGIN[] = {
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
};
/* The services' connections have scans and joins priced out (store/pg.c). What reads all of a table
 * needs them. */
static const char *const SCANS[][3] = {
        {"SET LOCAL enable_seqscan = off", "SET LOCAL enable_hashjoin = off",
                "SET LOCAL enable_mergejoin = off"},
        {"SET LOCAL enable_seqscan = on", "SET LOCAL enable_hashjoin = on",
                "SET LOCAL enable_mergejoin = on"},
};

#define HEAD_READ "SELECT size, frontier FROM audit.head ORDER BY size DESC LIMIT 1"

#define PAGES_READ                                                                                 \
    "SELECT id, first_place, count, COALESCE(source, 0::smallint), leaves, hashes"                 \
    " FROM audit.pages WHERE count > 0 AND first_place >= $1::bigint"                              \
    " ORDER BY first_place LIMIT $2::integer"

/* The data of some aggregates has gone, and with it their history: their row says up to which
 * version; of removed ones there is only the horizon. */
#define GONE_OF(schema, table)                                                                     \
    "(SELECT coalesce((SELECT t.ver < 0 AND u.ver <= -t.ver FROM " schema "." table " AS t"        \
    " WHERE t.id = u.agg), EXISTS (SELECT FROM " schema ".horizon AS z"                            \
    " WHERE u.agg >> 48 = z.below >> 48 AND u.agg < z.below)))"
#define ROWS_OF(schema, table)                                                                     \
    "SELECT h.agg IS NOT NULL, h.kind, h.from_state, h.to_state, h.at, h.unit, h.due, h.rule_ver," \
    " h.page, h.idx, h.salt IS NOT NULL, h.salt, h.actor, h.detail,"                               \
    " CASE WHEN h.agg IS NULL THEN " GONE_OF(schema,                                               \
            table) " ELSE false END"                                                               \
                   " FROM unnest($1::bigint[], $2::integer[]) WITH ORDINALITY AS u (agg, ver, n)"  \
                   " LEFT JOIN " schema ".history AS h ON h.agg = u.agg AND h.ver = u.ver"         \
                   " ORDER BY u.n LIMIT $3::bigint"

/* Rows, and leaves whose row has gone. A skip may have left one about an aggregate without data. */
#define COUNT_OF(schema, table)                                                                    \
    "SELECT (SELECT count(*) FROM " schema ".history),"                                            \
    " (SELECT coalesce(sum(-ver), 0)::bigint FROM " schema "." table " WHERE ver < 0)"             \
    " + (SELECT coalesce(sum(leaves), 0)::bigint FROM " schema ".horizon)"                         \
    " - (SELECT count(*) FROM " schema ".history AS h"                                             \
    " JOIN " schema "." table " AS t ON t.id = h.agg WHERE t.ver < 0)"

#define GAP_OF(schema, table)                                                                      \
    "SELECT agg, expected FROM (SELECT agg, ver,"                                                  \
    " row_number() OVER (PARTITION BY agg ORDER BY ver)::integer AS expected"                      \
    " FROM " schema ".history) AS x WHERE ver <> expected"                                         \
    " AND NOT EXISTS (SELECT FROM " schema "." table " AS t WHERE t.id = x.agg AND t.ver < 0)"     \
    " ORDER BY agg, expected LIMIT 1"

#define LOST_OF(schema, table)                                                                     \
    "WITH loose AS (SELECT h.agg, h.ver, p.ver > 0 AND p.first_place IS NULL AND h.idx < p.count"  \
    " OR EXISTS (SELECT FROM " schema ".outbox AS o WHERE o.dest = 5 AND o.agg = h.page)"          \
    " AS under_way"                                                                                \
    " FROM " schema ".history AS h LEFT JOIN audit.pages AS p ON p.id = h.page"                    \
    " WHERE p.first_place IS NULL OR h.idx >= p.count)"                                            \
    " SELECT count(*) FILTER (WHERE under_way), count(*) FILTER (WHERE under_way IS NOT TRUE),"    \
    " (SELECT agg FROM loose WHERE under_way IS NOT TRUE ORDER BY agg, ver LIMIT 1),"              \
    " (SELECT ver FROM loose WHERE under_way IS NOT TRUE ORDER BY agg, ver LIMIT 1) FROM loose"

#define OF_ALL(of)                                                                                 \
    {                                                                                              \
        [SERVICE_INTAKE] = of("intake", "report"), [SERVICE_ROUTING] = of("routing", "cases"),     \
        [SERVICE_ENFORCEMENT] = of("enforcement", "missions"),                                     \
        [SERVICE_VOLUNTEER] = of("volunteer", "needs")                                             \
    }
static const char *const ROWS[SERVICE_COUNT] = OF_ALL(ROWS_OF);
static const char *const COUNTS[SERVICE_COUNT] = OF_ALL(COUNT_OF);
static const char *const GAPS[SERVICE_COUNT] = OF_ALL(GAP_OF);
static const char *const LOST[SERVICE_COUNT] = OF_ALL(LOST_OF);

static enum err run_all(struct pg *pg, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PGresult *result = pg_exec(pg, list[i], NULL);
        if (result == NULL)
            return ERR_TRANSIENT;
        PQclear(result);
    }
    return OK;
}

enum err store_ledger_begin(struct pg *pg)
{
    return run_all(pg, BEGIN, sizeof(BEGIN) / sizeof(BEGIN[0]));
}

void store_ledger_end(struct pg *pg)
{
    PQclear(pg_exec(pg, "ROLLBACK", NULL));
}

enum err store_ledger_head(struct pg *pg, struct merkle *ret)
{
    PGresult *result = pg_exec(pg, HEAD_READ, NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    enum err err = ERR_MALFORMED;
    if (PQntuples(result) == 1) {
        struct bytes frontier = row_bytes(result, 0, 1);
        err = merkle_load(ret, row_int(result, 0, 0), frontier.data, frontier.size);
    }
    PQclear(result);
    return err;
}

enum err store_ledger_pages(struct pg *pg,
        int64_t from,
        void (*page)(void *self, const struct ledger_page *page),
        void *self,
        int *ret_count)
{
    struct params params = {0};
    (void)params_int(&params, PARAM_INT8, from);
    (void)params_int(&params, PARAM_INT4, LEDGER_PAGES_MAX);
    PGresult *result = pg_exec(pg, PAGES_READ, &params);
    params_fini(&params);
    if (result == NULL)
        return ERR_TRANSIENT;
    for (int i = 0; i < PQntuples(result); i++) {
        struct ledger_page row = {.id = row_int(result, i, 0),
                .first = row_int(result, i, 1),
                .count = (int32_t)row_int(result, i, 2),
                .source = (int32_t)row_int(result, i, 3),
                .leaves = row_bytes(result, i, 4),
                .hashes = row_bytes(result, i, 5)};
        page(self, &row);
    }
    *ret_count = PQntuples(result);
    PQclear(result);
    return OK;
}

static struct ledger_row row_read(const PGresult *result, int row)
{
    return (struct ledger_row){.found = row_int(result, row, 0) != 0,
            .kind = row_int(result, row, 1),
            .from_state = row_int(result, row, 2),
            .to_state = row_int(result, row, 3),
            .at_ms = row_time(result, row, 4),
            .unit = row_int(result, row, 5),
            .due_ms = row_time(result, row, 6),
            .rule_ver = row_int(result, row, 7),
            .page = row_int(result, row, 8),
            .idx = row_int(result, row, 9),
            .salted = row_int(result, row, 10) != 0,
            .salt = row_bytes(result, row, 11),
            .actor = row_text(result, row, 12),
            .detail = row_bytes(result, row, 13),
            .gone = row_int(result, row, 14) != 0};
}

enum err store_ledger_rows(struct pg *pg,
        enum service_id service,
        const struct ledger_leaf *leaves,
        size_t count,
        void (*row)(void *self, const struct ledger_leaf *leaf, const struct ledger_row *row),
        void *self)
{
    struct params params = {0};
    must(ROWS[service] != NULL);
    int aggs = params_array(&params, PARAM_INT8), vers = params_array(&params, PARAM_INT4);
    int64_t wanted = 0;
    for (size_t i = 0; i < count; i++) {
        if (leaves[i].leaf.service != service)
            continue;
        param_add_int(&params, aggs, leaves[i].leaf.agg);
        param_add_int(&params, vers, leaves[i].leaf.ver);
        wanted++;
    }
    (void)params_int(&params, PARAM_INT8, wanted);
    PGresult *result = wanted ? pg_exec(pg, ROWS[service], &params) : NULL;
    params_fini(&params);
    if (wanted == 0)
        return OK;
    if (result == NULL)
        return ERR_TRANSIENT;
    must(PQntuples(result) == wanted);
    int at = 0;
    for (size_t i = 0; i < count; i++) {
        if (leaves[i].leaf.service != service)
            continue;
        struct ledger_row found = row_read(result, at++);
        row(self, &leaves[i], &found);
    }
    PQclear(result);
    return OK;
}

static enum err lost_read(struct pg *pg, enum service_id service, struct ledger_history *ret)
{
    PGresult *result = pg_exec(pg, LOST[service], NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    ret->under_way = row_int(result, 0, 0);
    ret->lost = row_int(result, 0, 1);
    ret->lost_agg = row_int(result, 0, 2);
    ret->lost_ver = (int32_t)row_int(result, 0, 3);
    PQclear(result);
    return OK;
}

enum err store_ledger_history(
        struct pg *pg, enum service_id service, bool whole, struct ledger_history *ret)
{
    struct ledger_history history = {0};
    must(COUNTS[service] != NULL);
    if (run_all(pg, SCANS[1], 3) != OK)
        return ERR_TRANSIENT;
    PGresult *result = pg_exec(pg, COUNTS[service], NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    history.rows = row_int(result, 0, 0);
    history.gone = row_int(result, 0, 1);
    PQclear(result);
    result = pg_exec(pg, GAPS[service], NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    if (PQntuples(result) > 0) {
        history.gap_agg = row_int(result, 0, 0);
        history.gap_ver = (int32_t)row_int(result, 0, 1);
    }
    PQclear(result);
    if (whole && lost_read(pg, service, &history) != OK)
        return ERR_TRANSIENT;
    *ret = history;
    return run_all(pg, SCANS[0], 3);
}
