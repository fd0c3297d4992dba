/* The end of rows on a real PostgreSQL: what goes, what stays, what is waited for, and what old
 * messages meet afterwards. Aggregates are of site 7, minted by intake. */
#include "services/kernel/store/life.h"

#include "services/kernel/store/ops_codec.h"
#include "services/kernel/store/test_toy_pg.h"

#define A(counter) id_make(7, SERVICE_INTAKE, counter)
#define RUN(call, expected)                                                                        \
    do {                                                                                           \
        int64_t rows = -1;                                                                         \
        call;                                                                                      \
        assert_int_equal(pg_wait(one.pg, DEADLINE_MS), OK);                                        \
        assert_int_equal(rows, expected);                                                          \
    } while (0)
#define SHRINK(days, expected) RUN(life_shrink(one.life, ago(days), &rows, done, NULL), expected)
#define RAISE(days, expected)                                                                      \
    RUN(life_raise(one.life, ago(0), ago(days), &rows, done, NULL), expected)
#define REMOVE(expected) RUN(life_remove(one.life, &rows, done, NULL), expected)

static struct lane one, two;

static void done(void *self, enum err err, const char *message)
{
    (void)self;
    if (err != OK)
        print_error("%s\n", message);
    assert_int_equal(err, OK);
}

/* By the clock in force. */
static int64_t ago(int days)
{
    return kit_pg_int(server, "SELECT (extract(epoch FROM directory.clock()) * 1000)::bigint") -
           days * INT64_C(86400000);
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
    lane_open(&two, 0, 500000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lane_close(&one);
    lane_close(&two);
    return 0;
}

/* SQL in which @ is the id. */
static const char *about(const char *sql, int64_t agg)
{
    static struct buf text;
    buf_reset(&text);
    for (; *sql; sql++)
        if (*sql == '@')
            buf_add_format(&text, "%lld", (long long)agg);
        else
            buf_add(&text, sql, 1);
    return text.data;
}

static void run(const char *sql, int64_t agg)
{
    kit_pg_run(server, about(sql, agg));
}

static long long ask(const char *sql, int64_t agg)
{
    return kit_pg_int(server, about(sql, agg));
}

/* Two messages, five days ago it was over, and all that was sent is acknowledged. */
static void finished(int64_t agg)
{
    struct work works[] = {
            toy_event(SERVICE_INTAKE, agg, 1, "A5"), toy_event(SERVICE_INTAKE, agg, 2, "A6")};
    assert_int_equal(lane_run(&one, works, 2), BATCH_DONE);
    run("DELETE FROM toy.outbox; DELETE FROM toy.counter_delta;"
        "INSERT INTO toy.note VALUES (@, 'about somebody');"
        "UPDATE toy.toy SET ended_at = now() - interval '5 days' WHERE id = @",
            agg);
}

static enum work_end event(struct lane *lane, int64_t agg, uint64_t n)
{
    struct work work = toy_event(SERVICE_INTAKE, agg, n, "A7");
    enum batch_end end = lane_run(lane, &work, 1);
    if (end == BATCH_RETRY) /* it has learnt of a horizon */
        end = lane_run(lane, &work, 1);
    assert_int_equal(end, BATCH_DONE);
    return work.end;
}

static void letter(enum work_origin origin, int64_t agg, uint64_t n, enum verdict verdict)
{
    struct work work = {.origin = origin, .request_id = "", .why = "too old"};
    work.input = (struct input){.kind = INPUT_COMMAND,
            .source = SERVICE_INTAKE,
            .agg = agg,
            .n = n,
            .peer = "ctl",
            .actor = "operator-1"};
    assert_int_equal(lane_run(&one, &work, 1), BATCH_DONE);
    assert_int_equal(work.verdict, verdict);
}

static void row_shrinks_to_its_numbers(void **state)
{
    (void)state;
    finished(A(10));
    finished(A(20));
    run("UPDATE toy.toy SET ended_at = now() - interval '2 days' WHERE id = @", A(20));
    SHRINK(3, 1);
    assert_int_equal(ask("SELECT count(*) FROM toy.toy WHERE id = @ AND ver = -2 "
                         "AND seen_intake = 2 AND sent_enforcement = 2 AND total = 0 "
                         "AND ended_at IS NULL",
                             A(10)),
            1);
    assert_int_equal(ask("SELECT count(*) FROM toy.history WHERE agg = @", A(10)), 0);
    assert_int_equal(ask("SELECT count(*) FROM toy.note WHERE agg = @", A(10)), 0);
    assert_int_equal(ask("SELECT total FROM toy.toy WHERE id = @ AND ver = 2", A(20)), 11);
    assert_int_equal(ask("SELECT count(*) FROM toy.history WHERE agg = @", A(20)), 2);
    assert_int_equal(ask("SELECT count(*) FROM toy.note WHERE agg = @", A(20)), 1);
    ASSERT_SQL("SELECT value FROM toy.counter_truth WHERE unit = 1", 22);
    ASSERT_SQL("SELECT value FROM toy.counter_kept", 11);
    SHRINK(3, 0);
    SHRINK(1, 1);
    ASSERT_SQL("SELECT value FROM toy.counter_kept", 22);
    ASSERT_SQL("SELECT value FROM toy.counter_truth WHERE unit = 1", 22);
}

static void nothing_shrinks_that_is_under_way(void **state)
{
    static const struct {
        const char *name, *sql, *undo;
    } cases[] = {
            {"outbox",
                    "INSERT INTO toy.outbox (id, dest, agg, n, type, at, due, payload) "
                    "VALUES (1, 3, @, 1, 2, now(), now(), '')",
                    "DELETE FROM toy.outbox"},
            {"backlog",
                    "INSERT INTO toy.outbox (id, dest, agg, n, type, at, due, payload) "
                    "SELECT i, 3, @ + i, 1, 2, now(), now(), '' "
                    "FROM generate_series(1, 20000) AS i",
                    "DELETE FROM toy.outbox"},
            {"waiting",
                    "INSERT INTO toy.waiting (agg, source, n, msg_id, type, at, payload) "
                    "VALUES (@, 1, 4, 1, 1, now(), '')",
                    "DELETE FROM toy.waiting"},
            {"dead letter",
                    "INSERT INTO toy.dead_letter (agg, source, n, msg_id, type, at, reason, "
                    "attempts, payload) VALUES (@, 1, 3, 1, 1, now(), '', 0, '')",
                    "DELETE FROM toy.dead_letter"},
            {"timer", "INSERT INTO toy.timer VALUES (@, 1, 1, now() + interval '1 day')",
                    "DELETE FROM toy.timer"},
            {"not over", "UPDATE toy.toy SET ended_at = NULL",
                    "UPDATE toy.toy SET ended_at = now() - interval '5 days'"},
            {"a stub", "UPDATE toy.toy SET ver = 0", "UPDATE toy.toy SET ver = 2"},
            {"by the drill's clock",
                    "UPDATE directory.site SET drill = true, clock = now() - interval '3 days'",
                    "UPDATE directory.site SET drill = false, clock = NULL"},
    };
    (void)state;
    finished(A(10));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        run(cases[i].sql, A(10));
        SHRINK(3, 0);
        if (ask("SELECT count(*) FROM toy.note WHERE agg = @", A(10)) != 1)
            fail_msg("%s: shrunk", cases[i].name);
        kit_pg_run(server, cases[i].undo);
    }
    SHRINK(3, 1);
}

