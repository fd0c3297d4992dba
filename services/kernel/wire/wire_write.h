/* Writing protobuf's wire format into memory that is large enough: sizes are added up first, then
 * the bytes are placed, so a message is built where it will be sent from. Values that are 0 and
 * texts that are empty are left out, as proto3 has it. Used inside wire/ only. */
#ifndef HUYING_WIRE_WIRE_WRITE_H
#define HUYING_WIRE_WIRE_WRITE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "services/kernel/wire/wire_read.h"

/* Tags of fields up to 15 are one byte. */
#define WIRE_TAG(number, type) ((uint8_t)((number) << 3 | (type)))

static inline size_t varint_size(uint64_t value)
{
    /* A byte per begun group of seven bits; 0 takes one too. */
    return (size_t)(63 - __builtin_clzll(value | 1)) / 7 + 1;
}

static inline uint8_t *varint_put(uint8_t *to, uint64_t value)
{
    while (value >= 0x80) {
        *to++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *to++ = (uint8_t)value;
    return to;
}

static inline size_t number_field_size(uint64_t value)
{
    return value == 0 ? 0 : 1 + varint_size(value);
}

static inline uint8_t *number_field_put(uint8_t *to, int number, uint64_t value)
{
    if (value == 0) {
        return to;
    }
    *to++ = WIRE_TAG(number, WIRE_VARINT);
    return varint_put(to, value);
}

static inline size_t bytes_field_size(size_t size)
{
    return size == 0 ? 0 : 1 + varint_size(size) + size;
}

static inline uint8_t *bytes_field_put(uint8_t *to, int number, const void *data, size_t size)
{
    if (size == 0) {
        return to;
    }
    *to++ = WIRE_TAG(number, WIRE_BYTES);
    to = varint_put(to, size);
    memcpy(to, data, size);
    return to + size;
}

#endif
