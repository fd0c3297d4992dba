/* The words of the catalogue of matters: each column of matters.csv that takes words is a table
 * here, from which come the enum, what `apply` accepts and what a service reads. The first word of
 * a table is also what an empty cell means. No allocation. */
#ifndef HUYING_BASE_PURE_CATALOGUE_H
#define HUYING_BASE_PURE_CATALOGUE_H

#include <stdbool.h>
#include <stdint.h>

#define URGENCY_TABLE(X)                                                                           \
    X(URGENCY_NORMAL, "normal")                                                                    \
    X(URGENCY_URGENT, "urgent")                                                                    \
    X(URGENCY_EMERGENCY, "emergency") /* bypasses the order of levels */

/* Responsibility for a matter. */
#define DUTY_TABLE(X)                                                                              \
    X(DUTY_NONE, "none")                                                                           \
    X(DUTY_ASSIST, "assist")                                                                       \
    X(DUTY_MAIN, "main")

/* Who confirms that it is done; never who did it. */
#define VERIFIER_TABLE(X)                                                                          \
    X(VERIFIER_WORKER, "worker_not_handler")                                                       \
    X(VERIFIER_VILLAGE, "village")                                                                 \
    X(VERIFIER_STREET, "street")                                                                   \
    X(VERIFIER_REPORTER, "reporter")

#define VOLUNTEERS_TABLE(X)                                                                        \
    X(VOLUNTEERS_NO, "no")                                                                         \
    X(VOLUNTEERS_MAY, "may")                                                                       \
    X(VOLUNTEERS_FIRST, "first")

#define SQUADS_TABLE(X)                                                                            \
    X(SQUADS_NO, "no")                                                                             \
    X(SQUADS_MAY, "may")                                                                           \
    X(SQUADS_MUST, "must")

#define PRIVACY_TABLE(X)                                                                           \
    X(PRIVACY_NORMAL, "normal")                                                                    \
    X(PRIVACY_MASKED, "masked")                                                                    \
    X(PRIVACY_RESTRICTED, "restricted")

#define SELF_HANDLE_TABLE(X)                                                                       \
    X(SELF_HANDLE_NO, "0")                                                                         \
    X(SELF_HANDLE_YES, "1")

/* What a caller wants: number (hotline.proto's), word, Chinese, English, what he had said as the
 * subject of a sentence to him in both, and whether it is answered rather than handled. */
/* clang-format off */
#define INTENT_TABLE(X)                                                                            \
    X(INTENT_REPORT, 0, "report", "求助", "report", "您反映的事项", "What you reported", false)    \
    X(INTENT_URGE, 1, "urge", "催办", "urge", "您反映的事项", "What you reported", false)          \
    X(INTENT_INQUIRY, 2, "inquiry", "咨询", "inquiry", "您咨询的事项", "What you asked about",     \
            true)                                                                                  \
    X(INTENT_COMPLAINT, 3, "complaint", "投诉", "complaint", "您投诉的事项",                       \
            "What you complained about", false)                                                    \
    X(INTENT_SUGGESTION, 4, "suggestion", "建议", "suggestion", "您提出的建议",                    \
            "What you suggested", true)                                                            \
    X(INTENT_PRAISE, 5, "praise", "表扬", "praise", "您的表扬", "Your praise", true)
/* clang-format on */

/* What "done" has to bring: the catalogue's word, and what people call it (evidence_text.h). */
#define EVIDENCE_TABLE(X)                                                                          \
    X(EVIDENCE_PHOTO, "photo", "照片", "photo")                                                    \
    X(EVIDENCE_FORM, "form", "登记表", "form")                                                     \
    X(EVIDENCE_RECORD, "record", "笔录", "record")                                                 \
    X(EVIDENCE_NOTICE, "notice", "通知书", "notice")                                               \
    X(EVIDENCE_SEIZURE_LIST, "seizure_list", "扣押清单", "seizure list")                           \
    X(EVIDENCE_AGREEMENT, "agreement", "协议书", "agreement")                                      \
    X(EVIDENCE_CONFIRMATION, "confirmation", "当事人确认", "confirmation")                         \
    X(EVIDENCE_RECEIPT, "receipt", "签收单", "receipt")                                            \
    X(EVIDENCE_COUNT, "count", "清点表", "count")                                                  \
    X(EVIDENCE_VISIT_NOTE, "visit_note", "走访记录", "visit note")                                 \
    X(EVIDENCE_ROLL_CALL, "roll_call", "点名表", "roll call")                                      \
    X(EVIDENCE_ROSTER, "roster", "名册", "roster")                                                 \
    X(EVIDENCE_PLAN, "plan", "方案", "plan")                                                       \
    X(EVIDENCE_SIGNATURES, "signatures", "签名表", "list of signatures")

