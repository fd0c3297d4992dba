#include "tests/sim/world.h"

#include <sodium.h>

#include "services/kernel/base/must.h"
#include "tests/sim/check.h"
#include "tests/sim/monitor.h"
#include "tests/sim/net.h"
#include "tests/sim/people.h"
#include "tests/sim/session.h"
#include "tests/sim/sim.h"
#include "tests/sim/trouble.h"

#define CLOCK_LAST_STEPS 5   /* of a drill's clock, when all is calm */
#define CLOCK_FAR_MS 7200000 /* a step now and then, and the last: mostly, calls end */

static struct rng salts;
static int last_steps;

/* Salts come from libsodium: its source of randomness is the seed's as well. */
static const char *random_name(void)
{
    return "simulator";
}

static void random_fill(void *const buffer, const size_t size)
{
    rng_fill(&salts, buffer, size);
}

static uint32_t random_number(void)
{
    return (uint32_t)rng_next(&salts);
}

static void randomness_take(void)
{
    static randombytes_implementation own = {
            .implementation_name = random_name, .random = random_number, .buf = random_fill};
    static bool taken;
    rng_seed(&salts, sim.plan.seed + 77);
    if (taken)
        return;
    must(randombytes_set_implementation(&own) == 0 && sodium_init() >= 0);
    taken = true;
}

/* A drill's clock is moved by hand. */
static void clock_step(void *self, int64_t arg)
{
    (void)self;
    (void)arg;
    if (sim.calm && ++last_steps > CLOCK_LAST_STEPS)
        return;
    bool far = sim.calm ? last_steps == CLOCK_LAST_STEPS : sim_chance(&sim.rng, 20);
    db.clock_ms += sim_between(&sim.rng, 1, far ? CLOCK_FAR_MS : sim.calm ? 60000 : 2000);
    sim_trace("clock", db.clock_ms - SIM_EPOCH_MS, 0, 0, 0);
    sim_at(sim_between(&sim.rng, 50, 800), clock_step, NULL, 0);
}

void world_begin(void)
{
    static const enum service_id all[] = {
            SERVICE_INTAKE, SERVICE_ROUTING, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER, SERVICE_AUDIT};
    randomness_take();
    db_begin();
    db.incarnation = db.incarnation_first = SIM_EPOCH_MS / 1000 + 86400;
    db.clock_ms = SIM_EPOCH_MS;
    last_steps = 0;
    sessions_begin();
    monitor_begin();
    net_begin((int)sim_between(&sim.rng, 1, BROKERS_MAX));
    nodes_begin();
    for (int i = 0; i < 5; i++)
        for (int64_t count = sim_between(&sim.rng, 1, all[i] == SERVICE_ROUTING ? 3 : 2); count > 0;
                count--)
            (void)node_start(all[i]);
    people_begin();
    trouble_begin();
    if (sim.drill)
        sim_at(300, clock_step, NULL, 0);
}

void world_end(void)
{
    nodes_end();
    sessions_end();
    net_end();
    people_end();
    monitor_end();
    db_end();
}

void world_heal(void)
{
    sim_trace("calm", 0, 0, 0, 0);
    trouble_heal();
    net_heal();
    people_replay();
}

static bool table_empty(enum table_kind kind)
{
    for (int service = SERVICE_INTAKE; service <= SERVICE_AUDIT; service++) {
        const struct table *table = db_table((enum service_id)service, kind);
        for (size_t i = 0; i < table->count; i++)
            if (row_see(table->rows[i], NULL))
                return false;
    }
    return true;
}

static bool timers_wait(void)
{
    for (int service = SERVICE_INTAKE; service <= SERVICE_AUDIT; service++) {
        const struct table *table = db_table((enum service_id)service, T_TIMER);
        for (size_t i = 0; i < table->count; i++) {
            const struct version *timer = row_see(table->rows[i], NULL);
            if (timer && cell_int(timer, TI_DUE) < db_clock_ms())
                return false;
        }
    }
    return true;
}

bool world_rests(const char **ret_why)
{
    const struct {
        bool holds;
        const char *why;
    } all[] = {{people_content(), "somebody is not answered"},
            {!sim.drill || last_steps > CLOCK_LAST_STEPS, "the clock is moved"},
            {table_empty(T_OUTBOX), "something is in an outbox"},
            {table_empty(T_WAITING), "a held message waits"},
            {table_empty(T_DEAD), "a dead letter cannot be replayed"},
            {timers_wait(), "a deadline has passed and does not fire"},
            {check_placed(), "a page has no place in the ledger"},
            {check_work_done(), "a mission or a merged case waits for nothing"},
            {net_quiet(), "a frame is under way"}, {!sessions_busy(), "a session is open"},
            {nodes_idle(ret_why), "an instance works"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!all[i].holds) {
            *ret_why = all[i].why;
            return false;
        }
    return true;
}

void world_check(void)
{
    check_all();
    check_streams();
    check_leaves();
    check_ledger();
    check_cases();
    people_check();
}
