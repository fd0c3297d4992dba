/* What all twins share: results, rows by key, the shape of each service's
 * aggregates; and the twins of the three statements that every service has for them. */
#include "tests/sim/twins.h"

#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "tests/sim/monitor.h"
#include "tests/sim/result.h"
#include "tests/sim/sim.h"

/* clang-format off */
const struct shape shapes[SERVICE_COUNT] = {
        /* The toy of the kernel's own tests (store/test_toy.h). */
        [SERVICE_NONE] = {"84" "88" "8" "8", "84" "88" "8" "8", 2, 2, 1, CELLS_MAX, 0,
                {SERVICE_INTAKE, SERVICE_VOLUNTEER}, {SERVICE_ENFORCEMENT}},
        [SERVICE_INTAKE] = {"84" "8" "8" "2248TTTTbbytttt444",
                "84" "8" "8" "2248TTTTbbytttt444", 2, 1, 1, CELLS_MAX, 0, {SERVICE_ROUTING},
                {SERVICE_ROUTING}},
        [SERVICE_ROUTING] = {"84" "888" "888" "8888TTTTTTTT422222bbbbbttt",
                "84" "888" "888" "8888TTTTTTTT422222bbbbbttttt", 2, 3, 3, 34, 0,
                {SERVICE_INTAKE, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER},
                {SERVICE_INTAKE, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER}},
        [SERVICE_ENFORCEMENT] = {"84" "8" "8" "2888884tTTT8tt", "84" "8" "8" "2888884tTTT8tt", 2, 1,
                1, CELLS_MAX, 0, {SERVICE_ROUTING}, {SERVICE_ROUTING}},
        [SERVICE_VOLUNTEER] = {"84" "8" "8" "284t4t4TTTTtt", "84" "8" "8" "284t4t4TTTTtt", 2, 1, 1,
                CELLS_MAX, 0, {SERVICE_ROUTING}, {SERVICE_ROUTING}},
        [SERVICE_AUDIT] = {"84" "8888" "24", "84" "8888" "24yy", 2, 4, 0, 8, 2,
                {SERVICE_INTAKE, SERVICE_ROUTING, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER},
                {SERVICE_NONE}},
};
/* clang-format on */

static int columns_of(enum service_id service)
{
    return (int)strlen(shapes[service].update) + shapes[service].own;
}

int column_of_seen(enum service_id service, enum service_id source)
{
    for (int i = 0; i < shapes[service].seen_count; i++)
        if (shapes[service].hears[i] == source)
            return shapes[service].seen + i;
    return -1;
}

int column_of_sent(enum service_id service, enum service_id dest)
{
    for (int i = 0; i < shapes[service].sent_count; i++)
        if (shapes[service].tells[i] == dest)
            return shapes[service].seen + shapes[service].seen_count + i;
    return -1;
}

void result_begin(struct call *call, const char *types)
{
    call->result = result_new(types);
}

void result_add(struct call *call, const struct cell *cells)
{
    result_row(call->result, cells);
}

enum exec row_insert(
        struct call *call, struct table *table, struct key key, int count, struct version **ret)
{
    struct row *row = row_make(table, key);
    if (!row_lock(call->txn, row))
        return EXEC_WAIT;
    if (row_see(row, call->txn)) {
        call->err = ERR_CONFLICT;
        sim_trace("key twice", (int64_t)table->kind, key.a, key.b, key.c);
        return EXEC_ERROR;
    }
    *ret = row_write(call->txn, row, count);
    return EXEC_DONE;
}

enum exec row_change(struct call *call, struct table *table, struct key key, struct version **ret)
{
    struct row *row = row_find(table, key);
    *ret = NULL;
    if (!row || !row_see(row, call->txn))
        return EXEC_DONE;
    if (!row_lock(call->txn, row))
        return EXEC_WAIT;
    const struct version *seen = row_see(row, call->txn);
    if (seen)
        *ret = row_write(call->txn, row, seen->count);
    return EXEC_DONE;
}

enum exec rows_delete(struct call *call, struct table *table, struct key key)
{
    struct row *row = row_find(table, key);
    if (!row || !row_see(row, call->txn))
        return EXEC_DONE;
    if (!row_lock(call->txn, row))
        return EXEC_WAIT;
    if (row_see(row, call->txn))
        row_delete(call->txn, row);
    return EXEC_DONE;
}

enum exec twin_nothing(struct call *call)
{
    (void)call;
    return EXEC_DONE;
}

