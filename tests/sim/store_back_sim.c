/* The simulated database for store_suite.c. */
#include "tests/sim/monitor.h"
#include "tests/sim/session.h"
#include "tests/sim/sim.h"
#include "tests/sim/store_back.h"

static bool begun;

static void stop(void)
{
    if (!begun)
        return;
    sessions_end();
    monitor_end();
    db_end();
    sim_end();
    begun = false;
}

void back_begin(void)
{
}

void back_end(void)
{
    stop();
}

void back_reset(void)
{
    stop();
    sim_begin(&(struct sim_plan){.seed = 1});
    db_begin();
    db.incarnation = 5;
    sessions_begin();
    monitor_begin();
    begun = true;
}

void back_incarnation(int64_t incarnation)
{
    db.incarnation = incarnation;
}

int64_t back_wait(void)
{
    sim_pass(1);
    return sim.now_ms;
}

void back_cut(void)
{
    sessions_cut(false);
}

int64_t back_fact(enum fact fact, int64_t agg)
{
    static const struct {
        enum table_kind kind;
        int agg_column, column;
    } facts[] = {
#define X(name, sql, table, agg, kind, agg_column, column) {kind, agg_column, column},
            FACT_TABLE(X)
#undef X
    };
    const struct table *table = db_table(SERVICE_NONE, facts[fact].kind);
    int64_t sum = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct version *row = row_see(table->rows[i], NULL);
        if (row && (agg == 0 || cell_int(row, facts[fact].agg_column) == agg))
            sum += facts[fact].column < 0 ? 1 : cell_int(row, facts[fact].column);
    }
    return sum;
}

const char *back_conninfo(void)
{
    return "";
}
