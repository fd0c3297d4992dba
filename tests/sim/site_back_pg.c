/* A private PostgreSQL for site_suite.c. The directory is city.c's, in memory, on both sides: of it
 * the services' statements read only the site's row. */
#include "tests/sim/site_back.h"

#include <poll.h>
#include <stdio.h>

#include "services/kernel/base/clock.h"
#include "tests/kit/pg.h"
#include "tests/sim/db.h"
#include "tests/sim/sim.h"

#define WAIT_MS 20
#define ARENA_LIMIT ((size_t)64 << 20)
#define SITE                                                                                       \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, clock,"   \
    " version, incarnation) VALUES (7, 'SI', '市', 'City', 0, true, '2018-01-01Z', 1, 5)"

struct sim sim; /* city.c's memory */
struct db db;   /* and its version of the directory */

static struct kit_pg *server;

void back_begin(const char *plant)
{
    (void)plant;
    arena_init(&sim.arena, ARENA_LIMIT);
    db.directory_version = 1;
    server = kit_pg_start(NULL);
    for (int service = SERVICE_INTAKE; service <= SERVICE_AUDIT; service++)
        kit_pg_service(server, service_name((enum service_id)service));
    kit_pg_run(server, SITE);
}

void back_end(void)
{
    kit_pg_stop(&server);
    arena_fini(&sim.arena);
}

void back_clock(int64_t now_ms)
{
    char sql[160];
    snprintf(sql, sizeof sql,
            "UPDATE directory.site SET clock = timestamptz 'epoch' + %lld * interval '1 ms'",
            (long long)now_ms);
    kit_pg_run(server, sql);
}

int64_t back_wait(struct pg *pg)
{
    struct clock clock = clock_system();
    struct pollfd fd = {.fd = pg_fd(pg), .events = pg_events(pg)};
    (void)poll(&fd, fd.fd >= 0, fd.fd >= 0 ? WAIT_MS : 1);
    return clock.monotonic_ms(clock.self);
}

int64_t back_fact(enum service_id service, enum fact fact)
{
    char sql[320];
    switch (fact) {
#define X(name, text, kind, column)                                                                \
    case name:                                                                                     \
        snprintf(sql, sizeof sql, text, service_name(service));                                    \
        return kit_pg_int(server, sql);
        FACT_TABLE(X)
#undef X
#define X(name, owner, text, kind, column)                                                         \
    case name:                                                                                     \
        return service == (owner) ? kit_pg_int(server, text) : 0;
        OWN_FACT_TABLE(X)
#undef X
    case FACT_COUNT:
        break;
    }
    return 0;
}

const char *back_conninfo(enum service_id service)
{
    char role[64];
    snprintf(role, sizeof role, "huying_%s", service_name(service));
    return kit_pg_conninfo(server, role);
}
