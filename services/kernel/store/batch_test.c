/* Batches on a real PostgreSQL: what is committed, what is not, and how often, whatever dies. */
#include "services/kernel/store/batch.h"

#include "services/kernel/store/test_toy_pg.h"

static struct lane one, two;

static const struct statement RELATED = {"toy_related", "SELECT count(*) FROM toy"};
static const struct statement KEY = {"toy_key",
        "INSERT INTO key (name, agg) VALUES ($1, $2) "
        "ON CONFLICT (name) DO UPDATE SET name = key.name RETURNING agg"};

static void toy_related(struct pg *pg,
        struct input *const *inputs,
        const void *const *states,
        size_t count,
        const struct directory *directory,
        struct arena *arena,
        void **ret_related)
{
    (void)inputs;
    (void)states;
    (void)count;
    (void)directory;
    (void)arena;
    (void)ret_related;
    pg_queue(pg, &RELATED, NULL, NULL, NULL);
}

static void key_found(void *self, const PGresult *result)
{
    struct input *input = self;
    int64_t drawn = input->agg;
    input->agg = row_int(result, 0, 0);
    input->fresh = input->agg == drawn;
}

static void toy_resolve(struct pg *pg,
        struct input **inputs,
        size_t count,
        const struct directory *directory,
        int64_t (*draw)(void *self),
        void *self,
        struct arena *arena)
{
    static struct params params;
    (void)arena, (void)directory;
    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "k%lld",
                (long long)((const struct toy_body *)inputs[i]->body)->amount);
        inputs[i]->agg = draw(self);
        params_reset(&params);
        params_text(&params, name);
        params_int(&params, PARAM_INT8, inputs[i]->agg);
        pg_queue(pg, &KEY, &params, key_found, inputs[i]);
    }
    params_fini(&params);
}

static int setup_all(void **state)
{
    static struct aggregate_ops ops;
    static const struct statement_list lists[] = {{&KEY, 1}, {NULL, 0}};
    (void)state;
    server = kit_pg_start("deadlock_timeout=200ms");
    toy_schema();
    ops = TOY_OPS;
    ops.related = toy_related;
    ops.resolve = toy_resolve;
    ops.statements = &RELATED;
    ops.statement_count = 1;
    ops.lists = lists;
    toy_ops = &ops;
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

static void committed_equals_the_effects(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 200, 1, "T500000"),
            toy_event(SERVICE_INTAKE, 100, 1, "A5"), toy_event(SERVICE_INTAKE, 100, 2, "A6"),
            toy_event(SERVICE_VOLUNTEER, 100, 1, "A7"), toy_event(SERVICE_INTAKE, 300, 2, "A1"),
            toy_event(SERVICE_INTAKE, 400, 1, "rubbish")};
    (void)state;
    assert_int_equal(lane_run(&one, works, COUNT_OF(works)), BATCH_DONE);
    for (size_t i = 0; i < COUNT_OF(works); i++)
        assert_int_equal(works[i].end, END_ACK);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE id = 100 AND ver = 3 AND seen_intake = 2 "
               "AND seen_volunteer = 1 AND sent_enforcement = 3",
            18);
    ASSERT_SQL("SELECT count(*) FROM toy.toy WHERE ver = 0 AND id IN (300, 400)", 2);
    ASSERT_SQL("SELECT count(*) FROM toy.history", 4);
    ASSERT_SQL("SELECT count(DISTINCT (page, idx)) FROM toy.history", 4);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox WHERE dest = 3 AND due > now()", 4);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox o WHERE dest = 5 AND n = 1 "
               "AND agg = (SELECT min(page) FROM toy.history)",
            1);
    ASSERT_SQL("SELECT n FROM toy.waiting WHERE agg = 300 AND source = 1", 2);
    ASSERT_SQL("SELECT attempts FROM toy.dead_letter WHERE agg = 400 AND n = 1 "
               "AND reason = 'neither A, T, N nor S with a number'",
            0);
    ASSERT_SQL("SELECT count(*) FROM toy.timer WHERE agg = 200 AND kind = 1 AND gen = 1 "
               "AND due > now()",
            1);
    ASSERT_SQL("SELECT sum(a) FROM toy.counter_delta, unnest(units, matters, amounts) "
               "AS x(u, m, a) WHERE u = 1 AND m = 0",
            19);
    ASSERT_SQL("SELECT count(*) FROM toy.attempt", 0);
    const struct core *core = batch_core(one.batch);
    for (size_t i = 0; i < core->outbox.count; i++) {
        char sql[160];
        snprintf(sql, sizeof sql,
                "SELECT count(*) FROM toy.outbox WHERE id = %lld AND agg = %lld AND n = %llu",
                (long long)core->outbox.list[i].id, (long long)core->outbox.list[i].agg,
                (unsigned long long)core->outbox.list[i].n);
        ASSERT_SQL(sql, 1);
    }
}

