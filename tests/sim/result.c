/* Results of statements as libpq has them, without libpq: what the services ask of a PGresult is
 * carried out here for those that the twins make. One has its cells and its bytes in two pieces of
 * memory, which the next one takes over: there are hundreds in a run, most of them without a row.
 */
#include "tests/sim/result.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"

#define EPOCH_2000_MS INT64_C(946684800000)
#define NOTHING (-1)

struct value {
    int32_t at, size; /* size NOTHING: NULL */
};

struct pg_result {
    struct pg_result *next; /* among those that are free */
    const char *types;
    int columns, rows;
    struct value *values;
    int32_t value_room;
    char *bytes;
    int32_t size, room;
};

static struct pg_result *spare;

PGresult *result_new(const char *types)
{
    struct pg_result *result = spare;
    if (result)
        spare = result->next;
    else
        result = calloc(1, sizeof *result);
    must(result);
    result->types = types;
    result->columns = (int)strlen(types);
    result->rows = 0;
    result->size = 0;
    return result;
}

void PQclear(PGresult *result)
{
    if (!result)
        return;
#ifdef __SANITIZE_ADDRESS__ /* whoever reads it afterwards is to be seen */
    free(result->values);
    free(result->bytes);
    free(result);
#else
    result->next = spare;
    spare = result;
#endif
}

static void *room_make(void *old, int32_t *room, int32_t need, size_t each)
{
    if (need <= *room)
        return old;
    *room = need * 2;
    old = realloc(old, (size_t)*room * each);
    must(old);
    return old;
}

/* A value and a NUL behind it, on which readers of text rely. */
static void value_add(struct pg_result *result, struct value *value, const void *data, int32_t size)
{
    result->bytes = room_make(result->bytes, &result->room, result->size + size + 1, 1);
    *value = (struct value){result->size, size};
    if (size)
        memcpy(result->bytes + result->size, data, (size_t)size);
    result->size += size;
    result->bytes[result->size++] = 0;
}

static void number_add(
        struct pg_result *result, struct value *value, char type, const struct cell *cell)
{
    int size = type == 'b' ? 1 : type == 'T' ? 8 : type - '0';
    int64_t number = type == 'T' ? (cell->value - EPOCH_2000_MS) * 1000 : cell->value;
    uint64_t net = htobe64((uint64_t)number << (64 - 8 * size));
    value_add(result, value, &net, size);
}

void result_row(PGresult *result, const struct cell *cells)
{
    int32_t first = result->rows++ * result->columns;
    result->values = room_make(
            result->values, &result->value_room, first + result->columns, sizeof *result->values);
    for (int i = 0; i < result->columns; i++) {
        struct value *value = &result->values[first + i];
        char type = result->types[i];
        bool nothing = cells[i].null || (type == 'T' && cells[i].value == 0);
        if (nothing || type == 't' || type == 'y')
            value_add(result, value, cells[i].data, nothing ? 0 : cells[i].size);
        else
            number_add(result, value, type, &cells[i]);
        if (nothing)
            value->size = NOTHING;
    }
}

PGresult *PQcopyResult(const PGresult *from, int flags)
{
    PGresult *copy = result_new(from->types);
    int32_t count = from->rows * from->columns;
    (void)flags;
    copy->values = room_make(copy->values, &copy->value_room, count, sizeof *copy->values);
    copy->bytes = room_make(copy->bytes, &copy->room, from->size, 1);
    if (count)
        memcpy(copy->values, from->values, (size_t)count * sizeof *copy->values);
    if (from->size)
        memcpy(copy->bytes, from->bytes, (size_t)from->size);
    copy->rows = from->rows;
    copy->size = from->size;
    return copy;
}

int PQntuples(const PGresult *result)
{
    return result->rows;
}

int PQnfields(const PGresult *result)
{
    return result->columns;
}

static const struct value *value_at(const PGresult *result, int row, int column)
{
    must(row >= 0 && row < result->rows && column >= 0 && column < result->columns);
    return &result->values[row * result->columns + column];
}

char *PQgetvalue(const PGresult *result, int row, int column)
{
    return result->bytes + value_at(result, row, column)->at;
}

int PQgetlength(const PGresult *result, int row, int column)
{
    const struct value *value = value_at(result, row, column);
    return value->size == NOTHING ? 0 : value->size;
}

int PQgetisnull(const PGresult *result, int row, int column)
{
    return value_at(result, row, column)->size == NOTHING;
}
