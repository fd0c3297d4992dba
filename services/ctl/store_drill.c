#include "services/ctl/store_drill.h"

#include "services/kernel/base/must.h"

#define SITE "SELECT drill, directory.clock(), number, utc_offset_s FROM directory.site"

/* A held message counts unless a dead letter of its own stream stands before it. */
#define HELD(schema)                                                                               \
    "(SELECT count(*) FROM " schema ".waiting w WHERE NOT EXISTS (SELECT 1 FROM " schema           \
    ".dead_letter d WHERE d.agg = w.agg AND d.source = w.source AND d.n < w.n))"
#define DUE(schema)                                                                                \
    "(SELECT count(*) FROM " schema ".timer WHERE due < (SELECT clock FROM directory.site))"
#define SENT(schema, condition)                                                                    \
    "(SELECT count(*) FROM " schema ".outbox WHERE dest_site = 0 AND dest " condition ")"
#define EACH(of) of("intake") " + " of("routing") " + " of("enforcement") " + " of("volunteer")
#define SENT_ON(schema) SENT(schema, "<> 5")
#define SENT_AUDIT(schema) SENT(schema, "= 5")

static const char BUSY[] =
        "PREPARE drill_busy AS "
        "SELECT " EACH(SENT_ON) ", " EACH(SENT_AUDIT) ", " EACH(HELD) " + " HELD("audit") ", " EACH(
                DUE) ", (SELECT count(*) FROM enforcement.work_ready) + "
                     "(SELECT count(*) FROM routing.work_ready), "
                     "(SELECT count(*) FROM audit.pages WHERE first_place IS NULL "
                     "AND ver > 0)";

#define NEXT(schema)                                                                               \
    "(SELECT min(due) FROM " schema ".timer WHERE due >= (SELECT clock FROM directory.site))"
static const char NEXT_DUE[] = "PREPARE drill_next AS SELECT least(" NEXT("intake") ", " NEXT(
        "routing") ", " NEXT("enforcement") ", " NEXT("volunteer") ")";

#define CLOCK_SET "UPDATE directory.site SET clock = $1 WHERE drill AND clock <= $1 RETURNING 1"

/* Also those whose history has gone, by age. */
#define STEPS(schema, table)                                                                       \
    "(SELECT count(*) FROM " schema ".history AS h WHERE NOT EXISTS (SELECT FROM " schema          \
    "." table " AS t WHERE t.id = h.agg AND t.ver < 0)) + (SELECT coalesce(sum(-ver), 0)::bigint " \
    "FROM " schema "." table                                                                       \
    " WHERE ver < 0) + (SELECT coalesce(sum(leaves), 0)::bigint FROM " schema ".horizon)"
static const char FIGURES[] =
        "SELECT (SELECT count(*) FROM routing.cases WHERE ver > 0), "
        "count(*) FILTER (WHERE state = 6), count(*) FILTER (WHERE state = 7), "
        "count(*) FILTER (WHERE state = 8), count(*) FILTER (WHERE state < 6), "
        "count(*) FILTER (WHERE overdue), count(*) FILTER (WHERE overdue_by_catalogue), "
        "count(*) FILTER (WHERE escalated & 4 <> 0), count(*) FILTER (WHERE escalated & 8 <> 0), "
        "count(*) FILTER (WHERE escalated & 16 <> 0), "
        "(SELECT count(*) FROM enforcement.missions WHERE ver > 0), "
        "(SELECT count(*) FROM enforcement.missions WHERE ver > 0 AND state = 5), "
        "(SELECT count(*) FROM volunteer.needs WHERE ver > 0), "
        "(SELECT count(*) FROM volunteer.needs WHERE ver > 0 AND state = 3), "
        "(SELECT coalesce(sum(minutes), 0)::bigint FROM volunteer.credit), "
        "(SELECT count(*) FROM intake.dead_letter) + (SELECT count(*) FROM routing.dead_letter) + "
        "(SELECT count(*) FROM enforcement.dead_letter) + "
        "(SELECT count(*) FROM volunteer.dead_letter) + (SELECT count(*) FROM "
        "audit.dead_letter), " STEPS("intake", "report") " + " STEPS(
                "routing", "cases") " + " STEPS("enforcement", "missions") " + " STEPS("volunteer",
                "needs") ", "
                         "(SELECT coalesce(sum(count), 0)::bigint FROM audit.pages WHERE "
                         "first_place IS NOT NULL) "
                         "FROM routing.cases WHERE ver > 0";

enum err store_drill_site(struct pg *pg, struct drill_site *ret)
{
    PGresult *result = pg_exec(pg, SITE, NULL);
    if (!result)
        return ERR_TRANSIENT;
    bool found = PQntuples(result) == 1;
    if (found)
        *ret = (struct drill_site){row_int(result, 0, 0) != 0, row_time(result, 0, 1),
                (int)row_int(result, 0, 2), (int)row_int(result, 0, 3)};
    PQclear(result);
    return found ? OK : ERR_NOT_FOUND;
}

/* What is asked many times a step is planned once per connection, since planning takes longer than
 * running. `ret_in` keeps the connection in which that was done. */
static enum err planned(struct pg *pg, const char *sql, uint64_t *ret_in)
{
    if (*ret_in == pg_connects(pg))
        return OK;
    PGresult *prepared = pg_exec(pg, sql, NULL);
    if (!prepared)
        return ERR_TRANSIENT;
    PQclear(prepared);
    *ret_in = pg_connects(pg);
    return OK;
}

enum err store_drill_busy(struct pg *pg, struct drill_busy *ret)
{
    static uint64_t planned_in;
    if (planned(pg, BUSY, &planned_in) != OK)
        return ERR_TRANSIENT;
    PGresult *result = pg_exec(pg, "EXECUTE drill_busy", NULL);
    if (!result)
        return ERR_TRANSIENT;
    *ret = (struct drill_busy){row_int(result, 0, 0), row_int(result, 0, 1), row_int(result, 0, 2),
            row_int(result, 0, 3), row_int(result, 0, 4), row_int(result, 0, 5)};
    PQclear(result);
    return OK;
}

enum err store_drill_next(struct pg *pg, int64_t *ret_due_ms)
{
    static uint64_t planned_in;
    if (planned(pg, NEXT_DUE, &planned_in) != OK)
        return ERR_TRANSIENT;
    PGresult *result = pg_exec(pg, "EXECUTE drill_next", NULL);
    if (!result)
        return ERR_TRANSIENT;
    *ret_due_ms = row_time(result, 0, 0);
    PQclear(result);
    return OK;
}

enum err store_drill_clock(struct pg *pg, int64_t clock_ms)
{
    static struct params params;
    struct drill_site site;
    enum err err = store_drill_site(pg, &site);
    if (err != OK)
        return err;
    if (!site.drill)
        return ERR_DENIED;
    params_reset(&params);
    params_int(&params, PARAM_TIME, clock_ms);
    PGresult *result = pg_exec(pg, CLOCK_SET, &params);
    if (!result)
        return ERR_TRANSIENT;
    bool moved = PQntuples(result) == 1;
    PQclear(result);
    return moved ? OK : ERR_CONFLICT;
}

enum err store_drill_figures(struct pg *pg, struct drill_figures *ret)
{
    PGresult *result = pg_exec(pg, FIGURES, NULL);
    if (!result)
        return ERR_TRANSIENT;
    int col = 0;
#define X(name, en, zh) ret->name = row_int(result, 0, col++);
    FIGURE_TABLE(X)
#undef X
    PQclear(result);
    return OK;
}
