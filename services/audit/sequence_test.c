/* Pages in a real PostgreSQL: received through the kernel's batches, placed by sequencers side by
 * side, undone when a run fails, and asked for. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "proto/audit.pb-c.h"
#include "proto/leaf.pb-c.h"
#include "services/audit/codec.h"
#include "services/audit/ops.h"
#include "services/audit/sequence.h"
#include "services/audit/store.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/fault.h"
#include "services/kernel/base/testing.h"
#include "tests/kit/store.h"

#define LEAVES_MAX 4
#define UNPLACED_COUNT "SELECT count(*) FROM audit.pages WHERE first_place IS NULL AND ver > 0"

/* Pages of one to three leaves, as if received, whose hashes are made of id and number. */
#define PAGES_INSERT                                                                               \
    "INSERT INTO audit.pages (id, ver, count, source, leaves, hashes)"                             \
    " SELECT i, 1, 1 + i %% 3, 2, 'x', substr(sha256(i::text::bytea) || sha256('b') || "           \
    "sha256('c'),"                                                                                 \
    " 1, 32 * (1 + i %% 3)) FROM generate_series(%d, %d) AS i ORDER BY %s"

static struct aggregate_ops ops;

static int setup(void **state)
{
    (void)state;
    ops = audit_ops();
    kit_store_start(&ops, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_store_stop();
    return 0;
}

static struct log_watch told; /* what an operator sees; of tests that look */

static int untold(void **state)
{
    (void)state;
    log_unwatch(&told);
    return 0;
}

static int clear(void **state)
{
    (void)state;
    kit_store_clear("pages, dead_letter, waiting, outbox");
    kit_pg_run(kit_store.server, "UPDATE audit.head SET size = 0, frontier = ''");
    kit_pg_run(kit_store.server, "ALTER SEQUENCE audit.arrival RESTART");
    return 0;
}

static size_t leaf_make(enum service_id service, int64_t agg, int32_t ver, uint8_t *out)
{
    Huying__Leaf__Leaf leaf = HUYING__LEAF__LEAF__INIT;
    uint8_t rest[REST_HASH_SIZE] = {1, 2, 3};
    leaf.service = service;
    leaf.agg = agg;
    leaf.ver = ver;
    leaf.kind = 1;
    leaf.to_state = 2;
    leaf.at_ms = KIT_NOW;
    leaf.rest_hash = (ProtobufCBinaryData){sizeof rest, rest};
    return huying__leaf__leaf__pack(&leaf, out);
}

/* A page of `count` leaves about aggregate 1000 + id, versions 1 …, as a message from `service`. */
static struct work *page_add(int64_t id, enum service_id service, int count)
{
    uint8_t bytes[LEAVES_MAX][128];
    ProtobufCBinaryData leaves[LEAVES_MAX];
    Huying__Leaf__Page page = HUYING__LEAF__PAGE__INIT;
    assert_true(count <= LEAVES_MAX);
    for (int i = 0; i < count; i++)
        leaves[i] = (ProtobufCBinaryData){leaf_make(service, 1000 + id, i + 1, bytes[i]), bytes[i]};
    page.n_leaves = (size_t)count;
    page.leaves = leaves;
    return kit_event(service, id, 1, TYPE_PAGE, &page.base);
}

static int64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock.monotonic_ms(clock.self);
}

/* Turns the sequencers until `sql` gives `wanted`. */
static void turn_until(struct sequencer **list, size_t count, const char *sql, long long wanted)
{
    int64_t until = now_ms() + KIT_DEADLINE_MS;
    while (kit_pg_int(kit_store.server, sql) != wanted) {
        if (now_ms() > until)
            fail_msg("%s: %lld expected, %lld found", sql, wanted,
                    kit_pg_int(kit_store.server, sql));
        for (size_t i = 0; i < count; i++) {
            struct pollfd item = {pg_fd(sequencer_pg(list[i])), POLLIN, 0};
            poll(&item, item.fd >= 0 ? 1 : 0, 1);
            sequencer_turn(list[i], now_ms(), true);
        }
    }
}

static void all_place(void)
{
    struct sequencer *one = sequencer_new(kit_pg_conninfo(kit_store.server, "huying_audit"));
    turn_until(&one, 1, UNPLACED_COUNT, 0);
    sequencer_destroy(&one);
}

static void pages_insert(int from, int to, const char *order)
{
    char sql[600];
    (void)snprintf(sql, sizeof sql, PAGES_INSERT, from, to, order);
    kit_pg_run(kit_store.server, sql);
}

