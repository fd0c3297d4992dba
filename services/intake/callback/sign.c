#include "services/intake/callback/sign.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "services/kernel/base/must.h"

#define PREFIX "whsec_"
#define PREFIX_SIZE (sizeof PREFIX - 1)

enum err secret_parse(const char *text, size_t size, struct secret *ret)
{
    size_t got = 0;
    const char *end = NULL;
    bool good =
            size > PREFIX_SIZE && memcmp(text, PREFIX, PREFIX_SIZE) == 0 &&
            sodium_base642bin(ret->bytes, sizeof ret->bytes, text + PREFIX_SIZE, size - PREFIX_SIZE,
                    NULL, &got, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
            end == text + size && got >= SECRET_SIZE_MIN;
    if (!good) {
        sodium_memzero(ret, sizeof *ret);
        return ERR_MALFORMED;
    }
    ret->size = got;
    return OK;
}

void signature_make(
        const struct secret *secret, const struct signed_text *text, char ret[SIGNATURE_SIZE])
{
    crypto_auth_hmacsha256_state state;
    uint8_t sum[crypto_auth_hmacsha256_BYTES];
    char seconds[32];
    must(secret->size >= SECRET_SIZE_MIN && !strchr(text->id, '.'));
    (void)snprintf(seconds, sizeof seconds, ".%" PRId64 ".", text->at_s);
    crypto_auth_hmacsha256_init(&state, secret->bytes, secret->size);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)text->id, strlen(text->id));
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)seconds, strlen(seconds));
    crypto_auth_hmacsha256_update(&state, text->body, text->size);
    crypto_auth_hmacsha256_final(&state, sum);
    memcpy(ret, "v1,", 3);
    (void)sodium_bin2base64(
            ret + 3, SIGNATURE_SIZE - 3, sum, sizeof sum, sodium_base64_VARIANT_ORIGINAL);
}

bool signature_fits(const struct secret *secret, const struct signed_text *text, const char *header)
{
    char wanted[SIGNATURE_SIZE];
    bool fits = false;
    signature_make(secret, text, wanted);
    while (*header) {
        size_t size = strcspn(header, " ");
        if (size == SIGNATURE_SIZE - 1 && sodium_memcmp(header, wanted, size) == 0)
            fits = true;
        header += size + strspn(header + size, " ");
    }
    return fits;
}
