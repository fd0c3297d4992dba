/* The rows of a drill, one case each; what is wrong is named with line, column and what was
 * expected. */
#include <math.h>
#include <string.h>

#include "services/ctl/replay_file.h"
#include "services/kernel/base/pure_text.h"

#define COLUMN_TABLE(X)                                                                            \
    X(COL_TICKET, "ticket")                                                                        \
    X(COL_CREATED, "created")                                                                      \
    X(COL_MATTER, "matter")                                                                        \
    X(COL_LONGITUDE, "longitude")                                                                  \
    X(COL_LATITUDE, "latitude")                                                                    \
    X(COL_UNIT, "unit_code")                                                                       \
    X(COL_TEXT, "text")                                                                            \
    X(COL_PROMISED, "promised")                                                                    \
    X(COL_HANDLED, "handled")                                                                      \
    X(COL_VERIFIED, "verified")                                                                    \
    X(COL_OUTCOME, "outcome")

enum column {
#define X(name, text) name,
    COLUMN_TABLE(X)
#undef X
            COLUMN_COUNT
};

static const char *const NAMES[] = {
#define X(name, text) text,
        COLUMN_TABLE(X)
#undef X
};

struct reading { /* one row */
    const struct ctl *ctl;
    const struct csv *csv;
    size_t row;
    bool sound;
};

static const char *cell(const struct reading *reading, enum column column)
{
    return csv_cell(reading->csv, reading->row, column);
}

static void refuse(struct reading *reading, enum column column, const char *zh, const char *en)
{
    ctl_fail(reading->ctl, "第 %zu 行,%s:\"%s\",应为%s", "line %zu, %s: found \"%s\", expected %s",
            reading->csv->lines[reading->row], NAMES[column], cell(reading, column),
            reading->ctl->english ? en : zh);
    reading->sound = false;
}

static int64_t instant(struct reading *reading, enum column column, bool required)
{
    int64_t at_ms = 0;
    const char *text = cell(reading, column);
    if ((text[0] || required) && !instant_parse(text, &at_ms))
        refuse(reading, column, "带时差的 RFC 3339 时刻", "an RFC 3339 instant with an offset");
    return at_ms;
}

static double degrees(struct reading *reading, enum column column)
{
    char *end = NULL;
    const char *text = cell(reading, column);
    double value = g_ascii_strtod(text, &end);
    if (*end || !isfinite(value))
        refuse(reading, column, "度数或空", "degrees or nothing");
    return value;
}

static enum replay_status outcome(struct reading *reading)
{
    static const char *const words[] = {[REPLAY_CLOSED] = "closed",
            [REPLAY_CANCELLED] = "withdrawn",
            [REPLAY_REFERRED] = "referred_out",
            [REPLAY_OPEN] = "open"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(cell(reading, COL_OUTCOME), words[i]) == 0)
            return (enum replay_status)i;
    refuse(reading, COL_OUTCOME, " closed、withdrawn、referred_out 或 open",
            "closed, withdrawn, referred_out or open");
    return REPLAY_OPEN;
}

static void row_read(struct reading *reading, struct replay_row *row)
{
    row->ticket = cell(reading, COL_TICKET);
    row->matter = cell(reading, COL_MATTER);
    row->text = cell(reading, COL_TEXT);
    row->status = outcome(reading);
    row->created_ms = instant(reading, COL_CREATED, true);
    row->promised_ms = instant(reading, COL_PROMISED, false);
    row->longitude = degrees(reading, COL_LONGITUDE);
    row->latitude = degrees(reading, COL_LATITUDE);
    if (cell(reading, COL_UNIT)[0])
        row->codes[row->code_count++] = cell(reading, COL_UNIT);
    if (row->status == REPLAY_OPEN)
        return;
    row->handled_ms = instant(reading, COL_HANDLED, true);
    row->ended_ms =
            row->status == REPLAY_CLOSED ? instant(reading, COL_VERIFIED, true) : row->handled_ms;
    if (reading->sound && (row->handled_ms < row->created_ms || row->ended_ms < row->handled_ms))
        refuse(reading, COL_HANDLED, "不早于 created、不晚于 verified 的时刻",
                "an instant not before created and not after verified");
}

enum err replay_drill_rows(const struct ctl *ctl, struct replay_file *file)
{
    struct reading reading = {ctl, &file->csv, 0, true};
    for (int i = 0; i < COLUMN_COUNT; i++)
        if ((size_t)i >= file->csv.columns ||
                strcmp(csv_cell(&file->csv, 0, (size_t)i), NAMES[i])) {
            ctl_fail(ctl, "首行第 %d 列应为 %s", "header row, column %d: expected %s", i + 1,
                    NAMES[i]);
            return ERR_MALFORMED;
        }
    for (size_t i = 0; i < file->count; i++) {
        reading.row = i + 1;
        file->rows[i].line = file->csv.lines[i + 1];
        row_read(&reading, &file->rows[i]);
        bool point = file->rows[i].longitude != 0 || file->rows[i].latitude != 0;
        file->no_point += !point;
        file->no_place += !point && file->rows[i].code_count == 0;
    }
    return reading.sound ? OK : ERR_MALFORMED;
}
