/* One pass over a copy of the text, in which each field is closed with a NUL where it ends; a
 * field in quotes is moved left over its quotes. Nothing looks ahead further than one byte. */
#include "services/ctl/csv.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

struct reader {
    char *at, *end; /* end[0] is 0 */
    size_t line;
    csv_fault_fn *fault;
    void *self;
    bool wrong, over; /* over: reading cannot go on */
    const char *fields[CSV_COLUMNS_MAX];
    size_t field_count; /* may pass CSV_COLUMNS_MAX: those are counted, not kept */
};

static void reader_fault(
        struct reader *reader, size_t line, enum csv_fault fault, size_t found, size_t expected)
{
    reader->fault(reader->self, line, fault, found, expected);
    reader->wrong = true;
    if (fault != CSV_COLUMNS)
        reader->over = true;
}

static void field_keep(struct reader *reader, const char *text)
{
    if (reader->field_count < CSV_COLUMNS_MAX)
        reader->fields[reader->field_count] = text;
    reader->field_count++;
}

/* Reads a field in quotes; leaves reader->at behind the closing quote, the field closed by
 * `*ret_end`. */
static void field_quoted(struct reader *reader, char **ret_end)
{
    size_t line = reader->line;
    char *from = reader->at + 1, *to = from;
    field_keep(reader, to);
    for (; from < reader->end; from++) {
        if (*from == '"' && from[1] != '"')
            break;
        if (*from == '"')
            from++;
        if (*from == '\n')
            reader->line++;
        *to++ = *from;
    }
    if (from >= reader->end) {
        reader_fault(reader, line, CSV_QUOTE_OPEN, 0, 0);
        return;
    }
    reader->at = from + 1;
    *ret_end = to;
    if (!strchr(",\r\n", *reader->at))
        reader_fault(reader, reader->line, CSV_QUOTE_AFTER, 0, 0);
}

static void field_bare(struct reader *reader, char **ret_end)
{
    field_keep(reader, reader->at);
    reader->at += strcspn(reader->at, ",\r\n\"");
    *ret_end = reader->at;
    if (*reader->at == '"')
        reader_fault(reader, reader->line, CSV_QUOTE_INSIDE, 0, 0);
}

/* Reads one row into reader->fields. */
static void row_read(struct reader *reader)
{
    reader->field_count = 0;
    for (;;) {
        char *end = NULL;
        if (*reader->at == '"')
            field_quoted(reader, &end);
        else
            field_bare(reader, &end);
        if (reader->over)
            return;
        char stop = *reader->at;
        if (stop == '\r' && reader->at[1] != '\n') {
            reader_fault(reader, reader->line, CSV_RETURN, 0, 0);
            return;
        }
        *end = '\0';
        if (stop == ',') {
            reader->at++;
            continue;
        }
        if (stop != '\0') {
            reader->at += stop == '\r' ? 2 : 1;
            reader->line++;
        }
        return;
    }
}

/* Skips empty lines; false at the end of the text. */
static bool row_next(struct reader *reader)
{
    for (;;) {
        size_t size = reader->at[0] == '\n' ? 1 : strncmp(reader->at, "\r\n", 2) == 0 ? 2 : 0;
        if (size == 0)
            return reader->at < reader->end;
        reader->at += size;
        reader->line++;
    }
}

static void *grown(void *array, size_t size)
{
    void *grown = realloc(array, size);
    must(grown != NULL);
    return grown;
}

static void row_store(struct csv *csv, struct reader *reader, size_t line, size_t *room)
{
    if (csv->rows == 0 && csv->columns == 0) {
        if (reader->field_count > CSV_COLUMNS_MAX) {
            reader_fault(reader, line, CSV_WIDE, reader->field_count, CSV_COLUMNS_MAX);
            return;
        }
        csv->columns = reader->field_count;
    }
    if (reader->field_count != csv->columns) {
        reader_fault(reader, line, CSV_COLUMNS, reader->field_count, csv->columns);
        return;
    }
    if (csv->rows == *room) {
        *room = *room * 2 + 64;
        csv->cells = grown(csv->cells, *room * csv->columns * sizeof(csv->cells[0]));
        csv->lines = grown(csv->lines, *room * sizeof(csv->lines[0]));
    }
    memcpy(&csv->cells[csv->rows * csv->columns], reader->fields,
            csv->columns * sizeof(csv->cells[0]));
    csv->lines[csv->rows++] = line;
}

static size_t line_of(const char *data, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset; i++)
        line += data[i] == '\n';
    return line;
}

/* Faults of the bytes themselves. Bad UTF-8 is looked for line by line, to name the first one. */
static bool bytes_check(struct reader *reader, const char *data, size_t size)
{
    const char *nul = size == 0 ? NULL : memchr(data, 0, size);
    if (size > CSV_SIZE_MAX)
        reader_fault(reader, 0, CSV_LARGE, size, CSV_SIZE_MAX);
    else if (nul != NULL)
        reader_fault(reader, line_of(data, (size_t)(nul - data)), CSV_NUL, 0, 0);
    else if (!text_valid(data, size)) {
        size_t line = 1;
        const char *at = data, *end = data + size, *next = NULL;
        for (; at < end; at = next + 1, line++) {
            next = memchr(at, '\n', (size_t)(end - at));
            next = next == NULL ? end : next;
            if (!text_valid(at, (size_t)(next - at)))
                break;
        }
        reader_fault(reader, line, CSV_UTF8, 0, 0);
    }
    return !reader->wrong;
}

enum err csv_parse(const char *data, size_t size, csv_fault_fn *fault, void *self, struct csv *ret)
{
    struct reader reader = {.line = 1, .fault = fault, .self = self};
    size_t room = 0;
    memset(ret, 0, sizeof(*ret));
    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        size -= 3;
    }
    if (!bytes_check(&reader, data, size))
        return ERR_MALFORMED;
    ret->text = grown(NULL, size + 2);
    if (size > 0)
        memcpy(ret->text, data, size);
    ret->text[size] = ret->text[size + 1] = '\0';
    reader.at = ret->text;
    reader.end = ret->text + size;
    while (!reader.over && row_next(&reader)) {
        size_t line = reader.line;
        row_read(&reader);
        if (!reader.over)
            row_store(ret, &reader, line, &room);
    }
    return reader.wrong ? ERR_MALFORMED : OK;
}

void csv_fini(struct csv *csv)
{
    free(csv->text);
    free(csv->cells);
    free(csv->lines);
    memset(csv, 0, sizeof(*csv));
}

const char *csv_cell(const struct csv *csv, size_t row, size_t column)
{
    must(row < csv->rows && column < csv->columns);
    return csv->cells[row * csv->columns + column];
}
