/* SQL of codes: what they show, and how calls for help by one code become one case. For the table
 * in store.c, and for tickets. */
#ifndef HUYING_INTAKE_STORE_QR_H
#define HUYING_INTAKE_STORE_QR_H

#include "services/kernel/store/aggregate.h"

#define QR_STATEMENTS 4

extern const struct statement qr_statements[QR_STATEMENTS];
extern const struct statement qr_codes_statement;

/* Gives QR_WITHDRAW, QR_HELPER and QR_CARD their code. */
void qrs_resolve(struct input **inputs, size_t count);
/* Of aggregate_ops.store. */
void qrs_store(struct pg *pg, const void *const *states, size_t count);

/* query_type.bind and .encode */
enum err qr_codes_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void qr_codes_answer(const PGresult *rows, const struct directory *directory, struct buf *out);

/* New tickets that call for help, in the order of their keys. */
struct qr_calls {
    struct params codes, tickets;
    size_t count;
};
void qr_calls_init(struct qr_calls *calls);
/* `lead`: the id that all of one source in this batch get, unless there is an open call. */
void qr_calls_add(
        struct qr_calls *calls, const struct input *input, const char *ref, int64_t lead);
/* `take` gets source and ref of those that have a row now and had none; frees what was added. */
void qr_calls_queue(struct pg *pg,
        struct qr_calls *calls,
        void (*take)(void *self, const PGresult *rows),
        void *self);

#endif
