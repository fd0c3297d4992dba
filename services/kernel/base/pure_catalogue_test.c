/* The catalogue's words: each has its number, an empty cell the first, all else none; evidence and
 * lists of matters by table. */
#include "services/kernel/base/pure_catalogue.h"

#include <string.h>
#include "services/kernel/base/testing.h"

static void words_have_their_numbers(void **state)
{
    (void)state;
    for (int column = 0; column < CATALOGUE_COLUMNS; column++) {
        const char *const *words = catalogue_words((enum catalogue_column)column);
        for (int i = 0; words[i] != NULL; i++)
            assert_int_equal(catalogue_word((enum catalogue_column)column, words[i]), i);
        assert_int_equal(catalogue_word((enum catalogue_column)column, ""), 0);
        assert_int_equal(catalogue_word((enum catalogue_column)column, "colour"), -1);
    }
    assert_int_equal(catalogue_word(CATALOGUE_URGENCY, "emergency"), URGENCY_EMERGENCY);
    assert_int_equal(catalogue_word(CATALOGUE_STREET_DUTY, "main"), DUTY_MAIN);
    assert_int_equal(catalogue_word(CATALOGUE_VERIFIER, "reporter"), VERIFIER_REPORTER);
    assert_int_equal(catalogue_word(CATALOGUE_SQUAD, "must"), SQUADS_MUST);
    assert_int_equal(catalogue_word(CATALOGUE_SELF_HANDLE, "1"), SELF_HANDLE_YES);
}

static void intents_have_words_and_some_are_answered(void **state)
{
    (void)state;
    static const bool answered[INTENT_COUNT] = {
            [INTENT_INQUIRY] = true, [INTENT_SUGGESTION] = true, [INTENT_PRAISE] = true};
    for (int intent = 0; intent < INTENT_COUNT; intent++) {
        assert_int_equal(intent_find(intent_word(intent)), intent);
        assert_int_equal(intent_answered(intent), answered[intent]);
    }
    assert_int_equal(intent_find("question"), INTENT_COUNT);
    assert_int_equal(intent_find(""), INTENT_COUNT);
    assert_string_equal(intent_word(-1), "");
    assert_string_equal(intent_word(INTENT_COUNT), "");
    assert_false(intent_answered(-1) || intent_answered(INTENT_COUNT));
}

static void evidence_table(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int count; /* -1: not understood */
        struct evidence list[EVIDENCE_MAX];
    } cases[] = {
            {"", 0, {{0}}},
            {"photo", 1, {{EVIDENCE_PHOTO, 1}}},
            {"photo4+seizure_list", 2, {{EVIDENCE_PHOTO, 4}, {EVIDENCE_SEIZURE_LIST, 1}}},
            {"photo1+count", 2, {{EVIDENCE_PHOTO, 1}, {EVIDENCE_COUNT, 1}}},
            {"photo99", 1, {{EVIDENCE_PHOTO, 99}}},
            {"form+photo+record+notice", 4,
                    {{EVIDENCE_FORM, 1}, {EVIDENCE_PHOTO, 1}, {EVIDENCE_RECORD, 1},
                            {EVIDENCE_NOTICE, 1}}},
            {"form+photo+record+notice+plan", -1, {{0}}},
            {"photo0", -1, {{0}}},
            {"photo100", -1, {{0}}},
            {"photo99999999999999999999", -1, {{0}}},
            {"photo+photo2", -1, {{0}}},
            {"photo+", -1, {{0}}},
            {"+photo", -1, {{0}}},
            {"photo;form", -1, {{0}}},
            {"4", -1, {{0}}},
            {"phot", -1, {{0}}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct evidence list[EVIDENCE_MAX];
        int count = 0;
        bool fine = evidence_parse(cases[i].text, list, &count);
        if (fine != (cases[i].count >= 0) || (fine && count != cases[i].count))
            fail_msg("\"%s\": found %d, %d kinds", cases[i].text, fine, count);
        if (fine)
            assert_memory_equal(list, cases[i].list, (size_t)count * sizeof *list);
    }
}

/* What evidence_parse() made of a text, for the tables below. */
static int evidence_of(const char *text, struct evidence list[EVIDENCE_MAX])
{
    int count = 0;
    assert_true(evidence_parse(text, list, &count));
    return count;
}

static void missing_evidence_is_the_first_and_how_much(void **state)
{
    (void)state;
    static const struct {
        const char *required, *given;
        int kind, count; /* count 0: nothing is missing */
    } cases[] = {
            {"", "", 0, 0},
            {"", "photo", 0, 0},
            {"photo", "photo", 0, 0},
            {"photo", "photo9", 0, 0},
            {"photo", "", EVIDENCE_PHOTO, 1},
            {"photo4", "photo", EVIDENCE_PHOTO, 3},
            {"photo4+seizure_list", "photo4", EVIDENCE_SEIZURE_LIST, 1},
            {"photo4+seizure_list", "seizure_list", EVIDENCE_PHOTO, 4},
            {"photo4+seizure_list", "seizure_list+photo4", 0, 0},
            {"photo4+seizure_list", "record+photo4+form+seizure_list2", 0, 0},
            {"form", "record", EVIDENCE_FORM, 1},
            {"photo99", "photo98", EVIDENCE_PHOTO, 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct evidence required[EVIDENCE_MAX], given[EVIDENCE_MAX];
        int count = evidence_of(cases[i].required, required);
        int brought = evidence_of(cases[i].given, given);
        struct evidence missing = evidence_missing(required, count, given, brought);
        if (missing.kind != cases[i].kind || missing.count != cases[i].count)
            fail_msg("\"%s\" of \"%s\": missing %d of %s", cases[i].given, cases[i].required,
                    missing.count, EVIDENCE_WORDS[missing.kind]);
    }
}

static void lists_table(void **state)
{
    (void)state;
    static const struct {
        const char *list, *code;
        bool listed;
    } cases[] = {
            {"", "YH-01", false},
            {"YH-01", "YH-01", true},
            {"YH-01", "YH-011", false},
            {"YH-011", "YH-01", false},
            {"XX-05;YH-01", "YH-01", true},
            {"XX-05;YH-01;", "YH-02", false},
            {"*", "YH-01", true},
            {"YH-*", "YH-01", true},
            {"YH-*", "XX-01", false},
            {"XX-01;YH-*", "YH-01", true},
            {";;", "", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (matter_listed(cases[i].list, cases[i].code) != cases[i].listed)
            fail_msg(
                    "\"%s\" in \"%s\": expected %d", cases[i].code, cases[i].list, cases[i].listed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(words_have_their_numbers),
            cmocka_unit_test(intents_have_words_and_some_are_answered),
            cmocka_unit_test(evidence_table),
            cmocka_unit_test(missing_evidence_is_the_first_and_how_much),
            cmocka_unit_test(lists_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
