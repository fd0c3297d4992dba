/* Which tickets are on record, on a real PostgreSQL through the kernel's batches: what was
 * accepted, joined or urged, each with one instant in row, report and receipts; and a hotline that
 * lost receipts finds exactly those. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/kit/store.h"
#include "proto/hotline.pb-c.h"
#include "services/intake/codec.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/hotline/compare.h"
#include "services/intake/intake.h"
#include "services/intake/store.h"
#include "services/kernel/bus/peers.h"

#define FILL                                                                                       \
    "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en) VALUES"   \
    " (1, 'D', NULL, 0, 4, 'district', '', '');"                                                   \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min, dup_m, dup_h) VALUES"  \
    " (7, 'SEWAGE', '', '', '', 4, 1, 'all', 0, 60, 0, 60, 50, 4),"                                \
    " (8, 'LAMP', '', '', '', 4, 1, 'all', 0, 60, 0, 60, 0, 0)"
/* Tickets T1 to T3000 of source h, ten minutes apart, each with a report of its own. */
#define MANY                                                                                       \
    "INSERT INTO report (id, ver, state, source, ref, accepted) SELECT 1000 + i, 1, 1, 'h',"       \
    " 'T' || i, timestamptz '2018-01-01Z' + i * interval '10 min' FROM generate_series(1, 3000) "  \
    "AS i; INSERT INTO ticket (source, ref, report, at) SELECT source, ref, id, accepted "         \
    "FROM report"
#define SECOND 1000
#define DAY ((int64_t)86400 * SECOND)
#define MANY_COUNT 3000

static struct arena arena;

static int group_setup(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
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
    kit_store_clear("ticket, report, outbox, history, counter_delta, counter_kept, command");
    return 0;
}

/* A BAD ticket's matter is unknown, a NEAR one's may be the same thing as another's. */
static struct work *push_add(const char *peer, const char *ticket, const char *about, int64_t at_ms)
{
    Huying__Hotline__Report message = HUYING__HOTLINE__REPORT__INIT;
    const char *matter = strncmp(ticket, "BAD", 3) == 0    ? "POTHOLE"
                         : strncmp(ticket, "NEAR", 4) == 0 ? "SEWAGE"
                                                           : "LAMP";
    char *texts[3];
    const char *const from[] = {ticket, matter, about ? about : ""};
    for (int i = 0; i < 3; i++)
        texts[i] = arena_copy(&arena, from[i], strlen(from[i]) + 1);
    message.ticket = texts[0];
    message.matter = texts[1];
    message.about = texts[2];
    message.intent =
            about ? HUYING__HOTLINE__INTENT__INTENT_URGE : HUYING__HOTLINE__INTENT__INTENT_REPORT;
    message.longitude = 113;
    message.latitude = 22;
    struct work *work = kit_command(0, HOTLINE_REPORT, &message.base, "");
    work->right_held = RIGHT_HOTLINE;
    work->input.now_ms = at_ms;
    (void)snprintf(work->input.peer, sizeof work->input.peer, "%s", peer);
    return work;
}

static struct hotline_receipt receipt_of(const struct work *work)
{
    struct hotline_receipt receipt;
    assert_int_equal(hotline_receipt_decode(work->answer, &arena, &receipt), OK);
    return receipt;
}

/* One report as a batch of its own. */
static struct hotline_receipt push(
        const char *peer, const char *ticket, const char *about, int64_t at_ms)
{
    struct work *work = push_add(peer, ticket, about, at_ms);
    kit_batch_run();
    return receipt_of(work);
}

