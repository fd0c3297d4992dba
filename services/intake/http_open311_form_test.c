/* Open311's POSTs over raw sockets: which report comes of a form, what anybody may see of it, who
 * may send it, and by which name every mistake is told. */
#include "services/intake/http_double.h"
#include "services/intake/open311/jurisdiction.h"
#include "services/kernel/base/pure_text.h"

#define BASE "/open311/v2/"
#define GOOD_FORM "service_code=001&lat=22.94&long=113.35&description=dark+here&attribute[C]=R"

static const char conf[] =
        "[open311]\nurl = http://h\ncontact = c\nkey_service = k\n"
        "[jurisdiction a.org]\ndefault = true\n"
        "[service a.org 001]\nname = Light\nmatter = LIGHT\n"
        "[attribute a.org 001 C]\ndescription = Which colour?\ndatatype = singlevaluelist\n"
        "required = true\nvalues = R:Red;B:Blue\n"
        "[attribute a.org 001 M]\ndescription = Which ones?\ndatatype = multivaluelist\n"
        "values = 1:first;2:second\n"
        "[attribute a.org 001 N]\ndescription = How many?\ndatatype = number\n"
        "[attribute a.org 001 T]\ndescription = Since when?\ndatatype = datetime\n"
        "[attribute a.org 001 S]\ndescription = What else?\ndatatype = string\n"
        "[attribute a.org 001 U]\ndescription = Units\ndatatype = string\nfills = unit_codes\n"
        "[attribute a.org 001 R]\ndescription = When\ndatatype = datetime\nfills = reported_at\n"
        "[service a.org 002]\nname = Other\nmatter = NOTHING\n"
        "[jurisdiction b.org]\nids = token\nkeys = b\nprogress = false\n"
        "[service b.org 001]\nname = Light\nmatter = LIGHT\n";

static int form_setup(void **unused)
{
    (void)unused;
    BUF_OWNED why = {0};
    struct jurisdictions *list = NULL;
    char path[] = "/tmp/huying-open311-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, conf, strlen(conf)), strlen(conf));
    (void)close(fd);
    server_start(NULL);
    if (jurisdictions_load(path, &list, &why) != OK)
        fail_msg("%s", why.data);
    (void)unlink(path);
    http_file_set(http, FILE_OPEN311, list);
    return 0;
}

static int body_send(const char *path, const char *headers, const char *body, size_t size)
{
    BUF_OWNED request = {0};
    buf_add_format(&request, "POST %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %zu\r\n\r\n", path,
            headers, size);
    buf_add(&request, body, size);
    return exchange(request.data, request.size);
}

static int form_send(const char *path, const char *headers, const char *form)
{
    BUF_OWNED all = {0};
    buf_add_format(
            &all, "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n%s", headers);
    return body_send(path, all.data, form, strlen(form));
}

static void form_becomes_a_report(void **unused)
{
    (void)unused;
    expect("post",
            form_send(BASE "requests.json", "",
                    GOOD_FORM "&address_string=Main+St+5&media_url=http://h/a.jpg&attribute[N]=3"
                              "&attribute[M][]=2&attribute[M][]=1&attribute[T]=2010-01-01"
                              "&email=a@b.org&first_name=A&unknown=x"),
            200, "[{\"service_request_id\":\"TT-");
    assert_non_null(strstr(answer, "\"service_notice\":null,\"account_id\":null}]"));
    assert_string_equal(loop_double.handlers_text,
            "dark here\nWhich colour?: Red\nWhich ones?: second, first\nHow many?: 3\n"
            "Since when?: 2010-01-01\n地址 address: Main St 5\n图片 media_url: http://h/a.jpg");
    assert_string_equal(loop_double.listed_text,
            "a.org|001|dark here\nWhich colour?: Red\nWhich ones?: second, first\nHow many?: 3\n"
            "Since when?: 2010-01-01|Main St 5||http://h/a.jpg|22940000 113350000");
    expect("xml", form_send(BASE "requests.xml", "", GOOD_FORM), 200,
            "<service_requests><request><service_request_id>TT-");
    assert_int_equal(loop_double.report_count, 2);
}

