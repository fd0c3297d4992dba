#include "services/ctl/table.h"

#include <stdarg.h>
#include <stdio.h>

#include "services/ctl/ctl.h"
#include "services/kernel/base/must.h"

#define GAP 2

char *text_shown(const char *text)
{
    char *shown = g_utf8_make_valid(text, -1);
    GString *clean = g_string_new(NULL);
    for (const char *at = shown; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar letter = g_utf8_get_char(at);
        GUnicodeType type = g_unichar_type(letter);
        bool control = type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
                       type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR;
        g_string_append_unichar(clean, control ? ' ' : letter);
    }
    g_free(shown);
    return g_string_free(clean, FALSE);
}

void table_init(struct table *table, size_t columns, uint32_t right)
{
    must(columns > 0 && columns <= TABLE_COLUMNS_MAX);
    *table = (struct table){columns, right, g_ptr_array_new_with_free_func(g_free)};
}

void table_fini(struct table *table)
{
    if (table->cells != NULL)
        g_ptr_array_free(table->cells, TRUE);
    table->cells = NULL;
}

void table_cell(struct table *table, const char *text)
{
    g_ptr_array_add(table->cells, text_shown(text));
}

void table_cell_format(struct table *table, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    table_cell(table, text);
}

static const char *cell_at(const struct table *table, size_t row, size_t column)
{
    return g_ptr_array_index(table->cells, row * table->columns + column);
}

static void row_write(const struct table *table, size_t row, const int *widths, struct buf *out)
{
    for (size_t column = 0; column < table->columns; column++) {
        const char *text = cell_at(table, row, column);
        bool right = (table->right >> column & 1) != 0, last = column + 1 == table->columns;
        int pad = widths[column] - ctl_width(text);
        buf_add_format(out, "%*s", (column > 0 ? GAP : 0) + (right ? pad : 0), "");
        buf_add_text(out, text);
        if (!right && !last)
            buf_add_format(out, "%*s", pad, "");
    }
}

void table_write(const struct table *table, const char *indent, struct buf *out)
{
    int widths[TABLE_COLUMNS_MAX] = {0};
    size_t rows = table->cells->len / table->columns;
    for (size_t i = 0; i < rows * table->columns; i++) {
        int width = ctl_width(cell_at(table, 0, i));
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
    for (size_t row = 0; row < rows; row++) {
        buf_add_text(out, indent);
        row_write(table, row, widths, out);
        while (out->size > 0 && out->data[out->size - 1] == ' ')
            out->data[--out->size] = '\0';
        buf_add_text(out, "\n");
    }
}

void table_print(const struct table *table, const char *indent)
{
    BUF_OWNED out = {0};
    table_write(table, indent, &out);
    if (out.size > 0)
        fputs(out.data, stdout);
}
