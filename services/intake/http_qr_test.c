/* Scanned codes over raw sockets, from anywhere, without a token: what a code says is the code's,
 * a wrong token costs no question, a card is a helper's alone. */
#include "services/intake/http_double.h"
#include "services/intake/codec_person.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/person.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/testing.h"

#define PROXY "X-Forwarded-For: 10.0.0.1\r\n"
#define CODE_ID INT64_C(77)
#define JSON "Content-Type: application/json\r\n"

static const struct follow_keys keys = {1, {{7}}};
static char token[QR_TOKEN_SIZE];
static struct {
    struct submission submission; /* the last call for help; texts in `arena` */
    struct arena arena;
    enum verdict verdict;
    uint32_t reason;
    char actor[ACTOR_SIZE], peer[PEER_SIZE], why[100];
    int64_t id;
    int asked;
} called;

static struct qr_code code_make(enum qr_kind kind)
{
    struct qr_code code = {.id = CODE_ID,
            .kind = kind,
            .name = kind == QR_PLACE ? "东门" : "",
            .ref = "P1",
            .url = "",
            .matters = {{"LIGHT", "路灯", "Lamp"}, {"NONE", "无", "None"}},
            .matter_count = kind == QR_PLACE ? 2 : 1,
            .unit_code = "A",
            .unit_zh = "甲",
            .unit_en = "Alpha",
            .has_point = kind == QR_PLACE,
            .spot = {.east = 113250000, .north = 23125000}};
    if (kind == QR_PERSON) {
        code.helpers[0] = (struct helper){"g1", 3};
        code.helpers[1] = (struct helper){"s1", 1};
        code.helper_count = 2;
    }
    return code;
}

static void help_take(const struct local_command *command, struct buf *out)
{
    const void *body = NULL;
    const char *why = NULL;
    struct input input = {.kind = INPUT_COMMAND, .type = INTAKE_QR_HELP};
    assert_int_equal(submission_decode(command->payload, &called.arena, &body, &why), OK);
    called.submission = *(const struct submission *)body;
    input.body = body;
    const struct report report = {.base = {.id = id_make(1, SERVICE_INTAKE, 5)},
            .unit = 5,
            .accepted_ms = NOW,
            .source = "",
            .ref = ""};
    const struct outcome outcome = {.verdict = called.verdict, .reason = called.reason};
    report_answer(&report, &input, &outcome, &(struct world){.directory = directory}, out);
}

static void card_take(const struct local_command *command, struct buf *out)
{
    const void *body = NULL;
    const char *why = NULL;
    struct arena arena;
    struct kept_person kept = {.report = CODE_ID,
            .ref = "C1",
            .open = true,
            .person = {.name = "李秀兰", .phone = "13987654321", .address = "幸福路7号"},
            .text = "心脏病",
            .contact = "女儿"};
    struct kept_persons list = {.list = &kept, .count = 1};
    arena_init(&arena, 1 << 20);
    assert_int_equal(person_request_decode(command->payload, &arena, &body, &why), OK);
    const struct person_request *request = body;
    called.id = request->id;
    (void)snprintf(called.why, sizeof called.why, "%s", request->why);
    struct input input = {.kind = INPUT_COMMAND, .type = INTAKE_SEE_PERSON, .body = body};
    (void)snprintf(input.actor, sizeof input.actor, "%s", command->actor);
    struct report report = {.base = {.id = CODE_ID}, .state = REPORT_CODE};
    report.course.helper_count = 1;
    (void)snprintf(report.course.helpers[0].staff, ACTOR_SIZE, "%s", command->actor);
    const struct outcome outcome = {.verdict = called.verdict, .reason = called.reason};
    report_answer(&report, &input, &outcome,
            &(struct world){.directory = directory, .related = &list}, out);
    arena_fini(&arena);
}

static enum verdict other_take(const struct local_command *command, struct buf *out)
{
    called.asked++;
    (void)snprintf(called.actor, sizeof called.actor, "%s", command->actor);
    (void)snprintf(called.peer, sizeof called.peer, "%s", command->peer);
    assert_int_equal(command->agg, 0); /* else the kernel would keep the answer */
    if (command->type == INTAKE_QR_HELP)
        help_take(command, out);
    else if (command->type == INTAKE_SEE_PERSON)
        card_take(command, out);
    else
        fail_msg("command %u", command->type);
    return called.verdict;
}

