/* What is sealed opens with the keys that sealed it, about the same thing and unchanged, and not
 * otherwise; and the file of the keys. */
#include "services/kernel/base/seal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT "whsec_secret"
#define ONE "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define TWO "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static const struct seal_keys first = {1, {{1}}}, both = {2, {{2}, {1}}}, other = {1, {{2}}};

static void sealed_text_opens_by_any_key_that_is_left(void **unused)
{
    BUF_OWNED sealed = {0}, opened = {0};
    (void)unused;
    seal_close(&first, "a", TEXT, strlen(TEXT), &sealed);
    assert_int_equal(sealed.size, strlen(TEXT) + SEAL_SIZE_MORE);
    assert_null(memmem(sealed.data, sealed.size, "secret", 6));
    assert_int_equal(seal_open(&both, "a", sealed.data, sealed.size, &opened), OK);
    assert_string_equal(opened.data, TEXT);
    assert_int_equal(opened.size, strlen(TEXT));
    assert_int_equal(seal_open(&other, "a", sealed.data, sealed.size, &opened), ERR_DENIED);
    assert_int_equal(opened.size, strlen(TEXT));
}

static void same_text_is_sealed_differently_each_time(void **unused)
{
    BUF_OWNED one = {0}, two = {0};
    (void)unused;
    seal_close(&first, "a", TEXT, strlen(TEXT), &one);
    seal_close(&first, "a", TEXT, strlen(TEXT), &two);
    assert_memory_not_equal(one.data, two.data, one.size);
}

static void nothing_opens_elsewhere_or_changed(void **unused)
{
    BUF_OWNED sealed = {0}, opened = {0};
    (void)unused;
    seal_close(&first, "a", TEXT, strlen(TEXT), &sealed);
    assert_int_equal(seal_open(&first, "b", sealed.data, sealed.size, &opened), ERR_DENIED);
    for (size_t size = 0; size < sealed.size; size++)
        assert_int_equal(seal_open(&first, "a", sealed.data, size, &opened), ERR_DENIED);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 1;
        assert_int_equal(seal_open(&first, "a", sealed.data, sealed.size, &opened), ERR_DENIED);
        sealed.data[i] ^= 1;
    }
    assert_int_equal(opened.size, 0);
}

static enum err load(const char *text, mode_t mode, struct seal_keys *ret, struct buf *why)
{
    char path[] = "/tmp/huying-seal-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    enum err err = seal_keys_load(path, ret, why);
    close(fd);
    unlink(path);
    return err;
}

static void file_of_keys_is_read_or_says_what_is_wrong(void **unused)
{
    static const struct {
        const char *text;
        mode_t mode;
        enum err err;
        size_t count;
        const char *named;
    } table[] = {{ONE "\n", 0600, OK, 1, ""}, {"# new\n" ONE "\r\n\n" TWO, 0400, OK, 2, ""},
            {ONE "\n", 0640, ERR_DENIED, 0, "0600"}, {"", 0600, ERR_MALFORMED, 0, "no key"},
            {ONE "\n" ONE "0\n", 0600, ERR_MALFORMED, 0, ":2: "},
            {ONE "\nx", 0600, ERR_MALFORMED, 0, "64 hex digits"},
            {ONE "\n" ONE "\n" ONE "\n" ONE "\n" ONE "\n" ONE "\n" ONE "\n" ONE "\n" ONE, 0600,
                    ERR_LIMIT, 0, ":9: "}};
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct seal_keys keys;
        BUF_OWNED why = {0};
        assert_int_equal(load(table[i].text, table[i].mode, &keys, &why), table[i].err);
        assert_int_equal(keys.count, table[i].count);
        buf_add_text(&why, "");
        assert_non_null(strstr(why.data, table[i].named));
        assert_null(strstr(why.data, "0001020304"));
    }
    struct seal_keys keys;
    BUF_OWNED why = {0};
    assert_int_equal(seal_keys_load("/nonexistent/key", &keys, &why), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sealed_text_opens_by_any_key_that_is_left),
            cmocka_unit_test(same_text_is_sealed_differently_each_time),
            cmocka_unit_test(nothing_opens_elsewhere_or_changed),
            cmocka_unit_test(file_of_keys_is_read_or_says_what_is_wrong)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
