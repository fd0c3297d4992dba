/* Reports that name photos, on a real PostgreSQL through the kernel's batches: only photos that are
 * kept can be named, who names them is written with the report, routing is told, and the rows go
 * with the report's data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/kit/life.h"
#include "tests/kit/store.h"
#include "proto/hotline.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/intake/intake.h"
#include "services/intake/store.h"
#include "services/kernel/bus/peers.h"

#define FILL                                                                                       \
    "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en) VALUES"   \
    " (1, 'D', NULL, 0, 4, 'district', '', '');"                                                   \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min, dup_m, dup_h) VALUES"  \
    " (8, 'LAMP', '', '', '', 4, 1, 'all', 0, 60, 0, 60, 100, 24)"

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

/* Photos 1 to 4 are kept, 5 is known and not kept, 6 is not known. */
static int setup(void **state)
{
    (void)state;
    kit_store_clear("photo, report_photo, ticket, report, outbox, history, counter_delta, "
                    "counter_kept, command");
    kit_pg_run(kit_store.server,
            "INSERT INTO intake.photo (hash, width, height, size, kept) SELECT "
            "decode(repeat('0' || n, 32), 'hex'), 1, 1, 1, n < 5 FROM generate_series(1, 5) AS n");
    return 0;
}

static void photo_name_set(ProtobufCBinaryData *photo, char number)
{
    photo->len = PHOTO_HASH_SIZE;
    photo->data = arena_get(&arena, PHOTO_HASH_SIZE);
    memset(photo->data, number - '0', PHOTO_HASH_SIZE);
}

/* `photos`: a digit each. */
static struct work *push_add(const char *ticket, const char *about, const char *photos, double at)
{
    Huying__Hotline__Report message = HUYING__HOTLINE__REPORT__INIT;
    char matter[] = "LAMP";
    message.ticket = arena_copy(&arena, ticket, strlen(ticket) + 1);
    message.about = arena_copy(&arena, about, strlen(about) + 1);
    message.matter = matter;
    message.longitude = at;
    message.latitude = at ? 22.94 : 0;
    message.n_photos = strlen(photos);
    message.photos = arena_array(&arena, ProtobufCBinaryData, message.n_photos + 1);
    for (size_t i = 0; i < message.n_photos; i++)
        photo_name_set(&message.photos[i], photos[i]);
    message.intent =
            *about ? HUYING__HOTLINE__INTENT__INTENT_URGE : HUYING__HOTLINE__INTENT__INTENT_REPORT;
    struct work *work = kit_command(0, HOTLINE_REPORT, &message.base, "");
    work->right_held = RIGHT_HOTLINE;
    (void)snprintf(work->input.peer, sizeof work->input.peer, "hotline");
    return work;
}

static void push(const char *ticket, const char *about, const char *photos)
{
    (void)push_add(ticket, about, photos, 0);
    kit_batch_run();
}

/* What reports have come to, "TICKET:photos", and whether anything was refused is seen by what is
 * not there. */
static void assert_named(const char *wanted)
{
    PGresult *rows = kit_pg_sql(kit_store.server,
            "SELECT coalesce(string_agg(n.said, ' ' ORDER BY n.said), '') FROM (SELECT r.ref || "
            "':' || coalesce((SELECT string_agg(get_byte(p.photo, 0)::text, '' ORDER BY p.photo) "
            "FROM intake.report_photo AS p WHERE p.report = r.id), '') AS said "
            "FROM intake.report AS r WHERE r.ver > 0) AS n");
    assert_string_equal(PQgetvalue(rows, 0, 0), wanted);
    PQclear(rows);
}

static void only_kept_photos_can_be_named(void **state)
{
    static const struct {
        const char *photos;
        const char *named;
    } table[] = {{"", "T:"}, {"1", "T:1"}, {"4321", "T:1234"}, {"11", "T:1"}, {"5", ""}, {"6", ""},
            {"16", ""}, {"15", ""}};
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        (void)setup(NULL);
        push("T", "", table[i].photos);
        assert_named(table[i].named);
    }
}

/* What was refused is mended under the same ticket; what was taken is a repeat, whatever became of
 * the photo since. */
