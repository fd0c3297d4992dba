/* The volunteers' own words: needs as plain structs, and the tables that everything else is made
 * from. A line in a table gives the enum, the stable name and the meaning; numbers stand in
 * columns, leaves and replies and are never reused. To add a state or an event: a line here, rows
 * in NEED_MOVES (decide.c), and, for a command, a line in codec.c and ops.c. */
#ifndef HUYING_VOLUNTEER_H
#define HUYING_VOLUNTEER_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_directory.h"

#define SKILL_SIZE 64           /* bytes with the NUL */
#define SOURCE_REF_SIZE 129     /* bytes with the NUL */
#define MATTER_CODE_SIZE_MAX 64 /* bytes */
#define TEXT_LENGTH_MAX 2000    /* characters that a person may write */
#define SUMMARY_SIZE_MAX 8192   /* bytes */
#define OFFERS_MAX 50           /* volunteers that a need is offered to */
#define OFFERS_ENOUGH 3         /* fewer in the village: the street is asked as well */
#define MINUTES_MAX 1440        /* that may be credited for one need */
#define MINUTES_COUNTED_MAX 480 /* when nobody says how many: from claim to done, at most */
#define NEEDS_LIMIT_MAX 500     /* needs in one answer */
#define NEEDS_LIMIT_PRESET 100
#define NEEDS_ARENA_SIZE ((size_t)8 << 20) /* of one answer's rows */

/* The numbers are those of Stage in proto/volunteer.proto. */
#define NEED_STATES(X)                                                                             \
    X(NEED_NONE, 0, "none")                                                                        \
    X(NEED_OFFERED, 1, "offered")                                                                  \
    X(NEED_CLAIMED, 2, "claimed")                                                                  \
    X(NEED_DONE, 3, "done")                                                                        \
    X(NEED_UNCLAIMED, 4,                                                                           \
            "unclaimed") /* nobody fits, or nobody took it in time: routing's again */             \
    X(NEED_CANCELLED, 5, "cancelled")

enum need_state {
#define X(name, number, text) name = number,
    NEED_STATES(X)
#undef X
            NEED_STATE_COUNT
};

enum need_event {
    EVENT_OPEN,   /* routing looks for a volunteer */
    EVENT_CANCEL, /* routing does not any more */
    EVENT_LAPSE,  /* timer: the offer is over */
    EVENT_CLAIM,
    EVENT_DONE
};

/* Transitions: `kind` in history and leaves. */
#define NEED_KINDS(X)                                                                              \
    X(MOVE_NONE, 0, "none")                                                                        \
    X(MOVE_OFFERED, 1, "offered")                                                                  \
    X(MOVE_CLAIMED, 2, "claimed")                                                                  \
    X(MOVE_FINISHED, 3, "finished")                                                                \
    X(MOVE_LAPSED, 4, "lapsed")                                                                    \
    X(MOVE_NOBODY, 5, "nobody") /* nobody fits */                                                  \
    X(MOVE_CANCELLED, 6, "cancelled")

enum need_kind {
#define X(name, number, text) name = number,
    NEED_KINDS(X)
#undef X
};

