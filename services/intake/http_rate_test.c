/* Limits of sources and of addresses over real sockets: 429 with Retry-After and what to do,
 * nothing asked of the loop; others are served meanwhile, and everybody again when his time has
 * come. */
#include "services/intake/http_double.h"

static void limited_start(struct rate_limit source, struct rate_limit address)
{
    BUF_OWNED why = {0};
    const struct http_config config = {.host = "127.0.0.1",
            .language = "en",
            .backend = {NULL, command_double, query_double, directory_double},
            .clock = clock_manual(&manual),
            .limits = {[RATE_SOURCE] = source, [RATE_ADDRESS] = address},
            .files = {[FILE_TOKENS] = tokens_make()}};
    loop_double.mode = ANSWER;
    loop_double.report_count = loop_double.asked = loop_double.queried = 0;
    assert_int_equal(http_new(&config, &http, &why), OK);
}

static void a_source_over_its_limit_waits_and_others_do_not(void **unused)
{
    (void)unused;
    limited_start((struct rate_limit){1, 2}, (struct rate_limit){0, 0});
    for (int i = 0; i < 2; i++)
        expect("a", post(BEARER("secret-a") KEY("k"), GOOD, sizeof GOOD - 1), i ? 200 : 201, NULL);
    expect("over", post(BEARER("secret-a") KEY("k"), GOOD, sizeof GOOD - 1), 429,
            "Retry-After: 1\r\n");
    expect("over", status_of(answer), 429, "too_many_requests");
    expect("over", status_of(answer), 429, "\"field\":\"source\",\"limit\":1");
    assert_int_equal(loop_double.asked, 2);
    expect("b", post(BEARER("secret-b") KEY("k"), GOOD, sizeof GOOD - 1), 201, NULL);
    expect("wrong token", post(BEARER("nobody") KEY("k"), GOOD, sizeof GOOD - 1), 401, NULL);
    manual.monotonic_ms += 1000;
    expect("later", post(BEARER("secret-a") KEY("k"), GOOD, sizeof GOOD - 1), 200, NULL);
}

/* Behind a proxy on this machine, whom the proxy names last; what stands before is the client's. */
static void an_address_over_its_limit_waits_and_others_do_not(void **unused)
{
    (void)unused;
    static const struct {
        const char *headers;
        int status;
    } cases[] = {{"X-Forwarded-For: 10.0.0.1\r\n", 404}, {"X-Forwarded-For: 10.0.0.1\r\n", 429},
            {"X-Forwarded-For: 1.2.3.4, 10.0.0.1\r\n", 429},
            {"X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n", 404}, {"", 404}, {"", 429}};
    limited_start((struct rate_limit){0, 0}, (struct rate_limit){1, 1});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i].headers, get("/nothing", cases[i].headers), cases[i].status, NULL);
    manual.monotonic_ms += 1000;
    expect("later", get("/nothing", ""), 404, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_teardown(
                    a_source_over_its_limit_waits_and_others_do_not, server_teardown),
            cmocka_unit_test_teardown(
                    an_address_over_its_limit_waits_and_others_do_not, server_teardown),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
