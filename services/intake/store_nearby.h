/* NEARBY: open cases that may be the same thing, for the table in store.c. */
#ifndef HUYING_INTAKE_STORE_NEARBY_H
#define HUYING_INTAKE_STORE_NEARBY_H

#include "services/kernel/store/aggregate.h"

extern const struct statement nearby_statement;

/* query_type.bind */
enum err nearby_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
/* query_type.encode */
void nearby_answer(const PGresult *rows, const struct directory *directory, struct buf *out);

#endif
