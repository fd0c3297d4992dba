/* See store_qr.h. A row of `qr` is written once, with its code, and never changed: that it was
 * withdrawn, and who helps, stands in the aggregate. So its lock may be taken before tickets. */
#include "services/intake/store_qr.h"
#include <math.h>
#include <string.h>
#include "services/intake/codec.h"
#include "services/intake/decide.h"
#include "services/intake/person.h"
#include "services/intake/qr.h"
#include "services/kernel/base/must.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define CODES_ARENA ((size_t)1 << 20)
#define MILLION 1e6

enum { QR_ADD, QR_LOCK, QR_TICKET, QR_CARDS };

/* Calls of the last minutes are found by their tickets, and the newest open case of them is joined,
 * unless its reporter takes it back. */
const struct statement qr_statements[QR_STATEMENTS] = {
        [QR_ADD] = {"intake_qr_add",
                "INSERT INTO qr (report, kind, name, matters, north, east) SELECT k.report, k.kind,"
                " k.name, k.matters, k.north, k.east FROM unnest($1::bigint[], $2::smallint[], "
                "$3::text[], $4::text[], $5::integer[], $6::integer[]) "
                "AS k (report, kind, name, matters, north, east)"},
        [QR_LOCK] = {"intake_qr_lock",
                "SELECT q.report FROM qr AS q WHERE q.report = ANY($1::bigint[]) "
                "ORDER BY q.report FOR NO KEY UPDATE"},
        [QR_TICKET] = {"intake_qr_ticket",
                "INSERT INTO ticket (source, ref, report, at) SELECT c.source, c.ref, "
                "coalesce(c.open, c.lead), c.instant FROM (SELECT k.source, k.ref, k.lead, "
                "s.instant, n.id AS open FROM unnest($1::text[], $2::text[], $3::bigint[], "
                "$4::timestamptz[]) AS k (source, ref, lead, said) CROSS JOIN LATERAL (SELECT "
                "CASE WHEN x.drill THEN coalesce(k.said, x.now) ELSE x.now END AS instant FROM "
                "(SELECT y.drill, date_trunc('milliseconds', directory.clock()) AS now FROM "
                "directory.site AS y OFFSET 0) AS x OFFSET 0) AS s LEFT JOIN LATERAL (SELECT r.id "
                "FROM ticket AS t CROSS JOIN LATERAL (SELECT y.id FROM report AS y WHERE y.id = "
                "t.report AND y.state = 1 AND NOT y.withdraw_asked OFFSET 0) AS r WHERE t.source ="
                " k.source AND t.at > s.instant - interval '" TEXT(
                        QR_HELP_MINUTES) " minutes' "
                                         "ORDER BY r.id DESC LIMIT 1) AS n ON true) AS c ORDER BY "
                                         "c.source, c.ref "
                                         "ON CONFLICT DO NOTHING RETURNING source, ref"},
        [QR_CARDS] = {"intake_qr_cards",
                "DELETE FROM person WHERE ctid = ANY(ARRAY(SELECT p.at FROM unnest($1::bigint[], "
                "$2::integer[]) AS k (report, ver) CROSS JOIN LATERAL (SELECT x.ctid AS at FROM "
                "person AS x WHERE x.report = k.report AND x.ver < k.ver OFFSET 0) AS p))"},
};

const struct statement qr_codes_statement = {"intake_qr_codes",
        "SELECT q.report, q.kind, q.name, q.matters, q.north, q.east, r.state, r.unit, r.accepted, "
        "r.ended, r.course, r.ref FROM (SELECT x.report, x.kind, x.name, x.matters, x.north, "
        "x.east FROM qr AS x WHERE x.report >= $1 ORDER BY x.report LIMIT $2) AS q CROSS JOIN "
        "LATERAL (SELECT y.state, y.unit, y.accepted, y.ended, y.course::text, y.ref FROM report "
        "AS y WHERE y.id = q.report AND y.ver > 0 OFFSET 0) AS r ORDER BY q.report "
        "LIMIT " TEXT(QR_CODES_MAX)};

void qrs_resolve(struct input **inputs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (inputs[i]->kind != INPUT_COMMAND ||
                (inputs[i]->type != INTAKE_QR_WITHDRAW && inputs[i]->type != INTAKE_QR_HELPER &&
                        inputs[i]->type != INTAKE_QR_CARD))
            continue;
        const struct qr_change *change = inputs[i]->body;
        inputs[i]->agg = change->id;
        *change->found = true;
    }
}

/* Codes of matters, a line each. */
static void matters_add(struct params *params, int column, const struct qr_make *make)
{
    BUF_OWNED text = {0};
    for (size_t i = 0; i < make->matter_count; i++) {
        buf_add_text(&text, i ? "\n" : "");
        buf_add_text(&text, make->matters[i]);
    }
    param_add_text(params, column, text.data);
}

/* Behind the rows that this batch has added: of a code the newest card is kept. */
static void cards_keep(struct pg *pg, const void *const *states, size_t count)
{
    struct params params = {0};
    bool any = false;
    (void)params_array(&params, PARAM_INT8);
    (void)params_array(&params, PARAM_INT4);
    for (size_t i = 0; i < count; i++) {
        const struct report *report = states[i];
        if (report->state != REPORT_CODE || !report->notes)
            continue;
        param_add_int(&params, 0, report->base.id);
        param_add_int(&params, 1, report->notes->ver);
        any = true;
    }
    if (any)
        pg_queue(pg, &qr_statements[QR_CARDS], &params, NULL, NULL);
    params_fini(&params);
}