static enum err site_ask(
        void *self, const struct hotline_span *span, struct hotline_reconciliation *ret)
{
    Huying__Hotline__ReconcileQuery query = HUYING__HOTLINE__RECONCILE_QUERY__INIT;
    char *texts[3];
    const char *const from[] = {span->first, span->last, span->after};
    for (int i = 0; i < 3; i++)
        texts[i] = arena_copy(&arena, from[i] ? from[i] : "", from[i] ? strlen(from[i]) + 1 : 1);
    query.first = texts[0];
    query.last = texts[1];
    query.after = texts[2];
    query.from_ms = span->from_ms;
    query.to_ms = span->to_ms;
    query.limit = HOTLINE_RECORDED_MAX;
    return hotline_reconciliation_decode(
            kit_query_as(self, HOTLINE_RECONCILE, &query.base), &arena, ret);
}

static struct hotline_reconciliation *ask(const char *source, const struct hotline_span *span)
{
    static struct hotline_reconciliation answer;
    char *self = arena_copy(&arena, source, strlen(source) + 1);
    memset(&answer, 0, sizeof answer);
    assert_int_equal(site_ask(self, span, &answer), OK);
    return &answer;
}

static uint64_t tickets_between(int64_t from_ms, int64_t to_ms)
{
    return ask("h", &(struct hotline_span){.from_ms = from_ms, .to_ms = to_ms})->tickets;
}

static struct hotline_record record_of(const struct hotline_receipt *receipt)
{
    struct hotline_record record = {.accepted_ms = receipt->accepted_ms};
    memcpy(record.ticket, receipt->ticket, sizeof record.ticket);
    memcpy(record.number, receipt->number, sizeof record.number);
    return record;
}

/* The second of three is near the first, the third urges it; others do not count. */
static void receipts_make_the_digest_of_the_site(void **unused)
{
    (void)unused;
    const struct hotline_receipt receipts[] = {push("h", "NEAR-1", NULL, KIT_NOW + SECOND),
            push("h", "NEAR-2", NULL, KIT_NOW + 2 * SECOND),
            push("h", "URGE", "NEAR-1", KIT_NOW + 3 * SECOND)};
    struct hotline_record records[3];
    uint8_t digest[HOTLINE_DIGEST_SIZE];
    assert_int_equal(push("h", "BAD", NULL, KIT_NOW).result, HOTLINE_REFUSED);
    const struct work *lost = push_add("h", "URGE-2", "NOTHING", KIT_NOW);
    kit_batch_run();
    assert_int_equal(lost->verdict, VERDICT_NOT_FOUND);
    assert_int_equal(push("other", "NEAR-1", NULL, KIT_NOW).result, HOTLINE_ACCEPTED);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(receipts[i].accepted_ms, KIT_NOW + (i + 1) * SECOND);
        records[i] = record_of(&receipts[i]);
    }
    assert_int_equal(receipts[1].result, HOTLINE_DUPLICATE);
    const struct hotline_reconciliation *answer = ask("h", &(struct hotline_span){.first = ""});
    assert_int_equal(answer->tickets, 3);
    assert_int_equal(answer->cases, 1);
    hotline_digest(&(struct hotline_list){records, 3}, digest);
    assert_memory_equal(answer->digest, digest, sizeof digest);
    assert_int_equal(answer->item_count, 3);
    assert_memory_equal(answer->items, records, sizeof records);
    assert_int_equal(ask("h", &(struct hotline_span){.from_ms = 1})->tickets, 3);
    assert_int_equal(ask("other", &(struct hotline_span){.from_ms = 1})->tickets, 1);
    assert_int_equal(ask("other", &(struct hotline_span){.first = ""})->tickets, 1);
    assert_int_equal(ask("nobody", &(struct hotline_span){.first = ""})->tickets, 0);
}

