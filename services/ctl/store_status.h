/* What the database says of the site for `huyingctl status`: the queues of every service, the
 * ledger. Needs the role huying_ctl. Blocking; ERR_TRANSIENT with pg_message(). */
#ifndef HUYING_CTL_STORE_STATUS_H
#define HUYING_CTL_STORE_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/err.h"
#include "services/kernel/base/service_id.h"
#include "services/kernel/store/pg.h"

struct service_queues {
    enum service_id service;
    int64_t outbox;  /* messages that are not acknowledged */
    int64_t waiting; /* messages that came before their turn */
    int64_t dead_letters;
    int64_t timers;      /* deadlines set */
    int64_t next_due_ms; /* the earliest of them; 0 = none */
};

#define STATUS_SERVICES 5

/* All services in one snapshot, in the order of their numbers. */
enum err store_status_queues(struct pg *pg, struct service_queues ret[STATUS_SERVICES]) MUST_CHECK;

struct ledger_state {
    int64_t size;     /* leaves that have a place */
    int64_t unplaced; /* pages that came and have none yet */
};
enum err store_status_ledger(struct pg *pg, struct ledger_state *ret) MUST_CHECK;

/* The first year without data that a deadline in working time needs when it is set within the next
 * 45 days; 0 = there is data, or no matter counts working time, or no profile was applied. */
enum err store_calendar_missing(struct pg *pg, int32_t *ret_year) MUST_CHECK;

#endif
