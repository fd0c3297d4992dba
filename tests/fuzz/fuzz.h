/* What the fuzz targets share. A target is one C file with LLVMFuzzerTestOneInput(): it gives the
 * bytes to one parser and claims with must() what has to hold, so that a claim that fails is a
 * crash like any other. The same file is linked twice: with libFuzzer (clang), which makes up
 * inputs, and with replay.c (gcc), which takes them from files. */
#ifndef HUYING_TESTS_FUZZ_FUZZ_H
#define HUYING_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/arena.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/must.h"
#include "services/kernel/wire/envelope.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* libFuzzer's names. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One arena per process, emptied, with that limit. */
struct arena *fuzz_arena(size_t limit);
/* The first byte chooses one of `count`, which is taken off; 0 when there is none. */
size_t fuzz_choose(const uint8_t **data, size_t *size, size_t count);
/* A sentence for a person: something, and valid UTF-8. */
void fuzz_reason(const char *why);
/* Valid UTF-8, may be empty. */
void fuzz_text(const char *text);
/* The path of a file in memory, mode 0600, with these bytes; the same one each time. */
const char *fuzz_file(const uint8_t *data, size_t size);
/* A copy that ends with a NUL, on the heap, exactly as large: free() it. */
char *fuzz_string(const uint8_t *data, size_t size);

#endif
