/* What intake knows: reports, the inputs that change them, the rules that refuse. Plain data; the
 * tables below give the enums here and the names that logs, metrics, receipts and the ledger use
 * (intake.c).
 *
 * A report is the aggregate; its id is the case's id, minted here when the report is accepted,
 * since the receipt carries it. Its numbers (states, transitions, metrics, refusals) are
 * persistent: append only. Its text is personal and therefore not in its row: it goes to routing,
 * and salted into the history. */
#ifndef HUYING_INTAKE_INTAKE_H
#define HUYING_INTAKE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/pure_catalogue.h"
#include "services/kernel/base/pure_decision.h"

#define TICKET_SIZE 65      /* a ticket or Idempotency-Key of 1 to 64 bytes and the NUL */
#define TEXT_CHARS_MAX 2000 /* of a report and of an outcome */
#define MATTER_CHARS_MAX 64
#define UNIT_CODES_MAX 8 /* district, street, village, grid, with room for deeper trees */
#define UNIT_CODE_CHARS_MAX 64
#define REASON_CHARS_MAX 200 /* of a withdrawal */
#define SCORE_MAX 5
#define DIGEST_SIZE 32   /* SHA-256 */
#define OUTCOMES_MAX 500 /* rows of one answer */
#define CALLERS_MAX 16   /* further tickets that stay on one case */
#define JOINS_MAX 8 /* of them such as reported the same thing; one more is a case of its own */
#define ROUNDS_MAX 1000000                    /* how often one case may end */
#define INSTANT_MIN_MS INT64_C(0)             /* 1970-01-01T00:00:00Z */
#define INSTANT_MAX_MS INT64_C(4102444800000) /* 2100-01-01T00:00:00Z, itself too late */

#define REPORT_STATE_TABLE(X)                                                                      \
    X(REPORT_NONE, 0, "none") /* a stub, or a ticket whose reports were all refused */             \
    X(REPORT_ACCEPTED, 1, "accepted")                                                              \
    X(REPORT_CLOSED, 2, "closed")                                                                  \
    X(REPORT_WITHDRAWN, 3, "withdrawn")                                                            \
    X(REPORT_REFERRED_OUT, 4, "referred_out")

enum report_state {
#define X(name, number, text) name = number,
    REPORT_STATE_TABLE(X)
#undef X
};

/* Transitions: `history.kind` and Leaf.kind. */
#define REPORT_STEP_TABLE(X)                                                                       \
    X(STEP_NONE, 0, "none")                                                                        \
    X(STEP_ACCEPT, 1, "accept")                                                                    \
    X(STEP_WITHDRAW, 2, "withdraw")           /* asked for; routing decides when it is so */       \
    X(STEP_END, 3, "end")                     /* routing says how the case ended */                \
    X(STEP_OUTCOME_TAKEN, 4, "outcome_taken") /* the source has the outcome */                     \
    X(STEP_URGE, 5, "urge")                   /* another ticket asks about the case */             \
    X(STEP_FOLLOW_UP, 6, "follow_up")         /* what the reporter says of the outcome */          \
    X(STEP_JOIN, 7, "join")                   /* somebody else reported the same thing, near by */

enum report_step {
#define X(name, number, text) name = number,
    REPORT_STEP_TABLE(X)
#undef X
};

#define REPORT_METRIC_TABLE(X)                                                                     \
    X(METRIC_REPORTS_ACCEPTED, 0, "reports_accepted") /* ever */                                   \
    X(METRIC_REPORTS_OPEN, 1, "reports_open")         /* accepted and not ended */

enum report_metric {
#define X(name, number, text) name = number,
    REPORT_METRIC_TABLE(X)
#undef X
};

