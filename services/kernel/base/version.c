#include "services/kernel/base/version.h"

#include <stdio.h>

const char *version_text(void)
{
    return HUYING_VERSION;
}

void version_print(const char *program)
{
    printf("%s %s\n", program, version_text());
}
