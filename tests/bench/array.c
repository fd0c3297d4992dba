/* The format is array_recv's: dimensions, flags, element type, then length and lower bound of the
 * one dimension, then each element with its length in front; everything big-endian. */
#include "tests/bench/array.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "tests/bench/reference.h"

#define HEADER_SIZE 20

static void raw_add(struct array *array, const void *data, size_t size)
{
    must(array->size + size <= array->room);
    memcpy(array->data + array->size, data, size);
    array->size += size;
}

static void u32_add(struct array *array, uint32_t value)
{
    uint32_t big = htobe32(value);
    raw_add(array, &big, sizeof(big));
}

void array_init(struct array *array, int count, size_t element_size)
{
    must(count > 0);
    array->room = HEADER_SIZE + (size_t)count * (4 + element_size);
    array->size = 0;
    array->data = bench_memory(array->room, 1);
}

void array_fini(struct array *array)
{
    free(array->data);
    array->data = NULL;
}

void array_start(struct array *array, uint32_t oid, int count)
{
    must(count > 0);
    array->size = 0;
    u32_add(array, 1);
    u32_add(array, 0);
    u32_add(array, oid);
    u32_add(array, (uint32_t)count);
    u32_add(array, 1);
}

void array_add_int4(struct array *array, int32_t value)
{
    u32_add(array, 4);
    u32_add(array, (uint32_t)value);
}

void array_add_int8(struct array *array, int64_t value)
{
    uint64_t big = htobe64((uint64_t)value);
    u32_add(array, 8);
    raw_add(array, &big, sizeof(big));
}

void array_add_bytes(struct array *array, const char *data, size_t size)
{
    u32_add(array, (uint32_t)size);
    raw_add(array, data, size);
}