static void backend_kill(struct lane *lane)
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 5000)::int", pg_backend(lane->pg));
    ASSERT_SQL(sql, 1);
}

static void connection_killed_at_each_phase(void **state)
{
    static const enum batch_phase phases[] = {BATCH_KEYS, BATCH_LOCK, BATCH_RELATED, BATCH_SAVE};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(phases); i++) {
        struct work works[] = {toy_command(0, "", "A40"), toy_event(SERVICE_INTAKE, 100, 1, "A5"),
                toy_event(SERVICE_INTAKE, 200, 1, "A5")};
        toy_reset();
        assert_int_equal(pg_wait(one.pg, DEADLINE_MS), OK);
        kit_pg_run(server, i ? "BEGIN" : "BEGIN; LOCK TABLE toy.key"); /* it is not over before */
        lane_start(&one, works, 3, NULL, 0);
        while (one.batch->phase != phases[i]) {
            assert_int_equal(one.calls, 0);
            pg_turn(one.pg, toy_now());
        }
        backend_kill(&one);
        kit_pg_run(server, "ROLLBACK");
        enum batch_end end = lane_finish(&one);
        if (phases[i] != BATCH_SAVE) { /* there the outcome is unknown, whatever is said */
            assert_int_equal(end, BATCH_RETRY);
            ASSERT_SQL("SELECT count(*) FROM toy.toy", 0);
            ASSERT_SQL("SELECT count(*) FROM toy.outbox", 0);
        }
        if (end != BATCH_DONE)
            assert_int_equal(lane_run(&one, works, 3), BATCH_DONE);
        ASSERT_SQL("SELECT count(*) FROM toy.toy", 3);
        ASSERT_SQL("SELECT sum(total) FROM toy.toy", 50);
        ASSERT_SQL("SELECT count(*) FROM toy.outbox WHERE dest = 3", 3);
        ASSERT_SQL("SELECT count(*) FROM toy.history", 3);
        ASSERT_SQL("SELECT count(*) FROM toy.attempt", 0); /* a lost connection is no attempt */
        assert_int_equal(works[1].end, END_ACK);
    }
}

static void commit_that_was_not_confirmed_is_not_done_twice(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5")};
    (void)state;
    lane_start(&one, works, 1, NULL, 0);
    while (one.batch->phase != BATCH_SAVE)
        pg_turn(one.pg, toy_now());
    while (kit_pg_int(server, "SELECT count(*) FROM toy.toy WHERE total = 5") == 0)
        assert_int_equal(one.calls, 0); /* committed there, not read here */
    pg_reset(one.pg);
    assert_int_equal(one.end, BATCH_RETRY);
    assert_int_equal(lane_run(&one, works, 1), BATCH_DONE);
    assert_int_equal(works[0].end, END_ACK);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE ver = 1", 5);
}

static void opposite_orders_do_not_deadlock(void **state)
{
    enum { COUNT = 20, ROUNDS = 30 };
    (void)state;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        struct work up[COUNT], down[COUNT];
        for (int i = 0; i < COUNT; i++) {
            up[i] = toy_event(SERVICE_INTAKE, 100 + i, round, "A1");
            down[i] = toy_event(SERVICE_VOLUNTEER, 100 + COUNT - 1 - i, round, "A1");
        }
        lane_start(&one, up, COUNT, NULL, 0);
        lane_start(&two, down, COUNT, NULL, 0);
        for (int64_t until = toy_now() + DEADLINE_MS;
                !(one.calls && two.calls) && toy_now() < until;) {
            pg_turn(one.pg, toy_now());
            lane_turn(&two);
        }
        assert_int_equal(one.calls + two.calls, 2);
        assert_int_equal(one.end, BATCH_DONE);
        assert_int_equal(two.end, BATCH_DONE);
    }
    ASSERT_SQL("SELECT sum(total) FROM toy.toy", 2 * COUNT * ROUNDS);
    ASSERT_SQL("SELECT deadlocks FROM pg_stat_database WHERE datname = 'huying'", 0);
}

