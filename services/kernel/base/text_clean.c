/* See text_clean.h. Characters are left out before the text is normalised, because what stood
 * apart may then compose. GLib normalises; it sorts the marks upon one character by exchanging
 * neighbours, so their number is limited before. Most texts here are Chinese and ASCII and pass
 * untouched. */
#include "services/kernel/base/text_clean.h"
#include <glib.h>
#include <string.h>
#include "services/kernel/base/pure_text.h"

/* First and last of what is left out, in order. What selects a form (variation selectors, Mongolian
 * ones too) stays: it is part of how a name is written. */
static const gunichar unseen[][2] = {{0x00ad, 0x00ad}, /* soft hyphen */
        {0x034f, 0x034f},                              /* grapheme joiner */
        {0x061c, 0x061c},                              /* Arabic letter mark */
        {0x115f, 0x1160},                              /* Hangul fillers */
        {0x200b, 0x200f},                              /* zero-width space to right-to-left mark */
        {0x202a, 0x202e},                              /* embeddings and overrides */
        {0x2060, 0x206f},    /* word joiner to the old format characters */
        {0x3164, 0x3164},    /* Hangul filler */
        {0xfeff, 0xfeff},    /* byte order mark */
        {0xffa0, 0xffa0},    /* half-width Hangul filler */
        {0xfff9, 0xfffb},    /* interlinear annotation */
        {0x1d173, 0x1d17a},  /* musical formatting */
        {0xe0000, 0xe007f}}; /* tags */

static bool char_unseen(gunichar character)
{
    size_t i = 0;
    while (i < G_N_ELEMENTS(unseen) && character > unseen[i][1])
        i++;
    return i < G_N_ELEMENTS(unseen) && character >= unseen[i][0];
}

static bool char_parts_lines(gunichar character)
{
    return character == 0x2028 || character == 0x2029;
}

/* Neither left out nor changed, whatever stands beside it: up to U+02FF without the soft hyphen,
 * the usual dashes and quotation marks, and the Chinese blocks with their signs. */
static bool char_plain(gunichar character)
{
    return (character < 0x300 && character != 0xad) ||
           (character >= 0x2010 && character <= 0x2027) ||
           (character >= 0x3000 && character < 0x3029) ||
           (character >= 0x4e00 && character <= 0x9fff) ||
           (character >= 0xff01 && character <= 0xff5e);
}

bool text_has_unseen(const char *text)
{
    for (; *text; text = g_utf8_next_char(text))
        if (((unsigned char)*text & 0x80) && char_unseen(g_utf8_get_char(text)))
            return true;
    return false;
}

static bool text_is_plain(const char *text)
{
    for (; *text; text = g_utf8_next_char(text))
        if (((unsigned char)*text & 0x80) && !char_plain(g_utf8_get_char(text)))
            return false;
    return true;
}

/* False: too many marks upon one character. */
static bool seen_take(const char *text, GString *seen)
{
    int marks = 0;
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar character = g_utf8_get_char(text);
        if (char_unseen(character))
            continue;
        marks = g_unichar_combining_class(character) ? marks + 1 : 0;
        if (marks > TEXT_MARKS_MAX)
            return false;
        g_string_append_unichar(seen, char_parts_lines(character) ? '\n' : character);
    }
    return true;
}

enum err text_clean(const char *text, struct arena *arena, const char **ret)
{
    if (!text_valid(text, strlen(text)))
        return ERR_MALFORMED;
    if (text_is_plain(text)) {
        *ret = text;
        return OK;
    }
    enum err err = ERR_LIMIT;
    GString *seen = g_string_new(NULL);
    char *normal = seen_take(text, seen) ? g_utf8_normalize(seen->str, -1, G_NORMALIZE_NFC) : NULL;
    size_t size = normal ? strlen(normal) + 1 : 0;
    char *kept = normal ? arena_find(arena, size) : NULL;
    if (kept) {
        memcpy(kept, normal, size);
        *ret = kept;
        err = OK;
    }
    g_free(normal);
    (void)g_string_free(seen, TRUE);
    return err;
}
