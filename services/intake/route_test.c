/* The table of paths: which line a request gets, the name in its path, and what Allow says. */
#include "services/intake/route.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void route_by_method_and_path(void **unused)
{
    (void)unused;
    static char longest[sizeof "/v1/reports/" + ROUTE_NAME_SIZE];
    memset(longest, 'x', sizeof longest - 1);
    memcpy(longest, "/v1/reports/", strlen("/v1/reports/"));
    const struct {
        const char *method, *url, *path, *name, *allow;
    } cases[] = {
            {"POST", "/v1/reports", "/v1/reports", "", ""},
            {"GET", "/v1/reports/7", "/v1/reports/{}", "7", ""},
            {"HEAD", "/v1/reports/7", "/v1/reports/{}", "7", ""},
            {"GET", "/v1/reports/a%2fb", "/v1/reports/{}", "a%2fb", ""},
            {"GET", "/v1/reports", NULL, "", "POST"},
            {"POST", "/v1/reports/7", NULL, "", "GET, HEAD"},
            {"get", "/v1/reports/7", NULL, "", "GET, HEAD"},
            {"GET", "/v1/reports/", NULL, "", ""},
            {"GET", "/v1/reports/7/", NULL, "", ""},
            {"GET", "/v1/reports/7/8", NULL, "", ""},
            {"GET", "/v1/report", NULL, "", ""},
            {"GET", longest, NULL, "", ""},
            {"GET", "", NULL, "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[ROUTE_NAME_SIZE], allow[ROUTE_ALLOW_SIZE];
        const struct route *route = route_find(cases[i].method, cases[i].url, name, allow);
        print_message("%s %.40s\n", cases[i].method, cases[i].url);
        assert_int_equal(route != NULL, cases[i].path != NULL);
        if (route)
            assert_string_equal(route->path, cases[i].path);
        assert_string_equal(name, cases[i].name);
        assert_string_equal(allow, cases[i].allow);
    }
}

static void longest_name_is_taken(void **unused)
{
    (void)unused;
    char url[sizeof "/v1/reports/" + ROUTE_NAME_SIZE] = "/v1/reports/";
    char name[ROUTE_NAME_SIZE], allow[ROUTE_ALLOW_SIZE];
    memset(url + strlen(url), 'x', ROUTE_NAME_SIZE - 1);
    assert_non_null(route_find("GET", url, name, allow));
    assert_int_equal(strlen(name), ROUTE_NAME_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(route_by_method_and_path),
            cmocka_unit_test(longest_name_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
