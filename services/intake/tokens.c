/* See tokens.h. */
#include "services/intake/tokens.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_decision.h" /* PEER_SIZE */

#define LINE_SIZE 256

struct token {
    char name[PEER_SIZE];
    unsigned char hash[crypto_hash_sha256_BYTES];
};

struct tokens {
    size_t count;
    struct token list[TOKENS_MAX];
};

static bool name_is_good(const char *name, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    return size >= 1 && size < PEER_SIZE && strspn(name, letters) >= size;
}

static bool token_read(const char *line, struct token *ret)
{
    const char *colon = strchr(line, ':');
    if (!colon || !name_is_good(line, (size_t)(colon - line)))
        return false;
    const char *hex = colon + 1;
    size_t size = 0;
    if (strlen(hex) != 2 * sizeof ret->hash ||
            sodium_hex2bin(ret->hash, sizeof ret->hash, hex, strlen(hex), NULL, &size, NULL) != 0)
        return false;
    memcpy(ret->name, line, (size_t)(colon - line));
    ret->name[colon - line] = 0;
    return size == sizeof ret->hash;
}

static enum err lines_read(FILE *file, const char *path, struct tokens *tokens, struct buf *why)
{
    char line[LINE_SIZE];
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        line[strcspn(line, "\r\n")] = 0;
        if (!line[0] || line[0] == '#')
            continue;
        if (tokens->count == TOKENS_MAX) {
            buf_add_format(why, "%s:%d: more than %d tokens", path, number, TOKENS_MAX);
            return ERR_LIMIT;
        }
        if (!token_read(line, &tokens->list[tokens->count])) {
            buf_add_format(why,
                    "%s:%d: expected name:sha256, a name of 1 to %d letters, digits, '.', '_', "
                    "'-' and 64 hex digits",
                    path, number, PEER_SIZE - 1);
            return ERR_MALFORMED;
        }
        tokens->count++;
    }
    return OK;
}

enum err tokens_load(const char *path, struct tokens **ret, struct buf *why)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        buf_add_format(why, "%s: %s", path, strerror(errno));
        return ERR_NOT_FOUND;
    }
    struct tokens *tokens = must_memory(calloc(1, sizeof *tokens));
    enum err err = lines_read(file, path, tokens, why);
    (void)fclose(file);
    if (err)
        free(tokens);
    else
        *ret = tokens;
    return err;
}

void tokens_destroy(struct tokens **tokens)
{
    free(*tokens);
    *tokens = NULL;
}

const char *tokens_find(const struct tokens *tokens, const char *token)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    const char *name = NULL;
    size_t size = strnlen(token, TOKEN_SIZE_MAX + 1);
    if (size > TOKEN_SIZE_MAX)
        return NULL;
    crypto_hash_sha256(hash, (const unsigned char *)token, size);
    for (size_t i = 0; i < tokens->count; i++) {
        if (sodium_memcmp(hash, tokens->list[i].hash, sizeof hash) == 0)
            name = tokens->list[i].name;
    }
    return name;
}