void qrs_store(struct pg *pg, const void *const *states, size_t count)
{
    static const enum param_type types[] = {
            PARAM_INT8, PARAM_INT2, PARAM_TEXT, PARAM_TEXT, PARAM_INT4, PARAM_INT4};
    struct params params = {0};
    bool any = false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        (void)params_array(&params, types[i]);
    for (size_t i = 0; i < count; i++) {
        const struct report *report = states[i];
        const struct qr_make *make = report->made;
        if (!make)
            continue;
        const struct submission *place = &make->as_report;
        param_add_int(&params, 0, report->base.id);
        param_add_int(&params, 1, make->kind);
        param_add_text(&params, 2, make->name);
        matters_add(&params, 3, make);
        for (int at = 4; at < 6; at++) {
            double degrees = at == 4 ? place->latitude : place->longitude;
            if (place->has_point)
                param_add_int(&params, at, lround(degrees * MILLION));
            else
                param_add_null(&params, at);
        }
        any = true;
    }
    if (any)
        pg_queue(pg, &qr_statements[QR_ADD], &params, NULL, NULL);
    params_fini(&params);
    cards_keep(pg, states, count);
}

enum err qr_codes_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    struct qr_query query;
    (void)directory;
    (void)actor;
    enum err err = qr_query_decode(payload, arena, &query, ret_why);
    if (err)
        return err;
    params_int(params, PARAM_INT8, query.from);
    params_int(params, PARAM_INT8, query.limit);
    return OK;
}

/* Of matters that left the catalogue since, the code alone. */
static void matters_read(struct bytes text,
        const struct directory *directory,
        struct arena *arena,
        struct qr_code *to)
{
    const char *at = (const char *)text.data, *end = at + text.size;
    while (at < end && to->matter_count < QR_MATTERS_MAX) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((line ? line : end) - at);
        const char *code = arena_text(arena, at, size);
        const struct matter *matter = directory ? report_matter(directory, code) : NULL;
        to->matters[to->matter_count++] = (struct qr_matter){
                code, matter ? matter->name_zh : "", matter ? matter->name_en : ""};
        at += size + 1;
    }
}

static void code_row(const PGresult *rows,
        int row,
        const struct directory *directory,
        struct arena *arena,
        struct qr_code *ret)
{
    BUF_OWNED url = {0};
    struct report_course course = {.helper_count = 0};
    const struct unit *unit = directory ? unit_find(directory, row_int(rows, row, 7)) : NULL;
    *ret = (struct qr_code){.id = row_int(rows, row, 0),
            .kind = (enum qr_kind)row_int(rows, row, 1),
            .withdrawn = row_int(rows, row, 6) != REPORT_CODE,
            .name = row_text(rows, row, 2),
            .ref = row_text(rows, row, 11),
            .has_point = !PQgetisnull(rows, row, 4),
            .spot = {.north = (int32_t)row_int(rows, row, 4),
                    .east = (int32_t)row_int(rows, row, 5)},
            .unit_code = unit ? unit->code : "",
            .unit_zh = unit ? unit->name_zh : "",
            .unit_en = unit ? unit->name_en : "",
            .made_ms = row_time(rows, row, 8),
            .ended_ms = row_time(rows, row, 9)};
    matters_read(row_bytes(rows, row, 3), directory, arena, ret);
    if (!PQgetisnull(rows, row, 10))
        must(course_parse(row_bytes(rows, row, 10), &course) == OK);
    ret->helper_count = (size_t)course.helper_count;
    memcpy(ret->helpers, course.helpers, sizeof ret->helpers);
    qr_url(ret->id, &url);
    ret->url = arena_text(arena, url.size ? url.data : "", url.size);
}

void qr_codes_answer(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    static _Thread_local struct qr_code list[QR_CODES_MAX];
    struct arena arena;
    int count = PQntuples(rows);
    must(count <= QR_CODES_MAX);
    arena_init(&arena, CODES_ARENA);
    for (int row = 0; row < count; row++)
        code_row(rows, row, directory, &arena, &list[row]);
    qr_codes_encode(list, (size_t)count, out);
    arena_fini(&arena);
}

void qr_calls_init(struct qr_calls *calls)
{
    *calls = (struct qr_calls){.count = 0};
    (void)params_array(&calls->codes, PARAM_INT8);
    (void)params_array(&calls->tickets, PARAM_TEXT);
    (void)params_array(&calls->tickets, PARAM_TEXT);
    (void)params_array(&calls->tickets, PARAM_INT8);
    (void)params_array(&calls->tickets, PARAM_TIME);
}

void qr_calls_add(struct qr_calls *calls, const struct input *input, const char *ref, int64_t lead)
{
    const char *source = input->peer;
    bool by_code = strncmp(source, QR_SOURCE, strlen(QR_SOURCE)) == 0;
    param_add_int(&calls->codes, 0, by_code ? strtoll(source + strlen(QR_SOURCE), NULL, 10) : 0);
    param_add_text(&calls->tickets, 0, source);
    param_add_text(&calls->tickets, 1, ref);
    param_add_int(&calls->tickets, 2, lead);
    param_add_int(&calls->tickets, 3, input->now_ms);
    calls->count++;
}

void qr_calls_queue(struct pg *pg,
        struct qr_calls *calls,
        void (*take)(void *self, const PGresult *rows),
        void *self)
{
    if (calls->count) {
        pg_queue(pg, &qr_statements[QR_LOCK], &calls->codes, NULL, NULL);
        pg_queue(pg, &qr_statements[QR_TICKET], &calls->tickets, take, self);
    }
    params_fini(&calls->codes);
    params_fini(&calls->tickets);
}
