/* Bad input to the HTTP API, over raw sockets: each is refused with status, name, field and limit,
 * changes nothing, and the next request is served. */
#include "services/intake/http_double.h"

static void wrong_paths_methods_and_ids(void **unused)
{
    (void)unused;
    const struct {
        const char *line;
        int status;
        const char *part;
    } cases[] = {
            {"GET /", 404, "no_such_path"},
            {"GET /v1/reports/", 404, "no_such_path"},
            {"GET /v1/reports/1/2", 404, "no_such_path"},
            {"GET /v1/reports/%2e%2e", 404, "no_such_report"},
            {"GET /v1/reports/../x", 404, "no_such_path"},
            {"GET /v1/reports/1%00", 404, "no_such_report"},
            {"GET /v1/reports/0", 404, "no_such_report"},
            {"GET /v1/reports/99999999999999999999", 404, "no_such_report"},
            {"GET /v1/reports/-1", 404, "no_such_report"},
            {"GET /v1/reports/x012345678901234567890123456789012345678901234567890123456789012"
             "0123456789012345678901234567890123456789012345678901234567890123",
                    404, "no_such_path"},
            {"GET /v1/reports", 405, "Allow: POST"},
            {"PUT /v1/reports", 405, "Allow: POST"},
            {"DELETE /v1/reports/1", 405, "Allow: GET, HEAD"},
            {"BREW /v1/reports", 405, "method_not_allowed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BUF_OWNED request = {0};
        buf_add_format(&request, "%s HTTP/1.1\r\nHost: h\r\n\r\n", cases[i].line);
        expect(cases[i].line, exchange(request.data, request.size), cases[i].status, cases[i].part);
    }
    assert_int_equal(loop_double.asked, 0);
}

static void bad_headers_are_refused_with_field_and_limit(void **unused)
{
    (void)unused;
    const char *end = "\r\n{}";
    const struct {
        const char *headers;
        int status;
        const char *part;
    } cases[] = {
            {KEY("k") "Content-Length: 2\r\nContent-Length: 2\r\n", 400, "ambiguous_length"},
            {KEY("k") "Content-Length: 2\r\nContent-Length: 20\r\n", 400, "ambiguous_length"},
            {KEY("k") "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", 400, NULL},
            {KEY("k") "Content-Length: 65537\r\n", 413, "\"limit\":65536"},
            {KEY("k") "Content-Length: 99999999999999999999\r\n", 413, NULL},
            {KEY("k") "Content-Length: -1\r\n", 400, NULL},
            {"Content-Length: 2\r\n", 400, "\"field\":\"Idempotency-Key\""},
            {KEY("") "Content-Length: 2\r\n", 400, "\"limit\":64"},
            {KEY("a b") "Content-Length: 2\r\n", 400, "idempotency_key"},
            {KEY("a") KEY("b") "Content-Length: 2\r\n", 400, "idempotency_key"},
            {KEY("\xe5\xb7\xa5") "Content-Length: 2\r\n", 400, "idempotency_key"},
            {KEY("01234567890123456789012345678901234567890123456789012345678901234") "Content-"
                                                                                      "Length: "
                                                                                      "2\r\n",
                    400, "idempotency_key"},
            {KEY("k") "Content-Encoding: gzip\r\nContent-Length: 2\r\n", 415, "Content-Type"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BUF_OWNED request = {0};
        buf_add_format(&request, HEAD "%s%s", cases[i].headers, end);
        expect(cases[i].headers, exchange(request.data, request.size), cases[i].status,
                cases[i].part);
    }
    assert_int_equal(loop_double.asked, 0);
}

static void other_media_types_are_415(void **unused)
{
    (void)unused;
    const char *types[] = {"text/plain", "application/jsonx", "application/json; charset=gbk",
            "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        BUF_OWNED request = {0};
        buf_add_format(&request,
                "POST /v1/reports HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\n" KEY(
                        "k") "Content-Length: 2\r\n\r\n{}",
                types[i]);
        expect(types[i], exchange(request.data, request.size), 415, "unsupported_media_type");
    }
}

static void huge_headers_are_431(void **unused)
{
    (void)unused;
    for (size_t size = 17000; size <= 400000; size *= 20) {
        BUF_OWNED request = {0};
        buf_add_text(&request, HEAD KEY("k") "Content-Length: 2\r\nX-Big: ");
        for (size_t i = 0; i < size; i++)
            buf_add_text(&request, "x");
        buf_add_text(&request, "\r\n\r\n{}");
        expect("huge header", exchange(request.data, request.size), 431,
                size == 17000 ? "\"limit\":16384" : NULL);
    }
}

static void bad_json_is_refused_with_field_and_limit(void **unused)
{
    (void)unused;
    static char deep[60001];
    memset(deep, '[', 60000);
#define BODY(text) text, sizeof(text) - 1
    const struct {
        const char *body;
        size_t size;
        int status;
        const char *name, *part;
    } cases[] = {
            {BODY(""), 400, "bad_json", "\"field\":\"body\""},
            {BODY("[]"), 400, "bad_json", "\"field\":\"body\""},
            {BODY("{"), 400, "bad_json", "line 1"},
            {BODY("{} x"), 400, "bad_json", "line 1"},
            {BODY("\xef\xbb\xbf{}"), 400, "bad_json", NULL},
            {BODY("{\"matter\":\"\xff\"}"), 400, "bad_utf8", NULL},
            {BODY("{\"matter\":\"\xed\xa0\x80\"}"), 400, "bad_utf8", NULL},
            {BODY("{\"matter\":\"\\ud800\"}"), 400, "bad_json", NULL},
            {BODY("{\"matter\":\"a\\u0000b\"}"), 400, "nul_character", "\"limit\":0"},
            {BODY("{\"matter\":\"a\0b\"}"), 400, "bad_json", NULL},
            {BODY("{\"longitude\":1e999}"), 400, "number_overflow", NULL},
            {BODY("{\"longitude\":NaN}"), 400, "bad_json", NULL},
            {BODY("{\"matter\":\"A\",\"matter\":\"B\"}"), 400, "duplicate_key", "\"limit\":1"},
            {deep, 60000, 400, "json_too_deep", "\"limit\":2048"},
            {BODY("{}"), 422, "missing", "\"field\":\"matter\""},
            {BODY("{\"matter\":7}"), 422, "wrong_type", "\"field\":\"matter\""},
            {BODY("{\"matter\":null}"), 422, "wrong_type", "\"field\":\"matter\""},
            {BODY("{\"matter\":\"LIGHT\",\"colour\":1}"), 422, "unknown_field",
                    "\"field\":\"colour\""},
            {BODY("{\"matter\":\"LIGHT\",\"text\":\"a\\u0007\"}"), 422, "control_character",
                    "\"field\":\"text\""},
            {BODY("{\"matter\":\"LIGHT\",\"longitude\":1}"), 422, "incomplete", "\"limit\":2"},
            {BODY("{\"matter\":\"LIGHT\",\"longitude\":181,\"latitude\":1}"), 422, "out_of_range",
                    "\"limit\":180"},
            {BODY("{\"matter\":\"LIGHT\",\"longitude\":1,\"latitude\":\"1\"}"), 422, "wrong_type",
                    "\"field\":\"latitude\""},
            {BODY("{\"matter\":\"LIGHT\",\"unit_codes\":{}}"), 422, "wrong_type",
                    "\"field\":\"unit_codes\""},
            {BODY("{\"matter\":\"LIGHT\",\"unit_codes\":[1]}"), 422, "wrong_type", NULL},
            {BODY("{\"matter\":\"LIGHT\",\"unit_codes\":[1,2,3,4,5,6,7,8,9]}"), 422, "too_many",
                    "\"limit\":8"},
            {BODY("{\"matter\":\"LIGHT\",\"reported_at\":\"yesterday\"}"), 422, "bad_time",
                    "\"field\":\"reported_at\""},
            {BODY("{\"matter\":\"LIGHT\",\"reported_at\":\"2018-01-01T00:00:00\"}"), 422,
                    "bad_time", NULL},
            {BODY("{\"matter\":\"LIGHT\",\"promised_at\":\"2100-01-01T00:00:00Z\"}"), 422,
                    "out_of_range", "\"field\":\"promised_at\""},
            {BODY("{\"matter\":\"LIGHT\",\"reporter\":\"Li\"}"), 422, "REPORTER_NOT_YET",
                    "\"field\":\"reporter\""},
            {BODY("{\"matter\":\"LIGHT\",\"intent\":\"whisper\"}"), 422, "unknown_intent",
                    "\"field\":\"intent\""},
            {BODY("{\"matter\":\"LIGHT\",\"intent\":7}"), 422, "wrong_type", NULL},
            {BODY("{\"intent\":\"urge\"}"), 422, "not_together", "\"field\":\"about\""},
            {BODY("{\"matter\":\"LIGHT\",\"settled\":1}"), 422, "wrong_type", NULL},
            {BODY("{\"matter\":\"LIGHT\",\"evidence\":\"selfie\"}"), 422, "unknown_evidence",
                    "\"field\":\"evidence\""},
            {BODY("{\"matter\":\"LIGHT\",\"settled\":true}"), 422, "NOT_WORKER",
                    "\"field\":\"settled\""},
            {BODY("{\"matter\":\"NOSUCH\"}"), 422, "UNKNOWN_MATTER", "\"field\":\"matter\""},
    };
#undef BODY
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = post(KEY("k"), cases[i].body, cases[i].size);
        expect(cases[i].name, status, cases[i].status, cases[i].name);
        expect(cases[i].name, status, cases[i].status, cases[i].part);
    }
    assert_int_equal(loop_double.report_count, 0);
}

static void long_text_names_its_limit(void **unused)
{
    (void)unused;
    BUF_OWNED body = {0};
    buf_add_text(&body, "{\"matter\":\"LIGHT\",\"text\":\"");
    for (int i = 0; i < 2000; i++)
        buf_add_text(&body, "灯");
    size_t size = body.size;
    buf_add_text(&body, "灯\"}");
    expect("2001", post(KEY("k"), body.data, body.size), 422, "\"limit\":2000");
    body.size = size;
    buf_add_text(&body, "\"}");
    expect("2000", post(KEY("k"), body.data, body.size), 201, NULL);
}

static void chunked_body_is_read_and_limited(void **unused)
{
    (void)unused;
    BUF_OWNED request = {0};
    buf_add_format(&request,
            HEAD KEY("k") "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n", strlen(GOOD),
            GOOD);
    expect("chunked", exchange(request.data, request.size), 201, NULL);
    buf_reset(&request);
    buf_add_text(&request, HEAD KEY("k") "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 70; i++) {
        buf_add_text(&request, "400\r\n");
        for (int n = 0; n < 1024; n++)
            buf_add_text(&request, " ");
        buf_add_text(&request, "\r\n");
    }
    buf_add_text(&request, "0\r\n\r\n");
    expect("chunked, 70 KiB", exchange(request.data, request.size), 413, "\"limit\":65536");
}

static void noise_is_refused_and_the_next_is_served(void **unused)
{
    (void)unused;
    static const char noise[] = "\x16\x03\x01\x02\0\x01\0\r\n\r\n\0\0";
    int status = exchange(noise, sizeof noise);
    assert_true(status == 0 || status == 400);
    expect("next", post(KEY("k"), GOOD, strlen(GOOD)), 201, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(wrong_paths_methods_and_ids),
            TEST(bad_headers_are_refused_with_field_and_limit),
            TEST(other_media_types_are_415),
            TEST(huge_headers_are_431),
            TEST(bad_json_is_refused_with_field_and_limit),
            TEST(long_text_names_its_limit),
            TEST(chunked_body_is_read_and_limited),
            TEST(noise_is_refused_and_the_next_is_served),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
