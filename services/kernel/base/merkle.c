/* RFC 6962's tree by its frontier. Adding a leaf to n joins as many subtrees as n has trailing ones
 * in binary: amortised one node a leaf. */
#include "services/kernel/base/merkle.h"

#include <sodium.h>
#include <string.h>

#include "services/kernel/base/must.h"

_Static_assert(MERKLE_HASH_SIZE == crypto_hash_sha256_BYTES, "SHA-256");

void merkle_leaf(const void *data, size_t size, uint8_t ret[MERKLE_HASH_SIZE])
{
    static const uint8_t prefix = 0x00;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &prefix, 1);
    crypto_hash_sha256_update(&state, data, size);
    crypto_hash_sha256_final(&state, ret);
}

/* `ret` may be one of the two. */
static void node(const uint8_t *left, const uint8_t *right, uint8_t *ret)
{
    uint8_t bytes[1 + 2 * MERKLE_HASH_SIZE];
    bytes[0] = 0x01;
    memcpy(bytes + 1, left, MERKLE_HASH_SIZE);
    memcpy(bytes + 1 + MERKLE_HASH_SIZE, right, MERKLE_HASH_SIZE);
    crypto_hash_sha256(ret, bytes, sizeof bytes);
}

void merkle_init(struct merkle *merkle)
{
    merkle->size = 0;
    merkle->count = 0;
}

void merkle_add(struct merkle *merkle, const uint8_t leaf[MERKLE_HASH_SIZE])
{
    must(merkle->size < INT64_MAX && merkle->count < MERKLE_DEPTH_MAX);
    memcpy(merkle->roots[merkle->count++], leaf, MERKLE_HASH_SIZE);
    for (int64_t rest = merkle->size; rest & 1; rest >>= 1) {
        merkle->count--;
        must(merkle->count > 0);
        node(merkle->roots[merkle->count - 1], merkle->roots[merkle->count],
                merkle->roots[merkle->count - 1]);
    }
    merkle->size++;
}

void merkle_root(const struct merkle *merkle, uint8_t ret[MERKLE_HASH_SIZE])
{
    if (merkle->size == 0) {
        crypto_hash_sha256(ret, NULL, 0);
        return;
    }
    must(merkle->count > 0);
    memcpy(ret, merkle->roots[merkle->count - 1], MERKLE_HASH_SIZE);
    for (int i = merkle->count - 2; i >= 0; i--)
        node(merkle->roots[i], ret, ret);
}

const uint8_t *merkle_frontier(const struct merkle *merkle, size_t *ret_size)
{
    *ret_size = (size_t)merkle->count * MERKLE_HASH_SIZE;
    return merkle->roots[0];
}

enum err merkle_load(
        struct merkle *merkle, int64_t size, const void *frontier, size_t frontier_size)
{
    if (size < 0)
        return ERR_MALFORMED;
    int count = __builtin_popcountll((uint64_t)size);
    if (frontier_size != (size_t)count * MERKLE_HASH_SIZE)
        return ERR_MALFORMED;
    merkle->size = size;
    merkle->count = count;
    if (frontier_size)
        memcpy(merkle->roots, frontier, frontier_size);
    return OK;
}
