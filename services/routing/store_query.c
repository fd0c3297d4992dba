/* All SQL that answers routing's questions. It reads only, each statement by itself, on the primary
 * or on a replica. Plans are generic and made when the tables are empty (kernel/store/pg.c), so
 * each statement is written such that an index's condition finds its rows whatever the parameters
 * are: conditions on parameters alone are settled once, before any row is read, and leave the
 * branches that do not run. tests/kit/plans.c looks at each.
 *
 * Who asks and what time it is travel through the statement as columns: the answer is made when the
 * rows are back, and what is legal then is worked out of them alone. */
#include "services/routing/store_query.h"

#include "services/routing/store.h"

#define ITEM_PLAIN "id, handler, unit, due_at, ver, matter, state, level, kind, source_ref"
#define ITEM_COLUMNS                                                                               \
    ITEM_PLAIN ", COALESCE((course ->> 'intent')::integer, 0) AS intent,"                          \
               " COALESCE((course ->> 'corrected')::integer, 0) AS corrected"
#define ITEM_OUT ITEM_PLAIN ", intent, corrected" /* of a subselect of those */

/* $2 is the scope: the case lies within it, is handled there, or somebody there was called to it or
 * told that one of theirs did not come. */
#define VISIBLE                                                                                    \
    "(cardinality($2::bigint[]) = 0 OR unit = ANY($2) OR handler = ANY($2)"                        \
    " OR EXISTS (SELECT 1 FROM jsonb_path_query(course, '$.parts[*].keyvalue()"                    \
    " ? (@.key == \"unit\" || @.key == \"told\").value') AS p WHERE p::bigint = ANY($2)))"

/* One branch runs; each keeps its own index: source_ref, queue, the key. OFFSET 0 keeps the planner
 * from going by the key through all that has ended, to find the few that are open or have those
 * tickets, as it does when it plans without statistics. Lists of what has ended do walk the key,
 * from $6 on. */
const struct statement WORKLIST = {"worklist",
        "(SELECT " ITEM_OUT " FROM (SELECT " ITEM_COLUMNS " FROM cases"
        " WHERE source_ref = ANY($1::text[]) AND ver > 0 AND " VISIBLE " OFFSET 0) AS named"
        " WHERE (cardinality($3::bigint[]) = 0 OR handler = ANY($3))"
        " AND state = ANY($4::smallint[]) AND id > $6::bigint ORDER BY id LIMIT $7::integer)"
        " UNION ALL "
        "(SELECT " ITEM_OUT " FROM (SELECT " ITEM_COLUMNS " FROM cases"
        " WHERE cardinality($1) = 0 AND cardinality($3) > 0 AND $5::boolean"
        " AND queue = ANY($3) AND state = ANY($4) AND ver > 0 AND id > $6 OFFSET 0) AS mine"
        " ORDER BY id LIMIT $7)"
        " UNION ALL "
        "(SELECT " ITEM_OUT " FROM (SELECT " ITEM_COLUMNS " FROM cases"
        " WHERE cardinality($1) = 0 AND cardinality($3) = 0 AND $5"
        " AND queue IS NOT NULL AND state = ANY($4) AND ver > 0 AND id > $6 OFFSET 0) AS every"
        " ORDER BY id LIMIT $7)"
        " UNION ALL "
        "(SELECT " ITEM_COLUMNS " FROM cases"
        " WHERE cardinality($1) = 0 AND NOT $5"
        " AND (cardinality($3) = 0 OR handler = ANY($3))"
        " AND state = ANY($4) AND ver > 0 AND id > $6"
        " ORDER BY id LIMIT $7)"
        " ORDER BY id LIMIT $7"};

/* A case whole, for case_found_row(): $1 is who asks, `rank` and `next` come from around it. */
#define FOUND_COLUMNS                                                                              \
    "$1::text, (SELECT directory.clock()), rank::smallint, next, COALESCE(source, ''),"            \
    " COALESCE(summary, ''), " CASE_COLUMNS
#define FOUND_CASE 6   /* the first column of the case itself */
#define SEARCH_FOUND 3 /* SEARCH: … of what is found */
#define FOUND_BY_ID                                                                                \
    "CROSS JOIN LATERAL (SELECT " FOUND_COLUMNS " FROM cases WHERE id = agg OFFSET 0) AS whole"

const struct statement CASE_VIEW = {"case_view",
        "SELECT " FOUND_COLUMNS
        " FROM cases CROSS JOIN (SELECT 1, NULL::timestamptz) AS k (rank, next)"
        " WHERE id = $3::bigint AND ver > 0 AND " VISIBLE " ORDER BY id LIMIT 1"};

