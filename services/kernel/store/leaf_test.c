/* Leaves and pages as bytes: what protobuf's own writer makes is read back, what is no leaf is
 * refused with the field that is wrong, and cut or damaged bytes never read past their end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "proto/leaf.pb-c.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/store/leaf.h"

static uint8_t rest[REST_HASH_SIZE + 1] = {9, 8, 7};

static Huying__Leaf__Leaf good(void)
{
    Huying__Leaf__Leaf leaf = HUYING__LEAF__LEAF__INIT;
    leaf.service = SERVICE_ROUTING;
    leaf.agg = INT64_MAX;
    leaf.ver = INT32_MAX;
    leaf.kind = 4;
    leaf.from_state = 5;
    leaf.to_state = INT16_MAX;
    leaf.at_ms = 1514764800000;
    leaf.unit = 77;
    leaf.due_ms = 1514764900000;
    leaf.rule_ver = 12;
    leaf.rest_hash = (ProtobufCBinaryData){REST_HASH_SIZE, rest};
    return leaf;
}

static struct bytes packed(const Huying__Leaf__Leaf *leaf)
{
    static uint8_t bytes[1024];
    return (struct bytes){bytes, huying__leaf__leaf__pack(leaf, bytes)};
}

static void leaf_of_protobuf_is_read_field_by_field(void **state)
{
    (void)state;
    Huying__Leaf__Leaf from = good();
    struct leaf leaf;
    const char *why = NULL;
    assert_int_equal(leaf_read(packed(&from), &leaf, &why), OK);
    assert_int_equal(leaf.service, from.service);
    assert_int_equal(leaf.agg, from.agg);
    assert_int_equal(leaf.ver, from.ver);
    assert_int_equal(leaf.kind, from.kind);
    assert_int_equal(leaf.from_state, from.from_state);
    assert_int_equal(leaf.to_state, from.to_state);
    assert_int_equal(leaf.at_ms, from.at_ms);
    assert_int_equal(leaf.unit, from.unit);
    assert_int_equal(leaf.due_ms, from.due_ms);
    assert_int_equal(leaf.rule_ver, from.rule_ver);
    assert_memory_equal(leaf.rest_hash, rest, REST_HASH_SIZE);
}

static void leaf_with_a_wrong_field_is_refused_by_name(void **state)
{
    (void)state;
    Huying__Leaf__Leaf list[] = {good(), good(), good(), good(), good(), good(), good(), good()};
    static const char *const names[] = {
            "service", "service", "agg", "agg", "ver", "ver", "kind", "rest_hash"};
    list[0].service = SERVICE_NONE;
    list[1].service = SERVICE_COUNT;
    list[2].agg = 0;
    list[3].agg = -1;
    list[4].ver = 0;
    list[5].ver = -1;
    list[6].from_state = INT16_MAX + 1;
    list[7].rest_hash.len = REST_HASH_SIZE + 1;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct leaf leaf;
        const char *why = "";
        assert_int_equal(leaf_read(packed(&list[i]), &leaf, &why), ERR_MALFORMED);
        if (!strstr(why, names[i]))
            fail_msg("row %zu: %s expected, found \"%s\"", i, names[i], why);
    }
}

static void leaf_of_a_later_version_is_read_up_to_the_limit(void **state)
{
    (void)state;
    static const struct {
        size_t size; /* of field 12 with its head */
        enum err err;
    } table[] = {{50, OK}, {0, ERR_MALFORMED}};
    Huying__Leaf__Leaf from = good();
    uint8_t bytes[1024] = {0};
    struct bytes known = packed(&from);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct leaf leaf;
        const char *why = "";
        size_t more = table[i].size ? table[i].size : LEAF_SIZE_LIMIT + 1 - known.size;
        memcpy(bytes, known.data, known.size);
        bytes[known.size] = 12 << 3 | 2;
        bytes[known.size + 2] = (uint8_t)((more - 3) >> 7);
        bytes[known.size + 1] = (uint8_t)(((more - 3) & 0x7f) | 0x80);
        assert_int_equal(
                leaf_read((struct bytes){bytes, known.size + more}, &leaf, &why), table[i].err);
    }
}

