/* Queries in a whole loop: nothing leaves before a confirmed commit that came after the reading.
 * synchronous_standby_names names a standby that does not exist, so that commits wait while reading
 * goes on: what is answered then is answered too early. */
#include "services/kernel/run/test_loop.h"

#include "services/kernel/store/ops_codec.h"

static struct stage stage;
static bool chores_stopped;

static int setup(void **state)
{
    (void)state;
    chores_stopped = false;
    toy_reset();
    stage_open(&stage);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    toy_standby_wanted(false);
    stage_close(&stage);
    return 0;
}

static bool mark_waits(void)
{
    return toy_commit_waits(pg_backend(stage.loop.aux));
}

/* The connection is the queries' alone: a chore's commit would wait like a mark. */
static void chores_stop(void)
{
    for (size_t i = 0; !chores_stopped && i < COUNT_OF(stage.loop.chore_states); i++) {
        STAGE_UNTIL(&stage, !stage.loop.chore_states[i].running);
        stage.loop.chore_states[i].running = true;
    }
    chores_stopped = true;
}

/* Asks until the server has taken notice of the setting: the last query's mark waits. */
static uint64_t ask_and_wait(int64_t agg)
{
    int64_t id = 0, end = toy_now() + STAGE_MS;
    uint64_t serial = 0;
    chores_stop();
    toy_standby_wanted(true);
    do {
        struct envelope look = stage_look(++id, agg);
        serial = stage_post_one(&stage, FRAME_QUERIES, &look);
        while (!mark_waits() && !stage_replies(&stage, serial) && toy_now() < end)
            stage_turn(&stage);
    } while (!mark_waits() && toy_now() < end);
    assert_true(mark_waits());
    return serial;
}

static struct reply only_reply(uint64_t serial)
{
    for (int64_t id = 1; id < 1000; id++) {
        struct reply reply = stage_reply(&stage, serial, id);
        if (reply.found)
            return reply;
    }
    return (struct reply){0};
}

static void query_is_answered_after_a_mark(void **state)
{
    (void)state;
    struct envelope look = stage_look(1, stage_toy(42));
    ASSERT_REPLY(stage_ask(&stage, FRAME_QUERIES, &look), VERDICT_APPLIED, "total 42");
    assert_int_equal(STAGE_METRIC(&stage, marks), 1);
    assert_int_equal(stage.loop.queries_out, 0);
    look.payload = stage_text("0"); /* nothing is there: that is an answer, too */
    ASSERT_REPLY(stage_ask(&stage, FRAME_QUERIES, &look), VERDICT_APPLIED, "");
    assert_int_equal(STAGE_METRIC(&stage, marks), 2);
}

static void no_answer_leaves_before_the_commit_is_confirmed(void **state)
{
    (void)state;
    uint64_t serial = ask_and_wait(stage_toy(42));
    STAGE_UNTIL(&stage, stage.loop.queries_read); /* it was read */
    for (int i = 0; i < 20; i++)                  /* rounds of the loop, each up to 20 ms */
        stage_turn(&stage);
    assert_int_equal(stage_replies(&stage, serial), 0);
    toy_standby_wanted(false);
    STAGE_UNTIL(&stage, stage_replies(&stage, serial) == 1);
    ASSERT_REPLY(only_reply(serial), VERDICT_APPLIED, "total 42");
}

static void queries_that_come_while_a_mark_is_out_share_the_next(void **state)
{
    struct envelope looks[50];
    (void)state;
    int64_t agg = stage_toy(7);
    uint64_t first = ask_and_wait(agg);
    long long marks = STAGE_METRIC(&stage, marks), queries = STAGE_METRIC(&stage, queries_in);
    for (size_t i = 0; i < COUNT_OF(looks); i++) {
        looks[i] = stage_look(5000 + (int64_t)i, agg);
        struct frame head = stage_head(&stage, FRAME_QUERIES, 1);
        stage_post(&stage, &head, &looks[i], 1);
    }
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, queries_in) == queries + (long long)COUNT_OF(looks));
    assert_int_equal(STAGE_METRIC(&stage, marks), marks); /* the one that waits */
    toy_standby_wanted(false);
    STAGE_UNTIL(&stage, stage.loop.queries_out == 0);
    STAGE_UNTIL(&stage, stage_replies(&stage, stage.serial) == 1);
    assert_int_equal(STAGE_METRIC(&stage, marks), marks + 1);
    ASSERT_REPLY(only_reply(first), VERDICT_APPLIED, "total 7");
    for (size_t i = 0; i < COUNT_OF(looks); i++)
        ASSERT_REPLY(stage_reply(&stage, first + 1 + i, looks[i].id), VERDICT_APPLIED, "total 7");
}

