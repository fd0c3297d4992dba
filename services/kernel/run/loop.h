/* Inside run/: the running process. One thread: zmq_poll over the bus, PostgreSQL's connections,
 * the signals and the door for other threads; then whatever is ready, in this order: receive,
 * results of the database, batches, chores, sending. Nothing in it blocks. */
#ifndef HUYING_RUN_LOOP_H
#define HUYING_RUN_LOOP_H

#include <pthread.h>
#include "services/kernel/base/clock.h"
#include "services/kernel/base/clock_watch.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/run/inbox.h"
#include "services/kernel/run/metrics.h"
#include "services/kernel/run/outgoing.h"
#include "services/kernel/run/service.h"
#include "services/kernel/store/batch.h"
#include "services/kernel/store/chores.h"
#include "services/kernel/store/counter.h"
#include "services/kernel/store/life.h"

#define LANES_MAX 4
#define ACKED_MAX 4096   /* acknowledged rows gathered for one deletion */
#define RETRY_MS 25      /* before a batch that failed is run again; with jitter */
#define BLOCKED_MS 200   /* before a work whose row somebody else holds is tried again */
#define LOCAL_MAX 4096   /* requests from inside the process under way */
#define INBOX_MAX 65536
#define TOLD_MS 10000    /* a failure that lasts is logged this often */
#define BOOT_SIZE 40

struct kernel_conf {
    char brokers[512], server_key[41], key[512];
    char conninfo[1024];
    char replica[1024]; /* "" = none */
    int64_t replica_lag_s;
    char redis[256];
    char http_host[64], log_level[8], language[4];
    int64_t http_port, credit, batch_size, lanes;
    int64_t data_days, stream_days, command_days; /* 0 = for ever */
};
extern const struct conf_key KERNEL_CONF_KEYS[];
extern const size_t KERNEL_CONF_KEY_COUNT;

struct lane { /* one connection that runs batches */
    struct loop *loop;
    struct pg *pg;
    struct batch *batch;
    struct work *works[BATCH_SIZE_MAX];
    size_t work_count;
    struct acked acked[ACKED_MAX];
    size_t acked_count;
    uint64_t connects; /* of the connection that is attached */
    bool attached, attaching, spilled;
    int64_t incarnation; /* that the batch under way was started for */
    int64_t started_ms;  /* … and when */
    int64_t session;
    struct site_attach site;
    int64_t pause_until_ms;
    int64_t told_ms; /* when a failure was last logged */
};

enum chore { CHORE_SITE, CHORE_ANCHOR, CHORE_IDS, CHORE_TIMERS, CHORE_WORK, CHORE_HELD,
    CHORE_ATTEMPTS, CHORE_FOLD,
    CHORE_RECOUNT, CHORE_REFILL, CHORE_GAUGES, CHORE_SUSPECT,
    CHORE_SHRINK, CHORE_RAISE, CHORE_REMOVE, CHORE_ANSWERS, CHORE_RESEND,
    CHORE_COUNT = CHORE_RESEND + SERVICE_COUNT };

struct chore_state {
    struct loop *loop;
    enum chore chore;
    bool running, wanted;
    int64_t least_ms; /* by the clock it is not due sooner after its start; INT64_MAX = never */
    int64_t started_ms, took_ms; /* took_ms: the last time, until its commit */
    size_t rows;
    int64_t gone; /* rows that a chore of keeping changed or deleted */
    /* Resending: starts of the last calls that took all that was due, and all there ever was. */
    bool full;
    int64_t complete_ms, full_ms;
};

struct loop {
    const struct service *service;
    const struct aggregate_ops *ops;
    struct kernel_conf conf;
    const char *conf_path;
    int instance;
    struct clock clock;
    struct rng rng;
    int64_t now_ms; /* monotonic, of this round */
    void *zmq;
    struct bus *bus;
    struct outgoing *outgoing;
    struct inbox inbox;
    struct lane lanes[LANES_MAX];
    size_t lane_count;
    struct statement *batch_statements, *aux_statements;
    size_t aux_statement_count;
    struct pg *aux;
    const struct pg *watched; /* the service's own connection; NULL = none */
    struct chores *chores;
    struct life *life;
    bool aux_attached, aux_attaching;
    bool aux_up; /* as logged last */
    int64_t aux_told_ms;
    uint64_t aux_connects;
    struct site_attach aux_site;
    int64_t aux_session;
    struct ids ids;
    int64_t ids_since_ms; /* when they were last thrown away */
    struct site_row site, site_read; /* in force; of the chore under way */
    int64_t incarnation;
    struct directory *directory, *directory_next;
    bool directory_wanted, directory_loading;
    int64_t directory_again_ms; /* not before: the last one could not be used */
    struct counters *counters;
    int64_t redis_look_ms, aux_attach_ms;
    struct chore_state chore_states[CHORE_COUNT];
    struct acked acked[ACKED_MAX];
    size_t acked_count;
    int64_t acked_since_ms;
    struct job *recount_asked, *recount_running; /* by `next` */
    size_t timers_out, found_out, held_out; /* jobs of these kinds that are not decided yet */
    struct replica *replica; /* NULL = none is configured */
    size_t queries_out;      /* until their answer left */
    size_t queries_unmarked; /* sent to the primary since the last mark was */
    bool mark_out;           /* a mark is under way */
    struct query *queries_read, **queries_read_last; /* their answers wait for the mark */
    int64_t active_ms;    /* last committed work or move of a drill's clock */
    int64_t clock_seen_ms; /* a drill's, as last read */
    struct clock_watch watch; /* over the clock that deadlines are judged by */
    struct clock_anchor anchor;
    char boot[BOOT_SIZE];
    struct metrics metrics;
    struct chore_gauges gauges;
    int signal_fd, wake_fd;
    bool draining;
    int64_t drain_until_ms;
    pthread_mutex_t local_lock;
    struct parcel *local_first, **local_last;
    size_t local_count; /* atomic by the lock */
    struct web *web;
};

