/* What RFC 4180 allows is read as written; each way of breaking it is found, with its line. */
#include "services/ctl/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define TEXT(s) s, sizeof(s) - 1

struct seen {
    size_t count, line, found, expected;
    enum csv_fault fault; /* the first one */
};

static void seen_fault(void *self, size_t line, enum csv_fault fault, size_t found, size_t expected)
{
    struct seen *seen = self;
    if (seen->count++ > 0)
        return;
    *seen = (struct seen){1, line, found, expected, fault};
}

/* Cells as "a|b/c|d" with the rows' lines in front: "1:a|b/2:c|d". */
static void render(const struct csv *csv, char *ret, size_t size)
{
    size_t at = 0;
    ret[0] = '\0';
    for (size_t row = 0; row < csv->rows; row++) {
        at += (size_t)snprintf(ret + at, size - at, "%s%zu:", row ? "/" : "", csv->lines[row]);
        for (size_t i = 0; i < csv->columns; i++)
            at += (size_t)snprintf(
                    ret + at, size - at, "%s%s", i ? "|" : "", csv_cell(csv, row, i));
    }
}

static void good_table(void **state)
{
    static const struct {
        const char *name, *data;
        size_t size;
        const char *expected;
    } cases[] = {
            {"plain", TEXT("a,b\nc,d\n"), "1:a|b/2:c|d"},
            {"no last newline", TEXT("a,b\nc,d"), "1:a|b/2:c|d"},
            {"CRLF", TEXT("a,b\r\nc,d\r\n"), "1:a|b/2:c|d"},
            {"byte order mark",
                    TEXT("\xef\xbb\xbf"
                         "a,b\n"),
                    "1:a|b"},
            {"empty text", TEXT(""), ""},
            {"empty lines", TEXT("\n\na,b\n\r\n\nc,d\n\n"), "3:a|b/6:c|d"},
            {"empty fields", TEXT("a,b,c\n,,\n"), "1:a|b|c/2:||"},
            {"last field empty at the end", TEXT("a,b\nc,"), "1:a|b/2:c|"},
            {"quotes", TEXT("\"a\",\"b,c\"\n"), "1:a|b,c"},
            {"doubled quotes", TEXT("\"a\"\"b\",\"\"\"\"\n"), "1:a\"b|\""},
            {"empty quotes", TEXT("\"\",\"\"\n"), "1:|"},
            {"newline in quotes", TEXT("\"a\r\nb\",c\nd,e\n"), "1:a\r\nb|c/3:d|e"},
            {"quotes at the very end", TEXT("a,\"b\""), "1:a|b"},
            {"UTF-8", TEXT("番禺区,\"石碁,镇\"\n"), "1:番禺区|石碁,镇"},
            {"blanks are kept", TEXT(" a , b \n"), "1: a | b "},
            {"one column", TEXT("a\nb\n"), "1:a/2:b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct seen seen = {0};
        struct csv csv;
        char found[256];
        print_message("%s\n", cases[i].name);
        assert_int_equal(csv_parse(cases[i].data, cases[i].size, seen_fault, &seen, &csv), OK);
        render(&csv, found, sizeof(found));
        assert_string_equal(found, cases[i].expected);
        assert_int_equal(seen.count, 0);
        csv_fini(&csv);
    }
}

static void faults_table(void **state)
{
    static const struct {
        const char *name, *data;
        size_t size;
        enum csv_fault fault;
        size_t line, found, expected;
    } cases[] = {
            {"too few", TEXT("a,b\nc\n"), CSV_COLUMNS, 2, 1, 2},
            {"too many", TEXT("a,b\nc,d\ne,f,g\n"), CSV_COLUMNS, 3, 3, 2},
            {"quote never closes", TEXT("a,b\nc,\"d\ne,f\n"), CSV_QUOTE_OPEN, 2, 0, 0},
            {"quote opens at the end", TEXT("a,\""), CSV_QUOTE_OPEN, 1, 0, 0},
            {"odd doubled quotes", TEXT("a,\"b\"\"\n"), CSV_QUOTE_OPEN, 1, 0, 0},
            {"quote inside", TEXT("a,b\nc,d\"e\"\n"), CSV_QUOTE_INSIDE, 2, 0, 0},
            {"text behind the quote", TEXT("a,\"b\"c\n"), CSV_QUOTE_AFTER, 1, 0, 0},
            {"CR alone", TEXT("a,b\rc,d\n"), CSV_RETURN, 1, 0, 0},
            {"NUL", TEXT("a,b\nc,\0d\n"), CSV_NUL, 2, 0, 0},
            {"NUL in quotes", TEXT("a,\"b\0\"\n"), CSV_NUL, 1, 0, 0},
            {"bad UTF-8", TEXT("a,b\nc,\xff\n"), CSV_UTF8, 2, 0, 0},
            {"cut UTF-8", TEXT("a,\xe7\x95"), CSV_UTF8, 1, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct seen seen = {0};
        struct csv csv;
        print_message("%s\n", cases[i].name);
        assert_int_equal(
                csv_parse(cases[i].data, cases[i].size, seen_fault, &seen, &csv), ERR_MALFORMED);
        assert_int_equal(seen.fault, cases[i].fault);
        assert_int_equal(seen.line, cases[i].line);
        assert_int_equal(seen.found, cases[i].found);
        assert_int_equal(seen.expected, cases[i].expected);
        csv_fini(&csv);
    }
}

static void wrong_width_keeps_reading(void **state)
{
    struct seen seen = {0};
    struct csv csv;
    char found[64];
    (void)state;
    assert_int_equal(
            csv_parse(TEXT("a,b\nc\nd,e\nf,g,h\n"), seen_fault, &seen, &csv), ERR_MALFORMED);
    render(&csv, found, sizeof(found));
    assert_string_equal(found, "1:a|b/3:d|e");
    assert_int_equal(seen.count, 2);
    csv_fini(&csv);
}

static void width_limit(void **state)
{
    char text[CSV_COLUMNS_MAX + 2];
    (void)state;
    for (size_t columns = CSV_COLUMNS_MAX; columns <= CSV_COLUMNS_MAX + 1; columns++) {
        struct seen seen = {0};
        struct csv csv;
        memset(text, ',', columns - 1);
        enum err expected = columns <= CSV_COLUMNS_MAX ? OK : ERR_MALFORMED;
        assert_int_equal(csv_parse(text, columns - 1, seen_fault, &seen, &csv), expected);
        assert_int_equal(seen.count, expected == OK ? 0 : 1);
        csv_fini(&csv);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(good_table),
            cmocka_unit_test(faults_table),
            cmocka_unit_test(wrong_width_keeps_reading),
            cmocka_unit_test(width_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
