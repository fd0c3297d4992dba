/* Codes against vectors that were counted by another implementation (Python's hmac), how people
 * type them, and the file of their keys. */
#include "services/intake/follow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "services/intake/follow_keys.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/seal.h"

#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define COUNT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ONES "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static int setup(void **unused)
{
    (void)unused;
    return sodium_init() < 0;
}

static struct follow_keys keys_of(const char *first, const char *second)
{
    struct follow_keys keys = {0};
    const char *const hex[] = {first, second};
    for (size_t i = 0; i < 2 && hex[i]; i++, keys.count++)
        assert_int_equal(sodium_hex2bin(keys.list[i], FOLLOW_KEY_SIZE, hex[i], strlen(hex[i]), NULL,
                                 NULL, NULL),
                0);
    return keys;
}

static bool fits(const struct follow_keys *keys, int64_t id, const char *text)
{
    const struct follow_code code = follow_code_read(text);
    return follow_code_fits(keys, id, &code);
}

static void codes_are_those_of_the_vectors(void **unused)
{
    static const struct {
        const char *key;
        int site;
        int64_t counter;
        const char *code;
    } table[] = {{ZERO, 1, 1, "SF6FJ-W99SY"}, {ZERO, 1, 2, "95BCS-SV22X"},
            {ZERO, 440, 1, "DM519-FF0FS"}, {ZERO, 4095, ID_COUNTER_MAX, "BE6R4-KWJY8"},
            {COUNT, 1, 1, "YF45A-H96C1"}, {COUNT, 1, 2, "8HGG1-W87SQ"},
            {COUNT, 440, 1, "QG5XB-RB2KK"}, {COUNT, 4095, ID_COUNTER_MAX, "Y1EF8-5KP65"},
            {ONES, 1, 1, "X45CP-STKTT"}, {ONES, 440, 1, "B728F-XG39G"}};
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char code[FOLLOW_CODE_SIZE];
        int64_t id = id_make(table[i].site, SERVICE_INTAKE, table[i].counter);
        const struct follow_keys keys = keys_of(table[i].key, NULL);
        follow_code_make(&keys, id, code);
        assert_string_equal(code, table[i].code);
        assert_true(fits(&keys, id, code));
        assert_false(fits(&keys, id + 1, code));
    }
}

static void codes_as_people_type_them(void **unused)
{
    static const struct {
        const char *text;
        bool fits;
    } table[] = {{"YF45A-H96C1", true}, {"YF45AH96C1", true}, {"yf45a-h96c1", true},
            {"YF45A-H96CI", true}, {"YF45A-H96Cl", true}, {"YF45A-H96Ci", true},
            {"YF45A-H96C0", false}, {"YF45A-H96C", false}, {"YF45A-H96C11", false},
            {"YF45A-H96C1-", false}, {"-YF45AH96C1", false}, {"YF45A--H96C1", false},
            {"YF45-AH96C1", false}, {" YF45A-H96C1", false}, {"YF45A-H96C1 ", false},
            {"YF45A H96C1", false}, {"YF45A-H96CU", false}, {"YF45A-H96C\xef\xbc\x91", false},
            {"", false}, {NULL, false}};
    (void)unused;
    const struct follow_keys keys = keys_of(COUNT, NULL);
    int64_t id = id_make(1, SERVICE_INTAKE, 1);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (fits(&keys, id, table[i].text) != table[i].fits)
            fail_msg("\"%s\": expected %s", table[i].text ? table[i].text : "NULL",
                    table[i].fits ? "to fit" : "not to fit");
    const struct follow_keys zero = keys_of(ZERO, NULL);
    assert_true(fits(&zero, id_make(440, SERVICE_INTAKE, 1), "dm5i9-ffofs")); /* DM519-FF0FS */
}

/* Ten zeros are what an unreadable code leaves: they fit only where they are the code. */
static void unreadable_code_fits_no_report(void **unused)
{
    (void)unused;
    const struct follow_keys keys = keys_of(COUNT, ZERO);
    const struct follow_code none = follow_code_read("U");
    assert_false(none.readable);
    for (int64_t id = 0; id < 2000; id++) {
        char code[FOLLOW_CODE_SIZE];
        follow_code_make(&keys, id, code);
        struct follow_code unreadable = follow_code_read(code);
        assert_true(unreadable.readable);
        unreadable.readable = false;
        assert_false(follow_code_fits(&keys, id, &unreadable));
        assert_false(follow_code_fits(&keys, id, &none));
    }
}