/* What is posted, and the caller that comes of it. */
static void who_reports_is_the_caller(void **unused)
{
    static const struct {
        const char *form, *caller;
    } cases[] = {
            {"&first_name=Anna&last_name=Lee&phone=(213)+555.0100&email=a@b.org&device_id=d1"
             "&account_id=a1",
                    "Anna Lee|213 555-0100|a@b.org|d1|a1"},
            {"&first_name=%E4%B8%89&last_name=%E5%BC%A0", "张三||||"},
            {"&last_name=Lee&first_name=%E4%B8%89", "三 Lee||||"},
            {"&last_name=Lee", "Lee||||"},
            {"&device_id=d1", "|||d1|"},
            {"&phone=&email=", ""},
            {"", ""},
    };
    static const struct seal_keys keys = {1, {{1}}}, none = {0};
    (void)unused;
    intake_persons_set(&keys);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BUF_OWNED form = {0};
        buf_add_format(&form, GOOD_FORM "%s", cases[i].form);
        expect(cases[i].form, form_send(BASE "requests.json", "", form.data), 200, "TT-");
        assert_string_equal(loop_double.caller_text, cases[i].caller);
        assert_string_equal(loop_double.handlers_text, "dark here\nWhich colour?: Red");
        assert_null(strstr(loop_double.listed_text, "Lee"));
    }
    intake_persons_set(&none);
    expect("no key", form_send(BASE "requests.json", "", GOOD_FORM "&phone=12345"), 200, "TT-");
    assert_string_equal(loop_double.caller_text, "");
}

static void who_cannot_be_the_caller_is_told_by_the_field(void **unused)
{
    static const struct {
        const char *form, *part;
    } cases[] = {{"&phone=call+me", "phone must be 5 to 20 digits"},
            {"&phone=123", "phone must be 5 to 20 digits"},
            {"&phone=12345&phone=54321", "phone stands there twice"},
            {"&email=nobody", "email must be an address like"},
            {"&first_name=a%0Ab", "first_name and last_name must be one line"},
            {"&first_name=12345678901234567890123456789012345678901234567890123456789&last_name=12",
                    "first_name and last_name has more than 60 characters"}};
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BUF_OWNED form = {0};
        buf_add_format(&form, GOOD_FORM "%s", cases[i].form);
        expect(cases[i].form, form_send(BASE "requests.json", "", form.data), 400, cases[i].part);
    }
    assert_int_equal(loop_double.report_count, 0);
}

static void progress_is_asked_for_where_the_jurisdiction_says_so(void **unused)
{
    (void)unused;
    expect("with", form_send(BASE "requests.json", "", GOOD_FORM), 200, "TT-");
    assert_true(loop_double.wants_progress);
    expect("without",
            form_send(BASE "requests.xml", "",
                    "jurisdiction_id=b.org&service_code=001&lat=22.94&long=113.35&description=x"),
            200, "<token>");
    assert_false(loop_double.wants_progress);
}

static void answer_may_be_a_field_of_the_report(void **unused)
{
    (void)unused;
    expect("codes and instant",
            form_send(BASE "requests.json", "",
                    GOOD_FORM "&attribute[U]=D++A&attribute[R]=2018-01-01T00:00:00Z"),
            200, "TT-");
    assert_int_equal(loop_double.codes_given, 2);
    assert_string_equal(loop_double.last_code, "A");
    assert_int_equal(loop_double.reported_ms, INT64_C(1514764800000));
    assert_string_equal(loop_double.handlers_text, "dark here\nWhich colour?: Red");
    expect("nine codes",
            form_send(BASE "requests.json", "", GOOD_FORM "&attribute[U]=1+2+3+4+5+6+7+8+9"), 400,
            "U has more than 8 entries");
    expect("two", form_send(BASE "requests.json", "", GOOD_FORM "&attribute[U]=D&attribute[U]=A"),
            400, "U stands there twice");
    expect("no instant", form_send(BASE "requests.json", "", GOOD_FORM "&attribute[R]=today"), 400,
            "R must be a time");
}

static void what_anybody_sees_is_masked(void **unused)
{
    (void)unused;
    expect("post",
            form_send(BASE "requests.json", "",
                    "service_code=001&address_string=call+13812345678&attribute[C]=R"
                    "&description=my+phone+is+13812345678&attribute[S]=13812345678"),
            200, "service_request_id");
    assert_null(strstr(loop_double.listed_text, "12345678"));
    assert_non_null(strstr(loop_double.listed_text, "138****5678"));
}

