/* Twins of the statements of a batch (kernel/store/load.c, save.c, batch.c): what PostgreSQL does
 * for each, on rows in memory. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/monitor.h"
#include "tests/sim/sim.h"
#include "tests/sim/twins.h"

static enum exec twin_attempt(struct call *call)
{
    session_async(call->session);
    for (int i = 0; i < call->args[2].count; i++) {
        struct version *version;
        enum exec exec = row_insert(call, own_table(call, T_ATTEMPT),
                (struct key){arg_int(call, 0), i, 0}, AT_COUNT, &version);
        if (exec != EXEC_DONE)
            return exec;
        version->cells[AT_ID] = call->args[0].cells[0];
        version->cells[AT_SESSION] = call->args[1].cells[0];
        version->cells[AT_AT] = cell_number(db_wall_ms());
        version->cells[AT_MESSAGE] = call->args[2].cells[i];
        version->cells[AT_ALONE] = cell_number(call->args[2].count == 1);
    }
    return EXEC_DONE;
}

static enum exec twin_attempt_end(struct call *call)
{
    struct table *table = own_table(call, T_ATTEMPT);
    for (int i = 0; row_find(table, (struct key){arg_int(call, 0), i, 0}); i++) {
        enum exec exec = rows_delete(call, table, (struct key){arg_int(call, 0), i, 0});
        if (exec != EXEC_DONE)
            return exec;
    }
    return EXEC_DONE;
}

static enum exec twin_site(struct call *call)
{
    result_begin(call, "88bT888"); /* nobody has a horizon: nothing old is deleted here */
    result_add(call, (struct cell[]){cell_number(db.directory_version), cell_number(db.incarnation),
                             cell_number(sim.drill), cell_number(db_clock_ms()),
                             cell_number(db.trust), {.null = true}, {.null = true}});
    return EXEC_DONE;
}

static enum exec twin_mark(struct call *call)
{
    call->txn->wrote = true;
    result_begin(call, "8");
    return EXEC_DONE;
}

static enum exec twin_async(struct call *call)
{
    session_async(call->session);
    result_begin(call, "t");
    return EXEC_DONE;
}

static int held_compare(const void *left, const void *right)
{
    const struct version *a = *(const struct version *const *)left;
    const struct version *b = *(const struct version *const *)right;
    static const int columns[] = {W_AGG, W_SOURCE, W_N};
    for (int i = 0; i < 3; i++) {
        int64_t x = cell_int(a, columns[i]), y = cell_int(b, columns[i]);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

/* Rows of waiting or dead_letter of the aggregates, in order. */
static void held_select(
        struct call *call, enum table_kind kind, const struct cell *ids, int id_count, int64_t n)
{
    const struct version *found[1024];
    size_t count = 0;
    EACH_ROW(call, kind, row, version)
    {
        bool wanted = false;
        for (int i = 0; i < id_count && !wanted; i++)
            wanted = ids[i].value == cell_int(version, W_AGG);
        if (wanted && (!n || cell_int(version, W_N) == n) && count < 1024)
            found[count++] = version;
    }
    if (count)
        qsort(found, count, sizeof *found, held_compare);
    for (size_t i = 0; i < count; i++)
        result_add(call, found[i]->cells);
}

static enum exec twin_waiting(struct call *call)
{
    result_begin(call, "822884T4y");
    held_select(call, T_WAITING, call->args[0].cells, call->args[0].count, 0);
    return EXEC_DONE;
}

static enum exec twin_dead(struct call *call)
{
    result_begin(call, "822884T4y");
    held_select(call, T_DEAD, call->args[0].cells, call->args[0].count, 0);
    return EXEC_DONE;
}

/* A little more than the statement reads: all that is held of the aggregate. */
static enum exec twin_waiting_one(struct call *call)
{
    result_begin(call, "822884T4y");
    held_select(call, T_WAITING, call->args[0].cells, 1, 0);
    return EXEC_DONE;
}

static enum exec twin_dead_one(struct call *call)
{
    result_begin(call, "822884T4y");
    const struct row *row = row_find(own_table(call, T_DEAD),
            (struct key){arg_int(call, 0), arg_int(call, 1), arg_int(call, 2)});
    if (row_see(row, call->txn))
        result_add(call, row_see(row, call->txn)->cells);
    return EXEC_DONE;
}

static enum exec twin_suspect(struct call *call)
{
    result_begin(call, "84");
    for (int i = 0; i < call->args[0].count; i++) {
        const struct version *version =
                row_see(row_find(own_table(call, T_SUSPECT), key1(arg_at(call, 0, i))), call->txn);
        if (version)
            result_add(call, version->cells);
    }
    return EXEC_DONE;
}

static enum exec twin_clear_suspect(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        enum exec exec = rows_delete(call, own_table(call, T_SUSPECT), key1(arg_at(call, 0, i)));
        if (exec != EXEC_DONE)
            return exec;
    }
    return EXEC_DONE;
}

static enum exec twin_timers(struct call *call)
{
    result_begin(call, "828T");
    EACH_ROW(call, T_TIMER, row, version)
    for (int i = 0; i < call->args[0].count; i++)
        if (arg_at(call, 0, i) == cell_int(version, TI_AGG))
            result_add(call, version->cells);
    return EXEC_DONE;
}

static struct key command_key(const struct cell *peer, const struct cell *request)
{
    return (struct key){(int64_t)bytes_hash(peer->data, (size_t)peer->size),
            (int64_t)bytes_hash(request->data, (size_t)request->size), 0};
}

static enum exec twin_commands(struct call *call)
{
    result_begin(call, "tty24y");
    for (int i = 0; i < call->args[0].count; i++) {
        const struct version *v =
                row_see(row_find(own_table(call, T_COMMAND),
                                command_key(&call->args[0].cells[i], &call->args[1].cells[i])),
                        call->txn);
        if (v)
            result_add(
                    call, (struct cell[]){v->cells[C_PEER], v->cells[C_REQUEST], v->cells[C_DIGEST],
                                  v->cells[C_VERDICT], v->cells[C_REASON], v->cells[C_ANSWER]});
    }
    return EXEC_DONE;
}

/* INSERT … SELECT * FROM unnest(…): columns in the order of the arguments. */
static enum exec rows_insert(struct call *call,
        enum table_kind kind,
        const int *columns,
        int column_count,
        struct key (*key)(const struct call *call, int at),
        int width)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct version *version;
        enum exec exec = row_insert(call, own_table(call, kind), key(call, i), width, &version);
        if (exec != EXEC_DONE)
            return exec;
        for (int c = 0; c < column_count; c++)
            version->cells[columns[c]] = call->args[c].cells[i];
    }
    return EXEC_DONE;
}

