/* Cases of routing with their histories, for counting their deadlines again. Needs the role
 * huying_ctl. Blocking; ERR_TRANSIENT with pg_message(). */
#ifndef HUYING_CTL_STORE_DEADLINES_H
#define HUYING_CTL_STORE_DEADLINES_H

#include "services/ctl/deadline.h"
#include "services/kernel/store/pg.h"

/* The first `limit` cases after the id `after`, in order of id, one after the other. The steps live
 * during the call. *ret_last: the id of the last one; `after` when there was none. */
enum err store_deadlines(struct pg *pg,
        int64_t after,
        int limit,
        void (*each)(void *self, struct deadline_case *of),
        void *self,
        int64_t *ret_last) MUST_CHECK;

#endif
