/* Open reports of a matter around a point, by the bands of index report_near, as store_ticket.c
 * looks for the one that a ticket may join; here of any source, since whoever asks decides. */
#include "services/intake/store_nearby.h"
#include <math.h>
#include "services/intake/nearby.h"
#include "services/kernel/base/must.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define JOINS_TEXT TEXT(JOINS_MAX)
#define BANDS_TEXT TEXT(BANDS_MAX)
#define NEARBY_TEXT TEXT(NEARBY_MAX)
#define METRES_PER_UNIT 0.111195 /* of a millionth of a degree of latitude */

const struct statement nearby_statement = {"intake_nearby",
        "SELECT x.id, x.accepted, x.up * x.up + x.aside * x.aside, "
        "1 + coalesce((x.course ->> 'joined')::integer, 0), NOT x.withdraw_asked AND "
        "coalesce(jsonb_array_length(x.course -> 'callers'), 0) < " JOINS_TEXT
        " FROM (SELECT generate_series(($2::integer - $4::integer) / 1000,"
        " ($2::integer + $4::integer) / 1000) AS band LIMIT " BANDS_TEXT ") AS b"
        " CROSS JOIN LATERAL (SELECT r.id, r.state, r.accepted, r.withdraw_asked, r.course,"
        " (r.north - $2::integer)::bigint AS up,"
        " (r.east - $3::integer)::bigint * $6::integer / 1000000 AS aside FROM report AS r"
        " WHERE r.thing = $1::integer AND r.north / 1000 = b.band"
        " AND r.east BETWEEN $3::integer - $5::integer AND $3::integer + $5::integer"
        " AND r.ended IS NULL AND r.thing IS NOT NULL OFFSET 0) AS x WHERE x.state = 1"
        " AND x.up * x.up + x.aside * x.aside <= $4::integer::bigint * $4::integer"
        " AND x.accepted >= directory.clock() - $7::integer * interval '1 hour'"
        " ORDER BY x.up * x.up + x.aside * x.aside, x.id LIMIT " NEARBY_TEXT};

enum err nearby_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    (void)actor;
    struct nearby_search search = {.thing = 0};
    enum err err = nearby_query_decode(payload, directory, arena, &search, ret_why);
    if (err)
        return err;
    const int32_t numbers[] = {search.thing, search.spot.north, search.spot.east,
            search.reach.north, search.reach.east, search.reach.squeeze, search.hours};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        params_int(params, PARAM_INT4, numbers[i]);
    return OK;
}

void nearby_answer(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    struct nearby_case list[NEARBY_MAX];
    int count = PQntuples(rows);
    must(count <= NEARBY_MAX);
    for (int row = 0; row < count; row++)
        list[row] = (struct nearby_case){.id = row_int(rows, row, 0),
                .accepted_ms = row_time(rows, row, 1),
                .distance_m =
                        (uint32_t)lround(sqrt((double)row_int(rows, row, 2)) * METRES_PER_UNIT),
                .reported = (uint32_t)row_int(rows, row, 3),
                .joinable = row_int(rows, row, 4) != 0};
    nearby_encode(list, (size_t)count, directory, out);
}
