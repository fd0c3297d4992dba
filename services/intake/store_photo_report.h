/* Which photos the reports of a batch name: looked for before anything is decided, written with the
 * reports. */
#ifndef HUYING_INTAKE_STORE_PHOTO_REPORT_H
#define HUYING_INTAKE_STORE_PHOTO_REPORT_H

#include "services/kernel/store/aggregate.h"

enum { PHOTO_STATEMENTS = 2 };
extern const struct statement photo_statements[PHOTO_STATEMENTS];

/* Counts in each submission's `resolved` how many of its photos are kept, and holds their rows, so
 * that they stay until the batch is over. Queues nothing when no photo is named. */
void photos_resolve(struct pg *pg, struct input **inputs, size_t count, struct arena *arena);
/* The photos of the reports that this batch took. */
void photos_add(struct pg *pg, const void *const *states, size_t count);

#endif
