/* The run itself: time, randomness, the hash. What the events do is elsewhere:
 * node.c (instances), net.c (frames), session.c (the database's side of a connection), people.c,
 * trouble.c. */
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "tests/sim/events.h"
#include "tests/sim/session.h"
#include "tests/sim/world.h"

#define ARENA_LIMIT ((size_t)512 << 20)
#define KEPT_SIZE (256 << 20)
#define STEPS_MAX_RUN 4000000 /* events of one run: more is a run that never ends */
#define PEOPLE_MS 5000        /* as long as people act and things go wrong */
#define LOOK_MS 500
#define REST_MS_MAX 240000 /* a run that has not come to rest by then never will */

struct sim sim;
uint64_t sim_stats[STAT_COUNT];

const char *const sim_fault_names[] = {
#define X(name, text, what) text,
        FAULT_TABLE(X)
#undef X
};
const char *const sim_fault_texts[] = {
#define X(name, text, what) what,
        FAULT_TABLE(X)
#undef X
};
const char *const sim_plant_names[] = {
#define X(name, text, what) text,
        PLANT_TABLE(X)
#undef X
};

void sim_at(int64_t delay_ms, sim_act *act, void *self, int64_t arg)
{
    must(delay_ms >= 0);
    events_add(sim.now_ms + delay_ms, act, self, arg);
}

static void hash_add(uint64_t value)
{
    sim.hash = (sim.hash ^ value) * UINT64_C(0x100000001b3);
    sim.hash ^= sim.hash >> 29;
}

void sim_trace(const char *what, int64_t a, int64_t b, int64_t c, int64_t d)
{
    for (const char *it = what; *it; it++)
        hash_add((uint8_t)*it);
    hash_add((uint64_t)sim.now_ms);
    hash_add((uint64_t)a);
    hash_add((uint64_t)b);
    hash_add((uint64_t)c);
    hash_add((uint64_t)d);
    if (sim.plan.trace)
        printf("%8" PRId64 " ms  %-22s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n",
                sim.now_ms, what, a, b, c, d);
}

void sim_fail(const char *format, ...)
{
    if (sim.failed)
        return;
    va_list list;
    va_start(list, format);
    vsnprintf(sim.why, sizeof sim.why, format, list);
    va_end(list);
    sim.failed = true;
    sim_trace("BROKEN", 0, 0, 0, 0);
    if (sim.plan.trace)
        printf("%8" PRId64 " ms  %s\n", sim.now_ms, sim.why);
}

bool sim_fault(enum fault fault)
{
    bool within = sim.now_ms >= sim.plan.from_ms &&
                  (sim.plan.until_ms == 0 || sim.now_ms < sim.plan.until_ms);
    return !sim.calm && within && (sim.plan.faults >> fault & 1);
}

bool sim_chance(struct rng *rng, uint64_t one_in)
{
    return rng_below(rng, one_in) == 0;
}

int64_t sim_between(struct rng *rng, int64_t low, int64_t high)
{
    return low + (int64_t)rng_below(rng, (uint64_t)(high - low + 1));
}

/* A seed's own mixture: most runs have a few kinds of faults, some all, some none. */
struct sim_plan sim_plan_of(uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed ^ UINT64_C(0x51b0));
    uint32_t all = (1u << FAULT_COUNT) - 1;
    uint32_t some = (uint32_t)rng_next(&rng) & (uint32_t)rng_next(&rng);
    uint32_t faults = sim_chance(&rng, 8) ? all : some & all;
    return (struct sim_plan){
            .seed = seed, .faults = faults, .requests = (int)sim_between(&rng, 2, 16)};
}

static void step_run(const struct event *event)
{
    sim.now_ms = event->at_ms;
    sim.steps++;
    event->act(event->self, event->arg);
    if (sim.steps > STEPS_MAX_RUN)
        sim_fail("the run does not end: %d events", STEPS_MAX_RUN);
}

