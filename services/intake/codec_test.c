/* Messages: each limit of a report is named when it is passed, NUL and bad UTF-8 are noticed, no
 * noise is read as a message; receipts, outcomes and views arrive as they were meant. */
#include "services/intake/codec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include "proto/intake.pb-c.h"
#include "services/intake/decide.h"
#include "services/intake/hotline/codec.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/wire/message.h"

#define NOW INT64_C(1514764800000)

static struct arena arena;
static struct directory *directory;

static const struct unit units[] = {
        {.id = 1,
                .code = "D",
                .name_zh = "",
                .name_en = "",
                .level = LEVEL_DISTRICT,
                .kind = "district",
                .capabilities = ""},
        {.id = 5,
                .parent = 1,
                .code = "A",
                .name_zh = "",
                .name_en = "",
                .level = LEVEL_STREET,
                .kind = "street",
                .capabilities = ""},
};
static const struct matter matters[] = {
        {.id = 7,
                .code = "LIGHT",
                .name_zh = "",
                .name_en = "",
                .category = "",
                .handler_code = {"", "", "", "", ""},
                .squad_capability = ""},
};

static int group_setup(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    intake_language_set("en");
    directory = directory_build(&(struct directory_rows){.version = 9,
            .site = 1,
            .site_letters = "TT",
            .units = units,
            .unit_count = 2,
            .matters = matters,
            .matter_count = 1});
    return sodium_init() < 0;
}

static int group_teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    directory_destroy(&directory);
    return 0;
}

static struct hotline_report report_make(void)
{
    return (struct hotline_report){.ticket = "T-1",
            .matter = "LIGHT",
            .text = "dark \"corner\"\nby the bridge",
            .longitude = 113.3,
            .latitude = 22.9,
            .unit_codes = {"D", "A"},
            .unit_code_count = 2,
            .reported_ms = NOW,
            .promised_ms = NOW + 1};
}

static struct bytes bytes_of(const struct buf *buf)
{
    return (struct bytes){(const uint8_t *)buf->data, buf->size};
}

/* NULL when it was accepted, else what is wrong. */
static const char *why_of(const struct hotline_report *report, const struct submission **ret)
{
    BUF_OWNED payload = {0};
    const void *body = NULL;
    const char *why = NULL;
    hotline_report_encode(report, &payload);
    enum err err = submission_decode(bytes_of(&payload), &arena, &body, &why);
    assert_true((err == OK) == (body != NULL));
    assert_true(err == OK || err == ERR_MALFORMED);
    if (ret)
        *ret = body;
    return err ? why : NULL;
}

static void report_arrives_as_it_was_sent(void **unused)
{
    (void)unused;
    struct hotline_report report = report_make();
    const struct submission *body = NULL;
    assert_null(why_of(&report, &body));
    assert_string_equal(body->ticket, "T-1");
    assert_string_equal(body->matter, "LIGHT");
    assert_string_equal(body->text, report.text);
    assert_string_equal(body->reporter, "");
    assert_int_equal(body->unit_code_count, 2);
    assert_string_equal(body->unit_codes[1], "A");
    assert_true(body->has_point);
    assert_true(fabs(body->longitude - 113.3) < 1e-12);
    assert_int_equal(body->reported_ms, NOW);
    assert_int_equal(body->promised_ms, NOW + 1);
    assert_non_null(body->resolved);
    report.longitude = report.latitude = 0;
    assert_null(why_of(&report, &body));
    assert_false(body->has_point);
}

static char text_2000[2001], text_2001[2002], text_65[66], han_65[65 * 3 + 1];

static void long_texts_make(void)
{
    memset(text_2000, 'x', 2000);
    memset(text_2001, 'x', 2001);
    memset(text_65, 'x', 65);
    for (size_t i = 0; i < 65; i++)
        memcpy(han_65 + 3 * i, "灯", 3);
}

