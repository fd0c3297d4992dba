/* RECONCILE: which tickets of a source are on record, for the table in store.c. */
#ifndef HUYING_INTAKE_STORE_RECONCILE_H
#define HUYING_INTAKE_STORE_RECONCILE_H

#include "services/kernel/store/aggregate.h"

extern const struct statement reconcile_statement;

/* query_type.bind: `actor` is the source. */
enum err reconcile_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
/* query_type.encode */
void reconcile_answer(const PGresult *rows, const struct directory *directory, struct buf *out);

#endif
