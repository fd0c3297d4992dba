/* Every line of ROUTE_TABLE, today's and tomorrow's, meets what nobody sends in good faith: lengths
 * that contradict each other, headers without end, names that lead elsewhere, bodies that are not
 * what they say. Each is refused with 4xx and a sentence in UTF-8 (501 where the site has no such
 * thing), nothing reaches the loop as a command, and the next request is served. What a single way
 * has to say about its own fields is tested with the way. */
#include "services/intake/http_double.h"
#include <glib.h>
#include "services/intake/open311/jurisdiction.h"
#include "services/kernel/base/testing.h"

static const char open311[] = "[open311]\nurl = http://h\ncontact = c\nkey_service = k\n"
                              "[jurisdiction a.org]\ndefault = true\n"
                              "[service a.org 001]\nname = Light\nmatter = LIGHT\n";

static const struct {
    const char *method, *path;
    size_t body_max;
} lines[] = {
#define X(method, path, body_max, name) {method, path, body_max},
        ROUTE_TABLE(X)
#undef X
};
#define LINES (sizeof lines / sizeof *lines)

static int every_setup(void **state)
{
    struct jurisdictions *list = NULL;
    BUF_OWNED why = {0};
    char path[] = "/tmp/huying-open311-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_int_equal(write(fd, open311, sizeof open311 - 1), sizeof open311 - 1);
    (void)close(fd);
    server_start(NULL);
    if (jurisdictions_load(path, &list, &why) != OK)
        fail_msg("%s", why.data);
    (void)unlink(path);
    http_file_set(http, FILE_OPEN311, list);
    return 0;
}

static void path_write(const char *path, const char *name, struct buf *out)
{
    const char *hole = strstr(path, "{}");
    buf_add(out, path, hole ? (size_t)(hole - path) : strlen(path));
    if (hole)
        buf_add_format(out, "%s%s", name, hole + 2);
}

/* A good name for each, so that the way itself looks at what follows. */
static const char *name_of(const char *path)
{
    return strstr(path, ".{}") ? "json" : "001";
}

static void refusal_check(const char *what, size_t line, int status)
{
    const char *body = strstr(answer, "\r\n\r\n");
    if (status != 501 && (status < 400 || status > 499))
        fail_msg("%s %s: %s: %d\n%s", lines[line].method, lines[line].path, what, status, answer);
    if (!body || !g_utf8_validate(body, -1, NULL))
        fail_msg("%s %s: %s: no text\n%s", lines[line].method, lines[line].path, what, answer);
    if (loop_double.asked)
        fail_msg("%s %s: %s: the loop was asked", lines[line].method, lines[line].path, what);
}

static void next_is_served(void)
{
    int status = post(KEY("next"), GOOD, strlen(GOOD));
    assert_true(status == 201 || status == 200);
    loop_double.asked = 0;
}

static void headers_that_contradict_themselves(void **unused)
{
    (void)unused;
    static const char *const headers[] = {"Content-Length: 2\r\nContent-Length: 2\r\n",
            "Content-Length: 2\r\nContent-Length: 3\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n", "Content-Length: -1\r\n",
            "Content-Length: 0x2\r\n", "Content-Length: 2 2\r\n",
            "Content-Length: 99999999999999999999\r\n"};
    for (size_t line = 0; line < LINES; line++) {
        for (size_t i = 0; i <= COUNT_OF(headers); i++) {
            BUF_OWNED request = {0};
            buf_add_format(&request, "%s ", lines[line].method);
            path_write(lines[line].path, name_of(lines[line].path), &request);
            buf_add_text(&request, " HTTP/1.1\r\nHost: h\r\n");
            if (i < COUNT_OF(headers))
                buf_add_text(&request, headers[i]);
            else
                buf_add_format(&request, "Content-Length: %zu\r\n", lines[line].body_max + 1);
            buf_add_text(&request, "\r\n{}");
            int status = exchange(request.data, request.size);
            refusal_check(i < COUNT_OF(headers) ? headers[i] : "one byte more", line, status);
        }
        next_is_served();
    }
}

