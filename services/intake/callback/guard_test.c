/* Which addresses callbacks may be sent to: one of each kind, the edges of each net, and what an
 * operator allows. */
#include "services/intake/callback/guard.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static bool allows(const struct guard *guard, const char *text, uint16_t port)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return guard_allows(guard, (const struct sockaddr *)&four);
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return guard_allows(guard, (const struct sockaddr *)&six);
}

static void only_the_open_internet_passes(void **unused)
{
    static const struct {
        const char *address;
        bool allowed;
    } table[] = {{"0.0.0.0", false}, {"0.255.255.255", false}, {"1.0.0.0", true},
            {"9.255.255.255", true}, {"10.0.0.0", false}, {"10.255.255.255", false},
            {"11.0.0.0", true}, {"100.63.255.255", true}, {"100.64.0.0", false},
            {"100.127.255.255", false}, {"100.128.0.0", true}, {"126.255.255.255", true},
            {"127.0.0.1", false}, {"127.255.255.255", false}, {"128.0.0.0", true},
            {"169.253.255.255", true}, {"169.254.169.254", false}, {"169.255.0.0", true},
            {"172.15.255.255", true}, {"172.16.0.0", false}, {"172.31.255.255", false},
            {"172.32.0.0", true}, {"192.0.0.8", false}, {"192.0.1.0", true}, {"192.0.2.1", false},
            {"192.88.99.1", false}, {"192.167.255.255", true}, {"192.168.0.1", false},
            {"192.169.0.0", true}, {"198.17.255.255", true}, {"198.18.0.0", false},
            {"198.19.255.255", false}, {"198.20.0.0", true}, {"198.51.100.7", false},
            {"203.0.113.255", false}, {"203.0.114.0", true}, {"223.255.255.255", true},
            {"224.0.0.1", false}, {"239.255.255.255", false}, {"240.0.0.0", false},
            {"255.255.255.255", false}, {"::", false}, {"::1", false}, {"::ffff:127.0.0.1", false},
            {"::ffff:8.8.8.8", false}, {"::8.8.8.8", false}, {"64:ff9b::808:808", false},
            {"64:ff9b:1::1", false}, {"100::1", false}, {"1fff::1", false}, {"2001::1", false},
            {"2001:1ff:ffff::", false}, {"2001:200::1", true}, {"2001:db8::1", false},
            {"2001:db9::1", true}, {"2002:7f00:1::", false}, {"2400:3200::1", true},
            {"2606:4700:4700::1111", true}, {"3ffe::1", true}, {"3fff::1", false},
            {"3fff:fff::1", false}, {"4000::1", false}, {"5f00::1", false}, {"fc00::1", false},
            {"fd12:3456::1", false}, {"fe80::1", false}, {"fec0::1", false}, {"ff02::1", false}};
    struct guard guard;
    BUF_OWNED why = {0};
    (void)unused;
    assert_int_equal(guard_parse("", "80 443", &guard, &why), OK);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (allows(&guard, table[i].address, 443) != table[i].allowed)
            fail_msg("%s is %s", table[i].address, table[i].allowed ? "refused" : "allowed");
}

static void allowed_nets_pass_and_nothing_beside_them(void **unused)
{
    static const struct {
        const char *address;
        uint16_t port;
        bool allowed;
    } table[] = {{"10.1.0.0", 8443, true}, {"10.1.255.255", 443, true},
            {"10.0.255.255", 443, false}, {"10.2.0.0", 443, false}, {"127.0.0.1", 443, true},
            {"127.0.0.2", 443, false}, {"::ffff:10.1.2.3", 443, true},
            {"::ffff:10.2.2.3", 443, false}, {"::1", 443, true}, {"::2", 443, false},
            {"fd12:8000::1", 443, false}, {"fd12:7fff::1", 443, true}, {"10.1.0.1", 80, false},
            {"8.8.8.8", 25, false}, {"8.8.8.8", 443, true}};
    struct guard guard;
    BUF_OWNED why = {0};
    (void)unused;
    assert_int_equal(
            guard_parse(" 10.1.0.0/16  127.0.0.1 ::1 fd12::/17", "443  8443", &guard, &why), OK);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (allows(&guard, table[i].address, table[i].port) != table[i].allowed)
            fail_msg("%s port %d is %s", table[i].address, table[i].port,
                    table[i].allowed ? "refused" : "allowed");
}

static void neither_unix_sockets_nor_unknown_families_pass(void **unused)
{
    struct guard guard;
    BUF_OWNED why = {0};
    const struct sockaddr address = {.sa_family = AF_UNIX};
    (void)unused;
    assert_int_equal(guard_parse("0.0.0.0/0 ::/0", "443", &guard, &why), OK);
    assert_false(guard_allows(&guard, &address));
    assert_true(allows(&guard, "127.0.0.1", 443));
}

static void mistakes_are_named(void **unused)
{
    static const struct {
        const char *allow, *ports, *named;
    } table[] = {{"10.0.0.0/33", "", "10.0.0.0/33"}, {"10.0.0/8", "", "10.0.0/8"},
            {"10.0.0.0/", "", "10.0.0.0/"}, {"::/129", "", "::/129"}, {"::/-1", "", "::/-1"},
            {"10.0.0.0/8x", "", "10.0.0.0/8x"}, {"host", "", "host"}, {"", "0", "\"0\""},
            {"", "65536", "65536"}, {"", "https", "https"}, {"", "80,443", "80,443"},
            {"", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "more than 16"}};
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct guard guard;
        BUF_OWNED why = {0};
        if (guard_parse(table[i].allow, table[i].ports, &guard, &why) == OK)
            fail_msg("taken: \"%s\" \"%s\"", table[i].allow, table[i].ports);
        assert_non_null(strstr(why.data, table[i].named));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_the_open_internet_passes),
            cmocka_unit_test(allowed_nets_pass_and_nothing_beside_them),
            cmocka_unit_test(neither_unix_sockets_nor_unknown_families_pass),
            cmocka_unit_test(mistakes_are_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
