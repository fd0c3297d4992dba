/* Signatures: the three schemes against what the command openssl makes of the same text; every byte
 * that is signed counts; which step failed; the file of keys. */
#include "services/intake/vendor/sign.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#define NOW INT64_C(1514764800000)
#define SECRET "000102030405060708090a0b0c0d0e0f"
#define POINT                                                                                      \
    "04b493ae5b097f2c4dd728c7f8c1ff0acc05360be9e1db1d80ffdc6a53d048ac63908f7ee03948d3b6abd57fb9e9" \
    "366e7de9a40d7f3d9f2aaa77bed68f14a11004"
/* Of the request below: `openssl dgst -sha256|-sm3 -mac HMAC -macopt hexkey:…`, and `openssl dgst
 * -sm3 -sign KEY -sigopt distid:1234567812345678`. */
#define SIGNED_SHA256 "17b1e0872e5e60e9198283e09a4fbc4375a613f2298849c2461a84325ef5cc19"
#define SIGNED_SM3 "3b99ed0b6e39a399e827019ec0603ab01d15dc9e2f804a3cccd88eb7438f4170"
#define SIGNED_SM2                                                                                 \
    "3045022100dea8e8898df4bb214d843971ec0ebad1b098f0ba7892695b59e7131b099d737402207c9a18654befac" \
    "c9a9e1f3a776717035b6d2aba08c1dffb7cd27705869de7feb"

static char path[] = "/tmp/huying-sign-XXXXXX";
static struct sign_keys keys;

