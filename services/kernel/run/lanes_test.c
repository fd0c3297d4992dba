/* What a whole loop does when the database refuses something: a connection, a row, a count, the
 * directory. Each case sees what an operator sees, the log's line and the metric, and that
 * afterwards nothing was lost or done twice. */
#include "services/kernel/run/test_loop.h"

#include "proto/ops.pb-c.h"
#include "services/kernel/store/ops_codec.h"

static struct stage stage;
static struct log_watch watch;

static int setup(void **state)
{
    (void)state;
    toy_reset();
    stage_open(&stage);
    log_level_set(LOG_WARN);
    log_watch(&watch);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_pg_run(server, "BEGIN; ROLLBACK"); /* a lock that a failed test left */
    kit_pg_run(server, "ALTER ROLE postgres RESET synchronous_commit");
    log_unwatch(&watch);
    stage_close(&stage);
    /* The server may still be at what a closed connection asked. */
    kit_pg_run(server, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                       " WHERE application_name = 'toy'");
    return 0;
}

static struct envelope event(int64_t agg, uint64_t n, const char *payload)
{
    static int64_t counter;
    return (struct envelope){.id = id_make(7, SERVICE_INTAKE, 900000 + ++counter),
            .agg = agg,
            .n = n,
            .type = TOY_ADD,
            .at_ms = 1000,
            .payload = toy_bytes(payload)};
}

static size_t acked(uint64_t serial)
{
    size_t total = 0;
    for (size_t i = 0; i < stage.got_count; i++)
        if (stage.got[i].head.kind == FRAME_ACKS && stage.got[i].head.serial == serial)
            total += stage.got[i].head.count;
    return total;
}

/* How often an operator has seen this part of a line. */
static size_t told(const char *part)
{
    size_t count = 0;
    for (const char *at = log_seen(&watch); (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

static struct lane *lane(void)
{
    return &stage.loop.lanes[0];
}

static void backend_end(const struct pg *pg)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 5000)", pg_backend(pg));
    kit_pg_run(server, sql);
}

static void connections_end(void)
{
    backend_end(lane()->pg);
    backend_end(stage.loop.aux);
}

static bool waits_for_a_lock(const struct pg *pg)
{
    char sql[120];
    snprintf(sql, sizeof sql,
            "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND wait_event_type = 'Lock'",
            pg_backend(pg));
    return kit_pg_int(server, sql) == 1;
}

/* The chore that looks at the site is kept from coming first. */
static void site_chore_stop(bool stop)
{
    struct chore_state *site = &stage.loop.chore_states[CHORE_SITE];
    STAGE_UNTIL(&stage, !stop || !site->running);
    site->running = stop;
}

static struct reply operate(uint32_t type, struct bytes payload, const char *request_id)
{
    struct envelope envelope = {
            .id = 1, .type = type, .request_id = request_id, .actor = "", .payload = payload};
    struct frame head = stage_head(&stage, FRAME_COMMANDS, 1);
    head.rights = RIGHT_OPERATE;
    uint64_t serial = stage_post(&stage, &head, &envelope, 1);
    STAGE_UNTIL(&stage, stage_replies(&stage, serial) == 1);
    return stage_reply(&stage, serial, 1);
}

static struct reply recount(void)
{
    return operate(OPS_RECOUNT, (struct bytes){NULL, 0}, "");
}

static struct reply letter_operate(uint32_t type, int64_t agg, uint64_t n, const char *request_id)
{
    uint8_t bytes[64];
    Huying__Ops__LetterRef ref = HUYING__OPS__LETTER_REF__INIT;
    char why[] = "mended";
    ref.agg = agg;
    ref.source = SERVICE_INTAKE;
    ref.n = n;
    ref.why = why;
    size_t size = huying__ops__letter_ref__pack(&ref, bytes);
    return operate(type, (struct bytes){bytes, size}, request_id);
}

#define ATTACH_SIGN                                                                                \
    "CREATE OR REPLACE FUNCTION directory.site_attach(known bigint, OUT number integer,"           \
    " OUT incarnation bigint, OUT drill boolean, OUT version bigint, OUT went_back boolean)"       \
    " RETURNS SETOF record LANGUAGE plpgsql "

static void connection_that_cannot_attach_is_told_and_works_nothing(void **state)
{
    int64_t agg = stage_agg();
    struct envelope one = event(agg, 1, "A5");
    (void)state;
    PGresult *whole =
            kit_pg_sql(server, "SELECT pg_get_functiondef('directory.site_attach'::regproc)");
    kit_pg_run(server, ATTACH_SIGN "AS $$ BEGIN RAISE EXCEPTION 'not yet'; END $$");
    connections_end();
    uint64_t serial = stage_post_one(&stage, FRAME_EVENTS, &one);
    STAGE_UNTIL(&stage, told("WARN  PG-ATTACH-FAILED instance=toy-1 why=\"not yet\"") >= 2);
    assert_true(told("WARN  PG-AWAY instance=toy-1 why="));
    assert_false(lane()->attached || stage.loop.aux_attached);
    assert_int_equal(STAGE_METRIC(&stage, events_in), 1);
    assert_int_equal(STAGE_METRIC(&stage, works), 0);
    kit_pg_run(server, PQgetvalue(whole, 0, 0));
    PQclear(whole);
    STAGE_UNTIL(&stage, acked(serial) == 1);
    assert_int_equal(toy_total(agg), 5);
}

static void server_that_may_forget_is_told_and_works_nothing(void **state)
{
    int64_t agg = stage_agg();
    struct envelope one = event(agg, 1, "A5");
    (void)state;
    kit_pg_run(server, "ALTER ROLE postgres SET synchronous_commit = off");
    connections_end();
    uint64_t serial = stage_post_one(&stage, FRAME_EVENTS, &one);
    STAGE_UNTIL(&stage, told("ERROR PG-NOT-DURABLE instance=toy-1 what="));
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, events_in) == 1);
    kit_pg_run(server, "ALTER ROLE postgres RESET synchronous_commit");
    assert_false(lane()->attached || stage.loop.aux_attached);
    assert_int_equal(STAGE_METRIC(&stage, works), 0);
    STAGE_UNTIL(&stage, acked(serial) == 1);
    assert_int_equal(toy_total(agg), 5);
}