static void each_limit_of_a_report_is_named(void **unused)
{
    (void)unused;
    long_texts_make();
    struct limit {
        struct hotline_report report;
        const char *why; /* its beginning; NULL: accepted */
    };
    struct limit limits[40];
    size_t count = 0;
#define LIMIT(change, expected)                                                                    \
    do {                                                                                           \
        struct hotline_report report = report_make();                                              \
        change;                                                                                    \
        limits[count++] = (struct limit){report, expected};                                        \
    } while (0)
    LIMIT(report.ticket = "", "ticket must be given");
    LIMIT(report.ticket = text_65, "ticket is too long, at most 64");
    LIMIT(report.ticket = text_65 + 1, NULL);
    LIMIT(report.ticket = "a b", "ticket must not have spaces");
    LIMIT(report.ticket = "a\tb", "ticket must not have control");
    LIMIT(report.ticket = "a\xff", "ticket must be valid UTF-8");
    LIMIT(report.ticket = "工单7", NULL);
    LIMIT(report.matter = "", "matter must be given");
    LIMIT(report.matter = han_65, "matter is too long, at most 64");
    LIMIT(report.matter = han_65 + 3, NULL);
    LIMIT(report.text = text_2001, "text is too long, at most 2000");
    LIMIT(report.text = text_2000, NULL);
    LIMIT(report.text = "bell\a", "text must not have control");
    LIMIT(report.text = "\xc2\x85", "text must not have control");
    LIMIT(report.text = "\xed\xa0\x80", "text must be valid UTF-8");
    LIMIT(report.longitude = 180.1, "longitude must be a finite number of degrees from -180");
    LIMIT(report.latitude = NAN, "latitude must be a finite");
    LIMIT(report.latitude = -INFINITY, "latitude must be a finite number of degrees from -90");
    LIMIT(report.unit_codes[1] = "", "unit_codes must be given");
    LIMIT(report.reported_ms = -1, "reported_at must be an instant from 1970");
    LIMIT(report.promised_ms = INSTANT_MAX_MS, "promised_at must be an instant");
    LIMIT(report.promised_ms = INSTANT_MAX_MS - 1, NULL);
    LIMIT(report.intent = (enum hotline_intent)INTENT_COUNT, "intent must be report, urge,");
    LIMIT(report.intent = HOTLINE_URGE, "about must be given with intent urge");
    LIMIT(report.about = "T-0", "about must be given with intent urge");
    LIMIT((report.intent = HOTLINE_URGE, report.about = "T-1"), "about must be given with");
    LIMIT((report.intent = HOTLINE_URGE, report.about = "a b"), "about must not have spaces");
    LIMIT((report.intent = HOTLINE_URGE, report.about = "T-0", report.matter = ""), NULL);
    LIMIT((report.evidence_count = 1, report.evidence[0] = (struct hotline_evidence){"?", 1}),
            "evidence must name known kinds");
    LIMIT((report.evidence_count = 1, report.evidence[0] = (struct hotline_evidence){"form", 2}),
            NULL);
#undef LIMIT
    for (size_t i = 0; i < count; i++) {
        const char *why = why_of(&limits[i].report, NULL);
        const char *expected = limits[i].why;
        bool as_expected =
                expected ? why && strncmp(why, expected, strlen(expected)) == 0 : why == NULL;
        if (!as_expected)
            fail_msg("%zu: '%s', expected '%s'", i, why ? why : "accepted",
                    expected ? expected : "accepted");
    }
}

static void nine_unit_codes_and_nul_are_refused(void **unused)
{
    (void)unused;
    BUF_OWNED payload = {0};
    const void *body = NULL;
    const char *why = "";
    struct hotline_report report = report_make();
    hotline_report_encode(&report, &payload);
    for (int i = 0; i < 7; i++)
        buf_add(&payload, "\x32\x01X", 3); /* field 6, one byte */
    assert_int_equal(submission_decode(bytes_of(&payload), &arena, &body, &why), ERR_MALFORMED);
    assert_string_equal(why, "unit_codes has too many entries, at most 8 are taken");
    buf_reset(&payload);
    hotline_report_encode(&report, &payload);
    buf_add(&payload,
            "\x1a\x03"
            "a\0b",
            5); /* field 3 again, with a NUL: protobuf-c would read "a" */
    assert_int_equal(submission_decode(bytes_of(&payload), &arena, &body, &why), ERR_MALFORMED);
    assert_non_null(strstr(why, "NUL"));
}

