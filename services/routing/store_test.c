/* Routing's rows in a real PostgreSQL: a case goes into its row and comes back the same, and the
 * view counter_truth counts what the decisions counted. What is asked of the rows is in
 * store_query_test.c. */
#include "services/routing/store.h"
#include "services/routing/test_store.h"

#include "services/kernel/base/rng.h"
#include "services/routing/store_query.h"
#include "tests/kit/life.h"

#define COUNTED_CASES 400

static void loaded(void *self, const PGresult *rows)
{
    struct routing_case *this = self;
    assert_int_equal(case_row_count(rows), 1);
    this->agg.id = row_int(rows, 0, 0);
    this->agg.ver = (int32_t)row_int(rows, 0, 1);
    for (int i = 0; i < 6; i++)
        assert_int_equal(row_int(rows, 0, 2 + i), 100 + i);
    case_load_row(rows, 0, FIRST_OWN, this, &arena);
}

static struct routing_case load(int64_t id)
{
    struct routing_case this = {0};
    params_reset(&params);
    param_add_int(&params, params_array(&params, PARAM_INT8), id);
    run(&CASES_LOAD, loaded, &this);
    return this;
}

static void row_comes_back_as_it_went(void **state)
{
    (void)state;
    struct routing_case in, out;
    case_sample(&in);
    save(&in);
    out = load(77);
    assert_string_equal(out.source_ref, in.source_ref);
    assert_null(out.source);
    assert_null(out.summary);
    in.source_ref = out.source_ref;
    in.source = in.summary = NULL;
    assert_memory_equal(&out, &in, sizeof in);
    out.ended_at_ms = out.promised_at_ms = 0;
    save(&out);
    struct routing_case again = load(77);
    assert_int_equal(again.ended_at_ms, 0);
    assert_int_equal(again.promised_at_ms, 0);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM routing.cases "
                                        "WHERE summary = '沙发在路边' AND source = 'hotline'"),
            1);
}

static void rows_saved_together_do_not_mix(void **state)
{
    (void)state;
    struct routing_case list[3], out;
    for (int i = 0; i < 3; i++) {
        case_sample(&list[i]);
        list[i].agg.id = 90 - i; /* not in the order of the key */
        list[i].agg.ver = 1 + i;
        list[i].state = (uint8_t)(CASE_DISPATCHED + i);
        list[i].handler = U_GRID + i;
        list[i].late = i == 1;
        list[i].promised_at_ms = i == 1 ? 0 : NOW + i;
        list[i].source_ref = i == 2 ? "second" : "first";
    }
    save_all(list, 3);
    for (int i = 0; i < 3; i++) {
        out = load(90 - i);
        assert_string_equal(out.source_ref, list[i].source_ref);
        list[i].source_ref = out.source_ref;
        list[i].source = list[i].summary = NULL;
        assert_memory_equal(&out, &list[i], sizeof out);
    }
}

static void stub_is_empty_and_no_reader_sees_it(void **state)
{
    (void)state;
    params_reset(&params);
    param_add_int(&params, params_array(&params, PARAM_INT8), 5);
    run(&CASES_STUB, NULL, NULL);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM routing.cases WHERE ver = 0"), 1);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM routing.counter_truth"), 0);
}

static void case_that_ended_can_lose_its_data(void **state)
{
    struct aggregate_ops ops = routing_ops();
    struct routing_case over;
    (void)state;
    case_sample(&over);
    over.state = CASE_CLOSED;
    save(&over);
    kit_row_ends(server, &ops, 77);
}

/* The usual update touches no index: the row's new version stays on its page (cases.sql says
 * why). */
static void update_between_start_and_end_is_heap_only(void **state)
{
    (void)state;
    struct routing_case this;
    case_sample(&this);
    this.state = CASE_DISPATCHED;
    save(&this);
    assert_int_equal(
            kit_pg_int(server,
                    "BEGIN; UPDATE routing.cases SET state = 3, ver = 10, due_at = now();"
                    "SELECT pg_stat_get_xact_tuples_hot_updated('routing.cases'::regclass)"),
            1);
    kit_pg_run(server, "ROLLBACK");
}

/* What the kernel's counters would hold: at the unit and all above, at the matter, in all. */
static int64_t counted[METRIC_COUNT][U_LOOSE_GRID + 1][M_COUNT + 1];

