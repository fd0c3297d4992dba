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
    TYPE_RETURN = 2505,
    TYPE_DISPATCH = 2506,
    TYPE_RULE = 2507,
    TYPE_STEP_UP = 2508,
    TYPE_REJECT = 2509,
    TYPE_SUSPEND = 2510,
    TYPE_RESUME = 2511,
    TYPE_ASK_TIME = 2512,
    TYPE_GRANT_TIME = 2513,
    TYPE_DENY_TIME = 2514,
    TYPE_WORKLIST = 2601,
    TYPE_CASE = 2602,
    TYPE_MISSION_PROGRESS = 3001,
    TYPE_NEED_PROGRESS = 4001
};

#define TIMER_DEADLINE 1 /* of the case: routing_case.due_ms */
#define TIMER_STEP 2     /* of its present step: case_course.step_due_ms */

/* The district's limits. One return a case: the next one is ruled on by the level above, and the
 * ruling is final. What failed its verification gets half the matter's span. */
#define RETURNS_MAX 1
#define EXTENSIONS_MAX 1
#define SUSPENSIONS_MAX 2
#define REWORK_SHARE 2                   /* 1 / REWORK_SHARE of the span to handle */
#define RULING_MS (2 * INT64_C(3600000)) /* to rule on a return */
#define MINUTES_MAX (60 * 24 * 90)       /* of more time, or until the review of a suspension */

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
    X(CASE_REFERRED_OUT, 8, "referred_out", false)                                                 \
    X(CASE_RETURNED, 9, "returned", true)              /* given back; waits to be dispatched */    \
    X(CASE_IN_ARBITRATION, 10, "in_arbitration", true) /* given back again; waits for a ruling */  \
    X(CASE_SUSPENDED, 11, "suspended", true)           /* its clock stands until the review */

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
    X(EVENT_NEWS, 15, "news") /* a stage that changes nothing here: waiting, offered, cancelled */ \
    X(EVENT_RETURN, 16, "return")                                                                  \
    X(EVENT_RETURN_AGAIN, 17, "return_again") /* … when the case was given back before */        \
    X(EVENT_DISPATCH, 18, "dispatch")                                                              \
    X(EVENT_RULE, 19, "rule")                                                                      \
    X(EVENT_STEP_UP, 20, "step_up")                                                                \
    X(EVENT_REJECT, 21, "reject")                                                                  \
    X(EVENT_SUSPEND, 22, "suspend")                                                                \
    X(EVENT_RESUME, 23, "resume")                                                                  \
    X(EVENT_ASK_TIME, 24, "ask_time")                                                              \
    X(EVENT_GRANT_TIME, 25, "grant_time")                                                          \
    X(EVENT_DENY_TIME, 26, "deny_time")                                                            \
    X(EVENT_STEP_DUE, 27, "step_due") /* the present step's own clock ran out */

enum case_event {
    EVENT_NONE = 0,
#define X(name, number, text) name = number,
    EVENT_TABLE(X)
#undef X
            EVENT_COUNT,
    EVENT_ANY = 255 /* in rules */
};

/* Who may give a command, as seen from the case. A person's area is the lowest area that his unit
 * stands in. Volunteers give no commands here. Messages and timers are nobody's. */
#define WHO_TABLE(X)                                                                               \
    X(WHO_NOBODY, "nobody", "a message or a clock, never a person")                                \
    X(WHO_WORKS, "works", "the handler's people, and those of the area that is responsible now")   \
    X(WHO_HANDLES, "handles", "the handler's own people")                                          \
    X(WHO_DIRECTS, "directs", "the desks of the responsible area, and of any area above it")       \
    X(WHO_CONCERNED, "concerned", "the handler's people, and those who direct the case")           \
    X(WHO_GRANTS, "grants", "the desks of an area above the handler, not the handler's own")       \
    X(WHO_ARBITER, "arbiter", "the desks of the area that was asked to rule, and of areas above")  \
    X(WHO_VERIFIES, "verifies",                                                                    \
            "the handler's people, and those of an area above the handler or the place; never "    \
            "who "                                                                                 \
            "handled it, and for a squad's work nobody of the squad")

enum case_who {
#define X(name, text, meaning) name,
    WHO_TABLE(X)
#undef X
            WHO_COUNT
};

/* The case's state machine. The first row that fits decides. "Refuse" answers a command with the
 * row's refusal; a message or a timer for which nothing is to be done any more changes nothing.
 * docs/case.md is this table as a picture; case_page_test prints it from here.
 *
 * Names stand without their prefix: CASE_, EVENT_, WHO_, DO_, CASE_, REFUSAL_.
 *
 *     state           event           who        done        state after     refused because */
