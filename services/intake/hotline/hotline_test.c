/* The hotline's library over a stand-in for the kernel's client: what it sends, and what every kind
 * of answer becomes in receipts and errors. */
#include "services/intake/hotline/hotline.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "proto/hotline.pb-c.h"
#include "services/intake/hotline/codec.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/bus/client.h"

#define KEY "0123456789012345678901234567890123456789"
#define WAIT_MS 5000

/* What the site answers to each request of the next call, and what it was asked. */
static struct {
    enum err call;
    struct {
        enum err err;
        uint32_t verdict;
        const char *text;
        struct buf payload;
    } replies[4];
    struct client_request asked[4];
    size_t asked_count;
    enum frame_kind kind;
    struct bus_config config;
} site;

enum err client_new(const struct bus_config *config, struct client **ret)
{
    site.config = *config;
    *ret = (struct client *)(void *)&site;
    return OK;
}

void client_destroy(struct client **client)
{
    *client = NULL;
}

enum err client_call(struct client *client,
        enum frame_kind kind,
        struct client_request *requests,
        size_t count,
        int64_t timeout_ms,
        struct arena *arena)
{
    assert_non_null(client);
    assert_int_equal(timeout_ms, WAIT_MS);
    assert_true(count <= 4);
    site.kind = kind;
    site.asked_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct buf *payload = &site.replies[i].payload;
        site.asked[i] = requests[i];
        requests[i].err = site.replies[i].err;
        requests[i].reply = (struct envelope){.verdict = site.replies[i].verdict,
                .text = site.replies[i].text ? site.replies[i].text : ""};
        if (payload->size)
            requests[i].reply.payload =
                    (struct bytes){arena_copy(arena, payload->data, payload->size), payload->size};
    }
    return site.call;
}

static struct hotline *hotline;
static const struct hotline_config site_config = {.endpoints = {"tcp://127.0.0.1:1"},
        .endpoint_count = 1,
        .site = 1,
        .server_key = KEY,
        .public_key = KEY,
        .secret_key = KEY};

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        buf_fini(&site.replies[i].payload);
    memset(&site, 0, sizeof site);
    return (int)hotline_open(&site_config, &hotline);
}

static int teardown(void **state)
{
    (void)state;
    hotline_close(&hotline);
    for (size_t i = 0; i < 4; i++)
        buf_fini(&site.replies[i].payload);
    return 0;
}

static void receipt_put(size_t i, Huying__Hotline__Result result, char *ticket)
{
    char number[] = "TT-20180101-0000001-7", code[] = "A-1", level[] = "village";
    Huying__Hotline__Receipt message = HUYING__HOTLINE__RECEIPT__INIT;
    message.result = result;
    message.ticket = ticket;
    message.case_id = 42;
    message.number = number;
    message.unit_code = code;
    message.level = level;
    message.placed = 2;
    size_t size = huying__hotline__receipt__get_packed_size(&message);
    buf_reserve(&site.replies[i].payload, size);
    site.replies[i].payload.size =
            huying__hotline__receipt__pack(&message, (uint8_t *)site.replies[i].payload.data);
}

static void open_refuses_what_cannot_be_right(void **unused)
{
    (void)unused;
    struct hotline *other = NULL;
    struct hotline_config config = {.endpoints = {"tcp://127.0.0.1:1"},
            .endpoint_count = 1,
            .server_key = KEY,
            .public_key = KEY,
            .secret_key = "short"};
    assert_int_equal(hotline_open(&config, &other), ERR_FATAL);
    config.secret_key = NULL;
    assert_int_equal(hotline_open(&config, &other), ERR_FATAL);
    config.key_file = "/nonexistent/hotline.key";
    assert_int_equal(hotline_open(&config, &other), ERR_MALFORMED);
    config.key_file = NULL;
    config.secret_key = KEY;
    config.endpoint_count = 0;
    assert_int_equal(hotline_open(&config, &other), ERR_FATAL);
    config.endpoint_count = HOTLINE_ENDPOINTS_MAX + 1;
    assert_int_equal(hotline_open(&config, &other), ERR_FATAL);
    assert_null(other);
}

