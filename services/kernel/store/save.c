/* The writing statements of a batch: one per table, set-based, whatever the number of rows.
 *
 * None of them joins its arrays with a table: such a join is planned once, from what the table held
 * then, and tables like these are empty now and full later. LATERAL with OFFSET 0 leaves no choice
 * but one look into the index for each element. Rows found so are named by ctid: they are about
 * aggregates that the batch has locked, and nobody else changes them. */
#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/store/batch_impl.h"

static const struct statement SQL_HISTORY = {"k_history",
        "INSERT INTO history (agg, ver, kind, from_state, to_state, at, unit, due, rule_ver, page, "
        "idx, salt, actor, detail) "
        "SELECT * FROM unnest($1::bigint[], $2::integer[], $3::smallint[], $4::smallint[], "
        "$5::smallint[], $6::timestamptz[], $7::bigint[], $8::timestamptz[], $9::bigint[], "
        "$10::bigint[], $11::integer[], $12::bytea[], $13::text[], $14::bytea[])"};
static const struct statement SQL_OUTBOX = {"k_outbox",
        "INSERT INTO outbox (id, dest, agg, n, type, at, due, payload) "
        "SELECT id, dest, agg, n, type, at, clock_timestamp() + $8::bigint * interval '1 ms', "
        "payload "
        "FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::integer[], "
        "$6::timestamptz[], $7::bytea[]) AS u(id, dest, agg, n, type, at, payload)"};
static const struct statement SQL_WAIT = {"k_wait",
        "INSERT INTO waiting (msg_id, source, source_site, agg, n, type, at, payload) "
        "SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::bigint[], "
        "$5::bigint[], $6::integer[], $7::timestamptz[], $8::bytea[])"};
static const struct statement SQL_BURY = {"k_bury",
        "INSERT INTO dead_letter (msg_id, source, source_site, agg, n, type, at, payload, "
        "attempts, "
        "reason) SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::bigint[], "
        "$5::bigint[], $6::integer[], $7::timestamptz[], $8::bytea[], $9::integer[], $10::text[])"};
static const struct statement SQL_UNWAIT = {"k_unwait",
        "DELETE FROM waiting WHERE ctid = ANY(ARRAY(SELECT l.at FROM unnest($1::bigint[], "
        "$2::smallint[], $3::smallint[], $4::bigint[]) AS u(agg, source, site, n) CROSS JOIN "
        "LATERAL (SELECT w.ctid AS at FROM waiting w WHERE w.agg = u.agg AND w.source = u.source "
        "AND w.source_site = u.site AND w.n = u.n OFFSET 0) AS l))"};
static const struct statement SQL_UNBURY = {"k_unbury",
        "DELETE FROM dead_letter WHERE ctid = ANY(ARRAY(SELECT l.at FROM unnest($1::bigint[], "
        "$2::smallint[], $3::smallint[], $4::bigint[]) AS u(agg, source, site, n) CROSS JOIN "
        "LATERAL (SELECT w.ctid AS at FROM dead_letter w WHERE w.agg = u.agg AND w.source = "
        "u.source "
        "AND w.source_site = u.site AND w.n = u.n OFFSET 0) AS l))"};
static const struct statement SQL_TIMER_SET = {"k_timer_set",
        "INSERT INTO timer (agg, kind, gen, due) SELECT * FROM unnest($1::bigint[], "
        "$2::smallint[], "
        "$3::bigint[], $4::timestamptz[]) "
        "ON CONFLICT (agg, kind) DO UPDATE SET gen = excluded.gen, due = excluded.due"};
static const struct statement SQL_TIMER_CLEAR = {"k_timer_clear",
        "DELETE FROM timer WHERE ctid = ANY(ARRAY(SELECT l.at FROM unnest($1::bigint[], "
        "$2::smallint[]) AS u(agg, kind) CROSS JOIN LATERAL (SELECT t.ctid AS at FROM timer t "
        "WHERE t.agg = u.agg AND t.kind = u.kind OFFSET 0) AS l))"};
static const struct statement SQL_COMMAND = {"k_command",
        "INSERT INTO command (peer, request_id, digest, agg, verdict, reason, answer) "
        "SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::smallint[], "
        "$6::integer[], $7::bytea[])"};
static const struct statement SQL_DELTA = {"k_delta",
        "INSERT INTO counter_delta (metrics, units, matters, amounts) VALUES ($1, $2, $3, $4)"};
/* Locked with SKIP LOCKED in id order: a plain DELETE would deadlock with the aggregates' locks
 * (rule 6). What is skipped is sent again, and acknowledged again. Who acknowledges what was never
 * sent to him deletes nothing. */
