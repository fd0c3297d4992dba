/* SQL of intake: the report's row, and the tickets by which reports are found before they are
 * locked.
 *
 * A ticket's row is inserted (or found) before any report is locked, in the order of the keys, and
 * never changed: whoever is second waits for the first to commit and then reads whose id won. A
 * ticket whose report was refused stands for an id without a report; the next body is then decided
 * afresh. */
#include "services/intake/store.h"
#include <string.h>
#include "services/intake/codec.h"
#include "services/intake/decide.h"
#include "services/intake/intake.h"
#include "services/intake/locate.h"
#include "services/kernel/base/must.h"
#include "services/kernel/bus/peers.h" /* enum right */

#define GRIDS_READ_MAX "200001" /* LOCATOR_GRIDS_MAX and one, so that too many are noticed */

enum { OWN_COLUMNS = 15 };

static const char sql_stub[] = "INSERT INTO report (id) SELECT unnest($1::bigint[]) ORDER BY 1 "
                               "ON CONFLICT DO NOTHING";

#define REPORT_COLUMNS                                                                             \
    "state, placed, matter, unit, accepted, reported, promised, ended, withdraw_asked, "           \
    "outcome_pending, digest, source, ref, outcome_text, course"

#define REPORT_READ                                                                                \
    "id, ver, seen_routing, sent_routing, state, placed, matter, unit, accepted, reported, "       \
    "promised, ended, withdraw_asked, outcome_pending, digest, source, ref, outcome_text, "        \
    "course::text"

static const char sql_load[] =
        "SELECT " REPORT_READ " FROM report WHERE id = ANY($1::bigint[]) ORDER BY id "
        "FOR NO KEY UPDATE";

static const char sql_update[] =
        "INSERT INTO report (id, ver, seen_routing, sent_routing, " REPORT_COLUMNS
        ") SELECT u.id, u.ver, u.seen, u.sent, u.state, u.placed, u.matter, u.unit, u.accepted, "
        "u.reported, u.promised, u.ended, u.asked, u.pending, u.digest, u.source, u.ref, u.text, "
        "u.course::jsonb FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[], "
        "$5::smallint[], $6::smallint[], $7::integer[], $8::bigint[], $9::timestamptz[], "
        "$10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::boolean[], "
        "$14::boolean[], $15::bytea[], $16::text[], $17::text[], $18::text[], $19::text[]) "
        "AS u (id, ver, seen, sent, state, placed, matter, unit, accepted, reported, promised, "
        "ended, asked, pending, digest, source, ref, text, course) ON CONFLICT (id) DO UPDATE SET "
        "ver = excluded.ver, seen_routing = excluded.seen_routing, "
        "sent_routing = excluded.sent_routing, state = excluded.state, placed = "
        "excluded.placed, matter = excluded.matter, unit = excluded.unit, accepted = "
        "excluded.accepted, reported = excluded.reported, promised = excluded.promised, "
        "ended = excluded.ended, withdraw_asked = excluded.withdraw_asked, outcome_pending = "
        "excluded.outcome_pending, digest = excluded.digest, source = excluded.source, ref = "
        "excluded.ref, outcome_text = excluded.outcome_text, course = excluded.course";

enum statement_index { TICKET_INSERT, TICKET_ATTACH, TICKET_FIND, GRIDS_READ };

static const struct statement statements[] = {
        [TICKET_INSERT] = {"intake_ticket_insert",
                "INSERT INTO ticket (source, ref, report) "
                "SELECT t.source, t.ref, t.report "
                "FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (source, ref, report) "
                "ORDER BY t.source, t.ref ON CONFLICT DO NOTHING"},
        [TICKET_ATTACH] = {"intake_ticket_attach",
                "INSERT INTO ticket (source, ref, report) SELECT k.source, k.ref, t.report "
                "FROM unnest($1::text[], $2::text[], $3::text[]) AS k (source, ref, about) "
                "CROSS JOIN LATERAL (SELECT x.report FROM ticket AS x"
                " WHERE x.source = k.source AND x.ref = k.about OFFSET 0) AS t "
                "ORDER BY k.source, k.ref ON CONFLICT DO NOTHING"},
        [TICKET_FIND] = {"intake_ticket_find",
                "SELECT k.at, t.report, coalesce(r.ver, 0) "
                "FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (source, ref, at) "
                "CROSS JOIN LATERAL (SELECT x.report FROM ticket AS x"
                " WHERE x.source = k.source AND x.ref = k.ref OFFSET 0) AS t "
                "LEFT JOIN LATERAL (SELECT x.ver FROM report AS x WHERE x.id = t.report OFFSET 0)"
                " AS r ON true ORDER BY k.at"},
        [GRIDS_READ] = {"intake_grids_read",
                "SELECT g.unit, g.polygon, count(*) OVER () FROM directory.grid AS g "
                "JOIN directory.unit AS u ON u.id = g.unit "
                "WHERE NOT u.retired ORDER BY g.unit LIMIT " GRIDS_READ_MAX},
};

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
}

