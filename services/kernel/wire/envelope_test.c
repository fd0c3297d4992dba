/* Batches against protobuf-c's generated code in both directions, every limit, and broken bytes. */
#include "services/kernel/wire/envelope.h"

#include <stdlib.h>
#include <string.h>
#include "proto/envelope.pb-c.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"
#include "services/kernel/wire/frame.h"
#include "services/kernel/wire/wire_write.h"

#define ARENA_LIMIT ((size_t)32 << 20)

static const uint8_t trace[TRACE_SIZE] = {0, 1, 2, 3};
static const uint8_t payload[] = "\x08\x96\x01\x12\x03"
                                 "abc";

static const struct envelope full = {.id = INT64_MAX,
        .agg = INT64_C(0x0008000000000001),
        .n = UINT64_MAX,
        .type = UINT32_MAX,
        .source_site = 4095,
        .at_ms = INT64_C(1514793609000),
        .deadline_ms = 30000,
        .request_id = "req-路灯-1",
        .actor = "w-440113007-1",
        .payload = {payload, sizeof payload - 1},
        .trace = {trace, TRACE_SIZE},
        .verdict = 2,
        .reason = 300,
        .text = "没有这个网格"};

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

struct decoded {
    uint64_t incarnation;
    struct envelope *envelopes;
    size_t count;
    const char *why;
};

static enum err decode(struct arena *arena, const struct buf *buf, struct decoded *ret)
{
    *ret = (struct decoded){0};
    arena_reset(arena);
    return batch_decode((const uint8_t *)buf->data, buf->size, arena, &ret->incarnation,
            &ret->envelopes, &ret->count, &ret->why);
}

static void bytes_equal(const struct bytes *left, const struct bytes *right)
{
    assert_int_equal(left->size, right->size);
    if (left->size > 0) {
        assert_memory_equal(left->data, right->data, left->size);
    }
}

static const char *text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static void envelope_equal(const struct envelope *left, const struct envelope *right)
{
    assert_int_equal(left->id, right->id);
    assert_int_equal(left->agg, right->agg);
    assert_int_equal(left->n, right->n);
    assert_int_equal(left->type, right->type);
    assert_int_equal(left->source_site, right->source_site);
    assert_int_equal(left->at_ms, right->at_ms);
    assert_int_equal(left->deadline_ms, right->deadline_ms);
    assert_string_equal(text_or_empty(left->request_id), text_or_empty(right->request_id));
    assert_string_equal(text_or_empty(left->actor), text_or_empty(right->actor));
    assert_string_equal(text_or_empty(left->text), text_or_empty(right->text));
    bytes_equal(&left->payload, &right->payload);
    bytes_equal(&left->trace, &right->trace);
    assert_int_equal(left->verdict, right->verdict);
    assert_int_equal(left->reason, right->reason);
}

/* A random envelope; its numbers have all lengths, its texts live in `texts`. */
static struct envelope envelope_random(struct rng *rng, char texts[3][40])
{
    for (int i = 0; i < 3; i++) {
        size_t size = (size_t)rng_below(rng, 30);
        for (size_t at = 0; at < size; at++) {
            texts[i][at] = (char)('!' + rng_below(rng, 90));
        }
        texts[i][size] = 0;
    }
    return (struct envelope){.id = (int64_t)(rng_next(rng) >> rng_below(rng, 64)),
            .agg = (int64_t)(rng_next(rng) >> (1 + rng_below(rng, 63))),
            .n = rng_next(rng) >> rng_below(rng, 64),
            .type = (uint32_t)(rng_next(rng) >> (32 + rng_below(rng, 32))),
            .source_site = (uint32_t)rng_below(rng, 3),
            .at_ms = (int64_t)rng_next(rng),
            .deadline_ms = (int64_t)rng_below(rng, 3) * 1000,
            .request_id = texts[0],
            .actor = texts[1],
            .payload = {payload, rng_below(rng, 2) * (sizeof payload - 1)},
            .trace = {trace, rng_below(rng, 2) * TRACE_SIZE},
            .verdict = (uint32_t)rng_below(rng, 105),
            .reason = (uint32_t)rng_below(rng, 300),
            .text = texts[2]};
}