static void file_write(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
    BUF_OWNED why = {0};
    (void)state;
    int fd = mkstemp(path);
    if (fd < 0 || sodium_init() < 0)
        return -1;
    (void)close(fd);
    file_write("# three\n\na hmac-sha256 " SECRET "\nb hmac-sm3 " SECRET "\r\nc sm2-sm3 " POINT
               "\n",
            0600);
    return sign_keys_load(path, &keys, &why) == OK && keys.count == 3 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static const struct signed_request good = {.method = "POST",
        .target = "/hotline/v1/acme/report",
        .key = "a",
        .timestamp = "1514764800",
        .nonce = "nonce-12345678",
        .signature = SIGNED_SHA256};
static const struct bytes body = {(const uint8_t *)"{\"a\":1}", 7};

static void each_scheme_is_openssl_s(void **state)
{
    (void)state;
    static const struct {
        const char *key, *signature;
        enum sign_fault fault;
    } table[] = {
            {"a", SIGNED_SHA256, SIGN_FINE},
            {"b", SIGNED_SM3, SIGN_FINE},
            {"c", SIGNED_SM2, SIGN_FINE},
            {"a", SIGNED_SM3, SIGN_WRONG},
            {"b", SIGNED_SHA256, SIGN_WRONG},
            {"c", SIGNED_SM3, SIGN_WRONG},
            {"a", SIGNED_SM2, SIGN_WRONG},
            {"d", SIGNED_SHA256, SIGN_WRONG}, /* nobody's, and not told apart */
            {"a", "17b1", SIGN_WRONG},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct signed_request request = good;
        request.key = table[i].key;
        request.signature = table[i].signature;
        assert_int_equal(sign_head_check(&request, NOW), SIGN_FINE);
        if (sign_verify(&request, body, &keys) != table[i].fault)
            fail_msg("row %zu", i);
    }
}

/* A key of zeros must not be what stands in for a key that there is not. */
static void a_request_signed_with_nothing_is_nobody_s(void **state)
{
    (void)state;
    static const struct sign_key nobody = {.id = "d", .size = SIGN_SECRET_MIN};
    BUF_OWNED signature = {0};
    struct signed_request request = good;
    request.key = "d";
    sign_shared(&nobody, &request, body, &signature);
    request.signature = signature.data;
    assert_int_equal(sign_verify(&request, body, &keys), SIGN_WRONG);
}

static void everything_that_is_signed_counts(void **state)
{
    (void)state;
    struct signed_request request = good;
    const struct bytes other = {(const uint8_t *)"{\"a\":2}", 7};
    assert_int_equal(sign_verify(&request, body, &keys), SIGN_FINE);
    assert_int_equal(sign_verify(&request, other, &keys), SIGN_WRONG);
    request.method = "GET";
    assert_int_equal(sign_verify(&request, body, &keys), SIGN_WRONG);
    request = good;
    request.target = "/hotline/v1/acme/report?x";
    assert_int_equal(sign_verify(&request, body, &keys), SIGN_WRONG);
    request = good;
    request.timestamp = "1514764801";
    assert_int_equal(sign_verify(&request, body, &keys), SIGN_WRONG);
    request = good;
    request.nonce = "nonce-12345679";
    assert_int_equal(sign_verify(&request, body, &keys), SIGN_WRONG);
}

static void the_step_that_failed_is_named(void **state)
{
    (void)state;
    static const char long_name[] =
            "0123456789012345678901234567890123456789012345678901234567890123x";
    static const struct {
        const char *key, *timestamp, *nonce, *signature;
        enum sign_fault fault;
    } table[] = {
            {NULL, "1514764800", "nonce-12", "ab", SIGN_KEY},
            {"", "1514764800", "nonce-12", "ab", SIGN_KEY},
            {long_name, "1514764800", "nonce-12", "ab", SIGN_KEY},
            {"a b", "1514764800", "nonce-12", "ab", SIGN_KEY},
            {"a", NULL, "nonce-12", "ab", SIGN_TIMESTAMP},
            {"a", "2018-01-01", "nonce-12", "ab", SIGN_TIMESTAMP},
            {"a", "-1", "nonce-12", "ab", SIGN_TIMESTAMP},
            {"a", "151476480000", "nonce-12", "ab", SIGN_TIMESTAMP},
            {"a", "1514764800", NULL, "ab", SIGN_NONCE},
            {"a", "1514764800", "nonce-1", "ab", SIGN_NONCE},
            {"a", "1514764800", long_name, "ab", SIGN_NONCE},
            {"a", "1514764800", "nonce-12", NULL, SIGN_SIGNATURE},
            {"a", "1514764800", "nonce-12", "abc", SIGN_SIGNATURE},
            {"a", "1514764800", "nonce-12", "xy", SIGN_SIGNATURE},
            {"a", "1514765100", "nonce-12", "ab", SIGN_FINE},
            {"a", "1514764500", "nonce-12", "ab", SIGN_FINE},
            {"a", "1514765101", "nonce-12", "ab", SIGN_STALE},
            {"a", "1514764499", "nonce-12", "ab", SIGN_STALE},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct signed_request request = {.method = "GET",
                .target = "/",
                .key = table[i].key,
                .timestamp = table[i].timestamp,
                .nonce = table[i].nonce,
                .signature = table[i].signature};
        enum sign_fault fault = sign_head_check(&request, NOW);
        if (fault != table[i].fault)
            fail_msg("row %zu: %d", i, fault);
    }
}

static void what_is_wrong_with_a_key_file_is_named_by_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mode_t mode;
        enum err err;
        const char *why;
    } table[] = {
            {"a hmac-sha256 " SECRET "\n", 0640, ERR_DENIED, "0600"},
            {"", 0600, ERR_MALFORMED, "at least one key"},
            {"a hmac-sha256\n", 0600, ERR_MALFORMED, ":1: expected ID SCHEME HEX"},
            {"#\na md5 " SECRET "\n", 0600, ERR_MALFORMED, ":2: expected hmac-sha256"},
            {"a hmac-sm3 0011\n", 0600, ERR_MALFORMED, ":1: expected a secret of 32"},
            {"a hmac-sm3 zz\n", 0600, ERR_MALFORMED, ":1: expected a secret of 32"},
            {"a sm2-sm3 " SECRET "\n", 0600, ERR_MALFORMED, ":1: expected the public point"},
            {"a sm2-sm3 " POINT "00\n", 0600, ERR_MALFORMED, ":1: expected the public point"},
            {"a hmac-sm3 " SECRET "\na hmac-sm3 " SECRET "\n", 0600, ERR_MALFORMED,
                    ":2: expected an id"},
            {"a b c d\nb hmac-sm3 1\n", 0600, ERR_MALFORMED, ":2: expected"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BUF_OWNED why = {0};
        struct sign_keys read;
        file_write(table[i].text, table[i].mode);
        enum err err = sign_keys_load(path, &read, &why);
        if (err != table[i].err || !strstr(why.data, table[i].why))
            fail_msg("row %zu: %d %s", i, err, why.data);
        assert_null(strstr(why.data, SECRET));
    }
}

static void a_point_that_is_not_of_the_curve_is_no_key(void **state)
{
    (void)state;
    BUF_OWNED why = {0};
    BUF_OWNED text = {0};
    struct sign_keys read;
    buf_add_text(&text, "a sm2-sm3 " POINT "\n");
    text.data[text.size - 2] = '5';
    file_write(text.data, 0600);
    assert_int_equal(sign_keys_load(path, &read, &why), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_scheme_is_openssl_s),
            cmocka_unit_test(a_request_signed_with_nothing_is_nobody_s),
            cmocka_unit_test(everything_that_is_signed_counts),
            cmocka_unit_test(the_step_that_failed_is_named),
            cmocka_unit_test(what_is_wrong_with_a_key_file_is_named_by_line),
            cmocka_unit_test(a_point_that_is_not_of_the_curve_is_no_key),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
