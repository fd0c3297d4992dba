/* Where a message stands in its stream: the whole rule as a table. */
#include "services/kernel/store/stream.h"

#include "services/kernel/base/testing.h"

static void judge_table(void **state)
{
    static const struct {
        const char *name;
        uint64_t seen, n;
        int64_t msg_id;
        struct stream_held held;
        enum stream_place place;
    } cases[] = {
            {"first of a new stream", 0, 1, 9, {false, false, 0}, STREAM_DUE},
            {"next", 4, 5, 9, {false, false, 0}, STREAM_DUE},
            {"the last one again", 4, 4, 9, {false, false, 0}, STREAM_DUPLICATE},
            {"an old one again", 4, 1, 9, {false, false, 0}, STREAM_DUPLICATE},
            {"one is missing", 4, 6, 9, {false, false, 0}, STREAM_EARLY},
            {"far ahead", 4, 1000000, 9, {false, false, 0}, STREAM_EARLY},
            {"early, waits already", 4, 6, 9, {true, false, 9}, STREAM_DUPLICATE},
            {"early, another waits", 4, 6, 9, {true, false, 8}, STREAM_ALARM},
            {"next, and waits", 4, 5, 9, {true, false, 9}, STREAM_DUE},
            {"next, another waits", 4, 5, 9, {true, false, 8}, STREAM_ALARM},
            {"next, is a dead letter", 4, 5, 9, {true, true, 9}, STREAM_DUPLICATE},
            {"next, another is dead", 4, 5, 9, {true, true, 8}, STREAM_ALARM},
            {"early, is a dead letter", 4, 6, 9, {true, true, 9}, STREAM_DUPLICATE},
            {"early, another is dead", 4, 6, 9, {true, true, 8}, STREAM_ALARM},
            {"seen, and still held", 4, 4, 9, {true, true, 8}, STREAM_DUPLICATE},
            {"largest number", (uint64_t)STREAM_NUMBER_MAX - 1, (uint64_t)STREAM_NUMBER_MAX, 9,
                    {false, false, 0}, STREAM_DUE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum stream_place place =
                stream_judge(cases[i].seen, cases[i].n, cases[i].msg_id, cases[i].held);
        if (place != cases[i].place)
            fail_msg("%s: found %d, expected %d", cases[i].name, (int)place, (int)cases[i].place);
    }
}

static void judge_zero(void *self)
{
    (void)self;
    (void)stream_judge(0, 0, 1, (struct stream_held){false, false, 0});
}

static void number_zero_is_a_bug(void **state)
{
    (void)state;
    assert_true(process_aborts(judge_zero, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(judge_table), cmocka_unit_test(number_zero_is_a_bug)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
