/* A CSV file with a header row, as a table with named columns and checked cells. Every mistake
 * is put into `faults`; a getter that finds one returns something harmless and reading goes on. */
#ifndef HUYING_CTL_SHEET_H
#define HUYING_CTL_SHEET_H

#include <stdint.h>
#include "services/ctl/csv.h"
#include "services/ctl/faults.h"

struct column {
    const char *name;
    bool optional; /* may be missing from the header: reads as "" */
};

struct sheet {
    const char *file; /* the name for faults: "units.csv" */
    const struct column *columns;
    size_t column_count;
    struct faults *faults;
    struct csv csv;
    int at[CSV_COLUMNS_MAX]; /* position of each known column; -1: missing */
    size_t first;            /* first row of data */
};

/* Opens DIR/FILE. False when it is missing (a fault if `required`) or has no usable header;
 * sheet_fini either way. `header_optional`: a file without header row has the columns in the
 * table's order. */
bool sheet_open(struct sheet *sheet, const char *dir, bool required, bool header_optional);
void sheet_fini(struct sheet *sheet);
size_t sheet_rows(const struct sheet *sheet);
struct place sheet_place(const struct sheet *sheet, size_t row);

/* Cells by the table's column number. Borrowed until sheet_fini. */
const char *sheet_text(const struct sheet *sheet, size_t row, size_t column, size_t size_max);
/* The same; empty is a fault. */
const char *sheet_need(const struct sheet *sheet, size_t row, size_t column, size_t size_max);
/* A whole number; empty reads as `min` when the column may be empty (preset). */
int32_t sheet_int(const struct sheet *sheet, size_t row, size_t column, int32_t max);
/* Index of the cell in `words` (NULL-terminated); a fault and 0 when it is not there. */
size_t sheet_word(const struct sheet *sheet, size_t row, size_t column, const char *const *words);
/* "08:30" as minutes, up to "24:00"; empty gives `preset`. */
int32_t sheet_minutes(const struct sheet *sheet, size_t row, size_t column, int32_t preset);
/* The file's place and the column's name, for faults of one's own. */
void sheet_fault(
        const struct sheet *sheet, size_t row, size_t column, const char *zh, const char *en, ...)
        __attribute__((format(printf, 4, 6), format(printf, 5, 6)));

#endif
