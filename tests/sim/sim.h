/* One run of the simulator: a seed, simulated time, a queue of what happens when, and a hash over
 * all that happened. Nothing in a run reads the machine's clock or its randomness, so that a seed
 * gives the same run every time. One run at a time, one thread; `sim` is the run. */
#ifndef HUYING_TESTS_SIM_SIM_H
#define HUYING_TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/kernel/base/arena.h"
#include "services/kernel/base/rng.h"

#define SIM_SITE 7
#define SIM_EPOCH_MS INT64_C(1767225600000) /* 2026-01-01: the site's wall clock at time 0 */
#define SIM_WHY_SIZE 400
#define SIM_REQUESTS_MAX 400

/* Kinds of faults; a run has those of its mask. */
#define FAULT_TABLE(X)                                                                             \
    X(FAULT_LOSS, "loss", "frames are lost, doubled, late")                                        \
    X(FAULT_NAK, "nak", "brokers refuse frames")                                                   \
    X(FAULT_BROKER, "broker", "brokers die, with what is under way")                               \
    X(FAULT_CRASH, "crash", "instances die between any two effects")                               \
    X(FAULT_UNKNOWN, "unknown", "connections end around COMMIT: the outcome is unknown")           \
    X(FAULT_SLOW, "slow", "a dead client's statements are still carried out, late")                \
    X(FAULT_CUT, "cut", "connections to the database end")                                         \
    X(FAULT_FAILOVER, "failover", "the primary dies and what no standby confirmed is lost")        \
    X(FAULT_RESTORE, "restore", "the site is restored to an earlier point in time")                \
    X(FAULT_CLOCK, "clock", "the database's clock jumps")                                          \
    X(FAULT_POISON, "poison", "reports that cannot be stored")                                     \
    X(FAULT_STALL, "stall", "instances stop for seconds and go on")                                \
    X(FAULT_APPLY, "apply", "the directory is applied anew, under another version")

enum fault {
#define X(name, text, what) name,
    FAULT_TABLE(X)
#undef X
            FAULT_COUNT
};

/* Mistakes that are put in on purpose, below the code under test: in the twins, session.c, net.c,
 * trouble.c and monitor.c. */
#define PLANT_TABLE(X)                                                                             \
    X(PLANT_NONE, "none", "")                                                                      \
    X(PLANT_ACK_EARLY, "ack_early", "messages are acknowledged when they come in")                 \
    X(PLANT_PUBLISH_EARLY, "publish_early", "messages are sent before the commit")                 \
    X(PLANT_DELETE_AT_PUBLISH, "delete_at_publish", "sent rows of the outbox go at once")          \
    X(PLANT_CONFIRM_EARLY, "confirm_early", "a commit is confirmed before any standby has it")     \
    X(PLANT_SEEN_LOST, "seen_lost", "seen numbers are not stored")                                 \
    X(PLANT_NO_INCARNATION, "no_incarnation", "the incarnation is not raised")                     \
    X(PLANT_JUMP_TRUSTED, "jump_trusted", "every jump of the clock is taken for right")            \
    X(PLANT_NO_LOCK, "no_lock", "rows of aggregates are read without a lock")                      \
    X(PLANT_IDS_AGAIN, "ids_again", "ids do not jump after a restore")                             \
    X(PLANT_WAIT_DROPPED, "wait_dropped", "what comes early is acknowledged and not kept")         \
    X(PLANT_HEAD_SHARED, "head_shared", "the ledger's head is not locked")

enum plant {
#define X(name, text, what) name,
    PLANT_TABLE(X)
#undef X
            PLANT_COUNT
};

struct sim_plan {
    uint64_t seed;
    uint32_t faults;           /* bit 1 << enum fault */
    int requests;              /* reports and acts of people at most */
    int64_t from_ms, until_ms; /* nothing goes wrong before and after; 0 = as long as people act */
    enum plant plant;
    bool trace;
};

/* What happens later. `act` gets `self` and `arg`; events at one time in the order of asking. */
typedef void sim_act(void *self, int64_t arg);

struct sim {
    struct sim_plan plan;
    int64_t now_ms;
    struct rng rng, fault_rng, net_rng, db_rng, people_rng;
    struct arena arena; /* lives as long as the run */
    uint64_t hash, steps;
    bool drill, calm, failed; /* calm: no more faults, nobody starts anything new */
    char why[SIM_WHY_SIZE];
};
extern struct sim sim;

struct sim_result {
    uint64_t hash, steps;
    int64_t lasted_ms;
    bool failed;
    char why[SIM_WHY_SIZE];
    uint64_t counts[16]; /* of what happened: see stat */
};

#define STAT_TABLE(X)                                                                              \
    X(STAT_COMMITS, "commits")                                                                     \
    X(STAT_FRAMES, "frames")                                                                       \
    X(STAT_CRASHES, "crashes")                                                                     \
    X(STAT_UNDONE, "commits undone")                                                               \
    X(STAT_RESTORES, "restores")                                                                   \
    X(STAT_FAILOVERS, "failovers")                                                                 \
    X(STAT_CASES, "cases")                                                                         \
    X(STAT_CLOSED, "closed")                                                                       \
    X(STAT_LEAVES, "leaves")                                                                       \
    X(STAT_LETTERS, "dead letters")                                                                \
    X(STAT_TAKEN_BACK, "answers undone by a restore")                                              \
    X(STAT_WAITED, "held messages")                                                                \
    X(STAT_DEADLINES, "deadlines")                                                                 \
    X(STAT_JOINED, "joined reports")
enum sim_stat {
#define X(name, text) name,
    STAT_TABLE(X)
#undef X
            STAT_COUNT
};
extern uint64_t sim_stats[STAT_COUNT];

/* All faults, and the plan that a seed has when nothing else is said. */
struct sim_plan sim_plan_of(uint64_t seed);
void sim_run(const struct sim_plan *plan, struct sim_result *ret);
/* A run without a world, for tests of the parts: time passes when it is told to. */
void sim_begin(const struct sim_plan *plan);
void sim_pass(int64_t span_ms);
void sim_end(void);
/* Makes a failing plan smaller: fewer kinds of faults, fewer requests, faults only within a short
 * time. Returns runs made. */
int sim_shrink(struct sim_plan *plan);

void sim_at(int64_t delay_ms, sim_act *act, void *self, int64_t arg);
/* Goes into the hash, and onto standard output when the plan says so. `what` is static. */
void sim_trace(const char *what, int64_t a, int64_t b, int64_t c, int64_t d);
/* An invariant is broken: the run ends. The first one is kept. */
void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool sim_fault(enum fault fault); /* in the plan, and not calm */
bool sim_chance(struct rng *rng, uint64_t one_in);
int64_t sim_between(struct rng *rng, int64_t low, int64_t high);
static inline bool sim_planted(enum plant plant)
{
    return sim.plan.plant == plant;
}
extern const char *const sim_fault_names[], *const sim_fault_texts[], *const sim_plant_names[];

#endif