static void run_until(int64_t until_ms)
{
    const struct event *event;
    while (!sim.failed && (event = events_take(until_ms)))
        step_run(event);
    if (!sim.failed)
        sim.now_ms = until_ms;
}

/* Runs take and give back the same megabytes again and again: the process keeps them. */
static void memory_keep(void)
{
    static bool kept;
    if (kept)
        return;
    kept = mallopt(M_TRIM_THRESHOLD, KEPT_SIZE) && mallopt(M_TOP_PAD, KEPT_SIZE / 16) &&
           mallopt(M_MMAP_THRESHOLD, KEPT_SIZE / 8);
}

void sim_begin(const struct sim_plan *plan)
{
    memory_keep();
    sim = (struct sim){.plan = *plan, .hash = UINT64_C(0xcbf29ce484222325)};
    memset(sim_stats, 0, sizeof sim_stats);
    rng_seed(&sim.rng, plan->seed);
    rng_seed(&sim.fault_rng, plan->seed + 1000000007);
    rng_seed(&sim.net_rng, plan->seed + 2000000011);
    rng_seed(&sim.db_rng, plan->seed + 3000000019);
    rng_seed(&sim.people_rng, plan->seed + 4000000007);
    arena_init(&sim.arena, ARENA_LIMIT);
    events_begin();
}

static void result_take(struct sim_result *ret)
{
    *ret = (struct sim_result){
            .hash = sim.hash, .steps = sim.steps, .lasted_ms = sim.now_ms, .failed = sim.failed};
    memcpy(ret->why, sim.why, sizeof ret->why);
    memcpy(ret->counts, sim_stats, sizeof sim_stats);
}

void sim_end(void)
{
    arena_fini(&sim.arena);
}

void sim_pass(int64_t span_ms)
{
    run_until(sim.now_ms + span_ms);
}

void sim_run(const struct sim_plan *plan, struct sim_result *ret)
{
    sim_begin(plan);
    sim.drill = sim_chance(&sim.rng, 3);
    world_begin();
    run_until(PEOPLE_MS);
    sim.calm = true;
    if (!sim.failed)
        world_heal();
    const char *why = "";
    while (!sim.failed && !world_rests(&why)) {
        if (sim.now_ms > PEOPLE_MS + REST_MS_MAX)
            sim_fail("it does not come to rest: %s%s%s", why,
                    twin_missing() ? "; no twin for the statement " : "",
                    twin_missing() ? twin_missing() : "");
        run_until(sim.now_ms + LOOK_MS);
    }
    if (!sim.failed)
        world_check();
    world_end();
    result_take(ret);
    sim_end();
}

static bool fails(const struct sim_plan *plan, int *runs)
{
    struct sim_result result;
    ++*runs;
    sim_run(plan, &result);
    return result.failed;
}

/* Halves the time in which something goes wrong, from its end or its beginning. */
static void span_shrink(struct sim_plan *plan, bool end, int *runs)
{
    int64_t first = plan->from_ms, last = plan->until_ms ? plan->until_ms : PEOPLE_MS;
    for (int64_t step = (last - first) / 2; step > 0; step /= 2) {
        struct sim_plan less = *plan;
        less.until_ms = end ? last - step : last;
        less.from_ms = end ? first : first + step;
        if (!fails(&less, runs))
            continue;
        *plan = less;
        first = less.from_ms;
        last = less.until_ms;
    }
}

int sim_shrink(struct sim_plan *plan)
{
    int runs = 0;
    span_shrink(plan, true, &runs);
    span_shrink(plan, false, &runs);
    for (int fault = 0; fault < FAULT_COUNT; fault++) {
        struct sim_plan less = *plan;
        less.faults &= ~(1u << fault);
        if (less.faults != plan->faults && fails(&less, &runs))
            *plan = less;
    }
    for (int step = plan->requests / 2; step > 0; step /= 2)
        for (struct sim_plan less = *plan; less.requests > step; less = *plan) {
            less.requests -= step;
            if (!fails(&less, &runs))
                break;
            *plan = less;
        }
    return runs;
}
