/* What happens later: by its time, and at one time in the order of asking. */
#ifndef HUYING_TESTS_SIM_EVENTS_H
#define HUYING_TESTS_SIM_EVENTS_H

#include "tests/sim/sim.h"

struct event {
    struct event *next;
    int64_t at_ms;
    sim_act *act;
    void *self;
    int64_t arg;
};

void events_begin(void);
void events_add(int64_t at_ms, sim_act *act, void *self, int64_t arg);
/* The first one, if its time is not after `until_ms`; NULL = none. It is there until the next is
 * taken. */
const struct event *events_take(int64_t until_ms);

#endif
