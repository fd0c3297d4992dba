/* The ways in which a primary, its standby or etcd is lost, and how long writing was away. Each
 * fall is done under load, waits until a report that was pushed after it has its receipt, mends
 * what it broke, and waits until all three nodes stand again. */
#ifndef HUYING_TESTS_FAILOVER_FALLS_H
#define HUYING_TESTS_FAILOVER_FALLS_H

#include <stdbool.h>
#include <stdint.h>

/* name, text; the first two are the kills that are counted */
#define FALL_TABLE(X)                                                                              \
    X(FALL_SERVER_FIRST, "primary: the server killed, then its Patroni")                           \
    X(FALL_PATRONI_FIRST, "primary: its Patroni killed, then the server")                          \
    X(FALL_SERVER, "primary: the server killed, its Patroni stays")                                \
    X(FALL_FREEZE, "primary: stands still, and goes on after the fail-over")                       \
    X(FALL_PATRONI, "primary: its Patroni killed, the server never")                               \
    X(FALL_STANDBY, "synchronous standby killed")                                                  \
    X(FALL_SWITCH, "switchover")                                                                   \
    X(FALL_ETCD, "etcd stands still for less than ttl")                                            \
    X(FALL_NASTY, "standbys cut, a commit waits, primary restarted, then lost")

enum fall {
#define X(name, text) name,
    FALL_TABLE(X)
#undef X
            FALL_COUNT
};

const char *fall_text(enum fall fall);
/* Does it; the longest time in milliseconds in which nobody got a receipt. */
int64_t fall_do(enum fall fall);
/* Commits that were there after a restart and gone after the fail-over, of all FALL_NASTYs. */
long long falls_vanished(void);
/* Changes of the timeline after which the incarnation was not a higher one. */
int falls_same_incarnation(void);

#endif
