/* Tables on a terminal: cells are collected row by row and printed in columns as wide as their
 * widest cell, counted in columns of the screen (Chinese takes two). What comes from outside is
 * printed without control characters, so that a report's text cannot move the cursor. The last
 * column is not padded: the long texts go there. */
#ifndef HUYING_CTL_TABLE_H
#define HUYING_CTL_TABLE_H

#include <glib.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"

#define TABLE_COLUMNS_MAX 32

struct table {
    size_t columns;
    uint32_t right;   /* bit n: column n is aligned to the right */
    GPtrArray *cells; /* texts, row by row */
};

void table_init(struct table *table, size_t columns, uint32_t right);
void table_fini(struct table *table);
/* Adds the next cell; a row is full after `columns` of them. */
void table_cell(struct table *table, const char *text);
void table_cell_format(struct table *table, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* Appends the whole rows, two blanks between columns, `indent` before each. */
void table_write(const struct table *table, const char *indent, struct buf *out);
/* The same on standard output. */
void table_print(const struct table *table, const char *indent);

/* A copy of `text` that may be shown: valid UTF-8, control characters as blanks. g_free() it. */
char *text_shown(const char *text);

#define TABLE_OWNED __attribute__((cleanup(table_fini))) struct table

#endif
