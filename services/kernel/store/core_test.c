/* The protocol core without a database: what is loaded goes in, effects come out. */
#include "services/kernel/store/test_core.h"

static void message_due_is_applied(void **state)
{
    (void)state;
    struct work *work = add(toy_event(SERVICE_INTAKE, AGG, 1, "A5"));
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_run(&bench.core);
    assert_int_equal(work->end, END_ACK);
    assert_int_equal(toy(AGG)->total, 5);
    assert_int_equal(toy(AGG)->agg.ver, 1);
    assert_int_equal(toy(AGG)->agg.seen[SERVICE_INTAKE], 1);
    assert_int_equal(toy(AGG)->agg.sent[SERVICE_ENFORCEMENT], 1);
    assert_true(core_slot(&bench.core, AGG)->dirty);
    assert_int_equal(bench.core.outbox.count, 2); /* the echo and the page */
    const struct effect_message *echo = &bench.core.outbox.list[0];
    assert_int_equal(echo->service, SERVICE_ENFORCEMENT);
    assert_int_equal(echo->n, 1);
    assert_memory_equal(echo->payload.data, "total 5", 7);
    assert_int_equal(bench.core.outbox.list[1].service, SERVICE_AUDIT);
    assert_int_equal(bench.core.outbox.list[1].agg, bench.core.pages.list[0].id);
}

static void messages_in_any_order_end_alike(void **state)
{
    static const int orders[][3] = {{1, 2, 3}, {3, 2, 1}, {2, 3, 1}, {2, 1, 3}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        for (int k = 0; k < 3; k++)
            add(toy_event(SERVICE_INTAKE, AGG, (uint64_t)orders[i][k], "A5"));
        core_begin(&bench.core);
        loaded(AGG, 0);
        core_run(&bench.core);
        assert_int_equal(toy(AGG)->total, 15);
        assert_int_equal(toy(AGG)->agg.seen[SERVICE_INTAKE], 3);
        assert_int_equal(bench.core.waiting.count, 0);
        (void)teardown(NULL);
        (void)setup(NULL);
    }
}

static void message_seen_is_a_duplicate(void **state)
{
    (void)state;
    struct work *old = add(toy_event(SERVICE_INTAKE, AGG, 2, "A5"));
    struct work *now = add(toy_event(SERVICE_INTAKE, AGG, 3, "A5"));
    struct work *copy = add(toy_event(SERVICE_INTAKE, AGG, 3, "A5"));
    core_begin(&bench.core);
    loaded(AGG, 2);
    core_run(&bench.core);
    assert_int_equal(old->end, END_ACK);
    assert_int_equal(now->end, END_ACK);
    assert_int_equal(copy->end, END_ACK);
    assert_int_equal(bench.core.duplicates, 2);
    assert_int_equal(toy(AGG)->total, 5);
}

static void message_early_waits_once(void **state)
{
    (void)state;
    struct work *early = add(toy_event(SERVICE_INTAKE, AGG, 3, "A5"));
    struct work *copy = add(toy_event(SERVICE_INTAKE, AGG, 3, "A5"));
    struct work *other = add(toy_event(SERVICE_INTAKE, AGG, 3, "A5"));
    other->input.msg_id++;
    core_begin(&bench.core);
    loaded(AGG, 1);
    core_run(&bench.core);
    assert_int_equal(early->end + copy->end + other->end, END_ACK + END_ACK + END_ALARM);
    assert_int_equal(bench.core.waiting.count, 1);
    assert_int_equal(bench.core.waiting.list[0].n, 3);
    assert_int_equal(toy(AGG)->total, 0);
    assert_false(core_slot(&bench.core, AGG)->dirty);
}

static void held_messages_drain_in_order(void **state)
{
    (void)state;
    struct held held[] = {
            held_add(5, "A100", false), held_add(3, "A10", false), held_add(2, "S2", false)};
    add(toy_event(SERVICE_INTAKE, AGG, 1, "A5"));
    struct work *behind = add(toy_event(SERVICE_INTAKE, AGG, 4, "A1"));
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_hold(&bench.core, held, 3);
    core_run(&bench.core);
    /* 5 - 2 + 10 + 1 + 100; in another order the subtraction would have been refused. */
    assert_int_equal(toy(AGG)->total, 114);
    assert_int_equal(toy(AGG)->agg.seen[SERVICE_INTAKE], 5);
    assert_int_equal(behind->end, END_ACK);
    assert_int_equal(bench.core.waiting.count, 0);
    for (int i = 0; i < 3; i++)
        assert_true(held[i].gone);
    for (size_t i = 0; i < bench.core.steps.count; i++)
        assert_int_equal(bench.core.steps.list[i].ver, i + 1);
}

