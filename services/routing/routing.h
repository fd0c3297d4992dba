/* Routing's words as plain data: the case, its states, events, rules, steps, refusals and
 * counters, and the bodies of the messages that it hears. What can happen to a case is one
 * table, CASE_RULE_TABLE: to change a rule, change its row; to add an event, add a row to
 * EVENT_TABLE and rows for the states in which it means something. All numbers here are
 * persistent (columns, leaves, replies): append only.
 *
 * A case stands at a *level* and is the responsibility of that level's *area*; the *handler* is
 * the unit that works on it. Escalation moves the responsibility up and leaves the handler
 * working. */
#ifndef HUYING_ROUTING_ROUTING_H
#define HUYING_ROUTING_ROUTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_directory.h"

#define SUMMARY_LENGTH_MAX 2000 /* characters */
#define ACT_LENGTH_MAX 2000     /* characters */
#define REASON_LENGTH_MAX 2000  /* characters */
#define SOURCE_SIZE_MAX 64      /* bytes */
#define SOURCE_REF_SIZE_MAX 128 /* bytes */
#define MATTER_CODE_SIZE_MAX 64 /* bytes */
#define WORKLIST_MAX 500        /* rows of one answer, and source references of one question */

/* Message, command and query numbers, equal to those in proto/ (codec.c checks that they are). */
enum routing_type {
    TYPE_CASE_REPORTED = 1001,
    TYPE_CASE_WITHDRAWN = 1002,
    TYPE_CASE_ENDED = 2001,
    TYPE_MISSION_REQUESTED = 2101,
    TYPE_MISSION_CANCELLED = 2102,
    TYPE_NEED_OPENED = 2201,
    TYPE_NEED_CANCELLED = 2202,
    TYPE_ACCEPT = 2501,
    TYPE_HANDLE = 2502,
    TYPE_VERIFY = 2503,
    TYPE_REFER = 2504,
    TYPE_WORKLIST = 2601,
    TYPE_CASE = 2602,
    TYPE_MISSION_PROGRESS = 3001,
    TYPE_NEED_PROGRESS = 4001
};

#define TIMER_DEADLINE 1

/* name, number, text, open: the case still waits for somebody */
#define CASE_STATE_TABLE(X)                                                                        \
    X(CASE_NONE, 0, "none", false)            /* a stub: nothing is known yet */                   \
    X(CASE_REGISTERED, 1, "registered", true) /* only inside one decision, and in the history */   \
    X(CASE_DISPATCHED, 2, "dispatched", true)                                                      \
    X(CASE_ACCEPTED, 3, "accepted", true)                                                          \
    X(CASE_HANDLED, 4, "handled", true)                                                            \
    X(CASE_VERIFIED, 5, "verified", true) /* only inside one decision, and in the history */       \
    X(CASE_CLOSED, 6, "closed", false)                                                             \
    X(CASE_WITHDRAWN, 7, "withdrawn", false)                                                       \
    X(CASE_REFERRED_OUT, 8, "referred_out", false)

enum case_state {
#define X(name, number, text, open) name = number,
    CASE_STATE_TABLE(X)
#undef X
            CASE_STATE_COUNT,
    CASE_ANY = 255 /* in rules */
};

/* What can happen to a case: a message, a stage of a mission or need, a command, the deadline. */
#define EVENT_TABLE(X)                                                                             \
    X(EVENT_REPORTED, 1, "reported")                                                               \
    X(EVENT_TAKEN_BACK, 2, "taken_back")                                                           \
    X(EVENT_DEADLINE, 3, "deadline")                                                               \
    X(EVENT_ACCEPT, 4, "accept")                                                                   \
    X(EVENT_HANDLE, 5, "handle")                                                                   \
    X(EVENT_VERIFY, 6, "verify")                                                                   \
    X(EVENT_REFER, 7, "refer")                                                                     \
    X(EVENT_SQUAD_ASSIGNED, 8, "squad_assigned")                                                   \
    X(EVENT_SQUAD_ACCEPTED, 9, "squad_accepted")                                                   \
    X(EVENT_SQUAD_ON_SCENE, 10, "squad_on_scene")                                                  \
    X(EVENT_SQUAD_FINISHED, 11, "squad_finished")                                                  \
    X(EVENT_NEED_CLAIMED, 12, "need_claimed")                                                      \
    X(EVENT_NEED_FINISHED, 13, "need_finished")                                                    \
    X(EVENT_NEED_UNCLAIMED, 14, "need_unclaimed")                                                  \
    X(EVENT_NEWS, 15, "news") /* a stage that changes nothing here: waiting, offered, cancelled */

