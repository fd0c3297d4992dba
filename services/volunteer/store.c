/* Statements and their rows. The columns of `needs` stand in the same order in sql_load,
 * sql_update, load_row and save_row. Hours go into a table of their own, in the transaction of the
 * step that ended the need, so that neither can be there without the other. */
#include "services/volunteer/store.h"
#include <string.h>
#include "services/volunteer/codec.h"
#include "services/volunteer/decide.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define NEED_COLUMNS                                                                               \
    "state, unit, matter, skill, offers, volunteer, minutes, opened_at, offer_until, due_at, "     \
    "claimed_at, source_ref, summary"

const char need_columns[] = NEED_COLUMNS ", ended_at";

const char need_sql_stub[] =
        "INSERT INTO needs (id) SELECT unnest($1::bigint[]) ORDER BY 1 ON CONFLICT DO NOTHING";

const char need_sql_load[] = "SELECT id, ver, seen_routing, sent_routing, " NEED_COLUMNS
                             " FROM needs WHERE id = ANY($1::bigint[]) ORDER BY id"
                             " FOR NO KEY UPDATE";

const char need_sql_update[] =
        "INSERT INTO needs AS n (id, ver, seen_routing, sent_routing, " NEED_COLUMNS
        ") SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[], "
        "$5::smallint[], $6::bigint[], $7::integer[], $8::text[], $9::integer[], "
        "$10::text[], $11::integer[], $12::timestamptz[], $13::timestamptz[], "
        "$14::timestamptz[], $15::timestamptz[], $16::text[], $17::text[]) ON CONFLICT (id) "
        "DO UPDATE SET ver = excluded.ver, seen_routing = excluded.seen_routing, "
        "sent_routing = excluded.sent_routing, state = excluded.state, unit = excluded.unit, "
        "matter = excluded.matter, skill = excluded.skill, offers = excluded.offers, "
        "volunteer = excluded.volunteer, minutes = excluded.minutes, opened_at = "
        "excluded.opened_at, offer_until = excluded.offer_until, due_at = excluded.due_at, "
        "claimed_at = excluded.claimed_at, source_ref = excluded.source_ref, summary = "
        "excluded.summary, ended_at = CASE WHEN excluded.state BETWEEN 3 AND 5 THEN "
        "coalesce(n.ended_at, directory.clock()) END";

enum need_statement { CREDIT_ADD };

const struct statement need_statements[NEED_STATEMENT_COUNT] = {
        [CREDIT_ADD] = {"credit_add",
                "INSERT INTO credit (need_id, volunteer, minutes, at)"
                " SELECT * FROM unnest($1::bigint[], $2::text[], $3::integer[],"
                " $4::timestamptz[]) ORDER BY 1"}};

/* $1 unit (0 = all) and what is below it, $2 state (0 = all open), $3 after, $4 limit, $5
 * source_refs (empty = not asked). Three branches, of which one runs: each has an index of its own.
 */
const struct statement needs_sql_list = {"needs_list",
        "WITH RECURSIVE area (id) AS (SELECT $1::bigint UNION"
        " SELECT u.id FROM area AS a JOIN directory.unit AS u ON u.parent = a.id)"
        " SELECT id, ver, " NEED_COLUMNS " FROM ("
        "(SELECT * FROM needs WHERE cardinality($5::text[]) = 0 AND $2::integer = 0"
        " AND state BETWEEN 1 AND 2 AND ($1 = 0 OR unit IN (SELECT a.id FROM area AS a))"
        " AND id > $3::bigint ORDER BY id LIMIT $4::integer)"
        " UNION ALL "
        "(SELECT * FROM needs WHERE cardinality($5) = 0 AND $2 > 0 AND state = $2"
        " AND ($1 = 0 OR unit IN (SELECT a.id FROM area AS a))"
        " AND id > $3 ORDER BY id LIMIT $4)"
        " UNION ALL "
        "(SELECT * FROM (SELECT * FROM needs WHERE source_ref <> '' AND source_ref = ANY($5)"
        " OFFSET 0) AS m WHERE cardinality($5) > 0 AND ver > 0"
        " ORDER BY id LIMIT 500)) AS n ORDER BY id LIMIT 500"};

const struct statement offers_sql_need = {"offers_need",
        "SELECT unit, skill, opened_at FROM needs WHERE id = $1::bigint AND ver > 0"};

static const char *text_keep(struct arena *arena, const char *text)
{
    return arena_text(arena, text, strlen(text));
}

void need_load_row(const PGresult *result, int row, int col, void *state, struct arena *arena)
{
    struct need *need = state;
    int64_t number = row_int(result, row, col++);
    need->state = number >= 0 && number < NEED_STATE_COUNT ? (enum need_state)number : NEED_NONE;
    need->unit = row_int(result, row, col++);
    need->matter = (int32_t)row_int(result, row, col++);
    const char *skill = row_text(result, row, col++);
    text_copy(need->skill, sizeof(need->skill), skill, strlen(skill));
    need->offers = (int32_t)row_int(result, row, col++);
    const char *volunteer = row_text(result, row, col++);
    text_copy(need->volunteer, sizeof(need->volunteer), volunteer, strlen(volunteer));
    need->minutes = (int32_t)row_int(result, row, col++);
    need->opened_ms = row_time(result, row, col++);
    need->until_ms = row_time(result, row, col++);
    need->due_ms = row_time(result, row, col++);
    need->claimed_ms = row_time(result, row, col++);
    need->source_ref = text_keep(arena, row_text(result, row, col++));
    need->summary = text_keep(arena, row_text(result, row, col));
}

