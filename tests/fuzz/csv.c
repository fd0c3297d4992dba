/* CSV: a fault for every refusal and none without; every cell is text; and the cells, written with
 * all of them in quotes, are read as the same cells. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "services/ctl/csv.h"

static void fault_count(
        void *self, size_t line, enum csv_fault fault, size_t found, size_t expected)
{
    size_t *count = self;
    must(fault <= CSV_LARGE && found < SIZE_MAX / 2 && expected < SIZE_MAX / 2);
    must(line >= 1 || fault == CSV_LARGE);
    (*count)++;
}

static void csv_write(const struct csv *csv, struct buf *out)
{
    for (size_t row = 0; row < csv->rows; row++)
        for (size_t column = 0; column < csv->columns; column++) {
            buf_add_text(out, column == 0 ? "\"" : ",\"");
            for (const char *at = csv_cell(csv, row, column); *at != '\0'; at++)
                buf_add(out, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
            buf_add_text(out, column + 1 == csv->columns ? "\"\r\n" : "\"");
        }
}

static void csv_again(const struct csv *csv)
{
    BUF_OWNED out = {0};
    struct csv again;
    size_t faults = 0;
    csv_write(csv, &out);
    must(csv_parse(out.size > 0 ? out.data : "", out.size, fault_count, &faults, &again) == OK);
    must(faults == 0 && again.rows == csv->rows);
    must(again.columns == csv->columns || csv->rows == 0);
    for (size_t row = 0; row < csv->rows; row++)
        for (size_t column = 0; column < csv->columns; column++)
            must(strcmp(csv_cell(csv, row, column), csv_cell(&again, row, column)) == 0);
    csv_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv csv;
    size_t faults = 0;
    enum err err = csv_parse((const char *)data, size, fault_count, &faults, &csv);
    must(err == OK || err == ERR_MALFORMED);
    must((err == OK) == (faults == 0));
    must(csv.rows == 0 || (csv.columns > 0 && csv.columns <= CSV_COLUMNS_MAX));
    for (size_t row = 0; row < csv.rows; row++) {
        must(csv.lines[row] >= 1 && csv.lines[row] <= size + 1);
        must(row == 0 || csv.lines[row] > csv.lines[row - 1]);
        for (size_t column = 0; column < csv.columns; column++)
            fuzz_text(csv_cell(&csv, row, column));
    }
    csv_again(&csv);
    csv_fini(&csv);
    return 0;
}
