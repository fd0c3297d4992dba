/* The fault proxy between two sockets of the test: what each fault does to bytes, to connections
 * that are there and to new ones. Everything on one thread: the proxy is turned while waiting. */
#include "tests/fault/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 5000
#define QUIET_MS 60

enum sight { NOTHING, BYTES, END, RESET }; /* what a side sees when it reads */

struct scene {
    struct proxy *proxy;
    int listener, port; /* of the upstream; port: the proxy's */
    int caller, called; /* the two ends of one connection */
    char text[64];      /* what came last */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static int caller_open(const struct scene *scene)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)scene->port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* What `fd` sees within the time; it stops at the first thing. */
static enum sight see(struct scene *scene, int fd, int64_t within_ms)
{
    int64_t end = now_ms() + within_ms;
    while (now_ms() < end) {
        (void)proxy_turn(scene->proxy, 2, -1);
        ssize_t got = recv(fd, scene->text, sizeof scene->text - 1, MSG_DONTWAIT);
        if (got > 0) {
            scene->text[got] = '\0';
            return BYTES;
        }
        if (got == 0)
            return END;
        if (errno != EAGAIN)
            return errno == ECONNRESET ? RESET : END;
    }
    return NOTHING;
}

static void sees(struct scene *scene, int fd, enum sight wanted)
{
    assert_int_equal(see(scene, fd, wanted == NOTHING ? QUIET_MS : WAIT_MS), wanted);
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* The upstream takes the connection; -1 when none comes. */
static int called_take(struct scene *scene, int64_t within_ms)
{
    int64_t end = now_ms() + within_ms;
    while (now_ms() < end) {
        (void)proxy_turn(scene->proxy, 2, -1);
        int fd = accept4(scene->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

static void fault_set(struct scene *scene, enum proxy_mode up, enum proxy_mode down)
{
    proxy_set(scene->proxy, 0, PROXY_UP, (struct proxy_fault){.mode = up});
    proxy_set(scene->proxy, 0, PROXY_DOWN, (struct proxy_fault){.mode = down});
}

static int scene_open(void **state)
{
    static struct scene scene;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    scene = (struct scene){.proxy = proxy_new()};
    scene.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(scene.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(scene.listener, 8), 0);
    scene.port = proxy_link(scene.proxy, "127.0.0.1", port_of(scene.listener), NULL);
    assert_true(scene.port > 0);
    scene.caller = caller_open(&scene);
    scene.called = called_take(&scene, WAIT_MS);
    assert_true(scene.called >= 0);
    *state = &scene;
    return 0;
}

static int scene_close(void **state)
{
    struct scene *scene = *state;
    close(scene->caller);
    close(scene->called);
    close(scene->listener);
    proxy_destroy(&scene->proxy);
    return 0;
}

static void bytes_pass_both_ways_and_ends_too(void **state)
{
    struct scene *scene = *state;
    say(scene->caller, "up");
    assert_int_equal(see(scene, scene->called, WAIT_MS), BYTES);
    assert_string_equal(scene->text, "up");
    say(scene->called, "down");
    assert_int_equal(see(scene, scene->caller, WAIT_MS), BYTES);
    assert_string_equal(scene->text, "down");
    assert_int_equal(shutdown(scene->caller, SHUT_WR), 0);
    assert_int_equal(see(scene, scene->called, WAIT_MS), END);
    say(scene->called, "last");
    assert_int_equal(see(scene, scene->caller, WAIT_MS), BYTES);
    assert_string_equal(scene->text, "last");
    assert_int_equal(shutdown(scene->called, SHUT_WR), 0);
    assert_int_equal(see(scene, scene->caller, WAIT_MS), END);
    assert_int_equal(proxy_conn_count(scene->proxy, 0), 0);
}

static void each_fault_table(void **state)
{
    static const struct {
        enum proxy_mode up, down;
        enum sight up_during, down_during, up_after, down_after;
    } table[] = {
            {PROXY_PASS, PROXY_PASS, BYTES, BYTES, NOTHING, NOTHING},
            {PROXY_HOLD, PROXY_HOLD, NOTHING, NOTHING, BYTES, BYTES},
            {PROXY_HOLD, PROXY_PASS, NOTHING, BYTES, BYTES, NOTHING},
            {PROXY_PASS, PROXY_HOLD, BYTES, NOTHING, NOTHING, BYTES},
            {PROXY_SWALLOW, PROXY_SWALLOW, NOTHING, NOTHING, RESET, RESET},
            {PROXY_SWALLOW, PROXY_PASS, NOTHING, BYTES, RESET, RESET},
            {PROXY_PASS, PROXY_SWALLOW, BYTES, NOTHING, RESET, RESET},
            {PROXY_SHUT, PROXY_SHUT, END, END, END, END},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct scene *scene = *state;
        fault_set(scene, table[i].up, table[i].down);
        if (table[i].up != PROXY_SHUT) {
            say(scene->caller, "up");
            say(scene->called, "down");
        }
        print_message("row %zu\n", i);
        sees(scene, scene->called, table[i].up_during);
        sees(scene, scene->caller, table[i].down_during);
        fault_set(scene, PROXY_PASS, PROXY_PASS);
        sees(scene, scene->called, table[i].up_after);
        sees(scene, scene->caller, table[i].down_after);
        (void)scene_close(state);
        (void)scene_open(state);
    }
}

static void shut_link_refuses_until_it_passes(void **state)
{
    struct scene *scene = *state;
    fault_set(scene, PROXY_SHUT, PROXY_SHUT);
    int fd = caller_open(scene);
    assert_int_equal(see(scene, fd, WAIT_MS), END);
    close(fd);
    assert_int_equal(called_take(scene, QUIET_MS), -1);
    fault_set(scene, PROXY_PASS, PROXY_PASS);
    fd = caller_open(scene);
    int taken = called_take(scene, WAIT_MS);
    assert_true(taken >= 0);
    close(taken);
    close(fd);
}

static void cut_ends_and_reset_resets(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(proxy_cut(scene->proxy, 0, false), 1);
    assert_int_equal(see(scene, scene->caller, WAIT_MS), END);
    assert_int_equal(see(scene, scene->called, WAIT_MS), END);
    (void)scene_close(state);
    (void)scene_open(state);
    assert_int_equal(proxy_cut(scene->proxy, 0, true), 1);
    assert_int_equal(see(scene, scene->caller, WAIT_MS), RESET);
    assert_int_equal(see(scene, scene->called, WAIT_MS), RESET);
    assert_int_equal(proxy_cut(scene->proxy, 0, true), 0);
}

static void delay_holds_each_piece_for_so_long(void **state)
{
    struct scene *scene = *state;
    proxy_set(scene->proxy, 0, PROXY_UP, (struct proxy_fault){.delay_ms = 150});
    int64_t before = now_ms();
    say(scene->caller, "late");
    assert_int_equal(see(scene, scene->called, WAIT_MS), BYTES);
    int64_t took = now_ms() - before;
    assert_true(took >= 150);
    say(scene->caller, "later");
    say(scene->called, "at once"); /* the other way is not delayed: it overtakes */
    assert_int_equal(see(scene, scene->caller, WAIT_MS), BYTES);
    assert_int_equal(recv(scene->called, scene->text, 1, MSG_DONTWAIT), -1);
}

static void rate_limits_the_bytes_of_a_second(void **state)
{
    struct scene *scene = *state;
    char load[2000];
    size_t got = 0;
    memset(load, 'x', sizeof load);
    proxy_set(scene->proxy, 0, PROXY_UP, (struct proxy_fault){.rate = 10000});
    int64_t before = now_ms();
    assert_int_equal(send(scene->caller, load, sizeof load, 0), sizeof load);
    while (got < sizeof load && see(scene, scene->called, WAIT_MS) == BYTES)
        got += strlen(scene->text);
    int64_t took = now_ms() - before;
    assert_int_equal(got, sizeof load);
    assert_true(took >= 90); /* the first portion goes at once */
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
            EACH(bytes_pass_both_ways_and_ends_too),
            EACH(each_fault_table),
            EACH(shut_link_refuses_until_it_passes),
            EACH(cut_ends_and_reset_resets),
            EACH(delay_holds_each_piece_for_so_long),
            EACH(rate_limits_the_bytes_of_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