/* Somebody else holds 200. The first time the batch waits until its time-out; from then on it
 * leaves 200's works out and does the rest without waiting, whatever kind they are. */
static void locked_rows_are_left_and_the_rest_is_done(void **state)
{
    struct work first[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5"),
            toy_event(SERVICE_INTAKE, 200, 1, "A5"), toy_event(SERVICE_INTAKE, 300, 1, "A5")};
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 2, "A5"),
            toy_event(SERVICE_INTAKE, 200, 2, "A5"), toy_event(SERVICE_VOLUNTEER, 200, 1, "A5"),
            toy_event(SERVICE_INTAKE, 300, 2, "A5"), toy_command(200, "r1", "S1"),
            toy_command(300, "r2", "S1"), toy_event(SERVICE_INTAKE, 400, 1, "A5"),
            toy_command(999, "r3", "S1")};
    (void)state;
    assert_int_equal(lane_run(&one, first, 3), BATCH_DONE);
    PGconn *other = PQconnectdb(kit_pg_conninfo(server, "postgres"));
    PQclear(PQexec(other, "BEGIN; SELECT 1 FROM toy.toy WHERE id = 200 FOR UPDATE"));
    assert_int_equal(lane_run(&one, works, COUNT_OF(works)), BATCH_BLOCKED);
    ASSERT_SQL("SELECT sum(total) FROM toy.toy", 15);
    ASSERT_SQL("SELECT count(*) FROM toy.attempt", 0);
    assert_int_equal(lane_run(&one, works, COUNT_OF(works)), BATCH_DONE);
    assert_int_equal(batch_left(one.batch), 3);
    assert_int_equal(batch_core(one.batch)->work_count, COUNT_OF(works) - 3);
    for (size_t i = 0; i < COUNT_OF(works); i++) {
        bool left = one.works[i]->input.agg == 200;
        assert_int_equal(left, i >= COUNT_OF(works) - 3);
        assert_int_equal(one.works[i]->end == END_OPEN, left);
    }
    assert_int_equal(works[7].verdict, VERDICT_NOT_FOUND); /* not there is not locked */
    ASSERT_SQL("SELECT total FROM toy.toy WHERE id = 100", 10);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE id = 200", 5);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE id = 300", 9);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE id = 400", 5);
    struct work rest[] = {works[1], works[2], works[4]};
    assert_int_equal(lane_run(&one, rest, 3), BATCH_DONE); /* nothing is left to do */
    assert_int_equal(batch_left(one.batch), 3);
    PQclear(PQexec(other, "ROLLBACK")); /* an end of the connection alone takes its time */
    PQfinish(other);
    assert_int_equal(lane_run(&one, rest, 3), BATCH_DONE);
    assert_int_equal(batch_left(one.batch), 0);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE id = 200", 14);
    ASSERT_SQL("SELECT count(*) FROM toy.attempt", 0);
}

