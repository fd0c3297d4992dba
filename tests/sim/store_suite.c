/* One suite, two databases: what the kernel's batches and chores do on PostgreSQL they do on the
 * simulated one, in the same rows. Linked once with store_back_pg.c and once with
 * store_back_sim.c; a twin that does something else than its statement shows here. */
#include "services/kernel/base/pure_id.h"
#include "services/kernel/store/batch_impl.h"
#include "services/kernel/store/chores.h"
#include "services/kernel/store/test_toy.h"
#include "tests/sim/store_back.h"

#define LANES 2
#define ROUNDS_MAX 20000
#define DAY_MS 86400000

struct bench {
    struct pg *pg;
    struct batch *batch;
    struct chores *chores;
    struct statement *statements;
    struct ids ids;
    struct work *works[BATCH_SIZE_MAX];
    enum batch_end end;
    bool done;
};

static struct bench lanes[LANES];
static struct directory *directory;
static int64_t incarnation;

static struct { /* what a chore told */
    int rows, messages, done;
    int64_t agg, gen;
    enum err err;
} told;

static void row_told(void *self, const struct chore_row *row)
{
    (void)self;
    told.rows++;
    told.agg = row->agg;
    told.gen = row->gen;
}

static void message_told(void *self, const struct effect_message *message)
{
    (void)self;
    (void)message;
    told.messages++;
}

static void done_told(void *self, enum err err, const char *message)
{
    (void)self;
    (void)message;
    told.done++;
    told.err = err;
}

static const struct chores_listener listener = {
        .row = row_told, .message = message_told, .done = done_told};

static void turn(void)
{
    int64_t now = back_wait();
    for (int i = 0; i < LANES; i++)
        pg_turn(lanes[i].pg, now);
}

static void ready_wait(void)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        bool ready = true;
        for (int i = 0; i < LANES; i++)
            ready = ready && pg_state(lanes[i].pg) == PG_READY && pg_idle(lanes[i].pg);
        if (ready)
            return;
        turn();
    }
    fail_msg("the connections do not become ready");
}

static void bench_open(struct bench *lane, int64_t ids_from)
{
    size_t count, more;
    *lane = (struct bench){.ids = {7, SERVICE_ROUTING, ids_from, ids_from + 200000, 0, 0, 0}};
    lane->pg = pg_new(back_conninfo(), "toy");
    lane->chores = chores_new(&TOY_OPS, lane->pg);
    const struct statement *list = chores_statements(lane->chores, &more);
    lane->statements = batch_statements(&TOY_OPS, more, &count);
    memcpy(lane->statements + count, list, more * sizeof *list);
    pg_prepare(lane->pg, lane->statements, count + more);
    lane->batch = batch_new(&TOY_OPS, lane->pg, &lane->ids);
}

static int setup(void **state)
{
    (void)state;
    back_reset();
    incarnation = 5;
    directory = toy_directory(1);
    for (int i = 0; i < LANES; i++)
        bench_open(&lanes[i], 1 + 500000 * i);
    ready_wait();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < LANES; i++) {
        pg_destroy(&lanes[i].pg);
        batch_destroy(&lanes[i].batch);
        chores_destroy(&lanes[i].chores);
        free(lanes[i].statements);
    }
    directory_destroy(&directory);
    return 0;
}

static int setup_all(void **state)
{
    (void)state;
    back_begin();
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    back_end();
    return 0;
}

static void batch_told(void *self, struct batch *batch, enum batch_end end, const char *message)
{
    struct bench *lane = self;
    (void)batch;
    (void)message;
    lane->end = end;
    lane->done = true;
}

static void start(struct bench *lane, struct work *works, size_t count, const struct acked *acked)
{
    for (size_t i = 0; i < count; i++)
        lane->works[i] = &works[i];
    lane->done = false;
    batch_start(lane->batch, &(struct batch_start){.works = lane->works,
                                     .work_count = count,
                                     .acked = acked,
                                     .acked_count = acked ? 1 : 0,
                                     .directory = directory,
                                     .incarnation = incarnation,
                                     .session = 1,
                                     .outbox_due_ms = 0,
                                     .done = batch_told,
                                     .self = lane});
}

