#include "services/kernel/store/batch.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/fault.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/store/batch_impl.h"
#include "services/kernel/store/core_impl.h"

#define ARENA_LIMIT ((size_t)96 << 20)

/* Set locally, for the attempt's own commit alone: it must not wait for the disk. */
const struct statement SQL_ATTEMPT = {"k_attempt",
        "WITH async AS (SELECT set_config('synchronous_commit', 'off', true)) "
        "INSERT INTO attempt (id, session, messages) SELECT $1::bigint, $2::bigint, $3::bigint[] "
        "FROM async"};
const struct statement SQL_SITE = {"k_site",
        "SELECT version, incarnation, drill, directory.clock(), clock_trust, minter, below "
        "FROM directory.site LEFT JOIN horizon ON true"};
/* A commit must write WAL before anything leaves (rule 4); this writes when nothing else does. */
const struct statement SQL_MARK = {"k_mark", "SELECT pg_logical_emit_message(true, 'huying', '')"};
/* Deleting what is acknowledged tells nobody anything: such a commit need not wait for the disk. */
static const struct statement SQL_ASYNC = {
        "k_async", "SELECT set_config('synchronous_commit', 'off', true)"};
const struct statement SQL_LOAD_FREE = {"k_load_free", "%s SKIP LOCKED"};
const struct statement SQL_EXISTING = {
        "k_existing", "SELECT id FROM %s WHERE id = ANY($1::bigint[])"};
#define TEXT_MAX 4096 /* of a statement made of the service's */

static void fail(struct batch *batch, enum batch_end end, const char *message);

struct batch *batch_new(const struct aggregate_ops *ops, struct pg *pg, struct ids *ids)
{
    struct batch *batch = calloc(1, sizeof *batch);
    must(batch);
    batch->ops = ops;
    batch->pg = pg;
    batch->ids = ids;
    arena_init(&batch->arena, ARENA_LIMIT);
    return batch;
}

void batch_destroy(struct batch **pointer)
{
    struct batch *batch = *pointer;
    if (!batch)
        return;
    arena_fini(&batch->arena);
    params_fini(&batch->params);
    for (int i = 0; i < PAGE_BUFS; i++)
        buf_fini(&batch->page_bufs[i]);
    free(batch);
    *pointer = NULL;
}

bool batch_busy(const struct batch *batch)
{
    return batch->phase != BATCH_IDLE;
}

const struct core *batch_core(const struct batch *batch)
{
    return &batch->core;
}

size_t batch_left(const struct batch *batch)
{
    return batch->left;
}

const struct site_row *batch_site(const struct batch *batch)
{
    return &batch->site;
}

int64_t batch_ids_max(size_t work_count)
{
    return (int64_t)(work_count + DRAIN_MAX) * (SENDS_MAX + 2) + 16;
}

static struct statement text_make(char *text, const struct statement *pattern, const char *part)
{
    const char *mark = strstr(pattern->sql, "%s");
    int size = snprintf(
            text, TEXT_MAX, "%.*s%s%s", (int)(mark - pattern->sql), pattern->sql, part, mark + 2);
    must(size > 0 && size < TEXT_MAX);
    return (struct statement){pattern->name, text};
}

struct statement *batch_statements(const struct aggregate_ops *ops, size_t spare, size_t *ret_count)
{
    const struct statement *const own[] = {&SQL_ATTEMPT, &SQL_SITE, &SQL_MARK, &SQL_ASYNC,
            &SQL_WAITING, &SQL_DEAD, &SQL_WAITING_ONE, &SQL_DEAD_ONE, &SQL_SUSPECT, &SQL_TIMERS,
            &SQL_COMMANDS, &ops->sql_stub, &ops->sql_load, &ops->sql_update};
    size_t own_count = sizeof own / sizeof *own, count = 0;
    size_t room = own_count + save_statement_count + ops->statement_count + 2 + spare;
    for (const struct statement_list *more = ops->lists; more && more->count; more++)
        room += more->count;
    struct statement *list = calloc(1, room * sizeof *list + 2 * (size_t)TEXT_MAX);
    must(list);
    char *texts = (char *)(list + room);
    list[count++] = text_make(texts, &SQL_LOAD_FREE, ops->sql_load.sql);
    list[count++] = text_make(texts + TEXT_MAX, &SQL_EXISTING, ops->table);
    for (size_t i = 0; i < own_count; i++)
        list[count++] = *own[i];
    for (size_t i = 0; i < save_statement_count; i++)
        list[count++] = *save_statements[i];
    for (size_t i = 0; i < ops->statement_count; i++)
        list[count++] = ops->statements[i];
    for (const struct statement_list *more = ops->lists; more && more->count; more++)
        for (size_t i = 0; i < more->count; i++)
            list[count++] = more->list[i];
    *ret_count = count;
    return list;
}

