/* huying-bench-reference: the references R1 to R4 and R7 beside which the cluster is measured, one
 * JSON object a line. The caller runs it in turn with the cluster and takes medians
 * (tests/bench/lib.sh). Options stand before the two arguments; --only may be repeated. */
#include "tests/bench/reference.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/bench/case_step.h"

static const struct reference {
    const char *name;
    void (*measure)(const struct bench_cfg *cfg);
} REFERENCES[] = {
        {"R1", case_step_measure}, {"R2", row_insert_measure}, {"R3", disk_sync_measure},
        {"R4", proxy_trip_measure}, {"R7", receipt_alone_measure},
        {"tables", case_step_tables}, /* for others/queue.js; not one of all */
};
enum {
    REFERENCE_COUNT = sizeof(REFERENCES) / sizeof(REFERENCES[0]),
    MEASURED_COUNT = REFERENCE_COUNT - 1
};

#define SECONDS_MAX 3600.0

static void usage_exit(void)
{
    fputs("usage: huying-bench-reference [--seconds S] [--only R1|R2|R3|R4|R7|tables]… CONNINFO "
          "DIRECTORY\n"
          "  CONNINFO   of a database where the schema bench_reference may be made and dropped\n"
          "  DIRECTORY  on the database's disk, for one file of 16 MiB that is removed again\n",
            stderr);
    exit(2);
}

static void reference_choose(const char *name, bool ret_chosen[REFERENCE_COUNT])
{
    for (size_t i = 0; i < REFERENCE_COUNT; i++) {
        if (strcmp(REFERENCES[i].name, name) == 0) {
            ret_chosen[i] = true;
            return;
        }
    }
    usage_exit();
}

static double seconds_parse(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds > 0) || seconds > SECONDS_MAX)
        bench_fail("--seconds %s: expected a number above 0, at most %.0f", text, SECONDS_MAX);
    return seconds;
}

int main(int argc, char **argv)
{
    struct bench_cfg cfg = {.seconds = 5};
    bool chosen[REFERENCE_COUNT] = {false};
    bool all = true;
    int i = 1;
    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0) {
            cfg.seconds = seconds_parse(argv[i + 1]);
        } else if (strcmp(argv[i], "--only") == 0) {
            reference_choose(argv[i + 1], chosen);
            all = false;
        } else {
            usage_exit();
        }
    }
    if (argc - i != 2)
        usage_exit();
    cfg.conninfo = argv[i];
    cfg.directory = argv[i + 1];
    for (size_t k = 0; k < REFERENCE_COUNT; k++) {
        if (chosen[k] || (all && k < MEASURED_COUNT)) {
            REFERENCES[k].measure(&cfg);
            fflush(stdout);
        }
    }
    return 0;
}
