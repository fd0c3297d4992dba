/* What must hold, read from the stored rows alone: after every commit, and more of it at rest. Each
 * calls sim_fail. */
#ifndef HUYING_TESTS_SIM_CHECK_H
#define HUYING_TESTS_SIM_CHECK_H

#include <stdbool.h>

#include "services/kernel/base/service_id.h"

/* After a commit of that service: no message is nowhere, none had an effect that was not sent;
 * versions, loads, hours, counters and the ledger's head are right. */
void check_step(enum service_id changed);

/* For each stream: what was sent is what was seen, to the last number. */
void check_streams(void);
/* Versions of every aggregate are 1, 2, 3 … in its history, up to its row's. */
void check_versions(void);
/* A leaf for every step, once, at the place that the step names, with the hash of its rest. */
void check_leaves(void);
/* Places without gap or overlap, and the head is the tree over them. */
void check_ledger(void);
/* One case for each accepted report and none besides; both ended, and in the same way. */
void check_cases(void);
/* A squad's load is the missions that count in it. */
void check_squads(void);
/* Hours once for each need that is done. */
void check_credits(void);
/* What was counted is what the tables say. */
void check_counters(void);
/* The ledger's head stands behind what has a place. */
void check_places(void);
bool check_placed(void);
bool check_work_done(void);

#endif