static void locked_row_has_its_turn_later(void **state)
{
    (void)state;
    finished(A(10));
    finished(A(20));
    PGconn *other = PQconnectdb(kit_pg_conninfo(server, "postgres"));
    PQclear(PQexec(other, "BEGIN; SELECT 1 FROM toy.toy ORDER BY id LIMIT 1 FOR UPDATE"));
    SHRINK(3, 1);
    assert_int_equal(ask("SELECT ver FROM toy.toy WHERE id = @", A(10)), 2);
    PQclear(PQexec(other, "ROLLBACK"));
    PQfinish(other);
    SHRINK(3, 1);
}

/* Between the reading of candidates and their locks a batch commits: it is seen under the lock. */
static void what_a_batch_did_meanwhile_is_seen_under_the_lock(void **state)
{
    int64_t count = -1;
    (void)state;
    finished(A(10));
    kit_pg_run(server,
            "CREATE FUNCTION toy.slow() RETURNS boolean LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_advisory_xact_lock(77); RETURN true; END $$;"
            "CREATE OR REPLACE VIEW toy.finished AS SELECT id AS agg, ended_at AS at FROM toy.toy "
            "WHERE ver > 0 AND ended_at IS NOT NULL AND toy.slow()");
    PGconn *other = PQconnectdb(kit_pg_conninfo(server, "postgres"));
    PQclear(PQexec(other, "SELECT pg_advisory_lock(77)"));
    life_shrink(one.life, ago(3), &count, done, NULL);
    while (kit_pg_int(server, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
                              "AND objid = 77 AND NOT granted") == 0)
        lane_turn(&one);
    assert_int_equal(event(&two, A(10), 3), END_ACK); /* sends something */
    PQfinish(other);
    assert_int_equal(pg_wait(one.pg, DEADLINE_MS), OK);
    assert_int_equal(count, 0);
    assert_int_equal(ask("SELECT total FROM toy.toy WHERE id = @ AND ver = 3", A(10)), 18);
    ASSERT_SQL("SELECT count(*) FROM toy.history", 3);
    kit_pg_run(server, "CREATE OR REPLACE VIEW toy.finished AS SELECT id AS agg, ended_at AS at "
                       "FROM toy.toy WHERE ver > 0 AND ended_at IS NOT NULL;"
                       "DROP FUNCTION toy.slow()");
}

