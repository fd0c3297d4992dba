/* A hotline's side of Huying, for C programs: push reports, learn how their cases ended.
 *
 *   hotline_open    once, with the hotline's own key
 *   hotline_push    reports under the hotline's own ticket numbers; a receipt for each
 *   hotline_withdraw, hotline_follow_up
 *   hotline_outcomes, hotline_ack   again and again: fetch what has ended, store it, acknowledge it
 *   hotline_reconcile, hotline_differences   once a day: do both sides have the same tickets?
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
#define HOTLINE_PHOTOS_MAX 9
#define HOTLINE_CALLERS_MAX 16 /* further tickets that stay on one case */
#define HOTLINE_TICKET_SIZE 65 /* 64 bytes and the NUL */
#define HOTLINE_NUMBER_SIZE 48
#define HOTLINE_REASON_SIZE 40
#define HOTLINE_TEXT_SIZE 512 /* of a receipt; longer sentences are cut between characters */
#define HOTLINE_CODE_SIZE 257 /* 64 characters of UTF-8 and the NUL */
#define HOTLINE_OUTCOME_TEXT_SIZE 8001 /* 2,000 characters of UTF-8 and the NUL */
#define HOTLINE_RECORDED_MAX 500       /* tickets listed in one hotline_reconcile */
#define HOTLINE_STAGES_MAX 8           /* of one case */
#define HOTLINE_DIGEST_SIZE 32         /* SHA-256 */

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
    /* The site's own tools only, whose key has the right `act`: the hotline in whose name outcomes
     * are fetched and tickets reconciled; NULL = the key's own. */
    const char *source;
};

enum hotline_intent {
    HOTLINE_NEW = 0,       /* something new: a case of its own */
    HOTLINE_URGE = 1,      /* a case that is there: what about it? Only `about` and `text` count */
    HOTLINE_INQUIRY = 2,   /* these three are closed by an answer, which the outcome reads out */
    HOTLINE_COMPLAINT = 3, /* … handled as what is new */
    HOTLINE_SUGGESTION = 4,
    HOTLINE_PRAISE = 5
};

struct hotline_evidence {
    const char *kind; /* a word of the catalogue's: "photo" */
    uint32_t count;   /* 1 to 99 */
};

enum hotline_coordinates {
    HOTLINE_WGS84 = 0,
    HOTLINE_CGCS2000 = 1, /* taken for WGS-84 */
    HOTLINE_GCJ02 = 2     /* of maps made in China; converted at the site */
};

/* Who calls; beside the ID number at least one of them. NULL = "". The site keeps it sealed
 * and shows it masked; without a key for it the site refuses the report (REPORTER_NOT_YET). */
struct hotline_caller {
    const char *name;      /* at most 60 characters */
    const char *phone;     /* 5 to 20 digits, with +, - and spaces */
    const char *email;     /* at most 120 characters */
    const char *address;   /* at most 200 characters */
    const char *id_number; /* resident ID number of 18 digits */
    const char *device_id; /* of an app, at most 200 characters */
    const char *account_id; /* at the sender's, at most 200 characters */
    bool confidential;     /* only the top unit's staff may see it */
};

