/* Acks: the ids of messages whose effect is committed, as packed fixed64, so that a thousand of
 * them are a memory copy. Decoding also takes ids that are not packed, as protobuf demands. */
#include "services/kernel/wire/envelope.h"

#include "services/kernel/base/must.h"
#include "services/kernel/wire/frame.h"
#include "services/kernel/wire/wire_read.h"
#include "services/kernel/wire/wire_write.h"

#define ACKS_FIELDS_MAX (FRAME_COUNT_MAX + 64)
#define ID_SIZE 8

enum acks_field { ACKS_INCARNATION = 1, ACKS_IDS = 2 };

void acks_encode(struct buf *out, uint64_t incarnation, const int64_t *ids, size_t count)
{
    must(count <= FRAME_COUNT_MAX && (ids != NULL || count == 0));
    size_t size = number_field_size(incarnation) + bytes_field_size(count * ID_SIZE);
    buf_reset(out);
    buf_reserve(out, size);
    uint8_t *to = number_field_put((uint8_t *)out->data, ACKS_INCARNATION, incarnation);
    if (count > 0) {
        *to++ = WIRE_TAG(ACKS_IDS, WIRE_BYTES);
        to = varint_put(to, count * ID_SIZE);
    }
    for (size_t i = 0; i < count; i++) {
        for (unsigned bits = 0; bits < 64; bits += 8) {
            *to++ = (uint8_t)((uint64_t)ids[i] >> bits);
        }
    }
    must(to == (uint8_t *)out->data + size);
    out->size = size;
    out->data[size] = 0;
}

/* Ids that a field brings, packed or single; SIZE_MAX when it is neither. */
static size_t field_ids(const struct wire_field *field)
{
    if (field->type == WIRE_FIXED64) {
        return 1;
    }
    return field->type == WIRE_BYTES && field->value % ID_SIZE == 0 ? (size_t)field->value / ID_SIZE
                                                                    : SIZE_MAX;
}

static enum err acks_scan(struct wire_reader reader, uint64_t *ret_incarnation, size_t *ret_count)
{
    struct wire_field field;
    size_t count = 0;
    *ret_incarnation = 0;
    for (int fields = 0; reader.at < reader.end; fields++) {
        if (fields == ACKS_FIELDS_MAX || !wire_field_next(&reader, &field) || field.number == 0) {
            return ERR_MALFORMED;
        }
        if (field.number == ACKS_INCARNATION) {
            if (field.type != WIRE_VARINT) {
                return ERR_MALFORMED;
            }
            *ret_incarnation = field.value;
        }
        if (field.number == ACKS_IDS) {
            size_t more = field_ids(&field);
            if (more > FRAME_COUNT_MAX - count) {
                return ERR_MALFORMED;
            }
            count += more;
        }
    }
    *ret_count = count;
    return OK;
}

static void acks_take(struct wire_reader reader, int64_t *ids)
{
    struct wire_field field;
    while (reader.at < reader.end) {
        must(wire_field_next(&reader, &field)); /* acks_scan has been here */
        if (field.number != ACKS_IDS) {
            continue;
        }
        if (field.type == WIRE_FIXED64) {
            *ids++ = (int64_t)field.value;
            continue;
        }
        struct wire_reader packed = {field.data, field.data + field.value};
        uint64_t id;
        while (packed.at < packed.end) {
            must(wire_fixed(&packed, ID_SIZE, &id));
            *ids++ = (int64_t)id;
        }
    }
}

enum err acks_decode(const uint8_t *data,
        size_t size,
        struct arena *arena,
        uint64_t *ret_incarnation,
        int64_t **ret_ids,
        size_t *ret_count)
{
    must(arena != NULL && (data != NULL || size == 0));
    if (size > FRAME_PAYLOAD_MAX) {
        return ERR_MALFORMED;
    }
    struct wire_reader reader = {data, data + size};
    uint64_t incarnation;
    size_t count;
    if (size == 0) {
        reader = (struct wire_reader){NULL, NULL};
    }
    enum err err = acks_scan(reader, &incarnation, &count);
    if (err != OK) {
        return err;
    }
    int64_t *ids = arena_find(arena, count * sizeof *ids);
    if (ids == NULL) {
        return ERR_LIMIT;
    }
    acks_take(reader, ids);
    *ret_incarnation = incarnation;
    *ret_ids = ids;
    *ret_count = count;
    return OK;
}
