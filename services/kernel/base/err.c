/* Names and sentences of the error classes, made from the one table in err.h. A new class is a new
 * line there and nothing here. Static memory only. */
#include "services/kernel/base/err.h"

#include <stddef.h>

static const struct {
    const char *name, *text;
} err_table[] = {
#define X(name, text) {#name, text},
        ERR_TABLE(X)
#undef X
};

#define ERR_COUNT (sizeof(err_table) / sizeof(err_table[0]))

const char *err_name(enum err err)
{
    return (size_t)err < ERR_COUNT ? err_table[err].name : "ERR_?";
}

const char *err_text(enum err err)
{
    return (size_t)err < ERR_COUNT ? err_table[err].text : "a class that does not exist";
}