struct hotline_report {
    const char *ticket;         /* the hotline's own number, 1 to 64 bytes, visible characters */
    const char *matter;         /* a code of the site's catalogue, or a type name that it knows */
    const char *text;           /* UTF-8, at most 2,000 characters; NULL = "" */
    double longitude, latitude; /* degrees, in `coordinates`; both 0 = no point */
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
    bool wants_progress; /* hear where the case stands, too: hotline_progress */
    const char
            *to; /* systems of staff only: code of the unit that gets it; NULL = the catalogue's */
    enum hotline_coordinates coordinates; /* of the point */
    uint8_t photos[HOTLINE_PHOTOS_MAX][32]; /* SHA-256 of photos that were sent before, over HTTP */
    size_t photo_count;
    /* Number of an open case near by that is the same thing: joins it, or is refused; NULL =
     * none. */
    const char *join;
    const struct hotline_caller *caller; /* NULL = nothing is said of who calls */
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
    /* When this ticket was accepted, by the site's clock; the same in every receipt for it. With
     * number and ticket it is what is reconciled. 0: refused, withdrawal, follow-up. */
    int64_t accepted_ms;
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

/* What the caller says better; NULL, "" and 0: as it was. */
struct hotline_correction {
    const char *ticket; /* that made the case */
    const char *text, *matter;
    double longitude, latitude; /* WGS-84 degrees; both 0 = as it was */
    const char *unit_codes[HOTLINE_UNIT_CODES_MAX];
    size_t unit_code_count;
    int64_t at_ms; /* drills only (else 0) */
};

struct hotline_stage {
    uint32_t version; /* rising */
    char stage[16];   /* dispatched accepted handled returned suspended resumed extended reopened
                         rework merged */
    int64_t at_ms;
    char unit_code[HOTLINE_CODE_SIZE]; /* who has it, or had */
    int64_t until_ms;                  /* suspended, extended; 0 = none */
    char text[HOTLINE_TEXT_SIZE];      /* reads well when read out to a caller */
};

/* Where the case of a report with wants_progress stands; the last stages, oldest first. */
struct hotline_progress {
    int64_t case_id;
    char ticket[HOTLINE_TICKET_SIZE];
    char number[HOTLINE_NUMBER_SIZE];
    struct hotline_stage stages[HOTLINE_STAGES_MAX];
    size_t stage_count;
    char also[HOTLINE_CALLERS_MAX][HOTLINE_TICKET_SIZE]; /* whose callers have to be told, too */
    size_t also_count;
};

/* Of which tickets is asked: accepted in a span of time, or with numbers in a range, or both. */
struct hotline_span {
    int64_t from_ms, to_ms;   /* accepted from here on, and before this; 0 = open */
    const char *first, *last; /* by their bytes, both included; NULL or "" = open */
    const char *after; /* only lists what is behind this ticket; NULL or "" = from the first on */
};

/* A ticket that is on record, on either side. */
struct hotline_record {
    char ticket[HOTLINE_TICKET_SIZE];
    char number[HOTLINE_NUMBER_SIZE];
    int64_t accepted_ms; /* not compared */
};

struct hotline_reconciliation {
    uint64_t tickets, cases;
    uint8_t digest[HOTLINE_DIGEST_SIZE]; /* what hotline_digest() makes of the same tickets */
    bool over; /* more than 100,000 tickets: nothing is counted; ask for a shorter span */
    struct hotline_record items[HOTLINE_RECORDED_MAX];
    size_t item_count;
};

enum hotline_difference_kind {
    HOTLINE_MISSING_HERE = 1,  /* on record at the site, not in the list given */
    HOTLINE_MISSING_THERE = 2, /* in the list, not on record at the site: push it again */
    HOTLINE_OTHER_NUMBER = 3   /* on both sides, with different case numbers */
};

struct hotline_difference {
    enum hotline_difference_kind kind;
    char ticket[HOTLINE_TICKET_SIZE];
    char here[HOTLINE_NUMBER_SIZE];  /* the list's case number; "" = not there */
    char there[HOTLINE_NUMBER_SIZE]; /* the site's; "" = not there */
    int64_t accepted_ms;             /* at the site; 0 = not there */
};

/* The list that is compared: sorted by the tickets' bytes, each once. */
struct hotline_list {
    const struct hotline_record *records;
    size_t count;
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

/* Corrects an open report. The same again is a duplicate; after the end it is refused
 * (CORRECTED_LATE), and by another ticket than the first (NOT_FIRST). Errors as above; ERR_LIMIT:
 * too many unit codes. */
enum err hotline_correct(struct hotline *hotline,
        const struct hotline_correction *correction,
        struct hotline_receipt *ret,
        int64_t timeout_ms) MUST_CHECK;

/* As hotline_outcomes, of cases that are under way. */
enum err hotline_progress(struct hotline *hotline,
        int64_t after,
        struct hotline_progress *ret,
        size_t room,
        size_t *ret_count,
        int64_t timeout_ms) MUST_CHECK;

/* Says that the stages of these cases (<= HOTLINE_PUSH_MAX), as they were given, are stored here.
 * Errors as of hotline_ack. */
enum err hotline_progress_ack(struct hotline *hotline,
        const struct hotline_progress *list,
        size_t count,
        int64_t timeout_ms) MUST_CHECK;

/* What is on record at the site of this hotline's tickets in a span: counts and digest of all, and
 * the first `limit` (≤ HOTLINE_RECORDED_MAX; 0 = none) behind span->after. Tickets whose report was
 * accepted, or that stay on another's case; what was refused is not on record, nor is what is so
 * old that its data were removed there. Changes nothing. ERR_TRANSIENT, ERR_DENIED, ERR_LIMIT as
 * above; ERR_MALFORMED: a bound of the span cannot be right. */
enum err hotline_reconcile(struct hotline *hotline,
        const struct hotline_span *span,
        uint32_t limit,
        struct hotline_reconciliation *ret,
        int64_t timeout_ms) MUST_CHECK;

/* SHA-256 over a line for each: ticket, tabulator, case number, line feed. */
void hotline_digest(const struct hotline_list *list, uint8_t ret[HOTLINE_DIGEST_SIZE]);

typedef void hotline_difference_fn(void *self, const struct hotline_difference *difference);

/* Finds what differs between the site and `list`, which is all that this hotline has in the span
 * (what is outside of first and last is left out; after is not looked at), and calls `found` for
 * each, by the tickets' bytes. Asks for halves of the list as long as their digests differ, so that
 * a few differences in a long list are few questions. ERR_MALFORMED also: the list is not sorted.
 * ERR_LIMIT: the site has 100,000 tickets between two neighbours of the list. After an error
 * `found` may have been called. */
enum err hotline_differences(struct hotline *hotline,
        const struct hotline_span *span,
        const struct hotline_list *list,
        hotline_difference_fn *found,
        void *self,
        int64_t timeout_ms) MUST_CHECK;

#endif