/* The head is that of a tree of all hashes in the order of their places, which have no gap. */
static void head_is_true(void)
{
    struct merkle merkle;
    merkle_init(&merkle);
    PGresult *rows = pg_exec(kit_store.pg,
            "SELECT first_place, count, hashes FROM pages"
            " WHERE first_place IS NOT NULL ORDER BY first_place, count",
            NULL);
    assert_non_null(rows);
    for (int i = 0; i < row_count(rows); i++) {
        struct bytes hashes = row_bytes(rows, i, 2);
        assert_int_equal(row_int(rows, i, 0), merkle.size);
        assert_int_equal(hashes.size, row_int(rows, i, 1) * MERKLE_HASH_SIZE);
        for (size_t at = 0; at < hashes.size; at += MERKLE_HASH_SIZE)
            merkle_add(&merkle, hashes.data + at);
    }
    PQclear(rows);
    rows = pg_exec(kit_store.pg, "SELECT size, frontier FROM head", NULL);
    struct merkle head;
    assert_int_equal(head_row(rows, 0, &head), OK);
    PQclear(rows);
    assert_int_equal(head.size, merkle.size);
    assert_memory_equal(head.roots, merkle.roots, (size_t)merkle.count * MERKLE_HASH_SIZE);
}

static void page_is_kept_once_with_its_leaves_hashes(void **state)
{
    (void)state;
    uint8_t hash[MERKLE_HASH_SIZE], leaf[128];
    struct work *work = page_add(11, SERVICE_ROUTING, 3);
    size_t size = work->payload.size;
    int64_t id = work->input.msg_id;
    kit_batch_run();
    page_add(11, SERVICE_ROUTING, 3)->input.msg_id = id;
    page_add(12, SERVICE_INTAKE, 1);
    kit_batch_run();
    assert_int_equal(kit_pg_int(kit_store.server, UNPLACED_COUNT), 2);
    PGresult *rows = pg_exec(kit_store.pg,
            "SELECT ver, count, source, leaves, hashes, seen_routing"
            " FROM pages WHERE id = 11",
            NULL);
    assert_int_equal(row_int(rows, 0, 0), 1);
    assert_int_equal(row_int(rows, 0, 1), 3);
    assert_int_equal(row_int(rows, 0, 2), SERVICE_ROUTING);
    assert_int_equal(row_bytes(rows, 0, 3).size, size);
    assert_int_equal(row_int(rows, 0, 5), 1);
    merkle_leaf(leaf, leaf_make(SERVICE_ROUTING, 1011, 3, leaf), hash);
    assert_memory_equal(row_bytes(rows, 0, 4).data + 2 * MERKLE_HASH_SIZE, hash, sizeof hash);
    PQclear(rows);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT count(*) FROM audit.history"), 0);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT count(*) FROM audit.outbox"), 0);
    all_place();
    head_is_true();
}

static void foreign_and_malformed_pages_are_not_kept(void **state)
{
    (void)state;
    page_add(21, SERVICE_ROUTING, 2)->input.source = SERVICE_INTAKE;
    page_add(22, SERVICE_ROUTING, 2)->payload.size -= 1;
    page_add(23, SERVICE_ROUTING, 0);
    kit_batch_run();
    assert_int_equal(kit_pg_int(kit_store.server, UNPLACED_COUNT), 0);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT count(*) FROM audit.dead_letter"), 2);
}

static void sequencer_places_in_the_order_of_arrival(void **state)
{
    (void)state;
    pages_insert(1, 300, "i DESC");
    all_place();
    assert_int_equal(
            kit_pg_int(kit_store.server, "SELECT count(*) FROM (SELECT first_place -"
                                         " lag(first_place, 1, -1::bigint) OVER (ORDER BY arrival)"
                                         " AS ahead FROM audit.pages) AS x WHERE ahead <= 0"),
            0);
    assert_int_equal(
            kit_pg_int(kit_store.server, "SELECT first_place FROM audit.pages WHERE id = 300"), 0);
    head_is_true();
}

static void turn_until_idle(struct sequencer *one, int64_t monotonic_ms)
{
    int64_t until = now_ms() + KIT_DEADLINE_MS;
    for (int turn = 0; turn < 3 || !pg_idle(sequencer_pg(one)); turn++) {
        sequencer_turn(one, monotonic_ms, false);
        assert_true(now_ms() < until);
    }
}