/* Refusals: number, stable name, and the sentence for a person in both languages. */
#define NEED_REASONS(X)                                                                            \
    X(REASON_NONE, 0, "none", "没有被拒绝。", "Nothing was refused.")                              \
    X(REASON_NOT_NOW, 1, "not_now", "需求当前状态不允许此操作,请刷新后按当前状态办理。",           \
            "The need's present state does not allow this. Reload it and act on its state.")       \
    X(REASON_TAKEN, 2, "taken", "该需求已被其他志愿者认领,请在列表中选择其他需求。",               \
            "Another volunteer has claimed this need already. Choose another one from the list.")  \
    X(REASON_NOT_A_VOLUNTEER, 3, "not_a_volunteer",                                                \
            "只有登记在册的志愿者可以认领,请先登记为志愿者。",                                     \
            "Only a registered volunteer can claim a need. Register as a volunteer first.")        \
    X(REASON_NO_SKILL, 4, "no_skill",                                                              \
            "该需求要求的技能不在您的登记信息中,请选择其他需求或更新技能。",                       \
            "The need asks for a skill that you are not registered with. Choose another need, or " \
            "have your skills updated.")                                                           \
    X(REASON_NOT_AVAILABLE, 5, "not_available",                                                    \
            "现在不在您登记的服务时段内,请在服务时段内认领或更新时段。",                           \
            "It is outside your registered hours. Claim within them, or have them updated.")       \
    X(REASON_LATE, 6, "late", "认领时限已过,该需求已退回派单台,请选择其他需求。",                  \
            "The time for claiming is over and the need went back to the desk. Choose another.")   \
    X(REASON_CLAIM_FIRST, 7, "claim_first", "该需求尚未认领,请先“认领”,再报“完成”。",              \
            "Nobody has claimed this need yet. CLAIM it first, then report DONE.")                 \
    X(REASON_NOT_YOURS, 8, "not_yours", "该需求由其他志愿者认领,请由认领人报“完成”。",             \
            "Another volunteer claimed this need. Only the one who claimed it can report DONE.")   \
    X(REASON_OVER, 9, "over", "该需求已完成或已取消,无需再操作;请刷新需求列表。",                  \
            "The need is done or cancelled. Nothing is left to do; reload the list.")              \
    X(REASON_VERSION, 10, "version", "需求已被他人更新,您看到的版本已过时,请刷新后重试。",         \
            "The need changed since you read it. Reload it and try again with its version.")       \
    X(REASON_OPEN, 11, "open", "该案件已有进行中的需求,请先取消原需求再重新发布。",                \
            "The case has an open need already. Cancel that one before opening another.")

enum need_reason {
#define X(name, number, text, zh, en) name = number,
    NEED_REASONS(X)
#undef X
};

/* Counters in Redis, at the need's unit. */
#define NEED_METRICS(X)                                                                            \
    X(METRIC_OPEN, 0, "needs_open")                                                                \
    X(METRIC_DONE, 1, "needs_done")                                                                \
    X(METRIC_MINUTES, 2, "minutes")

enum need_metric {
#define X(name, number, text) name = number,
    NEED_METRICS(X)
#undef X
};

/* Types of proto/routing.proto and proto/volunteer.proto; codec.c asserts that they agree. */
enum need_type {
    MESSAGE_OPENED = 2201,
    MESSAGE_CANCELLED = 2202,
    MESSAGE_PROGRESS = 4001,
    COMMAND_CLAIM = 4501,
    COMMAND_DONE = 4502,
    QUERY_NEEDS = 4601,
    QUERY_OFFERS = 4602
};

#define TIMER_OFFER 1 /* kind of the only timer: at offer_until */

/* A row of `needs`. To add a column: a migration with a default, then sql_load, sql_update,
 * load_row, save_begin and save_row in store.c, in the same order everywhere. */
struct need {
    struct aggregate agg; /* id = the case's id */
    enum need_state state;
    int64_t unit;               /* where the case is placed */
    int32_t matter;             /* directory's number, 0 = unknown */
    int32_t offers;             /* how many it was offered to */
    int32_t minutes;            /* credited when it was done */
    char skill[SKILL_SIZE];     /* "" = any */
    char volunteer[ACTOR_SIZE]; /* who claimed it; "" = nobody */
    int64_t opened_ms;
    int64_t until_ms; /* the last instant in which it can be claimed; 0 = no limit */
    int64_t due_ms;   /* for the volunteer to see; deadlines are routing's */
    int64_t claimed_ms;
    const char *source_ref; /* never NULL after load or opening; batch memory */
    const char *summary;
};

/* Bodies, made by codec.c in batch memory. */
struct need_opened {
    int64_t unit, due_ms, until_ms;
    const char *matter, *skill, *summary, *source_ref;
};
struct need_cancel {
    const char *reason;
};
struct need_act {    /* CLAIM and DONE */
    int32_t version; /* expected; 0 = any */
    int32_t minutes; /* DONE: 0 = from claim to now */
    const char *text;
};

/* Hours that the decisions of a batch credited; in batch memory, filled by absorb, written by
 * store. */
struct credit {
    int64_t need;
    char volunteer[ACTOR_SIZE];
    int32_t minutes;
    int64_t at_ms;
};
struct credits { /* world.related; NULL when the batch has no DONE */
    struct credit *rows;
    int count, room;
};

#endif
