/* The frame's header: its layout byte by byte, and every way to break it. */
#include "services/kernel/wire/frame.h"

#include <string.h>
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"

static const struct frame sample = {.kind = FRAME_EVENTS,
        .dest = SERVICE_ROUTING,
        .source = SERVICE_INTAKE,
        .bucket = 5,
        .count = 0x0102,
        .site = 0x0304,
        .credit = 0x05060708,
        .reason = 0x090a0b0c,
        .rights = 0x41424344,
        .token = UINT64_C(0x1112131415161718),
        .serial = UINT64_C(0x2122232425262728),
        .incarnation = UINT64_C(0x3132333435363738),
        .peer = "intake-1"};

/* The layout is persistent: written out here by hand, not made by the code under test. */
static const uint8_t sample_bytes[FRAME_HEADER_SIZE] = {0x48, 0x59, 2, 6, 2, 1, 5, 0, 2, 1, 4, 3, 8,
        7, 6, 5, 0x0c, 0x0b, 0x0a, 9, 0x44, 0x43, 0x42, 0x41, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13,
        0x12, 0x11, 0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, 0x38, 0x37, 0x36, 0x35, 0x34,
        0x33, 0x32, 0x31, 'i', 'n', 't', 'a', 'k', 'e', '-', '1'};

static void frame_encode_has_the_documented_layout(void **state)
{
    (void)state;
    uint8_t bytes[FRAME_HEADER_SIZE];
    memset(bytes, 0xff, sizeof bytes);
    frame_encode(&sample, bytes);
    assert_memory_equal(bytes, sample_bytes, sizeof bytes);
}

static void frame_decode_gives_every_field_back(void **state)
{
    (void)state;
    struct frame frame;
    assert_int_equal(frame_decode(sample_bytes, sizeof sample_bytes, &frame), OK);
    assert_int_equal(frame.kind, sample.kind);
    assert_int_equal(frame.dest, sample.dest);
    assert_int_equal(frame.source, sample.source);
    assert_int_equal(frame.bucket, sample.bucket);
    assert_int_equal(frame.count, sample.count);
    assert_int_equal(frame.site, sample.site);
    assert_int_equal(frame.credit, sample.credit);
    assert_int_equal(frame.reason, sample.reason);
    assert_int_equal(frame.rights, sample.rights);
    assert_int_equal(frame.token, sample.token);
    assert_int_equal(frame.serial, sample.serial);
    assert_int_equal(frame.incarnation, sample.incarnation);
    assert_string_equal(frame.peer, sample.peer);
}

static void frame_decode_refuses_each_broken_field(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
        enum err err;
    } cases[] = {
            {0, 0x49, ERR_MALFORMED}, {1, 0x48, ERR_MALFORMED}, {2, 0, ERR_UNKNOWN},
            {2, 3, ERR_UNKNOWN}, {3, 0, ERR_MALFORMED}, {3, FRAME_FEED + 1, ERR_MALFORMED},
            {3, 255, ERR_MALFORMED}, {4, SERVICE_COUNT, ERR_MALFORMED},
            {5, SERVICE_COUNT, ERR_MALFORMED}, {6, BUCKET_COUNT, ERR_MALFORMED},
            {9, 4, ERR_MALFORMED}, /* count 0x402 */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[FRAME_HEADER_SIZE];
        struct frame frame = {.serial = 77};
        memcpy(bytes, sample_bytes, sizeof bytes);
        bytes[cases[i].at] = cases[i].value;
        assert_int_equal(frame_decode(bytes, sizeof bytes, &frame), cases[i].err);
        assert_int_equal(frame.serial, 77);
    }
}

