/* Frames in, frames out, in a whole loop: what is acknowledged, answered, refused, dropped, and
 * what becomes of a request that nobody waits for any more. */
#include "services/kernel/run/test_loop.h"

#include "services/kernel/store/ops_codec.h"

static struct stage stage;

static int setup(void **state)
{
    (void)state;
    toy_reset();
    stage_open(&stage);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    toy_standby_wanted(false);
    kit_pg_run(server, "BEGIN; ROLLBACK"); /* a lock that a failed test left */
    stage_close(&stage);
    return 0;
}

static struct envelope event(int64_t agg, uint64_t n, const char *payload)
{
    static int64_t counter;
    return (struct envelope){.id = id_make(7, SERVICE_INTAKE, 500000 + ++counter),
            .agg = agg,
            .n = n,
            .type = TOY_ADD,
            .at_ms = 1000,
            .payload = toy_bytes(payload)};
}

static size_t acked(uint64_t serial)
{
    size_t total = 0;
    for (size_t i = 0; i < stage.got_count; i++) {
        const struct got *got = &stage.got[i];
        if (got->head.kind == FRAME_ACKS && got->head.serial == serial)
            total += got->head.count;
    }
    return total;
}

static void events_are_acknowledged_to_the_connection_they_came_from(void **state)
{
    int64_t agg = stage_agg(), other = stage_agg(), *ids;
    struct envelope list[] = {event(agg, 1, "A5"), event(agg, 2, "A6"), event(other, 1, "A7")};
    struct arena arena;
    uint64_t incarnation;
    size_t count;
    (void)state;
    struct frame head = stage_head(&stage, FRAME_EVENTS, COUNT_OF(list));
    uint64_t serial = stage_post(&stage, &head, list, COUNT_OF(list));
    STAGE_UNTIL(&stage, acked(serial) == COUNT_OF(list));
    const struct got *got = stage_find(&stage, FRAME_ACKS, serial);
    assert_int_equal(got->head.token, STAGE_TOKEN);
    assert_int_equal(got->head.dest, SERVICE_INTAKE);
    arena_init(&arena, 1 << 20);
    assert_int_equal(acks_decode((const uint8_t *)got->payload.data, got->payload.size, &arena,
                             &incarnation, &ids, &count),
            OK);
    assert_int_equal(incarnation, stage.loop.incarnation);
    assert_int_equal(count, COUNT_OF(list));
    arena_fini(&arena);
    assert_int_equal(toy_total(agg), 11); /* acknowledged is committed */
    assert_int_equal(toy_total(other), 7);
    serial = stage_post(&stage,
            &(struct frame){.kind = FRAME_EVENTS,
                    .dest = SERVICE_ROUTING,
                    .source = SERVICE_INTAKE,
                    .count = COUNT_OF(list),
                    .token = STAGE_TOKEN,
                    .serial = 4711,
                    .incarnation = head.incarnation},
            list, COUNT_OF(list));
    STAGE_UNTIL(&stage, acked(serial) == COUNT_OF(list)); /* again: duplicates */
    assert_int_equal(toy_total(agg), 11);
    assert_int_equal(STAGE_METRIC(&stage, duplicates), COUNT_OF(list));
}

/* The site turns out to be another incarnation while the batch is committed: what rests on the
 * commit bears the name of the old one, so nobody takes it for the restored site's. */
static void news_bear_the_incarnation_of_their_commit(void **state)
{
    struct envelope one = event(stage_agg(), 1, "A1");
    int64_t before = stage.loop.incarnation;
    (void)state;
    (void)stage_post_one(&stage, FRAME_EVENTS, &one);
    STAGE_UNTIL(&stage, lanes_busy(&stage.loop));
    incarnation_set(&stage.loop, &(struct site_attach){.incarnation = before + 1});
    /* The server learns of it when it is attached to, and is yet another one then. */
    STAGE_UNTIL(&stage, stage.loop.incarnation > before + 1 && stage.loop.inbox.count == 0 &&
                                !lanes_busy(&stage.loop) && stage.loop.lanes[0].attached);
    for (size_t i = 0; i < stage.got_count; i++)
        assert_int_not_equal(stage.got[i].head.incarnation, before + 1);
}