enum case_event {
    EVENT_NONE = 0,
#define X(name, number, text) name = number,
    EVENT_TABLE(X)
#undef X
            EVENT_COUNT,
    EVENT_ANY = 255 /* in rules */
};

/* The case's state machine. The first row that fits decides. "Refuse" answers a command with the
 * row's refusal; a message or a timer for which nothing is to be done any more changes nothing.
 *
 * Names stand without their prefix: CASE_, EVENT_, DO_, CASE_, REFUSAL_.
 *
 *     state         event           done      state after   refused because */
/* clang-format off */
#define CASE_RULE_TABLE(X)                                                                \
    X(NONE,         REPORTED,       REGISTER, DISPATCHED,   NONE)                         \
    X(NONE,         ANY,            REFUSE,   NONE,         NO_CASE)                      \
                                                                                          \
    X(DISPATCHED,   TAKEN_BACK,     END,      WITHDRAWN,    NONE)                         \
    X(DISPATCHED,   DEADLINE,       ESCALATE, DISPATCHED,   NONE)                         \
    X(DISPATCHED,   ACCEPT,         ACCEPT,   ACCEPTED,     NONE)                         \
    X(DISPATCHED,   HANDLE,         HANDLE,   HANDLED,      NONE)                         \
    X(DISPATCHED,   VERIFY,         REFUSE,   DISPATCHED,   NOT_HANDLED)                  \
    X(DISPATCHED,   REFER,          REFER,    REFERRED_OUT, NONE)                         \
    X(DISPATCHED,   SQUAD_ASSIGNED, ASSIGN,   DISPATCHED,   NONE)                         \
    X(DISPATCHED,   SQUAD_ACCEPTED, TAKE,     ACCEPTED,     NONE)                         \
    X(DISPATCHED,   SQUAD_ON_SCENE, ARRIVE,   ACCEPTED,     NONE)                         \
    X(DISPATCHED,   SQUAD_FINISHED, FINISH,   HANDLED,      NONE)                         \
    X(DISPATCHED,   NEED_CLAIMED,   TAKE,     ACCEPTED,     NONE)                         \
    X(DISPATCHED,   NEED_FINISHED,  FINISH,   HANDLED,      NONE)                         \
    X(DISPATCHED,   NEED_UNCLAIMED, TO_DESK,  DISPATCHED,   NONE)                         \
                                                                                          \
    X(ACCEPTED,     TAKEN_BACK,     END,      WITHDRAWN,    NONE)                         \
    X(ACCEPTED,     DEADLINE,       ESCALATE, ACCEPTED,     NONE)                         \
    X(ACCEPTED,     ACCEPT,         REFUSE,   ACCEPTED,     ACCEPTED_BEFORE)              \
    X(ACCEPTED,     HANDLE,         HANDLE,   HANDLED,      NONE)                         \
    X(ACCEPTED,     VERIFY,         REFUSE,   ACCEPTED,     NOT_HANDLED)                  \
    X(ACCEPTED,     REFER,          REFER,    REFERRED_OUT, NONE)                         \
    X(ACCEPTED,     SQUAD_ASSIGNED, ASSIGN,   DISPATCHED,   NONE)                         \
    X(ACCEPTED,     SQUAD_ON_SCENE, ARRIVE,   ACCEPTED,     NONE)                         \
    X(ACCEPTED,     SQUAD_FINISHED, FINISH,   HANDLED,      NONE)                         \
    X(ACCEPTED,     NEED_FINISHED,  FINISH,   HANDLED,      NONE)                         \
    X(ACCEPTED,     NEED_UNCLAIMED, TO_DESK,  DISPATCHED,   NONE)                         \
                                                                                          \
    X(HANDLED,      TAKEN_BACK,     END,      WITHDRAWN,    NONE)                         \
    X(HANDLED,      DEADLINE,       ESCALATE, HANDLED,      NONE)                         \
    X(HANDLED,      VERIFY,         VERIFY,   CLOSED,       NONE)                         \
    X(HANDLED,      ANY,            REFUSE,   HANDLED,      HANDLED_BEFORE)               \
                                                                                          \
    X(CLOSED,       ANY,            REFUSE,   CLOSED,       ENDED)                        \
    X(WITHDRAWN,    ANY,            REFUSE,   WITHDRAWN,    ENDED)                        \
    X(REFERRED_OUT, ANY,            REFUSE,   REFERRED_OUT, ENDED)                        \
    X(ANY,          ANY,            REFUSE,   ANY,          NOT_NOW)
/* clang-format on */

