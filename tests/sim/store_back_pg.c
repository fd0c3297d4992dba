/* A private PostgreSQL for store_suite.c. */
#include <poll.h>
#include <stdio.h>

#include "services/kernel/base/clock.h"
#include "services/kernel/store/test_toy_db.h"
#include "tests/sim/store_back.h"

void back_begin(void)
{
    server = kit_pg_start(NULL);
    toy_schema();
}

void back_end(void)
{
    kit_pg_stop(&server);
}

void back_reset(void)
{
    toy_reset();
}

void back_incarnation(int64_t incarnation)
{
    char sql[100];
    snprintf(sql, sizeof sql, "UPDATE directory.site SET incarnation = %lld",
            (long long)incarnation);
    kit_pg_run(server, sql);
}

int64_t back_wait(void)
{
    struct clock clock = clock_system();
    (void)poll(NULL, 0, 1);
    return clock.monotonic_ms(clock.self);
}

void back_cut(void)
{
    kit_pg_run(server, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                       "WHERE pid <> pg_backend_pid() AND datname = 'huying'");
}

int64_t back_fact(enum fact fact, int64_t agg)
{
    static const struct {
        const char *what, *table, *agg;
    } facts[] = {
#define X(name, sql, table, agg, kind, agg_column, column) {sql, table, agg},
            FACT_TABLE(X)
#undef X
    };
    char sql[200];
    if (agg == 0)
        snprintf(sql, sizeof sql, "SELECT coalesce(%s, 0)::bigint FROM toy.%s", facts[fact].what,
                facts[fact].table);
    else
        snprintf(sql, sizeof sql, "SELECT coalesce(%s, 0)::bigint FROM toy.%s WHERE %s = %lld",
                facts[fact].what, facts[fact].table, facts[fact].agg, (long long)agg);
    return kit_pg_int(server, sql);
}

const char *back_conninfo(void)
{
    return kit_pg_conninfo(server, "postgres");
}
