/* huying-sim: runs seeds of the simulator, shows one, makes a failing one small. */
#include <glib.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/kernel/base/clock.h"
#include "services/kernel/base/rng.h"
#include "tests/sim/session.h"
#include "tests/sim/sim.h"

#define TELL_MS 2000

static gint64 option_seeds = 1000, option_from = 1, option_seed, option_requests = -1;
static gint64 option_after, option_until;
static gboolean option_trace, option_no_shrink, option_twice;
static gchar *option_plant, *option_faults;

static uint64_t seed_now; /* for the handler of SIGABRT: a must() of the code under test */

static void aborted(int number)
{
    char line[120];
    int size = snprintf(line, sizeof line,
            "\nan assertion failed in seed %" PRIu64 "; see: tests/sim/run --seed %" PRIu64
            " --trace\n",
            seed_now, seed_now);
    (void)number;
    (void)!write(STDERR_FILENO, line, (size_t)size);
    (void)signal(SIGABRT, SIG_DFL);
}

static int64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock.monotonic_ms(clock.self);
}

static int name_find(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* "crash,loss" or "none"; false when a name is none of ours. */
static bool faults_read(const char *text, uint32_t *ret)
{
    gchar **names = g_strsplit(text, ",", FAULT_COUNT);
    uint32_t faults = 0;
    bool good = true;
    for (gchar **it = names; *it; it++) {
        int fault = name_find(sim_fault_names, FAULT_COUNT, *it);
        if (strcmp(*it, "all") == 0)
            faults = (1u << FAULT_COUNT) - 1;
        else if (fault >= 0)
            faults |= 1u << fault;
        else
            good = good && strcmp(*it, "none") == 0;
    }
    g_strfreev(names);
    *ret = faults;
    return good;
}

static bool plan_make(uint64_t seed, struct sim_plan *ret)
{
    *ret = sim_plan_of(seed);
    if (option_plant) {
        int plant = name_find(sim_plant_names, PLANT_COUNT, option_plant);
        if (plant < 0) {
            fprintf(stderr, "--plant: one of");
            for (int i = 0; i < PLANT_COUNT; i++)
                fprintf(stderr, " %s", sim_plant_names[i]);
            fprintf(stderr, "\n");
            return false;
        }
        ret->plant = (enum plant)plant;
    }
    if (option_faults && !faults_read(option_faults, &ret->faults)) {
        fprintf(stderr, "--faults: none, all, or some of");
        for (int i = 0; i < FAULT_COUNT; i++)
            fprintf(stderr, " %s", sim_fault_names[i]);
        fprintf(stderr, "\n");
        return false;
    }
    if (option_requests >= 0)
        ret->requests = (int)option_requests;
    ret->from_ms = option_after;
    ret->until_ms = option_until;
    return true;
}

static void plan_print(const struct sim_plan *plan)
{
    printf("  seed %" PRIu64 ", %d reports, faults:", plan->seed, plan->requests);
    for (int i = 0; i < FAULT_COUNT; i++)
        if (plan->faults >> i & 1)
            printf(" %s", sim_fault_names[i]);
    printf("%s", plan->faults ? "" : " none");
    if (plan->from_ms || plan->until_ms)
        printf(", from %" PRId64 " to %" PRId64 " ms", plan->from_ms, plan->until_ms);
    printf("\n");
}

static void command_print(const struct sim_plan *plan)
{
    printf("  again: tests/sim/run --seed %" PRIu64 " --requests %d --faults ", plan->seed,
            plan->requests);
    const char *comma = "";
    for (int i = 0; i < FAULT_COUNT; i++)
        if (plan->faults >> i & 1) {
            printf("%s%s", comma, sim_fault_names[i]);
            comma = ",";
        }
    printf("%s", plan->faults ? "" : "none");
    if (plan->from_ms || plan->until_ms)
        printf(" --after %" PRId64 " --until %" PRId64, plan->from_ms, plan->until_ms);
    printf("%s%s --trace\n", option_plant ? " --plant " : "", option_plant ? option_plant : "");
}

static void failure_tell(struct sim_plan *plan, const struct sim_result *result)
{
    printf("seed %" PRIu64 " FAILED at %" PRId64 " ms, event %" PRIu64 ": %s\n", plan->seed,
            result->lasted_ms, result->steps, result->why);
    plan_print(plan);
    if (option_no_shrink)
        return;
    int runs = sim_shrink(plan);
    struct sim_result small;
    sim_run(plan, &small);
    printf("made smaller in %d runs: %s\n", runs, small.why);
    plan_print(plan);
    command_print(plan);
}

static int one_run(void)
{
    static const char *const names[] = {
#define X(name, text) text,
            STAT_TABLE(X)
#undef X
    };
    struct sim_plan plan;
    struct sim_result result;
    if (!plan_make((uint64_t)option_seed, &plan))
        return 2;
    plan.trace = option_trace;
    sim_run(&plan, &result);
    plan_print(&plan);
    for (int i = 0; i < STAT_COUNT; i++)
        printf("  %-30s %" PRIu64 "\n", names[i], result.counts[i]);
    printf("seed %" PRIu64 " %s: %" PRIu64 " events in %" PRId64 " ms, hash %016" PRIx64 "\n",
            plan.seed, result.failed ? result.why : "passed", result.steps, result.lasted_ms,
            result.hash);
    return result.failed;
}

static void progress(int64_t done, int64_t start_ms)
{
    int64_t spent = now_ms() - start_ms + 1;
    fprintf(stderr, "%" PRId64 " of %" PRId64 " seeds, %" PRId64 "/s, %" PRId64 " s left\n", done,
            option_seeds, done * 1000 / spent, (option_seeds - done) * spent / (done * 1000 + 1));
}

/* The same seed must be the same run. */
static bool same_again(const struct sim_plan *plan, const struct sim_result *first)
{
    struct sim_result second;
    if (!option_twice)
        return true;
    sim_run(plan, &second);
    if (second.hash == first->hash && second.steps == first->steps)
        return true;
    printf("seed %" PRIu64 " is not the same twice: hash %016" PRIx64 ", then %016" PRIx64 "\n",
            plan->seed, first->hash, second.hash);
    return false;
}

static int many_runs(void)
{
    int64_t start = now_ms(), told = start;
    uint64_t hash = 0;
    for (int64_t i = 0; i < option_seeds; i++) {
        struct sim_plan plan;
        struct sim_result result;
        seed_now = (uint64_t)(option_from + i);
        if (!plan_make(seed_now, &plan))
            return 2;
        sim_run(&plan, &result);
        hash = (hash ^ result.hash) * UINT64_C(0x100000001b3);
        if (result.failed) {
            failure_tell(&plan, &result);
            return 1;
        }
        if (!same_again(&plan, &result))
            return 1;
        if (now_ms() - told > TELL_MS) {
            told = now_ms();
            progress(i + 1, start);
        }
    }
    if (twin_missing())
        fprintf(stderr, "no twin for the statement %s (and perhaps others): it failed each time\n",
                twin_missing());
    printf("%" PRId64 " seeds from %" PRId64 " passed%s in %" PRId64 " ms, hash %016" PRIx64 "\n",
            option_seeds, option_from, option_twice ? ", each the same twice," : "",
            now_ms() - start, hash);
    return 0;
}

int main(int argc, char **argv)
{
    GOptionEntry entries[] = {
            {"seeds", 'n', 0, G_OPTION_ARG_INT64, &option_seeds, "so many seeds (1000)", "N"},
            {"from", 'f', 0, G_OPTION_ARG_INT64, &option_from, "the first of them (1)", "S"},
            {"seed", 's', 0, G_OPTION_ARG_INT64, &option_seed, "one seed, with what happened", "S"},
            {"trace", 't', 0, G_OPTION_ARG_NONE, &option_trace, "with --seed: every event", NULL},
            {"plant", 'p', 0, G_OPTION_ARG_STRING, &option_plant, "with a mistake", "NAME"},
            {"faults", 'F', 0, G_OPTION_ARG_STRING, &option_faults, "only these kinds", "A,B"},
            {"requests", 'r', 0, G_OPTION_ARG_INT64, &option_requests, "reports at most", "N"},
            {"after", 0, 0, G_OPTION_ARG_INT64, &option_after, "faults only from then on", "MS"},
            {"until", 0, 0, G_OPTION_ARG_INT64, &option_until, "faults only until then", "MS"},
            {"twice", '2', 0, G_OPTION_ARG_NONE, &option_twice, "each seed twice: the same?", NULL},
            {"no-shrink", 0, 0, G_OPTION_ARG_NONE, &option_no_shrink, "leave a failure as it is",
                    NULL},
            {NULL, 0, 0, 0, NULL, NULL, NULL}};
    GOptionContext *context = g_option_context_new("- the simulator of Huying");
    GError *error = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1) {
        fprintf(stderr, "%s\n",
                error ? error->message : "no arguments besides options; see --help");
        return 2;
    }
    g_option_context_free(context);
    (void)signal(SIGABRT, aborted);
    seed_now = (uint64_t)option_seed;
    return option_seed ? one_run() : many_runs();
}
