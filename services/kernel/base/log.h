/* Structured logs: one line per event on standard error, a stable event id first, then key=value.
 *
 *   2026-09-30T02:02:03.004Z INFO  INTAKE-REFUSED instance=intake-1 case=123 trace=… reason=…
 *
 * Only handle.c files, run/ and main.c log, once, where the decision to go on is taken. Values are
 * quoted when they need it; no personal data. Thread-safe. */
#ifndef HUYING_BASE_LOG_H
#define HUYING_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* `instance` stands in every line and is copied. `level` is the lowest that is written. */
void log_init(const char *instance, enum log_level level);
void log_level_set(enum log_level level);
/* False when `text` is no level's name ("debug" "info" "warn" "error"). */
_Bool log_level_parse(const char *text, enum log_level *ret_level);

/* `event` is the stable id, e.g. "BUS-BROKER-LOST"; `format` makes "key=value key=value"; quote
 * text values with log_quote. */
void log_write(enum log_level level, const char *event, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* Quotes, escapes and shortens to 160 bytes when needed; one of 8 thread-local buffers, used in
 * turn. */
const char *log_quote(const char *text);

#define log_info(event, ...) log_write(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_write(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_write(LOG_ERROR, event, __VA_ARGS__)
#define log_debug(event, ...) log_write(LOG_DEBUG, event, __VA_ARGS__)

#endif