static struct key history_key(const struct call *call, int at)
{
    return (struct key){arg_at(call, 0, at), arg_at(call, 1, at), 0};
}

static enum exec twin_history(struct call *call)
{
    static const int columns[] = {H_AGG, H_VER, H_KIND, H_FROM, H_TO, H_AT, H_UNIT, H_DUE, H_RULE,
            H_PAGE, H_IDX, H_SALT, H_ACTOR, H_DETAIL};
    monitor_steps(call);
    return rows_insert(call, T_HISTORY, columns, H_COUNT, history_key, H_COUNT);
}

static struct key held_key(const struct call *call, int at)
{
    return (struct key){arg_at(call, 3, at), arg_at(call, 1, at), arg_at(call, 4, at)};
}

static const int HELD_COLUMNS[] = {
        W_ID, W_SOURCE, W_SITE, W_AGG, W_N, W_TYPE, W_AT, W_PAYLOAD, W_ATTEMPTS, W_REASON};

static enum exec twin_wait(struct call *call)
{
    if (sim_planted(PLANT_WAIT_DROPPED))
        return EXEC_DONE;
    sim_stats[STAT_WAITED] += (uint64_t)call->args[0].count;
    return rows_insert(call, T_WAITING, HELD_COLUMNS, 8, held_key, W_COUNT);
}

static enum exec twin_bury(struct call *call)
{
    sim_stats[STAT_LETTERS] += (uint64_t)call->args[0].count;
    return rows_insert(call, T_DEAD, HELD_COLUMNS, 10, held_key, W_COUNT);
}

static enum exec held_delete(struct call *call, enum table_kind kind)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct key key = {arg_at(call, 0, i), arg_at(call, 1, i), arg_at(call, 3, i)};
        enum exec exec = rows_delete(call, own_table(call, kind), key);
        if (exec != EXEC_DONE)
            return exec;
    }
    return EXEC_DONE;
}

static enum exec twin_unwait(struct call *call)
{
    return held_delete(call, T_WAITING);
}

static enum exec twin_unbury(struct call *call)
{
    return held_delete(call, T_DEAD);
}

static enum exec twin_timer_set(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct row *row = row_make(
                own_table(call, T_TIMER), (struct key){arg_at(call, 0, i), arg_at(call, 1, i), 0});
        if (!row_lock(call->txn, row))
            return EXEC_WAIT;
        struct version *version = row_write(call->txn, row, TI_COUNT);
        for (int c = 0; c < TI_COUNT; c++)
            version->cells[c] = call->args[c].cells[i];
    }
    return EXEC_DONE;
}

