/* Reads a story and checks it against the site's directory before anything is done: every mistake
 * is named with row, column and what was expected, all of them at once. Docs/stories.md has the
 * columns. */
#include <stdlib.h>
#include <string.h>

#include "services/ctl/drama.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_catalogue.h"
#include "services/kernel/base/pure_text.h"

#define CELL_MAX 4000

enum cell {
    COL_LINE,
    COL_NAME,
    COL_NEEDS,
    COL_TIME,
    COL_WHO,
    COL_VERB,
    COL_CASE,
    COL_WITH,
    COL_VERDICT,
    COL_EXPECT,
    COL_ZH,
    COL_EN,
    COLUMN_COUNT
};

static const struct column COLUMNS[COLUMN_COUNT] = {{"line", false}, {"name", true},
        {"needs", true}, {"time", false}, {"who", false}, {"verb", false}, {"case", false},
        {"with", false}, {"verdict", false}, {"expect", false}, {"zh", false}, {"en", false}};

/* What `with` may say, by kind of verb. */
static const struct {
    const char *key;
    bool report, act, follow;
} KEYS[] = {{"matter", true, false, false}, {"place", true, false, false},
        {"point", true, true, false}, {"text", true, true, false}, {"ticket", true, false, false},
        {"promised", true, false, false}, {"again", true, false, false},
        {"urges", true, false, false}, {"settled", true, false, false}, {"to", true, false, false},
        {"evidence", true, true, false}, {"unit", false, true, false},
        {"units", false, true, false}, {"minutes", false, true, false},
        {"part", false, true, false}, {"score", false, true, false}, {"code", false, true, true},
        {"unsolved", false, true, false}, {"into", false, true, false}};

struct reading {
    struct drama_file *file;
    const struct directory *directory;
    struct drama_row *row;
    size_t at; /* row of the sheet */
};

static void fault(const struct reading *reading,
        enum cell column,
        const char *found,
        const char *zh,
        const char *en)
{
    sheet_fault(&reading->file->sheet, reading->at, column, "“%s”不行,应为%s%.0s",
            "found \"%s\", expected %.0s%s", found, zh, en);
}

static char *owned(struct drama_file *file, char *text)
{
    g_ptr_array_add(file->owned, text);
    return text;
}

const char *drama_pair_find(const struct drama_pairs *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->list[i].key, key) == 0)
            return pairs->list[i].value;
    return NULL;
}

