/* What store_suite.c needs of a database, in two kinds: PostgreSQL and the simulated one. */
#ifndef HUYING_TESTS_SIM_STORE_BACK_H
#define HUYING_TESTS_SIM_STORE_BACK_H

#include <stdint.h>

/* Facts about the toy's tables, of one aggregate (0 = of all): name, SQL's word for it, table, its
 * column with the aggregate; table and columns of the simulated database (-1 = count the rows). */
#define FACT_TABLE(X)                                                                              \
    X(FACT_ROWS, "count(*)", "toy", "id", T_AGG, 0, -1)                                            \
    X(FACT_VER, "sum(ver)", "toy", "id", T_AGG, 0, 1)                                              \
    X(FACT_SEEN, "sum(seen_intake)", "toy", "id", T_AGG, 0, 2)                                     \
    X(FACT_SEEN_VOLUNTEER, "sum(seen_volunteer)", "toy", "id", T_AGG, 0, 3)                        \
    X(FACT_SENT, "sum(sent_enforcement)", "toy", "id", T_AGG, 0, 4)                                \
    X(FACT_TOTAL, "sum(total)", "toy", "id", T_AGG, 0, 5)                                          \
    X(FACT_OUTBOX, "count(*)", "outbox", "agg", T_OUTBOX, O_AGG, -1)                               \
    X(FACT_NUMBERS, "sum(n)", "outbox", "agg", T_OUTBOX, O_AGG, O_N)                               \
    X(FACT_TRIES, "sum(tries)", "outbox", "agg", T_OUTBOX, O_AGG, O_TRIES)                         \
    X(FACT_WAITING, "count(*)", "waiting", "agg", T_WAITING, W_AGG, -1)                            \
    X(FACT_DEAD, "count(*)", "dead_letter", "agg", T_DEAD, W_AGG, -1)                              \
    X(FACT_DEAD_ATTEMPTS, "sum(attempts)", "dead_letter", "agg", T_DEAD, W_AGG, W_ATTEMPTS)        \
    X(FACT_TIMERS, "count(*)", "timer", "agg", T_TIMER, TI_AGG, -1)                                \
    X(FACT_TIMER_GEN, "sum(gen)", "timer", "agg", T_TIMER, TI_AGG, TI_GEN)                         \
    X(FACT_STEPS, "count(*)", "history", "agg", T_HISTORY, H_AGG, -1)                              \
    X(FACT_COMMANDS, "count(*)", "command", "agg", T_COMMAND, C_AGG, -1)                           \
    X(FACT_ATTEMPTS, "count(*)", "attempt", "id", T_ATTEMPT, AT_ID, -1)                            \
    X(FACT_SUSPECTS, "sum(attempts)", "suspect", "msg_id", T_SUSPECT, SU_ID, SU_ATTEMPTS)

enum fact {
#define X(name, sql, table, agg, kind, agg_column, column) name,
    FACT_TABLE(X)
#undef X
            FACT_COUNT
};

void back_begin(void);
void back_end(void);
/* Empty tables, incarnation 5, directory version 1. */
void back_reset(void);
/* The site is another incarnation. */
void back_incarnation(int64_t incarnation);
/* Waits a little for what connections have asked for. `now` is for pg_turn. */
int64_t back_wait(void);
/* All connections end now. */
void back_cut(void);
int64_t back_fact(enum fact fact, int64_t agg);
const char *back_conninfo(void);

#endif
