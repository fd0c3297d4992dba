#include "tests/failover/falls.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/failover/nodes.h"
#include "tests/fault/history.h"
#include "tests/fault/site.h"

#define WRITE_MS 120000 /* a write that is not back by then is not back */
#define MOMENT_MS 1500  /* between the two halves of a kill */
#define RECEIPTS_MAX 16384
#define LINGER_MS 4000 /* that an old primary gets to do harm after it goes on */
#define ETCD_MS 8000   /* less than ttl in deploy/postgres/patroni.yml */

/* What was committed here lately: service, aggregate, version, instant. Asked later, it is looked
 * for further back: else it would seem to vanish. */
#define LATE                                                                                       \
    "FROM (SELECT 'i' AS s, agg, ver, at FROM intake.history"                                      \
    " UNION ALL SELECT 'r', agg, ver, at FROM routing.history"                                     \
    " UNION ALL SELECT 'e', agg, ver, at FROM enforcement.history"                                 \
    " UNION ALL SELECT 'v', agg, ver, at FROM volunteer.history) AS h WHERE at > now() - "         \
    "interval "
#define LATE_NAME "format('%s.%s.%s.%s', s, agg, ver, extract(epoch FROM at))"

static const char SQL_LATE[] = "SELECT array_agg(" LATE_NAME ") " LATE "'60 s'";
static const char SQL_GONE[] = "SELECT count(*) FROM unnest($1::text[]) AS g (name)"
                               " WHERE name NOT IN (SELECT " LATE_NAME " " LATE "'600 s')";
static const char SQL_WAITING[] = "SELECT count(*) FROM pg_stat_activity"
                                  " WHERE usename LIKE 'huying\\_%' AND wait_event = 'SyncRep'";
static const char SQL_INCARNATION[] = "SELECT incarnation FROM directory.site";
static const char SQL_TIMELINE[] = "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()),"
                                   " 1, 8))::bit(32)::integer";
static const char SQL_RECOVERY[] = "SELECT pg_is_in_recovery()::integer";
static const char SQL_RECEIVER[] = "SELECT pid FROM pg_stat_wal_receiver";
static const char SQL_SENDERS[] = "SELECT pid FROM pg_stat_replication";

static const char *const TEXTS[] = {
#define X(name, text) text,
        FALL_TABLE(X)
#undef X
};

static int64_t receipts[RECEIPTS_MAX]; /* instants, since the fall */
static long long vanished;
static pid_t receivers[NODE_COUNT]; /* of FALL_NASTY: they stand still */
static int same_incarnation;

const char *fall_text(enum fall fall)
{
    return TEXTS[fall];
}

long long falls_vanished(void)
{
    return vanished;
}

int falls_same_incarnation(void)
{
    return same_incarnation;
}

static void moment(int64_t ms)
{
    for (int64_t end = kit_now_ms() + ms; kit_now_ms() < end;)
        kit_pause();
}

/* The number in "hotline1-17". */
static long op_number(const char *op)
{
    const char *dash = strrchr(op, '-');
    return dash ? strtol(dash + 1, NULL, 10) : 0;
}

/* Instants of the client's receipts in (since, until], behind `count` of others; their number then.
 * `ret_fresh`: the first one for what was pushed after `until_us` itself, 0 = none yet. Numbers of
 * ops grow, so that of the first one pushed is enough. */
static size_t receipts_read(
        const char *client, int64_t since_us, int64_t until_us, size_t count, int64_t *ret_fresh)
{
    char path[KIT_PATH_SIZE * 2], line[1024], phase[16], op[OP_SIZE], what[16], rest[256];
    long long at;
    long first = 0;
    *ret_fresh = 0;
    snprintf(path, sizeof path, "%s/%s.history", site.histories, client);
    FILE *file = fopen(path, "r");
    while (file && !*ret_fresh && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%lld\t%*s\t%15s\t%39s\t%15s\t%255[^\n]", &at, phase, op, what, rest) !=
                        5 ||
                at <= since_us || strcmp(what, "push") != 0)
            continue;
        bool receipt = strcmp(phase, "done") == 0 && strstr(rest, "\taccepted\t");
        if (receipt && at <= until_us && count < RECEIPTS_MAX)
            receipts[count++] = at;
        if (!first && at > until_us && strcmp(phase, "invoked") == 0)
            first = op_number(op);
        if (receipt && first && op_number(op) >= first)
            *ret_fresh = at;
    }
    if (file)
        fclose(file);
    return count;
}

