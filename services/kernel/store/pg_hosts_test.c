/* A connection whose string names several hosts, against real servers: one that says nothing is
 * passed over, a deposed primary is left, and a primary that only takes its time is not. The
 * connection's time is the test's own: it runs as fast as the servers answer. */
#include "services/kernel/store/pg_hosts.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "services/kernel/store/pg.h"
#include "tests/kit/pg.h"

#define TURN_MS 20 /* of the connection's time for one of ours, so that servers can keep up */
#define PAUSE_MS 2
#define WITHIN_MS 60000

static const struct statement LONG = {"t_long", "SELECT pg_sleep(3600)"};
static struct kit_pg *first, *second, *standby;

struct end {
    int count;
    enum err err;
};

static void ended(void *self, enum err err, const char *message)
{
    struct end *end = self;
    (void)message;
    end->count++;
    end->err = err;
}

static int set_up(void **state)
{
    (void)state;
    first = kit_pg_start(NULL);
    second = kit_pg_start(NULL);
    standby = kit_pg_replica(first);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kit_pg_stop(&standby);
    kit_pg_stop(&second);
    kit_pg_stop(&first);
    return 0;
}

static struct pg *connection(const char *hosts, const char *ports)
{
    char conninfo[600];
    snprintf(conninfo, sizeof conninfo,
            "host=%s port=%s dbname=huying user=postgres target_session_attrs=read-write", hosts,
            ports);
    struct pg *pg = pg_new(conninfo, "public");
    pg_prepare(pg, &LONG, 1);
    return pg;
}

/* Turns until the state is there, at most so long of the connection's time; returns its time. */
static int64_t turns(struct pg *pg, int64_t now_ms, int64_t span_ms, enum pg_state state)
{
    int64_t until_ms = now_ms + span_ms;
    do {
        pg_turn(pg, now_ms += TURN_MS);
        poll(NULL, 0, PAUSE_MS);
    } while (now_ms < until_ms && pg_state(pg) != state);
    return now_ms;
}

static void host_that_takes_connections_and_says_nothing_is_passed_over(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char hosts[300], ports[32];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(hosts, sizeof hosts, "127.0.0.1,%s", kit_pg_dir(first));
    snprintf(ports, sizeof ports, "%d,5432", ntohs(address.sin_port));
    struct pg *pg = connection(hosts, ports);
    assert_true(pg_several(pg));
    turns(pg, 1, WITHIN_MS, PG_READY);
    assert_int_equal(pg_state(pg), PG_READY);
    pg_destroy(&pg);
    close(fd);
}

/* `first` owes an answer, and another host of the list is a primary too. */
static void silent_server_is_left_when_another_one_is_the_primary(void **state)
{
    char hosts[400];
    struct end end = {0};
    (void)state;
    snprintf(hosts, sizeof hosts, "%s,%s", kit_pg_dir(first), kit_pg_dir(second));
    struct pg *pg = connection(hosts, "5432");
    int64_t now_ms = turns(pg, 1, WITHIN_MS, PG_READY);
    assert_int_equal(kit_pg_int(first, "SELECT count(*) FROM pg_stat_activity"
                                       " WHERE application_name = 'public'"),
            1);
    pg_queue(pg, &LONG, NULL, NULL, NULL);
    pg_sync(pg, ended, &end);
    now_ms = turns(pg, now_ms, PG_SILENT_MS / 2, PG_DOWN);
    assert_int_equal(end.count, 0);
    now_ms = turns(pg, now_ms, WITHIN_MS, PG_DOWN);
    assert_int_equal(end.count, 1);
    assert_int_equal(end.err, ERR_TRANSIENT);
    turns(pg, now_ms, WITHIN_MS, PG_READY);
    assert_int_equal(kit_pg_int(second, "SELECT count(*) FROM pg_stat_activity"
                                        " WHERE application_name = 'public'"),
            1);
    pg_destroy(&pg);
}

static void silent_server_is_kept_while_it_is_the_only_primary(void **state)
{
    char hosts[400];
    struct end end = {0};
    (void)state;
    snprintf(hosts, sizeof hosts, "%s,%s", kit_pg_dir(standby), kit_pg_dir(first));
    struct pg *pg = connection(hosts, "5432");
    int64_t now_ms = turns(pg, 1, WITHIN_MS, PG_READY);
    pg_queue(pg, &LONG, NULL, NULL, NULL);
    pg_sync(pg, ended, &end);
    turns(pg, now_ms, 4 * PG_SILENT_MS, PG_DOWN);
    assert_int_equal(pg_state(pg), PG_READY);
    assert_int_equal(end.count, 0);
    pg_destroy(&pg);
}

static void lists_turn_by_one_host_and_a_single_one_stays(void **state)
{
    static const struct {
        const char *conninfo, *names, *ports;
        bool several;
    } table[] = {
            {"host=a,b,c port=1,2,3", "b,c,a", "2,3,1", true},
            {"host=a,b port=5", "b,a", "5", true},
            {"host=a port=1", "a", "1", false},
            {"dbname=x", NULL, NULL, false},
            {"postgresql://a:1,b:2/x", "b,a", "2,1", true},
            {"not a string of libpq's", NULL, NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct pg_hosts *hosts = pg_hosts_new(table[i].conninfo);
        pg_hosts_next(hosts);
        const char *names = pg_hosts_names(hosts), *ports = pg_hosts_ports(hosts);
        assert_string_equal(names ? names : "-", table[i].names ? table[i].names : "-");
        assert_string_equal(ports ? ports : "-", table[i].ports ? table[i].ports : "-");
        assert_int_equal(pg_hosts_several(hosts), table[i].several);
        pg_hosts_destroy(&hosts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(lists_turn_by_one_host_and_a_single_one_stays),
            cmocka_unit_test(host_that_takes_connections_and_says_nothing_is_passed_over),
            cmocka_unit_test(silent_server_is_left_when_another_one_is_the_primary),
            cmocka_unit_test(silent_server_is_kept_while_it_is_the_only_primary),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
