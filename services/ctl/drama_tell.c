/* A story on the screen: when, on which line, what is done, and below it what the system made of
 * it: who got it, until when, which card; a refusal with its sentence; what was expected and not
 * found. At the end the table of figures. Ids stay out of it: a second run reads the same, and what
 * was told is digested without regard to the language. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/drama.h"
#include "services/ctl/names.h"
#include "services/ctl/site_directory.h"
#include "services/ctl/table.h"

#define INDENT "                    "

/* On the screen, or on standard error when the result is to be JSON. */
static void say(const struct drama *drama, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void say(const struct drama *drama, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *shown = text_shown(text);
    fprintf(drama->ctl->json ? stderr : stdout, "%s\n", shown);
}

static void digest_add(struct drama *drama, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void digest_add(struct drama *drama, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_checksum_update(drama->digest, (const guchar *)text, -1);
    g_checksum_update(drama->digest, (const guchar *)"\n", 1);
}

/* "09-30 10:02" */
static const char *when(const struct drama *drama, int64_t at_ms, char ret[INSTANT_SIZE])
{
    drama_instant_format(ret, at_ms, drama->utc_offset_s);
    return ret + 5;
}

static void head_say(const struct drama *drama, int64_t at_ms, const char *line, const char *text)
{
    char at[INSTANT_SIZE];
    say(drama, "%-11s  %-5s  %s", when(drama, at_ms, at), line, text);
}

void drama_tell_row(struct drama *drama, const struct drama_row *row)
{
    const char *text = drama->ctl->english ? row->en : row->zh;
    bool skip = row->verb->kind == DRAMA_SKIP;
    g_autofree char *skipped =
            g_strdup_printf("%s%s", drama->ctl->english ? "[skipped] " : "【略过】", text);
    digest_add(drama, "%s %s %" PRId64 " %s", row->line, row->name, row->at_ms, row->verb->word);
    head_say(drama, row->at_ms, row->line, skip ? skipped : text);
}

/* The same once more, or somebody else's report of what is a case already. */
static void duplicate_say(const struct drama *drama, const struct drama_row *row)
{
    bool joins = row->verb->kind == DRAMA_REPORT && !drama_pair_find(&row->with, "again");
    const char *zh = joins ? "已有同一件事的案件:编号相同,来电人记在该案上" : "已有:什么也没有改变";
    const char *en =
            joins ? "there is a case of the same thing: its number, and the caller is on it"
                  : "known already: nothing changes";
    say(drama, INDENT "%s", drama->ctl->english ? en : zh);
}

static void books_say(struct drama *drama)
{
    const char *tickets = drama->reconciled.tickets, *cases = drama->reconciled.cases;
    const char *digests = drama->reconciled.digests;
    const char *zh = strcmp(digests, "equal") == 0 ? "相等" : "不同";
    digest_add(drama, "%s %s %s", tickets, cases, digests);
    if (drama->ctl->english)
        say(drama, INDENT "on record: %s tickets, %s cases; digests %s", tickets, cases, digests);
    else
        say(drama, INDENT "在案:工单 %s 张,案件 %s 个;摘要%s", tickets, cases, zh);
}

void drama_tell_answer(
        struct drama *drama, const struct drama_row *row, const struct drama_answer *answer)
{
    digest_add(drama, "%d %" PRIu32, (int)answer->verdict, answer->reason);
    if (row->verb->kind == DRAMA_RECONCILE)
        books_say(drama);
    else if (row->verb->kind == DRAMA_OUTCOMES)
        say(drama, INDENT "%s%s",
                drama->ctl->english ? "fetched: " : "取回:", *answer->text ? answer->text : "-");
    else if (row->verb->kind == DRAMA_FOLLOW && answer->verdict == VERDICT_APPLIED)
        say(drama, INDENT "%s%s", drama->ctl->english ? "sees: " : "看到:", answer->text);
    else if (answer->verdict > VERDICT_DUPLICATE)
        say(drama, INDENT "%s%s", drama->ctl->english ? "refused: " : "不受理:", answer->text);
    else if (answer->verdict == VERDICT_DUPLICATE)
        duplicate_say(drama, row);
}

void drama_tell_lists(struct drama *drama)
{
    const struct {
        const char *zh, *en, *found;
    } lines[] = {{"在其工作清单上:", "on the work list of ", drama->listed},
            {"在其工作清单首位:", "at the top of the work list of ", drama->top},
            {"附近相似案件:", "similar cases: ", drama->similar}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (!*lines[i].found)
            continue;
        digest_add(drama, "%s%s", lines[i].en, lines[i].found);
        say(drama, INDENT "· %s%s", drama->ctl->english ? lines[i].en : lines[i].zh,
                lines[i].found);
    }
}

static void step_say(struct drama *drama,
        const struct drama_case *this,
        const struct story_row *step,
        bool clock)
{
    const struct ctl *ctl = drama->ctl;
    char due[INSTANT_SIZE] = "", number[UNIT_NUMBER_SIZE];
    const struct unit *unit = unit_find(drama->directory, step->unit);
    const char *code = unit ? unit->code : "";
    const char *name = unit_name(ctl, drama->directory, step->unit, number);
    const char *what = name_of(ctl, step->service, NAME_STEP, step->step);
    const char *until = ctl->english ? ", until " : ",期限 ";
    if (step->due_ms != 0)
        (void)when(drama, step->due_ms, due);
    digest_add(drama, "%s %s %s %s %s %" PRId64 " %" PRId64, this->alias,
            service_name(step->service), step->step, step->to, code, step->at_ms, step->due_ms);
    g_autofree char *text = g_strdup_printf("%s%s%s%s%s%s%s%s", what, *code ? " → " : "", name,
            *code ? " (" : "", code, *code ? ")" : "", *due ? until : "", *due ? due + 5 : "");
    if (!clock) {
        say(drama, INDENT "· %s", text);
        return;
    }
    g_autofree char *alone = g_strdup_printf("%s%s", ctl->english ? "[clock] " : "【到点】", text);
    head_say(drama, step->at_ms, this->alias, alone);
}

void drama_tell_news(struct drama *drama, bool clock)
{
    for (size_t i = 0; i < drama->file.alias_count; i++) {
        struct drama_case *this = &drama->cases[i];
        int32_t seen[SERVICE_COUNT];
        memcpy(seen, this->told, sizeof seen);
        for (size_t k = 0; this->id != 0 && k < this->step_count; k++) {
            const struct story_row *step = &this->steps[k];
            if (step->ver <= this->told[step->service])
                continue;
            step_say(drama, this, step, clock);
            if (step->ver > seen[step->service])
                seen[step->service] = step->ver;
        }
        memcpy(this->told, seen, sizeof seen);
    }
}

void drama_tell_difference(
        struct drama *drama, const char *key, const char *expected, const char *found)
{
    drama->wrong++;
    say(drama, INDENT "%s%s: %s%s; %s%s", drama->ctl->english ? "≠ " : "≠ ", key,
            drama->ctl->english ? "expected " : "应为 ", expected,
            drama->ctl->english ? "found " : "实为 ", found);
}

static char *label_of(const struct drama *drama, const char *key)
{
    static const struct {
        const char *key, *text;
    } own[] = {{"cases", CTL_TEXT("案件", "cases")}, {"open", CTL_TEXT("在办", "open")},
            {"closed", CTL_TEXT("结案", "closed")}, {"withdrawn", CTL_TEXT("撤回", "withdrawn")},
            {"referred_out", CTL_TEXT("转区外", "referred out")},
            {"tickets", CTL_TEXT("热线工单", "hotline tickets")}};
    char half[64];
    const char *dot = strchr(key, '.');
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(own[i].key, key) == 0)
            return g_strdup(ctl_text(drama->ctl, own[i].text, half, sizeof half));
    if (!dot)
        return g_strdup(key);
    if (*key == 's')
        return g_strdup_printf("%s%s", name_of(drama->ctl, SERVICE_ROUTING, NAME_STEP, dot + 1),
                drama->ctl->english ? " (times)" : "(次)");
    if (*key == 'u')
        return g_strdup_printf("%s%s", name_of(drama->ctl, SERVICE_ROUTING, NAME_STEP, dot + 1),
                drama->ctl->english ? " (units)" : "(单位)");
    g_auto(GStrv) parts = g_strsplit(dot + 1, "@", 2);
    for (size_t i = 0; i < METRIC_NAME_COUNT; i++)
        if (strcmp(METRIC_NAMES[i].word, parts[0]) == 0)
            return g_strdup_printf("%s%s%s",
                    drama->ctl->english ? METRIC_NAMES[i].en : METRIC_NAMES[i].zh,
                    parts[1] ? " @ " : "", parts[1] ? parts[1] : "");
    return g_strdup(dot + 1);
}

static const struct drama_line *line_find(const struct drama_sheet *sheet, const char *key)
{
    for (guint i = 0; i < sheet->lines->len; i++) {
        const struct drama_line *line = &g_array_index(sheet->lines, struct drama_line, i);
        if (strcmp(line->key, key) == 0)
            return line;
    }
    return NULL;
}

/* Every figure that some sheet has, in the order in which they come. */
static GPtrArray *keys_of(const struct drama *drama)
{
    GPtrArray *keys = g_ptr_array_new();
    for (guint i = 0; i < drama->sheets->len; i++) {
        const struct drama_sheet *sheet = g_ptr_array_index(drama->sheets, i);
        for (guint k = 0; k < sheet->lines->len; k++) {
            char *key = (char *)(uintptr_t)g_array_index(sheet->lines, struct drama_line, k).key;
            if (!g_ptr_array_find_with_equal_func(keys, key, g_str_equal, NULL))
                g_ptr_array_add(keys, key);
        }
    }
    return keys;
}

static void table_head(const struct drama *drama, struct table *table)
{
    table_cell(table, "");
    for (guint i = 0; i < drama->sheets->len; i++) {
        const struct drama_sheet *sheet = g_ptr_array_index(drama->sheets, i);
        table_cell(table, drama->ctl->english ? sheet->row->en : sheet->row->zh);
        table_cell(table, drama->ctl->english ? "found" : "实为");
    }
}

static void figures_print(const struct drama *drama)
{
    TABLE_OWNED table;
    g_autoptr(GPtrArray) keys = keys_of(drama);
    if (drama->sheets->len == 0 || drama->sheets->len > (TABLE_COLUMNS_MAX - 1) / 2) {
        table_init(&table, 1, 0);
        return;
    }
    table_init(&table, 1 + 2 * drama->sheets->len, 0);
    table_head(drama, &table);
    for (guint k = 0; k < keys->len; k++) {
        g_autofree char *label = label_of(drama, g_ptr_array_index(keys, k));
        table_cell(&table, label);
        for (guint i = 0; i < drama->sheets->len; i++) {
            const struct drama_line *line =
                    line_find(g_ptr_array_index(drama->sheets, i), g_ptr_array_index(keys, k));
            table_cell(&table, line ? line->expected : "");
            table_cell(&table, line ? line->found : "");
        }
    }
    putchar('\n');
    table_print(&table, "  ");
}

static json_t *figures_json(const struct drama *drama)
{
    json_t *all = json_array();
    for (guint i = 0; i < drama->sheets->len; i++) {
        const struct drama_sheet *sheet = g_ptr_array_index(drama->sheets, i);
        json_t *found = json_object();
        for (guint k = 0; k < sheet->lines->len; k++) {
            const struct drama_line *line = &g_array_index(sheet->lines, struct drama_line, k);
            json_object_set_new(found, line->key, json_string(line->found));
        }
        json_array_append_new(all, found);
    }
    return all;
}

void drama_tell_end(struct drama *drama)
{
    g_autofree char *digest = g_strdup(g_checksum_get_string(drama->digest));
    if (drama->ctl->json) {
        ctl_json(json_pack("{s:I, s:I, s:I, s:o, s:s}", "rows", (json_int_t)drama->done, "skipped",
                (json_int_t)drama->skipped, "differences", (json_int_t)drama->wrong, "figures",
                figures_json(drama), "digest", digest));
        return;
    }
    figures_print(drama);
    ctl_print(drama->ctl, "\n%zu 行,略过 %zu 行,与故事不符 %zu 处\n摘要 %s\n",
            "\n%zu rows, %zu skipped, %zu differences\ndigest %s\n", drama->done, drama->skipped,
            drama->wrong, digest);
}
