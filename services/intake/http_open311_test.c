/* Open311 over raw sockets: what clients that others wrote ask, and the errors that they are
 * told. */
#include "services/intake/http_double.h"
#include "services/intake/open311/jurisdiction.h"

#define BASE "/open311/v2/"
#define ABANDONED "4ffa4c69601827691b000018"

static int open311_setup(void **unused)
{
    (void)unused;
    BUF_OWNED why = {0};
    struct jurisdictions *list = NULL;
    server_start(NULL);
    if (jurisdictions_load("tests/clients/chicago.conf", &list, &why) != OK)
        fail_msg("%s", why.data);
    http_file_set(http, FILE_OPEN311, list);
    return 0;
}

static const char *body_of(void)
{
    const char *gap = strstr(answer, "\r\n\r\n");
    return gap ? gap + 4 : "";
}

static void discovery_has_its_types_without_a_charset(void **unused)
{
    (void)unused;
    expect("xml", get("/open311/discovery.xml", ""), 200, "Content-Type: text/xml\r\n");
    assert_non_null(strstr(answer, "<discovery><changeset>20"));
    assert_non_null(strstr(answer,
            "<endpoints><endpoint><specification>http://wiki.open311.org/GeoReport_v2"
            "</specification><url>http://127.0.0.1:7410/open311/v2</url><changeset>20"));
    assert_non_null(strstr(answer, "<type>production</type><formats><format>text/xml</format>"
                                   "<format>application/json</format></formats></endpoint>"
                                   "<endpoint>"));
    expect("json", get("/open311/discovery.json", ""), 200, "Content-Type: application/json\r\n");
    assert_non_null(strstr(answer, "\"endpoints\":[{\"specification\":\"http"));
}

static void services_are_listed_in_the_files_order(void **unused)
{
    (void)unused;
    expect("json", get(BASE "services.json", ""), 200,
            "Content-Type: application/json; charset=utf-8\r\n");
    assert_int_equal(strncmp(body_of(), "[{\"service_code\":\"" ABANDONED "\",", 20), 0);
    assert_non_null(strstr(body_of(), "\"service_name\":\"Abandoned Vehicle\",\"description\":\""));
    assert_non_null(strstr(body_of(), "\"metadata\":true,\"type\":\"batch\","));
    assert_non_null(strstr(body_of(), "\"metadata\":false,"));
    expect("xml", get(BASE "services.xml?jurisdiction_id=cityofchicago.org", ""), 200,
            "Content-Type: text/xml; charset=utf-8\r\n");
    assert_non_null(strstr(body_of(), "<services><service><service_code>" ABANDONED));
}

static void definition_has_attributes_and_values(void **unused)
{
    (void)unused;
    expect("json", get(BASE "services/" ABANDONED ".json", ""), 200,
            "{\"service_code\":\"" ABANDONED "\",\"attributes\":[{\"variable\":false,");
    assert_non_null(strstr(answer, "\"code\":\"HOWMANYD\",\"datatype\":\"number\","
                                   "\"required\":true,\"datatype_description\":null,\"order\":5"));
    expect("xml", get(BASE "services/" ABANDONED ".xml", ""), 200,
            "<values><value><key>BLK</key><name>Black</name></value>");
}

static void errors_are_told_in_the_format_of_the_path(void **unused)
{
    (void)unused;
    const struct {
        const char *path;
        int status;
        const char *part;
    } cases[] = {
            {BASE "services.xml?jurisdiction_id=x.org", 404,
                    "<errors><error><code>404</code><description>jurisdiction_id x.org was not"},
            {BASE "services.json?jurisdiction_id=x.org", 404,
                    "[{\"code\":404,\"description\":\"jurisdiction_id x.org was not found"},
            {BASE "services/000.xml", 404, "service_code 000 was not found"},
            {BASE "services.html", 404, "there are xml and json, not html"},
            {BASE "services/000", 404, "there are xml and json"},
            {BASE "services.xml?jurisdiction_id=%zz", 400, "jurisdiction_id: has a %"},
            {BASE "services.xml?jurisdiction_id=a&jurisdiction_id=b", 400, "stands there twice"},
            {"/open311/v2/nothing.xml", 404, "no_such_path"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i].path, get(cases[i].path, ""), cases[i].status, cases[i].part);
}

static void without_the_file_there_is_no_such_path(void **unused)
{
    (void)unused;
    http_file_set(http, FILE_OPEN311, NULL);
    expect("discovery", get("/open311/discovery.xml", ""), 404, "no_such_path");
    expect("services", get(BASE "services.xml", ""), 404, "no_such_path");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open311_setup, server_teardown)
            TEST(discovery_has_its_types_without_a_charset),
            TEST(services_are_listed_in_the_files_order),
            TEST(definition_has_attributes_and_values),
            TEST(errors_are_told_in_the_format_of_the_path),
            TEST(without_the_file_there_is_no_such_path),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