/* However much is held of one aggregate: nothing of it is taken for new, and the others go on. */
static void crowded_aggregates_run_by_themselves(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5"),
            toy_event(SERVICE_INTAKE, 200, 1, "A5"), toy_event(SERVICE_INTAKE, 200, 5000, "A1"),
            toy_event(SERVICE_VOLUNTEER, 200, 3000, "A1")};
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.toy (id) VALUES (200);"
                       "INSERT INTO toy.waiting (agg, source, n, msg_id, type, at, payload) "
                       "SELECT 200, s, n, 200000 + n * 10 + s, 1, now(), 'A1' "
                       "FROM unnest('{1,4}'::int[]) s, generate_series(2, 5000) n");
    works[2].input.msg_id = 250001;
    works[3].input.msg_id = 230004;
    assert_int_equal(lane_run(&one, works, COUNT_OF(works)), BATCH_SPLIT);
    assert_true(works[1].crowded && works[2].crowded && works[3].crowded);
    assert_false(works[0].crowded || works[0].alone);
    assert_int_equal(lane_run(&one, works, 1), BATCH_DONE);
    for (size_t i = 2; i < COUNT_OF(works); i++) { /* copies of what is held */
        assert_int_equal(lane_run(&one, &works[i], 1), BATCH_DONE);
        assert_int_equal(works[i].end, END_ACK);
    }
    ASSERT_SQL("SELECT count(*) FROM toy.waiting", 2 * 4999);
    assert_int_equal(lane_run(&one, &works[1], 1), BATCH_DONE);
    ASSERT_SQL("SELECT seen_intake FROM toy.toy WHERE id = 200", 1 + DRAIN_MAX);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE id = 200", 5 + DRAIN_MAX);
    struct work poke = {.origin = WORK_POKE, .request_id = "", .input = {.agg = 200}};
    assert_int_equal(lane_run(&one, &poke, 1), BATCH_DONE);
    ASSERT_SQL("SELECT seen_intake FROM toy.toy WHERE id = 200", 1 + 2 * DRAIN_MAX);
    ASSERT_SQL("SELECT count(*) FROM toy.waiting", 2 * 4999 - 2 * DRAIN_MAX);
}

/* A little is held of each, and too much of all together: none of it is taken for new. */
static void aggregates_of_which_too_much_is_held_together_run_one_by_one(void **state)
{
    struct work works[12];
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.toy (id) SELECT a FROM generate_series(1, 12) a;"
                       "INSERT INTO toy.waiting (agg, source, n, msg_id, type, at, payload) "
                       "SELECT a, 1, n, a * 1000 + n * 10 + 1, 1, now(), 'A1' "
                       "FROM generate_series(1, 12) a, generate_series(2, 101) n");
    for (int i = 0; i < 12; i++)
        works[i] = toy_event(SERVICE_INTAKE, 1 + i, 1, "A1");
    assert_int_equal(lane_run(&one, works, 12), BATCH_SPLIT);
    for (int i = 0; i < 12; i++)
        assert_int_equal(lane_run(&one, &works[i], works[i].crowded), BATCH_DONE);
    ASSERT_SQL("SELECT count(*) FROM toy.toy WHERE total = seen_intake AND total = 65", 12);
}

static void nothing_is_told_before_a_commit_that_wrote(void **state)
{
    struct work first[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5")};
    struct work copies[] = {first[0], first[0]};
    struct work nowhere[] = {toy_command(999, "r1", "S1")};
    (void)state;
    assert_int_equal(lane_run(&one, first, 1), BATCH_DONE);
    for (int i = 0; i < 2; i++) {
        struct work *works = i ? nowhere : copies;
        PGresult *before = kit_pg_sql(server, "SELECT pg_current_wal_insert_lsn()");
        char sql[160];
        assert_int_equal(lane_run(&one, works, i ? 1 : 2), BATCH_DONE);
        assert_int_equal(works[0].end, i ? END_REPLY : END_ACK);
        snprintf(sql, sizeof sql, "SELECT (pg_current_wal_flush_lsn() - '%s'::pg_lsn > 0)::int",
                PQgetvalue(before, 0, 0));
        PQclear(before);
        ASSERT_SQL(sql, 1);
    }
    ASSERT_SQL("SELECT total FROM toy.toy", 5);
}

static void acknowledged_rows_go_and_locked_ones_stay(void **state)
{
    struct acked acked[] = {{3, SERVICE_ENFORCEMENT}, {1, SERVICE_ENFORCEMENT},
            {2, SERVICE_ENFORCEMENT}, {77, SERVICE_ENFORCEMENT}, {4, SERVICE_VOLUNTEER}};
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.outbox (id, dest, agg, n, type, at, due, payload) "
                       "SELECT i, 3, i, 1, 2, now(), now(), '' FROM generate_series(1, 4) i");
    PGconn *other = PQconnectdb(kit_pg_conninfo(server, "postgres"));
    PQclear(PQexec(other, "BEGIN; SELECT 1 FROM toy.outbox WHERE id = 2 FOR UPDATE"));
    lane_start(&one, NULL, 0, acked, COUNT_OF(acked)); /* 4 was never sent to volunteer */
    assert_int_equal(lane_finish(&one), BATCH_DONE);
    PQfinish(other);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox", 2);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox WHERE id IN (2, 4)", 2);
}

