/* UTF-8 by the table of Unicode, instants by RFC 3339 and against the C library's calendar. */
#include "services/kernel/base/pure_text.h"

#include <string.h>
#include <time.h>
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"

static void text_valid_follows_the_unicode_table(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        bool valid;
    } cases[] = {
            {"", 0, true},
            {"plain", 5, true},
            {"路灯", 6, true},
            {"\xf0\x9f\x9a\xa8", 4, true},
            {"\xf4\x8f\xbf\xbf", 4, true},
            {"\xee\x80\x80", 3, true},
            {"\xed\x9f\xbf", 3, true},
            {"a\0b", 3, false},             /* NUL */
            {"\x80", 1, false},             /* continuation alone */
            {"\xc3", 1, false},             /* cut */
            {"\xe8\xb7", 2, false},         /* cut */
            {"\xf0\x9f\x9a", 3, false},     /* cut */
            {"\xc0\xaf", 2, false},         /* overlong */
            {"\xc1\xbf", 2, false},         /* overlong */
            {"\xe0\x9f\xbf", 3, false},     /* overlong */
            {"\xf0\x8f\xbf\xbf", 4, false}, /* overlong */
            {"\xed\xa0\x80", 3, false},     /* surrogate */
            {"\xf4\x90\x80\x80", 4, false}, /* past U+10FFFF */
            {"\xf5\x80\x80\x80", 4, false},
            {"\xff", 1, false},
            {"\xc3\x28", 2, false},
            {"\xe8\xb7\x28", 3, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(text_valid(cases[i].bytes, cases[i].size), cases[i].valid);
    }
}

/* Long runs of ASCII are looked at eight bytes at once: one wrong byte has to be seen at any
 * place. */
static void text_valid_finds_one_wrong_byte_anywhere(void **state)
{
    (void)state;
    static const char wrong[] = {0, '\x80', '\xff', '\xc3'};
    for (size_t size = 1; size < 40; size++) {
        char text[40];
        memset(text, '\x01', sizeof text);
        assert_true(text_valid(text, size));
        memset(text, '\x7f', sizeof text);
        assert_true(text_valid(text, size));
        for (size_t i = 0; i < size * COUNT_OF(wrong); i++) {
            char *at = &text[i / COUNT_OF(wrong)];
            *at = wrong[i % COUNT_OF(wrong)];
            assert_false(text_valid(text, size));
            *at = 'a';
        }
    }
}

static void text_length_counts_characters(void **state)
{
    (void)state;
    assert_int_equal(text_length("", 0), 0);
    assert_int_equal(text_length("a路\xf0\x9f\x9a\xa8", 8), 3);
}

static void text_copy_never_cuts_a_character(void **state)
{
    (void)state;
    static const char text[] = "a路灯";
    static const size_t copied[] = {0, 0, 1, 1, 1, 4, 4, 4, 7, 7};
    for (size_t room = 1; room < COUNT_OF(copied); room++) {
        char to[16];
        memset(to, 'x', sizeof to);
        assert_int_equal(text_copy(to, room, text, 7), copied[room]);
        assert_int_equal(strlen(to), copied[room]);
        assert_memory_equal(to, text, copied[room]);
        assert_int_equal(to[room], 'x');
    }
    char small[4];
    assert_int_equal(text_copy(small, sizeof small, NULL, 0), 0);
    assert_string_equal(small, "");
}

