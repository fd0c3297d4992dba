/* All of enforcement's SQL: missions, squads' loads, the list of missions. The functions are
 * members of struct aggregate_ops (ops.c); the kernel calls them inside its transactions, in its
 * order of locks. None blocks: statements are queued, rows come back by callback. */
#ifndef HUYING_ENFORCEMENT_STORE_H
#define HUYING_ENFORCEMENT_STORE_H

#include "services/enforcement/enforcement.h"
#include "services/kernel/store/aggregate.h"

/* Own columns, for the end of a row. */
extern const char mission_columns[];
extern const char mission_sql_stub[], mission_sql_load[], mission_sql_update[];
extern const struct statement missions_sql_list;
#define MISSION_STATEMENT_COUNT 4
extern const struct statement mission_statements[MISSION_STATEMENT_COUNT];

void mission_load_row(const PGresult *result, int row, int col, void *state, struct arena *arena);
void mission_save_begin(struct params *params);
void mission_save_row(const void *state, struct params *params, int first);

/* Locks the squads that the inputs may assign or release, in id order, after the missions; makes
 * missing rows first; refreshes what the directory knows better; then reads who waits. */
void squads_related(struct pg *pg,
        struct input *const *inputs,
        const void *const *states,
        size_t count,
        const struct directory *directory,
        struct arena *arena,
        void **ret_related);
/* Writes the squads that changed. */
void squads_store(
        struct pg *pg, const void *const *states, size_t count, void *related, struct arena *arena);

enum err missions_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why);
void missions_encode_rows(const PGresult *rows, const struct directory *directory, struct buf *out);

#endif
