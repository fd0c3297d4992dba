/* Routing's rows: the statements, and the state from and to the columns of table "cases". */
#ifndef HUYING_ROUTING_STORE_H
#define HUYING_ROUTING_STORE_H

#include "services/kernel/store/aggregate.h"
#include "services/routing/routing.h"

/* For the end of a row. */
extern const char CASES_OWN_COLUMNS[];
extern const struct statement CASES_STUB, CASES_LOAD, CASES_UPDATE;
/* $1 source_refs, $2 handlers' units, $3 states, $4 only open ones asked, $5 after id, $6 limit.
 * An empty array $1 or $2 means no such condition. */
extern const struct statement WORKLIST;
/* $1 id. */
extern const struct statement CASE_VIEW;

/* As aggregate_ops. Texts are copied into the arena; `source` and `summary` are not loaded. */
void case_load_row(const PGresult *result, int row, int col, void *state, struct arena *arena);
void case_save_begin(struct params *params);
void case_save_row(const void *state, struct params *params, int first);

/* One row of WORKLIST or CASE_VIEW; texts are borrowed from the result. */
struct case_row {
    int64_t id, handler, unit, due_ms;
    int32_t ver, matter;
    enum case_state state;
    enum level level;
    enum handler_kind kind;
    const char *source_ref;
    /* CASE_VIEW only */
    const char *source, *summary;
    int64_t accepted_at_ms, promised_at_ms, handled_at_ms, ended_at_ms;
    int escalations;
    bool overdue;
};
int case_row_count(const PGresult *rows);
void worklist_row(const PGresult *rows, int row, struct case_row *ret);
void case_view_row(const PGresult *rows, int row, struct case_row *ret);

#endif