static const struct statement SQL_ACKED = {"k_acked",
        "DELETE FROM outbox WHERE id = ANY(ARRAY(SELECT l.id FROM unnest($1::bigint[], "
        "$2::smallint[]) AS a(id, dest) CROSS JOIN LATERAL (SELECT o.id FROM outbox o "
        "WHERE o.id = a.id AND o.dest = a.dest OFFSET 0 FOR UPDATE SKIP LOCKED) AS l))"};
static const struct statement SQL_ATTEMPT_END = {
        "k_attempt_end", "DELETE FROM attempt WHERE id = $1"};
static const struct statement SQL_CLEAR_SUSPECT = {
        "k_clear_suspect", "DELETE FROM suspect WHERE msg_id = ANY($1::bigint[])"};

const struct statement *const save_statements[] = {&SQL_HISTORY, &SQL_OUTBOX, &SQL_WAIT, &SQL_BURY,
        &SQL_UNWAIT, &SQL_UNBURY, &SQL_TIMER_SET, &SQL_TIMER_CLEAR, &SQL_COMMAND, &SQL_DELTA,
        &SQL_ACKED, &SQL_ATTEMPT_END, &SQL_CLEAR_SUSPECT};
const size_t save_statement_count = sizeof save_statements / sizeof *save_statements;

static void arrays_begin(struct params *params, const enum param_type *types, int count)
{
    params_reset(params);
    for (int i = 0; i < count; i++)
        params_array(params, types[i]);
}

static void states_save(struct batch *batch)
{
    const struct aggregate_ops *ops = batch->ops;
    struct params *params = &batch->params;
    params_reset(params);
    params_array(params, PARAM_INT8);
    params_array(params, PARAM_INT4);
    for (const enum service_id *source = ops->hears; *source; source++)
        params_array(params, PARAM_INT8);
    for (const enum service_id *dest = ops->tells; *dest; dest++)
        params_array(params, PARAM_INT8);
    int own = params->count, count = 0;
    ops->save_begin(params);
    for (size_t i = 0; i < batch->core.slot_count; i++) {
        const struct slot *slot = &batch->core.slots[i];
        if (!slot->dirty)
            continue;
        const struct aggregate *head = slot->state;
        int at = 0;
        count++;
        param_add_int(params, at++, head->id);
        param_add_int(params, at++, head->ver);
        for (const enum service_id *source = ops->hears; *source; source++)
            param_add_int(params, at++, (int64_t)head->seen[*source]);
        for (const enum service_id *dest = ops->tells; *dest; dest++)
            param_add_int(params, at++, (int64_t)head->sent[*dest]);
        must(at == own);
        ops->save_row(slot->state, params, own);
    }
    if (count)
        pg_queue(batch->pg, &ops->sql_update, params, NULL, NULL);
}

/* A drawn id of which nothing came is kept as a stub: its key stands for it, and goes with the row
 * when its period goes (rule 10). */
static void stubs_save(struct batch *batch)
{
    int count = 0;
    params_reset(&batch->params);
    int ids = params_array(&batch->params, PARAM_INT8);
    for (size_t i = 0; i < batch->core.slot_count; i++) {
        const struct slot *slot = &batch->core.slots[i];
        if (!slot->drawn || slot->dirty)
            continue;
        param_add_int(&batch->params, ids, slot->agg);
        count++;
    }
    if (count)
        pg_queue(batch->pg, &batch->ops->sql_stub, &batch->params, NULL, NULL);
}

static void history_save(struct batch *batch)
{
    static const enum param_type types[] = {PARAM_INT8, PARAM_INT4, PARAM_INT2, PARAM_INT2,
            PARAM_INT2, PARAM_TIME, PARAM_INT8, PARAM_TIME, PARAM_INT8, PARAM_INT8, PARAM_INT4,
            PARAM_BYTEA, PARAM_TEXT, PARAM_BYTEA};
    struct params *params = &batch->params;
    if (!batch->core.steps.count)
        return;
    arrays_begin(params, types, sizeof types / sizeof *types);
    for (size_t i = 0; i < batch->core.steps.count; i++) {
        const struct effect_step *effect = &batch->core.steps.list[i];
        param_add_int(params, 0, effect->agg);
        param_add_int(params, 1, effect->ver);
        param_add_int(params, 2, effect->step.kind);
        param_add_int(params, 3, effect->step.from);
        param_add_int(params, 4, effect->step.to);
        param_add_int(params, 5, effect->step.at_ms);
        param_add_int(params, 6, effect->step.unit);
        param_add_int(params, 7, effect->step.due_ms);
        param_add_int(params, 8, effect->step.rule_ver);
        param_add_int(params, 9, effect->page);
        param_add_int(params, 10, effect->idx);
        param_add_bytes(params, 11, effect->salt, SALT_SIZE);
        param_add_text(params, 12, effect->actor);
        param_add_bytes(params, 13, effect->detail.data, effect->detail.size);
    }
    pg_queue(batch->pg, &SQL_HISTORY, params, NULL, NULL);
}

