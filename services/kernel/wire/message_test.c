/* Opening and packing: what is no message is refused before protobuf-c sees it. */
#include "services/kernel/wire/message.h"

#include <string.h>

#include "proto/ops.pb-c.h"
#include "services/kernel/base/testing.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static void what_is_packed_opens_again(void **state)
{
    Huying__Ops__LetterRef ref = HUYING__OPS__LETTER_REF__INIT;
    BUF_OWNED out = {0};
    (void)state;
    ref.agg = 7;
    ref.n = 3;
    ref.why = text_lend("双份");
    buf_add_text(&out, "before");
    message_add(&ref.base, &out);
    assert_int_equal(out.data[out.size], 0);
    struct bytes added = {(const uint8_t *)out.data + 6, out.size - 6};
    struct bytes whole = message_bytes(&ref.base, &arena);
    assert_int_equal(added.size, whole.size);
    assert_memory_equal(added.data, whole.data, whole.size);
    const Huying__Ops__LetterRef *again =
            message_open(&huying__ops__letter_ref__descriptor, whole, &arena);
    assert_non_null(again);
    assert_int_equal(again->agg, 7);
    assert_int_equal(again->n, 3);
    assert_string_equal(again->why, "双份");
}

static void empty_is_a_message_of_presets(void **state)
{
    (void)state;
    const Huying__Ops__LetterRef *ref =
            message_open(&huying__ops__letter_ref__descriptor, (struct bytes){NULL, 0}, &arena);
    assert_non_null(ref);
    assert_string_equal(ref->why, "");
    assert_string_equal(text_lend(NULL), "");
}

static void what_is_no_message_is_refused(void **state)
{
    static uint8_t deep[4096];
    static const struct {
        const char *data;
        size_t size;
    } cases[] = {
            {"\x08", 1}, /* cut in the number */
            {"\x22\x05"
             "ab",
                    4},              /* cut in the text */
            {"\x0b\x08\x01\x0c", 4}, /* a group */
            {"\x0f", 1},             /* wire type 7 */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bytes payload = {(const uint8_t *)cases[i].data, cases[i].size};
        assert_null(message_open(&huying__ops__letter_ref__descriptor, payload, &arena));
    }
    memset(deep, 0xff, sizeof deep);
    struct bytes noise = {deep, sizeof deep};
    assert_null(message_open(&huying__ops__letter_ref__descriptor, noise, &arena));
}

static void messages_leave_a_quarter_of_the_arena(void **state)
{
    static uint8_t unknown[4096]; /* fields that nobody knows, the dearest ones */
    struct bytes payload = {unknown, sizeof unknown};
    size_t opened = 0;
    (void)state;
    for (size_t i = 0; i < sizeof unknown; i += 2)
        unknown[i] = 0x78;
    while (message_open(&huying__ops__letter_ref__descriptor, payload, &arena))
        opened++;
    assert_in_range(opened, 1, 10000);
    assert_true(arena.used <= arena.limit / 4 * 3);
    /* Not even an empty one when other things have taken that much. */
    (void)arena_get(&arena, arena.limit / 4 * 3 - arena.used);
    assert_null(
            message_open(&huying__ops__letter_ref__descriptor, (struct bytes){NULL, 0}, &arena));
    assert_non_null(arena_find(&arena, arena.limit / 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(what_is_packed_opens_again, setup, teardown),
            cmocka_unit_test_setup_teardown(empty_is_a_message_of_presets, setup, teardown),
            cmocka_unit_test_setup_teardown(what_is_no_message_is_refused, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    messages_leave_a_quarter_of_the_arena, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
