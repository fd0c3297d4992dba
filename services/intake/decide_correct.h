/* What a report does when its reporter says better what it is, or where. Pure, as decide.h. */
#ifndef HUYING_INTAKE_DECIDE_CORRECT_H
#define HUYING_INTAKE_DECIDE_CORRECT_H

#include "services/intake/decide.h"

/* Of a report under way, by the ticket that made it: routing is told, and what comes near by is
 * compared with the corrected matter and place. Unit and matter of the report stay those by which
 * the case was opened: whose it is then, a desk decides. The same correction again is a
 * duplicate. */
void report_correct(const struct input *input,
        const struct world *world,
        struct report *next,
        struct outcome *outcome);

#endif