static void key_makes_a_repetition_the_same_request(void **unused)
{
    (void)unused;
    char first[ANSWER_SIZE];
    expect("first", form_send(BASE "requests.json", KEY("k1"), GOOD_FORM), 200, "TT-");
    (void)snprintf(first, sizeof first, "%s", strstr(answer, "\r\n\r\n"));
    expect("second", form_send(BASE "requests.json", KEY("k1"), GOOD_FORM), 200, first);
    expect("other body", form_send(BASE "requests.json", KEY("k1"), GOOD_FORM "&description=x"),
            400, "stands there twice");
    expect("reused", form_send(BASE "requests.json", KEY("k1"), GOOD_FORM "&attribute[N]=1"), 400,
            "[{\"code\":400,\"description\":\"the report was refused: ");
    assert_int_equal(loop_double.report_count, 1);
    expect("without", form_send(BASE "requests.json", "", GOOD_FORM), 200, "TT-");
    expect("without", form_send(BASE "requests.json", "", GOOD_FORM), 200, "TT-");
    assert_int_equal(loop_double.report_count, 3);
}

static void parts_are_as_good_as_a_form(void **unused)
{
    (void)unused;
    static const char body[] =
            "--x\r\nContent-Disposition: form-data; name=\"service_code\"\r\n\r\n001\r\n"
            "--x\r\nContent-Disposition: form-data; name=\"address_id\"\r\n\r\nA7\r\n"
            "--x\r\nContent-Disposition: form-data; name=\"attribute[C]\"\r\n\r\nB\r\n--x--\r\n";
    const char *type = "Content-Type: multipart/form-data; boundary=x\r\n";
    expect("parts", body_send(BASE "requests.xml", type, body, strlen(body)), 200,
            "<service_request_id>TT-");
    assert_string_equal(loop_double.handlers_text, "Which colour?: Blue\n地址编号 address_id: A7");
    expect("cut", body_send(BASE "requests.xml", type, body, strlen(body) - 6), 400,
            "the body cannot be read: The body does not begin and end");
}

/* As HTML's forms and FixMyStreet send them; GeoReport v2 says nothing of more than one address. */
static void lines_and_several_pictures_are_kept(void **unused)
{
    (void)unused;
    expect("post",
            form_send(BASE "requests.json", "",
                    "service_code=001&address_id=7&attribute[C]=R&description=dark%0D%0Athere%0D"
                    "&media_url=http://h/a.jpg&media_url=https://h/b.jpg"),
            200, "TT-");
    assert_string_equal(loop_double.handlers_text,
            "dark\nthere\r\nWhich colour?: Red\n地址编号 address_id: 7\n图片 media_url: "
            "http://h/a.jpg\n图片 media_url: https://h/b.jpg");
    assert_non_null(strstr(loop_double.listed_text, "|http://h/a.jpg|"));
    expect("no address",
            form_send(BASE "requests.json", "",
                    GOOD_FORM "&media_url=http://h/a.jpg&media_url=ftp://h"),
            400, "media_url must be an http or https address");
    BUF_OWNED form = {0};
    buf_add_text(&form, GOOD_FORM);
    for (int i = 0; i <= PHOTOS_MAX; i++)
        buf_add_format(&form, "&media_url=http://h/%d", i);
    expect("ten", form_send(BASE "requests.json", "", form.data), 400,
            "media_url has more than 9 entries");
}

/* Whoever reads only one of the two languages finds the whole sentence in it. */
static void refusals_are_told_in_both_languages(void **unused)
{
    (void)unused;
    expect("matter",
            form_send(BASE "requests.json", "", "service_code=002&lat=1&long=1&description=x"), 400,
            "the report was refused: The catalogue has no such matter.");
    assert_non_null(strstr(answer, " / 上报被拒绝：事项清单中没有该事项。"));
}

