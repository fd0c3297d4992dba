/* must() stays in release builds and says on standard error where it was. */
#include "services/kernel/base/must.h"

#include <string.h>
#include "services/kernel/base/testing.h"

static void assertion_fail(void *self)
{
    must(self != NULL);
}

static void memory_fail(void *self)
{
    (void)must_memory(self);
}

static void must_false_aborts_and_true_goes_on(void **state)
{
    (void)state;
    int something = 0;
    assert_true(process_aborts(assertion_fail, NULL));
    assert_false(process_aborts(assertion_fail, &something));
}

static void must_memory_aborts_without_memory_only(void **state)
{
    (void)state;
    int something = 0;
    assert_true(process_aborts(memory_fail, NULL));
    assert_ptr_equal(must_memory(&something), &something);
}

static void must_fail_writes_one_line_with_place(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        assertion_fail(NULL);
    }
    (void)close(ends[1]);
    char text[512] = {0};
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    (void)close(ends[0]);
    (void)waitpid(child, NULL, 0);
    assert_non_null(strstr(text, "MUST-FAILED expr=\"self != "));
    assert_non_null(strstr(text, "must_test.c:"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(must_false_aborts_and_true_goes_on),
            cmocka_unit_test(must_memory_aborts_without_memory_only),
            cmocka_unit_test(must_fail_writes_one_line_with_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