/* A commit that was not confirmed by the standby is there, with a warning: an unknown outcome. A
 * connection that is gone is the same. */
static void unconfirmed_commit_answers_nothing(void **state)
{
    static const char *const ends[] = {"pg_cancel_backend", "pg_terminate_backend"};
    (void)state;
    int64_t agg = stage_toy(7);
    stage_listen(&stage);
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        char sql[80];
        struct envelope look = stage_look(1, agg);
        uint64_t serial = ask_and_wait(agg);
        uint64_t later = stage_post_one(&stage, FRAME_QUERIES, &look); /* behind the mark */
        long long queries = STAGE_METRIC(&stage, queries_in);
        STAGE_UNTIL(&stage, STAGE_METRIC(&stage, queries_in) == queries + 1);
        snprintf(sql, sizeof sql, "SELECT %s(%d)", ends[i], pg_backend(stage.loop.aux));
        kit_pg_run(server, sql);
        STAGE_UNTIL(&stage, stage_replies(&stage, serial) && stage_replies(&stage, later));
        ASSERT_REPLY(only_reply(serial), REPLY_FAILED + ERR_TRANSIENT, "ask again");
        ASSERT_REPLY(only_reply(later), REPLY_FAILED + ERR_TRANSIENT, "ask again");
        assert_int_equal(stage.loop.queries_out, 0);
        assert_true(stage_told(&stage, "WARN  QUERY-FAILED instance=toy-1 type=0 what=commit"));
        toy_standby_wanted(false);
        STAGE_UNTIL(&stage, stage.loop.aux_attached && pg_state(stage.loop.aux) == PG_READY);
        ASSERT_REPLY(stage_ask(&stage, FRAME_QUERIES, &look), VERDICT_APPLIED, "total 7");
    }
}

static void queries_beyond_the_bound_are_told_to_come_again(void **state)
{
    struct envelope looks[200];
    size_t answered = 0, later = 0;
    (void)state;
    int64_t agg = stage_toy(7);
    for (size_t i = 0; i < COUNT_OF(looks); i++) {
        looks[i] = stage_look(1, agg);
        looks[i].id = 1 + (int64_t)i;
        looks[i].payload = looks[0].payload;
    }
    struct frame head = stage_head(&stage, FRAME_QUERIES, COUNT_OF(looks));
    uint64_t serial = stage_post(&stage, &head, looks, COUNT_OF(looks));
    STAGE_UNTIL(&stage, stage_replies(&stage, serial) == COUNT_OF(looks));
    for (size_t i = 0; i < COUNT_OF(looks); i++) {
        struct reply reply = stage_reply(&stage, serial, looks[i].id);
        answered += reply.verdict == VERDICT_APPLIED;
        later += reply.verdict == REPLY_FAILED + ERR_TRANSIENT;
    }
    assert_int_equal(answered, 128);
    assert_int_equal(answered + later, COUNT_OF(looks));
    assert_int_equal(STAGE_METRIC(&stage, marks), 1);
}

