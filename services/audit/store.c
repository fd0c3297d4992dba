/* All SQL of audit. A page's bytes are never loaded by the kernel's batches, and NULL leaves them
 * as they are: only the arrival of the page brings them. `first_place` belongs to the sequencer. */
#include "services/audit/store.h"

#include "services/kernel/base/must.h"

const struct statement PAGES_STUB = {"pages_stub",
        "INSERT INTO pages (id) SELECT unnest($1::bigint[]) ORDER BY 1 ON CONFLICT DO NOTHING"};

const struct statement PAGES_LOAD = {"pages_load",
        "SELECT id, ver, seen_intake, seen_routing, seen_enforcement, seen_volunteer,"
        " COALESCE(source, 0::smallint), count"
        " FROM pages WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE"};

const struct statement PAGES_UPDATE = {"pages_update",
        "INSERT INTO pages AS p (id, ver, seen_intake, seen_routing, seen_enforcement, "
        "seen_volunteer, source, count, leaves, hashes) SELECT * FROM unnest($1::bigint[], "
        "$2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], "
        "$7::smallint[], $8::integer[], $9::bytea[], $10::bytea[]) ON CONFLICT (id) DO "
        "UPDATE SET ver = excluded.ver, seen_intake = excluded.seen_intake, seen_routing = "
        "excluded.seen_routing, seen_enforcement = excluded.seen_enforcement, seen_volunteer "
        "= excluded.seen_volunteer, source = excluded.source, count = excluded.count, leaves "
        "= COALESCE(excluded.leaves, p.leaves), hashes = COALESCE(excluded.hashes, p.hashes)"};

/* The function, not the sequence's row: that one may not be read by who draws from it. */
const struct statement LOOK = {"look",
        "SELECT (SELECT arrival FROM pages WHERE first_place IS NULL AND ver > 0"
        " AND arrival >= $1::bigint ORDER BY arrival LIMIT 1),"
        " COALESCE(pg_sequence_last_value('arrival'::regclass), 0::bigint) + 1"};

const struct statement HEAD_TAKE = {"head_take",
        "WITH p AS MATERIALIZED (SELECT arrival FROM pages WHERE first_place IS NULL AND ver > 0"
        " AND arrival >= $1::bigint ORDER BY arrival LIMIT 1)"
        " SELECT h.size, h.frontier, p.arrival FROM p CROSS JOIN LATERAL (SELECT size, frontier"
        " FROM head ORDER BY size DESC LIMIT 1 FOR UPDATE SKIP LOCKED) AS h"};

const struct statement UNPLACED = {"unplaced",
        "SELECT id, count, hashes FROM pages WHERE first_place IS NULL AND ver > 0"
        " AND arrival >= $2::bigint"
        " ORDER BY arrival LIMIT $1::integer FOR NO KEY UPDATE SKIP LOCKED"};

const struct statement PLACE = {"place",
        "INSERT INTO pages (id, first_place) SELECT * FROM unnest($1::bigint[], "
        "$2::bigint[]) ON CONFLICT (id) DO UPDATE SET first_place = excluded.first_place"};

const struct statement HEAD_MOVE = {"head_move",
        "UPDATE head SET size = $1::bigint, frontier = $2::bytea"
        " WHERE size = (SELECT size FROM head ORDER BY size DESC LIMIT 1)"};

const struct statement CHECKPOINT = {"checkpoint",
        "SELECT h.size, h.frontier, s.number FROM head AS h CROSS JOIN directory.site AS s"
        " ORDER BY h.size DESC LIMIT 1"};

const struct statement LOCATE = {"locate",
        "SELECT id, COALESCE(first_place, -1::bigint), count FROM pages"
        " WHERE id = ANY($1::bigint[]) AND ver > 0 ORDER BY id LIMIT 1000"};

/* From the page that has the first place that is asked for. The condition on count is the
 * index's. */
const struct statement ENTRIES = {"entries",
        "SELECT q.first, q.wanted, p.first_place, p.leaves"
        " FROM (VALUES ($1::bigint, $2::bigint)) AS q (first, wanted)"
        " LEFT JOIN LATERAL (SELECT first_place, leaves FROM pages"
        " WHERE count > 0 AND first_place < q.first + q.wanted AND first_place >="
        " (SELECT first_place FROM pages WHERE count > 0 AND first_place <= q.first"
        " ORDER BY first_place DESC LIMIT 1)"
        " ORDER BY first_place LIMIT 1001) AS p ON true ORDER BY p.first_place LIMIT 1001"};

const struct statement *const SEQUENCE_STATEMENTS[SEQUENCE_STATEMENT_COUNT] = {
        &LOOK, &HEAD_TAKE, &UNPLACED, &PLACE, &HEAD_MOVE};

void page_load_row(const PGresult *result, int row, int col, void *state, struct arena *arena)
{
    (void)arena;
    struct page *this = state;
    this->source = (enum service_id)row_int(result, row, col++);
    this->count = (int32_t)row_int(result, row, col);
    this->leaves = (struct bytes){0};
    this->hashes = NULL;
}

void page_save_begin(struct params *params)
{
    (void)params_array(params, PARAM_INT2);
    (void)params_array(params, PARAM_INT4);
    (void)params_array(params, PARAM_BYTEA);
    (void)params_array(params, PARAM_BYTEA);
}

void page_save_row(const void *state, struct params *params, int first)
{
    const struct page *this = state;
    param_add_int(params, first, this->source);
    param_add_int(params, first + 1, this->count);
    if (this->leaves.size) {
        must(this->hashes && this->count > 0);
        param_add_bytes(params, first + 2, this->leaves.data, this->leaves.size);
        param_add_bytes(params, first + 3, this->hashes, (size_t)this->count * MERKLE_HASH_SIZE);
    } else {
        param_add_null(params, first + 2);
        param_add_null(params, first + 3);
    }
}

int row_count(const PGresult *rows)
{
    return PQntuples(rows);
}

void unplaced_row(const PGresult *rows, int row, struct unplaced_row *ret)
{
    *ret = (struct unplaced_row){.page = row_int(rows, row, 0),
            .count = (int32_t)row_int(rows, row, 1),
            .hashes = row_bytes(rows, row, 2)};
}

bool look_row(const PGresult *rows, int64_t *ret_low)
{
    bool found = !PQgetisnull(rows, 0, 0);
    *ret_low = row_int(rows, 0, found ? 0 : 1);
    return found;
}

int64_t head_low(const PGresult *rows)
{
    return row_int(rows, 0, 2);
}

enum err head_row(const PGresult *rows, int row, struct merkle *ret)
{
    struct bytes frontier = row_bytes(rows, row, 1);
    return merkle_load(ret, row_int(rows, row, 0), frontier.data, frontier.size);
}

int checkpoint_site(const PGresult *rows)
{
    return (int)row_int(rows, 0, 2);
}

void place_row(const PGresult *rows, int row, struct place_row *ret)
{
    *ret = (struct place_row){.page = row_int(rows, row, 0),
            .first = row_int(rows, row, 1),
            .count = (int32_t)row_int(rows, row, 2)};
}

void entries_row(const PGresult *rows, int row, struct entries_row *ret)
{
    *ret = (struct entries_row){.from = row_int(rows, row, 0),
            .limit = row_int(rows, row, 1),
            .first = row_int(rows, row, 2),
            .leaves = row_bytes(rows, row, 3)};
}
