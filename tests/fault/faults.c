#include "tests/fault/faults.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/rng.h"
#include "tests/fault/site.h"

#define LOG_SHOWN 2000 /* characters */
#define BAG_MAX 64
#define PAUSE_MIN_MS 150
#define PAUSE_MAX_MS 900
#define LASTING_MIN_MS 200
#define UNDER_WAY_MAX 24
#define DELAY_MAX_MS 400
#define RATE_MIN 2000
#define RATE_MAX 60000

static const struct {
    int in_bag, longest_ms;
    enum fault_column column;
    const char *text;
} KINDS[] = {
#define X(name, count, ms, column, text) {count, ms, column, text},
        FAULT_TABLE(X)
#undef X
};

struct under_way {
    enum fault_kind kind;
    int target; /* a member, a broker, a link, the id of a backend */
    int64_t until_ms;
};

static struct rng rng;
static FILE *out;
static int64_t began_ms, next_ms;
static enum fault_kind bag[BAG_MAX];
static int bag_left, counts[FAULT_KIND_COUNT], unasked;
static struct under_way running[UNDER_WAY_MAX];
static int running_count;
static bool member_down[MEMBERS_MAX], broker_down[KIT_BROKERS_MAX];

static int draw(int below)
{
    return (int)rng_below(&rng, (uint64_t)below);
}

static bool is_running(enum fault_kind kind)
{
    for (int i = 0; i < running_count; i++)
        if (running[i].kind == kind)
            return true;
    return false;
}

static void note(const char *what, enum fault_kind kind, int target)
{
    fprintf(out, "%lld %s %s %d\n", (long long)(kit_now_ms() - began_ms), what, KINDS[kind].text,
            target);
}

static void bag_fill(void)
{
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        for (int i = 0; i < KINDS[kind].in_bag; i++)
            bag[bag_left++] = (enum fault_kind)kind;
    must(bag_left <= BAG_MAX);
    for (int i = bag_left - 1; i > 0; i--) {
        int other = draw(i + 1);
        enum fault_kind kind = bag[i];
        bag[i] = bag[other];
        bag[other] = kind;
    }
}