static int64_t draw(void *self)
{
    return ids_draw(self);
}

/* A salt for every step: drawn many at a time, since each draw is a system call. */
static void random_fill(void *self, void *data, size_t size)
{
    struct batch *batch = self;
    must(size <= sizeof batch->random);
    if (batch->random_left < size) {
        randombytes_buf(batch->random, sizeof batch->random);
        batch->random_left = sizeof batch->random;
    }
    batch->random_left -= size;
    memcpy(data, batch->random + batch->random_left, size);
}

static void finish(struct batch *batch, enum batch_end end)
{
    batch->phase = BATCH_IDLE;
    batch->start.done(batch->start.self, batch, end, batch->message);
}

static void rolled_back(void *self, enum err err, const char *message)
{
    struct batch *batch = self;
    (void)message;
    if (err == OK)
        batch->attempt = 0;
    finish(batch, batch->failure); /* a lost connection rolls back as well */
}

/* Ends the transaction without effect; `done` follows when the server has confirmed it. The process
 * lives, so this was no failed attempt in the sense of rule 7: its row goes. */
static void fail(struct batch *batch, enum batch_end end, const char *message)
{
    text_copy(batch->message, sizeof batch->message, message, strlen(message));
    batch->failure = end;
    if (pg_state(batch->pg) != PG_READY) {
        finish(batch, end);
        return;
    }
    batch->phase = BATCH_ROLLBACK;
    pg_queue(batch->pg, &PG_ROLLBACK, NULL, NULL, NULL);
    attempt_end(batch);
    pg_sync(batch->pg, rolled_back, batch);
}

static enum batch_end end_of(struct batch *batch, enum err err)
{
    if (err != ERR_TRANSIENT)
        return BATCH_FAILED;
    if (!pg_blocked(batch->pg))
        return BATCH_RETRY;
    for (size_t i = 0; i < batch->start.work_count; i++)
        batch->start.works[i]->blocked = true;
    return BATCH_BLOCKED;
}

static void saved(void *self, enum err err, const char *message)
{
    struct batch *batch = self;
    if (err != OK) {
        fail(batch, end_of(batch, err), message);
        return;
    }
    batch->attempt = 0;
    finish(batch, BATCH_DONE);
}

static void save_start(struct batch *batch)
{
    /* Ids go when the incarnation changes, and several batches share them. */
    if (FAULT(ids_gone) || ids_left(batch->ids) < batch_ids_max(batch->start.work_count)) {
        fail(batch, BATCH_RETRY, "ids have run out");
        return;
    }
    core_run(&batch->core);
    if (batch->core.again) {
        batch->core.again->alone = true;
        fail(batch, BATCH_SPLIT, "a command's aggregate has to be found anew");
        return;
    }
    batch->phase = BATCH_SAVE;
    batch_save(batch);
    if (!batch->start.work_count)
        pg_queue(batch->pg, &SQL_ASYNC, NULL, NULL, NULL);
    else if (!batch->locked)
        pg_queue(batch->pg, &SQL_MARK, NULL, NULL, NULL);
    pg_queue(batch->pg, &PG_COMMIT, NULL, NULL, NULL);
    pg_sync(batch->pg, saved, batch);
}

static void related_loaded(void *self, enum err err, const char *message)
{
    struct batch *batch = self;
    if (err != OK) {
        fail(batch, end_of(batch, err), message);
        return;
    }
    save_start(batch);
}