static void mistakes_are_told_by_name(void **unused)
{
    (void)unused;
    static char text[3000] = "service_code=001&lat=1&long=1&attribute[C]=R&description=";
    memset(text + strlen(text), 'x', TEXT_CHARS_MAX + 1);
    const struct {
        const char *form;
        int status;
        const char *part;
    } cases[] = {
            {"lat=1&long=1", 400, "service_code was not provided"},
            {"service_code=9&lat=1&long=1", 404, "service_code 9 was not found"},
            {"jurisdiction_id=c.org&" GOOD_FORM, 404, "jurisdiction_id c.org was not found"},
            {"service_code=001&lat=1&long=1", 400, "C required / "},
            {"service_code=001&attribute[C]=R", 400, "lat and long, or address_string"},
            {"service_code=001&attribute[C]=R&lat=1", 400, "lat and long, or address_string"},
            {"service_code=001&attribute[C]=R&lat=91&long=1", 400, "lat must be a number of"},
            {"service_code=001&attribute[C]=R&lat=1&long=nan", 400, "long must be a number of"},
            {"service_code=001&attribute[C]=R&lat=1&long=0x1", 400, "long must be a number of"},
            {"service_code=001&attribute[C]=G&lat=1&long=1", 400, "C must be a key of"},
            {"service_code=001&attribute[C]=R&attribute[C]=B&lat=1&long=1", 400, "C stands there"},
            {GOOD_FORM "&attribute[X]=1", 400, "X is no attribute"},
            {GOOD_FORM "&attribute[N]=many", 400, "N must be a number"},
            {GOOD_FORM "&attribute[T]=soon", 400, "T must be a time"},
            {GOOD_FORM "&media_url=ftp://h/", 400, "media_url must be an http"},
            {GOOD_FORM "&lat=5", 400, "lat stands there twice"},
            {GOOD_FORM "&service_code=002", 400, "service_code stands there twice"},
            {GOOD_FORM "&api_key=a&api_key=b", 400, "api_key stands there twice"},
            {GOOD_FORM "&address_id="
                       "01234567890123456789012345678901234567890123456789012345678901234",
                    400, "address_id has more than 64"},
            {GOOD_FORM "&description=%ff", 400, "description: must be UTF-8"},
            {text, 400, "description has more than 2000"},
            {"service_code=002&lat=1&long=1", 400, "the report was refused"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t before = loop_double.report_count;
        expect(cases[i].form, form_send(BASE "requests.xml", "", cases[i].form), cases[i].status,
                cases[i].part);
        assert_non_null(strstr(answer, "<errors><error><code>"));
        assert_int_equal(loop_double.report_count, before);
    }
}

static void several_mistakes_are_told_at_once(void **unused)
{
    (void)unused;
    expect("all", form_send(BASE "requests.json", "", "service_code=001&attribute[N]=x"), 400,
            "C required");
    assert_non_null(strstr(answer, "N must be a number"));
    assert_non_null(strstr(answer, "lat and long"));
}

static void other_media_types_and_files_are_refused(void **unused)
{
    (void)unused;
    const char *types[] = {"text/plain", "application/json", "application/x-www-form-urlencodedx",
            "multipart/form-data"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        BUF_OWNED header = {0};
        buf_add_format(&header, "Content-Type: %s\r\n", types[i]);
        expect(types[i], body_send(BASE "requests.xml", header.data, GOOD_FORM, strlen(GOOD_FORM)),
                400, "send application/x-www-form-urlencoded");
    }
    expect("none", body_send(BASE "requests.xml", "", GOOD_FORM, strlen(GOOD_FORM)), 400,
            "send application/x-www-form-urlencoded");
}

/* Before anything is asked, so that nobody fills the memory. */
static void large_bodies_are_for_files(void **unused)
{
    (void)unused;
    static char form[BODY_SIZE_MAX + 100];
    memset(form, 'x', sizeof form);
    const char *type = "Content-Type: application/x-www-form-urlencoded\r\n";
    expect("form", body_send(BASE "requests.json", type, form, sizeof form), 413,
            "[{\"code\":413,\"description\":\"");
    static const char parts[] =
            "--x\r\nContent-Disposition: form-data; name=service_code\r\n\r\n001\r\n"
            "--x\r\nContent-Disposition: form-data; name=\"attribute[C]\"\r\n\r\nB\r\n"
            "--x\r\nContent-Disposition: form-data; name=address_id\r\n\r\nA\r\n"
            "--x\r\nContent-Disposition: form-data; name=media; filename=a\r\n\r\nx\r\n--x--";
    type = "Content-Type: multipart/form-data; boundary=x\r\n";
    expect("no desk", body_send(BASE "requests.json", type, parts, strlen(parts)), 400,
            "media is a file, which this site does not take");
    int lines[8];
    BUF_OWNED whole = {0};
    BUF_OWNED header = {0};
    buf_add_format(&header, "%sX: 1\r\n", type);
    buf_add_text(&whole, "--x\r\nContent-Disposition: form-data; name=description\r\n\r\n");
    for (size_t i = 0; i < sizeof form / 10; i++)
        buf_add_text(&whole, "0123456789");
    buf_add_text(&whole, "\r\n--x--");
    for (int i = 0; i < 8; i++) {
        BUF_OWNED request = {0};
        buf_add_format(&request,
                "POST " BASE "requests.json HTTP/1.1\r\nHost: h\r\n%sContent-Length: 100000\r\n"
                "\r\n--x",
                type);
        lines[i] = dial();
        say(lines[i], request.data, request.size);
    }
    int status = 0;
    for (int i = 0; i < DEADLINE_MS / 10 && status != 503; i++)
        status = body_send(BASE "requests.json", header.data, whole.data, whole.size);
    expect("a ninth", status, 503, "[{\"code\":503,");
    for (int i = 0; i < 8; i++)
        (void)close(lines[i]);
    for (int i = 0; i < DEADLINE_MS / 10 && status != 400; i++)
        status = body_send(BASE "requests.json", header.data, whole.data, whole.size);
    expect("after them", status, 400, "service_code was not provided");
}

static void keys_report_where_they_may(void **unused)
{
    (void)unused;
    const char *elsewhere = "service_code=001&lat=1&long=1&jurisdiction_id=b.org";
    expect("proxy", form_send(BASE "requests.xml", "X-Forwarded-For: 9.9.9.9\r\n", GOOD_FORM), 403,
            "<errors><error><code>403</code><description>api_key is missing or invalid");
    http_file_set(http, FILE_TOKENS, tokens_make());
    expect("none", form_send(BASE "requests.xml", "", GOOD_FORM), 403, "api_key is missing");
    expect("wrong", form_send(BASE "requests.xml", "", GOOD_FORM "&api_key=x"), 403,
            "api_key is missing or invalid");
    expect("right", form_send(BASE "requests.xml", "", GOOD_FORM "&api_key=secret-a"), 200, "TT-");
    assert_string_equal(loop_double.reports[0].source, "a");
    expect("in the address", form_send(BASE "requests.xml?api_key=secret-a", "", GOOD_FORM), 200,
            "TT-");
    BUF_OWNED form = {0};
    buf_add_format(&form, "%s&api_key=secret-a", elsewhere);
    expect("elsewhere", form_send(BASE "requests.xml", "", form.data), 403,
            "may not report to jurisdiction_id b.org");
    buf_reset(&form);
    buf_add_format(&form, "%s&api_key=secret-b", elsewhere);
    expect("there", form_send(BASE "requests.json", "", form.data), 200, "[{\"token\":\"t");
    assert_null(strstr(answer, "service_request_id"));
}

/* Names that are no text come back as marks: an answer is UTF-8, whatever was asked. */
static void what_is_no_text_is_named_in_text(void **unused)
{
    static const char *const requests[] = {
            "GET " BASE "services/\xff\xfe.json HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET " BASE "requests/\xf7.json HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET " BASE "services.\xc3 HTTP/1.1\r\nHost: h\r\n\r\n",
    };
    (void)unused;
    expect("name of a field", form_send(BASE "requests.json", "", GOOD_FORM "&a\xf7\x02=%zz"), 400,
            "\"code\":400");
    assert_true(text_valid(answer, strlen(answer)));
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        expect("path", exchange(requests[i], strlen(requests[i])), 404, "404");
        assert_true(text_valid(answer, strlen(answer)));
    }
}

