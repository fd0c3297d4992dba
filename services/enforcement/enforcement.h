/* Enforcement's own words: missions of squads as plain structs, and the tables that everything else
 * is made from. A line in a table gives the enum, the stable name and the meaning; numbers stand in
 * columns, leaves and replies and are never reused. To add a state or an event: a line here, rows
 * in MISSION_MOVES (decide.c), and, for a command, a line in codec.c. */
#ifndef HUYING_ENFORCEMENT_H
#define HUYING_ENFORCEMENT_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_directory.h"

#define CAPABILITY_SIZE 64      /* bytes with the NUL */
#define SOURCE_REF_SIZE 129     /* bytes with the NUL */
#define MATTER_CODE_SIZE_MAX 64 /* bytes */
#define TEXT_LENGTH_MAX 2000    /* characters that a person may write */
#define SUMMARY_SIZE_MAX 8192   /* bytes */
#define CANDIDATES_MAX 64       /* squads that are looked at for one mission */
#define QUEUES_MAX 1024         /* pools × capabilities with somebody waiting, read for a batch */
#define MISSIONS_ARENA_SIZE ((size_t)8 << 20) /* of one answer's rows */
#define MISSIONS_LIMIT_MAX 500                /* missions in one answer */
#define MISSIONS_LIMIT_PRESET 100

/* The numbers are those of Stage in proto/enforcement.proto. */
#define MISSION_STATES(X)                                                                          \
    X(MISSION_NONE, 0, "none")                                                                     \
    X(MISSION_WAITING, 1, "waiting")   /* no capable squad is free */                              \
    X(MISSION_ASSIGNED, 2, "assigned") /* a squad has it and has not answered */                   \
    X(MISSION_ACCEPTED, 3, "accepted") /* the squad is on its way */                               \
    X(MISSION_ON_SCENE, 4, "on_scene")                                                             \
    X(MISSION_DONE, 5, "done")                                                                     \
    X(MISSION_CANCELLED, 6, "cancelled")

enum mission_state {
#define X(name, number, text) name = number,
    MISSION_STATES(X)
#undef X
            MISSION_STATE_COUNT
};

/* What can happen to a mission. */
enum mission_event {
    EVENT_REQUEST, /* routing wants a squad */
    EVENT_CANCEL,  /* routing wants it no more */
    EVENT_ASSIGN,  /* a squad may be free for a waiting mission, or the directory changed */
    EVENT_ACCEPT,
    EVENT_ARRIVE,
    EVENT_DONE
};

/* Transitions: `kind` in history and leaves. */
#define MISSION_KINDS(X)                                                                           \
    X(MOVE_NONE, 0, "none")                                                                        \
    X(MOVE_QUEUED, 1, "queued")     /* asked for; waits for a squad */                             \
    X(MOVE_ASSIGNED, 2, "assigned") /* at once, or out of the queue */                             \
    X(MOVE_ACCEPTED, 3, "accepted")                                                                \
    X(MOVE_ARRIVED, 4, "arrived")                                                                  \
    X(MOVE_FINISHED, 5, "finished")                                                                \
    X(MOVE_CANCELLED, 6, "cancelled")                                                              \
    X(MOVE_LOOKED_AGAIN, 7, "looked_again") /* under a newer directory; it still waits */

enum mission_kind {
#define X(name, number, text) name = number,
    MISSION_KINDS(X)
#undef X
};

/* Refusals: number, stable name, and the sentence for a person in both languages. */
#define MISSION_REASONS(X)                                                                         \
    X(REASON_NONE, 0, "none", "没有被拒绝。", "Nothing was refused.")                              \
    X(REASON_NOT_NOW, 1, "not_now", "任务当前状态不允许此操作,请刷新后按当前状态办理。",           \
            "The mission's present state does not allow this. Reload it and act on its state.")    \
    X(REASON_NOT_YOUR_SQUAD, 2, "not_your_squad",                                                  \
            "您不是承办该任务的队伍成员,请由承办队伍的人员操作。",                                 \
            "You are not on the squad that has this mission. Let one of its members do it.")       \
    X(REASON_ACCEPT_FIRST, 3, "accept_first", "该任务尚未接受,请先“接受”任务,再报“到场”。",        \
            "The squad has not accepted this mission yet. ACCEPT it first, then report ARRIVE.")   \
    X(REASON_ARRIVE_FIRST, 4, "arrive_first", "队伍尚未报到场,请先“到场”,再报“完成”。",            \
            "The squad is not on the scene yet. Report ARRIVE first, then DONE.")                  \
    X(REASON_NO_SQUAD, 5, "no_squad", "该任务尚在等待空闲队伍,请等待派给队伍后再操作。",           \
            "The mission waits for a free squad. Wait until one is assigned, then ACCEPT it.")     \
    X(REASON_OVER, 6, "over", "该任务已完成或已取消,无需再操作;请刷新任务列表。",                  \
            "The mission is done or cancelled. Nothing is left to do; reload the list.")           \
    X(REASON_VERSION, 7, "version", "任务已被他人更新,您看到的版本已过时,请刷新后重试。",          \
            "The mission changed since you read it. Reload it and try again with its version.")    \
    X(REASON_OPEN, 8, "open", "该案件已有进行中的任务,请先取消原任务再重新派遣。",                 \
            "The case has an open mission already. Cancel that one before asking for another.")    \
    X(REASON_EVIDENCE, 9, "evidence", "凭证不全，请补齐后再报“完成”。还缺：",                      \
            "Evidence is missing. Report DONE again with all of it. Still missing: ")

