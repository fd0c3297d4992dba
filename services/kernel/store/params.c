/* Statement parameters in PostgreSQL's binary format. An array parameter's buffer starts with
 * room for the array header (20 bytes), which params_seal() fills in when the statement is
 * queued; elements follow as (length, bytes). Instants are microseconds since 2000-01-01 on the
 * wire. */
#include "services/kernel/store/pg_impl.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "services/kernel/base/must.h"

#define ARRAY_HEADER_SIZE 20
#define EPOCH_2000_MS INT64_C(946684800000)

struct type_info {
    uint32_t oid, array_oid;
    int size; /* -1 = variable */
};

static const struct type_info types[] = {
        [PARAM_INT2] = {21, 1005, 2},
        [PARAM_INT4] = {23, 1007, 4},
        [PARAM_INT8] = {20, 1016, 8},
        [PARAM_BOOL] = {16, 1000, 1},
        [PARAM_TEXT] = {25, 1009, -1},
        [PARAM_BYTEA] = {17, 1001, -1},
        [PARAM_TIME] = {1184, 1185, 8},
};

static void put_u32(struct buf *buf, uint32_t value)
{
    uint32_t net = htonl(value);
    buf_add(buf, &net, sizeof net);
}

/* Returns how many of the eight bytes are the value's. */
static size_t value_encode(enum param_type type, int64_t value, uint8_t ret[8])
{
    must(types[type].size > 0);
    size_t size = (size_t)types[type].size;
    if (type == PARAM_TIME)
        value = (value - EPOCH_2000_MS) * 1000;
    if (type == PARAM_BOOL)
        value = value != 0;
    uint64_t net = htobe64((uint64_t)value << 8 * (8 - size));
    memcpy(ret, &net, sizeof net);
    return size;
}

void params_reset(struct params *params)
{
    params->count = 0;
}

void params_fini(struct params *params)
{
    for (int i = 0; i < PARAMS_MAX; i++)
        buf_fini(&params->list[i].data);
    params->count = 0;
}

static struct param *params_next(struct params *params, enum param_type type, bool array)
{
    must(params->count < PARAMS_MAX);
    struct param *param = &params->list[params->count++];
    param->type = type;
    param->array = array;
    param->count = 0;
    param->has_null = false;
    buf_reset(&param->data);
    return param;
}

int params_array(struct params *params, enum param_type type)
{
    static const char zeros[ARRAY_HEADER_SIZE];
    struct param *param = params_next(params, type, true);
    buf_add(&param->data, zeros, sizeof zeros);
    return params->count - 1;
}

int params_int(struct params *params, enum param_type type, int64_t value)
{
    struct param *param = params_next(params, type, false);
    uint8_t bytes[8];
    buf_add(&param->data, bytes, value_encode(type, value, bytes));
    return params->count - 1;
}

int params_bytes(struct params *params, enum param_type type, const void *data, size_t size)
{
    struct param *param = params_next(params, type, false);
    must(types[type].size < 0);
    buf_reserve(&param->data, 1); /* an empty value is not NULL: it needs an address */
    buf_add(&param->data, data, size);
    return params->count - 1;
}

int params_text(struct params *params, const char *text)
{
    return params_bytes(params, PARAM_TEXT, text, strlen(text));
}

static struct param *array_at(struct params *params, int index)
{
    must(index >= 0 && index < params->count);
    must(params->list[index].array);
    params->list[index].count++;
    return &params->list[index];
}

void param_add_int(struct params *params, int index, int64_t value)
{
    struct param *param = array_at(params, index);
    if (param->type == PARAM_TIME && value == 0) {
        param->count--;
        param_add_null(params, index);
        return;
    }
    uint8_t bytes[4 + 8];
    size_t size = value_encode(param->type, value, bytes + 4);
    uint32_t net = htonl((uint32_t)size);
    memcpy(bytes, &net, sizeof net);
    buf_add(&param->data, bytes, sizeof net + size);
}

void param_add_bytes(struct params *params, int index, const void *data, size_t size)
{
    struct param *param = array_at(params, index);
    must(types[param->type].size < 0);
    put_u32(&param->data, (uint32_t)size);
    buf_add(&param->data, data, size);
}

void param_add_text(struct params *params, int index, const char *text)
{
    param_add_bytes(params, index, text, strlen(text));
}

void param_add_null(struct params *params, int index)
{
    struct param *param = array_at(params, index);
    param->has_null = true;
    put_u32(&param->data, UINT32_MAX);
}

void params_seal(const struct params *params, struct params_wire *wire)
{
    wire->count = params ? params->count : 0;
    for (int i = 0; i < wire->count; i++) {
        const struct param *param = &params->list[i];
        if (param->array) {
            uint32_t head[5] = {htonl(param->count > 0), htonl(param->has_null),
                    htonl(types[param->type].oid), htonl((uint32_t)param->count), htonl(1)};
            memcpy(param->data.data, head, sizeof head);
        }
        /* An empty array has no dimensions: only the first three words are sent. */
        wire->values[i] = param->data.data;
        wire->sizes[i] = param->array && param->count == 0 ? 12 : (int)param->data.size;
        wire->formats[i] = 1;
        wire->types[i] = param->array ? types[param->type].array_oid : types[param->type].oid;
    }
}

int64_t row_int(const PGresult *result, int row, int col)
{
    if (PQgetisnull(result, row, col))
        return 0;
    const char *data = PQgetvalue(result, row, col);
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (PQgetlength(result, row, col)) {
    case 1:
        return data[0];
    case 2:
        memcpy(&two, data, sizeof two);
        return (int16_t)ntohs(two);
    case 4:
        memcpy(&four, data, sizeof four);
        return (int32_t)ntohl(four);
    case 8:
        memcpy(&eight, data, sizeof eight);
        return (int64_t)be64toh(eight);
    default:
        must(!"an integer column");
        return 0;
    }
}

int64_t row_time(const PGresult *result, int row, int col)
{
    if (PQgetisnull(result, row, col))
        return 0;
    return row_int(result, row, col) / 1000 + EPOCH_2000_MS;
}

struct bytes row_bytes(const PGresult *result, int row, int col)
{
    struct bytes bytes = {(const uint8_t *)PQgetvalue(result, row, col),
            (size_t)PQgetlength(result, row, col)};
    return bytes;
}

const char *row_text(const PGresult *result, int row, int col)
{
    return PQgetvalue(result, row, col);
}