static void noise_is_malformed_and_never_read(void **unused)
{
    (void)unused;
    struct rng rng;
    rng_seed(&rng, 7);
    struct hotline_report report = report_make();
    for (int i = 0; i < 20000; i++) {
        BUF_OWNED payload = {0};
        const void *body = NULL;
        const char *why = NULL;
        hotline_report_encode(&report, &payload);
        for (uint64_t n = rng_below(&rng, 4) + 1; n > 0; n--)
            payload.data[rng_below(&rng, payload.size)] = (char)rng_next(&rng);
        payload.size -= rng_below(&rng, 3) ? 0 : rng_below(&rng, payload.size);
        enum err err = submission_decode(bytes_of(&payload), &arena, &body, &why);
        assert_true(err == OK || (err == ERR_MALFORMED && why && *why));
        arena_reset(&arena);
    }
}

static void digest_tells_every_field_apart(void **unused)
{
    (void)unused;
    const struct submission *first = NULL;
    const struct submission *other = NULL;
    struct hotline_report report = report_make();
    assert_null(why_of(&report, &first));
    assert_null(why_of(&report, &other));
    assert_memory_equal(first->digest, other->digest, DIGEST_SIZE);
#define DIFFERENT(change)                                                                          \
    do {                                                                                           \
        report = report_make();                                                                    \
        change;                                                                                    \
        assert_null(why_of(&report, &other));                                                      \
        assert_memory_not_equal(first->digest, other->digest, DIGEST_SIZE);                        \
    } while (0)
    DIFFERENT(report.ticket = "T-2");
    DIFFERENT(report.matter = "LIGHTS");
    DIFFERENT(report.text = "dark");
    DIFFERENT(report.longitude += 1e-9);
    DIFFERENT(report.latitude += 1e-9);
    DIFFERENT(report.unit_codes[1] = "B");
    DIFFERENT(report.unit_code_count = 1);
    DIFFERENT(report.reported_ms++);
    DIFFERENT(report.promised_ms++);
    DIFFERENT((report.intent = HOTLINE_URGE, report.about = "T-0"));
    DIFFERENT(report.settled = true);
    DIFFERENT(report.to = "A");
    DIFFERENT(
            (report.evidence_count = 1, report.evidence[0] = (struct hotline_evidence){"form", 2}));
#undef DIFFERENT
}

