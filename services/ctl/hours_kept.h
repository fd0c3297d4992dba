/* What working time was at a version of the site, as directory.hours_version keeps it: the
 * calendar, the site's hours, and the hours of units that have others. `apply` writes it when it
 * changed; who wants to count an old deadline again reads it. */
#ifndef HUYING_CTL_HOURS_KEPT_H
#define HUYING_CTL_HOURS_KEPT_H

#include <glib.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_directory.h"

struct hours_kept {
    int64_t version; /* of the site; holds until the next one that is kept */
    struct calendar calendar;
    struct hours site;
    GHashTable *units; /* id (gint64) → struct hours, of those that have others than the site */
};

/* The units of a directory whose hours are not the site's, {"HOURS": [id, ...]}; equal directories
 * give equal texts. */
void hours_kept_units(const struct directory *directory, struct buf *ret);

/* Reads a row's JSON. ERR_MALFORMED: it is none of ours; *ret needs no fini then. */
enum err hours_kept_read(const char *json, int64_t version, struct hours_kept *ret) MUST_CHECK;
void hours_kept_fini(struct hours_kept *kept);

/* By which hours a unit's deadlines ran then. */
const struct hours *hours_kept_of(const struct hours_kept *kept, int64_t unit);

#endif