/* A batch that waits for the row finds what is left of it. */
static void batch_behind_a_shrinking_finds_it_gone(void **state)
{
    (void)state;
    finished(A(10));
    PGconn *other = PQconnectdb(kit_pg_conninfo(server, "postgres"));
    PQclear(PQexec(other, "BEGIN; UPDATE toy.toy SET ver = -ver, total = 0"));
    struct work works[] = {toy_event(SERVICE_INTAKE, A(10), 3, "A7")};
    lane_start(&two, works, 1, NULL, 0);
    while (kit_pg_int(server, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 0)
        lane_turn(&two);
    PQclear(PQexec(other, "COMMIT"));
    PQfinish(other);
    assert_int_equal(lane_finish(&two), BATCH_DONE);
    assert_int_equal(works[0].end, END_ACK);
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter", 1);
    ASSERT_SQL("SELECT ver FROM toy.toy WHERE total = 0", -2);
}

static void old_messages_have_no_second_effect(void **state)
{
    struct work late[] = {toy_command(A(10), "r1", "S1"), toy_timer(A(10), 1, 1)};
    (void)state;
    finished(A(10));
    SHRINK(3, 1);
    assert_int_equal(event(&one, A(10), 1), END_ACK);
    assert_int_equal(event(&two, A(10), 2), END_ACK);
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter", 0); /* they are duplicates as before */
    assert_int_equal(event(&one, A(10), 3), END_ACK);
    assert_int_equal(event(&one, A(10), 3), END_ACK);
    assert_int_equal(event(&one, A(10), 5), END_ACK);
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter "
               "WHERE reason = 'the data of this aggregate has gone' AND n IN (3, 5)",
            2);
    assert_int_equal(lane_run(&one, late, 2), BATCH_DONE);
    assert_int_equal(late[0].verdict + late[1].verdict, VERDICT_NOT_FOUND);
    ASSERT_SQL("SELECT count(*) FROM toy.command", 0);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox", 0);
    letter(WORK_REPLAY, A(10), 3, VERDICT_REFUSED);
    letter(WORK_SKIP, A(10), 5, VERDICT_REFUSED); /* not before what stands before it */
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter", 2);
    letter(WORK_SKIP, A(10), 3, VERDICT_APPLIED);
    ASSERT_SQL("SELECT ver FROM toy.toy WHERE seen_intake = 3 AND total = 0", -3);
    ASSERT_SQL("SELECT kind FROM toy.history WHERE ver = 3", STEP_SKIPPED);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox WHERE dest = 5", 1); /* the ledger has it */
}

