/* Statements and their rows. A squad's row is locked last, in id order, and only by batches in
 * which a mission may get it or give it back (PROTOCOL rules 3 and 13); who waits is read after
 * those locks, in a statement of its own, so that nobody overtakes who was committed before.
 *
 * The columns of `missions` stand in the same order in sql_load, sql_update, load_row and save_row.
 */
#include "services/enforcement/store.h"
#include <stdlib.h>
#include <string.h>
#include "services/enforcement/codec.h"
#include "services/enforcement/decide.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define MISSION_COLUMNS                                                                            \
    "state, unit, street, pool, squad, owed, matter, capability, asked_at, due_at, changed_at, "   \
    "rule_ver, source_ref, summary"

const char mission_columns[] = MISSION_COLUMNS;

const char mission_sql_stub[] =
        "INSERT INTO missions (id) SELECT unnest($1::bigint[]) ORDER BY 1 ON CONFLICT DO NOTHING";

const char mission_sql_load[] =
        "SELECT id, ver, seen_routing, sent_routing, " MISSION_COLUMNS
        " FROM missions WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE";

const char mission_sql_update[] =
        "INSERT INTO missions (id, ver, seen_routing, sent_routing, " MISSION_COLUMNS
        ") SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[], "
        "$5::smallint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], "
        "$10::bigint[], $11::integer[], $12::text[], $13::timestamptz[], $14::timestamptz[], "
        "$15::timestamptz[], $16::bigint[], $17::text[], $18::text[]) ON CONFLICT (id) DO "
        "UPDATE SET ver = excluded.ver, seen_routing = excluded.seen_routing, sent_routing = "
        "excluded.sent_routing, state = excluded.state, unit = excluded.unit, street = "
        "excluded.street, pool = excluded.pool, squad = excluded.squad, owed = "
        "excluded.owed, matter = excluded.matter, capability = excluded.capability, asked_at "
        "= excluded.asked_at, due_at = excluded.due_at, changed_at = excluded.changed_at, "
        "rule_ver = excluded.rule_ver, source_ref = excluded.source_ref, summary = "
        "excluded.summary";

/* The newest of a squad's entries in the index is looked for as the last one up to it: with id = …
 * the planner now and then reads all of them and sorts (see missions.sql, too).
 * In this order in `mission_statements`. A squad that is no longer in the directory keeps what it
 * was, and its version: the view leaves it out. NULL capabilities mean: as they are. */
enum squad_statement { SQUAD_STUB, SQUAD_LOCK, SQUAD_QUEUES, SQUAD_UPDATE };

const struct statement mission_statements[MISSION_STATEMENT_COUNT] = {
        [SQUAD_STUB] = {"squad_stub",
                "WITH k AS (INSERT INTO squad_known (id) SELECT unnest($1::bigint[]) ORDER BY 1"
                " ON CONFLICT DO NOTHING RETURNING id) INSERT INTO squad (id) SELECT id FROM k"},
        [SQUAD_LOCK] = {"squad_lock",
                "SELECT s.id, s.turn, s.version, s.capacity, s.pool, s.load, s.freed_at"
                " FROM (SELECT unnest($1::bigint[]) AS id ORDER BY 1 OFFSET 0) AS u"
                " CROSS JOIN LATERAL (SELECT * FROM squad AS q"
                " WHERE (q.id, q.turn) <= (u.id, 9223372036854775807)"
                " ORDER BY q.id DESC, q.turn DESC LIMIT 1 FOR NO KEY UPDATE) AS s"
                " WHERE s.id = u.id"},
        [SQUAD_QUEUES] = {"squad_queues",
                "SELECT DISTINCT p.pool, w.capability"
                " FROM unnest($1::bigint[]) AS p (pool) CROSS JOIN LATERAL"
                " (SELECT m.capability FROM missions AS m WHERE m.state = 1 AND m.pool = p.pool"
                " ORDER BY m.pool, m.capability, m.asked_at, m.id OFFSET 0) AS w"
                " ORDER BY 1, 2 LIMIT 1024"},
        [SQUAD_UPDATE] = {"squad_update",
                "INSERT INTO squad (id, turn, version, capacity, pool, capabilities, load, "
                "freed_at) SELECT u.id, u.turn, u.version, u.capacity, u.pool, coalesce("
                "string_to_array(u.capabilities, ';'), (SELECT x.capabilities FROM squad AS x "
                "WHERE x.id = u.id AND x.turn = u.turn), '{}'), u.load, u.freed_at "
                "FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[], "
                "$5::bigint[], $6::text[], $7::integer[], $8::timestamptz[]) AS u(id, turn, "
                "version, capacity, pool, capabilities, load, freed_at) ON CONFLICT (id, turn) DO "
                "UPDATE SET turn = excluded.turn + 1, version = excluded.version, capacity = "
                "excluded.capacity, pool = excluded.pool, capabilities = "
                "excluded.capabilities, load = excluded.load, freed_at = excluded.freed_at"}};