/* Pushed again later, also by an urge or one that joined; twice in one batch. */
static void repeated_ticket_has_its_first_instant(void **unused)
{
    (void)unused;
    static const char *const tickets[][2] = {{"NEAR-1"}, {"NEAR-2"}, {"URGE", "NEAR-1"}};
    for (int i = 0; i < 3; i++)
        (void)push("h", tickets[i][0], tickets[i][1], KIT_NOW + i * SECOND);
    for (int i = 0; i < 3; i++) {
        struct hotline_receipt again = push("h", tickets[i][0], tickets[i][1], KIT_NOW + DAY);
        assert_int_equal(again.result, HOTLINE_DUPLICATE);
        assert_int_equal(again.accepted_ms, KIT_NOW + i * SECOND);
    }
    const struct work *const twice[] = {
            push_add("h", "L", NULL, KIT_NOW + DAY), push_add("h", "L", NULL, KIT_NOW + DAY + 1)};
    kit_batch_run();
    assert_int_equal(receipt_of(twice[0]).accepted_ms, KIT_NOW + DAY);
    assert_int_equal(receipt_of(twice[1]).result, HOTLINE_DUPLICATE);
    assert_int_equal(receipt_of(twice[1]).accepted_ms, KIT_NOW + DAY);
    assert_int_equal(tickets_between(KIT_NOW + DAY, 0), 1);
}

/* Refused at first: counted once, at the instant at which it was accepted. */
static void mended_ticket_has_the_later_instant(void **unused)
{
    (void)unused;
    kit_pg_run(kit_store.server, "UPDATE directory.matter SET retired = true WHERE id = 8");
    kit_store_directory();
    assert_int_equal(push("h", "L", NULL, KIT_NOW + SECOND).result, HOTLINE_REFUSED);
    kit_pg_run(kit_store.server, "UPDATE directory.matter SET retired = false WHERE id = 8");
    kit_store_directory();
    assert_int_equal(tickets_between(0, 0), 0);
    const struct work *const twice[] = {
            push_add("h", "L", NULL, KIT_NOW + DAY), push_add("h", "L", NULL, KIT_NOW + DAY + 5)};
    kit_batch_run();
    assert_int_equal(receipt_of(twice[0]).result, HOTLINE_ACCEPTED);
    assert_int_equal(receipt_of(twice[1]).result, HOTLINE_DUPLICATE);
    assert_int_equal(receipt_of(twice[0]).accepted_ms, KIT_NOW + DAY);
    assert_int_equal(receipt_of(twice[1]).accepted_ms, KIT_NOW + DAY);
    assert_int_equal(tickets_between(KIT_NOW, KIT_NOW + DAY), 0);
    assert_int_equal(tickets_between(KIT_NOW + DAY, KIT_NOW + DAY + 1), 1);
}

/* Urged too late, and again when it was open anew: the ticket was there and not on record. */
static void urge_that_was_refused_has_the_later_instant(void **unused)
{
    (void)unused;
    (void)push("h", "L", NULL, KIT_NOW);
    kit_pg_run(kit_store.server, "UPDATE intake.report SET state = 2, ended = accepted");
    assert_int_equal(push("h", "URGE", "L", KIT_NOW + SECOND).result, HOTLINE_REFUSED);
    assert_int_equal(tickets_between(0, 0), 1);
    kit_pg_run(kit_store.server, "UPDATE intake.report SET state = 1, ended = NULL");
    const struct work *const twice[] = {push_add("h", "URGE", "L", KIT_NOW + DAY),
            push_add("h", "URGE", "L", KIT_NOW + DAY + 5)};
    kit_batch_run();
    for (int i = 0; i < 2; i++)
        assert_int_equal(receipt_of(twice[i]).accepted_ms, KIT_NOW + DAY);
    assert_int_equal(push("h", "URGE", "L", KIT_NOW + 2 * DAY).accepted_ms, KIT_NOW + DAY);
    assert_int_equal(tickets_between(KIT_NOW + DAY, 0), 1);
}

