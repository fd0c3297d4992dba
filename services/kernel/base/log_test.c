/* Log lines as they arrive on standard error, which is a file here. */
#include "services/kernel/base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/testing.h"

#define THREADS 4
#define LINES_EACH 200

static void log_line_has_time_level_event_instance_and_text(void **state)
{
    (void)state;
    struct log_watch watch;
    char instant[INSTANT_SIZE] = {0};
    int64_t at_ms;
    log_init("intake-1", LOG_INFO);
    log_watch(&watch);
    log_info("INTAKE-REFUSED", "case=%d reason=%s", 123, log_quote("no place"));
    const char *text = log_seen(&watch);
    log_unwatch(&watch);
    memcpy(instant, text, 24);
    assert_true(instant_parse(instant, &at_ms));
    assert_string_equal(
            text + 24, " INFO  INTAKE-REFUSED instance=intake-1 case=123 reason=\"no place\"\n");
}

static void log_below_the_level_writes_nothing(void **state)
{
    (void)state;
    struct log_watch watch;
    log_init("x", LOG_WARN);
    log_watch(&watch);
    log_info("QUIET", "n=%d", 1);
    log_warn("LOUD", "n=%d", 2);
    log_level_set(LOG_DEBUG);
    log_debug("FINE", "n=%d", 3);
    const char *text = log_seen(&watch);
    log_unwatch(&watch);
    assert_null(strstr(text, "QUIET"));
    assert_non_null(strstr(text, "WARN  LOUD"));
    assert_non_null(strstr(text, "DEBUG FINE"));
}

static void log_event_stays_one_line_whatever_it_contains(void **state)
{
    (void)state;
    struct log_watch watch;
    char huge[5000];
    memset(huge, 'h', sizeof huge - 1);
    huge[sizeof huge - 1] = 0;
    log_init("x", LOG_INFO);
    log_watch(&watch);
    log_info("BROKEN", "text=%s", "a\nb\r\nc");
    log_info("HUGE", "text=%s", huge);
    const char *text = log_seen(&watch);
    log_unwatch(&watch);
    assert_non_null(strstr(text, "text=a b  c\n"));
    const char *second = strchr(text, '\n') + 1;
    const char *end = strchr(second, '\n');
    assert_non_null(end);
    assert_int_equal(end[1], 0);
    assert_true(end - second < 2048 && end - second > 2000);
}

/* A full disk must not stop the service: the line is lost, the next one is not. */
static void line_that_cannot_be_written_is_lost_and_the_next_one_is_not(void **state)
{
    (void)state;
    struct log_watch watch;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    log_init("x", LOG_INFO);
    log_watch(&watch);
    log_info("BEFORE", "n=%d", 1);
    assert_true(full >= 0 && dup2(full, STDERR_FILENO) >= 0);
    log_info("LOST", "n=%d", 2);
    assert_true(dup2(watch.file, STDERR_FILENO) >= 0);
    log_info("AFTER", "n=%d", 3);
    const char *text = log_seen(&watch);
    log_unwatch(&watch);
    (void)close(full);
    assert_non_null(strstr(text, "BEFORE instance=x n=1\n"));
    assert_non_null(strstr(text, "AFTER instance=x n=3\n"));
    assert_null(strstr(text, "LOST"));
}

static void *write_lines(void *self)
{
    for (int i = 0; i < LINES_EACH; i++) {
        log_info("THREAD", "self=%s end=yes", log_quote(self));
    }
    return NULL;
}

static void log_lines_of_threads_do_not_mix(void **state)
{
    (void)state;
    static char names[THREADS][8] = {"aaaa", "bbbb", "cccc", "dddd"};
    struct log_watch watch;
    pthread_t threads[THREADS];
    log_init("x", LOG_INFO);
    log_watch(&watch);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    const char *text = log_seen(&watch);
    log_unwatch(&watch);
    int lines = 0;
    for (const char *line = text, *end; (end = strchr(line, '\n')) != NULL;
            line = end + 1, lines++) {
        assert_int_equal(end - line, 66);
        assert_memory_equal(end - 8, " end=yes", 8);
    }
    assert_int_equal(lines, THREADS * LINES_EACH);
}

static void log_level_parse_knows_four_names(void **state)
{
    (void)state;
    static const char *const names[] = {"debug", "info", "warn", "error"};
    enum log_level level = LOG_DEBUG;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_true(log_level_parse(names[i], &level));
        assert_int_equal(level, i);
    }
    assert_false(log_level_parse("INFO", &level));
    assert_false(log_level_parse("", &level));
}

static void log_quote_quotes_only_when_needed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *quoted;
    } cases[] = {
            {"plain-1", "plain-1"},
            {"路灯", "路灯"},
            {"", "\"\""},
            {"two words", "\"two words\""},
            {"a=b", "\"a=b\""},
            {"say \"hi\"\\", "\"say \\\"hi\\\"\\\\\""},
            {"line\nbreak\x1b", "\"line\\x0abreak\\x1b\""},
            {"bad\xff路", "\"bad\\xff\\xe8\\xb7\\xaf\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_string_equal(log_quote(cases[i].text), cases[i].quoted);
    }
}

static void log_quote_shortens_without_cutting_a_character(void **state)
{
    (void)state;
    char text[400];
    for (size_t i = 0; i + 3 < sizeof text; i += 3) {
        memcpy(text + i, "灯", 4);
    }
    const char *quoted = log_quote(text);
    assert_int_equal(strlen(quoted), 159 + 5);
    assert_true(text_valid(quoted, strlen(quoted)));
    assert_string_equal(quoted + 160, "...\"");
}

static void log_quote_keeps_eight_values(void **state)
{
    (void)state;
    const char *first = log_quote("first");
    for (int i = 0; i < 7; i++) {
        (void)log_quote("other");
    }
    assert_string_equal(first, "first");
    (void)log_quote("ninth");
    assert_string_equal(first, "ninth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(log_line_has_time_level_event_instance_and_text),
            cmocka_unit_test(log_below_the_level_writes_nothing),
            cmocka_unit_test(log_event_stays_one_line_whatever_it_contains),
            cmocka_unit_test(line_that_cannot_be_written_is_lost_and_the_next_one_is_not),
            cmocka_unit_test(log_lines_of_threads_do_not_mix),
            cmocka_unit_test(log_level_parse_knows_four_names),
            cmocka_unit_test(log_quote_quotes_only_when_needed),
            cmocka_unit_test(log_quote_shortens_without_cutting_a_character),
            cmocka_unit_test(log_quote_keeps_eight_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
