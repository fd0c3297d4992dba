/* What run/ports and /metrics say is read as it stands, and nothing else is taken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/ctl/scrape.h"

static void ports_of_processes_are_read(void **state)
{
    static const char text[] = "base 7400\nbus-1 7400\nreports-1 7410\nhttp-broker-1 7420\n"
                               "http-routing-10 7449\nhttp-audit-0 7470\nhttp-audit-1 70000\n"
                               "http-audit-1 7470 x\nhttp-audit-2 7471\n";
    struct process_port ports[4];
    (void)state;
    assert_int_equal(ports_read(text, ports, 4), 3);
    assert_string_equal(ports[0].name, "broker");
    assert_int_equal(ports[0].port, 7420);
    assert_string_equal(ports[1].name, "routing");
    assert_int_equal(ports[1].instance, 10);
    assert_int_equal(ports[2].port, 7471);
    assert_int_equal(ports_read(text, ports, 1), 1);
    assert_int_equal(ports_read("", ports, 4), 0);
}

static void samples_are_summed_over_labels(void **state)
{
    static const char text[] = "# HELP huying_steps_total huying_steps_total 9\n"
                               "huying_steps_total{service=\"routing\",instance=\"1\"} 41\n"
                               "huying_steps_totals 100\n"
                               "naks{reason=\"GONE\"} 2\nnaks{reason=\"DENIED\"} 3\nplain 7\n"
                               "large{a=\"1\"} 9223372036854775807\nlarge{a=\"2\"} 5\n"
                               "torn{reason=\"GONE\"";
    static const struct {
        const char *name, *label;
        bool found;
        int64_t value;
    } cases[] = {{"huying_steps_total", "", true, 41}, {"naks", "", true, 5},
            {"naks", "reason=\"GONE\"", true, 2}, {"naks", "reason=\"NONE\"", false, -1},
            {"plain", "", true, 7}, {"plain", "x", false, -1}, {"torn", "", false, -1},
            {"huying_steps", "", false, -1}, {"large", "", true, INT64_MAX}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t value = -1;
        assert_int_equal(scrape_value(text, cases[i].name, cases[i].label, &value), cases[i].found);
        assert_int_equal(value, cases[i].value);
    }
}

static void port_is_found_by_its_name(void **state)
{
    static const char text[] =
            "base 7400\nreports-10 7419\nreports-1 7410\nbad-1 74x0\nbig-1 65536";
    (void)state;
    assert_int_equal(port_find(text, "reports-1"), 7410);
    assert_int_equal(port_find(text, "reports-10"), 7419);
    assert_int_equal(port_find(text, "reports"), 0);
    assert_int_equal(port_find(text, "bad-1"), 0);
    assert_int_equal(port_find(text, "big-1"), 0);
}

/* A port that was bound and never listened: nobody answers there, and nobody else takes it. */
static void nobody_there_is_transient(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    BUF_OWNED body = {0};
    int status = 0, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(scrape_get(ntohs(address.sin_port), "/readyz", &status, &body), ERR_TRANSIENT);
    assert_int_equal(status, 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ports_of_processes_are_read),
            cmocka_unit_test(samples_are_summed_over_labels),
            cmocka_unit_test(port_is_found_by_its_name),
            cmocka_unit_test(nobody_there_is_transient)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