/* The hook for related rows reads the bodies of messages. What is malformed has none here and is
 * buried when its turn comes. A batch that is run again has another arena: decoded anew. */
static void body_decode(struct core *core, struct work *work)
{
    const char *why = NULL;
    if (work->input.kind != INPUT_MESSAGE || work->poison)
        return;
    const struct input_type *type =
            core_type(core->ops, INPUT_MESSAGE, work->input.source, work->input.type);
    work->input.body = NULL;
    if (!type || type->decode(work->payload, core->arena, &work->input.body, &why) != OK)
        work->input.body = NULL;
}

/* The works' inputs and states side by side, as the service's hooks want them. */
static size_t inputs_list(struct batch *batch)
{
    struct core *core = &batch->core;
    size_t count = 0;
    batch->inputs = arena_array(&batch->arena, struct input *, core->work_count + 1);
    batch->states = arena_array(&batch->arena, const void *, core->work_count + 1);
    for (size_t i = 0; i < core->work_count; i++) {
        struct slot *slot = core_slot(core, core->works[i]->input.agg);
        if (!slot)
            continue;
        body_decode(core, core->works[i]);
        batch->inputs[count] = &core->works[i]->input;
        batch->states[count++] = slot->state;
    }
    return count;
}

static bool related_wanted(const struct batch *batch)
{
    const struct aggregate_ops *ops = batch->ops;
    bool wanted = ops->related && batch->core.work_count && !ops->relates;
    for (size_t i = 0; ops->relates && !wanted && i < batch->core.work_count; i++)
        wanted = ops->relates(&batch->core.works[i]->input);
    return wanted;
}

static void related_start(struct batch *batch)
{
    size_t count = inputs_list(batch);
    batch->phase = BATCH_RELATED;
    batch->ops->related(batch->pg, batch->inputs, batch->states, count, batch->start.directory,
            &batch->arena, &batch->core.world.related);
    pg_sync(batch->pg, related_loaded, batch);
}

/* A process that stood still may hold ids from before the horizon of its own service: whatever it
 * opened under them would be past at once. */
static bool ids_are_past(const struct batch *batch)
{
    const struct ids *ids = batch->ids;
    int64_t below = batch->horizon[batch->ops->service];
    int64_t first = ids->next < ids->end ? ids->next : ids->spare_next;
    return below && ids_left(ids) && id_make(ids->site, ids->service, first) < below;
}

/* Stubs were made or left out by another horizon than the one that this transaction has seen. */
static bool stubs_are_wrong(struct batch *batch)
{
    struct core *core = &batch->core;
    for (size_t i = 0; batch->horizon_moved && i < core->work_count; i++) {
        const struct slot *slot = core_slot(core, core->works[i]->input.agg);
        if (!slot || !work_makes_stub(core->works[i]))
            continue;
        if (core_removed(core, slot->agg) || !((const struct aggregate *)slot->state)->found)
            return true;
    }
    return false;
}

static bool site_agrees(struct batch *batch)
{
    if (batch->site.incarnation != batch->start.incarnation || FAULT(site_replaced)) {
        fail(batch, BATCH_INCARNATION, "the site is another incarnation");
        return false;
    }
    if (!batch->start.directory ||
            batch->site.version != directory_version(batch->start.directory)) {
        fail(batch, BATCH_DIRECTORY, "the directory has a new version");
        return false;
    }
    if (ids_are_past(batch)) {
        ids_clear(batch->ids);
        fail(batch, BATCH_RETRY, "the ids are from before the horizon");
        return false;
    }
    return true;
}

/* Not all that is held was loaded: whose aggregate holds much is run by itself from now on, or,
 * when it is a little of each, everything. */
static void crowd_mark(struct batch *batch)
{
    bool found = false;
    for (size_t i = 0; i < batch->start.work_count; i++) {
        struct work *work = batch->start.works[i];
        size_t count = 0;
        for (size_t h = 0; h < batch->held_count; h++)
            count += batch->held[h].agg == work->input.agg;
        work->crowded = count >= CROWDED_MIN;
        found = found || work->crowded;
    }
    for (size_t i = 0; i < batch->start.work_count && !found; i++)
        batch->start.works[i]->crowded = true;
}