static void push_gives_each_report_its_receipt(void **unused)
{
    (void)unused;
    const struct hotline_report reports[2] = {{.ticket = "T1", .matter = "M", .reported_ms = 1000},
            {.ticket = "T2", .matter = "M", .reported_ms = 1000, .at_ms = 2000}};
    struct hotline_receipt receipts[2];
    char first[] = "T1", second[] = "T2";
    receipt_put(0, HUYING__HOTLINE__RESULT__ACCEPTED, first);
    receipt_put(1, HUYING__HOTLINE__RESULT__DUPLICATE, second);
    site.replies[1].verdict = VERDICT_DUPLICATE;
    assert_int_equal(hotline_push(hotline, reports, receipts, 2, WAIT_MS), OK);
    assert_int_equal(site.kind, FRAME_COMMANDS);
    assert_int_equal(site.config.service, SERVICE_CLIENT);
    assert_int_equal(site.asked[0].dest, SERVICE_INTAKE);
    assert_int_equal(site.asked[0].type, 1511);
    assert_int_equal(site.asked[0].agg, 0);
    assert_int_equal(site.asked[0].at_ms, 1000);
    assert_int_equal(site.asked[1].at_ms, 2000);
    assert_int_equal(receipts[0].result, HOTLINE_ACCEPTED);
    assert_string_equal(receipts[0].ticket, "T1");
    assert_int_equal(receipts[0].case_id, 42);
    assert_string_equal(receipts[0].number, "TT-20180101-0000001-7");
    assert_string_equal(receipts[0].level, "village");
    assert_int_equal(receipts[1].result, HOTLINE_DUPLICATE);
    assert_string_equal(receipts[1].ticket, "T2");
}

