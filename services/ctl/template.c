/* The counts are a list of clauses; each gives a number to some of the places that have none
 * yet, in order of code. What is left over or asked for twice is an error: a total that happens
 * to fit must not hide a rule that does not. */
#include "services/ctl/template.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

struct counting {
    const struct template_place *places;
    size_t place_count;
    int *counts; /* -1: none yet */
    struct buf *why_zh, *why_en;
};

static bool counting_fail(struct counting *c, const char *zh, const char *en, const char *clause)
{
    buf_add_format(c->why_zh, "“%s”:%s", clause, zh);
    buf_add_format(c->why_en, "\"%s\": %s", clause, en);
    return false;
}

/* Gives `count` to at most `limit` places without one; returns to how many. */
static size_t counts_give(struct counting *c, int count, size_t limit)
{
    size_t given = 0;
    for (size_t i = 0; i < c->place_count && given < limit; i++) {
        if (c->counts[i] >= 0)
            continue;
        c->counts[i] = count;
        given++;
    }
    return given;
}

static bool place_named(const struct template_place *place, const char *name)
{
    return strcmp(place->code, name) == 0 || strcmp(place->name, name) == 0 ||
           strcmp(place->parent_code, name) == 0 || strcmp(place->parent_name, name) == 0;
}

/* Gives `count` to the places of that code or name, or that stand in a street of it. */
static size_t counts_name(struct counting *c, int count, const char *name)
{
    size_t given = 0;
    for (size_t i = 0; i < c->place_count; i++) {
        if (!place_named(&c->places[i], name))
            continue;
        c->counts[i] = count;
        given++;
    }
    return given;
}

static bool clause_matches(const char *pattern, const char *clause, GMatchInfo **ret)
{
    g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
    g_match_info_free(*ret);
    *ret = NULL;
    return g_regex_match(regex, clause, 0, ret);
}

static int match_int(const GMatchInfo *match, int group)
{
    g_autofree char *text = g_match_info_fetch(match, group);
    long value = strtol(text, NULL, 10);
    return value > COUNT_MAX ? COUNT_MAX : (int)value;
}

/* Clauses that name places: they go first, so that "elsewhere" and "the first 133" mean the
 * others. Returns whether it was such a clause. */
static bool clause_named(struct counting *c, const char *clause, bool *ok)
{
    g_autoptr(GMatchInfo) match = NULL;
    if (clause_matches("^(\\d+) \\(not (.+)\\)$", clause, &match)) {
        g_autofree char *names = g_match_info_fetch(match, 2);
        g_auto(GStrv) list = g_strsplit(names, " ", -1);
        for (size_t i = 0; list[i] != NULL; i++)
            if (counts_name(c, 0, list[i]) == 0)
                *ok = counting_fail(c, "没有这个地点", "there is no such place", list[i]);
        return false; /* its number is for the rest */
    }
    if (!clause_matches("^(\\d+) in (?!the )(.+?)(?: \\((.+)\\))?$", clause, &match))
        return false;
    g_autofree char *name = g_match_info_fetch(match, 2), *code = g_match_info_fetch(match, 3);
    const char *key = code != NULL && *code != '\0' ? code : name;
    if (counts_name(c, match_int(match, 1), key) == 0)
        *ok = counting_fail(c, "没有这个地点", "there is no such place", key);
    return true;
}

static bool clause_rest(struct counting *c, const char *clause)
{
    g_autoptr(GMatchInfo) match = NULL;
    if (clause_matches("^(\\d+)(?: \\(not .+\\))?$", clause, &match)) {
        counts_give(c, match_int(match, 1), c->place_count);
        return true;
    }
    if (!clause_matches(
                "^(\\d+) in the (first|next|other) (\\d+)(?: \\w+)?(?: by code)?$", clause, &match))
        return counting_fail(c, "看不懂", "not understood", clause);
    g_autofree char *which = g_match_info_fetch(match, 2);
    size_t wanted = (size_t)match_int(match, 3);
    if (counts_give(c, match_int(match, 1), wanted) < wanted)
        return counting_fail(c, "没有这么多地点", "there are not so many places", clause);
    if (strcmp(which, "other") == 0 && counts_give(c, 0, 1) > 0)
        return counting_fail(c, "还有更多地点", "there are more places than that", clause);
    return true;
}

