/* SQL of what Open311 shows: one row for each report that came by it, written with the report and
 * read with the report's own row, which says how far it is; one for each stage of its case.
 *
 * Asked for by ids, by when they were requested or by when they ended: which of the three is the
 * statement's own parameter, since its plan is made once; each has an index that it can use. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "services/intake/codec.h"
#include "services/intake/open311.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"

#define MILLION 1000000.0
#define NOTE_SIZE 1024 /* of a sentence with a unit's name in it */

enum mode { BY_IDS = 0, BY_REQUESTED = 1, BY_ENDED = 2 };

const struct statement open311_statements[OPEN311_STATEMENTS] = {
        {"intake_listed",
                "INSERT INTO open311_request (report, jurisdiction, service, requested, "
                "description, "
                "address, address_id, media_url, north, east) SELECT u.report, u.jurisdiction, "
                "u.service, "
                "u.requested, u.description, u.address, u.address_id, u.media_url, u.north, u.east "
                "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], "
                "$6::text[], $7::text[], $8::text[], $9::integer[], $10::integer[]) AS u (report, "
                "jurisdiction, service, requested, description, address, address_id, media_url, "
                "north, "
                "east) ORDER BY u.report ON CONFLICT DO NOTHING"},
        {"intake_listed_stages",
                "INSERT INTO open311_update (report, n, at, stage, unit, until) SELECT u.report, "
                "u.n, u.at, u.stage, u.unit, u.until FROM unnest($1::bigint[], $2::integer[], "
                "$3::timestamptz[], $4::smallint[], $5::bigint[], $6::timestamptz[]) AS u "
                "(report, n, at, stage, unit, until) CROSS JOIN LATERAL (SELECT 1 FROM "
                "open311_request AS x WHERE x.report = u.report OFFSET 0) AS o "
                "ORDER BY u.report, u.n ON CONFLICT DO NOTHING"}};

const struct statement requests_statement = {"intake_requests",
        "SELECT o.report, o.service, o.description, o.address, o.address_id, o.media_url, "
        "o.requested, o.north, o.east, r.open, r.ended, r.promised, r.outcome_text, r.unit, "
        "r.round, r.intent, k.n, k.at, k.stage, k.who, k.until "
        "FROM (SELECT x.report AS id, 0 AS n, NULL::timestamptz AS at, 0::smallint AS stage,"
        " 0::bigint AS who, NULL::timestamptz AS until FROM open311_request AS x"
        " WHERE $2::integer = 0 AND x.report = ANY($3::bigint[])"
        " UNION ALL SELECT x.report, 0, NULL, 0, 0, NULL FROM open311_request AS x"
        " WHERE $2::integer = 1 AND x.jurisdiction = $1::text AND x.requested >= $4::timestamptz"
        " AND x.requested < $5::timestamptz"
        " UNION ALL SELECT x.id, 0, x.ended, 0, 0, NULL FROM report AS x"
        " WHERE $2::integer = 2 AND x.ended IS NOT NULL"
        " AND x.ended >= $4::timestamptz AND x.ended < $5::timestamptz"
        " UNION ALL SELECT x.report, x.n, x.at, x.stage, x.unit, x.until FROM open311_update AS x"
        " WHERE $2::integer = 2 AND x.at >= $4::timestamptz AND x.at < $5::timestamptz) AS k "
        "CROSS JOIN LATERAL (SELECT x.* FROM open311_request AS x WHERE x.report = k.id"
        " AND x.jurisdiction = $1::text AND ($7::boolean OR x.service = ANY($6::text[]))"
        " OFFSET 0) AS o "
        "CROSS JOIN LATERAL (SELECT x.state = 1 OR coalesce((x.course ->> 'reopened')::integer"
        " = (x.course ->> 'round')::integer, false) AS open,"
        " x.ended, x.promised, x.outcome_text, x.unit,"
        " coalesce((x.course ->> 'intent')::integer, 0) AS intent,"
        " coalesce((x.course ->> 'round')::integer, (x.state > 1)::integer) AS round"
        " FROM report AS x WHERE x.id = k.id AND x.ver > 0 OFFSET 0) AS r "
        "WHERE $8::integer = 0 OR r.open = ($8::integer = 1) "
        "ORDER BY CASE WHEN $2::integer = 2 THEN k.at ELSE o.requested END DESC, o.report, k.n "
        "DESC "
        "LIMIT $9::bigint OFFSET $10::bigint"};

static const struct listed *listed_of(const void *state)
{
    return ((const struct report *)state)->listed;
}

static void listed_bind(struct params *params, const struct report *report)
{
    const struct listed *listed = report->listed;
    const char *const texts[] = {
            listed->description, listed->address, listed->address_id, listed->media_url};
    param_add_int(params, 0, report->base.id);
    param_add_text(params, 1, listed->jurisdiction);
    param_add_text(params, 2, listed->service);
    param_add_int(params, 3, report->accepted_ms);
    for (int i = 0; i < 4; i++)
        param_add_text(params, 4 + i, texts[i]);
    if (listed->has_point) {
        param_add_int(params, 8, listed->spot.north);
        param_add_int(params, 9, listed->spot.east);
    } else {
        param_add_null(params, 8);
        param_add_null(params, 9);
    }
}

void listed_store(struct pg *pg, const void *const *states, size_t count)
{
    static const enum param_type types[] = {PARAM_INT8, PARAM_TEXT, PARAM_TEXT, PARAM_TIME,
            PARAM_TEXT, PARAM_TEXT, PARAM_TEXT, PARAM_TEXT, PARAM_INT4, PARAM_INT4};
    struct params params = {0};
    size_t listed = 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        (void)params_array(&params, types[i]);
    for (size_t i = 0; i < count; i++) {
        if (!listed_of(states[i]))
            continue;
        listed_bind(&params, states[i]);
        listed++;
    }
    if (listed)
        pg_queue(pg, &open311_statements[0], &params, NULL, NULL);
    params_fini(&params);
}

