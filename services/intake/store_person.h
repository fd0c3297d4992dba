/* SQL of who calls: rows are sealed in the transaction of the step that brings them, opened for
 * those who may see them, and deleted. For the table in store.c. */
#ifndef HUYING_INTAKE_STORE_PERSON_H
#define HUYING_INTAKE_STORE_PERSON_H

#include "services/kernel/store/aggregate.h"

#define PERSON_STATEMENTS 4
#define PERSON_ABOUT_SIZE 48

/* What a row's bytes are bound to: its report and the step that it came with. */
void person_about(char ret[PERSON_ABOUT_SIZE], int64_t report, int32_t ver);

extern const struct statement person_statements[PERSON_STATEMENTS];

/* Gives SEE_PERSON and FORGET_PERSON their report. */
void persons_resolve(struct input **inputs, size_t count, const struct directory *directory);
/* aggregate_ops.relates and .related: a struct kept_persons. */
bool persons_relate(const struct input *input);
void persons_related(struct pg *pg,
        struct input *const *inputs,
        const void *const *states,
        size_t count,
        const struct directory *directory,
        struct arena *arena,
        void **ret_related);
/* Of aggregate_ops.store: forgets, then seals and adds. */
void persons_store(struct pg *pg, const void *const *states, size_t count);

/* The masked card of a row with the columns ver, ref, key and sealed of `person` from `col` on.
 * False: there is no row (NULLs), nobody in it, or it does not open. */
bool person_row_card(const PGresult *rows,
        int row,
        int col,
        int64_t report,
        struct arena *arena,
        struct buf *out);

extern const struct statement person_reads_statement;
/* A query_type's function. */
void person_reads_answer(const PGresult *rows, const struct directory *directory, struct buf *out);

#endif
