/* What intake knows: reports, the inputs that change them, the rules that refuse. Plain data; the
 * tables below give the enums here and the names that logs, metrics, receipts and the ledger use
 * (intake.c).
 *
 * A report is the aggregate; its id is the case's id, minted here when the report is accepted,
 * since the receipt carries it. Its numbers (states, transitions, metrics, refusals) are
 * persistent: append only. Its text is personal and therefore not in its row: masked it goes to
 * routing, and salted into the history; who calls, and what masking hides, is person.h's. */
#ifndef HUYING_INTAKE_INTAKE_H
#define HUYING_INTAKE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/intake/photo/photo.h"
#include "services/kernel/base/pure_catalogue.h"
#include "services/kernel/base/pure_coords.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_stage.h"

#define TICKET_SIZE 65      /* a ticket or Idempotency-Key of 1 to 64 bytes and the NUL */
#define TEXT_CHARS_MAX 2000 /* of a report and of an outcome */
#define MATTER_CHARS_MAX 64
#define UNIT_CODES_MAX 8 /* district, street, village, grid, with room for deeper trees */
#define UNIT_CODE_CHARS_MAX 64
#define JOIN_CHARS_MAX 48 /* of a case number */
#define REASON_CHARS_MAX 200 /* of a withdrawal */
#define SCORE_MAX 5
#define PHOTOS_MAX 9 /* that a report names */
#define DIGEST_SIZE 32       /* SHA-256 */
#define OUTCOMES_MAX 500     /* rows of one answer */
#define RECORDED_MAX 500     /* tickets listed in one answer */
#define RECONCILE_MAX 100000 /* tickets counted in one answer */
#define CALLERS_MAX 16       /* further tickets that stay on one case */
#define JOINS_MAX 8 /* of them such as reported the same thing; one more is a case of its own */
#define ROUNDS_MAX 1000000                    /* how often one case may end */
#define INSTANT_MIN_MS INT64_C(0)             /* 1970-01-01T00:00:00Z */
#define INSTANT_MAX_MS INT64_C(4102444800000) /* 2100-01-01T00:00:00Z, itself too late */