/* One that cannot be of any stream is left out; the rest of its frame is acknowledged. */
static void impossible_messages_are_not_acknowledged(void **state)
{
    int64_t agg = stage_agg();
    struct envelope list[] = {event(agg, 0, "A1"), event(id_make(8, SERVICE_INTAKE, 1), 1, "A1"),
            event(agg, 1, "A1"), event(agg, 1, "A1"), event(0, 1, "A1"),
            event(agg, UINT64_C(1) << 63, "A1"), event(agg, UINT64_MAX, "A1"),
            event(agg, (uint64_t)STREAM_NUMBER_MAX + 1, "A1"), event(agg, 1, "A1"),
            event(agg, 1, "A1")};
    (void)state;
    list[3].source_site = 9;
    list[8].id = 0;
    list[9].id = -1;
    stage_listen(&stage);
    struct frame head = stage_head(&stage, FRAME_EVENTS, COUNT_OF(list));
    uint64_t serial = stage_post(&stage, &head, list, COUNT_OF(list));
    STAGE_UNTIL(&stage, acked(serial));
    assert_int_equal(acked(serial), 1);
    assert_int_equal(STAGE_METRIC(&stage, malformed), COUNT_OF(list) - 1);
    assert_true(stage_told(&stage, "WARN  BUS-MESSAGE-REFUSED instance=toy-1 source=intake"));
    assert_int_equal(toy_total(agg), 1);
}

/* Dropped frames give their credit back: nothing else comes of them. */
static void frames_that_are_dropped_give_credit_back(void **state)
{
    struct envelope one = event(stage_agg(), 1, "A1");
    BUF_OWNED garbage = {0};
    BUF_OWNED good = {0};
    (void)state;
    stage.granted = 0;
    stage_listen(&stage);
    struct frame head = stage_head(&stage, FRAME_EVENTS, 1);
    head.incarnation += 1; /* of a site that was restored since */
    stage_post(&stage, &head, &one, 1);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, stale) == 1);
    head = stage_head(&stage, FRAME_COMMANDS, 2);
    buf_add_text(&garbage, "this is no protobuf");
    stage_send(&stage, &head, &garbage);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, malformed) == 1);
    assert_true(stage_told(&stage, "WARN  BUS-FRAME-REFUSED"));
    assert_true(stage_told(&stage, "peer=desk"));
    head = stage_head(&stage, FRAME_QUERIES, 3); /* says three, has one */
    batch_begin(&good, 0);
    one = stage_look(1, 1);
    batch_add(&good, &one);
    stage_send(&stage, &head, &good);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, malformed) == 2);
    head = stage_head(&stage, FRAME_ACKS, 0); /* acknowledgements take no credit */
    stage_send(&stage, &head, &garbage);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, malformed) == 3);
    assert_int_equal(STAGE_METRIC(&stage, acks_in), 0);
    STAGE_UNTIL(&stage, stage.granted == 1 + 2 + 3);
    assert_int_equal(stage.got_count, 0);
    assert_int_equal(STAGE_METRIC(&stage, works), 0);
}

static void acknowledged_rows_of_the_outbox_go(void **state)
{
    BUF_OWNED payload = {0};
    (void)state;
    struct envelope one = event(stage_agg(), 1, "A1");
    uint64_t serial = stage_post_one(&stage, FRAME_EVENTS, &one);
    STAGE_UNTIL(&stage, acked(serial));
    int64_t row = kit_pg_int(server, "SELECT id FROM toy.outbox WHERE dest = 3");
    struct frame head = {.kind = FRAME_ACKS,
            .dest = SERVICE_ROUTING,
            .source = SERVICE_ENFORCEMENT,
            .count = 1,
            .incarnation = (uint64_t)stage.loop.incarnation};
    acks_encode(&payload, head.incarnation + 1, &row, 1);
    stage_send(&stage, &head, &payload);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, stale) == 1);
    assert_int_equal(STAGE_METRIC(&stage, acks_in), 0);
    acks_encode(&payload, head.incarnation, &row, 1);
    stage_send(&stage, &head, &payload);
    STAGE_UNTIL(&stage, kit_pg_int(server, "SELECT count(*) FROM toy.outbox WHERE dest = 3") == 0);
}

static void command_is_answered_once_and_for_all(void **state)
{
    int64_t agg = stage_toy(10);
    (void)state;
    struct envelope sub = stage_sub(3, agg, "one", "S4");
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &sub), VERDICT_APPLIED, "total 6");
    assert_int_equal(toy_total(agg), 6);
    sub.id = 4; /* the same request again, as a client that heard nothing sends it */
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &sub), VERDICT_APPLIED, "total 6");
    sub.payload = toy_bytes("S5");
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &sub), VERDICT_CONFLICT, "");
    assert_int_equal(toy_total(agg), 6);
    sub = stage_sub(5, stage_agg(), "two", "S4");
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &sub), VERDICT_NOT_FOUND, "nothing with that");
}

