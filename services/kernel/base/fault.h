/* Fault points: named places where an operating error comes into a process from outside (the
 * database, the bus, Redis, a file, a clock). In a tree configured with -DHUYING_FAULTS=ON (the
 * preset of sanitized trees) the environment switches them on:
 *
 *   HUYING_FAULTS="pg_commit_lost_after=200,bus_frame_lost=50,all=500"   HUYING_FAULT_SEED=7
 *
 * One in so many times that a process passes the point, it behaves as if the error had come: once
 * in each 200, at a place in them that follows from the seed, the process's name and the point's.
 * `all` is for the points that are not named; 0 is never. In any other tree FAULT() is a constant,
 * and neither names nor code are in the binary.
 *
 * To add one: a line in the table, FAULT(name) at the one place where that error comes in, never in
 * decide(), and a test: tests/cluster/faults_test fires all but those that it names. */
#ifndef HUYING_BASE_FAULT_H
#define HUYING_BASE_FAULT_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/must.h"

#define FAULT_POINT_TABLE(X)                                                                       \
    X(pg_connect, "connecting to PostgreSQL fails")                                                \
    X(pg_prepare, "libpq does not take a statement to be prepared")                                \
    X(pg_unsent, "libpq does not take a statement")                                                \
    X(pg_unsynced, "libpq does not take the end of a segment")                                     \
    X(pg_lost_before, "the connection is lost with a statement that the server has not seen")      \
    X(pg_lost_after, "the connection is lost before the answer to a segment without COMMIT")       \
    X(pg_commit_lost_before, "the connection is lost before the server sees COMMIT")               \
    X(pg_commit_lost_after, "the server commits, and the connection is lost before it says so")    \
    X(pg_warning, "a segment ends with a warning: it is not known whether it is kept")             \
    X(pg_locked, "somebody else holds a row for longer than the time-out (55P03)")                 \
    X(pg_deadlock, "the server ends the transaction to resolve a deadlock (40P01)")                \
    X(pg_full, "the server's disk is full (53100)")                                                \
    X(pg_refused, "the server refuses a row: a constraint (23514)")                                \
    X(directory_broken, "the directory's rows cannot be used")                                     \
    X(ids_gone, "a batch finds no ids left, since others drew them or they were thrown away")      \
    X(site_replaced, "a batch finds another incarnation of the site")                              \
    X(bus_open, "a socket of the bus cannot be opened")                                            \
    X(bus_send_full, "libzmq does not take a frame: its queue is full")                            \
    X(bus_frame_lost, "a frame is taken and never arrives")                                        \
    X(bus_frame_twice, "a frame arrives twice")                                                    \
    X(bus_nak, "the broker sends messages back")                                                   \
    X(bus_silent, "nothing is heard of a broker for too long")                                     \
    X(bus_broker_gone, "the connection to a broker is lost")                                       \
    X(frame_malformed, "a frame's payload is no batch")                                            \
    X(frame_stale, "a frame's messages are of another incarnation")                                \
    X(acks_malformed, "a frame's payload is no list of acknowledgements")                          \
    X(body_limit, "a message takes more memory than a frame or batch may")                         \
    X(inbox_full, "the inbox is full: nothing is received for a round")                            \
    X(outgoing_full, "as much as may be is under way: what is committed is left to the sweep")     \
    X(local_full, "as many requests of the process itself as may be are under way")                \
    X(redis_connect, "connecting to Redis fails")                                                  \
    X(redis_lost, "the connection to Redis is lost, or it hangs")                                  \
    X(redis_error, "Redis answers with an error")                                                  \
    X(redis_silent, "Redis does not say whether it has lost everything")                           \
    X(conf_unreadable, "the configuration cannot be read")                                         \
    X(key_unreadable, "the key file cannot be read")                                               \
    X(peers_unreadable, "the allow-list cannot be read")                                           \
    X(zap_open, "the handler that decides who may connect cannot be started")                      \
    X(http_start, "the port of health and metrics is taken")                                       \
    X(http_answer, "an answer of health and metrics is not taken: the connection is closed")       \
    X(log_lost, "a line of the log cannot be written")                                             \
    X(boot_unreadable, "the machine does not say which of its runs this is")                       \
    X(clock_jump, "the database's clock is an hour ahead, once")

enum fault_point {
#define X(name, text) FAULT_##name,
    FAULT_POINT_TABLE(X)
#undef X
            FAULT_POINTS
};

#ifdef HUYING_FAULTS
#define FAULT(name) fault_fires(FAULT_##name)

/* True when the error is to happen this time; counts it. The first time of each point is an event
 * of the log. From any thread. */
bool fault_fires(enum fault_point point);
/* Switches points on as `list` says, NULL or "" = none, and all counts to 0. ERR_MALFORMED with a
 * line in `why` that names what was wrong and which points there are; nothing has changed then.
 * Before other threads are started; tests may repeat it. */
enum err fault_set(const char *list, uint64_t seed, const char *process, struct buf *why)
        MUST_CHECK;
/* The same from the environment, and nothing in other trees: for a process's first lines. */
enum err fault_init(const char *process, struct buf *why) MUST_CHECK;
uint64_t fault_count(enum fault_point point); /* firings */
const char *fault_point_name(enum fault_point point);
/* Prometheus text, a line per point; `labels` as for metrics_print, "" = none. */
void fault_print(const char *labels, struct buf *out);
#else
#define FAULT(name) ((void)FAULT_##name, false)

static inline enum err MUST_CHECK fault_init(const char *process, struct buf *why)
{
    (void)process;
    (void)why;
    return OK;
}
static inline void fault_print(const char *labels, struct buf *out)
{
    (void)labels;
    (void)out;
}
#endif

#endif
