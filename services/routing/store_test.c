/* Routing's SQL against a real PostgreSQL: a case goes into its row and comes back the same,
 * worklists list what they should, and the view counter_truth counts what the decisions counted. */
#include "services/routing/store.h"
#include "services/routing/test_acts.h"

#include "proto/routing.pb-c.h"
#include "services/kernel/base/rng.h"
#include "services/routing/codec.h"
#include "services/routing/ops.h"
#include "tests/kit/life.h"
#include "tests/kit/pg.h"

#define WAIT_MS 20000
#define COUNTED_CASES 400
#define FIRST_OWN 8 /* after id, ver, three seen, three sent */

static struct directory *city;
static struct kit_pg *server;
static struct pg *pg;
static struct arena arena;
static struct params params;
static struct statement statements[5];

static void city_store(void)
{
    for (size_t i = 0; i < directory_unit_count(city); i++) {
        const struct unit *unit = directory_unit(city, i);
        char sql[400], parent[24] = "NULL";
        if (unit->parent)
            (void)snprintf(parent, sizeof parent, "%d", (int)unit->parent);
        (void)snprintf(sql, sizeof sql,
                "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, "
                "name_en) "
                "VALUES (%d, '%s', %s, %d, %d, '%s', '', '')",
                (int)unit->id, unit->code, parent, (int)unit->depth, (int)unit->level, unit->kind);
        kit_pg_run(server, sql);
    }
}

static int setup(void **state)
{
    (void)state;
    city = city_build();
    arena_init(&arena, 64 << 20);
    server = kit_pg_start(NULL);
    kit_pg_service(server, "routing");
    city_store();
    pg = pg_new(kit_pg_conninfo(server, "huying_routing"), "routing");
    statements[0] = CASES_STUB;
    statements[1] = CASES_LOAD;
    statements[2] = CASES_UPDATE;
    statements[3] = WORKLIST;
    statements[4] = CASE_VIEW;
    pg_prepare(pg, statements, sizeof statements / sizeof *statements);
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pg_destroy(&pg);
    kit_pg_stop(&server);
    params_fini(&params);
    arena_fini(&arena);
    directory_destroy(&city);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    kit_pg_run(server, "TRUNCATE routing.cases, routing.counter_kept");
    return 0;
}

static void done(void *self, enum err err, const char *message)
{
    (void)self;
    if (err != OK)
        print_message("%s\n", message);
    assert_int_equal(err, OK);
}

static void run(const struct statement *statement, pg_rows_fn *rows, void *self)
{
    pg_queue(pg, statement, &params, rows, self);
    pg_sync(pg, done, NULL);
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    assert_true(pg_idle(pg));
}

/* Stubs and one update of the cases, as the kernel does it. */
static void save_all(const struct routing_case *list, size_t count)
{
    params_reset(&params);
    int ids = params_array(&params, PARAM_INT8);
    for (size_t i = 0; i < count; i++)
        param_add_int(&params, ids, list[i].agg.id);
    run(&CASES_STUB, NULL, NULL);
    params_reset(&params);
    (void)params_array(&params, PARAM_INT8);
    (void)params_array(&params, PARAM_INT4);
    for (int k = 0; k < 6; k++)
        (void)params_array(&params, PARAM_INT8);
    case_save_begin(&params);
    for (size_t i = 0; i < count; i++) {
        param_add_int(&params, 0, list[i].agg.id);
        param_add_int(&params, 1, list[i].agg.ver);
        for (int k = 0; k < 6; k++)
            param_add_int(&params, 2 + k, 100 + k);
        case_save_row(&list[i], &params, FIRST_OWN);
    }
    run(&CASES_UPDATE, NULL, NULL);
}

static void save(const struct routing_case *this)
{
    save_all(this, 1);
}

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

/* All fields different from each other and from zero. */
static const struct routing_case sample = {.agg = {.id = 77, .ver = 9},
        .state = CASE_CLOSED,
        .level = LEVEL_STREET,
        .kind = HANDLER_SQUAD,
        .work = WORK_NEED,
        .escalated = 1 << LEVEL_VILLAGE | 1 << LEVEL_STREET,
        .on_scene = true,
        .late = true,
        .overdue = true,
        .overdue_by_catalogue = true,
        .drill = true,
        .matter = M_DUMP,
        .unit = U_GRID,
        .area = U_STREET,
        .handler = U_SQUAD,
        .accepted_at_ms = NOW + 1,
        .promised_at_ms = NOW + 2,
        .first_due_ms = NOW + 3,
        .due_ms = NOW + 4,
        .handled_at_ms = NOW + 5,
        .ended_at_ms = NOW + 6,
        .handled_unit = U_SQUAD_2,
        .handled_by = "sq2",
        .source_ref = "T-77",
        .source = "hotline",
        .summary = "沙发在路边"};