static struct rate *rate;
static struct rate_counts counts;

static void server_open(struct rate_limit of_codes)
{
    BUF_OWNED why = {0};
    const struct rate_limit limits[RATE_KINDS] = {[RATE_CODE] = of_codes};
    rate = rate_new(limits, &counts);
    struct follow_keys *follow = malloc(sizeof *follow);
    assert_non_null(follow);
    *follow = keys;
    const struct http_config config = {.host = "127.0.0.1",
            .language = "zh",
            .backend = {NULL, command_double, query_double, directory_double},
            .clock = clock_manual(&manual),
            .rate = rate,
            .files = {[FILE_FOLLOW] = follow, [FILE_TOKENS] = tokens_make()}};
    loop_double.mode = ANSWER;
    loop_double.report_count = loop_double.asked = loop_double.queried = 0;
    loop_double.code = code_make(QR_PLACE);
    loop_double.other = other_take;
    called.verdict = VERDICT_APPLIED;
    called.reason = 0;
    called.asked = 0;
    qr_token_make(&keys, CODE_ID, token);
    arena_init(&called.arena, 1 << 20);
    assert_int_equal(http_new(&config, &http, &why), OK);
}

static int setup(void **unused)
{
    (void)unused;
    server_open((struct rate_limit){0, 0});
    return 0;
}

static int person_setup(void **unused)
{
    (void)unused;
    server_open((struct rate_limit){0, 0});
    loop_double.code = code_make(QR_PERSON);
    return 0;
}

static int rate_setup(void **unused)
{
    (void)unused;
    server_open((struct rate_limit){1, 2});
    loop_double.code = code_make(QR_PERSON);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    http_destroy(&http);
    rate_destroy(&rate);
    arena_fini(&called.arena);
    return 0;
}

static int scan(const char *name, const char *headers)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/v1/qr/%s", name);
    return get(path, headers);
}

static int qr_post(const char *name, const char *what, const char *headers, const char *body)
{
    BUF_OWNED request = {0};
    buf_add_format(&request,
            "POST /v1/qr/%s/%s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" PROXY
            "%sContent-Length: %zu\r\n\r\n%s",
            name, what, headers, strlen(body), body);
    return exchange(request.data, request.size);
}

static void a_places_code_is_a_form_that_is_filled_in(void **unused)
{
    (void)unused;
    expect("get", scan(token, PROXY), 200, "\r\n\r\n{\"kind\":\"place\",\"name\":\"东门\",");
    assert_non_null(strstr(answer,
            "\"unit\":\"A\",\"unit_name\":\"甲\",\"longitude\":113.25,\"latitude\":23.125,"
            "\"matters\":[{\"code\":\"LIGHT\",\"name_zh\":\"路灯\",\"name_en\":\"Lamp\"},"
            "{\"code\":\"NONE\""));
    char path[80];
    (void)snprintf(path, sizeof path, "\"post\":\"/v1/qr/%s/reports\"", token);
    assert_non_null(strstr(answer, path));
    expect("en", scan(token, "Accept-Language: en\r\n"), 200, "\"unit_name\":\"Alpha\"");
    loop_double.code.has_point = false;
    expect("unit", scan(token, ""), 200, "\"longitude\":null,\"latitude\":null");
}

static void a_report_lies_where_the_code_is(void **unused)
{
    (void)unused;
    expect("post", qr_post(token, "reports", KEY("k1"), "{\"text\":\"灯不亮\"}"), 201,
            "\"code\":\"");
    assert_string_equal(loop_double.reports[0].source, "qr:77");
    assert_string_equal(loop_double.reports[0].ref, "k1");
    assert_string_equal(loop_double.handlers_text, "灯不亮");
    assert_string_equal(loop_double.last_code, "A");
    assert_true(loop_double.longitude == 113.25 && loop_double.latitude == 23.125);
    /* The same key again is the same answer, and no second report. */
    char first[2000];
    (void)snprintf(first, sizeof first, "%s", strstr(answer, "\r\n\r\n"));
    expect("again", qr_post(token, "reports", KEY("k1"), "{\"text\":\"灯不亮\"}"), 200, first);
    expect("other body", qr_post(token, "reports", KEY("k1"), "{}"), 422, "TICKET_REUSED");
    assert_int_equal(loop_double.report_count, 1);
    expect("matter", qr_post(token, "reports", KEY("k2"), "{\"matter\":\"NONE\"}"), 422,
            "UNKNOWN_MATTER"); /* of the code, but no longer of the catalogue */
}

