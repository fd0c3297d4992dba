/* What must hold after every commit. Only what the commit changed is looked at: each row that the
 * log says it wrote, what its earlier version had promised, and sums that are carried along. All of
 * it is looked at anew after whatever was not a commit (the log undone, a row taken away by a
 * planted mistake), once in FULL_EVERY commits, which also compares the sums, and at rest. */
#include <inttypes.h>
#include <string.h>

#include "services/kernel/base/pure_id.h"
#include "tests/sim/check_impl.h"
#include "tests/sim/columns.h"
#include "tests/sim/persons.h"
#include "tests/sim/sim.h"

#define FULL_EVERY 128

/* A metric as states of an aggregate: the rows in one of them, or (amount > 0) the sum of another
 * column. */
#define STATES(low, high) ((2u << (high)) - (1u << (low)))
static const struct metric {
    enum service_id service;
    int64_t number;
    int column;
    unsigned states; /* a bit for each */
    int amount;
} METRICS[] = {{SERVICE_INTAKE, 0, REPORT_STATE, STATES(1, 9), 0},
        {SERVICE_INTAKE, 1, REPORT_STATE, STATES(1, 1), 0},
        {SERVICE_ROUTING, 0, CASE_STATE, STATES(1, 5) | STATES(9, 12), 0},
        {SERVICE_ROUTING, 1, CASE_STATE, STATES(6, 6), 0},
        {SERVICE_ROUTING, 2, CASE_STATE, STATES(7, 7), 0},
        {SERVICE_ROUTING, 3, CASE_STATE, STATES(8, 8), 0},
        {SERVICE_ENFORCEMENT, 0, MISSION_STATE, STATES(1, 4), 0},
        {SERVICE_ENFORCEMENT, 1, MISSION_STATE, STATES(1, 1), 0},
        {SERVICE_ENFORCEMENT, 2, MISSION_STATE, STATES(5, 5), 0},
        {SERVICE_VOLUNTEER, 0, NEED_STATE, STATES(1, 2), 0},
        {SERVICE_VOLUNTEER, 1, NEED_STATE, STATES(3, 3), 0},
        {SERVICE_VOLUNTEER, 2, NEED_STATE, STATES(3, 3), NEED_MINUTES}};
#define METRIC_COUNT (sizeof METRICS / sizeof *METRICS)

struct sums {
    int64_t truth[METRIC_COUNT], counted[METRIC_COUNT]; /* as the tables say, as was counted */
    int64_t placed;                                     /* leaves with a place in the ledger */
};

static struct {
    uint64_t commits; /* since the sums were begun */
    struct sums sums;
} looked;

static void sum_add(
        struct sums *sums, const struct table *table, const struct version *version, int64_t sign)
{
    if (!version)
        return;
    if (table->kind == T_AGG && table->service == SERVICE_AUDIT)
        sums->placed += cell_int(version, ROW_VER) > 0 && !version->cells[PAGE_PLACE].null
                                ? sign * cell_int(version, PAGE_COUNT)
                                : 0;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric *metric = &METRICS[i];
        if (metric->service != table->service)
            continue;
        if (table->kind == T_DELTA && cell_int(version, D_METRIC) == metric->number)
            sums->counted[i] += sign * cell_int(version, D_AMOUNT);
        if (table->kind == T_AGG && (metric->states >> cell_int(version, metric->column) & 1))
            sums->truth[i] += sign * (metric->amount ? cell_int(version, metric->amount) : 1);
    }
}

static struct sums sums_make(void)
{
    struct sums sums = {0};
    for (int i = 0; i < SERVICES; i++) {
        EACH(ALL[i], T_AGG, row, version)
        sum_add(&sums, row->table, version, 1);
        EACH(ALL[i], T_DELTA, delta, change)
        sum_add(&sums, delta->table, change, 1);
    }
    return sums;
}

