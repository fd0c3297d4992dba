/* Chores on a real PostgreSQL, by two instances at once where that is the point. */
#include "services/kernel/store/chores.h"

#include "services/kernel/store/test_toy_pg.h"

#define ROWS_MAX 1024

struct seen { /* what a listener got */
    int64_t ids[ROWS_MAX];
    struct chore_row rows[ROWS_MAX];
    size_t count, at_done, messages;
    int done;
    enum err err;
    int64_t sum, fold;
};

static struct lane one, two;

static void row_take(void *self, const struct chore_row *row)
{
    struct seen *seen = self;
    assert_true(seen->count < ROWS_MAX);
    seen->rows[seen->count++] = *row;
}

static void message_take(void *self, const struct effect_message *message)
{
    struct seen *seen = self;
    assert_true(seen->count < ROWS_MAX);
    assert_int_equal(message->service, SERVICE_ENFORCEMENT);
    assert_int_equal(message->payload.size, 300);
    seen->ids[seen->count++] = message->id;
    seen->messages++;
}

static void counter_take(void *self, const struct effect_count *count, int64_t fold)
{
    struct seen *seen = self;
    seen->count++;
    seen->sum += count->amount;
    seen->fold = fold;
}

static void done_take(void *self, enum err err, const char *message)
{
    struct seen *seen = self;
    (void)message;
    seen->done++;
    seen->err = err;
    seen->at_done = seen->count;
}

static struct chores_listener listen_to(struct seen *seen)
{
    *seen = (struct seen){0};
    return (struct chores_listener){row_take, message_take, counter_take, done_take, seen};
}

static void wait_for(struct seen *left, struct seen *right)
{
    for (int64_t until = toy_now() + DEADLINE_MS;
            !(left->done && (!right || right->done)) && toy_now() < until;) {
        lane_turn(&one);
        pg_turn(two.pg, toy_now());
    }
    assert_int_equal(left->done, 1);
    assert_int_equal(left->at_done, left->count); /* nothing comes after the end */
    if (right)
        assert_int_equal(right->done, 1);
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
    lane_open(&one, 1001, 1);
    lane_open(&two, 1002, 500000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lane_close(&one);
    lane_close(&two);
    return 0;
}

static void outbox_fill(int count)
{
    char sql[300];
    snprintf(sql, sizeof sql,
            "INSERT INTO toy.outbox (id, dest, agg, n, type, at, due, payload) "
            "SELECT i, 3, i, 1, 2, now(), now() - interval '1 s', "
            "convert_to(repeat('x', 300), 'UTF8') FROM generate_series(1, %d) i",
            count);
    kit_pg_run(server, sql);
}

static void two_claimers_share_the_rows(void **state)
{
    static struct seen left, right;
    static bool got[701];
    (void)state;
    outbox_fill(700);
    size_t total = 0;
    memset(got, 0, sizeof got);
    for (int round = 0; round < 6 && total < 700; round++) {
        struct chores_listener a = listen_to(&left), b = listen_to(&right);
        chores_resend(one.chores, SERVICE_ENFORCEMENT, 60000, 0, &a);
        chores_resend(two.chores, SERVICE_ENFORCEMENT, 60000, 0, &b);
        wait_for(&left, &right);
        for (size_t i = 0; i < left.count + right.count; i++) {
            int64_t id = i < left.count ? left.ids[i] : right.ids[i - left.count];
            assert_false(got[id]);
            got[id] = true;
            total++;
        }
    }
    assert_int_equal(total, 700);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox WHERE tries = 1 "
               "AND due BETWEEN now() + interval '40 s' AND now() + interval '80 s'",
            700);
    struct chores_listener a = listen_to(&left);
    chores_resend(one.chores, SERVICE_ENFORCEMENT, 60000, 0, &a);
    wait_for(&left, NULL);
    assert_int_equal(left.count, 0);
    kit_pg_run(server, "UPDATE toy.outbox SET due = now()");
    a = listen_to(&left);
    chores_resend(one.chores, SERVICE_ENFORCEMENT, 60000, 0, &a);
    wait_for(&left, NULL);
    assert_int_equal(left.count, CHORE_ROWS_MAX);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox WHERE tries = 2 "
               "AND due > now() + interval '85 s'",
            CHORE_ROWS_MAX); /* it grows */
}

/* Of one aggregate a window of the lowest numbers is sent again, the rest waits behind it without
 * holding up other aggregates; nothing is sent that is a window above what is still out. */
