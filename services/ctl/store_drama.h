/* The rows of a story's cases as they stand in routing's schema: what a test of the day has to know
 * and no person is told. Needs the role huying_ctl. */
#ifndef HUYING_CTL_STORE_DRAMA_H
#define HUYING_CTL_STORE_DRAMA_H

#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/err.h"
#include "services/kernel/store/pg.h"

/* Of the cases `ids` those whose version is another one than in `versions`: each row as JSON, its
 * columns by name. Blocking; ERR_TRANSIENT with pg_message(). */
enum err store_drama_changed(struct pg *pg,
        const int64_t *ids,
        const int32_t *versions,
        size_t count,
        void (*each)(void *self, int64_t id, const char *json),
        void *self) MUST_CHECK;

#endif
