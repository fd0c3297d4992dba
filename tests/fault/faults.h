/* What is done to the cluster, and when: drawn from a seed. Faults come from a bag that holds every
 * kind as often as FAULT_TABLE says and is filled and shuffled again when it is empty: a run of
 * half a minute has had nearly all, and one of two minutes must have had each. Most of them end by
 * themselves after a while; they may overlap. The sequence is the seed's; what each one meets is
 * the machine's affair. */
#ifndef HUYING_TESTS_FAULT_FAULTS_H
#define HUYING_TESTS_FAULT_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* name, how often in a bag, longest time in ms, column of the final table, text */
#define FAULT_TABLE(X)                                                                             \
    X(FAULT_KILL, 6, 1200, COLUMN_KILLS, "kill")                                                   \
    X(FAULT_KILL_BROKER, 2, 1500, COLUMN_KILLS, "kill-broker")                                     \
    X(FAULT_KILL_BACKEND, 1, 0, COLUMN_KILLS, "kill-backend")                                      \
    X(FAULT_STOP, 3, 4000, COLUMN_STOPS, "stop")                                                   \
    X(FAULT_STOP_BROKER, 1, 3000, COLUMN_STOPS, "stop-broker")                                     \
    X(FAULT_STOP_BACKEND, 1, 4000, COLUMN_STOPS, "stop-backend")                                   \
    X(FAULT_CUT, 3, 0, COLUMN_CUTS, "cut")                                                         \
    X(FAULT_RESET, 3, 0, COLUMN_CUTS, "reset")                                                     \
    X(FAULT_SHUT, 2, 2500, COLUMN_CUTS, "shut")                                                    \
    X(FAULT_HOLD, 2, 6000, COLUMN_CUTS, "hold")                                                    \
    X(FAULT_ONE_WAY, 2, 4000, COLUMN_CUTS, "one-way")                                              \
    X(FAULT_HALF_OPEN, 3, 6000, COLUMN_CUTS, "half-open")                                          \
    X(FAULT_VANISH, 2, 14000, COLUMN_CUTS, "vanish")                                               \
    X(FAULT_DELAY, 2, 4000, COLUMN_SLOW, "delay")                                                  \
    X(FAULT_THROTTLE, 1, 3000, COLUMN_SLOW, "throttle")                                            \
    X(FAULT_POSTGRES, 1, 1000, COLUMN_POSTGRES, "postgres-immediate-stop")                         \
    X(FAULT_DISK, 1, 2500, COLUMN_DISK, "disk-full")                                               \
    X(FAULT_REDIS_FLUSH, 1, 0, COLUMN_REDIS, "redis-flushall")                                     \
    X(FAULT_REDIS_KILL, 1, 1500, COLUMN_REDIS, "redis-kill")                                       \
    X(FAULT_REDIS_STOP, 1, 2000, COLUMN_REDIS, "redis-stop")

enum fault_kind {
#define X(name, count, ms, column, text) name,
    FAULT_TABLE(X)
#undef X
            FAULT_KIND_COUNT
};

enum fault_column {
    COLUMN_KILLS,
    COLUMN_STOPS,
    COLUMN_CUTS,
    COLUMN_SLOW,
    COLUMN_POSTGRES,
    COLUMN_DISK,
    COLUMN_REDIS,
    COLUMN_COUNT
};

/* `log`: path of a file that gets a line for each fault and each end. */
void faults_begin(uint64_t seed, const char *log);
/* To be called often: ends what is over, begins what is due, and starts again what ended by
 * itself. */
void faults_turn(void);
/* Ends everything and starts everything again; waits until all are ready. */
void faults_end(void);

int faults_count(enum fault_column column);
int faults_of_kind(enum fault_kind kind);
const char *fault_text(enum fault_kind kind);
/* Processes that ended though nobody killed them: always a defect. */
int faults_unasked_ends(void);

#endif