static void message_applied_directly_takes_its_held_copy_along(void **state)
{
    (void)state;
    struct held held[] = {held_add(1, "A5", false)};
    struct work *work = add(toy_event(SERVICE_INTAKE, AGG, 1, "A5"));
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_hold(&bench.core, held, 1);
    core_run(&bench.core);
    assert_int_equal(work->end, END_ACK);
    assert_true(held[0].gone);
    assert_int_equal(toy(AGG)->total, 5);
}

static void alone_drains_nothing(void **state)
{
    (void)state;
    struct held held[] = {held_add(2, "A10", false)};
    add(toy_event(SERVICE_INTAKE, AGG, 1, "A5"))->alone = true;
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_hold(&bench.core, held, 1);
    core_run(&bench.core);
    assert_int_equal(toy(AGG)->total, 5);
    assert_false(held[0].gone);
}

static void draining_is_bounded_for_the_batch(void **state)
{
    static struct held held[3 * DRAIN_MAX];
    (void)state;
    for (int64_t agg = 0; agg < 3; agg++) {
        add(toy_event(SERVICE_INTAKE, AGG + agg, 1, "A1"));
        for (int i = 0; i < DRAIN_MAX; i++) {
            held[agg * DRAIN_MAX + i] = held_add((uint64_t)i + 2, "A1", false);
            held[agg * DRAIN_MAX + i].agg = AGG + agg;
        }
    }
    core_begin(&bench.core);
    for (int64_t agg = 0; agg < 3; agg++)
        loaded(AGG + agg, 0);
    core_hold(&bench.core, held, COUNT_OF(held));
    core_run(&bench.core);
    int64_t all = toy(AGG)->total + toy(AGG + 1)->total + toy(AGG + 2)->total;
    assert_int_equal(all, 3 + DRAIN_MAX);
    assert_true(bench.next_id - 900000 <= batch_ids_max(3));
}

static void other_message_under_a_held_number_alarms(void **state)
{
    (void)state;
    for (int dead = 0; dead < 2; dead++) {
        struct held held[] = {held_add(2, "A10", dead)};
        held[0].msg_id++;
        struct work *work = add(toy_event(SERVICE_INTAKE, AGG, 2, "A10"));
        core_begin(&bench.core);
        loaded(AGG, 1);
        core_hold(&bench.core, held, 1);
        work->alone = true; /* else the held one is applied first: it is due */
        core_run(&bench.core);
        assert_int_equal(work->end, END_ALARM);
        assert_int_equal(bench.core.alarms, 1);
        assert_int_equal(toy(AGG)->agg.seen[SERVICE_INTAKE], 1);
        (void)teardown(NULL);
        (void)setup(NULL);
    }
}

static void malformed_becomes_a_dead_letter(void **state)
{
    (void)state;
    struct work *bad = add(toy_event(SERVICE_INTAKE, AGG, 1, "rubbish"));
    struct work *copy = add(toy_event(SERVICE_INTAKE, AGG, 1, "rubbish"));
    struct work *next = add(toy_event(SERVICE_INTAKE, AGG, 2, "A5"));
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_run(&bench.core);
    assert_int_equal(bad->end, END_ACK);
    assert_int_equal(copy->end, END_ACK);
    assert_int_equal(next->end, END_ACK);
    assert_int_equal(bench.core.dead.count, 1);
    assert_string_equal(bench.core.dead.list[0].reason, "neither A, T, N nor S with a number");
    assert_int_equal(bench.core.waiting.count, 1); /* what follows waits by itself */
    assert_int_equal(toy(AGG)->agg.seen[SERVICE_INTAKE], 0);
}

