/* Where a sequencer begins to look, with pages that come to light late. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "services/audit/ops.h"
#include "services/audit/sequence.h"
#include "services/kernel/base/clock.h"
#include "services/audit/bound.h"
#include "tests/kit/store.h"

#define UNPLACED_COUNT "SELECT count(*) FROM audit.pages WHERE first_place IS NULL AND ver > 0"
/* A page of one leaf, as if received. */
#define PAGE_INSERT                                                                                \
    "INSERT INTO audit.pages (id, ver, count, source, leaves, hashes) "                            \
    "SELECT coalesce(max(id), 0) + %d, 1, 1, 2, 'x', sha256('x') FROM audit.pages"
/* The head's size is the number of pages, and they stand in places 0, 1, 2 … */
#define LEDGER_TRUE                                                                                \
    "SELECT (h.size = (SELECT count(DISTINCT first_place) FROM audit.pages) AND "                  \
    "h.size = (SELECT max(first_place) + 1 FROM audit.pages))::integer FROM audit.head AS h"

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

static int64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock.monotonic_ms(clock.self);
}

static void page_insert(void)
{
    char sql[300];
    (void)snprintf(sql, sizeof sql, PAGE_INSERT, 1);
    kit_pg_run(kit_store.server, sql);
}

static int64_t unplaced(void)
{
    return kit_pg_int(kit_store.server, UNPLACED_COUNT);
}

/* Time stands still until it has nothing more to do. */
static void turn_until_idle(struct sequencer *one, int64_t monotonic_ms)
{
    int64_t until = now_ms() + KIT_DEADLINE_MS;
    for (int turn = 0; turn < 3 || !pg_idle(sequencer_pg(one)); turn++) {
        sequencer_turn(one, monotonic_ms, false);
        assert_true(now_ms() < until);
    }
}

/* One that has looked from zero and placed what there was, just now. */
static struct sequencer *sequencer_begin(int64_t *ret_now)
{
    struct sequencer *one = sequencer_new(kit_pg_conninfo(kit_store.server, "huying_audit"));
    int64_t until = now_ms() + KIT_DEADLINE_MS;
    page_insert();
    while (unplaced() && now_ms() < until)
        sequencer_turn(one, now_ms(), false);
    turn_until_idle(one, *ret_now = now_ms());
    assert_int_equal(unplaced(), 0);
    return one;
}

/* A page that has drawn its arrival in a transaction that is still open, and others that came after
 * it, have their places, and were placed `ages` times BOUND_AGE_MS ago. */
static PGconn *page_held_back(struct sequencer *one, int ages, int64_t *now)
{
    char sql[300];
    PGconn *slow = PQconnectdb(kit_pg_conninfo(kit_store.server, "postgres"));
    PQclear(PQexec(slow, "BEGIN"));
    (void)snprintf(sql, sizeof sql, PAGE_INSERT, 1000);
    PGresult *result = PQexec(slow, sql);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    turn_until_idle(one, *now += SEQUENCE_EVERY_MS);
    for (int i = 0; i < ages; i++) {
        page_insert();
        turn_until_idle(one, *now += BOUND_AGE_MS);
    }
    turn_until_idle(one, *now += SEQUENCE_EVERY_MS);
    assert_int_equal(unplaced(), 0);
    return slow;
}

static void page_is_committed(PGconn *slow)
{
    PQclear(PQexec(slow, "COMMIT"));
    PQfinish(slow);
    assert_int_equal(unplaced(), 1);
}

static void page_committed_within_the_age_is_placed_by_the_next_look(void **state)
{
    (void)state;
    int64_t now;
    struct sequencer *one = sequencer_begin(&now);
    for (int round = 0; round < 3; round++) {
        page_is_committed(page_held_back(one, 1, &now));
        turn_until_idle(one, now += SEQUENCE_EVERY_MS);
        assert_int_equal(unplaced(), 0);
    }
    assert_int_equal(kit_pg_int(kit_store.server, LEDGER_TRUE), 1);
    sequencer_destroy(&one);
}

/* In less time than it is to the next look from zero. */
static void connection_lost(struct sequencer *one, int64_t now)
{
    int64_t until = now + BOUND_AGE_MS;
    pg_reset(sequencer_pg(one));
    while (unplaced() && now < until) {
        (void)poll(NULL, 0, 1);
        sequencer_turn(one, ++now, false);
    }
}

/* Looks begin beyond it, until one of them begins at zero: when it is time, in another process,
 * after a lost connection. */
static void page_that_was_slow_to_commit_is_placed_later(void **state)
{
    enum { TIME, PROCESS, CONNECTION, WAYS };
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        int64_t now, other_now;
        struct sequencer *one = sequencer_begin(&now), *other = NULL;
        page_is_committed(page_held_back(one, 3, &now));
        turn_until_idle(one, now += SEQUENCE_EVERY_MS);
        assert_int_equal(unplaced(), 1);
        if (way == TIME)
            turn_until_idle(one, now += BOUND_WHOLE_MS);
        else if (way == PROCESS)
            other = sequencer_begin(&other_now);
        else
            connection_lost(one, now);
        assert_int_equal(unplaced(), 0);
        assert_int_equal(kit_pg_int(kit_store.server, LEDGER_TRUE), 1);
        sequencer_destroy(&one);
        sequencer_destroy(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(page_committed_within_the_age_is_placed_by_the_next_look),
            cmocka_unit_test(page_that_was_slow_to_commit_is_placed_later),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
