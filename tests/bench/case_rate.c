/* R1, the rate of bare case steps: each connection has a thread and a stripe of the ids of its own,
 * so that nobody waits for a lock. Afterwards the rows are counted against the steps. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "tests/bench/case_step.h"
#include "tests/bench/reference.h"

struct stepper {
    struct case_step *step;
    pthread_t thread;
    pthread_barrier_t *start;
    double seconds;
    int batch;
    int64_t *stripe; /* the ids of this connection; the first `batch` are a batch's, drawn anew */
    int stripe_count;
    uint64_t random;
    int64_t steps;
    double elapsed;
};

/* A partial Fisher-Yates shuffle: `batch` distinct ids at the front of the stripe. */
static void ids_draw(struct stepper *s)
{
    for (int i = 0; i < s->batch; i++) {
        int other = i + (int)bench_random(&s->random, (uint32_t)(s->stripe_count - i));
        int64_t id = s->stripe[other];
        s->stripe[other] = s->stripe[i];
        s->stripe[i] = id;
    }
}

static void *stepper_run(void *self)
{
    struct stepper *s = self;
    pthread_barrier_wait(s->start);
    double begin = bench_now();
    do {
        ids_draw(s);
        case_step_run(s->step, s->stripe, s->batch);
        s->steps += s->batch;
        s->elapsed = bench_now() - begin;
    } while (s->elapsed < s->seconds);
    return NULL;
}

static void stepper_init(struct stepper *s, int index, int connections)
{
    s->random = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(index + 1);
    s->stripe_count = CASE_STEP_CASES / connections;
    s->stripe = bench_memory((size_t)s->stripe_count, sizeof(int64_t));
    for (int i = 0; i < s->stripe_count; i++)
        s->stripe[i] = (int64_t)index * s->stripe_count + i + 1;
}

static double steps_measure(const struct bench_cfg *cfg, int connections, int batch)
{
    struct stepper steppers[CASE_STEP_CONNECTIONS] = {0};
    pthread_barrier_t start;
    int64_t steps = 0;
    double rate = 0;
    case_step_tables(cfg);
    pthread_barrier_init(&start, NULL, (unsigned)connections);
    for (int i = 0; i < connections; i++) {
        steppers[i].batch = batch;
        steppers[i].seconds = cfg->seconds;
        steppers[i].start = &start;
        steppers[i].step = case_step_new(cfg->conninfo);
        stepper_init(&steppers[i], i, connections);
    }
    for (int i = 0; i < connections; i++)
        if (pthread_create(&steppers[i].thread, NULL, stepper_run, &steppers[i]) != 0)
            bench_fail("no thread could be started");
    for (int i = 0; i < connections; i++) {
        pthread_join(steppers[i].thread, NULL);
        steps += steppers[i].steps;
        rate += (double)steppers[i].steps / steppers[i].elapsed;
        case_step_destroy(&steppers[i].step);
        free(steppers[i].stripe);
    }
    pthread_barrier_destroy(&start);
    case_step_check(cfg, steps);
    return rate;
}

void case_step_measure(const struct bench_cfg *cfg)
{
    double four = steps_measure(cfg, CASE_STEP_CONNECTIONS, CASE_STEP_BATCH);
    double one = steps_measure(cfg, 1, CASE_STEP_BATCH);
    double single = steps_measure(cfg, 1, 1);
    printf("{\"reference\":\"R1\",\"figures\":{\"steps_per_s\":%.0f,"
           "\"steps_per_s_one_connection\":%.0f,\"steps_per_s_batch_of_one\":%.0f}}\n",
            four, one, single);
}
