/* The lock phase's statements, in the one order of locks: stubs, then (in a statement of its
 * own, which alone sees them) the aggregates' rows in id order, then, under those locks, what
 * else is read. */
#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/store/batch_impl.h"
#include "services/kernel/store/core_impl.h"

#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)

const struct statement SQL_WAITING = {"k_waiting",
        "SELECT agg, source, source_site, n, msg_id, type, at, 0, payload FROM waiting "
        "WHERE agg = ANY($1::bigint[]) ORDER BY agg, source, source_site, n LIMIT " TEXT(HELD_MAX)};
/* For a work that runs by itself, however much is held of its aggregate: the row under its own
 * number, and of each source those that may become due in this batch. */
const struct statement SQL_WAITING_ONE = {"k_waiting_one",
        "SELECT agg, source, source_site, n, msg_id, type, at, 0, payload FROM waiting "
        "WHERE agg = $1 AND source = $2 AND source_site = 0 AND n = $3 "
        "UNION ALL SELECT w.* FROM unnest($4::smallint[]) AS s(source) CROSS JOIN LATERAL "
        "(SELECT agg, source, source_site, n, msg_id, type, at, 0, payload FROM waiting "
        "WHERE agg = $1 AND source = s.source AND source_site = 0 "
        "ORDER BY n LIMIT " TEXT(DRAIN_MAX) ") AS w WHERE w.source <> $2 OR w.n <> $3"};
const struct statement SQL_DEAD_ONE = {"k_dead_one",
        "SELECT agg, source, source_site, n, msg_id, type, at, attempts, payload FROM dead_letter "
        "WHERE agg = $1 AND source = $2 AND source_site = 0 AND n = $3"};
const struct statement SQL_DEAD = {"k_dead",
        "SELECT agg, source, source_site, n, msg_id, type, at, attempts, payload FROM dead_letter "
        "WHERE agg = ANY($1::bigint[]) ORDER BY agg, source, source_site, n LIMIT " TEXT(HELD_MAX)};
const struct statement SQL_SUSPECT = {
        "k_suspect", "SELECT msg_id, attempts FROM suspect WHERE msg_id = ANY($1::bigint[])"};
const struct statement SQL_TIMERS = {
        "k_timers", "SELECT agg, kind, gen, due FROM timer WHERE agg = ANY($1::bigint[])"};
const struct statement SQL_COMMANDS = {"k_commands",
        "SELECT c.peer, c.request_id, c.digest, c.verdict, c.reason, c.answer "
        "FROM unnest($1::text[], $2::text[]) AS u(peer, request_id) CROSS JOIN LATERAL "
        "(SELECT * FROM command x WHERE x.peer = u.peer AND x.request_id = u.request_id "
        "OFFSET 0) AS c"};

static void rows_loaded(void *self, const PGresult *result)
{
    struct batch *batch = self;
    const struct aggregate_ops *ops = batch->ops;
    batch->locked += PQntuples(result);
    for (int row = 0; row < PQntuples(result); row++) {
        struct slot *slot = core_slot(&batch->core, row_int(result, row, 0));
        must(slot);
        struct aggregate *head = slot->state;
        int col = 1;
        head->found = true;
        head->ver = (int32_t)row_int(result, row, col++);
        for (const enum service_id *source = ops->hears; *source; source++)
            head->seen[*source] = (uint64_t)row_int(result, row, col++);
        for (const enum service_id *dest = ops->tells; *dest; dest++)
            head->sent[*dest] = (uint64_t)row_int(result, row, col++);
        ops->load_row(result, row, col, slot->state, &batch->arena);
    }
}

static struct bytes bytes_copy(struct batch *batch, struct bytes bytes)
{
    struct bytes copy = {
            bytes.size ? arena_copy(&batch->arena, bytes.data, bytes.size) : NULL, bytes.size};
    return copy;
}

static void held_loaded(struct batch *batch, const PGresult *result, bool dead)
{
    for (int row = 0; row < PQntuples(result); row++) {
        if (batch->held_count == batch->held_room)
            batch->held = effect_grow(&batch->arena, batch->held, batch->held_count,
                    &batch->held_room, sizeof *batch->held);
        batch->held[batch->held_count++] = (struct held){.agg = row_int(result, row, 0),
                .source = (enum service_id)row_int(result, row, 1),
                .source_site = (uint16_t)row_int(result, row, 2),
                .n = (uint64_t)row_int(result, row, 3),
                .msg_id = row_int(result, row, 4),
                .type = (uint32_t)row_int(result, row, 5),
                .at_ms = row_time(result, row, 6),
                .attempts = (int)row_int(result, row, 7),
                .dead = dead,
                .payload = bytes_copy(batch, row_bytes(result, row, 8))};
    }
}

static void waiting_loaded(void *self, const PGresult *result)
{
    held_loaded(self, result, false);
}

static void dead_loaded(void *self, const PGresult *result)
{
    held_loaded(self, result, true);
}

static void suspects_loaded(void *self, const PGresult *result)
{
    struct batch *batch = self;
    batch->suspects = PQntuples(result);
    for (int row = 0; row < batch->suspects; row++)
        for (size_t i = 0; i < batch->start.work_count; i++) {
            struct work *work = batch->start.works[i];
            if (!work_tried(work) || work->input.msg_id != row_int(result, row, 0))
                continue;
            work->alone = true;
            /* This process may have seen more failures than are on record. */
            if (work->attempts < (int)row_int(result, row, 1))
                work->attempts = (int)row_int(result, row, 1);
            work->poison = work->poison || work->attempts >= ATTEMPTS_MAX;
        }
}

