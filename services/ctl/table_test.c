/* Columns line up on the screen whatever the script, and texts from outside cannot break them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "services/ctl/table.h"

static void columns_line_up_with_chinese(void **state)
{
    TABLE_OWNED table;
    BUF_OWNED out = {0};
    (void)state;
    table_init(&table, 3, 1u << 1);
    static const char *const cells[] = {"name", "n", "text", "网格", "12", "a", "ab", "345", ""};
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
        table_cell(&table, cells[i]);
    table_write(&table, " ", &out);
    assert_string_equal(out.data, " name    n  text\n 网格   12  a\n ab    345\n");
}

static void incomplete_row_is_left_out(void **state)
{
    TABLE_OWNED table;
    BUF_OWNED out = {0};
    (void)state;
    table_init(&table, 2, 0);
    table_cell_format(&table, "%d", 1);
    table_cell(&table, "two");
    table_cell(&table, "three");
    table_write(&table, "", &out);
    assert_string_equal(out.data, "1  two\n");
}

static void text_from_outside_is_made_harmless(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {{"a\x1b[2Jb", "a [2Jb"}, {"one\ntwo\tthree", "one two three"},
            {"\xff", "\xef\xbf\xbd"},
            {"a\xe2\x80\xae"
             "b",
                    "a b"},
            {"道路", "道路"}, {"", ""}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        g_autofree char *shown = text_shown(cases[i].text);
        assert_string_equal(shown, cases[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(columns_line_up_with_chinese),
            cmocka_unit_test(incomplete_row_is_left_out),
            cmocka_unit_test(text_from_outside_is_made_harmless)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
