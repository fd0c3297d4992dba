/* Words to numbers and lists to answers; tables and searches, nothing else. */
#include "services/kernel/base/pure_catalogue.h"

#include <stddef.h>
#include <string.h>

#include "services/kernel/base/must.h"

#define WORD(name, text, ...) text,
const char *const EVIDENCE_WORDS[] = {EVIDENCE_TABLE(WORD) NULL};

static const char *const *const column_words[CATALOGUE_COLUMNS] = {
#define X(name, text, words) [name] = (const char *const[]){words(WORD) NULL},
        CATALOGUE_TABLE(X)
#undef X
};

const char *const *catalogue_words(enum catalogue_column column)
{
    must(column < CATALOGUE_COLUMNS);
    return column_words[column];
}

int catalogue_word(enum catalogue_column column, const char *text)
{
    const char *const *words = catalogue_words(column);
    if (*text == 0) {
        return 0;
    }
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

static const struct {
    const char *word, *subject_zh, *subject_en;
    bool answered;
} intents[INTENT_COUNT] = {
#define X(name, number, text, zh, en, subject_zh, subject_en, answered)                            \
    [number] = {text, subject_zh, subject_en, answered},
        INTENT_TABLE(X)
#undef X
};

const char *intent_word(int64_t intent)
{
    return intent >= 0 && intent < INTENT_COUNT ? intents[intent].word : "";
}

enum intent intent_find(const char *word)
{
    int intent = 0;
    while (intent < INTENT_COUNT && strcmp(intents[intent].word, word) != 0) {
        intent++;
    }
    return (enum intent)intent;
}

const char *intent_subject(int64_t intent, bool english)
{
    must(intent >= 0 && intent < INTENT_COUNT);
    return english ? intents[intent].subject_en : intents[intent].subject_zh;
}

bool intent_answered(int64_t intent)
{
    return intent >= 0 && intent < INTENT_COUNT && intents[intent].answered;
}

/* The kind that a piece of `size` bytes begins with and how many of it; false: none. */
static bool evidence_piece(const char *text, size_t size, struct evidence *ret)
{
    size_t digits = 0;
    while (digits < size && text[size - 1 - digits] >= '0' && text[size - 1 - digits] <= '9') {
        digits++;
    }
    int count = 0;
    for (size_t i = size - digits; i < size && count <= EVIDENCE_TIMES_MAX; i++) {
        count = count * 10 + (text[i] - '0');
    }
    if (digits > 0 && (count < 1 || count > EVIDENCE_TIMES_MAX)) {
        return false;
    }
    for (uint8_t kind = 0; EVIDENCE_WORDS[kind] != NULL; kind++) {
        if (strlen(EVIDENCE_WORDS[kind]) == size - digits &&
                memcmp(EVIDENCE_WORDS[kind], text, size - digits) == 0) {
            *ret = (struct evidence){kind, digits > 0 ? (uint8_t)count : 1};
            return true;
        }
    }
    return false;
}

static bool evidence_has(const struct evidence *list, int count, uint8_t kind)
{
    for (int i = 0; i < count; i++) {
        if (list[i].kind == kind) {
            return true;
        }
    }
    return false;
}

bool evidence_parse(const char *text, struct evidence ret[EVIDENCE_MAX], int *ret_count)
{
    *ret_count = 0;
    while (*text != 0) {
        size_t size = strcspn(text, "+");
        struct evidence piece;
        if (*ret_count == EVIDENCE_MAX || !evidence_piece(text, size, &piece) ||
                evidence_has(ret, *ret_count, piece.kind)) {
            return false;
        }
        ret[(*ret_count)++] = piece;
        text += size;
        if (*text == '+' && *++text == 0) {
            return false;
        }
    }
    return true;
}

bool evidence_add(
        struct evidence list[EVIDENCE_KINDS], int *count, const char *kind, uint32_t times)
{
    uint8_t number = 0;
    while (EVIDENCE_WORDS[number] != NULL && strcmp(EVIDENCE_WORDS[number], kind) != 0) {
        number++;
    }
    if (EVIDENCE_WORDS[number] == NULL || evidence_has(list, *count, number) || times < 1 ||
            times > EVIDENCE_TIMES_MAX) {
        return false;
    }
    must(*count < EVIDENCE_KINDS);
    list[(*count)++] = (struct evidence){number, (uint8_t)times};
    return true;
}

struct evidence evidence_missing(const struct evidence *required,
        int required_count,
        const struct evidence *given,
        int count)
{
    for (int i = 0; i < required_count; i++) {
        int left = required[i].count;
        for (int k = 0; k < count; k++) {
            left -= given[k].kind == required[i].kind ? given[k].count : 0;
        }
        if (left > 0) {
            return (struct evidence){required[i].kind, (uint8_t)left};
        }
    }
    return (struct evidence){0, 0};
}

uint16_t evidence_pack(struct evidence missing)
{
    must(missing.count >= 1 && missing.kind < EVIDENCE_KINDS);
    return (uint16_t)(missing.kind << 8 | missing.count);
}

bool matter_listed(const char *list, const char *code)
{
    for (const char *word = list; *word != 0;) {
        size_t size = strcspn(word, ";");
        bool open = size > 0 && word[size - 1] == '*';
        size_t fixed = open ? size - 1 : size;
        if (size > 0 && strncmp(word, code, fixed) == 0 && (open || code[fixed] == 0)) {
            return true;
        }
        word += size + (word[size] == ';');
    }
    return false;
}
