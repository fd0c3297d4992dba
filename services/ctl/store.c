/* All SQL of huyingctl but that of profiles. */
#include "services/ctl/store.h"

#include <string.h>

#include "services/kernel/base/must.h"

#define INCARNATION_RAISE "SELECT directory.site_restored()"

#define DURABILITY                                                                                 \
    "SELECT name, setting FROM pg_settings"                                                        \
    " WHERE (name IN ('fsync', 'full_page_writes') AND setting <> 'on')"                           \
    " OR (name = 'synchronous_commit' AND setting IN ('off', 'local'))"                            \
    " ORDER BY name LIMIT 3"

#define ROLE_EXISTS "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)"

/* %s: CREATE or ALTER, the role, a SCRAM verifier (no quotes in it). Role statements take no
 * parameters. */
#define ROLE_SET "%s ROLE %s LOGIN PASSWORD '%s'"

#define REGISTRY_EXISTS "SELECT to_regclass($1) IS NOT NULL"

/* %s: the registry's schema, one of our own names. */
#define DEPLOYED                                                                                   \
    "SELECT project, change, coalesce(script_hash, '') FROM %s.changes"                            \
    " ORDER BY committed_at LIMIT 513"

enum err store_incarnation_raise(struct pg *pg, int64_t *ret)
{
    PGresult *result = pg_exec(pg, INCARNATION_RAISE, NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    int64_t incarnation = PQntuples(result) == 1 ? row_int(result, 0, 0) : 0;
    PQclear(result);
    if (incarnation == 0)
        return ERR_NOT_FOUND;
    *ret = incarnation;
    return OK;
}

enum err store_durability_check(struct pg *pg, struct buf *ret_wrong)
{
    PGresult *result = pg_exec(pg, DURABILITY, NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    for (int row = 0; row < PQntuples(result); row++)
        buf_add_format(
                ret_wrong, "  %s = %s\n", row_text(result, row, 0), row_text(result, row, 1));
    PQclear(result);
    return OK;
}

/* One row, one boolean, one text parameter. */
static enum err exists(struct pg *pg, const char *sql, const char *name, bool *ret)
{
    static struct params params;
    params_reset(&params);
    params_text(&params, name);
    PGresult *result = pg_exec(pg, sql, &params);
    if (result == NULL)
        return ERR_TRANSIENT;
    *ret = row_int(result, 0, 0) != 0;
    PQclear(result);
    return OK;
}

enum err store_role_exists(struct pg *pg, const char *role, bool *ret)
{
    return exists(pg, ROLE_EXISTS, role, ret);
}

static bool role_run(PGconn *conn, const char *verb, const char *role, const char *password)
{
    char sql[512];
    char *verifier = PQencryptPasswordConn(conn, password, role, "scram-sha-256");
    if (verifier == NULL)
        return false;
    snprintf(sql, sizeof(sql), ROLE_SET, verb, role, verifier);
    PQfreemem(verifier);
    PGresult *result = PQexec(conn, sql);
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return done;
}

enum err store_role_set(
        const char *conninfo, const char *role, const char *password, struct buf *why)
{
    PGconn *conn = PQconnectdb(conninfo);
    bool done = PQstatus(conn) == CONNECTION_OK && (role_run(conn, "CREATE", role, password) ||
                                                           role_run(conn, "ALTER", role, password));
    if (!done)
        buf_add_text(why, PQerrorMessage(conn));
    PQfinish(conn);
    return done ? OK : ERR_FATAL;
}

enum err store_deployed(struct pg *pg, const char *registry, struct deployed *ret)
{
    char text[256];
    bool found = false;
    snprintf(text, sizeof(text), "%s.changes", registry);
    enum err err = exists(pg, REGISTRY_EXISTS, text, &found);
    ret->count = 0;
    if (err != OK || !found)
        return err;
    snprintf(text, sizeof(text), DEPLOYED, registry);
    PGresult *result = pg_exec(pg, text, NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    int rows = PQntuples(result);
    for (int row = 0; row < rows && row < DEPLOYED_MAX; row++) {
        snprintf(ret->list[row].project, sizeof(ret->list[row].project), "%s",
                row_text(result, row, 0));
        snprintf(ret->list[row].change, CHANGE_SIZE, "%s", row_text(result, row, 1));
        snprintf(ret->list[row].hash, HASH_SIZE, "%s", row_text(result, row, 2));
        ret->count++;
    }
    PQclear(result);
    return rows > DEPLOYED_MAX ? ERR_LIMIT : OK;
}