static void what_the_code_says_is_not_the_senders_to_say(void **unused)
{
    static const struct {
        const char *body, *part;
        int status;
    } cases[] = {{"{\"longitude\":1,\"latitude\":2}", "\"field\":\"longitude\"", 422},
            {"{\"unit_codes\":[\"D\"]}", "fixed_by_code", 422},
            {"{\"to\":\"A\"}", "\"field\":\"to\"", 422},
            {"{\"join\":\"TT-20180101-0000001-7\"}", "fixed_by_code", 422},
            {"{\"settled\":true}", "fixed_by_code", 422},
            {"{\"intent\":\"urge\",\"about\":\"k\"}", "fixed_by_code", 422},
            {"{\"reported_at\":\"2018-01-01T00:00:00Z\"}", "fixed_by_code", 422},
            {"{\"matter\":\"OTHER\"}", "\"title\":\"not_of_code\"", 422},
            {"{\"matter\":7}", "wrong_type", 422}, {"{\"x\":1}", "unknown_field", 422},
            {"{", "bad_json", 400}, {"[]", "bad_json", 400}, {"", "bad_json", 400},
            {"\xef\xbb\xbf{}", "bad_json", 400}, {"{}x", "bad_json", 400},
            {"{\"text\":\"a\",\"text\":\"b\"}", "duplicate_key", 400},
            {"{\"text\":\"\\ud800\"}", NULL, 400}, {"{\"text\":\"\xff\"}", "bad_utf8", 400},
            {"{\"text\":\"a\\u0000b\"}", "nul_character", 400},
            {"{\"text\":1e999}", "number_overflow", 400},
            {"{\"text\":\"a\\u0007b\"}", "control_character", 422},
            {"{\"photos\":[\"x\"]}", "no_photo_name", 422}};
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i].body, qr_post(token, "reports", KEY("k"), cases[i].body), cases[i].status,
                cases[i].part);
    expect("no key", qr_post(token, "reports", "", "{}"), 400, "idempotency_key");
    expect("two keys", qr_post(token, "reports", KEY("a") KEY("b"), "{}"), 400, "idempotency_key");
    assert_int_equal(loop_double.asked, 0);
    expect("after all that", qr_post(token, "reports", KEY("k"), "{}"), 201, NULL);
}

static int framed_post(const char *headers, const char *body, size_t size)
{
    BUF_OWNED request = {0};
    buf_add_format(&request, "POST /v1/qr/%s/reports HTTP/1.1\r\nHost: h\r\n" KEY("k") "%s\r\n",
            token, headers);
    buf_add(&request, body, size);
    return exchange(request.data, request.size);
}

static void bodies_that_are_framed_wrong_change_nothing(void **unused)
{
    static const struct {
        const char *headers, *part;
        int status;
    } cases[] = {{JSON "Content-Length: 2\r\nContent-Length: 2\r\n", "ambiguous_length", 400},
            {JSON "Content-Length: 65537\r\n", "\"limit\":65536", 413},
            {JSON "Content-Length: -1\r\n", NULL, 400},
            {JSON "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", NULL, 400},
            {"Content-Type: text/plain\r\nContent-Length: 2\r\n", "Content-Type", 415},
            {"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 2\r\n",
                    "application/json", 415},
            {JSON "Content-Encoding: gzip\r\nContent-Length: 2\r\n", NULL, 415}};
    enum { DEPTH = 30000 };
    BUF_OWNED deep = {0};
    char headers[128];
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect(cases[i].headers, framed_post(cases[i].headers, "{}", 2), cases[i].status,
                cases[i].part);
    buf_add_text(&deep, "{\"text\":");
    for (int i = 0; i < DEPTH; i++)
        buf_add_text(&deep, "[");
    (void)snprintf(headers, sizeof headers, JSON "Content-Length: %zu\r\n", deep.size);
    expect("deep", framed_post(headers, deep.data, deep.size), 400, "json_too_deep");
    assert_int_equal(loop_double.asked, 0);
    expect("after all that", qr_post(token, "reports", KEY("k"), "{}"), 201, NULL);
}