/* With its padding, so that whole structs can be compared. */
static void case_sample(struct routing_case *ret)
{
    memcpy(ret, &sample, sizeof sample);
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

struct listed {
    int64_t ids[WORKLIST_MAX];
    size_t count;
};

static void list_take(void *self, const PGresult *rows)
{
    struct listed *listed = self;
    BUF_OWNED out = {0};
    worklist_encode(rows, city, &out);
    Huying__Routing__Worklist *got =
            huying__routing__worklist__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(got);
    listed->count = got->n_items;
    for (size_t i = 0; i < got->n_items; i++) {
        listed->ids[i] = got->items[i]->id;
        assert_string_equal(got->items[i]->matter, "lamp");
        assert_int_not_equal(got->items[i]->version, 0);
    }
    huying__routing__worklist__free_unpacked(got, NULL);
}

static enum err list_bind(const Huying__Routing__WorklistQuery *query, const char **ret_why)
{
    BUF_OWNED bytes = {0};
    size_t size = huying__routing__worklist_query__get_packed_size(query);
    buf_reserve(&bytes, size + 1);
    huying__routing__worklist_query__pack(query, (uint8_t *)bytes.data);
    params_reset(&params);
    return worklist_bind(
            (struct bytes){(const uint8_t *)bytes.data, size}, city, "", &arena, &params, ret_why);
}

/* Ten lamps on the grid: id i has ticket Ti; 1 to 4 dispatched, 5 and 6 accepted, 7 handled, 8
 * closed, 9 withdrawn, 10 lies in the other street. */
static void lamps_save(void)
{
    for (int i = 1; i <= 10; i++) {
        struct story story;
        static const enum case_state states[] = {CASE_NONE, CASE_DISPATCHED, CASE_DISPATCHED,
                CASE_DISPATCHED, CASE_DISPATCHED, CASE_ACCEPTED, CASE_ACCEPTED, CASE_HANDLED,
                CASE_CLOSED, CASE_WITHDRAWN};
        char ref[8];
        (void)snprintf(ref, sizeof ref, "T%d", i);
        if (i < 10) {
            story_reach(&story, city, M_LAMP, states[i]);
        } else {
            story_begin(&story, city);
            (void)story_report(&story, M_LAMP, U_GRID_3, 0, NOW);
        }
        story.state.agg.id = i;
        story.state.source_ref = ref;
        story.state.source = story.state.summary = "x";
        save(&story.state);
    }
    params_reset(&params);
    param_add_int(&params, params_array(&params, PARAM_INT8), 11);
    run(&CASES_STUB, NULL, NULL);
}

static void worklist_lists_by_unit_state_and_ticket(void **state)
{
    (void)state;
    static char t2[] = "T2", t8[] = "T8", t99[] = "T99", none[] = "", accepted[] = "accepted",
                closed[] = "closed";
    static char *tickets[] = {t8, t2, t99};
    const struct {
        int64_t unit;
        char *state;
        int64_t after;
        uint32_t limit;
        size_t tickets;
        const char *expected;
    } table[] = {
            {0, none, 0, 500, 0, "1 2 3 4 5 6 7 10 "},
            {0, none, 0, 3, 0, "1 2 3 "},
            {0, none, 3, 2, 0, "4 5 "},
            {0, accepted, 0, 9, 0, "5 6 "},
            {0, closed, 0, 9, 0, "8 "},
            {U_GRID, none, 0, 9, 0, "1 2 3 4 5 6 7 "},
            {U_STREET, none, 5, 9, 0, "6 7 "},
            {U_STREET_2, none, 0, 9, 0, "10 "},
            {U_GRID_2, none, 0, 9, 0, ""},
            {U_STREET, closed, 0, 9, 0, "8 "},
            {U_STREET_2, closed, 0, 9, 0, ""},
            {0, none, 0, 0, 3, "2 8 "},
            {0, closed, 0, 0, 3, "8 "},
            {U_STREET_2, none, 0, 0, 3, ""},
    };
    lamps_save();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Routing__WorklistQuery query = HUYING__ROUTING__WORKLIST_QUERY__INIT;
        const char *why = NULL;
        struct listed listed = {.count = 99};
        BUF_OWNED shown = {0};
        query.unit = table[i].unit;
        query.state = table[i].state;
        query.after = table[i].after;
        query.limit = table[i].limit;
        query.n_source_refs = table[i].tickets;
        query.source_refs = tickets;
        assert_int_equal(list_bind(&query, &why), OK);
        run(&WORKLIST, list_take, &listed);
        buf_add_text(&shown, "");
        for (size_t k = 0; k < listed.count; k++)
            buf_add_format(&shown, "%d ", (int)listed.ids[k]);
        print_message("row %zu\n", i);
        assert_string_equal(shown.data, table[i].expected);
    }
}