/* By a running clock row, report and receipt have one instant, to the millisecond. */
static void instant_is_one_without_a_drill(void **unused)
{
    (void)unused;
    static const char *const tickets[] = {"A", "NEAR-1", "NEAR-2"};
    kit_pg_run(kit_store.server, "UPDATE directory.site SET drill = false, clock = NULL");
    for (int i = 0; i < 3; i++) {
        char sql[160];
        struct hotline_receipt receipt = push("h", tickets[i], NULL, KIT_NOW);
        (void)snprintf(sql, sizeof sql,
                "SELECT (extract(epoch FROM at) * 1000000)::bigint FROM intake.ticket "
                "WHERE ref = '%s'",
                tickets[i]);
        assert_int_equal(kit_pg_int(kit_store.server, sql), receipt.accepted_ms * 1000);
        assert_true(receipt.accepted_ms > KIT_NOW + DAY);
    }
    assert_int_equal(kit_pg_int(kit_store.server,
                             "SELECT count(*) FROM intake.ticket AS t JOIN intake.report AS r "
                             "ON r.id = t.report AND r.ref = t.ref AND r.accepted = t.at"),
            2);
    assert_int_equal(kit_pg_int(kit_store.server,
                             "SELECT count(*) FROM intake.ticket AS t WHERE EXISTS (SELECT FROM "
                             "intake.history AS h WHERE h.agg = t.report AND h.at = t.at)"),
            3);
    kit_pg_run(kit_store.server, "UPDATE directory.site SET drill = true, clock = '2018-01-02Z'");
}

static void spans_are_half_open_and_ranges_are_closed(void **unused)
{
    (void)unused;
    const struct {
        struct hotline_span span;
        uint64_t tickets, items;
    } table[] = {
            {{.first = NULL}, 6, 6},
            {{.from_ms = KIT_NOW + 2 * SECOND}, 4, 4},
            {{.to_ms = KIT_NOW + 2 * SECOND}, 2, 2},
            {{.from_ms = KIT_NOW + SECOND, .to_ms = KIT_NOW + 3 * SECOND}, 2, 2},
            {{.first = "b"}, 5, 5},
            {{.first = "b!"}, 4, 4},
            {{.last = "b1"}, 3, 3},
            {{.first = "b", .last = "b1"}, 2, 2},
            {{.first = "b", .last = "b1", .from_ms = KIT_NOW + 2 * SECOND}, 1, 1},
            {{.after = "b1"}, 6, 3},
            {{.after = "b1", .from_ms = KIT_NOW + 5 * SECOND}, 1, 1},
            {{.first = "\xe5\xb7\xa5"}, 1, 1},
            {{.after = "\xe5\xb7\xa5"}, 6, 0},
    };
    static const char *const tickets[] = {"B", "b", "b1", "b2", "c", "\xe5\xb7\xa5"};
    for (int i = 0; i < 6; i++)
        (void)push("h", tickets[i], NULL, KIT_NOW + i * SECOND);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct hotline_reconciliation *answer = ask("h", &table[i].span);
        if (answer->tickets != table[i].tickets || answer->item_count != table[i].items)
            fail_msg("row %zu: %d tickets, %d listed", i, (int)answer->tickets,
                    (int)answer->item_count);
    }
}

static void old_reports_without_data_are_not_on_record(void **unused)
{
    (void)unused;
    (void)push("h", "L1", NULL, KIT_NOW);
    (void)push("h", "L2", NULL, KIT_NOW);
    kit_pg_run(kit_store.server, "UPDATE intake.report SET ver = -1 WHERE ref = 'L1'");
    assert_int_equal(tickets_between(0, 0), 1);
}

