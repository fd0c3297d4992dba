/* Routing's words as plain data: the case, its parts and clocks, its counters, and the bodies of
 * the messages that it hears. What can happen to a case is in case_table.h, why a command is
 * refused in refusals.h. All numbers here are persistent (columns, leaves, replies): append only.
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
#include "services/routing/case_table.h"
#include "services/routing/refusals.h"

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
    TYPE_CASE_URGED = 1003,
    TYPE_CASE_FOLLOWED_UP = 1004,
    TYPE_CASE_CORRECTED = 1005,
    TYPE_CASE_ENDED = 2001,
    TYPE_CASE_PROGRESSED = 2002,
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
    TYPE_WHISTLE = 2515,
    TYPE_CHECK_IN = 2516,
    TYPE_END_WHISTLE = 2517,
    TYPE_SCORE = 2518,
    TYPE_JOINT = 2519,
    TYPE_FINISH_PART = 2520,
    TYPE_TAKE_OVER = 2521,
    TYPE_ORDER = 2522,
    TYPE_DECLINE = 2523,
    TYPE_APPLY = 2524,
    TYPE_ADMIT = 2525,
    TYPE_DENY_ADMISSION = 2526,
    TYPE_APPEAL = 2527,
    TYPE_UPHOLD = 2528,
    TYPE_DISMISS = 2529,
    TYPE_CONVENE = 2530,
    TYPE_RESOLVE = 2531,
    TYPE_MEDIATE = 2532,
    TYPE_AGREE = 2533,
    TYPE_REVISIT = 2534,
    TYPE_REMIND = 2535,
    TYPE_VETO = 2536,
    TYPE_URGE = 2537,
    TYPE_FOLLOW_UP = 2538,
    TYPE_REOPEN = 2539,
    TYPE_PASS_CHECK = 2540,
    TYPE_FAIL_CHECK = 2541,
    TYPE_ARRIVE = 2542,
    TYPE_MERGE = 2543,
    TYPE_UNMERGE = 2544,
    TYPE_RESET_DUE = 2545,
    TYPE_WORKLIST = 2601,
    TYPE_CASE = 2602,
    TYPE_SEARCH = 2603,
    TYPE_SIMILAR = 2604,
    TYPE_LOAD = 2605,
    TYPE_AGENDA = 2606,
    TYPE_MISSION_PROGRESS = 3001,
    TYPE_NEED_PROGRESS = 4001
};

/* Kinds in view work_ready: what became of the case that this one was merged into. */
enum other_found { OTHER_CLOSED = 1, OTHER_REFERRED = 2, OTHER_GONE = 3 };

#define TIMER_CLOCK 1 /* the earliest of the case's clocks (decide_clock.h), or before it */

/* The district's limits. One return a case: the next one is ruled on by the level above, and the
 * ruling is final. What failed its verification, and what is reopened, gets half the matter's span.
 */
#define RETURNS_MAX 1
#define EXTENSIONS_MAX 1
#define SUSPENSIONS_MAX 2
#define REOPENINGS_MAX 2
#define REWORK_SHARE 2 /* 1 / REWORK_SHARE of the span to handle */
#define WARN_TENTHS 7  /* of a span have passed: yellow card */
#define HOUR_MS INT64_C(3600000)
#define RULING_MS (2 * HOUR_MS)             /* to rule on a return */
#define ADMISSION_MS (14 * HOUR_MS)         /* of working time, to decide on an admission */
#define CALL_MS (HOUR_MS / 2)               /* to report in at the place */
#define REOPEN_WITHIN_MS (7 * 24 * HOUR_MS) /* after the close */
#define CHECK_IN_M 300                      /* from the place, metres */
#define SETTLED_SAMPLE 5 /* one in so many of what was settled on the spot is looked at */
#define CHECK_SAMPLE 20  /* one in so many of what was verified is looked at by the level above */
#define UNITS_MAX 8      /* named in one command */
#define SCORE_MAX 5
#define MINUTES_MAX (60 * 24 * 90) /* of more time, or until the review of a suspension */

/* Who is asked to do the work besides the handler's own people. */
enum case_work { WORK_OWN = 0, WORK_MISSION = 1, WORK_NEED = 2 };

/* What happened to a case beside the straight way; all zero for most cases, and then NULL in the
 * row. Units are directory ids, 0 = none. In the row it is JSON with these names (codec_course.c),
 * and with the lists `marks` and `parts`. The names stand in the order in which jsonb keeps them,
 * by length and then by letter, so that what is read is what was written. */
