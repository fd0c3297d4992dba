/* Counters as PostgreSQL has them, by people's codes. Needs the role huying_ctl. Blocking;
 * ERR_TRANSIENT with pg_message(). */
#ifndef HUYING_CTL_STORE_COUNTERS_H
#define HUYING_CTL_STORE_COUNTERS_H

#include <stdbool.h>
#include "services/kernel/base/service_id.h"
#include "services/kernel/store/pg.h"

struct counter_row {
    int64_t metric;
    const char *field;    /* "all", "u:CODE", "m:CODE"; valid during the call */
    int64_t table, truth; /* the table and what is not folded yet; the service's own rows */
};

/* All counters of a service that has some, in one snapshot. `truth`: count its rows too, which
 * takes a pass over them; else row.truth is 0. */
enum err store_counters(struct pg *pg,
        enum service_id service,
        bool truth,
        void (*each)(void *self, const struct counter_row *row),
        void *self) MUST_CHECK;

#endif