/* Periods are noted once a month, and the horizon is raised from one to the next. */
static void horizon_rises_by_whole_periods(void **state)
{
    (void)state;
    finished(A(10));
    finished(A(20));
    RAISE(9, 0);
    ASSERT_SQL("SELECT count(*) FROM toy.period WHERE minter = 1", 1);
    assert_int_equal(ask("SELECT below - @ FROM toy.period", A(20)), 1);
    finished(A(30));
    RAISE(9, 0);
    ASSERT_SQL("SELECT count(*) FROM toy.period", 1); /* not a month later */
    kit_pg_run(server, "UPDATE toy.period SET noted = noted - interval '40 days'");
    SHRINK(3, 3);
    RAISE(50, 0);
    ASSERT_SQL("SELECT count(*) FROM toy.period", 2);
    RAISE(9, 1);
    assert_int_equal(ask("SELECT below - @ FROM toy.horizon WHERE settled IS NULL", A(20)), 1);
    RAISE(9, 0);
    kit_pg_run(server, "UPDATE toy.period SET noted = noted - interval '40 days'");
    RAISE(9, 1);
    assert_int_equal(ask("SELECT below - @ FROM toy.horizon", A(30)), 1);
    REMOVE(3);
    REMOVE(0);
    ASSERT_SQL("SELECT count(*) FROM toy.toy", 0);
    ASSERT_SQL("SELECT removed * 100 + leaves FROM toy.horizon", 306);
    ASSERT_SQL("SELECT value FROM toy.counter_truth WHERE unit = 1", 33);
}

/* Noted long ago; the row and a stub are below. */
static void past(int64_t agg)
{
    finished(agg);
    SHRINK(3, 1);
    run("INSERT INTO toy.toy (id) VALUES (@ - 1);"
        "INSERT INTO toy.key VALUES ('k', @ - 1);"
        "INSERT INTO toy.period VALUES (1, @ + 1, now() - interval '100 days')",
            agg);
}

static void horizon_waits_for_all_below_it(void **state)
{
    static const struct {
        const char *sql, *undo;
    } cases[] = {
            {"INSERT INTO toy.toy (id, ver) VALUES (@ - 2, 1)",
                    "DELETE FROM toy.toy WHERE ver = 1"},
            {"INSERT INTO toy.outbox (id, dest, agg, n, type, at, due, payload) "
             "VALUES (1, 3, @, 1, 2, now(), now(), '')",
                    "DELETE FROM toy.outbox"},
            {"INSERT INTO toy.waiting (agg, source, n, msg_id, type, at, payload) "
             "VALUES (@ - 1, 1, 4, 1, 1, now(), '')",
                    "DELETE FROM toy.waiting"},
            {"INSERT INTO toy.dead_letter (agg, source, n, msg_id, type, at, reason, "
             "attempts, payload) VALUES (@ - 1, 1, 3, 1, 1, now(), '', 0, '')",
                    "DELETE FROM toy.dead_letter"},
            {"INSERT INTO toy.timer VALUES (@, 1, 1, now() + interval '1 day')",
                    "DELETE FROM toy.timer"},
    };
    (void)state;
    past(A(10));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        run(cases[i].sql, A(10));
        RAISE(9, 0);
        ASSERT_SQL("SELECT count(*) FROM toy.horizon", 0);
        REMOVE(0);
        kit_pg_run(server, cases[i].undo);
    }
    RAISE(9, 1);
    for (size_t i = 1; i < COUNT_OF(cases); i++) { /* and so does the row itself */
        run(cases[i].sql, A(10));
        run("DELETE FROM toy.toy WHERE id = @ - 1 AND EXISTS "
            "(SELECT FROM toy.outbox UNION ALL SELECT FROM toy.timer)",
                A(10));
        int64_t kept = kit_pg_int(server, "SELECT count(*) FROM toy.toy");
        REMOVE(kept - 1);
        kit_pg_run(server, cases[i].undo);
        kit_pg_run(server, "DELETE FROM toy.toy");
        run("INSERT INTO toy.toy (id, ver) VALUES (@, -2), (@ - 1, 0)", A(10));
    }
    REMOVE(2);
    ASSERT_SQL("SELECT count(*) FROM toy.key", 0);
}