/* The profile is applied anew, and with it the site gets another incarnation: what came in before
 * belongs to the old one, and only who sends it again knows that it is still so. */
static void connection_without_a_site_looks_again_until_there_is_one(void **state)
{
    int64_t agg = stage_agg(), before = stage.loop.incarnation;
    struct envelope one = event(agg, 1, "A5");
    (void)state;
    kit_pg_run(server, "CREATE TABLE toy.site_kept AS SELECT * FROM directory.site;"
                       "DELETE FROM directory.site");
    backend_end(lane()->pg);
    uint64_t serial = stage_post_one(&stage, FRAME_EVENTS, &one);
    STAGE_UNTIL(&stage, pg_connects(lane()->pg) >= 3 && STAGE_METRIC(&stage, events_in) == 1);
    const struct chore_state *site = &stage.loop.chore_states[CHORE_SITE];
    int64_t since = site->started_ms;
    STAGE_UNTIL(&stage, site->started_ms > since && !site->running); /* it finds none either */
    assert_false(lane()->attached);
    kit_pg_run(server, "UPDATE toy.site_kept SET incarnation = incarnation + 1;"
                       "INSERT INTO directory.site SELECT * FROM toy.site_kept;"
                       "DROP TABLE toy.site_kept");
    STAGE_UNTIL(&stage, stage.loop.incarnation == before + 1 && stage.loop.inbox.count == 0 &&
                                !lanes_busy(&stage.loop));
    assert_int_equal(acked(serial), 0);
    assert_int_equal(toy_total(agg), -1);
    serial = stage_post_one(&stage, FRAME_EVENTS, &one);
    STAGE_UNTIL(&stage, acked(serial) == 1);
    assert_int_equal(toy_total(agg), 5);
}

