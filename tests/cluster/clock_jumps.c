/* Deadlines on a clock that jumps, with three instances of routing that are killed: for some
 * minutes cases are opened whose clocks run out within seconds to minutes, people accept and handle
 * some of them, instances are killed by kill -9 and started again, one or all, and the clock by
 * which deadlines are judged goes ten minutes forward or back; then it comes back, or somebody says
 * that the new time is the true one. jumps.sql notes what happens and judges it: no step of a clock
 * early, none twice, none left out, none more than two seconds late while it could be in time.
 *
 *   clock_jumps [--seconds N] [--seed N]      four minutes; at least one
 *
 * At the end wrongs are planted in what was noted, one for each rule, and the rule has to find it.
 * Intake and the ledger are not there: the test reports in intake's name, what is told to others
 * stays in the outbox. */
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/rng.h"
#include "tests/cluster/asker.h"
#include "tests/kit/cluster.h"

#define CASE_REPORTED 1001
#define ACCEPT 2501
#define HANDLE 2502
#define INSTANCES 3
#define ACTS_MAX 4096
#define ANSWER_MS 10000
#define JUMP_MINUTES 10

/* What people will do: at an instant of the monotonic clock. */
struct planned {
    int64_t at_ms, id;
    uint32_t type;
};

static struct kit_site site;
static struct kit_process routing[INSTANCES];
static struct asker intake, clerk;
static struct rng rng;
static struct planned planned[ACTS_MAX];
static size_t planned_count;
static int off_minutes; /* of the true clock */
static int cases, acts, kills, kills_of_all, jumps, confirmed;

/* The grid where cases begin lies in a village: three levels to go up. */
#define CITY                                                                                       \
    "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en)"          \
    " VALUES (3, 'V', 2, 2, 2, 'village', '村', 'Village'), (4, 'G', 3, 3, 1, 'grid', '格', "    \
    "'Grid');"                                                                                     \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, arrive_min, handle_min, step_up_min, verify_min) VALUES"    \
    " (2, 'N', 'c', '急事', 'Haste', 1, 1, 'all', 1, 2, 2, 1, 1);"                               \
    "INSERT INTO directory.staff (id, code, name, unit, role) VALUES (2, 'G', '乙', 4, 'worker')"

static void turn(int minutes, bool runs, const char *what)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT jump.turn(%d, %s, '%s')", minutes, runs ? "true" : "false",
            what);
    kit_pg_run(site.pg, sql);
}

/* As in conformance_clock.c: what every service asks for the time. */
static void clock_set(int minutes)
{
    char sql[320];
    snprintf(sql, sizeof sql,
            "CREATE OR REPLACE FUNCTION directory.clock() RETURNS timestamptz "
            "LANGUAGE plpgsql STABLE AS $$ BEGIN "
            "RETURN coalesce((SELECT s.clock FROM directory.site AS s), clock_timestamp())"
            " + interval '%d min'; END $$",
            minutes);
    kit_pg_run(site.pg, sql);
}

static bool ready(struct kit_process *process)
{
    const char *body;
    return kit_alive(process) && kit_get(process, "/readyz", &body) == 200;
}

static bool any_ready(void)
{
    bool found = false;
    for (size_t i = 0; i < INSTANCES && !found; i++)
        found = ready(&routing[i]);
    return found;
}

static void instance_start(size_t i)
{
    kit_start(&site, "routing", (int)i + 1, &routing[i]);
}

/* One, while another one is at work. */
static void kill_one(void)
{
    size_t victim = rng_below(&rng, INSTANCES),
           other = (victim + 1 + rng_below(&rng, 2)) % INSTANCES;
    if (!ready(&routing[other]))
        return;
    kit_kill(&routing[victim]);
    instance_start(victim);
    kills++;
}

/* Nobody is there: what runs out meanwhile is late by no fault of the rules. */
static void kill_all(bool held)
{
    turn(off_minutes, false, "all killed");
    for (size_t i = 0; i < INSTANCES; i++)
        kit_kill(&routing[i]);
    for (size_t i = 0; i < INSTANCES; i++)
        instance_start(i);
    KIT_UNTIL(&site, any_ready());
    turn(off_minutes, !held, held ? "held" : "runs");
    kills += INSTANCES;
    kills_of_all++;
}

