/* Time is passed in. Only main() and the loop hold a struct clock; everything else gets
 * instants. */
#ifndef HUYING_BASE_CLOCK_H
#define HUYING_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(void *self);      /* UTC, milliseconds since 1970; may jump */
    int64_t (*monotonic_ms)(void *self); /* never jumps; for time-outs and back-off */
    void *self;
};

/* The machine's clocks. */
struct clock clock_system(void);

/* A clock for tests: both values are plain fields that the test sets. */
struct clock_manual {
    int64_t wall_ms, monotonic_ms;
};
struct clock clock_manual(struct clock_manual *manual);

#endif
