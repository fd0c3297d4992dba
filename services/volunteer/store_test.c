/* Needs in a real PostgreSQL, through the kernel's batches: one claim, hours once, the offer's
 * timer, counters against their truth, the lists of needs and offers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "proto/routing.pb-c.h"
#include "proto/volunteer.pb-c.h"
#include "services/volunteer/ops.h"
#include "services/volunteer/volunteer.h"
#include "tests/kit/life.h"
#include "tests/kit/store.h"

#define FILL                                                                                       \
    "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en,"          \
    " capabilities, capacity) VALUES"                                                              \
    " (1, 'D', NULL, 0, 4, 'district', '区', 'District', '', 0),"                                 \
    " (2, 'A', 1, 1, 3, 'street', '街', 'Street', '', 0),"                                        \
    " (4, 'A/1', 2, 2, 2, 'village', '村', 'Village', '', 0),"                                    \
    " (5, 'A/2', 2, 2, 2, 'village', '村', 'Village', '', 0);"                                    \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min)"                       \
    " VALUES (7, 'GRAFFITI', 'c', '涂', 'Graffiti', 2, 4, 'all', 0, 60, 60, 60);"                 \
    "INSERT INTO directory.staff (id, code, name, unit, role, skills) VALUES"                      \
    " (1, 'v1', '甲', 4, 'volunteer', 'paint'), (2, 'v2', '乙', 5, 'volunteer', 'paint')"

/* Needs that are done without their hours, and hours without a need that is done. */
#define CREDITS_DIFFER                                                                             \
    "SELECT count(*) FROM (SELECT id, volunteer, minutes FROM volunteer.needs WHERE state = 3) n"  \
    " FULL JOIN volunteer.credit AS c ON c.need_id = n.id AND c.volunteer = n.volunteer"           \
    " AND c.minutes = n.minutes WHERE n.id IS NULL OR c.need_id IS NULL"

static int setup(void **state)
{
    (void)state;
    kit_store_start(&volunteer_ops, FILL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_store_stop();
    return 0;
}

/* Each test begins with empty tables. */
static int clear(void **state)
{
    (void)state;
    kit_store_clear(
            "needs, credit, timer, outbox, history, counter_delta, counter_kept, command, waiting");
    return 0;
}

static void opened_add(int64_t agg, uint64_t n, char *skill)
{
    Huying__Routing__NeedOpened message = HUYING__ROUTING__NEED_OPENED__INIT;
    char matter[] = "GRAFFITI", ref[] = "R-1";
    message.unit = 4;
    message.skill = skill;
    message.matter = matter;
    message.source_ref = ref;
    message.offer_until_ms = KIT_NOW + 3600000;
    kit_event(SERVICE_ROUTING, agg, n, MESSAGE_OPENED, &message.base);
}

static void cancel_add(int64_t agg, uint64_t n)
{
    Huying__Routing__NeedCancelled message = HUYING__ROUTING__NEED_CANCELLED__INIT;
    kit_event(SERVICE_ROUTING, agg, n, MESSAGE_CANCELLED, &message.base);
}

static struct work *command_add(int64_t agg, uint32_t type, const char *actor, int32_t minutes)
{
    Huying__Volunteer__Done message = HUYING__VOLUNTEER__DONE__INIT; /* Act has its first fields */
    message.minutes = minutes;
    return kit_command(agg, type, &message.base, actor);
}

static void batch_run(void)
{
    kit_batch_run();
    assert_int_equal(kit_pg_int(kit_store.server, CREDITS_DIFFER), 0);
    assert_int_equal(kit_counters_differ(), 0);
}

static long long state_of(int64_t agg)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT state FROM volunteer.needs WHERE id = %lld", (long long)agg);
    return kit_pg_int(kit_store.server, sql);
}

static void two_claims_in_a_batch_have_one_winner(void **state)
{
    char paint[] = "paint";
    (void)state;
    opened_add(101, 1, paint);
    batch_run();
    assert_int_equal(state_of(101), NEED_OFFERED);
    assert_int_equal(
            kit_pg_int(kit_store.server, "SELECT offers FROM volunteer.needs WHERE id = 101"), 2);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT count(*) FROM volunteer.timer"), 1);
    struct work *first = command_add(101, COMMAND_CLAIM, "v2", 0);
    struct work *second = command_add(101, COMMAND_CLAIM, "v1", 0);
    batch_run();
    assert_int_equal((first->verdict == VERDICT_APPLIED) + (second->verdict == VERDICT_APPLIED), 1);
    assert_int_equal(first->reason + second->reason, REASON_TAKEN);
    assert_int_equal(state_of(101), NEED_CLAIMED);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT count(*) FROM volunteer.timer"), 0);
}

