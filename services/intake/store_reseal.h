/* SQL of a replaced key: which rows earlier keys sealed, and sealing them by the first one, in the
 * transaction of the command and under its report's lock. For the table in store.c. */
#ifndef HUYING_INTAKE_STORE_RESEAL_H
#define HUYING_INTAKE_STORE_RESEAL_H

#include "services/intake/person.h"
#include "services/kernel/store/aggregate.h"

#define RESEAL_STATEMENTS 2

extern const struct statement reseal_statements[RESEAL_STATEMENTS];

/* A part of persons_related(): rows of the reports that a RESEAL_PERSON names. */
void reseals_related(struct pg *pg,
        struct input *const *inputs,
        size_t count,
        struct arena *arena,
        struct kept_persons *kept);
/* Of aggregate_ops.store, after persons_store(): what was forgotten in the batch stays away.
 * `related`: a struct kept_persons, or NULL. */
void reseals_store(struct pg *pg, const void *const *states, size_t count, const void *related);

extern const struct statement person_keys_statement, person_sealed_statement;
/* Functions of query_types. */
enum err person_keys_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void person_keys_answer(const PGresult *rows, const struct directory *directory, struct buf *out);
enum err person_sealed_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void person_sealed_answer(
        const PGresult *rows, const struct directory *directory, struct buf *out);

#endif
