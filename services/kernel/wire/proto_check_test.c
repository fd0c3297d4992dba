/* What proto_check lets through and what it stops: depth, fields, broken bytes; and that neither
 * text nor pictures are taken for attacks. */
#include "services/kernel/wire/envelope.h"

#include <stdlib.h>
#include <string.h>
#include "proto/envelope.pb-c.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"
#include "services/kernel/wire/wire_read.h"
#include "services/kernel/wire/wire_write.h"

/* A field `number` around everything in `buf`. */
static void buf_wrap(struct buf *buf, int number)
{
    BUF_OWNED inner = {0};
    uint8_t head[16];
    buf_add(&inner, buf->data, buf->size);
    head[0] = WIRE_TAG(number, WIRE_BYTES);
    size_t head_size = (size_t)(varint_put(head + 1, inner.size) - head);
    buf_reset(buf);
    buf_add(buf, head, head_size);
    buf_add(buf, inner.data, inner.size);
}

static enum err check(const struct buf *buf)
{
    return proto_check((const uint8_t *)buf->data, buf->size);
}

/* A message with one number, inside `around` more messages. */
static void nested_make(struct buf *buf, int around)
{
    buf_reset(buf);
    buf_add(buf, "\x08\x01", 2);
    for (int i = 0; i < around; i++) {
        buf_wrap(buf, 1);
    }
}

static void proto_check_takes_the_deepest_and_refuses_one_more(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    nested_make(&buf, ENVELOPE_DEPTH_MAX - 1);
    assert_int_equal(check(&buf), OK);
    nested_make(&buf, ENVELOPE_DEPTH_MAX);
    assert_int_equal(check(&buf), ERR_MALFORMED);
    nested_make(&buf, 10000);
    assert_int_equal(check(&buf), ERR_MALFORMED);
}

/* The level that is too deep stands behind and among harmless ones. */
static void proto_check_finds_depth_among_harmless_fields(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    BUF_OWNED deep = {0};
    nested_make(&deep, ENVELOPE_DEPTH_MAX);
    for (int i = 0; i < 50; i++) {
        buf_add(&buf, "\x12\x05hello\x18\x07", 9);
    }
    assert_int_equal(check(&buf), OK);
    buf_add(&buf, deep.data, deep.size);
    assert_int_equal(check(&buf), ERR_MALFORMED);
    buf_add(&buf, "\x18\x07", 2);
    assert_int_equal(check(&buf), ERR_MALFORMED);
}

/* A field number 0, or tags and lengths written longer than needed, must not hide a level. */
static void proto_check_is_not_misled_by_odd_encodings(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    nested_make(&buf, 0);
    for (int i = 0; i < ENVELOPE_DEPTH_MAX; i++) {
        buf_add(&buf, "\x00\x01", 2);
        buf_wrap(&buf, 1);
    }
    assert_int_equal(check(&buf), ERR_MALFORMED);
    nested_make(&buf, 0);
    for (int i = 0; i < ENVELOPE_DEPTH_MAX; i++) {
        BUF_OWNED inner = {0};
        uint8_t head[] = {
                0x8a, 0x80, 0x80, 0x80, 0x00, (uint8_t)(buf.size | 0x80), 0x80, 0x80, 0x00};
        assert_true(buf.size < 128 || i > 10);
        buf_add(&inner, buf.data, buf.size);
        head[5] = (uint8_t)((inner.size & 0x7f) | 0x80);
        head[6] = (uint8_t)((inner.size >> 7 & 0x7f) | 0x80);
        buf_reset(&buf);
        buf_add(&buf, head, sizeof head);
        buf_add(&buf, inner.data, inner.size);
    }
    assert_int_equal(check(&buf), ERR_MALFORMED);
}

