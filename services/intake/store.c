/* SQL of intake: the report's row, what is asked about reports, and the table of functions. Tickets
 * are store_ticket.c's. */
#include "services/intake/store.h"
#include <string.h>
#include "services/intake/codec.h"
#include "services/intake/decide.h"
#include "services/intake/intake.h"
#include "services/intake/store_ticket.h"
#include "services/kernel/base/must.h"
#include "services/kernel/bus/peers.h" /* enum right */

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

#define OUTCOMES_SQL                                                                               \
    "SELECT " REPORT_READ                                                                          \
    " FROM report WHERE outcome_pending AND source = $1 AND id > $2 ORDER BY id LIMIT $3"

/* One per query type: the kernel prepares each under its name. */
static const struct statement outcomes_statement = {"intake_outcomes", OUTCOMES_SQL};
static const struct statement hotline_outcomes_statement = {"hotline_outcomes", OUTCOMES_SQL};

static const struct statement report_statement = {"intake_report",
        "SELECT " REPORT_READ " FROM report WHERE id = $1 AND ver > 0 ORDER BY id LIMIT 1"};

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
    outcomes_encode(reports, (size_t)count, directory, out);
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
    arena_init(&arena, sizeof report + 4 * TEXT_CHARS_MAX + 64);
    row_read(rows, 0, &report, &arena);
    report_view_encode(&report, directory, out);
    arena_fini(&arena);
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
};

static const struct query_type queries[] = {
        {INTAKE_OUTCOMES, "outcomes", &outcomes_statement, outcomes_bind, outcomes_answer, true},
        {HOTLINE_OUTCOMES, "hotline_outcomes", &hotline_outcomes_statement, outcomes_bind,
                outcomes_answer, true},
        {INTAKE_REPORT, "report", &report_statement, report_bind, report_rows_answer, false},
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
        .sql_remove = {"intake_tickets_gone", "DELETE FROM ticket WHERE report = ANY(chosen())"},
        .resolve = tickets_resolve,
        .statements = ticket_statements,
        .statement_count = TICKET_STATEMENTS,
};
