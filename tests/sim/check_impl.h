/* Inside the checks: services, rows and streams in their terms. */
#ifndef HUYING_TESTS_SIM_CHECK_IMPL_H
#define HUYING_TESTS_SIM_CHECK_IMPL_H

#include "tests/sim/check.h"
#include "tests/sim/twins.h"

#define EACH(service, kind, row_, version_)                                                        \
    for (size_t row_##_at = 0; row_##_at < db_table(service, kind)->count; row_##_at++)            \
        for (struct row *row_ = db_table(service, kind)->rows[row_##_at]; row_; row_ = NULL)       \
            for (const struct version *version_ = row_see(row_, NULL); version_; version_ = NULL)

#define SERVICES 5
static const enum service_id ALL[SERVICES] = {
        SERVICE_INTAKE, SERVICE_ROUTING, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER, SERVICE_AUDIT};

static inline const struct version *agg_of(enum service_id service, int64_t id)
{
    return row_see(row_find(db_table(service, T_AGG), key1(id)), NULL);
}

static inline int64_t seen_of(enum service_id at, enum service_id source, int64_t agg)
{
    const struct version *row = agg_of(at, agg);
    int column = column_of_seen(at, source);
    return row && column >= 0 ? cell_int(row, column) : 0;
}

/* check_parts.c: what became of a case's parts; `before` NULL: they alone. */
void parts_check(int64_t id, const struct version *before, const struct version *now);

#endif