bool drama_instant_parse(const char *text, int utc_offset_s, int64_t day_ms, int64_t *ret_ms)
{
    char whole[64], day[INSTANT_SIZE];
    bool clock_only = strlen(text) >= 5 && text[2] == ':';
    if (instant_parse(text, ret_ms))
        return true;
    if (strlen(text) > 23)
        return false;
    instant_format(day, day_ms, utc_offset_s);
    if (clock_only)
        snprintf(whole, sizeof whole, "%.10sT%s", day, text);
    else
        snprintf(whole, sizeof whole, "%s", text);
    if (strlen(whole) < 16 || (whole[10] != ' ' && whole[10] != 'T'))
        return false;
    whole[10] = 'T';
    int minutes = (utc_offset_s < 0 ? -utc_offset_s : utc_offset_s) / 60;
    size_t used = strlen(whole);
    snprintf(whole + used, sizeof whole - used, "%s%c%02d:%02d", used == 16 ? ":00" : "",
            utc_offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
    return instant_parse(whole, ret_ms);
}

void drama_instant_format(char ret[INSTANT_SIZE], int64_t at_ms, int utc_offset_s)
{
    char whole[INSTANT_SIZE];
    instant_format(whole, at_ms, utc_offset_s);
    int length = at_ms % 1000 != 0 ? 23 : at_ms % 60000 != 0 ? 19 : 16;
    snprintf(ret, INSTANT_SIZE, "%.*s", length, whole);
    ret[10] = ' ';
}

/* "key=value; key=value" */
static void pairs_read(const struct reading *reading, enum cell column, struct drama_pairs *ret)
{
    const char *cell = sheet_text(&reading->file->sheet, reading->at, column, CELL_MAX);
    g_auto(GStrv) parts = g_strsplit(cell, ";", -1);
    for (char **it = parts; *it; it++) {
        char *part = g_strstrip(*it), *equals = strchr(part, '=');
        if (!*part)
            continue;
        if (!equals || equals == part || ret->count == DRAMA_PAIRS_MAX) {
            fault(reading, column, part, "“名称=值”,用分号隔开,最多 24 项",
                    "name=value, with semicolons between them, at most 24");
            continue;
        }
        *equals = '\0';
        ret->list[ret->count++] =
                (struct drama_pair){owned(reading->file, g_strdup(g_strchomp(part))),
                        owned(reading->file, g_strdup(g_strchug(equals + 1)))};
    }
}

static void time_read(const struct reading *reading, const struct drama_row *before)
{
    struct drama_row *row = reading->row;
    const char *text = sheet_need(&reading->file->sheet, reading->at, COL_TIME, 40);
    int offset = directory_utc_offset_s(reading->directory);
    if (*text && !drama_instant_parse(text, offset, 0, &row->at_ms))
        fault(reading, COL_TIME, text, "形如 2026-09-30 10:02 或带时差的 RFC 3339 时刻",
                "an instant like 2026-09-30 10:02, or RFC 3339 with an offset");
    else if (before && before->at_ms > row->at_ms)
        fault(reading, COL_TIME, text, "不早于同一条线上一行的时刻",
                "an instant that is not before the row above of the same line");
}

static void who_read(const struct reading *reading)
{
    struct drama_row *row = reading->row;
    row->who = sheet_text(&reading->file->sheet, reading->at, COL_WHO, 64);
    const struct staff *staff = staff_find(reading->directory, row->who);
    const struct unit *unit = unit_find_code(reading->directory, row->who);
    if (!staff && unit)
        staff = staff_of_unit(reading->directory, unit->id, 0);
    row->hotline = strcmp(row->who, "hotline") == 0;
    row->resident = strcmp(row->who, "resident") == 0;
    row->handler = strcmp(row->who, "handler") == 0;
    if (g_str_has_prefix(row->who, "offered:"))
        row->offered = (size_t)g_ascii_strtoull(row->who + 8, NULL, 10);
    bool then = row->handler || row->offered > 0;
    row->actor = staff ? staff->code : "";
    bool nobody = !*row->who || row->hotline || row->resident;
    if (!staff && !nobody && !then)
        fault(reading, COL_WHO, row->who,
                "人员工号、有人员的单位编码、handler、offered:序号、hotline、resident 或空",
                "a code of staff, of a unit that has staff, handler, offered:N, hotline, resident, "
                "or nothing");
    else if (row->verb && row->verb->kind == DRAMA_ACT && !staff && !then &&
             !(*row->who && strcmp(row->verb->word, "follow-up") == 0))
        fault(reading, COL_WHO, row->who, "人员工号、有人员的单位编码、handler 或 offered:序号",
                "a code of staff, of a unit that has staff, handler, or offered:N");
    if (row->verb && row->verb->kind == DRAMA_RECONCILE && !row->hotline)
        fault(reading, COL_WHO, row->who, "hotline", "hotline");
    if (row->verb && row->verb->kind == DRAMA_REPORT && !*row->who)
        fault(reading, COL_WHO, row->who, "上报的人", "who reports");
    if (row->verb && row->verb->kind == DRAMA_FOLLOW && !row->resident)
        fault(reading, COL_WHO, row->who, "resident", "resident");
}

static void verb_read(const struct reading *reading)
{
    const char *text = sheet_need(&reading->file->sheet, reading->at, COL_VERB, 40);
    g_autoptr(GString) words = g_string_new(NULL);
    reading->row->verb = drama_verb_find(text);
    drama_verbs_list(words);
    if (*text && !reading->row->verb)
        fault(reading, COL_VERB, text, words->str, words->str);
}

static void case_read(const struct reading *reading)
{
    struct drama_file *file = reading->file;
    struct drama_row *row = reading->row;
    size_t at = 0;
    row->alias = sheet_text(&file->sheet, reading->at, COL_CASE, 32);
    if (!row->verb || row->verb->kind == DRAMA_FIGURES || row->verb->kind == DRAMA_OUTCOMES ||
            row->verb->kind == DRAMA_RECONCILE || (!*row->alias && row->verb->kind == DRAMA_SKIP))
        return;
    while (at < file->alias_count && strcmp(file->aliases[at], row->alias) != 0)
        at++;
    row->case_at = at;
    if (at < file->alias_count)
        return;
    if (!*row->alias || (row->verb->kind != DRAMA_REPORT && row->verb->kind != DRAMA_SKIP))
        fault(reading, COL_CASE, row->alias, "前面某行 report 给出的案件代号",
                "the name of a case that a report further up has given");
    else if (file->alias_count == DRAMA_CASES_MAX)
        fault(reading, COL_CASE, row->alias, "最多 200 个案件", "at most 200 cases");
    else if (row->verb->kind == DRAMA_REPORT)
        file->aliases[file->alias_count++] = row->alias;
}

static void units_check(const struct reading *reading, const char *value)
{
    g_auto(GStrv) codes = g_strsplit(value, ",", -1);
    for (char **it = codes; *it; it++)
        if (!unit_find_code(reading->directory, g_strstrip(*it)))
            fault(reading, COL_WITH, *it, "units.csv 里的单位编码", "a unit's code of units.csv");
    if (g_strv_length(codes) > CASE_ACT_UNITS_MAX)
        fault(reading, COL_WITH, value, "最多 8 个单位", "at most 8 units");
}

static bool number_fits(const char *value)
{
    char *end = NULL;
    gint64 number = g_ascii_strtoll(value, &end, 10);
    return *value && !*end && number >= 0 && number <= INT32_MAX;
}

static bool alias_known(const struct drama_file *file, const char *alias)
{
    for (size_t i = 0; i < file->alias_count; i++)
        if (strcmp(file->aliases[i], alias) == 0)
            return true;
    return false;
}

static void value_check(const struct reading *reading, const struct drama_pair *pair)
{
    static const char *const numbers[] = {"minutes", "part", "score", NULL};
    struct evidence evidence[EVIDENCE_MAX];
    double point[2];
    int64_t at_ms;
    int count;
    if (strcmp(pair->key, "unit") == 0 || strcmp(pair->key, "units") == 0 ||
            strcmp(pair->key, "place") == 0 || strcmp(pair->key, "to") == 0)
        units_check(reading, pair->value);
    else if (g_strv_contains(numbers, pair->key) && !number_fits(pair->value))
        fault(reading, COL_WITH, pair->value, "非负整数", "a whole number");
    else if (strcmp(pair->key, "evidence") == 0 && !evidence_parse(pair->value, evidence, &count))
        fault(reading, COL_WITH, pair->value, "形如 photo4+seizure_list",
                "kinds of evidence like photo4+seizure_list");
    else if (strcmp(pair->key, "point") == 0 && !drama_point_read(pair->value, point))
        fault(reading, COL_WITH, pair->value, "经度,纬度", "longitude,latitude");
    else if (strcmp(pair->key, "promised") == 0 &&
             !drama_instant_parse(pair->value, 0, reading->row->at_ms, &at_ms))
        fault(reading, COL_WITH, pair->value, "时刻", "an instant");
    else if (strcmp(pair->key, "into") == 0 && !alias_known(reading->file, pair->value))
        fault(reading, COL_WITH, pair->value, "前面某行 report 给出的案件代号",
                "the name of a case that a report further up has given");
    else if (reading->row->verb->kind == DRAMA_FOLLOW &&
             strcmp(pair->value, DRAMA_CODE_WRONG) != 0 && !alias_known(reading->file, pair->value))
        fault(reading, COL_WITH, pair->value, "wrong,或前面某行 report 给出的案件代号",
                "wrong, or the name of a case that a report further up has given");
    else if (strcmp(pair->key, "matter") == 0 && !matter_find_code(reading->directory, pair->value))
        fault(reading, COL_WITH, pair->value, "matters.csv 里的事项编码",
                "a matter's code of matters.csv");
}

static void with_read(const struct reading *reading)
{
    struct drama_row *row = reading->row;
    pairs_read(reading, COL_WITH, &row->with);
    if (!row->verb)
        return;
    bool report = row->verb->kind == DRAMA_REPORT, act = row->verb->kind == DRAMA_ACT;
    bool follow = row->verb->kind == DRAMA_FOLLOW;
    for (size_t i = 0; i < row->with.count; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof KEYS / sizeof *KEYS; k++)
            known = known || (strcmp(KEYS[k].key, row->with.list[i].key) == 0 &&
                                     ((KEYS[k].report && report) || (KEYS[k].act && act) ||
                                             (KEYS[k].follow && follow)));
        if (known)
            value_check(reading, &row->with.list[i]);
        else
            fault(reading, COL_WITH, row->with.list[i].key, "这个动作可以带的项,见 docs/stories.md",
                    "what this verb takes, see docs/stories.md");
    }
    if (report && !drama_pair_find(&row->with, "matter") && !drama_pair_find(&row->with, "again") &&
            !drama_pair_find(&row->with, "urges"))
        fault(reading, COL_WITH, "", "matter=事项编码", "matter=CODE");
}

