#include "tests/kit/ops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "services/kernel/base/rng.h"

#define ROOM 65536

void kit_names_are_complete(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_non_null(names[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
    }
    assert_null(names[count]);
}

void kit_refusals_have_sentences(const struct aggregate_ops *ops, uint32_t count)
{
    for (uint32_t reason = 0; reason < count; reason++) {
        const char *zh = ops->reason_text(reason, "zh");
        const char *en = ops->reason_text(reason, "en");
        assert_true(strlen(zh) > 0 && (zh[0] & 0x80) != 0);
        assert_true(strlen(en) > 0 && (en[0] & 0x80) == 0);
    }
    assert_string_equal(ops->reason_text(count, "en"), "");
}

void kit_inputs_are_listed_once(const struct aggregate_ops *ops)
{
    for (size_t i = 0; i < ops->input_count; i++) {
        const struct input_type *one = &ops->inputs[i];
        assert_int_equal(one->kind == INPUT_COMMAND, one->right != 0);
        for (size_t k = 0; k < i; k++) {
            const struct input_type *other = &ops->inputs[k];
            assert_false(one->kind == other->kind && one->source == other->source &&
                         one->type == other->type);
        }
    }
}

enum err kit_decode(kit_decode_fn *decode,
        const ProtobufCMessage *message,
        const void **ret_body,
        const char **ret_why)
{
    static uint8_t payload[ROOM];
    static struct arena arena;
    assert_true(protobuf_c_message_get_packed_size(message) <= ROOM);
    size_t size = protobuf_c_message_pack(message, payload);
    if (!arena.limit)
        arena_init(&arena, 16 << 20);
    arena_reset(&arena);
    *ret_body = NULL;
    *ret_why = NULL;
    return decode((struct bytes){payload, size}, &arena, ret_body, ret_why);
}

void kit_decoders_take_noise(kit_decode_fn *const *decoders, size_t count)
{
    uint8_t payload[64];
    size_t refused = 0;
    struct arena arena;
    struct rng rng;
    arena_init(&arena, 16 << 20);
    rng_seed(&rng, 7);
    for (size_t i = 0; i < 30000; i++) {
        size_t size = rng_below(&rng, sizeof payload);
        const void *body = NULL;
        const char *why = NULL;
        rng_fill(&rng, payload, size);
        enum err err = decoders[i % count]((struct bytes){payload, size}, &arena, &body, &why);
        assert_true(err == OK ? body != NULL : why != NULL);
        refused += err != OK;
        arena_reset(&arena);
    }
    assert_true(refused > 1000);
    arena_fini(&arena);
}

char *kit_text(size_t size, const char *tail)
{
    static char text[ROOM];
    assert_true(size + strlen(tail) < ROOM);
    memset(text, 'x', size);
    memcpy(text + size, tail, strlen(tail) + 1);
    return text;
}
