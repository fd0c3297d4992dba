/* SQL of intake: the report's row, what is asked about reports, and the table of functions. Tickets
 * are store_ticket.c's. */
#include "services/intake/store.h"
#include <string.h>
#include "services/intake/codec.h"
#include "services/intake/decide.h"
#include "services/intake/codec_person.h"
#include "services/intake/intake.h"
#include "services/intake/open311.h"
#include "services/intake/qr.h"
#include "services/intake/store_delivery.h"
#include "services/intake/store_nearby.h"
#include "services/intake/store_photo_report.h"
#include "services/intake/store_person.h"
#include "services/intake/store_reseal.h"
#include "services/intake/store_qr.h"
#include "services/intake/store_reconcile.h"
#include "services/intake/store_ticket.h"
#include "services/kernel/base/must.h"
#include "services/kernel/bus/peers.h" /* enum right */

#define REPORT_ARENA_SIZE ((size_t)4 << 20) /* a report with all its callers opened */

enum { OWN_COLUMNS = 18 };

static const char sql_stub[] = "INSERT INTO report (id) SELECT unnest($1::bigint[]) ORDER BY 1 "
                               "ON CONFLICT DO NOTHING";

#define REPORT_COLUMNS                                                                             \
    "state, placed, matter, unit, accepted, reported, promised, ended, withdraw_asked, "           \
    "outcome_pending, digest, source, ref, outcome_text, course, thing, north, east"

#define REPORT_READ                                                                                \
    "id, ver, seen_routing, sent_routing, state, placed, matter, unit, accepted, reported, "       \
    "promised, ended, withdraw_asked, outcome_pending, digest, source, ref, outcome_text, "        \
    "course::text, thing, north, east"

static const char sql_load[] =
        "SELECT " REPORT_READ " FROM report WHERE id = ANY($1::bigint[]) ORDER BY id "
        "FOR NO KEY UPDATE";

static const char sql_update[] =
        "INSERT INTO report (id, ver, seen_routing, sent_routing, " REPORT_COLUMNS
        ") SELECT u.id, u.ver, u.seen, u.sent, u.state, u.placed, u.matter, u.unit, u.accepted, "
        "u.reported, u.promised, u.ended, u.asked, u.pending, u.digest, u.source, u.ref, u.text, "
        "u.course::jsonb, u.thing, u.north, u.east FROM unnest($1::bigint[], $2::integer[], "
        "$3::bigint[], $4::bigint[], "
        "$5::smallint[], $6::smallint[], $7::integer[], $8::bigint[], $9::timestamptz[], "
        "$10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::boolean[], "
        "$14::boolean[], $15::bytea[], $16::text[], $17::text[], $18::text[], $19::text[], "
        "$20::integer[], $21::integer[], $22::integer[]) "
        "AS u (id, ver, seen, sent, state, placed, matter, unit, accepted, reported, promised, "
        "ended, asked, pending, digest, source, ref, text, course, thing, north, east) "
        "ON CONFLICT (id) DO UPDATE SET "
        "ver = excluded.ver, seen_routing = excluded.seen_routing, "
        "sent_routing = excluded.sent_routing, state = excluded.state, placed = "
        "excluded.placed, matter = excluded.matter, unit = excluded.unit, accepted = "
        "excluded.accepted, reported = excluded.reported, promised = excluded.promised, "
        "ended = excluded.ended, withdraw_asked = excluded.withdraw_asked, outcome_pending = "
        "excluded.outcome_pending, digest = excluded.digest, source = excluded.source, ref = "
        "excluded.ref, outcome_text = excluded.outcome_text, course = excluded.course, "
        "thing = excluded.thing, north = excluded.north, east = excluded.east";

/* Of reports that the source made, and of such as tickets of its own have joined. */
#define OUTCOMES_SQL                                                                               \
    "SELECT o.*, $1::text FROM ((SELECT " REPORT_READ                                              \
    " FROM report WHERE outcome_pending AND source = $1::text AND id > $2::bigint"                 \
    " ORDER BY id LIMIT $3::bigint) UNION ALL (SELECT r.* FROM (SELECT DISTINCT x.report"          \
    " FROM ticket AS x WHERE x.owed AND x.source = $1::text AND x.report > $2::bigint"             \
    " ORDER BY x.report LIMIT $3::bigint) AS t CROSS JOIN LATERAL (SELECT " REPORT_READ            \
    " FROM report WHERE id = t.report OFFSET 0) AS r)) AS o ORDER BY o.id LIMIT $3::bigint"

