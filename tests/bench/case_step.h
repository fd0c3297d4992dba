/* R1's step: its tables, one connection that makes steps, and the count of what they left behind.
 * Every function ends the process with a message when something fails. */
#ifndef HUYING_BENCH_CASE_STEP_H
#define HUYING_BENCH_CASE_STEP_H

#include <stdint.h>
#include "tests/bench/reference.h"

#define CASE_STEP_CASES 200000 /* ids 1 … 200000 */
#define CASE_STEP_BATCH 256    /* steps in a transaction, at most */
#define CASE_STEP_CONNECTIONS 4

struct case_step; /* a connection; used by one thread at a time */

struct case_step *case_step_new(const char *conninfo);
void case_step_destroy(struct case_step **this);
/* One step of each of `count` distinct cases in one transaction, committed when it returns. */
void case_step_run(struct case_step *this, const int64_t *ids, int count);
/* The tables anew: the cases, and no event. */
void case_step_tables(const struct bench_cfg *cfg);
/* Every step left its mark: the versions add up to the steps, and there are two events for each.
 * Then the tables are dropped. */
void case_step_check(const struct bench_cfg *cfg, int64_t steps);

#endif
