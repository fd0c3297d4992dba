/* Health and metrics as an operator's probe sees them, over real connections, without a loop: what
 * is answered follows from the metrics and the clock alone. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "services/kernel/base/fault.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/testing.h"
#include "services/kernel/run/loop.h"

static const struct aggregate_ops OPS = {.schema = "toy"};
static struct clock_manual manual;
static struct loop loop;
static struct log_watch told;
static int port;

static int setup(void **state)
{
    (void)state;
    manual = (struct clock_manual){.wall_ms = 1000000, .monotonic_ms = 5000};
    loop = (struct loop){.ops = &OPS, .instance = 1, .clock = clock_manual(&manual)};
    snprintf(loop.conf.http_host, sizeof loop.conf.http_host, "127.0.0.1");
    metric_set(&loop.metrics, turned_ms, manual.monotonic_ms);
    log_init("toy-1", LOG_INFO);
    log_watch(&told);
    assert_int_equal(web_start(&loop), OK);
    const char *at = strstr(log_seen(&told), "HTTP-LISTENS instance=toy-1 host=127.0.0.1 port=");
    assert_non_null(at);
    port = (int)strtol(strstr(at, "port=") + strlen("port="), NULL, 10);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_unwatch(&told);
    web_stop(&loop);
    web_stop(&loop);
    return 0;
}

/* The whole answer, "" = the connection was closed without one; in static memory. */
static const char *asked(const char *method, const char *path)
{
    static char answer[65536];
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[128];
    size_t size = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int length = snprintf(request, sizeof request,
            "%s %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", method, path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, request, (size_t)length), length);
    for (ssize_t got = 1; got > 0 && size < sizeof answer - 1;) {
        got = read(fd, answer + size, sizeof answer - 1 - size);
        size += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd);
    answer[size] = '\0';
    return answer;
}

static void expect(const char *method, const char *path, const char *status, const char *part)
{
    const char *answer = asked(method, path);
    if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0 ||
            !strstr(answer, part))
        fail_msg("%s %s: %s with \"%s\" was expected in: %s", method, path, status, part, answer);
}

static void livez_is_503_when_the_loop_does_not_turn(void **state)
{
    (void)state;
    expect("GET", "/livez", "200", "ok");
    manual.monotonic_ms += 4999;
    expect("GET", "/livez", "200", "ok");
    manual.monotonic_ms += 1;
    expect("GET", "/livez", "503", "the loop does not turn");
    metric_set(&loop.metrics, turned_ms, manual.monotonic_ms);
    expect("GET", "/livez", "200", "ok");
}

static void readyz_says_what_is_missing(void **state)
{
    (void)state;
    expect("GET", "/readyz", "503",
            "postgres=away bus=away directory=missing redis=away (not needed)");
    metric_set(&loop.metrics, postgres_up, 1);
    metric_set(&loop.metrics, directory_version, 3);
    expect("GET", "/readyz", "503", "postgres=up bus=away directory=loaded");
    metric_set(&loop.metrics, bus_up, 1);
    expect("GET", "/readyz", "200", "postgres=up bus=up directory=loaded redis=away");
    metric_set(&loop.metrics, redis_up, 1);
    expect("GET", "/readyz", "200", "redis=up");
}

static void all_else_is_refused_with_what_there_is(void **state)
{
    (void)state;
    expect("GET", "/metrics", "200", "huying_redis_up{service=\"toy\",instance=\"1\"} 0\n");
    expect("GET", "/else", "404", "/livez, /readyz and /metrics");
    expect("POST", "/livez", "405", "only GET");
}

/* One request as it stands, by somebody who does not wait for what comes back. */
static void noise_send(const char *bytes, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    (void)send(fd, bytes, size, MSG_NOSIGNAL);
    close(fd);
}

static void noise_is_survived_and_the_next_is_answered(void **state)
{
    static const char *const requests[] = {"", "\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02",
            "GET /livez HTTP/1.1\r\n",
            "GET /livez HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab",
            "GET /livez HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
            "POST /livez HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "GET /%2e%2e/%00 HTTP/1.1\r\nHost: h\r\n\r\n", "BREW /metrics HTTP/9.9\r\n\r\n"};
    static char huge[400000];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        noise_send(requests[i], strlen(requests[i]));
        expect("GET", "/livez", "200", "ok");
    }
    memset(huge, 'x', sizeof huge);
    memcpy(huge, "GET /livez HTTP/1.1\r\nX: ", 24);
    noise_send(huge, sizeof huge);
    expect("GET", "/livez", "200", "ok");
}

static void port_that_another_has_is_fatal_and_named(void **state)
{
    static struct loop second;
    char part[64];
    (void)state;
    second = (struct loop){.ops = &OPS, .clock = loop.clock, .conf = loop.conf};
    second.conf.http_port = port;
    assert_int_equal(web_start(&second), ERR_FATAL);
    assert_null(second.web);
    snprintf(part, sizeof part, "ERROR HTTP-NOT-STARTED instance=toy-1 host=127.0.0.1 port=%d",
            port);
    assert_non_null(strstr(log_seen(&told), part));
    expect("GET", "/livez", "200", "ok"); /* the first one goes on */
}

#ifdef HUYING_FAULTS
static void answer_that_is_not_taken_closes_the_connection_and_the_next_is_given(void **state)
{
    BUF_OWNED why = {0};
    (void)state;
    assert_int_equal(fault_set("http_answer=1", 1, "test", &why), OK);
    assert_string_equal(asked("GET", "/livez"), "");
    assert_int_equal(fault_set(NULL, 1, "test", &why), OK);
    expect("GET", "/livez", "200", "ok");
}
#endif

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
            CASE(livez_is_503_when_the_loop_does_not_turn),
            CASE(readyz_says_what_is_missing),
            CASE(all_else_is_refused_with_what_there_is),
            CASE(noise_is_survived_and_the_next_is_answered),
            CASE(port_that_another_has_is_fatal_and_named),
#ifdef HUYING_FAULTS
            CASE(answer_that_is_not_taken_closes_the_connection_and_the_next_is_given),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
