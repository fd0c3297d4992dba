/* Every name here is that of the service's own table, read as text, since no service includes
 * another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <glib.h>

#include "services/ctl/refusals.h"

static const char *const HEADERS[SERVICE_COUNT] = {
        [SERVICE_ROUTING] = "services/routing/refusals.h",
        [SERVICE_ENFORCEMENT] = "services/enforcement/enforcement.h",
        [SERVICE_VOLUNTEER] = "services/volunteer/volunteer.h",
};

static void every_name_has_the_services_number(void **state)
{
    const struct refusal *it;
    (void)state;
    for (size_t i = 0; (it = refusal_get(i)) != NULL; i++) {
        g_autofree char *text = NULL;
        assert_true(g_file_get_contents(HEADERS[it->service], &text, NULL, NULL));
        g_autofree char *row = g_strdup_printf(
                "X\\(RE\\w+,\\s*%u,[\\s\\\\]*\"%s\"", (unsigned)it->number, it->name);
        if (!g_regex_match_simple(row, text, 0, 0))
            fail_msg("%s has no refusal %u \"%s\"", HEADERS[it->service], (unsigned)it->number,
                    it->name);
        assert_string_equal(refusal_name(it->service, it->number), it->name);
    }
    assert_string_equal(refusal_name(SERVICE_ROUTING, 9999), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_name_has_the_services_number)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