static void every_failure_becomes_a_receipt_and_an_error(void **unused)
{
    (void)unused;
    const struct {
        enum err call, err;
        uint32_t verdict;
        enum hotline_result result;
        enum err expected;
        const char *reason;
    } cases[] = {
            {ERR_TRANSIENT, ERR_TRANSIENT, 0, HOTLINE_UNANSWERED, ERR_TRANSIENT, ""},
            {OK, OK, REPLY_FAILED + ERR_TRANSIENT, HOTLINE_UNANSWERED, ERR_TRANSIENT, ""},
            {OK, OK, REPLY_FAILED + ERR_UNKNOWN, HOTLINE_UNANSWERED, ERR_TRANSIENT, ""},
            {OK, OK, REPLY_FAILED + ERR_DENIED, HOTLINE_UNANSWERED, ERR_DENIED, ""},
            {ERR_TRANSIENT, ERR_DENIED, 0, HOTLINE_UNANSWERED, ERR_DENIED, ""},
            {OK, OK, REPLY_FAILED + ERR_MALFORMED, HOTLINE_REFUSED, OK, "MALFORMED"},
            {OK, OK, VERDICT_APPLIED, HOTLINE_UNANSWERED, ERR_TRANSIENT, ""}, /* no receipt in it */
            {OK, OK, VERDICT_NOT_FOUND, HOTLINE_REFUSED, OK, "NOT_FOUND"},
            {OK, OK, VERDICT_CONFLICT, HOTLINE_REFUSED, OK, "CONFLICT"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hotline_receipt receipt;
        const struct hotline_report report = {.ticket = "T1", .matter = "M"};
        site.call = cases[i].call;
        site.replies[0].err = cases[i].err;
        site.replies[0].verdict = cases[i].verdict;
        site.replies[0].text = "text is too long";
        enum err err = hotline_push(hotline, &report, &receipt, 1, WAIT_MS);
        if (err != cases[i].expected || receipt.result != cases[i].result)
            fail_msg("case %zu: %s, result %d", i, err_name(err), (int)receipt.result);
        assert_string_equal(receipt.reason, cases[i].reason);
        assert_string_equal(receipt.ticket, "T1");
        if (receipt.result == HOTLINE_REFUSED)
            assert_string_equal(receipt.text, "text is too long");
    }
}

static void request_ids_differ_within_and_between_handles(void **unused)
{
    (void)unused;
    struct hotline_receipt receipts[2];
    const struct hotline_report reports[2] = {
            {.ticket = "T1", .matter = "M"}, {.ticket = "T2", .matter = "M"}};
    char first[64], other[64];
    assert_int_equal(hotline_push(hotline, reports, receipts, 2, WAIT_MS), ERR_TRANSIENT);
    assert_string_not_equal(site.asked[0].request_id, site.asked[1].request_id);
    (void)snprintf(first, sizeof first, "%s", site.asked[0].request_id);
    assert_true(strlen(first) <= REQUEST_ID_MAX);
    hotline_close(&hotline);
    assert_int_equal(setup(NULL), 0);
    assert_int_equal(hotline_push(hotline, reports, receipts, 1, WAIT_MS), ERR_TRANSIENT);
    (void)snprintf(other, sizeof other, "%s", site.asked[0].request_id);
    assert_string_not_equal(first, other);
}

static void too_many_at_once_sends_nothing(void **unused)
{
    (void)unused;
    static struct hotline_report reports[HOTLINE_PUSH_MAX + 1];
    static struct hotline_receipt receipts[HOTLINE_PUSH_MAX + 1];
    static struct hotline_outcome outcomes[1];
    size_t count = 0;
    assert_int_equal(
            hotline_push(hotline, reports, receipts, HOTLINE_PUSH_MAX + 1, WAIT_MS), ERR_LIMIT);
    reports[0].unit_code_count = HOTLINE_UNIT_CODES_MAX + 1;
    assert_int_equal(hotline_push(hotline, reports, receipts, 1, WAIT_MS), ERR_LIMIT);
    assert_int_equal(hotline_ack(hotline, outcomes, HOTLINE_PUSH_MAX + 1, 0, WAIT_MS), ERR_LIMIT);
    assert_int_equal(hotline_outcomes(hotline, 0, outcomes, 0, &count, WAIT_MS), ERR_LIMIT);
    assert_int_equal(
            hotline_outcomes(hotline, 0, outcomes, HOTLINE_OUTCOMES_MAX + 1, &count, WAIT_MS),
            ERR_LIMIT);
    assert_int_equal(hotline_push(hotline, reports, receipts, 0, WAIT_MS), OK);
    assert_int_equal(site.asked_count, 0);
}

static void reconciliation_put(size_t i, uint64_t tickets, const char *ticket, bool over)
{
    Huying__Hotline__Recorded item = HUYING__HOTLINE__RECORDED__INIT, *items[] = {&item};
    Huying__Hotline__Reconciliation message = HUYING__HOTLINE__RECONCILIATION__INIT;
    uint8_t digest[HOTLINE_DIGEST_SIZE];
    struct hotline_record record = {.number = "TT-1"};
    char number[] = "TT-1";
    (void)snprintf(record.ticket, sizeof record.ticket, "%s", ticket);
    hotline_digest(&(struct hotline_list){&record, 1}, digest);
    item.ticket = record.ticket;
    item.number = number;
    item.accepted_at_ms = 9;
    message.tickets = message.cases = tickets;
    message.over = over;
    message.digest = (ProtobufCBinaryData){sizeof digest, digest};
    message.items = items;
    message.n_items = 1;
    size_t size = huying__hotline__reconciliation__get_packed_size(&message);
    buf_reset(&site.replies[i].payload);
    buf_reserve(&site.replies[i].payload, size);
    site.replies[i].payload.size = huying__hotline__reconciliation__pack(
            &message, (uint8_t *)site.replies[i].payload.data);
}

static void difference_count(void *self, const struct hotline_difference *difference)
{
    assert_int_equal(difference->kind, HOTLINE_MISSING_HERE);
    assert_string_equal(difference->ticket, "T1");
    ++*(int *)self;
}

static void reconcile_asks_in_the_name_of_the_source(void **unused)
{
    (void)unused;
    static struct hotline_reconciliation answer;
    const struct hotline_span span = {.from_ms = 5, .first = "T1"};
    const struct hotline_list none = {NULL, 0};
    int found = 0;
    reconciliation_put(0, 1, "T1", false);
    assert_int_equal(hotline_reconcile(hotline, &span, 500, &answer, WAIT_MS), OK);
    assert_int_equal(site.kind, FRAME_QUERIES);
    assert_int_equal(site.asked[0].type, 1612);
    assert_string_equal(site.asked[0].actor, "");
    assert_int_equal(answer.tickets, 1);
    assert_int_equal(answer.item_count, 1);
    assert_string_equal(answer.items[0].ticket, "T1");
    assert_int_equal(answer.items[0].accepted_ms, 9);
    assert_int_equal(hotline_reconcile(hotline, &span, 501, &answer, WAIT_MS), ERR_LIMIT);
    assert_int_equal(
            hotline_differences(hotline, &span, &none, difference_count, &found, WAIT_MS), OK);
    assert_int_equal(found, 1);
    hotline_close(&hotline);
    struct hotline_config config = site_config;
    config.source = "hotline-a";
    assert_int_equal(hotline_open(&config, &hotline), OK);
    assert_int_equal(hotline_reconcile(hotline, &span, 0, &answer, WAIT_MS), OK);
    assert_string_equal(site.asked[0].actor, "hotline-a");
}

static void reconcile_tells_what_cannot_be_asked_again(void **unused)
{
    (void)unused;
    static struct hotline_reconciliation answer;
    const struct hotline_span span = {.from_ms = 5};
    const struct {
        enum err call, expected;
        uint32_t verdict;
    } table[] = {{OK, ERR_MALFORMED, REPLY_FAILED + ERR_MALFORMED},
            {OK, ERR_DENIED, REPLY_FAILED + ERR_DENIED},
            {OK, ERR_TRANSIENT, REPLY_FAILED + ERR_UNKNOWN}, {ERR_TRANSIENT, ERR_TRANSIENT, 0},
            {OK, ERR_MALFORMED, VERDICT_APPLIED}}; /* no answer in it */
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        site.call = site.replies[0].err = table[i].call;
        site.replies[0].verdict = table[i].verdict;
        assert_int_equal(hotline_reconcile(hotline, &span, 0, &answer, WAIT_MS), table[i].expected);
    }
}