static void every_key_fits_and_the_first_makes(void **unused)
{
    (void)unused;
    char code[FOLLOW_CODE_SIZE];
    int64_t id = id_make(1, SERVICE_INTAKE, 1);
    const struct follow_keys old = keys_of(ZERO, NULL), both = keys_of(COUNT, ZERO);
    const struct follow_keys new = keys_of(COUNT, NULL);
    follow_code_make(&both, id, code);
    assert_string_equal(code, "YF45A-H96C1");
    follow_code_make(&old, id, code);
    assert_true(fits(&both, id, code));
    assert_false(fits(&new, id, code));
}

static char path[64];

static const char *file_make(const char *text, size_t size, mode_t mode)
{
    memcpy(path, "/tmp/huying-follow-XXXXXX", sizeof "/tmp/huying-follow-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, size) == (ssize_t)size && fchmod(fd, mode) == 0);
    assert_int_equal(close(fd), 0);
    return path;
}

static void file_with_a_mistake_is_refused_by_file_and_line(void **unused)
{
    static char large[SEAL_FILE_SIZE_MAX + 1];
    static const struct {
        const char *text;
        mode_t mode;
        enum err err;
        const char *part;
    } table[] = {{COUNT "\n", 0640, ERR_DENIED, "0600"}, {COUNT "\n", 0604, ERR_DENIED, "0600"},
            {"", 0600, ERR_MALFORMED, "no key"}, {"# only\n\n", 0600, ERR_MALFORMED, "no key"},
            {COUNT "\nshort\n", 0600, ERR_MALFORMED, ":2: "},
            {COUNT "0\n", 0600, ERR_MALFORMED, ":1: "}, {COUNT " \n", 0600, ERR_MALFORMED, ":1: "},
            {"#\nz0" COUNT "\n", 0600, ERR_MALFORMED, ":2: "},
            {COUNT "\n" COUNT "\n" COUNT "\n" COUNT "\n" COUNT "\n" COUNT "\n" COUNT "\n" COUNT
                   "\n" COUNT "\n",
                    0600, ERR_LIMIT, ":9: more than 8 keys"},
            {large, 0600, ERR_LIMIT, "4096 bytes"}};
    (void)unused;
    memset(large, '#', sizeof large);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct follow_keys *keys = NULL;
        BUF_OWNED why = {0};
        bool is_large = table[i].text == large;
        size_t size = is_large ? sizeof large : strlen(table[i].text);
        enum err err = follow_keys_load(file_make(table[i].text, size, table[i].mode), &keys, &why);
        (void)unlink(path);
        if (err != table[i].err || keys || !strstr(why.data, table[i].part) ||
                strncmp(why.data, path, strlen(path)) != 0 || strstr(why.data, COUNT))
            fail_msg("row %zu: %s, \"%s\"; expected %s with \"%s\"", i, err_name(err), why.data,
                    err_name(table[i].err), table[i].part);
    }
    struct follow_keys *keys = NULL;
    BUF_OWNED why = {0};
    assert_int_equal(follow_keys_load("/nowhere/f", &keys, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.data, "/nowhere/f"));
    assert_non_null(strstr(why.data, "huyingctl key follow"));
}

static void file_of_keys_is_read_in_its_order(void **unused)
{
    static const char text[] = "# new\r\n" COUNT "\r\n\n# old\n" ZERO "\n" ONES;
    (void)unused;
    struct follow_keys *keys = NULL;
    BUF_OWNED why = {0};
    assert_int_equal(follow_keys_load(file_make(text, strlen(text), 0600), &keys, &why), OK);
    (void)unlink(path);
    const struct follow_keys expected = keys_of(COUNT, ZERO);
    assert_int_equal(keys->count, 3);
    assert_memory_equal(keys->list, expected.list, 2 * FOLLOW_KEY_SIZE);
    assert_int_equal(keys->list[2][FOLLOW_KEY_SIZE - 1], 0xff);
    follow_keys_destroy(&keys);
    assert_null(keys);
    follow_keys_destroy(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(codes_are_those_of_the_vectors),
            cmocka_unit_test(codes_as_people_type_them),
            cmocka_unit_test(unreadable_code_fits_no_report),
            cmocka_unit_test(every_key_fits_and_the_first_makes),
            cmocka_unit_test(file_with_a_mistake_is_refused_by_file_and_line),
            cmocka_unit_test(file_of_keys_is_read_in_its_order),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
