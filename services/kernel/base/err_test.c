/* Names and sentences of the error classes. */
#include "services/kernel/base/err.h"

#include "services/kernel/base/testing.h"

static void err_name_of_each_class_is_its_own(void **state)
{
    (void)state;
    assert_string_equal(err_name(OK), "OK");
    assert_string_equal(err_name(ERR_LIMIT), "ERR_LIMIT");
    assert_string_equal(err_name(ERR_LATE), "ERR_LATE");
    assert_string_equal(err_text(ERR_LIMIT), "a named maximum was reached");
}

static void err_name_of_a_number_out_of_range_is_no_crash(void **state)
{
    (void)state;
    assert_string_equal(err_name((enum err)(ERR_LATE + 1)), "ERR_?");
    assert_string_equal(err_text((enum err)12345), "a class that does not exist");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(err_name_of_each_class_is_its_own),
            cmocka_unit_test(err_name_of_a_number_out_of_range_is_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