enum case_action {
    DO_REFUSE,
    DO_REGISTER, /* place, choose level and handler, ask for a mission or need, set the deadline */
    DO_ACCEPT,   /* the handler's own people take it on */
    DO_HANDLE,   /* … settle it; from dispatched with an ACCEPT step of its own (on the spot) */
    DO_VERIFY,   /* another person confirms: VERIFY and CLOSE in one decision */
    DO_REFER,    /* out of the district's power */
    DO_END,      /* the reporter took it back */
    DO_ESCALATE, /* one level up; at the top: marked overdue */
    DO_ASSIGN,   /* a squad was chosen, or another one */
    DO_TAKE,     /* squad or volunteer took it on */
    DO_ARRIVE,   /* squad on the scene */
    DO_FINISH,   /* squad or volunteer is done */
    DO_TO_DESK   /* nobody claimed the need: the area's desk handles it */
};

/* Transitions, as in history and leaves. */
#define STEP_TABLE(X)                                                                              \
    X(STEP_NONE, 0, "none")                                                                        \
    X(STEP_REGISTER, 1, "register")                                                                \
    X(STEP_DISPATCH, 2, "dispatch")                                                                \
    X(STEP_ACCEPT, 3, "accept")                                                                    \
    X(STEP_HANDLE, 4, "handle")                                                                    \
    X(STEP_VERIFY, 5, "verify")                                                                    \
    X(STEP_CLOSE, 6, "close")                                                                      \
    X(STEP_ESCALATE, 7, "escalate")                                                                \
    X(STEP_OVERDUE, 8, "overdue") /* deadline passed at the top: nowhere to escalate to */         \
    X(STEP_ASSIGN, 9, "assign")                                                                    \
    X(STEP_ARRIVE, 10, "arrive")                                                                   \
    X(STEP_TO_DESK, 11, "to_desk")                                                                 \
    X(STEP_WITHDRAW, 12, "withdraw")                                                               \
    X(STEP_REFER, 13, "refer")

enum case_step {
#define X(name, number, text) name = number,
    STEP_TABLE(X)
#undef X
            STEP_COUNT
};

/* Why a command is refused: stable name, and what a person is told (which rule, what would be
 * legal). */
#define REFUSAL_TABLE(X)                                                                           \
    X(REFUSAL_NONE, 0, "none", "", "")                                                             \
    X(REFUSAL_NO_CASE, 1, "no_case", "没有这个编号的案件。请核对案件编号。",                       \
            "There is no case with this id. Check the case number.")                               \
    X(REFUSAL_VERSION, 2, "version",                                                               \
            "案件已被他人更新，版本与预期不符。请重新读取案件，再用新版本提交。",                  \
            "The case has changed since you read it: its version is not the expected one. Read "   \
            "it "                                                                                  \
            "again and send the command with its present version.")                                \
    X(REFUSAL_ACTOR_UNKNOWN, 3, "actor_unknown", "操作人不在人员名录中。请使用名录中的工号。",     \
            "The actor is not in the directory. Use the code of a member of staff.")               \
    X(REFUSAL_ACTOR_NOT_HANDLER, 4, "actor_not_handler",                                           \
            "操作人不属于处置单位或当前责任区域。请由处置单位或责任区域的人员操作。",              \
            "The actor belongs neither to the handler nor to the area that is responsible now. "   \
            "Somebody of one of these may do it.")                                                 \
    X(REFUSAL_ACTOR_NOT_VERIFIER, 5, "actor_not_verifier",                                         \
            "操作人不属于处置单位、案发地所在区域或其上级区域，不能核实。请由其中的人员核实。",    \
            "The actor belongs neither to the handler nor to an area above the handler or the "    \
            "place. Somebody of one of these may verify.")                                         \
    X(REFUSAL_SAME_PERSON, 6, "handler_may_not_verify",                                            \
            "处置人不得核实自己的处置结果。请由另一人核实。",                                      \
            "Whoever handled a case may not verify it. Another person may.")                       \
    X(REFUSAL_SAME_SQUAD, 7, "squad_may_not_verify",                                               \
            "执法队的处置须由其他单位核实。请由队外人员核实。",                                    \
            "A squad's work is verified by another unit. Somebody outside the squad may.")         \
    X(REFUSAL_MISSION_OPEN, 8, "mission_open",                                                     \
            "案件由执法队办理。请由执法队在任务中接单、到场、完成。",                              \
            "A squad works on this case. The squad accepts, arrives and finishes in its mission.") \
    X(REFUSAL_NEED_OPEN, 9, "need_open", "案件由志愿者办理。请由志愿者认领并完成该需求。",         \
            "Volunteers work on this case. A volunteer claims and finishes the need.")             \
    X(REFUSAL_ACCEPTED_BEFORE, 10, "already_accepted", "案件已被接单。现在可以处置、转出。",       \
            "The case is accepted already. It can be handled or referred out now.")                \
    X(REFUSAL_HANDLED_BEFORE, 11, "already_handled", "案件已处置。现在可以由另一人核实。",         \
            "The case is handled already. Another person can verify it now.")                      \
    X(REFUSAL_NOT_HANDLED, 12, "not_handled", "案件尚未处置，不能核实。请先处置。",                \
            "The case is not handled yet and cannot be verified. Handle it first.")                \
    X(REFUSAL_ENDED, 13, "case_ended",                                                             \
            "案件已结束（结案、撤回或转出），不能再操作。如有新情况请另行上报。",                  \
            "The case has ended (closed, withdrawn or referred out); nothing more can be done "    \
            "with it. Report again if there is something new.")                                    \
    X(REFUSAL_NOT_NOW, 14, "not_now", "案件当前状态不允许此操作。请读取案件查看其状态。",          \
            "The case's state does not allow this. Read the case to see its state.")

