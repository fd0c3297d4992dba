/* Merged cases in a real PostgreSQL: what became of the other one is found, once it is over and
 * only then, and a decision that looks at another case reads its row. */
#include "services/routing/store.h"
#include "services/routing/test_store.h"

#include "proto/routing.pb-c.h"
#include "services/routing/codec.h"
#include "services/routing/decide_merge.h"
#include "services/routing/store_query.h"

#define READY "SELECT coalesce(sum(agg * 10 + kind), 0) FROM routing.work_ready"

static void rows_count(void *self, const PGresult *rows)
{
    *(int64_t *)self = case_row_count(rows);
}

static struct routing_case plain(int64_t id, enum case_state state, int64_t merged)
{
    struct routing_case this;
    case_sample(&this);
    this.agg.id = id;
    this.state = (uint8_t)state;
    this.work = WORK_OWN;
    this.ended_at_ms = case_open(state) ? 0 : NOW + 6;
    this.course.merged = merged;
    return this;
}

static void what_became_of_the_other_one_is_found(void **state)
{
    (void)state;
    static const struct {
        enum case_state other;
        int kind; /* 0: still waited for */
    } table[] = {{CASE_DISPATCHED, 0}, {CASE_HANDLED, 0}, {CASE_SUSPENDED, 0}, {CASE_MERGED, 0},
            {CASE_CLOSED, OTHER_CLOSED}, {CASE_REFERRED_OUT, OTHER_REFERRED},
            {CASE_WITHDRAWN, OTHER_GONE}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct routing_case list[] = {plain(5, table[i].other, 0), plain(77, CASE_MERGED, 5),
                plain(78, CASE_DISPATCHED, 0)};
        (void)empty(state);
        save_all(list, 3);
        print_message("row %zu\n", i);
        assert_int_equal(kit_pg_int(server, READY), table[i].kind != 0 ? 770 + table[i].kind : 0);
    }
}

/* A stub is no case: nobody has reported it yet, or its data is gone. */
static void what_is_not_there_is_gone(void **state)
{
    (void)state;
    struct routing_case this = plain(77, CASE_MERGED, 5);
    save(&this);
    assert_int_equal(kit_pg_int(server, READY), 770 + OTHER_GONE);
    params_reset(&params);
    param_add_int(&params, params_array(&params, PARAM_INT8), 5);
    run(&CASES_STUB, NULL, NULL);
    assert_int_equal(kit_pg_int(server, READY), 770 + OTHER_GONE);
    this.course.merged = 0; /* its own decision */
    this.state = CASE_DISPATCHED;
    save(&this);
    assert_int_equal(kit_pg_int(server, READY), 0);
}

/* In a drill the merged case ends at the drill's time, and never before the other one. */
static void it_ends_at_the_sites_time(void **state)
{
    (void)state;
    struct routing_case list[] = {plain(5, CASE_CLOSED, 0), plain(77, CASE_MERGED, 5)};
    save_all(list, 2);
    assert_int_equal(kit_pg_int(server, "SELECT (extract(epoch FROM w.at) * 1000)::bigint - "
                                        "(extract(epoch FROM c.ended_at) * 1000)::bigint "
                                        "FROM routing.work_ready AS w, routing.cases AS c "
                                        "WHERE c.id = 5"),
            0);
}

/* While it is not merged, what happens to a case beside the straight way touches no index. */
static void plain_cases_pay_nothing_for_it(void **state)
{
    (void)state;
    struct routing_case this = plain(77, CASE_DISPATCHED, 0);
    save(&this);
    assert_int_equal(
            kit_pg_int(server,
                    "BEGIN; UPDATE routing.cases SET state = 3, ver = 10, course = "
                    "'{\"urged\": 1}'; "
                    "SELECT pg_stat_get_xact_tuples_hot_updated('routing.cases'::regclass)"),
            1);
    kit_pg_run(server, "ROLLBACK");
}

/* It stands in nobody's list, and is found by its state and by its ticket. */
static void worklists_have_it_by_its_state_alone(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        int64_t rows;
    } table[] = {{"", 1}, {"dispatched", 1}, {"merged", 1}, {"closed", 0}};
    struct routing_case list[] = {plain(77, CASE_MERGED, 5), plain(78, CASE_DISPATCHED, 0)};
    save_all(list, 2);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Routing__WorklistQuery query = HUYING__ROUTING__WORKLIST_QUERY__INIT;
        char name[16];
        const char *why = "";
        int64_t rows = 0;
        (void)snprintf(name, sizeof name, "%s", table[i].state);
        query.state = name;
        query.limit = 10;
        assert_int_equal(query_bind(worklist_bind, &query.base, "", &why), OK);
        run(&WORKLIST, rows_count, &rows);
        print_message("state \"%s\"\n", table[i].state);
        assert_int_equal(rows, table[i].rows);
    }
}

static void the_other_ones_row_is_read(void **state)
{
    (void)state;
    struct routing_case list[] = {plain(5, CASE_HANDLED, 0), plain(6, CASE_CLOSED, 0),
            plain(77, CASE_DISPATCHED, 0), plain(78, CASE_MERGED, 6)};
    struct act acts[] = {{.other = 5}, {.other = 4711}};
    struct input inputs[] = {{.kind = INPUT_COMMAND, .type = TYPE_MERGE, .body = &acts[0]},
            {.kind = INPUT_WORK, .type = OTHER_CLOSED},
            {.kind = INPUT_COMMAND, .type = TYPE_MERGE, .body = &acts[1]},
            {.kind = INPUT_TIMER, .type = TIMER_CLOCK}};
    struct input *const pointers[] = {&inputs[0], &inputs[1], &inputs[2], &inputs[3]};
    const void *const states[] = {&list[2], &list[3], &list[2], &list[2]};
    void *related = NULL;
    list[0].area = U_VILLAGE;
    save_all(list, 4);
    cases_related(pg, pointers, states, 4, city, &arena, &related);
    pg_sync(pg, done, NULL);
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    const struct other_set *others = related;
    assert_int_equal(others->count, 2); /* there is no 4711 */
    for (size_t i = 0; i < 2; i++) {
        bool first = others->list[i].id == 5;
        assert_int_equal(others->list[i].state, first ? CASE_HANDLED : CASE_CLOSED);
        assert_int_equal(others->list[i].area, first ? U_VILLAGE : U_STREET);
        assert_int_equal(others->list[i].matter, M_DUMP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(what_became_of_the_other_one_is_found, empty),
            cmocka_unit_test_setup(what_is_not_there_is_gone, empty),
            cmocka_unit_test_setup(it_ends_at_the_sites_time, empty),
            cmocka_unit_test_setup(plain_cases_pay_nothing_for_it, empty),
            cmocka_unit_test_setup(worklists_have_it_by_its_state_alone, empty),
            cmocka_unit_test_setup(the_other_ones_row_is_read, empty),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