/* A service's session in PostgreSQL; 0 when there is none to be found now. */
static int backend_find(int which)
{
    char sql[256], conninfo[KIT_CONNINFO_SIZE + 32];
    snprintf(conninfo, sizeof conninfo, "%s connect_timeout=2",
            kit_pg_conninfo(site.kit.pg, "postgres"));
    snprintf(sql, sizeof sql,
            "SELECT pid FROM pg_stat_activity WHERE usename LIKE 'huying\\_%%'"
            " AND backend_type = 'client backend' ORDER BY usename, backend_start"
            " OFFSET %d LIMIT 1",
            which);
    PGconn *conn = PQconnectdb(conninfo);
    PGresult *result = PQstatus(conn) == CONNECTION_OK ? PQexec(conn, sql) : NULL;
    int pid = 0;
    if (result && PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
        pid = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    PQfinish(conn);
    return pid;
}

static void redis_flush(void)
{
    char command[KIT_PATH_SIZE + 80];
    snprintf(command, sizeof command,
            "timeout 2 redis-cli -s %.200s/redis.sock FLUSHALL >/dev/null 2>&1", site.kit.dir);
    (void)!system(command);
}

static void link_break(enum fault_kind kind, int link)
{
    struct proxy_fault fault = {.mode = kind == FAULT_SHUT        ? PROXY_SHUT
                                        : kind == FAULT_HALF_OPEN ? PROXY_SWALLOW
                                        : kind == FAULT_HOLD || kind == FAULT_ONE_WAY ? PROXY_HOLD
                                                                                      : PROXY_PASS};
    int way = draw(2), delay_ms = 1 + draw(DELAY_MAX_MS);
    int rate = RATE_MIN + draw(RATE_MAX - RATE_MIN);
    if (kind == FAULT_DELAY)
        fault.delay_ms = delay_ms;
    if (kind == FAULT_THROTTLE)
        fault.rate = rate;
    if (kind == FAULT_CUT || kind == FAULT_RESET)
        link_cut(link, kind == FAULT_RESET);
    else
        link_set(link, (enum proxy_way)way, fault);
    /* Half-open and one-way are a matter of one direction; the others of both. */
    bool both = kind != FAULT_ONE_WAY && !(kind == FAULT_HALF_OPEN && delay_ms % 2);
    if (both && kind != FAULT_CUT && kind != FAULT_RESET)
        link_set(link, (enum proxy_way)(1 - way), fault);
}

/* What a signal of the fault goes to; 0 = nothing that is there. */
static pid_t fault_pid(enum fault_kind kind, int target)
{
    if (kind == FAULT_KILL || kind == FAULT_STOP)
        return site.members[target].process.pid;
    if (kind == FAULT_KILL_BROKER || kind == FAULT_STOP_BROKER)
        return site.kit.brokers[target].pid;
    if (kind == FAULT_REDIS_STOP)
        return site.kit.redis;
    return (pid_t)target; /* a backend */
}

static int target_draw(enum fault_kind kind)
{
    int member = draw((int)site.member_count), broker = draw(KIT_BROKERS_MAX);
    int link = draw(link_count()), backend = draw((int)site.member_count);
    if (kind == FAULT_KILL || kind == FAULT_STOP)
        return member;
    if (kind == FAULT_KILL_BROKER || kind == FAULT_STOP_BROKER)
        return broker;
    if (kind == FAULT_KILL_BACKEND || kind == FAULT_STOP_BACKEND)
        return backend;
    return link;
}

/* False: it cannot be done now, and does not count. */
static bool fault_do(enum fault_kind kind, int *target)
{
    switch (kind) {
    case FAULT_KILL:
        if (member_down[*target])
            return false;
        member_up(&site.members[*target], false);
        member_down[*target] = true;
        return true;
    case FAULT_KILL_BROKER:
        if (broker_down[*target])
            return false;
        kit_broker(&site.kit, (size_t)*target, false);
        broker_down[*target] = true;
        return true;
    case FAULT_KILL_BACKEND:
    case FAULT_STOP_BACKEND:
        *target = backend_find(*target);
        return *target && kill(*target, kind == FAULT_STOP_BACKEND ? SIGSTOP : SIGKILL) == 0;
    case FAULT_STOP:
    case FAULT_STOP_BROKER:
    case FAULT_REDIS_STOP:
        return fault_pid(kind, *target) > 0 && kill(fault_pid(kind, *target), SIGSTOP) == 0;
    case FAULT_POSTGRES:
        if (is_running(FAULT_DISK) || is_running(FAULT_POSTGRES))
            return false; /* it could not start again */
        kit_postgres(&site.kit, false);
        return true;
    case FAULT_DISK:
        if (!site.disk[0] || is_running(FAULT_DISK) || is_running(FAULT_POSTGRES))
            return false;
        disk_fill(true);
        return true;
    case FAULT_REDIS_FLUSH:
        redis_flush();
        return true;
    case FAULT_REDIS_KILL:
        kit_redis(&site.kit, false);
        return true;
    case FAULT_CUT:
    case FAULT_RESET:
    case FAULT_SHUT:
    case FAULT_HOLD:
    case FAULT_ONE_WAY:
    case FAULT_HALF_OPEN:
    case FAULT_DELAY:
    case FAULT_THROTTLE:
        link_break(kind, *target);
        return true;
    case FAULT_VANISH:
        return link_vanish(*target, true);
    case FAULT_KIND_COUNT:
        break;
    }
    return false;
}

/* After a full disk PostgreSQL goes on by itself, or it has given up: then it is started. */
static void disk_free(void)
{
    disk_fill(false);
    PGPing ping = PQping(kit_pg_conninfo(site.kit.pg, "postgres"));
    for (int tries = 0; ping == PQPING_REJECT && tries < 500; tries++) {
        kit_pause();
        ping = PQping(kit_pg_conninfo(site.kit.pg, "postgres"));
    }
    if (ping == PQPING_OK)
        return;
    kit_postgres(&site.kit, false);
    kit_postgres(&site.kit, true);
}

static void fault_undo(const struct under_way *fault)
{
    pid_t pid;
    note("end", fault->kind, fault->target);
    switch (fault->kind) {
    case FAULT_KILL:
        member_down[fault->target] = false;
        member_up(&site.members[fault->target], true);
        return;
    case FAULT_KILL_BROKER:
        broker_down[fault->target] = false;
        kit_broker(&site.kit, (size_t)fault->target, true);
        return;
    case FAULT_STOP:
    case FAULT_STOP_BROKER:
    case FAULT_STOP_BACKEND:
    case FAULT_REDIS_STOP:
        pid = fault_pid(fault->kind, fault->target);
        if (pid > 0)
            (void)kill(pid, SIGCONT);
        return;
    case FAULT_POSTGRES:
        kit_postgres(&site.kit, true);
        return;
    case FAULT_DISK:
        disk_free();
        return;
    case FAULT_REDIS_KILL:
        kit_redis(&site.kit, true);
        return;
    case FAULT_SHUT:
    case FAULT_HOLD:
    case FAULT_ONE_WAY:
    case FAULT_HALF_OPEN:
    case FAULT_DELAY:
    case FAULT_THROTTLE:
        for (int way = 0; way < 2; way++)
            link_set(fault->target, (enum proxy_way)way, (struct proxy_fault){0});
        return;
    case FAULT_VANISH:
        (void)link_vanish(fault->target, false);
        return;
    case FAULT_KILL_BACKEND:
    case FAULT_CUT:
    case FAULT_RESET:
    case FAULT_REDIS_FLUSH:
    case FAULT_KIND_COUNT:
        return;
    }
}

static void fault_begin(void)
{
    if (!bag_left)
        bag_fill();
    enum fault_kind kind = bag[--bag_left];
    int target = target_draw(kind), lasting = KINDS[kind].longest_ms;
    if (lasting)
        lasting = LASTING_MIN_MS + draw(lasting - LASTING_MIN_MS);
    next_ms = kit_now_ms() + PAUSE_MIN_MS + draw(PAUSE_MAX_MS - PAUSE_MIN_MS);
    if (running_count == UNDER_WAY_MAX || !fault_do(kind, &target))
        return;
    note("begin", kind, target);
    counts[kind]++;
    if (lasting)
        running[running_count++] = (struct under_way){kind, target, kit_now_ms() + lasting};
}

/* The last of what it said is about its end. */
static void end_tell(const struct kit_process *process)
{
    const char *log = kit_log(process);
    size_t length = strlen(log);
    fprintf(stderr, "%s ended by itself; its log: %s\n%s\n", process->name, process->log,
            log + (length > LOG_SHOWN ? length - LOG_SHOWN : 0));
}

/* Whoever should run and does not. */
static void ends_look(void)
{
    for (size_t i = 0; i < site.member_count; i++)
        if (!member_down[i] && !kit_alive(&site.members[i].process)) {
            unasked++;
            end_tell(&site.members[i].process);
            member_up(&site.members[i], true);
        }
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++)
        if (!broker_down[i] && !kit_alive(&site.kit.brokers[i])) {
            unasked++;
            end_tell(&site.kit.brokers[i]);
            kit_broker(&site.kit, i, true);
        }
}

