/* Open311's GETs of requests, tokens and updates over raw sockets: what the loop is asked for each
 * filter, and how its rows are told. */
#include "services/intake/http_double.h"
#include "services/intake/open311/jurisdiction.h"

#define BASE "/open311/v2/"
#define DAY INT64_C(86400000)

static struct request rows[40];

static int get_setup(void **unused)
{
    (void)unused;
    BUF_OWNED why = {0};
    struct jurisdictions *list = NULL;
    server_start(NULL);
    if (jurisdictions_load("tests/clients/chicago.conf", &list, &why) != OK)
        fail_msg("%s", why.data);
    http_file_set(http, FILE_OPEN311, list);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        rows[i] = (struct request){.id = 7,
                .number = "TT-20180101-0000007-1",
                .service = "4ffa4c69601827691b000018",
                .description = "dark <here>",
                .address = "",
                .address_id = "",
                .media_url = "",
                .requested_ms = NOW + 250,
                .open = true,
                .notes = "",
                .agency = "Street"};
    loop_double.listed = rows;
    loop_double.listed_count = 1;
    return 0;
}

static void rows_are_told_in_both_formats(void **unused)
{
    (void)unused;
    rows[0].has_point = true;
    rows[0].latitude = 41.8836379;
    rows[0].longitude = -87.6302312;
    expect("json", get(BASE "requests.json", ""), 200,
            "[{\"service_request_id\":\"TT-20180101-0000007-1\",\"status\":\"open\","
            "\"status_notes\":null,\"service_name\":\"Abandoned Vehicle\",\"service_code\":"
            "\"4ffa4c69601827691b000018\",\"description\":\"dark <here>\","
            "\"agency_responsible\":\"Street\",\"service_notice\":null,\"requested_datetime\":"
            "\"2018-01-01T08:00:00+08:00\",\"updated_datetime\":\"2018-01-01T08:00:00+08:00\","
            "\"expected_datetime\":null,\"address\":null,\"address_id\":null,\"zipcode\":null,"
            "\"lat\":41.8836379,\"long\":-87.6302312,\"media_url\":null}]");
    rows[0].open = false;
    rows[0].ended_ms = NOW + DAY;
    rows[0].promised_ms = NOW + 2 * DAY;
    rows[0].notes = "mended";
    rows[0].has_point = false;
    expect("xml", get(BASE "requests/TT-20180101-0000007-1.xml", ""), 200,
            "<status>closed</status><status_notes>mended</status_notes>");
    assert_non_null(strstr(answer, "<updated_datetime>2018-01-02T08:00:00+08:00<"));
    assert_non_null(strstr(answer, "<expected_datetime>2018-01-03T08:00:00+08:00<"));
    assert_non_null(strstr(answer, "<description>dark &lt;here&gt;</description>"));
    assert_non_null(strstr(answer, "<lat/><long/>"));
    assert_int_equal(loop_double.requests.id_count, 1);
    assert_string_equal(loop_double.requests.ids[0], "TT-20180101-0000007-1");
}

static void what_is_not_there_is_404(void **unused)
{
    (void)unused;
    loop_double.listed_count = 0;
    expect("list", get(BASE "requests.json", ""), 200, "\r\n\r\n[]");
    expect("id", get(BASE "requests/1.json", ""), 404,
            "[{\"code\":404,\"description\":\"service_request_id 1 was not found");
    expect("token", get(BASE "tokens/1.xml", ""), 404, "token 1 was not found");
    size_t asked = loop_double.queried;
    expect("no token", get(BASE "tokens/x1.xml", ""), 404, "token x1 was not found");
    expect("no format", get(BASE "requests/1", ""), 404, "there are xml and json");
    assert_int_equal(loop_double.queried, asked);
}

static void token_leads_to_the_request(void **unused)
{
    (void)unused;
    expect("json", get(BASE "tokens/t7.json", ""), 200,
            "[{\"service_request_id\":\"TT-20180101-0000007-1\",\"token\":\"t7\"}]");
    assert_string_equal(loop_double.requests.ids[0], "7");
}

