/* Following a report by its code, over raw sockets: the code alone is enough, from anywhere;
 * whatever else is given is one and the same answer; what is shown is masked; keys change while it
 * runs. */
#include "services/intake/http_double.h"

#define CODE(code) "Huying-Code: " code "\r\n"
#define PROXY "X-Forwarded-For: 10.0.0.1\r\n"

static struct follow_keys *keys_make(uint8_t first, uint8_t second)
{
    struct follow_keys *keys = calloc(1, sizeof *keys);
    assert_non_null(keys);
    memset(keys->list[0], first, FOLLOW_KEY_SIZE);
    memset(keys->list[1], second, FOLLOW_KEY_SIZE);
    keys->count = second ? 2 : 1;
    return keys;
}

static int follow_setup(void **unused)
{
    (void)unused;
    server_start(keys_make(7, 0));
    return 0;
}

/* Of the last answer; static memory. */
static const char *member(const char *name)
{
    static char value[128];
    char mark[64];
    (void)snprintf(mark, sizeof mark, "\"%s\":\"", name);
    const char *at = strstr(answer, mark);
    assert_non_null(at);
    at += strlen(mark);
    (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\""), at);
    return value;
}

static struct {
    char code[32], number[CASE_NUMBER_SIZE];
} mine;

static void report_post(const char *headers)
{
    expect("post", post(headers, GOOD, strlen(GOOD)), 201, "\"code\":\"");
    (void)snprintf(mine.code, sizeof mine.code, "%s", member("code"));
    (void)snprintf(mine.number, sizeof mine.number, "%s", member("number"));
}

static int follow(const char *name, const char *code, const char *more)
{
    char path[128], headers[256];
    (void)snprintf(path, sizeof path, "/v1/reports/%s", name);
    (void)snprintf(headers, sizeof headers, CODE("%s") "%s", code, more);
    return get(path, headers);
}

static void code_comes_with_the_receipt_and_again_with_each_repetition(void **unused)
{
    (void)unused;
    report_post(KEY("k1"));
    assert_int_equal(strlen(mine.code), 11);
    expect("again", post(KEY("k1"), GOOD, strlen(GOOD)), 200, mine.code);
    expect("another", post(KEY("k2"), GOOD, strlen(GOOD)), 201, "\"code\":\"");
    assert_string_not_equal(member("code"), mine.code);
    expect("refused", post(KEY("k1"), "{\"matter\":\"LIGHT\"}", 18), 422, "TICKET_REUSED");
    assert_null(strstr(answer, mine.code));
}

static void what_the_code_shows_is_masked(void **unused)
{
    (void)unused;
    report_post(KEY("secret-ticket"));
    expect("code", follow(mine.number, mine.code, ""), 200, "\"state\":\"accepted\"");
    assert_string_equal(strstr(answer, ",\"state\""),
            ",\"state\":\"accepted\",\"unit\":\"A\",\"unit_name\":\"甲\",\"level\":\"street\","
            "\"placed\":\"codes\",\"accepted_at\":\"2018-01-01T08:00:00+08:00\","
            "\"promised_at\":null,\"ended_at\":null,\"outcome\":\"\",\"round\":0,\"reported\":1,"
            "\"urged\":0,\"follow_up\":\"not_yet\","
            "\"steps\":[{\"step\":\"accept\",\"at\":\"2018-01-01T08:00:00+08:00\"},"
            "{\"step\":\"urge\",\"at\":\"2018-01-01T08:00:01+08:00\"}]}");
    assert_null(strstr(answer, "secret-ticket"));
    assert_null(strstr(answer, mine.code));
    expect("en", follow(mine.number, mine.code, "Accept-Language: en\r\n"), 200,
            "\"unit_name\":\"Alpha\"");
    struct report *report = &loop_double.reports[0];
    report->state = REPORT_CLOSED;
    report->ended_ms = NOW + 1000;
    report->outcome_text = "mended";
    report->course = (struct report_course){.round = 1, .joined = 2, .caller_count = 3};
    expect("ended", follow(mine.number, mine.code, ""), 200, "\"follow_up\":\"open\"");
    assert_non_null(
            strstr(answer, "\"ended_at\":\"2018-01-01T08:00:01+08:00\","
                           "\"outcome\":\"mended\",\"round\":1,\"reported\":3,\"urged\":1"));
    report->course.followed = 1;
    expect("said", follow(mine.number, mine.code, ""), 200, "\"follow_up\":\"given\"");
}

/* The body of the last answer. */
static char *body_now(void)
{
    return strdup(strstr(answer, "\r\n\r\n"));
}

