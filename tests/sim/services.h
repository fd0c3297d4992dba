/* What the simulator takes of the services: their tables of functions, and what their main.c turns
 * besides. Declared here and not by their headers, whose words (ACCEPT, DONE, states) collide. */
#ifndef HUYING_TESTS_SIM_SERVICES_H
#define HUYING_TESTS_SIM_SERVICES_H

#include "services/audit/ops.h"
#include "services/audit/sequence.h"
#include "services/enforcement/ops.h"
#include "services/intake/store.h"
#include "services/kernel/store/aggregate.h"
#include "services/routing/ops.h"
#include "services/volunteer/ops.h"

void intake_drill_set(bool drill); /* intake.h */

#endif
