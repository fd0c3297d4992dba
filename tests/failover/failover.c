/* PostgreSQL's fail-over from outside: the cluster and the clients of the black box (tests/fault)
 * on three nodes of PostgreSQL under Patroni (nodes.h). Under load a primary is lost again and
 * again (falls.h); then all comes to rest, and the black box's judge says what was lost or done
 * twice.
 *
 *   failover BIN DIR KILLS NASTY SEED    from the checkout's root; DIR: for histories, is there
 *
 * The fifth kill is followed by one each of the other falls. Exit: 0 nothing found. */
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/rng.h"
#include "tests/failover/falls.h"
#include "tests/failover/nodes.h"
#include "tests/fault/rest.h"
#include "tests/fault/site.h"
#include "tests/fault/workload.h"

#define FALLS_MAX 512
#define PAUSE_MS 2000
#define OTHERS_AFTER 5
#define HOTLINE_PAUSE_MS 1000 /* about five reports a second from both; staff keeps up */
#define BACK_MAX_MS 30000

static int64_t times[FALL_COUNT][FALLS_MAX];
static size_t counts[FALL_COUNT];
static struct rng rng;
static const char *histories;

static void fall(enum fall kind)
{
    int64_t end = kit_now_ms() + 500 + (int64_t)rng_below(&rng, PAUSE_MS);
    while (kit_now_ms() < end)
        kit_pause();
    int64_t ms = fall_do(kind);
    if (counts[kind] < FALLS_MAX)
        times[kind][counts[kind]++] = ms;
    fprintf(stderr, "%s: without a write for %.1f s\n", fall_text(kind), (double)ms / 1000);
}

static void falls(int kills, int nasty)
{
    for (int kill = 1; kill <= kills; kill++) {
        fall(kill % 2 ? FALL_SERVER_FIRST : FALL_PATRONI_FIRST);
        for (int kind = FALL_SERVER; kill == OTHERS_AFTER && kind < FALL_NASTY; kind++)
            fall((enum fall)kind);
    }
    for (; nasty > 0; nasty--)
        fall(FALL_NASTY);
}

static int later(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* False: writing was away for too long, in a run that is long enough to judge times, or a promotion
 * went unnoticed. */
static bool figures(int kills)
{
    bool right = true;
    for (int kind = 0; kind < FALL_COUNT; kind++) {
        size_t count = counts[kind];
        if (!count)
            continue;
        qsort(times[kind], count, sizeof times[kind][0], later);
        int64_t longest = times[kind][count - 1];
        printf("%s | %zu\n", fall_text((enum fall)kind), count);
        printf("  without a write for, median and longest, s | %.1f %.1f\n",
                (double)times[kind][count / 2] / 1000, (double)longest / 1000);
        right = right && longest <= BACK_MAX_MS;
    }
    printf("commits that vanished in the nasty order | %lld\n", falls_vanished());
    printf("promotions without a higher incarnation | %d\n", falls_same_incarnation());
    printf("longer than %d s | %s\n", BACK_MAX_MS / 1000, right ? "none" : "SOME");
    fflush(stdout);
    return (right || kills < OTHERS_AFTER) && falls_same_incarnation() == 0;
}

/* Whoever ended by itself. */
static int members_gone(void)
{
    int gone = 0;
    for (size_t i = 0; i < site.member_count; i++)
        if (!kit_alive(&site.members[i].process)) {
            fprintf(stderr, "%s ended by itself:\n%.2000s\n", site.members[i].process.name,
                    kit_log(&site.members[i].process));
            gone++;
        }
    printf("services that ended by themselves | %d\n", gone);
    return gone;
}

static bool judged(void)
{
    char ports[64];
    snprintf(ports, sizeof ports, "%d,%d,%d", nodes[0].port, nodes[1].port, nodes[2].port);
    setenv("PGPORT", ports, 1);
    setenv("PGPASSWORD", NODE_PASSWORD, 1);
    setenv("PGTARGETSESSIONATTRS", "read-write", 1);
    return rest_judge(histories, "127.0.0.1,127.0.0.1,127.0.0.1", "judge") == 0;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: %s BIN DIR KILLS NASTY SEED\n", argv[0]);
        return 2;
    }
    int kills = (int)strtol(argv[3], NULL, 10), nasty = (int)strtol(argv[4], NULL, 10);
    uint64_t seed = strtoull(argv[5], NULL, 10);
    histories = argv[2];
    rng_seed(&rng, seed);
    site.load = 1;
    site.reports = INT32_MAX;
    site.pause_ms = HOTLINE_PAUSE_MS;
    nodes_log_to(histories);
    site_open_on(argv[1], histories, NODE_PASSWORD, nodes_start);
    for (size_t i = 0; i < site.visitor_count; i++)
        visitor_start(&site.visitors[i], seed + i + 1);
    falls(kills, nasty);
    int gone = members_gone();
    kit_pg_session_end(site.kit.pg);
    rest_reach();
    bool right = figures(kills);
    right = judged() && right && gone == 0;
    site_close(!right && getenv("HUYING_SHOW_LOGS") != NULL);
    return right ? 0 : 1;
}
