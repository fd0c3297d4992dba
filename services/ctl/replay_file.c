#include "services/ctl/replay_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"

#define COLUMN_TABLE(X)                                                                            \
    X(COL_NUMBER, "SRNumber")                                                                      \
    X(COL_CREATED, "CreatedDate")                                                                  \
    X(COL_TYPE, "RequestType")                                                                     \
    X(COL_STATUS, "Status")                                                                        \
    X(COL_PROMISED, "ServiceDate")                                                                 \
    X(COL_CLOSED, "ClosedDate")                                                                    \
    X(COL_LATITUDE, "Latitude")                                                                    \
    X(COL_LONGITUDE, "Longitude")                                                                  \
    X(COL_PAGE, "TBMPage")                                                                         \
    X(COL_COLUMN, "TBMColumn")                                                                     \
    X(COL_ROW, "TBMRow")                                                                           \
    X(COL_STREET, "CD")                                                                            \
    X(COL_VILLAGE, "NC")

enum column {
#define X(name, text) name,
    COLUMN_TABLE(X)
#undef X
            COLUMN_COUNT
};

static const char *const COLUMN_NAMES[] = {
#define X(name, text) text,
        COLUMN_TABLE(X)
#undef X
};

static int64_t days_from_civil(int year, int month, int day)
{
    year -= month <= 2;
    int era = year / 400, year_of_era = year - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146097 + day_of_era - 719468;
}

/* "01/06/2018 10:18:29 AM" at the offset; 0 when it is empty or no such instant. */
static int64_t instant_read(const char *text, int utc_offset_s)
{
    int month, day, year, hour, minute, second, used = 0;
    char half[3] = "";
    if (sscanf(text, "%2d/%2d/%4d %2d:%2d:%2d %2[APM]%n", &month, &day, &year, &hour, &minute,
                &second, half, &used) != 7 ||
            text[used] != 0)
        return 0;
    bool sound = month >= 1 && month <= 12 && day >= 1 && day <= 31 && year >= 1971 && hour >= 1 &&
                 hour <= 12 && minute < 60 && second < 60 && half[1] == 'M';
    if (!sound)
        return 0;
    hour = hour % 12 + (half[0] == 'P' ? 12 : 0);
    int64_t seconds =
            days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return (seconds - utc_offset_s) * 1000;
}

static const char *own(
        struct replay_file *file, const char *format, const char *a, const char *b, const char *c)
{
    char *text = NULL;
    if (strcmp(format, "street") == 0)
        text = g_strdup_printf("CD-%s", a);
    else if (strcmp(format, "village") == 0)
        text = g_strdup_printf("%s/NC-%s", a, b);
    else
        text = g_strdup_printf("%s/%s-%s", a, b, c);
    file->owned[file->owned_count++] = text;
    return text;
}

/* The tree is council district, neighbourhood council in it, map cell in that. */
static void place_read(struct replay_file *file, struct replay_row *row, const char *const *cells)
{
    row->codes[row->code_count++] = "LA";
    if (cells[COL_STREET][0]) {
        row->codes[row->code_count++] = own(file, "street", cells[COL_STREET], "", "");
        if (cells[COL_VILLAGE][0]) {
            const char *village = own(file, "village", row->codes[1], cells[COL_VILLAGE], "");
            row->codes[row->code_count++] = village;
            char cell[64];
            snprintf(cell, sizeof cell, "%.20s%.20s", cells[COL_COLUMN], cells[COL_ROW]);
            if (cells[COL_PAGE][0] && cell[0])
                row->codes[row->code_count++] = own(file, "grid", village, cells[COL_PAGE], cell);
        }
    }
    row->faults |= cells[COL_VILLAGE][0] ? 0 : ROW_NO_VILLAGE;
    row->faults |= row->code_count == 1 ? ROW_NO_PLACE : 0;
    double latitude = g_ascii_strtod(cells[COL_LATITUDE], NULL);
    double longitude = g_ascii_strtod(cells[COL_LONGITUDE], NULL);
    if (cells[COL_LATITUDE][0] && cells[COL_LONGITUDE][0] && isfinite(latitude) &&
            isfinite(longitude)) {
        row->latitude = latitude;
        row->longitude = longitude;
    } else {
        row->faults |= ROW_NO_POINT;
    }
}

