/* A growing run of bytes. It doubles, so that appending costs constant time per byte, and never
 * shrinks before buf_fini. Growing past BUF_SIZE_MAX or out of memory ends the process: whoever
 * appends what came from outside has bounded it before. */
#include "services/kernel/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "services/kernel/base/must.h"

#define BUF_ROOM_MIN 256

void buf_fini(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

void buf_reset(struct buf *buf)
{
    buf->size = 0;
    if (buf->data != NULL) {
        buf->data[0] = 0;
    }
}

static void room_grow(struct buf *buf, size_t need)
{
    size_t room = buf->room == 0 ? BUF_ROOM_MIN : buf->room;
    while (room < need) {
        room *= 2;
    }
    buf->data = must_memory(realloc(buf->data, room));
    buf->room = room;
    buf->data[buf->size] = 0;
}

void buf_reserve(struct buf *buf, size_t more)
{
    must(more <= BUF_SIZE_MAX && buf->size <= BUF_SIZE_MAX - more);
    size_t need = buf->size + more + 1;
    if (need > buf->room) {
        room_grow(buf, need);
    }
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
    must(data != NULL || size == 0);
    buf_reserve(buf, size);
    if (size > 0) {
        memcpy(buf->data + buf->size, data, size);
    }
    buf->size += size;
    buf->data[buf->size] = 0;
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_add_format(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    buf_reserve(buf, BUF_ROOM_MIN / 2);
    size_t left = buf->room - buf->size;
    int size = vsnprintf(buf->data + buf->size, left, format, args);
    must(size >= 0);
    if ((size_t)size >= left) {
        buf_reserve(buf, (size_t)size);
        must(vsnprintf(buf->data + buf->size, (size_t)size + 1, format, again) == size);
    }
    buf->size += (size_t)size;
    va_end(again);
    va_end(args);
}