/* INSERT … ON CONFLICT: waits for who is about to insert the same. */
static enum exec row_stub(struct call *call, struct table *table, struct key key)
{
    const struct shape *shape = &shapes[call->service];
    struct row *row = row_make(table, key);
    if (row_see(row, call->txn))
        return EXEC_DONE;
    if (!row_lock(call->txn, row))
        return EXEC_WAIT;
    if (row_see(row, call->txn))
        return EXEC_DONE;
    struct version *version = row_write(call->txn, row, columns_of(call->service));
    version->cells[0] = cell_number(row->key.a);
    for (int at = 1; at < shape->seen + shape->seen_count + shape->sent_count; at++)
        version->cells[at] = cell_number(0);
    if (call->service == SERVICE_AUDIT)
        version->cells[strlen(shape->update)] = cell_number(++db.arrivals);
    return EXEC_DONE;
}

enum exec twin_stub(struct call *call)
{
    enum exec exec = EXEC_DONE;
    for (int i = 0; i < call->args[0].count && exec == EXEC_DONE; i++)
        exec = row_stub(call, own_table(call, T_AGG), key1(arg_at(call, 0, i)));
    return exec;
}

static enum exec rows_load(struct call *call, bool skip)
{
    result_begin(call, shapes[call->service].load);
    for (int i = 0; i < call->args[0].count; i++) {
        struct row *row = row_find(own_table(call, T_AGG), key1(arg_at(call, 0, i)));
        if (!row || !row_see(row, call->txn))
            continue;
        if (!sim_planted(PLANT_NO_LOCK) && !row_lock(call->txn, row)) {
            if (skip)
                continue;
            return EXEC_WAIT;
        }
        if (row_see(row, call->txn))
            result_add(call, row_see(row, call->txn)->cells);
    }
    return EXEC_DONE;
}

enum exec twin_load(struct call *call)
{
    return rows_load(call, false);
}

enum exec twin_load_free(struct call *call)
{
    return rows_load(call, true);
}

enum exec twin_existing(struct call *call)
{
    result_begin(call, "8");
    for (int i = 0; i < call->args[0].count; i++)
        if (row_see(row_find(own_table(call, T_AGG), key1(arg_at(call, 0, i))), call->txn))
            result_add(call, (struct cell[]){cell_number(arg_at(call, 0, i))});
    return EXEC_DONE;
}

enum exec twin_update(struct call *call)
{
    const struct shape *shape = &shapes[call->service];
    must(call->arg_count == (int)strlen(shape->update));
    for (int i = 0; i < call->args[0].count; i++) {
        struct version *version = NULL;
        struct key key = key1(arg_at(call, 0, i));
        enum exec exec = row_stub(call, own_table(call, T_AGG), key);
        if (exec == EXEC_DONE)
            exec = row_change(call, own_table(call, T_AGG), key, &version);
        if (exec != EXEC_DONE)
            return exec;
        must(version);
        for (int at = 1; at < call->arg_count; at++) {
            const struct cell *cell = &call->args[at].cells[i];
            bool seen = at >= shape->seen && at < shape->seen + shape->seen_count;
            if ((at >= shape->coalesce && cell->null) || (seen && sim_planted(PLANT_SEEN_LOST)))
                continue;
            version->cells[at] = *cell;
        }
        if (monitor_poison(call->service, version)) {
            call->err = ERR_CONFLICT; /* a CHECK */
            return EXEC_ERROR;
        }
    }
    return EXEC_DONE;
}

static const char *missing;

const char *twin_missing(void)
{
    return missing;
}

static enum exec twin_unknown(struct call *call)
{
    sim_trace("statement without a twin", 0, 0, 0, 0);
    call->err = ERR_TRANSIENT;
    return EXEC_ERROR;
}

static twin_fn *twin_search(const char *name)
{
    static const struct twin *const lists[] = {
            kernel_twins, chore_twins, service_twins, person_twins};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct twin *twin = lists[i]; twin->name; twin++)
            if (strcmp(twin->name, name) == 0)
                return twin->run;
    if (!missing)
        missing = name;
    return twin_unknown;
}

/* Names are literals: most are found by their address. */
twin_fn *twin_find(const char *name)
{
    static struct {
        const char *name;
        twin_fn *run;
    } known[512];
    size_t at = ((uintptr_t)name >> 2) % 512;
    if (known[at].name != name) {
        known[at].name = name;
        known[at].run = twin_search(name);
    }
    return known[at].run;
}