static void test_endpoint_checks_and_keeps_nothing(void **unused)
{
    (void)unused;
    expect("good", form_send("/open311/test/v2/requests.xml", "", GOOD_FORM), 200,
            "nothing was kept");
    expect("bad", form_send("/open311/test/v2/requests.xml", "", "service_code=001"), 400,
            "C required");
    assert_int_equal(loop_double.asked, 0);
}

static void silent_loop_is_told_as_an_error(void **unused)
{
    (void)unused;
    loop_double.mode = FAIL;
    expect("full", form_send(BASE "requests.xml", "", GOOD_FORM), 503,
            "<errors><error><code>503</code>");
}

/* The first report is TT-…-1 of source http, or of the token. */
static void update_send(const char *more, int status, const char *part)
{
    BUF_OWNED form = {0};
    char number[CASE_NUMBER_SIZE];
    case_number_format(number, "TT", loop_double.reports[0].base.id, NOW, 28800);
    buf_add_format(&form, "service_request_id=%s&%s", number, more);
    expect(more, form_send(BASE "servicerequestupdates.xml", "", form.data), status, part);
}

static void update_does_what_its_status_says(void **unused)
{
    (void)unused;
    expect("post", form_send(BASE "requests.json", "", GOOD_FORM), 200, "TT-");
    struct report *report = &loop_double.reports[0];
    report->state = REPORT_CLOSED;
    update_send("status=OPEN&description=still+dark", 200, "<request_update><update_id>");
    assert_int_equal(loop_double.told, INTAKE_FOLLOW_UP);
    assert_int_equal(loop_double.told_agg, report->base.id);
    update_send("status=FIXED&description=thanks", 200, "<update_id>");
    assert_int_equal(loop_double.told, INTAKE_FOLLOW_UP);
    report->state = REPORT_ACCEPTED;
    update_send("status=CLOSED&description=%E4%BF%AE%E5%A5%BD", 200, "<update_id>");
    assert_int_equal(loop_double.told, INTAKE_WITHDRAW);
    update_send("status=CANCELLED&description=no+need", 200, "<update_id>");
    assert_int_equal(loop_double.told, INTAKE_WITHDRAW);
    update_send("status=what", 400, "status must be");
    loop_double.told = 0;
    update_send("status=OPEN&description=when&update_id=77", 400, "the report was refused");
    assert_int_equal(loop_double.told, 0); /* an urge is a submission; the double knows none */
    assert_string_equal(loop_double.handlers_text, "when");
    update_send("status=FOR_TRIAGE&media_url=http://h/a.jpg&update_id=78", 400, "refused");
    assert_string_equal(loop_double.handlers_text, "图片 media_url: http://h/a.jpg");
    update_send("status=OPEN&description=x&media_url=here", 400, "media_url must be an http");
}

