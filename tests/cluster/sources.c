/* Several sources at once, some of them bad company: 200,000 reports, with five eighths of which
 * one floods; one sends everything twice, one goes away all the time, and one pushes as it should.
 * Meanwhile brokers and instances of intake are killed (kill -9), and routing is not there, so that
 * all that intake sends waits. Afterwards each report stands there exactly once, under the number
 * that its receipts say; nobody waited longer than the flood for itself, nor was the flood served
 * more than four times as much meanwhile; and memory was flat.
 *
 *   sources [--reports N] [--seed N]
 *
 * A pusher is this program once more (sources_push.c). Prints a line for each, and the site's. */
#include "tests/cluster/sources.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "services/kernel/base/rng.h"
#include "tests/kit/cluster.h"

#define INSTANCES 2
#define PUSHERS 6
#define BESIDE_MAX 4
#define RSS_KB_MAX (64 * 1024)       /* of a process, at any time */
#define RSS_GROWTH_KB_MAX (8 * 1024) /* from the second quarter to the last */
#define TURN_MS 250
#define KILL_MS_MIN 3000

/* A source may push over several connections. */
static const struct {
    enum manner manner;
    const char *source, *name;
    size_t sixteenths;
} pushers[PUSHERS] = {{FLOOD, "flooder", "fa", 4}, {FLOOD, "flooder", "fb", 3},
        {FLOOD, "flooder", "fc", 3}, {TWICE, "twicer", "t", 2}, {LEAVE, "leaver", "l", 2},
        {KILLS, "steady", "s", 2}};

static const char *const words[] = {
#define X(name, word, batch) word,
        MANNER_TABLE(X)
#undef X
};

#define QUARTERS 4 /* of all reports, by receipts */
#define MARKS 3    /* a quarter, half and three quarters of the flood's */

static struct {
    struct kit_site site;
    struct kit_process intake[INSTANCES];
    struct board *board;
    char board_path[KIT_PATH_SIZE];
    size_t counts[PUSHERS], total;
    pid_t pids[PUSHERS];
    int64_t most_kb[QUARTERS];
    uint64_t marks[MARKS][PUSHERS]; /* what each was served when the flood was there */
    size_t marked;
    struct rng rng;
    int kills;
} test;

static uint64_t receipts_count(void)
{
    uint64_t count = 0;
    for (size_t i = 0; i < PUSHERS; i++)
        count += test.board->lines[i].receipts;
    return count;
}

static int64_t rss_kb(pid_t pid)
{
    char path[64], line[128];
    long long kb = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtoll(line + 6, NULL, 10);
    }
    if (file)
        (void)fclose(file);
    return kb;
}

/* The largest that any process was in this quarter. */
static void memory_look(const struct kit_process *process)
{
    uint64_t quarter = receipts_count() * QUARTERS / test.total;
    int64_t *most = &test.most_kb[quarter < QUARTERS ? quarter : QUARTERS - 1];
    int64_t kb = process->pid ? rss_kb(process->pid) : 0;
    *most = kb > *most ? kb : *most;
}

static void memories_look(void)
{
    for (size_t i = 0; i < INSTANCES; i++)
        memory_look(&test.intake[i]);
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++)
        memory_look(&test.site.brokers[i]);
}

/* Writes down how much each was served when the flood came to the next mark. */
static void marks_look(void)
{
    uint64_t had = 0, all = 0, served[PUSHERS];
    for (size_t i = 0; i < PUSHERS; i++) {
        const struct line *line = &test.board->lines[i];
        bool floods = pushers[i].manner == FLOOD;
        served[i] = line->receipts + line->repeats;
        had += floods ? line->receipts : 0;
        all += floods ? test.counts[i] : 0;
    }
    if (test.marked < MARKS && had * (MARKS + 1) >= all * (test.marked + 1))
        memcpy(test.marks[test.marked++], served, sizeof served);
}

static void board_make(void)
{
    (void)snprintf(test.board_path, sizeof test.board_path, "%.200s/board", test.site.dir);
    int fd = open(test.board_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *test.board) != 0)
        kit_fail(&test.site, "%s: %s", test.board_path, strerror(errno));
    test.board = mmap(NULL, sizeof *test.board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (test.board == MAP_FAILED)
        kit_fail(&test.site, "%s: %s", test.board_path, strerror(errno));
    (void)close(fd);
}

