/* The broker's figures as Prometheus text: one line per kind, reason and service; names are part of
 * the interface (dashboards, alarms) and are only ever added. */
#ifndef HUYING_BROKER_METRICS_H
#define HUYING_BROKER_METRICS_H

#include "services/broker/broker.h"
#include "services/kernel/base/buf.h"

void metrics_write(struct buf *out, struct broker *broker, const struct zap *zap);

#endif
