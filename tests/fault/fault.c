/* The black box: brings a cluster up (site.h), lets hotlines and staff use it (workload.h) while it
 * is disturbed (faults.h), lets it come to rest, and has it judged from outside (judge, which
 * shares no code with it). Then the judge itself is tried: against wrongs that are planted in the
 * history or in the tables.
 *
 *   fault BIN DIR SECONDS SEED    run from the checkout's root; DIR: for histories, must be there
 *
 * Exit: 0 nothing found, 1 something found, or the judge missed what was planted. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/fault/faults.h"
#include "tests/fault/site.h"
#include "tests/fault/workload.h"

#define REPORTS_PER_S 8 /* of a hotline at most, so that staff keeps up */
#define DRAIN_MS 120000
#define SETTLE_MS 90000
#define PROGRESS_MS 10000
#define PLANTS_S                                                                                   \
    60 /* the judge is tried on the data of short runs: it takes its time on long ones */
#define DISK_MB 224
#define DISK_MB_PER_MINUTE 48

static const char UNSETTLED[] =
        "SELECT (SELECT count(*) FROM intake.outbox) + (SELECT count(*) FROM intake.waiting)"
        " + (SELECT count(*) FROM routing.outbox) + (SELECT count(*) FROM routing.waiting)"
        " + (SELECT count(*) FROM enforcement.outbox) + (SELECT count(*) FROM enforcement.waiting)"
        " + (SELECT count(*) FROM volunteer.outbox) + (SELECT count(*) FROM volunteer.waiting)"
        " + (SELECT count(*) FROM audit.outbox) + (SELECT count(*) FROM audit.waiting)"
        " + (SELECT count(*) FROM audit.pages WHERE first_place IS NULL AND ver > 0)"
        " + (SELECT count(*) FROM routing.timer WHERE due < now() - interval '1 s')";

static bool hotline_is(const struct visitor *visitor)
{
    return strncmp(visitor->name, "hotline", 7) == 0;
}

static void tell(bool hotlines, const char *letter)
{
    for (size_t i = 0; i < site.visitor_count; i++)
        if (hotline_is(&site.visitors[i]) == hotlines &&
                send(site.visitors[i].control, letter, 1, MSG_NOSIGNAL) != 1)
            kit_fail(&site.kit, "%s is gone", site.visitors[i].name);
}

/* Until all of one kind have answered, or hung up. */
static void await(bool hotlines, const char *what)
{
    int64_t end = kit_now_ms() + DRAIN_MS;
    for (size_t i = 0; i < site.visitor_count; i++) {
        struct pollfd fd = {.fd = site.visitors[i].control, .events = POLLIN};
        char letter;
        int64_t left = end - kit_now_ms();
        if (hotline_is(&site.visitors[i]) != hotlines)
            continue;
        if (poll(&fd, 1, left > 0 ? (int)left : 0) != 1)
            kit_fail(&site.kit, "%s did not %s within %d s", site.visitors[i].name, what,
                    DRAIN_MS / 1000);
        (void)!recv(site.visitors[i].control, &letter, 1, 0);
    }
}

static void settle(void)
{
    int64_t end = kit_now_ms() + SETTLE_MS;
    while (kit_pg_int(site.kit.pg, UNSETTLED) != 0 && kit_now_ms() < end)
        kit_pause();
}

/* All that was begun is brought to its end; what then is not right is the judge's to say. */
static void rest(void)
{
    fprintf(stderr, "coming to rest\n");
    tell(true, "d");
    await(true, "get an answer for every ticket");
    settle();
    tell(false, "d");
    await(false, "run out of work");
    settle();
    tell(false, "f");
    tell(true, "f");
    await(true, "end");
    settle();
}

static void disturb(int seconds, bool loud)
{
    int64_t now = kit_now_ms(), end = now + (int64_t)seconds * 1000, next = now + PROGRESS_MS;
    while (kit_now_ms() < end) {
        faults_turn();
        kit_pause();
        if (!loud || kit_now_ms() < next)
            continue;
        next += PROGRESS_MS;
        fprintf(stderr, "%lld s left · kills %d · cuts %d · stops %d · PostgreSQL %d · disk %d\n",
                (long long)(end - kit_now_ms()) / 1000, faults_count(COLUMN_KILLS),
                faults_count(COLUMN_CUTS), faults_count(COLUMN_STOPS),
                faults_count(COLUMN_POSTGRES), faults_count(COLUMN_DISK));
    }
}

static void faults_print(void)
{
    printf("kill -9 of processes and backends | %d\n", faults_count(COLUMN_KILLS));
    printf("connections cut, reset, held, half-open, lost | %d\n", faults_count(COLUMN_CUTS));
    printf("processes and backends stopped for a while | %d\n", faults_count(COLUMN_STOPS));
    printf("connections slowed | %d\n", faults_count(COLUMN_SLOW));
    printf("immediate stops of PostgreSQL | %d\n", faults_count(COLUMN_POSTGRES));
    printf("disk full | %d%s\n", faults_count(COLUMN_DISK),
            site.disk[0] ? "" : " (no file system may be mounted here)");
    printf("Redis flushed, killed, stopped | %d\n", faults_count(COLUMN_REDIS));
    printf("processes that ended by themselves | %d\n", faults_unasked_ends());
    fflush(stdout);
}

static int judge(const char *dir, const char *mode)
{
    const char *argv[] = {"tests/fault/judge", mode, dir, kit_pg_dir(site.kit.pg), NULL};
    char *copy[sizeof argv / sizeof *argv] = {NULL};
    int status = 1;
    for (size_t i = 0; argv[i]; i++)
        copy[i] = strdup(argv[i]);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        execv(copy[0], copy);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    for (size_t i = 0; copy[i]; i++)
        free(copy[i]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* A run in which nothing happened shows nothing. */
static bool happened(int seconds)
{
    int faults = 0;
    for (int column = 0; column < COLUMN_COUNT; column++)
        faults += faults_count((enum fault_column)column);
    long long reports = kit_pg_int(site.kit.pg, "SELECT count(*) FROM intake.report WHERE ver > 0");
    if (faults * 3 >= seconds && reports >= seconds)
        return true;
    fprintf(stderr, "too little: %d faults and %lld reports in %d s\n", faults, reports, seconds);
    return false;
}

int main(int argc, char **argv)
{
    char log[512];
    if (argc != 5) {
        fprintf(stderr, "usage: %s BIN DIR SECONDS SEED\n", argv[0]);
        return 2;
    }
    const char *dir = argv[2];
    int seconds = (int)strtol(argv[3], NULL, 10);
    uint64_t seed = strtoull(argv[4], NULL, 10);
    fprintf(stderr, "seed %s, %d s under faults\n", argv[4], seconds);
    site_open(argv[1], dir, DISK_MB + DISK_MB_PER_MINUTE * seconds / 60);
    site.reports = (int64_t)seconds * REPORTS_PER_S;
    for (size_t i = 0; i < site.visitor_count; i++)
        visitor_start(&site.visitors[i], seed + i + 1);
    snprintf(log, sizeof log, "%s/faults.log", dir);
    faults_begin(seed, log);
    disturb(seconds, seconds > 60);
    faults_end();
    rest();
    faults_print();
    bool little = !happened(seconds);
    int found = judge(dir, "judge");
    int missed = seconds <= PLANTS_S ? judge(dir, "plant") : 0;
    bool failed = little || found || missed || faults_unasked_ends();
    site_close(failed && getenv("HUYING_SHOW_LOGS") != NULL);
    return failed ? 1 : 0;
}