static void filters_become_the_question(void **unused)
{
    (void)unused;
    struct requests_query *query = &loop_double.requests;
    expect("none", get(BASE "requests.xml", ""), 200, "<service_requests>");
    assert_string_equal(query->jurisdiction, "cityofchicago.org");
    assert_int_equal(query->from_ms, NOW - 89 * DAY);
    assert_int_equal(query->to_ms, NOW + DAY);
    assert_int_equal(query->limit, REQUESTS_MAX);
    assert_int_equal(query->status, REQUEST_ANY);
    assert_false(query->ended);
    expect("ids", get(BASE "requests.xml?service_request_id=a,%20b,,c&status=what", ""), 200, "");
    assert_int_equal(query->id_count, 3);
    assert_string_equal(query->ids[1], "b");
    expect("codes",
            get(BASE "requests.xml?service_code=4ffa4c69601827691b000018,"
                     "4ffa995a6018277d4000003c&status=open",
                    ""),
            200, "");
    assert_int_equal(query->service_count, 2);
    assert_int_equal(query->status, REQUEST_OPEN);
    expect("both", get(BASE "requests.xml?status=open,closed", ""), 200, "");
    assert_int_equal(query->status, REQUEST_ANY);
    expect("closed", get(BASE "requests.xml?status=CLOSED&page=3&page_size=20", ""), 200, "");
    assert_int_equal(query->status, REQUEST_CLOSED);
    assert_int_equal(query->offset, 40);
    assert_int_equal(query->limit, 20);
    expect("start", get(BASE "requests.xml?start_date=2017-12-01T00:00:00%2B08:00", ""), 200, "");
    assert_int_equal(query->from_ms, NOW - 31 * DAY - 8 * 3600000);
    assert_int_equal(query->to_ms, query->from_ms + 90 * DAY);
    expect("end", get(BASE "requests.xml?end_date=2017-12-01", ""), 200, "");
    assert_int_equal(query->to_ms, NOW - 31 * DAY + 1000);
    assert_int_equal(query->from_ms, NOW - 121 * DAY);
    expect("far", get(BASE "requests.xml?start_date=4034-01-01", ""), 200, "");
    expect("old", get(BASE "requests.xml?end_date=1970-01-01", ""), 200, "");
    expect("updates",
            get(BASE "servicerequestupdates.xml?start_date=2017-12-01&end_date=2018-01-01", ""),
            200, "<service_request_updates>");
    assert_true(query->ended);
}

static void bad_filters_are_told_by_name(void **unused)
{
    (void)unused;
    const struct {
        const char *query, *part;
        int status;
    } cases[] = {
            {"status=half", "status must be open or closed", 400},
            {"service_code=000", "service_code 000 was not found", 404},
            {"start_date=yesterday", "start_date must be a time", 400},
            {"end_date=2018-13-01T00:00:00Z", "end_date must be a time", 400},
            {"start_date=2017-01-01&end_date=2017-12-01", "by 90 days at most", 400},
            {"start_date=2017-12-01&end_date=2017-11-01", "must lie before end_date", 400},
            {"page=0", "page must be a whole number from 1 to 1000000", 400},
            {"page_size=1001", "page_size must be a whole number from 1 to 1000", 400},
            {"page_size=-1", "page_size must be", 400},
            {"jurisdiction_id=x", "jurisdiction_id x was not found", 404},
            {"service_request_id=01234567890123456789012345678901234567890123456789012345678901234",
                    "service_request_id has more than 64", 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, BASE "requests.xml?%s", cases[i].query);
        expect(cases[i].query, get(path, ""), cases[i].status, cases[i].part);
    }
    assert_int_equal(loop_double.queried, 0);
}

static size_t rows_counted(void)
{
    size_t count = 0;
    for (const char *at = answer; (at = strstr(at, "\"status\":")); at++)
        count++;
    return count;
}

/* One message does not hold them: the loop is asked again from where it stopped. */
static void long_answer_is_asked_for_in_pieces(void **unused)
{
    (void)unused;
    static char text[9001];
    memset(text, 'x', sizeof text - 1);
    loop_double.listed_count = sizeof rows / sizeof *rows;
    for (size_t i = 0; i < loop_double.listed_count; i++)
        rows[i].description = i % 2 ? "" : text;
    expect("all", get(BASE "requests.json?page_size=30", ""), 200, NULL);
    assert_int_equal(loop_double.queried, 1);
    for (size_t i = 0; i < loop_double.listed_count; i++)
        rows[i].notes = text;
    expect("all", get(BASE "requests.json?page_size=9", ""), 200, NULL);
    assert_int_equal(rows_counted(), 9);
    loop_double.queried = 0;
    expect("pieces", get(BASE "requests.xml?page_size=40", ""), 200, NULL);
    assert_true(loop_double.queried > 1);
    assert_int_equal(loop_double.requests.offset + loop_double.requests.limit, 40);
}

static void updates_are_the_stages_and_ends_of_cases(void **unused)
{
    (void)unused;
    rows[0].stage = 3;
    rows[0].stage_ms = NOW + DAY;
    rows[0].notes = "with Street";
    expect("stage", get(BASE "servicerequestupdates.xml", ""), 200,
            "<update_id>TT-20180101-0000007-1-p3</update_id><service_request_id>"
            "TT-20180101-0000007-1</service_request_id><status>open</status><updated_datetime>"
            "2018-01-02T08:00:00+08:00</updated_datetime><description>with Street</description>");
    rows[0].stage = 0;
    rows[0].open = false;
    rows[0].ended_ms = NOW;
    rows[0].round = 2;
    rows[0].notes = "mended";
    expect("xml", get(BASE "servicerequestupdates.xml", ""), 200,
            "<service_request_updates><request_update><update_id>TT-20180101-0000007-1-2"
            "</update_id><service_request_id>TT-20180101-0000007-1</service_request_id>"
            "<status>closed</status><updated_datetime>2018-01-01T08:00:00+08:00"
            "</updated_datetime><description>mended</description><media_url/></request_update>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, get_setup, server_teardown)
            TEST(rows_are_told_in_both_formats),
            TEST(what_is_not_there_is_404),
            TEST(token_leads_to_the_request),
            TEST(filters_become_the_question),
            TEST(bad_filters_are_told_by_name),
            TEST(long_answer_is_asked_for_in_pieces),
            TEST(updates_are_the_stages_and_ends_of_cases),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