#define COURSE_TABLE(X)                                                                            \
    X(risen)       /* as `escalated`: levels that it went up to for want of acceptance */          \
    X(ruled)       /* 1: it was ruled who handles it; no more returns */                           \
    X(score)       /* 1 to SCORE_MAX, of the last follow-up */                                     \
    X(urged)       /* how often it was urged; what was comes first in a work list */               \
    X(wants)       /* 1: its reporter wants to hear where it stands */                             \
    X(intent)      /* enum intent: what the reporter wants */                                      \
    X(merged)      /* the case that it was merged into, until it ends or is taken apart */         \
    X(arbiter)     /* area that is asked to rule */                                                \
    X(left_ms)     /* what was left on the clock when it was stopped */                            \
    X(returns)     /* how often it was given back, disputes included */                            \
    X(reworks)     /* how often its verification failed */                                         \
    X(sent_by)     /* unit of the person who dispatched it; 0: the catalogue did */                \
    X(added_ms)    /* to the span: by grants, and by pauses that its clock stood in */             \
    X(admitted)    /* unit for which an admission was granted */                                   \
    X(asked_ms)    /* more time, asked for and not decided */                                      \
    X(unlisted)    /* 1: the matter is not on the handler's list */                                \
    X(corrected)   /* how often its reporter corrected it */                                       \
    X(unstarted)   /* 1: its handling clock has not begun */                                       \
    X(extensions)  /* how often it got more time */                                                \
    X(reopenings)  /* how often it was opened again: its round, less one */                        \
    X(started_ms)  /* instant at which it began, when that was not the registration */             \
    X(from_matter) /* row of the catalogue that its last reset took it from */                     \
    X(latitude_e6) /* of the whistle, in millionths of a degree */                                 \
    X(returned_by) /* unit that gave it back last */                                               \
    X(suspensions) /* how often its clock was stopped */                                           \
    X(verify_late) /* 1: nobody verified in time */                                                \
    X(longitude_e6)                                                                                \
    X(step_from_ms)  /* instant from which the present step's clocks count once a year is known */ \
    X(warn_left_ms)  /* … until its yellow card */                                               \
    X(arrive_due_ms) /* instant, announced with the dispatch, while it waits for acceptance */     \
    X(first_left_ms) /* the same of what the case is judged by */

/* Parts of a case: what one unit has to do for it, with a clock of its own.
 * name, number, text, blocks: the case is not handled while it is open, outlives: the case's end */
#define PART_TABLE(X)                                                                              \
    X(PART_CALL, 1, "call", false, false) /* of a whistle: to report in at the place */            \
    X(PART_JOINT, 2, "joint", true, false)                                                         \
    X(PART_TASK, 3, "task", true, false)                                                           \
    X(PART_ADMISSION, 4, "admission", false, true) /* to decide on it; `subject`: for whom */      \
    X(PART_MEETING, 5, "meeting", false, false)                                                    \
    X(PART_MEDIATION, 6, "mediation", false, false)                                                \
    X(PART_REVISIT, 7, "revisit", false, true) /* of the parties, after their agreement */         \
    X(PART_CHECK, 8, "check", false, true)     /* by the level above, of what is closed */

enum part_kind {
#define X(name, number, text, blocks, outlives) name = number,
    PART_TABLE(X)
#undef X
            PART_KIND_COUNT
};

#define PART_STATE_TABLE(X)                                                                        \
    X(PART_OPEN, 1, "open")                                                                        \
    X(PART_DONE, 2, "done")                                                                        \
    X(PART_MISSED, 3, "missed")       /* a call that nobody came to: a fault on record */          \
    X(PART_ENDED, 4, "ended")         /* not needed any more */                                    \
    X(PART_REFUSED, 5, "refused")     /* an admission, a check that found it not done */           \
    X(PART_TAKEN, 6, "taken_over")    /* by another part */                                        \
    X(PART_APPEALED, 7, "appealed")   /* the fault is denied, and not decided */                   \
    X(PART_CLEARED, 8, "cleared")     /* … and was none */                                       \
    X(PART_DISMISSED, 9, "dismissed") /* … and stands */

enum part_state {
#define X(name, number, text) name = number,
    PART_STATE_TABLE(X)
#undef X
            PART_STATE_COUNT
};

/* name of a field in JSON; 0 is left out */
#define PART_FIELD_TABLE(X)                                                                        \
    X(by)     /* unit of who asked for it; 0: the rules did */                                     \
    X(kind)   /* enum part_kind */                                                                 \
    X(late)   /* 1: its due instant passed while it was open */                                    \
    X(told)   /* of a call that nobody came to: the area above who did not */                      \
    X(unit)   /* who has to do it */                                                               \
    X(score)  /* of a call, by who called: 1 to SCORE_MAX */                                       \
    X(state)  /* enum part_state */                                                                \
    X(due_ms) /* 0 = none */                                                                       \
    X(done_ms)                                                                                     \
    X(subject) /* of an admission: the unit that it is for */                                      \
    X(warn_ms) /* yellow card; 0 = none, or shown */                                               \
    X(given_ms)

