/* Compares what a row expected with what is found: the verdict, what was said, the facts. A row of
 * figures fills a column of the table at the end besides. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/drama.h"
#include "services/ctl/refusals.h"

static const char *verdict_word(enum verdict verdict)
{
    static const char *const words[] = {"applied", "duplicate", "refused", "not_found", "conflict"};
    return verdict < sizeof words / sizeof *words ? words[verdict] : "?";
}

static void verdict_check(
        struct drama *drama, const struct drama_row *row, const struct drama_answer *answer)
{
    char expected[96], found[96], number[16];
    const char *word = *answer->word ? answer->word : refusal_name(row->verb->dest, answer->reason);
    snprintf(number, sizeof number, "%" PRIu32, answer->reason);
    bool named = answer->verdict == VERDICT_REFUSED && *row->reason;
    snprintf(expected, sizeof expected, "%s%s%.60s", verdict_word(row->verdict),
            *row->reason ? ":" : "", row->reason);
    snprintf(found, sizeof found, "%s%s%.60s", verdict_word(answer->verdict), named ? ":" : "",
            named ? (*word ? word : number) : "");
    if (strcmp(expected, found) != 0)
        drama_tell_difference(drama, "verdict", expected, found);
}

/* One of the phrases between "|" is in what was said. */
static bool phrase_in(const char *text, const char *phrases)
{
    g_auto(GStrv) list = g_strsplit(phrases, "|", -1);
    for (char **it = list; *it; it++)
        if (**it && strstr(text, *it))
            return true;
    return false;
}

static void case_check(
        struct drama *drama, const struct drama_row *row, const struct drama_answer *answer)
{
    const struct drama_case *this = &drama->cases[row->case_at];
    if (answer->case_id != 0 && answer->case_id != this->id)
        drama_tell_difference(drama, "case", this->number, answer->number);
}

static void figure_keep(
        struct drama_sheet *sheet, const char *key, const char *expected, const char *found)
{
    struct drama_line line = {key, g_strdup(expected), g_strdup(found)};
    g_array_append_val(sheet->lines, line);
}

void drama_sheet_free(void *self)
{
    struct drama_sheet *sheet = self;
    for (guint i = 0; i < sheet->lines->len; i++) {
        g_free(g_array_index(sheet->lines, struct drama_line, i).expected);
        g_free(g_array_index(sheet->lines, struct drama_line, i).found);
    }
    g_array_free(sheet->lines, TRUE);
    g_free(sheet);
}

static void fact_check(struct drama *drama,
        const struct drama_row *row,
        const struct drama_answer *answer,
        const struct drama_pair *pair,
        struct drama_sheet *sheet)
{
    char expected[DRAMA_FACT_SIZE] = "", found[DRAMA_FACT_SIZE] = "-";
    bool said = strcmp(pair->key, "says") == 0;
    bool tickets = strcmp(pair->key, "tickets") == 0 && !sheet;
    const char *reconciled =
            row->verb->kind == DRAMA_RECONCILE ? drama_reconciled_find(drama, pair->key) : NULL;
    if (!drama_fact_form(drama->directory, row->at_ms, pair->key, pair->value, expected))
        return; /* the file's check has said so */
    if (reconciled)
        snprintf(found, sizeof found, "%s", reconciled);
    else if (said || tickets)
        snprintf(found, sizeof found, "%.*s", DRAMA_FACT_SIZE - 1, answer->text);
    else
        (void)drama_fact(drama, row, pair->key, found);
    bool phrase = said || g_str_has_prefix(pair->key, "text.");
    bool same = phrase ? phrase_in(found, expected) : strcmp(found, expected) == 0;
    if (!same)
        drama_tell_difference(drama, pair->key, expected, found);
    if (sheet)
        figure_keep(sheet, pair->key, expected, found);
}

void drama_row_check(
        struct drama *drama, const struct drama_row *row, const struct drama_answer *answer)
{
    struct drama_sheet *sheet = NULL;
    if (row->verb->kind == DRAMA_FIGURES) {
        sheet = g_new0(struct drama_sheet, 1);
        sheet->row = row;
        sheet->lines = g_array_new(FALSE, TRUE, sizeof(struct drama_line));
        g_ptr_array_add(drama->sheets, sheet);
    }
    verdict_check(drama, row, answer);
    case_check(drama, row, answer);
    for (size_t i = 0; i < row->expect.count; i++)
        fact_check(drama, row, answer, &row->expect.list[i], sheet);
}
