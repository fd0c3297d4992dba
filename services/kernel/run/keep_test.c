/* Keeping: which keys contradict each other, and when a chore may let data go at all. What the
 * chores do is in store/life_test.c. */
#include "services/kernel/run/loop.h"
#include "services/kernel/store/test_toy.h"

static void keys_that_contradict_each_other_are_refused(void **state)
{
    static const struct {
        int64_t data_days, stream_days;
        bool good;
    } cases[] = {{0, 0, true}, {30, 0, true}, {30, 31, true}, {30, 30, false}, {30, 29, false},
            {0, 400, false}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        BUF_OWNED why = {0};
        struct kernel_conf conf = {
                .data_days = cases[i].data_days, .stream_days = cases[i].stream_days};
        assert_int_equal(keep_check(&conf, "a.conf", &why), cases[i].good);
        assert_int_equal(why.size == 0, cases[i].good);
        if (!cases[i].good)
            assert_non_null(strstr(why.data, "a.conf: [keep] stream_days: found "));
    }
}

static void nothing_goes_that_is_kept_or_by_a_doubtful_clock(void **state)
{
    static const struct {
        const char *name;
        int64_t data_days, stream_days;
        bool held, ends, shrink, raise, remove, answers;
    } cases[] = {
            {"for ever", 0, 0, false, true, false, false, false, true},
            {"data goes", 9, 0, false, true, true, false, false, true},
            {"rows go", 9, 99, false, true, true, true, true, true},
            {"the clock has jumped", 9, 99, true, true, false, false, false, false},
            {"the ledger", 9, 99, false, false, false, false, false, true},
    };
    (void)state;
    struct aggregate_ops ledger = TOY_OPS;
    ledger.own_columns = NULL;
    struct directory *directory = toy_directory(1);
    static struct loop loop;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        loop = (struct loop){.directory = directory,
                .site = {.version = 1, .now_ms = 1},
                .conf = {.data_days = cases[i].data_days,
                        .stream_days = cases[i].stream_days,
                        .command_days = 30}};
        loop.watch.known = true;
        loop.watch.held = cases[i].held;
        loop.life = life_new(cases[i].ends ? &TOY_OPS : &ledger, NULL);
        if (keep_may(&loop, CHORE_SHRINK) != cases[i].shrink ||
                keep_may(&loop, CHORE_RAISE) != cases[i].raise ||
                keep_may(&loop, CHORE_REMOVE) != cases[i].remove ||
                keep_may(&loop, CHORE_ANSWERS) != cases[i].answers)
            fail_msg("%s: shrink %d, raise %d, remove %d, answers %d", cases[i].name,
                    keep_may(&loop, CHORE_SHRINK), keep_may(&loop, CHORE_RAISE),
                    keep_may(&loop, CHORE_REMOVE), keep_may(&loop, CHORE_ANSWERS));
        life_destroy(&loop.life);
    }
    directory_destroy(&directory);
}

/* A horizon may pass over ids that somebody has not drawn yet. */
static void ids_are_good_for_a_day(void **state)
{
    static struct loop loop;
    (void)state;
    loop = (struct loop){.now_ms = INT64_C(86400000), .ids_since_ms = 1};
    ids_add(&loop.ids, 1, 10);
    keep_turn(&loop);
    assert_int_equal(ids_left(&loop.ids), 10);
    loop.now_ms++;
    keep_turn(&loop);
    assert_int_equal(ids_left(&loop.ids), 0);
    assert_int_equal(loop.ids_since_ms, loop.now_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(keys_that_contradict_each_other_are_refused),
            cmocka_unit_test(nothing_goes_that_is_kept_or_by_a_doubtful_clock),
            cmocka_unit_test(ids_are_good_for_a_day)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
