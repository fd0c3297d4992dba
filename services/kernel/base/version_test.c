/* The version is a number of three parts, and the same that CMakeLists.txt names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "services/kernel/base/version.h"

static void version_is_that_of_the_project(void **state)
{
    char line[256], expected[64] = "";
    (void)state;
    FILE *file = fopen("CMakeLists.txt", "r");
    assert_non_null(file);
    while (expected[0] == '\0' && fgets(line, sizeof line, file))
        (void)sscanf(line, "project(huying VERSION %63[0-9.]", expected);
    fclose(file);
    assert_string_equal(version_text(), expected);
    int parts[3], end = 0;
    assert_int_equal(sscanf(expected, "%d.%d.%d%n", &parts[0], &parts[1], &parts[2], &end), 3);
    assert_int_equal((size_t)end, strlen(expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(version_is_that_of_the_project)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