static void only_the_lowest_numbers_are_sent_again(void **state)
{
    static struct seen seen;
    (void)state;
    kit_pg_run(server,
            "INSERT INTO toy.outbox (id, dest, agg, n, type, at, due, payload) SELECT i, 3, "
            "CASE WHEN i <= 100 THEN 1 ELSE i END, CASE WHEN i <= 100 THEN 101 - i ELSE 1 END, 2, "
            "now(), now() - interval '1 s', convert_to(repeat('x', 300), 'UTF8') "
            "FROM generate_series(1, 110) i");
    struct chores_listener listener = listen_to(&seen);
    chores_resend(one.chores, SERVICE_ENFORCEMENT, 60000, 0, &listener);
    wait_for(&seen, NULL);
    assert_int_equal(seen.messages, RESEND_WINDOW + 10);
    assert_int_equal(seen.count, 110); /* the others as put off */
    ASSERT_SQL("SELECT count(*) FROM toy.outbox WHERE tries = 1 AND agg = 1", RESEND_WINDOW);
    ASSERT_SQL("SELECT max(n) FROM toy.outbox WHERE tries = 1 AND agg = 1", RESEND_WINDOW);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox WHERE tries = 0 AND due < now() + interval '8 s'",
            100 - RESEND_WINDOW);
    kit_pg_run(server, "UPDATE toy.outbox SET due = now() WHERE tries = 0;"
                       "DELETE FROM toy.outbox WHERE agg = 1 AND n BETWEEN 2 AND 10");
    listener = listen_to(&seen);
    chores_resend(one.chores, SERVICE_ENFORCEMENT, 60000, 0, &listener);
    wait_for(&seen, NULL);
    assert_int_equal(seen.messages, 0); /* number 1 is still out */
    kit_pg_run(server, "UPDATE toy.outbox SET due = now() WHERE tries = 0;"
                       "DELETE FROM toy.outbox WHERE agg = 1 AND n = 1");
    listener = listen_to(&seen);
    chores_resend(one.chores, SERVICE_ENFORCEMENT, 60000, 0, &listener);
    wait_for(&seen, NULL);
    assert_int_equal(seen.messages, 10); /* 11 to 16 are out: up to 26 */
    ASSERT_SQL("SELECT max(n) FROM toy.outbox WHERE tries = 1 AND agg = 1", 26);
}

static void a_claim_looks_back_no_further_than_told(void **state)
{
    static struct seen seen;
    (void)state;
    outbox_fill(4);
    kit_pg_run(server, "UPDATE toy.outbox SET due = now() - id * interval '10 s'");
    struct chores_listener listener = listen_to(&seen);
    chores_resend(one.chores, SERVICE_ENFORCEMENT, 60000, 25000, &listener);
    wait_for(&seen, NULL);
    assert_int_equal(seen.messages, 2);
    listener = listen_to(&seen);
    chores_resend(one.chores, SERVICE_ENFORCEMENT, 60000, 0, &listener);
    wait_for(&seen, NULL);
    assert_int_equal(seen.messages, 2);
}

/* Written while the server's clock was an hour ahead; but what has its usual time keeps it. */
static void rows_due_in_the_far_future_are_sent_again(void **state)
{
    static struct seen seen;
    (void)state;
    outbox_fill(4);
    kit_pg_run(server, "UPDATE toy.outbox SET due = now() + interval '1 h' / (1 + 11 * (id / 4))");
    for (int full = 0; full < 2; full++) {
        struct chores_listener listener = listen_to(&seen);
        chores_resend(one.chores, SERVICE_ENFORCEMENT, 60000, full ? 0 : 25000, &listener);
        wait_for(&seen, NULL);
        assert_int_equal(seen.messages, full ? 3 : 0);
    }
}

/* Rows may leave the server before its commit: here a long notice drives them out, and then the
 * commit waits for a lock that a trigger takes. */
