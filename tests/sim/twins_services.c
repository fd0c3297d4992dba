/* Twins of the services' own statements: intake's tickets, enforcement's squads and what it finds
 * to do, volunteer's credits, audit's sequencer. */
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "tests/sim/columns.h"
#include "tests/sim/sim.h"
#include "tests/sim/twins.h"

#define ROWS_MAX 1024

static struct key ticket_key(const struct cell *source, const struct cell *ref)
{
    return (struct key){(int64_t)bytes_hash(source->data, (size_t)source->size),
            (int64_t)bytes_hash(ref->data, (size_t)ref->size), 0};
}

/* When a new ticket is accepted: in a drill as its report says. */
static struct cell ticket_at(const struct cell *said)
{
    return cell_number(sim.drill && !said->null ? said->value : db_clock_ms());
}

static enum exec twin_ticket_insert(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct row *row = row_make(own_table(call, T_TICKET),
                ticket_key(&call->args[0].cells[i], &call->args[1].cells[i]));
        if (row_see(row, call->txn))
            continue;
        if (!row_lock(call->txn, row))
            return EXEC_WAIT;
        if (row_see(row, call->txn))
            continue;
        struct version *version = row_write(call->txn, row, TK_COUNT);
        for (int c = 0; c < TK_AT; c++)
            version->cells[c] = call->args[c].cells[i];
        version->cells[TK_AT] = ticket_at(&call->args[TK_AT].cells[i]);
    }
    return EXEC_DONE;
}

/* The rows are there; those who write them hold their report. */
static enum exec twin_ticket_move(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct version *version;
        enum exec exec = row_change(call, own_table(call, T_TICKET),
                ticket_key(&call->args[0].cells[i], &call->args[1].cells[i]), &version);
        if (exec != EXEC_DONE || !version)
            return exec;
        version->cells[TK_AT] = call->args[TK_AT].cells[i];
    }
    return EXEC_DONE;
}

/* Columns of `reports` and arguments of the statement, each in its order. */
enum {
    R_STATE = 4,
    R_ACCEPTED = 8,
    R_ENDED = 11,
    R_ASKED,
    R_SOURCE = 15,
    R_COURSE = 18,
    R_THING,
    R_NORTH,
    R_EAST
};
enum {
    A_SOURCE,
    A_REF,
    A_OWN,
    A_LEAD,
    A_THING,
    A_NORTH,
    A_EAST,
    A_REACH,
    A_WIDE,
    A_SQUEEZE,
    A_HOURS,
    A_SAID,
    A_JOINS
};
enum { JOINS = 8, NEAR_TRAIN = 256 };

/* In the course's JSON each caller is a list that begins with a text. */
static int64_t callers_of(const struct version *report)
{
    const struct cell *course = &report->cells[R_COURSE];
    int64_t count = 0;
    for (int32_t i = 0; !course->null && i + 1 < course->size; i++)
        count += course->data[i] == '[' && course->data[i + 1] == '"';
    return count;
}

static bool cells_equal(const struct cell *left, const struct cell *right)
{
    return !left->null && !right->null && left->size == right->size &&
           memcmp(left->data, right->data, (size_t)left->size) == 0;
}

/* The square of the distance; -1 = it is not the same thing, or has no room. */
static int64_t near_distance(
        const struct call *call, int i, int64_t row_id, const struct version *report)
{
    const struct cell *said = &call->args[A_SAID].cells[i];
    int64_t now = sim.drill && !said->null ? said->value : db_clock_ms();
    int64_t up = cell_int(report, R_NORTH) - arg_at(call, A_NORTH, i);
    int64_t east = cell_int(report, R_EAST) - arg_at(call, A_EAST, i);
    int64_t aside = east * arg_at(call, A_SQUEEZE, i) / 1000000, reach = arg_at(call, A_REACH, i);
    int64_t joins = arg_at(call, A_JOINS, i);
    bool near =
            cell_int(report, R_THING) && cell_int(report, R_THING) == arg_at(call, A_THING, i) &&
            cell_int(report, R_STATE) == 1 && report->cells[R_ENDED].null &&
            !cell_int(report, R_ASKED) && callers_of(report) < JOINS &&
            (joins ? row_id == joins
                   : cells_equal(&report->cells[R_SOURCE], &call->args[A_SOURCE].cells[i])) &&
            llabs(east) <= arg_at(call, A_WIDE, i) && up * up + aside * aside <= reach * reach &&
            (joins || cell_int(report, R_ACCEPTED) >= now - arg_at(call, A_HOURS, i) * 3600000);
    return near ? up * up + aside * aside : -1;
}