struct sender {
    pthread_t thread;
    int status;
    char body[600];
};

static void *sender_run(void *self)
{
    struct sender *sender = self;
    char text[400];
    (void)snprintf(text, sizeof text,
            "POST /v1/qr/%s/reports HTTP/1.1\r\nHost: h\r\n" JSON KEY(
                    "same") "Content-Length: 2\r\nConnection: close\r\n\r\n{}",
            token);
    int fd = dial();
    say(fd, text, strlen(text));
    size_t got = 0;
    for (ssize_t more; got < sizeof sender->body - 1 &&
                       (more = recv(fd, sender->body + got, sizeof sender->body - 1 - got, 0)) > 0;)
        got += (size_t)more;
    sender->status = status_of(sender->body);
    (void)close(fd);
    return NULL;
}

static void ten_at_once_with_one_key_are_one_report(void **unused)
{
    static struct sender senders[10];
    int created = 0;
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(senders); i++)
        assert_int_equal(pthread_create(&senders[i].thread, NULL, sender_run, &senders[i]), 0);
    for (size_t i = 0; i < COUNT_OF(senders); i++) {
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
        created += senders[i].status == 201;
        assert_true(senders[i].status == 200 || senders[i].status == 201);
        assert_string_equal(
                strstr(senders[i].body, "\r\n\r\n"), strstr(senders[0].body, "\r\n\r\n"));
    }
    assert_int_equal(created, 1);
    assert_int_equal(loop_double.report_count, 1);
}

static void a_wrong_token_is_answered_without_a_question(void **unused)
{
    char wrong[QR_TOKEN_SIZE + 1];
    (void)unused;
    static const char *const names[] = {
            "x", "%2e%2e", "%00", "0000000000000000000000000000000", "77", "-1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect(names[i], scan(names[i], ""), 404, "\"title\":\"no_such_code\"");
    (void)snprintf(wrong, sizeof wrong, "%s", token);
    wrong[QR_TOKEN_SIZE - 2] = wrong[QR_TOKEN_SIZE - 2] == '7' ? '8' : '7';
    expect("proof", scan(wrong, ""), 404, "no_such_code");
    expect("report", qr_post(wrong, "reports", KEY("k"), "{}"), 404, "no_such_code");
    expect("help", qr_post(wrong, "help", KEY("k"), "{}"), 404, "12345");
    expect("card", qr_post(wrong, "card", "", "{}"), 404, "no_such_code");
    expect("path", qr_post(token, "else", KEY("k"), "{}"), 404, "no_such_path");
    expect("method", qr_post(token, "", "", "{}"), 404, NULL);
    assert_int_equal(loop_double.queried + loop_double.asked, 0);
    loop_double.code.id = CODE_ID + 1; /* the row is gone: what comes next is not it */
    expect("gone", scan(token, ""), 404, "no_such_code");
}

static void a_withdrawn_code_and_one_for_something_else_say_so(void **unused)
{
    (void)unused;
    expect("help at a place", qr_post(token, "help", KEY("k"), "{}"), 404, "not_for_that");
    expect("card of a place", qr_post(token, "card", "", "{}"), 404, "not_for_that");
    loop_double.code.withdrawn = true;
    expect("get", scan(token, "Accept-Language: en\r\n"), 410, "say it to the hotline 12345");
    expect("post", qr_post(token, "reports", KEY("k"), "{}"), 410, "code_withdrawn");
    loop_double.code = code_make(QR_PERSON);
    expect("report of a person", qr_post(token, "reports", KEY("k"), "{}"), 404, "not_for_that");
    assert_int_equal(loop_double.asked, 0);
}

