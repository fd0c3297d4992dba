/* What those on a report do for themselves, each under a ticket and a source of his own: take its
 * outcome, say what they think of it. Pure; the other half of decide.c. */
#ifndef HUYING_INTAKE_DECIDE_CALLERS_H
#define HUYING_INTAKE_DECIDE_CALLERS_H

#include "services/intake/decide.h"

/* Which of the callers has that ticket of that source; -1 = none, or the ticket is "". */
int caller_find(const struct report *state, const char *source, const char *ticket);
/* True for the source of the report, and for those whose tickets have joined it. */
bool source_is_on(const struct report *state, const char *source);
/* True when somebody wants to hear where the case stands: then routing tells. */
bool progress_wanted(const struct report_course *course);
/* The version behind which the stages begin that the source has yet to take; where the last one
 * stands when it wants none. */
int32_t progress_told(const struct report *state, const char *source);
void report_follow_up(const struct input *input, struct report *next, struct outcome *outcome);
void report_take_outcome(const struct input *input, struct report *next, struct outcome *outcome);

#endif
