/* What a subscriber is told of a report: the steps of which anybody may know, by the number that
 * they have in intake's history, and the last word of the event's type (CloudEvents). Intake sends
 * them, huyingctl lists and takes them. Words travel: append only. */
#ifndef HUYING_BASE_PURE_EVENT_H
#define HUYING_BASE_PURE_EVENT_H

/* number, word, its name in intake */
/* clang-format off */
#define REPORT_EVENT_TABLE(X)                                                                      \
    X(1, "accepted", ACCEPT)                                                                       \
    X(7, "joined", JOIN)                                                                           \
    X(5, "urged", URGE)                                                                            \
    X(2, "withdrawal_asked", WITHDRAW)                                                             \
    X(3, "ended", END)                                                                             \
    X(4, "outcome_taken", OUTCOME_TAKEN)                                                           \
    X(6, "followed_up", FOLLOW_UP)                                                                 \
    X(10, "progressed", PROGRESS)                                                                  \
    X(11, "corrected", CORRECT)                                                                    \
    X(16, "reopened", REOPEN)

/* All words, as a sentence lists them. */
#define REPORT_EVENT_WORDS                                                                         \
    "accepted joined urged withdrawal_asked ended outcome_taken followed_up progressed "           \
    "corrected reopened"
/* Those that matter to whoever reported, as SQL writes an array. */
#define REPORT_EVENT_NOTICES "{1,3,10,16}"
/* clang-format on */

#endif
