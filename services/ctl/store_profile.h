/* Writes a checked profile into the directory: one transaction, a fixed number of set-based
 * statements whatever its size. Ids are stable by code; what is gone is retired (units, staff,
 * matters) or deleted (polygons, days). A matter whose rules changed gets another row and id.
 * site.version rises by one if anything changed; the working time of a version is kept. */
#ifndef HUYING_CTL_STORE_PROFILE_H
#define HUYING_CTL_STORE_PROFILE_H

#include "services/ctl/profile.h"
#include "services/kernel/store/pg.h"

enum diff_part {
    DIFF_SITE,
    DIFF_UNITS,
    DIFF_STAFF,
    DIFF_MATTERS,
    DIFF_GRIDS,
    DIFF_DAYS,
    DIFF_PARTS
};

struct diff {
    struct {
        int64_t added, changed, retired;
    } parts[DIFF_PARTS];
    int64_t version; /* after it */
    bool any;
    int32_t year_missing; /* of the calendar as it is then, see store_calendar_missing */
};

/* `commit` false: counts, and leaves everything as it was. ERR_CONFLICT: the database belongs to
 * another site, or services could not load this; `why_zh`, `why_en` say which. ERR_TRANSIENT:
 * pg_message(). */
enum err store_profile_apply(struct pg *pg,
        const struct profile *profile,
        bool commit,
        struct diff *ret,
        struct buf *why_zh,
        struct buf *why_en) MUST_CHECK;

#endif