static int64_t near_find(struct call *call, int i, int64_t *ret_callers)
{
    int64_t best = -1, found = 0;
    EACH_ROW(call, T_AGG, row, report)
    {
        int64_t distance = near_distance(call, i, row->key.a, report);
        if (distance < 0 ||
                (best >= 0 && (distance > best || (distance == best && row->key.a > found))))
            continue;
        best = distance;
        found = row->key.a;
        *ret_callers = callers_of(report);
    }
    return found;
}

/* The id for each ticket: of the near report while there is room behind those before it, its lead's
 * own, or its own. */
static void near_choose(struct call *call, int64_t *ret)
{
    int64_t near[NEAR_TRAIN], taken[NEAR_TRAIN];
    int count = call->args[0].count;
    must(count <= NEAR_TRAIN);
    for (int i = 0; i < count; i++) {
        int64_t callers = 0, rank = 1;
        near[i] = taken[i] = near_find(call, i, &callers);
        for (int before = 0; before < i; before++)
            rank += near[i] && near[before] == near[i];
        if (callers + rank > JOINS)
            taken[i] = 0;
    }
    for (int i = 0; i < count; i++) {
        int lead = 0;
        while (arg_at(call, A_LEAD, lead) != arg_at(call, A_LEAD, i))
            lead++;
        ret[i] = taken[i]      ? taken[i]
                 : taken[lead] ? arg_at(call, A_OWN, i)
                               : arg_at(call, A_LEAD, i);
    }
}

static struct row *near_row(struct call *call, int i)
{
    return row_make(own_table(call, T_TICKET),
            ticket_key(&call->args[A_SOURCE].cells[i], &call->args[A_REF].cells[i]));
}

/* All are locked before one is written: a statement that waits is run again from its start, and
 * would then not know its own rows from others'. */
static enum exec twin_ticket_near(struct call *call)
{
    int64_t ids[NEAR_TRAIN];
    near_choose(call, ids);
    for (int i = 0; i < call->args[0].count; i++) {
        struct row *row = near_row(call, i);
        if (!row_see(row, call->txn) && !row_lock(call->txn, row))
            return EXEC_WAIT;
    }
    result_begin(call, "tt");
    for (int i = 0; i < call->args[0].count; i++) {
        struct row *row = near_row(call, i);
        if (row_see(row, call->txn))
            continue;
        struct version *version = row_write(call->txn, row, TK_COUNT);
        version->cells[TK_SOURCE] = call->args[A_SOURCE].cells[i];
        version->cells[TK_REF] = call->args[A_REF].cells[i];
        version->cells[TK_REPORT] = cell_number(ids[i]);
        version->cells[TK_AT] = ticket_at(&call->args[A_SAID].cells[i]);
        result_add(call, version->cells);
    }
    return EXEC_DONE;
}

static enum exec twin_ticket_attach(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        const struct version *about =
                row_see(row_find(own_table(call, T_TICKET),
                                ticket_key(&call->args[0].cells[i], &call->args[2].cells[i])),
                        call->txn);
        struct row *row =
                about ? row_make(own_table(call, T_TICKET),
                                ticket_key(&call->args[0].cells[i], &call->args[1].cells[i]))
                      : NULL;
        if (!row || row_see(row, call->txn))
            continue;
        if (!row_lock(call->txn, row))
            return EXEC_WAIT;
        if (row_see(row, call->txn))
            continue;
        struct version *version = row_write(call->txn, row, TK_COUNT);
        version->cells[TK_SOURCE] = call->args[0].cells[i];
        version->cells[TK_REF] = call->args[1].cells[i];
        version->cells[TK_REPORT] = about->cells[TK_REPORT];
        version->cells[TK_AT] = ticket_at(&call->args[3].cells[i]);
    }
    return EXEC_DONE;
}

