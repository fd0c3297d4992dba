/* The ledger's arithmetic: RFC 6962 (section 2.1), SHA-256. A leaf's hash is SHA-256(0x00 ||
 * leaf), a node's SHA-256(0x01 || left || right). A tree of n leaves is kept as its frontier: the
 * roots of the perfect subtrees that n is made of in binary, largest first. Adding a leaf and
 * taking the root need nothing else, so no old leaf is ever read again.
 *
 * The frontier's bytes (merkle_frontier) are persistent: popcount(size) hashes, one after the
 * other. */
#ifndef HUYING_BASE_MERKLE_H
#define HUYING_BASE_MERKLE_H

#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/err.h"

#define MERKLE_HASH_SIZE 32
#define MERKLE_DEPTH_MAX 63 /* sizes are positive 64-bit numbers */

struct merkle {
    int64_t size; /* leaves */
    int count;    /* perfect subtrees: the bits that are set in size */
    uint8_t roots[MERKLE_DEPTH_MAX][MERKLE_HASH_SIZE];
};

void merkle_leaf(const void *data, size_t size, uint8_t ret[MERKLE_HASH_SIZE]);

/* The empty tree. */
void merkle_init(struct merkle *merkle);
/* Adds the leaf with that hash at place `size`. */
void merkle_add(struct merkle *merkle, const uint8_t leaf[MERKLE_HASH_SIZE]);
/* The root as of now; of the empty tree SHA-256 of nothing. */
void merkle_root(const struct merkle *merkle, uint8_t ret[MERKLE_HASH_SIZE]);

/* The frontier's bytes, borrowed from `merkle`; their size is count * MERKLE_HASH_SIZE. */
const uint8_t *merkle_frontier(const struct merkle *merkle, size_t *ret_size);
/* Takes up a stored tree. ERR_MALFORMED when size and bytes do not belong together. */
enum err merkle_load(
        struct merkle *merkle, int64_t size, const void *frontier, size_t frontier_size) MUST_CHECK;

#endif