static void rows_go_when_older_transactions_have_ended(void **state)
{
    (void)state;
    past(A(10));
    PGconn *before = PQconnectdb(kit_pg_conninfo(server, "postgres"));
    PQclear(PQexec(before, "BEGIN; SELECT 1"));
    RAISE(9, 1);
    PGconn *between = PQconnectdb(kit_pg_conninfo(server, "postgres"));
    PQclear(PQexec(between, "BEGIN; SELECT 1"));
    REMOVE(0);
    PGconn *after = PQconnectdb(kit_pg_conninfo(server, "postgres"));
    PQclear(PQexec(after, "BEGIN; SELECT 1"));
    PQfinish(before);
    REMOVE(0);
    PQfinish(between);
    for (int64_t until = toy_now() + DEADLINE_MS; toy_now() < until;) {
        int64_t count = 0; /* a session ends after its socket */
        life_remove(one.life, &count, done, NULL);
        assert_int_equal(pg_wait(one.pg, DEADLINE_MS), OK);
        if (count == 2)
            break;
    }
    PQfinish(after);
    ASSERT_SQL("SELECT count(*) FROM toy.toy", 0);
}

/* The horizon rises while a batch that has read the old one makes something alive below it. */
static void batch_of_before_the_horizon_is_waited_for(void **state)
{
    struct work works[] = {
            toy_event(SERVICE_INTAKE, A(8), 1, "A7"), toy_event(SERVICE_INTAKE, A(99), 1, "A1")};
    int64_t count = -1;
    (void)state;
    past(A(10));
    run("INSERT INTO toy.toy (id) VALUES (@)", A(99));
    PGconn *other = PQconnectdb(kit_pg_conninfo(server, "postgres"));
    PQclear(PQexec(other, "BEGIN; SELECT 1 FROM toy.toy ORDER BY id DESC LIMIT 1 FOR UPDATE"));
    lane_start(&two, works, 2, NULL, 0);
    while (kit_pg_int(server, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 0)
        lane_turn(&two);
    RAISE(9, 1);
    REMOVE(0);
    PQclear(PQexec(other, "ROLLBACK"));
    PQfinish(other);
    assert_int_equal(lane_finish(&two), BATCH_DONE);
    kit_pg_run(server, "DELETE FROM toy.outbox");
    life_remove(one.life, &count, done, NULL);
    assert_int_equal(pg_wait(one.pg, DEADLINE_MS), OK);
    assert_int_equal(count, 2);
    assert_int_equal(ask("SELECT total FROM toy.toy WHERE id = @ AND ver = 1", A(8)), 7);
    assert_int_equal(event(&one, A(8), 2), END_ACK); /* what is alive goes on */
    assert_int_equal(ask("SELECT total FROM toy.toy WHERE id = @ AND ver = 2", A(8)), 14);
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter", 0);
}

static void removed_rows_do_not_come_again(void **state)
{
    struct work command = toy_command(A(10), "r1", "S1");
    (void)state;
    past(A(10));
    assert_int_equal(event(&two, A(50), 1), END_ACK); /* it has read: no horizon */
    RAISE(9, 1);
    REMOVE(2);
    for (uint64_t n = 1; n <= 3; n++)
        assert_int_equal(event(n % 2 ? &one : &two, A(10), n), END_ACK);
    assert_int_equal(event(&two, A(10), 2), END_ACK);
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter "
               "WHERE reason = 'the row of this aggregate has been removed'",
            3);
    assert_int_equal(ask("SELECT count(*) FROM toy.toy WHERE id <= @", A(10)), 0);
    assert_int_equal(lane_run(&one, &command, 1), BATCH_DONE);
    assert_int_equal(command.verdict, VERDICT_NOT_FOUND);
    letter(WORK_REPLAY, A(10), 2, VERDICT_REFUSED);
    letter(WORK_SKIP, A(10), 2, VERDICT_APPLIED);
    ASSERT_SQL("SELECT sum(n) FROM toy.dead_letter", 4);
    ASSERT_SQL("SELECT count(*) FROM toy.history WHERE agg % 100 = 10", 0);
    assert_int_equal(event(&one, A(11), 1), END_ACK); /* above it all is as it was */
    assert_int_equal(ask("SELECT total FROM toy.toy WHERE id = @", A(11)), 7);
}

