#include "tests/sim/trouble.h"

#include "tests/sim/net.h"
#include "tests/sim/node.h"
#include "tests/sim/session.h"
#include "tests/sim/sim.h"

#define RESTORES_MAX 4

static int restores;
static bool failing_over;

static void incarnation_raise(void)
{
    if (!sim_planted(PLANT_NO_INCARNATION))
        db.incarnation += 1000;
}

/* Of the last commits so many are gone. */
static void restore(void)
{
    if (restores++ >= RESTORES_MAX || failing_over)
        return;
    uint64_t back = rng_below(&sim.fault_rng, db.lsn + 1);
    if (sim_chance(&sim.fault_rng, 2) && back > 20)
        back = 20;
    sim_trace("restore", (int64_t)db.lsn, (int64_t)back, 0, 0);
    sim_stats[STAT_RESTORES]++;
    sessions_cut(false);
    db_undo(db.lsn - back);
    db.confirmed = db.lsn;
    incarnation_raise();
}

static void failover_end(void *self, int64_t promote)
{
    (void)self;
    if (!failing_over)
        return;
    failing_over = false;
    sim_trace("the standby", promote, (int64_t)db.lsn, (int64_t)db.confirmed, 0);
    if (promote) {
        sim_stats[STAT_FAILOVERS]++;
        sessions_cut(false);
        db_undo(db.confirmed);
        incarnation_raise();
    }
    sessions_confirm();
}

static void primary_up(void *self, int64_t arg)
{
    (void)self;
    (void)arg;
    db.up = true;
}

/* What was on its disk is there again after the crash, confirmed or not; the standby is still
 * away. */
static void primary_crash(void *self, int64_t arg)
{
    (void)self;
    (void)arg;
    if (!failing_over)
        return;
    uint64_t flushed = db_flushed();
    sim_trace("the primary crashes", (int64_t)db.lsn, (int64_t)flushed, 0, 0);
    sessions_cut(false);
    db_undo(flushed > db.confirmed ? flushed : db.confirmed);
    db.up = false;
    sim_at(sim_between(&sim.fault_rng, 20, 300), primary_up, NULL, 0);
}

static void failover(void)
{
    if (failing_over)
        return;
    failing_over = true;
    db.standby = false;
    sim_trace("the standby is cut off", (int64_t)db.lsn, 0, 0, 0);
    int64_t crash_ms = sim_between(&sim.fault_rng, 20, 600);
    sim_at(crash_ms, primary_crash, NULL, 0);
    sim_at(crash_ms + sim_between(&sim.fault_rng, 200, 2500), failover_end, NULL,
            !sim_chance(&sim.fault_rng, 3));
}

static void clock_right(void *self, int64_t arg)
{
    (void)self;
    (void)arg;
    db.jump_ms = 0;
    db.trust += sim_planted(PLANT_JUMP_TRUSTED);
}

static void clock_jump(void)
{
    int64_t by = sim_between(&sim.fault_rng, 8000, 3600000);
    db.jump_ms = sim_chance(&sim.fault_rng, 2) ? by : -by;
    db.trust += sim_planted(PLANT_JUMP_TRUSTED);
    sim_trace("the clock jumps", db.jump_ms, 0, 0, 0);
    sim_at(sim_between(&sim.fault_rng, 100, 3000), clock_right, NULL, 0);
}

static void fault_do(enum fault fault)
{
    struct node *node;
    switch (fault) {
    case FAULT_CRASH:
        node = node_any();
        if (node)
            node_kill(node, (int)rng_below(&sim.fault_rng, 8));
        break;
    case FAULT_STALL:
        node = node_any();
        if (node)
            node_stall(node, sim_between(&sim.fault_rng, 500, 8000));
        break;
    case FAULT_BROKER:
        net_broker_die(
                (int)rng_below(&sim.fault_rng, BROKERS_MAX), sim_between(&sim.fault_rng, 50, 3000));
        break;
    case FAULT_CUT:
        sessions_cut(true);
        break;
    case FAULT_FAILOVER:
        failover();
        break;
    case FAULT_RESTORE:
        restore();
        break;
    case FAULT_CLOCK:
        clock_jump();
        break;
    case FAULT_APPLY:
        db.directory_version++;
        sim_trace("the directory", db.directory_version, 0, 0, 0);
        break;
    case FAULT_LOSS: /* these are asked about where they may happen */
    case FAULT_NAK:
    case FAULT_UNKNOWN:
    case FAULT_SLOW:
    case FAULT_POISON:
    case FAULT_COUNT:
        break;
    }
}

static void trouble_make(void *self, int64_t arg)
{
    (void)self;
    (void)arg;
    if (sim.calm)
        return;
    enum fault fault = (enum fault)rng_below(&sim.fault_rng, FAULT_COUNT);
    if (sim_fault(fault))
        fault_do(fault);
    sim_at(sim_between(&sim.fault_rng, 10, 160), trouble_make, NULL, 0);
}

void trouble_begin(void)
{
    restores = 0;
    failing_over = false;
    sim_at(200, trouble_make, NULL, 0);
}

void trouble_heal(void)
{
    failover_end(NULL, 0);
    db.up = true;
    db.jump_ms = 0;
}
