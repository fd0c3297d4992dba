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

#define EVIDENCE_TABLE(X)                                                                          \
    X(EVIDENCE_PHOTO, "photo")                                                                     \
    X(EVIDENCE_FORM, "form")                                                                       \
    X(EVIDENCE_RECORD, "record")                                                                   \
    X(EVIDENCE_NOTICE, "notice")                                                                   \
    X(EVIDENCE_SEIZURE_LIST, "seizure_list")                                                       \
    X(EVIDENCE_AGREEMENT, "agreement")                                                             \
    X(EVIDENCE_CONFIRMATION, "confirmation")                                                       \
    X(EVIDENCE_RECEIPT, "receipt")                                                                 \
    X(EVIDENCE_COUNT, "count")                                                                     \
    X(EVIDENCE_VISIT_NOTE, "visit_note")                                                           \
    X(EVIDENCE_ROLL_CALL, "roll_call")                                                             \
    X(EVIDENCE_ROSTER, "roster")                                                                   \
    X(EVIDENCE_PLAN, "plan")                                                                       \
    X(EVIDENCE_SIGNATURES, "signatures")

#define X(name, text) name,
enum urgency { URGENCY_TABLE(X) };
enum duty { DUTY_TABLE(X) };
enum verifier { VERIFIER_TABLE(X) };
enum volunteers { VOLUNTEERS_TABLE(X) };
enum squads { SQUADS_TABLE(X) };
enum privacy { PRIVACY_TABLE(X) };
enum self_handle { SELF_HANDLE_TABLE(X) };
enum evidence_kind { EVIDENCE_TABLE(X) };
#undef X

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

/* True when a unit's list of matters ("YH-01;XX-*" or "*") names the code: as it stands, or by what
 * stands before a "*" that ends the word. */
bool matter_listed(const char *list, const char *code);

#endif