static void whatever_does_not_fit_is_one_and_the_same_answer(void **unused)
{
    (void)unused;
    char id[24], other[32], unknown[CASE_NUMBER_SIZE];
    report_post(KEY("k2"));
    (void)snprintf(other, sizeof other, "%s", mine.code);
    report_post(KEY("k1"));
    (void)snprintf(id, sizeof id, "%" PRId64, loop_double.reports[1].base.id);
    case_number_format(unknown, "TT", id_make(1, SERVICE_INTAKE, 999), NOW, 28800);
    char bad[32];
    (void)snprintf(bad, sizeof bad, "%s", mine.code);
    bad[0] = bad[0] == '7' ? '8' : '7';
    const struct {
        const char *name, *code;
    } cases[] = {{mine.number, bad}, {mine.number, other}, {mine.number, "no code"},
            {mine.number, ""}, {mine.number, "0000000000"}, {id, other}, {unknown, mine.code},
            {unknown, bad}, {"TT-20180101-0000001-0", mine.code}, {"nonsense", mine.code},
            {"1", mine.code}};
    expect("first", follow(mine.number, bad, ""), 404, "no_such_report");
    char *body = body_now();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t before = loop_double.queried;
        expect(cases[i].code, follow(cases[i].name, cases[i].code, ""), 404, body);
        assert_int_equal(loop_double.queried, before + 1); /* looked up, whatever is wrong */
    }
    expect("0", follow("0", mine.code, ""), 404, body);
    char again[64];
    (void)snprintf(again, sizeof again, CODE("%s"), mine.code);
    expect("twice", follow(mine.number, mine.code, again), 404, body);
    free(body);
    expect("right", follow(mine.number, mine.code, ""), 200, mine.number);
    expect("small", follow(id, mine.code, ""), 200, mine.number);
}

/* A token's report is shown to whoever has its code, without a token or with another's; what asks
 * without a code stays refused. */
static void code_is_enough_from_anywhere(void **unused)
{
    (void)unused;
    http_file_set(http, FILE_TOKENS, NULL);
    report_post(KEY("k1"));
    expect("proxy", follow(mine.number, mine.code, PROXY), 200, mine.number);
    expect("proxy, wrong", follow(mine.number, "0000000000", PROXY), 404, "no_such_report");
    char path[128];
    (void)snprintf(path, sizeof path, "/v1/reports/%s", mine.number);
    expect("proxy, no code", get(path, PROXY), 403, "loopback_only");
    expect("without", get(path, ""), 200, "\"source_ref\":\"k1\"");
    expect("POST", post(KEY("k2") PROXY CODE("0000000000"), GOOD, strlen(GOOD)), 403,
            "loopback_only");
    http_file_set(http, FILE_TOKENS, tokens_make());
    expect("no token", follow(mine.number, mine.code, ""), 200, mine.number);
    expect("a token", follow(mine.number, mine.code, BEARER("secret-b")), 200, mine.number);
    expect("a's own", follow(mine.number, "0000000000", BEARER("secret-a")), 404, NULL);
    expect("no code", get(path, ""), 401, NULL);
    expect("POST", post(KEY("k2") CODE("0000000000"), GOOD, strlen(GOOD)), 401, NULL);
}

static void keys_change_while_it_runs(void **unused)
{
    (void)unused;
    char old[32];
    report_post(KEY("k1"));
    (void)snprintf(old, sizeof old, "%s", mine.code);
    http_file_set(http, FILE_FOLLOW, keys_make(9, 7));
    expect("again", post(KEY("k1"), GOOD, strlen(GOOD)), 200, "\"code\":\"");
    assert_string_not_equal(member("code"), old);
    (void)snprintf(mine.code, sizeof mine.code, "%s", member("code"));
    expect("old", follow(mine.number, old, ""), 200, mine.number);
    expect("new", follow(mine.number, mine.code, ""), 200, mine.number);
    http_file_set(http, FILE_FOLLOW, keys_make(9, 0));
    expect("old has gone", follow(mine.number, old, ""), 404, "no_such_report");
    expect("new stays", follow(mine.number, mine.code, ""), 200, mine.number);
}

static void without_keys_there_are_no_codes(void **unused)
{
    (void)unused;
    report_post(KEY("k1"));
    expect("wrong", follow(mine.number, "0000000000", ""), 404, NULL);
    char *body = body_now();
    http_file_set(http, FILE_FOLLOW, NULL);
    expect("post", post(KEY("k1"), GOOD, strlen(GOOD)), 200, NULL);
    assert_null(strstr(answer, "\"code\":"));
    size_t before = loop_double.queried;
    expect("follow", follow(mine.number, mine.code, ""), 404, body);
    assert_int_equal(loop_double.queried, before); /* strangers cost nothing then */
    free(body);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, follow_setup, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(code_comes_with_the_receipt_and_again_with_each_repetition),
            TEST(what_the_code_shows_is_masked),
            TEST(whatever_does_not_fit_is_one_and_the_same_answer),
            TEST(code_is_enough_from_anywhere),
            TEST(keys_change_while_it_runs),
            TEST(without_keys_there_are_no_codes),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
