/* The checks after a commit: each breach is seen at the commit that makes it, though only what that
 * commit changed is looked at; what was no commit is seen with the next look at all rows. */
#include "tests/sim/check.h"

#include <string.h>

#include "services/kernel/base/testing.h"
#include "tests/sim/columns.h"
#include "tests/sim/sim.h"
#include "tests/sim/twins.h"

#define AGG 7
#define MESSAGE 100
#define LOOK_AT_ALL_COMMITS 128

static struct txn txn;

static struct version *put(enum service_id service, enum table_kind kind, struct key key)
{
    struct row *row = row_make(db_table(service, kind), key);
    assert_true(row_lock(&txn, row));
    return row_write(&txn, row, CELLS_MAX);
}

static void put_number(
        enum service_id service, enum table_kind kind, struct key key, int column, int64_t value)
{
    put(service, kind, key)->cells[column] = cell_number(value);
}

static void take(enum service_id service, enum table_kind kind, struct key key)
{
    struct row *row = row_find(db_table(service, kind), key);
    assert_true(row && row_lock(&txn, row));
    row_delete(&txn, row);
}

static void commit(void)
{
    size_t from = db.log_count;
    txn_commit(&txn);
    check_step(from);
}

static const struct key sent_key = {SERVICE_ROUTING, AGG, 1}, held_key = {AGG, SERVICE_INTAKE, 1},
                        step_key = {AGG, 1, 0}, agg_key = {AGG, 0, 0};

static void sent_put(void)
{
    put_number(SERVICE_INTAKE, T_SENT, sent_key, SE_ID, MESSAGE);
}

static void outbox_put(void)
{
    struct version *message = put(SERVICE_INTAKE, T_OUTBOX, key1(MESSAGE));
    sent_put();
    message->cells[O_DEST] = cell_number(SERVICE_ROUTING);
    message->cells[O_AGG] = cell_number(AGG);
    message->cells[O_N] = cell_number(1);
}

static void outbox_take(void)
{
    take(SERVICE_INTAKE, T_OUTBOX, key1(MESSAGE));
}

static void waiting_put(void)
{
    sent_put();
    (void)put(SERVICE_ROUTING, T_WAITING, held_key);
}

static void waiting_take(void)
{
    take(SERVICE_ROUTING, T_WAITING, held_key);
}

static void letter_put(void)
{
    sent_put();
    (void)put(SERVICE_ROUTING, T_DEAD, held_key);
}

static void letter_take(void)
{
    take(SERVICE_ROUTING, T_DEAD, held_key);
}

static void seen_set(int64_t n)
{
    put_number(SERVICE_ROUTING, T_AGG, agg_key, column_of_seen(SERVICE_ROUTING, SERVICE_INTAKE), n);
}

static void seen_put(void)
{
    seen_set(1);
}

static void sent_and_seen(void)
{
    sent_put();
    seen_set(1);
}

static void seen_lower(void)
{
    seen_set(0);
}

static void version_put(void)
{
    put_number(SERVICE_INTAKE, T_AGG, agg_key, ROW_VER, 1);
}

static void agg_put(void)
{
    (void)put(SERVICE_INTAKE, T_AGG, agg_key);
}

static void step_put(void)
{
    (void)put(SERVICE_INTAKE, T_HISTORY, step_key);
}

static void report_put(void)
{
    put_number(SERVICE_INTAKE, T_AGG, agg_key, REPORT_STATE, 2);
}

static void count_put(void)
{
    struct version *change = put(SERVICE_INTAKE, T_DELTA, key1(1));
    change->cells[D_METRIC] = cell_number(0);
    change->cells[D_AMOUNT] = cell_number(1);
}

static void load_put(void)
{
    put_number(SERVICE_ENFORCEMENT, T_SQUAD, key1(3), SQ_LOAD, 1);
}

static void squad_put(void)
{
    put_number(SERVICE_ENFORCEMENT, T_SQUAD, key1(3), SQ_LOAD, 0);
}

static void mission_owe(void)
{
    put_number(SERVICE_ENFORCEMENT, T_AGG, agg_key, MISSION_OWED, 3);
}

static void credit_put(void)
{
    (void)put(SERVICE_VOLUNTEER, T_CREDIT, agg_key);
}

static void need_end(void)
{
    put_number(SERVICE_VOLUNTEER, T_AGG, agg_key, NEED_STATE, 3);
}

static void case_put(const char *course, int64_t state)
{
    struct version *this = put(SERVICE_ROUTING, T_AGG, agg_key);
    this->cells[CASE_STATE] = cell_number(state);
    this->cells[CASE_COURSE] =
            (struct cell){.data = (const uint8_t *)course, .size = (int32_t)strlen(course)};
}