static void site_start(char *self)
{
    struct keypair pair;
    char path[KIT_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%.200s", self);
    kit_site_open(&test.site, dirname(path), "intake");
    kit_redis(&test.site, true);
    kit_key(&test.site, "intake", "intake", "", &pair);
    for (size_t i = 0; i < PUSHERS; i++) {
        if (i == 0 || strcmp(pushers[i].source, pushers[i - 1].source) != 0)
            kit_key(&test.site, pushers[i].source, "client", "hotline", &pair);
    }
    kit_conf(&test.site, "intake", "intake", "");
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++)
        kit_broker(&test.site, i, true);
    for (int i = 0; i < INSTANCES; i++)
        kit_start(&test.site, "intake", i + 1, &test.intake[i]);
    for (int i = 0; i < INSTANCES; i++)
        kit_await(&test.intake[i], 200, "");
    board_make();
}

static void pusher_start(const char *self, size_t index)
{
    char count[24], line[24], key[KIT_PATH_SIZE], endpoints[KIT_BROKERS_MAX][64];
    test.counts[index] = test.total * pushers[index].sixteenths / 16;
    (void)snprintf(count, sizeof count, "%zu", test.counts[index]);
    (void)snprintf(line, sizeof line, "%zu", index);
    (void)snprintf(key, sizeof key, "%.200s/%s.key", test.site.dir, pushers[index].source);
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++)
        (void)snprintf(endpoints[i], sizeof endpoints[i], "tcp://127.0.0.1:%d", test.site.ports[i]);
    const char *argv[] = {self, "push", words[pushers[index].manner], pushers[index].name, count,
            key, test.site.server.public_key, test.board_path, line, endpoints[0], endpoints[1],
            NULL};
    test.pids[index] = kit_child(&test.site, pushers[index].name, argv, NULL);
}

/* One broker or one instance at a time: the other one is there. */
static void something_kill(void)
{
    uint64_t draw = rng_below(&test.rng, KIT_BROKERS_MAX + INSTANCES);
    test.kills++;
    if (draw < KIT_BROKERS_MAX) {
        kit_broker(&test.site, draw, false);
        kit_broker(&test.site, draw, true);
        return;
    }
    int at = (int)(draw - KIT_BROKERS_MAX);
    kit_kill(&test.intake[at]);
    kit_start(&test.site, "intake", at + 1, &test.intake[at]);
    kit_await(&test.intake[at], 200, "");
}

/* True while somebody pushes. */
static bool pushers_look(void)
{
    bool any = false;
    for (size_t i = 0; i < PUSHERS; i++) {
        int status = 0;
        if (test.pids[i] && waitpid(test.pids[i], &status, WNOHANG) == test.pids[i]) {
            test.pids[i] = 0;
            if (status != 0)
                kit_fail(&test.site, "%s ended with %d", pushers[i].name, status);
        }
        any = any || test.pids[i];
    }
    return any;
}

static void push_all(const char *self)
{
    for (size_t i = 0; i < PUSHERS; i++)
        pusher_start(self, i);
    int64_t next_ms = kit_now_ms() + KILL_MS_MIN;
    for (int64_t looked_ms = 0; pushers_look(); kit_pause()) {
        marks_look();
        if (kit_now_ms() - looked_ms > TURN_MS) {
            looked_ms = kit_now_ms();
            memories_look();
        }
        if (kit_now_ms() < next_ms)
            continue;
        something_kill();
        next_ms = kit_now_ms() + KILL_MS_MIN + (int64_t)rng_below(&test.rng, KILL_MS_MIN);
    }
}

static int failures;

static void check(const char *what, int64_t wanted, int64_t got)
{
    if (wanted == got)
        return;
    printf("FAIL %s: %" PRId64 ", expected %" PRId64 "\n", what, got, wanted);
    failures++;
}

static void at_most(const char *what, int64_t limit, int64_t got)
{
    if (got <= limit)
        return;
    printf("FAIL %s: %" PRId64 ", at most %" PRId64 " expected\n", what, got, limit);
    failures++;
}

/* Each report once, accepted once, told to routing once, in the history once. */
static void tables_check(void)
{
    struct kit_pg *pg = test.site.pg;
    int64_t total = 0;
    for (size_t i = 0; i < PUSHERS; i++)
        total += (int64_t)test.counts[i];
    check("tickets", total, kit_pg_int(pg, "SELECT count(*) FROM intake.ticket"));
    check("reports", total, kit_pg_int(pg, "SELECT count(*) FROM intake.report WHERE ver = 1"));
    check("reports that differ from their tickets", 0,
            kit_pg_int(pg,
                    "SELECT count(*) FROM intake.ticket AS t FULL JOIN intake.report AS r ON "
                    "r.id = t.report AND r.source = t.source AND r.ref = t.ref "
                    "WHERE r.id IS NULL OR t.report IS NULL"));
    check("steps", total, kit_pg_int(pg, "SELECT count(*) FROM intake.history WHERE kind = 1"));
    check("steps in all", total, kit_pg_int(pg, "SELECT count(*) FROM intake.history"));
    check("messages to routing", total,
            kit_pg_int(pg, "SELECT count(*) FROM (SELECT DISTINCT o.agg FROM intake.outbox AS o "
                           "WHERE o.type = 1001) AS d"));
}

