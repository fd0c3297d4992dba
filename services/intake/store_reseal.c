/* See store_reseal.h. A row is opened and sealed in one go, as soon as it is read; its plain bytes
 * are wiped before the next one is looked at. */
#include "services/intake/store_reseal.h"
#include <sodium.h>
#include <string.h>
#include "services/intake/codec_person.h"
#include "services/intake/intake.h"
#include "services/intake/store_person.h"
#include "services/kernel/base/must.h"

enum { RESEAL_READ, RESEAL_WRITE };

/* Written is only what is still there by the key that it was read under: a row that was forgotten
 * does not come back. */
const struct statement reseal_statements[RESEAL_STATEMENTS] = {
        [RESEAL_READ] = {"intake_reseal_read",
                "SELECT p.report, p.ver, p.key, p.sealed FROM unnest($1::bigint[]) AS k (id) "
                "CROSS JOIN LATERAL (SELECT x.report, x.ver, x.key, x.sealed FROM person AS x "
                "WHERE x.report = k.id AND x.key <> $2::bigint ORDER BY x.ver LIMIT 64) AS p "
                "ORDER BY p.report, p.ver"},
        [RESEAL_WRITE] = {"intake_reseal_write",
                "INSERT INTO person (report, ver, ref, key, sealed) SELECT k.report, k.ver, p.ref, "
                "k.key, k.sealed FROM unnest($1::bigint[], $2::integer[], $3::bigint[], "
                "$4::bigint[], $5::bytea[]) AS k (report, ver, was, key, sealed) "
                "CROSS JOIN LATERAL (SELECT x.ref FROM person AS x WHERE x.report = k.report "
                "AND x.ver = k.ver AND x.key = k.was OFFSET 0) AS p "
                "ON CONFLICT (report, ver) DO UPDATE SET key = excluded.key, "
                "sealed = excluded.sealed"},
};

/* From one key to the next by the index, which is for key <> 0; of each, rows up to a number that
 * is told soon. */
const struct statement person_keys_statement = {"intake_person_keys",
        "WITH RECURSIVE k (key) AS ((SELECT a.key FROM person AS a WHERE a.key <> 0 ORDER BY a.key "
        "LIMIT 1) UNION ALL SELECT (SELECT b.key FROM person AS b WHERE b.key > k.key "
        "AND b.key <> 0 ORDER BY b.key LIMIT 1) FROM k WHERE k.key IS NOT NULL) SELECT k.key, "
        "(SELECT count(*) FROM (SELECT 1 FROM person AS c WHERE c.key = k.key AND c.key <> 0 "
        "LIMIT 100000) AS d) FROM k WHERE k.key IS NOT NULL ORDER BY k.key LIMIT 64"};

const struct statement person_sealed_statement = {"intake_person_sealed",
        "SELECT DISTINCT p.report FROM person AS p WHERE p.key = $1 AND p.key <> 0 "
        "AND p.report > $2 ORDER BY p.report LIMIT $3"};

struct reading {
    struct kept_persons *kept;
    struct arena *arena;
};

static void row_reseal(const PGresult *rows, int row, struct arena *arena, struct person_anew *ret)
{
    BUF_OWNED plain = {0}, anew = {0};
    char about[PERSON_ABOUT_SIZE];
    const struct seal_keys *keys = intake_persons();
    struct bytes sealed = row_bytes(rows, row, 3);
    *ret = (struct person_anew){.report = row_int(rows, row, 0),
            .ver = (int32_t)row_int(rows, row, 1),
            .was = row_int(rows, row, 2),
            .key = seal_key_id(keys, 0)};
    person_about(about, ret->report, ret->ver);
    if (seal_open(keys, about, sealed.data, sealed.size, &plain) != OK)
        return;
    seal_close(keys, about, plain.data, plain.size, &anew);
    sodium_memzero(plain.data, plain.size);
    ret->sealed = arena_copy(arena, anew.data, anew.size);
    ret->size = anew.size;
}

