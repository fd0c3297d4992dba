/* When a case is due, in the clock of its matter: around the clock, or in the working time of the
 * unit that handles it. Pure. What a source promised is an instant, and no business of this file.
 *
 * A deadline that needs a calendar year without data is not set but awaited: `due_ms` is 0, the
 * timer looks again, and due_again() counts it from where it began, out of the case's row alone. */
#ifndef HUYING_ROUTING_DECIDE_DUE_H
#define HUYING_ROUTING_DECIDE_DUE_H

#include "services/kernel/base/err.h"
#include "services/routing/routing.h"

#define DUE_RETRY_MS INT64_C(3600000)

struct due {
    int64_t at_ms; /* 0: none, or awaited */
    int32_t year;  /* the year without data that it waits for; 0 = it does not */
};

/* When `span_ms` of the clock in which `unit` works on the matter has passed since `from_ms`; none
 * for no span. Without a matter, and where the directory no longer has the unit: around the clock,
 * the root's hours. */
struct due due_after(const struct directory *directory,
        const struct matter *matter,
        int64_t unit,
        int64_t from_ms,
        int64_t span_ms);
/* … of the unit's working time, whatever the case is about. */
struct due due_working(
        const struct directory *directory, int64_t unit, int64_t from_ms, int64_t span_ms);
/* What of that clock passes between two instants; 0 when the second is not the later one. Returns
 * the year without data that it needs, or 0. */
int32_t due_between(const struct directory *directory,
        const struct matter *matter,
        int64_t unit,
        int64_t from_ms,
        int64_t to_ms,
        int64_t *ret_ms) MUST_CHECK;

/* The catalogue's span to handle a case, of which one that was opened again has a share; and that
 * share, which rework has. `matter` may be NULL: none. */
int64_t due_span(const struct matter *matter, const struct routing_case *this);
int64_t due_span_again(const struct matter *matter);
/* When its present clock began. */
int64_t due_began(const struct routing_case *this);
/* … and `span_ms` of it is over, with what grants and pauses have added. */
struct due due_anew(const struct directory *directory,
        const struct matter *matter,
        const struct routing_case *this,
        int64_t span_ms);
/* The first deadline, from that span. */
struct due due_first(const struct directory *directory,
        const struct matter *matter,
        const struct routing_case *this,
        int64_t from_ms);
/* The next one after an escalation. */
struct due due_step_up(const struct directory *directory,
        const struct matter *matter,
        const struct routing_case *this,
        int64_t from_ms);

/* True when the case has no deadline for want of a calendar. */
bool due_awaited(const struct matter *matter, const struct routing_case *this);
/* What an awaited deadline is: *ret_first that of the first one, returned the present one, which is
 * a span later for every level that the case went up since. Both may have passed. */
struct due due_again(const struct directory *directory,
        const struct matter *matter,
        const struct routing_case *this,
        int64_t *ret_first);

#endif