static enum replay_status status_read(const char *text)
{
    if (strcmp(text, "Closed") == 0)
        return REPLAY_CLOSED;
    if (strcmp(text, "Cancelled") == 0)
        return REPLAY_CANCELLED;
    return strcmp(text, "Referred Out") == 0 ? REPLAY_REFERRED : REPLAY_OPEN;
}

static void row_read(struct replay_file *file,
        struct replay_row *row,
        const char *const *cells,
        int utc_offset_s)
{
    row->ticket = cells[COL_NUMBER];
    row->matter = cells[COL_TYPE];
    row->text = "";
    row->status = status_read(cells[COL_STATUS]);
    row->created_ms = instant_read(cells[COL_CREATED], utc_offset_s);
    int64_t promised = instant_read(cells[COL_PROMISED], utc_offset_s);
    int64_t closed = instant_read(cells[COL_CLOSED], utc_offset_s);
    if (!row->ticket[0] || row->created_ms == 0) {
        row->refused = row->ticket[0] ? "UNREADABLE_CREATED_DATE" : "NO_NUMBER";
        return;
    }
    place_read(file, row, cells);
    row->faults |= promised && promised < row->created_ms ? ROW_PROMISED_BEFORE : 0;
    row->promised_ms = promised ? promised + PROMISE_SPAN_MS : 0;
    if (row->status == REPLAY_OPEN)
        return;
    row->faults |= closed && closed < row->created_ms ? ROW_CLOSED_BEFORE : 0;
    /* Ended, and nobody says when: at once, like what ended before it began. */
    row->ended_ms = closed < row->created_ms ? row->created_ms : closed;
    row->handled_ms = row->ended_ms;
}

static int row_compare(const void *left, const void *right)
{
    const struct replay_row *a = left, *b = right;
    if (a->created_ms != b->created_ms)
        return a->created_ms < b->created_ms ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

static void faults_count(struct replay_file *file, unsigned faults)
{
    file->no_point += (faults & ROW_NO_POINT) != 0;
    file->no_village += (faults & ROW_NO_VILLAGE) != 0;
    file->no_place += (faults & ROW_NO_PLACE) != 0;
    file->closed_before_created += (faults & ROW_CLOSED_BEFORE) != 0;
    file->promised_before_created += (faults & ROW_PROMISED_BEFORE) != 0;
}

/* The first row in the file with a number is the report; later ones are the same pushed again, and
 * not before it, whatever their own date is. */
static void firsts_mark(struct replay_file *file)
{
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < file->count; i++) {
        struct replay_row *row = &file->rows[i];
        if (row->refused)
            continue;
        const struct replay_row *before = g_hash_table_lookup(seen, row->ticket);
        row->first = before == NULL;
        if (before) {
            if (row->created_ms < before->created_ms)
                row->created_ms = before->created_ms;
            continue;
        }
        g_hash_table_insert(seen, (gpointer)(uintptr_t)row->ticket, row);
        faults_count(file, row->faults);
        if (row->created_ms > file->last_ms)
            file->last_ms = row->created_ms;
        if (row->ended_ms > file->last_ms)
            file->last_ms = row->ended_ms;
    }
    g_hash_table_destroy(seen);
}

static void fault_say(void *self, size_t line, enum csv_fault fault, size_t found, size_t expected)
{
    ctl_fail(self, "第 %zu 行不是合法的 CSV(错误 %d:%zu,应为 %zu)",
            "line %zu is no CSV (fault %d: %zu, expected %zu)", line, (int)fault, found, expected);
}