static void follow_up_is_answered_by_a_receipt(void **unused)
{
    (void)unused;
    struct hotline_receipt receipt;
    const struct hotline_follow_up said = {.ticket = "T1", .unsolved = true, .at_ms = 8};
    char ticket[] = "T1";
    receipt_put(0, HUYING__HOTLINE__RESULT__ACCEPTED, ticket);
    assert_int_equal(hotline_follow_up(hotline, &said, &receipt, WAIT_MS), OK);
    assert_int_equal(site.asked[0].type, 1514);
    assert_int_equal(site.asked[0].at_ms, 8);
    assert_int_equal(receipt.result, HOTLINE_ACCEPTED);
    assert_int_equal(receipt.case_id, 42);
}

static void a_correction_is_answered_by_a_receipt(void **unused)
{
    (void)unused;
    struct hotline_receipt receipt;
    struct hotline_correction better = {.ticket = "T1", .text = "the other lamp", .at_ms = 8};
    char ticket[] = "T1";
    receipt_put(0, HUYING__HOTLINE__RESULT__ACCEPTED, ticket);
    assert_int_equal(hotline_correct(hotline, &better, &receipt, WAIT_MS), OK);
    assert_int_equal(site.asked[0].type, 1515);
    assert_int_equal(site.asked[0].at_ms, 8);
    assert_int_equal(receipt.result, HOTLINE_ACCEPTED);
    better.unit_code_count = HOTLINE_UNIT_CODES_MAX + 1;
    assert_int_equal(hotline_correct(hotline, &better, &receipt, WAIT_MS), ERR_LIMIT);
}

