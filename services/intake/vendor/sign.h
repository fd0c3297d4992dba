/* Signed requests: who sent this, and is it what he sent? A request carries four header fields,
 * Huying-Key, -Timestamp, -Nonce and -Signature; what is signed is
 *
 *   METHOD LF path-with-query LF timestamp LF nonce LF hex(hash of the body)
 *
 * by the key's own scheme: a request cannot choose a weaker one. Timestamps are Unix seconds, at
 * most SIGN_WINDOW_S from this machine's clock. That a nonce is used once is nonce.h's. */
#ifndef HUYING_INTAKE_VENDOR_SIGN_H
#define HUYING_INTAKE_VENDOR_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/wire/envelope.h"

#define SIGN_WINDOW_S 300
#define SIGN_NAME_SIZE 65      /* of a key, and of a nonce: 1 to 64 visible characters */
#define SIGN_NONCE_MIN 8       /* characters */
#define SIGN_SECRET_MAX 65     /* bytes: a point of SM2, uncompressed */
#define SIGN_SECRET_MIN 16     /* of a shared one */
#define SIGN_SIGNATURE_MAX 160 /* hex digits: SM2's in DER */
#define SIGN_KEYS_MAX 16
#define SIGN_FILE_SIZE_MAX 8192

/* name, word, hash, by a key pair: only the vendor can sign */
#define SCHEME_TABLE(X)                                                                            \
    X(SCHEME_HMAC_SHA256, "hmac-sha256", "SHA256", false)                                          \
    X(SCHEME_HMAC_SM3, "hmac-sm3", "SM3", false)                                                   \
    X(SCHEME_SM2_SM3, "sm2-sm3", "SM3", true)

enum scheme {
#define X(name, word, hash, pair) name,
    SCHEME_TABLE(X)
#undef X
            SCHEME_COUNT
};

struct sign_key {
    char id[SIGN_NAME_SIZE];
    enum scheme scheme;
    uint8_t secret[SIGN_SECRET_MAX]; /* SM2: the vendor's public point */
    size_t size;
};

struct sign_keys {
    struct sign_key list[SIGN_KEYS_MAX];
    size_t count;
};

/* A file of mode 0600 with a line `ID SCHEME HEX` for each key; blank lines and # are left out. Any
 * of them signs, so a key is replaced by adding the next one first. What is wrong is appended to
 * `why`, with the line. */
enum err sign_keys_load(const char *path, struct sign_keys *ret, struct buf *why) MUST_CHECK;

/* What came: NULL where a field is missing. */
struct signed_request {
    const char *method, *target; /* path with query, as on the request line */
    const char *key, *timestamp, *nonce, *signature;
};

/* Which step failed; the last one does not say whether key or signature was wrong. */
enum sign_fault {
    SIGN_FINE,
    SIGN_KEY,       /* Huying-Key is missing, or is none */
    SIGN_TIMESTAMP, /* the same of the others */
    SIGN_NONCE,
    SIGN_SIGNATURE,
    SIGN_STALE, /* the timestamp is too far from now */
    SIGN_WRONG
};

/* All that can be said before the body is there. */
enum sign_fault sign_head_check(const struct signed_request *request, int64_t now_ms);
/* The signature over head and body; only for what passed the check above. Takes the same time for
 * a key that there is not. */
enum sign_fault sign_verify(const struct signed_request *request,
        struct bytes body,
        const struct sign_keys *keys);

/* For clients and tests: the text that is signed; and a signature of a shared key, in hex. */
void sign_text(const struct signed_request *request,
        struct bytes body,
        enum scheme scheme,
        struct buf *out);
void sign_shared(const struct sign_key *key,
        const struct signed_request *request,
        struct bytes body,
        struct buf *out);

#endif
