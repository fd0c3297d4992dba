#include "services/kernel/wire/message.h"

#include "services/kernel/base/must.h"

const void *message_open(
        const ProtobufCMessageDescriptor *type, struct bytes payload, struct arena *arena)
{
    if (proto_check(payload.data, payload.size) != OK)
        return NULL;
    struct arena_allocator memory = arena_allocator(arena);
    ProtobufCAllocator allocator = {memory.alloc, memory.free, memory.self};
    return protobuf_c_message_unpack(type, &allocator, payload.size, payload.data);
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