static void withdrawal_ack_and_end_name_their_limits(void **unused)
{
    (void)unused;
    BUF_OWNED payload = {0};
    const void *body = NULL;
    const char *why = NULL;
    long_texts_make();
    hotline_withdraw_encode("", "why", 0, &payload);
    assert_int_equal(withdrawal_decode(bytes_of(&payload), &arena, &body, &why), OK);
    assert_int_equal(
            hotline_withdrawal_decode(bytes_of(&payload), &arena, &body, &why), ERR_MALFORMED);
    assert_non_null(strstr(why, "ticket must be given"));
    buf_reset(&payload);
    hotline_withdraw_encode("T", text_2000 + 1799, 0, &payload); /* 201 characters */
    assert_int_equal(withdrawal_decode(bytes_of(&payload), &arena, &body, &why), ERR_MALFORMED);
    assert_string_equal(why, "reason is too long, at most 200 are taken");
    buf_reset(&payload);
    hotline_ack_encode(0, 1, &payload);
    assert_int_equal(outcome_ack_decode(bytes_of(&payload), &arena, &body, &why), ERR_MALFORMED);
    assert_string_equal(why, "case_id must be a positive id");
    buf_reset(&payload);
    hotline_ack_encode(7, 2, &payload);
    assert_int_equal(outcome_ack_decode(bytes_of(&payload), &arena, &body, &why), OK);
    assert_int_equal(((const struct outcome_ack *)body)->round, 2);
    buf_reset(&payload);
    hotline_follow_up_encode(&(struct hotline_follow_up){.ticket = "T"}, &payload);
    assert_int_equal(follow_up_decode(bytes_of(&payload), &arena, &body, &why), ERR_MALFORMED);
    assert_string_equal(why, "score must be from 1 to 5, or 0 with unsolved");
    buf_reset(&payload);
    hotline_follow_up_encode(&(struct hotline_follow_up){.ticket = "T", .score = 6}, &payload);
    assert_int_equal(follow_up_decode(bytes_of(&payload), &arena, &body, &why), ERR_MALFORMED);
    buf_reset(&payload);
    hotline_follow_up_encode(
            &(struct hotline_follow_up){.ticket = "T", .unsolved = true, .text = "no"}, &payload);
    assert_int_equal(follow_up_decode(bytes_of(&payload), &arena, &body, &why), OK);
    assert_true(((const struct follow_up *)body)->unsolved);
    assert_string_equal(((const struct follow_up *)body)->text, "no");
    buf_reset(&payload);
    buf_add(&payload, "\x0a\x06reopen", 8); /* CaseEnded.outcome */
    assert_int_equal(case_ended_decode(bytes_of(&payload), &arena, &body, &why), ERR_MALFORMED);
    assert_non_null(strstr(why, "outcome must be closed"));
    buf_reset(&payload);
    buf_add(&payload,
            "\x0a\x06"
            "closed",
            8);
    assert_int_equal(case_ended_decode(bytes_of(&payload), &arena, &body, &why), OK);
    assert_int_equal(((const struct case_ended *)body)->state, REPORT_CLOSED);
}

static struct report accepted_make(void)
{
    return (struct report){.base = {.id = id_make(1, SERVICE_INTAKE, 123), .ver = 1},
            .state = REPORT_ACCEPTED,
            .unit = 5,
            .matter = 7,
            .placed = PLACED_CODES,
            .accepted_ms = NOW,
            .source = "hotline",
            .ref = "T-1",
            .outcome_text = ""};
}

static struct hotline_receipt answer_of(const struct outcome *outcome, uint32_t type)
{
    static struct resolved resolved;
    const struct submission submission = {.ticket = "T-9",
            .matter = "NOSUCH",
            .text = "",
            .reporter = "",
            .about = "",
            .to = "",
            .resolved = &resolved};
    const struct withdrawal withdrawal = {"T-9", "", 0, NULL};
    struct input input = {.kind = INPUT_COMMAND, .type = type};
    input.body = type == HOTLINE_REPORT ? (const void *)&submission : (const void *)&withdrawal;
    const struct world world = {.directory = directory};
    struct report report = accepted_make();
    struct hotline_receipt receipt;
    BUF_OWNED out = {0};
    report_answer(&report, &input, outcome, &world, &out);
    assert_int_equal(hotline_receipt_decode(bytes_of(&out), &arena, &receipt), OK);
    return receipt;
}