static void verdict_read(const struct reading *reading)
{
    static const char *const words[] = {"applied", "duplicate", "refused", "not_found", "conflict"};
    struct drama_row *row = reading->row;
    const char *text = sheet_text(&reading->file->sheet, reading->at, COL_VERDICT, 80);
    row->reason = "";
    if (!*text)
        return;
    if (g_str_has_prefix(text, "refused:") && text[8]) {
        row->verdict = VERDICT_REFUSED;
        row->reason = text + 8;
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], text) == 0) {
            row->verdict = (enum verdict)i;
            return;
        }
    fault(reading, COL_VERDICT, text,
            "applied、duplicate、refused、refused:规则名、not_found、conflict",
            "applied, duplicate, refused, refused:RULE, not_found or conflict");
}

static void expect_read(const struct reading *reading)
{
    struct drama_row *row = reading->row;
    bool figures = row->verb && row->verb->kind == DRAMA_FIGURES;
    pairs_read(reading, COL_EXPECT, &row->expect);
    for (size_t i = 0; i < row->expect.count; i++) {
        char form[DRAMA_FACT_SIZE];
        const struct drama_pair *pair = &row->expect.list[i];
        if (!drama_fact_known(pair->key, figures))
            fault(reading, COL_EXPECT, pair->key, "docs/stories.md 列出的事实之一",
                    "one of the facts of docs/stories.md");
        else if (!drama_fact_form(reading->directory, row->at_ms, pair->key, pair->value, form))
            fault(reading, COL_EXPECT, pair->value, "这个事实的值:时刻、单位编码或文字",
                    "a value for that fact: an instant, units' codes or a word");
    }
}