enum case_refusal {
#define X(name, number, text, zh, en) name = number,
    REFUSAL_TABLE(X)
#undef X
            REFUSAL_COUNT
};

/* Hot counters, by unit of placement (and every unit above it) and by matter. "overdue" is closed
 * after what was promised, "overdue_by_catalogue" after the catalogue's span when nothing was
 * promised, "late" an open case whose first deadline has passed. The view counter_truth in schema/
 * counts the same from the table: change both together. */
#define METRIC_TABLE(X)                                                                            \
    X(METRIC_OPEN, 0, "open")                                                                      \
    X(METRIC_CLOSED, 1, "closed")                                                                  \
    X(METRIC_WITHDRAWN, 2, "withdrawn")                                                            \
    X(METRIC_REFERRED_OUT, 3, "referred_out")                                                      \
    X(METRIC_OVERDUE, 4, "overdue")                                                                \
    X(METRIC_OVERDUE_BY_CATALOGUE, 5, "overdue_by_catalogue")                                      \
    X(METRIC_ESCALATED_VILLAGE, 6, "escalated_village")                                            \
    X(METRIC_ESCALATED_STREET, 7, "escalated_street")                                              \
    X(METRIC_ESCALATED_DISTRICT, 8, "escalated_district")                                          \
    X(METRIC_LATE, 9, "late")

enum case_metric {
#define X(name, number, text) name = number,
    METRIC_TABLE(X)
#undef X
            METRIC_COUNT
};

/* Who is asked to do the work besides the handler's own people. */
enum case_work { WORK_OWN = 0, WORK_MISSION = 1, WORK_NEED = 2 };

/* The row of table "cases". Instants in ms, 0 = none; units are directory ids, 0 = none. The
 * texts live in batch memory; `source` and `summary` are written once and not loaded again
 * (NULL). */
struct routing_case {
    struct aggregate agg; /* first member: the kernel's */
    uint8_t state;        /* enum case_state */
    uint8_t level;        /* enum level: where it stands */
    uint8_t kind;         /* enum handler_kind as it was dispatched */
    uint8_t work;         /* enum case_work that is open */
    uint8_t escalated;    /* bit 1 << level for each level it was escalated to */
    bool on_scene, late, overdue, overdue_by_catalogue, drill;
    int32_t matter;  /* 0: not in the directory when it was registered */
    int64_t unit;    /* where it is placed */
    int64_t area;    /* responsible now: the area at `level` above the place */
    int64_t handler; /* works on it */
    int64_t accepted_at_ms, promised_at_ms;
    int64_t first_due_ms; /* what the case is judged by when there was no promise */
    int64_t due_ms;       /* the present deadline */
    int64_t handled_at_ms, ended_at_ms;
    int64_t handled_unit;
    char handled_by[ACTOR_SIZE]; /* staff code */
    const char *source_ref;
    const char *source, *summary;
};
_Static_assert(
        sizeof(struct routing_case) < 600, "copied for every decision of the hottest service");

/* Bodies, as codec.c decodes them; texts are never NULL. */
struct case_reported {
    const char *source, *source_ref, *matter, *summary;
    int64_t unit, promised_at_ms;
    bool drill;
};

struct case_withdrawn {
    const char *reason;
};

/* A stage of a mission or a need as an event; `actor` is a staff code or "". */
struct progress {
    enum case_event event;
    int64_t squad; /* missions: 0 = none */
    const char *actor, *text;
};

struct act {
    int32_t version; /* expected; 0 = any */
    const char *text;
};

/* Ids with their number, as queries bind them. */
struct id_list {
    const int64_t *list;
    size_t count;
};
struct text_list {
    char *const *list;
    size_t count;
};

#endif