static void outbox_save(struct batch *batch)
{
    static const enum param_type types[] = {
            PARAM_INT8, PARAM_INT2, PARAM_INT8, PARAM_INT8, PARAM_INT4, PARAM_TIME, PARAM_BYTEA};
    struct params *params = &batch->params;
    if (!batch->core.outbox.count)
        return;
    arrays_begin(params, types, sizeof types / sizeof *types);
    for (size_t i = 0; i < batch->core.outbox.count; i++) {
        const struct effect_message *message = &batch->core.outbox.list[i];
        param_add_int(params, 0, message->id);
        param_add_int(params, 1, message->service);
        param_add_int(params, 2, message->agg);
        param_add_int(params, 3, (int64_t)message->n);
        param_add_int(params, 4, message->type);
        param_add_int(params, 5, message->at_ms);
        param_add_bytes(params, 6, message->payload.data, message->payload.size);
    }
    params_int(params, PARAM_INT8, batch->start.outbox_due_ms);
    pg_queue(batch->pg, &SQL_OUTBOX, params, NULL, NULL);
}

static void messages_save(struct batch *batch, bool dead)
{
    static const enum param_type types[] = {PARAM_INT8, PARAM_INT2, PARAM_INT2, PARAM_INT8,
            PARAM_INT8, PARAM_INT4, PARAM_TIME, PARAM_BYTEA, PARAM_INT4, PARAM_TEXT};
    struct params *params = &batch->params;
    const struct effect_message *list = dead ? batch->core.dead.list : batch->core.waiting.list;
    size_t count = dead ? batch->core.dead.count : batch->core.waiting.count;
    if (!count)
        return;
    arrays_begin(params, types, dead ? 10 : 8);
    for (size_t i = 0; i < count; i++) {
        param_add_int(params, 0, list[i].id);
        param_add_int(params, 1, list[i].service);
        param_add_int(params, 2, list[i].site);
        param_add_int(params, 3, list[i].agg);
        param_add_int(params, 4, (int64_t)list[i].n);
        param_add_int(params, 5, list[i].type);
        param_add_int(params, 6, list[i].at_ms ? list[i].at_ms : batch->core.now_ms);
        param_add_bytes(params, 7, list[i].payload.data, list[i].payload.size);
        if (!dead)
            continue;
        param_add_int(params, 8, list[i].attempts);
        param_add_text(params, 9, list[i].reason);
    }
    pg_queue(batch->pg, dead ? &SQL_BURY : &SQL_WAIT, params, NULL, NULL);
}

static void held_save(struct batch *batch, bool dead)
{
    static const enum param_type types[] = {PARAM_INT8, PARAM_INT2, PARAM_INT2, PARAM_INT8};
    struct params *params = &batch->params;
    size_t count = 0;
    if (!batch->held_count)
        return;
    arrays_begin(params, types, 4);
    for (size_t i = 0; i < batch->held_count; i++) {
        const struct held *held = &batch->held[i];
        if (!held->gone || held->dead != dead)
            continue;
        param_add_int(params, 0, held->agg);
        param_add_int(params, 1, held->source);
        param_add_int(params, 2, held->source_site);
        param_add_int(params, 3, (int64_t)held->n);
        count++;
    }
    if (count)
        pg_queue(batch->pg, dead ? &SQL_UNBURY : &SQL_UNWAIT, params, NULL, NULL);
}

static void timers_save(struct batch *batch, bool set)
{
    static const enum param_type types[] = {PARAM_INT8, PARAM_INT2, PARAM_INT8, PARAM_TIME};
    struct params *params = &batch->params;
    size_t count = 0;
    arrays_begin(params, types, set ? 4 : 2);
    for (size_t i = 0; i < batch->core.slot_count; i++) {
        const struct slot *slot = &batch->core.slots[i];
        for (int t = 0; t < slot->timer_count; t++) {
            const struct slot_timer *timer = &slot->timers[t];
            if (!timer->dirty || (timer->due_ms != 0) != set)
                continue;
            count++;
            param_add_int(params, 0, slot->agg);
            param_add_int(params, 1, timer->kind);
            if (!set)
                continue;
            param_add_int(params, 2, timer->gen);
            param_add_int(params, 3, timer->due_ms);
        }
    }
    if (count)
        pg_queue(batch->pg, set ? &SQL_TIMER_SET : &SQL_TIMER_CLEAR, params, NULL, NULL);
}

