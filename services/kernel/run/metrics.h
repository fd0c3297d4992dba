/* What a service process counts about itself: one table gives the field, the Prometheus name and
 * the help text. Counters are written by the loop's thread and read by HTTP's; relaxed atomics. */
#ifndef HUYING_RUN_METRICS_H
#define HUYING_RUN_METRICS_H

#include <stdatomic.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"

#define METRIC_TABLE(X)                                                                            \
    X(batches, "counter", "transactions committed by batches")                                     \
    X(batch_retries, "counter", "batches run again: deadlock, lock time-out, lost connection")     \
    X(batch_left, "counter", "works left for later because somebody else held their rows")         \
    X(batch_failures, "counter", "batches that could not be stored and were split")                \
    X(works, "counter", "works decided: events, commands, timers, found work")                     \
    X(steps, "counter", "transitions committed")                                                   \
    X(events_in, "counter", "messages received")                                                   \
    X(duplicates, "counter", "messages whose effect was there already")                            \
    X(early, "counter", "messages that came before their turn and wait")                           \
    X(alarms, "counter", "numbers held by another message")                                        \
    X(letters, "counter", "messages that became dead letters")                                     \
    X(stale, "counter", "frames refused: another incarnation")                                     \
    X(malformed, "counter", "frames and messages refused: format or limit")                        \
    X(commands_in, "counter", "commands received")                                                 \
    X(queries_in, "counter", "queries received")                                                   \
    X(replica_queries, "counter", "of those, read from the replica")                               \
    X(marks, "counter", "commits after which answers of queries may leave")                        \
    X(late, "counter", "requests not begun because their span was over")                           \
    X(events_out, "counter", "messages published after their commit")                              \
    X(resent, "counter", "messages sent again by the sweep")                                       \
    X(acks_in, "counter", "acknowledgements received")                                             \
    X(acks_out, "counter", "acknowledgements sent")                                                \
    X(naks, "counter", "frames that a broker did not forward")                                     \
    X(timers_fired, "counter", "deadlines decided")                                                \
    X(rows_shrunk, "counter", "aggregates whose data has gone, by age")                            \
    X(rows_removed, "counter", "rows of aggregates removed with their period")                     \
    X(answers_removed, "counter", "answers to commands removed, by age")                           \
    X(timers_held, "gauge", "1 while no deadline fires: the database's clock has jumped")          \
    X(calendar_year_missing, "gauge", "year that deadlines need and no day is known of; 0 = none") \
    X(inbox, "gauge", "works waiting for a batch")                                                 \
    X(flights, "gauge", "frames sent and not acknowledged")                                        \
    X(flight_bytes, "gauge", "their size")                                                         \
    X(outbox_rows, "gauge", "rows of the outbox")                                                  \
    X(waiting_rows, "gauge", "messages that wait for an earlier one")                              \
    X(dead_letters, "gauge", "dead letters")                                                       \
    X(timer_rows, "gauge", "deadlines set")                                                        \
    X(postgres_up, "gauge", "1 while the database answers")                                        \
    X(bus_up, "gauge", "1 while a broker answers")                                                 \
    X(redis_up, "gauge", "1 while the counters reach Redis")                                       \
    X(replica_up, "gauge", "1 while the replica is recent enough for queries")                     \
    X(directory_version, "gauge", "version of the directory in memory")                            \
    X(turned_ms, "gauge", "monotonic time of the loop's last round")

struct metrics {
#define X(name, kind, help) _Atomic uint64_t name;
    METRIC_TABLE(X)
#undef X
};

#define metric_add(metrics, name, amount)                                                          \
    atomic_fetch_add_explicit(&(metrics)->name, (uint64_t)(amount), memory_order_relaxed)
#define metric_set(metrics, name, value)                                                           \
    atomic_store_explicit(&(metrics)->name, (uint64_t)(value), memory_order_relaxed)
#define metric_get(metrics, name) atomic_load_explicit(&(metrics)->name, memory_order_relaxed)

/* Prometheus text format; `labels` such as service="routing",instance="1". */
void metrics_print(struct metrics *metrics, const char *labels, struct buf *out);

#endif