#define X(name, text) name,
enum urgency { URGENCY_TABLE(X) };
enum duty { DUTY_TABLE(X) };
enum verifier { VERIFIER_TABLE(X) };
enum volunteers { VOLUNTEERS_TABLE(X) };
enum squads { SQUADS_TABLE(X) };
enum privacy { PRIVACY_TABLE(X) };
enum self_handle { SELF_HANDLE_TABLE(X) };
#undef X
enum intent {
#define X(name, number, text, ...) name = number,
    INTENT_TABLE(X)
#undef X
            INTENT_COUNT
};
enum evidence_kind {
#define X(name, text, zh, en) name,
    EVIDENCE_TABLE(X)
#undef X
            EVIDENCE_KINDS
};

/* The columns that take one word: column, its table. */
#define CATALOGUE_TABLE(X)                                                                         \
    X(CATALOGUE_URGENCY, urgency, URGENCY_TABLE)                                                   \
    X(CATALOGUE_VILLAGE_DUTY, village_duty, DUTY_TABLE)                                            \
    X(CATALOGUE_STREET_DUTY, street_duty, DUTY_TABLE)                                              \
    X(CATALOGUE_DISTRICT_DUTY, district_duty, DUTY_TABLE)                                          \
    X(CATALOGUE_VERIFIER, verifier, VERIFIER_TABLE)                                                \
    X(CATALOGUE_SELF_HANDLE, self_handle, SELF_HANDLE_TABLE)                                       \
    X(CATALOGUE_VOLUNTEER, volunteer, VOLUNTEERS_TABLE)                                            \
    X(CATALOGUE_SQUAD, squad, SQUADS_TABLE)                                                        \
    X(CATALOGUE_PRIVACY, privacy, PRIVACY_TABLE)

enum catalogue_column {
#define X(name, text, words) name,
    CATALOGUE_TABLE(X)
#undef X
            CATALOGUE_COLUMNS
};

/* The column's words in order of their numbers, ended by NULL. */
const char *const *catalogue_words(enum catalogue_column column);
/* The number of a word, 0 for ""; -1 when the column does not take it. */
int catalogue_word(enum catalogue_column column, const char *text);

/* "inquiry"; "" when there is no such number. */
const char *intent_word(int64_t intent);
/* INTENT_COUNT when no intent has that word. */
enum intent intent_find(const char *word);
/* "您咨询的事项" or "What you asked about". */
const char *intent_subject(int64_t intent, bool english);
/* Closed by its answer: no evidence is needed, and nobody else has to look. */
bool intent_answered(int64_t intent);

#define EVIDENCE_MAX 4
#define EVIDENCE_TIMES_MAX 99

struct evidence {
    uint8_t kind;  /* enum evidence_kind */
    uint8_t count; /* how many of it, at least 1 */
};

/* "photo4+seizure_list": kinds joined by "+", each once, with how many behind it if not one. "" is
 * none. False when it is not understood. */
bool evidence_parse(const char *text, struct evidence ret[EVIDENCE_MAX], int *ret_count);
extern const char *const EVIDENCE_WORDS[]; /* ended by NULL */
/* The same for what somebody brings, which may be of every kind: adds one of them to a list of
 * EVIDENCE_KINDS. False, and nothing is added: no such kind, there already, or not 1 to 99. */
bool evidence_add(
        struct evidence list[EVIDENCE_KINDS], int *count, const char *kind, uint32_t times);

/* The first kind of which too little is given, and how much of it is missing; its count is 0 when
 * nothing is. What is given beyond that is welcome. */
struct evidence evidence_missing(const struct evidence *required,
        int required_count,
        const struct evidence *given,
        int count);
/* What is missing, for outcome.refused_about. */
uint16_t evidence_pack(struct evidence missing);

/* True when a unit's list of matters ("YH-01;XX-*" or "*") names the code: as it stands, or by what
 * stands before a "*" that ends the word. */
bool matter_listed(const char *list, const char *code);

#endif
