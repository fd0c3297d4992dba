/* The client's side: kernel/store/pg.h without libpq. What comes back is delivered in pg_turn; a
 * broken connection ends everything that is open, whatever became of it. */
#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "tests/sim/node.h"
#include "tests/sim/session_impl.h"
#include "tests/sim/sim.h"

#define EPOCH_2000_MS INT64_C(946684800000)
#define ARRAY_HEADER_SIZE 20

const struct statement PG_BEGIN = {"pg_begin", "BEGIN"};
const struct statement PG_COMMIT = {"pg_commit", "COMMIT"};
const struct statement PG_ROLLBACK = {"pg_rollback", "ROLLBACK"};

static struct op *free_ops[64]; /* by size_class */

void ops_begin(void)
{
    memset(free_ops, 0, sizeof free_ops);
}

static void ops_free(struct op *list)
{
    while (list) {
        struct op *op = list;
        list = op->next;
        op->next = free_ops[op->size_class];
        free_ops[op->size_class] = op;
    }
}

void pg_abandon(struct pg *pg)
{
    pg->node = NULL;
    if (pg->session)
        session_detach(pg->session, session_late());
}

struct pg *pg_new(const char *conninfo, const char *schema)
{
    struct pg *pg = calloc(1, sizeof *pg);
    must(pg);
    (void)conninfo;
    pg->node = node_current();
    pg->service = service_find(schema);
    pg->last = &pg->first;
    pg->state = PG_DOWN;
    pg->message = "";
    pg->retry_ms = sim.now_ms + sim_between(&sim.db_rng, 1, 5);
    return pg;
}

void pg_prepare(struct pg *pg, const struct statement *list, size_t count)
{
    (void)pg;
    (void)list;
    (void)count;
}

static void segments_drop(struct pg *pg)
{
    struct segment *list = pg->first;
    pg->first = NULL;
    pg->last = &pg->first;
    for (; list; list = list->next) {
        segment_clear(list);
        if (list->done)
            list->done(list->self, ERR_TRANSIENT, pg->message);
    }
}

void pg_destroy(struct pg **pointer)
{
    struct pg *pg = *pointer;
    if (!pg)
        return;
    struct node *node = pg->node;
    pg_abandon(pg);
    if (node) /* of a dead process nobody hears any more */
        segments_drop(pg);
    for (struct segment *segment = pg->first; segment; segment = segment->next)
        segment_clear(segment);
    free(pg);
    *pointer = NULL;
}

enum pg_state pg_state(const struct pg *pg)
{
    return pg->broken ? PG_DOWN : pg->state;
}

const char *pg_message(const struct pg *pg)
{
    return pg->message;
}

int pg_fd(const struct pg *pg)
{
    (void)pg;
    return -1;
}

short pg_events(const struct pg *pg)
{
    (void)pg;
    return 0;
}

int pg_backend(const struct pg *pg)
{
    return pg->backend;
}

uint64_t pg_connects(const struct pg *pg)
{
    return pg->connects;
}

bool pg_blocked(const struct pg *pg)
{
    return pg->blocked;
}

/* The simulated database is one place, whatever becomes of it. */
bool pg_several(const struct pg *pg)
{
    (void)pg;
    return false;
}

bool pg_idle(const struct pg *pg)
{
    return !pg->first;
}

void pg_reset(struct pg *pg)
{
    if (pg->session)
        session_detach(pg->session, false);
    pg->broken = true;
}

static void client_connect(struct pg *pg)
{
    pg->session = session_open(pg);
    pg->state = PG_READY;
    pg->connects++;
    pg->backend = pg->session->serial;
}

static void segment_deliver(struct pg *pg)
{
    struct segment *segment = pg->first;
    pg->first = segment->next;
    if (!pg->first)
        pg->last = &pg->first;
    for (struct op *op = segment->first; op; op = op->next)
        if (op->result && op->rows)
            op->rows(op->self, op->result);
    segment_clear(segment);
    ops_free(segment->first); /* the session has gone on to the next one */
    segment->first = NULL;
    pg->blocked = segment->blocked;
    pg->message = segment->err == OK ? "" : segment->blocked ? "lock time-out" : "refused";
    if (segment->done)
        segment->done(segment->self, segment->err, pg->message);
    pg->blocked = false;
}

void pg_turn(struct pg *pg, int64_t monotonic_ms)
{
    if (pg->broken) {
        pg->broken = false;
        pg->state = PG_DOWN;
        pg->retry_ms = monotonic_ms + sim_between(&sim.db_rng, 20, 300);
        pg->message = "the connection ended";
        segments_drop(pg);
    }
    if (pg->state == PG_DOWN && monotonic_ms >= pg->retry_ms && db.up && !pg->first)
        client_connect(pg);
    while (pg->first && pg->first->finished && !pg->broken)
        segment_deliver(pg);
}

