/* Reports over the hotline's port, by its library: each caller is a thread with a hotline of its
 * own, which pushes all that is due, waits for the receipts, and pushes what came due meanwhile. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services/kernel/base/must.h"
#include "tests/bench/load.h"

#define CALLERS_PRESET 8
#define CALLER_PUSH_MAX 64 /* a frame of the bus */

struct caller {
    const struct load *load;
    struct plan *plan;
    struct hotline *hotline;
    pthread_t thread;
    size_t next, step; /* of the plan's shots: every `step`th is his */
    int64_t free_us;
    struct hotline_report reports[CALLER_PUSH_MAX];
    struct hotline_receipt receipts[CALLER_PUSH_MAX];
    char tickets[CALLER_PUSH_MAX][HOTLINE_TICKET_SIZE];
};

/* How many are due, at most a frame. */
static size_t reports_take(struct caller *caller)
{
    size_t count = 0;
    for (int64_t now_us = load_now_us();
            count < CALLER_PUSH_MAX && plan_due(caller->plan, caller->next, now_us); count++) {
        load_call(caller->load, caller->next, caller->tickets[count], &caller->reports[count]);
        plan_begin(caller->plan, caller->next, now_us, caller->free_us);
        caller->next += caller->step;
    }
    return count;
}

static void reports_push(struct caller *caller, size_t count)
{
    enum err err =
            hotline_push(caller->hotline, caller->reports, caller->receipts, count, LOAD_ANSWER_MS);
    if (err != OK)
        load_fail("push: %s", err_name(err));
    caller->free_us = load_now_us();
    for (size_t i = 0; i < count; i++) {
        struct shot *shot = &caller->plan->shots[caller->next - (count - i) * caller->step];
        shot->done_us = caller->free_us;
        /* The client sends again what had no answer for some seconds: then it is a duplicate. */
        shot->refused = caller->receipts[i].result != HOTLINE_ACCEPTED &&
                        caller->receipts[i].result != HOTLINE_DUPLICATE;
    }
}

static void due_wait(const struct caller *caller)
{
    int64_t at_us = load_now_us();
    at_us += plan_wait_us(caller->plan, caller->next, at_us);
    const struct timespec at = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void *caller_run(void *self)
{
    struct caller *caller = self;
    while (!plan_over(caller->plan, caller->next, load_now_us())) {
        size_t count = reports_take(caller);
        if (count)
            reports_push(caller, count);
        else
            due_wait(caller);
    }
    return NULL;
}

/* A caller has a connection before it begins. */
static void caller_init(
        struct caller *caller, const struct load *load, struct plan *plan, size_t at, size_t step)
{
    struct hotline_outcome outcome;
    size_t count;
    *caller = (struct caller){
            .load = load, .plan = plan, .hotline = load_hotline(load), .next = at, .step = step};
    if (hotline_outcomes(caller->hotline, 0, &outcome, 1, &count, LOAD_ANSWER_MS) != OK)
        load_fail("the hotline's port does not answer");
}

void callers_run(const struct load *load, struct plan *plan)
{
    size_t count = load->connections ? (size_t)load->connections : CALLERS_PRESET;
    struct caller *callers = must_memory(calloc(count, sizeof *callers));
    for (size_t i = 0; i < count; i++)
        caller_init(&callers[i], load, plan, i, count);
    plan_start(plan);
    for (size_t i = 0; i < count; i++)
        must(pthread_create(&callers[i].thread, NULL, caller_run, &callers[i]) == 0);
    for (size_t i = 0; i < count; i++) {
        must(pthread_join(callers[i].thread, NULL) == 0);
        hotline_close(&callers[i].hotline);
    }
    free(callers);
}
