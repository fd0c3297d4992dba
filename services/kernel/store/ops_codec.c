#include "services/kernel/store/ops_codec.h"

#include <string.h>

#include "proto/ops.pb-c.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"

#define LETTERS_MAX 500
#define WHY_MAX 200

const struct statement OPS_STATEMENTS[OPS_STATEMENT_COUNT] = {
        {"k_history_of",
                "SELECT ver, kind, from_state, to_state, at, unit, due, rule_ver, page, idx, "
                "coalesce(actor, ''), coalesce(detail, '') FROM history WHERE agg = $1::bigint "
                "ORDER BY ver LIMIT 1000"},
        {"k_letters",
                "SELECT d.agg, d.source, d.n, d.msg_id, d.type, d.arrived, d.reason, d.attempts, "
                "(SELECT count(*) FROM waiting w WHERE w.agg = d.agg AND w.source = d.source) "
                "FROM dead_letter d WHERE d.agg > $1::bigint ORDER BY d.agg, d.source, d.n "
                "LIMIT $2::bigint"}};

const struct statement *ops_query_bind(uint32_t type,
        struct bytes payload,
        struct arena *arena,
        struct params *params,
        enum err *ret_err)
{
    *ret_err = ERR_MALFORMED;
    if (type == OPS_HISTORY) {
        const Huying__Ops__HistoryQuery *query =
                message_open(&huying__ops__history_query__descriptor, payload, arena);
        if (query) {
            params_int(params, PARAM_INT8, query->agg);
            *ret_err = OK;
        }
        return &OPS_STATEMENTS[0];
    }
    if (type != OPS_DEAD_LETTERS)
        return NULL;
    const Huying__Ops__DeadLettersQuery *query =
            message_open(&huying__ops__dead_letters_query__descriptor, payload, arena);
    if (query) {
        params_int(params, PARAM_INT8, query->after_agg);
        params_int(params, PARAM_INT8,
                query->limit && query->limit < LETTERS_MAX ? query->limit : LETTERS_MAX);
        *ret_err = OK;
    }
    return &OPS_STATEMENTS[1];
}

static const char *name_of(const char *const *names, int64_t number)
{
    for (int64_t i = 0; names && names[i]; i++)
        if (i == number)
            return names[i];
    return "";
}

static char *text_of(struct arena *arena, const PGresult *rows, int row, int col)
{
    return arena_text(arena, row_text(rows, row, col), strlen(row_text(rows, row, col)));
}

static char *name_copy(struct arena *arena, const char *name)
{
    return arena_text(arena, name, strlen(name));
}

static void history_encode(
        const PGresult *rows, const struct aggregate_ops *ops, struct arena *arena, struct buf *out)
{
    Huying__Ops__History history = HUYING__OPS__HISTORY__INIT;
    size_t count = (size_t)PQntuples(rows);
    history.n_rows = count;
    history.rows = arena_array(arena, Huying__Ops__HistoryRow *, count + 1);
    for (int i = 0; i < PQntuples(rows); i++) {
        Huying__Ops__HistoryRow *row = arena_array(arena, Huying__Ops__HistoryRow, 1);
        huying__ops__history_row__init(row);
        int64_t kind = row_int(rows, i, 1);
        struct bytes detail = row_bytes(rows, i, 11);
        row->ver = (int32_t)row_int(rows, i, 0);
        row->kind = (uint32_t)kind;
        row->kind_name =
                name_copy(arena, kind == STEP_SKIPPED ? "skipped" : name_of(ops->kind_names, kind));
        row->from_state = name_copy(arena, name_of(ops->state_names, row_int(rows, i, 2)));
        row->to_state = name_copy(arena, name_of(ops->state_names, row_int(rows, i, 3)));
        row->at_ms = row_time(rows, i, 4);
        row->unit = row_int(rows, i, 5);
        row->due_ms = row_time(rows, i, 6);
        row->rule_ver = row_int(rows, i, 7);
        row->page = row_int(rows, i, 8);
        row->idx = (int32_t)row_int(rows, i, 9);
        row->actor = text_of(arena, rows, i, 10);
        row->detail.len = detail.size;
        row->detail.data = detail.size ? arena_copy(arena, detail.data, detail.size) : NULL;
        history.rows[i] = row;
    }
    message_add(&history.base, out);
}

static void letters_encode(const PGresult *rows, struct arena *arena, struct buf *out)
{
    Huying__Ops__DeadLetters letters = HUYING__OPS__DEAD_LETTERS__INIT;
    size_t count = (size_t)PQntuples(rows);
    letters.n_items = count;
    letters.items = arena_array(arena, Huying__Ops__DeadLetter *, count + 1);
    for (int i = 0; i < PQntuples(rows); i++) {
        Huying__Ops__DeadLetter *letter = arena_array(arena, Huying__Ops__DeadLetter, 1);
        huying__ops__dead_letter__init(letter);
        letter->agg = row_int(rows, i, 0);
        letter->source = (uint32_t)row_int(rows, i, 1);
        letter->n = (uint64_t)row_int(rows, i, 2);
        letter->msg_id = row_int(rows, i, 3);
        letter->type = (uint32_t)row_int(rows, i, 4);
        letter->arrived_ms = row_time(rows, i, 5);
        letter->reason = text_of(arena, rows, i, 6);
        letter->attempts = (int32_t)row_int(rows, i, 7);
        letter->waiting_behind = (uint32_t)row_int(rows, i, 8);
        letters.items[i] = letter;
    }
    message_add(&letters.base, out);
}

void ops_query_encode(uint32_t type,
        const PGresult *rows,
        const struct aggregate_ops *ops,
        struct arena *arena,
        struct buf *out)
{
    if (type == OPS_HISTORY)
        history_encode(rows, ops, arena, out);
    else
        letters_encode(rows, arena, out);
}

enum err letter_ref_decode(struct bytes payload, struct arena *arena, struct work *work)
{
    const Huying__Ops__LetterRef *ref =
            message_open(&huying__ops__letter_ref__descriptor, payload, arena);
    if (!ref)
        return ERR_MALFORMED;
    size_t why = strlen(ref->why);
    bool good = ref->agg > 0 && ref->n >= 1 && ref->source > 0 && ref->source < SERVICE_COUNT &&
                why <= WHY_MAX && text_valid(ref->why, why);
    if (good) {
        work->input.agg = ref->agg;
        work->input.source = (enum service_id)ref->source;
        work->input.n = ref->n;
        work->why = ref->why;
    }
    return good ? OK : ERR_MALFORMED;
}
