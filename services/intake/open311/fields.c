/* See fields.h. The parts are split strictly: a body begins and ends with its boundary, every part
 * has a name, nothing is nested. */
#include "services/intake/open311/fields.h"
#include <string.h>
#include <strings.h>
#include "services/kernel/base/pure_text.h"

void fields_init(struct fields *fields, struct arena *arena)
{
    *fields = (struct fields){.arena = arena, .list = arena_array(arena, struct field, FIELDS_MAX)};
}

static bool control_find(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool line = *at == '\n' || *at == '\t' || *at == '\r';
        if ((*at < 0x20 && !line) || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f))
            return true;
    }
    return false;
}

static const char *sentence(struct fields *fields, const char *name, const char *what)
{
    size_t size = strlen(name);
    size_t more = strlen(what);
    char *text = arena_get(fields->arena, size + more + 3);
    memcpy(text, name, size);
    memcpy(text + size, ": ", 2);
    memcpy(text + size + 2, what, more);
    return text;
}

/* A name is checked before it stands in any sentence. */
static enum err name_check(const char *name, const char **ret_why)
{
    size_t size = strlen(name);
    if (text_valid(name, size) && !control_find(name) && size && size <= FIELD_NAME_MAX)
        return OK;
    *ret_why = "A field's name must be 1 to 200 bytes of UTF-8.";
    return ERR_MALFORMED;
}

/* Forms end their lines with CR and LF, whatever was typed (HTML): one LF says as much. */
static void lines_tidy(struct fields *fields, struct field *field)
{
    if (field->file || !field->value || !memchr(field->value, '\r', field->size))
        return;
    char *tidy = arena_get(fields->arena, field->size + 1);
    size_t size = 0;
    for (size_t i = 0; i < field->size; i++)
        if (field->value[i] != '\r' || field->value[i + 1] != '\n')
            tidy[size++] = field->value[i];
    tidy[size] = 0;
    field->value = tidy;
    field->size = size;
}

static enum err field_add(struct fields *fields, struct field *field, const char **ret_why)
{
    const char *name = field->name;
    lines_tidy(fields, field);
    enum err err = name_check(name, ret_why);
    if (err)
        return err;
    if (fields->count == FIELDS_MAX) {
        *ret_why = "There are more than 300 fields.";
        return ERR_LIMIT;
    }
    if (!field->file && (!text_valid(field->value, field->size) || control_find(field->value))) {
        *ret_why = sentence(fields, name, "must be UTF-8 without control characters");
        return ERR_MALFORMED;
    }
    fields->list[fields->count++] = *field;
    return OK;
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* NULL: an escape without two digits. */
static const char *text_unescape(
        struct fields *fields, const char *text, size_t size, bool plus, size_t *ret_size)
{
    char *out = arena_get(fields->arena, size + 1);
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        char byte = text[i] == '+' && plus ? ' ' : text[i];
        if (text[i] == '%') {
            int high = i + 2 < size ? digit_value(text[i + 1]) : -1;
            int low = i + 2 < size ? digit_value(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return NULL;
            byte = (char)(high * 16 + low);
            i += 2;
        }
        out[length++] = byte;
    }
    *ret_size = length;
    return out;
}

static enum err pair_add(
        struct fields *fields, struct field raw, size_t name_size, bool plus, const char **ret_why)
{
    struct field field = {0};
    size_t size = 0;
    field.name = text_unescape(fields, raw.name, name_size, plus, &size);
    field.value = text_unescape(fields, raw.value, raw.size, plus, &field.size);
    if (!field.name || strlen(field.name) != size) {
        *ret_why = "A field's name has a bad %-escape.";
        return ERR_MALFORMED;
    }
    if (!field.value) {
        enum err err = name_check(field.name, ret_why);
        if (err)
            return err;
        *ret_why = sentence(fields, field.name, "has a % without two hexadecimal digits behind it");
        return ERR_MALFORMED;
    }
    return field_add(fields, &field, ret_why);
}

enum err fields_add_escaped(
        struct fields *fields, const char *name, const char *value, const char **ret_why)
{
    struct field raw = {.name = name, .value = value, .size = strlen(value)};
    return pair_add(fields, raw, strlen(name), false, ret_why);
}

enum err fields_read_form(
        struct fields *fields, const char *text, size_t size, const char **ret_why)
{
    const char *end = text + size;
    for (const char *at = text; at < end;) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        stop = stop ? stop : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        equals = equals ? equals : stop;
        const char *value = equals < stop ? equals + 1 : stop;
        struct field raw = {.name = at, .value = value, .size = (size_t)(stop - value)};
        enum err err = stop > at ? pair_add(fields, raw, (size_t)(equals - at), true, ret_why) : OK;
        if (err)
            return err;
        at = stop + 1;
    }
    return OK;
}