/* "NAME" in the same line, or "LINE:NAME". */
static struct drama_row *row_meant(struct drama_file *file, const char *line, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);
    bool whole = parts[0] && parts[1];
    const char *name = whole ? parts[1] : text;
    for (size_t i = 0; *name && i < file->count; i++)
        if (strcmp(file->rows[i].line, whole ? parts[0] : line) == 0 &&
                strcmp(file->rows[i].name, name) == 0)
            return &file->rows[i];
    return NULL;
}

static void needs_read(const struct reading *reading)
{
    struct drama_row *row = reading->row;
    const char *cell = sheet_text(&reading->file->sheet, reading->at, COL_NEEDS, 200);
    g_auto(GStrv) words = g_strsplit(cell, " ", -1);
    for (char **it = words; *it; it++) {
        const char *name = **it == '!' ? *it + 1 : *it;
        if (!**it)
            continue;
        if (!row_meant(reading->file, row->line, name) || row->need_count == DRAMA_NEEDS_MAX)
            fault(reading, COL_NEEDS, name, "上面某行的 name,别的线写成 线:name,最多 8 个",
                    "the name of a row further up, LINE:NAME in another line, at most 8 of them");
        else
            row->needs[row->need_count++] = owned(reading->file, g_strdup(*it));
    }
}

static const struct drama_row *row_before(
        const struct drama_file *file, const struct drama_row *row)
{
    for (const struct drama_row *it = row; it-- > file->rows;)
        if (strcmp(it->line, row->line) == 0)
            return it;
    return NULL;
}

