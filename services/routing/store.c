/* The SQL that changes cases; what only reads them is in store_query.c. The kernel runs these three
 * statements (aggregate.h says with what). A case's row is rewritten whole at every change but for
 * the two texts that are written once: they are neither loaded nor sent again, NULL leaves them as
 * they are.
 *
 * To add a column: schema/, then the same place in CASE_COLUMNS, CASES_UPDATE, case_load_row(),
 * case_save_begin() and case_save_row(). */
#include "services/routing/store.h"

#include "services/kernel/base/must.h"
#include "services/routing/codec.h"
#include "services/routing/decide_merge.h"

const char CASES_OWN_COLUMNS[] =
        "unit, area, handler, handled_unit, accepted_at, promised_at, first_due_at, due_at,"
        " step_due_at, warn_at, handled_at, ended_at, matter, state, level, kind, work, escalated, "
        "on_scene, late,"
        " overdue, overdue_by_catalogue, drill, handled_by, course, source_ref, source, summary";

const struct statement CASES_STUB = {"cases_stub",
        "INSERT INTO cases (id) SELECT unnest($1::bigint[]) ORDER BY 1 ON CONFLICT DO NOTHING"};

const struct statement CASES_LOAD = {"cases_load",
        "SELECT " CASE_COLUMNS
        " FROM cases WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE"};

/* The rows are there, and locked: the conflict is what is wanted (aggregate.h). Arrays whose
 * elements are all of one size and never NULL are read by subscript, in constant time; only the
 * others go through unnest, which keeps a store of tuples per array. */
const struct statement CASES_UPDATE = {"cases_update",
        "INSERT INTO cases AS c (id, ver, seen_intake, seen_enforcement, seen_volunteer, "
        "sent_intake, sent_enforcement, sent_volunteer, unit, area, handler, handled_unit, "
        "accepted_at, promised_at, first_due_at, due_at, step_due_at, warn_at, handled_at, "
        "ended_at, matter, state, level, kind, work, escalated, on_scene, late, overdue, "
        "overdue_by_catalogue, drill, handled_by, course, source_ref, source, summary) SELECT "
        "u.id, ($2::integer[])[u.i], ($3::bigint[])[u.i], ($4::bigint[])[u.i], "
        "($5::bigint[])[u.i], ($6::bigint[])[u.i], ($7::bigint[])[u.i], ($8::bigint[])[u.i], "
        "($9::bigint[])[u.i], ($10::bigint[])[u.i], ($11::bigint[])[u.i], ($12::bigint[])[u.i], "
        "u.accepted_at, u.promised_at, u.first_due_at, u.due_at, u.step_due_at, u.warn_at, "
        "u.handled_at, u.ended_at, ($21::integer[])[u.i], ($22::smallint[])[u.i], "
        "($23::smallint[])[u.i], ($24::smallint[])[u.i], ($25::smallint[])[u.i], "
        "($26::smallint[])[u.i], ($27::boolean[])[u.i], ($28::boolean[])[u.i], "
        "($29::boolean[])[u.i], ($30::boolean[])[u.i], ($31::boolean[])[u.i], u.handled_by, "
        "u.course::jsonb, u.source_ref, u.source, u.summary FROM unnest($1::bigint[], "
        "$13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], "
        "$17::timestamptz[], $18::timestamptz[], $19::timestamptz[], $20::timestamptz[], "
        "$32::text[], $33::text[], $34::text[], $35::text[], $36::text[]) WITH ORDINALITY AS u "
        "(id, accepted_at, promised_at, first_due_at, due_at, step_due_at, warn_at, handled_at, "
        "ended_at, handled_by, course, source_ref, source, summary, i) ON CONFLICT (id) DO "
        "UPDATE SET ver = excluded.ver, seen_intake = excluded.seen_intake, seen_enforcement = "
        "excluded.seen_enforcement, seen_volunteer = excluded.seen_volunteer, sent_intake = "
        "excluded.sent_intake, sent_enforcement = excluded.sent_enforcement, sent_volunteer = "
        "excluded.sent_volunteer, unit = excluded.unit, area = excluded.area, handler = "
        "excluded.handler, handled_unit = excluded.handled_unit, accepted_at = "
        "excluded.accepted_at, promised_at = excluded.promised_at, first_due_at = "
        "excluded.first_due_at, due_at = excluded.due_at, step_due_at = excluded.step_due_at, "
        "warn_at = excluded.warn_at, handled_at = excluded.handled_at, ended_at = "
        "excluded.ended_at, matter = excluded.matter, state = excluded.state, level = "
        "excluded.level, kind = excluded.kind, work = excluded.work, escalated = "
        "excluded.escalated, on_scene = excluded.on_scene, late = excluded.late, overdue = "
        "excluded.overdue, overdue_by_catalogue = excluded.overdue_by_catalogue, drill = "
        "excluded.drill, handled_by = excluded.handled_by, course = excluded.course, source_ref "
        "= excluded.source_ref, source = COALESCE(excluded.source, c.source), summary = "
        "COALESCE(excluded.summary, c.summary)"};

const struct statement CASES_OTHERS = {"cases_others",
        "SELECT id, area, matter, state FROM cases WHERE id = ANY($1::bigint[]) AND ver > 0"};