static Huying__Wire__Envelope generated_of(const struct envelope *from)
{
    Huying__Wire__Envelope to = HUYING__WIRE__ENVELOPE__INIT;
    to.id = from->id;
    to.agg = from->agg;
    to.n = from->n;
    to.type = from->type;
    to.source_site = from->source_site;
    to.at_ms = from->at_ms;
    to.deadline_ms = from->deadline_ms;
    to.request_id = (char *)(uintptr_t)from->request_id;
    to.actor = (char *)(uintptr_t)from->actor;
    to.payload.data = (uint8_t *)(uintptr_t)from->payload.data;
    to.payload.len = from->payload.size;
    to.trace.data = (uint8_t *)(uintptr_t)from->trace.data;
    to.trace.len = from->trace.size;
    to.verdict = from->verdict;
    to.reason = from->reason;
    to.text = (char *)(uintptr_t)from->text;
    return to;
}

/* The generated code's bytes for the same batch. */
static void generated_pack(
        struct buf *out, uint64_t incarnation, const struct envelope *envelopes, size_t count)
{
    Huying__Wire__Envelope *all = calloc(count, sizeof *all);
    Huying__Wire__Envelope **pointers = calloc(count, sizeof(void *));
    assert_true(all != NULL && pointers != NULL);
    for (size_t i = 0; i < count; i++) {
        all[i] = generated_of(&envelopes[i]);
        pointers[i] = &all[i];
    }
    Huying__Wire__Batch batch = HUYING__WIRE__BATCH__INIT;
    batch.incarnation = incarnation;
    batch.n_envelopes = count;
    batch.envelopes = pointers;
    buf_reset(out);
    buf_reserve(out, huying__wire__batch__get_packed_size(&batch));
    out->size = huying__wire__batch__pack(&batch, (uint8_t *)out->data);
    free(all);
    free(pointers);
}

static void batch_bytes_equal_those_of_generated_code(void **state)
{
    struct rng rng;
    rng_seed(&rng, 21);
    for (size_t round = 0; round < 2000; round++) {
        enum { COUNT = 5 };
        BUF_OWNED own = {0};
        BUF_OWNED generated = {0};
        char texts[COUNT][3][40];
        struct envelope envelopes[COUNT];
        struct decoded decoded;
        uint64_t incarnation = rng_next(&rng) >> rng_below(&rng, 64);
        batch_begin(&own, incarnation);
        for (size_t i = 0; i < COUNT; i++) {
            envelopes[i] = envelope_random(&rng, texts[i]);
            batch_add(&own, &envelopes[i]);
        }
        generated_pack(&generated, incarnation, envelopes, COUNT);
        assert_int_equal(own.size, generated.size);
        assert_memory_equal(own.data, generated.data, own.size);
        assert_int_equal(decode(*state, &own, &decoded), OK);
        assert_int_equal(decoded.incarnation, incarnation);
        assert_int_equal(decoded.count, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            envelope_equal(&decoded.envelopes[i], &envelopes[i]);
        }
    }
}

static void batch_full_and_empty_envelopes_come_back(void **state)
{
    BUF_OWNED buf = {0};
    struct decoded decoded;
    const struct envelope empty = {0};
    buf_add_text(&buf, "left over from before");
    batch_begin(&buf, 99);
    batch_add(&buf, &full);
    batch_add(&buf, &empty);
    assert_int_equal(decode(*state, &buf, &decoded), OK);
    assert_int_equal(decoded.incarnation, 99);
    assert_int_equal(decoded.count, 2);
    envelope_equal(&decoded.envelopes[0], &full);
    envelope_equal(&decoded.envelopes[1], &empty);
    assert_non_null(decoded.envelopes[1].request_id);
    assert_non_null(decoded.envelopes[1].actor);
    assert_non_null(decoded.envelopes[1].text);
}

static void batch_without_envelopes_comes_back(void **state)
{
    BUF_OWNED buf = {0};
    struct decoded decoded;
    batch_begin(&buf, 0);
    assert_int_equal(buf.size, 0);
    assert_int_equal(decode(*state, &buf, &decoded), OK);
    assert_int_equal(decoded.count, 0);
    assert_int_equal(decoded.incarnation, 0);
}

