/* The protocol core: one transaction's work in memory. No I/O: rows that were loaded under lock
 * go in, effects come out; batch.c does both for PostgreSQL, a simulator can do it for a
 * database of its own.
 *
 *   core_begin → core_slot… (aggregates, held messages, timers, commands) → core_run → effects
 *
 * Works are sorted by aggregate, then messages (by source, number) before commands before
 * timers: what came in time is decided before the deadline that it meets. Several works about
 * one aggregate are decided one after the other on the state in memory. All memory is the
 * batch's arena. */
#ifndef HUYING_STORE_CORE_H
#define HUYING_STORE_CORE_H

#include "services/kernel/base/arena.h"
#include "services/kernel/store/aggregate.h"
#include "services/kernel/store/stream.h"

#define BATCH_SIZE_MAX 1024
#define DRAIN_MAX 64        /* held messages applied along with a batch */
#define HELD_MAX 1024       /* held messages loaded along with a batch */
#define CROWDED_MIN 128     /* held messages that make an aggregate run by itself */
#define ATTEMPTS_MAX 5      /* failed attempts that make a dead letter */
#define PAGE_SIZE_MAX (200u << 10)
#define SALT_SIZE 16
#define COMMAND_DIGEST_SIZE 16
#define SLOT_TIMERS_MAX 8
#define WHY_SIZE 240

enum work_origin {
    WORK_EVENT,   /* numbered message from the bus */
    WORK_HELD,    /* the same, from `waiting` */
    WORK_REPLAY,  /* an operator's: apply a dead letter, if it is the next of its stream */
    WORK_SKIP,    /* an operator's: leave a dead letter out */
    WORK_COMMAND, /* from a person or an outside system */
    WORK_TIMER,
    WORK_FOUND,   /* of the service's view work_ready */
    WORK_POKE     /* drains what is held; its msg_id is the held message that is due (0 = any) */
};

enum work_end {
    END_OPEN,     /* not decided yet */
    END_ACK,      /* its effect is in this transaction (or was there before) */
    END_REPLY,    /* a command with its answer */
    END_PUT_BACK, /* not now: the sender will send it again */
    END_ALARM,    /* number held by another message: never acknowledged by itself */
    END_NOTHING   /* timers and the like: no one to tell */
};

/* work.reason, and column `reason` of `command`, so that a repeated request gets the same sentence:
 * the refusal's number below, what it is about above. */
#define REASON_BITS 16
#define REASON_MASK ((UINT32_C(1) << REASON_BITS) - 1)

struct work {
    enum work_origin origin;
    struct input input;
    uint16_t source_site;
    struct bytes payload;
    const char *request_id; /* WORK_COMMAND; "" = none */
    uint32_t right_held;    /* WORK_COMMAND: rights of the key */
    const char *why;        /* WORK_SKIP: the operator's reason */
    bool poison;            /* failed too often: becomes a dead letter instead of being applied */
    bool alone;             /* runs in a batch of its own, and drains nothing along with it */
    bool crowded;           /* so much is held of its aggregate that it is loaded by itself */
    bool blocked;           /* met a locked row: its batch leaves out what is locked */
    int attempts;
    void *owner;            /* the loop's: whom to tell */
    uint32_t client_serial; /* the loop's: place in the owner's list */
    /* result */
    enum work_end end;
    uint32_t verdict, reason;
    const char *text; /* static or arena; "" = none */
    struct bytes answer;
    bool keyed; /* command without aggregate: idempotent by the key that resolve found */
    const struct input_type *type;
    uint8_t digest[COMMAND_DIGEST_SIZE];
};

/* A message that the database holds: of `waiting` or `dead_letter`. */
struct held {
    int64_t agg;
    enum service_id source;
    uint16_t source_site;
    uint64_t n;
    int64_t msg_id, at_ms;
    uint32_t type;
    int attempts;
    bool dead;
    bool gone; /* effect: delete the row */
    struct bytes payload;
};

struct slot_timer {
    uint16_t kind;
    int64_t gen, due_ms; /* due_ms 0 = none */
    bool stored, dirty;
};