static struct cell element_read(enum param_type type, const uint8_t *data, uint32_t size)
{
    struct cell cell = {.size = (int32_t)size};
    if (type == PARAM_TEXT || type == PARAM_BYTEA) {
        uint8_t *copy = arena_get(&sim.arena, size + 1);
        memcpy(copy, data, size);
        cell.data = copy;
        return cell;
    }
    uint64_t value = 0;
    memcpy(&value, data, size);
    cell.value = (int64_t)be64toh(value) >> (64 - 8 * size);
    if (type == PARAM_TIME)
        cell.value = cell.value / 1000 + EPOCH_2000_MS;
    return cell;
}

static int cells_of(const struct param *param)
{
    return param->array ? param->count : 1;
}

static void arg_read(const struct param *param, struct cell *cells, struct arg *ret)
{
    const uint8_t *data = (const uint8_t *)param->data.data;
    *ret = (struct arg){cells_of(param), cells};
    if (!param->array) {
        cells[0] = element_read(param->type, data, (uint32_t)param->data.size);
        return;
    }
    data += ARRAY_HEADER_SIZE;
    for (int i = 0; i < param->count; i++) {
        uint32_t size;
        memcpy(&size, data, sizeof size);
        size = ntohl(size);
        data += sizeof size;
        if (size == UINT32_MAX) {
            cells[i].null = true;
            continue;
        }
        cells[i] = element_read(param->type, data, size);
        data += size;
    }
}

/* With room for its parameters and all their cells; a cell more for each, since a twin may look at
 * the first of an empty array. There are thousands in a run, and they need not all be in memory. */
static struct op *op_new(const struct params *params)
{
    size_t count = params ? (size_t)params->count : 0, cells = count;
    for (size_t i = 0; i < count; i++)
        cells += (size_t)cells_of(&params->list[i]);
    size_t size = sizeof(struct op) + count * sizeof(struct arg) + cells * sizeof(struct cell);
    int size_class = 64 - __builtin_clzll(size);
    struct op *op = free_ops[size_class];
    if (op)
        free_ops[size_class] = op->next;
    else
        op = arena_find(&sim.arena, (size_t)1 << size_class);
    must(op);
    memset(op, 0, size);
    op->size_class = size_class;
    return op;
}

static void args_read(struct op *op, const struct params *params)
{
    struct cell *next = (struct cell *)(op->args + params->count);
    op->arg_count = params->count;
    for (int i = 0; i < params->count; i++) {
        arg_read(&params->list[i], next, &op->args[i]);
        next += op->args[i].count + 1;
    }
}

void pg_queue(struct pg *pg,
        const struct statement *statement,
        const struct params *params,
        pg_rows_fn *rows,
        void *self)
{
    if (!pg->building) {
        pg->building = arena_array(&sim.arena, struct segment, 1);
        pg->building->last = &pg->building->first;
    }
    struct op *op = op_new(params);
    op->statement = statement;
    op->rows = rows;
    op->self = self;
    if (statement != &PG_COMMIT && statement != &PG_ROLLBACK)
        op->twin = twin_find(statement->name);
    if (params)
        args_read(op, params);
    *pg->building->last = op;
    pg->building->last = &op->next;
}

void pg_sync(struct pg *pg, pg_done_fn *done, void *self)
{
    struct segment *segment = pg->building;
    if (!segment) {
        segment = arena_array(&sim.arena, struct segment, 1);
        segment->last = &segment->first;
    }
    pg->building = NULL;
    segment->done = done;
    segment->self = self;
    *pg->last = segment;
    pg->last = &segment->next;
    if (node_effect(pg->node)) /* it dies before this is sent */
        return;
    if (!pg->session) {
        pg->broken = true;
        return;
    }
    *pg->session->last = segment;
    pg->session->last = &segment->server_next;
    session_wake(pg->session, sim_between(&sim.db_rng, 0, 2));
}

PGresult *pg_exec(struct pg *pg, const char *sql, const struct params *params)
{
    (void)pg;
    (void)sql;
    (void)params;
    must(!"blocking statements are not simulated");
    return NULL;
}

enum err pg_wait(struct pg *pg, int64_t timeout_ms)
{
    (void)pg;
    (void)timeout_ms;
    must(!"blocking waits are not simulated");
    return ERR_FATAL;
}

enum err pg_class(const char *sqlstate)
{
    (void)sqlstate;
    return ERR_TRANSIENT;
}
