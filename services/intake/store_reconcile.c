/* Which tickets of a source are on record: those under whose number a report was accepted, and
 * those that stay on one. A ticket whose bodies were all refused has a row and is not on record,
 * nor is one whose report has lost its data by age.
 *
 * A span of time is read by the tickets' instants, of all sources; without one, the range of
 * tickets by their key. Which of the two is the statement's own parameter: its plan is made once,
 * and each half has one index that it can use. */
#include "services/intake/store_reconcile.h"
#include "services/intake/codec.h"
#include "services/intake/intake.h"
#include "services/kernel/base/must.h"

/* Behind every ticket: 17 times the last character of Unicode, and a ticket has room for 16. */
#define LAST4 "\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf"
#define BEHIND_ALL LAST4 LAST4 LAST4 LAST4 "\xf4\x8f\xbf\xbf"

/* LIMIT is RECONCILE_MAX and one, so that too many are noticed. */
const struct statement reconcile_statement = {"hotline_reconcile",
        "SELECT t.ref, t.report, r.accepted, t.at, t.ref > $7::text, $8::integer FROM ("
        "SELECT x.ref, x.report, x.at FROM (SELECT y.source, y.ref, y.report, y.at"
        " FROM ticket AS y WHERE $2::boolean AND y.at >= $3::timestamptz"
        " AND y.at < $4::timestamptz OFFSET 0) AS x"
        " WHERE x.source = $1::text AND x.ref >= $5::text AND x.ref <= $6::text"
        " UNION ALL SELECT y.ref, y.report, y.at FROM ticket AS y"
        " WHERE NOT $2::boolean AND y.source = $1::text AND y.ref >= $5::text AND y.ref <= $6::text"
        ") AS t CROSS JOIN LATERAL (SELECT v.accepted, v.source, v.ref, v.course FROM report"
        " AS v"
        " WHERE v.id = t.report AND v.ver > 0 OFFSET 0) AS r"
        " WHERE r.ref = t.ref AND r.source = $1::text OR EXISTS (SELECT 1 FROM "
        "jsonb_array_elements(r.course -> 'callers')"
        " AS c WHERE c ->> 0 = t.ref AND coalesce(nullif(c ->> 2, ''), r.source) = $1::text) ORDER "
        "BY t.ref LIMIT 100001"};

enum err reconcile_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    (void)directory;
    struct reconcile_query query;
    enum err err = reconcile_query_decode(payload, arena, &query, ret_why);
    if (err)
        return err;
    params_text(params, actor);
    params_int(params, PARAM_BOOL, query.from_ms || query.to_ms);
    params_int(params, PARAM_TIME, query.from_ms ? query.from_ms : 1);
    params_int(params, PARAM_TIME, query.to_ms ? query.to_ms : INSTANT_MAX_MS);
    params_text(params, query.first);
    params_text(params, *query.last ? query.last : BEHIND_ALL);
    params_text(params, query.after);
    params_int(params, PARAM_INT4, query.limit);
    return OK;
}

void reconcile_answer(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    struct arena arena;
    size_t count = (size_t)PQntuples(rows);
    must(count <= RECONCILE_MAX + 1);
    arena_init(&arena, (count + 1) * (sizeof(struct recorded) + sizeof(int64_t)) + 64);
    struct recorded *list = arena_array(&arena, struct recorded, count + 1);
    for (size_t i = 0; i < count; i++)
        list[i] = (struct recorded){.ticket = row_text(rows, (int)i, 0),
                .report = row_int(rows, (int)i, 1),
                .accepted_ms = row_time(rows, (int)i, 2),
                .at_ms = row_time(rows, (int)i, 3),
                .listed = row_int(rows, (int)i, 4) != 0};
    uint32_t limit = count ? (uint32_t)row_int(rows, 0, 5) : 0;
    reconciliation_encode(list, count, limit, directory, &arena, out);
    arena_fini(&arena);
}