static void claimed_rows_are_told_after_the_commit(void **state)
{
    static struct seen seen;
    (void)state;
    outbox_fill(256);
    kit_pg_run(server, "CREATE FUNCTION toy.slow() RETURNS trigger LANGUAGE plpgsql AS "
                       "$$ BEGIN RAISE NOTICE '%', repeat('x', 20000); "
                       "PERFORM pg_advisory_xact_lock(77); "
                       "RETURN NULL; END $$;"
                       "CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON toy.outbox DEFERRABLE "
                       "INITIALLY DEFERRED "
                       "FOR EACH ROW EXECUTE FUNCTION toy.slow()");
    PGconn *other = PQconnectdb(kit_pg_conninfo(server, "postgres"));
    PQclear(PQexec(other, "SELECT pg_advisory_lock(77)"));
    struct chores_listener listener = listen_to(&seen);
    chores_resend(one.chores, SERVICE_ENFORCEMENT, 60000, 0, &listener);
    for (int64_t until = toy_now() + DEADLINE_MS; toy_now() < until;) {
        lane_turn(&one);
        if (kit_pg_int(server, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
                               "AND objid = 77 AND NOT granted"))
            break; /* all rows were sent, the commit hangs */
    }
    for (int i = 0; i < 5; i++)
        lane_turn(&one);
    assert_int_equal(seen.count, 0);
    pg_reset(one.pg); /* and is never confirmed */
    assert_int_equal(seen.done, 1);
    assert_int_equal(seen.err, ERR_TRANSIENT);
    assert_int_equal(seen.count, 0);
    PQfinish(other);
    kit_pg_run(server, "DROP FUNCTION toy.slow() CASCADE");
}

/* The claim is there, but its commit was not confirmed by the standby that is wanted: nothing is
 * told, and it comes due again. */
static void unconfirmed_claim_is_not_told(void **state)
{
    static struct seen seen;
    (void)state;
    outbox_fill(3);
    toy_standby_wanted(true);
    int64_t until = toy_now() + DEADLINE_MS;
    do { /* until the server has taken notice of the setting */
        kit_pg_run(server, "SET LOCAL synchronous_commit = local; "
                           "UPDATE toy.outbox SET tries = 0, due = now()");
        struct chores_listener listener = listen_to(&seen);
        chores_resend(one.chores, SERVICE_ENFORCEMENT, 60000, 0, &listener);
        while (!seen.done && !toy_commit_waits(pg_backend(one.pg)) && toy_now() < until)
            lane_turn(&one);
    } while (seen.done && toy_now() < until);
    assert_int_equal(seen.done, 0);
    int backend = pg_backend(one.pg);
    toy_cancel(backend);
    while (!seen.done && toy_now() < until)
        lane_turn(&one);
    while (toy_backends(backend, "true") && toy_now() < until)
        ; /* after the warning, and only then, it shows what it has committed */
    assert_int_equal(seen.err, ERR_TRANSIENT);
    assert_int_equal(seen.count, 0);
    toy_standby_wanted(false);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox WHERE tries = 1", 3);
}

static void attempts_of_dead_sessions_make_suspects(void **state)
{
    struct seen seen;
    (void)state;
    for (int round = 1; round <= 2; round++) {
        kit_pg_run(server, "INSERT INTO toy.attempt (id, session, at, messages) VALUES "
                           "(1, 1002, now() - interval '1 h', '{11, 12}')," /* alive */
                           "(2, 9999, now() - interval '1 h', '{21, 22}')," /* gone */
                           "(3, 9998, now(), '{31}'),"                      /* gone, just now */
                           "(4, 9997, now() - interval '1 h', '{21}')");    /* gone, alone */
        struct chores_listener listener = listen_to(&seen);
        chores_attempts(one.chores, &listener);
        wait_for(&seen, NULL);
        assert_int_equal(seen.err, OK);
        ASSERT_SQL("SELECT count(*) FROM toy.suspect", 2);
        ASSERT_SQL("SELECT attempts FROM toy.suspect WHERE msg_id = 21", round);
        ASSERT_SQL("SELECT attempts FROM toy.suspect WHERE msg_id = 22", 0);
        ASSERT_SQL("SELECT sum(id) FROM toy.attempt", 4);
        kit_pg_run(server, "DELETE FROM toy.attempt");
    }
    lane_close(&two); /* now it is gone */
    kit_pg_run(server, "INSERT INTO toy.attempt (id, session, at, messages) VALUES "
                       "(1, 1002, now() - interval '1 h', '{11, 12}')");
    for (int64_t until = toy_now() + DEADLINE_MS;
            kit_pg_int(server, "SELECT count(*) FROM toy.suspect") < 4 && toy_now() < until;) {
        struct chores_listener listener = listen_to(&seen);
        chores_attempts(one.chores, &listener);
        assert_int_equal(pg_wait(one.pg, DEADLINE_MS), OK);
    }
    ASSERT_SQL("SELECT count(*) FROM toy.suspect WHERE msg_id IN (11, 12)", 2);
    kit_pg_run(server, "UPDATE toy.suspect SET last = now() - interval '2 day'");
    struct chores_listener listener = listen_to(&seen);
    chores_attempts(one.chores, &listener);
    assert_int_equal(pg_wait(one.pg, DEADLINE_MS), OK);
    ASSERT_SQL("SELECT count(*) FROM toy.suspect", 0); /* forgotten after a day */
    lane_open(&two, 1002, 500000);
}

