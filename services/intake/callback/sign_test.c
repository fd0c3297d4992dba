/* Signatures against the specification's own vector, and secrets and headers that are none; the
 * spans between tries. */
#include "services/intake/callback/sign.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include "services/intake/callback/retry.h"

/* From the specification's reference libraries. */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define AT_S 1614265330
#define BODY "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define OTHER "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static struct secret secret_of(const char *text)
{
    struct secret secret;
    assert_int_equal(secret_parse(text, strlen(text), &secret), OK);
    return secret;
}

static void signature_is_that_of_the_specification(void **unused)
{
    const struct secret secret = secret_of(SECRET);
    const struct signed_text text = {ID, AT_S, BODY, strlen(BODY)};
    char signature[SIGNATURE_SIZE];
    (void)unused;
    assert_int_equal(secret.size, 24);
    signature_make(&secret, &text, signature);
    assert_string_equal(signature, SIGNATURE);
}

static void signatures_fit_in_any_place_and_nothing_else_does(void **unused)
{
    static const struct {
        const char *id, *body, *header;
        int64_t at_s;
        bool fits;
    } table[] = {{ID, BODY, SIGNATURE, AT_S, true}, {ID, BODY, OTHER " " SIGNATURE, AT_S, true},
            {ID, BODY, "v1a,abc " SIGNATURE " " OTHER, AT_S, true}, {ID, BODY, OTHER, AT_S, false},
            {ID, BODY, "", AT_S, false}, {ID, BODY, SIGNATURE "x", AT_S, false},
            {ID, BODY,
                    "v2"
                    ","
                    "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                    AT_S, false},
            {"msg_other", BODY, SIGNATURE, AT_S, false}, {ID, BODY " ", SIGNATURE, AT_S, false},
            {ID, BODY, SIGNATURE, AT_S + 1, false}};
    const struct secret secret = secret_of(SECRET);
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct signed_text text = {
                table[i].id, table[i].at_s, table[i].body, strlen(table[i].body)};
        if (signature_fits(&secret, &text, table[i].header) != table[i].fits)
            fail_msg("row %zu", i);
    }
}

static void secrets_that_are_none_are_refused(void **unused)
{
    static const char *const texts[] = {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLA==", SECRET " ",
            "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            "AAAAAAAA"};
    (void)unused;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct secret secret;
        if (secret_parse(texts[i], strlen(texts[i]), &secret) != ERR_MALFORMED)
            fail_msg("taken: %s", texts[i]);
        assert_int_equal(secret.size, 0);
    }
}

static void tries_come_later_and_later_and_end(void **unused)
{
    static const int64_t spans_s[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
    (void)unused;
    for (int tries = 1; tries < RETRY_TRIES_MAX; tries++) {
        int64_t span_ms = spans_s[tries - 1] * 1000, least = INT64_MAX, most = 0;
        for (uint64_t random = 0; random < 5000; random++) {
            int64_t next = retry_span_ms(tries, 0, random * 7919);
            least = next < least ? next : least;
            most = next > most ? next : most;
        }
        assert_true(least >= span_ms * 4 / 5 && least < span_ms);
        assert_true(most <= span_ms * 6 / 5 && most > span_ms);
    }
    assert_int_equal(retry_span_ms(RETRY_TRIES_MAX, 60, 0), -1);
}

static void receivers_wish_is_honoured_up_to_a_day(void **unused)
{
    (void)unused;
    assert_int_equal(retry_span_ms(1, 60, 0), 60000);
    assert_int_equal(retry_span_ms(1, 1, 0), 4000);
    assert_int_equal(retry_span_ms(1, 1000000, 0), 86400000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signature_is_that_of_the_specification),
            cmocka_unit_test(signatures_fit_in_any_place_and_nothing_else_does),
            cmocka_unit_test(secrets_that_are_none_are_refused),
            cmocka_unit_test(tries_come_later_and_later_and_end),
            cmocka_unit_test(receivers_wish_is_honoured_up_to_a_day)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