static void batch_decoded_does_not_point_into_the_input(void **state)
{
    BUF_OWNED buf = {0};
    struct decoded decoded;
    batch_begin(&buf, 1);
    batch_add(&buf, &full);
    assert_int_equal(decode(*state, &buf, &decoded), OK);
    memset(buf.data, 0xff, buf.size);
    envelope_equal(&decoded.envelopes[0], &full);
}

/* A batch of one envelope whose bytes are given. */
static void batch_of_bytes(struct buf *buf, const void *bytes, size_t size)
{
    uint8_t head[16];
    head[0] = WIRE_TAG(2, WIRE_BYTES);
    size_t head_size = (size_t)(varint_put(head + 1, size) - head);
    buf_reset(buf);
    buf_add(buf, head, head_size);
    buf_add(buf, bytes, size);
}

static void batch_with_newer_fields_is_taken(void **state)
{
    BUF_OWNED buf = {0};
    struct decoded decoded;
    batch_of_bytes(&buf,
            "\x08\x05\xf8\x07\x01\xfa\x07\x02hi\xfd\x07"
            "1234\xf9\x07"
            "12345678\x18\x02",
            28);
    buf_add(&buf, "\x7a\x02hi", 4);
    assert_int_equal(decode(*state, &buf, &decoded), OK);
    assert_int_equal(decoded.count, 1);
    assert_int_equal(decoded.envelopes[0].id, 5);
    assert_int_equal(decoded.envelopes[0].n, 2);
}

static void batch_last_of_repeated_fields_counts(void **state)
{
    BUF_OWNED buf = {0};
    struct decoded decoded;
    batch_of_bytes(&buf,
            "\x08\x05\x4a\x01"
            "a\x08\x06\x4a\x02"
            "bb",
            11);
    assert_int_equal(decode(*state, &buf, &decoded), OK);
    assert_int_equal(decoded.envelopes[0].id, 6);
    assert_string_equal(decoded.envelopes[0].actor, "bb");
}

