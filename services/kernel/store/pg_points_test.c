/* The fault points of the connection (base/fault.h), each alone against a real PostgreSQL: which
 * error a segment ends with, what the server has of it, and that the connection works when the
 * fault is over. */
#include <poll.h>
#include <string.h>

#include "services/kernel/base/clock.h"
#include "services/kernel/base/fault.h"
#include "services/kernel/base/testing.h"
#include "services/kernel/store/chores.h"
#include "services/kernel/store/test_toy.h"
#include "tests/kit/pg.h"

#define WAIT_MS 20000

static struct kit_pg *server;
static const struct statement INSERT = {"t_insert", "INSERT INTO fault_row VALUES (1)"};

static void fault_switch(const char *point)
{
    BUF_OWNED list = {0}, why = {0};
    if (point)
        buf_add_format(&list, "%s=1", point);
    assert_int_equal(fault_set(list.data, 1, "test-1", &why), OK);
}

struct end { /* of a segment */
    int calls;
    enum err err;
    bool blocked;
    const struct pg *pg;
};

static void ended(void *self, enum err err, const char *message)
{
    struct end *end = self;
    (void)message;
    end->calls++;
    end->err = err;
    end->blocked = err == ERR_TRANSIENT && pg_blocked(end->pg);
}

static struct pg *connected(void)
{
    struct pg *pg = pg_new(kit_pg_conninfo(server, "postgres"), "public");
    pg_prepare(pg, &INSERT, 1);
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    return pg;
}

static void turn_until_ended(struct pg *pg, const struct end *end)
{
    struct clock clock = clock_system();
    int64_t until = clock.monotonic_ms(clock.self) + WAIT_MS;
    while (!end->calls && clock.monotonic_ms(clock.self) < until) {
        pg_turn(pg, clock.monotonic_ms(clock.self));
        struct pollfd item = {pg_fd(pg), pg_events(pg), 0};
        poll(&item, item.fd >= 0 ? 1 : 0, 20);
    }
    assert_int_equal(end->calls, 1);
}

/* Rows, once no session is at it any more: the server may go on after we have lost it. */
static long long rows_in_the_end(void)
{
    struct clock clock = clock_system();
    int64_t until = clock.monotonic_ms(clock.self) + WAIT_MS;
    while (kit_pg_int(server, "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND "
                              "backend_type = 'client backend' AND pid <> pg_backend_pid()"))
        assert_true(clock.monotonic_ms(clock.self) < until);
    return kit_pg_int(server, "SELECT count(*) FROM fault_row");
}

static void segment_run(struct pg *pg, bool words, struct end *end)
{
    *end = (struct end){.pg = pg};
    if (words)
        pg_queue(pg, &PG_BEGIN, NULL, NULL, NULL);
    pg_queue(pg, &INSERT, NULL, NULL, NULL);
    if (words)
        pg_queue(pg, &PG_COMMIT, NULL, NULL, NULL);
    pg_sync(pg, ended, end);
    turn_until_ended(pg, end);
}