static void proto_check_limits_the_number_of_fields(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    for (int i = 0; i < ENVELOPE_FIELDS_MAX; i++) {
        buf_add(&buf, "\x08\x01", 2);
    }
    assert_int_equal(check(&buf), OK);
    buf_add(&buf, "\x08\x01", 2);
    assert_int_equal(check(&buf), ERR_MALFORMED);
    buf_wrap(&buf, 3);
    assert_int_equal(check(&buf), ERR_MALFORMED);
    buf_reset(&buf);
    for (int i = 0; i < 500000; i++) {
        buf_add(&buf, "\xf8\x07\x01", 3);
    }
    assert_int_equal(check(&buf), ERR_MALFORMED);
}

/* Many small messages, each harmless, add up. */
static void proto_check_counts_over_all_levels(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    for (int i = 0; i < ENVELOPE_FIELDS_MAX / 4; i++) {
        buf_add(&buf, "\x12\x06\x08\x01\x10\x02\x18\x03", 8);
    }
    assert_int_equal(check(&buf), OK);
    buf_add(&buf, "\x12\x06\x08\x01\x10\x02\x18\x03", 8);
    assert_int_equal(check(&buf), ERR_MALFORMED);
}

static void proto_check_refuses_what_is_no_message(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
            {"\x08", 1},     /* value is missing */
            {"\x08\x80", 2}, /* value is cut */
            {"\x80", 1},     /* tag is cut */
            {"\x0a\x05"
             "abc",
                    5},                                               /* length is too large */
            {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},     /* length is 2^64-1 */
            {"\x09\x01\x02\x03", 4},                                  /* fixed64 is cut */
            {"\x0d\x01\x02\x03", 4},                                  /* fixed32 is cut */
            {"\x0b\x0c", 2},                                          /* group */
            {"\x0e\x01", 2},                                          /* wire type 6 */
            {"\x0f\x01", 2},                                          /* wire type 7 */
            {"\x00\x01", 2},                                          /* field number 0 */
            {"\x80\x80\x80\x80\x10\x01", 6},                          /* field number 2^29 */
            {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12}, /* eleven bytes */
            {"\x08\x01\x08", 3},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(
                proto_check((const uint8_t *)cases[i].bytes, cases[i].size), ERR_MALFORMED);
    }
    assert_int_equal(proto_check(NULL, 0), OK);
    assert_int_equal(proto_check((const uint8_t *)"\xf8\xff\xff\xff\x0f\x01", 6), OK);
}

/* Every one of these fills a bytes field of the largest payload. */
static void proto_check_never_refuses_ordinary_contents(void **state)
{
    (void)state;
    static const char *const texts[] = {"路灯不亮;井盖缺失\n", " ", "x", "\n",
            "a line of a report, somebody says that it is dark\r\n", "BZJR:\"*2zbjr", "8888",
            "{\"a\":[1,2,3]}"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        BUF_OWNED buf = {0};
        while (buf.size + strlen(texts[i]) < PAYLOAD_SIZE_MAX - 16) {
            buf_add_text(&buf, texts[i]);
        }
        /* A parse that fits by chance depends on the end: try several. */
        for (int end = 0; end < 8; end++) {
            BUF_OWNED one = {0};
            buf_add(&one, buf.data, buf.size - (size_t)end * strlen(texts[i]));
            buf_wrap(&one, 1);
            assert_int_equal(check(&one), OK);
        }
    }
    BUF_OWNED zeros = {0};
    buf_reserve(&zeros, PAYLOAD_SIZE_MAX);
    memset(zeros.data, 0, PAYLOAD_SIZE_MAX - 16);
    zeros.size = PAYLOAD_SIZE_MAX - 16;
    buf_wrap(&zeros, 1);
    assert_int_equal(check(&zeros), OK);
}

static void proto_check_never_refuses_random_bytes_and_text(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 3);
    for (int i = 0; i < 20000; i++) {
        BUF_OWNED buf = {0};
        uint8_t bytes[400];
        size_t size = (size_t)rng_below(&rng, sizeof bytes);
        rng_fill(&rng, bytes, size);
        for (size_t at = 0; i % 2 == 0 && at < size; at++) {
            bytes[at] = (uint8_t)(' ' + bytes[at] % 95);
        }
        buf_add(&buf, bytes, size);
        buf_wrap(&buf, 1);
        assert_int_equal(check(&buf), OK);
    }
}

