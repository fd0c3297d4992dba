/* Reading protobuf's wire format a field at a time, without a schema and without recursion. Used by
 * proto_check.c, envelope.c and acks.c; nothing outside wire/ includes it.
 *
 * It takes everything that protobuf-c takes and more (tags and lengths of up to ten bytes): that is
 * what proto_check's promise rests on. Groups are refused, as by protobuf-c. */
#ifndef HUYING_WIRE_WIRE_READ_H
#define HUYING_WIRE_WIRE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WIRE_VARINT_SIZE_MAX 10
#define WIRE_FIELD_MAX ((UINT64_C(1) << 29) - 1) /* highest number of a field */

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct wire_reader {
    const uint8_t *at, *end;
};

struct wire_field {
    uint64_t number;
    uint64_t value;      /* WIRE_VARINT, WIRE_FIXED64, WIRE_FIXED32 */
    const uint8_t *data; /* WIRE_BYTES; `value` is the size */
    enum wire_type type;
};

static inline bool wire_varint(struct wire_reader *reader, uint64_t *ret)
{
    const uint8_t *at = reader->at;
    if (at < reader->end && *at < 0x80) { /* nearly all tags and lengths */
        reader->at++;
        *ret = *at;
        return true;
    }
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 7 * WIRE_VARINT_SIZE_MAX && at < reader->end; shift += 7) {
        uint8_t byte = *at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            reader->at = at;
            *ret = value;
            return true;
        }
    }
    return false;
}

static inline bool wire_fixed(struct wire_reader *reader, size_t size, uint64_t *ret)
{
    if ((size_t)(reader->end - reader->at) < size) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)reader->at[i] << (8 * i);
    }
    reader->at += size;
    *ret = value;
    return true;
}

/* Takes the next field; false when the bytes are none. Call only while reader->at < reader->end. */
static inline bool wire_field_next(struct wire_reader *reader, struct wire_field *ret)
{
    uint64_t tag;
    if (!wire_varint(reader, &tag)) {
        return false;
    }
    ret->number = tag >> 3;
    ret->data = NULL;
    switch (tag & 7) {
    case WIRE_VARINT:
        ret->type = WIRE_VARINT;
        return wire_varint(reader, &ret->value);
    case WIRE_FIXED64:
        ret->type = WIRE_FIXED64;
        return wire_fixed(reader, 8, &ret->value);
    case WIRE_FIXED32:
        ret->type = WIRE_FIXED32;
        return wire_fixed(reader, 4, &ret->value);
    case WIRE_BYTES:
        ret->type = WIRE_BYTES;
        if (!wire_varint(reader, &ret->value) ||
                ret->value > (uint64_t)(reader->end - reader->at)) {
            return false;
        }
        ret->data = reader->at;
        reader->at += ret->value;
        return true;
    default:
        return false;
    }
}

/* The proto_check of a payload whose own format is not ours to judge: bytes that are no protobuf
 * message pass (protobuf-c will not take them either), messages too deep or too large do not. */
bool proto_bounded(const uint8_t *data, size_t size);

#endif