static void folding_at_once_sums_right(void **state)
{
    static struct seen left, right;
    int64_t last = 0;
    (void)state;
    for (int round = 0; round < 20; round++) {
        kit_pg_run(server, "INSERT INTO toy.counter_delta (metrics, units, matters, amounts) "
                           "SELECT '{0,0,1}', '{0,11,0}', '{0,0,3}', ARRAY[1, 10, i]::bigint[] "
                           "FROM generate_series(1, 50) i");
        struct chores_listener a = listen_to(&left), b = listen_to(&right);
        chores_fold(one.chores, &a);
        chores_fold(two.chores, &b);
        wait_for(&left, &right);
        int64_t folds[] = {left.fold, right.fold};
        for (int i = 0; i < 2; i++)
            if (folds[i]) {
                assert_true(folds[i] > 0);
                last = folds[i] > last ? folds[i] : last;
            }
    }
    struct chores_listener a = listen_to(&left);
    chores_fold(one.chores, &a);
    wait_for(&left, NULL);
    ASSERT_SQL("SELECT count(*) FROM toy.counter_delta", 0);
    ASSERT_SQL("SELECT value FROM toy.counter WHERE metric = 0 AND unit = 0", 1000);
    ASSERT_SQL("SELECT value FROM toy.counter WHERE unit = 11", 10000);
    ASSERT_SQL("SELECT value FROM toy.counter WHERE metric = 1 AND matter = 3", 20 * 1275);
    ASSERT_SQL("SELECT (fold >= 20)::int FROM toy.counter_head", 1);
    assert_true(last >= 20);
    a = listen_to(&left);
    chores_counters(one.chores, &a);
    wait_for(&left, NULL);
    assert_int_equal(left.count, 3);
    assert_int_equal(left.sum, 1000 + 10000 + 20 * 1275);
}

/* Counting again while the other connection commits: nothing is lost, nothing counted twice. */
static void recount_is_the_truth_while_batches_commit(void **state)
{
    static struct seen seen;
    static struct work works[10];
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.counter VALUES (0, 0, 0, 4711, 0), (5, 0, 0, 9, 0)");
    for (uint64_t round = 1; round <= 20; round++) {
        for (int i = 0; i < 10; i++)
            works[i] = toy_event(SERVICE_INTAKE, 100 + i, round, "A3");
        lane_start(&two, works, 10, NULL, 0);
        struct chores_listener listener = listen_to(&seen);
        if (round % 2)
            chores_recount(one.chores, &listener);
        else
            chores_fold(one.chores, &listener);
        wait_for(&seen, NULL);
        assert_int_equal(lane_finish(&two), BATCH_DONE);
    }
    struct chores_listener listener = listen_to(&seen);
    chores_fold(one.chores, &listener);
    wait_for(&seen, NULL);
    ASSERT_SQL("SELECT sum(total) FROM toy.toy", 600);
    ASSERT_SQL("SELECT count(*) FROM toy.counter c JOIN toy.counter_truth t "
               "USING (metric, unit, matter) WHERE c.value = t.value AND t.value = 600",
            5);
    ASSERT_SQL("SELECT value FROM toy.counter WHERE metric = 5", 0);
}

