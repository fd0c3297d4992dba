/* Queries from a real standby: which of the two answers, and that an answer is never older than the
 * configuration allows, whatever becomes of the standby. */
#include "services/kernel/run/test_loop.h"

static struct stage stage;
static struct kit_pg *standby;

static int group_setup(void **state)
{
    stage_server_start(state);
    toy_reset();
    standby = kit_pg_replica(server);
    return 0;
}

static int group_teardown(void **state)
{
    kit_pg_stop(&standby);
    return stage_server_stop(state);
}

static int setup(void **state)
{
    (void)state;
    kit_pg_restart(standby);
    toy_reset();
    stage_prepare(&stage);
    snprintf(stage.loop.conf.replica, sizeof stage.loop.conf.replica, "%s",
            kit_pg_conninfo(standby, "postgres"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_pg_run(server, "BEGIN; ROLLBACK"); /* a lock that a failed test left */
    kit_pg_restart(standby);
    kit_pg_run(standby, "SELECT pg_wal_replay_resume()");
    stage_close(&stage);
    return 0;
}

static bool in_use(void)
{
    return STAGE_METRIC(&stage, replica_up) == 1;
}

static void start_and_use(void)
{
    stage_start(&stage);
    STAGE_UNTIL(&stage, in_use());
}

static bool shows(int64_t agg)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM toy.toy WHERE id = %lld", (long long)agg);
    return kit_pg_int(standby, sql) == 1;
}

/* Asks and says who answered: true = the replica. */
static bool answered_by_replica(int64_t agg, const char *part)
{
    long long replica = STAGE_METRIC(&stage, replica_queries);
    long long marks = STAGE_METRIC(&stage, marks);
    struct envelope look = stage_look(1, agg);
    ASSERT_REPLY(stage_ask(&stage, FRAME_QUERIES, &look), VERDICT_APPLIED, part);
    bool by = STAGE_METRIC(&stage, replica_queries) > replica;
    assert_int_equal(STAGE_METRIC(&stage, marks) > marks, !by);
    return by;
}

static void queries_go_to_the_replica_and_commands_do_not(void **state)
{
    (void)state;
    int64_t agg = stage_toy(42);
    start_and_use();
    STAGE_UNTIL(&stage, shows(agg));
    assert_true(answered_by_replica(agg, "total 42"));
    struct envelope sub = stage_sub(2, agg, "sub", "S2");
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &sub), VERDICT_APPLIED, "total 40");
}

static void none_is_configured(void **state)
{
    (void)state;
    stage.loop.conf.replica[0] = 0;
    stage_start(&stage);
    assert_false(answered_by_replica(stage_toy(42), "total 42"));
}

/* Locked on the primary, hence on the standby: the query is under way there when it dies. */
static void replica_that_dies_is_left_at_once(void **state)
{
    (void)state;
    int64_t agg = stage_toy(42);
    stage.loop.conf.replica_lag_s = 60; /* the lock holds up who would say how far it is */
    start_and_use();
    STAGE_UNTIL(&stage, shows(agg));
    kit_pg_run(server, "BEGIN; LOCK TABLE toy.toy IN ACCESS EXCLUSIVE MODE");
    STAGE_UNTIL(&stage, kit_pg_int(standby, "SELECT count(*) FROM pg_locks WHERE relation ="
                                            " 'toy.toy'::regclass") == 1);
    struct envelope look = stage_look(1, agg);
    uint64_t serial = stage_post_one(&stage, FRAME_QUERIES, &look);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, replica_queries) == 1);
    stage_listen(&stage);
    kit_pg_crash(standby);
    STAGE_UNTIL(&stage, stage_replies(&stage, serial));
    ASSERT_REPLY(stage_reply(&stage, serial, 1), REPLY_FAILED + ERR_TRANSIENT, "ask again");
    kit_pg_run(server, "ROLLBACK");
    assert_false(in_use());
    assert_true(stage_told(&stage, "WARN  QUERY-FAILED"));
    STAGE_UNTIL(&stage, stage_told(&stage, "WARN  REPLICA-AWAY"));
    assert_false(answered_by_replica(agg, "total 42"));
    assert_int_equal(stage.loop.queries_out, 0);
    kit_pg_restart(standby);
    STAGE_UNTIL(&stage, in_use());
    assert_true(answered_by_replica(agg, "total 42"));
}

static void replica_that_lags_is_left_and_taken_up_again(void **state)
{
    (void)state;
    int64_t agg = stage_toy(42);
    start_and_use();
    STAGE_UNTIL(&stage, shows(agg));
    kit_pg_run(standby, "SELECT pg_wal_replay_pause()");
    struct envelope sub = stage_sub(2, agg, "sub", "S2");
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &sub), VERDICT_APPLIED, "total 40");
    STAGE_UNTIL(&stage, !in_use()); /* a second after the commit */
    assert_false(answered_by_replica(agg, "total 40"));
    kit_pg_run(standby, "SELECT pg_wal_replay_resume()");
    STAGE_UNTIL(&stage, in_use());
    assert_true(answered_by_replica(agg, "total 40"));
}