/* Time stands still right after a look that found nothing: only the wake makes it look. */
static void wake_places_without_waiting_for_the_next_look(void **state)
{
    (void)state;
    struct sequencer *one = sequencer_new(kit_pg_conninfo(kit_store.server, "huying_audit"));
    pages_insert(1, 1, "i");
    turn_until(&one, 1, UNPLACED_COUNT, 0);
    int64_t looked_ms = now_ms() + SEQUENCE_EVERY_MS;
    turn_until_idle(one, looked_ms);
    turn_until_idle(one, looked_ms + SEQUENCE_BUSY_MS);
    pages_insert(2, 2, "i");
    turn_until_idle(one, looked_ms + 2 * SEQUENCE_BUSY_MS);
    assert_int_equal(kit_pg_int(kit_store.server, UNPLACED_COUNT), 1);
    sequencer_wake(one);
    turn_until_idle(one, looked_ms + 2 * SEQUENCE_BUSY_MS);
    assert_int_equal(kit_pg_int(kit_store.server, UNPLACED_COUNT), 0);
    sequencer_destroy(&one);
}

static void two_sequencers_give_each_place_exactly_once(void **state)
{
    (void)state;
    struct sequencer *two[2];
    for (int i = 0; i < 2; i++)
        two[i] = sequencer_new(kit_pg_conninfo(kit_store.server, "huying_audit"));
    /* Both get to work: whoever is late to connect is waited for. */
    for (int round = 0; round < 100; round++) {
        pages_insert(1 + 300 * round, 300 * (round + 1), "i");
        turn_until(two, 2, "SELECT count(*) / 600 FROM audit.pages WHERE first_place IS NULL", 0);
        if (round > 3 && sequencer_counts(two[0]).runs && sequencer_counts(two[1]).runs)
            break;
    }
    turn_until(two, 2, UNPLACED_COUNT, 0);
    struct sequencer_counts a = sequencer_counts(two[0]), b = sequencer_counts(two[1]);
    assert_int_equal(a.failures + b.failures, 0);
    assert_true(a.runs > 0 && b.runs > 0);
    assert_int_equal(
            kit_pg_int(kit_store.server, "SELECT size - (SELECT sum(count) FROM audit.pages)"
                                         " FROM audit.head"),
            0);
    head_is_true();
    for (int i = 0; i < 2; i++)
        sequencer_destroy(&two[i]);
}

static void aborted_run_leaves_everything_unplaced(void **state)
{
    (void)state;
    struct sequencer *one = sequencer_new(kit_pg_conninfo(kit_store.server, "huying_audit"));
    kit_pg_run(kit_store.server, "CREATE FUNCTION audit.no() RETURNS trigger LANGUAGE plpgsql AS"
                                 " $$ BEGIN PERFORM nextval('audit.tried'); RAISE 'no'; END $$");
    kit_pg_run(kit_store.server, "CREATE SEQUENCE audit.tried");
    kit_pg_run(kit_store.server, "CREATE TRIGGER no BEFORE UPDATE ON audit.head"
                                 " EXECUTE FUNCTION audit.no()");
    pages_insert(1, 50, "i");
    log_watch(&told);
    turn_until(&one, 1, "SELECT least(last_value, 2) FROM audit.tried", 2);
    assert_non_null(strstr(log_seen(&told), "WARN  AUDIT-PLACE-FAILED"));
    assert_int_equal(kit_pg_int(kit_store.server, UNPLACED_COUNT), 50);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT size FROM audit.head"), 0);
    assert_int_equal(sequencer_counts(one).pages, 0);
    assert_true(sequencer_counts(one).failures > 0);
    kit_pg_run(kit_store.server, "DROP TRIGGER no ON audit.head; DROP SEQUENCE audit.tried");
    turn_until(&one, 1, UNPLACED_COUNT, 0);
    head_is_true();
    sequencer_destroy(&one);
}

#ifdef HUYING_FAULTS
/* A run that found nothing to do ends with a ROLLBACK, and the connection is lost under it. */
static void run_that_cannot_be_undone_is_told_and_the_next_one_works(void **state)
{
    (void)state;
    BUF_OWNED why = {0};
    struct sequencer *one = sequencer_new(kit_pg_conninfo(kit_store.server, "huying_audit"));
    int64_t until = now_ms() + KIT_DEADLINE_MS;
    while ((pg_state(sequencer_pg(one)) != PG_READY || !pg_idle(sequencer_pg(one))) &&
            now_ms() < until)
        sequencer_turn(one, now_ms(), false);
    sequencer_wake(one);
    sequencer_turn(one, now_ms(), false);
    assert_int_equal(fault_set("pg_lost_before=1", 1, "test", &why), OK);
    log_watch(&told);
    while (!strstr(log_seen(&told), "WARN  AUDIT-UNDO-FAILED") && now_ms() < until)
        sequencer_turn(one, now_ms(), false);
    assert_int_equal(fault_set(NULL, 1, "test", &why), OK);
    assert_true(now_ms() < until);
    pages_insert(1, 5, "i");
    turn_until(&one, 1, UNPLACED_COUNT, 0);
    head_is_true();
    sequencer_destroy(&one);
}
#endif

