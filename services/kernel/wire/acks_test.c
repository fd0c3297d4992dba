/* Acks against protobuf-c's generated code, and their limits. */
#include "services/kernel/wire/envelope.h"

#include <string.h>
#include "proto/envelope.pb-c.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"
#include "services/kernel/wire/frame.h"

#define ARENA_LIMIT ((size_t)1 << 20)

static int setup(void **state)
{
    static struct arena arena;
    arena_init(&arena, ARENA_LIMIT);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    arena_fini(*state);
    return 0;
}

static void acks_come_back_and_generated_code_reads_them(void **state)
{
    static const size_t counts[] = {0, 1, 2, 15, 16, 17, FRAME_COUNT_MAX};
    struct rng rng;
    rng_seed(&rng, 4);
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        BUF_OWNED buf = {0};
        int64_t ids[FRAME_COUNT_MAX], *back = NULL;
        uint64_t incarnation = 0, sent = rng_next(&rng);
        size_t count = 77;
        rng_fill(&rng, ids, sizeof ids);
        buf_add_text(&buf, "left over");
        acks_encode(&buf, sent, ids, counts[i]);
        const uint8_t *bytes = (const uint8_t *)buf.data;
        assert_int_equal(acks_decode(bytes, buf.size, *state, &incarnation, &back, &count), OK);
        assert_int_equal(incarnation, sent);
        assert_int_equal(count, counts[i]);
        assert_memory_equal(back, ids, count * sizeof *ids);
        Huying__Wire__Acks *acks = huying__wire__acks__unpack(NULL, buf.size, bytes);
        assert_non_null(acks);
        assert_int_equal(acks->incarnation, sent);
        assert_int_equal(acks->n_ids, counts[i]);
        if (count > 0) {
            assert_memory_equal(acks->ids, ids, count * sizeof *ids);
        }
        huying__wire__acks__free_unpacked(acks, NULL);
        arena_reset(*state);
    }
}

static void acks_not_packed_and_in_pieces_are_taken(void **state)
{
    int64_t *ids = NULL;
    uint64_t incarnation = 0;
    size_t count = 0;
    const uint8_t bytes[] = "\x11\1\0\0\0\0\0\0\0"
                            "\x08\x05"
                            "\x12\x10\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0"
                            "\x12\x00"
                            "\x78\x01"
                            "\x11\4\0\0\0\0\0\0\0";
    assert_int_equal(acks_decode(bytes, sizeof bytes - 1, *state, &incarnation, &ids, &count), OK);
    assert_int_equal(incarnation, 5);
    assert_int_equal(count, 4);
    for (int64_t i = 0; i < 4; i++) {
        assert_int_equal(ids[i], i + 1);
    }
    assert_int_equal(acks_decode(NULL, 0, *state, &incarnation, &ids, &count), OK);
    assert_int_equal(count, 0);
    assert_int_equal(incarnation, 0);
}

static void acks_broken_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
            {"\x12\x07"
             "1234567",
                    9},
            {"\x10\x01", 2},
            {"\x15"
             "1234",
                    5},
            {"\x0a\x01x", 3},
            {"\x12\x08"
             "1234",
                    6},
            {"\x08", 1},
            {"\x00\x01", 2},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t *ids = NULL;
        uint64_t incarnation = 77;
        size_t count = 77;
        assert_int_equal(acks_decode((const uint8_t *)cases[i].bytes, cases[i].size, *state,
                                 &incarnation, &ids, &count),
                ERR_MALFORMED);
        assert_null(ids);
        assert_int_equal(count, 77);
        assert_int_equal(incarnation, 77);
    }
}

static void acks_more_than_a_frame_has_are_refused(void **state)
{
    BUF_OWNED buf = {0};
    int64_t numbers[FRAME_COUNT_MAX] = {0}, *ids = NULL;
    uint64_t incarnation;
    size_t count;
    acks_encode(&buf, 1, numbers, FRAME_COUNT_MAX);
    buf_add(&buf,
            "\x11"
            "12345678",
            9);
    const uint8_t *bytes = (const uint8_t *)buf.data;
    assert_int_equal(
            acks_decode(bytes, buf.size, *state, &incarnation, &ids, &count), ERR_MALFORMED);
    buf_reset(&buf);
    for (int i = 0; i < FRAME_COUNT_MAX + 65; i++) {
        buf_add(&buf, "\x78\x01", 2);
    }
    bytes = (const uint8_t *)buf.data;
    assert_int_equal(
            acks_decode(bytes, buf.size, *state, &incarnation, &ids, &count), ERR_MALFORMED);
    assert_null(ids);
}

static void acks_in_a_small_arena_are_a_limit(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    struct arena arena;
    int64_t numbers[100] = {0}, *ids = NULL;
    uint64_t incarnation;
    size_t count;
    arena_init(&arena, 160);
    acks_encode(&buf, 1, numbers, 100);
    const uint8_t *bytes = (const uint8_t *)buf.data;
    assert_int_equal(acks_decode(bytes, buf.size, &arena, &incarnation, &ids, &count), ERR_LIMIT);
    arena_fini(&arena);
}

static void encode_too_many(void *self)
{
    static const int64_t ids[FRAME_COUNT_MAX + 1];
    acks_encode(self, 1, ids, FRAME_COUNT_MAX + 1);
}

static void acks_encode_of_too_many_ends_the_process(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    assert_true(process_aborts(encode_too_many, &buf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(acks_come_back_and_generated_code_reads_them),
            cmocka_unit_test(acks_not_packed_and_in_pieces_are_taken),
            cmocka_unit_test(acks_broken_are_refused),
            cmocka_unit_test(acks_more_than_a_frame_has_are_refused),
            cmocka_unit_test(acks_in_a_small_arena_are_a_limit),
            cmocka_unit_test(acks_encode_of_too_many_ends_the_process),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
