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
#include "services/volunteer/store.h"
#include "services/kernel/bus/peers.h"
#include "services/kernel/store/batch.h"
#include "services/kernel/store/directory.h"
#include "tests/kit/pg.h"

#define DEADLINE_MS 20000
#define NOW INT64_C(1514764800000)
#define WORKS_MAX 16
#define PAYLOAD_MAX 256

#define FILL                                                                                       \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, clock,"   \
    " version, incarnation) VALUES (7, 'TT', '市', 'City', 0, true, '2018-01-02Z', 3, 5);"        \
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

/* Rows that the deltas and the view do not agree on. */
#define COUNTERS_DIFFER                                                                            \
    "WITH d AS (SELECT m AS metric, u AS unit, t AS matter, sum(a)::bigint AS value"               \
    " FROM volunteer.counter_delta, unnest(metrics, units, matters, amounts) AS x (m, u, t, a)"    \
    " GROUP BY 1, 2, 3 HAVING sum(a) <> 0), t AS (SELECT * FROM volunteer.counter_truth)"          \
    " SELECT count(*) FROM ((SELECT * FROM d EXCEPT SELECT * FROM t) UNION ALL"                    \
    " (SELECT * FROM t EXCEPT SELECT * FROM d)) AS x"
/* Needs that are done without their hours, and hours without a need that is done. */
#define CREDITS_DIFFER                                                                             \
    "SELECT count(*) FROM (SELECT id, volunteer, minutes FROM volunteer.needs WHERE state = 3) n"  \
    " FULL JOIN volunteer.credit AS c ON c.need_id = n.id AND c.volunteer = n.volunteer"           \
    " AND c.minutes = n.minutes WHERE n.id IS NULL OR c.need_id IS NULL"

static struct kit_pg *server;
static struct pg *pg;
static struct directory *directory;
static struct ids ids;
static struct batch *batch;
static enum batch_end ended;
static struct work works[WORKS_MAX];
static uint8_t payloads[WORKS_MAX][PAYLOAD_MAX];
static size_t work_count;
static int64_t serial;

static int setup(void **state)
{
    (void)state;
    size_t count = 0;
    server = kit_pg_start(NULL);
    kit_pg_service(server, "volunteer");
    kit_pg_run(server, FILL);
    struct statement *list = batch_statements(&volunteer_ops, 2, &count);
    list[count++] = needs_sql_list;
    list[count++] = offers_sql_need;
    pg = pg_new(kit_pg_conninfo(server, "huying_volunteer"), "volunteer");
    pg_prepare(pg, list, count);
    assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    free(list);
    assert_int_equal(directory_load_now(pg, &directory), OK);
    ids = (struct ids){.site = 7, .service = SERVICE_VOLUNTEER, .next = 1, .end = 1000000};
    batch = batch_new(&volunteer_ops, pg, &ids);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    batch_destroy(&batch);
    pg_destroy(&pg);
    directory_destroy(&directory);
    kit_pg_stop(&server);
    return 0;
}

/* Each test begins with empty tables. */
static int clear(void **state)
{
    (void)state;
    kit_pg_run(server,
            "TRUNCATE volunteer.needs, volunteer.credit, volunteer.timer, volunteer.outbox,"
            " volunteer.history, volunteer.counter_delta, volunteer.command,"
            " volunteer.waiting");
    work_count = 0;
    return 0;
}

static struct work *work_add(
        enum work_origin origin, int64_t agg, uint32_t type, const ProtobufCMessage *message)
{
    assert_true(work_count < WORKS_MAX);
    struct work *work = &works[work_count];
    *work = (struct work){.origin = origin, .request_id = ""};
    work->input = (struct input){.type = type, .agg = agg, .msg_id = ++serial, .now_ms = NOW};
    work->payload.data = payloads[work_count];
    if (message != NULL)
        work->payload.size = protobuf_c_message_pack(message, payloads[work_count]);
    work_count++;
    return work;
}

