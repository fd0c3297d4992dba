/* Blocks of ids from a real PostgreSQL: they never overlap, also not after restores. */
#include "services/kernel/store/ids.h"

#include "services/kernel/store/test_toy_pg.h"

static struct lane one, two;
static int done;
static enum err done_err;

static void done_take(void *self, enum err err, const char *message)
{
    (void)self;
    (void)message;
    done++;
    done_err = err;
}

static int setup_all(void **state)
{
    (void)state;
    server = kit_pg_start(NULL);
    toy_schema();
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    kit_pg_stop(&server);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    toy_reset();
    lane_open(&one, 1001, 1);
    lane_open(&two, 1002, 500000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lane_close(&one);
    lane_close(&two);
    return 0;
}

static void block_take(struct lane *lane, int64_t incarnation, enum err expected)
{
    struct chores_listener listener = {.done = done_take};
    done = 0;
    chores_ids(lane->chores, &lane->ids, incarnation, &listener);
    assert_int_equal(pg_wait(lane->pg, DEADLINE_MS), OK);
    assert_int_equal(done, 1);
    assert_int_equal(done_err, expected);
}

static void blocks_of_ids_never_overlap_and_jump(void **state)
{
    int64_t before = 0;
    (void)state;
    for (int i = 0; i < 9; i++) {
        struct lane *lane = i % 2 ? &two : &one;
        ids_clear(&lane->ids);
        block_take(lane, lane->incarnation, OK);
        assert_int_equal(ids_left(&lane->ids), ID_BLOCK_SIZE);
        int64_t first = id_counter(ids_draw(&lane->ids));
        assert_true(first >= before);
        before = first + ID_BLOCK_SIZE;
    }
    /* A restore: the site is another incarnation. Who has not noticed gets nothing. */
    kit_pg_run(server, "UPDATE directory.site SET incarnation = 1790000000");
    ids_clear(&one.ids);
    block_take(&one, one.incarnation, OK);
    assert_int_equal(ids_left(&one.ids), 0);
    block_take(&one, 1790000000, OK);
    assert_true(id_counter(ids_draw(&one.ids)) >= before + (INT64_C(1) << 32));
}

/* Each time the restored row says what the backup said; only the incarnation differs. The second
 * backup was made after a restore, the third before the first block was taken. */
static void two_restores_of_one_backup_hand_out_other_ids(void **state)
{
    static const char *const backups[] = {"next = 100000, incarnation = 5",
            "next = (1789990000 - 1767225600::bigint) * 131072, incarnation = 1789990000",
            "next = 1, incarnation = 0"};
    int64_t before = 0;
    (void)state;
    for (int i = 0; i < 6; i++) {
        int64_t incarnation = 1790000000 + 3600 * i;
        char sql[240];
        snprintf(sql, sizeof sql,
                "UPDATE toy.id_block SET %s; UPDATE directory.site SET incarnation = %lld",
                backups[i / 3], (long long)incarnation);
        kit_pg_run(server, sql);
        ids_clear(&one.ids);
        block_take(&one, incarnation, OK);
        int64_t first = id_counter(ids_draw(&one.ids));
        assert_true(first >= before + (INT64_C(3600) << 17));
        before = first;
    }
}

static void block_of_a_cleared_stock_is_dropped(void **state)
{
    struct chores_listener listener = {.done = done_take};
    (void)state;
    done = 0;
    ids_clear(&one.ids);
    chores_ids(one.chores, &one.ids, one.incarnation, &listener);
    ids_clear(&one.ids);
    assert_int_equal(pg_wait(one.pg, DEADLINE_MS), OK);
    assert_int_equal(done, 1);
    assert_int_equal(ids_left(&one.ids), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(blocks_of_ids_never_overlap_and_jump),
            CASE(two_restores_of_one_backup_hand_out_other_ids),
            CASE(block_of_a_cleared_stock_is_dropped)};
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
