/* Twins of the statements of kernel/store/chores.c: attaching, ids, timers, resending, attempts. */
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "tests/sim/sim.h"
#include "tests/sim/twins.h"

#define ATTEMPT_AGE_MS 10000
#define ID_EPOCH 1767225600
#define ID_REGION 131072
#define ROWS_MAX 1024

static enum exec twin_session(struct call *call)
{
    session_key_set(call->session, arg_int(call, 0));
    result_begin(call, "t");
    return EXEC_DONE;
}

static enum exec twin_attach(struct call *call)
{
    result_begin(call, "48b8b");
    result_add(call, (struct cell[]){cell_number(SIM_SITE), cell_number(db.incarnation),
                             cell_number(sim.drill), cell_number(db.directory_version),
                             cell_number(db.incarnation < call->args[0].cells[0].value)});
    return EXEC_DONE;
}

static enum exec twin_durable(struct call *call)
{
    result_begin(call, "bb");
    result_add(call, (struct cell[]){cell_number(1), cell_number(1)});
    return EXEC_DONE;
}

static struct key text_key(const struct cell *cell)
{
    return key1((int64_t)bytes_hash(cell->data, (size_t)cell->size));
}

static enum exec twin_site_now(struct call *call)
{
    struct cell cells[8] = {cell_number(db.directory_version), cell_number(db.incarnation),
            cell_number(sim.drill), cell_number(db_clock_ms()), cell_number(db.trust),
            {.null = true}, {.null = true}, {.null = true}};
    const struct version *anchor = row_see(
            row_find(own_table(call, T_ANCHOR), text_key(&call->args[0].cells[0])), call->txn);
    for (int i = 0; anchor && i < 3; i++)
        cells[5 + i] = anchor->cells[i];
    result_begin(call, "88bT8888");
    result_add(call, cells);
    return EXEC_DONE;
}

static enum exec twin_anchor(struct call *call)
{
    struct row *row = row_make(own_table(call, T_ANCHOR), text_key(&call->args[0].cells[0]));
    if (!row_lock(call->txn, row))
        return EXEC_WAIT;
    struct version *version = row_write(call->txn, row, 3);
    for (int i = 0; i < 3; i++)
        version->cells[i] = call->args[1 + i].cells[0];
    return EXEC_DONE;
}

static enum exec twin_ids(struct call *call)
{
    int64_t incarnation = arg_int(call, 0), size = arg_int(call, 1);
    struct row *row = row_make(own_table(call, T_ID_BLOCK), key1(1));
    result_begin(call, "8");
    if (!row_lock(call->txn, row))
        return EXEC_WAIT;
    if (db.incarnation != incarnation)
        return EXEC_DONE;
    bool found = row_see(row, call->txn) != NULL;
    struct version *version = row_write(call->txn, row, 2);
    int64_t next = found ? cell_int(version, 0) : 1, old = found ? cell_int(version, 1) : 0;
    int64_t region = (incarnation - ID_EPOCH) * ID_REGION;
    bool begins = old == 0 && incarnation == db.incarnation_first;
    bool changed = old != incarnation && !begins && !sim_planted(PLANT_IDS_AGAIN);
    if (changed && next < region)
        next = region;
    version->cells[0] = cell_number(next + size);
    version->cells[1] = cell_number(incarnation);
    result_add(call, (struct cell[]){cell_number(next)});
    return EXEC_DONE;
}

static int due_compare(const void *left, const void *right)
{
    const struct version *a = *(const struct version *const *)left;
    const struct version *b = *(const struct version *const *)right;
    int64_t x = cell_int(a, TI_DUE), y = cell_int(b, TI_DUE);
    if (x == y) {
        x = cell_int(a, TI_AGG);
        y = cell_int(b, TI_AGG);
    }
    return (x > y) - (x < y);
}