void case_load_row(const PGresult *result, int row, int col, void *state, struct arena *arena)
{
    struct routing_case *this = state;
    this->unit = row_int(result, row, col++);
    this->area = row_int(result, row, col++);
    this->handler = row_int(result, row, col++);
    this->handled_unit = row_int(result, row, col++);
    this->accepted_at_ms = row_time(result, row, col++);
    this->promised_at_ms = row_time(result, row, col++);
    this->first_due_ms = row_time(result, row, col++);
    this->due_ms = row_time(result, row, col++);
    this->step_due_ms = row_time(result, row, col++);
    this->warn_ms = row_time(result, row, col++);
    this->handled_at_ms = row_time(result, row, col++);
    this->ended_at_ms = row_time(result, row, col++);
    this->matter = (int32_t)row_int(result, row, col++);
    this->state = (uint8_t)row_int(result, row, col++);
    this->level = (uint8_t)row_int(result, row, col++);
    this->kind = (uint8_t)row_int(result, row, col++);
    this->work = (uint8_t)row_int(result, row, col++);
    this->escalated = (uint8_t)row_int(result, row, col++);
    this->on_scene = row_int(result, row, col++) != 0;
    this->late = row_int(result, row, col++) != 0;
    this->overdue = row_int(result, row, col++) != 0;
    this->overdue_by_catalogue = row_int(result, row, col++) != 0;
    this->drill = row_int(result, row, col++) != 0;
    struct bytes handled_by = row_bytes(result, row, col++);
    must(handled_by.size < sizeof this->handled_by);
    memcpy(this->handled_by, handled_by.data, handled_by.size);
    this->handled_by[handled_by.size] = 0;
    must(PQgetisnull(result, row, col) ||
            course_parse(row_bytes(result, row, col), &this->course) == OK); /* written below */
    col++;
    struct bytes source_ref = row_bytes(result, row, col);
    this->source_ref = arena_text(arena, (const char *)source_ref.data, source_ref.size);
    this->source = this->summary = NULL;
}

void case_save_begin(struct params *params)
{
    static const enum param_type types[] = {PARAM_INT8, PARAM_INT8, PARAM_INT8, PARAM_INT8,
            PARAM_TIME, PARAM_TIME, PARAM_TIME, PARAM_TIME, PARAM_TIME, PARAM_TIME, PARAM_TIME,
            PARAM_TIME, PARAM_INT4, PARAM_INT2, PARAM_INT2, PARAM_INT2, PARAM_INT2, PARAM_INT2,
            PARAM_BOOL, PARAM_BOOL, PARAM_BOOL, PARAM_BOOL, PARAM_BOOL, PARAM_TEXT, PARAM_TEXT,
            PARAM_TEXT, PARAM_TEXT, PARAM_TEXT};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        (void)params_array(params, types[i]);
}

static void text_save(struct params *params, int index, const char *text)
{
    if (text)
        param_add_text(params, index, text);
    else
        param_add_null(params, index);
}

static void course_save(struct params *params, int index, const struct case_course *course)
{
    BUF_OWNED text = {0};
    text_save(params, index, course_format(course, &text) ? text.data : NULL);
}

void case_save_row(const void *state, struct params *params, int first)
{
    const struct routing_case *this = state;
    int at = first;
    param_add_int(params, at++, this->unit);
    param_add_int(params, at++, this->area);
    param_add_int(params, at++, this->handler);
    param_add_int(params, at++, this->handled_unit);
    param_add_int(params, at++, this->accepted_at_ms);
    param_add_int(params, at++, this->promised_at_ms);
    param_add_int(params, at++, this->first_due_ms);
    param_add_int(params, at++, this->due_ms);
    param_add_int(params, at++, this->step_due_ms);
    param_add_int(params, at++, this->warn_ms);
    param_add_int(params, at++, this->handled_at_ms);
    param_add_int(params, at++, this->ended_at_ms);
    param_add_int(params, at++, this->matter);
    param_add_int(params, at++, this->state);
    param_add_int(params, at++, this->level);
    param_add_int(params, at++, this->kind);
    param_add_int(params, at++, this->work);
    param_add_int(params, at++, this->escalated);
    param_add_int(params, at++, this->on_scene);
    param_add_int(params, at++, this->late);
    param_add_int(params, at++, this->overdue);
    param_add_int(params, at++, this->overdue_by_catalogue);
    param_add_int(params, at++, this->drill);
    param_add_text(params, at++, this->handled_by);
    course_save(params, at++, &this->course);
    text_save(params, at++, this->source_ref);
    text_save(params, at++, this->source);
    text_save(params, at++, this->summary);
    must(at - first == 28);
}

/* What the callback of one batch needs; in the arena. */
struct other_batch {
    struct other_set set; /* first member: world.related */
    struct other_case *list;
    size_t room;
};

static void others_read(void *self, const PGresult *result)
{
    struct other_batch *batch = self;
    int rows = PQntuples(result);
    must((size_t)rows <= batch->room);
    for (int row = 0; row < rows; row++)
        batch->list[row] = (struct other_case){.id = row_int(result, row, 0),
                .area = row_int(result, row, 1),
                .matter = (int32_t)row_int(result, row, 2),
                .state = (uint8_t)row_int(result, row, 3)};
    batch->set = (struct other_set){batch->list, (size_t)rows};
}

void cases_related(struct pg *pg,
        struct input *const *inputs,
        const void *const *states,
        size_t count,
        const struct directory *directory,
        struct arena *arena,
        void **ret_related)
{
    struct other_batch *batch = arena_get(arena, sizeof *batch);
    struct params params = {0};
    int ids = params_array(&params, PARAM_INT8);
    (void)directory;
    *batch = (struct other_batch){0};
    for (size_t i = 0; i < count; i++) {
        int64_t other = merge_looks(inputs[i]) ? merge_other(states[i], inputs[i]) : 0;
        if (other == 0)
            continue;
        param_add_int(&params, ids, other);
        batch->room++;
    }
    batch->list = arena_array(arena, struct other_case, batch->room + 1);
    if (batch->room > 0)
        pg_queue(pg, &CASES_OTHERS, &params, others_read, batch);
    params_fini(&params);
    *ret_related = &batch->set;
}
