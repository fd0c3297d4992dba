/* Routing's rows: the statements, and the state from and to the columns of table "cases". What only
 * reads is in store_query.h. */
#ifndef HUYING_ROUTING_STORE_H
#define HUYING_ROUTING_STORE_H

#include "services/kernel/store/aggregate.h"
#include "services/routing/routing.h"

/* All that a case is, in the order in which case_load_row() reads it from CASE_OWN on. */
#define CASE_COLUMNS                                                                               \
    "id, ver, seen_intake, seen_enforcement, seen_volunteer,"                                      \
    " sent_intake, sent_enforcement, sent_volunteer,"                                              \
    " unit, area, handler, handled_unit,"                                                          \
    " accepted_at, promised_at, first_due_at, due_at, step_due_at, warn_at, handled_at,"           \
    " ended_at, matter, state, level, kind, work, escalated,"                                      \
    " on_scene, late, overdue, overdue_by_catalogue, drill, handled_by, course::text, source_ref"
#define CASE_OWN 8 /* the first own column */

/* For the end of a row. */
extern const char CASES_OWN_COLUMNS[];
extern const struct statement CASES_STUB, CASES_LOAD, CASES_UPDATE, CASES_OTHERS;

/* As aggregate_ops. Texts are copied into the arena; `source` and `summary` are not loaded. */
void case_load_row(const PGresult *result, int row, int col, void *state, struct arena *arena);
void case_save_begin(struct params *params);
void case_save_row(const void *state, struct params *params, int first);
/* As aggregate_ops.related: a struct other_set of the cases that merge_other() names. They are not
 * locked: what is read may have changed before the batch is committed. */
void cases_related(struct pg *pg,
        struct input *const *inputs,
        const void *const *states,
        size_t count,
        const struct directory *directory,
        struct arena *arena,
        void **ret_related);

#endif