/* A batch finds out in its transaction that the site was restored since. */
static void batch_of_another_incarnation_does_nothing_and_says_so(void **state)
{
    int64_t agg = stage_toy(10), before = stage.loop.incarnation;
    struct envelope sub = stage_sub(1, agg, "r1", "S1");
    (void)state;
    site_chore_stop(true);
    kit_pg_run(server, "UPDATE directory.site SET incarnation = incarnation + 1");
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &sub), REPLY_FAILED + ERR_TRANSIENT, "restored");
    assert_int_equal(toy_total(agg), 10);
    STAGE_UNTIL(&stage, stage.loop.incarnation == before + 1);
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &sub), VERDICT_APPLIED, "total 9");
    site_chore_stop(false);
    /* Its message is lost on the way: the sweep sends it, under the new name. */
    kit_pg_run(server, "UPDATE toy.outbox SET due = now() WHERE dest = 3");
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, resent) > 0);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM toy.outbox WHERE dest = 3"), 1);
}

/* An older primary, or files that were put back: what is known of it is newer than what it says. */
static void server_that_went_back_becomes_another_incarnation(void **state)
{
    int64_t agg = stage_toy(10), before = stage.loop.incarnation;
    struct envelope one = event(agg, 1, "A5");
    (void)state;
    kit_pg_run(server, "UPDATE directory.site SET incarnation = incarnation - 1");
    connections_end();
    STAGE_UNTIL(&stage, stage.loop.incarnation > before && lane()->attached);
    assert_int_equal(told("ERROR SITE-WENT-BACK instance=toy-1 site="), 1);
    uint64_t serial = stage_post_one(&stage, FRAME_EVENTS, &one);
    STAGE_UNTIL(&stage, acked(serial) == 1);
    assert_int_equal(toy_total(agg), 15);
}

/* One message cannot be stored. Those beside it are; it itself is tried five times, alone, and
 * becomes a dead letter; what follows it waits. */
static void message_that_cannot_be_stored_is_a_dead_letter_in_the_end(void **state)
{
    int64_t good = stage_agg(), bad = stage_agg();
    struct envelope list[] = {event(good, 1, "A5"), event(bad, 1, TOY_TOO_MUCH),
            event(bad, 2, "A7"), event(good, 2, "A6")};
    (void)state;
    struct frame head = stage_head(&stage, FRAME_EVENTS, COUNT_OF(list));
    uint64_t serial = stage_post(&stage, &head, list, COUNT_OF(list));
    STAGE_UNTIL(&stage, acked(serial) == COUNT_OF(list));
    assert_int_equal(toy_total(good), 11);
    assert_int_equal(toy_total(bad), 0);
    assert_int_equal(told("ERROR BATCH-FAILED instance=toy-1 agg="), ATTEMPTS_MAX);
    assert_int_equal(told("violates check constraint"), ATTEMPTS_MAX + 1);
    assert_int_equal(told("ERROR DEAD-LETTER instance=toy-1 agg="), 1);
    assert_int_equal(STAGE_METRIC(&stage, batch_failures), ATTEMPTS_MAX + 1); /* the first, whole */
    assert_int_equal(STAGE_METRIC(&stage, letters), 1);
    ASSERT_SQL("SELECT attempts FROM toy.dead_letter WHERE n = 1 AND reason LIKE '%check%'",
            ATTEMPTS_MAX);
    ASSERT_SQL("SELECT n FROM toy.waiting", 2);
    ASSERT_SQL("SELECT count(*) FROM toy.attempt", 0);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox WHERE dest = 3", 2);
}

