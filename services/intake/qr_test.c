/* Tokens and helpers' keys: made alike each time, read in any way that people type them, and
 * nothing else is taken. */
#include "services/intake/qr.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>

#define ID INT64_C(2533274790395905)

static const struct follow_keys one = {1, {{1}}}, two = {1, {{2}}}, both = {2, {{2}, {1}}};

static void token_gives_its_id_back(void **state)
{
    static const int64_t ids[] = {1, ID, INT64_MAX};
    char token[QR_TOKEN_SIZE], small[QR_TOKEN_SIZE] = {0};
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        qr_token_make(&one, ids[i], token);
        assert_int_equal(strlen(token), QR_TOKEN_SIZE - 1);
        assert_true(qr_token_read(&one, token) == ids[i]);
        for (size_t n = 0; n < QR_TOKEN_SIZE - 1; n++)
            small[n] = (char)(token[n] >= 'A' ? token[n] + 'a' - 'A' : token[n]);
        assert_true(qr_token_read(&one, small) == ids[i]);
        assert_true(qr_token_read(&both, token) == ids[i]); /* the key before still fits */
        assert_true(qr_token_read(&two, token) == 0);
    }
}

/* HMAC-SHA-256 with the key 01 00…, by Python's hmac: what is on stickers must not change. */
static void token_is_what_it_was(void **state)
{
    char token[QR_TOKEN_SIZE], key[FOLLOW_CODE_SIZE];
    const struct helper helper = {.staff = "g1", .issue = 3};
    (void)state;
    qr_token_make(&one, ID, token);
    assert_string_equal(token, "002800000000174HEFD4JM1CD42FQ");
    qr_helper_key_make(&one, ID, &helper, key);
    assert_string_equal(key, "75HNP-M1EMX");
}

static void token_with_any_letter_changed_is_none(void **state)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char token[QR_TOKEN_SIZE], other[QR_TOKEN_SIZE + 1];
    (void)state;
    qr_token_make(&one, ID, token);
    for (size_t at = 0; at < QR_TOKEN_SIZE - 1; at++)
        for (const char *letter = alphabet; *letter; letter++) {
            memcpy(other, token, QR_TOKEN_SIZE);
            if (*letter == token[at])
                continue;
            other[at] = *letter;
            if (qr_token_read(&one, other))
                fail_msg("%s is taken for %s", other, token);
        }
    static const char *const junk[] = {"", "0", "-", "%2e%2e", "TOKEN",
            "00000000000000000000000000000", "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "0000000000000 000000000000000"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        assert_true(qr_token_read(&one, junk[i]) == 0);
    (void)snprintf(other, sizeof other, "%s0", token);
    assert_true(qr_token_read(&one, other) == 0);
    other[QR_TOKEN_SIZE - 2] = 0;
    assert_true(qr_token_read(&one, other) == 0);
}

static void helpers_key_is_his_alone_and_of_one_issue(void **state)
{
    const struct helper helper = {.staff = "g1", .issue = 3}, later = {.staff = "g1", .issue = 4},
                        other = {.staff = "g2", .issue = 3};
    char text[FOLLOW_CODE_SIZE];
    (void)state;
    qr_helper_key_make(&one, ID, &helper, text);
    const struct follow_code key = follow_code_read(text), none = follow_code_read("no code");
    assert_true(qr_helper_key_fits(&one, ID, &helper, &key));
    assert_true(qr_helper_key_fits(&both, ID, &helper, &key));
    assert_false(qr_helper_key_fits(&two, ID, &helper, &key));
    assert_false(qr_helper_key_fits(&one, ID, &later, &key));
    assert_false(qr_helper_key_fits(&one, ID, &other, &key));
    assert_false(qr_helper_key_fits(&one, ID + 1, &helper, &key));
    assert_false(qr_helper_key_fits(&one, ID, NULL, &key));
    assert_false(qr_helper_key_fits(&one, ID, &helper, &none));
    qr_helper_key_make(&one, ID, &(struct helper){.staff = ""}, text);
    const struct follow_code nobodys = follow_code_read(text);
    assert_false(qr_helper_key_fits(&one, ID, NULL, &nobodys));
}

static void url_needs_keys_and_an_address(void **state)
{
    BUF_OWNED url = {0};
    (void)state;
    intake_qr_set(NULL, "https://h/");
    qr_url(ID, &url);
    assert_int_equal(url.size, 0);
    intake_qr_set(&one, "");
    qr_url(ID, &url);
    assert_int_equal(url.size, 0);
    intake_qr_set(&one, "https://h/");
    qr_url(ID, &url);
    assert_memory_equal(url.data, "https://h/", 10);
    assert_true(qr_token_read(&one, url.data + 10) == ID);
    intake_qr_set(NULL, "");
}

static int group_setup(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(token_gives_its_id_back),
            cmocka_unit_test(token_is_what_it_was),
            cmocka_unit_test(token_with_any_letter_changed_is_none),
            cmocka_unit_test(helpers_key_is_his_alone_and_of_one_issue),
            cmocka_unit_test(url_needs_keys_and_an_address)};
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
