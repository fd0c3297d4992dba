/* The parts of a run as sim.c sees them: a site with its database, brokers, instances, people. */
#ifndef HUYING_TESTS_SIM_WORLD_H
#define HUYING_TESTS_SIM_WORLD_H

#include <stdbool.h>

/* Builds the site of the seed and starts everything. */
void world_begin(void);
/* Frees everything, whatever state it is in. */
void world_end(void);
/* Everything works again from now on; operators replay what was buried. */
void world_heal(void);
/* True when nothing is under way any more; else *ret_why says what is. */
bool world_rests(const char **ret_why);
/* The invariants at rest (check.c). */
void world_check(void);

#endif