/* One of them was there when a process died: it runs by itself, and both are done. */
static void suspect_runs_alone_and_is_one_no_more(void **state)
{
    int64_t agg = stage_agg(), other = stage_agg();
    struct envelope list[] = {event(agg, 1, "A5"), event(other, 1, "A6")};
    char sql[80];
    (void)state;
    snprintf(sql, sizeof sql, "INSERT INTO toy.suspect VALUES (%lld, 3)", (long long)list[0].id);
    kit_pg_run(server, sql);
    struct frame head = stage_head(&stage, FRAME_EVENTS, COUNT_OF(list));
    uint64_t serial = stage_post(&stage, &head, list, COUNT_OF(list));
    STAGE_UNTIL(&stage, acked(serial) == COUNT_OF(list));
    assert_int_equal(STAGE_METRIC(&stage, batches), 2);
    assert_int_equal(toy_total(agg) * 10 + toy_total(other), 56);
    ASSERT_SQL("SELECT count(*) FROM toy.suspect", 0);
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter", 0);
}

/* The operator finds it in the list, replays it in vain, and then lets the rest pass. */
static void dead_letter_is_listed_replayed_and_skipped(void **state)
{
    int64_t bad = stage_agg();
    struct envelope list[] = {event(bad, 1, "what"), event(bad, 2, "A7")};
    struct envelope ask = {.id = 1, .type = OPS_DEAD_LETTERS, .actor = ""};
    (void)state;
    struct frame head = stage_head(&stage, FRAME_EVENTS, COUNT_OF(list));
    uint64_t serial = stage_post(&stage, &head, list, COUNT_OF(list));
    STAGE_UNTIL(&stage, acked(serial) == COUNT_OF(list));
    assert_true(told("ERROR DEAD-LETTER instance=toy-1 agg="));
    struct reply reply = stage_ask(&stage, FRAME_QUERIES, &ask);
    Huying__Ops__DeadLetters *letters = huying__ops__dead_letters__unpack(
            NULL, reply.payload_size, (const uint8_t *)reply.payload);
    assert_non_null(letters);
    assert_int_equal(letters->n_items, 1);
    assert_int_equal(letters->items[0]->agg, bad);
    assert_int_equal(letters->items[0]->n, 1);
    assert_int_equal(letters->items[0]->waiting_behind, 1);
    assert_string_equal(letters->items[0]->reason, "neither A, T, N nor S with a number");
    huying__ops__dead_letters__free_unpacked(letters, NULL);
    ASSERT_REPLY(letter_operate(OPS_SKIP, bad, 2, "a"), VERDICT_NOT_FOUND, "no such dead letter");
    ASSERT_REPLY(letter_operate(OPS_REPLAY, bad, 1, "b"), VERDICT_REFUSED, "still cannot");
    assert_int_equal(toy_total(bad), 0);
    ASSERT_REPLY(letter_operate(OPS_SKIP, bad, 1, "c"), VERDICT_APPLIED, "");
    assert_int_equal(toy_total(bad), 7);
    ASSERT_SQL("SELECT count(*) FROM toy.waiting", 0);
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter", 0);
    ask.type = OPS_HISTORY;
    Huying__Ops__HistoryQuery query = HUYING__OPS__HISTORY_QUERY__INIT;
    uint8_t bytes[16];
    query.agg = bad;
    ask.payload = (struct bytes){bytes, huying__ops__history_query__pack(&query, bytes)};
    reply = stage_ask(&stage, FRAME_QUERIES, &ask);
    assert_non_null(strstr(reply.payload, "skipped"));
}

/* It had come too early and was acknowledged then: nobody sends it again. */
static void held_message_that_cannot_be_stored_is_a_dead_letter_in_the_end(void **state)
{
    int64_t agg = stage_agg();
    struct envelope second = event(agg, 2, TOY_TOO_MUCH), first = event(agg, 1, "A5");
    (void)state;
    uint64_t serial = stage_post_one(&stage, FRAME_EVENTS, &second);
    STAGE_UNTIL(&stage, acked(serial) == 1);
    serial = stage_post_one(&stage, FRAME_EVENTS, &first);
    STAGE_UNTIL(&stage, acked(serial) == 1);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, letters) == 1);
    assert_true(told("ERROR DEAD-LETTER instance=toy-1 agg="));
    ASSERT_SQL("SELECT count(*) FROM toy.dead_letter WHERE n = 2 AND reason LIKE 'failed too%'", 1);
    ASSERT_SQL("SELECT count(*) FROM toy.waiting", 0);
    assert_int_equal(toy_total(agg), 5);
}

