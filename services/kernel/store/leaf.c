/* protobuf's wire format as far as pages and leaves use it. Read by hand like it is written,
 * because audit reads every leaf of the site: no copy, no allocation. */
#include "services/kernel/store/leaf.h"

#include <sodium.h>
#include <string.h>

#define VARINT_SIZE_MAX 10

enum { TYPE_VARINT = 0, TYPE_FIXED64 = 1, TYPE_BYTES = 2, TYPE_FIXED32 = 5 };

struct field {
    uint64_t tag, value;
    struct bytes bytes;
};

static bool varint_take(struct bytes *rest, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_SIZE_MAX && i < rest->size; i++) {
        value |= (uint64_t)(rest->data[i] & 0x7f) << (7 * i);
        if (rest->data[i] < 0x80) {
            rest->data += i + 1;
            rest->size -= i + 1;
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool bytes_take(struct bytes *rest, uint64_t size, struct bytes *ret)
{
    if (size > rest->size)
        return false;
    *ret = (struct bytes){rest->data, (size_t)size};
    rest->data += size;
    rest->size -= (size_t)size;
    return true;
}

static bool field_take(struct bytes *rest, struct field *ret)
{
    uint64_t size = 0;
    if (!varint_take(rest, &ret->tag))
        return false;
    switch (ret->tag & 7) {
    case TYPE_VARINT:
        return varint_take(rest, &ret->value);
    case TYPE_FIXED64:
        return bytes_take(rest, 8, &ret->bytes);
    case TYPE_BYTES:
        return varint_take(rest, &size) && bytes_take(rest, size, &ret->bytes);
    case TYPE_FIXED32:
        return bytes_take(rest, 4, &ret->bytes);
    default:
        return false;
    }
}

enum err page_leaf_next(struct bytes *rest, struct bytes *ret)
{
    struct field field;
    if (rest->size == 0)
        return ERR_NOT_FOUND;
    if (!field_take(rest, &field) || field.tag != (1 << 3 | TYPE_BYTES))
        return ERR_MALFORMED;
    *ret = field.bytes;
    return OK;
}

/* The numbers of a leaf as they come, by field; checked when all are there. */
struct raw {
    uint64_t numbers[11];
    struct bytes rest_hash;
};

static enum err refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return ERR_MALFORMED;
}

static enum err raw_check(const struct raw *raw, const char **ret_why)
{
    const uint64_t *n = raw->numbers;
    if (n[1] == SERVICE_NONE || n[1] >= SERVICE_COUNT)
        return refuse(ret_why, "leaf.service: the number of a service expected");
    if (n[2] == 0 || n[2] > INT64_MAX)
        return refuse(ret_why, "leaf.agg: an id expected");
    if (n[3] == 0 || n[3] > INT32_MAX)
        return refuse(ret_why, "leaf.ver: a version from 1 expected");
    for (int i = 4; i <= 6; i++)
        if (n[i] > INT16_MAX)
            return refuse(ret_why, "leaf.kind, from_state, to_state: at most 32767 expected");
    if (raw->rest_hash.size != REST_HASH_SIZE)
        return refuse(ret_why, "leaf.rest_hash: 32 bytes expected");
    return OK;
}

enum err leaf_read(struct bytes bytes, struct leaf *ret, const char **ret_why)
{
    struct raw raw = {0};
    if (bytes.size > LEAF_SIZE_LIMIT)
        return refuse(ret_why, "leaf: at most 512 bytes expected");
    while (bytes.size) {
        struct field field;
        if (!field_take(&bytes, &field))
            return refuse(ret_why, "leaf: bytes that are no leaf.Leaf");
        uint64_t number = field.tag >> 3;
        bool is_number = number >= 1 && number <= 10, is_hash = number == 11;
        if ((is_number && (field.tag & 7) != TYPE_VARINT) ||
                (is_hash && (field.tag & 7) != TYPE_BYTES) || number == 0)
            return refuse(ret_why, "leaf: a field of another type than leaf.Leaf has");
        if (is_number)
            raw.numbers[number] = field.value;
        else if (is_hash)
            raw.rest_hash = field.bytes;
    }
    enum err err = raw_check(&raw, ret_why);
    if (err != OK)
        return err;
    *ret = (struct leaf){.service = (enum service_id)raw.numbers[1],
            .agg = (int64_t)raw.numbers[2],
            .ver = (int32_t)raw.numbers[3],
            .kind = (uint16_t)raw.numbers[4],
            .from_state = (uint16_t)raw.numbers[5],
            .to_state = (uint16_t)raw.numbers[6],
            .at_ms = (int64_t)raw.numbers[7],
            .unit = (int64_t)raw.numbers[8],
            .due_ms = (int64_t)raw.numbers[9],
            .rule_ver = (int64_t)raw.numbers[10]};
    memcpy(ret->rest_hash, raw.rest_hash.data, REST_HASH_SIZE);
    return OK;
}

void leaf_rest_hash(
        struct bytes salt, const char *actor, struct bytes detail, uint8_t ret[REST_HASH_SIZE])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, salt.data, salt.size);
    crypto_hash_sha256_update(&state, (const unsigned char *)actor, strlen(actor) + 1);
    crypto_hash_sha256_update(&state, detail.data, detail.size);
    crypto_hash_sha256_final(&state, ret);
}
