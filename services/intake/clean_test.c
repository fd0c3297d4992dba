/* Words as they come in by the bus and by HTTP: cleaned once, measured by what a reader would
 * count, refused with field and limit; a digest is of what was sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <sodium.h>
#include <string.h>
#include <cmocka.h>
#include "services/intake/codec.h"
#include "services/intake/form.h"
#include "services/intake/hotline/codec.h"

static struct arena arena;

static int arena_setup(void **unused)
{
    (void)unused;
    arena_init(&arena, 64 << 20);
    intake_language_set("en");
    return sodium_init() < 0;
}

static int arena_teardown(void **unused)
{
    (void)unused;
    arena_fini(&arena);
    return 0;
}

static struct bytes bytes_of(const struct buf *buf)
{
    return (struct bytes){(const uint8_t *)buf->data, buf->size};
}

/* What the loop reads of it; NULL, and `why` says it, when it is refused. */
static const struct submission *read_back(const struct hotline_report *report, const char **why)
{
    BUF_OWNED payload = {0};
    const void *body = NULL;
    hotline_report_encode(report, &payload);
    return submission_decode(bytes_of(&payload), &arena, &body, why) == OK ? body : NULL;
}

static void text_repeat(struct buf *out, const char *piece, int count)
{
    buf_reset(out);
    buf_add_text(out, "");
    for (int i = 0; i < count; i++)
        buf_add_text(out, piece);
}

static void words_of_the_bus_are_cleaned(void **unused)
{
    (void)unused;
    const char *why = NULL;
    struct hotline_report report = {.ticket = "T-1",
            .matter = "LI\u200bGHT",
            .text = "cafe\u0301\u202e",
            .unit_codes = {"\ufeffD"},
            .unit_code_count = 1};
    const struct submission *body = read_back(&report, &why);
    assert_non_null(body);
    assert_string_equal(body->matter, "LIGHT");
    assert_string_equal(body->text, "caf\u00e9");
    assert_string_equal(body->unit_codes[0], "D");
    report.text = "caf\u00e9";
    const struct submission *other = read_back(&report, &why);
    assert_non_null(other);
    assert_memory_not_equal(body->digest, other->digest, DIGEST_SIZE); /* another body was sent */
}

static void a_length_is_what_a_reader_counts(void **unused)
{
    (void)unused;
    static const struct {
        const char *piece;
        int count;
        const char *why;
    } cases[] = {
            {"e\u0301", TEXT_CHARS_MAX, NULL},
            {"e\u0301", TEXT_CHARS_MAX + 1, "text is too long, at most 2000 are taken"},
            {"路\u200b", TEXT_CHARS_MAX, NULL},
            {"路\u200b", TEXT_CHARS_MAX + 1, "text is too long, at most 2000 are taken"},
            {"\u200b", 4 * TEXT_CHARS_MAX, NULL},
            {"\u200b", 4 * TEXT_CHARS_MAX + 1, "text is too long, at most 2000 are taken"},
            {"\u0325", 31, "text must not have more than 30 accents upon one character"},
            {"\u0325", 4 * TEXT_CHARS_MAX,
                    "text must not have more than 30 accents upon one "
                    "character"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BUF_OWNED text = {0};
        const char *why = NULL;
        text_repeat(&text, cases[i].piece, cases[i].count);
        struct hotline_report report = {.ticket = "T-1", .matter = "LIGHT", .text = text.data};
        const struct submission *body = read_back(&report, &why);
        assert_true((body == NULL) == (cases[i].why != NULL));
        if (cases[i].why)
            assert_string_equal(why, cases[i].why);
        arena_reset(&arena);
    }
}

static void a_ticket_with_unseen_characters_is_refused(void **unused)
{
    (void)unused;
    static const char *const tickets[] = {"T\u200b-1", "\ufeffT-1", "T-1\u202e"};
    for (size_t i = 0; i < sizeof tickets / sizeof *tickets; i++) {
        const char *why = NULL;
        struct hotline_report report = {.ticket = tickets[i], .matter = "LIGHT", .text = ""};
        assert_null(read_back(&report, &why));
        assert_string_equal(why, "ticket must not have control characters");
    }
}

static void http_measures_what_is_left_and_passes_on_what_was_sent(void **unused)
{
    (void)unused;
    static const struct {
        const char *piece;
        int count;
        enum fault_kind fault;
    } cases[] = {
            {"e\u0301", TEXT_CHARS_MAX, FAULT_NONE},
            {"e\u0301", TEXT_CHARS_MAX + 1, FAULT_LONG},
            {"\u0325", 31, FAULT_MARKS},
            {"\u202e", 2, FAULT_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BUF_OWNED text = {0};
        BUF_OWNED body = {0};
        BUF_OWNED payload = {0};
        struct problem problem = {.kind = PROBLEM_NONE};
        const void *got = NULL;
        const char *why = NULL;
        text_repeat(&text, cases[i].piece, cases[i].count);
        buf_add_format(&body, "{\"matter\":\"LIGHT\",\"text\":\"%s\"}", text.data);
        bool read = form_read(body.data, body.size, "k", &payload, &problem);
        assert_int_equal(read, cases[i].fault == FAULT_NONE);
        assert_int_equal(problem.fault.kind, cases[i].fault);
        if (!read)
            continue;
        assert_int_equal(submission_decode(bytes_of(&payload), &arena, &got, &why), OK);
        struct hotline_report same = {.ticket = "k", .matter = "LIGHT", .text = text.data};
        const struct submission *other = read_back(&same, &why);
        assert_memory_equal(((const struct submission *)got)->digest, other->digest, DIGEST_SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(words_of_the_bus_are_cleaned),
            cmocka_unit_test(a_length_is_what_a_reader_counts),
            cmocka_unit_test(a_ticket_with_unseen_characters_is_refused),
            cmocka_unit_test(http_measures_what_is_left_and_passes_on_what_was_sent),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
