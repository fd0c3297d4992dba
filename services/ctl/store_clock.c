#include "services/ctl/store_clock.h"

#define CONFIRM                                                                                    \
    "UPDATE directory.site SET clock_trust = clock_trust + 1 WHERE NOT drill"                      \
    " RETURNING clock_trust, directory.clock()"

enum err store_clock_confirm(struct pg *pg, int64_t *ret_trust, int64_t *ret_now_ms)
{
    PGresult *result = pg_exec(pg, CONFIRM, NULL);
    if (!result)
        return ERR_TRANSIENT;
    bool found = PQntuples(result) == 1;
    if (found) {
        *ret_trust = row_int(result, 0, 0);
        *ret_now_ms = row_time(result, 0, 1);
    }
    PQclear(result);
    return found ? OK : ERR_NOT_FOUND;
}