static enum err columns_find(
        const struct ctl *ctl, const struct csv *csv, int columns[COLUMN_COUNT])
{
    enum err err = OK;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        columns[i] = -1;
        for (size_t c = 0; c < csv->columns; c++)
            if (strcmp(csv_cell(csv, 0, c), COLUMN_NAMES[i]) == 0)
                columns[i] = (int)c;
        if (columns[i] < 0) {
            ctl_fail(ctl, "首行缺少列 %s", "the header row has no column %s", COLUMN_NAMES[i]);
            err = ERR_MALFORMED;
        }
    }
    return err;
}

/* In place: without outer blanks, and with a blank for each run of line ends, as the profile's own
 * program writes the names of types. */
static const char *cell_tidy(const struct csv *csv, const char *cell)
{
    char *text = csv->text + (cell - csv->text), *to = text;
    bool end = false, ended;
    for (const char *from = text; *from; from++) {
        ended = end;
        end = *from == '\r' || *from == '\n';
        if (!end || !ended)
            *to++ = end ? ' ' : *from;
    }
    *to = '\0';
    return g_strstrip(text);
}

static enum err city_rows(const struct ctl *ctl, int utc_offset_s, struct replay_file *file)
{
    int columns[COLUMN_COUNT];
    if (columns_find(ctl, &file->csv, columns) != OK)
        return ERR_MALFORMED;
    for (size_t i = 0; i < file->count; i++) {
        const char *cells[COLUMN_COUNT];
        for (int c = 0; c < COLUMN_COUNT; c++)
            cells[c] = cell_tidy(&file->csv, csv_cell(&file->csv, i + 1, (size_t)columns[c]));
        file->rows[i].line = file->csv.lines[i + 1];
        row_read(file, &file->rows[i], cells, utc_offset_s);
    }
    return OK;
}

static enum err rows_read(const struct ctl *ctl, int utc_offset_s, struct replay_file *file)
{
    if (file->csv.rows < 1) {
        ctl_fail(ctl, "文件是空的:至少要有首行",
                "the file is empty: it needs a header row at least");
        return ERR_MALFORMED;
    }
    file->count = file->csv.rows - 1;
    file->rows = calloc(file->count + 1, sizeof *file->rows);
    file->owned = calloc(file->count * 3 + 1, sizeof *file->owned);
    must(file->rows && file->owned);
    enum err err = city_rows(ctl, utc_offset_s, file);
    if (err != OK)
        return err;
    firsts_mark(file);
    qsort(file->rows, file->count, sizeof *file->rows, row_compare);
    return OK;
}

enum err replay_file_read(
        const struct ctl *ctl, const char *path, int utc_offset_s, struct replay_file *ret)
{
    gchar *data = NULL;
    gsize size = 0;
    GError *error = NULL;
    *ret = (struct replay_file){0};
    if (!g_file_get_contents(path, &data, &size, &error)) {
        ctl_fail(ctl, "读不了 %s:%s", "%s cannot be read: %s", path, error->message);
        g_error_free(error);
        return ERR_NOT_FOUND;
    }
    enum err err = csv_parse(data, size, fault_say, (void *)(uintptr_t)ctl, &ret->csv);
    g_free(data);
    if (err == OK)
        err = rows_read(ctl, utc_offset_s, ret);
    if (err != OK)
        replay_file_fini(ret);
    return err;
}

void replay_file_fini(struct replay_file *file)
{
    for (size_t i = 0; i < file->owned_count; i++)
        g_free(file->owned[i]);
    free(file->owned);
    free(file->rows);
    csv_fini(&file->csv);
    *file = (struct replay_file){0};
}

size_t replay_file_until(const struct replay_file *file, size_t from, int64_t at_ms)
{
    while (from < file->count && file->rows[from].created_ms <= at_ms)
        from++;
    return from;
}