static void instant_format_and_parse_known_pairs(void **state)
{
    (void)state;
    static const struct {
        int64_t at_ms;
        int offset_s;
        const char *text;
    } cases[] = {
            {0, 0, "1970-01-01T00:00:00Z"},
            {INT64_C(1514793609000), -8 * 3600, "2018-01-01T00:00:09-08:00"},
            {INT64_C(1514793609007), -8 * 3600, "2018-01-01T00:00:09.007-08:00"},
            {INT64_C(1790733723004), 0, "2026-09-30T02:02:03.004Z"},
            {INT64_C(951782400000), 0, "2000-02-29T00:00:00Z"},
            {INT64_C(1709164800000), 8 * 3600, "2024-02-29T08:00:00+08:00"},
            {INT64_C(1514793609000), 5 * 3600 + 1800, "2018-01-01T13:30:09+05:30"},
            {INT64_C(253402300799999), 0, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i + 1 < COUNT_OF(cases); i++) {
        char text[INSTANT_SIZE];
        int64_t back = -1;
        instant_format(text, cases[i].at_ms, cases[i].offset_s);
        assert_string_equal(text, cases[i].text);
        assert_true(instant_parse(cases[i].text, &back));
        assert_int_equal(back, cases[i].at_ms);
    }
    int64_t last;
    assert_true(instant_parse(cases[COUNT_OF(cases) - 1].text, &last));
    assert_int_equal(last, cases[COUNT_OF(cases) - 1].at_ms);
}

static void instant_format_agrees_with_the_c_library(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 20180101);
    for (int i = 0; i < 20000; i++) {
        int64_t at_ms = (int64_t)rng_below(&rng, UINT64_C(253370764800000));
        time_t seconds = (time_t)(at_ms / 1000);
        struct tm parts;
        char expected[INSTANT_SIZE], text[INSTANT_SIZE];
        assert_non_null(gmtime_r(&seconds, &parts));
        assert_true(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &parts) > 0);
        instant_format(text, at_ms, 0);
        assert_memory_equal(text, expected, 19);
        int64_t back = -1;
        assert_true(instant_parse(text, &back));
        assert_int_equal(back, at_ms);
    }
}

static void instant_format_before_1970_and_at_the_ends_stays_in_bounds(void **state)
{
    (void)state;
    char text[INSTANT_SIZE];
    instant_format(text, -1, 0);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    instant_format(text, INT64_MIN, -86399);
    assert_memory_equal(text, "0001-01-01T", 11);
    instant_format(text, INT64_MAX, 86399);
    assert_memory_equal(text, "9999-12-31T", 11);
}

static void instant_parse_takes_other_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t at_ms;
    } cases[] = {
            {"1970-01-01t00:00:01z", 1000},
            {"1970-01-01 00:00:01Z", 1000},
            {"1970-01-01T00:00:01.5Z", 1500},
            {"1970-01-01T00:00:01.123456789Z", 1123},
            {"1970-01-01T00:00:00-00:00", 0},
            {"1970-01-01T08:00:00+08:00", 0},
            {"1970-01-01T23:59:60Z", 86400000},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t at_ms = -1;
        assert_true(instant_parse(cases[i].text, &at_ms));
        assert_int_equal(at_ms, cases[i].at_ms);
    }
}

static void instant_parse_refuses_what_is_no_instant(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "2018", "2018-01-01", "2018-01-01T00:00:00",
            "2018-01-01T00:00Z", "2018-1-1T00:00:00Z", "2018-13-01T00:00:00Z",
            "2018-00-01T00:00:00Z", "2018-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
            "2018-04-31T00:00:00Z", "2018-01-00T00:00:00Z", "2018-01-01T24:00:00Z",
            "2018-01-01T00:60:00Z", "2018-01-01T00:00:61Z", "2018-01-01T00:00:00.Z",
            "2018-01-01T00:00:00+8:00", "2018-01-01T00:00:00+08", "2018-01-01T00:00:00+0800",
            "2018-01-01T00:00:00+24:00", "2018-01-01T00:00:00Z ", " 2018-01-01T00:00:00Z",
            "2018-01-01T00:00:00Zulu", "+2018-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", "12018-01-01T00:00:00Z"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        int64_t at_ms = 77;
        assert_false(instant_parse(texts[i], &at_ms));
        assert_int_equal(at_ms, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(text_valid_follows_the_unicode_table),
            cmocka_unit_test(text_valid_finds_one_wrong_byte_anywhere),
            cmocka_unit_test(text_length_counts_characters),
            cmocka_unit_test(text_copy_never_cuts_a_character),
            cmocka_unit_test(instant_format_and_parse_known_pairs),
            cmocka_unit_test(instant_format_agrees_with_the_c_library),
            cmocka_unit_test(instant_format_before_1970_and_at_the_ends_stays_in_bounds),
            cmocka_unit_test(instant_parse_takes_other_spellings),
            cmocka_unit_test(instant_parse_refuses_what_is_no_instant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
