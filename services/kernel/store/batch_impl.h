/* Inside store/: the batch's parts and statements. */
#ifndef HUYING_STORE_BATCH_IMPL_H
#define HUYING_STORE_BATCH_IMPL_H

#include "services/kernel/store/batch.h"

#define PAGE_BUFS 4

enum batch_phase { BATCH_IDLE, BATCH_KEYS, BATCH_LOCK, BATCH_RELATED, BATCH_SAVE, BATCH_ROLLBACK };

struct batch {
    const struct aggregate_ops *ops;
    struct pg *pg;
    struct ids *ids;
    struct arena arena;
    struct core core;
    struct buf page_bufs[PAGE_BUFS];
    struct params params;
    struct batch_start start;
    enum batch_phase phase;
    enum batch_end failure; /* what `done` will say after the rollback */
    char message[200];
    struct site_row site;
    int64_t attempt; /* id of the attempt row; 0 = none. Left over when the connection was lost */
    int locked;      /* rows that the transaction locked: a write */
    int suspects;
    bool skip; /* leaves out works whose rows somebody else holds */
    size_t left;
    int64_t horizon[SERVICE_COUNT]; /* as read last, by whatever batch; see core.h */
    bool horizon_moved;             /* … and it was another one before */
    struct held *held;
    size_t held_count, held_room;
    const void **states; /* related and store hooks */
    struct input **inputs;
    int64_t *drawn; /* for commands that came without an id */
    size_t drawn_count;
    bool asked; /* something in the segment under way: else it needs no round trip */
    uint8_t random[4096]; /* what is left of it was never given to anybody */
    size_t random_left;
};

extern const struct statement SQL_SITE, SQL_ATTEMPT, SQL_WAITING, SQL_DEAD, SQL_WAITING_ONE,
        SQL_DEAD_ONE, SQL_SUSPECT, SQL_TIMERS, SQL_COMMANDS, SQL_MARK;
/* Made of the service's by batch_statements; here only their names matter. */
extern const struct statement SQL_LOAD_FREE, SQL_EXISTING;

/* load.c: statements and callbacks of the lock phase. */
void batch_load(struct batch *batch);
/* save.c: all writing statements of the batch. */
void batch_save(struct batch *batch);
/* Queues the end of the attempt row, if there is one. */
void attempt_end(struct batch *batch);
/* True for works that may be to blame when the process dies: what they carry gets an attempt
 * row. */
static inline bool work_tried(const struct work *work)
{
    return work->origin == WORK_EVENT || (work->origin == WORK_POKE && work->input.msg_id);
}
/* A message, and a command that opens an aggregate, may be the first about it. */
static inline bool work_makes_stub(const struct work *work)
{
    return work->origin == WORK_EVENT || (work->origin == WORK_COMMAND && work->input.fresh);
}
extern const struct statement *const save_statements[];
extern const size_t save_statement_count;

#endif