static void frame_decode_refuses_other_sizes_and_endless_names(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX + 1];
    struct frame frame = {.serial = 77};
    memcpy(bytes, sample_bytes, FRAME_HEADER_SIZE);
    for (size_t size = 0; size < FRAME_HEADER_SIZE; size++)
        assert_int_equal(frame_decode(bytes, size, &frame), ERR_MALFORMED);
    assert_int_equal(frame.serial, 77);
    assert_int_equal(frame_decode(bytes, FRAME_HEADER_SIZE + 1, &frame), OK);
    assert_int_equal(frame_decode(bytes, sizeof bytes - 1, &frame), OK);
    assert_int_equal(frame_decode(bytes, sizeof bytes, &frame), ERR_MALFORMED);
    assert_int_equal(frame_decode(NULL, 0, &frame), ERR_MALFORMED);
    memset(bytes + FRAME_HEADER_SIZE - PEER_SIZE, 'x', PEER_SIZE);
    assert_int_equal(frame_decode(bytes, FRAME_HEADER_SIZE, &frame), ERR_MALFORMED);
    bytes[FRAME_HEADER_SIZE - 1] = 0;
    assert_int_equal(frame_decode(bytes, FRAME_HEADER_SIZE, &frame), OK);
}

/* Whatever is taken can be written again and is then the same, but for the reserved bytes and what
 * stands behind the name's NUL. */
static void frame_decode_of_random_bytes_is_consistent(void **state)
{
    (void)state;
    struct rng rng;
    int taken = 0;
    rng_seed(&rng, 5);
    for (int i = 0; i < 200000; i++) {
        uint8_t bytes[FRAME_HEADER_SIZE], again[FRAME_HEADER_SIZE];
        struct frame frame, twice;
        rng_fill(&rng, bytes, sizeof bytes);
        memcpy(bytes, sample_bytes, 3);
        for (size_t at = 3; at < 7; at++) {
            bytes[at] &= 15;
        }
        bytes[9] &= 3;
        if (frame_decode(bytes, sizeof bytes, &frame) == OK) {
            taken++;
            frame_encode(&frame, again);
            assert_int_equal(frame_decode(again, sizeof again, &twice), OK);
            assert_memory_equal(bytes + 24, again + 24, 24);
            assert_string_equal(frame.peer, twice.peer);
        }
    }
    assert_true(taken > 500);
}

static void encode(void *self)
{
    uint8_t bytes[FRAME_HEADER_SIZE];
    frame_encode(self, bytes);
}

static void frame_encode_of_what_decode_refuses_ends_the_process(void **state)
{
    (void)state;
    struct frame frame = sample;
    assert_false(process_aborts(encode, &frame));
    frame.bucket = BUCKET_COUNT;
    assert_true(process_aborts(encode, &frame));
    frame = sample;
    frame.count = FRAME_COUNT_MAX + 1;
    assert_true(process_aborts(encode, &frame));
    frame = sample;
    memset(frame.peer, 'x', sizeof frame.peer);
    assert_true(process_aborts(encode, &frame));
    frame = (struct frame){0};
    assert_true(process_aborts(encode, &frame));
}

static void frame_names_and_nak_texts_exist(void **state)
{
    (void)state;
    assert_string_equal(frame_kind_name(FRAME_READY), "FRAME_READY");
    assert_string_equal(frame_kind_name(FRAME_FEED), "FRAME_FEED");
    assert_string_equal(frame_kind_name((enum frame_kind)0), "FRAME_?");
    assert_string_equal(frame_kind_name((enum frame_kind)99), "FRAME_?");
    assert_non_null(strstr(nak_text(NAK_NO_CREDIT), "taken as much"));
    assert_non_null(strstr(nak_text((enum nak_reason)99), "not known"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(frame_encode_has_the_documented_layout),
            cmocka_unit_test(frame_decode_gives_every_field_back),
            cmocka_unit_test(frame_decode_refuses_each_broken_field),
            cmocka_unit_test(frame_decode_refuses_other_sizes_and_endless_names),
            cmocka_unit_test(frame_decode_of_random_bytes_is_consistent),
            cmocka_unit_test(frame_encode_of_what_decode_refuses_ends_the_process),
            cmocka_unit_test(frame_names_and_nak_texts_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