static void hours_are_credited_once(void **state)
{
    char any[] = "";
    (void)state;
    opened_add(101, 1, any);
    opened_add(102, 1, any);
    command_add(101, COMMAND_CLAIM, "v1", 0);
    command_add(102, COMMAND_CLAIM, "v1", 0);
    batch_run();
    assert_int_equal(state_of(101), NEED_CLAIMED);
    command_add(101, COMMAND_DONE, "v1", 30);
    command_add(101, COMMAND_DONE, "v1", 45);
    command_add(102, COMMAND_DONE, "v1", 0)->input.now_ms = KIT_NOW + 60 * 60000;
    batch_run();
    command_add(101, COMMAND_DONE, "v1", 30);
    batch_run();
    assert_int_equal(kit_pg_int(kit_store.server,
                             "SELECT minutes FROM volunteer.volunteer_hours WHERE needs = 2"),
            90);
}

static void need_that_is_done_can_lose_its_data(void **state)
{
    char any[] = "";
    (void)state;
    opened_add(101, 1, any);
    command_add(101, COMMAND_CLAIM, "v1", 0);
    command_add(101, COMMAND_DONE, "v1", 30);
    batch_run();
    kit_row_ends(kit_store.server, &volunteer_ops, 101);
    assert_int_equal(
            kit_pg_int(kit_store.server, "SELECT minutes FROM volunteer.volunteer_hours"), 30);
}

static void offer_lapses_by_its_timer(void **state)
{
    char paint[] = "paint";
    (void)state;
    opened_add(101, 1, paint);
    batch_run();
    struct work *work = kit_work(WORK_TIMER, 101, TIMER_OFFER, NULL);
    work->input.n = (uint64_t)kit_pg_int(kit_store.server, "SELECT gen FROM volunteer.timer");
    batch_run();
    assert_int_equal(state_of(101), NEED_UNCLAIMED);
}

static void need_that_nobody_fits_is_unclaimed_at_once(void **state)
{
    char swim[] = "swim";
    (void)state;
    opened_add(101, 1, swim);
    cancel_add(101, 2);
    batch_run();
    assert_int_equal(state_of(101), NEED_UNCLAIMED);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT seen_routing FROM volunteer.needs"), 2);
}

/* Sum of the ids of the needs in the answer. */
static int64_t list_sum(const Huying__Volunteer__NeedsQuery *query)
{
    int64_t sum = 0;
    struct bytes answer = kit_query(QUERY_NEEDS, &query->base);
    Huying__Volunteer__Needs *list =
            huying__volunteer__needs__unpack(NULL, answer.size, answer.data);
    assert_non_null(list);
    for (size_t i = 0; i < list->n_items; i++) {
        assert_string_equal(list->items[i]->matter, "GRAFFITI");
        sum += list->items[i]->id;
    }
    huying__volunteer__needs__free_unpacked(list, NULL);
    return sum;
}

static size_t offers_count(int64_t need)
{
    Huying__Volunteer__OffersQuery query = HUYING__VOLUNTEER__OFFERS_QUERY__INIT;
    query.need = need;
    struct bytes answer = kit_query(QUERY_OFFERS, &query.base);
    Huying__Volunteer__Offers *list =
            huying__volunteer__offers__unpack(NULL, answer.size, answer.data);
    assert_non_null(list);
    size_t count = list->n_items;
    huying__volunteer__offers__free_unpacked(list, NULL);
    return count;
}

static void lists_filter(void **state)
{
    char any[] = "", unclaimed[] = "unclaimed", swim[] = "swim", ref[] = "R-1";
    char *refs[] = {ref};
    Huying__Volunteer__NeedsQuery query = HUYING__VOLUNTEER__NEEDS_QUERY__INIT;
    (void)state;
    opened_add(101, 1, any);
    opened_add(102, 1, any);
    opened_add(103, 1, swim);
    kit_pg_run(kit_store.server, "INSERT INTO volunteer.needs (id) VALUES (1)"); /* a stub */
    batch_run();
    assert_int_equal(list_sum(&query), 101 + 102);
    query.unit = 1;
    assert_int_equal(list_sum(&query), 101 + 102);
    query.unit = 5;
    assert_int_equal(list_sum(&query), 0);
    query.unit = 0;
    query.after = 101;
    assert_int_equal(list_sum(&query), 102);
    query.after = 0;
    query.state = unclaimed;
    assert_int_equal(list_sum(&query), 103);
    query.n_source_refs = 1;
    query.source_refs = refs;
    assert_int_equal(list_sum(&query), 101 + 102 + 103);
    assert_int_equal(offers_count(101), 2);
    assert_int_equal(offers_count(103), 0);
    assert_int_equal(offers_count(999), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(two_claims_in_a_batch_have_one_winner, clear),
            cmocka_unit_test_setup(hours_are_credited_once, clear),
            cmocka_unit_test_setup(need_that_is_done_can_lose_its_data, clear),
            cmocka_unit_test_setup(offer_lapses_by_its_timer, clear),
            cmocka_unit_test_setup(need_that_nobody_fits_is_unclaimed_at_once, clear),
            cmocka_unit_test_setup(lists_filter, clear),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