static void old_loaded(void *self, const PGresult *rows)
{
    struct reading *reading = self;
    struct kept_persons *kept = reading->kept;
    kept->anew = arena_array(reading->arena, struct person_anew, (size_t)PQntuples(rows) + 1);
    for (int row = 0; row < PQntuples(rows); row++)
        row_reseal(rows, row, reading->arena, &kept->anew[kept->anew_count++]);
}

void reseals_related(struct pg *pg,
        struct input *const *inputs,
        size_t count,
        struct arena *arena,
        struct kept_persons *kept)
{
    struct params params = {0};
    const struct seal_keys *keys = intake_persons();
    int64_t last = 0;
    (void)params_array(&params, PARAM_INT8);
    for (size_t i = 0; i < count; i++) { /* sorted by aggregate */
        bool asks = inputs[i]->kind == INPUT_COMMAND && inputs[i]->type == INTAKE_RESEAL_PERSON;
        if (!asks || inputs[i]->agg == last)
            continue;
        last = inputs[i]->agg;
        param_add_int(&params, 0, last);
    }
    if (last && keys->count) {
        struct reading *reading = arena_get(arena, sizeof *reading);
        *reading = (struct reading){kept, arena};
        params_int(&params, PARAM_INT8, seal_key_id(keys, 0));
        pg_queue(pg, &reseal_statements[RESEAL_READ], &params, old_loaded, reading);
    }
    params_fini(&params);
}

static const struct person_anew *anew_next(
        const struct kept_persons *kept, int64_t report, size_t *from)
{
    while (*from < kept->anew_count) {
        const struct person_anew *row = &kept->anew[(*from)++];
        if (row->report == report && row->size)
            return row;
    }
    return NULL;
}

void reseals_store(struct pg *pg, const void *const *states, size_t count, const void *related)
{
    static const enum param_type types[] = {
            PARAM_INT8, PARAM_INT4, PARAM_INT8, PARAM_INT8, PARAM_BYTEA};
    const struct kept_persons *kept = related;
    const struct person_anew *row;
    struct params params = {0};
    bool any = false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        (void)params_array(&params, types[i]);
    for (size_t i = 0; i < count; i++) {
        const struct report *report = states[i];
        if (!report->reseal || report->forget_ver)
            continue;
        must(kept);
        for (size_t from = 0; (row = anew_next(kept, report->base.id, &from));) {
            param_add_int(&params, 0, row->report);
            param_add_int(&params, 1, row->ver);
            param_add_int(&params, 2, row->was);
            param_add_int(&params, 3, row->key);
            param_add_bytes(&params, 4, row->sealed, row->size);
            any = true;
        }
    }
    if (any)
        pg_queue(pg, &reseal_statements[RESEAL_WRITE], &params, NULL, NULL);
    params_fini(&params);
}

enum err person_keys_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    (void)directory;
    (void)actor;
    (void)arena;
    (void)params;
    *ret_why = "body: expected none";
    return payload.size ? ERR_MALFORMED : OK;
}

void person_keys_answer(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    struct person_key list[PERSON_KEYS_MAX];
    int count = PQntuples(rows);
    (void)directory;
    must(count <= PERSON_KEYS_MAX);
    for (int row = 0; row < count; row++)
        list[row] = (struct person_key){row_int(rows, row, 0), row_int(rows, row, 1)};
    person_keys_encode(list, (size_t)count, out);
}

enum err person_sealed_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    struct person_sealed_query query;
    (void)directory;
    (void)actor;
    enum err err = person_sealed_query_decode(payload, arena, &query, ret_why);
    if (err)
        return err;
    params_int(params, PARAM_INT8, query.key);
    params_int(params, PARAM_INT8, query.after);
    params_int(params, PARAM_INT8, query.limit);
    return OK;
}

void person_sealed_answer(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    int64_t ids[PERSON_SEALED_MAX];
    int count = PQntuples(rows);
    (void)directory;
    must(count <= PERSON_SEALED_MAX);
    for (int row = 0; row < count; row++)
        ids[row] = row_int(rows, row, 0);
    person_sealed_encode(ids, (size_t)count, out);
}