static void opened_add(int64_t agg, uint64_t n, char *skill)
{
    Huying__Routing__NeedOpened message = HUYING__ROUTING__NEED_OPENED__INIT;
    char matter[] = "GRAFFITI", ref[] = "R-1";
    message.unit = 4;
    message.skill = skill;
    message.matter = matter;
    message.source_ref = ref;
    message.offer_until_ms = NOW + 3600000;
    struct work *work = work_add(WORK_EVENT, agg, MESSAGE_OPENED, &message.base);
    work->input.source = SERVICE_ROUTING;
    work->input.n = n;
}

static void cancel_add(int64_t agg, uint64_t n)
{
    Huying__Routing__NeedCancelled message = HUYING__ROUTING__NEED_CANCELLED__INIT;
    struct work *work = work_add(WORK_EVENT, agg, MESSAGE_CANCELLED, &message.base);
    work->input.source = SERVICE_ROUTING;
    work->input.n = n;
}

static struct work *command_add(int64_t agg, uint32_t type, const char *actor, int32_t minutes)
{
    Huying__Volunteer__Done message = HUYING__VOLUNTEER__DONE__INIT; /* Act has its first fields */
    message.minutes = minutes;
    struct work *work = work_add(WORK_COMMAND, agg, type, &message.base);
    work->input.kind = INPUT_COMMAND;
    work->right_held = RIGHT_ACT;
    work->type = core_type(&volunteer_ops, INPUT_COMMAND, SERVICE_NONE, type);
    snprintf(work->input.actor, sizeof(work->input.actor), "%s", actor);
    snprintf(work->input.peer, sizeof(work->input.peer), "test");
    return work;
}

static void done(void *self, struct batch *of, enum batch_end end, const char *message)
{
    (void)self;
    (void)of;
    if (end != BATCH_DONE)
        print_error("batch: %s\n", message);
    ended = end;
}

static void batch_run(void)
{
    struct work *list[WORKS_MAX];
    for (size_t i = 0; i < work_count; i++)
        list[i] = &works[i];
    struct batch_start start = {.works = list,
            .work_count = work_count,
            .directory = directory,
            .incarnation = kit_pg_int(server, "SELECT incarnation FROM directory.site"),
            .session = 1,
            .outbox_due_ms = 60000,
            .done = done};
    batch_start(batch, &start);
    while (batch_busy(batch))
        assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    assert_int_equal(ended, BATCH_DONE);
    work_count = 0;
    assert_int_equal(kit_pg_int(server, CREDITS_DIFFER), 0);
    assert_int_equal(kit_pg_int(server, COUNTERS_DIFFER), 0);
}

static long long state_of(int64_t agg)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT state FROM volunteer.needs WHERE id = %lld", (long long)agg);
    return kit_pg_int(server, sql);
}

static void two_claims_in_a_batch_have_one_winner(void **state)
{
    char paint[] = "paint";
    (void)state;
    opened_add(101, 1, paint);
    batch_run();
    assert_int_equal(state_of(101), NEED_OFFERED);
    assert_int_equal(kit_pg_int(server, "SELECT offers FROM volunteer.needs WHERE id = 101"), 2);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM volunteer.timer"), 1);
    struct work *first = command_add(101, COMMAND_CLAIM, "v2", 0);
    struct work *second = command_add(101, COMMAND_CLAIM, "v1", 0);
    batch_run();
    assert_int_equal((first->verdict == VERDICT_APPLIED) + (second->verdict == VERDICT_APPLIED), 1);
    assert_int_equal(first->reason + second->reason, REASON_TAKEN);
    assert_int_equal(state_of(101), NEED_CLAIMED);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM volunteer.timer"), 0);
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
    command_add(102, COMMAND_DONE, "v1", 0)->input.now_ms = NOW + 60 * 60000;
    batch_run();
    command_add(101, COMMAND_DONE, "v1", 30);
    batch_run();
    assert_int_equal(
            kit_pg_int(server, "SELECT minutes FROM volunteer.volunteer_hours WHERE needs = 2"),
            90);
}

