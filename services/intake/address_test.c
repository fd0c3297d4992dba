/* Whom a request comes from: forged, doubled and broken X-Forwarded-For, and by what an address is
 * counted. */
#include "services/intake/address.h"
#include <arpa/inet.h>
#include "services/kernel/base/testing.h"

#define SITE "127.0.0.1, 10.0.0.0/8, 2001:db8::/33"

static struct in6_addr address(const char *text)
{
    struct in_addr ipv4;
    struct in6_addr ret;
    if (inet_pton(AF_INET, text, &ipv4) == 1)
        return address_of_ipv4(ipv4);
    assert_int_equal(inet_pton(AF_INET6, text, &ret), 1);
    return ret;
}

static void proxies_are_believed_and_nobody_else(void **unused)
{
    (void)unused;
    static const struct {
        const char *peer, *forwarded, *name;
    } rows[] = {
            {"127.0.0.1", NULL, "127.0.0.1"},
            {"127.0.0.1", "", "127.0.0.1"},
            {"127.0.0.1", "1.2.3.4", "1.2.3.4"},
            {"127.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4"}, /* what stands before is the client's */
            {"127.0.0.1", "9.9.9.9,1.2.3.4 , 10.1.2.3", "1.2.3.4"},
            {"10.255.0.1", "\t1.2.3.4 ", "1.2.3.4"},
            {"11.0.0.1", "1.2.3.4", "11.0.0.1"}, /* no proxy of ours */
            {"127.0.0.2", "1.2.3.4", "127.0.0.2"},
            {"127.0.0.1", "10.0.0.1, 10.0.0.2", "10.0.0.1"},
            {"127.0.0.1", "1.2.3.4:5678", "1.2.3.4"},
            {"127.0.0.1", "[2001:db9:1:2:3::4]:5678", "2001:db9:1:2::"},
            {"127.0.0.1", "2001:db9:1:2:ffff::4", "2001:db9:1:2::"},
            {"127.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"},
            {"2001:db8:7fff::1", "1.2.3.4", "1.2.3.4"},
            {"2001:db8:8000::1", "1.2.3.4", "2001:db8:8000::"},
            {"127.0.0.1", "unknown", "127.0.0.1"},
            {"127.0.0.1", "1.2.3.4, ", "127.0.0.1"},
            {"127.0.0.1", "1.2.3.4, 10.0.0.1, _hidden", "127.0.0.1"},
            {"127.0.0.1", "1.2.3.4, 999.0.0.1, 10.0.0.1", "10.0.0.1"},
            {"127.0.0.1",
                    "1111111111111111111111111111111111111111111111111111111111111111111111111",
                    "127.0.0.1"},
            {"127.0.0.1", ",,,", "127.0.0.1"},
            {"::1", "1.2.3.4", "::"},
    };
    struct proxies proxies;
    BUF_OWNED why = {0};
    assert_int_equal(proxies_parse(SITE, &proxies, &why), OK);
    assert_int_equal(proxies.count, 3);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[INET6_ADDRSTRLEN];
        struct in6_addr peer = address(rows[i].peer);
        struct in6_addr client = address_of_client(&proxies, &peer, rows[i].forwarded);
        address_name(&client, name);
        if (strcmp(name, rows[i].name) != 0)
            fail_msg("%s \"%s\": %s, expected %s", rows[i].peer, rows[i].forwarded, name,
                    rows[i].name);
    }
}

static void lists_of_proxies_are_read_or_say_what_is_wrong(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {"localhost", "1.2.3.4/33", "::1/129", "1.2.3.4/",
            "1.2.3.4,,", "1.2.3.4/-1", "1.2.3.4/8x", "1.2.3.4 5.6.7.8", "1.2.3/8",
            "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"};
    struct proxies proxies = {.count = 7};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        BUF_OWNED why = {0};
        assert_int_equal(proxies_parse(wrong[i], &proxies, &why), ERR_MALFORMED);
        assert_non_null(strstr(why.data, "expected at most 32 addresses"));
        assert_int_equal(proxies.count, 7);
    }
    BUF_OWNED many = {0};
    BUF_OWNED why = {0};
    for (int i = 0; i < PROXIES_MAX; i++)
        buf_add_text(&many, i ? ",1.2.3.4" : "1.2.3.4");
    assert_int_equal(proxies_parse(many.data, &proxies, &why), OK);
    buf_add_text(&many, ",1.2.3.4");
    assert_int_equal(proxies_parse(many.data, &proxies, &why), ERR_MALFORMED);
    assert_int_equal(proxies_parse("  ", &proxies, &why), OK);
    assert_int_equal(proxies.count, 0);
    struct in6_addr any = address("8.8.8.8");
    assert_int_equal(proxies_parse("0.0.0.0/0", &proxies, &why), OK);
    assert_true(proxies_have(&proxies, &any));
    any = address("2001::1");
    assert_false(proxies_have(&proxies, &any));
}

static void this_machine_is_known(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        bool loopback;
    } rows[] = {{"127.0.0.1", true}, {"127.9.9.9", true}, {"128.0.0.1", false}, {"::1", true},
            {"::2", false}, {"::ffff:127.0.0.1", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct in6_addr one = address(rows[i].text);
        assert_int_equal(address_is_loopback(&one), rows[i].loopback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(proxies_are_believed_and_nobody_else),
            cmocka_unit_test(lists_of_proxies_are_read_or_say_what_is_wrong),
            cmocka_unit_test(this_machine_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
