/* All of the volunteers' SQL: needs, credited hours, lists. The functions are members of struct
 * aggregate_ops (ops.c); the kernel calls them inside its transactions. None blocks. */
#ifndef HUYING_VOLUNTEER_STORE_H
#define HUYING_VOLUNTEER_STORE_H

#include "services/volunteer/volunteer.h"
#include "services/kernel/store/aggregate.h"

#define NEED_STATEMENT_COUNT 1
/* Own columns, for the end of a row. */
extern const char need_columns[];
extern const char need_sql_stub[], need_sql_load[], need_sql_update[];
extern const struct statement needs_sql_list, offers_sql_need;
extern const struct statement need_statements[NEED_STATEMENT_COUNT];

void need_load_row(const PGresult *result, int row, int col, void *state, struct arena *arena);
void need_save_begin(struct params *params);
void need_save_row(const void *state, struct params *params, int first);

/* Locks nothing: makes room for the hours that the batch's DONE commands may credit. */
void credits_related(struct pg *pg,
        struct input *const *inputs,
        const void *const *states,
        size_t count,
        const struct directory *directory,
        struct arena *arena,
        void **ret_related);
/* Notes the hours of a decision that ended in NEED_DONE … */
void credits_absorb(const void *state,
        const void *next,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct arena *arena);
/* … and writes them. A need's hours are written once: a second time breaks the primary key. */
void credits_store(
        struct pg *pg, const void *const *states, size_t count, void *related, struct arena *arena);

enum err needs_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why);
void needs_encode_rows(const PGresult *rows, const struct directory *directory, struct buf *out);
enum err offers_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why);
/* Whom the need was offered to, computed from the directory as it is now and the instant of the
 * opening. */
void offers_encode_rows(const PGresult *rows, const struct directory *directory, struct buf *out);

#endif
