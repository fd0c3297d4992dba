#include "tests/sim/check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "services/kernel/base/pure_id.h"
#include "tests/sim/columns.h"
#include "tests/sim/sim.h"
#include "tests/sim/twins.h"

#define EACH(service, kind, row_, version_)                                                        \
    for (size_t row_##_at = 0; row_##_at < db_table(service, kind)->count; row_##_at++)            \
        for (struct row *row_ = db_table(service, kind)->rows[row_##_at]; row_; row_ = NULL)       \
            for (const struct version *version_ = row_see(row_, NULL); version_; version_ = NULL)

static const enum service_id ALL[] = {
        SERVICE_INTAKE, SERVICE_ROUTING, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER, SERVICE_AUDIT};
#define SERVICES 5

static const struct version *agg_of(enum service_id service, int64_t id)
{
    return row_see(row_find(db_table(service, T_AGG), key1(id)), NULL);
}

static int64_t seen_of(enum service_id at, enum service_id source, int64_t agg)
{
    const struct version *row = agg_of(at, agg);
    int column = column_of_seen(at, source);
    return row && column >= 0 ? cell_int(row, column) : 0;
}

static void stream_check(enum service_id source, const struct row *sent)
{
    enum service_id dest = (enum service_id)sent->key.a;
    int64_t seen = seen_of(dest, source, sent->key.b);
    if (seen < sent->key.c)
        sim_fail("%s sent number %" PRId64 " about %" PRId64 ", %s has seen %" PRId64,
                service_name(source), sent->key.c, id_counter(sent->key.b), service_name(dest),
                seen);
    if (dest == SERVICE_AUDIT)
        return;
    int column = column_of_sent(source, dest);
    const struct version *row = agg_of(source, sent->key.b);
    if (!row || cell_int(row, column) < sent->key.c)
        sim_fail("%s: the counter of %" PRId64 " is behind what was sent to %s",
                service_name(source), id_counter(sent->key.b), service_name(dest));
    else if (cell_int(row, column) != seen)
        sim_fail("%s has sent %" PRId64 " messages about %" PRId64 ", %s has seen %" PRId64,
                service_name(source), cell_int(row, column), id_counter(sent->key.b),
                service_name(dest), seen);
}

void check_streams(void)
{
    for (int i = 0; i < SERVICES; i++)
        EACH(ALL[i], T_SENT, row, version)
        {
            (void)version;
            stream_check(ALL[i], row);
        }
    for (int to = 0; to < SERVICES; to++)
        EACH(ALL[to], T_AGG, row, version)
    for (int from = 0; from < SERVICES; from++) {
        struct key key = {ALL[to], row->key.a, 1};
        int column = column_of_seen(ALL[to], ALL[from]);
        if (column >= 0 && cell_int(version, column) > 0 &&
                !row_see(row_find(db_table(ALL[from], T_SENT), key), NULL))
            sim_fail("%s has seen of %s what was never sent about %" PRId64, service_name(ALL[to]),
                    service_name(ALL[from]), id_counter(row->key.a));
    }
}

/* Nothing lost, nothing invented, after whatever commit: a number that was given out is in its
 * outbox, or had its effect, or is held or buried; and what had its effect was sent. */
static void sent_check(
        enum service_id source, const struct row *sent, const struct version *version)
{
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

static void seen_check(enum service_id at, const struct row *row, const struct version *version)
{
    for (int from = 0; from < SERVICES; from++) {
        int column = column_of_seen(at, ALL[from]);
        int64_t seen = column < 0 ? 0 : cell_int(version, column);
        struct key key = {at, row->key.a, seen};
        if (seen > 0 && !row_see(row_find(db_table(ALL[from], T_SENT), key), NULL))
            sim_fail("%s has seen number %" PRId64 " of %s about %" PRId64 ", which was not sent",
                    service_name(at), seen, service_name(ALL[from]), id_counter(row->key.a));
    }
}

static void versions_check(enum service_id service)
{
    EACH(service, T_AGG, row, version)
    for (int64_t ver = 1; ver <= cell_int(version, ROW_VER) + 1; ver++) {
        struct key key = {row->key.a, ver, 0};
        bool there = row_see(row_find(db_table(service, T_HISTORY), key), NULL) != NULL;
        if (there != (ver <= cell_int(version, ROW_VER)))
            sim_fail("%s: %" PRId64 " is at version %" PRId64 ", and step %" PRId64 " is %s",
                    service_name(service), id_counter(row->key.a), cell_int(version, ROW_VER), ver,
                    there ? "there" : "missing");
    }
}

void check_versions(void)
{
    for (int i = 0; i < SERVICES - 1; i++)
        versions_check(ALL[i]);
}

void check_cases(void)
{
    static const int64_t end[] = {[6] = 2, [7] = 3, [8] = 4};
    EACH(SERVICE_INTAKE, T_AGG, row, report)
    {
        const struct version *this = agg_of(SERVICE_ROUTING, row->key.a);
        if (cell_int(report, ROW_VER) == 0)
            continue;
        if (!this || cell_int(this, ROW_VER) == 0) {
            sim_fail("report %" PRId64 " has no case", id_counter(row->key.a));
            continue;
        }
        int64_t state = cell_int(this, CASE_STATE),
                should = state >= 6 && state <= 8 ? end[state] : 1;
        sim_stats[STAT_CASES]++;
        sim_stats[STAT_CLOSED] += state == 6;
        if (cell_int(report, REPORT_STATE) != should)
            sim_fail("the case of report %" PRId64 " is in state %" PRId64
                     ", the report in %" PRId64,
                    id_counter(row->key.a), state, cell_int(report, REPORT_STATE));
    }
    EACH(SERVICE_ROUTING, T_AGG, other, this)
    {
        const struct version *report = agg_of(SERVICE_INTAKE, other->key.a);
        if (cell_int(this, ROW_VER) > 0 && (!report || cell_int(report, ROW_VER) == 0))
            sim_fail("case %" PRId64 " has no report", id_counter(other->key.a));
    }
    EACH(SERVICE_ENFORCEMENT, T_AGG, mission, there)
    {
        const struct version *this = agg_of(SERVICE_ROUTING, mission->key.a);
        bool open = cell_int(there, MISSION_STATE) >= 1 && cell_int(there, MISSION_STATE) <= 4;
        if (open && (!this || cell_int(this, CASE_WORK) != 1))
            sim_fail("mission %" PRId64 " is open and its case knows nothing of it",
                    id_counter(mission->key.a));
    }
}

void check_squads(void)
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

bool check_work_done(void)
{
    bool free_squad = false, waits = false;
    EACH(SERVICE_ENFORCEMENT, T_SQUAD, squad, row)
    free_squad = free_squad || (cell_int(row, SQ_VERSION) == db.directory_version &&
                                       cell_int(row, SQ_LOAD) < cell_int(row, SQ_CAPACITY));
    EACH(SERVICE_ENFORCEMENT, T_AGG, mission, version)
    {
        waits = waits || cell_int(version, MISSION_STATE) == 1;
        if (cell_int(version, MISSION_OWED))
            return false;
    }
    return !(free_squad && waits);
}

void check_credits(void)
{
    EACH(SERVICE_VOLUNTEER, T_AGG, row, need)
    {
        const struct version *credit =
                row_see(row_find(db_table(SERVICE_VOLUNTEER, T_CREDIT), row->key), NULL);
        bool done = cell_int(need, NEED_STATE) == 3;
        if (done != (credit != NULL))
            sim_fail("need %" PRId64 " is %s and has %s hours", id_counter(row->key.a),
                    done ? "done" : "not done", credit ? "its" : "no");
    }
}

static int64_t counted(enum service_id service, int64_t metric)
{
    int64_t sum = 0;
    EACH(service, T_DELTA, row, version)
    if (cell_int(version, D_METRIC) == metric)
        sum += cell_int(version, D_AMOUNT);
    return sum;
}

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
        {SERVICE_ROUTING, 0, CASE_STATE, STATES(1, 5) | STATES(9, 11), 0},
        {SERVICE_ROUTING, 1, CASE_STATE, STATES(6, 6), 0},
        {SERVICE_ROUTING, 2, CASE_STATE, STATES(7, 7), 0},
        {SERVICE_ROUTING, 3, CASE_STATE, STATES(8, 8), 0},
        {SERVICE_ENFORCEMENT, 0, MISSION_STATE, STATES(1, 4), 0},
        {SERVICE_ENFORCEMENT, 1, MISSION_STATE, STATES(1, 1), 0},
        {SERVICE_ENFORCEMENT, 2, MISSION_STATE, STATES(5, 5), 0},
        {SERVICE_VOLUNTEER, 0, NEED_STATE, STATES(1, 2), 0},
        {SERVICE_VOLUNTEER, 1, NEED_STATE, STATES(3, 3), 0},
        {SERVICE_VOLUNTEER, 2, NEED_STATE, STATES(3, 3), NEED_MINUTES}};

static void counters_check(enum service_id service)
{
    for (size_t i = 0; i < sizeof METRICS / sizeof *METRICS; i++) {
        const struct metric *metric = &METRICS[i];
        int64_t truth = 0;
        if (metric->service != service)
            continue;
        EACH(service, T_AGG, row, version)
        {
            if (metric->states >> cell_int(version, metric->column) & 1)
                truth += metric->amount ? cell_int(version, metric->amount) : 1;
        }
        int64_t sum = counted(service, metric->number);
        if (sum != truth)
            sim_fail("%s: metric %" PRId64 " was counted to %" PRId64 ", the table says %" PRId64,
                    service_name(service), metric->number, sum, truth);
    }
}

void check_counters(void)
{
    for (int i = 0; i < SERVICES; i++)
        counters_check(ALL[i]);
}

void check_step(enum service_id changed)
{
    for (int i = 0; i < SERVICES; i++)
        EACH(ALL[i], T_SENT, sent, message)
    if (ALL[i] == changed || sent->key.a == changed)
        sent_check(ALL[i], sent, message);
    EACH(changed, T_AGG, row, version)
    seen_check(changed, row, version);
    if (changed != SERVICE_AUDIT)
        versions_check(changed);
    counters_check(changed);
    if (changed == SERVICE_ENFORCEMENT)
        check_squads();
    if (changed == SERVICE_VOLUNTEER)
        check_credits();
    if (changed == SERVICE_AUDIT)
        check_places();
}