static enum exec twin_timer_clear(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        enum exec exec = rows_delete(call, own_table(call, T_TIMER),
                (struct key){arg_at(call, 0, i), arg_at(call, 1, i), 0});
        if (exec != EXEC_DONE)
            return exec;
    }
    return EXEC_DONE;
}

static struct key command_row_key(const struct call *call, int at)
{
    return command_key(&call->args[0].cells[at], &call->args[1].cells[at]);
}

static enum exec twin_command(struct call *call)
{
    static const int columns[] = {
            C_PEER, C_REQUEST, C_DIGEST, C_AGG, C_VERDICT, C_REASON, C_ANSWER};
    return rows_insert(call, T_COMMAND, columns, C_COUNT, command_row_key, C_COUNT);
}

/* Kept as sums over all units and matters, which is enough to compare with the tables. */
static enum exec twin_delta(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        if (arg_at(call, 1, i) || arg_at(call, 2, i))
            continue;
        struct version *version;
        int64_t serial = ++db.arrivals;
        enum exec exec =
                row_insert(call, own_table(call, T_DELTA), key1(serial), D_COUNT, &version);
        if (exec != EXEC_DONE)
            return exec;
        version->cells[D_METRIC] = call->args[0].cells[i];
        version->cells[D_AMOUNT] = call->args[3].cells[i];
    }
    return EXEC_DONE;
}

static enum exec twin_outbox(struct call *call)
{
    static const int columns[] = {O_ID, O_DEST, O_AGG, O_N, O_TYPE, O_AT, O_PAYLOAD};
    for (int i = 0; i < call->args[0].count; i++) {
        struct version *version;
        enum exec exec = row_insert(
                call, own_table(call, T_OUTBOX), key1(arg_at(call, 0, i)), O_COUNT, &version);
        if (exec != EXEC_DONE)
            return exec;
        for (int c = 0; c < 7; c++)
            version->cells[columns[c]] = call->args[c].cells[i];
        version->cells[O_DUE] = cell_number(db_wall_ms() + arg_int(call, 7));
        version->cells[O_TRIES] = cell_number(0);
        exec = monitor_sent(call, version);
        if (exec != EXEC_DONE)
            return exec;
    }
    return EXEC_DONE;
}

static enum exec twin_acked(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct row *row = row_find(own_table(call, T_OUTBOX), key1(arg_at(call, 0, i)));
        const struct version *version = row_see(row, call->txn);
        if (!version || cell_int(version, O_DEST) != arg_at(call, 1, i) ||
                !row_lock(call->txn, row))
            continue;
        if (row_see(row, call->txn))
            row_delete(call->txn, row);
    }
    return EXEC_DONE;
}

static enum exec twin_begin(struct call *call)
{
    session_begin(call->session);
    return EXEC_DONE;
}

const struct twin kernel_twins[] = {{"pg_begin", twin_begin}, {"k_site", twin_site},
        {"k_mark", twin_mark}, {"k_async", twin_async}, {"k_attempt", twin_attempt},
        {"k_attempt_end", twin_attempt_end}, {"k_waiting", twin_waiting}, {"k_dead", twin_dead},
        {"k_waiting_one", twin_waiting_one}, {"k_dead_one", twin_dead_one},
        {"k_suspect", twin_suspect}, {"k_clear_suspect", twin_clear_suspect},
        {"k_timers", twin_timers}, {"k_commands", twin_commands}, {"k_load_free", twin_load_free},
        {"k_existing", twin_existing}, {"k_history", twin_history}, {"k_outbox", twin_outbox},
        {"k_wait", twin_wait}, {"k_bury", twin_bury}, {"k_unwait", twin_unwait},
        {"k_unbury", twin_unbury}, {"k_timer_set", twin_timer_set},
        {"k_timer_clear", twin_timer_clear}, {"k_command", twin_command}, {"k_delta", twin_delta},
        {"k_acked", twin_acked}, {"intake_stub", twin_stub}, {"intake_load", twin_load},
        {"intake_update", twin_update}, {"cases_stub", twin_stub}, {"cases_load", twin_load},
        {"cases_update", twin_update}, {"mission_stub", twin_stub}, {"mission_load", twin_load},
        {"mission_update", twin_update}, {"need_stub", twin_stub}, {"need_load", twin_load},
        {"need_update", twin_update}, {"pages_stub", twin_stub}, {"pages_load", twin_load},
        {"pages_update", twin_update}, {"toy_stub", twin_stub}, {"toy_load", twin_load},
        {"toy_update", twin_update}, {NULL, NULL}};
