/* Those who use the cluster while it is disturbed: hotlines that push reports, repeat them, take
 * them back and fetch outcomes; and staff who work the cases off. Each is a process of its own,
 * with its own key and its own links, and writes down what it does and what it is told
 * (history.h).
 *
 * It is told by single letters over its pipe: `d`, drain: begin nothing new, bring to an end what
 * is open; `f`, finish: fetch what is left and end. It answers a finished drain with `d`. */
#ifndef HUYING_TESTS_FAULT_WORKLOAD_H
#define HUYING_TESTS_FAULT_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/rng.h"
#include "tests/fault/site.h"

struct worker {
    const struct visitor *visitor;
    char endpoints[LINK_POSTGRES][HOST_SIZE + 16];
    int control;
    struct rng rng;
    bool draining, finishing;
};

/* Forks the visitor's process. */
void visitor_start(struct visitor *visitor, uint64_t seed);

/* For its process: looks for letters, waits at most `pause_ms`. */
void worker_listen(struct worker *worker, int pause_ms);
void worker_drained(struct worker *worker);

/* The lives of the two kinds; they return at the end. */
void hotline_live(struct worker *worker);
void staff_live(struct worker *worker);

#endif
