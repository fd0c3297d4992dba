/* PostgreSQL's binary one-dimensional arrays as query parameters, in memory that is used again for
 * each batch. Elements are fixed in type, set by array_start; no NULLs. */
#ifndef HUYING_BENCH_ARRAY_H
#define HUYING_BENCH_ARRAY_H

#include <stddef.h>
#include <stdint.h>

enum { OID_BYTEA = 17, OID_INT8 = 20, OID_INT4 = 23, OID_TIMESTAMPTZ = 1184 };

struct array {
    char *data; /* what PQsendQueryPrepared takes, `size` bytes */
    size_t size, room;
};

/* Room for `count` elements of `element_size` bytes; array_fini frees it. */
void array_init(struct array *array, int count, size_t element_size);
void array_fini(struct array *array);
/* Begins an array of exactly `count` elements; then `count` additions. */
void array_start(struct array *array, uint32_t oid, int count);
void array_add_int4(struct array *array, int32_t value);
void array_add_int8(struct array *array, int64_t value);
void array_add_bytes(struct array *array, const char *data, size_t size);

#endif