static enum batch_end finish(struct bench *lane)
{
    for (int round = 0; round < ROUNDS_MAX && !lane->done; round++)
        turn();
    assert_true(lane->done);
    return lane->end;
}

static enum batch_end run(struct work *works, size_t count)
{
    ready_wait();
    start(&lanes[0], works, count, NULL);
    return finish(&lanes[0]);
}

static void chore_wait(void)
{
    for (int round = 0; round < ROUNDS_MAX && !told.done; round++)
        turn();
    assert_int_equal(told.done, 1);
    assert_int_equal(told.err, OK);
}

struct expected {
    enum fact fact;
    int64_t agg, value;
};

static void expect(const struct expected *list, size_t count)
{
    static const char *const names[] = {
#define X(name, sql, table, agg, kind, agg_column, column) #name,
            FACT_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < count; i++)
        if (back_fact(list[i].fact, list[i].agg) != list[i].value)
            fail_msg("%s of %lld is %lld, expected %lld", names[list[i].fact],
                    (long long)list[i].agg, (long long)back_fact(list[i].fact, list[i].agg),
                    (long long)list[i].value);
}

#define EXPECT(...)                                                                                \
    do {                                                                                           \
        const struct expected list[] = {__VA_ARGS__};                                              \
        expect(list, COUNT_OF(list));                                                              \
    } while (0)

static void committed_equals_the_effects(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 200, 1, "T500"),
            toy_event(SERVICE_INTAKE, 100, 1, "A5"), toy_event(SERVICE_INTAKE, 100, 2, "A6"),
            toy_event(SERVICE_VOLUNTEER, 100, 1, "A7"), toy_event(SERVICE_INTAKE, 300, 2, "A1"),
            toy_event(SERVICE_INTAKE, 400, 1, "rubbish")};
    (void)state;
    assert_int_equal(run(works, COUNT_OF(works)), BATCH_DONE);
    for (size_t i = 0; i < COUNT_OF(works); i++)
        assert_int_equal(works[i].end, END_ACK);
    EXPECT({FACT_ROWS, 0, 4}, {FACT_TOTAL, 100, 18}, {FACT_VER, 100, 3}, {FACT_SEEN, 100, 2},
            {FACT_SEEN_VOLUNTEER, 100, 1}, {FACT_SENT, 100, 3}, {FACT_VER, 300, 0},
            {FACT_SEEN, 300, 0}, {FACT_VER, 400, 0}, {FACT_STEPS, 0, 4}, {FACT_OUTBOX, 100, 3},
            {FACT_NUMBERS, 100, 6}, {FACT_OUTBOX, 0, 5}, {FACT_WAITING, 300, 1},
            {FACT_DEAD, 400, 1}, {FACT_TIMERS, 200, 1}, {FACT_TIMER_GEN, 200, 1},
            {FACT_ATTEMPTS, 0, 0});
}

static void held_messages_follow_their_predecessor(void **state)
{
    struct work early[] = {toy_event(SERVICE_INTAKE, 100, 3, "A30"),
            toy_event(SERVICE_INTAKE, 100, 2, "A20"), toy_event(SERVICE_INTAKE, 100, 5, "A50")};
    struct work copy[] = {toy_event(SERVICE_INTAKE, 100, 3, "A30")};
    struct work first[] = {toy_event(SERVICE_INTAKE, 100, 1, "A10")};
    (void)state;
    assert_int_equal(run(early, COUNT_OF(early)), BATCH_DONE);
    assert_int_equal(run(copy, 1), BATCH_DONE);
    assert_int_equal(copy[0].end, END_ACK);
    EXPECT({FACT_WAITING, 100, 3}, {FACT_SEEN, 100, 0}, {FACT_STEPS, 0, 0});
    copy[0].input.msg_id++; /* another message under that number */
    assert_int_equal(run(copy, 1), BATCH_DONE);
    assert_int_equal(copy[0].end, END_ALARM);
    assert_int_equal(run(first, 1), BATCH_DONE);
    EXPECT({FACT_WAITING, 100, 1}, {FACT_SEEN, 100, 3}, {FACT_TOTAL, 100, 60}, {FACT_SENT, 100, 3});
    assert_int_equal(run(first, 1), BATCH_DONE); /* again: a duplicate */
    EXPECT({FACT_SEEN, 100, 3}, {FACT_TOTAL, 100, 60}, {FACT_STEPS, 100, 3});
}