static void receipt_says_number_place_or_reason(void **unused)
{
    (void)unused;
    char number[CASE_NUMBER_SIZE];
    case_number_format(number, "TT", accepted_make().base.id, NOW, 0);
    struct hotline_receipt receipt =
            answer_of(&(struct outcome){.verdict = VERDICT_APPLIED}, HOTLINE_REPORT);
    assert_int_equal(receipt.result, HOTLINE_ACCEPTED);
    receipt = answer_of(
            &(struct outcome){.step_count = 1, .steps = {{.kind = STEP_JOIN}}}, HOTLINE_REPORT);
    assert_int_equal(receipt.result, HOTLINE_DUPLICATE);
    assert_string_equal(receipt.number, number);
    receipt = answer_of(&(struct outcome){.verdict = VERDICT_APPLIED}, HOTLINE_REPORT);
    assert_string_equal(receipt.number, number);
    assert_string_equal(receipt.ticket, "T-9"); /* that was asked with: it may be an urge's */
    assert_string_equal(receipt.unit_code, "A");
    assert_string_equal(receipt.level, "street");
    assert_int_equal(receipt.placed, PLACED_CODES);
    receipt = answer_of(&(struct outcome){.verdict = VERDICT_DUPLICATE}, HOTLINE_REPORT);
    assert_int_equal(receipt.result, HOTLINE_DUPLICATE);
    assert_string_equal(receipt.number, number);
    receipt = answer_of(
            &(struct outcome){.verdict = VERDICT_REFUSED, .reason = REASON_UNKNOWN_MATTER},
            HOTLINE_REPORT);
    assert_int_equal(receipt.result, HOTLINE_REFUSED);
    assert_int_equal(receipt.case_id, 0);
    assert_string_equal(receipt.ticket, "T-9");
    assert_string_equal(receipt.reason, "UNKNOWN_MATTER");
    assert_non_null(strstr(receipt.text, "NOSUCH"));
    receipt = answer_of(&(struct outcome){.verdict = VERDICT_NOT_FOUND}, HOTLINE_WITHDRAW);
    assert_string_equal(receipt.reason, "NOT_FOUND");
}

static void outcomes_and_view_arrive(void **unused)
{
    (void)unused;
    static struct report reports[OUTCOMES_MAX];
    static struct hotline_outcome outcomes[OUTCOMES_MAX];
    BUF_OWNED out = {0};
    size_t count = 0;
    for (int i = 0; i < OUTCOMES_MAX; i++) {
        reports[i] = accepted_make();
        reports[i].base.id += i;
        reports[i].state = REPORT_REFERRED_OUT;
        reports[i].ended_ms = NOW + i;
        reports[i].course.round = 2;
        reports[i].course.caller_count = i % 2;
        (void)snprintf(reports[i].course.callers[0].ref, TICKET_SIZE, "C-%d", i);
        reports[i].outcome_text = "given to the county";
    }
    outcomes_encode(reports, OUTCOMES_MAX, "hotline", directory, &out);
    assert_int_equal(
            hotline_outcomes_decode(bytes_of(&out), &arena, outcomes, 499, &count), ERR_LIMIT);
    assert_int_equal(
            hotline_outcomes_decode(bytes_of(&out), &arena, outcomes, OUTCOMES_MAX, &count), OK);
    assert_int_equal(count, OUTCOMES_MAX);
    assert_int_equal(outcomes[499].case_id, reports[499].base.id);
    assert_int_equal(outcomes[499].at_ms, NOW + 499);
    assert_int_equal(outcomes[499].round, 2);
    assert_int_equal(outcomes[498].also_count, 0);
    assert_int_equal(outcomes[499].also_count, 1);
    assert_string_equal(outcomes[499].also[0], "C-499");
    assert_string_equal(outcomes[499].outcome, "referred_out");
    assert_string_equal(outcomes[499].text, "given to the county");
    buf_reset(&out);
    reports[0].course.joined = 2;
    reports[0].course.caller_count = 3;
    reports[0].course.round = reports[0].course.followed = 2;
    report_view_encode(&reports[0], NULL, 0, directory, &out);
    struct report_view view;
    assert_int_equal(report_view_decode(bytes_of(&out), &arena, &view), OK);
    assert_int_equal(view.reported, 3);
    assert_int_equal(view.urged, 1);
    assert_int_equal(view.round, 2);
    assert_true(view.followed_up);
    assert_string_equal(view.matter, "LIGHT");
    assert_string_equal(view.state, "referred_out");
    assert_int_equal(report_view_decode((struct bytes){NULL, 0}, &arena, &view), ERR_NOT_FOUND);
}

