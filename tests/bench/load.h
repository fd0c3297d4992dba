/* The cluster's load, in parts: load.c makes reports and lets the staff end them, load_ack.c
 * asks for receipts one at a time, load_feed.c keeps a queue before routing. Every figure goes to
 * standard output as a line of lib.sh's shape. */
#ifndef HUYING_TESTS_BENCH_LOAD_H
#define HUYING_TESTS_BENCH_LOAD_H

#include "services/ctl/replay_file.h"
#include "services/intake/hotline/hotline.h"
#include "services/kernel/base/pure_directory.h"

#define LOAD_ANSWER_MS 60000

struct load {
    struct ctl *ctl;
    struct replay_file rows;     /* a city's: matter and place of each report */
    struct directory *directory; /* who works where */
    int site;
    int count, workers, wave, http_port;
    const char *run, *matter; /* of the tickets; NULL = the mixture of the file */
};

int64_t load_now_us(void);
/* Says what went wrong and ends the process. */
void load_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Connects with the demo hotline's key; ends the process when it cannot. */
struct hotline *load_hotline(const struct load *load);
/* Report number `index`: the file's rows again and again, under tickets of this run. `ticket` is
 * the caller's memory. */
void load_report(const struct load *load,
        size_t index,
        char ticket[HOTLINE_TICKET_SIZE],
        struct hotline_report *ret);

/* Receipts one after the other, over the hotline's port and over HTTP. */
void load_acks(const struct load *load);

/* What intake has for routing, in intake's place. */
void load_feed(const struct load *load);

#endif