static const struct {
    const char *bytes;
    size_t size;
    const char *why;
} broken[] = {
        {"\x08", 1, "cut short"},
        {"\x0b\x0c", 2, "cut short"},
        {"\x0a\x01x", 3, "wire type"},
        {"\x40\x01", 2, "wire type"},
        {"\x0d"
         "1234",
                5, "wire type"},
        {"\x00\x01", 2, "number 0"},
        {"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "negative"},
        {"\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "negative"},
        {"\x20\x80\x80\x80\x80\x10", 6, "32 bits"},
        {"\x28\x80\x80\x80\x80\x10", 6, "32 bits"},
        {"\x60\x80\x80\x80\x80\x10", 6, "32 bits"},
        {"\x68\x80\x80\x80\x80\x10", 6, "32 bits"},
        {"\x42\x01\xff", 3, "UTF-8"},
        {"\x4a\x03"
         "a\0b",
                5, "UTF-8"},
        {"\x72\x02\xc0\xaf", 4, "UTF-8"},
        {"\x5a\x18"
         "123456789012345678901234",
                26, "TRACE_SIZE"},
        {"\x5a\x1a"
         "12345678901234567890123456",
                28, "TRACE_SIZE"},
};

static void batch_decode_refuses_broken_envelopes_and_says_why(void **state)
{
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        BUF_OWNED buf = {0};
        struct decoded decoded;
        batch_of_bytes(&buf, broken[i].bytes, broken[i].size);
        assert_int_equal(decode(*state, &buf, &decoded), ERR_MALFORMED);
        assert_non_null(decoded.why);
        assert_non_null(strstr(decoded.why, broken[i].why));
        assert_null(decoded.envelopes);
    }
}

static void batch_decode_refuses_broken_batches(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {{"\x08", 1}, {"\x10\x01", 2}, {"\x0a\x01x", 3}, {"\x12\x05x", 3}, {"\x00\x01", 2}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        BUF_OWNED buf = {0};
        struct decoded decoded;
        buf_add(&buf, cases[i].bytes, cases[i].size);
        assert_int_equal(decode(*state, &buf, &decoded), ERR_MALFORMED);
        assert_non_null(decoded.why);
    }
}

/* An envelope with one bytes field of `size` letters. */
static enum err decode_text(struct arena *arena, int field, size_t size)
{
    BUF_OWNED buf = {0};
    BUF_OWNED inner = {0};
    struct decoded decoded;
    uint8_t head[16];
    head[0] = WIRE_TAG(field, WIRE_BYTES);
    size_t head_size = (size_t)(varint_put(head + 1, size) - head);
    buf_add(&inner, head, head_size);
    for (size_t i = 0; i < size; i++) {
        buf_add(&inner, "q", 1);
    }
    batch_of_bytes(&buf, inner.data, inner.size);
    return decode(arena, &buf, &decoded);
}

static void batch_decode_takes_each_maximum_and_refuses_one_more(void **state)
{
    static const struct {
        int field;
        size_t size_max;
    } cases[] = {
            {8, REQUEST_ID_MAX}, {9, ACTOR_SIZE - 1}, {10, PAYLOAD_SIZE_MAX}, {14, REPLY_TEXT_MAX}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(decode_text(*state, cases[i].field, cases[i].size_max), OK);
        assert_int_equal(decode_text(*state, cases[i].field, cases[i].size_max + 1), ERR_MALFORMED);
    }
}

static void batch_decode_limits_envelopes_and_fields(void **state)
{
    BUF_OWNED buf = {0};
    struct decoded decoded;
    const struct envelope empty = {0};
    batch_begin(&buf, 1);
    for (int i = 0; i < FRAME_COUNT_MAX; i++) {
        batch_add(&buf, &empty);
    }
    assert_int_equal(decode(*state, &buf, &decoded), OK);
    assert_int_equal(decoded.count, FRAME_COUNT_MAX);
    batch_add(&buf, &empty);
    assert_int_equal(decode(*state, &buf, &decoded), ERR_MALFORMED);
    uint8_t fields[2 * 65];
    for (size_t i = 0; i < sizeof fields; i += 2) {
        fields[i] = 0x78;
        fields[i + 1] = 1;
    }
    batch_of_bytes(&buf, fields, 2 * 64);
    assert_int_equal(decode(*state, &buf, &decoded), OK);
    batch_of_bytes(&buf, fields, 2 * 65);
    assert_int_equal(decode(*state, &buf, &decoded), ERR_MALFORMED);
    buf_reset(&buf);
    buf_add(&buf, fields, 2 * 65);
    assert_int_equal(decode(*state, &buf, &decoded), ERR_MALFORMED);
}

static void batch_decode_refuses_a_deep_payload(void **state)
{
    BUF_OWNED deep = {0};
    BUF_OWNED buf = {0};
    struct decoded decoded;
    for (int i = 0; i < 100; i++) {
        BUF_OWNED inner = {0};
        uint8_t head[16] = {0x0a};
        buf_add(&inner, deep.data, deep.size);
        size_t head_size = (size_t)(varint_put(head + 1, inner.size) - head);
        buf_reset(&deep);
        buf_add(&deep, head, head_size);
        buf_add(&deep, inner.data, inner.size);
    }
    struct envelope envelope = {.payload = {(const uint8_t *)deep.data, deep.size}};
    batch_begin(&buf, 1);
    batch_add(&buf, &envelope);
    assert_int_equal(decode(*state, &buf, &decoded), ERR_MALFORMED);
    assert_non_null(strstr(decoded.why, "deep"));
}

static void batch_decode_refuses_a_batch_larger_than_a_frame(void **state)
{
    BUF_OWNED buf = {0};
    struct decoded decoded;
    buf_reserve(&buf, FRAME_PAYLOAD_MAX + 1);
    memset(buf.data, 0, FRAME_PAYLOAD_MAX + 1);
    buf.size = FRAME_PAYLOAD_MAX + 1;
    assert_int_equal(decode(*state, &buf, &decoded), ERR_MALFORMED);
    assert_non_null(strstr(decoded.why, "FRAME_PAYLOAD_MAX"));
}

static void batch_decode_in_a_small_arena_is_a_limit(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    batch_begin(&buf, 1);
    batch_add(&buf, &full);
    int limits = 0;
    for (size_t limit = 16; limit < 4096; limit += 16) {
        struct arena arena;
        struct decoded decoded;
        arena_init(&arena, limit);
        enum err err = decode(&arena, &buf, &decoded);
        assert_true(err == OK || (err == ERR_LIMIT && decoded.envelopes == NULL));
        limits += err == ERR_LIMIT;
        arena_fini(&arena);
    }
    assert_in_range(limits, 10, 60);
}

/* Every prefix and many mutations: no crash (the sanitizers watch), and what is taken has its
 * limits. */
static void batch_decode_of_damaged_bytes_never_breaks(void **state)
{
    struct rng rng;
    BUF_OWNED whole = {0};
    int taken = 0;
    rng_seed(&rng, 8);
    batch_begin(&whole, 7);
    batch_add(&whole, &full);
    batch_add(&whole, &full);
    for (int i = 0; i < 50000; i++) {
        /* The exact size on the heap, so that reading past the end is seen. */
        size_t size = i % 3 == 0 ? (size_t)rng_below(&rng, whole.size) : whole.size;
        uint8_t *bytes = malloc(size + 1);
        assert_non_null(bytes);
        memcpy(bytes, whole.data, size);
        for (uint64_t n = rng_below(&rng, 4); n > 0 && size > 0; n--) {
            bytes[rng_below(&rng, size)] = (uint8_t)rng_next(&rng);
        }
        bytes = realloc(bytes, size == 0 ? 1 : size);
        struct decoded decoded = {0};
        arena_reset(*state);
        enum err err = batch_decode(bytes, size, *state, &decoded.incarnation, &decoded.envelopes,
                &decoded.count, &decoded.why);
        assert_true(err == OK || (err == ERR_MALFORMED && decoded.why != NULL));
        for (size_t at = 0; at < decoded.count; at++) {
            const struct envelope *envelope = &decoded.envelopes[at];
            assert_true(strlen(envelope->request_id) <= REQUEST_ID_MAX);
            assert_true(strlen(envelope->actor) < ACTOR_SIZE);
            assert_true(envelope->agg >= 0 && envelope->deadline_ms >= 0);
        }
        taken += err == OK;
        free(bytes);
    }
    assert_in_range(taken, 5000, 49000);
}

struct adding {
    struct buf buf;
    struct envelope envelope;
};

static void add(void *self)
{
    struct adding *adding = self;
    batch_add(&adding->buf, &adding->envelope);
}

static void batch_add_past_a_maximum_ends_the_process(void **state)
{
    (void)state;
    static char long_text[REPLY_TEXT_MAX + 2];
    memset(long_text, 'q', sizeof long_text - 1);
    const struct envelope wrong[] = {{.request_id = long_text + REPLY_TEXT_MAX - REQUEST_ID_MAX},
            {.actor = long_text + REPLY_TEXT_MAX + 1 - ACTOR_SIZE}, {.text = long_text},
            {.trace = {trace, 24}}, {.payload = {payload, PAYLOAD_SIZE_MAX + 1}}, {.agg = -1},
            {.deadline_ms = -1}};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct adding adding = {.envelope = wrong[i]};
        assert_true(process_aborts(add, &adding));
    }
    struct adding right = {
            .envelope = {.request_id = long_text + REPLY_TEXT_MAX + 1 - REQUEST_ID_MAX,
                    .actor = long_text + REPLY_TEXT_MAX + 2 - ACTOR_SIZE,
                    .text = long_text + 1}};
    assert_false(process_aborts(add, &right));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(batch_bytes_equal_those_of_generated_code),
            cmocka_unit_test(batch_full_and_empty_envelopes_come_back),
            cmocka_unit_test(batch_without_envelopes_comes_back),
            cmocka_unit_test(batch_decoded_does_not_point_into_the_input),
            cmocka_unit_test(batch_with_newer_fields_is_taken),
            cmocka_unit_test(batch_last_of_repeated_fields_counts),
            cmocka_unit_test(batch_decode_refuses_broken_envelopes_and_says_why),
            cmocka_unit_test(batch_decode_refuses_broken_batches),
            cmocka_unit_test(batch_decode_takes_each_maximum_and_refuses_one_more),
            cmocka_unit_test(batch_decode_limits_envelopes_and_fields),
            cmocka_unit_test(batch_decode_refuses_a_deep_payload),
            cmocka_unit_test(batch_decode_refuses_a_batch_larger_than_a_frame),
            cmocka_unit_test(batch_decode_in_a_small_arena_is_a_limit),
            cmocka_unit_test(batch_decode_of_damaged_bytes_never_breaks),
            cmocka_unit_test(batch_add_past_a_maximum_ends_the_process),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
