/* What is to be sent, on a real PostgreSQL through the kernel's batches: a row for each step and
 * each subscriber who wants it, none of what was refused or rolled back, and nothing looked at when
 * nobody subscribes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/kit/store.h"
#include "proto/hotline.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/intake/intake.h"
#include "services/intake/store.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/bus/peers.h"

#define FILL                                                                                       \
    "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en) VALUES"   \
    " (1, 'D', NULL, 0, 4, 'district', '', '');"                                                   \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min, dup_m, dup_h) VALUES"  \
    " (8, 'LAMP', '', '', '', 4, 1, 'all', 0, 60, 0, 60, 0, 0),"                                   \
    " (9, 'POLE', '', '', '', 4, 1, 'all', 0, 60, 0, 60, 50, 24)"
#define SUBSCRIBER(name, rest)                                                                     \
    "INSERT INTO subscriber (name, url, kinds, sources, state) VALUES ('" name                     \
    "', 'https://x.example', " rest ")"

static struct arena arena;

static int group_setup(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    kit_store_start(&intake_ops, FILL);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    store_fini();
    kit_store_stop();
    arena_fini(&arena);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    kit_store_clear("subscriber, delivery, ticket, report, outbox, history, counter_delta, "
                    "counter_kept, command");
    return 0;
}

static struct work *message_add_as(const char *peer, const Huying__Hotline__Report *message)
{
    struct work *work = kit_command(0, HOTLINE_REPORT, &message->base, "");
    work->right_held = RIGHT_HOTLINE;
    (void)snprintf(work->input.peer, sizeof work->input.peer, "%s", peer);
    return work;
}

/* The same pole; as the case `join` has it, when that is not 0. */
static int64_t pole_push(const char *peer, const char *ticket, int64_t join)
{
    Huying__Hotline__Report message = HUYING__HOTLINE__REPORT__INIT;
    char number[CASE_NUMBER_SIZE] = "", matter[] = "POLE";
    int64_t accepted_ms = kit_pg_int(kit_store.server,
            "SELECT coalesce(max(extract(epoch FROM accepted) * 1000), 0)::bigint FROM "
            "intake.report");
    if (join)
        case_number_format(number, "TT", join, accepted_ms, 0);
    message.ticket = arena_copy(&arena, ticket, strlen(ticket) + 1);
    message.matter = matter;
    message.longitude = 113.35;
    message.latitude = 22.94;
    message.join = number;
    struct work *work = message_add_as(peer, &message);
    kit_batch_run();
    return work->input.agg;
}

static struct work *push_add(const char *peer, const char *ticket, const char *about)
{
    Huying__Hotline__Report message = HUYING__HOTLINE__REPORT__INIT;
    char *texts[3];
    const char *const from[] = {ticket, strncmp(ticket, "BAD", 3) ? "LAMP" : "POTHOLE", about};
    for (int i = 0; i < 3; i++)
        texts[i] = arena_copy(&arena, from[i], strlen(from[i]) + 1);
    message.ticket = texts[0];
    message.matter = texts[1];
    message.about = texts[2];
    message.intent =
            *about ? HUYING__HOTLINE__INTENT__INTENT_URGE : HUYING__HOTLINE__INTENT__INTENT_REPORT;
    return message_add_as(peer, &message);
}

static int64_t push(const char *peer, const char *ticket, const char *about)
{
    struct work *work = push_add(peer, ticket, about);
    kit_batch_run();
    return work->input.agg;
}

static void end(int64_t id, uint64_t n)
{
    Huying__Routing__CaseEnded message = HUYING__ROUTING__CASE_ENDED__INIT;
    char text[] = "done", outcome[] = "closed";
    message.outcome = outcome;
    message.text = text;
    (void)kit_event(SERVICE_ROUTING, id, n, ROUTING_CASE_ENDED, &message.base);
    kit_batch_run();
}

/* All rows as one text: "subscriber kind state ver source ref done; …". */
static void assert_rows(const char *wanted)
{
    PGresult *rows = kit_pg_sql(kit_store.server,
            "SELECT coalesce(string_agg(concat_ws(' ', s.name, d.kind, d.state, d.ver, d.round, "
            "d.source, d.ref), '; ' ORDER BY d.subscriber, d.agg, d.ver), '') "
            "FROM intake.delivery AS d JOIN intake.subscriber AS s ON s.id = d.subscriber");
    assert_string_equal(PQgetvalue(rows, 0, 0), wanted);
    PQclear(rows);
}

static void subscribe(const char *sql)
{
    PGresult *result = pg_exec(kit_store.pg, sql, NULL);
    if (!result)
        fail_msg("%s", pg_message(kit_store.pg));
    PQclear(result);
}

