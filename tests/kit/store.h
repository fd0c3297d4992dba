/* A service's tables in a private PostgreSQL, and its batches on them, without a process and a bus:
 * for the tests of its store. Site 7, a drill, incarnation 5, directory version 3. One at a time;
 * every function ends the test when something goes wrong. */
#ifndef HUYING_TESTS_KIT_STORE_H
#define HUYING_TESTS_KIT_STORE_H

#include <protobuf-c/protobuf-c.h>
#include "services/kernel/store/batch.h"
#include "services/kernel/store/directory.h"
#include "tests/kit/pg.h"

#define KIT_DEADLINE_MS 20000
#define KIT_NOW INT64_C(1514764800000) /* 2018-01-01T00:00:00Z: now of the works */

struct kit_store {
    struct kit_pg *server;
    struct pg *pg; /* the service's role; batches' and queries' statements are prepared */
    struct directory *directory;
    struct batch *batch;
    size_t work_count; /* added and not run yet */
};
extern struct kit_store kit_store;

/* `fill`: SQL for the directory's tables, NULL = the site's row alone. */
void kit_store_start(const struct aggregate_ops *ops, const char *fill);
void kit_store_stop(void);
/* Empties tables of the service's schema ("missions, outbox, history") and forgets works. */
void kit_store_clear(const char *tables);
/* Reads the directory again. */
void kit_store_directory(void);

/* A work of the next batch; `message` may be NULL. Owned by the kit, valid until the batch after
 * it. */
struct work *kit_work(
        enum work_origin origin, int64_t agg, uint32_t type, const ProtobufCMessage *message);
struct work *kit_event(enum service_id source,
        int64_t agg,
        uint64_t n,
        uint32_t type,
        const ProtobufCMessage *message);
/* By the actor, over the key "test", which may act. */
struct work *kit_command(
        int64_t agg, uint32_t type, const ProtobufCMessage *message, const char *actor);
/* Runs what was added as one batch, which must be committed. */
void kit_batch_run(void);

/* The answer of a query of the service; its bind must take it. Valid until the next. */
struct bytes kit_query(uint32_t type, const ProtobufCMessage *message);
/* The same in somebody's name. */
struct bytes kit_query_as(const char *actor, uint32_t type, const ProtobufCMessage *message);
/* Rows on which the deltas and the view counter_truth do not agree. */
long long kit_counters_differ(void);

#endif
