/* The two kinds of clock. Nothing else in the project asks the machine for the time but log.c,
 * whose lines say when they were written. */
#include "services/kernel/base/clock.h"

#include <time.h>
#include "services/kernel/base/must.h"

static int64_t clock_read(clockid_t which)
{
    struct timespec now;
    must(clock_gettime(which, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(void *self)
{
    (void)self;
    return clock_read(CLOCK_REALTIME);
}

static int64_t system_monotonic_ms(void *self)
{
    (void)self;
    return clock_read(CLOCK_MONOTONIC);
}

struct clock clock_system(void)
{
    return (struct clock){.wall_ms = system_wall_ms, .monotonic_ms = system_monotonic_ms};
}

static int64_t manual_wall_ms(void *self)
{
    return ((struct clock_manual *)self)->wall_ms;
}

static int64_t manual_monotonic_ms(void *self)
{
    return ((struct clock_manual *)self)->monotonic_ms;
}

struct clock clock_manual(struct clock_manual *manual)
{
    must(manual != NULL);
    return (struct clock){
            .wall_ms = manual_wall_ms, .monotonic_ms = manual_monotonic_ms, .self = manual};
}
