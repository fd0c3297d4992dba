/* What a client did and what it was told, as lines that outlive it: tab-separated, in the order of
 * the columns of table `told` in judge.sql, one file per client. An action has two lines under one
 * `op`: invoked before anything is sent, done with the answer; `seen` is what a query showed.
 * Instants are microseconds of the machine's monotonic clock, the same for all clients. */
#ifndef HUYING_TESTS_FAULT_HISTORY_H
#define HUYING_TESTS_FAULT_HISTORY_H

#include <stdint.h>

#define OP_SIZE 40

struct event {
    const char *phase;  /* "invoked" "done" "seen" */
    const char *op;     /* unique over all clients */
    const char *what;   /* "push" "withdraw" "fetch" "ack" "routing" "enforcement" "volunteer" */
    const char *ticket; /* NULL = "" */
    int64_t agg;
    const char *result; /* "accepted", "closed", a verdict's number, "unknown"; NULL = "" */
    int32_t ver;
    int64_t since_us;   /* of "seen": when the query was invoked */
    const char *detail; /* NULL = "" */
};

/* One per process. Ends the process when the file cannot be written: what is not written down
 * cannot be judged. */
void history_open(const char *dir, const char *client);
void history_add(const struct event *event);
int64_t history_now_us(void);
/* The client's next op: "NAME-17". */
void history_op(char ret[OP_SIZE]);

#endif