static void timers_by_the_clock_in_force(void **state)
{
    static const struct {
        const char *site;
        size_t found;
        int64_t first;
    } cases[] = {
            {"UPDATE directory.site SET drill = false", 1, 1},
            {"UPDATE directory.site SET drill = true, clock = '2018-01-02 00:00Z'", 1, 2},
            /* exactly at the instant is in time */
            {"UPDATE directory.site SET drill = true, clock = '2018-01-01 00:00Z'", 0, 0},
            {"UPDATE directory.site SET drill = true, clock = '2018-01-01 00:00:00.001Z'", 1, 2},
    };
    struct seen seen;
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.timer VALUES (1, 1, 4, now() - interval '1 min'), "
                       "(2, 1, 6, '2018-01-01 00:00Z'), (3, 1, 8, now() + interval '1 h')");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (i == 0)
            kit_pg_run(server, "UPDATE toy.timer SET due = '2100-01-01Z' WHERE agg = 2");
        else
            kit_pg_run(server, "UPDATE toy.timer SET due = '2018-01-01 00:00Z' WHERE agg = 2");
        kit_pg_run(server, cases[i].site);
        struct chores_listener listener = listen_to(&seen);
        chores_timers(one.chores, &listener);
        wait_for(&seen, NULL);
        assert_int_equal(seen.count, cases[i].found);
        if (seen.count)
            assert_int_equal(seen.rows[0].agg, cases[i].first);
        if (seen.count && cases[i].first == 2) {
            assert_int_equal(seen.rows[0].gen, 6);
            assert_int_equal(seen.rows[0].at_ms, INT64_C(1514764800000));
        }
    }
}

/* The database's clock runs on within a statement; asked once, it still serves as an index's bound:
 * a sweep that read every timer would cost more the more cases are open. */
static void due_timers_are_looked_up_in_the_index(void **state)
{
    size_t count;
    const struct statement *list = chores_statements(one.chores, &count);
    BUF_OWNED sql = {0};
    (void)state;
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, "k_timers_due") == 0)
            buf_add_format(&sql,
                    "SET search_path = toy; SET enable_seqscan = off; "
                    "SET plan_cache_mode = force_generic_plan; PREPARE due AS %s",
                    list[i].sql);
    assert_true(sql.size > 0);
    kit_pg_run(server, sql.data);
    PGresult *plan = kit_pg_sql(server, "EXPLAIN (COSTS OFF) EXECUTE due(256)");
    BUF_OWNED text = {0};
    for (int row = 0; row < PQntuples(plan); row++)
        buf_add_format(&text, "%s\n", PQgetvalue(plan, row, 0));
    PQclear(plan);
    kit_pg_run(server, "DEALLOCATE due; RESET ALL");
    if (!strstr(text.data, "Index Scan using timer_due") ||
            !strstr(text.data, "Index Cond: (due <"))
        fail_msg("%s", text.data);
}

static struct site_row site_ask(const char *boot, struct clock_anchor *anchor)
{
    static struct seen seen;
    struct site_row site = {0};
    struct chores_listener listener = listen_to(&seen);
    chores_site(one.chores, boot, &site, anchor, &listener);
    wait_for(&seen, NULL);
    return site;
}

static void anchor_set(const char *boot, int64_t low_ms, int64_t trust)
{
    static struct seen seen;
    struct chores_listener listener = listen_to(&seen);
    chores_anchor(
            one.chores, boot, &(struct clock_anchor){true, low_ms, low_ms + 3, trust}, &listener);
    wait_for(&seen, NULL);
    assert_int_equal(seen.err, OK);
}

/* What one process trusted, the next one on the same machine finds: that machine's, the highest
 * number of trust, and no row for ever. */
static void anchors_of_machines(void **state)
{
    struct clock_anchor anchor;
    (void)state;
    anchor_set("here", 1000, 1);
    anchor_set("there", 2000, 1);
    anchor_set("here", 1001, 2);
    anchor_set("here", 1002, 1);
    kit_pg_run(server, "UPDATE directory.site SET clock_trust = 2");
    assert_int_equal(site_ask("here", &anchor).trust, 2);
    assert_true(anchor.found);
    assert_int_equal(anchor.low_ms, 1001);
    assert_int_equal(anchor.high_ms, 1004);
    assert_int_equal(anchor.trust, 2);
    (void)site_ask("elsewhere", &anchor);
    assert_false(anchor.found);
    kit_pg_run(server, "UPDATE toy.clock_anchor SET at = now() - interval '91 days'");
    anchor_set("here", 1003, 2);
    ASSERT_SQL("SELECT count(*) FROM toy.clock_anchor", 1);
}