static void headers_without_end(void **unused)
{
    (void)unused;
    for (size_t line = 0; line < LINES; line++) {
        for (size_t size = 17000; size <= 340000; size *= 20) {
            BUF_OWNED request = {0};
            BUF_OWNED big = {0};
            for (size_t i = 0; i < size; i++)
                buf_add_text(&big, "x");
            buf_add_format(&request, "%s ", lines[line].method);
            path_write(lines[line].path, name_of(lines[line].path), &request);
            buf_add_format(&request, " HTTP/1.1\r\nHost: h\r\nX-Big: %s\r\n\r\n", big.data);
            refusal_check("a huge header", line, exchange(request.data, request.size));
            expect("431", status_of(answer), 431, NULL);
        }
        next_is_served();
    }
}

static void names_that_lead_elsewhere(void **unused)
{
    (void)unused;
    static const char *const names[] = {"%2e%2e", "..", "%00", "%2f", "a%", "\xff\xfe", "\"", "'--",
            "<script>", "-1", "99999999999999999999999", "\xe7\x81\xaf", "json%00", "json/..",
            "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
            "56789012345678901234567890123456789012345678901234567890123456789"};
    for (size_t line = 0; line < LINES; line++) {
        if (!strstr(lines[line].path, "{}"))
            continue;
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            BUF_OWNED request = {0};
            buf_add_format(&request, "%s ", lines[line].method);
            path_write(lines[line].path, names[i], &request);
            buf_add_text(&request, " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
            refusal_check(names[i], line, exchange(request.data, request.size));
        }
        next_is_served();
    }
}

#define BODY(text) text, sizeof(text) - 1

static const struct {
    const char *what, *body;
    size_t size;
} bodies[] = {{"nothing", BODY("")}, {"NUL", BODY("{\"matter\":\"a\0b\"}")},
        {"bad UTF-8", BODY("{\"matter\":\"\xff\"}")},
        {"surrogate in UTF-8", BODY("{\"matter\":\"\xed\xa0\x80\"}")},
        {"lone surrogate", BODY("{\"matter\":\"\\ud800\"}")},
        {"a byte order mark", BODY("\xef\xbb\xbf{}")},
        {"a number beyond all", BODY("{\"longitude\":1e999}")},
        {"one key twice", BODY("{\"matter\":\"A\",\"matter\":\"B\"}")},
        {"bytes behind", BODY("{\"matter\":\"LIGHT\"}}")}, {"half", BODY("{\"matter\":\"LI")},
        {"escape that is none", BODY("service_code=%zz&matter=%")},
        {"NUL in a form", BODY("service_code=001%00&lat=1&long=1")},
        {"one field twice", BODY("service_code=001&service_code=002&lat=1&long=1")},
        {"parts without end", BODY("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb")},
        {"parts of another boundary",
                BODY("--y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--y--\r\n")},
        {"a part without a name", BODY("--x\r\nA: b\r\n\r\nb\r\n--x--\r\n")},
        {"no photo", BODY("GIF89a\1\0\1\0")}};

static const char *const types[] = {"", "Content-Type: application/json\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: multipart/form-data\r\n", "Content-Type: image/jpeg\r\n",
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"};

static void body_send(size_t line, const char *type, const char *what, struct bytes body)
{
    BUF_OWNED request = {0};
    buf_add_text(&request, "POST ");
    path_write(lines[line].path, name_of(lines[line].path), &request);
    buf_add_format(&request, " HTTP/1.1\r\nHost: h\r\n" KEY("bad") "%sContent-Length: %zu\r\n\r\n",
            type, body.size);
    buf_add(&request, body.data, body.size);
    refusal_check(what, line, exchange(request.data, request.size));
}

static void bodies_that_are_not_what_they_say(void **unused)
{
    (void)unused;
    static char deep[60000];
    memset(deep, '[', sizeof deep);
    for (size_t line = 0; line < LINES; line++) {
        if (strcmp(lines[line].method, "POST") != 0)
            continue;
        for (size_t type = 0; type < COUNT_OF(types); type++) {
            for (size_t i = 0; i < COUNT_OF(bodies); i++)
                body_send(line, types[type], bodies[i].what,
                        (struct bytes){(const uint8_t *)bodies[i].body, bodies[i].size});
            body_send(
                    line, types[type], "deep", (struct bytes){(const uint8_t *)deep, sizeof deep});
        }
        next_is_served();
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, every_setup, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(headers_that_contradict_themselves),
            TEST(headers_without_end),
            TEST(names_that_lead_elsewhere),
            TEST(bodies_that_are_not_what_they_say),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
