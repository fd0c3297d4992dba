/* Hotlines over HTTP, over raw sockets: a signed request in the vendor's JSON goes the way of the
 * hotline's port under the vendor's source, once; each step that fails is named, and nothing then
 * reaches the loop; answers are receipts, lists, and what was refused. */
#include "services/intake/http_double.h"
#include <glib.h>
#include <sys/stat.h>
#include "proto/hotline.pb-c.h"
#include "services/intake/vendor/mapping.h"
#include "services/kernel/wire/message.h"

#define MAPPING                                                                                    \
    "[vendor]\nkeys=k\nsource=hotline-a\n[report]\nticket=no\nmatter=kind\n[withdraw]\nticket="    \
    "no\n"                                                                                         \
    "[correct]\nticket=no\ntext=say\n[follow-up]\nticket=no\nscore=stars\n[outcome-ack]\nid=id\n"  \
    "[progress-ack]\nid=id\nversion=v\n"
#define SECRET "000102030405060708090a0b0c0d0e0f"

/* What the loop was asked, and what it says; what names were taken. */
static struct {
    uint32_t type, verdict;
    char peer[PEER_SIZE];
    size_t asked;
    bool refuses;
    char taken[64][256];
    size_t taken_count;
    enum err once; /* what the keeper says of a name that is new */
} double_vendor;

static void receipt_pack(struct buf *out)
{
    Huying__Hotline__Receipt message = HUYING__HOTLINE__RECEIPT__INIT;
    bool refuses = double_vendor.refuses;
    message.result = refuses ? HUYING__HOTLINE__RESULT__REFUSED : HUYING__HOTLINE__RESULT__ACCEPTED;
    message.ticket = text_lend("T1");
    message.case_id = refuses ? 0 : 42;
    message.number = text_lend(refuses ? "" : "TT-1");
    message.reason = text_lend(refuses ? "UNKNOWN_MATTER" : "");
    message.accepted_at_ms = NOW;
    message_add(&message.base, out);
}

static void list_pack(uint32_t type, struct buf *out)
{
    Huying__Hotline__Outcome outcome = HUYING__HOTLINE__OUTCOME__INIT, *outcome_list[] = {&outcome};
    Huying__Hotline__Outcomes outcomes = HUYING__HOTLINE__OUTCOMES__INIT;
    Huying__Hotline__Reconciliation record = HUYING__HOTLINE__RECONCILIATION__INIT;
    Huying__Hotline__Stage stage = HUYING__HOTLINE__STAGE__INIT, *stage_list[] = {&stage};
    Huying__Hotline__CaseProgress item = HUYING__HOTLINE__CASE_PROGRESS__INIT, *items[] = {&item};
    Huying__Hotline__Progress progress = HUYING__HOTLINE__PROGRESS__INIT;
    uint8_t digest[32] = {0xab};
    outcome.case_id = item.case_id = 42;
    outcome.text = text_lend("办好了");
    outcome.at_ms = NOW;
    outcomes.items = outcome_list;
    outcomes.n_items = 1;
    record.tickets = 7;
    record.digest = (ProtobufCBinaryData){sizeof digest, digest};
    stage.version = 3;
    stage.stage = text_lend("accepted");
    item.stages = stage_list;
    item.n_stages = 1;
    progress.items = items;
    progress.n_items = 1;
    message_add(type == HOTLINE_OUTCOMES    ? &outcomes.base
                : type == HOTLINE_RECONCILE ? &record.base
                                            : &progress.base,
            out);
}

static enum err vendor_asked(void *self, const struct local_command *command)
{
    BUF_OWNED out = {0};
    (void)self;
    double_vendor.asked++;
    double_vendor.type = command->type;
    assert_string_equal(command->actor, "");
    (void)snprintf(double_vendor.peer, sizeof double_vendor.peer, "%s", command->peer);
    if (command->type >= HOTLINE_OUTCOMES)
        list_pack(command->type, &out);
    else if (command->type != HOTLINE_OUTCOME_ACK && command->type != HOTLINE_PROGRESS_ACK)
        receipt_pack(&out);
    const struct envelope reply = {.verdict = double_vendor.verdict,
            .text = "text must not be longer",
            .reason = REASON_NO_STAGE,
            .payload = bytes_of(&out)};
    command->done(command->self, &reply);
    return OK;
}

