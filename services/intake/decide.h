/* What a report does with every input. Pure: no clock, no I/O, no allocation, no writable data. */
#ifndef HUYING_INTAKE_DECIDE_H
#define HUYING_INTAKE_DECIDE_H

#include "services/intake/intake.h"
#include "services/kernel/base/pure_directory.h"

/* The one function that changes a report. `state` and `next` are struct report; next starts as a
 * copy. */
void report_decide(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome);

struct place {
    const struct unit *unit; /* NULL: the directory is empty */
    enum placed placed;
};

/* What every accepted ticket has in its row, of a report and of a code. */
void report_fill(
        struct report *next, const struct submission *submission, const struct input *input);

/* Under a ticket that came before: a duplicate with the same body, else refused. */
void report_repeat(
        const struct report *state, const struct input *input, struct outcome *outcome);

/* Where a report belongs: its grid by point, else the last unit code that stands below those before
 * it, else the district's desk. */
struct place report_place(const struct directory *directory, const struct submission *submission);

/* The matter by code, else by one of its names; NULL when there is none. */
const struct matter *report_matter(const struct directory *directory, const char *name);

/* Under way also when the reporter has said since it ended that it is not done: whether it was
 * reopened, routing knows. */
bool report_under_way(const struct report *state);

/* True for a member of staff: then routing keeps the handler's and the reporter's work apart. */
bool report_by_staff(const struct directory *directory, const struct input *input);

#endif
