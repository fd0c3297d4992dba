/* Who calls: what of a person comes with a report, and how it is kept apart. It stands sealed in
 * table `person`, a row for each step that brought some, together with the words that handlers see
 * masked. The only way to a plain value is the command SEE_PERSON, which says who asks and why and
 * leaves a step and a leaf; everybody else gets a card of stars.
 *
 * A new field of a caller is a line in PERSON_TABLE, one in hotline.Reporter and one in
 * intake.Caller. Nothing of this may be logged, sent to another service, or stored plain. */
#ifndef HUYING_INTAKE_PERSON_H
#define HUYING_INTAKE_PERSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/intake/check.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/seal.h"

#define PERSONS_MAX 64      /* rows read of one report; see PERSON_READS_MAX */
#define PERSON_READS_MAX 500
#define PERSON_KEYS_MAX 64    /* keys by which there are rows; a file has SEAL_KEYS_MAX at a time */
#define PERSON_SEALED_MAX 500 /* reports of one answer */
#define PERSON_WHY_MIN 4    /* characters; REASON_CHARS_MAX at most */
#define PHONE_DIGITS_MIN 5
#define PHONE_DIGITS_MAX 20
#define ID_NUMBER_DIGITS 18
#define SYSTEM_ACTOR "system:" /* of the service's own acts; no key and no token has such a name */

/* Field, most characters. */
#define PERSON_TABLE(X)                                                                            \
    X(name, 60)                                                                                    \
    X(phone, 24)                                                                                   \
    X(email, 120)                                                                                  \
    X(address, 200)                                                                                \
    X(id_number, ID_NUMBER_DIGITS)                                                                 \
    X(device_id, 200)                                                                              \
    X(account_id, 200)

/* Texts are never NULL. */
struct person {
#define X(name, chars) const char *name;
    PERSON_TABLE(X)
#undef X
    bool confidential; /* only the top unit's staff may see it, nobody sees it masked */
};

/* What of one step is to be sealed, in batch memory: the plain bytes of an intake.Caller. decide()
 * says to which step of which report it belongs. */
struct person_note {
    struct person_note *next;
    const char *ref; /* the ticket */
    const void *plain;
    size_t size;
    int32_t ver;
};

/* A row of `person`, opened or not, in batch memory. */
struct kept_person {
    int64_t report;
    const char *ref;
    bool open; /* false: its key is not there, or the row was changed */
    struct person person;
    const char *text; /* what was said; "" = what handlers see; on a card, what helps */
    const char *contact; /* on a card (qr.h): whom to call */
};

/* A row that an earlier key sealed, opened and sealed by the first one, in batch memory. */
struct person_anew {
    int64_t report;
    int32_t ver;
    int64_t was, key; /* numbers of the key that it is under, and of the one that it gets */
    const void *sealed;
    size_t size; /* 0: it does not open */
};

/* The rows of the reports that a batch asks about: its world.related. */
struct kept_persons {
    struct kept_person *list;
    size_t count;
    struct person_anew *anew; /* of RESEAL_PERSON */
    size_t anew_count;
};

/* Body of SEE_PERSON and FORGET_PERSON; of RESEAL_PERSON, which has the id alone. */
struct person_request {
    int64_t id;
    const char *number; /* the case number, when id is 0 */
    const char *why;
    bool *found; /* set by the store's resolve: the envelope named no aggregate of its own */
};

/* Body of PERSON_SEALED. */
struct person_sealed_query {
    int64_t key, after;
    uint32_t limit;
};

/* True when nothing says who it is or how to reach him. */
bool person_is_nobody(const struct person *person);
/* The first fault; fields are named "caller.name". */
struct fault person_check(const struct person *person);
/* Digits with what may stand between them; "" is none, and no fault. */
struct fault phone_check(const char *phone, const char *field);
struct fault person_request_check(const struct person_request *request);

/* "张** 138****1234" or "王*"; what is confidential, and what has neither name nor phone, gives
 * "***". */
void person_card(const struct person *person, struct buf *out);

/* The site's keys for all this; count 0: there are none, and no caller is taken. Set by the loop's
 * thread, at the start and on SIGHUP, and read by it alone. */
void intake_persons_set(const struct seal_keys *keys);
const struct seal_keys *intake_persons(void);

#endif
