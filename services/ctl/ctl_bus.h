/* huyingctl's connection to the bus, with its own key or another one of the site's. */
#ifndef HUYING_CTL_CTL_BUS_H
#define HUYING_CTL_CTL_BUS_H

#include "services/ctl/ctl.h"
#include "services/kernel/bus/client.h"

#define CTL_CALL_MS 60000

/* Connects with conf/ctl.conf's key and brokers; says why not. */
enum err ctl_bus_connect(const struct ctl *ctl, struct client **ret) MUST_CHECK;

#endif
