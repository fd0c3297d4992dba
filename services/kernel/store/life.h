/* The end of a row (PROTOCOL rule 10). An aggregate's row shrinks to its numbers when its data has
 * been kept long enough, and goes only with a whole period of ids; here are the statements for
 * both, for a service's second connection. Each call is one transaction, bounded, may be repeated
 * at any time by any instance, and waits for no lock: what somebody else holds has its turn later.
 *
 *   ver > 0    alive
 *   ver = 0    a stub
 *   ver < 0    its data has gone: minus the last version, seen_…, sent_… and nothing else
 *   no row     and the id is below the horizon of its minter: removed
 *
 * A duplicate stays a duplicate as long as there is a row. What would have to be applied becomes a
 * dead letter; what removes it from there is an operator (core.c).
 *
 * Removing takes three transactions, in three calls. The first raises the horizon when nothing
 * below it is alive or under way. The second notes an instant at which that was committed. The
 * third deletes, and only when no transaction of this role is older than that instant: a batch that
 * still read the old horizon may be making a stub right there. */
#ifndef HUYING_STORE_LIFE_H
#define HUYING_STORE_LIFE_H

#include "services/kernel/store/aggregate.h"

#define LIFE_ROWS_MAX 1024 /* of one call */
#define LIFE_BACKLOG_MAX                                                                           \
    20000 /* rows of the outbox with which nothing is shrunk: what is under way
                                  has to be looked through for it */

struct life;
struct life *life_new(const struct aggregate_ops *ops, struct pg *pg);
void life_destroy(struct life **life);
/* To be prepared on the connection; owned by life. */
const struct statement *life_statements(const struct life *life, size_t *ret_count);
/* False for a service that keeps its rows for ever (audit). */
bool life_ends(const struct life *life);

/* `done` comes after the commit; *ret_count, rows that changed or were deleted, is right then, if
 * it is OK. One call under way at most. What is too old is said by the caller, who knows whether
 * the clock is to be trusted: what was deleted does not come back when it is set right. */
/* Of aggregates that were over before that instant. */
void life_shrink(
        struct life *life, int64_t before_ms, int64_t *ret_count, pg_done_fn *done, void *self);
/* Notes a period when a month has passed, and raises the horizon to the next period that was noted
 * before that instant. */
void life_raise(struct life *life, int64_t now_ms, int64_t before_ms, int64_t *ret_count,
        pg_done_fn *done, void *self);
void life_remove(struct life *life, int64_t *ret_count, pg_done_fn *done, void *self);
/* Answers to commands, by age; for every service. */
void life_forget_answers(
        struct life *life, int64_t command_days, int64_t *ret_count, pg_done_fn *done, void *self);

#endif
