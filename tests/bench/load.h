/* The cluster's load, in parts: load.c makes reports and lets the staff end them, load_feed.c
 * keeps a queue before routing, load_ack.c asks for receipts one at a time, load_rate.c for many,
 * by any of the ways in. Every figure goes to standard output as a line of lib.sh's shape. */
#ifndef HUYING_TESTS_BENCH_LOAD_H
#define HUYING_TESTS_BENCH_LOAD_H

#include "services/ctl/replay_file.h"
#include "services/intake/hotline/hotline.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/pure_directory.h"

#define LOAD_ANSWER_MS 60000
#define LOAD_CONNECTIONS_MAX 512

/* The ways by which reports come in: name, status of an answer with a new receipt (0: no HTTP). */
#define WAY_TABLE(X)                                                                               \
    X(WAY_HOTLINE, "hotline", 0)                                                                   \
    X(WAY_HTTP, "http", 201)                                                                       \
    X(WAY_OPEN311, "open311", 200)                                                                 \
    X(WAY_VENDOR, "vendor", 201)

enum load_way {
#define X(name, text, status) name,
    WAY_TABLE(X)
#undef X
            WAY_COUNT
};

struct load {
    struct ctl *ctl;
    struct replay_file rows;     /* a city's: matter and place of each report */
    struct directory *directory; /* who works where */
    int site;
    int count, workers, wave, http_port;
    int rate, connections; /* connections: 0 = as many as the way usually has */
    double seconds;
    const char *run, *matter; /* of the tickets; NULL = the mixture of the file */
    const char *way_name;
    enum load_way way;
};

int64_t load_now_us(void);
/* Says what went wrong and ends the process. */
void load_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
const char *load_way_name(enum load_way way);
/* False: there is no such way. */
bool load_way_find(const char *name, enum load_way *ret);
/* Connects with the demo hotline's key; ends the process when it cannot. */
struct hotline *load_hotline(const struct load *load);
/* Report number `index`: the file's rows again and again, under tickets of this run. `ticket` is
 * the caller's memory. */
void load_report(const struct load *load,
        size_t index,
        char ticket[HOTLINE_TICKET_SIZE],
        struct hotline_report *ret);
/* The same with the words of somebody who calls: by every way in alike. */
void load_call(const struct load *load,
        size_t index,
        char ticket[HOTLINE_TICKET_SIZE],
        struct hotline_report *ret);

/* load_letter.c: reports as HTTP requests of one way. */
struct letters;
/* Heap. Ends the process when the way's key is not there. */
struct letters *letters_new(const struct load *load, enum load_way way);
void letters_destroy(struct letters **letters);
/* The whole request for report number `index`, in place of what was in `out`. */
void letter_write(struct letters *letters, size_t index, struct buf *out);
/* True when `text` holds a whole answer; `ret`: its status. */
bool answer_whole(const char *text, size_t size, int *ret);
bool answer_is_receipt(enum load_way way, int status);

/* A connection to this machine; ends the process when there is none. */
int line_open(int port);

/* What is to be sent and what became of it: shots of one run, told apart by their index. In an open
 * loop every shot has its time beforehand, whatever became of those before; in a closed one the
 * next begins when one has ended. */
struct shot {
    int64_t due_us, sent_us, done_us; /* 0: never */
    bool idle;                        /* a connection was free when it was due */
    bool refused;
};

struct plan {
    struct shot *shots;
    size_t count;
    int64_t until_us; /* closed loop: none begins later; 0 = open loop */
    int64_t began_us;
};

/* Connections are there: times, which counted from 0 so far, count from now. */
void plan_start(struct plan *plan);
bool plan_due(const struct plan *plan, size_t index, int64_t now_us);
bool plan_over(const struct plan *plan, size_t index, int64_t now_us);
/* `free_us`: since when the connection has had nothing to do. */
void plan_begin(struct plan *plan, size_t index, int64_t now_us, int64_t free_us);
/* From now to when it is due. */
int64_t plan_wait_us(const struct plan *plan, size_t index, int64_t now_us);

/* Run the plan to its last answer. */
void lines_run(const struct load *load, enum load_way way, int port, struct plan *plan);
void callers_run(const struct load *load, struct plan *plan);

/* load_null.c: a server that answers every request at once, in a process of its own; for what the
 * load itself costs. */
struct null_server {
    int port;
    pid_t pid;
};
struct null_server null_start(void);
void null_stop(struct null_server *server);

/* Receipts one after the other, by the way given or by all. */
void load_acks(const struct load *load);
/* Receipts at a rate that is kept whatever they take; as many as there can be; the rate without a
 * site. */
void load_rate(const struct load *load);
void load_full(const struct load *load);
void load_null(const struct load *load);

/* What intake has for routing, in intake's place. */
void load_feed(const struct load *load);

#endif
