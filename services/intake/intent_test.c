/* What a caller wants, on its way through intake: each intent arrives, is told to routing and
 * shown; only a report joins another near by; the digest of a body without an intent is that of
 * before. */
#include "services/intake/codec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include "proto/intake.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/intake/form.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/near.h"
#include "services/kernel/wire/message.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 8 << 20);
    intake_language_set("en");
    return sodium_init() < 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static struct bytes bytes_of(const struct buf *buf)
{
    return (struct bytes){(const uint8_t *)buf->data, buf->size};
}

static struct hotline_report report_make(enum hotline_intent intent)
{
    return (struct hotline_report){.ticket = "T-1",
            .matter = "LIGHT",
            .text = "when?",
            .longitude = 113.3,
            .latitude = 22.9,
            .intent = intent,
            .about = intent == HOTLINE_URGE ? "T-0" : NULL};
}

static const struct submission *submission_of(const struct hotline_report *report)
{
    BUF_OWNED payload = {0};
    const void *body = NULL;
    const char *why = NULL;
    hotline_report_encode(report, &payload);
    return submission_decode(bytes_of(&payload), &arena, &body, &why) == OK ? body : NULL;
}

static void every_intent_arrives_and_no_other(void **state)
{
    (void)state;
    for (int intent = 0; intent <= INTENT_COUNT; intent++) {
        struct hotline_report report = report_make((enum hotline_intent)intent);
        const struct submission *body = submission_of(&report);
        assert_int_equal(body != NULL, intent < INTENT_COUNT);
        if (body)
            assert_int_equal(body->intent, intent);
    }
}

static void what_is_to_be_answered_is_not_settled_on_the_spot(void **state)
{
    (void)state;
    static const bool may[INTENT_COUNT] = {
            [INTENT_REPORT] = true, [INTENT_URGE] = true, [INTENT_COMPLAINT] = true};
    for (int intent = 0; intent < INTENT_COUNT; intent++) {
        struct hotline_report report = report_make((enum hotline_intent)intent);
        report.settled = true;
        if ((submission_of(&report) != NULL) != may[intent])
            fail_msg("intent %d", intent);
    }
}

static void bodies_of_different_intents_differ_and_a_report_is_as_before(void **state)
{
    (void)state;
    /* Of the body below as it was made before there were intents. */
    static const char before[] = "e88379726cb31d0847981da73b94f2780240e43ea1e468d0bfc7c934841eb676";
    uint8_t seen[INTENT_COUNT][DIGEST_SIZE];
    char hex[2 * DIGEST_SIZE + 1];
    for (int intent = 0; intent < INTENT_COUNT; intent++) {
        struct hotline_report report = report_make((enum hotline_intent)intent);
        memcpy(seen[intent], submission_of(&report)->digest, DIGEST_SIZE);
        for (int i = 0; i < intent; i++)
            assert_memory_not_equal(seen[i], seen[intent], DIGEST_SIZE);
    }
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, seen[0], DIGEST_SIZE), before);
}

static void only_a_report_is_near_another(void **state)
{
    (void)state;
    const struct matter matter = {.id = 7, .dup_m = 50, .dup_h = 24};
    for (int intent = 0; intent < INTENT_COUNT; intent++) {
        struct spot spot;
        const struct submission submission = {
                .has_point = true, .longitude = 113, .latitude = 22, .intent = (enum intent)intent};
        assert_int_equal(thing_find(&submission, &matter, &spot), intent == INTENT_REPORT ? 7 : 0);
    }
}

static void the_course_keeps_it(void **state)
{
    (void)state;
    const struct report_course course = {.intent = INTENT_INQUIRY};
    struct report_course read;
    BUF_OWNED text = {0};
    assert_true(course_format(&course, &text));
    assert_int_equal(course_parse(bytes_of(&text), &read), OK);
    assert_int_equal(read.intent, INTENT_INQUIRY);
}

static void json_has_all_words(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int intent; /* -1: refused */
    } table[] = {
            {"{\"matter\":\"L\"}", INTENT_REPORT},
            {"{\"matter\":\"L\",\"intent\":\"inquiry\"}", INTENT_INQUIRY},
            {"{\"matter\":\"L\",\"intent\":\"complaint\"}", INTENT_COMPLAINT},
            {"{\"matter\":\"L\",\"intent\":\"suggestion\"}", INTENT_SUGGESTION},
            {"{\"matter\":\"L\",\"intent\":\"praise\"}", INTENT_PRAISE},
            {"{\"matter\":\"L\",\"intent\":\"urge\"}", -1}, /* about what? */
            {"{\"matter\":\"L\",\"intent\":\"question\"}", -1},
            {"{\"matter\":\"L\",\"intent\":\"inquiry\",\"settled\":true}", -1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BUF_OWNED out = {0};
        struct problem problem = {0};
        bool good = form_read(table[i].body, strlen(table[i].body), "K", &out, &problem);
        if (good != (table[i].intent >= 0))
            fail_msg("%s: %d", table[i].body, good);
        const void *body = NULL;
        const char *why = NULL;
        if (!good)
            continue;
        assert_int_equal(submission_decode(bytes_of(&out), &arena, &body, &why), OK);
        assert_int_equal(((const struct submission *)body)->intent, table[i].intent);
    }
}

static void the_view_says_it_when_it_was_no_report(void **state)
{
    (void)state;
    static const struct form_place place = {"", "", "", 0};
    for (int intent = 0; intent < INTENT_COUNT; intent++) {
        BUF_OWNED out = {0};
        const struct report_view view = {.number = "",
                .state = "accepted",
                .source = "",
                .source_ref = "",
                .matter = "",
                .outcome = "",
                .intent = intent_word(intent)};
        form_view(&view, &place, &out);
        assert_int_equal(strstr(out.data, "\"intent\"") != NULL, intent != INTENT_REPORT);
        if (intent != INTENT_REPORT)
            assert_non_null(strstr(out.data, intent_word(intent)));
    }
}

static void outcomes_are_in_the_language_of_the_site(void **state)
{
    (void)state;
    static const struct {
        const char *language, *en, *expected;
    } table[] = {{"zh", "Done.", "办好了"}, {"en", "Done.", "Done."}, {"en", "", "办好了"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BUF_OWNED payload = {0};
        const void *body = NULL;
        const char *why = NULL;
        Huying__Routing__CaseEnded message = HUYING__ROUTING__CASE_ENDED__INIT;
        message.outcome = text_lend("closed");
        message.text = text_lend("办好了");
        message.text_en = text_lend(table[i].en);
        message_add(&message.base, &payload);
        intake_language_set(table[i].language);
        assert_int_equal(case_ended_decode(bytes_of(&payload), &arena, &body, &why), OK);
        assert_string_equal(((const struct case_ended *)body)->text, table[i].expected);
    }
    intake_language_set("en");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_intent_arrives_and_no_other),
            cmocka_unit_test(what_is_to_be_answered_is_not_settled_on_the_spot),
            cmocka_unit_test(bodies_of_different_intents_differ_and_a_report_is_as_before),
            cmocka_unit_test(only_a_report_is_near_another),
            cmocka_unit_test(the_course_keeps_it),
            cmocka_unit_test(json_has_all_words),
            cmocka_unit_test(the_view_says_it_when_it_was_no_report),
            cmocka_unit_test(outcomes_are_in_the_language_of_the_site),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