/* clang-format off */
#define CASE_RULE_TABLE(X)                                                                         \
    X(NONE,           REPORTED,       NOBODY,    REGISTER,   DISPATCHED,     NONE)                 \
    X(NONE,           ANY,            NOBODY,    REFUSE,     NONE,           NO_CASE)              \
                                                                                                   \
    X(DISPATCHED,     TAKEN_BACK,     NOBODY,    END,        WITHDRAWN,      NONE)                 \
    X(DISPATCHED,     DEADLINE,       NOBODY,    ESCALATE,   DISPATCHED,     NONE)                 \
    X(DISPATCHED,     ACCEPT,         WORKS,     ACCEPT,     ACCEPTED,       NONE)                 \
    X(DISPATCHED,     HANDLE,         WORKS,     HANDLE,     HANDLED,        NONE)                 \
    X(DISPATCHED,     REFER,          CONCERNED, REFER,      REFERRED_OUT,   NONE)                 \
    X(DISPATCHED,     RETURN,         HANDLES,   RETURN,     RETURNED,       NONE)                 \
    X(DISPATCHED,     RETURN_AGAIN,   HANDLES,   DISPUTE,    IN_ARBITRATION, NONE)                 \
    X(DISPATCHED,     DISPATCH,       DIRECTS,   DISPATCH,   DISPATCHED,     NONE)                 \
    X(DISPATCHED,     STEP_UP,        CONCERNED, STEP_UP,    DISPATCHED,     NONE)                 \
    X(DISPATCHED,     SUSPEND,        NOBODY,    REFUSE,     DISPATCHED,     NOT_ACCEPTED)         \
    X(DISPATCHED,     ASK_TIME,       NOBODY,    REFUSE,     DISPATCHED,     NOT_ACCEPTED)         \
    X(DISPATCHED,     VERIFY,         NOBODY,    REFUSE,     DISPATCHED,     NOT_HANDLED)          \
    X(DISPATCHED,     REJECT,         NOBODY,    REFUSE,     DISPATCHED,     NOT_HANDLED)          \
    X(DISPATCHED,     SQUAD_ASSIGNED, NOBODY,    ASSIGN,     DISPATCHED,     NONE)                 \
    X(DISPATCHED,     SQUAD_ACCEPTED, NOBODY,    TAKE,       ACCEPTED,       NONE)                 \
    X(DISPATCHED,     SQUAD_ON_SCENE, NOBODY,    ARRIVE,     ACCEPTED,       NONE)                 \
    X(DISPATCHED,     SQUAD_FINISHED, NOBODY,    FINISH,     HANDLED,        NONE)                 \
    X(DISPATCHED,     NEED_CLAIMED,   NOBODY,    TAKE,       ACCEPTED,       NONE)                 \
    X(DISPATCHED,     NEED_FINISHED,  NOBODY,    FINISH,     HANDLED,        NONE)                 \
    X(DISPATCHED,     NEED_UNCLAIMED, NOBODY,    TO_DESK,    DISPATCHED,     NONE)                 \
                                                                                                   \
    X(ACCEPTED,       TAKEN_BACK,     NOBODY,    END,        WITHDRAWN,      NONE)                 \
    X(ACCEPTED,       DEADLINE,       NOBODY,    ESCALATE,   ACCEPTED,       NONE)                 \
    X(ACCEPTED,       ACCEPT,         NOBODY,    REFUSE,     ACCEPTED,       ACCEPTED_BEFORE)      \
    X(ACCEPTED,       HANDLE,         WORKS,     HANDLE,     HANDLED,        NONE)                 \
    X(ACCEPTED,       REFER,          CONCERNED, REFER,      REFERRED_OUT,   NONE)                 \
    X(ACCEPTED,       RETURN,         HANDLES,   RETURN,     RETURNED,       NONE)                 \
    X(ACCEPTED,       RETURN_AGAIN,   HANDLES,   DISPUTE,    IN_ARBITRATION, NONE)                 \
    X(ACCEPTED,       DISPATCH,       DIRECTS,   DISPATCH,   DISPATCHED,     NONE)                 \
    X(ACCEPTED,       STEP_UP,        CONCERNED, STEP_UP,    DISPATCHED,     NONE)                 \
    X(ACCEPTED,       SUSPEND,        GRANTS,    SUSPEND,    SUSPENDED,      NONE)                 \
    X(ACCEPTED,       ASK_TIME,       HANDLES,   ASK_TIME,   ACCEPTED,       NONE)                 \
    X(ACCEPTED,       GRANT_TIME,     GRANTS,    GRANT_TIME, ACCEPTED,       NONE)                 \
    X(ACCEPTED,       DENY_TIME,      GRANTS,    DENY_TIME,  ACCEPTED,       NONE)                 \
    X(ACCEPTED,       VERIFY,         NOBODY,    REFUSE,     ACCEPTED,       NOT_HANDLED)          \
    X(ACCEPTED,       REJECT,         NOBODY,    REFUSE,     ACCEPTED,       NOT_HANDLED)          \
    X(ACCEPTED,       SQUAD_ASSIGNED, NOBODY,    ASSIGN,     DISPATCHED,     NONE)                 \
    X(ACCEPTED,       SQUAD_ON_SCENE, NOBODY,    ARRIVE,     ACCEPTED,       NONE)                 \
    X(ACCEPTED,       SQUAD_FINISHED, NOBODY,    FINISH,     HANDLED,        NONE)                 \
    X(ACCEPTED,       NEED_FINISHED,  NOBODY,    FINISH,     HANDLED,        NONE)                 \
    X(ACCEPTED,       NEED_UNCLAIMED, NOBODY,    TO_DESK,    DISPATCHED,     NONE)                 \
                                                                                                   \
    X(HANDLED,        TAKEN_BACK,     NOBODY,    END,        WITHDRAWN,      NONE)                 \
    X(HANDLED,        DEADLINE,       NOBODY,    ESCALATE,   HANDLED,        NONE)                 \
    X(HANDLED,        VERIFY,         VERIFIES,  VERIFY,     CLOSED,         NONE)                 \
    X(HANDLED,        REJECT,         VERIFIES,  REJECT,     DISPATCHED,     NONE)                 \
    X(HANDLED,        ANY,            NOBODY,    REFUSE,     HANDLED,        HANDLED_BEFORE)       \
                                                                                                   \
    X(RETURNED,       TAKEN_BACK,     NOBODY,    END,        WITHDRAWN,      NONE)                 \
    X(RETURNED,       DEADLINE,       NOBODY,    ESCALATE,   RETURNED,       NONE)                 \
    X(RETURNED,       REFER,          DIRECTS,   REFER,      REFERRED_OUT,   NONE)                 \
    X(RETURNED,       DISPATCH,       DIRECTS,   DISPATCH,   DISPATCHED,     NONE)                 \
    X(RETURNED,       STEP_UP,        DIRECTS,   STEP_UP,    DISPATCHED,     NONE)                 \
    X(RETURNED,       ANY,            NOBODY,    REFUSE,     RETURNED,       RETURNED)             \
                                                                                                   \
    X(IN_ARBITRATION, TAKEN_BACK,     NOBODY,    END,        WITHDRAWN,      NONE)                 \
    X(IN_ARBITRATION, DEADLINE,       NOBODY,    ESCALATE,   IN_ARBITRATION, NONE)                 \
    X(IN_ARBITRATION, STEP_DUE,       NOBODY,    ARBITER_UP, IN_ARBITRATION, NONE)                 \
    X(IN_ARBITRATION, RULE,           ARBITER,   RULE,       DISPATCHED,     NONE)                 \
    X(IN_ARBITRATION, ANY,            NOBODY,    REFUSE,     IN_ARBITRATION, IN_ARBITRATION)       \
                                                                                                   \
    X(SUSPENDED,      TAKEN_BACK,     NOBODY,    END,        WITHDRAWN,      NONE)                 \
    X(SUSPENDED,      STEP_DUE,       NOBODY,    RESUME,     ACCEPTED,       NONE)                 \
    X(SUSPENDED,      RESUME,         CONCERNED, RESUME,     ACCEPTED,       NONE)                 \
    X(SUSPENDED,      REFER,          DIRECTS,   REFER,      REFERRED_OUT,   NONE)                 \
    X(SUSPENDED,      ANY,            NOBODY,    REFUSE,     SUSPENDED,      SUSPENDED)            \
                                                                                                   \
    X(CLOSED,         ANY,            NOBODY,    REFUSE,     CLOSED,         ENDED)                \
    X(WITHDRAWN,      ANY,            NOBODY,    REFUSE,     WITHDRAWN,      ENDED)                \
    X(REFERRED_OUT,   ANY,            NOBODY,    REFUSE,     REFERRED_OUT,   ENDED)                \
    X(ANY,            ANY,            NOBODY,    REFUSE,     ANY,            NOT_NOW)
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
    DO_TO_DESK,  /* nobody claimed the need: the area's desk handles it */
    DO_RETURN,   /* the handler gives it back, with a reason: a wrong dispatch */
    DO_DISPUTE,  /* … gives it back once more: the level above rules */
    DO_RULE,     /* the ruling, which is final: who has to handle it */
    DO_ARBITER_UP, /* no ruling in time: the next level rules */
    DO_DISPATCH,   /* a person gives it to a unit */
    DO_STEP_UP,    /* the level cannot: the next one takes it over */
    DO_REJECT,     /* verification failed: rework, with a shortened clock */
    DO_SUSPEND,    /* the clock stops, until a review */
    DO_RESUME,     /* … and runs on with what was left */
    DO_ASK_TIME,   /* the handler asks for more time */
    DO_GRANT_TIME, /* … and gets it */
    DO_DENY_TIME   /* … or does not */
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
    X(STEP_REFER, 13, "refer")                                                                     \
    X(STEP_RETURN, 14, "return")                                                                   \
    X(STEP_DISPUTE, 15, "dispute")                                                                 \
    X(STEP_RULE, 16, "rule")                                                                       \
    X(STEP_ARBITER_UP, 17, "arbiter_up")                                                           \
    X(STEP_STEP_UP, 18, "step_up")                                                                 \
    X(STEP_REJECT, 19, "reject")                                                                   \
    X(STEP_SUSPEND, 20, "suspend")                                                                 \
    X(STEP_RESUME, 21, "resume")                                                                   \
    X(STEP_ASK_TIME, 22, "ask_time")                                                               \
    X(STEP_GRANT_TIME, 23, "grant_time")                                                           \
    X(STEP_DENY_TIME, 24, "deny_time")

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
            "The case's state does not allow this. Read the case to see its state.")               \
    X(REFUSAL_ACTOR_NOT_ABOVE, 15, "actor_not_above",                                              \
            "操作人不属于责任区域或其上级区域的派单台。请由派单台的人员操作。",                    \
            "The actor belongs to no desk of the responsible area or of an area above it. "        \
            "Somebody "                                                                            \
            "of one of these may do it.")                                                          \
    X(REFUSAL_ACTOR_NOT_ARBITER, 16, "actor_not_arbiter",                                          \
            "操作人不属于负责裁决的区域或其上级区域的派单台。请由派单台的人员裁决。",              \
            "The actor belongs to no desk of the area that was asked to rule or of one above it. " \
            "Somebody of one of these may rule.")                                                  \
    X(REFUSAL_ACTOR_HANDLES, 17, "handler_may_not_grant",                                          \
            "延期、挂账须由处置单位的上级区域批准。请由上级区域的人员操作。",                      \
            "More time and a suspension are granted by an area above the handler, not by the "     \
            "handler itself.")                                                                     \
    X(REFUSAL_RETURNED, 18, "returned",                                                            \
            "案件已退单，等待重新派单。现在可以派单、上报升级、转出。",                            \
            "The case was given back and waits to be dispatched again. It can be dispatched, "     \
            "passed up or referred out now.")                                                      \
    X(REFUSAL_IN_ARBITRATION, 19, "in_arbitration", "案件等待上级裁决由谁处置。现在可以裁决。",    \
            "The case waits for a ruling on who has to handle it. It can be ruled on now.")        \
    X(REFUSAL_SUSPENDED, 20, "suspended", "案件已挂账，时钟停走。现在可以恢复、转出。",            \
            "The case is suspended and its clock stands. It can be resumed or referred out now.")  \
    X(REFUSAL_NOT_ACCEPTED, 21, "not_accepted", "案件尚未接单。请先接单，再申请延期或挂账。",      \
            "The case is not accepted yet. Accept it first; then more time can be asked for, and " \
            "it can be suspended.")                                                                \
    X(REFUSAL_RULED, 22, "ruled_before",                                                           \
            "上级已裁决由本单位处置，不能再退单。请处置，或上报升级。",                            \
            "It was ruled that this unit has to handle the case; it cannot be given back again. "  \
            "Handle it, or pass it up.")                                                           \
    X(REFUSAL_UNIT_UNKNOWN, 23, "unit_unknown", "没有这个单位，或它已撤销。请使用名录中的单位。",  \
            "There is no such unit, or it is gone. Name a unit of the directory.")                 \
    X(REFUSAL_UNIT_OUTSIDE, 24, "unit_outside",                                                    \
            "该单位不在责任区域之内。请派给责任区域内的单位，或先上报升级。",                      \
            "The unit stands outside the area that is responsible. Dispatch to a unit within it, " \
            "or pass the case up first.")                                                          \
    X(REFUSAL_SAME_HANDLER, 25, "same_handler", "案件已由该单位处置。请派给另一单位。",            \
            "That unit has the case already. Dispatch to another one.")                            \
    X(REFUSAL_TOP, 26, "top_level", "已在最高层级，不能再上报升级。请派单、处置或转出。",          \
            "The case stands at the highest level; nobody is above. Dispatch it, handle it, or "   \
            "refer it out.")                                                                       \
    X(REFUSAL_EXTENDED, 27, "extended_before",                                                     \
            "本案已延期，次数已用完。请在期限内处置或上报升级。",                                  \
            "The case got more time before, and may not again. Handle it in time, or pass it up.") \
    X(REFUSAL_NOT_ASKED, 28, "time_not_asked", "处置单位没有申请延期。现在可以接单、处置或督办。", \
            "Nobody asked for more time. The handler may ask for it first.")                       \
    X(REFUSAL_ASKED_BEFORE, 29, "time_asked_before", "已有一次延期申请待批。请等待批复。",         \
            "More time was asked for already, and that is not decided yet. Wait for the answer.")  \
    X(REFUSAL_SUSPENDED_BEFORE, 30, "suspended_before", "本案挂账次数已用完。请处置或转出。",      \
            "The case was suspended as often as it may be. Handle it or refer it out.")            \
    X(REFUSAL_NO_CLOCK, 31, "no_clock", "本案没有仍在走的期限，不需要延期或挂账。请直接处置。",    \
            "The case has no deadline that still runs: there is nothing to extend or to stop. "    \
            "Handle it.")                                                                          \
    X(REFUSAL_OWN_AREA, 32, "own_area",                                                            \
            "案件由责任区域自己处置，无处可退。请处置、派给下属单位，或上报升级。",                \
            "The responsible area handles the case itself; there is nobody to give it back to. "   \
            "Handle it, dispatch it to a unit below, or pass it up.")                              \
    X(REFUSAL_NO_CALENDAR, 33, "no_calendar",                                                      \
            "工作日历缺少所需年份的数据，无法计算期限。请管理员导入该年日历后再试。",              \
            "The calendar has no data for a year that the deadline needs. Have an operator load "  \
            "that year, then try again.")

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
    X(METRIC_LATE, 9, "late")                                                                      \
    X(METRIC_RETURNED, 10, "returned")                                                             \
    X(METRIC_MISDISPATCHED, 11, "misdispatched")       /* at the unit whose choice it was */       \
    X(METRIC_RETURN_UNFOUNDED, 12, "return_unfounded") /* at the unit that gave it back */         \
    X(METRIC_REWORKED, 13, "reworked")                                                             \
    X(METRIC_EXTENDED, 14, "extended")                                                             \
    X(METRIC_SUSPENDED, 15, "suspended") /* how often, not how many are now */