static void update_of_what_is_not_ones_own_is_not_found(void **unused)
{
    (void)unused;
    expect("post", form_send(BASE "requests.json", "", GOOD_FORM), 200, "TT-");
    expect("nothing", form_send(BASE "servicerequestupdates.xml", "", "status=OPEN"), 400,
            "service_request_id was not provided");
    expect("other",
            form_send(BASE "servicerequestupdates.xml", "",
                    "service_request_id=TT-20180101-0000099-1&status=OPEN"),
            404, "was not found");
    http_file_set(http, FILE_TOKENS, tokens_make());
    update_send("status=OPEN&api_key=secret-a", 404, "was not found");
    update_send("status=OPEN", 403, "api_key is missing");
    assert_int_equal(loop_double.told, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, form_setup, server_teardown)
            TEST(form_becomes_a_report),
            TEST(who_reports_is_the_caller),
            TEST(who_cannot_be_the_caller_is_told_by_the_field),
            TEST(progress_is_asked_for_where_the_jurisdiction_says_so),
            TEST(answer_may_be_a_field_of_the_report),
            TEST(what_anybody_sees_is_masked),
            TEST(key_makes_a_repetition_the_same_request),
            TEST(parts_are_as_good_as_a_form),
            TEST(lines_and_several_pictures_are_kept),
            TEST(refusals_are_told_in_both_languages),
            TEST(mistakes_are_told_by_name),
            TEST(several_mistakes_are_told_at_once),
            TEST(other_media_types_and_files_are_refused),
            TEST(large_bodies_are_for_files),
            TEST(keys_report_where_they_may),
            TEST(what_is_no_text_is_named_in_text),
            TEST(test_endpoint_checks_and_keeps_nothing),
            TEST(silent_loop_is_told_as_an_error),
            TEST(update_does_what_its_status_says),
            TEST(update_of_what_is_not_ones_own_is_not_found),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
