/* Limits of sources and of addresses over real sockets: 429 with Retry-After and what to do,
 * nothing asked of the loop; others are served meanwhile, and everybody again when his time has
 * come. */
#include "services/intake/http_double.h"

static struct rate *rate;
static struct rate_counts counts;

static void limited_start(struct rate_limit source, struct rate_limit address, const char *list)
{
    BUF_OWNED why = {0};
    struct proxies proxies;
    const struct rate_limit limits[RATE_KINDS] = {[RATE_SOURCE] = source, [RATE_ADDRESS] = address};
    assert_int_equal(proxies_parse(list, &proxies, &why), OK);
    counts = (struct rate_counts){0};
    rate = rate_new(limits, &counts);
    const struct http_config config = {.host = "127.0.0.1",
            .language = "en",
            .backend = {NULL, command_double, query_double, directory_double},
            .clock = clock_manual(&manual),
            .rate = rate,
            .proxies = proxies,
            .files = {[FILE_TOKENS] = tokens_make()}};
    loop_double.mode = ANSWER;
    loop_double.report_count = loop_double.asked = loop_double.queried = 0;
    assert_int_equal(http_new(&config, &http, &why), OK);
}

static int limited_teardown(void **state)
{
    int wrong = server_teardown(state);
    rate_destroy(&rate);
    return wrong;
}

static void a_source_over_its_limit_waits_and_others_do_not(void **unused)
{
    (void)unused;
    limited_start((struct rate_limit){1, 2}, (struct rate_limit){0, 0}, "");
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

struct knock {
    const char *headers;
    int status;
};

static void knocks_expect(const struct knock *knocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect(knocks[i].headers, get("/nothing", knocks[i].headers), knocks[i].status, NULL);
}

#define FOR(list) "X-Forwarded-For: " list "\r\n"

/* Behind a proxy of the site's, whom the proxy names last, in one field or in another one of its
 * own; what stands before is the client's. */
static void an_address_over_its_limit_waits_and_others_do_not(void **unused)
{
    (void)unused;
    static const struct knock knocks[] = {{FOR("10.0.0.1"), 404}, {FOR("10.0.0.1"), 429},
            {FOR("1.2.3.4, 10.0.0.1"), 429}, {FOR("10.0.0.1, 10.0.0.2"), 404},
            {FOR("10.0.0.2") FOR("10.0.0.3"), 404}, {FOR("10.0.0.4") FOR("10.0.0.3"), 429},
            {FOR("2001:db8::1"), 404}, {FOR("2001:db8::ffff:0:0:9"), 429},
            {FOR("2001:db8:0:1::1"), 404}};
    limited_start((struct rate_limit){0, 0}, (struct rate_limit){1, 1}, "127.0.0.1");
    knocks_expect(knocks, sizeof knocks / sizeof *knocks);
    assert_int_equal(counts.limited, 4);
    assert_int_equal(counts.passed, 5);
    manual.monotonic_ms += 1000;
    expect("later", get("/nothing", FOR("10.0.0.1")), 404, NULL);
}

/* Who has no proxy is not believed; and this machine itself, asking for nobody, is not limited. */
static void whoever_is_no_proxy_names_nobody(void **unused)
{
    (void)unused;
    static const struct knock knocks[] = {
            {FOR("10.0.0.1"), 404}, {FOR("10.0.0.1"), 404}, {"", 404}, {"", 404}};
    limited_start((struct rate_limit){0, 0}, (struct rate_limit){1, 1}, "10.0.0.0/8");
    knocks_expect(knocks, sizeof knocks / sizeof *knocks);
    assert_int_equal(counts.limited, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_teardown(
                    a_source_over_its_limit_waits_and_others_do_not, limited_teardown),
            cmocka_unit_test_teardown(
                    an_address_over_its_limit_waits_and_others_do_not, limited_teardown),
            cmocka_unit_test_teardown(whoever_is_no_proxy_names_nobody, limited_teardown),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