static void command_that_cannot_be_stored_is_told_so(void **state)
{
    int64_t agg = stage_toy(10);
    struct envelope much = stage_sub(1, agg, "much", "S-2000000");
    struct envelope little = stage_sub(2, agg, "little", "S1");
    (void)state;
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &much), REPLY_FAILED + ERR_FATAL,
            "could not be stored");
    assert_int_equal(told("ERROR BATCH-FAILED instance=toy-1 agg="), 2);
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &little), VERDICT_APPLIED, "total 9");
    ASSERT_SQL("SELECT count(*) FROM toy.command", 1);
    ASSERT_SQL("SELECT count(*) FROM toy.outbox WHERE dest = 3", 1);
}

static int64_t timer_due(int64_t total)
{
    char sql[120];
    int64_t agg = stage_toy(total);
    snprintf(sql, sizeof sql,
            "INSERT INTO toy.timer (agg, kind, gen, due) VALUES (%lld, 1, 1, "
            "now() - interval '1 s')",
            (long long)agg);
    kit_pg_run(server, sql);
    return agg;
}

/* It stays, is found again, and fires once what was wrong is mended. */
static void deadline_that_cannot_be_stored_fires_when_it_can(void **state)
{
    int64_t agg = timer_due(999500), other = stage_agg();
    struct envelope one = event(other, 1, "A5");
    (void)state;
    STAGE_UNTIL(&stage, told("ERROR BATCH-FAILED instance=toy-1 agg=") > 4);
    uint64_t serial = stage_post_one(&stage, FRAME_EVENTS, &one);
    STAGE_UNTIL(&stage, acked(serial) == 1);
    assert_int_equal(toy_total(other), 5);
    ASSERT_SQL("SELECT count(*) FROM toy.timer", 1);
    kit_pg_run(server, "UPDATE toy.toy SET total = 0 WHERE total > 999000");
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, timers_fired) == 1);
    assert_int_equal(toy_total(agg), 1000);
    ASSERT_SQL("SELECT count(*) FROM toy.timer", 0);
}

static void deadline_whose_row_is_held_fires_when_it_is_free(void **state)
{
    char sql[120];
    int64_t agg = stage_toy(1);
    (void)state;
    snprintf(sql, sizeof sql, "BEGIN; SELECT 1 FROM toy.toy WHERE id = %lld FOR UPDATE",
            (long long)agg);
    kit_pg_run(server, "UPDATE toy.toy SET total = 7");
    (void)timer_due(2);
    kit_pg_run(server, "UPDATE toy.timer SET agg = (SELECT id FROM toy.toy WHERE total = 7)");
    kit_pg_run(server, sql);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, batch_left) > 0);
    assert_int_equal(STAGE_METRIC(&stage, timers_fired), 0);
    kit_pg_run(server, "ROLLBACK");
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, timers_fired) == 1);
    assert_int_equal(toy_total(agg), 1007);
}

/* What was acknowledged to us is not forgotten when the transaction that deletes it is lost. */
static void acknowledgements_of_a_batch_that_is_lost_are_used_again(void **state)
{
    BUF_OWNED payload = {0};
    struct envelope one = event(stage_agg(), 1, "A1");
    (void)state;
    uint64_t serial = stage_post_one(&stage, FRAME_EVENTS, &one);
    STAGE_UNTIL(&stage, acked(serial));
    int64_t row = kit_pg_int(server, "SELECT id FROM toy.outbox WHERE dest = 3");
    struct frame head = {.kind = FRAME_ACKS,
            .dest = SERVICE_ROUTING,
            .source = SERVICE_ENFORCEMENT,
            .count = 1,
            .incarnation = (uint64_t)stage.loop.incarnation};
    kit_pg_run(server, "BEGIN; LOCK TABLE toy.outbox IN ACCESS EXCLUSIVE MODE");
    acks_encode(&payload, head.incarnation, &row, 1);
    stage_send(&stage, &head, &payload);
    STAGE_UNTIL(&stage, waits_for_a_lock(lane()->pg));
    assert_int_equal(stage.loop.acked_count, 0);
    backend_end(lane()->pg);
    STAGE_UNTIL(&stage, told("WARN  BATCH-RETRY instance=toy-1 why="));
    assert_int_equal(STAGE_METRIC(&stage, batch_retries), 1);
    kit_pg_run(server, "ROLLBACK");
    STAGE_UNTIL(&stage, kit_pg_int(server, "SELECT count(*) FROM toy.outbox WHERE dest = 3") == 0);
}

