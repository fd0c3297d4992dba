/* The words by which a profile says when a unit works: the column `duty` of units.csv, the key
 * `hours` of site.conf. Read by huyingctl, which names what it does not understand, and by every
 * service when it loads the directory. No allocation.
 *
 *     duty      = [ statement { ", " note } ]
 *     statement = "all" | "work" [ " " hours ] | "claims " shift | "on call"
 *               | "shift " number "h" | "duty " number "h"
 *     note      = "phone duty all" | "rotating" | number " min"
 *     hours     = shift { ";" shift }
 *     shift     = HH:MM "-" HH:MM         past midnight when it ends at or before its beginning
 *
 * Only `work` says by which hours the unit's deadlines run; everything else says who can be reached
 * when, and leaves the hours to the unit above. */
#ifndef HUYING_BASE_PURE_DUTY_H
#define HUYING_BASE_PURE_DUTY_H

#include <stdbool.h>
#include <stddef.h>
#include "services/kernel/base/pure_hours.h"

enum duty_fault {
    DUTY_FINE,
    DUTY_STATEMENT, /* the first word is none of those above */
    DUTY_NOTE,      /* what follows a comma is none of those above */
    DUTY_SHIFT,     /* not HH:MM-HH:MM */
    DUTY_SHIFTS,    /* more than SHIFTS_MAX */
    DUTY_OVERLAP    /* shifts that overlap, or do not stand in order of time */
};

/* Whose hours a unit's deadlines run by. */
enum duty_hours {
    DUTY_HOURS_ABOVE, /* nothing is said: those of the unit above */
    DUTY_HOURS_SITE,  /* "work": the site's */
    DUTY_HOURS_OWN    /* "work 08:30-…" */
};

struct duty_text {
    enum duty_hours whose;
    struct hours hours; /* DUTY_HOURS_OWN */
    size_t at;          /* of a fault: the byte where reading stopped */
};

/* *ret is set in any case; of a fault only its `at` means something. */
enum duty_fault duty_parse(const char *text, struct duty_text *ret)
        __attribute__((warn_unused_result));
/* Shifts alone, "08:30-12:00;14:00-17:30". *ret_at as above. */
enum duty_fault hours_parse(const char *text, struct hours *ret, size_t *ret_at)
        __attribute__((warn_unused_result));

/* Shifts as hours_parse() reads them; "" for around the clock, which they cannot say. `hours` are
 * valid. Returns `ret`. */
#define HOURS_TEXT_SIZE (SHIFTS_MAX * 12 + 1)
char *hours_format(const struct hours *hours, char ret[HOURS_TEXT_SIZE]);

/* What a site works that says nothing of it. */
#define HOURS_PRESET "08:30-12:00;14:00-17:30"

#endif
