#include "services/ctl/store_drama.h"

#define CHANGED                                                                                    \
    "SELECT c.id, to_jsonb(c)::text FROM unnest($1, $2) AS known (id, ver) "                       \
    "JOIN routing.cases AS c ON c.id = known.id WHERE c.ver <> known.ver "                         \
    "ORDER BY c.id LIMIT 1000"

enum err store_drama_changed(struct pg *pg,
        const int64_t *ids,
        const int32_t *versions,
        size_t count,
        void (*each)(void *self, int64_t id, const char *json),
        void *self)
{
    static struct params params;
    params_reset(&params);
    params_array(&params, PARAM_INT8);
    params_array(&params, PARAM_INT4);
    for (size_t i = 0; i < count; i++) {
        param_add_int(&params, 0, ids[i]);
        param_add_int(&params, 1, versions[i]);
    }
    PGresult *result = pg_exec(pg, CHANGED, &params);
    if (!result)
        return ERR_TRANSIENT;
    for (int i = 0; i < PQntuples(result); i++)
        each(self, row_int(result, i, 0), row_text(result, i, 1));
    PQclear(result);
    return OK;
}
