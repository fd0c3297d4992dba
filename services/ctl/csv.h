/* CSV by RFC 4180, read whole: a field in quotes may hold commas, line ends and doubled quotes;
 * lines end with LF or CRLF; a UTF-8 byte order mark in front is skipped, and so are empty
 * lines. Everything else that departs from it is a fault with its line, never a guess: a quote
 * inside a bare field, text behind a closing quote, NUL, bytes that are not UTF-8, a row of
 * another width than the first.
 *
 * All faults of width are reported; the others end the reading, since what follows cannot be
 * trusted. */
#ifndef HUYING_CTL_CSV_H
#define HUYING_CTL_CSV_H

#include <stddef.h>
#include "services/kernel/base/err.h"

#define CSV_SIZE_MAX ((size_t)128 << 20)
#define CSV_COLUMNS_MAX 64

enum csv_fault {
    CSV_COLUMNS,      /* `found` fields where the first row has `expected` */
    CSV_WIDE,         /* more than CSV_COLUMNS_MAX fields in the first row */
    CSV_QUOTE_OPEN,   /* the quote opened in this line never closes */
    CSV_QUOTE_INSIDE, /* a quote in a field that does not begin with one */
    CSV_QUOTE_AFTER,  /* something between a closing quote and the comma */
    CSV_RETURN,       /* CR without LF */
    CSV_NUL,
    CSV_UTF8,
    CSV_LARGE /* more than CSV_SIZE_MAX bytes */
};

typedef void csv_fault_fn(
        void *self, size_t line, enum csv_fault fault, size_t found, size_t expected);

struct csv {
    char *text;         /* the cells' memory */
    const char **cells; /* rows × columns */
    size_t *lines;      /* of each row's beginning, from 1 */
    size_t rows, columns;
};

/* Reads `data` (copied). ERR_MALFORMED after at least one call of `fault`; *ret then has the
 * rows that were right, or nothing. csv_fini either way. */
enum err csv_parse(
        const char *data, size_t size, csv_fault_fn *fault, void *self, struct csv *ret) MUST_CHECK;
void csv_fini(struct csv *csv);
/* Row and column from 0. */
const char *csv_cell(const struct csv *csv, size_t row, size_t column);

#endif
