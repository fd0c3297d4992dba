/* Fault points: the list in the environment, when they fire, what is counted and told. In a tree
 * without them there is one thing to see: that they never fire. */
#include "services/kernel/base/fault.h"

#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/testing.h"

#define PASSES 1000

#ifdef HUYING_FAULTS

static void list_is_read_or_refused_by_name(void **state)
{
    static const struct {
        const char *list;
        enum err err;
        const char *part; /* of what is said */
    } cases[] = {
            {NULL, OK, ""},
            {"", OK, ""},
            {"pg_connect=200", OK, ""},
            {"pg_connect=200,bus_nak=1,all=500", OK, ""},
            {"all=0", OK, ""},
            {"pg_conect=200", ERR_MALFORMED, "\"pg_conect=200\""},
            {"pg_conect=200", ERR_MALFORMED, " pg_commit_lost_after "},
            {"bus_nak=5,pg=1", ERR_MALFORMED, "\"pg=1\""},
            {"pg_connect", ERR_MALFORMED, "POINT=N"},
            {"pg_connect=", ERR_MALFORMED, "POINT=N"},
            {"pg_connect=-1", ERR_MALFORMED, "POINT=N"},
            {"pg_connect=5x", ERR_MALFORMED, "POINT=N"},
            {"pg_connect=1000000001", ERR_MALFORMED, "POINT=N"},
            {"pg_connect=99999999999999999999", ERR_MALFORMED, "POINT=N"},
            {"=5", ERR_MALFORMED, "POINT=N"},
            {",", ERR_MALFORMED, "POINT=N"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        BUF_OWNED why = {0};
        enum err err = fault_set(cases[i].list, 1, "test-1", &why);
        if (err != cases[i].err || !strstr(why.size ? why.data : "", cases[i].part))
            fail_msg("\"%s\": %s, %s", cases[i].list, err_name(err), why.size ? why.data : "");
    }
}

/* Which of the passes fire, a bit each. */
static void passes_read(const char *list, uint64_t seed, const char *process, bool *ret)
{
    BUF_OWNED why = {0};
    assert_int_equal(fault_set(list, seed, process, &why), OK);
    for (int i = 0; i < PASSES; i++)
        ret[i] = FAULT(bus_nak);
}

static int fired(const bool *passes, int from, int count)
{
    int sum = 0;
    for (int i = from; i < from + count; i++)
        sum += passes[i];
    return sum;
}

static void one_in_each_window_fires(void **state)
{
    static const int windows[] = {1, 2, 10, 250, 1000};
    bool passes[PASSES];
    (void)state;
    for (size_t w = 0; w < COUNT_OF(windows); w++) {
        char list[32];
        snprintf(list, sizeof list, "bus_nak=%d", windows[w]);
        passes_read(list, 7, "test-1", passes);
        for (int from = 0; from < PASSES; from += windows[w])
            assert_int_equal(fired(passes, from, windows[w]), 1);
        assert_int_equal(fault_count(FAULT_bus_nak), PASSES / windows[w]);
        assert_int_equal(fault_count(FAULT_bus_open), 0);
    }
}

static void same_seed_and_process_repeat_others_differ(void **state)
{
    bool first[PASSES], other[PASSES];
    (void)state;
    passes_read("bus_nak=50", 7, "routing-1", first);
    passes_read("bus_nak=50", 7, "routing-1", other);
    assert_memory_equal(first, other, sizeof first);
    passes_read("bus_nak=50", 8, "routing-1", other);
    assert_memory_not_equal(first, other, sizeof first);
    passes_read("bus_nak=50", 7, "routing-2", other);
    assert_memory_not_equal(first, other, sizeof first);
}

static void all_is_for_those_without_a_number_of_their_own(void **state)
{
    BUF_OWNED why = {0};
    (void)state;
    assert_int_equal(fault_set("bus_nak=0,all=1,bus_open=2", 1, "x", &why), OK);
    assert_false(FAULT(bus_nak) || FAULT(bus_nak));
    assert_true(FAULT(pg_connect) && FAULT(pg_connect));
    assert_true(FAULT(bus_open) != FAULT(bus_open));
    assert_int_equal(fault_set(NULL, 1, "x", &why), OK);
    assert_false(FAULT(pg_connect));
}

static void environment_is_read_and_a_wrong_name_refused(void **state)
{
    BUF_OWNED why = {0};
    (void)state;
    setenv("HUYING_FAULTS", "bus_nak=1", 1);
    assert_int_equal(fault_init("x", &why), OK);
    assert_true(FAULT(bus_nak));
    setenv("HUYING_FAULTS", "bus_nack=1", 1);
    assert_int_equal(fault_init("x", &why), ERR_MALFORMED);
    assert_true(FAULT(bus_nak)); /* nothing has changed */
    unsetenv("HUYING_FAULTS");
    assert_int_equal(fault_init("x", &why), OK);
    assert_false(FAULT(bus_nak));
}

static void metrics_have_a_line_for_each_point(void **state)
{
    BUF_OWNED why = {0}, text = {0};
    (void)state;
    assert_int_equal(fault_set("bus_nak=1", 1, "x", &why), OK);
    assert_true(FAULT(bus_nak));
    fault_print("instance=\"1\"", &text);
    assert_non_null(
            strstr(text.data, "\nhuying_fault_total{instance=\"1\",point=\"bus_nak\"} 1\n"));
    for (unsigned i = 0; i < FAULT_POINTS; i++)
        assert_non_null(strstr(text.data, fault_point_name((enum fault_point)i)));
    buf_reset(&text);
    fault_print("", &text);
    assert_non_null(strstr(text.data, "\nhuying_fault_total{point=\"pg_connect\"} 0\n"));
}

/* The lines that standard error gets while a point fires three times. */
static void first_firing_is_told_once(void **state)
{
    BUF_OWNED why = {0};
    char text[2048] = {0};
    int ends[2], kept = dup(STDERR_FILENO);
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fault_set("bus_nak=1", 1, "x", &why), OK);
    dup2(ends[1], STDERR_FILENO);
    bool fires = FAULT(bus_nak) && FAULT(bus_nak) && FAULT(bus_nak);
    dup2(kept, STDERR_FILENO);
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    close(kept);
    assert_true(fires);
    const char *line = strstr(text, "FAULT-FIRED");
    assert_non_null(line);
    assert_non_null(strstr(line, "point=bus_nak"));
    assert_null(strstr(line + 1, "FAULT-FIRED"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(list_is_read_or_refused_by_name),
            cmocka_unit_test(one_in_each_window_fires),
            cmocka_unit_test(same_seed_and_process_repeat_others_differ),
            cmocka_unit_test(all_is_for_those_without_a_number_of_their_own),
            cmocka_unit_test(environment_is_read_and_a_wrong_name_refused),
            cmocka_unit_test(metrics_have_a_line_for_each_point),
            cmocka_unit_test(first_firing_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void without_them_nothing_fires_and_nothing_is_printed(void **state)
{
    BUF_OWNED why = {0}, text = {0};
    (void)state;
    setenv("HUYING_FAULTS", "all=1,no_such_point=1", 1);
    assert_int_equal(fault_init("x", &why), OK);
    for (int i = 0; i < PASSES; i++)
        assert_false(FAULT(bus_nak));
    fault_print("", &text);
    assert_int_equal(text.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(without_them_nothing_fires_and_nothing_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
