/* How a vendor's JSON becomes ours: one file for each vendor, checked whole when it is loaded. A
 * file says which path of theirs is which field of ours, what their values mean, how they write
 * times and points, and what is always so. docs/vendors.md is for who writes one; to take another
 * field: a row in FIELD_TABLE, its use in body.c. */
#ifndef HUYING_INTAKE_VENDOR_MAPPING_H
#define HUYING_INTAKE_VENDOR_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/intake/vendor/sign.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_coords.h"

#define VENDOR_NAME_SIZE 32 /* of a vendor, and of a source: 1 to 31 of a-z 0-9 - */
#define VENDORS_MAX 64
#define MAPPING_SIZE_MAX 65536
#define MAPPING_PATH_MAX 128 /* bytes of a path: names and numbers with dots between */
#define MAPPING_DEPTH_MAX 8
#define MAPPING_VALUES_MAX 512 /* of theirs, of one field */
#define MAPPING_PATHS_MAX 8    /* of unit_codes */

/* What is sent, and the group of the file that maps it. */
#define VERB_TABLE(X)                                                                              \
    X(VERB_REPORT, "report")                                                                       \
    X(VERB_WITHDRAW, "withdraw")                                                                   \
    X(VERB_CORRECT, "correct")                                                                     \
    X(VERB_FOLLOW_UP, "follow-up")                                                                 \
    X(VERB_OUTCOME_ACK, "outcome-ack")                                                             \
    X(VERB_PROGRESS_ACK, "progress-ack")

enum verb {
#define X(name, word) name,
    VERB_TABLE(X)
#undef X
            VERB_COUNT
};

#define IN(verb) (1u << (verb))
/* name, word, verbs that take it, verbs that need it; a constant counts */
#define FIELD_TABLE(X)                                                                             \
    X(FIELD_TICKET, "ticket",                                                                      \
            IN(VERB_REPORT) | IN(VERB_WITHDRAW) | IN(VERB_CORRECT) | IN(VERB_FOLLOW_UP),           \
            IN(VERB_REPORT) | IN(VERB_WITHDRAW) | IN(VERB_CORRECT) | IN(VERB_FOLLOW_UP))           \
    X(FIELD_MATTER, "matter", IN(VERB_REPORT) | IN(VERB_CORRECT), IN(VERB_REPORT))                 \
    X(FIELD_TEXT, "text", IN(VERB_REPORT) | IN(VERB_CORRECT) | IN(VERB_FOLLOW_UP), 0)              \
    X(FIELD_INTENT, "intent", IN(VERB_REPORT), 0)                                                  \
    X(FIELD_ABOUT, "about", IN(VERB_REPORT), 0)                                                    \
    X(FIELD_LONGITUDE, "longitude", IN(VERB_REPORT) | IN(VERB_CORRECT), 0)                         \
    X(FIELD_LATITUDE, "latitude", IN(VERB_REPORT) | IN(VERB_CORRECT), 0)                           \
    X(FIELD_UNIT_CODES, "unit_codes", IN(VERB_REPORT) | IN(VERB_CORRECT), 0)                       \
    X(FIELD_REPORTED_AT, "reported_at",                                                            \
            IN(VERB_REPORT) | IN(VERB_WITHDRAW) | IN(VERB_CORRECT) | IN(VERB_FOLLOW_UP) |          \
                    IN(VERB_OUTCOME_ACK),                                                          \
            0)                                                                                     \
    X(FIELD_PROMISED_AT, "promised_at", IN(VERB_REPORT), 0)                                        \
    X(FIELD_PROMISED_IN, "promised_in", IN(VERB_REPORT), 0) /* minutes after reported_at */        \
    X(FIELD_WANTS_PROGRESS, "wants_progress", IN(VERB_REPORT), 0)                                  \
    X(FIELD_ADDRESS, "address", IN(VERB_REPORT), 0) /* where it is, in words: behind the text */   \
    X(FIELD_JOIN, "join", IN(VERB_REPORT), 0)                                                      \
    X(FIELD_PHOTOS, "photos", IN(VERB_REPORT), 0) /* a name, or a list of names */                 \
    X(FIELD_CALLER_NAME, "caller_name", IN(VERB_REPORT), 0)                                        \
    X(FIELD_CALLER_PHONE, "caller_phone", IN(VERB_REPORT), 0)                                      \
    X(FIELD_CALLER_EMAIL, "caller_email", IN(VERB_REPORT), 0)                                      \
    X(FIELD_CALLER_ADDRESS, "caller_address", IN(VERB_REPORT), 0)                                  \
    X(FIELD_CALLER_ID_NUMBER, "caller_id_number", IN(VERB_REPORT), 0)                              \
    X(FIELD_CALLER_CONFIDENTIAL, "caller_confidential", IN(VERB_REPORT), 0)                        \
    X(FIELD_REASON, "reason", IN(VERB_WITHDRAW), 0)                                                \
    X(FIELD_SCORE, "score", IN(VERB_FOLLOW_UP), 0)                                                 \
    X(FIELD_UNSOLVED, "unsolved", IN(VERB_FOLLOW_UP), 0)                                           \
    X(FIELD_ID, "id", IN(VERB_OUTCOME_ACK) | IN(VERB_PROGRESS_ACK),                                \
            IN(VERB_OUTCOME_ACK) | IN(VERB_PROGRESS_ACK))                                          \
    X(FIELD_ROUND, "round", IN(VERB_OUTCOME_ACK), 0)                                               \
    X(FIELD_VERSION, "version", IN(VERB_PROGRESS_ACK), IN(VERB_PROGRESS_ACK))