static void row_read(struct reading *reading)
{
    struct drama_file *file = reading->file;
    struct drama_row *row = reading->row;
    row->place = sheet_place(&file->sheet, reading->at);
    row->line = sheet_need(&file->sheet, reading->at, COL_LINE, 16);
    row->name = sheet_text(&file->sheet, reading->at, COL_NAME, 40);
    row->zh = sheet_need(&file->sheet, reading->at, COL_ZH, CELL_MAX);
    row->en = sheet_need(&file->sheet, reading->at, COL_EN, CELL_MAX);
    needs_read(reading);
    time_read(reading, row_before(file, row));
    verb_read(reading);
    who_read(reading);
    case_read(reading);
    with_read(reading);
    verdict_read(reading);
    expect_read(reading);
    for (const struct drama_row *other = file->rows; *row->name && other < row; other++)
        if (strcmp(other->line, row->line) == 0 && strcmp(other->name, row->name) == 0)
            fault(reading, COL_NAME, row->name, "在一条线里只出现一次的名字",
                    "a name that is there once in its line");
}

static int by_time(const void *left, const void *right)
{
    const struct drama_row *a = *(struct drama_row *const *)left;
    const struct drama_row *b = *(struct drama_row *const *)right;
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return (a > b) - (a < b);
}

bool drama_file_read(const char *path,
        const struct directory *directory,
        struct faults *faults,
        struct drama_file *ret)
{
    char *dir = g_path_get_dirname(path), *name = g_path_get_basename(path);
    *ret = (struct drama_file){.owned = g_ptr_array_new_with_free_func(g_free)};
    owned(ret, dir);
    ret->sheet = (struct sheet){.file = owned(ret, name),
            .columns = COLUMNS,
            .column_count = COLUMN_COUNT,
            .faults = faults};
    if (!sheet_open(&ret->sheet, dir, true, false))
        return false;
    size_t rows = sheet_rows(&ret->sheet) - ret->sheet.first;
    if (rows > DRAMA_ROWS_MAX) {
        sheet_fault(&ret->sheet, 0, COL_LINE, "有 %zu 行,最多 %d 行",
                "found %zu rows, expected at most %d", rows, DRAMA_ROWS_MAX);
        return false;
    }
    ret->rows = g_new0(struct drama_row, rows + 1);
    ret->order = g_new0(struct drama_row *, rows + 1);
    for (; ret->count < rows; ret->count++) {
        struct reading reading = {
                ret, directory, &ret->rows[ret->count], ret->sheet.first + ret->count};
        ret->order[ret->count] = reading.row;
        row_read(&reading);
    }
    qsort(ret->order, ret->count, sizeof(struct drama_row *), by_time);
    return faults->count == 0;
}

void drama_file_fini(struct drama_file *file)
{
    if (file->owned)
        g_ptr_array_free(file->owned, TRUE);
    g_free(file->rows);
    g_free(file->order);
    sheet_fini(&file->sheet);
    *file = (struct drama_file){0};
}

/* Rows stand behind those that they need, so one pass is enough. */
static void needs_follow(struct drama_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        struct drama_row *row = &file->rows[i];
        for (size_t k = 0; k < row->need_count; k++) {
            bool without = *row->needs[k] == '!';
            const struct drama_row *other = row_meant(file, row->line, row->needs[k] + without);
            must(other);
            row->out = row->out || other->out != without;
        }
    }
}

bool drama_file_choose(
        struct drama_file *file, char **without, char **lines, const char **ret_wrong)
{
    for (char **it = without; it && *it; it++) {
        struct drama_row *row = row_meant(file, "", *it);
        *ret_wrong = *it;
        if (!row)
            return false;
        row->out = true;
    }
    needs_follow(file);
    for (char **it = lines; it && *it; it++) {
        bool found = false;
        for (size_t i = 0; i < file->count; i++)
            found = found || strcmp(file->rows[i].line, *it) == 0;
        *ret_wrong = *it;
        if (!found)
            return false;
    }
    for (size_t i = 0; lines && *lines && i < file->count; i++)
        if (!g_strv_contains((const char *const *)lines, file->rows[i].line))
            file->rows[i].out = true;
    return true;
}
