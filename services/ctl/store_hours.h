/* directory.hours_version: working time as it was. Blocking; ERR_TRANSIENT with pg_message(). */
#ifndef HUYING_CTL_STORE_HOURS_H
#define HUYING_CTL_STORE_HOURS_H

#include "services/ctl/hours_kept.h"
#include "services/kernel/store/pg.h"

/* Inside the transaction of apply, when the site's version is the new one: keeps the working time
 * of `directory`, which was read there, if it is not what was kept last. */
enum err store_hours_keep(struct pg *pg, const struct directory *directory) MUST_CHECK;

/* All that is kept, in order of version; of a row that cannot be read nothing is there. Needs
 * hours_kept_fini for each, in an array of struct hours_kept. */
enum err store_hours_list(struct pg *pg, GArray *ret) MUST_CHECK;

#endif