static void suspects_run_alone(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5"),
            toy_event(SERVICE_INTAKE, 100, 2, "A6"), toy_event(SERVICE_INTAKE, 200, 1, "A5")};
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.suspect VALUES (100011, 4)");
    assert_int_equal(lane_run(&one, works, 3), BATCH_SPLIT);
    ASSERT_SQL("SELECT count(*) FROM toy.toy", 0);
    ASSERT_SQL("SELECT count(*) FROM toy.attempt", 0);
    assert_true(works[0].alone);
    assert_false(works[1].alone || works[2].alone);
    assert_int_equal(lane_run(&one, &works[1], 2), BATCH_DONE);
    assert_int_equal(lane_run(&one, works, 1), BATCH_DONE);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE id = 100", 5); /* what is held was not drained */
    ASSERT_SQL("SELECT count(*) FROM toy.waiting", 1);
    ASSERT_SQL("SELECT count(*) FROM toy.suspect", 0);
}

static void five_attempts_make_a_dead_letter(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5")};
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.suspect VALUES (100011, 5)");
    assert_int_equal(lane_run(&one, works, 1), BATCH_DONE);
    assert_int_equal(works[0].end, END_ACK);
    ASSERT_SQL("SELECT attempts FROM toy.dead_letter", 5);
    ASSERT_SQL("SELECT count(*) FROM toy.toy WHERE seen_intake = 0 AND ver = 0", 1);
    ASSERT_SQL("SELECT count(*) FROM toy.suspect", 0);
    assert_int_equal(lane_run(&one, works, 1), BATCH_DONE); /* again from the net */
    assert_int_equal(works[0].end, END_ACK);
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter", 1);
}

static void attempts_on_record_do_not_lower_those_counted_here(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 1, TOY_TOO_MUCH)};
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.suspect VALUES (100011, 1)");
    works[0].attempts = 4;
    assert_int_equal(lane_run(&one, works, 1), BATCH_FAILED);
    assert_int_equal(works[0].attempts, 4);
}

static void held_message_follows_its_predecessor(void **state)
{
    struct work early[] = {toy_event(SERVICE_INTAKE, 100, 2, "A6")};
    struct work first[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5")};
    (void)state;
    assert_int_equal(lane_run(&one, early, 1), BATCH_DONE);
    assert_int_equal(early[0].end, END_ACK);
    ASSERT_SQL("SELECT count(*) FROM toy.waiting WHERE msg_id = 100021", 1);
    assert_int_equal(lane_run(&two, first, 1), BATCH_DONE);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE seen_intake = 2", 11);
    ASSERT_SQL("SELECT count(*) FROM toy.waiting", 0);
}

static struct work poke(int64_t agg, int64_t msg_id)
{
    struct work work = {.origin = WORK_POKE, .request_id = ""};
    work.input = (struct input){.kind = INPUT_WORK, .agg = agg, .msg_id = msg_id};
    return work;
}

static void held_message_is_applied_by_a_poke(void **state)
{
    struct work works[] = {poke(100, 100021)};
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.toy (id, seen_intake) VALUES (100, 1);"
                       "INSERT INTO toy.waiting (agg, source, n, msg_id, type, at, payload) VALUES "
                       "(100, 1, 2, 100021, 1, now(), 'A6'), (100, 1, 3, 100031, 1, now(), 'A7')");
    assert_int_equal(lane_run(&one, works, 1), BATCH_DONE);
    assert_int_equal(works[0].end, END_NOTHING);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE seen_intake = 3", 13);
    ASSERT_SQL("SELECT count(*) FROM toy.waiting", 0);
}