/* A command is remembered when it was decided; the second of two equal ones in a batch got the
 * first one's answer and needs no row. */
static void commands_save(struct batch *batch)
{
    static const enum param_type types[] = {
            PARAM_TEXT, PARAM_TEXT, PARAM_BYTEA, PARAM_INT8, PARAM_INT2, PARAM_INT4, PARAM_BYTEA};
    struct params *params = &batch->params;
    const struct core *core = &batch->core;
    if (core->command_loaded >= core->command_count)
        return;
    arrays_begin(params, types, sizeof types / sizeof *types);
    for (size_t i = core->command_loaded; i < core->command_count; i++) {
        const struct command_row *row = &core->commands[i];
        param_add_text(params, 0, row->peer);
        param_add_text(params, 1, row->request_id);
        param_add_bytes(params, 2, row->digest.data, row->digest.size);
        param_add_int(params, 3, row->agg);
        param_add_int(params, 4, row->verdict);
        param_add_int(params, 5, row->reason);
        param_add_bytes(params, 6, row->answer.data, row->answer.size);
    }
    pg_queue(batch->pg, &SQL_COMMAND, params, NULL, NULL);
}

static void counts_save(struct batch *batch)
{
    static const enum param_type types[] = {PARAM_INT2, PARAM_INT8, PARAM_INT4, PARAM_INT8};
    struct params *params = &batch->params;
    size_t count = 0;
    if (!batch->core.count_used)
        return;
    arrays_begin(params, types, sizeof types / sizeof *types);
    for (size_t i = 0; i < batch->core.count_room; i++) {
        const struct effect_count *c = &batch->core.counts[i];
        if (!c->used || c->amount == 0)
            continue;
        param_add_int(params, 0, c->metric);
        param_add_int(params, 1, c->unit);
        param_add_int(params, 2, c->matter);
        param_add_int(params, 3, c->amount);
        count++;
    }
    if (count)
        pg_queue(batch->pg, &SQL_DELTA, params, NULL, NULL);
}

static void acked_save(struct batch *batch)
{
    static const enum param_type types[] = {PARAM_INT8, PARAM_INT2};
    if (!batch->start.acked_count)
        return;
    arrays_begin(&batch->params, types, 2);
    for (size_t i = 0; i < batch->start.acked_count; i++) {
        param_add_int(&batch->params, 0, batch->start.acked[i].id);
        param_add_int(&batch->params, 1, batch->start.acked[i].dest);
    }
    pg_queue(batch->pg, &SQL_ACKED, &batch->params, NULL, NULL);
}

void attempt_end(struct batch *batch)
{
    params_reset(&batch->params);
    params_int(&batch->params, PARAM_INT8, batch->attempt);
    if (batch->attempt)
        pg_queue(batch->pg, &SQL_ATTEMPT_END, &batch->params, NULL, NULL);
}

static void attempt_save(struct batch *batch)
{
    attempt_end(batch);
    if (!batch->suspects)
        return;
    params_reset(&batch->params);
    int ids = params_array(&batch->params, PARAM_INT8);
    for (size_t i = 0; i < batch->start.work_count; i++)
        if (batch->start.works[i]->end == END_ACK || batch->start.works[i]->origin == WORK_POKE)
            param_add_int(&batch->params, ids, batch->start.works[i]->input.msg_id);
    pg_queue(batch->pg, &SQL_CLEAR_SUSPECT, &batch->params, NULL, NULL);
}

static void service_save(struct batch *batch)
{
    size_t count = 0;
    const void **states = arena_array(&batch->arena, const void *, batch->core.slot_count + 1);
    for (size_t i = 0; i < batch->core.slot_count; i++)
        if (batch->core.slots[i].dirty)
            states[count++] = batch->core.slots[i].state;
    batch->ops->store(batch->pg, states, count, batch->core.world.related, &batch->arena);
}

void batch_save(struct batch *batch)
{
    states_save(batch);
    stubs_save(batch);
    history_save(batch);
    if (batch->ops->store && batch->core.work_count)
        service_save(batch);
    held_save(batch, false);
    held_save(batch, true);
    messages_save(batch, false);
    messages_save(batch, true);
    timers_save(batch, true);
    timers_save(batch, false);
    commands_save(batch);
    counts_save(batch);
    outbox_save(batch);
    acked_save(batch);
    attempt_save(batch);
}
