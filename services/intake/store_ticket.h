/* How commands that name a ticket come by their report, for the table in store.c. */
#ifndef HUYING_INTAKE_STORE_TICKET_H
#define HUYING_INTAKE_STORE_TICKET_H

#include "services/kernel/base/arena.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/store/pg.h"

#define TICKET_STATEMENTS 7

extern const struct statement ticket_statements[TICKET_STATEMENTS];

/* aggregate_ops.resolve */
void tickets_resolve(struct pg *pg,
        struct input **inputs,
        size_t count,
        const struct directory *directory,
        int64_t (*draw)(void *self),
        void *self,
        struct arena *arena);
/* aggregate_ops.store */
void tickets_move(
        struct pg *pg, const void *const *states, size_t count, void *related, struct arena *arena);
/* The same for tickets of other sources than the report's. */
void tickets_owe(struct pg *pg, const void *const *states, size_t count);

#endif
