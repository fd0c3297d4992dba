/* One batch as one transaction on one connection, without blocking:
 *
 *   attempt   a row that says which messages are tried (its own commit, not waited for; rule 7)
 *   lock      BEGIN, keys (resolve), stubs, rows locked in id order, what is held of them, timers
 *   related   rows besides, locked last
 *   decide    core_run
 *   save      everything set-based, COMMIT
 *
 * This is the one function that locks (rule 3): events, commands, timers, replay, sweeps of held
 * messages all come through batch_start. Nothing may be told to anybody before `done` says OK. */
#ifndef HUYING_STORE_BATCH_H
#define HUYING_STORE_BATCH_H

#include "services/kernel/store/core.h"
#include "services/kernel/store/ids.h"

/* The site as the batch's transaction saw it. */
struct site_row {
    int64_t version, incarnation;
    bool drill;
    int64_t now_ms; /* the drill's clock, or the server's */
    int64_t trust;  /* raised when an operator says that the server's clock is right */
};

enum batch_end {
    BATCH_DONE,        /* committed: tell everybody */
    BATCH_RETRY,       /* deadlock, lost connection, unknown outcome: run again */
    BATCH_BLOCKED,     /* lock time-out: run again with the works marked `blocked` */
    BATCH_SPLIT,       /* works marked `alone` or `crowded` run by themselves; run all again */
    BATCH_DIRECTORY,   /* the directory has another version: load it, run again */
    BATCH_INCARNATION, /* the site is another incarnation: attach again; drop what came before */
    BATCH_FAILED       /* the batch itself cannot be stored; run each work alone */
};

/* A row of the outbox that its destination has acknowledged: only the destination may. */
struct acked {
    int64_t id;
    enum service_id dest;
};

struct batch;
typedef void batch_done_fn(
        void *self, struct batch *batch, enum batch_end end, const char *message);

struct batch_start {
    struct work **works; /* ≤ BATCH_SIZE_MAX; order is changed */
    size_t work_count;
    const struct acked *acked; /* outbox rows to delete; may be all there is */
    size_t acked_count;
    const struct directory *directory;
    int64_t incarnation;
    int64_t session;          /* see session.h */
    int64_t outbox_due_ms;    /* span until the sweep sends a new outbox row again */
    /* Called once, as soon as the transaction has read the site. False: its clock may have jumped,
     * no deadline fires in this batch. NULL: they do. */
    bool (*site_seen)(void *self, const struct site_row *site);
    batch_done_fn *done;
    void *self;
};

struct pg;
struct batch *batch_new(const struct aggregate_ops *ops, struct pg *pg, struct ids *ids);
void batch_destroy(struct batch **batch);
/* True between batch_start and the end of `done`. */
bool batch_busy(const struct batch *batch);
void batch_start(struct batch *batch, const struct batch_start *start);
/* In `done`, after BATCH_DONE: what was committed. Valid until the next start. Works are those of
 * the start in another order; the last `batch_left` of them were left out, because somebody else
 * holds their rows (rule 5): nothing happened to them. */
const struct core *batch_core(const struct batch *batch);
size_t batch_left(const struct batch *batch);
/* In `done`: the site as seen by the transaction. */
const struct site_row *batch_site(const struct batch *batch);
/* The ids that the batch may draw at most. */
int64_t batch_ids_max(size_t work_count);

/* All statements that batches use, for pg_prepare: the kernel's and the service's, with room for
 * `spare` more. One piece of heap, to free. */
struct statement *batch_statements(
        const struct aggregate_ops *ops, size_t spare, size_t *ret_count);

#endif
