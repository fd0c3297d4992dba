#include "services/ctl/store_callback.h"

#include "services/kernel/base/pure_event.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define LIST_MAX TEXT(CALLBACK_LIST_MAX)
#define ID_OF "'msg_' || d.subscriber || '_' || d.agg || '_' || d.ver"

static const char ADD[] =
        "INSERT INTO intake.subscriber (name, url, secret, kinds, sources) VALUES ($1, $2, $3, $4,"
        " nullif($5::text[], '{}')) ON CONFLICT (name) DO NOTHING RETURNING 1::bigint";
static const char LIST[] =
        "SELECT s.name, s.url, s.why, s.kinds::text,"
        " coalesce(array_to_string(s.sources, ' '), ''), s.state,"
        " (SELECT count(*) FROM intake.delivery AS d WHERE d.subscriber = s.id AND d.done = 0),"
        " (SELECT count(*) FROM intake.delivery AS d WHERE d.subscriber = s.id AND d.done = 2)"
        " FROM intake.subscriber AS s ORDER BY s.name LIMIT " LIST_MAX;
static const char STATE[] =
        "WITH changed AS (UPDATE intake.subscriber SET state = $2, why = $3 WHERE name = $1"
        " RETURNING id, state), due AS (UPDATE intake.delivery AS d SET due = now()"
        " FROM changed AS c WHERE c.state = 1 AND d.subscriber = c.id AND d.done = 0"
        " AND d.lease = 0) SELECT count(*) FROM changed";
static const char REMOVE[] =
        "WITH gone AS (DELETE FROM intake.subscriber WHERE name = $1 RETURNING 1)"
        " SELECT count(*) FROM gone";
static const char NOTICES_ON[] =
        "INSERT INTO intake.subscriber (name, channel, url, kinds) VALUES ('" CALLBACK_REPORTER
        "', 2, '', '" REPORT_EVENT_NOTICES "') ON CONFLICT (name) DO UPDATE"
        " SET state = 1, why = '', kinds = '" REPORT_EVENT_NOTICES "'"
        " WHERE subscriber.channel = 2 RETURNING 1::bigint";
static const char SECRET[] =
        "WITH changed AS (UPDATE intake.subscriber SET secret_before = secret,"
        " before_until = now() + interval '1 day', secret = $2 WHERE name = $1 RETURNING 1)"
        " SELECT count(*) FROM changed";
static const char FIND[] = "SELECT count(*) FROM intake.subscriber WHERE name = $1";
static const char DELIVERIES[] =
        "SELECT " ID_OF ", d.why, d.kind, d.at, CASE WHEN d.done = 0 THEN d.due END, d.done,"
        " d.tries, d.status FROM intake.delivery AS d JOIN intake.subscriber AS s"
        " ON s.id = d.subscriber WHERE s.name = $1 AND ($2 < 0 OR d.done = $2)"
        " ORDER BY d.created DESC, d.agg, d.ver DESC LIMIT " LIST_MAX;
static const char REPLAY[] =
        "WITH again AS (UPDATE intake.delivery AS d SET done = 0, tries = 0, due = now(),"
        " finished = NULL, why = '' FROM intake.subscriber AS s WHERE s.id = d.subscriber"
        " AND s.name = $1 AND d.done > 0 AND CASE WHEN $2 = '' THEN d.at >= $3 AND d.at < $4"
        " ELSE " ID_OF " = ANY(string_to_array($2, ' ')) END RETURNING 1)"
        " SELECT count(*) FROM again";

/* A statement that gives one number. */
static enum err number_get(
        struct pg *pg, const char *sql, const struct params *params, int64_t *ret_number)
{
    PGresult *result = pg_exec(pg, sql, params);
    if (result == NULL)
        return ERR_TRANSIENT;
    *ret_number = PQntuples(result) == 1 ? row_int(result, 0, 0) : 0;
    PQclear(result);
    return OK;
}

static enum err one_change(struct pg *pg, const char *sql, struct params *params, enum err none)
{
    int64_t count = 0;
    enum err err = number_get(pg, sql, params, &count);
    params_fini(params);
    if (err != OK)
        return err;
    return count > 0 ? OK : none;
}

