/* matters.csv: the catalogue. Every column that takes words has them checked here, by the tables
 * that services read them with (kernel/base/pure_catalogue.h); whom a row names is checked when all
 * units are known, in profile_check.c. */
#include "services/ctl/profile.h"
#include "services/kernel/base/pure_catalogue.h"

#define MINUTES_MAX 5256000 /* ten years */

/* Columns of matters.csv: the texts, the numbers, then the two that are words of ours. */
enum {
#define X(name) MATTER_##name,
    MATTER_TEXTS(X) MATTER_NUMBERS(X)
#undef X
            MATTER_start_level,
    MATTER_handler_kind,
    MATTER_COLUMNS
};

static const struct column MATTER_COLUMN[MATTER_COLUMNS] = {
#define X(name) {#name, false},
        MATTER_TEXTS(X) MATTER_NUMBERS(X)
#undef X
                {"start_level", false},
        {"handler_kind", false},
};

static const char *const LEVEL_WORDS[] = {
#define X(name, number, text) text,
        LEVEL_TABLE(X)
#undef X
                NULL};
static const char *const HANDLER_WORDS[] = {
#define X(name, number, text) text,
        HANDLER_TABLE(X)
#undef X
                NULL};

/* The columns whose words are tables of the catalogue; an empty cell is a table's first word. */
static void words_check(const struct sheet *sheet, size_t row)
{
    static const size_t columns[CATALOGUE_COLUMNS] = {
#define X(name, text, words) [name] = MATTER_##text,
            CATALOGUE_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < CATALOGUE_COLUMNS; i++)
        if (*sheet_text(sheet, row, columns[i], TEXT_SIZE_MAX) != '\0')
            (void)sheet_word(sheet, row, columns[i], catalogue_words((enum catalogue_column)i));
}

static void evidence_check(const struct sheet *sheet, size_t row)
{
    const char *text = sheet_text(sheet, row, MATTER_evidence, TEXT_SIZE_MAX);
    struct evidence evidence[EVIDENCE_MAX];
    int count = 0;
    if (evidence_parse(text, evidence, &count))
        return;
    g_autofree char *known = g_strjoinv(" ", (char **)(uintptr_t)EVIDENCE_WORDS);
    sheet_fault(sheet, row, MATTER_evidence,
            "“%s”不行,应为最多 %d 种用 + 连接、各出现一次,后面可带 1 到 %d 的数量:%s",
            "found \"%s\", expected at most %d kinds joined by +, each once, with a number from 1 "
            "to %d behind it if it is not one: %s",
            text, EVIDENCE_MAX, EVIDENCE_TIMES_MAX, known);
}

static void matter_read(struct profile *profile, const struct sheet *sheet, size_t row)
{
    static const char *const clocks[] = {"all", "work", NULL};
    struct profile_matter matter = {.place = sheet_place(sheet, row)};
#define X(name)                                                                                    \
    matter.name = profile_text(profile, sheet_text(sheet, row, MATTER_##name, TEXT_SIZE_MAX));
    MATTER_TEXTS(X)
#undef X
#define X(name) matter.name = sheet_int(sheet, row, MATTER_##name, MINUTES_MAX);
    MATTER_NUMBERS(X)
#undef X
    (void)sheet_need(sheet, row, MATTER_code, CODE_SIZE_MAX);
    (void)sheet_need(sheet, row, MATTER_name_zh, NAME_SIZE_MAX);
    (void)sheet_need(sheet, row, MATTER_name_en, NAME_SIZE_MAX);
    (void)sheet_word(sheet, row, MATTER_clock, clocks);
    words_check(sheet, row);
    evidence_check(sheet, row);
    /* The first word of both tables is "none", which a matter cannot be. */
    matter.start_level = (int32_t)sheet_word(sheet, row, MATTER_start_level, LEVEL_WORDS + 1) + 1;
    matter.handler_kind =
            (int32_t)sheet_word(sheet, row, MATTER_handler_kind, HANDLER_WORDS + 1) + 1;
    g_array_append_val(profile->matters, matter);
}

void profile_matters_read(struct profile *profile)
{
    struct sheet sheet = {.file = "matters.csv",
            .columns = MATTER_COLUMN,
            .column_count = MATTER_COLUMNS,
            .faults = &profile->faults};
    if (sheet_open(&sheet, profile->dir, true, false))
        for (size_t row = sheet.first; row < sheet_rows(&sheet); row++)
            matter_read(profile, &sheet, row);
    sheet_fini(&sheet);
}