static void each_ends_a_segment_as_it_would_really_end(void **state)
{
    static const struct {
        const char *point;
        bool words; /* BEGIN and COMMIT around it */
        enum err err;
        bool blocked, kept, stays; /* its row; the connection */
    } cases[] = {
            {NULL, true, OK, false, true, true},
            {"pg_unsent", true, ERR_TRANSIENT, false, false, false},
            {"pg_unsynced", true, ERR_TRANSIENT, false, false, false},
            {"pg_lost_before", true, ERR_TRANSIENT, false, false, false},
            {"pg_lost_after", false, ERR_TRANSIENT, false, true, false},
            {"pg_commit_lost_before", true, ERR_TRANSIENT, false, false, false},
            {"pg_commit_lost_after", true, ERR_TRANSIENT, false, true, false},
            {"pg_warning", true, ERR_TRANSIENT, false, true, false},
            {"pg_locked", true, ERR_TRANSIENT, true, false, true},
            {"pg_deadlock", true, ERR_TRANSIENT, false, false, true},
            {"pg_full", true, ERR_TRANSIENT, false, false, true},
            {"pg_refused", true, ERR_CONFLICT, false, false, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct end end;
        const char *name = cases[i].point ? cases[i].point : "none";
        kit_pg_run(server, "DELETE FROM fault_row");
        struct pg *pg = connected();
        fault_switch(cases[i].point);
        segment_run(pg, cases[i].words, &end);
        fault_switch(NULL);
        long long rows = rows_in_the_end();
        if (end.err != cases[i].err || end.blocked != cases[i].blocked || rows != cases[i].kept ||
                (pg_state(pg) == PG_READY) != cases[i].stays)
            fail_msg("%s: %s blocked=%d rows=%lld state=%d", name, err_name(end.err), end.blocked,
                    rows, (int)pg_state(pg));
        assert_int_equal(pg_wait(pg, WAIT_MS), OK);
        segment_run(pg, true, &end);
        if (end.err != OK)
            fail_msg("%s: not over: %s", name, pg_message(pg));
        pg_destroy(&pg);
    }
}

/* The others are there, COMMIT too, and none of it may be kept. */
static void statement_that_fails_takes_its_transaction_with_it(void **state)
{
    static const char *const points[] = {
            "pg_unsent", "pg_lost_before", "pg_locked", "pg_deadlock", "pg_full", "pg_refused"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        kit_pg_run(server, "DELETE FROM fault_row");
        struct pg *pg = connected();
        struct end end = {.pg = pg};
        pg_queue(pg, &PG_BEGIN, NULL, NULL, NULL);
        pg_queue(pg, &INSERT, NULL, NULL, NULL);
        fault_switch(points[i]);
        pg_queue(pg, &INSERT, NULL, NULL, NULL);
        fault_switch(NULL);
        pg_queue(pg, &INSERT, NULL, NULL, NULL);
        pg_queue(pg, &PG_COMMIT, NULL, NULL, NULL);
        pg_sync(pg, ended, &end);
        turn_until_ended(pg, &end);
        long long rows = rows_in_the_end();
        if (end.err == OK || rows != 0)
            fail_msg("%s: %s, %lld rows", points[i], err_name(end.err), rows);
        pg_destroy(&pg);
    }
}

static void while_connecting_fails_it_is_tried_again_until_it_does_not(void **state)
{
    static const char *const points[] = {
            "pg_connect", "pg_prepare", "pg_unsynced", "pg_lost_after"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        struct pg *pg = pg_new(kit_pg_conninfo(server, "postgres"), "public");
        pg_prepare(pg, &INSERT, 1);
        fault_switch(points[i]);
        assert_int_equal(pg_wait(pg, 300), ERR_TRANSIENT);
        fault_switch(NULL);
        if (pg_wait(pg, WAIT_MS) != OK)
            fail_msg("%s: not over: %s", points[i], pg_message(pg));
        pg_destroy(&pg);
    }
}

static void marked(void *self, enum err err, const char *message)
{
    (void)message;
    *(enum err *)self = err;
}

/* The commit after queries: one of its three statements fails. Nobody is told that it is made, and
 * no transaction is left open on the connection, which stays. */
static void mark_that_fails_leaves_no_transaction(void **state)
{
    size_t count;
    enum err err = OK;
    struct pg *pg = pg_new(kit_pg_conninfo(server, "postgres"), "public");
    struct chores *chores = chores_new(&TOY_OPS, pg);
    const struct statement *list = chores_statements(chores, &count);
    struct chores_listener listener = {.done = marked, .self = &err};
    (void)state;
    while (strcmp(list->name, "k_mark_alone") != 0)
        list++;
    pg_prepare(pg, list, 1);
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        BUF_OWNED why = {0};
        assert_int_equal(fault_set("pg_full=3", seed, "test-1", &why), OK);
        chores_mark(chores, &listener);
        assert_int_equal(pg_wait(pg, WAIT_MS), OK);
        fault_switch(NULL);
        assert_int_equal(err, ERR_TRANSIENT);
        for (int tries = 0; err != OK && tries < 2;
                tries++) { /* the rollback may have failed, too */
            chores_mark(chores, &listener);
            assert_int_equal(pg_wait(pg, WAIT_MS), OK);
        }
        assert_int_equal(err, OK);
    }
    assert_int_equal(pg_connects(pg), 1);
    pg_destroy(&pg);
    chores_destroy(&chores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_ends_a_segment_as_it_would_really_end),
            cmocka_unit_test(statement_that_fails_takes_its_transaction_with_it),
            cmocka_unit_test(while_connecting_fails_it_is_tried_again_until_it_does_not),
            cmocka_unit_test(mark_that_fails_leaves_no_transaction),
    };
    server = kit_pg_start(NULL);
    kit_pg_run(server, "CREATE TABLE fault_row (n int)");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kit_pg_stop(&server);
    return failed;
}
