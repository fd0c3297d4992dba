/* Receipts of many reports at a time, by one of the ways in.
 *
 *   rate   an open loop: the reports' times are fixed beforehand, at random as callers are, and
 *          whoever waits for a receipt has waited since that time: a site that stands still for a
 *          second makes everybody late who came meanwhile, not only the one who was answered then
 *   full   a closed loop: every connection sends the next report when the one before has its
 *          receipt
 *   null   both of them against a server that does nothing: what the load itself is good for
 *
 * `lag` is how much later than it was due a report was sent although a connection was free: the
 * load's own lateness, which is in the figures. `load_cores`: its processor time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/rng.h"
#include "tests/bench/load.h"

#define SHOTS_FULL_MAX 400000 /* of a closed loop */
#define SEED 20260131         /* the same times in every run */
#define RANDOM_STEPS (UINT64_C(1) << 52)

bool plan_due(const struct plan *plan, size_t index, int64_t now_us)
{
    if (index >= plan->count)
        return false;
    return plan->until_us ? now_us < plan->until_us : plan->shots[index].due_us <= now_us;
}

bool plan_over(const struct plan *plan, size_t index, int64_t now_us)
{
    return index >= plan->count || (plan->until_us && now_us >= plan->until_us);
}

void plan_start(struct plan *plan)
{
    int64_t now_us = load_now_us();
    plan->began_us = now_us;
    if (plan->until_us)
        plan->until_us += now_us;
    for (size_t i = 0; !plan->until_us && i < plan->count; i++)
        plan->shots[i].due_us += now_us;
}

void plan_begin(struct plan *plan, size_t index, int64_t now_us, int64_t free_us)
{
    struct shot *shot = &plan->shots[index];
    must(index < plan->count && !shot->sent_us);
    shot->sent_us = now_us;
    if (plan->until_us)
        shot->due_us = now_us;
    shot->idle = free_us <= shot->due_us;
}

int64_t plan_wait_us(const struct plan *plan, size_t index, int64_t now_us)
{
    if (plan_over(plan, index, now_us))
        return INT64_MAX;
    int64_t wait_us = plan->until_us ? 0 : plan->shots[index].due_us - now_us;
    return wait_us > 0 ? wait_us : 0;
}

/* Times of independent callers: exponential distances, `rate` a second. */
static struct plan plan_open(double rate, double seconds)
{
    struct rng rng;
    double at_us = 0;
    size_t count = (size_t)(rate * seconds);
    struct plan plan = {.count = count ? count : 1};
    plan.shots = must_memory(calloc(plan.count, sizeof *plan.shots));
    rng_seed(&rng, SEED);
    for (size_t i = 0; i < plan.count; i++) {
        double share = ((double)rng_below(&rng, RANDOM_STEPS) + 1) / (double)RANDOM_STEPS;
        at_us -= log(share) * 1e6 / rate;
        plan.shots[i].due_us = (int64_t)at_us;
    }
    return plan;
}

static struct plan plan_closed(double seconds)
{
    struct plan plan = {.count = SHOTS_FULL_MAX, .until_us = (int64_t)(seconds * 1e6)};
    plan.shots = must_memory(calloc(plan.count, sizeof *plan.shots));
    return plan;
}

/* What came of a plan. */
struct tally {
    size_t done, refused;
    double p50_us, p99_us, max_us, lag_p99_us, per_s, cores, cpu_us;
};

static int double_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts; 0 of none. */
static double quantile(double *list, size_t count, size_t hundredths)
{
    qsort(list, count, sizeof *list, double_compare);
    return count ? list[count * hundredths / 100] : 0;
}