static void report_save_begin(struct params *params)
{
    static const enum param_type types[OWN_COLUMNS] = {PARAM_INT2, PARAM_INT2, PARAM_INT4,
            PARAM_INT8, PARAM_TIME, PARAM_TIME, PARAM_TIME, PARAM_TIME, PARAM_BOOL, PARAM_BOOL,
            PARAM_BYTEA, PARAM_TEXT, PARAM_TEXT, PARAM_TEXT, PARAM_TEXT};
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
}

static struct {
    struct locator *locator; /* NULL until the first reading */
    int64_t version;         /* of the directory when it was read; -1 = never */
    int64_t wanted;
    size_t refused;
} polygons = {.version = -1};

void store_directory_set(int64_t version)
{
    polygons.wanted = version;
}

int64_t store_grids_version(void)
{
    return polygons.version;
}

size_t store_grids_refused(void)
{
    return polygons.refused;
}

size_t store_grids(void)
{
    return polygons.locator ? locator_count(polygons.locator) : 0;
}

void store_fini(void)
{
    locator_destroy(&polygons.locator);
    polygons.version = -1;
}

/* `self` is the version of the directory that was in force when the reading was asked for: when it
 * has changed since, the next batch reads again. */
static void grids_take(void *self, const PGresult *result)
{
    const int64_t *version = self;
    int rows = PQntuples(result);
    size_t room = rows < LOCATOR_GRIDS_MAX ? (size_t)rows : LOCATOR_GRIDS_MAX;
    locator_destroy(&polygons.locator);
    polygons.locator = locator_new(room);
    polygons.refused = 0;
    for (int row = 0; row < rows; row++) {
        int64_t unit = row_int(result, row, 0);
        if (locator_add(polygons.locator, unit, row_bytes(result, row, 1)) != OK)
            polygons.refused++;
    }
    polygons.version = *version;
}

/* A ticket of the batch: first the distinct ones with a submission, then those only looked for. */
struct slot {
    struct input *input;
    const char *source, *ref;
    const char *about; /* of an urge: the ticket whose report it stays on; else "" */
    bool submits;      /* gets an id of its own */
    int64_t drawn;     /* the id for it, should it be new; in the first of equal keys */
    int64_t report;    /* found; 0 = no such ticket */
    int32_t ver;
};

struct resolution {
    struct slot *slots; /* sorted by key; equal keys stand together */
    size_t count;
};

static const struct submission *submission_of(const struct input *input)
{
    return input->type == INTAKE_SUBMIT || input->type == HOTLINE_REPORT ? input->body : NULL;
}

static const char *ticket_of(const struct input *input)
{
    const struct submission *submission = submission_of(input);
    if (submission)
        return submission->ticket;
    if (input->agg)
        return "";
    if (input->type == INTAKE_WITHDRAW || input->type == HOTLINE_WITHDRAW)
        return ((const struct withdrawal *)input->body)->ticket;
    if (input->type == INTAKE_FOLLOW_UP || input->type == HOTLINE_FOLLOW_UP)
        return ((const struct follow_up *)input->body)->ticket;
    return "";
}

/* By key, submissions first, so that the first of a run draws the id for all of it. */
static int slot_compare(const void *left_, const void *right_)
{
    const struct slot *left = left_;
    const struct slot *right = right_;
    int order = strcmp(left->source, right->source);
    if (!order)
        order = strcmp(left->ref, right->ref);
    return order ? order : (int)right->submits - (int)left->submits;
}

static bool key_is_first(const struct resolution *resolution, size_t i)
{
    const struct slot *slot = &resolution->slots[i];
    return i == 0 || strcmp(slot[-1].source, slot->source) != 0 ||
           strcmp(slot[-1].ref, slot->ref) != 0;
}

static struct resolution *resolution_new(struct input **inputs, size_t count, struct arena *arena)
{
    struct resolution *resolution = arena_get(arena, sizeof *resolution);
    resolution->slots = arena_array(arena, struct slot, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct input *input = inputs[i];
        if (input->kind != INPUT_COMMAND)
            continue;
        if (!input->agg &&
                (input->type == INTAKE_OUTCOME_ACK || input->type == HOTLINE_OUTCOME_ACK))
            input->agg = ((const struct outcome_ack *)input->body)->case_id;
        const char *ref = ticket_of(input);
        const struct submission *submission = submission_of(input);
        bool urges = submission && submission->intent == INTENT_URGE;
        if (*ref)
            resolution->slots[resolution->count++] = (struct slot){.input = input,
                    .source = input->peer,
                    .ref = ref,
                    .about = urges ? submission->about : "",
                    .submits = submission && !urges};
    }
    qsort(resolution->slots, resolution->count, sizeof *resolution->slots, slot_compare);
    return resolution;
}