static void held_messages_that_are_due_are_found(void **state)
{
    struct seen seen;
    (void)state;
    kit_pg_run(server,
            "INSERT INTO toy.toy (id, seen_intake, seen_volunteer) VALUES (100, 1, 0), (200, 1, 0);"
            "INSERT INTO toy.waiting (agg, source, n, msg_id, type, at, payload) VALUES "
            "(100, 1, 2, 51, 1, now(), ''), (100, 4, 2, 52, 1, now(), ''), "
            "(200, 1, 3, 53, 1, now(), ''), (200, 4, 1, 54, 1, now(), '')");
    struct chores_listener listener = listen_to(&seen);
    chores_held(one.chores, &listener);
    wait_for(&seen, NULL);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.rows[0].gen + seen.rows[1].gen, 51 + 54);
    assert_int_equal(seen.rows[0].kind + seen.rows[1].kind, SERVICE_INTAKE + SERVICE_VOLUNTEER);
    listener = listen_to(&seen);
    kit_pg_run(server, "UPDATE toy.toy SET total = 77 WHERE id = 200");
    chores_work(one.chores, &listener);
    wait_for(&seen, NULL);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.rows[0].agg, 200);
}

/* A dead letter may hold up any number of messages, and any number of streams: each sweep looks at
 * some of them, and none is forgotten. */
static void sweep_goes_round(void **state)
{
    static struct seen seen;
    size_t found = 0, sweeps = 0;
    (void)state;
    kit_pg_run(server,
            "INSERT INTO toy.toy (id, seen_intake) SELECT i, i % 2 FROM generate_series(1, 600) i;"
            "INSERT INTO toy.waiting (agg, source, n, msg_id, type, at, payload) "
            "SELECT i, 1, n, i * 1000 + n, 1, now(), '' "
            "FROM generate_series(1, 600) i, generate_series(2, 101) n");
    for (; sweeps < 3; sweeps++) {
        struct chores_listener listener = listen_to(&seen);
        chores_held(one.chores, &listener);
        wait_for(&seen, NULL);
        for (size_t i = 0; i < seen.count; i++)
            assert_int_equal(seen.rows[i].gen, seen.rows[i].agg * 1000 + 2);
        found += seen.count;
    }
    assert_int_equal(found, 300);
    struct chores_listener listener = listen_to(&seen);
    chores_held(one.chores, &listener);
    wait_for(&seen, NULL);
    assert_int_equal(seen.rows[0].agg, 1); /* and again from the beginning */
}

static void suspects_and_gauges(void **state)
{
    struct seen seen;
    struct chore_gauges gauges;
    struct site_row site;
    struct clock_anchor anchor;
    (void)state;
    outbox_fill(3);
    for (int i = 0; i < 2; i++) {
        struct chores_listener listener = listen_to(&seen);
        chores_suspect(one.chores, 5, &listener);
        wait_for(&seen, NULL);
    }
    ASSERT_SQL("SELECT attempts FROM toy.suspect WHERE msg_id = 5", 2);
    struct chores_listener listener = listen_to(&seen);
    chores_gauges(one.chores, &gauges, &listener);
    wait_for(&seen, NULL);
    assert_int_equal(gauges.outbox, 3);
    assert_int_equal(gauges.waiting + gauges.dead + gauges.timers, 0);
    listener = listen_to(&seen);
    chores_site(one.chores, "boot", &site, &anchor, &listener);
    wait_for(&seen, NULL);
    assert_int_equal(site.incarnation, one.incarnation);
    assert_int_equal(site.version, 1);
    assert_true(site.now_ms > INT64_C(1500000000000));
    assert_false(anchor.found);
}

static void service_that_hears_nobody_can_prepare(void **state)
{
    static const enum service_id nobody[] = {SERVICE_NONE};
    static struct aggregate_ops ops;
    struct lane lane;
    (void)state;
    ops = TOY_OPS;
    ops.hears = nobody;
    toy_ops = &ops;
    lane_open(&lane, 0, 1);
    lane_close(&lane);
    toy_ops = &TOY_OPS;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(two_claimers_share_the_rows),
            CASE(claimed_rows_are_told_after_the_commit), CASE(unconfirmed_claim_is_not_told),
            CASE(only_the_lowest_numbers_are_sent_again),
            CASE(a_claim_looks_back_no_further_than_told), CASE(sweep_goes_round),
            CASE(rows_due_in_the_far_future_are_sent_again),
            CASE(attempts_of_dead_sessions_make_suspects), CASE(suspects_and_gauges),
            CASE(folding_at_once_sums_right), CASE(recount_is_the_truth_while_batches_commit),
            CASE(anchors_of_machines), CASE(timers_by_the_clock_in_force),
            CASE(due_timers_are_looked_up_in_the_index), CASE(held_messages_that_are_due_are_found),
            CASE(service_that_hears_nobody_can_prepare)};
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