#define REPORT_STATE_TABLE(X)                                                                      \
    X(REPORT_NONE, 0, "none") /* a stub, or a ticket whose reports were all refused */             \
    X(REPORT_ACCEPTED, 1, "accepted")                                                              \
    X(REPORT_CLOSED, 2, "closed")                                                                  \
    X(REPORT_WITHDRAWN, 3, "withdrawn")                                                            \
    X(REPORT_REFERRED_OUT, 4, "referred_out")                                                      \
    X(REPORT_CODE, 5, "code") /* no report: a code that people scan (qr.h), in force */            \
    X(REPORT_CODE_GONE, 6, "code_withdrawn")

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
    X(STEP_JOIN, 7, "join")                   /* somebody else reported the same thing, near by */ \
    X(STEP_PERSON_SEEN, 8, "person_seen")                                                          \
    X(STEP_PERSON_DELETED, 9, "person_deleted")                                                    \
    X(STEP_PROGRESS, 10, "progress") /* where the case stands, for a reporter who wants that */    \
    X(STEP_CORRECT, 11, "correct")   /* its reporter says better what it is, or where */           \
    X(STEP_PROGRESS_TAKEN, 12, "progress_taken") /* the source has those stages */                 \
    X(STEP_QR_MADE, 13, "qr_made")                                                                 \
    X(STEP_QR_WITHDRAWN, 14, "qr_withdrawn")                                                       \
    X(STEP_QR_HELPER, 15, "qr_helper") /* of a person's code somebody is a helper, or no more */   \
    X(STEP_REOPEN, 16, "reopen")       /* its case, which had ended, is worked on again */         \
    X(STEP_QR_CARD, 17, "qr_card")     /* of a person's code the card was replaced */

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
            "This site has no key that would protect a caller's identity (huyingctl key persons)." \
            " Send the report without caller and reporter.",                                       \
            "本站点没有保护来电人身份的密钥(huyingctl key persons)。"                              \
            "请去掉 caller 和 reporter 再报。")                                                    \
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
            "还有他人反映同一件事并等待处理，案件继续办理。请告知来电人。")                        \
    X(REASON_CORRECTED_LATE, 18, "CORRECTED_LATE",                                                 \
            "The case has ended. Say in a follow-up that it is unsolved, or report it anew under " \
            "a new ticket.",                                                                       \
            "案件已办结，不能再更正。请在回访中说明未解决，或用新的工单号重新上报。")              \
    X(REASON_NOT_FIRST, 19, "NOT_FIRST",                                                           \
            "Only the ticket that made the case corrects it. Say it in an urge about the ticket.", \
            "只有立案的工单可以更正。请以催办的方式补充说明。")                                    \
    X(REASON_NO_STAGE, 20, "NO_STAGE",                                                             \
            "The case has not come to that stage. Acknowledge the version that you were given.",   \
            "案件没有到达该阶段。请确认收到的阶段版本号。")                                        \
    X(REASON_NO_PHOTO, 21, "NO_PHOTO",                                                             \
            "A photo that is named is not here. Send it first (POST /v1/photos), and name it "     \
            "within a day.",                                                                       \
            "所附照片不在本站。请先上传照片（POST /v1/photos），并在一天内引用。")                 \
    X(REASON_NOT_NEAR, 22, "NOT_NEAR",                                                             \
            "No open case of that number is of this matter and near by, or it has no room. Look "  \
            "again which are near, or report it without join.",                                    \
            "附近没有该编号的同类在办案件，或关联工单已满。请重新查询，或去掉 join 后上报。")      \
    X(REASON_CALLER_NONE, 23, "CALLER_NONE",                                                       \
            "Nothing about a caller is kept with this case: none was given, or it was deleted.",   \
            "本案没有保存来电人信息：未提供，或已删除。")                                          \
    X(REASON_CALLER_DENIED, 24, "CALLER_DENIED",                                                   \
            "Only staff of the unit where the case was placed, of a unit above it or of the top "  \
            "unit's desk may see its callers; confidential ones only the top unit's. Ask them.",   \
            "只有案发单位及其上级单位、区级席位的工作人员可以查看来电人；"                         \
            "要求保密的只限区级。请联系他们。")                                                    \
    X(REASON_CALLER_ACTOR, 25, "CALLER_ACTOR",                                                     \
            "Who asks must be named: a staff code of the profile's staff.csv as actor.",           \
            "必须说明由谁查看：actor 填 staff.csv 中的人员编码。")                                 \
    X(REASON_CALLER_SEALED, 26, "CALLER_SEALED",                                                   \
            "The caller's data is there but does not open: its key is not in intake's file, or "   \
            "the row was changed. Put the key's line back, or see docs/personal-data.md.",         \
            "来电人信息无法打开：密钥不在 intake 的文件中，或数据被改动。"                         \
            "请恢复密钥行，或见 docs/personal-data.md。")                                          \
    X(REASON_QR_MATTER, 27, "QR_MATTER",                                                           \
            "A matter of the code is not in the catalogue; a person's code takes one matter, "     \
            "urgent or an emergency. Take codes of the profile's matters.csv.",                    \
            "二维码的事项不在清单中；关爱码只能有一个事项，且须为紧急或应急。"                     \
            "请使用 matters.csv 中的编码。")                                                       \
    X(REASON_QR_HELPER, 28, "QR_HELPER",                                                           \
            "A person's code has 1 to 4 helpers, each once, staff codes of staff.csv.",            \
            "关爱码须有 1 至 4 名帮扶人，不得重复，均为 staff.csv 中的人员编码。")                 \
    X(REASON_QR_WITHDRAWN, 29, "QR_WITHDRAWN", "The code was withdrawn. Make a new one.",          \
            "该二维码已停用，请制作新的二维码。")

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
    char source[PEER_SIZE];      /* "" = the report's own */
    bool owed;                   /* another source: it has yet to take the outcome */
    int32_t said; /* of the outcome: round * 16 + score * 2 + unsolved; 0 = nothing */
    int32_t told; /* version of the last stage that its source has acknowledged */
    bool wants;   /* another source: it wants those stages */
    int64_t moved_ms; /* not stored: the ticket's row is older and gets this instant; 0 = no */
};

/* What happened to a report beside the straight way. Most reports have none of it: then NULL in the
 * row, else JSON with these names, and "callers": [[ticket, digest in hex, source, owed, said,
 * wants, told], …], without what is empty at its end (codec_course.c). To add a number: a line
 * here; its 0 must mean what its absence meant. */
#define COURSE_TABLE(X)                                                                            \
    X(round)    /* how often its case has ended; of the outcome that it shows */                   \
    X(followed) /* round of the last follow-up, and what it said */                                \
    X(score)                                                                                       \
    X(unsolved)                                                                                    \
    X(joined)   /* callers who reported the same thing, beside the first */                        \
    X(intent)   /* enum intent: what the first of them wants */                                    \
    X(wants)    /* 1: its source wants to hear where the case stands, too */                       \
    X(told)     /* version of the last stage that its source has acknowledged */                   \
    X(staged)   /* version of the last stage that it reached */                                    \
    X(reopened) /* round whose end was not the last: routing has opened the case again */          \
    X(said)     /* what the first of them said of the outcome, as a caller's */                    \
    X(issued)   /* keys of helpers that were given out, of a person's code */

