/* What goes wrong, at random, by the kinds of faults of the plan. */
#ifndef HUYING_TESTS_SIM_TROUBLE_H
#define HUYING_TESTS_SIM_TROUBLE_H

void trouble_begin(void);
/* Ends what is under way: the database is whole, its clock right. */
void trouble_heal(void);

#endif
