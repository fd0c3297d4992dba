/* What the test of several sources and its pushing processes share: a file that both map, a line
 * for each pusher. */
#ifndef HUYING_TESTS_CLUSTER_SOURCES_H
#define HUYING_TESTS_CLUSTER_SOURCES_H

#include <stdatomic.h>
#include <stdint.h>

#define SOURCES_MAX 8

/* What a pusher does beside pushing. */
#define MANNER_TABLE(X)                                                                            \
    X(FLOOD, "flood", 1024) /* as much at once as a frame may have, one after the other */         \
    X(TWICE, "twice", 256)  /* everything twice */                                                 \
    X(LEAVE, "leave", 64)   /* goes away in the middle, and comes back with what is open */        \
    X(KILLS, "kills", 256)  /* as it should be, while brokers and instances are killed */

enum manner {
#define X(name, word, batch) name,
    MANNER_TABLE(X)
#undef X
    MANNERS
};

/* One writer each; read while it is written. */
struct line {
    atomic_uint_least64_t receipts; /* reports that have one */
    atomic_uint_least64_t repeats;  /* receipts that said DUPLICATE */
    atomic_uint_least64_t again;    /* pushes of what had no receipt yet */
    atomic_uint_least64_t batches, waited_ms; /* … all batches together */
    atomic_uint_least64_t floods; /* 1: its receipts are the flood's */
    atomic_uint_least64_t own, beside; /* of batches without a stall; the flood's meanwhile */
    atomic_uint_least64_t worst_ms; /* that a batch waited for all of its receipts */
    atomic_uint_least64_t finished_ms;
};

struct board {
    struct line lines[SOURCES_MAX];
};

/* The pusher: `push MANNER NAME COUNT KEYFILE SERVERKEY BOARD LINE ENDPOINT…`; its exit status. */
int sources_push(int argc, char **argv);

#endif