enum mission_reason {
#define X(name, number, text, zh, en) name = number,
    MISSION_REASONS(X)
#undef X
};

/* Counters in Redis. Missions without a squad count at the street, or else at the place. */
#define MISSION_METRICS(X)                                                                         \
    X(METRIC_OPEN, 0, "missions_open")                                                             \
    X(METRIC_WAITING, 1, "missions_waiting")                                                       \
    X(METRIC_DONE, 2, "missions_done")

enum mission_metric {
#define X(name, number, text) name = number,
    MISSION_METRICS(X)
#undef X
};

/* Types of proto/routing.proto and proto/enforcement.proto; codec.c asserts that they agree. */
enum mission_type {
    MESSAGE_REQUESTED = 2101,
    MESSAGE_CANCELLED = 2102,
    MESSAGE_PROGRESS = 3001,
    COMMAND_ACCEPT = 3501,
    COMMAND_ARRIVE = 3502,
    COMMAND_DONE = 3503,
    QUERY_MISSIONS = 3601
};

/* Kinds in view work_ready. */
enum mission_work {
    WORK_ASSIGN = 1, /* a waiting mission for which a squad seems free, or the directory changed */
    WORK_RELEASE = 2 /* `owed` is not 0 */
};

/* A row of `missions`. To add a column: a migration with a default, then sql_load, sql_update,
 * load_row, save_begin and save_row in store.c, in the same order everywhere. */
struct mission {
    struct aggregate agg; /* id = the case's id */
    enum mission_state state;
    int64_t unit;   /* where the case is placed */
    int64_t street; /* whose squads come first; 0 = the district's */
    int64_t pool;   /* whose squads it waits for: `street`, or 0 = the district's */
    int64_t squad;  /* unit id of the squad that has or had it; 0 = none yet */
    int64_t owed;   /* squad whose load still counts this mission although it is over: the release
                             was decided without the squad's lock; 0 = none (always while held) */
    int32_t matter; /* directory's number, 0 = unknown */
    char capability[CAPABILITY_SIZE]; /* "" = any squad */
    int64_t asked_ms;                 /* when routing asked */
    int64_t due_ms;                   /* for the squad to see; deadlines are routing's */
    int64_t changed_ms;               /* when the state was reached */
    int64_t rule_ver;       /* version of the directory under which a squad was last looked for */
    const char *source_ref; /* never NULL after load or request; batch memory */
    const char *summary;
};

/* Bodies, made by codec.c in batch memory. */
struct mission_request {
    int64_t unit, street, due_ms;
    const char *matter, *capability, *summary, *source_ref;
};
struct mission_cancel {
    const char *reason;
};
struct mission_act {
    int32_t version; /* expected; 0 = any */
    const char *text;
    struct evidence evidence[EVIDENCE_KINDS]; /* brought with DONE */
    int evidence_count;
};

/* A row of `squad`, locked for the batch. Decisions change `load` and see each other's changes. */
struct squad {
    int64_t id;       /* unit id */
    int64_t turn;     /* of its row: how often it was written */
    int64_t version;  /* of the directory that the next four came from */
    int32_t capacity; /* missions at once, 0 = no limit */
    int64_t pool;     /* the street that it belongs to, 0 = the district's */
    const char *capabilities;
    int32_t load;     /* open missions that it has */
    int64_t freed_ms; /* when a mission of its was last over */
    bool changed;     /* to be stored */
};

/* Somebody waits for this pool and capability: at the time of the locks, or since in this batch. */
struct queue {
    int64_t pool;
    char capability[CAPABILITY_SIZE];
};

/* world.related: sorted by id. NULL means that the batch locked no squad. */
struct squad_set {
    struct squad *squads;
    int count;
    struct queue *queues;
    int queue_count, queue_room;
};

#endif