void faults_begin(uint64_t seed, const char *log)
{
    rng_seed(&rng, seed);
    out = fopen(log, "w");
    if (!out)
        kit_fail(&site.kit, "%s cannot be written", log);
    (void)setvbuf(out, NULL, _IOLBF, 0);
    began_ms = kit_now_ms();
    next_ms = began_ms + PAUSE_MAX_MS;
}

void faults_turn(void)
{
    int64_t now = kit_now_ms();
    for (int i = running_count - 1; i >= 0; i--)
        if (running[i].until_ms <= now) {
            struct under_way over = running[i];
            running[i] = running[--running_count];
            fault_undo(&over);
        }
    ends_look();
    if (kit_now_ms() >= next_ms)
        fault_begin();
}

void faults_end(void)
{
    while (running_count) {
        struct under_way over = running[--running_count];
        fault_undo(&over);
    }
    links_heal();
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++)
        kit_broker(&site.kit, i, true);
    kit_redis(&site.kit, true);
    for (size_t i = 0; i < site.member_count; i++)
        member_up(&site.members[i], true);
    members_await();
    kit_pg_session_end(site.kit.pg);
    fclose(out);
}

int faults_count(enum fault_column column)
{
    int count = 0;
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        count += KINDS[kind].column == column ? counts[kind] : 0;
    return count;
}

int faults_of_kind(enum fault_kind kind)
{
    return counts[kind];
}

const char *fault_text(enum fault_kind kind)
{
    return KINDS[kind].text;
}

int faults_unasked_ends(void)
{
    return unasked;
}