/* In a batch that has used up most of its memory nobody can say what is malformed. */
static void nothing_is_malformed_for_want_of_room(void **state)
{
    (void)state;
    for (int full = 1; full >= 0; full--) {
        bench.core.work_count = 0;
        arena_reset(&bench.arena);
        struct work *bad = add(toy_event(SERVICE_INTAKE, AGG, 1, "rubbish"));
        core_begin(&bench.core);
        loaded(AGG, 0);
        if (full)
            (void)arena_get(&bench.arena, bench.arena.limit / 2);
        core_run(&bench.core);
        assert_int_equal(bad->end, full ? END_PUT_BACK : END_ACK);
        assert_int_equal(bench.core.dead.count, full ? 0 : 1);
        assert_int_equal(toy(AGG)->agg.seen[SERVICE_INTAKE], 0);
    }
}

static void poison_is_buried_without_being_looked_at(void **state)
{
    (void)state;
    struct work *work = add(toy_event(SERVICE_INTAKE, AGG, 1, "A5"));
    work->poison = work->alone = true;
    work->attempts = 5;
    work->text = "why it failed";
    toy_decoded = 0;
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_run(&bench.core);
    assert_int_equal(work->end, END_ACK);
    assert_int_equal(toy_decoded, 0);
    assert_int_equal(bench.core.dead.count, 1);
    assert_int_equal(bench.core.dead.list[0].attempts, 5);
    assert_string_equal(bench.core.dead.list[0].reason, "why it failed");
}

static void held_poison_is_buried_by_its_poke(void **state)
{
    (void)state;
    struct held held[] = {held_add(2, "A5", false), held_add(3, "A7", false)};
    struct work *poke = add((struct work){.origin = WORK_POKE, .request_id = "", .alone = true});
    poke->input = (struct input){.kind = INPUT_WORK, .agg = AGG, .msg_id = held[0].msg_id};
    poke->poison = true;
    core_begin(&bench.core);
    loaded(AGG, 1);
    core_hold(&bench.core, held, 2);
    core_run(&bench.core);
    assert_int_equal(bench.core.dead.count, 1);
    assert_int_equal(bench.core.dead.list[0].n, 2);
    assert_true(held[0].gone);
    assert_false(held[1].gone);
}

static void unknown_type_is_put_back(void **state)
{
    (void)state;
    struct held held[] = {held_add(2, "A10", false)};
    held[0].type = 77;
    struct work *newer = add(toy_event(SERVICE_INTAKE, AGG, 1, "A5"));
    newer->input.type = 77;
    struct work *poke = add((struct work){.origin = WORK_POKE, .request_id = ""});
    poke->input = (struct input){.kind = INPUT_WORK, .agg = AGG + 1};
    held[0].agg = AGG + 1;
    core_begin(&bench.core);
    loaded(AGG, 0);
    loaded(AGG + 1, 1);
    core_hold(&bench.core, held, 1);
    core_run(&bench.core);
    assert_int_equal(newer->end, END_PUT_BACK);
    assert_int_equal(toy(AGG)->agg.seen[SERVICE_INTAKE], 0);
    assert_false(held[0].gone);
}

/* It stands nowhere in the database: who sent it finds out, and nothing else is held up. */
static void message_without_an_aggregate_is_put_back(void **state)
{
    (void)state;
    struct work *stray = add(toy_event(SERVICE_INTAKE, 0, 1, "A5"));
    struct work *other = add(toy_event(SERVICE_INTAKE, AGG, 1, "A5"));
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_run(&bench.core);
    assert_int_equal(stray->end, END_PUT_BACK);
    assert_int_equal(other->end, END_ACK);
    assert_int_equal(toy(AGG)->total, 5);
    assert_int_equal(bench.core.outbox.count, 2); /* an echo and the page */
}

