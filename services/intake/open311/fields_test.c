/* Forms as clients send them, and as they must not. */
#include "services/intake/open311/fields.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "services/kernel/base/buf.h"

#define ARENA_SIZE (8 << 20)
#define CRLF "\r\n"
#define PART(name) "--b" CRLF "Content-Disposition: form-data; name=\"" name "\"" CRLF CRLF
#define END CRLF "--b--" CRLF

static struct arena arena;
static struct fields fields;

static int setup(void **unused)
{
    (void)unused;
    arena_init(&arena, ARENA_SIZE);
    fields_init(&fields, &arena);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    arena_fini(&arena);
    return 0;
}

static void again(void)
{
    arena_reset(&arena);
    fields_init(&fields, &arena);
}

static void form_is_unescaped_pair_by_pair(void **unused)
{
    (void)unused;
    static const char text[] = "service_code=001&&description=a+%2B+b%0A%E8%B7%AF&empty=&flag&"
                               "attribute%5BA%5D%5B%5D=1&attribute[A][]=2&lat=1&lat=1&x=1&x=2";
    const char *why = "";
    assert_int_equal(fields_read_form(&fields, text, strlen(text), &why), OK);
    assert_string_equal(field_value(&fields, "service_code"), "001");
    assert_string_equal(field_value(&fields, "description"), "a + b\n路");
    assert_string_equal(field_value(&fields, "empty"), "");
    assert_string_equal(field_value(&fields, "flag"), "");
    assert_string_equal(field_value(&fields, "nothing"), "");
    assert_string_equal(fields.list[4].name, "attribute[A][]");
    assert_string_equal(fields.list[5].value, "2");
    assert_false(field_is_ambiguous(&fields, "lat"));
    assert_true(field_is_ambiguous(&fields, "x"));
}

static void bad_forms_are_refused_by_name(void **unused)
{
    (void)unused;
    const struct {
        const char *text, *part;
    } cases[] = {
            {"description=%", "description"},
            {"description=%1", "description"},
            {"description=%zz", "description"},
            {"description=%ff", "description: must be UTF-8"},
            {"description=%00", "description: must be UTF-8"},
            {"description=%01", "description: must be UTF-8"},
            {"description=%C2%85", "description: must be UTF-8"},
            {"description=%ED%A0%80", "description: must be UTF-8"},
            {"%zz=1", "name has a bad"},
            {"%00=1", "name has a bad"},
            {"%ff=1", "name must be"},
            {"=1", "name must be"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *why = "";
        again();
        assert_int_equal(fields_read_form(&fields, cases[i].text, strlen(cases[i].text), &why),
                ERR_MALFORMED);
        if (!strstr(why, cases[i].part))
            fail_msg("%s: %s, expected %s", cases[i].text, why, cases[i].part);
    }
}

static void form_of_too_many_fields_is_refused(void **unused)
{
    (void)unused;
    BUF_OWNED text = {0};
    const char *why = "";
    for (int i = 0; i < FIELDS_MAX; i++)
        buf_add_text(&text, "a=1&");
    assert_int_equal(fields_read_form(&fields, text.data, text.size, &why), OK);
    again();
    buf_add_text(&text, "a=1");
    assert_int_equal(fields_read_form(&fields, text.data, text.size, &why), ERR_LIMIT);
}

static void longest_name_is_taken(void **unused)
{
    (void)unused;
    char text[FIELD_NAME_MAX + 2];
    const char *why = "";
    memset(text, 'n', sizeof text);
    assert_int_equal(fields_read_form(&fields, text, FIELD_NAME_MAX, &why), OK);
    assert_int_equal(fields_read_form(&fields, text, FIELD_NAME_MAX + 1, &why), ERR_MALFORMED);
}

static void parts_are_fields_and_files(void **unused)
{
    (void)unused;
    static const char text[] = PART(
            "service_code") "001" CRLF "--b" CRLF
                            "content-disposition: form-data; name=media; filename=\"a.jpg\"" CRLF
                            "Content-Type: image/jpeg" CRLF CRLF
                            "\xff\xd8\0--b\r\n" CRLF PART("description") "one\r\ntwo" END;
    const char *why = "";
    assert_int_equal(fields_read_parts(&fields, "b", text, sizeof text - 1, &why), OK);
    assert_int_equal(fields.count, 3);
    assert_string_equal(field_value(&fields, "service_code"), "001");
    assert_string_equal(field_value(&fields, "description"), "one\ntwo");
    assert_int_equal(fields.list[2].size, 7);
    assert_string_equal(fields.list[1].name, "media");
    assert_string_equal(fields.list[1].file, "a.jpg");
    assert_int_equal(fields.list[1].size, 8);
    assert_memory_equal(fields.list[1].value, "\xff\xd8\0--b\r\n", 8);
    assert_string_equal(field_value(&fields, "media"), "");
}

static void bad_parts_are_refused(void **unused)
{
    (void)unused;
    static const char *const cases[] = {
            "",
            "--b",
            "--b\r\n",
            "--c\r\n\r\n--c--",
            PART("a") "1",
            PART("a") "1" CRLF "--b",
            PART("a") "1" CRLF "--bx" CRLF,
            PART("a") "\xff" END,
            PART("") "1" END,
            "--b" CRLF CRLF "1" END,
            "--b" CRLF "Content-Type: text/plain" CRLF CRLF "1" END,
            "--b" CRLF "Content-Disposition: form-data; name=\"a\"" CRLF "1" END,
            "--b" CRLF "Content-Disposition: form-data; name=\"a\"" CRLF
            "Content-Transfer-Encoding: base64" CRLF CRLF "MQ==" END,
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *why = "";
        again();
        print_message("%zu\n", i);
        assert_int_equal(
                fields_read_parts(&fields, "b", cases[i], strlen(cases[i]), &why), ERR_MALFORMED);
        assert_true(strlen(why) > 0);
    }
}

static void boundary_of_a_content_type(void **unused)
{
    (void)unused;
    char boundary[BOUNDARY_MAX + 1];
    assert_true(boundary_find("multipart/form-data; charset=utf-8; Boundary=\"a b\"", boundary));
    assert_string_equal(boundary, "a b");
    assert_true(boundary_find("multipart/form-data;boundary=--x", boundary));
    assert_string_equal(boundary, "--x");
    static const char *const bad[] = {"multipart/form-data",
            "multipart/form-data; boundary=", "multipart/form-data; xboundary=1",
            "multipart/form-data; boundary="
            "01234567890123456789012345678901234567890123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(boundary_find(bad[i], boundary));
    assert_false(boundary_find(NULL, boundary));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(form_is_unescaped_pair_by_pair, setup, teardown),
            cmocka_unit_test_setup_teardown(bad_forms_are_refused_by_name, setup, teardown),
            cmocka_unit_test_setup_teardown(form_of_too_many_fields_is_refused, setup, teardown),
            cmocka_unit_test_setup_teardown(longest_name_is_taken, setup, teardown),
            cmocka_unit_test_setup_teardown(parts_are_fields_and_files, setup, teardown),
            cmocka_unit_test_setup_teardown(bad_parts_are_refused, setup, teardown),
            cmocka_unit_test(boundary_of_a_content_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
