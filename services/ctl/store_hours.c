#include "services/ctl/store_hours.h"

#define HOURS_LIST_MAX "100000"

/* $1: the units whose hours are their own. Without a new version nothing can have changed but by
 * hand; what was announced under it stays as it was kept. */
static const char HOURS_KEEP[] =
        "INSERT INTO directory.hours_version (version, hours)"
        " SELECT n.version, n.hours FROM (SELECT s.version, jsonb_build_object("
        "'utc_offset_s', s.utc_offset_s, 'hours', s.hours, 'units', $1::jsonb, 'days',"
        " (SELECT coalesce(jsonb_object_agg(d.day::text, d.working), '{}')"
        " FROM directory.calendar_day AS d)) AS hours FROM directory.site AS s) AS n"
        " WHERE n.hours IS DISTINCT FROM (SELECT h.hours FROM directory.hours_version AS h"
        " ORDER BY h.version DESC LIMIT 1)"
        " ON CONFLICT (version) DO NOTHING";
static const char HOURS_LIST[] = "SELECT version, hours::text FROM directory.hours_version"
                                 " ORDER BY version LIMIT " HOURS_LIST_MAX;

enum err store_hours_keep(struct pg *pg, const struct directory *directory)
{
    static struct params params;
    BUF_OWNED units = {0};
    hours_kept_units(directory, &units);
    params_reset(&params);
    params_text(&params, units.data);
    PGresult *result = pg_exec(pg, HOURS_KEEP, &params);
    params_reset(&params);
    PQclear(result);
    return result != NULL ? OK : ERR_TRANSIENT;
}

enum err store_hours_list(struct pg *pg, GArray *ret)
{
    PGresult *result = pg_exec(pg, HOURS_LIST, NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    for (int i = 0; i < PQntuples(result); i++) {
        struct hours_kept kept;
        if (hours_kept_read(row_text(result, i, 1), row_int(result, i, 0), &kept) == OK)
            g_array_append_val(ret, kept);
    }
    PQclear(result);
    return OK;
}
