/* /livez /readyz /metrics over HTTP, in a thread of libmicrohttpd's. The loop publishes text and
 * state; the thread only copies them out, so that a scrape never waits for the loop nor the loop
 * for it. */
#ifndef HUYING_BROKER_HEALTH_H
#define HUYING_BROKER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/err.h"

#define HEALTH_STALL_MS 5000 /* a loop that did not publish for so long is not alive */

struct health;
/* `port` 0 takes any. ERR_FATAL with `why`. */
enum err health_start(const char *host,
        uint16_t port,
        struct clock clock,
        struct health **ret,
        struct buf *why) MUST_CHECK;
void health_stop(struct health **health);
uint16_t health_port(const struct health *health);
/* Shows `metrics` from now on; its content is taken over and `metrics` is left empty. */
void health_publish(struct health *health, struct buf *metrics, bool ready);

#endif