/* Works whose rows somebody else holds go to the end of the list, out of this batch. */
static void locked_out_leave(struct batch *batch)
{
    struct core *core = &batch->core;
    struct work **left = arena_array(&batch->arena, struct work *, core->work_count + 1);
    size_t kept = 0;
    for (size_t i = 0; i < core->work_count; i++) {
        const struct slot *slot = core_slot(core, core->works[i]->input.agg);
        if (slot && slot->locked_out)
            left[batch->left++] = core->works[i];
        else
            core->works[kept++] = core->works[i];
    }
    memcpy(core->works + kept, left, batch->left * sizeof *left);
    core->work_count = kept;
}

static void locked(void *self, enum err err, const char *message)
{
    struct batch *batch = self;
    if (err != OK) {
        fail(batch, end_of(batch, err), message);
        return;
    }
    if (!site_agrees(batch))
        return;
    if (stubs_are_wrong(batch)) {
        fail(batch, BATCH_RETRY, "there is another horizon");
        return;
    }
    if (batch->suspects && batch->start.work_count > 1) {
        fail(batch, BATCH_SPLIT, "messages that failed before run alone");
        return;
    }
    if (batch->held_count >= HELD_MAX && batch->start.work_count > 1) {
        crowd_mark(batch);
        fail(batch, BATCH_SPLIT, "aggregates of which much is held run by themselves");
        return;
    }
    if (batch->skip)
        locked_out_leave(batch);
    core_hold(&batch->core, batch->held, batch->held_count);
    if (related_wanted(batch))
        related_start(batch);
    else
        save_start(batch);
}

/* An id that this batch drew stands in no row yet; the key that it was drawn for is inserted and
 * not committed, so that nobody else can come by it. The row is made when it is saved. */
static void drawn_mark(struct batch *batch)
{
    for (size_t i = 0; i < batch->drawn_count; i++) {
        struct slot *slot = core_slot(&batch->core, batch->drawn[i]);
        if (!slot)
            continue; /* the key stood for another id already */
        slot->drawn = true;
        batch->locked++; /* the key's row is a write, too */
        ((struct aggregate *)slot->state)->found = true;
    }
}

static void lock_start(struct batch *batch)
{
    core_begin(&batch->core);
    drawn_mark(batch);
    batch->phase = BATCH_LOCK;
    batch_load(batch);
    if (batch->asked)
        pg_sync(batch->pg, locked, batch);
    else
        locked(batch, OK, NULL);
}

static void keys_found(void *self, enum err err, const char *message)
{
    struct batch *batch = self;
    if (err != OK) {
        fail(batch, end_of(batch, err), message);
        return;
    }
    if (!site_agrees(batch))
        return;
    batch->asked = false;
    lock_start(batch);
}

static int64_t draw_for_resolve(void *self)
{
    struct batch *batch = self;
    must(batch->drawn_count < batch->start.work_count);
    return batch->drawn[batch->drawn_count++] = ids_draw(batch->ids);
}

/* Decodes the commands; those without an aggregate id get theirs from the service's keys. Returns
 * false when none needs it. */
static bool keys_start(struct batch *batch)
{
    size_t count = 0;
    batch->inputs = arena_array(&batch->arena, struct input *, batch->start.work_count + 1);
    batch->drawn = arena_array(&batch->arena, int64_t, batch->start.work_count + 1);
    batch->drawn_count = 0;
    for (size_t i = 0; i < batch->start.work_count; i++) {
        struct work *work = batch->start.works[i];
        if (work->origin != WORK_COMMAND)
            continue;
        if (work->keyed)
            work->input.agg = 0;
        work->keyed = work->input.agg == 0;
        work->input.fresh = false;
        /* Checked when it came in; decoded again because the body is batch memory. */
        const char *why = NULL;
        enum err err = work->type->decode(work->payload, &batch->arena, &work->input.body, &why);
        must(err == OK);
        if (work->keyed && batch->ops->resolve)
            batch->inputs[count++] = &work->input;
    }
    if (!count)
        return false;
    batch->phase = BATCH_KEYS;
    batch->ops->resolve(batch->pg, batch->inputs, count, batch->start.directory, draw_for_resolve,
            batch, &batch->arena);
    pg_sync(batch->pg, keys_found, batch);
    return true;
}

