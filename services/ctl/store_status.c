#include "services/ctl/store_status.h"

#define QUEUES_OF(number, schema)                                                                  \
    "SELECT " number "::bigint, "                                                                  \
    "(SELECT count(*) FROM " schema ".outbox WHERE acked IS NULL), "                               \
    "(SELECT count(*) FROM " schema ".waiting), (SELECT count(*) FROM " schema ".dead_letter), "   \
    "(SELECT count(*) FROM " schema ".timer), (SELECT min(due) FROM " schema ".timer)"
static const char QUEUES[] = QUEUES_OF("1", "intake") " UNION ALL " QUEUES_OF(
        "2", "routing") " UNION ALL " QUEUES_OF("3", "enforcement") " UNION ALL " QUEUES_OF("4",
        "volunteer") " UNION ALL " QUEUES_OF("5", "audit") " ORDER BY 1 LIMIT 5";

static const char LEDGER[] = "SELECT (SELECT size FROM audit.head ORDER BY size DESC LIMIT 1), "
                             "(SELECT count(*) FROM audit.pages WHERE first_place IS NULL "
                             "AND ver > 0)";

static const char CALENDAR[] =
        "SELECT coalesce(min(y), 0) FROM (SELECT (directory.clock() AT TIME ZONE 'UTC')"
        " + make_interval(secs => s.utc_offset_s) AS now FROM directory.site AS s) AS c"
        " CROSS JOIN LATERAL generate_series(extract(year FROM c.now)::integer,"
        " extract(year FROM c.now + interval '45 days')::integer) AS y"
        " WHERE EXISTS (SELECT 1 FROM directory.matter AS m WHERE NOT m.retired"
        " AND m.clock = 'work')"
        " AND NOT EXISTS (SELECT 1 FROM directory.calendar_day AS d"
        " WHERE extract(year FROM d.day) = y)";

enum err store_status_queues(struct pg *pg, struct service_queues ret[STATUS_SERVICES])
{
    PGresult *result = pg_exec(pg, QUEUES, NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    for (int i = 0; i < STATUS_SERVICES && i < PQntuples(result); i++)
        ret[i] = (struct service_queues){(enum service_id)row_int(result, i, 0),
                row_int(result, i, 1), row_int(result, i, 2), row_int(result, i, 3),
                row_int(result, i, 4), row_time(result, i, 5)};
    PQclear(result);
    return OK;
}

enum err store_status_ledger(struct pg *pg, struct ledger_state *ret)
{
    PGresult *result = pg_exec(pg, LEDGER, NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    *ret = (struct ledger_state){row_int(result, 0, 0), row_int(result, 0, 1)};
    PQclear(result);
    return OK;
}

enum err store_calendar_missing(struct pg *pg, int32_t *ret_year)
{
    PGresult *result = pg_exec(pg, CALENDAR, NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    *ret_year = (int32_t)row_int(result, 0, 0);
    PQclear(result);
    return OK;
}
