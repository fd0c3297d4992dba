/* The HTTP API over raw sockets: what is right goes through once, also under repetition, at once
 * and after time-outs; slow senders and silent loops are cut off; tokens decide who may ask. */
#include "services/intake/http_double.h"

static void post_good_report_is_201_then_200_with_the_same_body(void **unused)
{
    (void)unused;
    expect("first", post(KEY("k1"), GOOD, strlen(GOOD)), 201, "Location: /v1/reports/");
    assert_non_null(strstr(answer, "\"state\":\"accepted\",\"unit\":\"A\",\"level\":\"street\","
                                   "\"placed\":\"codes\",\"accepted_at\":\"2018-01-01T0"));
    char *first = strdup(strstr(answer, "\r\n\r\n"));
    expect("second", post(KEY("k1"), GOOD, strlen(GOOD)), 200, first);
    free(first);
    const char *other = "{\"matter\":\"LIGHT\",\"text\":\"light\"}";
    expect("other body", post(KEY("k1"), other, strlen(other)), 422,
            "urn:huying:problem:TICKET_REUSED");
    assert_non_null(strstr(answer, "\"field\":\"Idempotency-Key\""));
    assert_non_null(strstr(answer, "Content-Type: application/problem+json"));
    assert_int_equal(loop_double.report_count, 1);
}

static void post_under_a_ticket_whose_report_has_gone_is_422(void **unused)
{
    (void)unused;
    expect("gone", post(KEY("gone"), GOOD, strlen(GOOD)), 422, "urn:huying:problem:GONE");
    assert_non_null(strstr(answer, "\"field\":\"Idempotency-Key\""));
}

static void get_by_id_and_number(void **unused)
{
    (void)unused;
    const char *body = "{\"matter\":\"LIGHT\",\"promised_at\":\"2018-01-02T08:00:00+08:00\"}";
    expect("post", post(KEY("k1"), body, strlen(body)), 201, NULL);
    char path[128], number[CASE_NUMBER_SIZE];
    int64_t id = loop_double.reports[0].base.id;
    (void)snprintf(path, sizeof path, "/v1/reports/%" PRId64, id);
    expect("id", get(path, ""), 200, "\"promised_at\":\"2018-01-02T08:00:00+08:00\"");
    assert_non_null(strstr(answer, "\"accepted_at\":\"2018-01-01T08:00:00+08:00\""));
    assert_non_null(strstr(answer, "\"ended_at\":null"));
    assert_non_null(strstr(answer, "\"reported\":1}"));
    assert_non_null(strstr(answer, "\"unit\":\"A\""));
    case_number_format(number, "TT", id, NOW, 28800);
    (void)snprintf(path, sizeof path, "/v1/reports/%s", number);
    expect("number", get(path, ""), 200, "\"matter\":\"LIGHT\"");
    number[strlen(number) - 1] ^= 1;
    (void)snprintf(path, sizeof path, "/v1/reports/%s", number);
    expect("check digit", get(path, ""), 404, "no_such_report");
}

static void language_follows_the_request(void **unused)
{
    (void)unused;
    expect("preset", get("/v1/reports/0", ""), 404, "您没有该编号的上报");
    expect("en", get("/v1/reports/0", "Accept-Language: en-GB\r\n"), 404, "no report of yours");
}

static void slow_sender_is_cut_off(void **unused)
{
    (void)unused;
    int fd = dial();
    struct pollfd item = {.fd = fd, .events = POLLIN};
    say(fd, HEAD, strlen(HEAD) / 2);
    int rounds = 0;
    do {
        manual.monotonic_ms += HTTP_RECEIVE_MS_MAX + 1;
        http_turn(http);
        say(fd, "X", 1); /* a byte now and then keeps libmicrohttpd's own time-out away */
    } while (poll(&item, 1, 20) == 0 && ++rounds < DEADLINE_MS / 20);
    assert_true(rounds < DEADLINE_MS / 20);
    (void)close(fd);
    expect("next", post(KEY("k"), GOOD, strlen(GOOD)), 201, NULL);
}

static void held_wait(size_t count)
{
    for (int i = 0; i < DEADLINE_MS / 5; i++) {
        (void)pthread_mutex_lock(&loop_double.lock);
        size_t held = loop_double.held_count;
        (void)pthread_mutex_unlock(&loop_double.lock);
        if (held >= count)
            return;
        (void)poll(NULL, 0, 5);
    }
    fail_msg("the loop was not asked %zu times", count);
}

static int post_begin(const char *key)
{
    int fd = dial();
    BUF_OWNED request = {0};
    buf_add_format(&request, HEAD "Idempotency-Key: %s\r\nContent-Length: %zu\r\n\r\n" GOOD, key,
            strlen(GOOD));
    say(fd, request.data, request.size);
    return fd;
}

static int post_end(int fd)
{
    (void)hear(fd, answer);
    (void)close(fd);
    return status_of(answer);
}

static void silent_loop_is_503_and_its_late_answer_harms_nothing(void **unused)
{
    (void)unused;
    loop_double.mode = HOLD;
    int fd = post_begin("k");
    held_wait(1);
    manual.monotonic_ms += HTTP_ANSWER_MS_MAX + 1;
    http_turn(http);
    expect("late", post_end(fd), 503, "Retry-After: 1");
    assert_non_null(strstr(answer, "\"limit\":15000"));
    struct envelope reply = {.text = ""};
    loop_double.held[0].done(loop_double.held[0].self, &reply);
}

static void full_loop_is_503(void **unused)
{
    (void)unused;
    loop_double.mode = FAIL;
    expect("full", post(KEY("k"), GOOD, strlen(GOOD)), 503, "urn:huying:problem:busy");
}

