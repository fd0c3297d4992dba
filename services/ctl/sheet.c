/* Named columns over csv.c. The header decides where a column stands; a name that nobody knows
 * is a fault, since it is most likely a known one misspelt. */
#include "services/ctl/sheet.h"

#include <errno.h>
#include <glib.h>
#include <stdarg.h>

#include "services/kernel/base/must.h"

static void csv_fault_take(
        void *self, size_t line, enum csv_fault fault, size_t found, size_t expected)
{
    static const char *const zh[] = {
            [CSV_COLUMNS] = "这一行有 %zu 个字段,应有 %zu 个",
            [CSV_WIDE] = "有 %zu 列,最多 %zu 列",
            [CSV_QUOTE_OPEN] = "这一行开始的引号没有结束,应有配对的 \"",
            [CSV_QUOTE_INSIDE] = "字段中间有引号,应把整个字段放在引号里,里面的引号写两个",
            [CSV_QUOTE_AFTER] = "结束引号后面还有文字,应为逗号或换行",
            [CSV_RETURN] = "有单独的回车符,行尾应为 LF 或 CRLF",
            [CSV_NUL] = "有 NUL 字节,应为 UTF-8 文本",
            [CSV_UTF8] = "不是 UTF-8,请用 UTF-8 编码保存",
            [CSV_LARGE] = "有 %zu 字节,最多 %zu 字节",
    };
    static const char *const en[] = {
            [CSV_COLUMNS] = "found %zu fields in this row, expected %zu",
            [CSV_WIDE] = "found %zu columns, expected at most %zu",
            [CSV_QUOTE_OPEN] = "the quote opened in this line never closes, expected another \"",
            [CSV_QUOTE_INSIDE] =
                    "found a quote inside a field, expected the whole field in quotes and "
                    "quotes in it doubled",
            [CSV_QUOTE_AFTER] =
                    "found text behind a closing quote, expected a comma or the line's end",
            [CSV_RETURN] = "found a carriage return alone, expected lines to end with LF or CRLF",
            [CSV_NUL] = "found a NUL byte, expected UTF-8 text",
            [CSV_UTF8] = "this is not UTF-8, save the file as UTF-8",
            [CSV_LARGE] = "found %zu bytes, expected at most %zu",
    };
    struct sheet *sheet = self;
    char text[256];
    const char *format = sheet->faults->english ? en[fault] : zh[fault];
    if (fault == CSV_COLUMNS || fault == CSV_WIDE || fault == CSV_LARGE) {
        g_auto(GStrv) parts = g_strsplit(format, "%zu", 3);
        snprintf(text, sizeof(text), "%s%zu%s%zu%s", parts[0], found, parts[1], expected, parts[2]);
    } else {
        snprintf(text, sizeof(text), "%s", format);
    }
    fault_add(sheet->faults, (struct place){sheet->file, line}, NULL, "%s", "%s", text);
}

static void header_unknown(const struct sheet *sheet, size_t position)
{
    const char *name = csv_cell(&sheet->csv, 0, position);
    g_autoptr(GString) known = g_string_new(NULL);
    for (size_t i = 0; i < sheet->column_count; i++)
        g_string_append_printf(known, "%s%s", i > 0 ? "," : "", sheet->columns[i].name);
    fault_add(sheet->faults, sheet_place(sheet, 0), NULL, "第 %zu 列“%s”不认识,列名应为 %s",
            "column %zu is \"%s\", expected columns are %s", position + 1, name, known->str);
}

static bool header_read(struct sheet *sheet)
{
    size_t before = sheet->faults->count;
    for (size_t position = 0; position < sheet->csv.columns; position++) {
        const char *name = csv_cell(&sheet->csv, 0, position);
        size_t i = 0;
        while (i < sheet->column_count && strcmp(sheet->columns[i].name, name) != 0)
            i++;
        if (i == sheet->column_count)
            header_unknown(sheet, position);
        else if (sheet->at[i] >= 0)
            fault_add(sheet->faults, sheet_place(sheet, 0), name, "列名出现两次",
                    "this column is there twice");
        else
            sheet->at[i] = (int)position;
    }
    for (size_t i = 0; i < sheet->column_count; i++)
        if (sheet->at[i] < 0 && !sheet->columns[i].optional)
            fault_add(sheet->faults, sheet_place(sheet, 0), sheet->columns[i].name, "缺少这一列",
                    "this column is missing");
    sheet->first = 1;
    return sheet->faults->count == before;
}

/* Without a header the columns stand in the table's order; further ones are not ours to know. */
static bool header_assume(struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->column_count && i < sheet->csv.columns; i++)
        sheet->at[i] = (int)i;
    sheet->first = 0;
    return true;
}

