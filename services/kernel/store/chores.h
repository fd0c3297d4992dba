/* What a service's second connection does beside the batches: attaching to the site, blocks of
 * ids, timers that came due, resending, failed attempts, folding counters, work found by the
 * service. Each is one statement in a segment (and transaction) of its own; `done` comes after
 * its commit. Rows that are only hints (timers, work, held) come before it; messages, counters
 * and ids come when the commit is confirmed, right before `done`. Everything here may be
 * repeated at any time, by any instance. */
#ifndef HUYING_STORE_CHORES_H
#define HUYING_STORE_CHORES_H

#include "services/kernel/store/aggregate.h"
#include "services/kernel/store/batch.h"
#include "services/kernel/store/core.h"

#define CHORE_ROWS_MAX 256 /* of one call, timers, work, resending, streams that hold messages */
#define RESEND_WINDOW 16   /* messages about one aggregate that are sent again before an answer */

struct chore_row {
    int64_t agg;
    uint32_t kind;
    int64_t gen, at_ms;
};

struct chores_listener {
    void (*row)(void *self, const struct chore_row *row);             /* timers, work, held */
    /* Of the outbox; the payload is borrowed. */
    void (*message)(void *self, const struct effect_message *message);
    void (*counter)(void *self, const struct effect_count *count, int64_t fold);
    void (*done)(void *self, enum err err, const char *message);
    void *self;
};

struct chores;
struct chores *chores_new(const struct aggregate_ops *ops, struct pg *pg);
void chores_destroy(struct chores **chores);
/* The statements, to be prepared on the connection; owned by chores. */
const struct statement *chores_statements(const struct chores *chores, size_t *ret_count);

/* Attaching (on every connection, after each connect): takes the session's advisory lock, which
 * tells the others that its attempts are alive, raises the incarnation when this is another
 * cluster or timeline, or behind `known`, the incarnation that the caller knows of (0 = none), and
 * refuses a server that may lose what it confirmed. */
extern const struct statement SQL_SESSION, SQL_ATTACH, SQL_DURABLE;
struct site_attach {
    int number;
    int64_t incarnation, version;
    bool drill, found; /* found: a profile was applied */
    bool durable;      /* fsync, full_page_writes on, synchronous_commit on or stronger */
    bool replicated;   /* a commit waits until a standby has it */
    bool went_back;    /* it was behind `known`: something acknowledged is not there any more */
};
void chores_attach(struct pg *pg, int64_t session, int64_t known, struct site_attach *ret,
        pg_done_fn *done, void *self);

/* What instances on this machine have trusted the site's clock to be: its distance to the machine's
 * monotonic clock, which lasts until the machine starts again. */
struct clock_anchor {
    bool found;
    int64_t low_ms, high_ms, trust; /* see base/clock_watch.h */
};
/* `boot` names the machine's present run. */
void chores_site(struct chores *chores, const char *boot, struct site_row *ret,
        struct clock_anchor *ret_anchor, const struct chores_listener *listener);
void chores_anchor(struct chores *chores, const char *boot, const struct clock_anchor *anchor,
        const struct chores_listener *listener);
void chores_ids(struct chores *chores, struct ids *ids, int64_t incarnation,
        const struct chores_listener *listener);
/* Timers whose deadline has passed by the database's (or the drill's) clock. */
void chores_timers(struct chores *chores, const struct chores_listener *listener);
/* Rows of the service's view work_ready. */
void chores_work(struct chores *chores, const struct chores_listener *listener);
/* Aggregates with a held message whose turn has come: kind is its source, gen its message id. Each
 * call looks at the next CHORE_ROWS_MAX streams. */
void chores_held(struct chores *chores, const struct chores_listener *listener);
/* Claims outbox rows for `dest` whose time to be sent again has come, commits, and gives out the
 * lowest numbers of each aggregate as messages (rule 6), the others, which are put off, as rows:
 * kind is the destination, gen the message id. `span_ms`: only what came due within that time; 0:
 * everything. */
void chores_resend(struct chores *chores, enum service_id dest, int64_t resend_ms, int64_t span_ms,
        const struct chores_listener *listener);
/* Batches whose session is gone: their messages become suspects; expired suspects go. */
void chores_attempts(struct chores *chores, const struct chores_listener *listener);
/* A message that failed in this process: one more attempt on record. */
void chores_suspect(struct chores *chores, int64_t msg_id, const struct chores_listener *listener);
/* A commit of its own that writes WAL and nothing else. What was queued on this connection before
 * was read before it: when `done` says OK, it may be told (rule 4). */
void chores_mark(struct chores *chores, const struct chores_listener *listener);
/* Folds deltas into counters, and gives out the counters that changed. */
void chores_fold(struct chores *chores, const struct chores_listener *listener);
/* All counters, to fill an empty Redis. */
void chores_counters(struct chores *chores, const struct chores_listener *listener);
/* Throws the counters away and counts again from the tables (view counter_truth). */
void chores_recount(struct chores *chores, const struct chores_listener *listener);

#define CHORE_GAUGE_MAX 20000 /* counting a million timers every few seconds costs too much */

struct chore_gauges { /* each at most CHORE_GAUGE_MAX */
    int64_t outbox, waiting, dead, timers;
};
void chores_gauges(struct chores *chores, struct chore_gauges *ret,
        const struct chores_listener *listener);

#endif
