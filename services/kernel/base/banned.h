/* Functions that do not compile in this project: unbounded writes, hidden clocks, hidden randomness,
 * parsers without errors. Forced into every translation unit by the build (-include). Tests too. */
#ifndef HUYING_BASE_BANNED_H
#define HUYING_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#undef alloca
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll localtime gmtime rand srand sleep usleep alloca

#endif
