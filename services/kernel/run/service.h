/* The process that every service is: read configuration, connect, loop, drain. A service's main.c
 * fills struct service and calls service_main(); nothing else is in it. */
#ifndef HUYING_RUN_SERVICE_H
#define HUYING_RUN_SERVICE_H

#include "services/kernel/base/conf.h"
#include "services/kernel/store/aggregate.h"

struct loop; /* the running process, for hooks */

struct service {
    const struct aggregate_ops *ops;
    const struct conf_key *conf_keys; /* besides the kernel's own; offsets into conf */
    size_t conf_key_count;
    void *conf;
    size_t conf_size;
    /* Hooks, all optional. They run in the loop's thread. */
    enum err (*start)(struct loop *loop, void *conf); /* after the bus is there; e.g. HTTP */
    void (*turn)(struct loop *loop); /* each round: hand over requests, background work */
    void (*stop)(struct loop *loop);
    void (*reload)(struct loop *loop, void *conf);
    /* Appends the service's own metrics; in HTTP's thread, as long as the process lives. */
    void (*metrics)(const char *labels, struct buf *out);
};

/* Parses --conf FILE, --instance N, --version, --help; returns the process's exit status. */
int service_main(int argc, char **argv, const struct service *service);

/* For hooks. */
void *loop_conf(struct loop *loop);
const struct directory *loop_directory(struct loop *loop);
const char *loop_conninfo(const struct loop *loop);
/* Redis' socket; "" = none. */
const char *loop_redis(const struct loop *loop);
/* Monotonic, of this round. */
int64_t loop_now_ms(const struct loop *loop);
/* Batches committed so far: who has work of his own to do after one looks when it has moved. */
uint64_t loop_batches(const struct loop *loop);
/* True when the site is a drill: its clock is moved by hand, and somebody waits for what comes
 * of it. */
bool loop_drill(const struct loop *loop);
/* True in a drill while something happens: its clock is moved by hand, and somebody waits. */
bool loop_brisk(const struct loop *loop);
/* A connection that the service turns itself wakes the loop; one at most, NULL = none any more. */
struct pg;
void loop_watch(struct loop *loop, const struct pg *pg);

/* A command from inside the process (HTTP): goes through the same batches as those from the bus.
 * `done` is called in the loop's thread after the commit (or failure), with the reply.
 * `request_id`, `actor`, payload are copied. ERR_LIMIT when too many are under way. Thread-safe:
 * may be called from HTTP's thread; wakes the loop. */
struct local_command {
    uint32_t type;
    int64_t agg;
    int64_t at_ms; /* drills only: the decision's now, as an envelope's; 0 = the drill's clock */
    const char *request_id, *actor, *peer;
    struct bytes payload;
    int64_t span_ms; /* what is not begun by then is not run: ERR_LATE; 0 = none */
    void (*done)(void *self, const struct envelope *reply);
    void *self;
};
enum err loop_command(struct loop *loop, const struct local_command *command) MUST_CHECK;
/* The same for a query. */
enum err loop_query(struct loop *loop, const struct local_command *query) MUST_CHECK;

#endif