static int64_t id_next(void)
{
    static int64_t counter = 1000;
    return id_make(1, SERVICE_INTAKE, ++counter);
}

static size_t varint(uint8_t *to, uint64_t value)
{
    size_t size = 0;
    do {
        to[size++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value);
    return size;
}

static int64_t site_now_ms(void)
{
    return kit_pg_int(site.pg, "SELECT (extract(epoch FROM directory.clock()) * 1000)::bigint");
}

/* Promised to be closed within so many ms, or by the catalogue (0). */
static int64_t case_open(int64_t within_ms)
{
    static const uint8_t begin[] = {0x0a, 1, 't', 0x1a, 1, 'N', 0x20, 4, 0x28, 2};
    uint8_t payload[64];
    size_t size = sizeof begin;
    int64_t id = id_next(), now_ms = site_now_ms(), end_ms = kit_now_ms() + 2 * ANSWER_MS;
    struct answer answer = {0};
    memcpy(payload, begin, size);
    payload[size++] = 0x30;
    size += varint(payload + size, (uint64_t)now_ms);
    if (within_ms != 0) {
        payload[size++] = 0x38;
        size += varint(payload + size, (uint64_t)(now_ms + within_ms));
    }
    struct envelope envelope = {
            .id = id_next(), .agg = id, .n = 1, .type = CASE_REPORTED, .payload = {payload, size}};
    while (answer.acked == 0 && kit_now_ms() < end_ms)
        asker_ask(&intake, FRAME_EVENTS, SERVICE_ROUTING, &envelope, ANSWER_MS, &answer);
    if (answer.acked == 0)
        kit_fail(&site, "a report was not acknowledged");
    cases++;
    return id;
}

static void plan(int64_t id, uint32_t type, int64_t after_ms)
{
    if (planned_count < ACTS_MAX)
        planned[planned_count++] = (struct planned){kit_now_ms() + after_ms, id, type};
}

/* A third of the cases is promised, a third is worked on, by the grid's own man. */
static void case_begin(void)
{
    switch (rng_below(&rng, 6)) {
    case 0:
    case 1:
        (void)case_open(1000 + (int64_t)rng_below(&rng, 30000));
        break;
    case 2:
        plan(case_open(0), ACCEPT, 1000 + (int64_t)rng_below(&rng, 100000));
        break;
    case 3:
        plan(case_open(1000 + (int64_t)rng_below(&rng, 60000)), HANDLE,
                (int64_t)rng_below(&rng, 40000));
        break;
    case 4:
        plan(case_open(0), HANDLE, 1000 + (int64_t)rng_below(&rng, 140000));
        break;
    default:
        (void)case_open(0);
    }
}

static void act_do(const struct planned *this)
{
    static int64_t serial;
    char request[32];
    struct answer answer;
    snprintf(request, sizeof request, "act-%lld", (long long)++serial);
    struct envelope envelope = {
            .id = serial, .agg = this->id, .type = this->type, .request_id = request, .actor = "G"};
    do {
        asker_ask(&clerk, FRAME_COMMANDS, SERVICE_ROUTING, &envelope, ANSWER_MS, &answer);
    } while (answer.verdict == REPLY_FAILED + ERR_TRANSIENT);
    if (answer.verdict != VERDICT_APPLIED)
        kit_fail(&site, "command %u: verdict %u %s", this->type, answer.verdict, answer.text);
    acts++;
}

static void acts_do(void)
{
    int64_t now_ms = kit_now_ms();
    for (size_t i = 0; i < planned_count;) {
        struct planned this = planned[i];
        if (this.at_ms > now_ms) {
            i++;
            continue;
        }
        planned[i] = planned[--planned_count];
        act_do(&this);
    }
}

/* Back to where it was, or where it is now is the true time. */
static void jump_end(int minutes, bool confirm)
{
    if (confirm) {
        off_minutes += minutes;
        turn(off_minutes, false, "confirmed");
        kit_pg_run(site.pg, "UPDATE directory.site SET clock_trust = clock_trust + 1");
        confirmed++;
    } else {
        clock_set(off_minutes);
    }
    turn(off_minutes, true, "runs");
}

/* Every third is confirmed, and those take turns, so that the true clock stays near. */
static void jump(int64_t until_ms, int64_t *ret_end_ms, int *ret_minutes, bool *ret_confirm)
{
    *ret_confirm = ++jumps % 3 == 0;
    *ret_minutes = rng_below(&rng, 2) ? JUMP_MINUTES : -JUMP_MINUTES;
    if (*ret_confirm)
        *ret_minutes = confirmed % 2 == 0 ? JUMP_MINUTES : -JUMP_MINUTES;
    *ret_end_ms = kit_now_ms() + 2000 + (int64_t)rng_below(&rng, 4000);
    if (*ret_end_ms > until_ms)
        *ret_end_ms = until_ms;
    turn(off_minutes, false, "held");
    clock_set(off_minutes + *ret_minutes);
}

static bool due(int64_t *at_ms, int64_t least_ms, uint64_t spread_ms)
{
    if (kit_now_ms() < *at_ms)
        return false;
    *at_ms = kit_now_ms() + least_ms + (int64_t)rng_below(&rng, spread_ms);
    return true;
}

static void disturb(int64_t seconds)
{
    int64_t until_ms = kit_now_ms() + seconds * 1000, case_ms = 0, kill_ms = kit_now_ms() + 3000,
            jump_ms = kit_now_ms() + 8000, jump_end_ms = 0;
    int minutes = 0;
    bool confirm = false;
    while (kit_now_ms() < until_ms || jump_end_ms != 0) {
        if (jump_end_ms != 0 && kit_now_ms() >= jump_end_ms) {
            jump_end(minutes, confirm);
            jump_end_ms = 0;
        } else if (jump_end_ms == 0 && kit_now_ms() < until_ms && due(&jump_ms, 10000, 8000)) {
            jump(until_ms, &jump_end_ms, &minutes, &confirm);
        }
        if (due(&kill_ms, 2500, 4000)) {
            if (rng_below(&rng, 7) == 0)
                kill_all(jump_end_ms != 0);
            else
                kill_one();
        }
        if (due(&case_ms, 200, 300))
            case_begin();
        acts_do();
        asker_turn(&intake);
        asker_turn(&clerk);
    }
}

static void figures_print(void)
{
    PGresult *rows = kit_pg_sql(site.pg, "SELECT * FROM jump.figures");
    printf("%-14s %6s %6s %6s %12s %12s\n", "clock", "fired", "early", "twice", "late p50, ms",
            "late max, ms");
    for (int i = 0; i < PQntuples(rows); i++)
        printf("%-14s %6s %6s %6s %12s %12s\n", PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1),
                PQgetvalue(rows, i, 2), PQgetvalue(rows, i, 3), PQgetvalue(rows, i, 4),
                PQgetvalue(rows, i, 5));
    PQclear(rows);
    printf("%d cases, %d acts, %d kills (%d times all), %d jumps (%d confirmed), held for %lld s\n",
            cases, acts, kills, kills_of_all, jumps, confirmed,
            kit_pg_int(site.pg, "SELECT coalesce(sum(extract(epoch FROM ended - began)), 0)::bigint"
                                " FROM jump.spell WHERE NOT runs"));
}