static void attempt_note(struct batch *batch)
{
    if (batch->attempt) { /* of a batch that lost its connection: nobody's fault */
        attempt_end(batch);
        pg_sync(batch->pg, NULL, NULL);
    }
    batch->attempt = 0;
    params_reset(&batch->params);
    params_int(&batch->params, PARAM_INT8, 0);
    params_int(&batch->params, PARAM_INT8, batch->start.session);
    int messages = params_array(&batch->params, PARAM_INT8);
    size_t count = 0;
    for (size_t i = 0; i < batch->start.work_count; i++)
        if (work_tried(batch->start.works[i])) {
            param_add_int(&batch->params, messages, batch->start.works[i]->input.msg_id);
            count++;
        }
    if (!count)
        return;
    batch->attempt = ids_draw(batch->ids);
    int64_t net = (int64_t)htobe64((uint64_t)batch->attempt);
    memcpy(batch->params.list[0].data.data, &net, sizeof net);
    pg_queue(batch->pg, &SQL_ATTEMPT, &batch->params, NULL, NULL);
    pg_sync(batch->pg, NULL, NULL);
}

/* A row for each minter that has a horizon; one with minter 0 when there is none at all. After a
 * restore it may be a lower one. */
static void horizon_read(struct batch *batch, const PGresult *result)
{
    int64_t *known = batch->core.horizon;
    memset(known, 0, sizeof batch->core.horizon);
    for (int row = 0; row < PQntuples(result); row++)
        known[row_int(result, row, 5) & (SERVICE_COUNT - 1)] = row_int(result, row, 6);
    batch->horizon_moved = memcmp(known, batch->horizon, sizeof batch->horizon) != 0;
    memcpy(batch->horizon, known, sizeof batch->horizon);
}

static void site_read(void *self, const PGresult *result)
{
    struct batch *batch = self;
    if (PQntuples(result) < 1)
        return; /* no profile applied yet: incarnation 0 agrees with nobody */
    batch->site = (struct site_row){.version = row_int(result, 0, 0),
            .incarnation = row_int(result, 0, 1),
            .drill = row_int(result, 0, 2) != 0,
            .now_ms = row_time(result, 0, 3),
            .trust = row_int(result, 0, 4)};
    batch->core.now_ms = batch->site.now_ms;
    batch->core.drill = batch->site.drill;
    horizon_read(batch, result);
    if (batch->start.site_seen)
        batch->core.timers_held = !batch->start.site_seen(batch->start.self, &batch->site);
}

void batch_start(struct batch *batch, const struct batch_start *start)
{
    must(batch->phase == BATCH_IDLE);
    must(start->work_count <= BATCH_SIZE_MAX);
    must(ids_left(batch->ids) >= batch_ids_max(start->work_count));
    arena_reset(&batch->arena);
    batch->start = *start;
    batch->message[0] = 0;
    batch->site = (struct site_row){0};
    batch->locked = batch->suspects = 0;
    batch->left = 0;
    batch->skip = batch->horizon_moved = false;
    for (size_t i = 0; i < start->work_count; i++)
        batch->skip = batch->skip || start->works[i]->blocked;
    batch->held = NULL;
    batch->held_count = batch->held_room = 0;
    batch->core = (struct core){.ops = batch->ops,
            .arena = &batch->arena,
            .world = {start->directory, NULL},
            .draw = draw,
            .draw_self = batch->ids,
            .random = random_fill,
            .random_self = batch,
            .works = start->works,
            .work_count = start->work_count,
            .page_bufs = batch->page_bufs,
            .page_buf_count = PAGE_BUFS};
    memcpy(batch->core.horizon, batch->horizon, sizeof batch->horizon);
    attempt_note(batch);
    pg_queue(batch->pg, &PG_BEGIN, NULL, NULL, NULL);
    pg_queue(batch->pg, &SQL_SITE, NULL, site_read, batch);
    batch->asked = true;
    if (!keys_start(batch))
        lock_start(batch);
}