static void replay_and_skip_table(void **state)
{
    static const struct {
        const char *name;
        enum work_origin origin;
        uint64_t n, seen;
        const char *payload;
        uint32_t type;
        enum verdict verdict;
        bool gone;
        size_t buried;
        uint64_t seen_after;
    } cases[] = {
            {"replay of the next", WORK_REPLAY, 2, 1, "A5", TOY_ADD, VERDICT_APPLIED, true, 0, 2},
            {"skip of the next", WORK_SKIP, 2, 1, "A5", TOY_ADD, VERDICT_APPLIED, true, 0, 2},
            {"replay out of turn", WORK_REPLAY, 2, 0, "A5", TOY_ADD, VERDICT_REFUSED, false, 0, 0},
            {"skip out of turn", WORK_SKIP, 2, 0, "A5", TOY_ADD, VERDICT_REFUSED, false, 0, 0},
            {"replay of another", WORK_REPLAY, 3, 1, "A5", TOY_ADD, VERDICT_NOT_FOUND, false, 0, 1},
            {"replay, malformed", WORK_REPLAY, 2, 1, "bad", TOY_ADD, VERDICT_REFUSED, true, 1, 1},
            {"replay, unknown type", WORK_REPLAY, 2, 1, "A5", 77, VERDICT_REFUSED, false, 0, 1},
            {"skip, malformed", WORK_SKIP, 2, 1, "bad", TOY_ADD, VERDICT_APPLIED, true, 0, 2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct held held[] = {held_add(2, cases[i].payload, true)};
        held[0].type = cases[i].type;
        struct work *other = add(toy_event(SERVICE_INTAKE, AGG - 1, 1, "rubbish"));
        struct work *work = add(letter(cases[i].origin, cases[i].n));
        core_begin(&bench.core);
        loaded(AGG - 1, 0);
        loaded(AGG, cases[i].seen);
        core_hold(&bench.core, held, 1);
        core_run(&bench.core);
        if (work->end != END_REPLY || work->verdict != cases[i].verdict ||
                held[0].gone != cases[i].gone || bench.core.dead.count != cases[i].buried + 1 ||
                toy(AGG)->agg.seen[SERVICE_INTAKE] != cases[i].seen_after)
            fail_msg("%s: verdict %u (%s), gone %d, buried %zu, seen %llu", cases[i].name,
                    work->verdict, work->text ? work->text : "", held[0].gone,
                    bench.core.dead.count, (unsigned long long)toy(AGG)->agg.seen[SERVICE_INTAKE]);
        assert_int_equal(other->end, END_ACK);
        (void)teardown(NULL);
        (void)setup(NULL);
    }
}

static void skip_is_audited_and_lets_the_rest_through(void **state)
{
    (void)state;
    struct held held[] = {held_add(2, "bad", true), held_add(3, "A5", false)};
    add(letter(WORK_SKIP, 2));
    core_begin(&bench.core);
    loaded(AGG, 1);
    core_hold(&bench.core, held, 2);
    core_run(&bench.core);
    assert_int_equal(toy(AGG)->agg.seen[SERVICE_INTAKE], 3);
    assert_int_equal(toy(AGG)->total, 5);
    const struct effect_step *step = &bench.core.steps.list[0];
    assert_int_equal(step->step.kind, STEP_SKIPPED);
    assert_string_equal(step->actor, "operator-1");
    assert_int_equal(step->detail.size, strlen("it is known by telephone"));
    assert_memory_equal(step->detail.data, "it is known by telephone", step->detail.size);
}

static void replay_takes_the_present_time(void **state)
{
    (void)state;
    struct held held[] = {held_add(2, "T500", true)};
    add(letter(WORK_REPLAY, 2));
    core_begin(&bench.core);
    loaded(AGG, 1);
    core_hold(&bench.core, held, 1);
    core_run(&bench.core);
    assert_int_equal(core_slot(&bench.core, AGG)->timers[0].due_ms, NOW + 500);
}

static void commands_with_one_request_id(void **state)
{
    (void)state;
    struct work *first = add(toy_command(AGG, "r1", "S2"));
    struct work *again = add(toy_command(AGG, "r1", "S2"));
    struct work *other = add(toy_command(AGG, "r1", "S3"));
    struct work *free = add(toy_command(AGG, "r2", "S2"));
    again->client_serial = 1;
    other->client_serial = 2;
    free->client_serial = 3;
    core_begin(&bench.core);
    bench.core.commands = arena_array(&bench.arena, struct command_row, 9);
    loaded(AGG, 0)->total = 10;
    core_run(&bench.core);
    assert_int_equal(first->verdict, VERDICT_APPLIED);
    assert_int_equal(again->verdict, VERDICT_APPLIED);
    assert_memory_equal(again->answer.data, "total 8", 7);
    assert_int_equal(other->verdict, VERDICT_CONFLICT);
    assert_int_equal(free->verdict, VERDICT_APPLIED);
    assert_int_equal(toy(AGG)->total, 6);
    assert_int_equal(bench.core.command_count, 2); /* r1 and r2, to be stored */
    assert_int_equal(bench.core.command_loaded, 0);
}

static void command_verdicts(void **state)
{
    (void)state;
    struct work *refused = add(toy_command(AGG, "r1", "S20"));
    struct work *missing = add(toy_command(AGG + 1, "r2", "S1"));
    struct work *nowhere = add(toy_command(0, "r3", "S1"));
    /* What an earlier run of the same work left must not be told. */
    missing->answer = toy_bytes("stale");
    missing->text = "stale";
    core_begin(&bench.core);
    bench.core.commands = arena_array(&bench.arena, struct command_row, 9);
    loaded(AGG, 0)->total = 10;
    core_run(&bench.core);
    assert_int_equal(refused->verdict, VERDICT_REFUSED);
    assert_int_equal(refused->reason & REASON_MASK, 1);
    assert_int_equal(refused->reason >> REASON_BITS, 10);
    assert_int_equal(missing->verdict, VERDICT_NOT_FOUND);
    assert_int_equal(missing->answer.size, 0);
    assert_null(missing->text);
    assert_int_equal(nowhere->verdict, VERDICT_NOT_FOUND);
    assert_int_equal(nowhere->end, END_REPLY);
    assert_int_equal(bench.core.steps.count, 0);
}

static void timer_table(void **state)
{
    static const struct {
        const char *name;
        bool drill, stored;
        int64_t gen, due_ms;
        int64_t total;
    } cases[] = {
            {"passed", false, true, 4, NOW - 1, 1000},
            {"exactly at the instant is in time", false, true, 4, NOW, 0},
            {"still ahead", false, true, 4, NOW + 1, 0},
            {"of an older generation", false, true, 5, NOW - 1, 0},
            {"gone", false, false, 4, NOW - 1, 0},
            {"passed, in a drill", true, true, 4, NOW - 1, 1000},
            {"at the instant, in a drill", true, true, 4, NOW, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct work *work = add(toy_timer(AGG, 4, cases[i].due_ms));
        struct work *copy = add(toy_timer(AGG, 4, cases[i].due_ms));
        core_begin(&bench.core);
        bench.core.drill = cases[i].drill;
        loaded(AGG, 0);
        if (cases[i].stored)
            core_timer(&bench.core, AGG, TOY_TIMER, cases[i].gen, cases[i].due_ms);
        core_run(&bench.core);
        if (toy(AGG)->total != cases[i].total)
            fail_msg("%s: total %lld", cases[i].name, (long long)toy(AGG)->total);
        assert_int_equal(work->end, END_NOTHING);
        assert_int_equal(copy->end, END_NOTHING);
        if (cases[i].total)
            assert_int_equal(
                    bench.core.steps.list[0].step.at_ms, cases[i].drill ? cases[i].due_ms : NOW);
        (void)teardown(NULL);
        (void)setup(NULL);
    }
}

/* It was not there to be locked; what was read of it besides was committed by somebody since. */
static void nothing_is_done_about_a_row_that_is_not_known(void **state)
{
    struct held held[] = {held_add(1, "A2", false), held_add(1, "A2", true)};
    struct work works[] = {toy_timer(AGG, 4, NOW - 1), letter(WORK_REPLAY, 1), letter(WORK_SKIP, 1),
            toy_command(AGG, "r1", "S1"), {.origin = WORK_POKE, .alone = true}};
    (void)state;
    works[4].input = (struct input){.kind = INPUT_WORK, .agg = AGG, .msg_id = held[0].msg_id};
    for (size_t i = 0; i < COUNT_OF(works); i++)
        for (size_t h = 0; h < COUNT_OF(held); h++) {
            struct work *work = add(works[i]);
            core_begin(&bench.core);
            bench.core.commands = arena_array(&bench.arena, struct command_row, 9);
            core_timer(&bench.core, AGG, TOY_TIMER, 4, NOW - 1);
            core_hold(&bench.core, &held[h], 1);
            core_run(&bench.core);
            assert_int_equal(toy(AGG)->total, 0);
            assert_false(core_slot(&bench.core, AGG)->dirty);
            assert_false(core_slot(&bench.core, AGG)->timers[0].dirty);
            assert_false(held[h].gone);
            if (work->end == END_REPLY)
                assert_int_equal(work->verdict, VERDICT_NOT_FOUND);
            else
                assert_int_equal(work->end, END_NOTHING);
            (void)teardown(NULL);
            (void)setup(NULL);
        }
}

static void what_came_in_time_is_decided_before_the_deadline(void **state)
{
    (void)state;
    add(toy_timer(AGG, 4, NOW - 1));
    struct work *command = add(toy_command(AGG, "r1", "S1"));
    add(toy_event(SERVICE_VOLUNTEER, AGG, 1, "A3"));
    add(toy_event(SERVICE_INTAKE, AGG, 1, "A1"));
    core_begin(&bench.core);
    bench.core.commands = arena_array(&bench.arena, struct command_row, 9);
    loaded(AGG, 0);
    core_timer(&bench.core, AGG, TOY_TIMER, 4, NOW - 1);
    core_run(&bench.core);
    assert_int_equal(command->verdict, VERDICT_APPLIED);
    assert_int_equal(toy(AGG)->total, 1003);
    assert_int_equal(toy(AGG)->agg.ver, 4);
    assert_int_equal(bench.core.steps.list[3].step.kind, 3); /* the timer's, last */
    assert_int_equal(toy(AGG)->agg.sent[SERVICE_ENFORCEMENT], 3);
}

static void timer_set_again_in_the_batch_does_not_fire(void **state)
{
    (void)state;
    add(toy_timer(AGG, 4, NOW - 1));
    add(toy_event(SERVICE_INTAKE, AGG, 1, "T500"));
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_timer(&bench.core, AGG, TOY_TIMER, 4, NOW - 1);
    core_run(&bench.core);
    assert_int_equal(toy(AGG)->total, 1);
    const struct slot_timer *timer = &core_slot(&bench.core, AGG)->timers[0];
    assert_int_equal(timer->due_ms, NOW + 500);
    assert_int_equal(timer->gen, 1);
    assert_true(timer->dirty);
}

static void message_without_effect_moves_the_place(void **state)
{
    (void)state;
    struct work *work = add(toy_event(SERVICE_INTAKE, AGG, 1, "N0"));
    core_begin(&bench.core);
    loaded(AGG, 0);
    core_run(&bench.core);
    assert_int_equal(work->end, END_ACK);
    assert_int_equal(toy(AGG)->agg.ver, 0);
    assert_int_equal(toy(AGG)->agg.seen[SERVICE_INTAKE], 1);
    assert_true(core_slot(&bench.core, AGG)->dirty);
    assert_int_equal(bench.core.outbox.count, 0);
}

static void drill_takes_the_messages_time(void **state)
{
    (void)state;
    add(toy_event(SERVICE_INTAKE, AGG, 1, "T500"));
    core_begin(&bench.core);
    bench.core.drill = true;
    loaded(AGG, 0);
    core_run(&bench.core);
    assert_int_equal(core_slot(&bench.core, AGG)->timers[0].due_ms, 1500);
    assert_int_equal(bench.core.outbox.list[0].at_ms, 1000);
}
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(message_due_is_applied),
            CASE(messages_in_any_order_end_alike),
            CASE(message_seen_is_a_duplicate),
            CASE(message_early_waits_once),
            CASE(held_messages_drain_in_order),
            CASE(message_applied_directly_takes_its_held_copy_along),
            CASE(alone_drains_nothing),
            CASE(draining_is_bounded_for_the_batch),
            CASE(other_message_under_a_held_number_alarms),
            CASE(malformed_becomes_a_dead_letter),
            CASE(nothing_is_malformed_for_want_of_room),
            CASE(poison_is_buried_without_being_looked_at),
            CASE(held_poison_is_buried_by_its_poke),
            CASE(unknown_type_is_put_back),
            CASE(message_without_an_aggregate_is_put_back),
            CASE(replay_and_skip_table),
            CASE(skip_is_audited_and_lets_the_rest_through),
            CASE(replay_takes_the_present_time),
            CASE(commands_with_one_request_id),
            CASE(command_verdicts),
            CASE(timer_table),
            CASE(nothing_is_done_about_a_row_that_is_not_known),
            CASE(what_came_in_time_is_decided_before_the_deadline),
            CASE(timer_set_again_in_the_batch_does_not_fire),
            CASE(message_without_effect_moves_the_place),
            CASE(drill_takes_the_messages_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
