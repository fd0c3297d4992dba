/* What must hold, read from the stored rows alone: after every commit, and more of it at rest. Each
 * calls sim_fail. */
#ifndef HUYING_TESTS_SIM_CHECK_H
#define HUYING_TESTS_SIM_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* After a commit, whose rows are those of the log from there on: no message is nowhere, none had an
 * effect that was not sent; versions of every aggregate are 1, 2, 3 … in its history, up to its
 * row's; a squad's load is the missions that count in it; hours once for each need that is done;
 * what was counted is what the tables say; the ledger's head stands behind what has a place. */
void check_step(size_t from);
/* All of that, over all rows. */
void check_all(void);

/* For each stream: what was sent is what was seen, to the last number. */
void check_streams(void);
/* A leaf for every step, once, at the place that the step names, with the hash of its rest. */
void check_leaves(void);
/* Places without gap or overlap, and the head is the tree over them. */
void check_ledger(void);
/* One case for each accepted report and none besides; both ended, and in the same way. */
void check_cases(void);
bool check_placed(void);
bool check_work_done(void);

#endif
