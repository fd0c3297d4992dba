/* The references that the cluster is measured against: what PostgreSQL, the disk and ZeroMQ give
 * on this machine without us. Shares nothing with the services, on purpose. Each function runs one
 * reference for cfg->seconds (R1 three times, R4 twice), prints one JSON object on one line to
 * standard output, and ends the process with a message on standard error when something fails: a
 * bench without its reference is worth nothing. */
#ifndef HUYING_BENCH_REFERENCE_H
#define HUYING_BENCH_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

struct bench_cfg {
    const char *conninfo;  /* a database where schema bench_reference may be made and dropped */
    const char *directory; /* on the disk whose fdatasync counts: the database's */
    double seconds;        /* of each measurement */
};

/* R1: lock by id array, update from unnest, two event rows a case, commit. */
void case_step_measure(const struct bench_cfg *cfg);
/* R2: rows by unnest, 256 a statement, each statement its own transaction. */
void row_insert_measure(const struct bench_cfg *cfg);
/* R3: 8 KiB and fdatasync, one after the other. */
void disk_sync_measure(const struct bench_cfg *cfg);
/* R7: the two round trips of a receipt, and one that does nothing, on an idle machine. */
void receipt_alone_measure(const struct bench_cfg *cfg);
/* R4: round trips through zmq_proxy, 200 bytes, 1,000 in flight, plain and CURVE. */
void proxy_trip_measure(const struct bench_cfg *cfg);

/* Prints to standard error and exits with 1. */
void bench_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Zeroed memory or the end of the process. */
void *bench_memory(size_t count, size_t size);
/* Seconds of a clock that never jumps. */
double bench_now(void);
/* xorshift64*: below `bound` (> 0), from and into *state (never 0). */
uint32_t bench_random(uint64_t *state, uint32_t bound);

#endif