/* One per query type: the kernel prepares each under its name. */
static const struct statement outcomes_statement = {"intake_outcomes", OUTCOMES_SQL};
static const struct statement hotline_outcomes_statement = {"hotline_outcomes", OUTCOMES_SQL};

/* Only those have stages of which somebody asked for them: an index of its own (schema). And those
 * that tickets of the source have joined that asked. */
static const struct statement progress_statement = {"hotline_progress",
        "SELECT o.*, $1::text FROM ((SELECT " REPORT_READ
        " FROM report WHERE course ? 'stages' AND source = $1::text AND id > $2::bigint"
        " AND course ? 'wants' AND (course ->> 'staged')::integer >"
        " coalesce((course ->> 'told')::integer, 0) ORDER BY id LIMIT $3::bigint)"
        " UNION ALL (SELECT r.* FROM (SELECT DISTINCT x.report FROM ticket AS x WHERE x.awaits"
        " AND x.source = $1::text AND x.report > $2::bigint ORDER BY x.report LIMIT $3::bigint)"
        " AS t CROSS JOIN LATERAL (SELECT " REPORT_READ
        " FROM report WHERE id = t.report OFFSET 0) AS r)) AS o ORDER BY o.id LIMIT $3::bigint"};

static const struct statement report_statement = {"intake_report",
        "SELECT " REPORT_READ ", p.step, p.ticket, p.key, p.sealed FROM (SELECT x.* FROM report AS "
        "x WHERE x.id = $1 AND x.ver > 0) AS report LEFT JOIN LATERAL (SELECT y.ver AS step, "
        "y.ref AS ticket, y.key, y.sealed FROM person AS y WHERE y.report = report.id "
        "ORDER BY y.ver LIMIT 64) AS p ON true ORDER BY p.step LIMIT 64"};

static const struct statement follow_statement = {"intake_follow",
        "SELECT " REPORT_READ ", kind, at FROM report LEFT JOIN (SELECT agg, ver AS step, kind, at "
        "FROM history WHERE agg = $1) AS past ON agg = id WHERE id = $1 AND ver > 0 "
        "ORDER BY step LIMIT 64"};

static void text_read(char *to, size_t room, const PGresult *result, int row, int col)
{
    struct bytes text = row_bytes(result, row, col);
    must(text.size < room);
    memcpy(to, text.data, text.size);
    to[text.size] = 0;
}

static void report_load(const PGresult *result, int row, int col, void *state, struct arena *arena)
{
    struct report *report = state;
    report->state = (enum report_state)row_int(result, row, col);
    report->placed = (enum placed)row_int(result, row, col + 1);
    report->matter = (int32_t)row_int(result, row, col + 2);
    report->unit = row_int(result, row, col + 3);
    report->accepted_ms = row_time(result, row, col + 4);
    report->reported_ms = row_time(result, row, col + 5);
    report->promised_ms = row_time(result, row, col + 6);
    report->ended_ms = row_time(result, row, col + 7);
    report->withdraw_asked = row_int(result, row, col + 8) != 0;
    report->outcome_pending = row_int(result, row, col + 9) != 0;
    struct bytes digest = row_bytes(result, row, col + 10);
    must(digest.size == DIGEST_SIZE || digest.size == 0);
    if (digest.size)
        memcpy(report->digest, digest.data, DIGEST_SIZE);
    text_read(report->source, sizeof report->source, result, row, col + 11);
    text_read(report->ref, sizeof report->ref, result, row, col + 12);
    struct bytes text = row_bytes(result, row, col + 13);
    report->outcome_text = text.size ? arena_text(arena, (const char *)text.data, text.size) : "";
    if (PQgetisnull(result, row, col + 14))
        report->course = (struct report_course){.round = report->state > REPORT_ACCEPTED};
    else
        must(course_parse(row_bytes(result, row, col + 14), &report->course) == OK);
    report->thing = (int32_t)row_int(result, row, col + 15);
    report->spot.north = (int32_t)row_int(result, row, col + 16);
    report->spot.east = (int32_t)row_int(result, row, col + 17);
    report->moved = false;
    report->listed = NULL;
    report->made = NULL;
    report->shown_count = 0;
    report->notes = NULL;
    report->forget_ver = 0;
    report->reseal = false;
}

