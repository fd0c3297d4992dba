/* All SQL of intake, and the table of functions that the kernel runs it by. One store per process:
 * the kernel's hooks carry no pointer of the service's, so what they need beside the batch (the
 * polygons) is this file's own, used by the loop's thread alone. */
#ifndef HUYING_INTAKE_STORE_H
#define HUYING_INTAKE_STORE_H

#include "services/kernel/store/aggregate.h"

extern const struct aggregate_ops intake_ops;

/* Says which version of the directory is in force: when it is another than that of the polygons,
 * the next batch with reports reads them anew. Called in each round; cheap. */
void store_directory_set(int64_t version);
/* Version of the directory whose polygons are in memory; -1 = none yet. */
int64_t store_grids_version(void);
/* Grids whose polygon could not be used, of the last reading; for the log. */
size_t store_grids_refused(void);
size_t store_grids(void);
/* Frees the polygons. */
void store_fini(void);

#endif
