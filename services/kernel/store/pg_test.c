/* The connection itself: what it asks of TCP, and how a segment ends whose server goes away. What
 * it does with statements is tested where it is used (batch_test.c, chores_test.c). */
#include "services/kernel/store/pg.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "services/kernel/base/clock.h"
#include "tests/kit/pg.h"

#define WAIT_MS 20000

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

struct end { /* of a segment */
    int calls;
    enum err err;
};

static void ended(void *self, enum err err, const char *message)
{
    struct end *end = self;
    (void)message;
    end->calls++;
    end->err = err;
}

/* Until so many sessions are that backend and what `and` says of it. */
static void until_sessions(struct kit_pg *server, int backend, const char *and, int count)
{
    struct clock clock = clock_system();
    int64_t until = clock.monotonic_ms(clock.self) + WAIT_MS;
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_stat_activity WHERE pid = %d %s", backend,
            and);
    while (kit_pg_int(server, sql) != count)
        assert_true(clock.monotonic_ms(clock.self) < until);
}

/* A server that is shut down answers what it has done and says farewell; that may come in the place
 * of the segment's end, when no statement is left that it could be the answer of. */
static void farewell_in_the_place_of_an_end_ends_the_segment(void **state)
{
    struct kit_pg *server = *state;
    struct clock clock = clock_system();
    struct end end = {0};
    char sql[80];
    struct pg *pg = pg_new(kit_pg_conninfo(server, "postgres"), "public");
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    int backend = pg_backend(pg);
    pg_queue(pg, &PG_BEGIN, NULL, NULL, NULL);
    pg_turn(pg, clock.monotonic_ms(clock.self));
    until_sessions(server, backend, "AND query = 'BEGIN' AND wait_event = 'ClientRead'", 1);
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d)::integer", backend);
    assert_int_equal(kit_pg_int(server, sql), 1);
    until_sessions(server, backend, "", 0);
    pg_sync(pg, ended, &end);
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    assert_int_equal(end.calls, 1);
    assert_int_equal(end.err, ERR_TRANSIENT);
    assert_int_equal(pg_connects(pg), 2);
    pg_destroy(&pg);
}

int main(void)
{
    struct kit_pg *server = kit_pg_start(NULL);
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(server_whose_machine_is_gone_is_noticed_within_ten_seconds),
            cmocka_unit_test_prestate(farewell_in_the_place_of_an_end_ends_the_segment, server),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kit_pg_stop(&server);
    return failed;
}