static void sweep_finds_what_has_become_due(void **state)
{
    struct work early[] = {
            toy_event(SERVICE_INTAKE, 100, 2, "A1"), toy_event(SERVICE_INTAKE, 200, 2, "A1")};
    struct work letter[] = {toy_event(SERVICE_INTAKE, 100, 1, "rubbish")};
    struct work skip = {.origin = WORK_SKIP, .request_id = "", .why = "known", .alone = true};
    (void)state;
    assert_int_equal(run(early, 2), BATCH_DONE);
    assert_int_equal(run(letter, 1), BATCH_DONE);
    memset(&told, 0, sizeof told);
    chores_held(lanes[1].chores, &listener);
    chore_wait();
    assert_int_equal(told.rows, 0);
    skip.input = (struct input){
            .kind = INPUT_COMMAND, .source = SERVICE_INTAKE, .agg = 100, .n = 1, .peer = "ctl"};
    assert_int_equal(run(&skip, 1), BATCH_DONE);
    assert_int_equal(skip.verdict, VERDICT_APPLIED);
    EXPECT({FACT_DEAD, 0, 0}, {FACT_SEEN, 100, 1}, {FACT_STEPS, 100, 1}, {FACT_WAITING, 0, 2});
    memset(&told, 0, sizeof told);
    chores_held(lanes[1].chores, &listener);
    chore_wait();
    assert_int_equal(told.rows, 1);
    assert_int_equal(told.agg, 100);
    struct work poke = {.origin = WORK_POKE, .request_id = "", .input = {.agg = 100}};
    assert_int_equal(run(&poke, 1), BATCH_DONE);
    EXPECT({FACT_SEEN, 100, 2}, {FACT_WAITING, 0, 1}, {FACT_TOTAL, 100, 1});
}

static void what_cannot_be_stored_has_no_effect(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5"),
            toy_event(SERVICE_INTAKE, 200, 1, TOY_TOO_MUCH)};
    (void)state;
    assert_int_equal(run(works, 2), BATCH_FAILED);
    EXPECT({FACT_ROWS, 0, 0}, {FACT_OUTBOX, 0, 0}, {FACT_STEPS, 0, 0}, {FACT_ATTEMPTS, 0, 0});
    assert_int_equal(run(works, 1), BATCH_DONE);
    works[1].alone = works[1].poison = true;
    works[1].attempts = ATTEMPTS_MAX;
    works[1].text = "failed too often";
    assert_int_equal(run(&works[1], 1), BATCH_DONE);
    assert_int_equal(works[1].end, END_ACK);
    EXPECT({FACT_TOTAL, 0, 5}, {FACT_DEAD, 200, 1}, {FACT_DEAD_ATTEMPTS, 200, 5},
            {FACT_SEEN, 200, 0});
}

static void suspects_run_alone(void **state)
{
    struct work works[] = {
            toy_event(SERVICE_INTAKE, 100, 1, "A5"), toy_event(SERVICE_INTAKE, 200, 1, "A5")};
    (void)state;
    memset(&told, 0, sizeof told);
    chores_suspect(lanes[1].chores, works[1].input.msg_id, &listener);
    chore_wait();
    EXPECT({FACT_SUSPECTS, 0, 1});
    assert_int_equal(run(works, 2), BATCH_SPLIT);
    EXPECT({FACT_ROWS, 0, 0});
    assert_true(works[1].alone ^ works[0].alone);
    assert_int_equal(run(&works[0], 1), BATCH_DONE);
    assert_int_equal(run(&works[1], 1), BATCH_DONE);
    EXPECT({FACT_TOTAL, 0, 10}, {FACT_SUSPECTS, 0, 0});
}