static void bad_query_is_refused_with_its_field(void **unused)
{
    (void)unused;
    char many[70] = "", space[] = "\xff", early[] = "a", late[] = "b";
    memset(many, 'x', 66);
    const struct {
        struct hotline_span span;
        uint32_t limit;
        const char *field;
    } table[] = {{{.first = ""}, 501, "limit"}, {{.from_ms = -1}, 0, "from_ms"},
            {{.to_ms = INSTANT_MAX_MS}, 0, "to_ms"}, {{.from_ms = 5, .to_ms = 5}, 0, "to_ms"},
            {{.first = many}, 0, "first"}, {{.last = many}, 0, "last"},
            {{.first = late, .last = early}, 0, "last"}, {{.after = space}, 0, "after"},
            {{.after = "\x01"}, 0, "after"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BUF_OWNED out = {0};
        struct reconcile_query query;
        const char *why = "";
        hotline_reconcile_encode(&table[i].span, table[i].limit, &out);
        const struct bytes payload = {(const uint8_t *)out.data, out.size};
        assert_int_equal(reconcile_query_decode(payload, &arena, &query, &why), ERR_MALFORMED);
        if (strncmp(why, table[i].field, strlen(table[i].field)) != 0)
            fail_msg("row %zu: %s", i, why);
    }
}

struct lost {
    struct hotline_difference list[64];
    size_t count;
};

static void difference_take(void *self, const struct hotline_difference *difference)
{
    struct lost *lost = self;
    assert_true(lost->count < 64);
    lost->list[lost->count++] = *difference;
}

static int record_compare(const void *left, const void *right)
{
    return strcmp(((const struct hotline_record *)left)->ticket,
            ((const struct hotline_record *)right)->ticket);
}

/* All that the site has of the span, as a hotline would have kept it from its receipts. */
static size_t records_take(const struct hotline_span *span, struct hotline_record *ret)
{
    struct hotline_span page = *span;
    size_t count = 0;
    for (;;) {
        const struct hotline_reconciliation *answer = ask("h", &page);
        memcpy(ret + count, answer->items, answer->item_count * sizeof *ret);
        count += answer->item_count;
        if (answer->item_count < HOTLINE_RECORDED_MAX)
            return count;
        page.after = ret[count - 1].ticket;
    }
}

/* Every 211th receipt is lost, one has another number, two tickets never came. */
static void hotline_that_lost_receipts_finds_exactly_those(void **unused)
{
    (void)unused;
    static struct hotline_record records[MANY_COUNT + 2];
    const struct hotline_span span = {.from_ms = KIT_NOW + DAY, .to_ms = KIT_NOW + 20 * DAY};
    static struct lost lost;
    char self[] = "h";
    kit_pg_run(kit_store.server, "SET search_path TO intake; " MANY);
    size_t count = records_take(&span, records), kept = 0, wanted = 3;
    assert_int_equal(count, 19 * 144);
    assert_int_equal(ask(self, &span)->cases, count);
    for (size_t i = 0; i < count; i++)
        if (i % 211 != 7)
            records[kept++] = records[i];
    wanted += count - kept;
    records[kept / 2].number[3] = 'X';
    for (int i = 0; i < 2; i++) {
        records[kept] = records[0];
        (void)snprintf(records[kept++].ticket, sizeof records->ticket, "T5%d-never", i);
    }
    qsort(records, kept, sizeof *records, record_compare);
    const struct comparison comparison = {site_ask, self, difference_take, &lost};
    const struct hotline_list list = {records, kept};
    assert_int_equal(hotline_compare(&comparison, &span, &list), OK);
    size_t kinds[4] = {0};
    for (size_t i = 0; i < lost.count; i++)
        kinds[lost.list[i].kind]++;
    assert_int_equal(lost.count, wanted);
    assert_int_equal(kinds[HOTLINE_MISSING_HERE], wanted - 3);
    assert_int_equal(kinds[HOTLINE_MISSING_THERE], 2);
    assert_int_equal(kinds[HOTLINE_OTHER_NUMBER], 1);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(receipts_make_the_digest_of_the_site),
            TEST(repeated_ticket_has_its_first_instant),
            TEST(mended_ticket_has_the_later_instant),
            TEST(urge_that_was_refused_has_the_later_instant),
            TEST(instant_is_one_without_a_drill),
            TEST(spans_are_half_open_and_ranges_are_closed),
            TEST(old_reports_without_data_are_not_on_record),
            TEST(bad_query_is_refused_with_its_field),
            TEST(hotline_that_lost_receipts_finds_exactly_those),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
