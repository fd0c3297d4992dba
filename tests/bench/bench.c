/* What every program of the references uses: an end with a message, memory, time, randomness. They
 * measure one thing and end; nothing here recovers. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "tests/bench/reference.h"

void bench_fail(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(1);
}

void *bench_memory(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        bench_fail("out of memory: %zu × %zu bytes", count, size);
    return memory;
}

double bench_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

uint32_t bench_random(uint64_t *state, uint32_t bound)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    uint32_t high = (uint32_t)((*state * UINT64_C(2685821657736338717)) >> 32);
    return (uint32_t)(((uint64_t)high * bound) >> 32);
}