static enum exec twin_ticket_find(struct call *call)
{
    result_begin(call, "884Tb");
    for (int i = 0; i < call->args[0].count; i++) {
        const struct version *ticket =
                row_see(row_find(own_table(call, T_TICKET),
                                ticket_key(&call->args[0].cells[i], &call->args[1].cells[i])),
                        call->txn);
        if (!ticket)
            continue;
        int64_t report = cell_int(ticket, TK_REPORT);
        const struct version *row =
                row_see(row_find(own_table(call, T_AGG), key1(report)), call->txn);
        result_add(call, (struct cell[]){cell_number(i + 1), cell_number(report),
                                 cell_number(row ? cell_int(row, 1) : 0), ticket->cells[TK_AT],
                                 cell_number(ticket->txn == call->txn)});
    }
    return EXEC_DONE;
}

static enum exec twin_grids(struct call *call)
{
    result_begin(call, "8y");
    return EXEC_DONE;
}

static enum exec twin_squad_stub(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct row *row = row_make(own_table(call, T_SQUAD), key1(arg_at(call, 0, i)));
        if (row_see(row, call->txn))
            continue;
        if (!row_lock(call->txn, row))
            return EXEC_WAIT;
        if (row_see(row, call->txn))
            continue;
        struct version *version = row_write(call->txn, row, SQ_COUNT);
        version->cells[SQ_ID] = cell_number(row->key.a);
        version->cells[SQ_LOAD] = cell_number(0);
    }
    return EXEC_DONE;
}

static enum exec twin_squad_lock(struct call *call)
{
    result_begin(call, "88848"
                       "4T");
    for (int i = 0; i < call->args[0].count; i++) {
        struct row *row = row_find(own_table(call, T_SQUAD), key1(arg_at(call, 0, i)));
        if (!row || !row_see(row, call->txn))
            continue;
        if (!row_lock(call->txn, row))
            return EXEC_WAIT;
        const struct version *v = row_see(row, call->txn);
        result_add(call, (struct cell[]){v->cells[SQ_ID], v->cells[SQ_TURN], v->cells[SQ_VERSION],
                                 v->cells[SQ_CAPACITY], v->cells[SQ_POOL], v->cells[SQ_LOAD],
                                 v->cells[SQ_FREED]});
    }
    return EXEC_DONE;
}

/* Columns of `missions` in the shape's order. */
enum {
    M_STATE = 4,
    M_UNIT,
    M_STREET,
    M_POOL,
    M_SQUAD,
    M_OWED,
    M_MATTER,
    M_CAPABILITY,
    M_ASKED,
    M_DUE,
    M_CHANGED,
    M_RULE
};

static enum exec twin_squad_queues(struct call *call)
{
    result_begin(call, "8t");
    EACH_ROW(call, T_AGG, row, version)
    for (int i = 0; i < call->args[0].count; i++)
        if (cell_int(version, M_STATE) == 1 && cell_int(version, M_POOL) == arg_at(call, 0, i))
            result_add(call, (struct cell[]){version->cells[M_POOL], version->cells[M_CAPABILITY]});
    return EXEC_DONE;
}

static enum exec twin_squad_update(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct version *version;
        enum exec exec =
                row_change(call, own_table(call, T_SQUAD), key1(arg_at(call, 0, i)), &version);
        if (exec != EXEC_DONE || !version)
            return exec;
        for (int c = 0; c < SQ_COUNT; c++)
            if (c != SQ_CAPABILITIES || !call->args[c].cells[i].null)
                version->cells[c] = call->args[c].cells[i];
        version->cells[SQ_TURN] = cell_number(arg_at(call, SQ_TURN, i) + 1);
    }
    return EXEC_DONE;
}

static bool squad_can(const struct version *squad, const struct version *mission)
{
    const struct cell *wanted = &mission->cells[M_CAPABILITY],
                      *has = &squad->cells[SQ_CAPABILITIES];
    if (cell_int(mission, M_STATE) != 1 || cell_int(mission, M_POOL) != cell_int(squad, SQ_POOL) ||
            cell_int(mission, M_RULE) < db.directory_version)
        return false;
    if (wanted->size == 0)
        return true;
    return !has->null && has->size == wanted->size &&
           memcmp(has->data, wanted->data, (size_t)has->size) == 0;
}

