/* What main.c, the simulator and the tests need of the service: its table for the kernel. */
#ifndef HUYING_VOLUNTEER_OPS_H
#define HUYING_VOLUNTEER_OPS_H

#include "services/kernel/store/aggregate.h"

extern const struct aggregate_ops volunteer_ops;

#endif