enum field {
#define X(name, word, takes, needs) name,
    FIELD_TABLE(X)
#undef X
            FIELD_COUNT
};

#define TIMES_TABLE(X)                                                                             \
    X(TIMES_RFC3339, "rfc3339")                                                                    \
    X(TIMES_LOCAL, "local") /* 2026-01-31 09:00:00, in the file's zone */                          \
    X(TIMES_UNIX, "unix")                                                                          \
    X(TIMES_UNIX_MS, "unix_ms")

enum times {
#define X(name, word) name,
    TIMES_TABLE(X)
#undef X
            TIMES_COUNT
};

struct value_pair {
    char *theirs, *ours;
};

/* What their values mean; none: they are ours. */
struct value_map {
    struct value_pair *list;
    size_t count;
    char *rest; /* "*": any other; NULL: there is no other */
};

struct vendor {
    char name[VENDOR_NAME_SIZE];   /* in the path */
    char source[VENDOR_NAME_SIZE]; /* under which its tickets stand */
    char *envelope;                /* path of the object that has the fields; "" = the body */
    char *paths[VERB_COUNT][FIELD_COUNT]; /* NULL: not sent */
    char *constants[FIELD_COUNT];         /* where nothing is sent; NULL: none */
    struct value_map values[FIELD_COUNT];
    enum times times;
    char zone[8]; /* "+08:00" */
    enum coordinates coordinates;
    struct sign_keys keys;
};

struct vendors;

extern const char *const VERB_WORDS[];  /* ended by NULL */
extern const char *const FIELD_WORDS[]; /* the same */

/* Reads all files NAME.conf of a directory, and the key files that they name. Everything that is
 * wrong is appended to `why`, a line each: FILE:LINE: what was found, what was expected. Then *ret
 * is untouched, and the class is that of the first mistake. */
enum err vendors_load(const char *directory, struct vendors **ret, struct buf *why) MUST_CHECK;
/* Wipes the keys. Accepts NULL. */
void vendors_destroy(struct vendors **vendors);
/* NULL: there is none of that name. */
const struct vendor *vendors_find(const struct vendors *vendors, const char *name);

/* One file's text, without its keys; for vendors_load(), tests and the fuzzer. `vendor` is to be
 * ended by vendor_fini() whatever comes of it. `ret_keys` is the key file's name as written; the
 * caller frees it. */
enum err mapping_read(const char *path,
        const char *text,
        size_t size,
        struct vendor *vendor,
        char **ret_keys,
        struct buf *why) MUST_CHECK;
void vendor_fini(struct vendor *vendor);

#endif
