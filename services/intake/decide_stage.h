/* What a report does when routing says where its case stands, and when its source has heard it.
 * Pure, as decide.h. */
#ifndef HUYING_INTAKE_DECIDE_STAGE_H
#define HUYING_INTAKE_DECIDE_STAGE_H

#include "services/intake/intake.h"

/* The next version; of more than STAGES_MAX the oldest goes. */
void report_stage(const struct input *input, struct report *next, struct outcome *outcome);
/* All up to that version are taken; a version that there has not been is refused. */
void report_take_stages(const struct input *input, struct report *next, struct outcome *outcome);

#endif
