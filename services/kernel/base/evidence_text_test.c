/* Evidence: every kind can be brought once, has a word for the record and one in each language. */
#include "services/kernel/base/evidence_text.h"

#include <string.h>
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/testing.h"

static void every_kind_is_brought_once_and_has_its_words(void **state)
{
    (void)state;
    struct evidence list[EVIDENCE_KINDS];
    int count = 0;
    for (uint32_t kind = 0; kind < EVIDENCE_KINDS; kind++) {
        BUF_OWNED zh = {0};
        BUF_OWNED en = {0};
        assert_true(evidence_add(list, &count, EVIDENCE_WORDS[kind], kind + 1));
        assert_false(evidence_add(list, &count, EVIDENCE_WORDS[kind], 1));
        assert_non_null(strstr(evidence_why, EVIDENCE_WORDS[kind]));
        assert_true(evidence_pack(list[kind]) <= REFUSED_ABOUT_MAX);
        evidence_name(evidence_pack(list[kind]), "zh", &zh);
        evidence_name(evidence_pack(list[kind]), "en", &en);
        assert_true(zh.size > 0 && en.size > 0 && strcmp(zh.data, en.data) != 0);
    }
    assert_int_equal(count, EVIDENCE_KINDS);
}

static void what_is_no_evidence_is_not_taken(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        uint32_t times;
    } cases[] = {{"phot", 1}, {"", 1}, {"photo", 0}, {"photo", EVIDENCE_TIMES_MAX + 1},
            {"photo", UINT32_MAX}};
    struct evidence list[EVIDENCE_KINDS];
    int count = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_false(evidence_add(list, &count, cases[i].kind, cases[i].times));
    assert_int_equal(count, 0);
}

static void texts_are_as_the_catalogue_writes_them(void **state)
{
    (void)state;
    const struct evidence list[] = {{EVIDENCE_PHOTO, 4}, {EVIDENCE_SEIZURE_LIST, 1}};
    BUF_OWNED text = {0};
    evidence_format(list, 2, &text);
    assert_string_equal(text.data, "photo4+seizure_list");
    evidence_note(list, 1, &text);
    evidence_note(list, 0, &text);
    assert_string_equal(text.data, "photo4+seizure_list [photo4]");
    buf_reset(&text);
    evidence_note(list, 2, &text);
    assert_string_equal(text.data, "[photo4+seizure_list]");
    buf_reset(&text);
    evidence_name(evidence_pack(list[1]), "zh", &text);
    assert_string_equal(text.data, "扣押清单 1 份");
    buf_reset(&text);
    evidence_name(evidence_pack(list[1]), "en", &text);
    assert_string_equal(text.data, "seizure list: 1");
    buf_reset(&text);
    evidence_name(UINT16_MAX, "zh", &text);
    assert_int_equal(text.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_kind_is_brought_once_and_has_its_words),
            cmocka_unit_test(what_is_no_evidence_is_not_taken),
            cmocka_unit_test(texts_are_as_the_catalogue_writes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