static void bytes_of_other_types_are_no_leaf(void **state)
{
    (void)state;
    static const uint8_t fixed[] = {1 << 3 | 5, 1, 0, 0, 0}, hash[] = {11 << 3 | 0, 3},
                         zero[] = {0 << 3 | 0, 1}, group[] = {1 << 3 | 3}, cut[] = {1 << 3 | 0},
                         endless[] = {8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1};
    const struct bytes table[] = {{fixed, sizeof fixed}, {hash, sizeof hash}, {zero, sizeof zero},
            {group, sizeof group}, {cut, sizeof cut}, {endless, sizeof endless}, {fixed, 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct leaf leaf;
        const char *why = "";
        assert_int_equal(leaf_read(table[i], &leaf, &why), ERR_MALFORMED);
    }
}

static void page_gives_its_leaves_in_order(void **state)
{
    (void)state;
    static uint8_t one[] = {1}, two[] = {2, 2}, bytes[64];
    ProtobufCBinaryData leaves[] = {{sizeof one, one}, {sizeof two, two}, {0, NULL}};
    Huying__Leaf__Page page = HUYING__LEAF__PAGE__INIT;
    page.n_leaves = 3;
    page.leaves = leaves;
    struct bytes all = {bytes, huying__leaf__page__pack(&page, bytes)}, leaf;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(page_leaf_next(&all, &leaf), OK);
        assert_int_equal(leaf.size, leaves[i].len);
        assert_memory_equal(leaf.data, leaves[i].data ? leaves[i].data : leaf.data, leaf.size);
    }
    assert_int_equal(page_leaf_next(&all, &leaf), ERR_NOT_FOUND);
}

/* Each copy ends where its memory ends, so that a sanitizer sees a read beyond. */
static void damaged_bytes_are_never_read_past_their_end(void **state)
{
    (void)state;
    const uint64_t seed = 11;
    struct rng rng;
    rng_seed(&rng, seed);
    Huying__Leaf__Leaf from = good();
    for (int round = 0; round < 20000; round++) {
        struct bytes whole = packed(&from), next;
        size_t size = (size_t)rng_below(&rng, whole.size + 1);
        uint8_t *copy = malloc(size + !size);
        assert_non_null(copy);
        memcpy(copy, whole.data, size);
        for (uint64_t i = rng_below(&rng, 4); size && i > 0; i--)
            copy[rng_below(&rng, size)] = (uint8_t)rng_next(&rng);
        struct leaf leaf;
        const char *why = NULL;
        enum err err = leaf_read((struct bytes){copy, size}, &leaf, &why);
        if (err != OK && (err != ERR_MALFORMED || !why))
            fail_msg("seed %d, round %d: %s", (int)seed, round, err_name(err));
        struct bytes left = {copy, size};
        for (size_t before = size + 1; page_leaf_next(&left, &next) == OK; before = left.size)
            assert_true(left.size < before);
        free(copy);
    }
}

static void rest_hash_is_sha256_of_salt_actor_and_detail(void **state)
{
    (void)state;
    /* printf 'saltactor\0detail' | sha256sum */
    static const uint8_t expected[] = {0x4d, 0xa9, 0x90, 0x82, 0x81, 0x91, 0xa6, 0xdc, 0x6d, 0xd3,
            0xf2, 0x59, 0xae, 0x86, 0x5f, 0xf0, 0xf3, 0xe2, 0xb2, 0x48, 0xb3, 0x95, 0x05, 0x6c,
            0x48, 0x01, 0xad, 0xf6, 0x10, 0xcf, 0x7c, 0x32};
    uint8_t hash[REST_HASH_SIZE];
    leaf_rest_hash((struct bytes){(const uint8_t *)"salt", 4}, "actor",
            (struct bytes){(const uint8_t *)"detail", 6}, hash);
    assert_memory_equal(hash, expected, sizeof hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(leaf_of_protobuf_is_read_field_by_field),
            cmocka_unit_test(leaf_with_a_wrong_field_is_refused_by_name),
            cmocka_unit_test(leaf_of_a_later_version_is_read_up_to_the_limit),
            cmocka_unit_test(bytes_of_other_types_are_no_leaf),
            cmocka_unit_test(page_gives_its_leaves_in_order),
            cmocka_unit_test(damaged_bytes_are_never_read_past_their_end),
            cmocka_unit_test(rest_hash_is_sha256_of_salt_actor_and_detail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