/* Where the case stood; kept until the source has it. */
struct stage_reached {
    int32_t version, stage; /* enum stage */
    int64_t at_ms, unit, until_ms;
};
#define STAGES_MAX 8 /* kept of one report: the last ones */

/* Who may open the card of a person's code (qr.h), by a key of that issue. */
struct helper {
    char staff[ACTOR_SIZE];
    int32_t issue;
};
#define HELPERS_MAX 4

struct report_course {
#define X(name) int32_t name;
    COURSE_TABLE(X)
#undef X
    int32_t caller_count;
    uint8_t corrected[DIGEST_SIZE]; /* of the last correction; all 0 = none */
    int32_t stage_count;
    struct stage_reached stages[STAGES_MAX];
    int32_t helper_count;
    struct helper helpers[HELPERS_MAX];
    struct caller callers[CALLERS_MAX];
};

/* A point in millionths of a degree, some 0.1 m. */
struct spot {
    int32_t east, north;
};

struct submission;
struct qr_make;

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
    bool moved; /* not stored: the row of `ref` is from before and gets the instant of acceptance */
    /* Not stored: what came to it in this batch, for the photos that are named there. */
    const struct submission *shown[CALLERS_MAX + 1];
    int32_t shown_count;
    struct stage_reached reached[STAGES_MAX]; /* not stored here: in this batch, the last ones */
    int32_t reached_count;
    const char *outcome_text; /* batch memory; "" = none; for the reporter */
    /* Not stored here: what this batch has to seal of it (person.h), the last first; whether it
     * has to forget what came before a version, 0 = no; whether it seals anew what was opened. */
    struct person_note *notes;
    int32_t forget_ver;
    bool reseal;
    struct report_course course;
    int32_t thing; /* another report of this matter, near by, may be the same thing: the id of its
                      first version; 0 = no such matter, or no point */
    struct spot spot;
    const struct listed *listed; /* not stored here: accepted in this batch, and Open311 shows it */
    const struct qr_make *made;  /* not stored here: a code made in this batch */
};

/* Types of inputs, as intake.proto, hotline.proto and routing.proto number them. */
enum intake_type {
    INTAKE_CASE_REPORTED = 1001,    /* -> routing */
    INTAKE_CASE_WITHDRAWN = 1002,   /* -> routing */
    INTAKE_CASE_URGED = 1003,       /* -> routing */
    INTAKE_CASE_FOLLOWED_UP = 1004, /* -> routing */
    INTAKE_CASE_CORRECTED = 1005,   /* -> routing */
    INTAKE_SUBMIT = 1501,
    INTAKE_WITHDRAW = 1502,
    INTAKE_OUTCOME_ACK = 1503,
    INTAKE_FOLLOW_UP = 1504,
    INTAKE_CORRECT = 1505,
    INTAKE_SEE_PERSON = 1506,
    INTAKE_FORGET_PERSON = 1507,
    INTAKE_RESEAL_PERSON = 1508,
    INTAKE_QR_MAKE = 1520,
    INTAKE_QR_WITHDRAW = 1521,
    INTAKE_QR_HELPER = 1522,
    INTAKE_QR_HELP = 1523,
    INTAKE_QR_CARD = 1524,
    HOTLINE_REPORT = 1511,
    HOTLINE_WITHDRAW = 1512,
    HOTLINE_OUTCOME_ACK = 1513,
    HOTLINE_FOLLOW_UP = 1514,
    HOTLINE_CORRECT = 1515,
    HOTLINE_PROGRESS_ACK = 1516,
    INTAKE_OUTCOMES = 1601,
    INTAKE_REPORT = 1602,
    INTAKE_FOLLOW = 1603,
    INTAKE_NEARBY = 1604,
    INTAKE_REQUESTS = 1605,
    INTAKE_PERSON_READS = 1606,
    INTAKE_PERSON_KEYS = 1607,
    INTAKE_PERSON_SEALED = 1608,
    INTAKE_QR_CODES = 1620,
    HOTLINE_OUTCOMES = 1611,
    HOTLINE_RECONCILE = 1612,
    HOTLINE_PROGRESS = 1613,
    ROUTING_CASE_ENDED = 2001,
    ROUTING_CASE_PROGRESSED = 2002
};

/* What the store finds out about a submission before it is decided. */
struct resolved {
    int64_t report;     /* the id that the ticket stands for */
    int64_t point_unit; /* grid whose polygon has the point; 0 = none */
    bool given;         /* the ticket got this id just now, with an eye to what is near by */
    /* The ticket's instant, as its row has it. A ticket is accepted at that instant when its row
     * was made in this transaction; when the row is from before, what came under it then was
     * refused or never decided, and being accepted now gives it another one. */
    int64_t at_ms;
    bool made;
    size_t photos_kept; /* of those that are named */
};