static void of_a_person_is_shown_that_there_is_one(void **unused)
{
    (void)unused;
    expect("get", scan(token, PROXY), 200,
            "\r\n\r\n{\"kind\":\"person\",\"text\":\"这里可能有人需要");
    static const char *const hidden[] = {"g1", "s1", "\"A\"", "甲", "P1", "LIGHT", "路灯", "113"};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        assert_null(strstr(strstr(answer, "\r\n\r\n"), hidden[i]));
}

static void anybody_calls_for_help(void **unused)
{
    (void)unused;
    expect("bare", qr_post(token, "help", KEY("k1"), "{}"), 201, "\"called\":true,\"again\":false");
    assert_string_equal(called.submission.text, "有人扫码求助（P1）。");
    assert_string_equal(called.submission.matter, "LIGHT");
    assert_string_equal(called.submission.unit_codes[0], "A");
    assert_string_equal(called.submission.ticket, "k1");
    assert_false(called.submission.has_point);
    assert_string_equal(called.peer, "qr:77");
    assert_string_equal(called.actor, "");
    assert_non_null(strstr(answer, "\"number\":\"TT-20180101-"));
    assert_null(strstr(answer, "\"code\"")); /* it would show what became of him */
    expect("more",
            qr_post(token, "help", KEY("k2"),
                    "{\"text\":\"她摔倒了\",\"longitude\":113.5,\"latitude\":23.5,"
                    "\"caller\":{\"phone\":\"13800001111\"}}"),
            201, "120");
    assert_string_equal(called.submission.text, "有人扫码求助（P1）。她摔倒了");
    assert_true(called.submission.has_point && called.submission.longitude == 113.5);
    assert_string_equal(called.submission.caller->phone, "13800001111");
    expect("matter", qr_post(token, "help", KEY("k3"), "{\"matter\":\"LIGHT\"}"), 422,
            "fixed_by_code");
    expect("half a point", qr_post(token, "help", KEY("k3"), "{\"longitude\":1}"), 422,
            "incomplete");
    called.verdict = VERDICT_DUPLICATE;
    expect("again", qr_post(token, "help", KEY("k1"), "{}"), 200, "\"again\":true");
}

/* As many have called as can be kept: help is on its way all the same. */
static void whoever_calls_too_late_is_told_that_help_comes(void **unused)
{
    (void)unused;
    called.verdict = VERDICT_REFUSED;
    called.reason = REASON_URGED_OFTEN;
    expect("often", qr_post(token, "help", KEY("k1"), "{}"), 200, "\"called\":true,\"again\":true");
    called.reason = REASON_NO_DIRECTORY;
    expect("other", qr_post(token, "help", KEY("k1"), "{}"), 503, "NO_DIRECTORY");
}

static const char *helper_line(const char *staff, int32_t issue)
{
    static char line[128];
    char key[FOLLOW_CODE_SIZE];
    struct helper helper = {.issue = issue};
    (void)snprintf(helper.staff, sizeof helper.staff, "%s", staff);
    qr_helper_key_make(&keys, CODE_ID, &helper, key);
    (void)snprintf(line, sizeof line, "Huying-Helper: %s %s\r\n", staff, key);
    return line;
}

#define WHY "{\"why\":\"weekly visit\"}"

static void a_card_opens_for_its_helper_with_his_key(void **unused)
{
    (void)unused;
    expect("g1", qr_post(token, "card", helper_line("g1", 3), WHY), 200, "\"name\":\"李秀兰\"");
    assert_non_null(strstr(answer, "\"address\":\"幸福路7号\",\"contact\":\"女儿\","
                                   "\"phone\":\"13987654321\",\"helps\":\"心脏病\""));
    assert_non_null(strstr(answer, "Cache-Control: no-store"));
    assert_string_equal(called.actor, "g1");
    assert_string_equal(called.why, "weekly visit");
    assert_true(called.id == CODE_ID);
    expect("s1", qr_post(token, "card", helper_line("s1", 1), WHY), 200, "李秀兰");
    expect("why", qr_post(token, "card", helper_line("g1", 3), "{}"), 422, "\"field\":\"why\"");
    expect("short", qr_post(token, "card", helper_line("g1", 3), "{\"why\":\"x\"}"), 422, "why");
    expect("type", qr_post(token, "card", helper_line("g1", 3), "{\"why\":1}"), 422, "wrong_type");
    expect("more", qr_post(token, "card", helper_line("g1", 3), "{\"why\":\"visit\",\"x\":1}"), 422,
            "unknown_field");
    called.verdict = VERDICT_REFUSED;
    called.reason = REASON_CALLER_NONE;
    expect("forgotten", qr_post(token, "card", helper_line("g1", 3), WHY), 422, "CALLER_NONE");
}

