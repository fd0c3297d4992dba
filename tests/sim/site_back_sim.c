/* The simulated database for site_suite.c. */
#include "tests/sim/site_back.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/columns.h"
#include "tests/sim/monitor.h"
#include "tests/sim/session.h"
#include "tests/sim/sim.h"

#define INCARNATION 5
#define SHORT 1000000 /* of an id: the sum of whole ones has no room */

static enum plant plant_find(const char *name)
{
    for (int plant = 0; name && plant < PLANT_COUNT; plant++)
        if (strcmp(sim_plant_names[plant], name) == 0)
            return (enum plant)plant;
    return PLANT_NONE;
}

void back_begin(const char *plant)
{
    sim_begin(&(struct sim_plan){.seed = 1, .plant = plant_find(plant)});
    sim.drill = true;
    db_begin();
    db.incarnation = db.incarnation_first = INCARNATION;
    sessions_begin();
    monitor_begin();
}

void back_end(void)
{
    bool failed = sim.failed || twin_missing();
    if (sim.failed)
        fprintf(stderr, "the simulator's monitor: %s\n", sim.why);
    if (twin_missing())
        fprintf(stderr, "no twin for the statement %s\n", twin_missing());
    sessions_end();
    monitor_end();
    db_end();
    sim_end();
    if (failed)
        exit(1);
}

void back_clock(int64_t now_ms)
{
    db.clock_ms = now_ms;
}

int64_t back_wait(struct pg *pg)
{
    (void)pg;
    sim_pass(1);
    return sim.now_ms;
}

static int64_t column_sum(enum service_id service, enum table_kind kind, int column)
{
    const struct table *table = db_table(service, kind);
    int64_t sum = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct version *row = row_see(table->rows[i], NULL);
        if (row)
            sum += column < 0 ? 1 : cell_int(row, column) % SHORT;
    }
    return sum;
}

int64_t back_fact(enum service_id service, enum fact fact)
{
    switch (fact) {
#define X(name, sql, kind, column)                                                                 \
    case name:                                                                                     \
        return column_sum(service, kind, column);
        FACT_TABLE(X)
#undef X
#define X(name, owner, sql, kind, column)                                                          \
    case name:                                                                                     \
        return service == (owner) ? column_sum(service, kind, column) : 0;
        OWN_FACT_TABLE(X)
#undef X
    case FACT_COUNT:
        break;
    }
    return 0;
}

const char *back_conninfo(enum service_id service)
{
    (void)service;
    return "";
}
