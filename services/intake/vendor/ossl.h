/* SM2, SM3 and HMAC, which libsodium does not have: OpenSSL 3's, by its names of algorithms. In a
 * file of its own, since OpenSSL's header has parameters called by a name that this tree forbids:
 * ossl.c alone is compiled without banned.h. It never reads a clock or draws a number. */
#ifndef HUYING_INTAKE_VENDOR_OSSL_H
#define HUYING_INTAKE_VENDOR_OSSL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/wire/envelope.h" /* struct bytes */

#define OSSL_HASH_SIZE 32  /* of SHA256 and of SM3 */
#define OSSL_POINT_SIZE 65 /* of SM2's public key: 04, X, Y */

/* `hash` is "SHA256" or "SM3". */
void ossl_hash(const char *hash, const void *data, size_t size, uint8_t ret[OSSL_HASH_SIZE]);
void ossl_mac(const char *hash,
        struct bytes secret,
        const void *data,
        size_t size,
        uint8_t ret[OSSL_HASH_SIZE]);
/* True when it is a point of the curve. */
bool ossl_point_fits(const uint8_t point[OSSL_POINT_SIZE]);
/* SM2 with SM3 and the usual id of a signer, 1234567812345678; the signature is in DER. */
bool ossl_sm2_fits(const uint8_t point[OSSL_POINT_SIZE],
        struct bytes signature,
        const void *data,
        size_t size);

#endif