/* A process joins the bus before it has a session. What it is told to do meanwhile waits. */
static void command_that_comes_before_the_site_is_known_waits(void **state)
{
    int64_t agg = stage_toy(10);
    struct lane *lane = &stage.loop.lanes[0];
    struct frame head = stage_head(&stage, FRAME_COMMANDS, 1);
    const struct envelope sub = stage_sub(3, agg, "early", "S4");
    (void)state;
    lane->attached = false;
    lane->attaching = true; /* as if it took its time */
    stage.loop.ids.site = 0;
    head.rights = RIGHT_ACT;
    uint64_t serial = stage_post(&stage, &head, &sub, 1);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, commands_in) == 1);
    assert_int_equal(stage_replies(&stage, serial), 0);
    lane->attaching = false;
    STAGE_UNTIL(&stage, stage_replies(&stage, serial) == 1);
    ASSERT_REPLY(stage_reply(&stage, serial, 3), VERDICT_APPLIED, "total 6");
    assert_int_equal(toy_total(agg), 6);
}

/* The second time the sentence is made from what the database keeps. */
static void refusal_says_what_it_is_about_also_when_repeated(void **state)
{
    int64_t agg = stage_toy(3);
    (void)state;
    for (int64_t i = 0; i < 2; i++) {
        struct envelope sub = stage_sub(i + 1, agg, "one", "S5");
        struct reply reply = stage_ask(&stage, FRAME_COMMANDS, &sub);
        ASSERT_REPLY(reply, VERDICT_REFUSED, "too little, 1: 2 more");
        assert_int_equal(reply.reason, 1);
    }
    assert_int_equal(toy_total(agg), 3);
}

static void refusals_table(void **state)
{
    int64_t agg = stage_toy(10), far = id_make(8, SERVICE_INTAKE, 1);
    const struct {
        uint32_t type, rights;
        int64_t agg;
        const char *request_id, *actor, *payload;
        enum err err;
        const char *part;
    } rows[] = {
            {4711, RIGHT_ACT, agg, "a", "", "S1", ERR_UNKNOWN, "no command"},
            {TOY_LOOK, RIGHT_ACT, agg, "b", "", "S1", ERR_UNKNOWN, "no command"},
            {TOY_SUB, RIGHT_ACT, agg, "c", "", "what", ERR_MALFORMED, "neither A"},
            {TOY_SUB, RIGHT_QUERY, agg, "d", "", "S1", ERR_DENIED, "no right to this command"},
            {OPS_SKIP, RIGHT_ACT, 0, "e", "", "\x08\x01\x10\x02\x18\x01", ERR_DENIED, "no right"},
            {OPS_REPLAY, RIGHT_OPERATE, 0, "f", "", "what", ERR_MALFORMED, "LetterRef"},
            {TOY_SUB, RIGHT_ACT, far, "g", "", "S1", ERR_MALFORMED, "no id of this site"},
            {TOY_SUB, RIGHT_ACT, agg, "", "", "S1", ERR_MALFORMED, "request_id"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct envelope envelope = {.id = 1,
                .agg = rows[i].agg,
                .type = rows[i].type,
                .request_id = rows[i].request_id,
                .actor = rows[i].actor,
                .payload = toy_bytes(rows[i].payload)};
        struct frame head = stage_head(&stage, FRAME_COMMANDS, 1);
        head.rights = rows[i].rights;
        print_message("%s\n", rows[i].part);
        uint64_t serial = stage_post(&stage, &head, &envelope, 1);
        STAGE_UNTIL(&stage, stage_replies(&stage, serial) == 1);
        ASSERT_REPLY(stage_reply(&stage, serial, 1), REPLY_FAILED + rows[i].err, rows[i].part);
    }
    assert_int_equal(STAGE_METRIC(&stage, works), 0);
    assert_int_equal(toy_total(agg), 10);
}

/* Bodies that a batch could not hold a thousand of are refused before they are in one. */
static void command_that_costs_too_much_memory_is_refused(void **state)
{
    struct envelope sub = {.id = 1,
            .agg = stage_toy(10),
            .type = TOY_SUB,
            .request_id = "dear",
            .actor = "",
            .payload = toy_bytes("S1")};
    (void)state;
    toy_body_cost = (64 << 10) + 1;
    struct reply reply = stage_ask(&stage, FRAME_COMMANDS, &sub);
    toy_body_cost = 0;
    ASSERT_REPLY(reply, REPLY_FAILED + ERR_MALFORMED, "64 KiB");
    assert_int_equal(toy_total(sub.agg), 10);
    sub.request_id = "cheap";
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &sub), VERDICT_APPLIED, "");
    assert_int_equal(toy_total(sub.agg), 9);
}