#define PART(more) "{\"parts\": [{\"kind\": 1, \"unit\": 4, \"given_ms\": 9" more "}]"
#define CALL_WAITS PART(", \"state\": 1, \"due_ms\": 20, \"warn_ms\": 15") "}"
#define CALL_WARNED PART(", \"state\": 1, \"due_ms\": 20") "}"
#define CALL_DONE PART(", \"state\": 2, \"done_ms\": 19") "}"
#define CALL_DONE_LATER PART(", \"state\": 2, \"done_ms\": 21") "}"
#define CALL_OF_ANOTHER "{\"parts\": [{\"kind\": 1, \"unit\": 5, \"given_ms\": 9, \"state\": 1}]}"
#define CALL_MISSED PART(", \"state\": 3, \"late\": 1, \"done_ms\": 20")
#define MARKED ", \"marks\": [{\"unit\": 4, \"times\": 1, \"metric\": 21}]}"

static void call_put(void)
{
    case_put(CALL_WAITS, 0);
}

static void call_warn(void)
{
    case_put(CALL_WARNED, 0);
}

static void call_finish(void)
{
    case_put(CALL_DONE, 0);
}

static void call_finish_again(void)
{
    case_put(CALL_DONE_LATER, 0);
}

static void call_miss(void)
{
    case_put(CALL_MISSED MARKED, 0);
}

static void call_miss_uncounted(void)
{
    case_put(CALL_MISSED "}", 0);
}

static void call_exchange(void)
{
    case_put(CALL_OF_ANOTHER, 0);
}

static void call_forget(void)
{
    case_put("{\"urged\": 1}", 0);
}

static void call_outlive(void)
{
    case_put(CALL_WAITS, 6);
}

static void page_place(void)
{
    struct version *page = put(SERVICE_AUDIT, T_AGG, agg_key);
    page->cells[ROW_VER] = cell_number(1);
    page->cells[PAGE_COUNT] = cell_number(2);
    page->cells[PAGE_PLACE] = cell_number(0);
}

static void nothing_put(void)
{
    (void)put(SERVICE_INTAKE, T_TIMER, agg_key);
}

static void run_begin(void)
{
    struct sim_plan plan = {.seed = 1};
    txn = (struct txn){0};
    sim_begin(&plan);
    db_begin();
    nothing_put();
    commit();
    assert_false(sim.failed);
}

static void run_end(void)
{
    free(txn.rows);
    db_end();
    sim_end();
}

static void a_breach_is_seen_at_its_commit(void **state)
{
    static const struct {
        void (*before)(void), (*breach)(void);
        const char *why;
    } rows[] = {{nothing_put, sent_put, "is nowhere"}, {outbox_put, outbox_take, "is nowhere"},
            {waiting_put, waiting_take, "is nowhere"}, {letter_put, letter_take, "is nowhere"},
            {sent_and_seen, seen_lower, "is nowhere"},
            {nothing_put, seen_put, "which was not sent"},
            {nothing_put, version_put, "step 1 is missing"}, {agg_put, step_put, "step 1 is there"},
            {nothing_put, report_put, "counted to 0, the table says 1"},
            {nothing_put, count_put, "counted to 1, the table says 0"},
            {nothing_put, load_put, "load of 1 and 0 missions"},
            {squad_put, mission_owe, "load of 0 and 1 missions"},
            {nothing_put, credit_put, "is not done and has its hours"},
            {nothing_put, need_end, "is done and has no hours"},
            {nothing_put, page_place, "head is at 0, and 2 leaves"},
            {call_warn, call_put, "part 1 will be warned again"},
            {call_finish, call_put, "part 1 ends twice, or begins again"},
            {call_finish, call_miss, "part 1 ends twice, or begins again"},
            {call_finish, call_finish_again, "part 1 ends at another instant"},
            {call_put, call_exchange, "part 1 is another one"},
            {call_put, call_forget, "parts were taken away"},
            {call_put, call_outlive, "part 1 waits, and the case is over"},
            {call_put, call_miss_uncounted, "and it was counted 0 times"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        run_begin();
        rows[i].before();
        commit();
        assert_string_equal(sim.why, "");
        rows[i].breach();
        commit();
        if (!strstr(sim.why, rows[i].why))
            fail_msg("row %zu: '%s' and not '... %s'", i, sim.why, rows[i].why);
        run_end();
    }
}

/* What no commit did, as a fault of the simulated database itself. */
static void row_spoil(void)
{
    row_find(db_table(SERVICE_INTAKE, T_AGG), agg_key)->head->cells[ROW_VER] = cell_number(1);
}

static void all_rows_are_looked_at_now_and_then(void **state)
{
    (void)state;
    run_begin();
    agg_put();
    commit();
    row_spoil();
    int commits = 0;
    for (; !sim.failed && commits <= LOOK_AT_ALL_COMMITS; commits++) {
        nothing_put();
        commit();
    }
    assert_true(commits > 1 && commits <= LOOK_AT_ALL_COMMITS);
    assert_non_null(strstr(sim.why, "step 1 is missing"));
    run_end();
}

static void all_rows_are_looked_at_after_an_undone_log(void **state)
{
    (void)state;
    run_begin();
    agg_put();
    commit();
    nothing_put();
    commit();
    row_spoil();
    db_undo(db.lsn - 1);
    nothing_put();
    commit();
    assert_non_null(strstr(sim.why, "step 1 is missing"));
    run_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_breach_is_seen_at_its_commit),
            cmocka_unit_test(all_rows_are_looked_at_now_and_then),
            cmocka_unit_test(all_rows_are_looked_at_after_an_undone_log)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
