/* What stands in the column `course` of a case, as far as people and checks read it. Its names and
 * numbers are written here once more, as those of the columns are. */
#ifndef HUYING_TESTS_SIM_COURSE_H
#define HUYING_TESTS_SIM_COURSE_H

#include "tests/sim/db.h"

#define COURSE_PARTS_MAX 16
#define COURSE_MARKS_MAX 24

enum course_kind {
    KIND_CALL = 1,
    KIND_JOINT,
    KIND_TASK,
    KIND_ADMISSION,
    KIND_MEETING,
    KIND_MEDIATION,
    KIND_REVISIT,
    KIND_CHECK,
    KIND_COUNT
};
enum course_state {
    WAITS = 1,
    DONE,
    MISSED,
    ENDED,
    REFUSED,
    TAKEN,
    APPEALED,
    CLEARED,
    DISMISSED,
    COURSE_STATES
};
enum { MARK_ABSENT = 21 };

struct course_part {
    int64_t kind, state, unit, by, given_ms, due_ms, warn_ms, done_ms, late, told;
};
struct course {
    int64_t reopenings, merged; /* merged: into that case */
    size_t part_count, mark_count;
    struct course_part parts[COURSE_PARTS_MAX];
    struct {
        int64_t unit, metric, times;
    } marks[COURSE_MARKS_MAX];
};

/* Of a version of a case; nothing at all for most. False: it is not what it should be. */
bool course_read(const struct version *this, struct course *ret);

#endif