#define PART_WAITS "1" /* PART_OPEN: not come, not signed, not decided yet */

/* The first clock to run out: of the present step, of the case (it stands while the case is handled
 * or suspended), of the parts that $2 was called to. */
#define NEXT_DUE                                                                                   \
    "COALESCE(LEAST(step_due_at, CASE WHEN queue IS NOT NULL AND state NOT IN (4, 11) THEN "       \
    "due_at END,"                                                                                  \
    " (SELECT min(to_timestamp((p ->> 'due_ms')::bigint / 1000.0))"                                \
    " FROM jsonb_path_query(course, '$.parts[*] ? (@.state == " PART_WAITS ")') AS p"              \
    " WHERE (p ->> 'unit')::bigint = ANY($2))), " NEVER ")"
#define NEVER_TEXT(seconds) #seconds
#define NEVER_OF(seconds) "to_timestamp(" NEVER_TEXT(seconds) ")"
#define NEVER NEVER_OF(NEVER_S)

/* What is in their hands, what they answer for, what they were called to or are told of, and what
 * waits for somebody else than its handler to look at it; each once, by an index of its own.
 * Ordered, cut, and only then read whole. Rows are fetched by a list of ids or one by one: the plan
 * of a join, made when the table is empty, reads all of it. */
const struct statement AGENDA = {"agenda",
        "WITH mine (agg) AS ("
        "SELECT id FROM cases WHERE queue = ANY($2::bigint[])"
        " UNION SELECT id FROM cases WHERE queue_area = ANY($2)"
        " UNION SELECT id FROM cases WHERE called && $2"
        " UNION SELECT id FROM cases WHERE queue_place = ANY($3::bigint[]) AND state = 4"
        "), due (agg, rank, at) AS ("
        "SELECT id, CASE WHEN course ? 'urged' THEN 0 ELSE 1 END, " NEXT_DUE
        " FROM cases WHERE id = ANY(ARRAY(SELECT agg FROM mine)) AND ver > 0"
        "), page (agg, rank, next, at) AS ("
        "SELECT agg, rank, NULLIF(at, " NEVER "), at FROM due"
        " WHERE (rank, at, agg) > ($4::integer, $5::timestamptz, $6::bigint)"
        " ORDER BY rank, at, agg LIMIT $7::integer"
        ") SELECT whole.* FROM page " FOUND_BY_ID " ORDER BY page.rank, at, agg LIMIT $7"};

/* So many rows are looked at for one answer, whatever they are: the question goes over the
 * connection on which deadlines are looked for too. An index of the text was measured and refused
 * (docs/performance.md). */
#define SEARCH_ROWS "5000"

#define FITS                                                                                       \
    "state = ANY($3::smallint[]) AND (cardinality($4::integer[]) = 0 OR matter = ANY($4))"         \
    " AND (cardinality($5::bigint[]) = 0 OR unit = ANY($5))"                                       \
    " AND ($6::text = '' OR strpos(summary, $6) > 0) AND " VISIBLE
#define NEWEST_FIRST "ORDER BY at DESC, agg DESC"

/* One branch of `seen` runs: back through time, or by ticket. It is what was looked at, and its
 * last row says where to go on when few of them fit. */
const struct statement SEARCH = {"search",
        "WITH seen (agg, at, fits) AS ("
        "(SELECT id, accepted_at, " FITS " FROM cases WHERE $7::text = '' AND ver > 0"
        " AND accepted_at >= $8::timestamptz"
        " AND (accepted_at, id) < ($9::timestamptz, $10::bigint)"
        " ORDER BY accepted_at DESC, id DESC LIMIT " SEARCH_ROWS ")"
        " UNION ALL "
        "(SELECT id, accepted_at, accepted_at >= $8 AND (accepted_at, id) < ($9, $10) AND " FITS
        " FROM cases WHERE $7 <> '' AND source_ref = $7 AND ver > 0)"
        "), page (agg, at, rank, next) AS ("
        "SELECT agg, at, 1, at FROM seen WHERE fits " NEWEST_FIRST " LIMIT $11::integer"
        "), last (last_at, last_agg) AS (SELECT at, agg FROM seen ORDER BY at, agg LIMIT 1)"
        " SELECT (SELECT count(*) FROM seen) = " SEARCH_ROWS ", last_at, last_agg, whole.*"
        " FROM last LEFT JOIN (page " FOUND_BY_ID ") ON true"
        " ORDER BY page.at DESC, page.agg DESC LIMIT $11"};