static void killed_backend_leaves_nothing_half_placed(void **state)
{
    (void)state;
    struct sequencer *one = sequencer_new(kit_pg_conninfo(kit_store.server, "huying_audit"));
    for (int from = 1; from <= 400; from += 100) {
        pages_insert(from, from + 99, "i");
        turn_until(&one, 1,
                "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'"
                " AND usename = 'huying_audit'",
                1);
        kit_pg_run(kit_store.server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                     " WHERE state LIKE 'idle in%' AND usename = 'huying_audit'");
    }
    assert_true(sequencer_counts(one).failures > 0);
    turn_until(&one, 1, UNPLACED_COUNT, 0);
    head_is_true();
    sequencer_destroy(&one);
}

static void idle_sequencer_writes_nothing(void **state)
{
    (void)state;
    struct sequencer *one = sequencer_new(kit_pg_conninfo(kit_store.server, "huying_audit"));
    pages_insert(1, 3, "i");
    turn_until(&one, 1, UNPLACED_COUNT, 0);
    turn_until(&one, 1,
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'huying_audit'"
            " AND query LIKE '%pg_sequence_last_value%'",
            1);
    long long before =
            kit_pg_int(kit_store.server, "SELECT txid_snapshot_xmax(txid_current_snapshot())");
    uint64_t runs = sequencer_counts(one).runs;
    for (int64_t until = now_ms() + 60; now_ms() < until;) {
        struct pollfd item = {pg_fd(sequencer_pg(one)), POLLIN, 0};
        poll(&item, 1, 5);
        sequencer_turn(one, now_ms(), true);
    }
    assert_int_equal(
            kit_pg_int(kit_store.server, "SELECT txid_snapshot_xmax(txid_current_snapshot())"),
            before);
    assert_int_equal(sequencer_counts(one).runs, runs);
    sequencer_destroy(&one);
}

static void turn_until_told(struct sequencer *one, const char *line)
{
    int64_t until = now_ms() + KIT_DEADLINE_MS;
    while (!strstr(log_seen(&told), line)) {
        sequencer_turn(one, now_ms(), true);
        if (now_ms() > until)
            fail_msg("\"%s\" was expected in: %s", line, log_seen(&told));
    }
}

static void damaged_page_stops_the_ledger_there(void **state)
{
    (void)state;
    struct sequencer *one = sequencer_new(kit_pg_conninfo(kit_store.server, "huying_audit"));
    pages_insert(1, 9, "i");
    kit_pg_run(kit_store.server, "UPDATE audit.pages SET hashes = 'short' WHERE id = 6");
    log_watch(&told);
    turn_until(&one, 1, UNPLACED_COUNT, 4);
    head_is_true();
    turn_until_told(one, "ERROR AUDIT-PAGE-DAMAGED instance=- page=6 ");
    kit_pg_run(kit_store.server, "UPDATE audit.pages SET hashes = sha256('x') WHERE id = 6");
    turn_until(&one, 1, UNPLACED_COUNT, 0);
    head_is_true();
    sequencer_destroy(&one);
}

/* A head that is no head of any tree: nothing is built upon it, and nothing is lost. */
static void damaged_head_stops_the_ledger(void **state)
{
    (void)state;
    struct sequencer *one = sequencer_new(kit_pg_conninfo(kit_store.server, "huying_audit"));
    kit_pg_run(kit_store.server, "UPDATE audit.head SET size = 3, frontier = 'short'");
    pages_insert(1, 4, "i");
    log_watch(&told);
    turn_until_told(one, "ERROR AUDIT-HEAD-DAMAGED");
    assert_int_equal(kit_pg_int(kit_store.server, UNPLACED_COUNT), 4);
    assert_int_equal(sequencer_counts(one).pages, 0);
    kit_pg_run(kit_store.server, "UPDATE audit.head SET size = 0, frontier = ''");
    turn_until(&one, 1, UNPLACED_COUNT, 0);
    head_is_true();
    sequencer_destroy(&one);
}