/* Refusals of decide(): number, stable name, English, Chinese. */
#define REPORT_REASON_TABLE(X)                                                                     \
    X(REASON_NONE, 0, "none", "Nothing was refused.", "没有拒绝。")                                \
    X(REASON_TICKET_REUSED, 1, "TICKET_REUSED",                                                    \
            "This ticket came before with another body. Send the first body again, or use a new "  \
            "ticket.",                                                                             \
            "该工单号已用于内容不同的上报。请重发原内容，或换用新的工单号。")                      \
    X(REASON_UNKNOWN_MATTER, 2, "UNKNOWN_MATTER",                                                  \
            "The catalogue has no such matter. Send a code or a type name of the profile's "       \
            "matters.csv.",                                                                        \
            "事项清单中没有该事项。请使用配置 matters.csv 中的编码或名称。")                       \
    X(REASON_REPORTER_NOT_YET, 3, "REPORTER_NOT_YET",                                              \
            "The reporter's identity cannot be protected yet. Leave the field reporter empty.",    \
            "目前还不能保护上报人身份。请将 reporter 字段留空。")                                  \
    X(REASON_ALREADY_ENDED, 4, "ALREADY_ENDED",                                                    \
            "The case has ended and can no longer be withdrawn.", "案件已办结，不能再撤回。")      \
    X(REASON_NOT_ENDED, 5, "NOT_ENDED", "The case has no outcome yet that could be acknowledged.", \
            "案件尚未办结，没有可确认的结果。")                                                    \
    X(REASON_NO_DIRECTORY, 6, "NO_DIRECTORY",                                                      \
            "The site has no organisation tree yet. Apply a profile: huyingctl apply PROFILE.",    \
            "站点还没有组织树。请先执行 huyingctl apply PROFILE。")                                \
    X(REASON_NOT_FOUND, 7, "NOT_FOUND", "No report of yours has this ticket or number.",           \
            "您没有该工单号或编号的上报。")                                                        \
    X(REASON_MALFORMED, 8, "MALFORMED", "The report breaks its format or a limit.",                \
            "上报内容不符合格式或超出限制。")                                                      \
    X(REASON_GONE, 9, "GONE",                                                                      \
            "The report under this ticket is old and has been deleted. Use a new ticket.",         \
            "该工单号下的上报已按期删除，请使用新的工单号。")                                      \
    X(REASON_URGED_LATE, 10, "URGED_LATE",                                                         \
            "The case has ended. Say in a follow-up that it is unsolved, or report it anew under " \
            "a new ticket.",                                                                       \
            "案件已办结，不能再催办。请在回访中说明未解决，或用新的工单号重新上报。")              \
    X(REASON_URGED_OFTEN, 11, "URGED_OFTEN",                                                       \
            "As many tickets as can be kept are on this case already. Tell the caller its "        \
            "number.",                                                                             \
            "该案件关联的工单已达上限，请将案件编号告知来电人。")                                  \
    X(REASON_NOT_WORKER, 12, "NOT_WORKER",                                                         \
            "Only the worker of the grid where it is can say that it is settled. Report it "       \
            "without settled.",                                                                    \
            "只有该网格的网格员可以报“已当场处置”。请去掉 settled 后上报。")                       \
    X(REASON_NOT_ON_THE_SPOT, 13, "NOT_ON_THE_SPOT",                                               \
            "The catalogue does not let this matter be settled on the spot. Report it without "    \
            "settled.",                                                                            \
            "该事项不允许当场处置。请去掉 settled 后上报。")                                       \
    X(REASON_EVIDENCE, 14, "EVIDENCE",                                                             \
            "Evidence is missing. Report it again with all of it. Still missing: ",                \
            "凭证不全，请补齐后再报。还缺：")                                                      \
    X(REASON_NOT_STAFF, 15, "NOT_STAFF",                                                           \
            "Only a member of staff can send a report to a unit. Leave the field to empty.",       \
            "只有工作人员可以指定承办单位。请将 to 字段留空。")                                    \
    X(REASON_UNKNOWN_UNIT, 16, "UNKNOWN_UNIT",                                                     \
            "The organisation tree has no such unit. Send the code of a unit of units.csv.",       \
            "组织树中没有该单位。请使用 units.csv 中的单位编码。")                                 \
    X(REASON_SHARED, 17, "SHARED",                                                                 \
            "Others have reported the same thing and wait for it: the case goes on. Tell the "     \
            "caller so.",                                                                          \
            "还有他人反映同一件事并等待处理，案件继续办理。请告知来电人。")

enum report_reason {
#define X(name, number, text, en, zh) name = number,
    REPORT_REASON_TABLE(X)
#undef X
};

/* How a report found its place; the numbers are intake.proto's. */
#define PLACED_TABLE(X)                                                                            \
    X(PLACED_NONE, 0, "none")                                                                      \
    X(PLACED_POINT, 1, "point")     /* point in a grid's polygon */                                \
    X(PLACED_CODES, 2, "codes")     /* the last of the unit codes is known */                      \
    X(PLACED_PARTIAL, 3, "partial") /* the lowest unit that is known of the codes given */         \
    X(PLACED_DESK, 4, "desk")       /* nothing known: the district's desk */

enum placed {
#define X(name, number, text) name = number,
    PLACED_TABLE(X)
#undef X
};

/* Somebody who asked about a case that was there already, or reported the same thing, under a
 * ticket of their own. */
struct caller {
    char ref[TICKET_SIZE];
    uint8_t digest[DIGEST_SIZE]; /* of the body under that ticket */
};

/* What happened to a report beside the straight way. Most reports have none of it: then NULL in the
 * row, else JSON with these names, and "callers": [[ticket, digest in hex], …] (codec_course.c). To
 * add a number: a line here; its 0 must mean what its absence meant. */
#define COURSE_TABLE(X)                                                                            \
    X(round)    /* how often its case has ended; of the outcome that it shows */                   \
    X(followed) /* round of the last follow-up, and what it said */                                \
    X(score)                                                                                       \
    X(unsolved)                                                                                    \
    X(joined) /* callers who reported the same thing, beside the first */

struct report_course {
#define X(name) int32_t name;
    COURSE_TABLE(X)
#undef X
    int32_t caller_count;
    struct caller callers[CALLERS_MAX];
};

