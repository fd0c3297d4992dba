/* Hot counters in Redis: a projection of the table `counter`, never a source. Each push carries
 * the number of the fold that made it, and a script in Redis keeps the newer one, so that two
 * instances may push in any order. A marker key tells that Redis has lost everything; then all
 * of it is pushed.
 *
 * Redis may vanish at any time: every call gives up after REDIS_TIMEOUT_MS and is not tried
 * again for a second; nothing else depends on it. Keys (one hash a metric, fields by people's
 * codes):
 *   huying:SITE:SERVICE:METRIC          all, u:UNIT_CODE, m:MATTER_CODE → value
 *   huying:SITE:SERVICE:METRIC:fold     the same fields → fold number
 *   huying:SITE:SERVICE:live            the incarnation that everything was pushed in; after a
 *                                       restore folds are numbered lower, and the old numbers
 *                                       are forgotten */
#ifndef HUYING_STORE_COUNTER_H
#define HUYING_STORE_COUNTER_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/err.h"
#include "services/kernel/store/aggregate.h"
#include "services/kernel/store/core.h"

#define REDIS_TIMEOUT_MS 50
#define REDIS_RETRY_MS 1000

struct counters;
/* `socket` "" = none: every call is then ERR_TRANSIENT. */
struct counters *counters_new(const struct aggregate_ops *ops, const char *socket);
void counters_destroy(struct counters **counters);
/* What Redis holds of another incarnation counts as lost. Before it is called: incarnation 0. */
void counters_incarnation_set(struct counters *counters, int64_t incarnation);
/* Queues one counter for the next counters_flush. */
void counters_add(struct counters *counters, const struct directory *directory,
        const struct effect_count *count, int64_t fold);
/* Sends what was added. `all` = it was everything: sets the marker. On ERR_TRANSIENT what was
 * added is dropped; the marker is then missing or the values are old: counters_lost says so
 * until all is pushed. */
enum err counters_flush(struct counters *counters, bool all, int64_t monotonic_ms) MUST_CHECK;
/* True when Redis is there and has to be filled. */
bool counters_lost(struct counters *counters, int site, int64_t monotonic_ms);

#endif