void updates_store(struct pg *pg, const void *const *states, size_t count)
{
    static const enum param_type types[] = {
            PARAM_INT8, PARAM_INT4, PARAM_TIME, PARAM_INT2, PARAM_INT8, PARAM_TIME};
    struct params params = {0};
    size_t reached = 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        (void)params_array(&params, types[i]);
    for (size_t i = 0; i < count; i++) {
        const struct report *report = states[i];
        for (int n = 0; n < report->reached_count; n++) {
            const struct stage_reached *stage = &report->reached[n];
            param_add_int(&params, 0, report->base.id);
            param_add_int(&params, 1, stage->version);
            param_add_int(&params, 2, stage->at_ms);
            param_add_int(&params, 3, stage->stage);
            param_add_int(&params, 4, stage->unit);
            if (stage->until_ms)
                param_add_int(&params, 5, stage->until_ms);
            else
                param_add_null(&params, 5);
            reached++;
        }
    }
    if (reached)
        pg_queue(pg, &open311_statements[1], &params, NULL, NULL);
    params_fini(&params);
}

/* An id or a case number; 0: neither of this site. */
static int64_t id_read(const char *text, const struct directory *directory)
{
    size_t digits = strspn(text, "0123456789");
    if (digits && digits < 19 && !text[digits])
        return strtoll(text, NULL, 10);
    return directory ? case_number_parse(
                               text, directory_site_letters(directory), directory_site(directory))
                     : 0;
}

enum err requests_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    struct requests_query *query = arena_get(arena, sizeof *query);
    (void)actor;
    enum err err = requests_query_decode(payload, arena, query, ret_why);
    if (err)
        return err;
    enum mode mode = query->id_count ? BY_IDS : query->ended ? BY_ENDED : BY_REQUESTED;
    params_text(params, query->jurisdiction);
    params_int(params, PARAM_INT4, mode);
    int ids = params_array(params, PARAM_INT8);
    for (size_t i = 0; i < query->id_count; i++)
        param_add_int(params, ids, id_read(query->ids[i], directory));
    params_int(params, PARAM_TIME, query->from_ms ? query->from_ms : 1);
    params_int(params, PARAM_TIME, query->to_ms ? query->to_ms : 1);
    int services = params_array(params, PARAM_TEXT);
    for (size_t i = 0; i < query->service_count; i++)
        param_add_text(params, services, query->services[i]);
    params_int(params, PARAM_BOOL, mode == BY_IDS || query->service_count == 0);
    params_int(params, PARAM_INT4, mode == BY_IDS ? REQUEST_ANY : query->status);
    params_int(params, PARAM_INT8, query->limit);
    params_int(params, PARAM_INT8, query->offset);
    return OK;
}

/* What is told of a stage. */
static const char *stage_text(
        const PGresult *rows, int row, const struct directory *directory, struct arena *arena)
{
    BUF_OWNED text = {0};
    const struct stage_reached stage = {.stage = (int32_t)row_int(rows, row, 18),
            .unit = row_int(rows, row, 19),
            .until_ms = row_time(rows, row, 20)};
    stage_say(&stage, (enum intent)row_int(rows, row, 15), directory, &text);
    return arena_text(arena, text.data, text.size);
}

static void request_row(const PGresult *rows,
        int row,
        const struct directory *directory,
        struct arena *arena,
        struct request *ret)
{
    char number[CASE_NUMBER_SIZE];
    const struct unit *unit = directory ? unit_find(directory, row_int(rows, row, 13)) : NULL;
    *ret = (struct request){.id = row_int(rows, row, 0),
            .service = row_text(rows, row, 1),
            .description = row_text(rows, row, 2),
            .address = row_text(rows, row, 3),
            .address_id = row_text(rows, row, 4),
            .media_url = row_text(rows, row, 5),
            .requested_ms = row_time(rows, row, 6),
            .has_point = !PQgetisnull(rows, row, 7),
            .latitude = (double)row_int(rows, row, 7) / MILLION,
            .longitude = (double)row_int(rows, row, 8) / MILLION,
            .open = row_int(rows, row, 9) != 0,
            .ended_ms = row_time(rows, row, 10),
            .promised_ms = row_time(rows, row, 11),
            .notes = row_text(rows, row, 12),
            .round = (uint32_t)row_int(rows, row, 14),
            .stage = (uint32_t)row_int(rows, row, 16),
            .stage_ms = row_time(rows, row, 17)};
    if (ret->stage && directory)
        ret->notes = stage_text(rows, row, directory, arena);
    case_number_format(number, directory ? directory_site_letters(directory) : "", ret->id,
            ret->requested_ms, directory ? directory_utc_offset_s(directory) : 0);
    ret->number = arena_text(arena, number, strlen(number));
    bool english = strcmp(intake_language(), "en") == 0;
    ret->agency = !unit ? "" : english && *unit->name_en ? unit->name_en : unit->name_zh;
}

void requests_answer(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    struct arena arena;
    int count = PQntuples(rows);
    must(count <= REQUESTS_MAX);
    arena_init(&arena, REQUESTS_MAX * (sizeof(struct request) + CASE_NUMBER_SIZE + NOTE_SIZE));
    struct request *list = arena_array(&arena, struct request, (size_t)count + 1);
    for (int row = 0; row < count; row++)
        request_row(rows, row, directory, &arena, &list[row]);
    requests_encode(list, (size_t)count, out);
    arena_fini(&arena);
}
