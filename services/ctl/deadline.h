/* Counts the deadlines of a case again, from its history, its matter's row and the working time
 * that was kept: what routing announced must come out to the millisecond. A second account of
 * when things are due, made from what is on record and not from routing's code; so it finds
 * what routing counted wrongly, and what was changed behind its back. Pure.
 *
 * A kind of step that announces an instant is a row of the table in deadline.c. */
#ifndef HUYING_CTL_DEADLINE_H
#define HUYING_CTL_DEADLINE_H

#include "services/ctl/hours_kept.h"
#include "services/kernel/base/pure_directory.h"

#define DEADLINE_STEPS_MAX 10000 /* of a case; the rest is not counted */

enum deadline_end {
    DEADLINE_NONE, /* the step announced none */
    DEADLINE_SAME,
    DEADLINE_OTHER,  /* the rules give another instant, or none */
    DEADLINE_GIVEN,  /* a person named it, and how is not on record */
    DEADLINE_UNKNOWN /* the kind of step, or the working time of that version, is not known here */
};

/* A row of routing's history; `end` and `counted_ms` are the answer. */
struct deadline_step {
    int32_t ver, kind, from_state;
    int64_t at_ms, due_ms, unit, rule_ver;
    int64_t minutes; /* that the person named; 0 = none on record */
    bool actor;      /* a person's, not a clock's or a message's */
    enum deadline_end end;
    int64_t counted_ms;    /* what the rules give; 0 = nothing */
    int32_t matter_before; /* of a reset: the version of the matter until then; else 0 */
};

struct deadline_case {
    int64_t id, place;
    int64_t promised_ms; /* by the source; 0 = nothing */
    int32_t matter;      /* its present version; 0 = none */
    struct deadline_step *steps;
    size_t count;
};

struct deadline_rules {
    const struct directory *directory;
    const struct hours_kept *kept; /* in order of version */
    size_t kept_count;
};

/* Fills in the answers. */
void deadline_count(const struct deadline_rules *rules, struct deadline_case *of);

/* The word of a kind of step that the table knows, NULL of others. Both are routing's, which a test
 * compares. */
const char *deadline_word(int32_t kind);

#endif