static enum exec twin_timers_due(struct call *call)
{
    const struct version *found[ROWS_MAX];
    size_t count = 0;
    result_begin(call, "828T");
    EACH_ROW(call, T_TIMER, row, version)
    if (cell_int(version, TI_DUE) < db_clock_ms() && count < ROWS_MAX)
        found[count++] = version;
    if (count)
        qsort(found, count, sizeof *found, due_compare);
    for (size_t i = 0; i < count && (int64_t)i < arg_int(call, 0); i++)
        result_add(call, found[i]->cells);
    return EXEC_DONE;
}

static int outbox_compare(const void *left, const void *right)
{
    const struct row *a = *(struct row *const *)left, *b = *(struct row *const *)right;
    int64_t x = cell_int(a->head, O_DUE), y = cell_int(b->head, O_DUE);
    if (x == y) {
        x = a->key.a;
        y = b->key.a;
    }
    return (x > y) - (x < y);
}

/* Of an aggregate's claimed rows only the lowest numbers, and none far above one that is out. */
static bool resend_now(struct call *call, struct row *const *claimed, size_t count, size_t at)
{
    int64_t window = arg_int(call, 4), rank = 0;
    const struct version *mine = claimed[at]->head;
    for (size_t i = 0; i < count; i++)
        rank += cell_int(claimed[i]->head, O_AGG) == cell_int(mine, O_AGG) &&
                cell_int(claimed[i]->head, O_N) <= cell_int(mine, O_N);
    if (rank > window)
        return false;
    EACH_ROW(call, T_OUTBOX, row, version)
    if (cell_int(version, O_DEST) == cell_int(mine, O_DEST) &&
            cell_int(version, O_AGG) == cell_int(mine, O_AGG) &&
            cell_int(version, O_N) <= cell_int(mine, O_N) - window &&
            cell_int(version, O_TRIES) > 0)
        return false;
    return true;
}

static void resend_row(struct call *call, struct row *row, bool sent)
{
    struct version *version = row_write(call->txn, row, O_COUNT);
    int64_t tries = cell_int(version, O_TRIES), span = arg_int(call, 1);
    int64_t wait = span / 8;
    if (sent)
        wait = (span << (tries < 2 ? tries : 2)) * sim_between(&sim.db_rng, 75, 125) / 100;
    version->cells[O_TRIES] = cell_number(tries + sent);
    version->cells[O_DUE] = cell_number(db_wall_ms() + wait);
    result_add(call, (struct cell[]){version->cells[O_ID], version->cells[O_AGG],
                             version->cells[O_N], version->cells[O_TYPE], version->cells[O_AT],
                             sent ? version->cells[O_PAYLOAD] : (struct cell){.null = true},
                             version->cells[O_TRIES], cell_number(sent)});
}

static enum exec twin_resend_far(struct call *call)
{
    EACH_ROW(call, T_OUTBOX, row, version)
    if (cell_int(version, O_DEST) == arg_int(call, 0) &&
            cell_int(version, O_DUE) > db_wall_ms() + 6 * arg_int(call, 1) &&
            row_lock(call->txn, row))
        row_write(call->txn, row, O_COUNT)->cells[O_DUE] = cell_number(db_wall_ms());
    return EXEC_DONE;
}

static enum exec twin_resend(struct call *call)
{
    struct row *claimed[ROWS_MAX];
    bool sent[ROWS_MAX];
    size_t count = 0;
    int64_t now = db_wall_ms(), span = arg_int(call, 3);
    result_begin(call, "8884Ty4b");
    EACH_ROW(call, T_OUTBOX, row, version)
    {
        int64_t due = cell_int(version, O_DUE);
        if (cell_int(version, O_DEST) == arg_int(call, 0) && due <= now &&
                (span <= 0 || due >= now - span) && count < ROWS_MAX && row_lock(call->txn, row))
            claimed[count++] = row;
    }
    if (count)
        qsort(claimed, count, sizeof *claimed, outbox_compare);
    if (count > (size_t)arg_int(call, 2))
        count = (size_t)arg_int(call, 2);
    for (size_t i = 0; i < count; i++)
        sent[i] = resend_now(call, claimed, count, i);
    for (size_t i = 0; i < count; i++)
        resend_row(call, claimed[i], sent[i]);
    return EXEC_DONE;
}