/* Whoever reads an answer prints it, as JSON too: bytes that are no text end there. */
static void answers_that_are_no_text_are_malformed(void **unused)
{
    (void)unused;
    static const uint8_t receipt_bytes[] = {0x08, 0x01, 0x2a, 0x01, 0xff};
    static const uint8_t outcome_bytes[] = {0x0a, 0x03, 0x12, 0x01, 0xff};
    static const uint8_t view_bytes[] = {0x12, 0x01, 0xff};
    struct hotline_receipt receipt;
    struct hotline_outcome outcome;
    struct report_view view;
    size_t count = 9;
    const struct bytes bytes = {receipt_bytes, sizeof receipt_bytes};
    assert_int_equal(hotline_receipt_decode(bytes, &arena, &receipt), ERR_MALFORMED);
    const struct bytes items = {outcome_bytes, sizeof outcome_bytes};
    assert_int_equal(hotline_outcomes_decode(items, &arena, &outcome, 1, &count), ERR_MALFORMED);
    assert_int_equal(count, 9);
    const struct bytes shown = {view_bytes, sizeof view_bytes};
    assert_int_equal(report_view_decode(shown, &arena, &view), ERR_MALFORMED);
}

static void query_by_number_finds_the_id(void **unused)
{
    (void)unused;
    BUF_OWNED payload = {0};
    const char *why = NULL;
    int64_t id = -1;
    char number[CASE_NUMBER_SIZE];
    case_number_format(number, "TT", accepted_make().base.id, NOW, 0);
    report_query_encode(0, number, &payload);
    assert_int_equal(report_query_decode(bytes_of(&payload), directory, &arena, &id, &why), OK);
    assert_int_equal(id, accepted_make().base.id);
    buf_reset(&payload);
    report_query_encode(0, "TT-x", &payload);
    assert_int_equal(report_query_decode(bytes_of(&payload), directory, &arena, &id, &why), OK);
    assert_int_equal(id, 0);
    buf_reset(&payload);
    hotline_outcomes_query_encode(0, 501, &payload);
    struct outcomes_query query;
    assert_int_equal(
            outcomes_query_decode(bytes_of(&payload), &arena, &query, &why), ERR_MALFORMED);
    assert_string_equal(why, "limit must be from 1 to 500");
}

static void case_reported_carries_what_routing_needs(void **unused)
{
    (void)unused;
    const struct submission *body = NULL;
    struct hotline_report sent = report_make();
    assert_null(why_of(&sent, &body));
    const struct world world = {.directory = directory};
    const struct send send = {SERVICE_ROUTING, INTAKE_CASE_REPORTED, 0};
    const struct input input = {.type = INTAKE_SUBMIT, .body = body, .actor = "nobody"};
    struct report report = accepted_make();
    report.promised_ms = NOW + 1;
    for (int drill = 0; drill < 2; drill++) {
        BUF_OWNED out = {0};
        intake_drill_set(drill == 1);
        report_encode(&report, &input, &world, &send, &out);
        Huying__Intake__CaseReported *message =
                huying__intake__case_reported__unpack(NULL, out.size, (const uint8_t *)out.data);
        assert_non_null(message);
        assert_string_equal(message->source, "hotline");
        assert_string_equal(message->source_ref, "T-1");
        assert_string_equal(message->matter, "LIGHT");
        assert_string_equal(message->summary, sent.text);
        assert_string_equal(message->reporter, "");
        assert_int_equal(message->unit, 5);
        assert_int_equal(message->placed, PLACED_CODES);
        assert_int_equal(message->promised_at_ms, NOW + 1);
        assert_true(fabs(message->longitude - 113.3) < 1e-12);
        assert_int_equal(message->drill, drill);
        huying__intake__case_reported__free_unpacked(message, NULL);
    }
    intake_drill_set(false);
}

