/* The connection itself: what it asks of TCP. What it does with statements is tested where it is
 * used (batch_test.c, chores_test.c). */
#include "services/kernel/store/pg.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A server that takes connections and never says a word. */
static int silent_server(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int option(int fd, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

/* Idle, then so many probes: more than ten seconds in all would be longer than anybody waits. */
static void server_whose_machine_is_gone_is_noticed_within_ten_seconds(void **state)
{
    char conninfo[96];
    int port, server = silent_server(&port), fd = -1;
    (void)state;
    snprintf(conninfo, sizeof conninfo, "host=127.0.0.1 port=%d dbname=x user=x", port);
    struct pg *pg = pg_new(conninfo, "x");
    int64_t now_ms = 1;
    for (int turns = 0; turns < 100 && (fd < 0 || !option(fd, SOL_SOCKET, SO_KEEPALIVE)); turns++) {
        pg_turn(pg, now_ms++);
        fd = pg_fd(pg);
    }
    assert_true(fd >= 0);
    assert_true(option(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
    int seconds = option(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
                  option(fd, IPPROTO_TCP, TCP_KEEPINTVL) * option(fd, IPPROTO_TCP, TCP_KEEPCNT);
    assert_in_range(seconds, 1, 10);
    assert_in_range(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 1, 10000);
    pg_destroy(&pg);
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(server_whose_machine_is_gone_is_noticed_within_ten_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
