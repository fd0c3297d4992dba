/* A hotline's side of Huying, for C programs: push reports, learn how their cases ended.
 *
 *   hotline_open    once, with the hotline's own key
 *   hotline_push    reports under the hotline's own ticket numbers; a receipt for each
 *   hotline_withdraw, hotline_follow_up
 *   hotline_outcomes, hotline_ack   again and again: fetch what has ended, store it, acknowledge it
 *
 * Blocking, one thread per handle, any number of handles. Everything may be repeated: a ticket that
 * came before gives DUPLICATE with the first case number, an acknowledged outcome is not given
 * again. What has a receipt is committed on disk at the site. A program in another language speaks
 * the same messages: proto/hotline.proto.
 *
 * docs/integration.md leads through example.c, which is a whole program. */
#ifndef HUYING_INTAKE_HOTLINE_H
#define HUYING_INTAKE_HOTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/err.h"

#define HOTLINE_ENDPOINTS_MAX 8
#define HOTLINE_PUSH_MAX 1024    /* reports in one hotline_push, ids in one hotline_ack */
#define HOTLINE_OUTCOMES_MAX 500 /* in one hotline_outcomes */
#define HOTLINE_UNIT_CODES_MAX 8
#define HOTLINE_EVIDENCE_MAX 14
#define HOTLINE_CALLERS_MAX 16 /* further tickets that stay on one case */
#define HOTLINE_TICKET_SIZE 65 /* 64 bytes and the NUL */
#define HOTLINE_NUMBER_SIZE 48
#define HOTLINE_REASON_SIZE 40
#define HOTLINE_TEXT_SIZE 512 /* of a receipt; longer sentences are cut between characters */
#define HOTLINE_CODE_SIZE 257 /* 64 characters of UTF-8 and the NUL */
#define HOTLINE_OUTCOME_TEXT_SIZE 8001 /* 2,000 characters of UTF-8 and the NUL */

struct hotline;

struct hotline_config {
    const char *endpoints[HOTLINE_ENDPOINTS_MAX]; /* the brokers: "tcp://10.1.2.3:7402" */
    size_t endpoint_count;
    uint16_t site;          /* the site's number, 1 to 4095 */
    const char *server_key; /* the brokers' public key, 40 characters of Z85 */
    /* This hotline's own pair, whose public key stands in the site's peers.conf with the right
     * `hotline`: the file that `huyingctl key` wrote, or, where that is NULL, the two keys. */
    const char *key_file;
    const char *public_key, *secret_key;
};

enum hotline_intent {
    HOTLINE_NEW = 0, /* something new: a case of its own */
    HOTLINE_URGE =
            1, /* a case that is there already: what about it? Only `about` and `text` count */
};

struct hotline_evidence {
    const char *kind; /* a word of the catalogue's: "photo" */
    uint32_t count;   /* 1 to 99 */
};

struct hotline_report {
    const char *ticket;         /* the hotline's own number, 1 to 64 bytes, visible characters */
    const char *matter;         /* a code of the site's catalogue, or a type name that it knows */
    const char *text;           /* UTF-8, at most 2,000 characters; NULL = "" */
    double longitude, latitude; /* WGS-84 degrees; both 0 = no point */
    const char *unit_codes[HOTLINE_UNIT_CODES_MAX]; /* from the district down */
    size_t unit_code_count;
    int64_t reported_ms; /* when the caller called; ms since 1970 UTC; 0 = now */
    int64_t promised_ms; /* what the caller was promised; 0 = the catalogue's deadline */
    int64_t at_ms;       /* drills only: when it comes in; 0 = reported_ms */
    enum hotline_intent intent;
    const char *about; /* HOTLINE_URGE: an earlier ticket of this hotline's; else NULL */
    /* Systems of grid workers only, a hotline is refused: settled on the spot, and with what. */
    bool settled;
    struct hotline_evidence evidence[HOTLINE_EVIDENCE_MAX];
    size_t evidence_count;
    const char
            *to; /* systems of staff only: code of the unit that gets it; NULL = the catalogue's */
};

/* What the caller says of the outcome when asked. */
struct hotline_follow_up {
    const char *ticket; /* his own, or another that stays on the case */
    uint32_t score;     /* 1 to 5; 0 = none, with `unsolved` only */
    bool unsolved;      /* it is not done, he says: within its window the case is reopened */
    const char *text;   /* at most 2,000 characters; NULL = "" */
    int64_t at_ms;      /* drills only (else 0) */
};