static void progress_is_fetched_and_acknowledged_by_its_last_version(void **unused)
{
    (void)unused;
    static struct hotline_progress list[2];
    size_t count = 0;
    Huying__Hotline__Stage stages[2] = {HUYING__HOTLINE__STAGE__INIT, HUYING__HOTLINE__STAGE__INIT};
    Huying__Hotline__Stage *stage_list[] = {&stages[0], &stages[1]};
    Huying__Hotline__CaseProgress item = HUYING__HOTLINE__CASE_PROGRESS__INIT, *items[] = {&item};
    Huying__Hotline__Progress message = HUYING__HOTLINE__PROGRESS__INIT;
    char word[] = "accepted";
    stages[0].version = 3;
    stages[1].version = 4;
    stages[1].stage = word;
    item.case_id = 42;
    item.stages = stage_list;
    item.n_stages = 2;
    message.items = items;
    message.n_items = 1;
    size_t size = huying__hotline__progress__get_packed_size(&message);
    buf_reserve(&site.replies[0].payload, size);
    site.replies[0].payload.size =
            huying__hotline__progress__pack(&message, (uint8_t *)site.replies[0].payload.data);
    assert_int_equal(hotline_progress(hotline, 0, list, 2, &count, WAIT_MS), OK);
    assert_int_equal(site.kind, FRAME_QUERIES);
    assert_int_equal(site.asked[0].type, 1613);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].stage_count, 2);
    assert_string_equal(list[0].stages[1].stage, "accepted");
    buf_reset(&site.replies[0].payload);
    assert_int_equal(hotline_progress_ack(hotline, list, 1, WAIT_MS), OK);
    assert_int_equal(site.asked[0].type, 1516);
    Huying__Hotline__ProgressAck *ack = huying__hotline__progress_ack__unpack(
            NULL, site.asked[0].payload.size, site.asked[0].payload.data);
    assert_non_null(ack);
    assert_int_equal(ack->version, 4);
    huying__hotline__progress_ack__free_unpacked(ack, NULL);
    assert_int_equal(hotline_progress(hotline, 0, list, 0, &count, WAIT_MS), ERR_LIMIT);
}

static void withdraw_outcomes_and_ack(void **unused)
{
    (void)unused;
    struct hotline_receipt receipt;
    static struct hotline_outcome outcomes[3];
    static const struct hotline_outcome stored[2] = {{.case_id = 42, .round = 1}, {.case_id = 43}};
    size_t count = 99;
    char ticket[] = "T1";
    receipt_put(0, HUYING__HOTLINE__RESULT__ACCEPTED, ticket);
    assert_int_equal(hotline_withdraw(hotline, "T1", "mistake", 7, &receipt, WAIT_MS), OK);
    assert_int_equal(site.asked[0].type, 1512);
    assert_int_equal(site.asked[0].at_ms, 7);
    assert_int_equal(receipt.result, HOTLINE_ACCEPTED);
    buf_reset(&site.replies[0].payload);
    assert_int_equal(hotline_outcomes(hotline, 0, outcomes, 3, &count, WAIT_MS), OK);
    assert_int_equal(site.kind, FRAME_QUERIES);
    assert_int_equal(site.asked[0].type, 1611);
    assert_int_equal(count, 0);
    assert_int_equal(hotline_ack(hotline, stored, 2, 0, WAIT_MS), OK);
    assert_int_equal(site.asked_count, 2);
    assert_int_equal(site.asked[1].type, 1513);
    site.replies[0].verdict = VERDICT_DUPLICATE;
    assert_int_equal(hotline_ack(hotline, stored, 2, 0, WAIT_MS), OK);
    site.replies[0].verdict = VERDICT_NOT_FOUND;
    assert_int_equal(hotline_ack(hotline, stored, 2, 0, WAIT_MS), ERR_NOT_FOUND);
    site.replies[1].verdict = REPLY_FAILED + ERR_TRANSIENT;
    assert_int_equal(hotline_ack(hotline, stored, 2, 0, WAIT_MS), ERR_TRANSIENT);
    site.replies[0].verdict = REPLY_FAILED + ERR_DENIED;
    count = 99;
    assert_int_equal(hotline_outcomes(hotline, 0, outcomes, 3, &count, WAIT_MS), ERR_DENIED);
    assert_int_equal(count, 99);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(open_refuses_what_cannot_be_right),
            TEST(push_gives_each_report_its_receipt),
            TEST(every_failure_becomes_a_receipt_and_an_error),
            TEST(request_ids_differ_within_and_between_handles),
            TEST(too_many_at_once_sends_nothing),
            TEST(reconcile_asks_in_the_name_of_the_source),
            TEST(reconcile_tells_what_cannot_be_asked_again),
            TEST(follow_up_is_answered_by_a_receipt),
            TEST(a_correction_is_answered_by_a_receipt),
            TEST(progress_is_fetched_and_acknowledged_by_its_last_version),
            TEST(withdraw_outcomes_and_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