static void offer_lapses_by_its_timer(void **state)
{
    char paint[] = "paint";
    (void)state;
    opened_add(101, 1, paint);
    batch_run();
    struct work *work = work_add(WORK_TIMER, 101, TIMER_OFFER, NULL);
    work->input.kind = INPUT_TIMER;
    work->input.n = (uint64_t)kit_pg_int(server, "SELECT gen FROM volunteer.timer");
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
    assert_int_equal(kit_pg_int(server, "SELECT seen_routing FROM volunteer.needs"), 2);
}

struct answer {
    struct buf bytes;
};

static void rows_take(void *self, const PGresult *rows)
{
    struct answer *answer = self;
    needs_encode_rows(rows, directory, &answer->bytes);
}

static void synced(void *self, enum err err, const char *message)
{
    (void)self;
    if (err != OK)
        print_error("query: %s\n", message);
    assert_int_equal(err, OK);
}

/* Sum of the ids of the needs in the answer. */
static int64_t list_sum(const Huying__Volunteer__NeedsQuery *query)
{
    uint8_t payload[PAYLOAD_MAX];
    struct answer answer = {0};
    struct arena arena;
    struct params params = {0};
    const char *why = NULL;
    int64_t sum = 0;
    size_t size = huying__volunteer__needs_query__pack(query, payload);
    arena_init(&arena, 1 << 20);
    assert_int_equal(
            needs_bind((struct bytes){payload, size}, directory, "", &arena, &params, &why), OK);
    pg_queue(pg, &needs_sql_list, &params, rows_take, &answer);
    pg_sync(pg, synced, NULL);
    assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    Huying__Volunteer__Needs *list = huying__volunteer__needs__unpack(
            NULL, answer.bytes.size, (const uint8_t *)answer.bytes.data);
    assert_non_null(list);
    for (size_t i = 0; i < list->n_items; i++) {
        assert_string_equal(list->items[i]->matter, "GRAFFITI");
        sum += list->items[i]->id;
    }
    huying__volunteer__needs__free_unpacked(list, NULL);
    buf_fini(&answer.bytes);
    params_fini(&params);
    arena_fini(&arena);
    return sum;
}

struct fit {
    int rows;
    struct buf bytes;
};

static void offers_take(void *self, const PGresult *rows)
{
    struct fit *fit = self;
    fit->rows = PQntuples(rows);
    offers_encode_rows(rows, directory, &fit->bytes);
}

static size_t offers_count(int64_t need)
{
    Huying__Volunteer__OffersQuery query = HUYING__VOLUNTEER__OFFERS_QUERY__INIT;
    uint8_t payload[PAYLOAD_MAX];
    struct params params = {0};
    struct fit fit = {0};
    struct arena arena;
    const char *why = NULL;
    query.need = need;
    size_t size = huying__volunteer__offers_query__pack(&query, payload);
    arena_init(&arena, 1 << 20);
    assert_int_equal(
            offers_bind((struct bytes){payload, size}, directory, "", &arena, &params, &why), OK);
    pg_queue(pg, &offers_sql_need, &params, offers_take, &fit);
    pg_sync(pg, synced, NULL);
    assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    Huying__Volunteer__Offers *list = huying__volunteer__offers__unpack(
            NULL, fit.bytes.size, (const uint8_t *)fit.bytes.data);
    assert_non_null(list);
    size_t count = list->n_items;
    huying__volunteer__offers__free_unpacked(list, NULL);
    buf_fini(&fit.bytes);
    params_fini(&params);
    arena_fini(&arena);
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
    kit_pg_run(server, "INSERT INTO volunteer.needs (id) VALUES (1)"); /* a stub */
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
            cmocka_unit_test_setup(offer_lapses_by_its_timer, clear),
            cmocka_unit_test_setup(need_that_nobody_fits_is_unclaimed_at_once, clear),
            cmocka_unit_test_setup(lists_filter, clear),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