/* The value of a parameter, `name=` before it, bare or in quotes; NULL: it is not there. */
static const char *parameter_find(
        struct fields *fields, const char *header, const char *name, size_t *ret_size)
{
    size_t size = strlen(name);
    for (const char *at = strchr(header, ';'); at; at = strchr(at, ';')) {
        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, name, size) != 0 || at[size] != '=')
            continue;
        at += size + 1;
        bool quoted = *at == '"';
        at += quoted;
        *ret_size = quoted ? strcspn(at, "\"") : strcspn(at, "; \t");
        return arena_text(fields->arena, at, *ret_size);
    }
    return NULL;
}

bool boundary_find(const char *type, char ret[BOUNDARY_MAX + 1])
{
    static const char name[] = "boundary=";
    for (const char *at = type ? strchr(type, ';') : NULL; at; at = strchr(at, ';')) {
        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, name, strlen(name)) != 0)
            continue;
        at += strlen(name);
        bool quoted = *at == '"';
        at += quoted;
        size_t size = quoted ? strcspn(at, "\"") : strcspn(at, "; \t");
        if (!size || size > BOUNDARY_MAX)
            return false;
        memcpy(ret, at, size);
        ret[size] = 0;
        return true;
    }
    return false;
}

/* One line of a part's header; NULL: it is not there. */
static const char *line_find(struct fields *fields, const char *header, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = header; *at;) {
        size_t length = strcspn(at, "\r\n");
        if (length > size && strncasecmp(at, name, size) == 0 && at[size] == ':')
            return arena_text(fields->arena, at + size + 1, length - size - 1);
        at += length;
        at += strspn(at, "\r\n");
    }
    return NULL;
}

static enum err part_add(struct fields *fields,
        const char *header,
        const char *value,
        size_t size,
        const char **ret_why)
{
    const char *disposition = line_find(fields, header, "Content-Disposition");
    const char *encoding = line_find(fields, header, "Content-Transfer-Encoding");
    size_t name_size = 0;
    struct field field = {.size = size};
    if (disposition)
        field.name = parameter_find(fields, disposition, "name", &name_size);
    if (!field.name) {
        *ret_why = "A part of the body has no name.";
        return ERR_MALFORMED;
    }
    if (encoding && (strcasestr(encoding, "base64") || strcasestr(encoding, "quoted"))) {
        *ret_why = sentence(fields, "Content-Transfer-Encoding", "send the bytes as they are");
        return ERR_MALFORMED;
    }
    field.file = parameter_find(fields, disposition, "filename", &name_size);
    field.value = field.file ? value : arena_text(fields->arena, value, size);
    return field_add(fields, &field, ret_why);
}

/* The part between two boundaries: header, empty line, value. */
static enum err part_read(
        struct fields *fields, const char *text, size_t size, const char **ret_why)
{
    const char *gap = memmem(text, size, "\r\n\r\n", 4);
    size_t header = gap ? (size_t)(gap - text) : 0;
    if (!gap || header > PART_HEADER_MAX || memchr(text, 0, header)) {
        *ret_why = "A part of the body has no header that can be read.";
        return ERR_MALFORMED;
    }
    return part_add(
            fields, arena_text(fields->arena, text, header), gap + 4, size - header - 4, ret_why);
}

enum err fields_read_parts(struct fields *fields,
        const char *boundary,
        const char *text,
        size_t size,
        const char **ret_why)
{
    char mark[BOUNDARY_MAX + 5] = "\r\n--";
    size_t length = 4 + text_copy(mark + 4, sizeof mark - 4, boundary, strlen(boundary));
    const char *end = text + size;
    *ret_why = "The body does not begin and end with its boundary.";
    if (size < length || memcmp(text, mark + 2, length - 2) != 0)
        return ERR_MALFORMED;
    for (const char *at = text + length - 2;;) {
        if (end - at >= 2 && memcmp(at, "--", 2) == 0)
            return OK;
        if (end - at < 2 || memcmp(at, "\r\n", 2) != 0)
            return ERR_MALFORMED;
        at += 2;
        const char *next = memmem(at, (size_t)(end - at), mark, length);
        if (!next)
            return ERR_MALFORMED;
        enum err err = part_read(fields, at, (size_t)(next - at), ret_why);
        if (err)
            return err;
        at = next + length;
    }
}

const char *field_value(const struct fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->list[i];
        if (!field->file && field->size && strcmp(field->name, name) == 0)
            return field->value;
    }
    return "";
}

bool field_is_ambiguous(const struct fields *fields, const char *name)
{
    const char *first = field_value(fields, name);
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->list[i];
        if (!field->file && field->size && strcmp(field->name, name) == 0 &&
                strcmp(field->value, first) != 0)
            return true;
    }
    return false;
}