static void a_wrong_key_is_one_answer_and_is_logged_without_it(void **unused)
{
    char line[128], earlier[128];
    (void)unused;
    (void)snprintf(earlier, sizeof earlier, "%s", helper_line("g1", 2));
    (void)snprintf(line, sizeof line, "%s", helper_line("s1", 1));
    memcpy(strstr(line, "s1"), "g1", 2); /* another's key */
    const char *const lines[] = {earlier, line, helper_line("nobody", 0), "Huying-Helper: g1\r\n",
            "Huying-Helper: \r\n", "", "Huying-Helper: g1 00000-00000\r\n",
            "Huying-Helper: g1  \r\n", "Huying-Helper: g1 a\r\nHuying-Helper: g1 b\r\n"};
    BUF_OWNED first = {0};
    struct log_watch watch;
    log_watch(&watch);
    int statuses[COUNT_OF(lines)];
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        statuses[i] = qr_post(token, "card", lines[i], WHY);
        if (!first.size)
            buf_add_text(&first, strstr(answer, "\r\n\r\n"));
        assert_string_equal(first.data, strstr(answer, "\r\n\r\n"));
    }
    const char *log = log_seen(&watch);
    log_unwatch(&watch);
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        expect(lines[i], statuses[i], 403, "\"title\":\"no_helper\"");
    assert_non_null(strstr(log, "INTAKE-QR-HELPER-REFUSED"));
    assert_non_null(strstr(log, " code=77 "));
    earlier[strlen(earlier) - 2] = 0; /* the line's end */
    assert_null(strstr(log, strrchr(earlier, ' ') + 1));
    assert_int_equal(called.asked, 0);
    loop_double.code.withdrawn = true;
    expect("withdrawn", qr_post(token, "card", helper_line("g1", 3), WHY), 410, "code_withdrawn");
}

static void a_code_takes_so_many_a_second(void **unused)
{
    (void)unused;
    expect("1", qr_post(token, "help", KEY("k1"), "{}"), 201, NULL);
    expect("2", qr_post(token, "help", KEY("k2"), "{}"), 201, NULL);
    expect("3", qr_post(token, "help", KEY("k3"), "{}"), 429, "Retry-After: 1");
    assert_non_null(strstr(answer, "\"field\":\"code\""));
    expect("get", scan(token, ""), 200, NULL);
    /* Whoever tries keys is slowed by himself, and slows no helper at another address. */
    expect("k1", qr_post(token, "card", "", WHY), 403, NULL);
    expect("k2", qr_post(token, "card", "", WHY), 403, NULL);
    expect("k3", qr_post(token, "card", helper_line("g1", 3), WHY), 429, NULL);
    manual.monotonic_ms += 1000;
    expect("later", qr_post(token, "help", KEY("k3"), "{}"), 201, NULL);
}

#define PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define PERSON(test) cmocka_unit_test_setup_teardown(test, person_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {PLACE(a_places_code_is_a_form_that_is_filled_in),
            PLACE(a_report_lies_where_the_code_is),
            PLACE(what_the_code_says_is_not_the_senders_to_say),
            PLACE(bodies_that_are_framed_wrong_change_nothing),
            PLACE(ten_at_once_with_one_key_are_one_report),
            PLACE(a_wrong_token_is_answered_without_a_question),
            PLACE(a_withdrawn_code_and_one_for_something_else_say_so),
            PERSON(of_a_person_is_shown_that_there_is_one), PERSON(anybody_calls_for_help),
            PERSON(whoever_calls_too_late_is_told_that_help_comes),
            PERSON(a_card_opens_for_its_helper_with_his_key),
            PERSON(a_wrong_key_is_one_answer_and_is_logged_without_it),
            cmocka_unit_test_setup_teardown(a_code_takes_so_many_a_second, rate_setup, teardown)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