static enum err once_double(
        void *self, const char *name, void (*done)(void *done_self, enum err err), void *done_self)
{
    enum err err = double_vendor.once;
    (void)self;
    for (size_t i = 0; i < double_vendor.taken_count; i++)
        if (strcmp(double_vendor.taken[i], name) == 0)
            err = ERR_CONFLICT;
    if (!err)
        (void)snprintf(double_vendor.taken[double_vendor.taken_count++],
                sizeof double_vendor.taken[0], "%s", name);
    done(done_self, err);
    return OK;
}

static struct rate *rate; /* NULL: no limits */
static struct rate_counts counts;

static int vendor_setup(void **state)
{
    struct vendors *vendors = NULL;
    BUF_OWNED why = {0};
    (void)state;
    memset(&double_vendor, 0, sizeof double_vendor);
    manual.wall_ms = NOW;
    g_autofree char *directory_path = g_dir_make_tmp("huying-vendor-XXXXXX", NULL);
    g_autofree char *mapping = g_build_filename(directory_path, "acme.conf", NULL);
    g_autofree char *keys = g_build_filename(directory_path, "k", NULL);
    assert_true(g_file_set_contents(mapping, MAPPING, -1, NULL));
    assert_true(g_file_set_contents(keys, "a hmac-sha256 " SECRET "\n", -1, NULL));
    assert_int_equal(chmod(keys, 0600), 0);
    assert_int_equal(vendors_load(directory_path, &vendors, &why), OK);
    assert_int_equal(remove(mapping) + remove(keys) + remove(directory_path), 0);
    const struct http_config config = {.host = "127.0.0.1",
            .language = "en",
            .backend = {.command = vendor_asked,
                    .query = vendor_asked,
                    .directory = directory_double,
                    .once = once_double},
            .clock = clock_manual(&manual),
            .rate = rate,
            .files = {[FILE_VENDORS] = vendors}};
    arena_init(&loop_double.words, 1 << 10);
    return (int)http_new(&config, &http, &why);
}

/* One request; what of it is signed otherwise than sent. Returns the status. */
struct sent {
    const char *method, *target, *body;
    const char *signed_target; /* NULL: as sent */
    const char *nonce, *key, *timestamp;
};

static int ask(const struct sent *sent)
{
    struct sign_key key = {.scheme = SCHEME_HMAC_SHA256, .size = 16};
    char text[4096];
    BUF_OWNED signature = {0};
    for (uint8_t i = 0; i < 16; i++)
        key.secret[i] = i;
    const char *body = sent->body ? sent->body : "";
    const struct signed_request request = {.method = sent->method,
            .target = sent->signed_target ? sent->signed_target : sent->target,
            .timestamp = sent->timestamp ? sent->timestamp : "1514764800",
            .nonce = sent->nonce};
    sign_shared(&key, &request, (struct bytes){(const uint8_t *)body, strlen(body)}, &signature);
    int size = snprintf(text, sizeof text,
            "%s %s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nHuying-Key: %s\r\n"
            "Huying-Timestamp: %s\r\nHuying-Nonce: %s\r\nHuying-Signature: %s\r\n"
            "Content-Length: %zu\r\n\r\n%s",
            sent->method, sent->target, sent->key ? sent->key : "a", request.timestamp,
            request.nonce, signature.data, strlen(body), body);
    int fd = dial();
    say(fd, text, (size_t)size);
    (void)hear(fd, answer);
    assert_int_equal(close(fd), 0);
    return (int)strtol(answer + strlen("HTTP/1.1 "), NULL, 10);
}

#define V "/hotline/v1/acme/"