static int64_t mean_ms(const struct line *line)
{
    return line->batches ? (int64_t)(line->waited_ms / line->batches) : 0;
}

/* The flood waits behind itself: nobody else waits longer for his batch than it does for its own.
 * Who goes away all the time makes himself wait. */
static void shares_check(void)
{
    int64_t flood_ms = INT64_MAX;
    for (size_t i = 0; i < PUSHERS; i++) {
        int64_t ms = mean_ms(&test.board->lines[i]);
        if (pushers[i].manner == FLOOD && ms < flood_ms)
            flood_ms = ms;
    }
    for (size_t i = 0; i < PUSHERS; i++) {
        if (pushers[i].manner != FLOOD && pushers[i].manner != LEAVE)
            at_most("ms that a batch waits beside the flood", flood_ms,
                    mean_ms(&test.board->lines[i]));
    }
}

static void marks_print(void)
{
    for (size_t mark = 0; mark < test.marked; mark++) {
        printf("served when the flood had %zu/%d of its reports:", mark + 1, MARKS + 1);
        for (size_t i = 0; i < PUSHERS; i++)
            printf(" %s %" PRIu64, pushers[i].name, test.marks[mark][i]);
        printf("\n");
    }
}

/* By count: while one report of somebody who pushes one batch after the other was under way, so
 * many of the flood's were served. Between two batches he has nothing to be served, so it is more
 * than one. */
static void beside_check(void)
{
    check("marks", MARKS, (int64_t)test.marked);
    for (size_t i = 0; i < PUSHERS; i++) {
        const struct line *line = &test.board->lines[i];
        if (pushers[i].manner == FLOOD || pushers[i].manner == LEAVE)
            continue;
        printf("for each of %s's, %.1f of the flood's\n", words[pushers[i].manner],
                (double)line->beside / (double)(line->own ? line->own : 1));
        at_most("of the flood's beside", (int64_t)line->own * BESIDE_MAX, (int64_t)line->beside);
    }
}

static void memory_check(void)
{
    for (size_t i = 0; i < QUARTERS; i++)
        at_most("KB of a process", RSS_KB_MAX, test.most_kb[i]);
    at_most("KB that processes grew", RSS_GROWTH_KB_MAX,
            test.most_kb[QUARTERS - 1] - test.most_kb[1]);
}

static void report_print(int64_t began_ms)
{
    int64_t took_ms = kit_now_ms() - began_ms;
    for (size_t i = 0; i < PUSHERS; i++) {
        const struct line *line = &test.board->lines[i];
        printf("%-5s %-2s %6zu reports in %5.1f s, %6" PRIu64 " repeated, %4" PRIu64
               " pushed again; a batch: mean %5" PRId64 " ms, worst %5" PRIu64 "\n",
                words[pushers[i].manner], pushers[i].name, test.counts[i],
                (double)((int64_t)line->finished_ms - began_ms) / 1000, (uint64_t)line->repeats,
                (uint64_t)line->again, mean_ms(line), (uint64_t)line->worst_ms);
    }
    printf("site     %6zu reports in %5.1f s, %d kills; memory by quarters %" PRId64 " %" PRId64
           " %" PRId64 " %" PRId64 " MB\n",
            test.total, (double)took_ms / 1000, test.kills, test.most_kb[0] / 1024,
            test.most_kb[1] / 1024, test.most_kb[2] / 1024, test.most_kb[3] / 1024);
}

static size_t option(int argc, char **argv, const char *name, size_t preset)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return strtoul(argv[i + 1], NULL, 10);
    }
    return preset;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "push") == 0)
        return sources_push(argc, argv);
    size_t seed = option(argc, argv, "--seed", 1);
    test.total = option(argc, argv, "--reports", 200000);
    rng_seed(&test.rng, seed);
    site_start(argv[0]);
    int64_t began_ms = kit_now_ms();
    push_all(argv[0]);
    report_print(began_ms);
    tables_check();
    if (test.total >= 20000) { /* fewer are over before anything can be seen of it */
        shares_check();
        marks_print();
        beside_check();
        memory_check();
    }
    kit_site_close(&test.site, failures > 0);
    printf("%s (seed %zu)\n", failures ? "FAILED" : "passed", seed);
    return failures > 0;
}
