/* Log lines on standard error. A line is built on the stack and leaves in one write(2), so lines of
 * threads and of processes that share the descriptor never mix. A line that cannot be written is
 * lost: a full disk or a stuck reader must not stop the service. Line breaks inside a line become
 * spaces, so that one event stays one line whatever a value contains. */
#include "services/kernel/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "services/kernel/base/clock.h"
#include "services/kernel/base/fault.h"
#include "services/kernel/base/pure_text.h"

#define LOG_LINE_SIZE 2048
#define LOG_INSTANCE_SIZE 64
#define QUOTE_SIZE_MAX 160
#define QUOTE_BUFFERS 8
#define QUOTE_ESCAPE_SIZE 4 /* "\x1f" */

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *const level_columns[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};
#define LEVEL_COUNT (sizeof(level_names) / sizeof(level_names[0]))

static char log_instance[LOG_INSTANCE_SIZE] = "-";
static atomic_int log_lowest = LOG_INFO;

void log_init(const char *instance, enum log_level level)
{
    (void)text_copy(log_instance, sizeof log_instance, instance, strlen(instance));
    log_level_set(level);
}

void log_level_set(enum log_level level)
{
    atomic_store_explicit(&log_lowest, (int)level, memory_order_relaxed);
}

_Bool log_level_parse(const char *text, enum log_level *ret_level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *ret_level = (enum log_level)i;
            return 1;
        }
    }
    return 0;
}

/* "2026-09-30T02:02:03.004Z INFO  EVENT instance=intake-1 "; returns its length. */
static size_t line_begin(char *line, enum log_level level, const char *event)
{
    struct clock clock = clock_system();
    int64_t now_ms = clock.wall_ms(clock.self);
    char instant[INSTANT_SIZE];
    instant_format(instant, now_ms, 0);
    int size = snprintf(line, LOG_LINE_SIZE, "%.19s.%03dZ %s %s instance=%s ", instant,
            (int)(now_ms % 1000), level_columns[level], event, log_instance);
    return size < 0 ? 0 : size < LOG_LINE_SIZE ? (size_t)size : LOG_LINE_SIZE - 1;
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
    if ((int)level < atomic_load_explicit(&log_lowest, memory_order_relaxed)) {
        return;
    }
    char line[LOG_LINE_SIZE];
    size_t size = line_begin(line, level, event);
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + size, sizeof line - size, format, args);
    va_end(args);
    if (more > 0) {
        size_t left = sizeof line - size - 1;
        size += (size_t)more < left ? (size_t)more : left;
    }
    for (size_t i = 0; i < size; i++) {
        if (line[i] == '\n' || line[i] == '\r') {
            line[i] = ' ';
        }
    }
    line[size++] = '\n'; /* in the place of the NUL */
    if (FAULT(log_lost) || write(STDERR_FILENO, line, size) < 0) {
        return;
    }
}

static _Bool quote_needed(const char *text, size_t size)
{
    if (size == 0 || size > QUOTE_SIZE_MAX || !text_valid(text, size)) {
        return 1;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte <= ' ' || byte == '"' || byte == '\\' || byte == '=' || byte == 0x7f) {
            return 1;
        }
    }
    return 0;
}

/* Writes one byte or its escape; returns how many bytes that took. */
static size_t escape_put(char *to, unsigned char byte, _Bool valid)
{
    static const char hex[] = "0123456789abcdef";
    if (byte == '"' || byte == '\\') {
        to[0] = '\\';
        to[1] = (char)byte;
        return 2;
    }
    if (byte < ' ' || byte == 0x7f || (byte >= 0x80 && !valid)) {
        to[0] = '\\';
        to[1] = 'x';
        to[2] = hex[byte >> 4];
        to[3] = hex[byte & 15];
        return QUOTE_ESCAPE_SIZE;
    }
    to[0] = (char)byte;
    return 1;
}

const char *log_quote(const char *text)
{
    static _Thread_local char buffers[QUOTE_BUFFERS][QUOTE_SIZE_MAX * QUOTE_ESCAPE_SIZE + 8];
    static _Thread_local unsigned turn;
    char *to = buffers[turn++ % QUOTE_BUFFERS];
    size_t size = strlen(text);
    if (!quote_needed(text, size)) {
        memcpy(to, text, size + 1);
        return to;
    }
    char part[QUOTE_SIZE_MAX + 1];
    size_t kept = text_copy(part, sizeof part, text, size);
    _Bool valid = text_valid(part, kept);
    char *at = to;
    *at++ = '"';
    for (size_t i = 0; i < kept; i++) {
        at += escape_put(at, (unsigned char)part[i], valid);
    }
    if (kept < size) {
        memcpy(at, "...", 3);
        at += 3;
    }
    *at++ = '"';
    *at = 0;
    return to;
}