static void report_save_begin(struct params *params)
{
    static const enum param_type types[OWN_COLUMNS] = {PARAM_INT2, PARAM_INT2, PARAM_INT4,
            PARAM_INT8, PARAM_TIME, PARAM_TIME, PARAM_TIME, PARAM_TIME, PARAM_BOOL, PARAM_BOOL,
            PARAM_BYTEA, PARAM_TEXT, PARAM_TEXT, PARAM_TEXT, PARAM_TEXT, PARAM_INT4, PARAM_INT4,
            PARAM_INT4};
    for (int i = 0; i < OWN_COLUMNS; i++)
        (void)params_array(params, types[i]);
}

static void report_save(const void *state, struct params *params, int first)
{
    const struct report *report = state;
    param_add_int(params, first, report->state);
    param_add_int(params, first + 1, report->placed);
    param_add_int(params, first + 2, report->matter);
    param_add_int(params, first + 3, report->unit);
    param_add_int(params, first + 4, report->accepted_ms);
    param_add_int(params, first + 5, report->reported_ms);
    param_add_int(params, first + 6, report->promised_ms);
    param_add_int(params, first + 7, report->ended_ms);
    param_add_int(params, first + 8, report->withdraw_asked);
    param_add_int(params, first + 9, report->outcome_pending);
    param_add_bytes(params, first + 10, report->digest, DIGEST_SIZE);
    param_add_text(params, first + 11, report->source);
    param_add_text(params, first + 12, report->ref);
    param_add_text(params, first + 13, report->outcome_text ? report->outcome_text : "");
    BUF_OWNED course = {0};
    if (course_format(&report->course, &course))
        param_add_text(params, first + 14, course.data);
    else
        param_add_null(params, first + 14);
    const int32_t place[] = {report->thing, report->spot.north, report->spot.east};
    for (int i = 0; i < 3; i++)
        if (report->thing)
            param_add_int(params, first + 15 + i, place[i]);
        else
            param_add_null(params, first + 15 + i);
}

static enum err outcomes_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    (void)directory;
    struct outcomes_query query;
    enum err err = outcomes_query_decode(payload, arena, &query, ret_why);
    if (err)
        return err;
    params_text(params, actor);
    params_int(params, PARAM_INT8, query.after);
    params_int(params, PARAM_INT8, query.limit);
    return OK;
}

static void row_read(const PGresult *rows, int row, struct report *ret, struct arena *arena)
{
    ret->base.id = row_int(rows, row, 0);
    ret->base.ver = (int32_t)row_int(rows, row, 1);
    ret->base.found = true;
    report_load(rows, row, 4, ret, arena);
}

static void outcomes_answer(
        const PGresult *rows, const struct directory *directory, struct buf *out)
{
    struct arena arena;
    arena_init(&arena, OUTCOMES_MAX * (sizeof(struct report) + 4 * TEXT_CHARS_MAX + 64));
    int count = PQntuples(rows);
    must(count <= OUTCOMES_MAX);
    struct report *reports = arena_array(&arena, struct report, (size_t)count + 1);
    for (int row = 0; row < count; row++)
        row_read(rows, row, &reports[row], &arena);
    const char *source = count ? row_text(rows, 0, 4 + OWN_COLUMNS) : "";
    outcomes_encode(reports, (size_t)count, source, directory, out);
    arena_fini(&arena);
}

static void progress_answer(
        const PGresult *rows, const struct directory *directory, struct buf *out)
{
    struct arena arena;
    arena_init(&arena, OUTCOMES_MAX * (sizeof(struct report) + 4 * TEXT_CHARS_MAX + 64));
    int count = PQntuples(rows);
    must(count <= OUTCOMES_MAX);
    struct report *reports = arena_array(&arena, struct report, (size_t)count + 1);
    for (int row = 0; row < count; row++)
        row_read(rows, row, &reports[row], &arena);
    const char *source = count ? row_text(rows, 0, 4 + OWN_COLUMNS) : "";
    progress_encode(reports, (size_t)count, source, directory, out);
    arena_fini(&arena);
}

static enum err report_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    (void)actor;
    int64_t id = 0;
    enum err err = report_query_decode(payload, directory, arena, &id, ret_why);
    if (err)
        return err;
    params_int(params, PARAM_INT8, id);
    return OK;
}

static void report_rows_answer(
        const PGresult *rows, const struct directory *directory, struct buf *out)
{
    if (PQntuples(rows) == 0)
        return;
    struct arena arena;
    struct report report = {0};
    struct buf cards[PERSONS_MAX] = {{0}};
    size_t count = 0;
    arena_init(&arena, REPORT_ARENA_SIZE);
    row_read(rows, 0, &report, &arena);
    for (int row = 0; report.state < REPORT_CODE && row < PQntuples(rows); row++)
        count += person_row_card(rows, row, 4 + OWN_COLUMNS, report.base.id, &arena, &cards[count]);
    if (report.state < REPORT_CODE)
        report_view_encode(&report, cards, count, directory, out);
    for (size_t i = 0; i < count; i++)
        buf_fini(&cards[i]);
    arena_fini(&arena);
}

