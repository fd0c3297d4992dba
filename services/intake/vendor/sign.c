/* See sign.h. Secrets are wiped by who owns them. */
#include "services/intake/vendor/sign.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include "services/intake/vendor/ossl.h"
#include "services/kernel/base/must.h"

#define HASH_SIZE OSSL_HASH_SIZE

static const struct {
    const char *word, *hash;
    bool pair;
} schemes[SCHEME_COUNT] = {
#define X(name, word, hash, pair) {word, hash, pair},
        SCHEME_TABLE(X)
#undef X
};

static bool name_is_good(const char *name, size_t min)
{
    size_t size = name ? strnlen(name, SIGN_NAME_SIZE) : 0;
    for (size_t i = 0; i < size; i++)
        if (name[i] <= 0x20 || name[i] >= 0x7f)
            return false;
    return size >= min && size < SIGN_NAME_SIZE;
}

/* Unix seconds; -1: not that. */
static int64_t timestamp_read(const char *text)
{
    size_t size = text ? strlen(text) : 0;
    if (size < 1 || size > 11 || strspn(text, "0123456789") != size)
        return -1;
    return strtoll(text, NULL, 10);
}

static bool signature_is_good(const char *text)
{
    size_t size = text ? strlen(text) : 0;
    return size >= 2 && size <= SIGN_SIGNATURE_MAX && size % 2 == 0 &&
           strspn(text, "0123456789abcdefABCDEF") == size;
}

enum sign_fault sign_head_check(const struct signed_request *request, int64_t now_ms)
{
    int64_t at_s = timestamp_read(request->timestamp);
    if (!name_is_good(request->key, 1))
        return SIGN_KEY;
    if (at_s < 0)
        return SIGN_TIMESTAMP;
    if (!name_is_good(request->nonce, SIGN_NONCE_MIN))
        return SIGN_NONCE;
    if (!signature_is_good(request->signature))
        return SIGN_SIGNATURE;
    int64_t apart_s = at_s - now_ms / 1000;
    return apart_s > SIGN_WINDOW_S || apart_s < -SIGN_WINDOW_S ? SIGN_STALE : SIGN_FINE;
}

void sign_text(const struct signed_request *request,
        struct bytes body,
        enum scheme scheme,
        struct buf *out)
{
    uint8_t hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    ossl_hash(schemes[scheme].hash, body.data, body.size, hash);
    (void)sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    buf_add_format(out, "%s\n%s\n%s\n%s\n%s", request->method, request->target, request->timestamp,
            request->nonce, hex);
}

static void shared_count(const struct sign_key *key, const struct buf *text, uint8_t ret[HASH_SIZE])
{
    const struct bytes secret = {key->secret, key->size};
    ossl_mac(schemes[key->scheme].hash, secret, text->data, text->size, ret);
}

void sign_shared(const struct sign_key *key,
        const struct signed_request *request,
        struct bytes body,
        struct buf *out)
{
    BUF_OWNED text = {0};
    uint8_t mac[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    sign_text(request, body, key->scheme, &text);
    shared_count(key, &text, mac);
    buf_add_text(out, sodium_bin2hex(hex, sizeof hex, mac, sizeof mac));
}

enum sign_fault sign_verify(
        const struct signed_request *request, struct bytes body, const struct sign_keys *keys)
{
    static const struct sign_key nobody = {.scheme = SCHEME_HMAC_SHA256, .size = SIGN_SECRET_MIN};
    const struct sign_key *key = &nobody;
    uint8_t given[SIGN_SIGNATURE_MAX / 2], mac[HASH_SIZE];
    size_t size = 0;
    BUF_OWNED text = {0};
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].id, request->key) == 0)
            key = &keys->list[i];
    if (sodium_hex2bin(given, sizeof given, request->signature, strlen(request->signature), NULL,
                &size, NULL) != 0)
        return SIGN_SIGNATURE;
    sign_text(request, body, key->scheme, &text);
    if (schemes[key->scheme].pair)
        return ossl_sm2_fits(key->secret, (struct bytes){given, size}, text.data, text.size)
                       ? SIGN_FINE
                       : SIGN_WRONG;
    shared_count(key, &text, mac);
    bool fits = size == sizeof mac && sodium_memcmp(given, mac, sizeof mac) == 0;
    return fits && key != &nobody ? SIGN_FINE : SIGN_WRONG;
}