/* The last transaction is older than the bound, and yet nothing is missing on the replica. */
static void idle_primary_is_no_lag(void **state)
{
    (void)state;
    int64_t agg = stage_toy(42);
    start_and_use();
    struct chore_state *fold = &stage.loop.chore_states[CHORE_FOLD]; /* commits each second */
    STAGE_UNTIL(&stage, !fold->running);
    fold->running = true; /* never again */
    STAGE_UNTIL(&stage,
            kit_pg_int(standby, "SELECT (extract(epoch FROM clock_timestamp() -"
                                " pg_last_xact_replay_timestamp()) * 1000)::bigint") > 2000 &&
                    in_use());
    assert_true(answered_by_replica(agg, "total 42"));
}

/* It keeps its connection and says nothing: a stopped process. */
static void replica_that_hangs_lets_go_of_its_queries(void **state)
{
    (void)state;
    int64_t agg = stage_toy(42);
    start_and_use();
    STAGE_UNTIL(&stage, shows(agg));
    long long backend = kit_pg_int(standby, "SELECT min(pid) FROM pg_stat_activity WHERE"
                                            " application_name = 'toy'");
    assert_int_equal(kill((pid_t)backend, SIGSTOP), 0);
    struct envelope look = stage_look(1, agg);
    uint64_t serial = stage_post_one(&stage, FRAME_QUERIES, &look);
    STAGE_UNTIL(&stage, stage_replies(&stage, serial));
    assert_int_equal(kill((pid_t)backend, SIGCONT), 0);
    ASSERT_REPLY(stage_reply(&stage, serial, 1), REPLY_FAILED + ERR_TRANSIENT, "ask again");
    assert_int_equal(stage.loop.queries_out, 0);
    STAGE_UNTIL(&stage, in_use());
}

/* Not used, though it is not behind. */
static void primary_drill_and_other_incarnation_are_no_replicas(void **state)
{
    (void)state;
    int64_t agg = stage_toy(42);
    stage.loop.conf.replica_lag_s = 3600;
    snprintf(stage.loop.conf.replica, sizeof stage.loop.conf.replica, "%s",
            kit_pg_conninfo(server, "postgres"));
    stage_start(&stage);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, turned_ms) > 0 &&
                                kit_pg_int(server, "SELECT count(*) FROM pg_stat_activity WHERE"
                                                   " query LIKE '%pg_is_in_recovery%'"
                                                   " AND pid <> pg_backend_pid()") == 1);
    assert_false(answered_by_replica(agg, "total 42"));
    stage_close(&stage);
    setup(state);
    stage.loop.conf.replica_lag_s = 3600;
    start_and_use();
    kit_pg_run(standby, "SELECT pg_wal_replay_pause()");
    kit_pg_run(server, "UPDATE directory.site SET incarnation = incarnation + 1");
    STAGE_UNTIL(&stage, !in_use());
    STAGE_UNTIL(&stage, stage.loop.lanes[0].attached && stage.loop.aux_attached);
    agg = stage_toy(43);
    assert_false(answered_by_replica(agg, "total 43"));
    kit_pg_run(standby, "SELECT pg_wal_replay_resume()");
    STAGE_UNTIL(&stage, in_use());
    assert_true(answered_by_replica(agg, "total 43"));
    kit_pg_run(server, "UPDATE directory.site SET drill = true, clock = now()");
    STAGE_UNTIL(&stage, stage.loop.site.drill);
    assert_false(answered_by_replica(agg, "total 43"));
}

/* The last: it is no standby any more. What it replayed is recent all the same. */
static void replica_that_is_promoted_is_left(void **state)
{
    (void)state;
    int64_t agg = stage_toy(44);
    stage.loop.conf.replica_lag_s = 3600;
    start_and_use();
    kit_pg_run(standby, "SELECT pg_promote()");
    STAGE_UNTIL(&stage, !in_use());
    assert_false(answered_by_replica(agg, "total 44"));
}

static int teardown_last(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(queries_go_to_the_replica_and_commands_do_not),
            CASE(none_is_configured), CASE(replica_that_dies_is_left_at_once),
            CASE(replica_that_lags_is_left_and_taken_up_again), CASE(idle_primary_is_no_lag),
            CASE(replica_that_hangs_lets_go_of_its_queries),
            CASE(primary_drill_and_other_incarnation_are_no_replicas),
            cmocka_unit_test_setup_teardown(
                    replica_that_is_promoted_is_left, setup, teardown_last)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