/* $1 squad (0 = all), $2 state (0 = all open), $3 after, $4 limit, $5 source_refs (empty = not
 * asked). Three branches, of which one runs: each has an index of its own. */
const struct statement missions_sql_list = {"missions_list",
        "SELECT id, ver, " MISSION_COLUMNS " FROM ("
        "(SELECT * FROM missions WHERE cardinality($5::text[]) = 0 AND $2::integer = 0"
        " AND state BETWEEN 1 AND 4 AND ($1::bigint = 0 OR squad = $1) AND id > $3::bigint"
        " ORDER BY id LIMIT $4::integer)"
        " UNION ALL "
        "(SELECT * FROM missions WHERE cardinality($5) = 0 AND $2 > 0 AND state = $2"
        " AND ($1 = 0 OR squad = $1) AND id > $3 ORDER BY id LIMIT $4)"
        " UNION ALL "
        "(SELECT * FROM (SELECT * FROM missions WHERE source_ref <> '' AND source_ref = ANY($5)"
        " OFFSET 0) AS n WHERE cardinality($5) > 0 AND ver > 0"
        " ORDER BY id LIMIT 500)) AS m ORDER BY id LIMIT 500"};

static const char *text_keep(struct arena *arena, const char *text)
{
    return arena_text(arena, text, strlen(text));
}

void mission_load_row(const PGresult *result, int row, int col, void *state, struct arena *arena)
{
    struct mission *mission = state;
    int64_t number = row_int(result, row, col++);
    mission->state =
            number >= 0 && number < MISSION_STATE_COUNT ? (enum mission_state)number : MISSION_NONE;
    mission->unit = row_int(result, row, col++);
    mission->street = row_int(result, row, col++);
    mission->pool = row_int(result, row, col++);
    mission->squad = row_int(result, row, col++);
    mission->owed = row_int(result, row, col++);
    mission->matter = (int32_t)row_int(result, row, col++);
    const char *capability = row_text(result, row, col++);
    text_copy(mission->capability, sizeof(mission->capability), capability, strlen(capability));
    mission->asked_ms = row_time(result, row, col++);
    mission->due_ms = row_time(result, row, col++);
    mission->changed_ms = row_time(result, row, col++);
    mission->rule_ver = row_int(result, row, col++);
    mission->source_ref = text_keep(arena, row_text(result, row, col++));
    mission->summary = text_keep(arena, row_text(result, row, col));
}

void mission_save_begin(struct params *params)
{
    static const enum param_type types[] = {PARAM_INT2, PARAM_INT8, PARAM_INT8, PARAM_INT8,
            PARAM_INT8, PARAM_INT8, PARAM_INT4, PARAM_TEXT, PARAM_TIME, PARAM_TIME, PARAM_TIME,
            PARAM_INT8, PARAM_TEXT, PARAM_TEXT};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        params_array(params, types[i]);
}

