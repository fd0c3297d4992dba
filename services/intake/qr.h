/* Codes that people scan: of a place, where the report is filled in already, and of a person in
 * care, by which anybody calls for help and a helper opens the card. A code is an aggregate of its
 * own in `report`, in the states REPORT_CODE and REPORT_CODE_GONE, so that making, withdrawing and
 * opening it are steps with leaves; what it shows stands in `qr`, what is personal sealed in
 * `person`, as of callers.
 *
 * What is printed is an address that ends with a token, and the token is made, not stored
 * (decision 0016): the id, 13 digits of Crockford's base 32, and 16 digits (80 bits) of
 * HMAC-SHA-256 over "huying qr 1" and the id, by a key of the site's file `follow`. A helper proves
 * himself by a key made likewise of "huying helper 1", the id, his staff code and the number of the
 * issue, ten digits as residents' codes have. To change how they are made give the label another
 * number, and let those of the earlier one fit as long as stickers are about. */
#ifndef HUYING_INTAKE_QR_H
#define HUYING_INTAKE_QR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/intake/follow.h"
#include "services/intake/intake.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/wire/envelope.h"

#define QR_ID_DIGITS 13
#define QR_PROOF_DIGITS 16
#define QR_TOKEN_SIZE (QR_ID_DIGITS + QR_PROOF_DIGITS + 1)
#define QR_MATTERS_MAX 16
#define QR_NAME_CHARS_MAX 60
#define QR_HELPS_CHARS_MAX 1000
#define QR_CODES_MAX 100    /* of one answer */
#define QR_HELP_MINUTES 30  /* a call for help joins one that is not older than this */
#define QR_SOURCE "qr:"     /* of reports by a code, and its id; no key and no token has a colon */
#define QR_BASE_SIZE 256

enum qr_kind { QR_NONE, QR_PLACE, QR_PERSON };

/* What helpers see; texts are never NULL. Field, most characters. */
#define QR_CARD_TABLE(X)                                                                           \
    X(name, 60)                                                                                    \
    X(address, 200)                                                                                \
    X(contact, 60)                                                                                 \
    X(phone, 24)

struct qr_card {
#define X(name, chars) const char *name;
    QR_CARD_TABLE(X)
#undef X
    const char *helps; /* QR_HELPS_CHARS_MAX, on several lines */
};

/* Body of QR_MAKE. Found by its ticket, as a report is: so it begins with one. */
struct qr_make {
    struct submission as_report; /* ticket, point, unit code, digest, note */
    enum qr_kind kind;
    const char *name;
    const char *matters[QR_MATTERS_MAX];
    size_t matter_count;
    const char *helpers[HELPERS_MAX];
    size_t helper_count;
};

/* Body of QR_WITHDRAW, QR_HELPER and QR_CARD. */
struct qr_change {
    int64_t id;
    const char *staff, *why;
    bool ends;
    struct person_note *note; /* QR_CARD; NULL = there is no key */
    bool *found; /* set by the store's resolve, as of a person_request */
};

struct qr_matter {
    const char *code, *name_zh, *name_en;
};

/* A code as it is listed; texts in arena memory, or the database's. */
struct qr_code {
    int64_t id;
    enum qr_kind kind;
    bool withdrawn;
    const char *name, *ref, *url;
    struct qr_matter matters[QR_MATTERS_MAX];
    size_t matter_count;
    const char *unit_code, *unit_zh, *unit_en;
    bool has_point;
    struct spot spot;
    int64_t made_ms, ended_ms;
    struct helper helpers[HELPERS_MAX];
    size_t helper_count;
};

struct qr_query {
    int64_t from;
    uint32_t limit; /* 1 to QR_CODES_MAX */
};

/* By the first key. */
void qr_token_make(const struct follow_keys *keys, int64_t id, char ret[QR_TOKEN_SIZE]);
/* The id, when one of the keys made this token of it; 0 = it is none. Small letters are as good as
 * capitals. Takes the same time for every wrong token that has the right form. */
int64_t qr_token_read(const struct follow_keys *keys, const char *text);

void qr_helper_key_make(const struct follow_keys *keys,
        int64_t id,
        const struct helper *helper,
        char ret[FOLLOW_CODE_SIZE]);
/* `helper` NULL: there is none of that name; it takes as long, and fits nothing. */
bool qr_helper_key_fits(const struct follow_keys *keys,
        int64_t id,
        const struct helper *helper,
        const struct follow_code *key);

/* Index of that member of staff among the helpers; -1 = he is none. */
int qr_helper_find(const struct helper *list, size_t count, const char *staff);

/* The keys and the address in front of the token, for the loop's thread alone: set at the start and
 * on SIGHUP. No keys, or no address: codes have no url. `keys` may be NULL. */
void intake_qr_set(const struct follow_keys *keys, const char *base);
/* NULL: there are none. */
const struct follow_keys *intake_qr_keys(void);
/* Appends the url; nothing when there is none. */
void qr_url(int64_t id, struct buf *out);

/* codec_qr.c: decoders of input_type, and what they are answered. */
enum err qr_make_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err qr_change_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err qr_card_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK; /* the card must be there */
/* What QR_MAKE and QR_HELPER are answered, with the keys of all helpers, or of the one who got his
 * just now. False: it is another command, or was refused. */
bool qr_answer(const struct report *code,
        const struct input *input,
        const struct outcome *outcome,
        struct buf *out);

void qr_query_encode(int64_t from, uint32_t limit, struct buf *out);
enum err qr_query_decode(struct bytes payload,
        struct arena *arena,
        struct qr_query *ret,
        const char **ret_why) MUST_CHECK;
void qr_codes_encode(const struct qr_code *list, size_t count, struct buf *out);
/* `ret` has room for QR_CODES_MAX. */
enum err qr_codes_decode(struct bytes payload,
        struct arena *arena,
        struct qr_code *ret,
        size_t *ret_count) MUST_CHECK;

#endif
