/* The black box: brings a cluster up (site.h), lets hotlines and staff use it (workload.h) while it
 * is disturbed (faults.h), lets it come to rest, and has it judged from outside (judge, which
 * shares no code with it). Then the judge itself is tried: against wrongs that are planted in the
 * history or in the tables.
 *
 *   fault BIN DIR SECONDS SEED LOAD    run from the checkout's root; DIR: for histories, must be
 *                                      there
 *
 * Exit: 0 nothing found, 1 something found, or the judge missed what was planted. */

#include "services/kernel/base/must.h"
#include "tests/fault/faults.h"
#include "tests/fault/rest.h"
#include "tests/fault/site.h"
#include "tests/fault/workload.h"

#define REPORTS_PER_S 8 /* of a hotline at most and at load 1, so that staff keeps up */
#define PROGRESS_MS 10000
#define PLANTS_S                                                                                   \
    60 /* the judge is tried on the data of short runs: it takes its time on long ones */
#define EACH_S 120 /* so long a run has every fault of the table */
#define DISK_MB 224
#define DISK_MB_PER_MINUTE 48
#define DISK_MB_PER_LOAD 12 /* … and minute */

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

/* A run in which nothing happened shows nothing; a long one must have had every kind of fault. */
static bool happened(int seconds)
{
    int faults = 0;
    for (int column = 0; column < COLUMN_COUNT; column++)
        faults += faults_count((enum fault_column)column);
    long long reports = kit_pg_int(site.kit.pg, "SELECT count(*) FROM intake.report WHERE ver > 0");
    bool enough = faults * 3 >= seconds && reports >= seconds;
    if (!enough)
        fprintf(stderr, "too little: %d faults and %lld reports in %d s\n", faults, reports,
                seconds);
    for (int kind = 0; kind < FAULT_KIND_COUNT && seconds >= EACH_S; kind++) {
        bool can = (kind != FAULT_DISK || site.disk[0]) && (kind != FAULT_VANISH || site.network);
        if (!can || faults_of_kind((enum fault_kind)kind))
            continue;
        fprintf(stderr, "it never came to: %s\n", fault_text((enum fault_kind)kind));
        enough = false;
    }
    return enough;
}

int main(int argc, char **argv)
{
    char log[512];
    if (argc != 6) {
        fprintf(stderr, "usage: %s BIN DIR SECONDS SEED LOAD\n", argv[0]);
        return 2;
    }
    const char *dir = argv[2];
    int seconds = (int)strtol(argv[3], NULL, 10);
    uint64_t seed = strtoull(argv[4], NULL, 10);
    int load = (int)strtol(argv[5], NULL, 10);
    must(load >= 1 && load <= LOAD_MAX);
    fprintf(stderr, "seed %s, %d s under faults, load %d\n", argv[4], seconds, load);
    int disk_mb_per_minute = DISK_MB_PER_MINUTE + DISK_MB_PER_LOAD * (load - 1);
    site_open(argv[1], dir, DISK_MB + disk_mb_per_minute * seconds / 60);
    site.load = load;
    site.reports = (int64_t)seconds * REPORTS_PER_S * load;
    for (size_t i = 0; i < site.visitor_count; i++)
        visitor_start(&site.visitors[i], seed + i + 1);
    snprintf(log, sizeof log, "%s/faults.log", dir);
    faults_begin(seed, log);
    disturb(seconds, seconds > 60);
    faults_end();
    rest_reach();
    faults_print();
    bool little = !happened(seconds);
    const char *sockets = kit_pg_dir(site.kit.pg);
    int found = rest_judge(dir, sockets, "judge");
    int missed = seconds <= PLANTS_S ? rest_judge(dir, sockets, "plant") : 0;
    bool failed = little || found || missed || faults_unasked_ends();
    site_close(failed && getenv("HUYING_SHOW_LOGS") != NULL);
    return failed ? 1 : 0;
}