static int rules_judge(void)
{
    PGresult *rows = kit_pg_sql(site.pg, "SELECT * FROM jump.rules WHERE broken > 0");
    int broken = PQntuples(rows);
    for (int i = 0; i < broken; i++)
        printf("FOUND %s: %s\n", PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1));
    PQclear(rows);
    return broken;
}

/* A wrong, and the rule that has to find it. */
static int plants_try(void)
{
    static const char *const plants[][2] = {
            {"a step of a clock before its instant",
                    "UPDATE jump.step SET real = real - interval '5 s' WHERE kind = 25"},
            {"a step of a clock that nobody announced",
                    "INSERT INTO jump.step SELECT agg, 900, 27, 4, at, due, real FROM jump.step"
                    " AS s WHERE kind = 7 AND NOT EXISTS (SELECT FROM jump.work AS w"
                    " WHERE w.agg = s.agg AND w.handled IS NOT NULL) LIMIT 1"},
            {"two steps for one announced instant",
                    "INSERT INTO jump.step SELECT agg, 900, kind, from_state, at, due, real"
                    " FROM jump.step WHERE kind = 25 LIMIT 1"},
            {"a step more than 2 s after its instant",
                    "UPDATE jump.step SET real = real + interval '5 s' WHERE kind = 25"},
            {"an instant that passed more than 2 s ago without its step",
                    "DELETE FROM jump.step WHERE kind = 27 AND from_state = 3"},
            {"a step while the clock was held",
                    "UPDATE jump.step SET real = (SELECT began + interval '1.5 s' FROM jump.spell"
                    " WHERE NOT runs AND ended > began + interval '2 s' LIMIT 1) WHERE kind = 25"},
            {"an instant announced otherwise than by the matter",
                    "UPDATE jump.row SET step_due_at = step_due_at + interval '1 ms'"},
            {"a case that was opened and is not there, or was noted twice",
                    "DELETE FROM jump.row WHERE agg = (SELECT min(agg) FROM jump.row)"},
    };
    int missed = 0;
    for (size_t i = 0; i < sizeof plants / sizeof *plants; i++) {
        char sql[160];
        kit_pg_run(site.pg, "BEGIN");
        kit_pg_run(site.pg, plants[i][1]);
        snprintf(sql, sizeof sql, "SELECT broken FROM jump.rules WHERE name = '%s'", plants[i][0]);
        if (kit_pg_int(site.pg, sql) == 0) {
            printf("NOT FOUND where it was planted: %s\n", plants[i][0]);
            missed++;
        }
        kit_pg_run(site.pg, "ROLLBACK");
    }
    return missed;
}

