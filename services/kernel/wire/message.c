#include "services/kernel/wire/message.h"

#include "services/kernel/base/fault.h"
#include "services/kernel/base/must.h"

/* A payload may cost a hundred times its size, and a frame has a thousand: so messages stop short
 * of the arena's end, and the small things that are made of them (bodies, reasons, effects) can go
 * on taking what they need with arena_get(). */
const void *message_open(
        const ProtobufCMessageDescriptor *type, struct bytes payload, struct arena *arena)
{
    size_t limit = arena->limit, limit_here = limit - limit / 4;
    if (proto_check(payload.data, payload.size) != OK || arena->used >= limit_here ||
            FAULT(body_limit))
        return NULL;
    struct arena_allocator memory = arena_allocator(arena);
    ProtobufCAllocator allocator = {memory.alloc, memory.free, memory.self};
    arena->limit = limit_here;
    const void *message = protobuf_c_message_unpack(type, &allocator, payload.size, payload.data);
    arena->limit = limit;
    return message;
}

void message_add(const ProtobufCMessage *message, struct buf *out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    buf_reserve(out, size);
    must(protobuf_c_message_pack(message, (uint8_t *)out->data + out->size) == size);
    out->size += size;
    out->data[out->size] = 0;
}

struct bytes message_bytes(const ProtobufCMessage *message, struct arena *arena)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_get(arena, size);
    must(protobuf_c_message_pack(message, data) == size);
    return (struct bytes){data, size};
}

char *text_lend(const char *text)
{
    union {
        const char *read;
        char *lent;
    } pointer = {.read = text ? text : ""};
    return pointer.lent;
}
