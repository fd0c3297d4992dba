/* Sums over the matter's spans; the arithmetic of working time is kernel/base/pure_hours.c. The
 * hours are those of the handler, who does the work on every level; of a handler that the directory
 * no longer has they are the root's. */
#include "services/routing/decide_due.h"

#include "services/kernel/base/must.h"

static const struct hours *hours_of(
        const struct directory *directory, const struct matter *matter, int64_t id)
{
    const struct unit *unit = unit_find(directory, id);
    if (!unit)
        unit = unit_root(directory);
    return matter && unit ? matter_hours(matter, unit) : &HOURS_ALWAYS;
}

struct due due_after(const struct directory *directory,
        const struct matter *matter,
        int64_t unit,
        int64_t from_ms,
        int64_t span_ms)
{
    struct due due = {0};
    if (span_ms > 0)
        due.year = hours_add(directory_calendar(directory), hours_of(directory, matter, unit),
                from_ms, span_ms, &due.at_ms);
    return due;
}

struct due due_working(
        const struct directory *directory, int64_t id, int64_t from_ms, int64_t span_ms)
{
    struct due due = {0};
    const struct unit *unit = unit_find(directory, id);
    if (!unit)
        unit = unit_root(directory);
    due.year = hours_add(directory_calendar(directory), unit->hours, from_ms, span_ms, &due.at_ms);
    return due;
}

int32_t due_between(const struct directory *directory,
        const struct matter *matter,
        int64_t unit,
        int64_t from_ms,
        int64_t to_ms,
        int64_t *ret_ms)
{
    return hours_between(directory_calendar(directory), hours_of(directory, matter, unit), from_ms,
            to_ms, ret_ms);
}

int64_t due_span_again(const struct matter *matter)
{
    return matter ? matter->handle_ms / REWORK_SHARE : 0;
}

int64_t due_span(const struct matter *matter, const struct routing_case *this)
{
    if (this->course.reopenings > 0)
        return due_span_again(matter);
    return matter ? matter->handle_ms : 0;
}

int64_t due_began(const struct routing_case *this)
{
    return this->course.started_ms != 0 ? this->course.started_ms : this->accepted_at_ms;
}

struct due due_anew(const struct directory *directory,
        const struct matter *matter,
        const struct routing_case *this,
        int64_t span_ms)
{
    return due_after(
            directory, matter, this->handler, due_began(this), span_ms + this->course.added_ms);
}

struct due due_first(const struct directory *directory,
        const struct matter *matter,
        const struct routing_case *this,
        int64_t from_ms)
{
    return due_after(directory, matter, this->handler, from_ms, due_span(matter, this));
}

struct due due_step_up(const struct directory *directory,
        const struct matter *matter,
        const struct routing_case *this,
        int64_t from_ms)
{
    return matter ? due_after(directory, matter, this->handler, from_ms, matter->step_up_ms)
                  : (struct due){0};
}

/* The levels that it went up to at a deadline. */
static uint32_t rises(const struct routing_case *this)
{
    return (uint32_t)this->escalated & ~(uint32_t)this->course.risen & ~1u;
}

bool due_awaited(const struct matter *matter, const struct routing_case *this)
{
    if (!matter || matter->all_hours || this->due_ms != 0 || this->course.unstarted)
        return false;
    if (this->first_due_ms == 0)
        return matter->handle_ms > 0;
    return rises(this) != 0 && matter->step_up_ms > 0;
}

struct due due_again(const struct directory *directory,
        const struct matter *matter,
        const struct routing_case *this,
        int64_t *ret_first)
{
    struct due due = {.at_ms = this->first_due_ms};
    must(due_awaited(matter, this));
    if (due.at_ms == 0)
        due = due_first(directory, matter, this, due_began(this));
    *ret_first = due.at_ms;
    for (int level = LEVEL_VILLAGE; level <= LEVEL_DISTRICT && due.year == 0; level++)
        if (rises(this) & 1u << level)
            due = due_step_up(directory, matter, this, due.at_ms);
    return due;
}