/* Open ones by their place, and those that ended not long ago. */
const struct statement SIMILAR = {"similar_cases",
        "WITH near (agg, at) AS ("
        "SELECT id, accepted_at FROM cases WHERE queue_place = ANY($3::bigint[])"
        " AND matter = ANY($4::integer[]) AND id <> $5::bigint AND " VISIBLE " UNION ALL "
        "SELECT id, accepted_at FROM cases WHERE ended_at >="
        " (SELECT directory.clock()) - make_interval(hours => $6::integer)"
        " AND unit = ANY($3) AND matter = ANY($4) AND id <> $5 AND ver > 0 AND " VISIBLE
        "), page (agg, at, rank, next) AS ("
        "SELECT agg, at, 1, at FROM near " NEWEST_FIRST " LIMIT $7::integer"
        ") SELECT whole.* FROM page " FOUND_BY_ID " " NEWEST_FIRST " LIMIT $7"};

const struct statement LOAD = {"unit_load",
        "WITH now (at, day) AS (SELECT at,"
        " to_timestamp((floor((extract(epoch FROM at) + $3::integer) / 86400) + 1) * 86400 - $3)"
        " FROM (SELECT directory.clock()) AS clock (at))"
        " SELECT u.top, count(c.id),"
        " count(c.id) FILTER (WHERE c.late OR c.due_at < now.at),"
        " count(c.id) FILTER (WHERE c.due_at >= now.at AND c.due_at < now.day)"
        " FROM now CROSS JOIN unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS u (unit, top, "
        "i)"
        " LEFT JOIN LATERAL (SELECT id, late, due_at FROM cases WHERE queue = u.unit OFFSET 0) AS c"
        " ON true GROUP BY u.top ORDER BY min(u.i) LIMIT $4::integer"};

int case_row_count(const PGresult *rows)
{
    return PQntuples(rows);
}

void worklist_row(const PGresult *rows, int row, struct routing_case *ret)
{
    int col = 0;
    *ret = (struct routing_case){.source = "", .summary = ""};
    ret->agg.id = row_int(rows, row, col++);
    ret->handler = row_int(rows, row, col++);
    ret->unit = row_int(rows, row, col++);
    ret->due_ms = row_time(rows, row, col++);
    ret->agg.ver = (int32_t)row_int(rows, row, col++);
    ret->matter = (int32_t)row_int(rows, row, col++);
    ret->state = (uint8_t)row_int(rows, row, col++);
    ret->level = (uint8_t)row_int(rows, row, col++);
    ret->kind = (uint8_t)row_int(rows, row, col++);
    ret->source_ref = row_text(rows, row, col++);
    ret->course.intent = (int32_t)row_int(rows, row, col++);
    ret->course.corrected = (int32_t)row_int(rows, row, col);
}

void case_found_row(
        const PGresult *rows, int row, int col, struct arena *arena, struct case_found *ret)
{
    int own = col + FOUND_CASE;
    *ret = (struct case_found){.actor = row_text(rows, row, col++)};
    ret->now_ms = row_time(rows, row, col++);
    ret->rank = (int)row_int(rows, row, col++);
    ret->next_ms = row_time(rows, row, col++);
    const char *source = row_text(rows, row, col++);
    const char *summary = row_text(rows, row, col);
    ret->state.agg.id = row_int(rows, row, own);
    ret->state.agg.ver = (int32_t)row_int(rows, row, own + 1);
    case_load_row(rows, row, own + CASE_OWN, &ret->state, arena);
    ret->state.source = source;
    ret->state.summary = summary;
}

bool search_row(const PGresult *rows, int row, struct arena *arena, struct search_row *ret)
{
    ret->more = row_int(rows, row, 0) != 0;
    ret->last_ms = row_time(rows, row, 1);
    ret->last_id = row_int(rows, row, 2);
    if (PQgetisnull(rows, row, SEARCH_FOUND + FOUND_CASE))
        return false;
    case_found_row(rows, row, SEARCH_FOUND, arena, &ret->found);
    return true;
}

void load_row(const PGresult *rows, int row, struct load_row *ret)
{
    ret->unit = row_int(rows, row, 0);
    ret->open = (int32_t)row_int(rows, row, 1);
    ret->late = (int32_t)row_int(rows, row, 2);
    ret->due_today = (int32_t)row_int(rows, row, 3);
}