/* service.c, for tests too: a loop that has its conf, clock, service and ops starts, makes a round
 * (waits for something at most some milliseconds, then does what there is), ends. */
enum err loop_start(struct loop *loop) MUST_CHECK;
void loop_round(struct loop *loop);
void loop_end(struct loop *loop);
/* The sentence in the language of the configuration. */
const char *loop_text(const struct loop *loop, const char *zh, const char *en);

/* receive.c */
void loop_receive(struct loop *loop);
void loop_local(struct loop *loop);
/* Gives a job its end: an ack, a reply, nothing; frees what is finished. */
void job_end(struct loop *loop, struct job *job);
/* Ends a job with a failure: a command is told, everything else is put back to its sender. */
void job_fail(struct loop *loop, struct job *job, enum err err, const char *text);
void parcel_finish(struct loop *loop, struct parcel *parcel);
/* Ends a command whose span was over before it was begun; false: it is to be run. */
bool job_late(struct loop *loop, struct job *job);
const char *late_text(const struct loop *loop);
const char *format_text(const struct loop *loop);

/* query.c */
void query_start(struct loop *loop, struct parcel *parcel, size_t index,
        const struct envelope *envelope);
/* After what came in: sends the mark that lets answers go. */
void query_turn(struct loop *loop);
const struct statement *query_statements(size_t *ret_count);
/* Bound of one query's answer: a larger one is refused, and the asker asks for less. */
#define ANSWER_SIZE_MAX PAYLOAD_SIZE_MAX

/* replica.c */
void replica_new(struct loop *loop);
void replica_destroy(struct loop *loop); /* after the second connection: it asks there too */
void replica_turn(struct loop *loop);
/* Where queries are to be read; NULL = on the primary. */
struct pg *replica_pg(const struct loop *loop);
const struct pg *replica_watched(const struct loop *loop); /* to be polled; may be NULL */

/* lanes.c */
enum err lanes_new(struct loop *loop) MUST_CHECK;
void lanes_destroy(struct loop *loop);
void lanes_turn(struct loop *loop);
bool lanes_busy(const struct loop *loop);

/* tasks.c */
enum err tasks_new(struct loop *loop) MUST_CHECK;
void tasks_destroy(struct loop *loop);
void tasks_turn(struct loop *loop);
/* Looks for what is due in this round: the clock of a drill was moved, and somebody waits. */
void due_look(struct loop *loop);
/* A request to count again; it is answered when that is committed. */
void recount_ask(struct loop *loop, struct job *job);
void incarnation_set(struct loop *loop, const struct site_attach *site);

/* pace.c */
int64_t pace_least(const struct aggregate_ops *ops, enum chore chore);
bool chore_due(const struct chore_state *state);
/* How long the loop may wait for its descriptors. */
long loop_patience_ms(const struct loop *loop);

/* site_clock.c */
void site_clock_new(struct loop *loop);
/* Takes what was read of the site since the monotonic instant `sent_ms`; at once, since the
 * answer's time counts. True: deadlines may be judged by it. */
bool site_clock_read(struct loop *loop, const struct site_row *site, int64_t sent_ms);
/* The same for what the chore read (loop->site_read); the first one begins the watch. */
void site_clock_found(struct loop *loop, int64_t sent_ms);
/* True while deadlines may be looked for. */
bool site_clock_trusted(const struct loop *loop);
/* What the next process on this machine is to begin with. */
struct clock_anchor site_clock_anchor(const struct loop *loop);

/* keep.c: the chores that let old data go. */
bool keep_may(const struct loop *loop, enum chore chore);
void keep_start(struct loop *loop, struct chore_state *state, pg_done_fn *done);
void keep_after(struct loop *loop, const struct chore_state *state);
void keep_turn(struct loop *loop);
/* False with a line in `why` when the keys of [keep] contradict each other. */
bool keep_check(const struct kernel_conf *conf, const char *path, struct buf *why);

/* web.c: metrics and health on HTTP's own thread. */
enum err web_start(struct loop *loop) MUST_CHECK;
void web_stop(struct loop *loop);

#endif
