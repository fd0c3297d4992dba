/* Keeps watch over the clock that deadlines are judged by (base/clock_watch.h): every reading of
 * the site, by a batch or by the chore, goes through here with the time of its question. A drill's
 * clock is set by hand and not watched.
 *
 * A process that starts has seen nothing yet. It takes what instances on this machine trusted
 * before (table clock_anchor; the monotonic clock goes on until the machine is started again, so a
 * restart of the process cannot hide a jump); on a machine without such a row, the machine's own
 * clock is the second witness. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "services/kernel/base/fault.h"
#include "services/kernel/base/log.h"
#include "services/kernel/run/loop.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define HOUR_MS INT64_C(3600000)

/* The machine's name for its present run; where there is none, a name that nobody has. */
void site_clock_new(struct loop *loop)
{
    int fd = FAULT(boot_unreadable) ? -1 : open(BOOT_FILE, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, loop->boot, sizeof loop->boot - 1);
    if (fd >= 0)
        close(fd);
    loop->boot[size > 0 ? size : 0] = '\0';
    loop->boot[strcspn(loop->boot, "\n")] = '\0';
    if (!loop->boot[0])
        snprintf(loop->boot, sizeof loop->boot, "%016" PRIx64, rng_next(&loop->rng));
}

static void watch_begin(struct loop *loop, const struct site_row *site, int64_t sent_ms)
{
    const struct clock_anchor *anchor = &loop->anchor;
    int64_t gap_ms =
            loop->clock.wall_ms(loop->clock.self) - loop->clock.monotonic_ms(loop->clock.self);
    if (anchor->found)
        clock_watch_begin(&loop->watch, anchor->low_ms, anchor->high_ms, anchor->trust, sent_ms);
    else
        clock_watch_begin(&loop->watch, gap_ms, gap_ms, site->trust, sent_ms);
}

static void held_tell(struct loop *loop, bool before)
{
    const struct clock_watch *watch = &loop->watch;
    metric_set(&loop->metrics, timers_held, watch->held);
    if (watch->held && !before)
        log_error("CLOCK-JUMPED", "moved_ms=%lld what=%s", (long long)watch->moved_ms,
                log_quote("the database's clock is off by this; no deadline fires; set it right, "
                          "or, if it is right now, say so: huyingctl clock confirm"));
    if (!watch->held && before)
        log_info("CLOCK-IN-STEP", "what=%s", log_quote("deadlines fire again"));
}

bool site_clock_read(struct loop *loop, const struct site_row *site, int64_t sent_ms)
{
    struct clock_watch *watch = &loop->watch;
    if (site->drill)
        return true;
    bool before = watch->held;
    struct clock_reading reading = {.now_ms = site->now_ms + (FAULT(clock_jump) ? HOUR_MS : 0),
            .sent_ms = sent_ms,
            .received_ms = loop->clock.monotonic_ms(loop->clock.self),
            .trust = site->trust};
    bool fires = clock_watch_read(watch, &reading);
    if (watch->held != before)
        held_tell(loop, before);
    return fires;
}

/* Said when it becomes so, weeks before the first deadline cannot be set, and when it is over. */
static void calendar_tell(struct loop *loop)
{
    if (!loop->directory)
        return;
    int32_t year = directory_year_missing(loop->directory, loop->site_read.now_ms);
    if ((uint64_t)year == metric_get(&loop->metrics, calendar_year_missing))
        return;
    metric_set(&loop->metrics, calendar_year_missing, year);
    if (year != 0)
        log_warn("CALENDAR-YEAR-MISSING", "year=%d what=%s", (int)year,
                log_quote("the calendar has no day of it; deadlines in working time that need it "
                          "are not set; add it to calendar.csv and huyingctl apply"));
    else
        log_info("CALENDAR-KNOWN", "what=%s", log_quote("deadlines in working time are set"));
}

void site_clock_found(struct loop *loop, int64_t sent_ms)
{
    calendar_tell(loop);
    if (!loop->watch.known && !loop->site_read.drill)
        watch_begin(loop, &loop->site_read, sent_ms);
    (void)site_clock_read(loop, &loop->site_read, sent_ms);
}

bool site_clock_trusted(const struct loop *loop)
{
    return loop->site.drill || (loop->watch.known && !loop->watch.held);
}

struct clock_anchor site_clock_anchor(const struct loop *loop)
{
    const struct clock_watch *watch = &loop->watch;
    return (struct clock_anchor){true, watch->low_ms, watch->high_ms, watch->trust};
}