void need_save_begin(struct params *params)
{
    static const enum param_type types[] = {PARAM_INT2, PARAM_INT8, PARAM_INT4, PARAM_TEXT,
            PARAM_INT4, PARAM_TEXT, PARAM_INT4, PARAM_TIME, PARAM_TIME, PARAM_TIME, PARAM_TIME,
            PARAM_TEXT, PARAM_TEXT};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        params_array(params, types[i]);
}

void need_save_row(const void *state, struct params *params, int first)
{
    const struct need *need = state;
    int at = first;
    param_add_int(params, at++, need->state);
    param_add_int(params, at++, need->unit);
    param_add_int(params, at++, need->matter);
    param_add_text(params, at++, need->skill);
    param_add_int(params, at++, need->offers);
    param_add_text(params, at++, need->volunteer);
    param_add_int(params, at++, need->minutes);
    param_add_int(params, at++, need->opened_ms);
    param_add_int(params, at++, need->until_ms);
    param_add_int(params, at++, need->due_ms);
    param_add_int(params, at++, need->claimed_ms);
    param_add_text(params, at++, need->source_ref == NULL ? "" : need->source_ref);
    param_add_text(params, at, need->summary == NULL ? "" : need->summary);
}

void credits_related(struct pg *pg,
        struct input *const *inputs,
        const void *const *states,
        size_t count,
        const struct directory *directory,
        struct arena *arena,
        void **ret_related)
{
    int room = 0;
    (void)pg;
    (void)states;
    (void)directory;
    for (size_t i = 0; i < count; i++)
        room += inputs[i]->kind == INPUT_COMMAND && inputs[i]->type == COMMAND_DONE;
    *ret_related = NULL;
    if (room == 0)
        return;
    struct credits *credits = arena_get(arena, sizeof(*credits));
    credits->rows = arena_array(arena, struct credit, (size_t)room);
    credits->room = room;
    *ret_related = credits;
}

void credits_absorb(const void *state,
        const void *next,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct arena *arena)
{
    const struct need *before = state, *after = next;
    struct credits *credits = world->related;
    (void)outcome;
    (void)arena;
    if (before->state == NEED_DONE || after->state != NEED_DONE)
        return;
    must(credits != NULL && credits->count < credits->room); /* only a DONE command ends there */
    struct credit *credit = &credits->rows[credits->count++];
    *credit = (struct credit){
            .need = after->agg.id, .minutes = after->minutes, .at_ms = input->now_ms};
    memcpy(credit->volunteer, after->volunteer, sizeof(credit->volunteer));
}

void credits_store(
        struct pg *pg, const void *const *states, size_t count, void *related, struct arena *arena)
{
    static const enum param_type types[] = {PARAM_INT8, PARAM_TEXT, PARAM_INT4, PARAM_TIME};
    const struct credits *credits = related;
    struct params params = {0};
    (void)states;
    (void)count;
    (void)arena;
    if (credits == NULL || credits->count == 0)
        return;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        params_array(&params, types[i]);
    for (int i = 0; i < credits->count; i++) {
        param_add_int(&params, 0, credits->rows[i].need);
        param_add_text(&params, 1, credits->rows[i].volunteer);
        param_add_int(&params, 2, credits->rows[i].minutes);
        param_add_int(&params, 3, credits->rows[i].at_ms);
    }
    pg_queue(pg, &need_statements[CREDIT_ADD], &params, NULL, NULL);
    params_fini(&params);
}

enum err needs_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    struct needs_query query;
    (void)directory;
    (void)actor;
    enum err err = needs_query_decode(payload, arena, &query, ret_why);
    if (err != OK)
        return err;
    params_int(params, PARAM_INT8, query.unit);
    params_int(params, PARAM_INT4, query.state);
    params_int(params, PARAM_INT8, query.after);
    params_int(params, PARAM_INT4, query.limit);
    int refs = params_array(params, PARAM_TEXT);
    for (size_t i = 0; i < query.source_ref_count; i++)
        param_add_text(params, refs, query.source_refs[i]);
    return OK;
}

void needs_encode_rows(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    size_t count = (size_t)PQntuples(rows);
    struct arena arena;
    must(count <= NEEDS_LIMIT_MAX);
    arena_init(&arena, NEEDS_ARENA_SIZE);
    struct need *needs = arena_array(&arena, struct need, count + 1);
    for (size_t i = 0; i < count; i++) {
        needs[i].agg.id = row_int(rows, (int)i, 0);
        needs[i].agg.ver = (int32_t)row_int(rows, (int)i, 1);
        need_load_row(rows, (int)i, 2, &needs[i], &arena);
    }
    needs_encode(needs, count, directory, out);
    arena_fini(&arena);
}

enum err offers_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    int64_t need;
    (void)directory;
    (void)actor;
    enum err err = offers_query_decode(payload, arena, &need, ret_why);
    if (err == OK)
        params_int(params, PARAM_INT8, need);
    return err;
}

void offers_encode_rows(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    const struct staff *found[OFFERS_MAX];
    int count = 0;
    if (PQntuples(rows) > 0)
        count = need_offers(directory, row_int(rows, 0, 0), row_text(rows, 0, 1),
                row_time(rows, 0, 2), found, OFFERS_MAX);
    offers_encode(found, count, out);
}