/* The oldest missions that the squad can take, as many as it has room for. */
static void squad_work(struct call *call, const struct version *squad)
{
    int64_t room = cell_int(squad, SQ_CAPACITY) - cell_int(squad, SQ_LOAD);
    if (cell_int(squad, SQ_CAPACITY) == 0)
        room = 64;
    int64_t after_ms = -1, after_id = 0;
    for (; room > 0; room--) {
        const struct version *best = NULL;
        EACH_ROW(call, T_AGG, row, version)
        {
            int64_t asked = cell_int(version, M_ASKED), id = row->key.a;
            if (!squad_can(squad, version) || asked < after_ms ||
                    (asked == after_ms && id <= after_id))
                continue;
            if (!best || asked < cell_int(best, M_ASKED) ||
                    (asked == cell_int(best, M_ASKED) && id < cell_int(best, 0)))
                best = version;
        }
        if (!best)
            return;
        after_ms = cell_int(best, M_ASKED);
        after_id = cell_int(best, 0);
        int64_t freed = cell_int(squad, SQ_FREED), changed = cell_int(best, M_CHANGED);
        result_add(call, (struct cell[]){cell_number(after_id), cell_number(1), cell_number(0),
                                 cell_number(freed > changed ? freed : changed)});
    }
}

/* The id behind "merged" in a case's course; 0 = none. */
static int64_t merged_into(const struct cell *course)
{
    static const char name[] = "\"merged\": ";
    const char *at =
            course->null ? NULL : memmem(course->data, (size_t)course->size, name, strlen(name));
    int64_t id = 0;
    for (at = at ? at + strlen(name) : ""; *at >= '0' && *at <= '9'; at++)
        id = id * 10 + (*at - '0');
    return id;
}

/* Of routing: cases that were merged into one that is over. */
static enum exec twin_merged(struct call *call)
{
    result_begin(call, "848T");
    EACH_ROW(call, T_AGG, row, version)
    {
        int64_t into = merged_into(&version->cells[CASE_COURSE]);
        const struct version *other =
                into ? row_see(row_find(own_table(call, T_AGG), key1(into)), call->txn) : NULL;
        bool there = other && cell_int(other, ROW_VER) > 0;
        int64_t state = there ? cell_int(other, CASE_STATE) : 7;
        if (into && state >= 6 && state <= 8)
            result_add(call, (struct cell[]){cell_number(row->key.a),
                                     cell_number(state == 6   ? 1
                                                 : state == 8 ? 2
                                                              : 3),
                                     cell_number(0), cell_number(db_clock_ms())});
    }
    return EXEC_DONE;
}

static enum exec twin_others(struct call *call)
{
    result_begin(call, "8842");
    for (int i = 0; i < call->args[0].count; i++) {
        struct row *row = row_find(own_table(call, T_AGG), key1(arg_at(call, 0, i)));
        const struct version *version = row ? row_see(row, call->txn) : NULL;
        if (version && cell_int(version, ROW_VER) > 0)
            result_add(call, (struct cell[]){version->cells[ROW_ID], version->cells[CASE_AREA],
                                     version->cells[CASE_MATTER], version->cells[CASE_STATE]});
    }
    return EXEC_DONE;
}

static enum exec twin_work(struct call *call)
{
    if (call->service == SERVICE_ROUTING)
        return twin_merged(call);
    result_begin(call, "848T");
    EACH_ROW(call, T_AGG, row, version)
    {
        if (cell_int(version, M_OWED))
            result_add(call, (struct cell[]){cell_number(row->key.a), cell_number(2),
                                     cell_number(0), version->cells[M_CHANGED]});
        if (cell_int(version, M_STATE) == 1 && cell_int(version, M_RULE) < db.directory_version)
            result_add(call, (struct cell[]){cell_number(row->key.a), cell_number(1),
                                     cell_number(0), cell_number(db_clock_ms())});
    }
    EACH_ROW(call, T_SQUAD, squad, there)
    if (cell_int(there, SQ_VERSION) == db.directory_version)
        squad_work(call, there);
    return EXEC_DONE;
}

static enum exec twin_credit(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct version *version;
        enum exec exec = row_insert(
                call, own_table(call, T_CREDIT), key1(arg_at(call, 0, i)), CR_COUNT, &version);
        if (exec != EXEC_DONE)
            return exec;
        version->cells[CR_NEED] = call->args[0].cells[i];
        version->cells[CR_MINUTES] = call->args[2].cells[i];
    }
    return EXEC_DONE;
}

/* Columns of `pages`. */
enum { P_VER = 1, P_COUNT_LEAVES = 7, P_HASHES = 9, P_ARRIVAL, P_PLACE };

static int arrival_compare(const void *left, const void *right)
{
    const struct row *a = *(struct row *const *)left, *b = *(struct row *const *)right;
    return (cell_int(a->head, P_ARRIVAL) > cell_int(b->head, P_ARRIVAL)) -
           (cell_int(a->head, P_ARRIVAL) < cell_int(b->head, P_ARRIVAL));
}