static void refusals_table(void **state)
{
    static const struct {
        const char *what;
        uint32_t type, rights;
        const char *actor, *payload;
        enum err err;
        const char *part;
    } rows[] = {
            {"no right", TOY_LOOK, RIGHT_ACT, "", "1", ERR_DENIED, "no right to queries"},
            {"a name", TOY_LOOK, RIGHT_QUERY, "W", "1", ERR_DENIED, "somebody's name"},
            {"what the service says", TOY_LOOK, RIGHT_QUERY | RIGHT_ACT, "W", "1", ERR_DENIED,
                    "nothing for anybody"},
            {"the key's own name", TOY_OWN, RIGHT_QUERY, "", "1", ERR_DENIED, "desk"},
            {"somebody's", TOY_OWN, RIGHT_QUERY | RIGHT_ACT, "W", "1", ERR_DENIED, "W"},
            {"a type", 4711, RIGHT_QUERY, "", "1", ERR_UNKNOWN, "no query"},
            {"its format", TOY_LOOK, RIGHT_QUERY, "", "x", ERR_MALFORMED, "not an id"},
            {"the kernel's", OPS_HISTORY, RIGHT_QUERY, "", "\xff", ERR_MALFORMED, "format"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct envelope envelope = {.id = 9,
                .type = rows[i].type,
                .actor = rows[i].actor,
                .payload = toy_bytes(rows[i].payload)};
        struct frame head = stage_head(&stage, FRAME_QUERIES, 1);
        head.rights = rows[i].rights;
        print_message("%s\n", rows[i].what);
        uint64_t serial = stage_post(&stage, &head, &envelope, 1);
        STAGE_UNTIL(&stage, stage_replies(&stage, serial) == 1);
        ASSERT_REPLY(stage_reply(&stage, serial, 9), REPLY_FAILED + rows[i].err, rows[i].part);
    }
    assert_int_equal(STAGE_METRIC(&stage, marks), 0); /* nothing was read */
}

static void answer_that_is_too_large_is_refused(void **state)
{
    (void)state;
    int64_t agg = stage_toy(1);
    struct envelope look = stage_look(1, agg);
    look.payload = stage_text("%lld %d", (long long)agg, (int)ANSWER_SIZE_MAX);
    ASSERT_REPLY(stage_ask(&stage, FRAME_QUERIES, &look), REPLY_FAILED + ERR_LIMIT, "too large");
    look.payload = stage_text("%lld %d", (long long)agg, (int)ANSWER_SIZE_MAX - 100);
    struct reply reply = stage_ask(&stage, FRAME_QUERIES, &look);
    ASSERT_REPLY(reply, VERDICT_APPLIED, "total 1");
    assert_int_equal(reply.payload_size, ANSWER_SIZE_MAX - 100 + strlen("total 1"));
}

static int local_verdict;

static void local_done(void *self, const struct envelope *reply)
{
    (void)self;
    local_verdict = (int)reply->verdict;
}

/* A request from inside waits until the loop comes to it. */
static void query_whose_span_is_over_before_the_loop_comes_is_late(void **state)
{
    int64_t agg = stage_toy(1);
    (void)state;
    const struct {
        int64_t span_ms, skip_ms;
        int verdict;
    } rows[] = {{1000, 5000, REPLY_FAILED + ERR_LATE}, {20000, 10000, VERDICT_APPLIED},
            {0, 3600000, VERDICT_APPLIED}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct local_command query = {.type = TOY_LOOK,
                .request_id = "",
                .actor = "",
                .peer = "http",
                .payload = stage_text("%lld", (long long)agg),
                .span_ms = rows[i].span_ms,
                .done = local_done};
        local_verdict = -1;
        assert_int_equal(loop_query(&stage.loop, &query), OK);
        stage.skip_ms += rows[i].skip_ms;
        STAGE_UNTIL(&stage, local_verdict >= 0);
        assert_int_equal(local_verdict, rows[i].verdict);
        assert_int_equal(stage.loop.local_count, 0);
    }
    assert_int_equal(STAGE_METRIC(&stage, late), 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(query_is_answered_after_a_mark),
            CASE(no_answer_leaves_before_the_commit_is_confirmed),
            CASE(queries_that_come_while_a_mark_is_out_share_the_next),
            CASE(unconfirmed_commit_answers_nothing),
            CASE(queries_beyond_the_bound_are_told_to_come_again), CASE(refusals_table),
            CASE(answer_that_is_too_large_is_refused),
            CASE(query_whose_span_is_over_before_the_loop_comes_is_late)};
    return cmocka_run_group_tests(tests, stage_server_start, stage_server_stop);
}