bool sheet_open(struct sheet *sheet, const char *dir, bool required, bool header_optional)
{
    g_autofree char *path = g_build_filename(dir, sheet->file, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    gsize size = 0;
    must(sheet->column_count <= CSV_COLUMNS_MAX);
    for (size_t i = 0; i < sheet->column_count; i++)
        sheet->at[i] = -1;
    struct place whole = {sheet->file, 0};
    if (!g_file_get_contents(path, &text, &size, &error)) {
        bool missing = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
        if (required || !missing)
            fault_add(
                    sheet->faults, whole, NULL, "读不了:%s", "cannot be read: %s", error->message);
        return false;
    }
    if (csv_parse(text, size, csv_fault_take, sheet, &sheet->csv) != OK && sheet->csv.rows == 0)
        return false;
    if (sheet->csv.rows == 0) {
        fault_add(sheet->faults, whole, NULL, "是空文件,第一行应为列名",
                "the file is empty, expected a header row");
        return false;
    }
    if (header_optional && strcmp(csv_cell(&sheet->csv, 0, 0), sheet->columns[0].name) != 0)
        return header_assume(sheet);
    return header_read(sheet);
}

void sheet_fini(struct sheet *sheet)
{
    csv_fini(&sheet->csv);
}

size_t sheet_rows(const struct sheet *sheet)
{
    return sheet->csv.rows;
}

struct place sheet_place(const struct sheet *sheet, size_t row)
{
    return (struct place){sheet->file, row < sheet->csv.rows ? sheet->csv.lines[row] : 0};
}

void sheet_fault(
        const struct sheet *sheet, size_t row, size_t column, const char *zh, const char *en, ...)
{
    char text[512];
    va_list args;
    va_start(args, en);
    vsnprintf(text, sizeof(text), sheet->faults->english ? en : zh, args);
    va_end(args);
    fault_add(
            sheet->faults, sheet_place(sheet, row), sheet->columns[column].name, "%s", "%s", text);
}

const char *sheet_text(const struct sheet *sheet, size_t row, size_t column, size_t size_max)
{
    must(column < sheet->column_count);
    if (sheet->at[column] < 0)
        return "";
    const char *text = csv_cell(&sheet->csv, row, (size_t)sheet->at[column]);
    size_t size = strlen(text);
    if (size <= size_max)
        return text;
    sheet_fault(sheet, row, column, "有 %zu 字节,最多 %zu 字节",
            "found %zu bytes, expected at most %zu", size, size_max);
    return "";
}

const char *sheet_need(const struct sheet *sheet, size_t row, size_t column, size_t size_max)
{
    const char *text = sheet_text(sheet, row, column, size_max);
    if (*text == '\0')
        sheet_fault(sheet, row, column, "是空的,应有内容", "found nothing, expected a text");
    return text;
}

int32_t sheet_int(const struct sheet *sheet, size_t row, size_t column, int32_t max)
{
    const char *text = sheet_text(sheet, row, column, 32);
    char *end = NULL;
    if (*text == '\0')
        return 0;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno == 0 && *end == '\0' && g_ascii_isdigit(*text) && value <= max)
        return (int32_t)value;
    sheet_fault(sheet, row, column, "“%s”不行,应为 0 到 %d 的整数",
            "found \"%s\", expected a whole number from 0 to %d", text, max);
    return 0;
}

size_t sheet_word(const struct sheet *sheet, size_t row, size_t column, const char *const *words)
{
    const char *text = sheet_text(sheet, row, column, 64);
    g_autoptr(GString) known = g_string_new(NULL);
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0)
            return i;
        g_string_append_printf(known, "%s%s", i > 0 ? " " : "", words[i]);
    }
    sheet_fault(sheet, row, column, "“%s”不认识,应为 %s 之一", "found \"%s\", expected one of %s",
            text, known->str);
    return 0;
}

int32_t sheet_minutes(const struct sheet *sheet, size_t row, size_t column, int32_t preset)
{
    const char *text = sheet_text(sheet, row, column, 16);
    if (*text == '\0')
        return preset;
    if (strlen(text) == 5 && text[2] == ':' && g_ascii_isdigit(text[0]) &&
            g_ascii_isdigit(text[1]) && g_ascii_isdigit(text[3]) && g_ascii_isdigit(text[4])) {
        int32_t hour = (text[0] - '0') * 10 + text[1] - '0',
                minute = (text[3] - '0') * 10 + text[4] - '0';
        if (minute < 60 && hour * 60 + minute <= 1440)
            return hour * 60 + minute;
    }
    sheet_fault(sheet, row, column, "“%s”不行,应为 00:00 到 24:00 的时刻",
            "found \"%s\", expected a time from 00:00 to 24:00", text);
    return preset;
}
