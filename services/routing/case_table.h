/* What can happen to a case: its states, events, the people who may give commands, and the rules as
 * one table; then the steps in which it is told. To change a rule, change its row; to add an event,
 * add a row to EVENT_TABLE and rows for the states in which it means something. All numbers here
 * are persistent (columns, leaves, replies): append only. docs/case.md is printed from here. */
#ifndef HUYING_ROUTING_CASE_TABLE_H
#define HUYING_ROUTING_CASE_TABLE_H

#include <stdint.h>

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
    X(CASE_SUSPENDED, 11, "suspended", true)           /* its clock stands until the review */     \
    X(CASE_MERGED, 12, "merged", true) /* is handled with another case, and ends with it */

enum case_state {
#define X(name, number, text, open) name = number,
    CASE_STATE_TABLE(X)
#undef X
            CASE_STATE_COUNT,
    CASE_OPEN = 254, /* in rules: any that is open */
    CASE_ANY = 255   /* in rules: any; as the state after: the same */
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
    X(EVENT_RETURN_AGAIN, 17, "return_again") /* … when the case was given back before */          \
    X(EVENT_DISPATCH, 18, "dispatch")                                                              \
    X(EVENT_RULE, 19, "rule")                                                                      \
    X(EVENT_STEP_UP, 20, "step_up")                                                                \
    X(EVENT_REJECT, 21, "reject")                                                                  \
    X(EVENT_SUSPEND, 22, "suspend")                                                                \
    X(EVENT_RESUME, 23, "resume")                                                                  \
    X(EVENT_ASK_TIME, 24, "ask_time")                                                              \
    X(EVENT_GRANT_TIME, 25, "grant_time")                                                          \
    X(EVENT_DENY_TIME, 26, "deny_time")                                                            \
    X(EVENT_STEP_DUE, 27, "step_due")   /* the present step's own clock ran out */                 \
    X(EVENT_CLOCK, 28, "clock")         /* the timer fired, and none of the clocks ran out */      \
    X(EVENT_WARN, 29, "warn")           /* a share of the handling clock has passed */             \
    X(EVENT_PART_WARN, 30, "part_warn") /* … of a part's */                                        \
    X(EVENT_PART_DUE, 31, "part_due")   /* a part's clock ran out */                               \
    X(EVENT_SETTLED, 32, "settled")     /* reported as done by the grid's worker himself */        \
    X(EVENT_SAMPLED, 33, "sampled")     /* … and drawn for another's look */                       \
    X(EVENT_URGE, 34, "urge")                                                                      \
    X(EVENT_REMIND, 35, "remind")                                                                  \
    X(EVENT_VETO, 36, "veto")                                                                      \
    X(EVENT_DECLINE, 37, "decline")                                                                \
    X(EVENT_WHISTLE, 38, "whistle")                                                                \
    X(EVENT_CHECK_IN, 39, "check_in")                                                              \
    X(EVENT_END_WHISTLE, 40, "end_whistle")                                                        \
    X(EVENT_SCORE, 41, "score")                                                                    \
    X(EVENT_JOINT, 42, "joint")                                                                    \
    X(EVENT_ORDER, 43, "order")                                                                    \
    X(EVENT_FINISH_PART, 44, "finish_part")                                                        \
    X(EVENT_FINISH_LAST, 45, "finish_last") /* … the last one of a joint case */                   \
    X(EVENT_TAKE_OVER, 46, "take_over")                                                            \
    X(EVENT_APPLY, 47, "apply")                                                                    \
    X(EVENT_ADMIT, 48, "admit")                                                                    \
    X(EVENT_DENY_ADMISSION, 49, "deny_admission")                                                  \
    X(EVENT_APPEAL, 50, "appeal")                                                                  \
    X(EVENT_UPHOLD, 51, "uphold")                                                                  \
    X(EVENT_DISMISS, 52, "dismiss")                                                                \
    X(EVENT_CONVENE, 53, "convene")                                                                \
    X(EVENT_RESOLVE, 54, "resolve")                                                                \
    X(EVENT_MEDIATE, 55, "mediate")                                                                \
    X(EVENT_AGREE, 56, "agree")                                                                    \
    X(EVENT_REVISIT, 57, "revisit")                                                                \
    X(EVENT_FOLLOW_UP, 58, "follow_up")                                                            \
    X(EVENT_REOPEN, 59, "reopen") /* a follow-up that says it is not done, or a person's will */   \
    X(EVENT_PASS_CHECK, 60, "pass_check")                                                          \
    X(EVENT_FAIL_CHECK, 61, "fail_check")                                                          \
    X(EVENT_ARRIVE, 62, "arrive")                                                                  \
    X(EVENT_WORK_DONE, 63, "work_done") /* a squad or volunteer is done, and parts are open */     \
    X(EVENT_RESET_DUE, 64, "reset_due")                                                            \
    X(EVENT_MERGE, 65, "merge")                                                                    \
    X(EVENT_UNMERGE, 66, "unmerge")                                                                \
    X(EVENT_OTHER_CLOSED, 67, "other_closed") /* the case that it was merged into */               \
    X(EVENT_OTHER_REFERRED, 68, "other_referred")                                                  \
    X(EVENT_OTHER_GONE, 69, "other_gone") /* … was taken back, or there is none */                 \
    X(EVENT_ANSWER, 70, "answer") /* handle, of what wants an answer and nothing done */           \
    X(EVENT_CORRECT, 71, "correct")                                                                \
    X(EVENT_ALSO, 72, "also_reported") /* by somebody else, with photos or a wish for progress */

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
    X(WHO_HANDLES, "handles", "the handler's own people; of an area its own, and its desks'")      \
    X(WHO_DIRECTS, "directs",                                                                      \
            "the desks of the responsible area and of any area above it, and the unit that sent "  \
            "the case")                                                                            \
    X(WHO_CONCERNED, "concerned", "the handler's people, and those who direct the case")           \
    X(WHO_GRANTS, "grants", "the desks of an area above the handler, not the handler's own")       \
    X(WHO_ARBITER, "arbiter", "the desks of the area that was asked to rule, and of areas above")  \
    X(WHO_CALLED, "called", "the people of the unit that the part is for; for an area, its desks") \
    X(WHO_SUPERVISES, "supervises",                                                                \
            "the units with the capability veto; where there is none, the root's desks")           \
    X(WHO_VERIFIES, "verifies",                                                                    \
            "the handler's people, and those of an area above the handler or the place; never "    \
            "who "                                                                                 \
            "handled it, for a squad's work nobody of the squad, and nobody of a unit that had a " \
            "part in it")

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
    X(NONE,           SETTLED,        NOBODY,    SETTLE,     CLOSED,         NONE)                 \
    X(NONE,           SAMPLED,        NOBODY,    SETTLE,     HANDLED,        NONE)                 \
    X(NONE,           ANY,            NOBODY,    REFUSE,     NONE,           NO_CASE)              \
                                                                                                   \
    X(ANY,            CLOCK,          NOBODY,    LOOK,       ANY,            NONE)                 \
    X(ANY,            PART_WARN,      NOBODY,    PART_WARN,  ANY,            NONE)                 \
    X(ANY,            PART_DUE,       NOBODY,    PART_DUE,   ANY,            NONE)                 \
    X(ANY,            ADMIT,          CALLED,    ADMIT,      ANY,            NONE)                 \
    X(ANY,            DENY_ADMISSION, CALLED,    DENY_ADMISSION, ANY,            NONE)             \
    X(ANY,            SCORE,          CONCERNED, SCORE,      ANY,            NONE)                 \
    X(ANY,            APPEAL,         CALLED,    APPEAL,     ANY,            NONE)                 \
    X(ANY,            UPHOLD,         SUPERVISES, UPHOLD,     ANY,            NONE)                \
    X(ANY,            DISMISS,        SUPERVISES, DISMISS,    ANY,            NONE)                \
    X(ANY,            REVISIT,        CONCERNED, REVISIT,    ANY,            NONE)                 \
                                                                                                   \
    X(MERGED,         TAKEN_BACK,     NOBODY,    END,        WITHDRAWN,      NONE)                 \
    X(MERGED,         URGE,           DIRECTS,   URGE,       MERGED,         NONE)                 \
    X(MERGED,         CORRECT,        NOBODY,    CORRECT,    MERGED,         NONE)                 \
    X(MERGED,         ALSO,           NOBODY,    ALSO,       MERGED,         NONE)                 \
    X(MERGED,         UNMERGE,        DIRECTS,   UNMERGE,    DISPATCHED,     NONE)                 \
    X(MERGED,         OTHER_CLOSED,   NOBODY,    END_ALONG,  CLOSED,         NONE)                 \
    X(MERGED,         OTHER_REFERRED, NOBODY,    END_ALONG,  REFERRED_OUT,   NONE)                 \
    X(MERGED,         OTHER_GONE,     NOBODY,    UNMERGE,    DISPATCHED,     NONE)                 \
    X(MERGED,         ANY,            NOBODY,    REFUSE,     MERGED,         MERGED)               \
                                                                                                   \
    X(OPEN,           URGE,           DIRECTS,   URGE,       ANY,            NONE)                 \
    X(OPEN,           CORRECT,        NOBODY,    CORRECT,    ANY,            NONE)                 \
    X(OPEN,           ALSO,           NOBODY,    ALSO,       ANY,            NONE)                 \
    X(OPEN,           REMIND,         DIRECTS,   REMIND,     ANY,            NONE)                 \
    X(OPEN,           VETO,           SUPERVISES, VETO,       ANY,            NONE)                \
    X(OPEN,           APPLY,          DIRECTS,   APPLY,      ANY,            NONE)                 \
    X(OPEN,           CHECK_IN,       CALLED,    CHECK_IN,   ANY,            NONE)                 \
    X(OPEN,           END_WHISTLE,    CONCERNED, END_WHISTLE, ANY,            NONE)                \
    X(OPEN,           FINISH_PART,    CALLED,    FINISH_PART, ANY,            NONE)                \
    X(OPEN,           TAKE_OVER,      DIRECTS,   TAKE_OVER,  ANY,            NONE)                 \
    X(OPEN,           CONVENE,        DIRECTS,   CONVENE,    ANY,            NONE)                 \
    X(OPEN,           RESOLVE,        DIRECTS,   RESOLVE,    ANY,            NONE)                 \
    X(OPEN,           MEDIATE,        WORKS,     MEDIATE,    ANY,            NONE)                 \
    X(OPEN,           AGREE,          WORKS,     AGREE,      ANY,            NONE)                 \
    X(OPEN,           WARN,           NOBODY,    WARN,       ANY,            NONE)                 \
                                                                                                   \
    X(DISPATCHED,     TAKEN_BACK,     NOBODY,    END,        WITHDRAWN,      NONE)                 \
    X(DISPATCHED,     DEADLINE,       NOBODY,    ESCALATE,   DISPATCHED,     NONE)                 \
    X(DISPATCHED,     STEP_DUE,       NOBODY,    STEP_LATE,  DISPATCHED,     NONE)                 \
    X(DISPATCHED,     ACCEPT,         WORKS,     ACCEPT,     ACCEPTED,       NONE)                 \
    X(DISPATCHED,     ARRIVE,         WORKS,     COME,       ACCEPTED,       NONE)                 \
    X(DISPATCHED,     HANDLE,         WORKS,     HANDLE,     HANDLED,        NONE)                 \
    X(DISPATCHED,     ANSWER,         WORKS,     ANSWER,     CLOSED,         NONE)                 \
    X(DISPATCHED,     REFER,          CONCERNED, REFER,      REFERRED_OUT,   NONE)                 \
    X(DISPATCHED,     RETURN,         HANDLES,   RETURN,     RETURNED,       NONE)                 \
    X(DISPATCHED,     RETURN_AGAIN,   HANDLES,   DISPUTE,    IN_ARBITRATION, NONE)                 \
    X(DISPATCHED,     DECLINE,        HANDLES,   DECLINE,    RETURNED,       NONE)                 \
    X(DISPATCHED,     DISPATCH,       DIRECTS,   DISPATCH,   DISPATCHED,     NONE)                 \
    X(DISPATCHED,     MERGE,          DIRECTS,   MERGE,      MERGED,         NONE)                 \
    X(DISPATCHED,     STEP_UP,        CONCERNED, STEP_UP,    DISPATCHED,     NONE)                 \
    X(DISPATCHED,     RESET_DUE,      GRANTS,    RESET_DUE,  DISPATCHED,     NONE)                 \
    X(DISPATCHED,     SUSPEND,        NOBODY,    REFUSE,     DISPATCHED,     NOT_ACCEPTED)         \
    X(DISPATCHED,     ASK_TIME,       NOBODY,    REFUSE,     DISPATCHED,     NOT_ACCEPTED)         \
    X(DISPATCHED,     VERIFY,         NOBODY,    REFUSE,     DISPATCHED,     NOT_HANDLED)          \
    X(DISPATCHED,     REJECT,         NOBODY,    REFUSE,     DISPATCHED,     NOT_HANDLED)          \
    X(DISPATCHED,     SQUAD_ASSIGNED, NOBODY,    ASSIGN,     DISPATCHED,     NONE)                 \
    X(DISPATCHED,     WHISTLE,        CONCERNED, WHISTLE,    DISPATCHED,     NONE)                 \
    X(DISPATCHED,     ORDER,          CONCERNED, ORDER,      DISPATCHED,     NONE)                 \
    X(DISPATCHED,     JOINT,          DIRECTS,   JOINT,      ACCEPTED,       NONE)                 \
    X(DISPATCHED,     FINISH_LAST,    CALLED,    FINISH_LAST, HANDLED,        NONE)                \
    X(DISPATCHED,     SQUAD_ACCEPTED, NOBODY,    TAKE,       ACCEPTED,       NONE)                 \
    X(DISPATCHED,     SQUAD_ON_SCENE, NOBODY,    ARRIVE,     ACCEPTED,       NONE)                 \
    X(DISPATCHED,     SQUAD_FINISHED, NOBODY,    FINISH,     HANDLED,        NONE)                 \
    X(DISPATCHED,     WORK_DONE,      NOBODY,    LEAVE,      ACCEPTED,       NONE)                 \
    X(DISPATCHED,     NEED_CLAIMED,   NOBODY,    TAKE,       ACCEPTED,       NONE)                 \
    X(DISPATCHED,     NEED_FINISHED,  NOBODY,    FINISH,     HANDLED,        NONE)                 \
    X(DISPATCHED,     NEED_UNCLAIMED, NOBODY,    TO_DESK,    DISPATCHED,     NONE)                 \
                                                                                                   \
    X(ACCEPTED,       TAKEN_BACK,     NOBODY,    END,        WITHDRAWN,      NONE)                 \
    X(ACCEPTED,       DEADLINE,       NOBODY,    ESCALATE,   ACCEPTED,       NONE)                 \
    X(ACCEPTED,       STEP_DUE,       NOBODY,    STEP_LATE,  ACCEPTED,       NONE)                 \
    X(ACCEPTED,       ACCEPT,         NOBODY,    REFUSE,     ACCEPTED,       ACCEPTED_BEFORE)      \
    X(ACCEPTED,       ARRIVE,         WORKS,     COME,       ACCEPTED,       NONE)                 \
    X(ACCEPTED,       HANDLE,         WORKS,     HANDLE,     HANDLED,        NONE)                 \
    X(ACCEPTED,       ANSWER,         WORKS,     ANSWER,     CLOSED,         NONE)                 \
    X(ACCEPTED,       REFER,          CONCERNED, REFER,      REFERRED_OUT,   NONE)                 \
    X(ACCEPTED,       RETURN,         HANDLES,   RETURN,     RETURNED,       NONE)                 \
    X(ACCEPTED,       RETURN_AGAIN,   HANDLES,   DISPUTE,    IN_ARBITRATION, NONE)                 \
    X(ACCEPTED,       DISPATCH,       DIRECTS,   DISPATCH,   DISPATCHED,     NONE)                 \
    X(ACCEPTED,       MERGE,          DIRECTS,   MERGE,      MERGED,         NONE)                 \
    X(ACCEPTED,       STEP_UP,        CONCERNED, STEP_UP,    DISPATCHED,     NONE)                 \
    X(ACCEPTED,       SUSPEND,        GRANTS,    SUSPEND,    SUSPENDED,      NONE)                 \
    X(ACCEPTED,       ASK_TIME,       HANDLES,   ASK_TIME,   ACCEPTED,       NONE)                 \
    X(ACCEPTED,       GRANT_TIME,     GRANTS,    GRANT_TIME, ACCEPTED,       NONE)                 \
    X(ACCEPTED,       DENY_TIME,      GRANTS,    DENY_TIME,  ACCEPTED,       NONE)                 \
    X(ACCEPTED,       RESET_DUE,      GRANTS,    RESET_DUE,  ACCEPTED,       NONE)                 \
    X(ACCEPTED,       VERIFY,         NOBODY,    REFUSE,     ACCEPTED,       NOT_HANDLED)          \
    X(ACCEPTED,       REJECT,         NOBODY,    REFUSE,     ACCEPTED,       NOT_HANDLED)          \
    X(ACCEPTED,       SQUAD_ASSIGNED, NOBODY,    ASSIGN,     DISPATCHED,     NONE)                 \
    X(ACCEPTED,       WHISTLE,        CONCERNED, WHISTLE,    ACCEPTED,       NONE)                 \
    X(ACCEPTED,       ORDER,          CONCERNED, ORDER,      ACCEPTED,       NONE)                 \
    X(ACCEPTED,       JOINT,          DIRECTS,   JOINT,      ACCEPTED,       NONE)                 \
    X(ACCEPTED,       FINISH_LAST,    CALLED,    FINISH_LAST, HANDLED,        NONE)                \
    X(ACCEPTED,       SQUAD_ON_SCENE, NOBODY,    ARRIVE,     ACCEPTED,       NONE)                 \
    X(ACCEPTED,       SQUAD_FINISHED, NOBODY,    FINISH,     HANDLED,        NONE)                 \
    X(ACCEPTED,       WORK_DONE,      NOBODY,    LEAVE,      ACCEPTED,       NONE)                 \
    X(ACCEPTED,       NEED_FINISHED,  NOBODY,    FINISH,     HANDLED,        NONE)                 \
    X(ACCEPTED,       NEED_UNCLAIMED, NOBODY,    TO_DESK,    DISPATCHED,     NONE)                 \
                                                                                                   \
    X(HANDLED,        TAKEN_BACK,     NOBODY,    END,        WITHDRAWN,      NONE)                 \
    X(HANDLED,        DEADLINE,       NOBODY,    ESCALATE,   HANDLED,        NONE)                 \
    X(HANDLED,        STEP_DUE,       NOBODY,    STEP_LATE,  HANDLED,        NONE)                 \
    X(HANDLED,        VERIFY,         VERIFIES,  VERIFY,     CLOSED,         NONE)                 \
    X(HANDLED,        REJECT,         VERIFIES,  REJECT,     DISPATCHED,     NONE)                 \
    X(HANDLED,        ANY,            NOBODY,    REFUSE,     HANDLED,        HANDLED_BEFORE)       \
                                                                                                   \
    X(RETURNED,       TAKEN_BACK,     NOBODY,    END,        WITHDRAWN,      NONE)                 \
    X(RETURNED,       DEADLINE,       NOBODY,    ESCALATE,   RETURNED,       NONE)                 \
    X(RETURNED,       REFER,          DIRECTS,   REFER,      REFERRED_OUT,   NONE)                 \
    X(RETURNED,       DISPATCH,       DIRECTS,   DISPATCH,   DISPATCHED,     NONE)                 \
    X(RETURNED,       MERGE,          DIRECTS,   MERGE,      MERGED,         NONE)                 \
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
    X(CLOSED,         FOLLOW_UP,      DIRECTS,   FOLLOW_UP,  CLOSED,         NONE)                 \
    X(CLOSED,         REOPEN,         DIRECTS,   REOPEN,     DISPATCHED,     NONE)                 \
    X(CLOSED,         PASS_CHECK,     CALLED,    PASS_CHECK, CLOSED,         NONE)                 \
    X(CLOSED,         FAIL_CHECK,     CALLED,    FAIL_CHECK, DISPATCHED,     NONE)                 \
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
    DO_LEAVE,    /* … and others are not: the case is theirs who handle it */
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
    DO_DENY_TIME,  /* … or does not */
    DO_DECLINE,    /* not on the handler's list: the dispatch was void */
    DO_URGE,       /* the reporter, or a desk, asks for it to be done */
    DO_REMIND,     /* … reminds the handler */
    DO_VETO,       /* a failure that vetoes the handler's assessment */
    DO_COME,       /* the handler's own people are there */
    DO_RESET_DUE,  /* the deadline anew, by the rules and the calendar of today */
    DO_WHISTLE,    /* the first of those that stand in decide_parts.c: units are called */
    DO_CHECK_IN,   /* … one of them has come */
    DO_END_WHISTLE,
    DO_SCORE,
    DO_JOINT, /* several units, each with a part of its own */
    DO_ORDER, /* a task of its own for a unit */
    DO_FINISH_PART,
    DO_FINISH_LAST, /* … with which the case is handled */
    DO_TAKE_OVER,
    DO_APPLY, /* for an admission */
    DO_ADMIT,
    DO_DENY_ADMISSION,
    DO_APPEAL, /* against a fault on record */
    DO_UPHOLD,
    DO_DISMISS,
    DO_CONVENE, /* a joint meeting */
    DO_RESOLVE, /* … and the tasks that come out of it */
    DO_MEDIATE, /* a session between the parties */
    DO_AGREE,   /* … and their agreement */
    DO_REVISIT,
    DO_PASS_CHECK, /* the level above looked again */
    DO_PART_WARN,
    DO_PART_DUE,
    DO_SETTLE, /* the first of those that stand in decide_after.c */
    DO_FOLLOW_UP,
    DO_REOPEN,
    DO_FAIL_CHECK,
    DO_ANSWER, /* … what is asked or said, with which the case is closed */
    DO_CORRECT, /* the reporter says better what it is */
    DO_ALSO,    /* somebody else reported it, too */
    DO_MERGE, /* the first of those that stand in decide_merge.c */
    DO_UNMERGE,
    DO_END_ALONG,
    DO_LOOK, /* the first of those that stand in decide_clock.c: sets the timer anew */
    DO_WARN,
    DO_STEP_LATE /* nobody accepted, came or verified in time */
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
    X(STEP_DENY_TIME, 24, "deny_time")                                                             \
    X(STEP_YELLOW, 25, "yellow_card")                                                              \
    X(STEP_RED, 26, "red_card")                                                                    \
    X(STEP_LATE, 27, "step_late") /* not accepted, not there, not verified in time */              \
    X(STEP_SETTLE, 28, "settle")                                                                   \
    X(STEP_URGE, 29, "urge")                                                                       \
    X(STEP_REMIND, 30, "remind")                                                                   \
    X(STEP_VETO, 31, "veto")                                                                       \
    X(STEP_DECLINE, 32, "decline")                                                                 \
    X(STEP_CALL, 33, "call")                                                                       \
    X(STEP_CHECK_IN, 34, "check_in")                                                               \
    X(STEP_ABSENT, 35, "absent")                                                                   \
    X(STEP_END_WHISTLE, 36, "end_whistle")                                                         \
    X(STEP_SCORE, 37, "score")                                                                     \
    X(STEP_JOINT, 38, "joint")                                                                     \
    X(STEP_ORDER, 39, "order")                                                                     \
    X(STEP_FINISH_PART, 40, "finish_part")                                                         \
    X(STEP_TAKE_OVER, 41, "take_over")                                                             \
    X(STEP_APPLY, 42, "apply")                                                                     \
    X(STEP_ADMIT, 43, "admit")                                                                     \
    X(STEP_DENY_ADMISSION, 44, "deny_admission")                                                   \
    X(STEP_APPEAL, 45, "appeal")                                                                   \
    X(STEP_UPHOLD, 46, "uphold")                                                                   \
    X(STEP_DISMISS, 47, "dismiss")                                                                 \
    X(STEP_CONVENE, 48, "convene")                                                                 \
    X(STEP_RESOLVE, 49, "resolve")                                                                 \
    X(STEP_MEDIATE, 50, "mediate")                                                                 \
    X(STEP_AGREE, 51, "agree")                                                                     \
    X(STEP_REVISIT, 52, "revisit")                                                                 \
    X(STEP_FOLLOW_UP, 53, "follow_up")                                                             \
    X(STEP_REOPEN, 54, "reopen")                                                                   \
    X(STEP_SAMPLE, 55, "sample") /* drawn for a look by the level above */                         \
    X(STEP_PASS_CHECK, 56, "pass_check")                                                           \
    X(STEP_FAIL_CHECK, 57, "fail_check")                                                           \
    X(STEP_MERGE, 58, "merge")                                                                     \
    X(STEP_UNMERGE, 59, "unmerge")                                                                 \
    X(STEP_RESET_DUE, 60, "reset_due") /* by the rules of today; a person's will */                \
    X(STEP_CLOCK, 61, "step_clock")    /* the calendar has the year: the step's clock begins */    \
    X(STEP_SEND_BACK, 62, "send_back") /* it waits at the desk of whoever had sent it */           \
    X(STEP_ANSWER, 63, "answer")       /* what the reporter hears; nothing else had to be done */  \
    X(STEP_CORRECT, 64, "correct")     /* the reporter corrected what he had said */               \
    X(STEP_ALSO, 65, "also_reported")  /* by somebody else */

enum case_step {
#define X(name, number, text) name = number,
    STEP_TABLE(X)
#undef X
            STEP_COUNT
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
    X(METRIC_SUSPENDED, 15, "suspended") /* how often, not how many are now */                     \
    X(METRIC_YELLOW, 16, "yellow_cards") /* from here on at the unit concerned */                  \
    X(METRIC_RED, 17, "red_cards")                                                                 \
    X(METRIC_STEP_LATE, 18, "steps_late") /* acceptance, arrival, verification */                  \
    X(METRIC_DECLINED, 19, "declined")    /* at the unit that sent it without an admission */      \
    X(METRIC_DISPUTED, 20, "disputed")    /* arbitrations, at the unit that gave it back */        \
    X(METRIC_ABSENT, 21, "absent")        /* called, and did not report in */                      \
    X(METRIC_ORDERED, 22, "ordered")      /* tasks ordered, at who has to do them */               \
    X(METRIC_REOPENED, 23, "reopened")    /* at who had handled it */                              \
    X(METRIC_URGED, 24, "urged")                                                                   \
    X(METRIC_REMINDED, 25, "reminded")                                                             \
    X(METRIC_VETOED, 26, "vetoed")                                                                 \
    X(METRIC_SETTLED, 27, "settled") /* on the spot */                                             \
    X(METRIC_CHECK_FAILED, 28, "checks_failed")                                                    \
    X(METRIC_MERGED, 29, "merged") /* how often, at the area that answered for it */

enum case_metric {
#define X(name, number, text) name = number,
    METRIC_TABLE(X)
#undef X
            METRIC_COUNT
};

#endif