static void same_request_gets_the_same_answer(void **state)
{
    struct work first[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5")};
    struct work same[] = {toy_command(100, "r1", "S2"), toy_command(100, "r1", "S2")};
    struct work again[] = {toy_command(100, "r1", "S2")};
    struct work other[] = {toy_command(100, "r1", "S3")};
    struct work nowhere[] = {toy_command(999, "r2", "S1")};
    (void)state;
    assert_int_equal(run(first, 1), BATCH_DONE);
    assert_int_equal(run(same, 2), BATCH_DONE);
    EXPECT({FACT_TOTAL, 100, 3}, {FACT_COMMANDS, 0, 1});
    assert_int_equal(run(again, 1), BATCH_DONE);
    assert_int_equal(again[0].verdict, VERDICT_APPLIED);
    assert_true(again[0].answer.size == 7 && memcmp(again[0].answer.data, "total 3", 7) == 0);
    assert_int_equal(run(other, 1), BATCH_DONE);
    assert_int_equal(other[0].verdict, VERDICT_CONFLICT);
    assert_int_equal(run(nowhere, 1), BATCH_DONE);
    assert_int_equal(nowhere[0].verdict, VERDICT_NOT_FOUND);
    EXPECT({FACT_TOTAL, 100, 3}, {FACT_COMMANDS, 0, 1}, {FACT_ROWS, 0, 1});
}

static void timer_fires_once_and_only_its_own_generation(void **state)
{
    struct work set[] = {toy_event(SERVICE_INTAKE, 100, 1, "T-86400000")};
    struct work wrong[] = {toy_timer(100, 2, 1)}, right[] = {toy_timer(100, 1, 1)};
    (void)state;
    assert_int_equal(run(set, 1), BATCH_DONE);
    memset(&told, 0, sizeof told);
    chores_timers(lanes[1].chores, &listener);
    chore_wait();
    assert_int_equal(told.rows, 1);
    assert_int_equal(told.gen, 1);
    assert_int_equal(run(wrong, 1), BATCH_DONE);
    EXPECT({FACT_TOTAL, 100, 1}, {FACT_TIMERS, 0, 1});
    assert_int_equal(run(right, 1), BATCH_DONE);
    assert_int_equal(run(right, 1), BATCH_DONE);
    EXPECT({FACT_TOTAL, 100, 1001}, {FACT_TIMERS, 0, 0}, {FACT_STEPS, 100, 2});
}

static void another_incarnation_is_refused(void **state)
{
    struct work works[] = {toy_event(SERVICE_INTAKE, 100, 1, "A5")};
    (void)state;
    back_incarnation(6);
    assert_int_equal(run(works, 1), BATCH_INCARNATION);
    EXPECT({FACT_ROWS, 0, 0}, {FACT_ATTEMPTS, 0, 0});
    incarnation = 6;
    assert_int_equal(run(works, 1), BATCH_DONE);
    EXPECT({FACT_TOTAL, 0, 5});
}

static void connection_that_ends_in_each_phase_changes_nothing(void **state)
{
    static const enum batch_phase phases[] = {BATCH_LOCK, BATCH_SAVE};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(phases); i++) {
        int64_t agg = 100 * (int64_t)(i + 1);
        struct work works[] = {
                toy_event(SERVICE_INTAKE, agg, 1, "A5"), toy_event(SERVICE_INTAKE, agg, 2, "A6")};
        ready_wait();
        start(&lanes[0], works, 2, NULL);
        while (lanes[0].batch->phase != phases[i] && !lanes[0].done)
            turn();
        back_cut();
        enum batch_end end = finish(&lanes[0]);
        assert_true(end == BATCH_RETRY || phases[i] == BATCH_SAVE);
        if (end != BATCH_DONE)
            assert_int_equal(run(works, 2), BATCH_DONE);
        EXPECT({FACT_TOTAL, agg, 11}, {FACT_VER, agg, 2}, {FACT_SENT, agg, 2}, {FACT_STEPS, agg, 2},
                {FACT_OUTBOX, agg, 2});
    }
    ready_wait();
    EXPECT({FACT_ATTEMPTS, 0, 0}); /* a lost connection is no attempt */
}

