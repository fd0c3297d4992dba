/* The course of a report as JSON: it comes back as it was written, and nothing else is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "services/intake/codec.h"

static struct bytes bytes_of(const struct buf *buf)
{
    return (struct bytes){(const uint8_t *)buf->data, buf->size};
}

static void course_comes_back_and_what_is_plain_is_not_written(void **unused)
{
    (void)unused;
    BUF_OWNED text = {0};
    struct report_course course = {.round = 1};
    struct report_course read;
    assert_false(course_format(&course, &text));
    assert_int_equal(text.size, 0);
    course.round = 2;
    course.followed = course.unsolved = 1;
    course.score = 5;
    course.caller_count = CALLERS_MAX;
    for (int i = 0; i < CALLERS_MAX; i++) {
        (void)snprintf(course.callers[i].ref, TICKET_SIZE, "工单\"%d\"", i);
        memset(course.callers[i].digest, 0xf0 + i, DIGEST_SIZE);
    }
    assert_true(course_format(&course, &text));
    assert_int_equal(course_parse(bytes_of(&text), &read), OK);
    assert_memory_equal(&read, &course, sizeof course);
}

static void course_that_was_not_written_here_is_malformed(void **unused)
{
    (void)unused;
    static const char *const texts[] = {"", "[]", "{\"callers\":[[\"A\"]]}",
            "{\"callers\":[[\"A\",\"00\"]]}", "{\"callers\":[[1,2]]}",
            "{\"callers\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}"};
    struct report_course read;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct bytes text = {(const uint8_t *)texts[i], strlen(texts[i])};
        if (course_parse(text, &read) != ERR_MALFORMED)
            fail_msg("read: %s", texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(course_comes_back_and_what_is_plain_is_not_written),
            cmocka_unit_test(course_that_was_not_written_here_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