static void settled_urge_and_follow_up_reach_routing(void **unused)
{
    (void)unused;
    const struct submission *body = NULL;
    struct hotline_report sent = report_make();
    sent.settled = true;
    sent.to = "A";
    sent.evidence_count = 1;
    sent.evidence[0] = (struct hotline_evidence){"photo", 2};
    assert_null(why_of(&sent, &body));
    const struct world world = {.directory = directory};
    struct send send = {SERVICE_ROUTING, INTAKE_CASE_REPORTED, 0};
    struct input input = {.type = INTAKE_SUBMIT, .body = body, .actor = "", .now_ms = NOW + 7};
    struct report report = accepted_make();
    BUF_OWNED out = {0};
    report_encode(&report, &input, &world, &send, &out);
    const Huying__Intake__CaseReported *reported =
            message_open(&huying__intake__case_reported__descriptor, bytes_of(&out), &arena);
    assert_true(reported->settled);
    assert_int_equal(reported->to, 5);
    assert_int_equal(reported->n_evidence, 1);
    assert_string_equal(reported->evidence[0]->kind, "photo");
    assert_int_equal(reported->evidence[0]->count, 2);
    sent = (struct hotline_report){
            .ticket = "C-1", .intent = HOTLINE_URGE, .about = "T-1", .text = "when?"};
    assert_null(why_of(&sent, &body));
    input.body = body;
    send.type = INTAKE_CASE_URGED;
    buf_reset(&out);
    report_encode(&report, &input, &world, &send, &out);
    const Huying__Intake__CaseUrged *urged =
            message_open(&huying__intake__case_urged__descriptor, bytes_of(&out), &arena);
    assert_string_equal(urged->source_ref, "C-1");
    assert_string_equal(urged->text, "when?");
    assert_int_equal(urged->at_ms, NOW + 7);
    const struct follow_up follow_up = {
            .ticket = "C-1", .score = 2, .unsolved = true, .text = "no"};
    input = (struct input){.type = HOTLINE_FOLLOW_UP, .body = &follow_up};
    send.type = INTAKE_CASE_FOLLOWED_UP;
    buf_reset(&out);
    report_encode(&report, &input, &world, &send, &out);
    const Huying__Intake__CaseFollowedUp *followed =
            message_open(&huying__intake__case_followed_up__descriptor, bytes_of(&out), &arena);
    assert_int_equal(followed->score, 2);
    assert_true(followed->unsolved);
    assert_string_equal(followed->text, "no");
    const struct step step = {.kind = STEP_FOLLOW_UP};
    buf_reset(&out);
    report_detail(&report, &input, &step, &out);
    assert_string_equal(out.data, "{\"text\":\"no\",\"score\":\"2\",\"unsolved\":\"1\"}");
}

static void detail_is_json_with_escapes(void **unused)
{
    (void)unused;
    BUF_OWNED out = {0};
    const struct submission *body = NULL;
    struct hotline_report sent = report_make();
    assert_null(why_of(&sent, &body));
    const struct input input = {.type = HOTLINE_REPORT, .body = body};
    const struct step step = {.kind = STEP_ACCEPT};
    struct report report = accepted_make();
    report_detail(&report, &input, &step, &out);
    assert_string_equal(
            out.data, "{\"ticket\":\"T-1\",\"text\":\"dark \\\"corner\\\"\\u000aby the bridge\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(report_arrives_as_it_was_sent),
            cmocka_unit_test(each_limit_of_a_report_is_named),
            cmocka_unit_test(nine_unit_codes_and_nul_are_refused),
            cmocka_unit_test(noise_is_malformed_and_never_read),
            cmocka_unit_test(digest_tells_every_field_apart),
            cmocka_unit_test(withdrawal_ack_and_end_name_their_limits),
            cmocka_unit_test(receipt_says_number_place_or_reason),
            cmocka_unit_test(outcomes_and_view_arrive),
            cmocka_unit_test(answers_that_are_no_text_are_malformed),
            cmocka_unit_test(query_by_number_finds_the_id),
            cmocka_unit_test(case_reported_carries_what_routing_needs),
            cmocka_unit_test(settled_urge_and_follow_up_reach_routing),
            cmocka_unit_test(detail_is_json_with_escapes),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