/* A row for each step, all with the same report. */
static void follow_rows_answer(
        const PGresult *rows, const struct directory *directory, struct buf *out)
{
    enum { KIND = 4 + OWN_COLUMNS };
    int count = PQntuples(rows);
    if (count == 0)
        return;
    struct arena arena;
    struct report report = {0};
    struct past_step steps[FOLLOW_STEPS_MAX];
    must(count <= FOLLOW_STEPS_MAX);
    arena_init(&arena, sizeof report + 4 * TEXT_CHARS_MAX + 64);
    row_read(rows, 0, &report, &arena);
    for (int row = 0; row < count; row++)
        steps[row] = (struct past_step){row_int(rows, row, KIND), row_time(rows, row, KIND + 1)};
    if (report.state < REPORT_CODE)
        report_follow_encode(&report, steps, (size_t)count, directory, out);
    arena_fini(&arena);
}

static void report_resolve(struct pg *pg,
        struct input **inputs,
        size_t count,
        const struct directory *directory,
        int64_t (*draw)(void *self),
        void *self,
        struct arena *arena)
{
    persons_resolve(inputs, count, directory);
    qrs_resolve(inputs, count);
    tickets_resolve(pg, inputs, count, directory, draw, self, arena);
    photos_resolve(pg, inputs, count, arena);
}

static void report_store(
        struct pg *pg, const void *const *states, size_t count, void *related, struct arena *arena)
{
    tickets_move(pg, states, count, related, arena);
    tickets_owe(pg, states, count);
    deliveries_add(pg, states, count);
    listed_store(pg, states, count);
    updates_store(pg, states, count);
    photos_add(pg, states, count);
    persons_store(pg, states, count);
    reseals_store(pg, states, count, related);
    qrs_store(pg, states, count);
}

static const enum service_id routing_only[] = {SERVICE_ROUTING, SERVICE_NONE};

#define COMMAND(type, right, name, decode)                                                         \
    {                                                                                              \
        INPUT_COMMAND, SERVICE_NONE, type, right, name, decode                                     \
    }

static const struct input_type inputs[] = {
        COMMAND(INTAKE_SUBMIT, RIGHT_ACT, "submit", submission_decode),
        COMMAND(INTAKE_WITHDRAW, RIGHT_ACT, "withdraw", withdrawal_decode),
        COMMAND(INTAKE_OUTCOME_ACK, RIGHT_ACT, "outcome_ack", outcome_ack_decode),
        COMMAND(HOTLINE_REPORT, RIGHT_HOTLINE, "hotline_report", submission_decode),
        COMMAND(HOTLINE_WITHDRAW, RIGHT_HOTLINE, "hotline_withdraw", hotline_withdrawal_decode),
        COMMAND(HOTLINE_OUTCOME_ACK, RIGHT_HOTLINE, "hotline_outcome_ack", outcome_ack_decode),
        {INPUT_MESSAGE, SERVICE_ROUTING, ROUTING_CASE_ENDED, 0, "case_ended", case_ended_decode},
        COMMAND(INTAKE_FOLLOW_UP, RIGHT_ACT, "follow_up", follow_up_decode),
        COMMAND(HOTLINE_FOLLOW_UP, RIGHT_HOTLINE, "hotline_follow_up", follow_up_decode),
        COMMAND(INTAKE_CORRECT, RIGHT_ACT, "correct", correction_decode),
        COMMAND(HOTLINE_CORRECT, RIGHT_HOTLINE, "hotline_correct", hotline_correction_decode),
        COMMAND(HOTLINE_PROGRESS_ACK, RIGHT_HOTLINE, "hotline_progress_ack", progress_ack_decode),
        {INPUT_MESSAGE, SERVICE_ROUTING, ROUTING_CASE_PROGRESSED, 0, "case_progressed",
                case_progressed_decode},
        COMMAND(INTAKE_SEE_PERSON, RIGHT_ACT, "see_person", person_request_decode),
        COMMAND(INTAKE_FORGET_PERSON, RIGHT_OPERATE, "forget_person", person_request_decode),
        COMMAND(INTAKE_RESEAL_PERSON, RIGHT_OPERATE, "reseal_person", person_reseal_decode),
        COMMAND(INTAKE_QR_MAKE, RIGHT_OPERATE, "qr_make", qr_make_decode),
        COMMAND(INTAKE_QR_WITHDRAW, RIGHT_OPERATE, "qr_withdraw", qr_change_decode),
        COMMAND(INTAKE_QR_HELPER, RIGHT_OPERATE, "qr_helper", qr_change_decode),
        COMMAND(INTAKE_QR_CARD, RIGHT_OPERATE, "qr_card", qr_card_decode),
        COMMAND(INTAKE_QR_HELP, RIGHT_ACT, "qr_help", submission_decode),
};

