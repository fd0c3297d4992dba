/* Deliveries: one row for each step of a report and each subscriber who wants to be told, written
 * by the transaction of the step itself, so that none is skipped and none is of what was rolled
 * back. Who sends them: callback/sender.h. */
#ifndef HUYING_INTAKE_STORE_DELIVERY_H
#define HUYING_INTAKE_STORE_DELIVERY_H

#include "services/kernel/store/pg.h"

#define DELIVERY_STATEMENTS 1

extern const struct statement delivery_statements[DELIVERY_STATEMENTS];

/* A part of aggregate_ops.store, behind the statements that write reports and history. */
void deliveries_add(struct pg *pg, const void *const *states, size_t count);

#endif