static void story_count(const struct story *story)
{
    for (int m = 0; m < METRIC_COUNT; m++) {
        for (int64_t at = 0; at <= U_LOOSE_GRID; at++)
            for (const struct unit *unit = unit_find(city, at); unit;
                    unit = unit_parent(city, unit))
                counted[m][unit->id][0] += story->counts_at[m][at];
        counted[m][0][0] += story->counts[m];
        if (story->state.matter)
            counted[m][0][story->state.matter] += story->counts[m];
    }
}

static void counter_truth_counts_what_decisions_counted(void **state)
{
    (void)state;
    bool met[METRIC_COUNT] = {false};
    struct rng rng;
    rng_seed(&rng, 13);
    for (int i = 1; i <= COUNTED_CASES; i++) {
        struct story story;
        story_begin(&story, city);
        story.state.agg.id = i;
        if (i % 16 == 0)
            (void)story_settled(&story, i % 32 == 0, NOW);
        (void)story_report(&story, (int)rng_below(&rng, M_COUNT + 1),
                1 + (int64_t)rng_below(&rng, U_LOOSE_GRID),
                rng_below(&rng, 2) ? NOW + (int64_t)rng_below(&rng, 9 * HOUR) : 0, NOW);
        for (uint64_t late = rng_below(&rng, 4); late > 0 && story.timer_ms; late--)
            (void)story_fire(&story, story.timer_ms);
        for (uint64_t acts = rng_below(&rng, 900); acts > 0; acts--)
            story_command_random(&story, &rng, NOW + 1);
        if (rng_below(&rng, 2) == 0)
            (void)story_fire(&story, NOW + HOUR);
        if (rng_below(&rng, 4) == 0)
            (void)story_withdraw(&story, NOW + 1);
        if (rng_below(&rng, 4) == 0)
            (void)story_command(&story, TYPE_REFER, "dd", NOW + 1);
        (void)story_command(&story, TYPE_HANDLE, "w1", NOW + 5 * HOUR);
        (void)story_command(&story, TYPE_HANDLE, "dd", NOW + 5 * HOUR);
        (void)story_command(&story, TYPE_HANDLE, "r1", NOW + 100 * HOUR);
        if (rng_below(&rng, 2) == 0)
            (void)story_command(&story, TYPE_VERIFY, "r2", NOW + 101 * HOUR);
        (void)story_command(&story, TYPE_VERIFY, "dd", NOW + 101 * HOUR);
        for (uint64_t acts = rng_below(&rng, 900); acts > 0; acts--)
            story_command_random(&story, &rng, NOW + 102 * HOUR);
        (void)story_command(&story, TYPE_FAIL_CHECK, "sd", NOW + 103 * HOUR);
        (void)story_command(&story, TYPE_FAIL_CHECK, "dd", NOW + 103 * HOUR);
        story.state.agg.id = i;
        story.state.source = story.state.source_ref = story.state.summary = "x";
        save(&story.state);
        story_count(&story);
    }
    PGresult *rows = kit_pg_sql(server,
            "SELECT metric, unit, matter, value FROM routing.counter_truth ORDER BY 1, 2, 3");
    for (int i = 0; i < PQntuples(rows); i++) {
        long metric = strtol(PQgetvalue(rows, i, 0), NULL, 10);
        long unit = strtol(PQgetvalue(rows, i, 1), NULL, 10);
        long matter = strtol(PQgetvalue(rows, i, 2), NULL, 10);
        long long value = strtoll(PQgetvalue(rows, i, 3), NULL, 10);
        assert_true(metric < METRIC_COUNT && unit <= U_LOOSE_GRID && matter <= M_COUNT);
        print_message("metric %ld unit %ld matter %ld\n", metric, unit, matter);
        assert_int_equal(counted[metric][unit][matter], value);
        counted[metric][unit][matter] = 0;
        met[metric] = true;
    }
    PQclear(rows);
    for (int m = 0; m < METRIC_COUNT; m++) {
        print_message("metric %d\n", m);
        assert_true(met[m]);
    }
    for (int m = 0; m < METRIC_COUNT; m++)
        for (int u = 0; u <= U_LOOSE_GRID; u++)
            for (int k = 0; k <= M_COUNT; k++)
                assert_int_equal(counted[m][u][k], 0); /* nothing that the view has not */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(row_comes_back_as_it_went, empty),
            cmocka_unit_test_setup(rows_saved_together_do_not_mix, empty),
            cmocka_unit_test_setup(stub_is_empty_and_no_reader_sees_it, empty),
            cmocka_unit_test_setup(case_that_ended_can_lose_its_data, empty),
            cmocka_unit_test_setup(update_between_start_and_end_is_heap_only, empty),
            cmocka_unit_test_setup(counter_truth_counts_what_decisions_counted, empty),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
