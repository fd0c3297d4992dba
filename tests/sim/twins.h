/* Inside the twins: finding, reading and writing rows in the terms of one statement. */
#ifndef HUYING_TESTS_SIM_TWINS_H
#define HUYING_TESTS_SIM_TWINS_H

#include "tests/sim/session.h"

struct twin {
    const char *name;
    twin_fn *run;
};
/* End with a NULL name. */
extern const struct twin kernel_twins[], chore_twins[], service_twins[], person_twins[];

/* Own columns of a service's aggregates, in the order of its sql_update. */
struct shape {
    const char *load, *update; /* types of the columns of sql_load and sql_update; the first of
                                  update are those of load */
    int seen;                  /* column of the first seen_… (after id, ver) */
    int seen_count, sent_count;
    int coalesce; /* from this column on NULL leaves the old value */
    int own;      /* columns of the table that only other statements write */
    enum service_id hears[5], tells[4];
};
extern const struct shape shapes[];

static inline struct table *own_table(const struct call *call, enum table_kind kind)
{
    return db_table(call->service, kind);
}

/* Every row that the statement sees. */
#define EACH_ROW(call, kind, row_, version_)                                                       \
    for (size_t row_##_at = 0; row_##_at < own_table(call, kind)->count; row_##_at++)              \
        for (struct row *row_ = own_table(call, kind)->rows[row_##_at]; row_; row_ = NULL)         \
            for (const struct version *version_ = row_see(row_, (call)->txn); version_;            \
                    version_ = NULL)

/* A row that is not there yet is locked and made; EXEC_ERROR (a key twice) when it is there. */
enum exec row_insert(
        struct call *call, struct table *table, struct key key, int count, struct version **ret);
/* Locks what is to be changed; EXEC_WAIT when somebody else has it. *ret is NULL when it is not
 * there. */
enum exec row_change(struct call *call, struct table *table, struct key key, struct version **ret);
enum exec rows_delete(struct call *call, struct table *table, struct key key);
int column_of_seen(enum service_id service, enum service_id source);
int column_of_sent(enum service_id service, enum service_id dest);

/* Of aggregates: sql_stub, sql_load, the same without what is locked, which there are, and
 * sql_update. */
enum exec twin_stub(struct call *call);
enum exec twin_load(struct call *call);
enum exec twin_load_free(struct call *call);
enum exec twin_existing(struct call *call);
enum exec twin_update(struct call *call);
enum exec twin_nothing(struct call *call);

#endif