static void checkpoint_is_the_heads_text(void **state)
{
    (void)state;
    struct bytes bytes = kit_query(TYPE_CHECKPOINT, NULL);
    Huying__Audit__Checkpoint *answer =
            huying__audit__checkpoint__unpack(NULL, bytes.size, bytes.data);
    assert_non_null(answer);
    assert_string_equal(
            answer->note, "huying/site-7\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    assert_int_equal(answer->root.len, MERKLE_HASH_SIZE);
    huying__audit__checkpoint__free_unpacked(answer, NULL);
    pages_insert(1, 4, "i");
    all_place();
    bytes = kit_query(TYPE_CHECKPOINT, NULL);
    answer = huying__audit__checkpoint__unpack(NULL, bytes.size, bytes.data);
    assert_int_equal(answer->size, 8);
    huying__audit__checkpoint__free_unpacked(answer, NULL);
}

static void locate_tells_places_of_known_pages(void **state)
{
    (void)state;
    int64_t pages[] = {31, 99, 32, 33};
    Huying__Audit__LocateQuery query = HUYING__AUDIT__LOCATE_QUERY__INIT;
    query.n_pages = sizeof pages / sizeof *pages;
    query.pages = pages;
    page_add(31, SERVICE_ROUTING, 2);
    page_add(32, SERVICE_INTAKE, 3);
    kit_batch_run();
    all_place();
    page_add(33, SERVICE_VOLUNTEER, 1);
    kit_batch_run();
    struct bytes bytes = kit_query(TYPE_LOCATE, &query.base);
    Huying__Audit__Places *answer = huying__audit__places__unpack(NULL, bytes.size, bytes.data);
    static const struct place_row expected[] = {{31, 0, 2}, {32, 2, 3}, {33, -1, 1}};
    assert_int_equal(answer->n_items, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(answer->items[i]->page, expected[i].page);
        assert_int_equal(answer->items[i]->first, expected[i].first);
        assert_int_equal(answer->items[i]->count, expected[i].count);
    }
    huying__audit__places__free_unpacked(answer, NULL);
}

static void entries_are_the_leaves_in_order_of_place(void **state)
{
    (void)state;
    static const struct {
        int64_t from;
        uint32_t limit;
        size_t count;
        int64_t agg; /* of the first */
        int32_t ver;
    } table[] = {{0, 1, 1, 1041, 1}, {0, 1000, 6, 1041, 1}, {1, 3, 3, 1041, 2}, {3, 2, 2, 1042, 2},
            {5, 9, 1, 1043, 1}, {6, 5, 0, 0, 0}, {900, 5, 0, 0, 0}};
    page_add(41, SERVICE_ROUTING, 2);
    page_add(42, SERVICE_INTAKE, 3);
    page_add(43, SERVICE_VOLUNTEER, 1);
    kit_batch_run();
    all_place();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Audit__EntriesQuery query = HUYING__AUDIT__ENTRIES_QUERY__INIT;
        query.from = table[i].from;
        query.limit = table[i].limit;
        struct bytes bytes = kit_query(TYPE_ENTRIES, &query.base);
        Huying__Audit__Entries *answer =
                huying__audit__entries__unpack(NULL, bytes.size, bytes.data);
        assert_int_equal(answer->from, table[i].from);
        assert_int_equal(answer->n_leaves, table[i].count);
        if (answer->n_leaves) {
            Huying__Leaf__Leaf *leaf =
                    huying__leaf__leaf__unpack(NULL, answer->leaves[0].len, answer->leaves[0].data);
            assert_int_equal(leaf->agg, table[i].agg);
            assert_int_equal(leaf->ver, table[i].ver);
            huying__leaf__leaf__free_unpacked(leaf, NULL);
        }
        huying__audit__entries__free_unpacked(answer, NULL);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, clear, untold)
    const struct CMUnitTest tests[] = {
            TEST(page_is_kept_once_with_its_leaves_hashes),
            TEST(foreign_and_malformed_pages_are_not_kept),
            TEST(sequencer_places_in_the_order_of_arrival),
            TEST(wake_places_without_waiting_for_the_next_look),
            TEST(two_sequencers_give_each_place_exactly_once),
            TEST(aborted_run_leaves_everything_unplaced),
#ifdef HUYING_FAULTS
            TEST(run_that_cannot_be_undone_is_told_and_the_next_one_works),
#endif
            TEST(killed_backend_leaves_nothing_half_placed),
            TEST(idle_sequencer_writes_nothing),
            TEST(damaged_page_stops_the_ledger_there),
            TEST(damaged_head_stops_the_ledger),
            TEST(checkpoint_is_the_heads_text),
            TEST(locate_tells_places_of_known_pages),
            TEST(entries_are_the_leaves_in_order_of_place),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
