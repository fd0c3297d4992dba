/* A process's own key pair, the list of API tokens, the follow keys: a refusal is text that names
 * the file, and never holds a byte of a secret key; a pair that is taken belongs together. */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <zmq.h>

#include "services/intake/follow_keys.h"
#include "services/intake/tokens.h"
#include "services/kernel/bus/keyfile.h"

static void why_claim(const struct buf *why, const char *path)
{
    fuzz_reason(why->data);
    must(strncmp(why->data, path, strlen(path)) == 0);
}

static void keyfile_try(const char *path)
{
    struct keypair pair = {0};
    char public_key[KEY_Z85_SIZE];
    BUF_OWNED why = {0};
    enum err err = keyfile_load(path, &pair, &why);
    must(err == OK || err == ERR_MALFORMED);
    if (err != OK) {
        must(pair.public_key[0] == '\0' && pair.secret_key[0] == '\0');
        why_claim(&why, path);
        return;
    }
    must(zmq_curve_public(public_key, pair.secret_key) == 0);
    must(strcmp(public_key, pair.public_key) == 0);
}

static void tokens_try(const char *path)
{
    struct tokens *tokens = NULL;
    BUF_OWNED why = {0};
    enum err err = tokens_load(path, &tokens, &why);
    must(err == OK || err == ERR_MALFORMED || err == ERR_LIMIT);
    if (err != OK) {
        must(tokens == NULL);
        why_claim(&why, path);
        return;
    }
    must(tokens_find(tokens, "") == NULL);
    tokens_destroy(&tokens);
}

static void follow_try(const char *path)
{
    struct follow_keys *keys = NULL;
    BUF_OWNED why = {0};
    enum err err = follow_keys_load(path, &keys, &why);
    must(err == OK || err == ERR_MALFORMED || err == ERR_LIMIT);
    if (err != OK) {
        must(keys == NULL);
        why_claim(&why, path);
        return;
    }
    must(keys->count >= 1 && keys->count <= FOLLOW_KEYS_MAX);
    follow_keys_destroy(&keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t chosen = fuzz_choose(&data, &size, 3);
    const char *path = fuzz_file(data, size);
    if (chosen == 0)
        keyfile_try(path);
    else if (chosen == 1)
        tokens_try(path);
    else
        follow_try(path);
    return 0;
}