static void listed_by_ticket(char *ticket, size_t expected)
{
    Huying__Routing__WorklistQuery query = HUYING__ROUTING__WORKLIST_QUERY__INIT;
    const char *why = NULL;
    struct listed listed = {.count = 99};
    query.n_source_refs = 1;
    query.source_refs = &ticket;
    assert_int_equal(list_bind(&query, &why), OK);
    run(&WORKLIST, list_take, &listed);
    assert_int_equal(listed.count, expected);
}

/* How often this connection has gone by the key and not yet reported it. */
static int64_t key_scans(void)
{
    PGresult *scans =
            pg_exec(pg, "SELECT pg_stat_get_xact_numscans('routing.cases_pkey'::regclass)", NULL);
    assert_non_null(scans);
    int64_t count = row_int(scans, 0, 0);
    PQclear(scans);
    return count;
}

/* The plan is made when there are many cases and no statistics of them, as on a new site. */
static void worklist_by_ticket_does_not_go_by_the_key(void **state)
{
    (void)state;
    static char ticket[] = "T2";
    kit_pg_run(server, "INSERT INTO routing.cases (id) SELECT generate_series(100, 20100)");
    lamps_save();
    PQclear(pg_exec(pg, "BEGIN", NULL)); /* nothing is reported in between */
    int64_t before = key_scans();
    listed_by_ticket(ticket, 1);
    int64_t scans = key_scans() - before;
    PQclear(pg_exec(pg, "COMMIT", NULL));
    assert_int_equal(scans, 0);
}

static void worklist_limits_are_named(void **state)
{
    (void)state;
    static char bad[] = "sleeping", none[] = "", ref[] = "T1", empty_ref[] = "";
    static char *tickets[WORKLIST_MAX + 1], *blank[] = {empty_ref};
    for (size_t i = 0; i <= WORKLIST_MAX; i++)
        tickets[i] = ref;
    const struct {
        Huying__Routing__WorklistQuery query;
        const char *field;
    } table[] = {
            {{.state = none, .limit = 0}, "limit"},
            {{.state = none, .limit = WORKLIST_MAX + 1}, "limit"},
            {{.state = none, .limit = 1, .after = -1}, "after"},
            {{.state = none, .limit = 1, .unit = 4711}, "unit"},
            {{.state = bad, .limit = 1}, "state"},
            {{.state = none, .n_source_refs = WORKLIST_MAX + 1, .source_refs = tickets},
                    "source_refs"},
            {{.state = none, .n_source_refs = 1, .source_refs = blank}, "source_refs"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Routing__WorklistQuery blank_query = HUYING__ROUTING__WORKLIST_QUERY__INIT;
        Huying__Routing__WorklistQuery query = table[i].query;
        query.base = blank_query.base;
        const char *why = NULL;
        assert_int_equal(list_bind(&query, &why), ERR_MALFORMED);
        assert_memory_equal(why, table[i].field, strlen(table[i].field));
    }
}

static void view_take(void *self, const PGresult *rows)
{
    case_encode(rows, city, self);
}

static void case_view_shows_number_times_and_escalations(void **state)
{
    (void)state;
    struct routing_case in;
    case_sample(&in);
    save(&in);
    BUF_OWNED out = {0};
    params_reset(&params);
    (void)params_int(&params, PARAM_INT8, 77);
    run(&CASE_VIEW, view_take, &out);
    Huying__Routing__CaseView *got =
            huying__routing__case_view__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(got);
    assert_int_equal(got->item->id, 77);
    assert_string_equal(got->item->state, "closed");
    assert_string_equal(got->item->handler_kind, "squad");
    assert_memory_equal(got->number, "LA-20180101-", 12);
    assert_string_equal(got->source, "hotline");
    assert_string_equal(got->summary, "沙发在路边");
    assert_int_equal(got->accepted_at_ms, NOW + 1);
    assert_int_equal(got->promised_at_ms, NOW + 2);
    assert_int_equal(got->handled_at_ms, NOW + 5);
    assert_int_equal(got->closed_at_ms, NOW + 6);
    assert_int_equal(got->escalations, 2);
    assert_true(got->overdue);
    huying__routing__case_view__free_unpacked(got, NULL);
    buf_reset(&out);
    params_reset(&params);
    (void)params_int(&params, PARAM_INT8, 78);
    run(&CASE_VIEW, view_take, &out);
    assert_int_equal(out.size, 0);
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
    rng_seed(&rng, 11);
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
            cmocka_unit_test_setup(worklist_lists_by_unit_state_and_ticket, empty),
            cmocka_unit_test_setup(worklist_by_ticket_does_not_go_by_the_key, empty),
            cmocka_unit_test_setup(worklist_limits_are_named, empty),
            cmocka_unit_test_setup(case_view_shows_number_times_and_escalations, empty),
            cmocka_unit_test_setup(counter_truth_counts_what_decisions_counted, empty),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