/* The old directory stays; nothing is decided by it any more, since the site says that there is a
 * newer one, but what is asked is answered. */
static void directory_that_cannot_be_used_is_told_and_decides_nothing(void **state)
{
    int64_t agg = stage_agg(), known = stage_toy(3);
    struct envelope one = event(agg, 1, "A5"), look = stage_look(1, known);
    (void)state;
    site_chore_stop(true);
    kit_pg_run(server, "ALTER TABLE directory.matter DROP CONSTRAINT matter_start_level_check;"
                       "UPDATE directory.matter SET start_level = 9;"
                       "UPDATE directory.site SET version = 2");
    uint64_t serial = stage_post_one(&stage, FRAME_EVENTS, &one);
    STAGE_UNTIL(&stage, told("WARN  DIRECTORY-NOT-LOADED instance=toy-1 "
                             "why=\"directory.matter: a row without level"));
    ASSERT_REPLY(stage_ask(&stage, FRAME_QUERIES, &look), VERDICT_APPLIED, "total 3");
    for (int i = 0; i < 20; i++) /* it is read again after a second, not in each round */
        stage_turn(&stage);
    assert_int_equal(told("WARN  DIRECTORY-NOT-LOADED"), 1);
    assert_int_equal(STAGE_METRIC(&stage, directory_version), 1);
    assert_int_equal(STAGE_METRIC(&stage, works), 0);
    assert_int_equal(acked(serial), 0);
    kit_pg_run(server, "UPDATE directory.matter SET start_level = 1;"
                       "ALTER TABLE directory.matter ADD CONSTRAINT matter_start_level_check"
                       " CHECK (start_level BETWEEN 1 AND 4)");
    STAGE_UNTIL(&stage, acked(serial) == 1);
    assert_int_equal(STAGE_METRIC(&stage, directory_version), 2);
    assert_int_equal(toy_total(agg), 5);
}

/* Two ask; the connection is lost while the first one's count is under way. */
static void count_that_is_lost_is_told_and_the_next_one_is_made(void **state)
{
    struct envelope ask = {.id = 1, .type = OPS_RECOUNT, .request_id = "", .actor = ""};
    struct frame heads[2];
    uint64_t serials[2];
    (void)state;
    (void)stage_toy(42);
    kit_pg_run(server, "BEGIN; SELECT fold FROM toy.counter_head FOR UPDATE");
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        heads[i] = stage_head(&stage, FRAME_COMMANDS, 1);
        heads[i].rights = RIGHT_OPERATE;
        serials[i] = stage_post(&stage, &heads[i], &ask, 1);
        STAGE_UNTIL(
                &stage, i ? stage.loop.recount_asked != NULL : waits_for_a_lock(stage.loop.aux));
    }
    assert_non_null(stage.loop.recount_running);
    backend_end(stage.loop.aux);
    STAGE_UNTIL(&stage, stage_replies(&stage, serials[0]));
    kit_pg_run(server, "ROLLBACK");
    ASSERT_REPLY(stage_reply(&stage, serials[0], 1), REPLY_FAILED + ERR_TRANSIENT, "ask again");
    STAGE_UNTIL(&stage, stage_replies(&stage, serials[1]));
    assert_int_equal(stage_reply(&stage, serials[1], 1).verdict, VERDICT_APPLIED);
    ASSERT_SQL("SELECT value FROM toy.counter WHERE metric = 0 AND unit = 11", 42);
}

