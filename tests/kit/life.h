/* What holds for the end of every service's rows (services/kernel/store/life.h). */
#ifndef HUYING_TESTS_KIT_LIFE_H
#define HUYING_TESTS_KIT_LIFE_H

#include "services/kernel/store/aggregate.h"
#include "tests/kit/pg.h"

/* The row is over since long ago, or since a drill's present. Takes its data: but for the numbers
 * it is then as a stub, and what is counted is the same as before. */
void kit_row_ends(struct kit_pg *server, const struct aggregate_ops *ops, int64_t agg);

#endif