static void a_refusal_is_mended_and_a_repeat_stays_one(void **state)
{
    (void)state;
    push("T", "", "5");
    assert_named("");
    kit_pg_run(kit_store.server, "UPDATE intake.photo SET kept = true");
    push("T", "", "5");
    assert_named("T:5");
    kit_pg_run(kit_store.server, "UPDATE intake.photo SET kept = false");
    push("T", "", "5");
    push("T", "", "1"); /* another body */
    assert_named("T:5");
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT count(*) FROM intake.history"), 1);
}

/* One batch, as it comes under load: a report, one that joins it, one that urges, and others. */
static void everybody_in_a_batch_shows_his_own(void **state)
{
    (void)state;
    (void)push_add("A", "", "1", 113.35);
    (void)push_add("B", "", "2", 113.35);
    (void)push_add("C", "A", "3", 0);
    (void)push_add("D", "", "21", 0);
    (void)push_add("E", "", "6", 0);
    (void)push_add("F", "", "", 0);
    kit_batch_run();
    assert_named("A:123 D:12 F:");
    push("G", "A", "4");
    push("H", "A", "5");
    assert_named("A:1234 D:12 F:");
}

static void routing_is_told_of_them(void **state)
{
    (void)state;
    push("T", "", "12");
    assert_int_equal(kit_pg_int(kit_store.server,
                             "SELECT count(*) FROM intake.outbox AS o WHERE position("
                             "decode(repeat('01', 32), 'hex') IN o.payload) > 0 AND "
                             "position(decode(repeat('02', 32), 'hex') IN o.payload) > 0"),
            1);
    assert_int_equal(
            kit_pg_int(kit_store.server,
                    "SELECT count(*) FROM intake.history AS h WHERE position(convert_to("
                    "repeat('01', 32) || ' ' || repeat('02', 32), 'UTF8') IN h.detail) > 0"),
            1);
}

/* A batch that has found a photo kept holds it: whoever wants to remove it waits, or passes by. */
static void a_photo_is_held_until_the_batch_is_over(void **state)
{
    (void)state;
    PGresult *begin = pg_exec(kit_store.pg, "BEGIN", NULL);
    PGresult *kept = pg_exec(kit_store.pg,
            "EXECUTE intake_photos_kept (ARRAY[decode(repeat('01', 32), 'hex')], 9)", NULL);
    assert_true(begin && kept && PQntuples(kept) == 1);
    assert_int_equal(kit_pg_int(kit_store.server,
                             "SELECT count(*) FROM (SELECT FROM intake.photo AS p WHERE p.kept "
                             "FOR UPDATE SKIP LOCKED) AS f"),
            3);
    PGresult *end = pg_exec(kit_store.pg, "ROLLBACK", NULL);
    PQclear(begin);
    PQclear(kept);
    PQclear(end);
}

static void names_go_with_the_reports_data(void **state)
{
    (void)state;
    struct work *work = push_add("T", "", "12", 0);
    kit_batch_run();
    int64_t id = work->input.agg;
    Huying__Routing__CaseEnded message = HUYING__ROUTING__CASE_ENDED__INIT;
    char text[] = "done", outcome[] = "closed";
    message.outcome = outcome;
    message.text = text;
    (void)kit_event(SERVICE_ROUTING, id, 1, ROUTING_CASE_ENDED, &message.base);
    kit_batch_run();
    kit_pg_run(kit_store.server,
            "UPDATE intake.report SET ended = ended - interval '20 days', outcome_pending = false");
    kit_row_ends(kit_store.server, &intake_ops, id);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT count(*) FROM intake.report_photo"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(only_kept_photos_can_be_named, setup),
            cmocka_unit_test_setup(a_refusal_is_mended_and_a_repeat_stays_one, setup),
            cmocka_unit_test_setup(everybody_in_a_batch_shows_his_own, setup),
            cmocka_unit_test_setup(routing_is_told_of_them, setup),
            cmocka_unit_test_setup(a_photo_is_held_until_the_batch_is_over, setup),
            cmocka_unit_test_setup(names_go_with_the_reports_data, setup)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
