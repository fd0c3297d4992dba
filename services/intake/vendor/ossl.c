/* See ossl.h. What cannot fail but for want of memory or of an algorithm is must(): OpenSSL 3 has
 * all of these in its default provider. */
#include "services/intake/vendor/ossl.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>
#include "services/kernel/base/must.h"

#define SIGNER_ID "1234567812345678"

void ossl_hash(const char *hash, const void *data, size_t size, uint8_t ret[OSSL_HASH_SIZE])
{
    size_t got = 0;
    must(EVP_Q_digest(NULL, hash, NULL, size ? data : "", size, ret, &got) == 1);
    must(got == OSSL_HASH_SIZE);
}

void ossl_mac(const char *hash,
        struct bytes secret,
        const void *data,
        size_t size,
        uint8_t ret[OSSL_HASH_SIZE])
{
    size_t got = 0;
    must(EVP_Q_mac(NULL, "HMAC", NULL, hash, NULL, secret.data, secret.size, data, size, ret,
            OSSL_HASH_SIZE, &got));
    must(got == OSSL_HASH_SIZE);
}

/* NULL: not a point of the curve. */
static EVP_PKEY *point_read(const uint8_t point[OSSL_POINT_SIZE])
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *maker = must_memory(EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL));
    char group[] = "SM2";
    uint8_t copy[OSSL_POINT_SIZE];
    memcpy(copy, point, sizeof copy);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
            OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof copy),
            OSSL_PARAM_construct_end()};
    if (EVP_PKEY_fromdata_init(maker) != 1 ||
            EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(maker);
    return key;
}

bool ossl_point_fits(const uint8_t point[OSSL_POINT_SIZE])
{
    EVP_PKEY *key = point_read(point);
    EVP_PKEY_free(key);
    return key != NULL;
}

bool ossl_sm2_fits(
        const uint8_t point[OSSL_POINT_SIZE], struct bytes signature, const void *data, size_t size)
{
    EVP_PKEY *key = point_read(point);
    if (!key)
        return false;
    EVP_MD_CTX *md = must_memory(EVP_MD_CTX_new());
    EVP_PKEY_CTX *context = must_memory(EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL));
    bool fits = EVP_PKEY_CTX_set1_id(context, SIGNER_ID, (int)strlen(SIGNER_ID)) == 1;
    EVP_MD_CTX_set_pkey_ctx(md, context);
    fits = fits && EVP_DigestVerifyInit(md, NULL, EVP_sm3(), NULL, key) == 1 &&
           EVP_DigestVerify(md, signature.data, signature.size, data, size) == 1;
    EVP_MD_CTX_free(md);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return fits;
}
