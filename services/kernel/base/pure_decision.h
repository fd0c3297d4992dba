/* What goes into a decision and what comes out: the shape that every decide() of every service has.
 *
 *   decide(state, input, world, next, outcome)
 *
 * `state` is the aggregate as committed (or as left by the previous input of the same batch),
 * `next` starts as a copy of it. decide() changes `next`, and says in `outcome` what else follows:
 * steps (each raises the version by one and becomes a row of `history` and a leaf of the ledger),
 * messages to other services, timers, counters. It does no I/O, reads no clock, allocates nothing,
 * logs nothing. A decision without steps changes nothing: `next` is then thrown away, unless it
 * says `keep`. The place in the sequence is the kernel's and moves in any case.
 *
 * Sizes are fixed and small; passing one is a bug (must()). */
#ifndef HUYING_BASE_PURE_DECISION_H
#define HUYING_BASE_PURE_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/service_id.h"

struct directory;

#define ACTOR_SIZE 40 /* a staff code and the NUL */
#define PEER_SIZE 32  /* a name of peers.conf and the NUL */
#define STEPS_MAX 12
#define SENDS_MAX 8
#define TIMERS_MAX 6
#define COUNTS_MAX 16
#define REFUSED_ABOUT_MAX 0x7fff
#define STEP_SKIPPED 1000 /* the kernel's own step: an operator skipped a dead letter */

enum input_kind {
    INPUT_MESSAGE, /* from another service: numbered, applied once and in order */
    INPUT_COMMAND, /* from a person or an outside system: answered after the commit */
    INPUT_TIMER,   /* a row of `timer` that came due; now_ms is the deadline itself in a drill */
    INPUT_WORK     /* found by the service's own work query (view work_ready) */
};

/* The aggregate's row as the kernel sees it; first member of every service's state struct. */
struct aggregate {
    int64_t id;
    int32_t ver;                 /* 0: a stub, without content; raised by one per step */
    bool found;                  /* false: no row (only for commands, which create no stubs) */
    uint64_t seen[SERVICE_COUNT]; /* per source: last number whose effect is in this state */
    uint64_t sent[SERVICE_COUNT]; /* per destination: last number given out */
};

struct input {
    enum input_kind kind;
    enum service_id source; /* INPUT_MESSAGE */
    uint32_t type;          /* message or command type (proto), timer kind, or work kind */
    int64_t agg;            /* 0 in a command until the service's resolve gives it one */
    uint64_t n;             /* INPUT_MESSAGE: its number from that source about that aggregate */
    int64_t msg_id;
    int64_t now_ms;         /* the decision's now (DESIGN §6, Time) */
    int64_t due_ms;         /* INPUT_TIMER: what it was set to; before now, in a drill now */
    const void *body;       /* what the service's decode() made of the payload; batch memory */
    char actor[ACTOR_SIZE]; /* INPUT_COMMAND: in whose name; a staff code; "" = the peer itself */
    char peer[PEER_SIZE];   /* INPUT_COMMAND: name of the authenticated key */
    bool fresh;             /* INPUT_COMMAND: resolve drew `agg` for it just now */
};

/* What the business decided. The numbers travel in replies: append only. */
enum verdict {
    VERDICT_APPLIED = 0,
    VERDICT_DUPLICATE = 1, /* its effect is there already; nothing changes */
    VERDICT_REFUSED = 2,   /* `reason` says which rule; a normal answer */
    VERDICT_NOT_FOUND = 3, /* no such aggregate */
    VERDICT_CONFLICT = 4   /* not the version that was expected, or a key used before */
};

struct step {
    uint16_t kind;     /* the service's transition number (its X-macro table) */
    uint16_t from, to; /* states before and after */
    int64_t unit;      /* the unit concerned, 0 = none */
    int64_t at_ms;     /* set by step_add to the input's now */
    int64_t due_ms;    /* the deadline set by this step, 0 = none */
    int64_t rule_ver;  /* version of the directory that a deadline or choice came from */
};

struct send {
    enum service_id dest;
    uint32_t type;
    int64_t arg; /* for the service's encode(), e.g. which of several */
};

struct timer_change {
    uint16_t kind;
    int64_t due_ms; /* 0 = clear */
};

/* A hot counter moves. The kernel adds `amount` at the unit and at every unit above it, and at the
 * matter; it inserts a delta row per batch, never updates a counter in the transaction. */
struct count_change {
    uint16_t metric; /* the service's metric number (its X-macro table) */
    int64_t unit;    /* 0 = the district as a whole */
    int32_t matter;  /* directory's matter number, 0 = none */
    int32_t amount;
};

struct outcome {
    enum verdict verdict;
    uint32_t reason; /* the service's refusal number; 0 unless refused or in conflict */
    /* Which of several things the reason is about (what is missing, whose part is open), as the
     * service numbers them; its reason_about() makes the words of it. 0 = nothing. */
    uint16_t refused_about;
    bool keep;       /* store `next` without a step; decide() then sets next's ver itself */
    /* A command whose aggregate the service's resolve chose by what was so no longer when its row
     * was locked: nothing of this batch is done, and the command is resolved anew, by itself. */
    bool again;
    int step_count, send_count, timer_count, count_count;
    struct step steps[STEPS_MAX];
    struct send sends[SENDS_MAX];
    struct timer_change timers[TIMERS_MAX];
    struct count_change counts[COUNTS_MAX];
};

struct world {
    const struct directory *directory;
    void *related; /* rows besides the aggregate that the service's batch locked; in and out */
};

struct step *step_add(struct outcome *outcome, const struct input *input, uint16_t kind,
        uint16_t from, uint16_t to);
void send_add(struct outcome *outcome, enum service_id dest, uint32_t type, int64_t arg);
void timer_set(struct outcome *outcome, uint16_t kind, int64_t due_ms);
void timer_clear(struct outcome *outcome, uint16_t kind);
void count_add(struct outcome *outcome, uint16_t metric, int64_t unit, int32_t matter, int amount);
void outcome_refuse(struct outcome *outcome, uint32_t reason);
void outcome_refuse_about(struct outcome *outcome, uint32_t reason, uint16_t about);

#endif
