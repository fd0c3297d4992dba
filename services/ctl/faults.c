/* The list of mistakes. */
#include "services/ctl/faults.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>

#define LINE_SIZE 1024

void fault_add(struct faults *faults,
        struct place place,
        const char *field,
        const char *zh,
        const char *en,
        ...)
{
    char line[LINE_SIZE];
    if (faults->count++ >= FAULTS_MAX)
        return;
    va_list args;
    va_start(args, en);
    vsnprintf(line, sizeof(line), faults->english ? en : zh, args);
    va_end(args);
    /* A long text was cut anywhere, and what libraries quote of a file may be any bytes. */
    g_autofree char *said = g_utf8_make_valid(line, -1);
    g_autofree char *name = field != NULL ? g_utf8_make_valid(field, -1) : NULL;
    buf_add_text(&faults->text, place.file);
    if (place.line > 0)
        buf_add_format(&faults->text, ":%zu", place.line);
    buf_add_format(
            &faults->text, ": %s%s%s\n", name != NULL ? name : "", name != NULL ? ": " : "", said);
}

void faults_fini(struct faults *faults)
{
    buf_fini(&faults->text);
    faults->count = 0;
}