/* Nothing that protobuf-c unpacks deeper than allowed passes: mutate nested messages and compare
 * with a recursive measure of what protobuf-c would descend into. */
static int depth_of(const uint8_t *data, size_t size, int left)
{
    struct wire_reader reader = {data, data + size};
    struct wire_field field;
    while (reader.at < reader.end) {
        if (!wire_field_next(&reader, &field)) {
            return 0;
        }
    }
    int deepest = 0;
    reader.at = data;
    while (left > 0 && reader.at < reader.end && wire_field_next(&reader, &field)) {
        if (field.type == WIRE_BYTES && field.value > 1) {
            int depth = depth_of(field.data, (size_t)field.value, left - 1);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    return deepest + 1;
}

static void proto_check_agrees_with_a_recursive_measure(void **state)
{
    (void)state;
    struct rng rng;
    int deep = 0;
    rng_seed(&rng, 11);
    for (int i = 0; i < 30000; i++) {
        BUF_OWNED buf = {0};
        nested_make(&buf, (int)rng_below(&rng, 24));
        if (rng_below(&rng, 2) == 0) {
            buf_add(&buf, "\x12\x03zzz\x18\x01", 7);
        }
        for (uint64_t n = rng_below(&rng, 3); n > 0; n--) {
            buf.data[rng_below(&rng, buf.size)] = (char)rng_next(&rng);
        }
        int depth = depth_of((const uint8_t *)buf.data, buf.size, 30);
        bool bounded = proto_bounded((const uint8_t *)buf.data, buf.size);
        assert_int_equal(bounded, depth <= ENVELOPE_DEPTH_MAX);
        deep += !bounded;
    }
    assert_in_range(deep, 1000, 25000);
}

static void arena_allocator_lets_protobuf_unpack_without_free(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    struct arena_allocator own = arena_allocator(&arena);
    ProtobufCAllocator *allocator = (ProtobufCAllocator *)&own;
    const uint8_t bytes[] = "\x08\x05\x4a\x03w-1";
    Huying__Wire__Envelope *envelope =
            huying__wire__envelope__unpack(allocator, sizeof bytes - 1, bytes);
    assert_non_null(envelope);
    assert_int_equal(envelope->id, 5);
    assert_string_equal(envelope->actor, "w-1");
    assert_true(arena.used > 0);
    arena_fini(&arena);
}

static void arena_allocator_makes_unpacking_fail_at_the_limit(void **state)
{
    (void)state;
    struct arena arena;
    BUF_OWNED buf = {0};
    for (int i = 0; i < 5000; i++) {
        buf_add(&buf, "\xf8\x07\x01", 3);
    }
    arena_init(&arena, 64 << 10);
    struct arena_allocator own = arena_allocator(&arena);
    assert_null(huying__wire__envelope__unpack(
            (ProtobufCAllocator *)&own, buf.size, (const uint8_t *)buf.data));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(proto_check_takes_the_deepest_and_refuses_one_more),
            cmocka_unit_test(proto_check_finds_depth_among_harmless_fields),
            cmocka_unit_test(proto_check_is_not_misled_by_odd_encodings),
            cmocka_unit_test(proto_check_limits_the_number_of_fields),
            cmocka_unit_test(proto_check_counts_over_all_levels),
            cmocka_unit_test(proto_check_refuses_what_is_no_message),
            cmocka_unit_test(proto_check_never_refuses_ordinary_contents),
            cmocka_unit_test(proto_check_never_refuses_random_bytes_and_text),
            cmocka_unit_test(proto_check_agrees_with_a_recursive_measure),
            cmocka_unit_test(arena_allocator_lets_protobuf_unpack_without_free),
            cmocka_unit_test(arena_allocator_makes_unpacking_fail_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
