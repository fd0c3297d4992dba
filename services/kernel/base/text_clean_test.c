/* Cleaned texts against expectations of UAX #15 and of what nobody sees; what no writing has is
 * refused; and of noise: valid, without unseen characters, the same when cleaned again. */
#include "services/kernel/base/text_clean.h"

#include <string.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"

#define NOISE_ROUNDS 3000

static struct arena arena;

static int arena_setup(void **state)
{
    (void)state;
    arena_init(&arena, 16 << 20);
    return 0;
}

static int arena_teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static const struct {
    const char *text, *cleaned;
} cases[] = {
        {"", ""},
        {"路灯不亮", "路灯不亮"},
        {"“路灯”——不亮…", "“路灯”——不亮…"},
        {"cafe\u0301", "caf\u00e9"},
        {"\u212b", "\u00c5"},             /* the Angstrom sign is a letter */
        {"\u1100\u1161\u11a8", "\uac01"}, /* Hangul composes */
        {"a\u0323\u0307", "\u1ea1\u0307"},
        {"a\u0307\u0323", "\u1ea1\u0307"}, /* marks in their order */
        {"\uf900", "\u8c48"},              /* a compatibility ideograph */
        {"ＡＢ１２", "ＡＢ１２"},          /* a form that means something stays */
        {"路\u200b灯", "路灯"},
        {"\ufeff路灯", "路灯"},
        {"e\u200d\u0301", "\u00e9"}, /* composes once the joiner is gone */
        {"付\u202e元001\u202c", "付元001"},
        {"\u2067路\u2069灯\u200f\u061c", "路灯"},
        {"soft\u00adhyphen", "softhyphen"},
        {"\u3164\uffa0\u115f", ""},
        {"路\U000e0041灯", "路灯"},
        {"一\u2028二\u2029三", "一\n二\n三"},
        {"葛\U000e0100", "葛\U000e0100"}, /* which form of a name's character */
        {"\u1820\u180b", "\u1820\u180b"}, /* Mongolian */
        {"🚨", "🚨"},
};

static void texts_that_look_alike_become_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *got = NULL;
        assert_int_equal(text_clean(cases[i].text, &arena, &got), OK);
        assert_string_equal(got, cases[i].cleaned);
        assert_false(text_has_unseen(got));
    }
}

static void a_text_without_anything_to_do_is_not_copied(void **state)
{
    (void)state;
    static const char text[] = "路灯 LIGHT 不亮，“二楼”３号\n";
    const char *got = NULL;
    assert_int_equal(text_clean(text, &arena, &got), OK);
    assert_ptr_equal(got, text);
}

static void what_no_writing_has_is_refused(void **state)
{
    (void)state;
    const char *got = "untouched";
    BUF_OWNED text = {0};
    assert_int_equal(text_clean("\xff", &arena, &got), ERR_MALFORMED);
    assert_int_equal(text_clean("\xed\xa0\x80", &arena, &got), ERR_MALFORMED);
    buf_add_text(&text, "a");
    for (int i = 0; i < TEXT_MARKS_MAX + 1; i++)
        buf_add_text(&text, "\u0325\u200b"); /* what is left out does not part the marks */
    assert_int_equal(text_clean(text.data, &arena, &got), ERR_LIMIT);
    assert_string_equal(got, "untouched");
    buf_reset(&text);
    for (int i = 0; i < TEXT_MARKS_MAX; i++)
        buf_add_text(&text, "\u0325");
    buf_add_text(&text, "b\u0325");
    assert_int_equal(text_clean(text.data, &arena, &got), OK);
}

static void a_full_arena_is_a_limit(void **state)
{
    (void)state;
    struct arena small;
    const char *got = NULL;
    arena_init(&small, 16);
    assert_int_equal(text_clean("cafe\u0301 cafe\u0301 cafe\u0301", &small, &got), ERR_LIMIT);
    arena_fini(&small);
}

static void any_text_stays_valid_and_is_clean_afterwards(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 7);
    for (int round = 0; round < NOISE_ROUNDS; round++) {
        BUF_OWNED text = {0};
        for (uint64_t i = rng_below(&rng, 12); i > 0; i--)
            buf_add_text(&text, cases[rng_below(&rng, COUNT_OF(cases))].text);
        buf_add_text(&text, "");
        const char *once = NULL, *twice = NULL;
        assert_int_equal(text_clean(text.data, &arena, &once), OK);
        assert_true(text_valid(once, strlen(once)) && strlen(once) <= 3 * text.size);
        assert_int_equal(text_clean(once, &arena, &twice), OK);
        assert_string_equal(twice, once);
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(texts_that_look_alike_become_one),
            cmocka_unit_test(a_text_without_anything_to_do_is_not_copied),
            cmocka_unit_test(what_no_writing_has_is_refused),
            cmocka_unit_test(a_full_arena_is_a_limit),
            cmocka_unit_test(any_text_stays_valid_and_is_clean_afterwards),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