static void plan_tally(struct plan *plan, double cpu_s, struct tally *ret)
{
    double *waits = must_memory(calloc(plan->count, sizeof *waits));
    double *lags = must_memory(calloc(plan->count, sizeof *lags));
    size_t lag_count = 0;
    int64_t ended_us = plan->began_us + 1;
    *ret = (struct tally){0};
    for (size_t i = 0; i < plan->count; i++) {
        const struct shot *shot = &plan->shots[i];
        if (!shot->sent_us)
            continue;
        must(shot->done_us >= shot->sent_us);
        ended_us = shot->done_us > ended_us ? shot->done_us : ended_us;
        if (shot->idle)
            lags[lag_count++] = (double)(shot->sent_us - shot->due_us);
        if (shot->refused)
            ret->refused++;
        else
            waits[ret->done++] = (double)(shot->done_us - shot->due_us);
    }
    double seconds = (double)(ended_us - plan->began_us) / 1e6;
    ret->p50_us = quantile(waits, ret->done, 50);
    ret->p99_us = quantile(waits, ret->done, 99);
    ret->max_us = ret->done ? waits[ret->done - 1] : 0;
    ret->lag_p99_us = quantile(lags, lag_count, 99);
    ret->per_s = (double)ret->done / seconds;
    ret->cores = cpu_s / seconds;
    ret->cpu_us = ret->done ? cpu_s * 1e6 / (double)ret->done : 0;
    free(waits);
    free(lags);
    free(plan->shots);
}

static double cpu_used_s(void)
{
    struct rusage usage;
    must(getrusage(RUSAGE_SELF, &usage) == 0);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Runs the plan by the way, to `port` where it is HTTP, and frees it. */
static void plan_run(const struct load *load, int port, struct plan *plan, struct tally *ret)
{
    must(prctl(PR_SET_TIMERSLACK, 1) == 0); /* or every wait is 50 µs longer */
    double began_s = cpu_used_s();
    if (load->way == WAY_HOTLINE)
        callers_run(load, plan);
    else
        lines_run(load, load->way, port, plan);
    plan_tally(plan, cpu_used_s() - began_s, ret);
}

static void rate_print(const char *name, const struct tally *tally)
{
    printf("{\"reference\":\"%s\",\"figures\":{\"p50_us\":%.0f,\"p99_us\":%.0f,\"max_us\":%.0f,"
           "\"per_s\":%.0f,\"refused\":%zu,\"lag_p99_us\":%.0f,\"load_cores\":%.3f}}\n",
            name, tally->p50_us, tally->p99_us, tally->max_us, tally->per_s, tally->refused,
            tally->lag_p99_us, tally->cores);
}

static void full_print(const char *name, const struct tally *tally)
{
    printf("{\"reference\":\"%s\",\"figures\":{\"reports_per_s\":%.0f,\"reports\":%zu,"
           "\"p50_us\":%.0f,\"refused\":%zu,\"cpu_load_us\":%.1f}}\n",
            name, tally->per_s, tally->done, tally->p50_us, tally->refused, tally->cpu_us);
}

static void port_check(const struct load *load)
{
    if (load->way != WAY_HOTLINE && !load->http_port)
        load_fail("--way %s: --http-port is needed", load_way_name(load->way));
}

void load_rate(const struct load *load)
{
    struct tally tally;
    char name[64];
    port_check(load);
    struct plan plan = plan_open(load->rate, load->seconds);
    plan_run(load, load->http_port, &plan, &tally);
    (void)snprintf(name, sizeof name, "rate_%s_%d", load_way_name(load->way), load->rate);
    rate_print(name, &tally);
}

void load_full(const struct load *load)
{
    struct tally tally;
    char name[64];
    port_check(load);
    struct plan plan = plan_closed(load->seconds);
    plan_run(load, load->http_port, &plan, &tally);
    (void)snprintf(name, sizeof name, "full_%s", load_way_name(load->way));
    full_print(name, &tally);
}

void load_null(const struct load *load)
{
    struct tally tally;
    struct load http = *load;
    http.way = WAY_HTTP;
    struct null_server server = null_start();
    struct plan plan = plan_open(load->rate, load->seconds);
    plan_run(&http, server.port, &plan, &tally);
    rate_print("load_null", &tally);
    plan = plan_closed(load->seconds);
    plan_run(&http, server.port, &plan, &tally);
    full_print("load_null_full", &tally);
    null_stop(&server);
}