static int later(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The longest time since `since_us` in which nobody got a receipt, until one for what is pushed
 * from now on. */
static int64_t gap_await(int64_t since_us, enum fall fall)
{
    int64_t now_us = history_now_us(), end = kit_now_ms() + WRITE_MS, at_us = 0, gap_us = 0;
    size_t count = 0;
    while (!at_us && kit_now_ms() < end) {
        moment(100);
        count = 0;
        for (size_t i = 0; i < site.visitor_count; i++) {
            int64_t fresh_us;
            count = receipts_read(site.visitors[i].name, since_us, now_us, count, &fresh_us);
            if (fresh_us && (!at_us || fresh_us < at_us))
                at_us = fresh_us;
        }
    }
    if (!at_us)
        kit_fail(&site.kit, "%s: no write was acknowledged within %d s", TEXTS[fall],
                WRITE_MS / 1000);
    qsort(receipts, count, sizeof receipts[0], later);
    for (size_t i = 0; i <= count; i++) {
        int64_t next_us = i < count ? receipts[i] : at_us;
        gap_us = next_us - since_us > gap_us ? next_us - since_us : gap_us;
        since_us = next_us;
    }
    return gap_us / 1000;
}

static void promotion_await(const struct node *before, enum fall fall)
{
    int64_t end = kit_now_ms() + WRITE_MS;
    struct node *now = NULL;
    /* Until then the old one, when it still runs, gets what it sends confirmed, and rightly so. */
    while (!now || now == before || node_int(now, SQL_RECOVERY) != 0) {
        if (kit_now_ms() > end)
            kit_fail(
                    &site.kit, "%s: nobody was promoted within %d s", TEXTS[fall], WRITE_MS / 1000);
        kit_pause();
        now = nodes_primary();
    }
}

/* Stops or continues what the query finds at the node: its processes for replication. */
static void replication_signal(struct node *node, const char *sql, int signal, pid_t *ret_first)
{
    PGresult *result = node_sql(node, sql, NULL);
    for (int row = 0; row < PQntuples(result); row++) {
        pid_t pid = (pid_t)strtol(PQgetvalue(result, row, 0), NULL, 10);
        if (pid > 1)
            (void)kill(pid, signal);
        if (ret_first)
            *ret_first = pid;
    }
    PQclear(result);
}

static void until(struct node *node, const char *sql, long long least, const char *what)
{
    int64_t end = kit_now_ms() + WRITE_MS;
    while (node_int(node, sql) < least) {
        if (kit_now_ms() > end)
            kit_fail(&site.kit, "%s: waited in vain for %s", node->name, what);
        kit_pause();
    }
}

/* First nothing leaves the primary and nothing is taken in by the others: what waits for its
 * confirmation then is on one disk. After the restart it is visible there, and services that come
 * back read it; what they commit waits in turn. Then the only disk that has it is lost. All three
 * Patronis stand still meanwhile, or they would mend it in between. Returns what was there. */
static char *nasty_prepare(struct node *primary)
{
    for (size_t i = 0; i < NODE_COUNT; i++)
        patroni_signal(&nodes[i], SIGSTOP);
    replication_signal(primary, SQL_SENDERS, SIGSTOP, NULL);
    for (size_t i = 0; i < NODE_COUNT; i++)
        if (&nodes[i] != primary)
            replication_signal(&nodes[i], SQL_RECEIVER, SIGSTOP, &receivers[i]);
    until(primary, SQL_WAITING, 1, "a commit that waits");
    moment(MOMENT_MS);
    server_restart(primary);
    until(primary, SQL_WAITING, 1, "a commit that waits after the restart");
    PGresult *late = node_sql(primary, SQL_LATE, NULL);
    if (!late || PQgetisnull(late, 0, 0))
        kit_fail(&site.kit, "%s: its late commits could not be read", primary->name);
    char *names = strdup(PQgetvalue(late, 0, 0));
    PQclear(late);
    return names;
}

static void nasty_lose(struct node *primary)
{
    (void)server_signal(primary, SIGKILL);
    patroni_up(primary, false);
    for (size_t i = 0; i < NODE_COUNT; i++)
        if (&nodes[i] != primary) {
            (void)kill(receivers[i], SIGCONT);
            patroni_signal(&nodes[i], SIGCONT);
        }
}

static void nasty_look(const char *names)
{
    struct node *primary = nodes_primary();
    PGresult *result = primary ? node_sql(primary, SQL_GONE, names) : NULL;
    long long gone = result ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    if (gone == 0)
        kit_fail(&site.kit, "the commit that waited did not vanish: the standby had it");
    vanished += gone;
}

/* When it broke. */
static int64_t fall_begin(enum fall fall, struct node *primary, struct node *standby)
{
    static const char *const switchover[] = {"switchover", "--force", NULL};
    int64_t since_us = history_now_us();
    switch (fall) {
    case FALL_SERVER_FIRST:
        (void)server_signal(primary, SIGKILL);
        patroni_up(primary, false);
        break;
    case FALL_PATRONI_FIRST:
        patroni_up(primary, false);
        moment(MOMENT_MS);
        since_us = history_now_us();
        (void)server_signal(primary, SIGKILL);
        break;
    case FALL_SERVER:
        (void)server_signal(primary, SIGKILL);
        break;
    case FALL_FREEZE:
        patroni_signal(primary, SIGSTOP);
        (void)server_signal(primary, SIGSTOP);
        break;
    case FALL_PATRONI:
        patroni_up(primary, false);
        break;
    case FALL_STANDBY:
        patroni_up(standby, false);
        (void)server_signal(standby, SIGKILL);
        break;
    case FALL_SWITCH:
        if (!nodes_ctl(switchover))
            kit_fail(&site.kit, "patronictl switchover failed");
        break;
    case FALL_ETCD:
        etcd_signal(SIGSTOP);
        moment(ETCD_MS);
        etcd_signal(SIGCONT);
        break;
    case FALL_NASTY:
        nasty_lose(primary);
        break;
    case FALL_COUNT:
        break;
    }
    return since_us;
}

static void fall_mend(enum fall fall, struct node *primary, struct node *standby)
{
    if (fall == FALL_FREEZE) {
        (void)server_signal(primary, SIGCONT);
        moment(LINGER_MS); /* it is a primary for itself, and nobody stops it yet */
        patroni_signal(primary, SIGCONT);
    }
    patroni_up(primary, true);
    patroni_up(standby, true);
}

/* Rule 9: whoever was promoted is another incarnation. */
static void incarnation_look(long long incarnation, long long timeline)
{
    struct node *primary = nodes_primary();
    if (!primary || node_int(primary, SQL_TIMELINE) == timeline)
        return;
    if (node_int(primary, SQL_INCARNATION) <= incarnation)
        same_incarnation++;
}

/* Those after which somebody else is the primary. */
static bool deposes(enum fall fall)
{
    return fall != FALL_SERVER && fall != FALL_STANDBY && fall != FALL_ETCD;
}

int64_t fall_do(enum fall fall)
{
    char *names = NULL;
    nodes_await();
    struct node *primary = nodes_primary(), *standby = nodes_standby(true);
    if (!primary || !standby)
        kit_fail(&site.kit, "no primary or no standby");
    long long incarnation = node_int(primary, SQL_INCARNATION);
    long long timeline = node_int(primary, SQL_TIMELINE);
    if (fall == FALL_NASTY)
        names = nasty_prepare(primary);
    int64_t since_us = fall_begin(fall, primary, standby);
    if (deposes(fall))
        promotion_await(primary, fall);
    int64_t ms = gap_await(since_us, fall);
    if (names)
        nasty_look(names);
    free(names);
    fall_mend(fall, primary, standby);
    nodes_await();
    incarnation_look(incarnation, timeline);
    return ms;
}