static void opposite_orders_are_both_done(void **state)
{
    enum { COUNT = 12, ROUNDS = 10 };
    (void)state;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        struct work up[COUNT], down[COUNT];
        for (int i = 0; i < COUNT; i++) {
            up[i] = toy_event(SERVICE_INTAKE, 100 + i, round, "A1");
            down[i] = toy_event(SERVICE_VOLUNTEER, 100 + COUNT - 1 - i, round, "A1");
        }
        ready_wait();
        start(&lanes[0], up, COUNT, NULL);
        start(&lanes[1], down, COUNT, NULL);
        assert_int_equal(finish(&lanes[0]), BATCH_DONE);
        assert_int_equal(finish(&lanes[1]), BATCH_DONE);
    }
    EXPECT({FACT_TOTAL, 0, 2 * COUNT * ROUNDS}, {FACT_SENT, 0, 2 * COUNT * ROUNDS},
            {FACT_NUMBERS, 105, ROUNDS * (2 * ROUNDS + 1)}, {FACT_ROWS, 0, COUNT});
}

static void resending_claims_and_acknowledging_deletes(void **state)
{
    struct work works[RESEND_WINDOW + 4];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(works); i++)
        works[i] = toy_event(SERVICE_INTAKE, 100, i + 1, "A1");
    assert_int_equal(run(works, COUNT_OF(works)), BATCH_DONE);
    EXPECT({FACT_OUTBOX, 100, RESEND_WINDOW + 4}, {FACT_TRIES, 100, 0});
    turn();
    memset(&told, 0, sizeof told);
    chores_resend(lanes[1].chores, SERVICE_ENFORCEMENT, DAY_MS, 0, &listener);
    chore_wait();
    assert_int_equal(told.messages, RESEND_WINDOW);
    assert_int_equal(told.rows, 4); /* put off */
    EXPECT({FACT_TRIES, 100, RESEND_WINDOW});
    memset(&told, 0, sizeof told);
    chores_resend(lanes[1].chores, SERVICE_ENFORCEMENT, DAY_MS, 0, &listener);
    chore_wait();
    assert_int_equal(told.messages + told.rows, 0);
    const struct effect_message *sent = &batch_core(lanes[0].batch)->outbox.list[0];
    struct acked acked = {sent->id, SERVICE_VOLUNTEER};
    ready_wait();
    start(&lanes[0], NULL, 0, &acked); /* not its destination */
    assert_int_equal(finish(&lanes[0]), BATCH_DONE);
    EXPECT({FACT_OUTBOX, 100, RESEND_WINDOW + 4});
    acked.dest = SERVICE_ENFORCEMENT;
    start(&lanes[0], NULL, 0, &acked);
    assert_int_equal(finish(&lanes[0]), BATCH_DONE);
    EXPECT({FACT_OUTBOX, 100, RESEND_WINDOW + 3});
}

static void ids_go_on_in_the_incarnations_own_region(void **state)
{
    struct ids ids = {.site = 7, .service = SERVICE_ROUTING};
    int64_t last = 0;
    (void)state;
    for (int i = 0; i < 4; i++) {
        int64_t now = i < 2 ? 5 : 1790000000 + i;
        back_incarnation(now);
        ids_clear(&ids);
        memset(&told, 0, sizeof told);
        chores_ids(lanes[0].chores, &ids, now, &listener);
        chore_wait();
        assert_int_equal(ids_left(&ids), ID_BLOCK_SIZE);
        int64_t first = id_counter(ids_draw(&ids));
        assert_true(i == 0 || first >= last + ID_BLOCK_SIZE);
        assert_true(i < 2 || first >= (now - 1767225600) * 131072);
        last = first;
    }
    ids_clear(&ids);
    memset(&told, 0, sizeof told);
    chores_ids(lanes[0].chores, &ids, 5, &listener); /* one that is over */
    chore_wait();
    assert_int_equal(ids_left(&ids), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(committed_equals_the_effects),
            CASE(held_messages_follow_their_predecessor), CASE(sweep_finds_what_has_become_due),
            CASE(what_cannot_be_stored_has_no_effect), CASE(suspects_run_alone),
            CASE(same_request_gets_the_same_answer),
            CASE(timer_fires_once_and_only_its_own_generation),
            CASE(another_incarnation_is_refused),
            CASE(connection_that_ends_in_each_phase_changes_nothing),
            CASE(opposite_orders_are_both_done), CASE(resending_claims_and_acknowledging_deletes),
            CASE(ids_go_on_in_the_incarnations_own_region)};
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
