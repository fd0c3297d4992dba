/* See store_delivery.h. The statement runs also when nobody subscribes: then it looks into an empty
 * table and at nothing else (0.02 ms a batch), while a process that remembered whether there is a
 * subscriber would skip what happens until it hears of the first. */
#include "services/intake/store_delivery.h"
#include "services/intake/intake.h"

/* What happened to the reports of this transaction, for each subscriber that wants it. Subscribers
 * are the outer side: when there is none, nothing else is looked at. Who wants certain sources
 * hears also of a report that one of them has joined, from then on, under that one's ticket. */
/* clang-format off */
#define DELIVERY_SQL                                                                               \
    "INSERT INTO delivery (subscriber, agg, ver, kind, state, at, due, round, accepted, ended, "   \
    "matter, unit, source, ref) SELECT s.id, h.agg, h.ver, h.kind, h.to_state, h.at, now(), "      \
    "h.round, h.accepted, h.ended, h.matter, h.unit, h.source, h.ref FROM subscriber AS s "        \
    "CROSS JOIN LATERAL (SELECT x.agg, x.ver, x.kind, x.to_state, x.at, "                          \
    "coalesce((r.course ->> 'round')::integer, (r.state > 1)::integer) AS round, "                 \
    "r.accepted, r.ended, r.matter, r.unit, w.source, w.ref FROM unnest($1::bigint[]) AS k (id) "  \
    "CROSS JOIN LATERAL (SELECT y.agg, y.ver, y.kind, y.to_state, y.at FROM history AS y "         \
    "WHERE y.agg = k.id AND y.xmin = pg_current_xact_id_if_assigned()::xid OFFSET 0) AS x "        \
    "CROSS JOIN LATERAL (SELECT z.* FROM report AS z WHERE z.id = k.id OFFSET 0) AS r "            \
    "CROSS JOIN LATERAL (SELECT r.source, r.ref WHERE s.sources IS NULL "                          \
    "OR r.source = ANY(s.sources) UNION ALL (SELECT c.value ->> 2, c.value ->> 0 FROM "            \
    "jsonb_array_elements(r.course -> 'callers') WITH ORDINALITY AS c (value, place) "             \
    "WHERE NOT r.source = ANY(s.sources) AND c.value ->> 2 = ANY(s.sources) "                      \
    "ORDER BY c.place LIMIT 1)) AS w WHERE x.kind = ANY(s.kinds) OFFSET 0) AS h "                  \
    "WHERE s.state < 3 "                                                                           \
    "ON CONFLICT DO NOTHING"
/* clang-format on */

const struct statement delivery_statements[DELIVERY_STATEMENTS] = {
        {"intake_delivery_add", DELIVERY_SQL}};

void deliveries_add(struct pg *pg, const void *const *states, size_t count)
{
    struct params params = {0};
    if (count == 0)
        return;
    (void)params_array(&params, PARAM_INT8);
    for (size_t i = 0; i < count; i++)
        param_add_int(&params, 0, ((const struct report *)states[i])->base.id);
    pg_queue(pg, &delivery_statements[0], &params, NULL, NULL);
    params_fini(&params);
}
