#include "services/ctl/store_counters.h"

#include "services/kernel/base/must.h"

#define TABLE_OF(schema)                                                                           \
    "SELECT metric, unit, matter, value, 0::bigint AS truth FROM " schema ".counter UNION ALL "    \
    "SELECT x.metric, x.unit, x.matter, x.amount, 0 FROM " schema ".counter_delta d, "             \
    "unnest(d.metrics, d.units, d.matters, d.amounts) AS x(metric, unit, matter, amount)"
#define TRUTH_OF(schema)                                                                           \
    " UNION ALL SELECT metric, unit, matter, 0, value FROM " schema ".counter_truth"
#define COUNTERS_OF(lines)                                                                         \
    "SELECT l.metric, CASE WHEN l.unit <> 0 THEN 'u:' || coalesce(u.code, l.unit::text) "          \
    "WHEN l.matter <> 0 THEN 'm:' || coalesce(m.code, l.matter::text) ELSE 'all' END, "            \
    "sum(l.value)::bigint, sum(l.truth)::bigint FROM (" lines ") AS l "                            \
    "LEFT JOIN directory.unit u ON u.id = l.unit LEFT JOIN directory.matter m ON m.id = l.matter " \
    "GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 10000000"
#define BOTH(schema)                                                                               \
    {                                                                                              \
        COUNTERS_OF(TABLE_OF(schema)), COUNTERS_OF(TABLE_OF(schema) TRUTH_OF(schema))              \
    }

static const char *const COUNTERS[][2] = {
        [SERVICE_INTAKE] = BOTH("intake"),
        [SERVICE_ROUTING] = BOTH("routing"),
        [SERVICE_ENFORCEMENT] = BOTH("enforcement"),
        [SERVICE_VOLUNTEER] = BOTH("volunteer"),
};

enum err store_counters(struct pg *pg,
        enum service_id service,
        bool truth,
        void (*each)(void *self, const struct counter_row *row),
        void *self)
{
    must(service >= SERVICE_INTAKE && service <= SERVICE_VOLUNTEER);
    PGresult *result = pg_exec(pg, COUNTERS[service][truth], NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    for (int i = 0; i < PQntuples(result); i++) {
        const struct counter_row row = {row_int(result, i, 0), row_text(result, i, 1),
                row_int(result, i, 2), row_int(result, i, 3)};
        each(self, &row);
    }
    PQclear(result);
    return OK;
}