static void each_path_goes_its_way_under_the_vendors_source(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target, *body;
        uint32_t type;
        int status;
        const char *answer;
    } table[] = {
            {"POST", V "report", "{\"no\":\"T1\",\"kind\":\"LIGHT\"}", HOTLINE_REPORT, 201,
                    "\"accepted_at\":\"2018-01-01T08:00:00+08:00\""},
            {"POST", V "withdraw", "{\"no\":\"T1\"}", HOTLINE_WITHDRAW, 201, "\"id\":\"42\""},
            {"POST", V "correct", "{\"no\":\"T1\",\"say\":\"x\"}", HOTLINE_CORRECT, 201, "TT-1"},
            {"POST", V "follow-up", "{\"no\":\"T1\",\"stars\":5}", HOTLINE_FOLLOW_UP, 201, "TT-1"},
            {"POST", V "outcome-ack", "{\"id\":42}", HOTLINE_OUTCOME_ACK, 200, "taken"},
            {"POST", V "progress-ack", "{\"id\":42,\"v\":3}", HOTLINE_PROGRESS_ACK, 200, "taken"},
            {"GET", V "outcomes", NULL, HOTLINE_OUTCOMES, 200, "\"text\":\"办好了\""},
            {"GET", V "outcomes?after=7&limit=5", NULL, HOTLINE_OUTCOMES, 200, "\"next\":\"42\""},
            {"GET", V "progress?limit=5", NULL, HOTLINE_PROGRESS, 200, "\"stage\":\"accepted\""},
            {"GET", V "reconcile?from=2018-01-01T00:00:00%2B08:00&to=2018-01-02T00:00:00+08:00",
                    NULL, HOTLINE_RECONCILE, 200, "\"tickets\":7"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char nonce[32];
        (void)snprintf(nonce, sizeof nonce, "nonce-%zu-1234", i);
        const struct sent sent = {.method = table[i].method,
                .target = table[i].target,
                .body = table[i].body,
                .nonce = nonce};
        int status = ask(&sent);
        if (status != table[i].status || !strstr(answer, table[i].answer))
            fail_msg("row %zu: %s", i, answer);
        assert_int_equal(double_vendor.type, table[i].type);
        assert_string_equal(double_vendor.peer, "hotline-a");
    }
    assert_int_equal(double_vendor.asked, sizeof table / sizeof *table);
}

