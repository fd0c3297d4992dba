/* See fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/kernel/base/pure_text.h"

struct arena *fuzz_arena(size_t limit)
{
    static struct arena arena;
    if (arena.limit == 0)
        arena_init(&arena, limit);
    arena_reset(&arena);
    arena.limit = limit;
    return &arena;
}

size_t fuzz_choose(const uint8_t **data, size_t *size, size_t count)
{
    if (*size == 0)
        return 0;
    (*size)--;
    return *(*data)++ % count;
}

void fuzz_text(const char *text)
{
    must(text != NULL);
    must(text_valid(text, strlen(text)));
}

void fuzz_reason(const char *why)
{
    must(why != NULL);
    must(strlen(why) > 3);
    fuzz_text(why);
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static char path[32];
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        must(fd >= 0 && fchmod(fd, S_IRUSR | S_IWUSR) == 0);
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    must(ftruncate(fd, 0) == 0);
    must(pwrite(fd, data, size, 0) == (ssize_t)size);
    return path;
}

char *fuzz_string(const uint8_t *data, size_t size)
{
    char *text = must_memory(malloc(size + 1));
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}