enum err store_callback_add(struct pg *pg, const struct subscriber_new *of)
{
    struct params params = {0};
    params_text(&params, of->name);
    params_text(&params, of->url);
    params_bytes(&params, PARAM_BYTEA, of->secret, of->secret_size);
    int kinds = params_array(&params, PARAM_INT2);
    for (size_t i = 0; of->kinds[i] != 0; i++)
        param_add_int(&params, kinds, of->kinds[i]);
    int sources = params_array(&params, PARAM_TEXT);
    for (size_t i = 0; of->sources != NULL && of->sources[i] != NULL; i++)
        param_add_text(&params, sources, of->sources[i]);
    return one_change(pg, ADD, &params, ERR_CONFLICT);
}

enum err store_callback_list(struct pg *pg, subscriber_fn *each, void *self)
{
    PGresult *rows = pg_exec(pg, LIST, NULL);
    if (rows == NULL)
        return ERR_TRANSIENT;
    for (int i = 0; i < PQntuples(rows); i++) {
        const struct subscriber subscriber = {.name = row_text(rows, i, 0),
                .url = row_text(rows, i, 1),
                .why = row_text(rows, i, 2),
                .kinds = row_text(rows, i, 3),
                .sources = row_text(rows, i, 4),
                .state = row_int(rows, i, 5),
                .pending = row_int(rows, i, 6),
                .given_up = row_int(rows, i, 7)};
        each(self, &subscriber);
    }
    PQclear(rows);
    return OK;
}

enum err store_callback_state(struct pg *pg, const char *name, int state, const char *why)
{
    struct params params = {0};
    params_text(&params, name);
    params_int(&params, PARAM_INT2, state);
    params_text(&params, why);
    return one_change(pg, STATE, &params, ERR_NOT_FOUND);
}

enum err store_callback_remove(struct pg *pg, const char *name)
{
    struct params params = {0};
    params_text(&params, name);
    return one_change(pg, REMOVE, &params, ERR_NOT_FOUND);
}

enum err store_callback_notices(struct pg *pg, bool on)
{
    struct params params = {0};
    return on ? one_change(pg, NOTICES_ON, &params, ERR_CONFLICT)
              : store_callback_remove(pg, CALLBACK_REPORTER);
}

enum err store_callback_secret(struct pg *pg, const char *name, const void *sealed, size_t size)
{
    struct params params = {0};
    params_text(&params, name);
    params_bytes(&params, PARAM_BYTEA, sealed, size);
    return one_change(pg, SECRET, &params, ERR_NOT_FOUND);
}

static enum err subscriber_find(struct pg *pg, const char *name)
{
    struct params params = {0};
    params_text(&params, name);
    return one_change(pg, FIND, &params, ERR_NOT_FOUND);
}

enum err store_callback_deliveries(
        struct pg *pg, const char *name, int done, callback_delivery_fn *each, void *self)
{
    struct params params = {0};
    enum err err = subscriber_find(pg, name);
    if (err != OK)
        return err;
    params_text(&params, name);
    params_int(&params, PARAM_INT2, done);
    PGresult *rows = pg_exec(pg, DELIVERIES, &params);
    params_fini(&params);
    if (rows == NULL)
        return ERR_TRANSIENT;
    for (int i = 0; i < PQntuples(rows); i++) {
        const struct callback_delivery delivery = {.id = row_text(rows, i, 0),
                .why = row_text(rows, i, 1),
                .kind = row_int(rows, i, 2),
                .at_ms = row_time(rows, i, 3),
                .due_ms = row_time(rows, i, 4),
                .done = row_int(rows, i, 5),
                .tries = row_int(rows, i, 6),
                .status = row_int(rows, i, 7)};
        each(self, &delivery);
    }
    PQclear(rows);
    return OK;
}

enum err store_callback_replay(
        struct pg *pg, const char *name, const struct callback_span *span, int64_t *ret_count)
{
    struct params params = {0};
    enum err err = subscriber_find(pg, name);
    if (err != OK)
        return err;
    params_text(&params, name);
    params_text(&params, span->ids);
    params_int(&params, PARAM_TIME, span->from_ms);
    params_int(&params, PARAM_TIME, span->to_ms);
    err = number_get(pg, REPLAY, &params, ret_count);
    params_fini(&params);
    return err;
}
