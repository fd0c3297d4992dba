/* What site_suite.c needs of a database, in two kinds: PostgreSQL with the schemas of all services
 * and the simulated one. */
#ifndef HUYING_TESTS_SIM_SITE_BACK_H
#define HUYING_TESTS_SIM_SITE_BACK_H

#include "services/kernel/base/service_id.h"
#include "services/kernel/store/pg.h"

/* Facts about one service's tables: SQL with the schema's name in it; table and column of the
 * simulated database (-1 = count the rows). */
#define FACT_TABLE(X)                                                                              \
    X(FACT_OUTBOX, "SELECT count(*) FROM %s.outbox", T_OUTBOX, -1)                                 \
    X(FACT_WAITING, "SELECT count(*) FROM %s.waiting", T_WAITING, -1)                              \
    X(FACT_DEAD, "SELECT count(*) FROM %s.dead_letter", T_DEAD, -1)                                \
    X(FACT_TIMERS, "SELECT count(*) FROM %s.timer", T_TIMER, -1)                                   \
    X(FACT_TIMER_GENS, "SELECT coalesce(sum(gen), 0)::bigint FROM %s.timer", T_TIMER, TI_GEN)      \
    X(FACT_COMMANDS, "SELECT count(*) FROM %s.command", T_COMMAND, -1)                             \
    X(FACT_STEPS, "SELECT count(*) FROM %s.history", T_HISTORY, -1)                                \
    X(FACT_STEP_KINDS, "SELECT coalesce(sum(kind), 0)::bigint FROM %s.history", T_HISTORY, H_KIND) \
    X(FACT_STEP_PLACES, "SELECT coalesce(sum(idx), 0)::bigint FROM %s.history", T_HISTORY, H_IDX)  \
    X(FACT_COUNTED,                                                                                \
            "SELECT coalesce(sum(a), 0)::bigint FROM %s.counter_delta,"                            \
            " unnest(metrics, units, matters, amounts) AS d (m, u, t, a) WHERE u = 0 AND t = 0",   \
            T_DELTA, D_AMOUNT)

/* The same of one service alone. */
#define OWN_FACT_TABLE(X)                                                                          \
    X(FACT_TICKETS, SERVICE_INTAKE, "SELECT count(*) FROM intake.ticket", T_TICKET, -1)            \
    X(FACT_TICKET_REPORTS, SERVICE_INTAKE,                                                         \
            "SELECT coalesce(sum(report % 1000000), 0)::bigint FROM intake.ticket", T_TICKET,      \
            TK_REPORT)                                                                             \
    X(FACT_PERSONS, SERVICE_INTAKE, "SELECT count(*) FROM intake.person", T_PERSON, -1)            \
    X(FACT_PERSON_KEYS, SERVICE_INTAKE,                                                            \
            "SELECT coalesce(sum(key % 1000000), 0)::bigint FROM intake.person", T_PERSON, PE_KEY) \
    X(FACT_PERSON_REPORTS, SERVICE_INTAKE,                                                         \
            "SELECT coalesce(sum(report % 1000000), 0)::bigint FROM intake.person", T_PERSON,      \
            PE_REPORT)                                                                             \
    X(FACT_LOADS, SERVICE_ENFORCEMENT,                                                             \
            "SELECT coalesce(sum(load), 0)::bigint FROM enforcement.squad", T_SQUAD, SQ_LOAD)      \
    X(FACT_CREDITS, SERVICE_VOLUNTEER, "SELECT count(*) FROM volunteer.credit", T_CREDIT, -1)      \
    X(FACT_MINUTES, SERVICE_VOLUNTEER,                                                             \
            "SELECT coalesce(sum(minutes), 0)::bigint FROM volunteer.credit", T_CREDIT,            \
            CR_MINUTES)                                                                            \
    X(FACT_LEAVES, SERVICE_AUDIT, "SELECT coalesce(sum(count), 0)::bigint FROM audit.pages",       \
            T_AGG, PAGE_COUNT)                                                                     \
    X(FACT_PLACES, SERVICE_AUDIT, "SELECT coalesce(sum(first_place), 0)::bigint FROM audit.pages", \
            T_AGG, PAGE_PLACE)                                                                     \
    X(FACT_HEAD, SERVICE_AUDIT, "SELECT size FROM audit.head", T_HEAD, HD_SIZE)

enum fact {
#define X(name, ...) name,
    FACT_TABLE(X) OWN_FACT_TABLE(X)
#undef X
            FACT_COUNT
};

/* The services' tables, empty; site 7 in incarnation 5, a drill; directory version 1. `plant`: a
 * mistake of the simulator (sim.h), NULL = none; PostgreSQL has none to make. */
void back_begin(const char *plant);
void back_end(void);
void back_clock(int64_t now_ms);
/* Waits a little for what the connection asked. `now` is for pg_turn. */
int64_t back_wait(struct pg *pg);
/* 0 for a fact that is another service's. */
int64_t back_fact(enum service_id service, enum fact fact);
const char *back_conninfo(enum service_id service);

#endif