enum hotline_result {
    HOTLINE_UNANSWERED = 0, /* nothing is known: push the same report again */
    HOTLINE_ACCEPTED = 1,
    HOTLINE_DUPLICATE = 2, /* accepted before; case_id and number are the first ones */
    HOTLINE_REFUSED = 3    /* nothing was changed; `reason` and `text` say why */
};

struct hotline_receipt {
    enum hotline_result result;
    char ticket[HOTLINE_TICKET_SIZE];
    int64_t case_id;                  /* 0 when refused */
    char number[HOTLINE_NUMBER_SIZE]; /* the case number for people; "" when refused */
    char reason[HOTLINE_REASON_SIZE]; /* stable name of the rule, "TICKET_REUSED"; "" = none */
    char text[HOTLINE_TEXT_SIZE];     /* for people: what was wrong, what was expected */
    int64_t unit;                     /* where it was placed */
    char unit_code[HOTLINE_CODE_SIZE];
    char level[16];  /* grid village street district */
    uint32_t placed; /* 1 point, 2 unit codes, 3 part of them, 4 district's desk */
};

struct hotline_outcome {
    int64_t case_id;
    char ticket[HOTLINE_TICKET_SIZE];
    char number[HOTLINE_NUMBER_SIZE];
    char outcome[16]; /* closed withdrawn referred_out */
    int64_t at_ms;
    char text[HOTLINE_OUTCOME_TEXT_SIZE]; /* reads well when read out to a caller */
    uint32_t round; /* 1; one more each time the case ends again after it was reopened */
    char also[HOTLINE_CALLERS_MAX][HOTLINE_TICKET_SIZE]; /* whose callers have to be told, too */
    size_t also_count;
};

/* Takes nothing over: the strings may go after the call. Does not wait for a connection. The handle
 * is the caller's to close. ERR_FATAL: an endpoint or key that cannot be right. ERR_DENIED,
 * ERR_MALFORMED: the key file may be read by others, or is no key file. */
enum err hotline_open(const struct hotline_config *config, struct hotline **ret) MUST_CHECK;
/* Accepts NULL. */
void hotline_close(struct hotline **hotline);

/* Sends `count` reports (≤ HOTLINE_PUSH_MAX) and waits for their receipts; receipts[i] belongs to
 * reports[i] and is filled in every case. OK: all are answered. ERR_TRANSIENT: some are
 * HOTLINE_UNANSWERED after timeout_ms; push those again, as often as it takes. ERR_DENIED: the key
 * has no right to push. ERR_LIMIT: too many at once; nothing was sent. */
enum err hotline_push(struct hotline *hotline,
        const struct hotline_report *reports,
        struct hotline_receipt *receipts,
        size_t count,
        int64_t timeout_ms) MUST_CHECK;

/* The caller takes a report back: `reason` ≤ 200 characters, at_ms in drills only (else 0). The
 * case is withdrawn when its outcome says so; one that has ended is refused (ALREADY_ENDED). Errors
 * as above. */
enum err hotline_withdraw(struct hotline *hotline,
        const char *ticket,
        const char *reason,
        int64_t at_ms,
        struct hotline_receipt *ret,
        int64_t timeout_ms) MUST_CHECK;

/* Says what the caller thinks of how his case ended. The same again in the same round is a
 * duplicate; before the end it is refused (NOT_ENDED). Errors as above. */
enum err hotline_follow_up(struct hotline *hotline,
        const struct hotline_follow_up *follow_up,
        struct hotline_receipt *ret,
        int64_t timeout_ms) MUST_CHECK;

/* Fetches at most `room` (≤ HOTLINE_OUTCOMES_MAX) outcomes that are not acknowledged, in the order
 * of case ids, after `after` (0 = from the start). Fewer than `room` means that there are no more
 * now. Changes nothing at the site. ERR_TRANSIENT, ERR_DENIED, ERR_LIMIT as above; then *ret_count
 * is untouched. */
enum err hotline_outcomes(struct hotline *hotline,
        int64_t after,
        struct hotline_outcome *ret,
        size_t room,
        size_t *ret_count,
        int64_t timeout_ms) MUST_CHECK;

/* Says that these outcomes (≤ HOTLINE_PUSH_MAX) are stored here; they are not given again. Of an
 * outcome only case_id and round count: a case that has ended again since then stays to be fetched.
 * `at_ms` in drills only (else 0). ERR_NOT_FOUND: one of them is no case of this hotline's
 * (the others are acknowledged); ERR_TRANSIENT: some are not acknowledged, repeat all. */
enum err hotline_ack(struct hotline *hotline,
        const struct hotline_outcome *outcomes,
        size_t count,
        int64_t at_ms,
        int64_t timeout_ms) MUST_CHECK;

#endif
