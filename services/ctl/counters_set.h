/* Counters gathered from where they stand: Redis, the table `counter` (with what is not folded into
 * it yet), and what the services' own rows say. Plain data; filled by counters.c. */
#ifndef HUYING_CTL_COUNTERS_SET_H
#define HUYING_CTL_COUNTERS_SET_H

#include <glib.h>
#include <stdbool.h>
#include "services/ctl/names.h"

/* One counter: a metric for everything ("all"), a unit ("u:CODE") or a matter ("m:CODE"). */
struct counter_line {
    const struct metric_name *metric;
    char *field;
    int64_t redis, table, truth; /* 0 where it was not found, as services have it too */
};

struct counters_set {
    GHashTable *lines;            /* "SERVICE/METRIC/FIELD" → struct counter_line */
    bool in_redis[SERVICE_COUNT]; /* that service's values in Redis are complete */
};

void counters_set_init(struct counters_set *set);
void counters_set_fini(struct counters_set *set);
/* The line, made when it is not there; valid until the set ends. */
struct counter_line *counters_set_line(
        struct counters_set *set, const struct metric_name *metric, const char *field);
/* The value to be shown: Redis's, or the table's when Redis does not have that service. 0 =
 * none. */
int64_t counters_set_value(
        const struct counters_set *set, const struct metric_name *metric, const char *field);
/* Lines whose values are not the same everywhere, in order of service, metric and field. Redis
 * counts only where it is complete. The caller frees the array. */
GPtrArray *counters_set_differences(const struct counters_set *set);
/* All lines in that order. */
GPtrArray *counters_set_sorted(const struct counters_set *set);

#endif