static void what_fails_is_named_and_reaches_nobody(void **state)
{
    (void)state;
    static const char body[] = "{\"no\":\"T1\",\"kind\":\"LIGHT\"}";
    static const struct {
        struct sent sent;
        int status;
        const char *answer;
    } table[] = {
            {{"POST", "/hotline/v1/other/report", body, NULL, "nonce-1234", NULL, NULL}, 404,
                    "no_such_vendor"},
            {{"POST", V "report", body, NULL, "short", NULL, NULL}, 401, "Huying-Nonce"},
            {{"POST", V "report", body, NULL, "nonce-1234", NULL, "yesterday"}, 401,
                    "Huying-Timestamp"},
            {{"POST", V "report", body, NULL, "nonce-1234", NULL, "1514764000"}, 401,
                    "stale_timestamp"},
            {{"POST", V "report", body, NULL, "nonce-1234", "b", NULL}, 401, "wrong_signature"},
            {{"POST", V "report", body, V "correct", "nonce-1234", NULL, NULL}, 401,
                    "wrong_signature"},
            {{"GET", V "outcomes?after=1", NULL, V "outcomes?after=2", "nonce-1234", NULL, NULL},
                    401, "wrong_signature"},
            {{"POST", V "report", "{\"kind\":\"LIGHT\"}", NULL, "nonce-1234", NULL, NULL}, 422,
                    "\"field\":\"no\""},
            {{"POST", V "report", "{", NULL, "nonce-1234", NULL, NULL}, 400, "bad_json"},
            {{"GET", V "outcomes?limit=501", NULL, NULL, "nonce-1234", NULL, NULL}, 422, "limit"},
            {{"GET", V "reconcile?from=noon", NULL, NULL, "nonce-1234", NULL, NULL}, 422, "from"},
            {{"GET", V "reconcile?first=%2", NULL, NULL, "nonce-1234", NULL, NULL}, 422, "first"},
            {{"GET", V "report", NULL, NULL, "nonce-1234", NULL, NULL}, 405, "method"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int status = ask(&table[i].sent);
        if (status != table[i].status || !strstr(answer, table[i].answer))
            fail_msg("row %zu: %s", i, answer);
    }
    assert_int_equal(double_vendor.asked, 0);
    assert_int_equal(double_vendor.taken_count, 0); /* a forger uses up nobody's nonces */
}

/* Rightly signed, so the vendor's own system is broken. */
static void signed_bodies_that_are_no_json_are_refused(void **state)
{
    static const char *const bodies[] = {"", "[]", "{} x", "\xef\xbb\xbf{}", "{\"no\":\"\xff\"}",
            "{\"no\":\"\\ud800\"}", "{\"no\":\"a\\u0000b\"}", "{\"no\":1e999}",
            "{\"no\":\"A\",\"no\":\"B\"}", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
    static const char *const targets[] = {V "report", V "withdraw", V "correct", V "follow-up",
            V "outcome-ack", V "progress-ack"};
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        for (size_t to = 0; to < sizeof targets / sizeof *targets; to++) {
            char nonce[32];
            (void)snprintf(nonce, sizeof nonce, "nonce-%zu-%zu-1234", i, to);
            const struct sent sent = {
                    .method = "POST", .target = targets[to], .body = bodies[i], .nonce = nonce};
            int status = ask(&sent);
            if (status != 400 || !strstr(answer, "\"field\":\"body\""))
                fail_msg("%s %s: %s", targets[to], bodies[i], answer);
        }
    }
    assert_int_equal(double_vendor.asked, 0);
}

static void a_request_is_taken_once(void **state)
{
    (void)state;
    const struct sent sent = {.method = "POST",
            .target = V "report",
            .body = "{\"no\":\"T1\",\"kind\":\"LIGHT\"}",
            .nonce = "nonce-1234"};
    assert_int_equal(ask(&sent), 201);
    assert_int_equal(ask(&sent), 401);
    assert_non_null(strstr(answer, "nonce_used"));
    assert_int_equal(double_vendor.asked, 1);
    double_vendor.once = ERR_TRANSIENT;
    struct sent another = sent;
    another.nonce = "nonce-5678";
    assert_int_equal(ask(&another), 503);
    assert_int_equal(double_vendor.asked, 1);
}

static void what_the_site_refuses_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *target, *body;
        bool refuses;
        uint32_t verdict;
        int status;
        const char *answer;
    } table[] = {
            {V "report", "{\"no\":\"T1\",\"kind\":\"X\"}", true, VERDICT_REFUSED, 422,
                    "UNKNOWN_MATTER"},
            {V "report", "{\"no\":\"T1\",\"kind\":\"X\"}", false, REPLY_FAILED + ERR_MALFORMED, 422,
                    "text must not be longer"},
            {V "report", "{\"no\":\"T1\",\"kind\":\"X\"}", false, REPLY_FAILED + ERR_TRANSIENT, 503,
                    "busy"},
            {V "withdraw", "{\"no\":\"T9\"}", false, VERDICT_NOT_FOUND, 422, "NOT_FOUND"},
            {V "outcome-ack", "{\"id\":42}", false, VERDICT_DUPLICATE, 200, "duplicate"},
            {V "progress-ack", "{\"id\":42,\"v\":9}", false, VERDICT_REFUSED, 422, "NO_STAGE"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char nonce[32];
        (void)snprintf(nonce, sizeof nonce, "nonce-%zu-1234", i);
        const struct sent sent = {
                .method = "POST", .target = table[i].target, .body = table[i].body, .nonce = nonce};
        double_vendor.refuses = table[i].refuses;
        double_vendor.verdict = table[i].verdict;
        int status = ask(&sent);
        if (status != table[i].status || !strstr(answer, table[i].answer))
            fail_msg("row %zu: %s", i, answer);
    }
}

static int limited_setup(void **state)
{
    rate = rate_new((const struct rate_limit[RATE_KINDS]){[RATE_SOURCE] = {1, 2}}, &counts);
    return vendor_setup(state);
}

static int limited_teardown(void **state)
{
    int wrong = server_teardown(state);
    rate_destroy(&rate);
    return wrong;
}

static void who_cannot_sign_does_not_use_up_a_vendors_share(void **state)
{
    (void)state;
    struct sent sent = {.method = "GET", .target = V "outcomes", .nonce = "nonce-1234", .key = "b"};
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask(&sent), 401);
    sent.key = "a";
    assert_int_equal(ask(&sent), 200);
    sent.nonce = "nonce-1235";
    assert_int_equal(ask(&sent), 200);
    sent.nonce = "nonce-1236";
    assert_int_equal(ask(&sent), 429);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vendor_setup, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(each_path_goes_its_way_under_the_vendors_source),
            TEST(what_fails_is_named_and_reaches_nobody),
            TEST(signed_bodies_that_are_no_json_are_refused),
            TEST(a_request_is_taken_once),
            TEST(what_the_site_refuses_is_told),
            cmocka_unit_test_setup_teardown(who_cannot_sign_does_not_use_up_a_vendors_share,
                    limited_setup, limited_teardown),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