static void removal_goes_on_where_a_dead_process_left_it(void **state)
{
    (void)state;
    past(A(10));
    RAISE(9, 1);
    lane_close(&one);
    lane_open(&one, 0, 1000000);
    RAISE(9, 0);
    ASSERT_SQL("SELECT count(*) FROM toy.toy", 2);
    REMOVE(2);
    lane_close(&one);
    lane_open(&one, 0, 1500000);
    REMOVE(0);
    RAISE(9, 0);
    ASSERT_SQL("SELECT removed FROM toy.horizon", 2);
}

/* A process that stood still for years opens nothing under an id of before the horizon. */
static void ids_of_before_the_horizon_are_thrown_away(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, A(10), 1, "A5")};
    (void)state;
    run("INSERT INTO toy.horizon (minter, below) VALUES (2, @)",
            id_make(7, SERVICE_ROUTING, 400000));
    assert_int_equal(lane_run(&two, works, 1), BATCH_DONE);
    assert_int_equal(lane_run(&one, works, 1), BATCH_RETRY);
    assert_int_equal(ids_left(&one.ids), 0);
    ids_add(&one.ids, 400000, 100000);
    assert_int_equal(lane_run(&one, works, 1), BATCH_DONE);
}

static void horizon_of_a_restored_database_is_lower(void **state)
{
    (void)state;
    run("INSERT INTO toy.horizon (minter, below) VALUES (1, @)", A(100));
    assert_int_equal(event(&one, A(10), 1), END_ACK);
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter", 1);
    kit_pg_run(server, "DELETE FROM toy.horizon; DELETE FROM toy.dead_letter");
    assert_int_equal(event(&one, A(10), 1), END_ACK);
    assert_int_equal(event(&one, A(10), 2), END_ACK);
    assert_int_equal(ask("SELECT max(total) FROM toy.toy WHERE id = @", A(10)), 14);
}

static void answers_go_by_age(void **state)
{
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.command (peer, request_id, digest, agg, verdict, reason, "
                       "at, answer) SELECT 'desk', 'r' || i, '', 1, 0, 0, "
                       "now() - i * interval '1 hour', '' FROM generate_series(1, 1200) AS i");
    RUN(life_forget_answers(one.life, 2, &rows, done, NULL), LIFE_ROWS_MAX);
    ASSERT_SQL("SELECT count(*) FROM toy.command WHERE at < now() - interval '8 days'", 0);
    RUN(life_forget_answers(one.life, 2, &rows, done, NULL), 1200 - 47 - LIFE_ROWS_MAX);
    ASSERT_SQL("SELECT count(*) FROM toy.command", 47);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(row_shrinks_to_its_numbers),
            CASE(nothing_shrinks_that_is_under_way), CASE(locked_row_has_its_turn_later),
            CASE(what_a_batch_did_meanwhile_is_seen_under_the_lock),
            CASE(batch_behind_a_shrinking_finds_it_gone), CASE(old_messages_have_no_second_effect),
            CASE(horizon_rises_by_whole_periods), CASE(horizon_waits_for_all_below_it),
            CASE(rows_go_when_older_transactions_have_ended),
            CASE(batch_of_before_the_horizon_is_waited_for), CASE(removed_rows_do_not_come_again),
            CASE(removal_goes_on_where_a_dead_process_left_it),
            CASE(ids_of_before_the_horizon_are_thrown_away),
            CASE(horizon_of_a_restored_database_is_lower), CASE(answers_go_by_age)};
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
