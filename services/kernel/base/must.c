/* The end of a process that has found a bug in itself or has no memory left. One line on standard
 * error, then abort(), so that there is a core and the supervisor restarts it. It allocates nothing
 * and takes no lock, because the heap may be what is broken. */
#include "services/kernel/base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void must_fail(const char *expr, const char *file, int line, const char *func)
{
    char text[512];
    int size = snprintf(text, sizeof text, "MUST-FAILED expr=\"%s\" at=%s:%d func=%s\n", expr, file,
            line, func);
    if (size >= (int)sizeof text) {
        size = (int)sizeof text - 1;
        text[size - 1] = '\n';
    }
    if (size > 0 && write(STDERR_FILENO, text, (size_t)size) < 0) {
        abort();
    }
    abort();
}

void *must_memory(void *pointer)
{
    if (pointer == NULL) {
        must_fail("memory", __FILE__, __LINE__, __func__);
    }
    return pointer;
}