static void each_step_has_a_row_for_each_who_wants_it(void **state)
{
    (void)state;
    subscribe(SUBSCRIBER("all", "'{1,3,5}', NULL, 1"));
    subscribe(SUBSCRIBER("ends", "'{3}', NULL, 1"));
    subscribe(SUBSCRIBER("of_b", "'{1,3,5}', '{b,c}', 1"));
    int64_t id = push("a", "T1", "");
    (void)push("a", "T2", "T1");
    end(id, 1);
    (void)push("b", "T1", "");
    end(id, 2);
    assert_rows("all 1 1 1 0 a T1; all 5 1 2 0 a T1; all 3 2 3 1 a T1; all 3 2 4 2 a T1; "
                "all 1 1 1 0 b T1; ends 3 2 3 1 a T1; ends 3 2 4 2 a T1; of_b 1 1 1 0 b T1");
}

/* Who has joined another's report hears of it from then on, under a ticket of its own. */
static void who_joined_hears_of_what_follows(void **state)
{
    (void)state;
    subscribe(SUBSCRIBER("all", "'{1,3,7}', NULL, 1"));
    subscribe(SUBSCRIBER("of_a", "'{1,3,7}', '{a}', 1"));
    subscribe(SUBSCRIBER("of_b", "'{1,3,7}', '{c,b}', 1"));
    subscribe(SUBSCRIBER("of_d", "'{1,3,7}', '{d}', 1"));
    int64_t id = pole_push("a", "T1", 0);
    assert_int_equal(pole_push("b", "T2", id), id);
    assert_int_equal(pole_push("b", "T3", id), id);
    end(id, 1);
    assert_rows("all 1 1 1 0 a T1; all 7 1 2 0 a T1; all 7 1 3 0 a T1; all 3 2 4 1 a T1; "
                "of_a 1 1 1 0 a T1; of_a 7 1 2 0 a T1; of_a 7 1 3 0 a T1; of_a 3 2 4 1 a T1; "
                "of_b 7 1 2 0 b T2; of_b 7 1 3 0 b T2; of_b 3 2 4 1 b T2");
}

/* Several steps of one report, in one transaction. */
static void steps_of_one_batch_are_all_there(void **state)
{
    (void)state;
    subscribe(SUBSCRIBER("all", "'{1,5}', NULL, 1"));
    (void)push_add("a", "T1", "");
    (void)push_add("a", "T1", "");
    (void)push_add("a", "T2", "T1");
    kit_batch_run();
    (void)push("a", "T3", "T1");
    assert_rows("all 1 1 1 0 a T1; all 5 1 2 0 a T1; all 5 1 3 0 a T1");
}

static void paused_gets_rows_and_disabled_none(void **state)
{
    (void)state;
    subscribe(SUBSCRIBER("paused", "'{1}', NULL, 2"));
    subscribe(SUBSCRIBER("disabled", "'{1}', NULL, 3"));
    (void)push("a", "T1", "");
    assert_rows("paused 1 1 1 0 a T1");
}

static void refused_and_repeated_reports_make_no_rows(void **state)
{
    (void)state;
    subscribe(SUBSCRIBER("all", "'{1,3,5}', NULL, 1"));
    (void)push("a", "BAD", "");
    (void)push("a", "T1", "");
    (void)push("a", "T1", "");
    assert_rows("all 1 1 1 0 a T1");
}

/* What a batch pays when nobody subscribes: a look into an empty table. */
static void nothing_is_looked_at_without_subscribers(void **state)
{
    (void)state;
    PGresult *plan = pg_exec(kit_store.pg,
            "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) "
            "EXECUTE intake_delivery_add ('{1,2,3}')",
            NULL);
    if (!plan)
        fail_msg("%s", pg_message(kit_store.pg));
    int scans = 0, run = 0;
    for (int row = 0; row < PQntuples(plan); row++) {
        const char *line = row_text(plan, row, 0);
        bool scan = strstr(line, " Scan ") || strstr(line, "Scan on");
        scans += scan;
        run += scan && !strstr(line, "never executed");
    }
    assert_true(scans >= 4);
    assert_int_equal(run, 1);
    PQclear(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(each_step_has_a_row_for_each_who_wants_it, setup),
            cmocka_unit_test_setup(who_joined_hears_of_what_follows, setup),
            cmocka_unit_test_setup(steps_of_one_batch_are_all_there, setup),
            cmocka_unit_test_setup(paused_gets_rows_and_disabled_none, setup),
            cmocka_unit_test_setup(refused_and_repeated_reports_make_no_rows, setup),
            cmocka_unit_test_setup(nothing_is_looked_at_without_subscribers, setup)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
