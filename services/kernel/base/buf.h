/* A growing run of bytes on the heap. Invariant: data[size] is always 0 once anything was written,
 * so that text can be printed; the NUL is not counted. Ends the process when memory is out or
 * BUF_SIZE_MAX is passed (a bug: callers bound what they append). */
#ifndef HUYING_BASE_BUF_H
#define HUYING_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#define BUF_SIZE_MAX ((size_t)256 << 20)

struct buf {
    char *data;
    size_t size, room;
};

void buf_fini(struct buf *buf); /* frees; the buf may be used again */
void buf_reset(struct buf *buf);
void buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *data, size_t size);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define BUF_OWNED __attribute__((cleanup(buf_fini))) struct buf

#endif