static void held_poison_is_found_and_buried(void **state)
{
    struct work works[] = {poke(100, 100021)};
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.toy (id, seen_intake) VALUES (100, 1);"
                       "INSERT INTO toy.waiting (agg, source, n, msg_id, type, at, payload) VALUES "
                       "(100, 1, 2, 100021, 1, now(), 'A6'), (100, 1, 3, 100031, 1, now(), 'A7');"
                       "INSERT INTO toy.suspect VALUES (100021, 5)");
    assert_int_equal(lane_run(&one, works, 1), BATCH_DONE);
    ASSERT_SQL("SELECT n FROM toy.dead_letter", 2);
    ASSERT_SQL("SELECT n FROM toy.waiting", 3);
    ASSERT_SQL("SELECT count(*) FROM toy.suspect", 0);
    ASSERT_SQL("SELECT total FROM toy.toy WHERE seen_intake = 1", 0);
}

static void another_directory_or_incarnation_is_refused(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5"), toy_command(0, "", "A9")};
    (void)state;
    for (size_t count = 1; count <= 2; count++) {
        kit_pg_run(server, "UPDATE directory.site SET version = 2");
        assert_int_equal(lane_run(&one, works, count), BATCH_DIRECTORY);
        kit_pg_run(server, "UPDATE directory.site SET version = 1, incarnation = 6");
        assert_int_equal(lane_run(&one, works, count), BATCH_INCARNATION);
        assert_int_equal(batch_site(one.batch)->incarnation, 6);
        kit_pg_run(server, "DELETE FROM directory.site");
        assert_int_equal(lane_run(&one, works, count), BATCH_INCARNATION);
        toy_reset();
    }
    ASSERT_SQL("SELECT count(*) FROM toy.toy", 0);
    ASSERT_SQL("SELECT count(*) FROM toy.key", 0);
    ASSERT_SQL("SELECT count(*) FROM toy.attempt", 0);
}

static void what_cannot_be_stored_fails_without_effect(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5"),
            toy_event(SERVICE_INTAKE, 200, 1, TOY_TOO_MUCH)};
    (void)state;
    assert_int_equal(lane_run(&one, works, 2), BATCH_FAILED);
    assert_non_null(strstr(one.message, "check constraint"));
    ASSERT_SQL("SELECT count(*) FROM toy.toy", 0);
    ASSERT_SQL("SELECT count(*) FROM toy.attempt", 0);
    works[1].poison = works[1].alone = true;
    works[1].text = one.message;
    assert_int_equal(lane_run(&one, &works[1], 1), BATCH_DONE);
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter", 1);
}

static void same_request_id_on_two_aggregates_at_once(void **state)
{
    struct work left[] = {toy_command(100, "r1", "A5")}, right[] = {toy_command(200, "r1", "A5")};
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.toy (id) VALUES (100), (200)");
    lane_start(&one, left, 1, NULL, 0);
    lane_start(&two, right, 1, NULL, 0);
    while (one.batch->phase != BATCH_RELATED)
        pg_turn(one.pg, toy_now());
    while (two.batch->phase != BATCH_RELATED)
        pg_turn(two.pg, toy_now());
    assert_int_equal(lane_finish(&one), BATCH_DONE);
    assert_int_equal(lane_finish(&two), BATCH_FAILED);
    assert_int_equal(lane_run(&two, right, 1), BATCH_DONE);
    assert_int_equal(left[0].verdict, VERDICT_APPLIED);
    assert_int_equal(right[0].verdict, VERDICT_CONFLICT);
    ASSERT_SQL("SELECT sum(total) FROM toy.toy", 5);
}

static void same_request_gets_the_same_answer(void **state)
{
    struct work works[] = {toy_command(100, "r1", "A5")};
    (void)state;
    kit_pg_run(server, "INSERT INTO toy.toy (id) VALUES (100)");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lane_run(i ? &two : &one, works, 1), BATCH_DONE);
        assert_int_equal(works[0].verdict, VERDICT_APPLIED);
        assert_int_equal(works[0].answer.size, 7);
        assert_memory_equal(works[0].answer.data, "total 5", 7);
    }
    ASSERT_SQL("SELECT total FROM toy.toy", 5);
}