static void sums_check(const struct sums *sums)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (sums->counted[i] != sums->truth[i])
            sim_fail("%s: metric %" PRId64 " was counted to %" PRId64 ", the table says %" PRId64,
                    service_name(METRICS[i].service), METRICS[i].number, sums->counted[i],
                    sums->truth[i]);
    const struct version *head = row_see(row_find(db_table(SERVICE_AUDIT, T_HEAD), key1(1)), NULL);
    int64_t size = head ? cell_int(head, HD_SIZE) : 0;
    if (sums->placed != size)
        sim_fail("the ledger's head is at %" PRId64 ", and %" PRId64 " leaves have a place", size,
                sums->placed);
}

/* Nothing lost, nothing invented: a number that was given out is in its outbox, or had its effect,
 * or is held or buried; and what had its effect was sent. */
static void sent_check(enum service_id source, const struct row *sent)
{
    const struct version *version = row_see(sent, NULL);
    if (!version)
        return;
    enum service_id dest = (enum service_id)sent->key.a;
    int64_t agg = sent->key.b, n = sent->key.c;
    struct key key = {agg, source, n};
    if (seen_of(dest, source, agg) >= n ||
            row_see(row_find(db_table(source, T_OUTBOX), key1(cell_int(version, SE_ID))), NULL) ||
            row_see(row_find(db_table(dest, T_WAITING), key), NULL) ||
            row_see(row_find(db_table(dest, T_DEAD), key), NULL))
        return;
    sim_fail("number %" PRId64 " of %s about %" PRId64 " to %s is nowhere", n, service_name(source),
            id_counter(agg), service_name(dest));
}

static void number_check(enum service_id source, enum service_id dest, int64_t agg, int64_t n)
{
    sent_check(source, row_find(db_table(source, T_SENT), (struct key){dest, agg, n}));
}

/* `before`: what was there until now; numbers that are not seen any more must be elsewhere. */
static void seen_check(enum service_id at,
        const struct row *row,
        const struct version *before,
        const struct version *version)
{
    for (int from = 0; from < SERVICES; from++) {
        int column = column_of_seen(at, ALL[from]);
        if (column < 0)
            continue;
        int64_t seen = version ? cell_int(version, column) : 0;
        struct key key = {at, row->key.a, seen};
        if (seen > 0 && !row_see(row_find(db_table(ALL[from], T_SENT), key), NULL))
            sim_fail("%s has seen number %" PRId64 " of %s about %" PRId64 ", which was not sent",
                    service_name(at), seen, service_name(ALL[from]), id_counter(row->key.a));
        for (int64_t n = seen + 1; before && n <= cell_int(before, column); n++)
            number_check(ALL[from], at, row->key.a, n);
    }
}

/* The step of that number is there when, and only when, the aggregate has come so far. */
static void version_check(enum service_id service, const struct row *row, int64_t ver)
{
    const struct version *version = row_see(row, NULL);
    if (!version || service == SERVICE_AUDIT) /* pages have no steps */
        return;
    struct key key = {row->key.a, ver, 0};
    bool there = row_see(row_find(db_table(service, T_HISTORY), key), NULL) != NULL;
    if (there != (ver <= cell_int(version, ROW_VER)))
        sim_fail("%s: %" PRId64 " is at version %" PRId64 ", and step %" PRId64 " is %s",
                service_name(service), id_counter(row->key.a), cell_int(version, ROW_VER), ver,
                there ? "there" : "missing");
}

static void aggregate_check(enum service_id service, const struct row *row)
{
    const struct version *version = row_see(row, NULL);
    for (int64_t ver = 1; version && ver <= cell_int(version, ROW_VER) + 1; ver++)
        version_check(service, row, ver);
}

/* Hours once for each need that is done. */
static void credit_check(int64_t id)
{
    const struct version *need = agg_of(SERVICE_VOLUNTEER, id),
                         *credit = row_see(
                                 row_find(db_table(SERVICE_VOLUNTEER, T_CREDIT), key1(id)), NULL);
    bool done = need && cell_int(need, NEED_STATE) == 3;
    if (done != (credit != NULL))
        sim_fail("need %" PRId64 " is %s and has %s hours", id_counter(id),
                done ? "done" : "not done", credit ? "its" : "no");
}