static void sentences_are_in_the_language_of_the_configuration(void **state)
{
    (void)state;
    snprintf(stage.loop.conf.language, sizeof stage.loop.conf.language, "zh");
    struct envelope sub = stage_sub(5, stage_agg(), "zh", "S4");
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &sub), VERDICT_NOT_FOUND, "没有这个编号");
    sub.type = 4711;
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &sub), REPLY_FAILED + ERR_UNKNOWN, "命令");
    struct envelope look = stage_look(6, 1);
    look.type = 4711;
    ASSERT_REPLY(stage_ask(&stage, FRAME_QUERIES, &look), REPLY_FAILED + ERR_UNKNOWN, "查询");
}

static bool batch_waits(void)
{
    char sql[120];
    snprintf(sql, sizeof sql,
            "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND wait_event_type = 'Lock'",
            pg_backend(stage.loop.lanes[0].pg));
    return kit_pg_int(server, sql) == 1;
}

/* Both have the same span. One is in a batch that waits for a table when it ends, and is done and
 * answered truly; the other has not been begun, and is not run. */
static void command_is_run_in_time_or_not_at_all(void **state)
{
    int64_t agg = stage_toy(10), other = stage_toy(10);
    (void)state;
    struct envelope first = stage_sub(1, agg, "begun", "S1");
    struct envelope second = stage_sub(2, other, "waits", "S1");
    struct envelope third = stage_sub(3, other, "no span", "S2");
    first.deadline_ms = second.deadline_ms = 1000;
    kit_pg_run(server, "BEGIN; LOCK TABLE toy.command IN ACCESS EXCLUSIVE MODE");
    uint64_t begun = stage_post_one(&stage, FRAME_COMMANDS, &first);
    STAGE_UNTIL(&stage, batch_waits());
    uint64_t waits = stage_post_one(&stage, FRAME_COMMANDS, &second);
    uint64_t patient = stage_post_one(&stage, FRAME_COMMANDS, &third);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, commands_in) == 3);
    stage.skip_ms += 2000;
    kit_pg_run(server, "ROLLBACK");
    STAGE_UNTIL(&stage, stage_replies(&stage, begun) && stage_replies(&stage, waits) &&
                                stage_replies(&stage, patient));
    ASSERT_REPLY(stage_reply(&stage, begun, 1), VERDICT_APPLIED, "total 9");
    ASSERT_REPLY(stage_reply(&stage, waits, 2), REPLY_FAILED + ERR_LATE, "nothing was done");
    ASSERT_REPLY(stage_reply(&stage, patient, 3), VERDICT_APPLIED, "total 8");
    assert_int_equal(STAGE_METRIC(&stage, late), 1);
    ASSERT_REPLY(stage_ask(&stage, FRAME_COMMANDS, &second), VERDICT_APPLIED, "total 7");
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM toy.command"), 3);
}

/* Its commit is there, and was not confirmed: "too late, nothing was done" would be a lie. */
static void command_with_an_unknown_end_is_answered_truly(void **state)
{
    char id[16], sql[80];
    uint64_t serial;
    int given = 0;
    (void)state;
    int64_t agg = stage_toy(100);
    toy_standby_wanted(true);
    do { /* until the server has taken notice */
        snprintf(id, sizeof id, "end-%d", ++given);
        struct envelope sub = stage_sub(1, agg, id, "S1");
        sub.deadline_ms = 1000;
        serial = stage_post_one(&stage, FRAME_COMMANDS, &sub);
        STAGE_UNTIL(&stage, toy_commit_waits(pg_backend(stage.loop.lanes[0].pg)) ||
                                    stage_replies(&stage, serial));
    } while (stage_replies(&stage, serial));
    stage.skip_ms += 2000;
    snprintf(
            sql, sizeof sql, "SELECT pg_terminate_backend(%d)", pg_backend(stage.loop.lanes[0].pg));
    kit_pg_run(server, sql);
    toy_standby_wanted(false);
    STAGE_UNTIL(&stage, stage_replies(&stage, serial));
    ASSERT_REPLY(stage_reply(&stage, serial, 1), VERDICT_APPLIED, "total");
    assert_int_equal(toy_total(agg), 100 - given);
    assert_int_equal(STAGE_METRIC(&stage, late), 0);
}

