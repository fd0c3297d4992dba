/* The tree against RFC 6962's well-known vectors, and against the RFC's own recursive definition
 * for random sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>
#include "services/kernel/base/merkle.h"
#include "services/kernel/base/rng.h"

#define LEAVES_MAX 700
#define DEPTH_MAX 16

static uint8_t leaves[LEAVES_MAX][MERKLE_HASH_SIZE];

static void hex_equal(const uint8_t hash[MERKLE_HASH_SIZE], const char *expected)
{
    char text[2 * MERKLE_HASH_SIZE + 1];
    sodium_bin2hex(text, sizeof text, hash, MERKLE_HASH_SIZE);
    assert_string_equal(text, expected);
}

/* Certificate Transparency's test vectors: eight leaves, and the root after each. */
static void root_of_known_leaves_is_the_known_one(void **state)
{
    (void)state;
    static const struct {
        const char *leaf, *root;
    } table[] = {
            {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
            {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
            {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
            {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
            {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
            {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
            {"5051525354555657",
                    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
            {"606162636465666768696a6b6c6d6e6f",
                    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct merkle merkle;
    uint8_t root[MERKLE_HASH_SIZE];
    merkle_init(&merkle);
    merkle_root(&merkle, root);
    hex_equal(root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint8_t leaf[16], hash[MERKLE_HASH_SIZE];
        size_t size = 0;
        assert_int_equal(sodium_hex2bin(leaf, sizeof leaf, table[i].leaf, strlen(table[i].leaf),
                                 NULL, &size, NULL),
                0);
        merkle_leaf(leaf, size, hash);
        merkle_add(&merkle, hash);
        assert_int_equal(merkle.size, i + 1);
        merkle_root(&merkle, root);
        hex_equal(root, table[i].root);
    }
}

struct level {
    size_t from, count, split;
    int part;
    uint8_t left[MERKLE_HASH_SIZE];
};

/* MTH of the RFC, with a stack of its own: the largest power of two below n splits. */
static void root_by_definition(size_t count, uint8_t ret[MERKLE_HASH_SIZE])
{
    struct level stack[DEPTH_MAX] = {{.count = count}};
    int depth = 1;
    crypto_hash_sha256(ret, NULL, 0);
    while (count > 0 && depth > 0) {
        struct level *level = &stack[depth - 1];
        if (level->count == 1) {
            memcpy(ret, leaves[level->from], MERKLE_HASH_SIZE);
            depth--;
        } else if (level->part == 0) {
            for (level->split = 1; level->split * 2 < level->count;)
                level->split *= 2;
            level->part = 1;
            stack[depth++] = (struct level){.from = level->from, .count = level->split};
        } else if (level->part == 1) {
            memcpy(level->left, ret, MERKLE_HASH_SIZE);
            level->part = 2;
            stack[depth++] = (struct level){
                    .from = level->from + level->split, .count = level->count - level->split};
        } else {
            uint8_t bytes[1 + 2 * MERKLE_HASH_SIZE] = {1};
            memcpy(bytes + 1, level->left, MERKLE_HASH_SIZE);
            memcpy(bytes + 1 + MERKLE_HASH_SIZE, ret, MERKLE_HASH_SIZE);
            crypto_hash_sha256(ret, bytes, sizeof bytes);
            depth--;
        }
    }
}

static void frontier_grown_in_pieces_equals_full_recomputation(void **state)
{
    (void)state;
    const uint64_t seed = 6962;
    struct rng rng;
    rng_seed(&rng, seed);
    for (size_t i = 0; i < LEAVES_MAX; i++)
        rng_fill(&rng, leaves[i], MERKLE_HASH_SIZE);
    for (int round = 0; round < 60; round++) {
        size_t count = (size_t)rng_below(&rng, LEAVES_MAX + 1), at = 0;
        struct merkle merkle;
        uint8_t root[MERKLE_HASH_SIZE], expected[MERKLE_HASH_SIZE];
        merkle_init(&merkle);
        while (at < count) { /* stored and taken up again between the pieces */
            struct merkle next;
            size_t size, piece = 1 + (size_t)rng_below(&rng, 40);
            const uint8_t *frontier = merkle_frontier(&merkle, &size);
            assert_int_equal(merkle_load(&next, merkle.size, frontier, size), OK);
            for (; piece > 0 && at < count; piece--)
                merkle_add(&next, leaves[at++]);
            merkle = next;
        }
        merkle_root(&merkle, root);
        root_by_definition(count, expected);
        if (memcmp(root, expected, sizeof root) != 0)
            fail_msg("seed %d, round %d, size %zu", (int)seed, round, count);
    }
}

static void load_refuses_frontiers_of_another_size(void **state)
{
    (void)state;
    static const struct {
        int64_t size;
        size_t bytes;
        enum err err;
    } table[] = {{0, 0, OK}, {0, 32, ERR_MALFORMED}, {1, 32, OK}, {3, 32, ERR_MALFORMED},
            {3, 64, OK}, {3, 63, ERR_MALFORMED}, {4, 64, ERR_MALFORMED}, {-1, 0, ERR_MALFORMED},
            {INT64_MAX, 63 * 32, OK}, {INT64_MIN, 32, ERR_MALFORMED}};
    static const uint8_t bytes[64 * MERKLE_HASH_SIZE];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct merkle merkle;
        if (merkle_load(&merkle, table[i].size, bytes, table[i].bytes) != table[i].err)
            fail_msg("row %zu: %s expected", i, err_name(table[i].err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(root_of_known_leaves_is_the_known_one),
            cmocka_unit_test(frontier_grown_in_pieces_equals_full_recomputation),
            cmocka_unit_test(load_refuses_frontiers_of_another_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
