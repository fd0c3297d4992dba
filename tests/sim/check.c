/* At rest: streams, and cases against what belongs to them. */
#include "tests/sim/check_impl.h"

#include <inttypes.h>

#include "services/kernel/base/pure_id.h"
#include "tests/sim/columns.h"
#include "tests/sim/course.h"
#include "tests/sim/sim.h"
#include "tests/sim/twins.h"

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
        struct course course;
        bool again = course_read(this, &course) && course.reopenings > 0;
        sim_stats[STAT_CASES]++;
        sim_stats[STAT_CLOSED] += state == 6;
        sim_stats[STAT_JOINED] += !report->cells[REPORT_COURSE].null &&
                                  memmem(report->cells[REPORT_COURSE].data,
                                          (size_t)report->cells[REPORT_COURSE].size, "joined", 6);
        if (again && should == 1) /* the report ended with the round before */
            should = end[6];
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

/* What a case was merged into is not over: else it would have ended with it, or gone on alone. */
static bool merged_wait(void)
{
    EACH(SERVICE_ROUTING, T_AGG, row, this)
    {
        struct course course;
        if (cell_int(this, CASE_STATE) != STATE_MERGED || !course_read(this, &course))
            continue;
        const struct version *other = agg_of(SERVICE_ROUTING, course.merged);
        int64_t state = other ? cell_int(other, CASE_STATE) : 0;
        if (state == 0 || (state >= 6 && state <= 8))
            return true;
    }
    return false;
}

bool check_work_done(void)
{
    bool free_squad = false, waits = false;
    if (merged_wait())
        return false;
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