static bool key_size_fits(enum scheme scheme, const uint8_t *secret, size_t size)
{
    if (!schemes[scheme].pair)
        return size >= SIGN_SECRET_MIN && size < SIGN_SECRET_MAX;
    return size == OSSL_POINT_SIZE && ossl_point_fits(secret);
}

static enum err key_refuse(struct buf *why, const char *path, int number, const char *expected)
{
    buf_add_format(why, "%s:%d: expected %s\n", path, number, expected);
    return ERR_MALFORMED;
}

/* `line` is cut up. */
static enum err key_read(
        char *line, const char *path, int number, struct sign_keys *keys, struct buf *why)
{
    char *rest = NULL;
    const char *id = strtok_r(line, " \t", &rest);
    const char *word = strtok_r(NULL, " \t", &rest), *hex = strtok_r(NULL, " \t", &rest);
    int scheme = 0;
    while (word && scheme < SCHEME_COUNT && strcmp(schemes[scheme].word, word) != 0)
        scheme++;
    if (!hex || strtok_r(NULL, " \t", &rest))
        return key_refuse(why, path, number, "ID SCHEME HEX");
    if (!name_is_good(id, 1))
        return key_refuse(why, path, number, "an id of 1 to 64 visible characters");
    if (scheme == SCHEME_COUNT)
        return key_refuse(why, path, number, "hmac-sha256, hmac-sm3 or sm2-sm3");
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].id, id) == 0)
            return key_refuse(why, path, number, "an id that stands once");
    if (keys->count == SIGN_KEYS_MAX)
        return key_refuse(why, path, number, "no more than 16 keys");
    struct sign_key *key = &keys->list[keys->count];
    *key = (struct sign_key){.scheme = (enum scheme)scheme};
    if (sodium_hex2bin(key->secret, sizeof key->secret, hex, strlen(hex), NULL, &key->size, NULL) !=
                    0 ||
            !key_size_fits(key->scheme, key->secret, key->size))
        return key_refuse(why, path, number,
                schemes[scheme].pair ? "the public point, 04 and 128 hex digits"
                                     : "a secret of 32 to 128 hex digits");
    memcpy(key->id, id, strlen(id) + 1);
    keys->count++;
    return OK;
}

/* The text ends with a NUL; all lines are looked at. */
static enum err keys_read(char *text, const char *path, struct sign_keys *ret, struct buf *why)
{
    enum err err = OK;
    int number = 0;
    char *rest = text;
    while (rest && *rest) {
        char *line = strsep(&rest, "\n");
        line[strcspn(line, "\r")] = 0;
        number++;
        if (!*line || *line == '#')
            continue;
        enum err wrong = key_read(line, path, number, ret, why);
        err = wrong ? wrong : err;
    }
    if (!err && !ret->count)
        return key_refuse(why, path, number, "at least one key");
    return err;
}

enum err sign_keys_load(const char *path, struct sign_keys *ret, struct buf *why)
{
    char text[SIGN_FILE_SIZE_MAX + 1];
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *ret = (struct sign_keys){0};
    if (fd < 0 || fstat(fd, &stat) != 0) {
        buf_add_format(why, "%s: %s\n", path, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return ERR_NOT_FOUND;
    }
    ssize_t size = read(fd, text, sizeof text);
    (void)close(fd);
    enum err err = OK;
    if (stat.st_mode & (S_IRWXG | S_IRWXO)) {
        buf_add_format(why, "%s: others may read it: expected mode 0600; chmod it\n", path);
        err = ERR_DENIED;
    } else if (size < 0 || (size_t)size == sizeof text) {
        buf_add_format(why, "%s: expected at most %d bytes\n", path, SIGN_FILE_SIZE_MAX);
        err = ERR_LIMIT;
    } else {
        text[size] = 0;
        err = keys_read(text, path, ret, why);
    }
    sodium_memzero(text, sizeof text);
    return err;
}