struct slot { /* one aggregate in the batch */
    int64_t agg;
    void *state;  /* struct aggregate first */
    void *spare;  /* next, swapped with state when a decision is kept */
    bool dirty;
    bool locked_out; /* somebody else holds the row: its works are left for later */
    bool drawn;      /* the id was drawn by this batch: there is no row, and nobody else knows it */
    struct held *held;
    int held_count, timer_count;
    struct slot_timer timers[SLOT_TIMERS_MAX];
};

/* The answer that was given to a request before. */
struct command_row {
    const char *peer, *request_id;
    struct bytes digest, answer;
    uint32_t verdict, reason;
    int64_t agg;
};

/* Effects: arrays in the order in which they arose; each grows in the arena. */
struct effect_message { /* outbox, and new rows of waiting and dead_letter */
    int64_t id, agg, at_ms;
    enum service_id service; /* destination, or source */
    uint16_t site;
    uint64_t n;
    uint32_t type;
    int attempts;
    const char *reason;
    struct bytes payload;
};
struct effect_step {
    int64_t agg;
    int32_t ver;
    struct step step;
    int64_t page;
    int32_t idx;
    uint8_t salt[SALT_SIZE];
    const char *actor;
    struct bytes detail;
};
struct effect_page {
    int64_t id;
    struct buf *payload;
    int32_t count;
};
struct effect_count {
    uint16_t metric;
    int64_t unit, amount;
    int32_t matter;
    bool used;
};

#define EFFECTS(type, name)                                                                        \
    struct {                                                                                       \
        struct type *list;                                                                         \
        size_t count, room;                                                                        \
    } name

struct core {
    const struct aggregate_ops *ops;
    struct arena *arena;
    struct world world;
    int64_t now_ms;  /* the database's clock, or the drill's */
    bool drill;
    bool timers_held; /* that clock may have jumped: deadlines stay as they are */
    int64_t horizon[SERVICE_COUNT]; /* by minter: rows of ids below are removed for good (rule 10);
                                       0 = none */
    int64_t (*draw)(void *self); /* a fresh id */
    void *draw_self;
    void (*random)(void *self, void *data, size_t size); /* salts */
    void *random_self;

    struct work **works;
    size_t work_count;
    struct slot *slots; /* sorted by aggregate */
    size_t slot_count;
    struct command_row *commands; /* room for the loaded ones and one per work */
    size_t command_count, command_loaded;

    EFFECTS(effect_message, outbox);
    EFFECTS(effect_message, waiting);
    EFFECTS(effect_message, dead);
    EFFECTS(effect_step, steps);
    EFFECTS(effect_page, pages);
    struct effect_count *counts; /* open addressing, count_room entries */
    size_t count_room, count_used;
    int drain_left; /* of DRAIN_MAX: ids and pages are reckoned for so many */
    struct buf *page_bufs; /* caller's, two or more; reused batch after batch */
    size_t page_buf_count;
    struct work *again; /* a command that says so (pure_decision.h); then nothing is stored */
    uint64_t applied, duplicates, held_new, alarms;
};

/* Sorts works and makes one slot per aggregate (works with agg 0 get none). Slots' states are
 * zeroed, found = false. */
void core_begin(struct core *core);
/* NULL when the batch has no such aggregate. */
struct slot *core_slot(struct core *core, int64_t agg);
/* Gives a slot the held rows of its aggregate, sorted by source and number. */
void core_hold(struct core *core, struct held *held, size_t count);
void core_timer(struct core *core, int64_t agg, uint16_t kind, int64_t gen, int64_t due_ms);
/* True for an id below the horizon: no stub is made for it. */
bool core_removed(const struct core *core, int64_t agg);
/* Decides everything; afterwards every work has an end. */
void core_run(struct core *core);
/* Finds the accepted type of a work's input; NULL when there is none. */
const struct input_type *core_type(
        const struct aggregate_ops *ops, enum input_kind kind, enum service_id source,
        uint32_t type);

#endif
