/* protobuf's wire format as far as people's requests use it, written by hand: what they send must
 * not depend on the code that reads it. */
#ifndef HUYING_TESTS_SIM_PROTO_H
#define HUYING_TESTS_SIM_PROTO_H

#include <string.h>

#include "services/kernel/base/buf.h"

static inline void proto_varint(struct buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_add(out, (uint8_t[]){(uint8_t)(value | 0x80)}, 1);
    buf_add(out, (uint8_t[]){(uint8_t)value}, 1);
}

static inline void proto_number(struct buf *out, unsigned field, int64_t value)
{
    proto_varint(out, field << 3);
    proto_varint(out, (uint64_t)value);
}

static inline void proto_double(struct buf *out, unsigned field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    proto_varint(out, field << 3 | 1);
    for (int i = 0; i < 8; i++)
        buf_add(out, (uint8_t[]){(uint8_t)(bits >> (8 * i))}, 1);
}

static inline void proto_text(struct buf *out, unsigned field, const char *text)
{
    proto_varint(out, field << 3 | 2);
    proto_varint(out, strlen(text));
    buf_add(out, text, strlen(text));
}

#endif
