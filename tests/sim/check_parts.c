/* The parts of a case, out of its row: none is taken away or begins again, each ends once and
 * stays as it ended, none of its clocks fires twice, and nobody is left waiting for one when the
 * case is over. */
#include <inttypes.h>
#include <string.h>

#include "services/kernel/base/pure_id.h"
#include "tests/sim/check_impl.h"
#include "tests/sim/columns.h"
#include "tests/sim/course.h"
#include "tests/sim/sim.h"

#define BIT(state) (1u << (state))

/* What becomes of a part in a commit, which may be several steps. */
static bool state_follows(int64_t before, int64_t now)
{
    static const unsigned follows[COURSE_STATES] = {[WAITS] = BIT(COURSE_STATES) - 1,
            [MISSED] = BIT(APPEALED) | BIT(CLEARED) | BIT(DISMISSED),
            [APPEALED] = BIT(CLEARED) | BIT(DISMISSED)};
    return before == now || (follows[before] & BIT(now)) != 0;
}

static const char *part_breach(const struct course_part *before, const struct course_part *now)
{
    if (before->kind != now->kind || before->unit != now->unit || before->by != now->by ||
            before->given_ms != now->given_ms)
        return "is another one";
    if (!state_follows(before->state, now->state))
        return "ends twice, or begins again";
    if (before->state != WAITS && before->done_ms != now->done_ms)
        return "ends at another instant";
    if (before->late > now->late)
        return "is late no more";
    if (before->warn_ms == 0 && now->warn_ms != 0)
        return "will be warned again";
    return NULL;
}

static const char *part_alone_breach(const struct course_part *part, bool over)
{
    bool outlives =
            part->kind == KIND_ADMISSION || part->kind == KIND_REVISIT || part->kind == KIND_CHECK;
    bool missed = part->state == MISSED || part->state >= APPEALED;
    if ((part->state == WAITS) != (part->done_ms == 0))
        return part->state == WAITS ? "waits, and has ended" : "has ended at no instant";
    if (over && part->state == WAITS && !outlives)
        return "waits, and the case is over";
    if (missed && (part->kind != KIND_CALL || !part->late))
        return "was missed, and was no call whose time is over";
    return NULL;
}

/* A fault is counted once, where it lies, and not any more when it was none. A row has room for so
 * many counts; what did not fit is in the history alone. */
static void faults_check(int64_t id, const struct course *course)
{
    if (course->mark_count == COURSE_MARKS_MAX)
        return;
    for (size_t i = 0; i < course->part_count; i++) {
        int64_t unit = course->parts[i].unit, faults = 0, counted = 0;
        for (size_t k = 0; k < course->part_count; k++)
            faults += course->parts[k].unit == unit &&
                      (course->parts[k].state == MISSED || course->parts[k].state == APPEALED ||
                              course->parts[k].state == DISMISSED);
        for (size_t k = 0; k < course->mark_count; k++)
            if (course->marks[k].unit == unit && course->marks[k].metric == MARK_ABSENT)
                counted += course->marks[k].times;
        if (faults != counted)
            sim_fail("case %" PRId64 ": unit %" PRId64 " did not come %" PRId64
                     " times, and it was counted %" PRId64 " times",
                    id_counter(id), unit, faults, counted);
    }
}

static bool course_same(const struct version *before, const struct version *now)
{
    const struct cell *was = &before->cells[CASE_COURSE], *is = &now->cells[CASE_COURSE];
    if (before->count <= CASE_COURSE || now->count <= CASE_COURSE || was->null || is->null)
        return before->count == now->count && was->null && is->null;
    return was->size == is->size && memcmp(was->data, is->data, (size_t)is->size) == 0;
}

void parts_check(int64_t id, const struct version *before, const struct version *now)
{
    struct course was, is;
    if (before && now && course_same(before, now) &&
            cell_int(before, CASE_STATE) == cell_int(now, CASE_STATE))
        return;
    bool read = course_read(before, &was);
    if (!course_read(now, &is) || !read) {
        sim_fail("case %" PRId64 ": its course is not what it should be", id_counter(id));
        return;
    }
    if (was.part_count == 0 && is.part_count == 0)
        return;
    int64_t state = now ? cell_int(now, CASE_STATE) : 0;
    if (is.part_count < was.part_count)
        sim_fail("case %" PRId64 ": parts were taken away", id_counter(id));
    for (size_t i = 0; i < is.part_count; i++) {
        const char *why = part_alone_breach(&is.parts[i], state >= 6 && state <= 8);
        if (!why && i < was.part_count)
            why = part_breach(&was.parts[i], &is.parts[i]);
        if (why)
            sim_fail("case %" PRId64 ": part %zu %s", id_counter(id), i + 1, why);
    }
    faults_check(id, &is);
}