static const struct query_type queries[] = {
        {INTAKE_OUTCOMES, "outcomes", &outcomes_statement, outcomes_bind, outcomes_answer, true},
        {HOTLINE_OUTCOMES, "hotline_outcomes", &hotline_outcomes_statement, outcomes_bind,
                outcomes_answer, true},
        {INTAKE_REPORT, "report", &report_statement, report_bind, report_rows_answer, false},
        {INTAKE_FOLLOW, "follow", &follow_statement, report_bind, follow_rows_answer, false},
        {INTAKE_NEARBY, "nearby", &nearby_statement, nearby_bind, nearby_answer, false},
        {HOTLINE_PROGRESS, "hotline_progress", &progress_statement, outcomes_bind, progress_answer,
                true},
        {HOTLINE_RECONCILE, "hotline_reconcile", &reconcile_statement, reconcile_bind,
                reconcile_answer, true},
        {INTAKE_REQUESTS, "requests", &requests_statement, requests_bind, requests_answer, false},
        {INTAKE_PERSON_READS, "person_reads", &person_reads_statement, report_bind,
                person_reads_answer, false},
        {INTAKE_PERSON_KEYS, "person_keys", &person_keys_statement, person_keys_bind,
                person_keys_answer, false},
        {INTAKE_PERSON_SEALED, "person_sealed", &person_sealed_statement, person_sealed_bind,
                person_sealed_answer, false},
        {INTAKE_QR_CODES, "qr_codes", &qr_codes_statement, qr_codes_bind, qr_codes_answer, false},
};

/* Of side tables, each in a file of its own. */
static const struct statement_list side_statements[] = {
        {delivery_statements, DELIVERY_STATEMENTS},
        {open311_statements, OPEN311_STATEMENTS},
        {photo_statements, PHOTO_STATEMENTS},
        {person_statements, PERSON_STATEMENTS},
        {reseal_statements, RESEAL_STATEMENTS},
        {qr_statements, QR_STATEMENTS},
        {NULL, 0},
};

const struct aggregate_ops intake_ops = {
        .service = SERVICE_INTAKE,
        .schema = "intake",
        .table = "report",
        .state_size = sizeof(struct report),
        .hears = routing_only,
        .tells = routing_only,
        .inputs = inputs,
        .input_count = sizeof inputs / sizeof *inputs,
        .queries = queries,
        .query_count = sizeof queries / sizeof *queries,
        .metric_names = report_metric_names,
        .reason_names = report_reason_names,
        .reason_text = report_reason_text,
        .kind_names = report_step_names,
        .state_names = report_state_names,
        .sql_stub = {"intake_stub", sql_stub},
        .sql_load = {"intake_load", sql_load},
        .sql_update = {"intake_update", sql_update},
        .load_row = report_load,
        .save_begin = report_save_begin,
        .save_row = report_save,
        .decide = report_decide,
        .encode = report_encode,
        .detail = report_detail,
        .answer = report_answer,
        .own_columns = REPORT_COLUMNS,
        .sql_shed = {"intake_shed",
                "WITH p AS (DELETE FROM report_photo WHERE report = ANY(chosen())), "
                "c AS (DELETE FROM person WHERE report = ANY(chosen())), "
                "q AS (DELETE FROM qr WHERE report = ANY(chosen())), "
                "u AS (DELETE FROM open311_update WHERE report = ANY(chosen())) "
                "DELETE FROM open311_request WHERE report = ANY(chosen())"},
        .sql_remove = {"intake_tickets_gone", "DELETE FROM ticket WHERE report = ANY(chosen())"},
        .relates = persons_relate,
        .related = persons_related,
        .resolve = report_resolve,
        .store = report_store,
        .statements = ticket_statements,
        .statement_count = TICKET_STATEMENTS,
        .lists = side_statements,
};