static void timers_loaded(void *self, const PGresult *result)
{
    struct batch *batch = self;
    for (int row = 0; row < PQntuples(result); row++)
        core_timer(&batch->core, row_int(result, row, 0), (uint16_t)row_int(result, row, 1),
                row_int(result, row, 2), row_time(result, row, 3));
}

static void commands_loaded(void *self, const PGresult *result)
{
    struct batch *batch = self;
    for (int row = 0; row < PQntuples(result); row++) {
        const char *peer = row_text(result, row, 0), *request_id = row_text(result, row, 1);
        struct command_row *command = &batch->core.commands[batch->core.command_count++];
        *command = (struct command_row){arena_text(&batch->arena, peer, strlen(peer)),
                arena_text(&batch->arena, request_id, strlen(request_id)),
                bytes_copy(batch, row_bytes(result, row, 2)),
                bytes_copy(batch, row_bytes(result, row, 5)), (uint32_t)row_int(result, row, 3),
                (uint32_t)row_int(result, row, 4), 0};
    }
}

/* A row that is there and that the load has passed over is held by somebody else. */
static void existing_loaded(void *self, const PGresult *result)
{
    struct batch *batch = self;
    for (int row = 0; row < PQntuples(result); row++) {
        struct slot *slot = core_slot(&batch->core, row_int(result, row, 0));
        must(slot);
        slot->locked_out = !((struct aggregate *)slot->state)->found;
    }
}

static void ask(struct batch *batch, const struct statement *statement, pg_rows_fn *rows)
{
    batch->asked = true;
    pg_queue(batch->pg, statement, &batch->params, rows, batch);
}

/* Of the aggregates that may have rows. */
static void ids_queue(
        struct batch *batch, const struct statement *statement, bool stubs, pg_rows_fn *rows)
{
    struct core *core = &batch->core;
    params_reset(&batch->params);
    int ids = params_array(&batch->params, PARAM_INT8);
    int64_t last = 0;
    size_t count = 0;
    for (size_t i = 0; i < core->work_count; i++) {
        const struct work *work = core->works[i];
        if (work->input.agg == last || work->input.agg == 0)
            continue;
        if (stubs && (!work_makes_stub(work) || core_removed(core, work->input.agg)))
            continue;
        last = work->input.agg;
        if (core_slot(core, last)->drawn)
            continue;
        count++;
        param_add_int(&batch->params, ids, last);
    }
    if (count)
        ask(batch, statement, rows);
}

static void suspects_queue(struct batch *batch)
{
    size_t count = 0;
    params_reset(&batch->params);
    int ids = params_array(&batch->params, PARAM_INT8);
    for (size_t i = 0; i < batch->start.work_count; i++)
        if (work_tried(batch->start.works[i])) {
            param_add_int(&batch->params, ids, batch->start.works[i]->input.msg_id);
            count++;
        }
    if (count)
        ask(batch, &SQL_SUSPECT, suspects_loaded);
}

static void commands_queue(struct batch *batch)
{
    struct core *core = &batch->core;
    size_t count = 0;
    params_reset(&batch->params);
    int peers = params_array(&batch->params, PARAM_TEXT);
    int requests = params_array(&batch->params, PARAM_TEXT);
    for (size_t i = 0; i < core->work_count; i++) {
        const struct work *work = core->works[i];
        if (work->origin != WORK_COMMAND || work->keyed || !work->request_id[0])
            continue;
        param_add_text(&batch->params, peers, work->input.peer);
        param_add_text(&batch->params, requests, work->request_id);
        count++;
    }
    /* Room for what is found and for what this batch answers. */
    core->commands = arena_array(&batch->arena, struct command_row, 2 * core->work_count + 1);
    if (count)
        ask(batch, &SQL_COMMANDS, commands_loaded);
}

static bool has_timers(const struct core *core)
{
    for (size_t i = 0; i < core->work_count; i++)
        if (core->works[i]->origin == WORK_TIMER)
            return true;
    return false;
}

static void held_one_queue(struct batch *batch, const struct work *work)
{
    struct params *params = &batch->params;
    if (work->input.agg == 0 || core_slot(&batch->core, work->input.agg)->drawn)
        return;
    params_reset(params);
    params_int(params, PARAM_INT8, work->input.agg);
    params_int(params, PARAM_INT2, work->input.source);
    params_int(params, PARAM_INT8, (int64_t)work->input.n);
    ask(batch, &SQL_DEAD_ONE, dead_loaded);
    int sources = params_array(params, PARAM_INT2);
    for (const enum service_id *source = batch->ops->hears; *source; source++)
        param_add_int(params, sources, *source);
    ask(batch, &SQL_WAITING_ONE, waiting_loaded);
}

static void held_queue(struct batch *batch)
{
    if (batch->core.work_count == 1) {
        held_one_queue(batch, batch->core.works[0]);
        return;
    }
    ids_queue(batch, &SQL_WAITING, false, waiting_loaded);
    ids_queue(batch, &SQL_DEAD, false, dead_loaded);
}

void batch_load(struct batch *batch)
{
    suspects_queue(batch);
    ids_queue(batch, &batch->ops->sql_stub, true, NULL);
    if (batch->skip) {
        ids_queue(batch, &SQL_LOAD_FREE, false, rows_loaded);
        ids_queue(batch, &SQL_EXISTING, false, existing_loaded);
    } else {
        ids_queue(batch, &batch->ops->sql_load, false, rows_loaded);
    }
    held_queue(batch);
    if (has_timers(&batch->core))
        ids_queue(batch, &SQL_TIMERS, false, timers_loaded);
    commands_queue(batch);
}
