/* Functions that do not compile in this project: unbounded writes, hidden clocks, hidden
 * randomness, parsers without errors, memory from the stack by size. Forced into every translation
 * unit by the build (-include). Tests too. */
#ifndef HUYING_BASE_BANNED_H
#define HUYING_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll
#pragma GCC poison localtime gmtime rand srand sleep usleep
/* GLib's own headers say "alloca" in macros that nobody here uses: the call is the error. */
#pragma GCC diagnostic error "-Walloca"

#endif
