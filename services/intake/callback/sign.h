/* Signatures of callbacks as Standard Webhooks has them (standardwebhooks.com): the header
 * webhook-signature is "v1," and the base 64 of HMAC-SHA-256 over "ID.SECONDS.BODY", for each
 * secret in force one, separated by blanks, so that a secret can be replaced without a gap.
 *
 * A secret is "whsec_" and the base 64 of 24 to 64 bytes; only the subscriber and the site have
 * it. Pure but for libsodium. */
#ifndef HUYING_INTAKE_CALLBACK_SIGN_H
#define HUYING_INTAKE_CALLBACK_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/err.h"

#define SECRET_SIZE_MIN 24
#define SECRET_SIZE_MAX 64
#define SIGNATURE_SIZE 48 /* "v1,", 44 characters, the NUL */

struct secret {
    size_t size; /* 0 = none */
    uint8_t bytes[SECRET_SIZE_MAX];
};

/* What is signed. */
struct signed_text {
    const char *id; /* of the message; without a full stop */
    int64_t at_s;   /* seconds since 1970 */
    const void *body;
    size_t size;
};

/* `text` need not end with a NUL. ERR_MALFORMED: not "whsec_" and base 64 of that many bytes; *ret
 * is wiped. */
enum err secret_parse(const char *text, size_t size, struct secret *ret) MUST_CHECK;
void signature_make(
        const struct secret *secret, const struct signed_text *text, char ret[SIGNATURE_SIZE]);
/* True when one of the signatures of a header is that of the secret; unknown versions are left
 * out. How old the message may be is the receiver's to say. */
bool signature_fits(
        const struct secret *secret, const struct signed_text *text, const char *header);

#endif