/* Body of SUBMIT and REPORT. Texts are valid UTF-8 without control characters, in batch memory. */
struct submission {
    const char *ticket;
    const char *matter;
    const char *text;
    const char *reporter;
    const char *unit_codes[UNIT_CODES_MAX]; /* from the district down */
    size_t unit_code_count;
    bool has_point;
    double longitude, latitude;       /* degrees; once decoded, in WGS-84 */
    enum coordinates coordinates;     /* … and what they were in */
    int64_t reported_ms, promised_ms; /* 0 = none */
    enum intent intent;
    const char *about; /* INTENT_URGE: the earlier ticket */
    const char *join;  /* number of the case that it joins; NULL or "" = none */
    bool settled;
    struct evidence evidence[EVIDENCE_KINDS];
    int evidence_count;
    bool wants_progress;
    const char *to;              /* unit code, past the catalogue; "" = none */
    const struct listed *listed; /* open311.h; NULL: Open311 shows nothing of it */
    uint8_t (*photos)[PHOTO_HASH_SIZE];
    size_t photo_count;
    const struct person *caller; /* person.h; NULL = nothing was said of one */
    uint8_t digest[DIGEST_SIZE]; /* over all of the above */
    /* Digests that the same body had under other keys, or before there was one. */
    const uint8_t (*digests_before)[DIGEST_SIZE];
    size_t digest_before_count;
    struct person_note *note;  /* to be kept sealed; NULL = nothing, or there is no key */
    struct resolved *resolved; /* filled by the store's resolve */
};

/* Body of WITHDRAW. */
struct withdrawal {
    const char *ticket; /* "" in commands of staff, which name the aggregate */
    const char *reason;
    int64_t at_ms;            /* 0 = now */
    struct person_note *note; /* as in a submission */
};

/* Body of OUTCOME_ACK. */
struct outcome_ack {
    int64_t case_id;
    uint32_t round; /* of the outcome that was stored; 0 = the one that is there */
};

/* Body of CORRECT. What it leaves empty stays as it was; of `to_be` ticket, text, matter, place and
 * digest count. */
struct correction {
    struct submission to_be;
    bool has_place; /* a point, or unit codes */
    int64_t at_ms;  /* 0 = now */
};

/* Body of FOLLOW_UP. */
struct follow_up {
    const char *ticket; /* "" in commands of staff, which name the aggregate */
    uint32_t score;     /* 1 to SCORE_MAX; 0 = none */
    bool unsolved;
    const char *text;
    int64_t at_ms;            /* 0 = now */
    struct person_note *note; /* as in a submission */
};

/* What RECONCILE asks for; 0 and "" leave a bound open. */
struct reconcile_query {
    int64_t from_ms, to_ms; /* accepted from here on, and before this */
    const char *first, *last;
    const char *after; /* lists what is behind this ticket */
    uint32_t limit;    /* lists so many; 0 = none */
};

/* A ticket that is on record. */
struct recorded {
    const char *ticket;
    int64_t report, accepted_ms; /* of the report, for the case number */
    int64_t at_ms;               /* of the ticket */
    bool listed;
};

/* Body of CASE_ENDED. */
struct case_ended {
    enum report_state state; /* CLOSED WITHDRAWN REFERRED_OUT */
    int64_t at_ms;
    const char *text;
};

/* Body of PROGRESS_ACK. */
struct progress_ack {
    int64_t case_id;
    uint32_t version; /* of the last stage that was stored */
};

/* Body of CASE_PROGRESSED. */
struct case_progressed {
    enum stage stage;
    int64_t at_ms, unit, until_ms;
};

extern const char *const report_state_names[];
extern const char *const report_step_names[];
extern const char *const report_metric_names[];
extern const char *const report_reason_names[];

/* A command whose body is a submission, by whichever way it came. */
bool input_submits(const struct input *input);
/* "point"; "?" out of range. */
const char *placed_name(enum placed placed);
/* REPORT_NONE when no state has that name. */
enum report_state report_state_find(const char *name);
/* By its name; REASON_MALFORMED when none has it. */
uint32_t report_reason_find(const char *name);
/* A sentence for people; `language` is "zh" or "en" (anything else reads as "zh"). */
const char *report_reason_text(uint32_t reason, const char *language);

/* The language of this process's own sentences, "zh" until it is set; set once, at the start. */
void intake_language_set(const char *language);
const char *intake_language(void);
/* True on a drill's site: its cases are marked as such. Set by the loop's thread, in each round. */
void intake_drill_set(bool drill);
bool intake_drill(void);

#endif
