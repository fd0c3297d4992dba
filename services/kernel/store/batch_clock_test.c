/* The clock that a batch judges deadlines by, in a real PostgreSQL: which one it is, what happens
 * when the owner does not trust it, and that a deadline is one of a row under its lock. */
#include "services/kernel/store/test_toy_pg.h"

#define DRILL_NOW_MS INT64_C(1514764800000) /* 2018-01-01Z */

static struct lane one;

static int sites_seen;

static bool clock_jumped(void *self, const struct site_row *site)
{
    (void)self;
    assert_int_equal(site->trust, 4);
    sites_seen++;
    return false;
}

/* The deadline was found before anybody knew that the clock had jumped: it stays; what else is in
 * the batch has its effect. */
static void no_timer_fires_while_the_clock_is_not_trusted(void **state)
{
    struct work set[] = {toy_event(SERVICE_INTAKE, 100, 1, "T1")};
    struct work works[] = {toy_timer(100, 1, 1), toy_event(SERVICE_INTAKE, 100, 2, "A5")};
    struct work again[] = {toy_timer(100, 1, 1)};
    (void)state;
    assert_int_equal(lane_run(&one, set, 1), BATCH_DONE);
    kit_pg_run(server, "UPDATE toy.timer SET due = now() - interval '1 s';"
                       "UPDATE directory.site SET clock_trust = 4");
    sites_seen = 0;
    toy_site_seen = clock_jumped;
    enum batch_end end = lane_run(&one, works, 2);
    toy_site_seen = NULL;
    assert_int_equal(end, BATCH_DONE);
    assert_int_equal(sites_seen, 1);
    assert_true(batch_core(one.batch)->timers_held);
    ASSERT_SQL("SELECT total FROM toy.toy", 6);
    ASSERT_SQL("SELECT count(*) FROM toy.timer", 1);
    assert_int_equal(lane_run(&one, again, 1), BATCH_DONE);
    assert_false(batch_core(one.batch)->timers_held);
    ASSERT_SQL("SELECT total FROM toy.toy", 1006);
    ASSERT_SQL("SELECT count(*) FROM toy.timer", 0);
}

/* The row was not committed yet when it was to be locked, its timer was when it was read: a
 * deadline that was found before a fail-over and is there again under the same generation. */
static void timer_of_a_row_that_was_not_locked_does_not_fire(void **state)
{
    struct work works[] = {toy_timer(100, 1, 1)}, again[] = {toy_timer(100, 1, 1)};
    (void)state;
    kit_pg_run(server, "BEGIN; LOCK TABLE toy.timer; INSERT INTO toy.toy (id, ver, total)"
                       " VALUES (100, 3, 40); INSERT INTO toy.timer (agg, kind, gen, due)"
                       " VALUES (100, 1, 1, now() - interval '1 s')");
    lane_start(&one, works, 1, NULL, 0);
    for (int64_t until = toy_now() + DEADLINE_MS; toy_now() < until;) {
        lane_turn(&one);
        if (kit_pg_int(server, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 1)
            break;
    }
    assert_int_equal(one.calls, 0);
    kit_pg_run(server, "COMMIT");
    assert_int_equal(lane_finish(&one), BATCH_DONE);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE ver = 3", 40);
    ASSERT_SQL("SELECT count(*) FROM toy.timer", 1);
    assert_int_equal(lane_run(&one, again, 1), BATCH_DONE);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE ver = 4", 1040);
}

/* Now and the rest of the site's row are of one reading: the drill's where the site is a drill. */
static void now_is_the_drills_or_the_servers(void **state)
{
    struct work first[] = {toy_event(SERVICE_INTAKE, 100, 1, "A1")};
    struct work second[] = {toy_event(SERVICE_INTAKE, 100, 2, "A1")};
    (void)state;
    assert_int_equal(lane_run(&one, first, 1), BATCH_DONE);
    assert_false(batch_site(one.batch)->drill);
    int64_t server_ms =
            kit_pg_int(server, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
    assert_in_range(server_ms - batch_site(one.batch)->now_ms, 0, DEADLINE_MS);
    kit_pg_run(server, "UPDATE directory.site SET drill = true, clock = '2018-01-01Z'");
    assert_int_equal(lane_run(&one, second, 1), BATCH_DONE);
    assert_true(batch_site(one.batch)->drill);
    assert_int_equal(batch_site(one.batch)->now_ms, DRILL_NOW_MS);
    assert_int_equal(batch_core(one.batch)->now_ms, DRILL_NOW_MS);
}

static int setup_all(void **state)
{
    (void)state;
    server = kit_pg_start(NULL);
    toy_schema();
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    kit_pg_stop(&server);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    toy_reset();
    lane_open(&one, 0, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lane_close(&one);
    return 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(no_timer_fires_while_the_clock_is_not_trusted),
            CASE(timer_of_a_row_that_was_not_locked_does_not_fire),
            CASE(now_is_the_drills_or_the_servers),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
