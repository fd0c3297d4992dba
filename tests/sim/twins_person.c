/* Twins of intake's statements about who calls: rows that are added, read, deleted and sealed anew,
 * and the steps that lose their words. */
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "tests/sim/columns.h"
#include "tests/sim/twins.h"

#define PERSONS_READ 64 /* of one report */

static struct key person_key(const struct call *call, int at)
{
    return (struct key){arg_at(call, 0, at), arg_at(call, 1, at), 0};
}

static enum exec twin_add(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct version *version;
        enum exec exec = row_insert(
                call, own_table(call, T_PERSON), person_key(call, i), PE_COUNT, &version);
        if (exec != EXEC_DONE)
            return exec;
        for (int c = 0; c < PE_COUNT; c++)
            version->cells[c] = call->args[c].cells[i];
    }
    return EXEC_DONE;
}

static int row_compare(const void *left, const void *right)
{
    const struct version *a = *(const struct version *const *)left;
    const struct version *b = *(const struct version *const *)right;
    return (cell_int(a, PE_VER) > cell_int(b, PE_VER)) -
           (cell_int(a, PE_VER) < cell_int(b, PE_VER));
}

/* The report's rows, by version; but those by key `without`. */
static int rows_find(struct call *call,
        int64_t report,
        int64_t without,
        const struct version *ret[static PERSONS_READ])
{
    int count = 0;
    EACH_ROW(call, T_PERSON, row, version)
    if (row->key.a == report && cell_int(version, PE_KEY) != without) {
        must(count < PERSONS_READ);
        ret[count++] = version;
    }
    qsort(ret, (size_t)count, sizeof *ret, row_compare);
    return count;
}

/* The batch's ids come in order. */
static enum exec twin_read(struct call *call)
{
    const struct version *found[PERSONS_READ];
    result_begin(call, "84t8y");
    for (int i = 0; i < call->args[0].count; i++) {
        int count = rows_find(call, arg_at(call, 0, i), 0, found);
        for (int at = 0; at < count; at++)
            result_add(call, found[at]->cells);
    }
    return EXEC_DONE;
}

static enum exec twin_delete(struct call *call)
{
    const struct version *found[PERSONS_READ];
    for (int i = 0; i < call->args[0].count; i++) {
        int count = rows_find(call, arg_at(call, 0, i), 0, found);
        for (int at = 0; at < count; at++) {
            struct key key = {arg_at(call, 0, i), cell_int(found[at], PE_VER), 0};
            enum exec exec = rows_delete(call, own_table(call, T_PERSON), key);
            if (exec != EXEC_DONE)
                return exec;
        }
    }
    return EXEC_DONE;
}

static enum exec twin_salts(struct call *call)
{
    static const int gone[] = {H_SALT, H_ACTOR, H_DETAIL};
    for (int i = 0; i < call->args[0].count; i++)
        for (int64_t ver = 1; ver < arg_at(call, 1, i); ver++) {
            struct key key = {arg_at(call, 0, i), ver, 0};
            struct row *row = row_find(own_table(call, T_HISTORY), key);
            const struct version *step = row ? row_see(row, call->txn) : NULL;
            int64_t kind = step ? cell_int(step, H_KIND) : STEP_KIND_SEEN;
            struct version *version;
            if (kind == STEP_KIND_SEEN || kind == STEP_KIND_FORGOTTEN)
                continue;
            enum exec exec = row_change(call, own_table(call, T_HISTORY), key, &version);
            if (exec != EXEC_DONE)
                return exec;
            for (size_t c = 0; version && c < sizeof gone / sizeof *gone; c++)
                version->cells[gone[c]] = (struct cell){.null = true};
        }
    return EXEC_DONE;
}

static enum exec twin_reseal_read(struct call *call)
{
    const struct version *found[PERSONS_READ];
    result_begin(call, "848y");
    for (int i = 0; i < call->args[0].count; i++) {
        int count = rows_find(call, arg_at(call, 0, i), arg_int(call, 1), found);
        for (int at = 0; at < count; at++) {
            const struct cell *cells = found[at]->cells;
            result_add(call, (const struct cell[]){cells[PE_REPORT], cells[PE_VER], cells[PE_KEY],
                                     cells[PE_SEALED]});
        }
    }
    return EXEC_DONE;
}

static enum exec twin_reseal_write(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct version *version;
        struct row *row = row_find(own_table(call, T_PERSON), person_key(call, i));
        const struct version *there = row ? row_see(row, call->txn) : NULL;
        if (!there || cell_int(there, PE_KEY) != arg_at(call, 2, i))
            continue;
        enum exec exec = row_change(call, own_table(call, T_PERSON), person_key(call, i), &version);
        if (exec != EXEC_DONE)
            return exec;
        if (!version)
            continue;
        version->cells[PE_KEY] = call->args[3].cells[i];
        version->cells[PE_SEALED] = call->args[4].cells[i];
    }
    return EXEC_DONE;
}

const struct twin person_twins[] = {{"intake_person_add", twin_add},
        {"intake_person_read", twin_read}, {"intake_person_delete", twin_delete},
        {"intake_person_salts", twin_salts}, {"intake_reseal_read", twin_reseal_read},
        {"intake_reseal_write", twin_reseal_write}, {NULL, NULL}};