/* A row that somebody else holds keeps a command from being begun; its span goes on meanwhile. */
static void command_whose_row_is_held_for_too_long_is_late(void **state)
{
    int64_t agg = stage_toy(10);
    char sql[120];
    (void)state;
    struct envelope sub = stage_sub(1, agg, "held", "S1");
    sub.deadline_ms = 5000;
    snprintf(sql, sizeof sql, "BEGIN; SELECT 1 FROM toy.toy WHERE id = %lld FOR UPDATE",
            (long long)agg);
    kit_pg_run(server, sql);
    uint64_t serial = stage_post_one(&stage, FRAME_COMMANDS, &sub);
    STAGE_UNTIL(&stage, STAGE_METRIC(&stage, batch_left) > 0);
    assert_int_equal(stage_replies(&stage, serial), 0);
    stage.skip_ms += 6000;
    STAGE_UNTIL(&stage, stage_replies(&stage, serial));
    ASSERT_REPLY(stage_reply(&stage, serial, 1), REPLY_FAILED + ERR_LATE, "ask again");
    kit_pg_run(server, "ROLLBACK");
    assert_int_equal(toy_total(agg), 10);
}

static size_t local_count;
static uint32_t local_verdict;

static void local_done(void *self, const struct envelope *reply)
{
    (void)self;
    local_count++;
    local_verdict = reply->verdict;
}

static struct local_command local(int64_t agg, const char *payload)
{
    return (struct local_command){.type = TOY_SUB,
            .agg = agg,
            .request_id = "",
            .actor = "",
            .peer = "http",
            .payload = toy_bytes(payload),
            .done = local_done};
}

static void local_commands_are_bounded_and_all_answered(void **state)
{
    struct local_command command = local(stage_toy(10000), "S1");
    (void)state;
    local_count = 0;
    command.request_id = "local";
    for (size_t i = 0; i < LOCAL_MAX; i++)
        assert_int_equal(loop_command(&stage.loop, &command), OK);
    assert_int_equal(loop_command(&stage.loop, &command), ERR_LIMIT);
    STAGE_UNTIL(&stage, local_count == LOCAL_MAX);
    assert_int_equal(toy_total(command.agg), 9999); /* one request id: one effect */
    assert_int_equal(loop_command(&stage.loop, &command), OK);
    STAGE_UNTIL(&stage, local_count == LOCAL_MAX + 1);
    stage.loop.draining = true;
    assert_int_equal(loop_command(&stage.loop, &command), ERR_LIMIT);
    stage.loop.draining = false;
}

static void local_command_that_waited_for_too_long_is_not_run(void **state)
{
    struct local_command command = local(stage_toy(10), "S1");
    (void)state;
    local_count = 0;
    command.request_id = "late";
    command.span_ms = 15000;
    assert_int_equal(loop_command(&stage.loop, &command), OK);
    stage.skip_ms += 15100;
    STAGE_UNTIL(&stage, local_count == 1);
    assert_int_equal(local_verdict, REPLY_FAILED + ERR_LATE);
    assert_int_equal(toy_total(command.agg), 10);
}

static void spans_table(void **state)
{
    static const struct {
        int64_t received_ms, span_ms, now_ms;
        bool over;
    } rows[] = {{1000, 0, 1000, false}, {1000, 0, INT64_MAX, false}, {1000, 5, 1005, false},
            {1000, 5, 1006, true}, {1000, INT64_MAX, INT64_MAX, false}, {1000, 5, 998, false}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (span_over(rows[i].received_ms, rows[i].span_ms, rows[i].now_ms) != rows[i].over)
            fail_msg("row %zu: expected %d", i, rows[i].over);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(events_are_acknowledged_to_the_connection_they_came_from),
            CASE(news_bear_the_incarnation_of_their_commit),
            CASE(impossible_messages_are_not_acknowledged),
            CASE(frames_that_are_dropped_give_credit_back),
            CASE(acknowledged_rows_of_the_outbox_go), CASE(command_is_answered_once_and_for_all),
            CASE(command_that_comes_before_the_site_is_known_waits),
            CASE(refusal_says_what_it_is_about_also_when_repeated), CASE(refusals_table),
            CASE(command_that_costs_too_much_memory_is_refused),
            CASE(sentences_are_in_the_language_of_the_configuration),
            CASE(command_is_run_in_time_or_not_at_all),
            CASE(command_with_an_unknown_end_is_answered_truly),
            CASE(command_whose_row_is_held_for_too_long_is_late),
            CASE(local_commands_are_bounded_and_all_answered),
            CASE(local_command_that_waited_for_too_long_is_not_run), cmocka_unit_test(spans_table)};
    return cmocka_run_group_tests(tests, stage_server_start, stage_server_stop);
}