enum case_metric {
#define X(name, number, text) name = number,
    METRIC_TABLE(X)
#undef X
            METRIC_COUNT
};

/* Who is asked to do the work besides the handler's own people. */
enum case_work { WORK_OWN = 0, WORK_MISSION = 1, WORK_NEED = 2 };

/* What happened to a case beside the straight way; all zero for most cases, and then NULL in the
 * row. Units are directory ids, 0 = none. In the row it is JSON with these names (codec.c). */
#define COURSE_TABLE(X)                                                                            \
    X(returns)       /* how often it was given back, disputes included */                          \
    X(reworks)       /* how often its verification failed */                                       \
    X(extensions)    /* how often it got more time */                                              \
    X(suspensions)   /* how often its clock was stopped */                                         \
    X(sent_by)       /* unit of the person who dispatched it; 0: the catalogue did */              \
    X(returned_by)   /* unit that gave it back last */                                             \
    X(misdispatched) /* unit whose choice was given back */                                        \
    X(overruled)     /* … whose choice the ruling did not confirm */                             \
    X(unfounded)     /* unit that gave it back and was ruled to handle it */                       \
    X(arbiter)       /* area that is asked to rule */                                              \
    X(ruled)         /* 1: it was ruled who handles it; no more returns */                         \
    X(asked_ms)      /* more time, asked for and not decided */                                    \
    X(first_left_ms) /* the same of what the case is judged by */                                  \
    X(left_ms)       /* what was left on the clock when it was stopped */                          \
    X(step_due_ms)   /* instant: of the ruling, of the review */

struct case_course {
#define X(name) int64_t name;
    COURSE_TABLE(X)
#undef X
};

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
    struct case_course course;
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
    int64_t unit;    /* DISPATCH, RULE: who has to handle it */
    int64_t span_ms; /* ASK_TIME: how much more; SUSPEND: until the review */
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