/* A squad's load is the missions that count in it. */
static void squads_check(void)
{
    EACH(SERVICE_ENFORCEMENT, T_SQUAD, squad, row)
    {
        int64_t count = 0;
        EACH(SERVICE_ENFORCEMENT, T_AGG, mission, version)
        {
            int64_t state = cell_int(version, MISSION_STATE);
            count += (state >= 2 && state <= 4 &&
                             cell_int(version, MISSION_SQUAD) == squad->key.a) ||
                     cell_int(version, MISSION_OWED) == squad->key.a;
        }
        if (count != cell_int(row, SQ_LOAD))
            sim_fail("squad %" PRId64 " has a load of %" PRId64 " and %" PRId64 " missions",
                    squad->key.a, cell_int(row, SQ_LOAD), count);
    }
}

void check_all(void)
{
    for (int i = 0; i < SERVICES; i++) {
        EACH(ALL[i], T_SENT, sent, message)
        {
            (void)message;
            sent_check(ALL[i], sent);
        }
        EACH(ALL[i], T_AGG, row, version)
        {
            seen_check(ALL[i], row, NULL, version);
            aggregate_check(ALL[i], row);
            if (ALL[i] == SERVICE_ROUTING)
                parts_check(row->key.a, NULL, version);
        }
    }
    EACH(SERVICE_VOLUNTEER, T_AGG, need, there)
    {
        (void)there;
        credit_check(need->key.a);
    }
    squads_check();
    struct sums sums = sums_make();
    sums_check(&sums);
}

/* A row that is there no more, or otherwise, may have been what kept a promise. */
static void row_check(const struct row *row, const struct version *before)
{
    enum service_id service = row->table->service;
    struct row *agg = NULL;
    switch ((int)row->table->kind) {
    case T_SENT:
        sent_check(service, row);
        break;
    case T_OUTBOX:
        if (before)
            number_check(service, (enum service_id)cell_int(before, O_DEST),
                    cell_int(before, O_AGG), cell_int(before, O_N));
        break;
    case T_WAITING:
    case T_DEAD:
        number_check((enum service_id)row->key.b, service, row->key.a, row->key.c);
        break;
    case T_HISTORY:
        agg = row_find(db_table(service, T_AGG), key1(row->key.a));
        version_check(service, agg, row->key.b);
        break;
    case T_AGG:
        seen_check(service, row, before, row_see(row, NULL));
        aggregate_check(service, row);
        if (service == SERVICE_ROUTING)
            parts_check(row->key.a, before, row_see(row, NULL));
        break;
    default:
        break;
    }
}

static void commit_check(size_t from)
{
    bool squads = false;
    for (size_t i = from; i < db.log_count; i++) {
        const struct row *row = db.log[i].row;
        const struct table *table = row->table;
        const struct version *older = row->head->older,
                             *before = older && !older->deleted ? older : NULL;
        sum_add(&looked.sums, table, before, -1);
        sum_add(&looked.sums, table, row_see(row, NULL), 1);
        row_check(row, before);
        persons_check(row);
        bool aggregate = table->kind == T_AGG;
        squads = squads ||
                 (table->service == SERVICE_ENFORCEMENT && (aggregate || table->kind == T_SQUAD));
        if (table->service == SERVICE_VOLUNTEER && (aggregate || table->kind == T_CREDIT))
            credit_check(row->key.a);
    }
    if (squads)
        squads_check();
    sums_check(&looked.sums);
}

void check_step(size_t from)
{
    bool carried = db.checked == from;
    if (carried)
        commit_check(from);
    else
        looked.commits = 0;
    if (looked.commits++ % FULL_EVERY == 0) {
        check_all();
        struct sums sums = sums_make();
        if (carried && memcmp(&sums, &looked.sums, sizeof sums) != 0)
            sim_fail("the sums that the checks carry along are not those of the rows");
        looked.sums = sums;
    }
    db.checked = db.log_count;
}
