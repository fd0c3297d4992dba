/* Names of services and back. */
#include "services/kernel/base/service_id.h"

#include "services/kernel/base/testing.h"

static void service_find_is_the_inverse_of_service_name(void **state)
{
    (void)state;
    for (int id = SERVICE_NONE + 1; id < SERVICE_COUNT; id++) {
        assert_int_equal(service_find(service_name((enum service_id)id)), id);
    }
    assert_string_equal(service_name(SERVICE_ROUTING), "routing");
}

static void service_find_of_other_text_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "none", "Intake", "intake ", "?"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(service_find(texts[i]), SERVICE_NONE);
    }
    assert_string_equal(service_name(SERVICE_COUNT), "?");
    assert_string_equal(service_name((enum service_id)(-1)), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(service_find_is_the_inverse_of_service_name),
            cmocka_unit_test(service_find_of_other_text_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