static void keyed_commands_of_two_batches_meet(void **state)
{
    struct work left[] = {toy_command(0, "", "A40")}, right[] = {toy_command(0, "", "A40")};
    (void)state;
    assert_int_equal(lane_run(&one, left, 1), BATCH_DONE);
    assert_true(left[0].input.fresh);
    assert_int_equal(lane_run(&two, right, 1), BATCH_DONE);
    assert_false(right[0].input.fresh);
    assert_int_equal(left[0].input.agg, right[0].input.agg);
    assert_true(id_valid(left[0].input.agg, 7));
    ASSERT_SQL("SELECT count(*) FROM toy.toy", 1);
}

/* The key stands for the id from then on, and goes with its row (rule 10). */
static void drawn_id_of_a_refused_command_is_a_stub(void **state)
{
    struct work works[] = {toy_command(0, "", "S40")};
    (void)state;
    assert_int_equal(lane_run(&one, works, 1), BATCH_DONE);
    assert_int_equal(works[0].verdict, VERDICT_REFUSED);
    ASSERT_SQL("SELECT count(*) FROM toy.toy t JOIN toy.key k ON k.agg = t.id WHERE ver = 0", 1);
}

static void ids_that_go_in_the_middle_end_in_a_retry(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5")};
    (void)state;
    lane_start(&one, works, 1, NULL, 0);
    ids_clear(&one.ids); /* another lane found another incarnation */
    assert_int_equal(lane_finish(&one), BATCH_RETRY);
    ASSERT_SQL("SELECT count(*) FROM toy.toy", 0);
}

/* The connection ends while statements are being prepared; the next one must work. */
static void connection_lost_while_preparing_is_made_again(void **state)
{
    (void)state;
    for (int turns = 1; turns < 12; turns++) {
        pg_reset(one.pg);
        for (int i = 0; i < 200 && pg_state(one.pg) != PG_CONNECTING; i++)
            lane_turn(&one);
        for (int i = 0; i < turns; i++)
            lane_turn(&one);
        pg_reset(one.pg);
        assert_int_equal(pg_wait(one.pg, DEADLINE_MS), OK);
    }
}

static void timers_are_stored_cleared_and_fired(void **state)
{
    struct work set[] = {toy_event(SERVICE_INTAKE, 100, 1, "T1")};
    (void)state;
    assert_int_equal(lane_run(&one, set, 1), BATCH_DONE);
    kit_pg_run(server, "UPDATE toy.timer SET due = now() - interval '1 s'");
    struct work wrong[] = {toy_timer(100, 2, 1)}, right[] = {toy_timer(100, 1, 1)};
    assert_int_equal(lane_run(&one, wrong, 1), BATCH_DONE);
    ASSERT_SQL("SELECT total FROM toy.toy", 1);
    assert_int_equal(lane_run(&one, right, 1), BATCH_DONE);
    assert_int_equal(lane_run(&two, right, 1), BATCH_DONE);
    ASSERT_SQL("SELECT total FROM toy.toy", 1001);
    ASSERT_SQL("SELECT count(*) FROM toy.timer", 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(committed_equals_the_effects),
            CASE(connection_killed_at_each_phase),
            CASE(commit_that_was_not_confirmed_is_not_done_twice),
            CASE(opposite_orders_do_not_deadlock), CASE(locked_rows_are_left_and_the_rest_is_done),
            CASE(crowded_aggregates_run_by_themselves),
            CASE(aggregates_of_which_too_much_is_held_together_run_one_by_one),
            CASE(nothing_is_told_before_a_commit_that_wrote),
            CASE(acknowledged_rows_go_and_locked_ones_stay), CASE(suspects_run_alone),
            CASE(five_attempts_make_a_dead_letter),
            CASE(attempts_on_record_do_not_lower_those_counted_here),
            CASE(held_message_follows_its_predecessor), CASE(held_message_is_applied_by_a_poke),
            CASE(held_poison_is_found_and_buried),
            CASE(another_directory_or_incarnation_is_refused),
            CASE(what_cannot_be_stored_fails_without_effect),
            CASE(same_request_id_on_two_aggregates_at_once),
            CASE(same_request_gets_the_same_answer), CASE(keyed_commands_of_two_batches_meet),
            CASE(drawn_id_of_a_refused_command_is_a_stub),
            CASE(ids_that_go_in_the_middle_end_in_a_retry),
            CASE(connection_lost_while_preparing_is_made_again),
            CASE(timers_are_stored_cleared_and_fired)};
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