/* `fresh` also where a ticket's report was never accepted: its row may be missing. */
static void slot_settle(struct slot *slot)
{
    struct input *input = slot->input;
    const struct submission *submission = submission_of(input);
    input->agg = slot->report;
    if (!submission)
        return;
    submission->resolved->report = slot->report;
    submission->resolved->point_unit = 0;
    if (!slot->submits)
        return;
    must(slot->report > 0);
    input->fresh = slot->ver == 0;
    if (submission->has_point && polygons.locator)
        submission->resolved->point_unit =
                locator_find(polygons.locator, submission->longitude, submission->latitude);
}

static void tickets_take(void *self, const PGresult *result)
{
    struct resolution *resolution = self;
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t at = row_int(result, row, 0);
        must(at >= 1 && (size_t)at <= resolution->count);
        resolution->slots[at - 1].report = row_int(result, row, 1);
        resolution->slots[at - 1].ver = (int32_t)row_int(result, row, 2);
    }
    for (size_t i = 0; i < resolution->count; i++)
        slot_settle(&resolution->slots[i]);
}

static void tickets_insert(struct pg *pg, const struct resolution *resolution)
{
    struct params params = {0};
    int source = params_array(&params, PARAM_TEXT);
    int ref = params_array(&params, PARAM_TEXT);
    int report = params_array(&params, PARAM_INT8);
    for (size_t i = 0; i < resolution->count; i++) {
        const struct slot *slot = &resolution->slots[i];
        if (!slot->drawn)
            continue;
        param_add_text(&params, source, slot->source);
        param_add_text(&params, ref, slot->ref);
        param_add_int(&params, report, slot->drawn);
    }
    pg_queue(pg, &statements[TICKET_INSERT], &params, NULL, NULL);
    params_fini(&params);
}

/* After the insertion, in a statement of its own: the ticket that is asked about may have come in
 * this very batch. A ticket about one that is not there gets no row, and may come again. */
static void tickets_attach(struct pg *pg, const struct resolution *resolution)
{
    struct params params = {0};
    bool urges = false;
    int source = params_array(&params, PARAM_TEXT);
    int ref = params_array(&params, PARAM_TEXT);
    int about = params_array(&params, PARAM_TEXT);
    for (size_t i = 0; i < resolution->count; i++) {
        const struct slot *slot = &resolution->slots[i];
        if (!*slot->about)
            continue;
        param_add_text(&params, source, slot->source);
        param_add_text(&params, ref, slot->ref);
        param_add_text(&params, about, slot->about);
        urges = true;
    }
    if (urges)
        pg_queue(pg, &statements[TICKET_ATTACH], &params, NULL, NULL);
    params_fini(&params);
}

static void tickets_find(struct pg *pg, struct resolution *resolution)
{
    struct params params = {0};
    int source = params_array(&params, PARAM_TEXT);
    int ref = params_array(&params, PARAM_TEXT);
    for (size_t i = 0; i < resolution->count; i++) {
        param_add_text(&params, source, resolution->slots[i].source);
        param_add_text(&params, ref, resolution->slots[i].ref);
    }
    pg_queue(pg, &statements[TICKET_FIND], &params, tickets_take, resolution);
    params_fini(&params);
}

static void intake_resolve(struct pg *pg,
        struct input **inputs,
        size_t count,
        int64_t (*draw)(void *self),
        void *self,
        struct arena *arena)
{
    struct resolution *resolution = resolution_new(inputs, count, arena);
    if (resolution->count == 0)
        return;
    bool drawn = false;
    for (size_t i = 0; i < resolution->count; i++) {
        if (!resolution->slots[i].submits || !key_is_first(resolution, i))
            continue;
        resolution->slots[i].drawn = draw(self);
        drawn = true;
    }
    if (polygons.version != polygons.wanted)
        pg_queue(pg, &statements[GRIDS_READ], NULL, grids_take,
                arena_copy(arena, &polygons.wanted, sizeof polygons.wanted));
    if (drawn)
        tickets_insert(pg, resolution);
    tickets_attach(pg, resolution);
    tickets_find(pg, resolution);
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
        .resolve = intake_resolve,
        .statements = statements,
        .statement_count = sizeof statements / sizeof *statements,
};
