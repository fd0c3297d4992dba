/* An operator's word that the server's clock is right. Every instance sees the number rise with its
 * next reading of the site and trusts the time from then on (kernel/base/clock_watch.h). Needs the
 * role huying_ctl. Blocking; ERR_TRANSIENT with pg_message(). */
#ifndef HUYING_CTL_STORE_CLOCK_H
#define HUYING_CTL_STORE_CLOCK_H

#include <stdint.h>
#include "services/kernel/base/err.h"
#include "services/kernel/store/pg.h"

/* Raises the number of trust; says it, and the clock that was confirmed. ERR_NOT_FOUND on a drill
 * site, and where no profile was applied. May be repeated. */
enum err store_clock_confirm(struct pg *pg, int64_t *ret_trust, int64_t *ret_now_ms) MUST_CHECK;

#endif