struct case_part {
#define X(name) int64_t name;
    PART_FIELD_TABLE(X)
#undef X
};
#define PARTS_MAX 16

/* What was counted at a unit because of the case: counter_fact in schema/ reads it from the row. */
struct case_mark {
    int64_t unit;
    int32_t metric, times;
};
#define MARKS_MAX 24

struct case_course {
#define X(name) int64_t name;
    COURSE_TABLE(X)
#undef X
    int32_t part_count, mark_count;
    struct case_part parts[PARTS_MAX];
    struct case_mark marks[MARKS_MAX];
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
    uint8_t escalated;    /* bit 1 << level for each level it was escalated to; bit 0: its deadline
                             passed where nobody is above */
    bool on_scene, late, overdue, overdue_by_catalogue, drill;
    int32_t matter;  /* 0: not in the directory when it was registered */
    int64_t unit;    /* where it is placed */
    int64_t area;    /* responsible now: the area at `level` above the place */
    int64_t handler; /* works on it */
    int64_t accepted_at_ms, promised_at_ms;
    int64_t first_due_ms; /* what the case is judged by when there was no promise */
    int64_t due_ms;       /* the present deadline; it stands when the case is handled */
    int64_t step_due_ms;  /* of the present step: to accept, arrive, verify, rule; of the review */
    int64_t warn_ms;      /* yellow card to the handler; 0 = none, or shown */
    int64_t handled_at_ms, ended_at_ms;
    int64_t handled_unit;
    char handled_by[ACTOR_SIZE]; /* staff code */
    struct case_course course;
    const char *source_ref;
    const char *source, *summary;
};
_Static_assert(
        sizeof(struct routing_case) < 3000, "copied for every decision of the hottest service");

/* Bodies, as codec.c decodes them; texts are never NULL. */
#define PHOTOS_MAX 9 /* of a report */
#define PHOTO_HASH_SIZE 32

struct case_reported {
    const char *source, *source_ref, *matter, *summary;
    const char *reporter; /* staff code, or "" */
    int64_t unit, promised_at_ms;
    uint8_t (*photos)[PHOTO_HASH_SIZE]; /* that the report names; intake shows them */
    size_t photo_count;
    int64_t to; /* a member of staff sends it to this unit, past the catalogue; 0 = none */
    enum intent intent;
    bool wants_progress;
    bool drill;
    bool settled; /* … reports it as done by himself */
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

/* A position; known = false: none was given. */
struct position {
    double longitude, latitude; /* WGS-84, degrees */
    bool known;
};

struct urged {
    const char *text;
    uint8_t (*photos)[PHOTO_HASH_SIZE];
    size_t photo_count;
    bool joined; /* no urge: somebody else reported the same thing */
    bool wants_progress;
};

/* "" and 0: as it was. */
struct corrected {
    const char *text, *matter, *place; /* the last two are codes */
};

struct followed_up {
    int score; /* 1 to SCORE_MAX; 0 = none given */
    bool unsolved;
    const char *text;
};

struct act {
    int32_t version; /* expected; 0 = any */
    int64_t unit;    /* DISPATCH, RULE, TAKE_OVER, ORDER: who has to do it; APPLY: for whom */
    int64_t span_ms; /* ASK_TIME: how much more; SUSPEND: until the review; ORDER, CONVENE,
                        RESOLVE, MEDIATE, AGREE: until it is due */
    const char *text;
    int64_t other;            /* MERGE: the case that it is merged into */
    int64_t units[UNITS_MAX]; /* WHISTLE, JOINT (the first one leads), CONVENE, RESOLVE */
    int unit_count;
    int part;           /* counted from 1; 0: the one that is open for the person's unit */
    int score;          /* SCORE, FOLLOW_UP; 0 = none */
    int code;           /* CHECK_IN: what is shown at the place; 0 = none */
    bool unsolved;      /* FOLLOW_UP: it is not done */
    struct position at; /* WHISTLE, CHECK_IN */
    struct evidence evidence[EVIDENCE_KINDS]; /* HANDLE, FINISH_PART */
    int evidence_count;
};

/* A case besides the one that is decided on, as it stood when the batch began; nobody holds it. */
struct other_case {
    int64_t id, area;
    int32_t matter;
    uint8_t state; /* enum case_state */
};
/* world.related; NULL: none was looked at. */
struct other_set {
    const struct other_case *list;
    size_t count;
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