static void failed_reply_is_503(void **unused)
{
    (void)unused;
    loop_double.mode = HOLD;
    int fd = post_begin("k");
    held_wait(1);
    struct envelope reply = {.verdict = REPLY_FAILED + ERR_TRANSIENT, .text = ""};
    loop_double.held[0].done(loop_double.held[0].self, &reply);
    expect("failed", post_end(fd), 503, "urn:huying:problem:busy");
}

static void ten_at_once_with_one_key_are_one_report(void **unused)
{
    (void)unused;
    int fds[10], created = 0, repeated = 0;
    for (int i = 0; i < 10; i++)
        fds[i] = post_begin("same");
    for (int i = 0; i < 10; i++) {
        int status = post_end(fds[i]);
        created += status == 201;
        repeated += status == 200;
    }
    assert_int_equal(created, 1);
    assert_int_equal(repeated, 9);
    assert_int_equal(loop_double.report_count, 1);
}

static void stop_with_requests_under_way_ends_them(void **unused)
{
    (void)unused;
    loop_double.mode = HOLD;
    int fd = post_begin("k");
    held_wait(1);
    assert_int_equal(loop_double.held[0].span_ms, HTTP_ANSWER_MS_MAX); /* then nobody waits */
    http_destroy(&http);
    int status = post_end(fd);
    assert_true(status == 0 || status == 503);
    struct envelope reply = {.text = ""};
    loop_double.held[0].done(loop_double.held[0].self, &reply); /* may still come */
}

static void closed_connection_while_asked_harms_nothing(void **unused)
{
    (void)unused;
    loop_double.mode = HOLD;
    int fd = post_begin("k");
    held_wait(1);
    (void)close(fd);
    struct envelope reply = {.text = ""};
    loop_double.held[0].done(loop_double.held[0].self, &reply);
    loop_double.mode = ANSWER;
    expect("next", post(KEY("k2"), GOOD, strlen(GOOD)), 201, NULL);
}

static void tokens_decide_who_may_post_and_see(void **unused)
{
    (void)unused;
    http_file_set(http, FILE_TOKENS, tokens_make());
    expect("none", post(KEY("k"), GOOD, strlen(GOOD)), 401, "WWW-Authenticate: Bearer");
    expect("wrong", post(KEY("k") BEARER("secret"), GOOD, strlen(GOOD)), 401, "Authorization");
    expect("a", post(KEY("k") BEARER("secret-a"), GOOD, strlen(GOOD)), 201, NULL);
    expect("b", post(KEY("k") BEARER("secret-b"), GOOD, strlen(GOOD)), 201, NULL);
    assert_string_equal(loop_double.reports[0].source, "a");
    char path[64];
    (void)snprintf(path, sizeof path, "/v1/reports/%" PRId64, loop_double.reports[0].base.id);
    expect("own", get(path, BEARER("secret-a")), 200, "\"source\":\"a\"");
    expect("another's", get(path, BEARER("secret-b")), 404, "no_such_report");
    expect("nobody's", get(path, ""), 401, NULL);
}

/* The name of the token is who reports; what is missing stands behind the sentence. */
static void settled_report_comes_in_the_tokens_name_and_with_evidence(void **unused)
{
    (void)unused;
    static const char bare[] = "{\"matter\":\"LIGHT\",\"settled\":true}";
    static const char full[] = "{\"matter\":\"LIGHT\",\"settled\":true,\"evidence\":\"photo2\"}";
    http_file_set(http, FILE_TOKENS, tokens_make());
    expect("bare", post(KEY("k") BEARER("secret-a"), bare, strlen(bare)), 422, "照片 2 份");
    assert_non_null(strstr(answer, "\"field\":\"evidence\""));
    expect("full", post(KEY("k") BEARER("secret-a"), full, strlen(full)), 201, NULL);
}

static void without_tokens_a_proxy_gets_403(void **unused)
{
    (void)unused;
    expect("proxy", post(KEY("k") "X-Forwarded-For: 10.0.0.1\r\n", GOOD, strlen(GOOD)), 403,
            "loopback_only");
}

static void taken_or_bad_addresses_are_fatal_with_a_sentence(void **unused)
{
    (void)unused;
    BUF_OWNED why = {0};
    struct http *other = NULL;
    struct http_config config = {.host = "no address",
            .language = "zh",
            .backend = {NULL, command_double, query_double, directory_double},
            .clock = clock_manual(&manual)};
    assert_int_equal(http_new(&config, &other, &why), ERR_FATAL);
    assert_non_null(strstr(why.data, "no address"));
    buf_reset(&why);
    config.host = "192.0.2.1"; /* TEST-NET: not ours */
    assert_int_equal(http_new(&config, &other, &why), ERR_FATAL);
    assert_non_null(strstr(why.data, "192.0.2.1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(post_good_report_is_201_then_200_with_the_same_body),
            TEST(post_under_a_ticket_whose_report_has_gone_is_422),
            TEST(get_by_id_and_number),
            TEST(language_follows_the_request),
            TEST(slow_sender_is_cut_off),
            TEST(silent_loop_is_503_and_its_late_answer_harms_nothing),
            TEST(full_loop_is_503),
            TEST(failed_reply_is_503),
            TEST(ten_at_once_with_one_key_are_one_report),
            TEST(stop_with_requests_under_way_ends_them),
            TEST(closed_connection_while_asked_harms_nothing),
            TEST(tokens_decide_who_may_post_and_see),
            TEST(settled_report_comes_in_the_tokens_name_and_with_evidence),
            TEST(without_tokens_a_proxy_gets_403),
            TEST(taken_or_bad_addresses_are_fatal_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
