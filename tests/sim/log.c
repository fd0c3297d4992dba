/* kernel/base/log.h without a log: what a service would have written is part of the trace. */
#include "services/kernel/base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "tests/sim/node.h"
#include "tests/sim/sim.h"

void log_init(const char *instance, enum log_level level)
{
    (void)instance;
    (void)level;
}

void log_level_set(enum log_level level)
{
    (void)level;
}

_Bool log_level_parse(const char *text, enum log_level *ret_level)
{
    (void)text;
    *ret_level = LOG_INFO;
    return 1;
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
    char line[400];
    va_list list;
    sim_trace(event, level, 0, 0, 0);
    if (!sim.plan.trace)
        return;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    printf("             %s %s\n", event, line);
}

const char *log_quote(const char *text)
{
    return text ? text : "";
}
