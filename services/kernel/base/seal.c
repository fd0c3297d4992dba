#include "services/kernel/base/seal.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "services/kernel/base/must.h"

#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
#define CONTEXT "hyseal01" /* of keys made of a key, so that each has one use */

enum { USE_ID = 1, USE_MARK };

/* *ret_size may be one more than there is room for: too large. */
static enum err file_read(
        const char *path, char ret[SEAL_FILE_SIZE_MAX + 1], size_t *ret_size, struct buf *why)
{
    struct stat stat;
    ssize_t got = 0;
    *ret_size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) != 0) {
        buf_add_format(why, "%s: %s; expected a file of keys", path, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return ERR_NOT_FOUND;
    }
    if (stat.st_mode & (S_IRWXG | S_IRWXO)) {
        (void)close(fd);
        buf_add_format(why, "%s: others may read it: expected mode 0600; chmod it", path);
        return ERR_DENIED;
    }
    while (*ret_size <= SEAL_FILE_SIZE_MAX &&
            (got = read(fd, ret + *ret_size, SEAL_FILE_SIZE_MAX + 1 - *ret_size)) > 0)
        *ret_size += (size_t)got;
    (void)close(fd);
    if (got < 0)
        buf_add_format(why, "%s: cannot be read; expected a file of keys", path);
    return got < 0 ? ERR_NOT_FOUND : OK;
}

static enum err line_read(const char *line,
        size_t size,
        const char *path,
        int number,
        struct seal_keys *keys,
        struct buf *why)
{
    size_t written = 0;
    if (size == 0 || *line == '#')
        return OK;
    if (keys->count == SEAL_KEYS_MAX) {
        buf_add_format(why, "%s:%d: more than %d keys; take out the oldest, which are below", path,
                number, SEAL_KEYS_MAX);
        return ERR_LIMIT;
    }
    if (size != (size_t)2 * SEAL_KEY_SIZE ||
            sodium_hex2bin(keys->list[keys->count], SEAL_KEY_SIZE, line, size, NULL, &written,
                    NULL) != 0 ||
            written != SEAL_KEY_SIZE) {
        buf_add_format(
                why, "%s:%d: expected a key of %d hex digits", path, number, 2 * SEAL_KEY_SIZE);
        return ERR_MALFORMED;
    }
    keys->count++;
    return OK;
}

static enum err lines_read(
        const char *text, size_t size, const char *path, struct seal_keys *keys, struct buf *why)
{
    const char *end = text + size;
    if (size > SEAL_FILE_SIZE_MAX) {
        buf_add_format(why, "%s: more than %d bytes", path, SEAL_FILE_SIZE_MAX);
        return ERR_LIMIT;
    }
    for (int number = 1; text < end; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline ? newline : end) - text);
        size_t shown = length && text[length - 1] == '\r' ? length - 1 : length;
        enum err err = line_read(text, shown, path, number, keys, why);
        if (err)
            return err;
        text += length + 1;
    }
    if (keys->count)
        return OK;
    buf_add_format(
            why, "%s: no key in it: expected lines of %d hex digits", path, 2 * SEAL_KEY_SIZE);
    return ERR_MALFORMED;
}

enum err seal_keys_load(const char *path, struct seal_keys *ret, struct buf *why)
{
    char text[SEAL_FILE_SIZE_MAX + 1];
    size_t size = 0;
    ret->count = 0;
    enum err err = file_read(path, text, &size, why);
    if (!err)
        err = lines_read(text, size, path, ret, why);
    sodium_memzero(text, sizeof text);
    if (err)
        seal_keys_wipe(ret);
    return err;
}

void seal_keys_wipe(struct seal_keys *keys)
{
    sodium_memzero(keys, sizeof *keys);
}

void seal_close(const struct seal_keys *keys,
        const char *about,
        const void *text,
        size_t size,
        struct buf *out)
{
    uint8_t nonce[NONCE_SIZE];
    unsigned long long sealed = 0;
    _Static_assert(SEAL_SIZE_MORE == NONCE_SIZE + TAG_SIZE, "the header says how much longer");
    must(keys->count > 0);
    randombytes_buf(nonce, sizeof nonce);
    buf_add(out, nonce, sizeof nonce);
    buf_reserve(out, size + TAG_SIZE);
    must(crypto_aead_xchacha20poly1305_ietf_encrypt((uint8_t *)out->data + out->size, &sealed, text,
                 size, (const uint8_t *)about, strlen(about), NULL, nonce, keys->list[0]) == 0);
    out->size += (size_t)sealed;
    out->data[out->size] = 0;
}

enum err seal_open(const struct seal_keys *keys,
        const char *about,
        const void *sealed,
        size_t size,
        struct buf *out)
{
    const uint8_t *nonce = sealed;
    unsigned long long opened = 0;
    if (size < SEAL_SIZE_MORE)
        return ERR_DENIED;
    buf_reserve(out, size);
    for (size_t i = 0; i < keys->count; i++) {
        if (crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)out->data + out->size, &opened,
                    NULL, nonce + NONCE_SIZE, size - NONCE_SIZE, (const uint8_t *)about,
                    strlen(about), nonce, keys->list[i]) != 0)
            continue;
        out->size += (size_t)opened;
        out->data[out->size] = 0;
        return OK;
    }
    return ERR_DENIED;
}

int64_t seal_key_id(const struct seal_keys *keys, size_t index)
{
    uint8_t bytes[crypto_kdf_BYTES_MIN];
    int64_t id = 0;
    must(index < keys->count);
    must(crypto_kdf_derive_from_key(bytes, sizeof bytes, USE_ID, CONTEXT, keys->list[index]) == 0);
    for (size_t i = 0; i < sizeof id; i++)
        id = (int64_t)((uint64_t)id << 8 | bytes[i]);
    return id & INT64_MAX;
}

bool seal_key_known(const struct seal_keys *keys, int64_t id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (seal_key_id(keys, i) == id)
            return true;
    return false;
}

void seal_mark(const struct seal_keys *keys, size_t index, uint8_t digest[SEAL_MARK_SIZE])
{
    uint8_t key[crypto_auth_hmacsha256_KEYBYTES], mac[crypto_auth_hmacsha256_BYTES];
    must(index < keys->count);
    must(crypto_kdf_derive_from_key(key, sizeof key, USE_MARK, CONTEXT, keys->list[index]) == 0);
    must(crypto_auth_hmacsha256(mac, digest, SEAL_MARK_SIZE, key) == 0);
    memcpy(digest, mac, sizeof mac);
    sodium_memzero(key, sizeof key);
}