static enum exec suspect_add(struct call *call, int64_t message, int64_t amount)
{
    struct row *row = row_make(own_table(call, T_SUSPECT), key1(message));
    if (!row_lock(call->txn, row))
        return EXEC_WAIT;
    bool found = row_see(row, call->txn) != NULL;
    struct version *version = row_write(call->txn, row, SU_COUNT);
    version->cells[SU_ID] = cell_number(message);
    version->cells[SU_ATTEMPTS] =
            cell_number((found ? cell_int(version, SU_ATTEMPTS) : 0) + amount);
    version->cells[SU_LAST] = cell_number(db_wall_ms());
    return EXEC_DONE;
}

static enum exec twin_attempts(struct call *call)
{
    EACH_ROW(call, T_ATTEMPT, row, version)
    {
        if (cell_int(version, AT_AT) >= db_wall_ms() - ATTEMPT_AGE_MS ||
                session_holds_key(cell_int(version, AT_SESSION)) || !row_lock(call->txn, row))
            continue;
        int64_t message = cell_int(version, AT_MESSAGE), alone = cell_int(version, AT_ALONE);
        row_delete(call->txn, row);
        enum exec exec = suspect_add(call, message, alone);
        if (exec != EXEC_DONE)
            return exec;
    }
    return EXEC_DONE;
}

static enum exec twin_suspect_add(struct call *call)
{
    return suspect_add(call, arg_int(call, 0), 1);
}

static enum exec twin_none(struct call *call)
{
    result_begin(call, "28488");
    return EXEC_DONE;
}

static enum exec twin_gauges(struct call *call)
{
    result_begin(call, "8888");
    result_add(call, (struct cell[4]){{0}});
    return EXEC_DONE;
}

/* Of each stream the lowest number that is held, and whether its turn has come. */
static enum exec twin_held(struct call *call)
{
    result_begin(call, "828T2b");
    EACH_ROW(call, T_WAITING, row, version)
    {
        bool lowest = true;
        struct key key = row->key;
        EACH_ROW(call, T_WAITING, other, there)
        lowest = lowest &&
                 (other->key.a != key.a || other->key.b != key.b || cell_int(there, W_N) >= key.c);
        if (!lowest || key.a < arg_int(call, 1) ||
                (key.a == arg_int(call, 1) && key.b <= arg_int(call, 2)))
            continue;
        const struct version *agg =
                row_see(row_find(own_table(call, T_AGG), key1(key.a)), call->txn);
        int column = column_of_seen(call->service, (enum service_id)key.b);
        bool due = agg && column >= 0 && cell_int(version, W_N) == cell_int(agg, column) + 1;
        result_add(call, (struct cell[]){version->cells[W_AGG], version->cells[W_SOURCE],
                                 version->cells[W_ID], version->cells[W_AT], cell_number(0),
                                 cell_number(due)});
    }
    return EXEC_DONE;
}

const struct twin chore_twins[] = {{"k_session", twin_session}, {"k_attach", twin_attach},
        {"k_durable", twin_durable}, {"k_site_now", twin_site_now}, {"k_anchor", twin_anchor},
        {"k_ids", twin_ids}, {"k_timers_due", twin_timers_due}, {"k_resend", twin_resend},
        {"k_resend_far", twin_resend_far}, {"k_attempts", twin_attempts},
        {"k_suspects_old", twin_nothing}, {"k_suspect_add", twin_suspect_add},
        {"k_fold", twin_none}, {"k_counters", twin_none}, {"k_recount_lock", twin_none},
        {"k_recount", twin_none}, {"k_gauges", twin_gauges}, {"k_held", twin_held}, {NULL, NULL}};
