/* Small secrets at rest: sealed by a key of the site's, so that a dump of the database opens
 * nothing. XChaCha20-Poly1305 of libsodium: 24 random bytes, then the sealed text; what the text is
 * about (a row's name) is authenticated with it, so that it opens in its own row alone.
 *
 * Keys are lines of 64 hex digits in a file that its owner alone may read: the first seals, every
 * one of them opens, so a key is replaced by putting another in front. Lines with # are left out.
 * To change the format put a version in front of the random bytes. */
#ifndef HUYING_BASE_SEAL_H
#define HUYING_BASE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

#define SEAL_KEY_SIZE 32
#define SEAL_KEYS_MAX 8
#define SEAL_FILE_SIZE_MAX 4096
#define SEAL_SIZE_MORE 40 /* a sealed text is longer by so many bytes */

struct seal_keys {
    size_t count;
    uint8_t list[SEAL_KEYS_MAX][SEAL_KEY_SIZE];
};

/* ERR_NOT_FOUND: cannot be read; ERR_DENIED: others may read it; ERR_MALFORMED, ERR_LIMIT: `why`
 * names file, line and what was expected, and holds nothing of a key. *ret is then wiped. */
enum err seal_keys_load(const char *path, struct seal_keys *ret, struct buf *why) MUST_CHECK;
void seal_keys_wipe(struct seal_keys *keys);

/* Appends the sealed text. There must be a key. */
void seal_close(const struct seal_keys *keys,
        const char *about,
        const void *text,
        size_t size,
        struct buf *out);
/* ERR_DENIED: sealed by another key, about something else, or changed; nothing is appended. */
enum err seal_open(const struct seal_keys *keys,
        const char *about,
        const void *sealed,
        size_t size,
        struct buf *out) MUST_CHECK;

/* A number made of that key, positive, from which nothing of the key can be learned: what stands
 * beside a sealed text says so by which key it was sealed. */
int64_t seal_key_id(const struct seal_keys *keys, size_t index);
/* True when one of the keys has that number. */
bool seal_key_known(const struct seal_keys *keys, int64_t id);

#define SEAL_MARK_SIZE 32
/* Replaces a digest by one that only a holder of that key can make: of what has few possible
 * values, like a telephone number, a plain digest is found out by trying. */
void seal_mark(const struct seal_keys *keys, size_t index, uint8_t digest[SEAL_MARK_SIZE]);

#endif
