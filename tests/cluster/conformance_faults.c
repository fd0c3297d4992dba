/* The suite under fault points (services/kernel/base/fault.h): in a tree that has them, each
 * process under test meets lost connections, frames that vanish or come twice, full queues and the
 * like the whole time, and every test has to hold as it does without. An environment variable
 * HUYING_FAULTS of the caller takes the place of the switches here ("all=0" = none);
 * HUYING_FAULT_SEED is where the tests begin to count: each has a seed of its own, since a
 * process's first passes follow from it.
 *
 * Left off is what the suite sees by, or what rightly ends a start: a line of the log, a file or a
 * port that is not there (conformance_life.c has a start with each), a constraint (by right a dead
 * letter), a clock that jumps (conformance_clock.c), more than a frame may hold, requests from
 * inside, of which there are none here. */
#include "tests/cluster/conformance.h"

#ifdef HUYING_FAULTS

#include <stdio.h>
#include <stdlib.h>

#include "services/kernel/base/fault.h"

#define LIST_SIZE 2048

#define SHOWN_MIN 20 /* points that have fired at the end of a run, in any service */

/* One in so many passes, few enough that a run meets it, and not so many that nothing gets done.
 * `where`: the services in which it must have fired at the end: those that fire some ten times. The
 * others are rare, or not passed by each service, and SHOWN_MIN is for them. */
enum where { NOWHERE, EVERYWHERE, COUNTERS };
static const struct {
    enum fault_point point;
    int window;
    enum where where;
} on[] = {
        {FAULT_pg_connect, 10, EVERYWHERE},
        {FAULT_pg_prepare, 600, NOWHERE},
        {FAULT_pg_unsent, 250, NOWHERE},
        {FAULT_pg_unsynced, 250, NOWHERE},
        {FAULT_pg_lost_before, 250, NOWHERE},
        {FAULT_pg_lost_after, 180, EVERYWHERE},
        {FAULT_pg_commit_lost_before, 5, EVERYWHERE},
        {FAULT_pg_commit_lost_after, 5, EVERYWHERE},
        {FAULT_pg_warning, 180, NOWHERE},
        {FAULT_pg_locked, 250, NOWHERE},
        {FAULT_pg_deadlock, 250, NOWHERE},
        {FAULT_pg_full, 250, NOWHERE},
        {FAULT_directory_broken, 4, NOWHERE},
        {FAULT_ids_gone, 3, NOWHERE},
        {FAULT_site_replaced, 4, NOWHERE},
        {FAULT_bus_send_full, 30, EVERYWHERE},
        {FAULT_bus_frame_lost, 10, EVERYWHERE},
        {FAULT_bus_frame_twice, 4, EVERYWHERE},
        {FAULT_bus_nak, 3, NOWHERE},
        {FAULT_bus_silent, 40, EVERYWHERE},
        {FAULT_bus_broker_gone, 40, NOWHERE},
        {FAULT_frame_malformed, 10, EVERYWHERE},
        {FAULT_frame_stale, 3, NOWHERE},
        {FAULT_acks_malformed, 3, NOWHERE},
        {FAULT_inbox_full, 20, EVERYWHERE},
        {FAULT_outgoing_full, 6, NOWHERE},
        {FAULT_redis_connect, 4, NOWHERE},
        {FAULT_redis_lost, 4, NOWHERE},
        {FAULT_redis_error, 5, NOWHERE},
        {FAULT_redis_silent, 4, COUNTERS},
        {FAULT_http_answer, 8, EVERYWHERE},
        {FAULT_boot_unreadable, 2, EVERYWHERE},
};
#define ON_COUNT (sizeof on / sizeof on[0])

static struct {
    bool asked;
    char *given; /* by the caller of the suite; NULL = nothing */
    unsigned long seed;
    int64_t fired[FAULT_POINTS], passes[FAULT_POINTS];
} faults;

static void given_read(void)
{
    const char *seed = getenv("HUYING_FAULT_SEED"), *given = getenv("HUYING_FAULTS");
    faults.asked = true;
    faults.given = given ? strdup(given) : NULL;
    faults.seed = seed ? strtoul(seed, NULL, 10) : 1;
}

static void switch_on(const char *but)
{
    char list[LIST_SIZE];
    size_t size = 0;
    if (faults.given) {
        setenv("HUYING_FAULTS", faults.given, 1);
        return;
    }
    for (size_t i = 0; i < ON_COUNT; i++)
        size += (size_t)snprintf(list + size, sizeof list - size, "%s=%d,",
                fault_point_name(on[i].point), on[i].window);
    snprintf(list + size, sizeof list - size, "%s", but);
    setenv("HUYING_FAULTS", list, 1);
}

void faults_on(void)
{
    char seed[32];
    if (!faults.asked)
        given_read();
    snprintf(seed, sizeof seed, "%lu", faults.seed++);
    setenv("HUYING_FAULT_SEED", seed, 1);
    switch_on("");
}

void faults_but(const char *points)
{
    switch_on(points);
}

/* Value of the metric's line for the point; 0 = there is none. */
static int64_t line_value(const char *body, const char *metric, const char *point)
{
    char end[64];
    size_t size = strlen(metric);
    snprintf(end, sizeof end, "point=\"%s\"} ", point);
    for (const char *line = body; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *value = strncmp(line, metric, size) == 0 ? strstr(line, end) : NULL;
        const char *next = strchr(line, '\n');
        if (value && (!next || value < next))
            return strtoll(value + strlen(end), NULL, 10);
    }
    return 0;
}

int64_t faults_fired(const char *point)
{
    const char *body = "";
    (void)kit_get(&process, "/metrics", &body);
    return line_value(body, "huying_fault_total{", point);
}

void faults_sum(void)
{
    const char *body = "";
    if (!kit_alive(&process) || kit_get(&process, "/metrics", &body) != 200)
        return;
    for (unsigned i = 0; i < FAULT_POINTS; i++) {
        const char *name = fault_point_name((enum fault_point)i);
        faults.fired[i] += line_value(body, "huying_fault_total{", name);
        faults.passes[i] += line_value(body, "huying_fault_passes_total{", name);
    }
}

bool faults_shown(void)
{
    bool shown = true;
    size_t points = 0;
    int64_t sum = 0;
    for (size_t i = 0; i < ON_COUNT; i++) {
        int64_t fired = faults.fired[on[i].point];
        bool must_have = on[i].where == EVERYWHERE || (on[i].where == COUNTERS && subject->counts);
        points += fired > 0;
        sum += fired;
        fprintf(stderr, "%s: %s fired %lld times in %lld passes\n", subject->name,
                fault_point_name(on[i].point), (long long)fired,
                (long long)faults.passes[on[i].point]);
        shown = shown && (fired > 0 || !must_have);
    }
    shown = shown && points >= SHOWN_MIN;
    fprintf(stderr, "%s: %zu points fired, %lld times%s\n", subject->name, points, (long long)sum,
            shown ? "" : "; too few, or one that must fire has not");
    bool ours = !faults.given; /* what the caller switched on need not be all */
    free(faults.given);
    return shown || !ours;
}

#else

void faults_on(void)
{
}

void faults_but(const char *points)
{
    (void)points;
}

int64_t faults_fired(const char *point)
{
    (void)point;
    return 0;
}

void faults_sum(void)
{
}

bool faults_shown(void)
{
    return true;
}

#endif