static size_t unplaced(struct call *call, struct row **ret, int64_t from, bool lock)
{
    size_t count = 0;
    EACH_ROW(call, T_AGG, row, version)
    if (cell_int(version, P_VER) > 0 && version->cells[P_PLACE].null && count < ROWS_MAX &&
            cell_int(version, P_ARRIVAL) >= from && row->head == version &&
            (!lock || row_lock(call->txn, row)))
        ret[count++] = row;
    if (count)
        qsort(ret, count, sizeof *ret, arrival_compare);
    return count;
}

static enum exec twin_look(struct call *call)
{
    struct row *found[ROWS_MAX];
    struct cell low = {.null = true};
    result_begin(call, "88");
    if (unplaced(call, found, arg_int(call, 0), false))
        low = found[0]->head->cells[P_ARRIVAL];
    result_add(call, (struct cell[]){low, cell_number(db.arrivals + 1)});
    return EXEC_DONE;
}

static enum exec twin_head_take(struct call *call)
{
    struct row *found[ROWS_MAX];
    struct row *head = row_make(own_table(call, T_HEAD), key1(1));
    result_begin(call, "8y8");
    if (!unplaced(call, found, arg_int(call, 0), false))
        return EXEC_DONE;
    if (!sim_planted(PLANT_HEAD_SHARED) && !row_lock(call->txn, head))
        return EXEC_DONE; /* SKIP LOCKED */
    const struct version *version = row_see(head, call->txn);
    struct cell empty = {.data = (const uint8_t *)"", .size = 0};
    result_add(call, (struct cell[]){cell_number(version ? cell_int(version, HD_SIZE) : 0),
                             version ? version->cells[HD_FRONTIER] : empty,
                             found[0]->head->cells[P_ARRIVAL]});
    return EXEC_DONE;
}

static enum exec twin_unplaced(struct call *call)
{
    struct row *found[ROWS_MAX];
    size_t count = unplaced(call, found, arg_int(call, 1), true);
    result_begin(call, "84y");
    for (size_t i = 0; i < count && (int64_t)i < arg_int(call, 0); i++)
        result_add(call,
                (struct cell[]){cell_number(found[i]->key.a), found[i]->head->cells[P_COUNT_LEAVES],
                        found[i]->head->cells[P_HASHES]});
    return EXEC_DONE;
}

static enum exec twin_place(struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        struct version *version;
        enum exec exec =
                row_change(call, own_table(call, T_AGG), key1(arg_at(call, 0, i)), &version);
        if (exec != EXEC_DONE || !version)
            return exec;
        version->cells[P_PLACE] = call->args[1].cells[i];
    }
    return EXEC_DONE;
}

static enum exec twin_head_move(struct call *call)
{
    struct row *row = row_make(own_table(call, T_HEAD), key1(1));
    if (!row_lock(call->txn, row))
        return EXEC_WAIT;
    struct version *version = row_write(call->txn, row, HD_COUNT);
    version->cells[HD_SIZE] = call->args[0].cells[0];
    version->cells[HD_FRONTIER] = call->args[1].cells[0];
    return EXEC_DONE;
}

/* Nobody subscribes here, and nobody joins what another source has reported: two statements have
 * nothing to do. */
const struct twin service_twins[] = {{"intake_ticket_insert", twin_ticket_insert},
        {"intake_ticket_near", twin_ticket_near}, {"intake_ticket_attach", twin_ticket_attach},
        {"intake_ticket_find", twin_ticket_find}, {"intake_ticket_move", twin_ticket_move},
        {"intake_grids_read", twin_grids}, {"intake_delivery_add", twin_nothing},
        {"intake_listed_stages", twin_nothing}, {"intake_photos_kept", twin_nothing},
        {"intake_photos_add", twin_nothing}, {"intake_ticket_owe", twin_nothing},
        {"squad_stub", twin_squad_stub}, {"squad_lock", twin_squad_lock},
        {"squad_queues", twin_squad_queues}, {"squad_update", twin_squad_update},
        {"cases_others", twin_others}, {"k_work", twin_work}, {"credit_add", twin_credit},
        {"look", twin_look}, {"head_take", twin_head_take}, {"unplaced", twin_unplaced},
        {"place", twin_place}, {"head_move", twin_head_move}, {NULL, NULL}};