/* The view is broken: the counters stay as they are. */
static void count_that_fails_is_told_and_changes_nothing(void **state)
{
    (void)state;
    (void)stage_toy(42);
    assert_int_equal(recount().verdict, VERDICT_APPLIED);
    PGresult *whole = kit_pg_sql(server, "SELECT 'CREATE OR REPLACE VIEW toy.counter_truth AS ' || "
                                         "pg_get_viewdef('toy.counter_truth'::regclass)");
    kit_pg_run(server,
            "CREATE OR REPLACE VIEW toy.counter_truth AS SELECT 0::smallint AS metric,"
            " 11::bigint AS unit, 0 AS matter, (1 / (random() * 0)::int)::bigint AS value");
    (void)stage_toy(1);
    struct reply reply = recount();
    kit_pg_run(server, PQgetvalue(whole, 0, 0));
    PQclear(whole);
    ASSERT_REPLY(reply, REPLY_FAILED + ERR_MALFORMED, "not counted again");
    ASSERT_SQL("SELECT value FROM toy.counter WHERE metric = 0 AND unit = 11", 42);
    assert_int_equal(recount().verdict, VERDICT_APPLIED);
    ASSERT_SQL("SELECT value FROM toy.counter WHERE metric = 0 AND unit = 11", 43);
}

/* Which of the two is right nobody can know here: neither the sender's row goes nor what is
 * held. */
static void number_held_by_another_message_is_told_and_not_acknowledged(void **state)
{
    int64_t agg = stage_agg();
    struct envelope held = event(agg, 2, "A2"), other = event(agg, 2, "A9");
    struct envelope first = event(agg, 1, "A1");
    (void)state;
    uint64_t serial = stage_post_one(&stage, FRAME_EVENTS, &held);
    STAGE_UNTIL(&stage, acked(serial) == 1);
    serial = stage_post_one(&stage, FRAME_EVENTS, &other);
    STAGE_UNTIL(&stage, told("ERROR STREAM-ALARM instance=toy-1 agg="));
    assert_true(told("source=intake n=2 message="));
    assert_int_equal(STAGE_METRIC(&stage, alarms), 1);
    ASSERT_SQL("SELECT count(*) FROM toy.waiting WHERE payload = 'A2'", 1);
    uint64_t due = stage_post_one(&stage, FRAME_EVENTS, &first);
    STAGE_UNTIL(&stage, acked(due) == 1 && toy_total(agg) == 3);
    assert_int_equal(acked(serial), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(connection_that_cannot_attach_is_told_and_works_nothing),
            CASE(server_that_may_forget_is_told_and_works_nothing),
            CASE(connection_without_a_site_looks_again_until_there_is_one),
            CASE(batch_of_another_incarnation_does_nothing_and_says_so),
            CASE(server_that_went_back_becomes_another_incarnation),
            CASE(message_that_cannot_be_stored_is_a_dead_letter_in_the_end),
            CASE(suspect_runs_alone_and_is_one_no_more),
            CASE(dead_letter_is_listed_replayed_and_skipped),
            CASE(held_message_that_cannot_be_stored_is_a_dead_letter_in_the_end),
            CASE(command_that_cannot_be_stored_is_told_so),
            CASE(deadline_that_cannot_be_stored_fires_when_it_can),
            CASE(deadline_whose_row_is_held_fires_when_it_is_free),
            CASE(acknowledgements_of_a_batch_that_is_lost_are_used_again),
            CASE(directory_that_cannot_be_used_is_told_and_decides_nothing),
            CASE(count_that_is_lost_is_told_and_the_next_one_is_made),
            CASE(count_that_fails_is_told_and_changes_nothing),
            CASE(number_held_by_another_message_is_told_and_not_acknowledged),
    };
    return cmocka_run_group_tests(tests, stage_server_start, stage_server_stop);
}