bool template_counts(const char *text,
        const struct template_place *places,
        size_t place_count,
        int *counts,
        struct buf *why_zh,
        struct buf *why_en)
{
    struct counting c = {places, place_count, counts, why_zh, why_en};
    g_autoptr(GRegex) separator =
            g_regex_new("\\s*(?:;|,|\\band\\b)\\s*(?:elsewhere\\s+)?", 0, 0, NULL);
    g_auto(GStrv) clauses = g_regex_split(separator, text, 0);
    size_t count = g_strv_length(clauses);
    g_autofree bool *named = g_new0(bool, count + 1);
    bool ok = true;
    for (size_t i = 0; i < place_count; i++)
        counts[i] = -1;
    for (size_t i = 0; i < count; i++)
        named[i] = clause_named(&c, clauses[i], &ok);
    for (size_t i = 0; ok && i < count; i++)
        ok = named[i] || clause_rest(&c, clauses[i]);
    if (ok && counts_give(&c, 0, 1) > 0)
        ok = counting_fail(&c, "有地点没有数量", "some places get no number", text);
    return ok;
}

bool template_range(const char *text, int *ret_first, int *ret_last, int *ret_width)
{
    g_autoptr(GMatchInfo) match = NULL;
    if (!clause_matches("\\{(\\d{1,6})\\.\\.(\\d{0,6})\\}", text, &match))
        return false;
    g_autofree char *first = g_match_info_fetch(match, 1);
    *ret_first = match_int(match, 1);
    *ret_last = match_int(match, 2);
    *ret_width = (int)strlen(first);
    return true;
}

/* The value of the word between braces; NULL: not one of ours. */
static const char *word_value(const struct template_values *values, const char *word, size_t size)
{
    const struct {
        const char *word, *value;
    } words[] = {{"S", values->street}, {"V", values->village}, {"镇街名", values->street_name},
            {"村社区名", values->village_name}, {"U", values->unit}, {"UN", values->unit_name},
            {"C", values->capabilities}};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strlen(words[i].word) == size && memcmp(words[i].word, word, size) == 0)
            return words[i].value;
    return NULL;
}

/* Handles one {…} at `text`; returns its length, 0 when it is left as it is. */
static size_t brace_expand(
        const char *text, const struct template_values *values, struct buf *out, bool *numbered)
{
    size_t size = strcspn(text, "}");
    if (text[size] == '\0')
        return 0;
    g_autofree char *word = g_strndup(text + 1, size - 1);
    const char *value = word_value(values, word, size - 1);
    if (value != NULL) {
        buf_add_text(out, value);
        return size + 1;
    }
    bool range = g_ascii_isdigit(word[0]) && strstr(word, "..") != NULL;
    if (!range && strcmp(word, "N") != 0)
        return 0;
    buf_add_format(out, "%0*d", range ? values->width : 1, values->number);
    *numbered = true;
    return size + 1;
}

bool template_expand(const char *text, const struct template_values *values, struct buf *out)
{
    static const char nth[] = "第N";
    bool numbered = false;
    while (*text != '\0') {
        size_t taken = *text == '{' ? brace_expand(text, values, out, &numbered) : 0;
        if (taken == 0 && strncmp(text, nth, sizeof(nth) - 1) == 0) {
            buf_add_format(out, "第%d", values->number);
            numbered = true;
            taken = sizeof(nth) - 1;
        }
        if (taken == 0) {
            buf_add(out, text, 1);
            taken = 1;
        }
        text += taken;
    }
    return numbered;
}