/* A point in millionths of a degree, some 0.1 m. */
struct spot {
    int32_t east, north;
};

/* The aggregate's row. */
struct report {
    struct aggregate base;
    enum report_state state;
    enum placed placed;
    int32_t matter; /* the directory's number */
    int64_t unit;   /* where it was placed */
    int64_t accepted_ms;
    int64_t reported_ms;
    int64_t promised_ms; /* 0 = none */
    int64_t ended_ms;    /* 0 = open */
    bool withdraw_asked;
    bool outcome_pending;        /* ended, and the source has not acknowledged it */
    uint8_t digest[DIGEST_SIZE]; /* of the accepted body: tells a repeat from a reused ticket */
    char source[PEER_SIZE]; /* name of the reporting system's key, "http", or an API token's name */
    char ref[TICKET_SIZE];  /* its ticket */
    const char *outcome_text; /* batch memory; "" = none; for the reporter */
    struct report_course course;
    int32_t thing; /* another report of this matter, near by, may be the same thing: the id of its
                      first version; 0 = no such matter, or no point */
    struct spot spot;
};

/* Types of inputs, as intake.proto, hotline.proto and routing.proto number them. */
enum intake_type {
    INTAKE_CASE_REPORTED = 1001,    /* -> routing */
    INTAKE_CASE_WITHDRAWN = 1002,   /* -> routing */
    INTAKE_CASE_URGED = 1003,       /* -> routing */
    INTAKE_CASE_FOLLOWED_UP = 1004, /* -> routing */
    INTAKE_SUBMIT = 1501,
    INTAKE_WITHDRAW = 1502,
    INTAKE_OUTCOME_ACK = 1503,
    INTAKE_FOLLOW_UP = 1504,
    HOTLINE_REPORT = 1511,
    HOTLINE_WITHDRAW = 1512,
    HOTLINE_OUTCOME_ACK = 1513,
    HOTLINE_FOLLOW_UP = 1514,
    INTAKE_OUTCOMES = 1601,
    INTAKE_REPORT = 1602,
    HOTLINE_OUTCOMES = 1611,
    ROUTING_CASE_ENDED = 2001
};

/* What the store finds out about a submission before it is decided. */
struct resolved {
    int64_t report;     /* the id that the ticket stands for */
    int64_t point_unit; /* grid whose polygon has the point; 0 = none */
    bool given;         /* the ticket got this id just now, with an eye to what is near by */
};

/* What a submission wants; the numbers are hotline.proto's. */
enum intent { INTENT_REPORT = 0, INTENT_URGE = 1 };

/* Body of SUBMIT and REPORT. Texts are valid UTF-8 without control characters, in batch memory. */
struct submission {
    const char *ticket;
    const char *matter;
    const char *text;
    const char *reporter;
    const char *unit_codes[UNIT_CODES_MAX]; /* from the district down */
    size_t unit_code_count;
    bool has_point;
    double longitude, latitude;       /* WGS-84 degrees */
    int64_t reported_ms, promised_ms; /* 0 = none */
    enum intent intent;
    const char *about; /* INTENT_URGE: the earlier ticket */
    bool settled;
    struct evidence evidence[EVIDENCE_KINDS];
    int evidence_count;
    const char *to;              /* unit code, past the catalogue; "" = none */
    uint8_t digest[DIGEST_SIZE]; /* over all of the above */
    struct resolved *resolved;   /* filled by the store's resolve */
};

/* Body of WITHDRAW. */
struct withdrawal {
    const char *ticket; /* "" in commands of staff, which name the aggregate */
    const char *reason;
    int64_t at_ms; /* 0 = now */
};

/* Body of OUTCOME_ACK. */
struct outcome_ack {
    int64_t case_id;
    uint32_t round; /* of the outcome that was stored; 0 = the one that is there */
};

/* Body of FOLLOW_UP. */
struct follow_up {
    const char *ticket; /* "" in commands of staff, which name the aggregate */
    uint32_t score;     /* 1 to SCORE_MAX; 0 = none */
    bool unsolved;
    const char *text;
    int64_t at_ms; /* 0 = now */
};

/* Body of CASE_ENDED. */
struct case_ended {
    enum report_state state; /* CLOSED WITHDRAWN REFERRED_OUT */
    int64_t at_ms;
    const char *text;
};

extern const char *const report_state_names[];
extern const char *const report_step_names[];
extern const char *const report_metric_names[];
extern const char *const report_reason_names[];

/* "point"; "?" out of range. */
const char *placed_name(enum placed placed);
/* REPORT_NONE when no state has that name. */
enum report_state report_state_find(const char *name);
/* A sentence for people; `language` is "zh" or "en" (anything else reads as "zh"). */
const char *report_reason_text(uint32_t reason, const char *language);

/* The language of this process's own sentences, "zh" until it is set; set once, at the start. */
void intake_language_set(const char *language);
const char *intake_language(void);
/* True on a drill's site: its cases are marked as such. Set by the loop's thread, in each round. */
void intake_drill_set(bool drill);
bool intake_drill(void);

#endif