void mission_save_row(const void *state, struct params *params, int first)
{
    const struct mission *mission = state;
    int at = first;
    param_add_int(params, at++, mission->state);
    param_add_int(params, at++, mission->unit);
    param_add_int(params, at++, mission->street);
    param_add_int(params, at++, mission->pool);
    param_add_int(params, at++, mission->squad);
    param_add_int(params, at++, mission->owed);
    param_add_int(params, at++, mission->matter);
    param_add_text(params, at++, mission->capability);
    param_add_int(params, at++, mission->asked_ms);
    param_add_int(params, at++, mission->due_ms);
    param_add_int(params, at++, mission->changed_ms);
    param_add_int(params, at++, mission->rule_ver);
    param_add_text(params, at++, mission->source_ref == NULL ? "" : mission->source_ref);
    param_add_text(params, at, mission->summary == NULL ? "" : mission->summary);
}

static int id_order(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Sorts, leaves each id once, returns how many are left. */
static int ids_unique(int64_t *ids, int count)
{
    int kept = 0;
    if (count > 0)
        qsort(ids, (size_t)count, sizeof(ids[0]), id_order);
    for (int i = 0; i < count; i++) {
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    }
    return kept;
}

/* What the callbacks of one batch need; in the arena. `set` is world.related. */
struct squad_batch {
    struct squad_set set; /* first member */
    const struct directory *directory;
    int room;
};

/* The directory knows better than the row when it is newer than what the row was written from. */
static void squad_refresh(struct squad *squad, const struct directory *directory)
{
    const struct unit *unit = unit_find(directory, squad->id);
    if (unit == NULL || unit->retired || squad->version >= directory_version(directory))
        return;
    squad->version = directory_version(directory);
    squad->capacity = unit->capacity;
    squad->pool = squad_pool(directory, unit);
    squad->capabilities = unit->capabilities;
    squad->changed = true;
}

static void squads_read(void *self, const PGresult *result)
{
    struct squad_batch *batch = self;
    int rows = PQntuples(result);
    must(rows <= batch->room);
    for (int row = 0; row < rows; row++) {
        batch->set.squads[row] = (struct squad){.id = row_int(result, row, 0),
                .turn = row_int(result, row, 1),
                .version = row_int(result, row, 2),
                .capacity = (int32_t)row_int(result, row, 3),
                .pool = row_int(result, row, 4),
                .load = (int32_t)row_int(result, row, 5),
                .freed_ms = row_time(result, row, 6)};
        squad_refresh(&batch->set.squads[row], batch->directory);
    }
    batch->set.count = rows;
}

static void queues_read(void *self, const PGresult *result)
{
    struct squad_set *set = &((struct squad_batch *)self)->set;
    int rows = PQntuples(result);
    for (int row = 0; row < rows && set->queue_count < set->queue_room; row++) {
        struct queue *queue = &set->queues[set->queue_count++];
        const char *capability = row_text(result, row, 1);
        queue->pool = row_int(result, row, 0);
        text_copy(queue->capability, sizeof(queue->capability), capability, strlen(capability));
    }
}

static void ids_queue(struct pg *pg,
        const struct statement *statement,
        const int64_t *ids,
        int count,
        pg_rows_fn *rows,
        void *self)
{
    struct params params = {0};
    int at = params_array(&params, PARAM_INT8);
    for (int i = 0; i < count; i++)
        param_add_int(&params, at, ids[i]);
    pg_queue(pg, statement, &params, rows, self);
    params_fini(&params);
}

/* The pools that the squads belong to, each once. Returns how many. */
static int pools_of(
        const struct directory *directory, const int64_t *ids, int count, int64_t *ret_pools)
{
    int pools = 0;
    for (int i = 0; i < count; i++) {
        const struct unit *unit = unit_find(directory, ids[i]);
        if (unit != NULL)
            ret_pools[pools++] = squad_pool(directory, unit);
    }
    return ids_unique(ret_pools, pools);
}

void squads_related(struct pg *pg,
        struct input *const *inputs,
        const void *const *states,
        size_t count,
        const struct directory *directory,
        struct arena *arena,
        void **ret_related)
{
    int64_t *ids = arena_array(arena, int64_t, count * SQUADS_NEEDED_MAX + 1);
    int found = 0;
    *ret_related = NULL;
    for (size_t i = 0; i < count; i++)
        found += squads_needed(directory, states[i], inputs[i], ids + found, SQUADS_NEEDED_MAX);
    found = ids_unique(ids, found);
    if (found == 0)
        return;
    struct squad_batch *batch = arena_get(arena, sizeof(*batch));
    int64_t *pools = arena_array(arena, int64_t, (size_t)found);
    batch->directory = directory;
    batch->room = found;
    batch->set.squads = arena_array(arena, struct squad, (size_t)found);
    batch->set.queue_room = QUEUES_MAX;
    batch->set.queues = arena_array(arena, struct queue, QUEUES_MAX);
    ids_queue(pg, &mission_statements[SQUAD_STUB], ids, found, NULL, NULL);
    ids_queue(pg, &mission_statements[SQUAD_LOCK], ids, found, squads_read, batch);
    int pool_count = pools_of(directory, ids, found, pools);
    ids_queue(pg, &mission_statements[SQUAD_QUEUES], pools, pool_count, queues_read, batch);
    *ret_related = &batch->set;
}

static void squad_add(struct params *params, const struct squad *squad)
{
    param_add_int(params, 0, squad->id);
    param_add_int(params, 1, squad->turn);
    param_add_int(params, 2, squad->version);
    param_add_int(params, 3, squad->capacity);
    param_add_int(params, 4, squad->pool);
    if (squad->capabilities == NULL)
        param_add_null(params, 5);
    else
        param_add_text(params, 5, squad->capabilities);
    param_add_int(params, 6, squad->load);
    param_add_int(params, 7, squad->freed_ms);
}

void squads_store(
        struct pg *pg, const void *const *states, size_t count, void *related, struct arena *arena)
{
    static const enum param_type types[] = {PARAM_INT8, PARAM_INT8, PARAM_INT8, PARAM_INT4,
            PARAM_INT8, PARAM_TEXT, PARAM_INT4, PARAM_TIME};
    const struct squad_set *set = related;
    struct params params = {0};
    bool changed = false;
    (void)states;
    (void)count;
    (void)arena;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        params_array(&params, types[i]);
    for (int i = 0; set != NULL && i < set->count; i++) {
        if (!set->squads[i].changed)
            continue;
        squad_add(&params, &set->squads[i]);
        changed = true;
    }
    if (changed)
        pg_queue(pg, &mission_statements[SQUAD_UPDATE], &params, NULL, NULL);
    params_fini(&params);
}

enum err missions_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    struct missions_query query;
    (void)directory;
    (void)actor;
    enum err err = missions_query_decode(payload, arena, &query, ret_why);
    if (err != OK)
        return err;
    params_int(params, PARAM_INT8, query.squad);
    params_int(params, PARAM_INT4, query.state);
    params_int(params, PARAM_INT8, query.after);
    params_int(params, PARAM_INT4, query.limit);
    int refs = params_array(params, PARAM_TEXT);
    for (size_t i = 0; i < query.source_ref_count; i++)
        param_add_text(params, refs, query.source_refs[i]);
    return OK;
}

void missions_encode_rows(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    size_t count = (size_t)PQntuples(rows);
    struct arena arena;
    must(count <= MISSIONS_LIMIT_MAX);
    arena_init(&arena, MISSIONS_ARENA_SIZE);
    struct mission *missions = arena_array(&arena, struct mission, count + 1);
    for (size_t i = 0; i < count; i++) {
        missions[i].agg.id = row_int(rows, (int)i, 0);
        missions[i].agg.ver = (int32_t)row_int(rows, (int)i, 1);
        mission_load_row(rows, (int)i, 2, &missions[i], &arena);
    }
    missions_encode(missions, count, directory, out);
    arena_fini(&arena);
}