static void site_start(void)
{
    struct keypair own, peer, tool;
    kit_key(&site, "routing", "routing", "", &own);
    kit_key(&site, "peer", "intake", "", &peer);
    kit_key(&site, "tool", "client", "act;query", &tool);
    kit_conf(&site, "routing", "routing", "[log]\nlevel=info\n");
    kit_pg_run(site.pg, CITY);
    kit_pg_file(site.pg, "tests/cluster/jumps.sql", NULL);
    kit_redis(&site, true);
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++)
        kit_broker(&site, i, true);
    for (size_t i = 0; i < INSTANCES; i++)
        instance_start(i);
    for (size_t i = 0; i < INSTANCES; i++)
        kit_await(&routing[i], 200, "");
    asker_open(&intake, &site, SERVICE_INTAKE, &peer, true);
    asker_open(&clerk, &site, SERVICE_CLIENT, &tool, true);
    turn(0, true, "runs");
}

static void site_end(bool show)
{
    asker_close(&intake);
    asker_close(&clerk);
    asker_end();
    for (size_t i = 0; i < INSTANCES; i++)
        kit_kill(&routing[i]);
    kit_site_close(&site, show);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
            {"seconds", required_argument, NULL, 's'}, {"seed", required_argument, NULL, 'r'}, {0}};
    char self[KIT_PATH_SIZE] = "";
    long long seconds = 240, seed = time(NULL);
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 's')
            seconds = strtoll(optarg, NULL, 10);
        else if (option == 'r')
            seed = strtoll(optarg, NULL, 10);
        else
            seconds = 0;
    }
    if (seconds < 60 || readlink("/proc/self/exe", self, sizeof self - 1) < 0) {
        fprintf(stderr, "usage: clock_jumps [--seconds N] [--seed N]; at least 60 s\n");
        return 2;
    }
    printf("clock_jumps: %lld s, seed %lld\n", seconds, seed);
    rng_seed(&rng, (uint64_t)seed);
    kit_site_open(&site, dirname(self), "routing");
    site_start();
    disturb(seconds);
    turn(off_minutes, true, "over");
    figures_print();
    int wrong = rules_judge() + plants_try();
    printf("%s\n", wrong ? "FOUND, see above" : "nothing found");
    site_end(wrong != 0);
    return wrong != 0;
}
