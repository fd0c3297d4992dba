/* See mapping.h. GKeyFile reads the files; it keeps no line numbers, so the line of a mistake is
 * looked for in the text. */
#include "services/intake/vendor/mapping.h"
#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <sodium.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_catalogue.h"
#include "services/kernel/base/pure_text.h"

#define VALUES "values " /* a group for each field: [values matter] */
#define SUFFIX ".conf"

struct vendors {
    size_t count;
    struct vendor list[VENDORS_MAX];
};

const char *const VERB_WORDS[] = {
#define X(name, word) word,
        VERB_TABLE(X)
#undef X
                NULL};
const char *const FIELD_WORDS[] = {
#define X(name, word, takes, needs) word,
        FIELD_TABLE(X)
#undef X
                NULL};
static const char *const times_words[] = {
#define X(name, word) word,
        TIMES_TABLE(X)
#undef X
                NULL};
static const struct {
    unsigned takes, needs;
} field_verbs[FIELD_COUNT] = {
#define X(name, word, takes, needs) {takes, needs},
        FIELD_TABLE(X)
#undef X
};

/* One file under reading. */
struct reading {
    const char *path, *text;
    GKeyFile *file;
    struct vendor *vendor;
    struct buf *why;
    char *keys;
    bool wrong;
};

static int word_find(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

/* True when the line has that key, whatever stands behind it. */
static bool line_has_key(const char *line, const char *end, const char *key)
{
    size_t size = strlen(key);
    if ((size_t)(end - line) <= size || memcmp(line, key, size) != 0)
        return false;
    line += size;
    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    return line < end && *line == '=';
}

/* Of the group's header, or of the key in it; 1 when neither is to be found. */
static int line_of(const char *text, const char *group, const char *key)
{
    int number = 1, found = 1;
    bool inside = false;
    for (const char *line = text; *line; number++) {
        const char *end = strchrnul(line, '\n');
        size_t size = strlen(group);
        if (*line == '[') {
            inside = (size_t)(end - line) >= size + 2 && memcmp(line + 1, group, size) == 0 &&
                     line[size + 1] == ']';
            found = inside ? number : found;
        } else if (inside && key && line_has_key(line, end, key)) {
            return number;
        }
        line = *end ? end + 1 : end;
    }
    return found;
}

static void mistake(struct reading *reading,
        const char *group,
        const char *key,
        const char *found,
        const char *expected)
{
    reading->wrong = true;
    buf_add_format(reading->why, "%s:%d: [%s]%s%s: found \"%s\", expected %s\n", reading->path,
            line_of(reading->text, group, key), group, key ? " " : "", key ? key : "", found,
            expected);
}

static bool name_is_good(const char *name)
{
    size_t size = strlen(name);
    return size >= 1 && size < VENDOR_NAME_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

/* Names and numbers with dots between. */
static bool path_is_good(const char *path)
{
    size_t size = strlen(path), depth = 1;
    for (size_t i = 0; i < size; i++)
        depth += path[i] == '.';
    return size >= 1 && size <= MAPPING_PATH_MAX && depth <= MAPPING_DEPTH_MAX && path[0] != '.' &&
           path[size - 1] != '.' && !strstr(path, "..");
}

/* Of unit_codes several, with commas between. */
static bool paths_are_good(enum field field, const char *text)
{
    if (field != FIELD_UNIT_CODES)
        return path_is_good(text);
    g_auto(GStrv) paths = g_strsplit(text, ",", MAPPING_PATHS_MAX + 1);
    if (g_strv_length(paths) > MAPPING_PATHS_MAX)
        return false;
    for (char **path = paths; *path; path++)
        if (!path_is_good(g_strstrip(*path)))
            return false;
    return true;
}

static bool number_is_good(const char *text, int64_t most)
{
    size_t size = strlen(text);
    return size >= 1 && size <= 10 && strspn(text, "0123456789") == size &&
           strtoll(text, NULL, 10) <= most;
}

/* What a value of ours may be; NULL: it is. */
static const char *value_expected(enum field field, const char *value)
{
    switch (field) {
    case FIELD_INTENT:
        return intent_find(value) == INTENT_COUNT
                       ? "report, urge, inquiry, complaint, suggestion or praise"
                       : NULL;
    case FIELD_WANTS_PROGRESS:
    case FIELD_UNSOLVED:
    case FIELD_CALLER_CONFIDENTIAL:
        return strcmp(value, "true") != 0 && strcmp(value, "false") != 0 ? "true or false" : NULL;
    case FIELD_SCORE:
        return number_is_good(value, 5) ? NULL : "0 to 5";
    case FIELD_PROMISED_IN:
        return number_is_good(value, 129600) ? NULL : "minutes, 0 to 129600";
    case FIELD_TICKET:
    case FIELD_MATTER:
    case FIELD_TEXT:
    case FIELD_ABOUT:
    case FIELD_LONGITUDE:
    case FIELD_LATITUDE:
    case FIELD_UNIT_CODES:
    case FIELD_REPORTED_AT:
    case FIELD_PROMISED_AT:
    case FIELD_ADDRESS:
    case FIELD_JOIN:
    case FIELD_PHOTOS:
    case FIELD_CALLER_NAME:
    case FIELD_CALLER_PHONE:
    case FIELD_CALLER_EMAIL:
    case FIELD_CALLER_ADDRESS:
    case FIELD_CALLER_ID_NUMBER:
    case FIELD_REASON:
    case FIELD_ID:
    case FIELD_ROUND:
    case FIELD_VERSION:
    case FIELD_COUNT:
        break;
    }
    return *value ? NULL : "something";
}

static void verb_read(struct reading *reading, enum verb verb, const char *key, char *value)
{
    int field = word_find(FIELD_WORDS, key);
    if (field < 0 || !(field_verbs[field].takes & IN(verb))) {
        mistake(reading, VERB_WORDS[verb], key, key, "a field that this takes (docs/vendors.md)");
    } else if (!paths_are_good((enum field)field, value)) {
        mistake(reading, VERB_WORDS[verb], key, value,
                "a path: up to 8 names or numbers with dots between, 128 bytes");
    } else {
        g_free(reading->vendor->paths[verb][field]);
        reading->vendor->paths[verb][field] = g_strdup(value);
    }
}

/* What each report has of its own is the same for none. */
static bool field_may_be_constant(int field)
{
    return field >= 0 && field != FIELD_TICKET && field != FIELD_ID && field != FIELD_JOIN &&
           field != FIELD_PHOTOS;
}

static void constant_read(struct reading *reading, const char *key, const char *value)
{
    int field = word_find(FIELD_WORDS, key);
    const char *expected = field < 0 ? NULL : value_expected((enum field)field, value);
    if (!field_may_be_constant(field)) {
        mistake(reading, "constants", key, key, "a field that may be the same for all");
    } else if (expected) {
        mistake(reading, "constants", key, value, expected);
    } else {
        g_free(reading->vendor->constants[field]);
        reading->vendor->constants[field] = g_strdup(value);
    }
}

static void value_read(
        struct reading *reading, const char *group, enum field field, const char *key, char *value)
{
    struct value_map *map = &reading->vendor->values[field];
    const char *expected = value_expected(field, value);
    if (expected) {
        mistake(reading, group, key, value, expected);
    } else if (strcmp(key, "*") == 0) {
        g_free(map->rest);
        map->rest = g_strdup(value);
    } else if (map->count == MAPPING_VALUES_MAX) {
        mistake(reading, group, key, key, "at most 512 values");
    } else {
        map->list = must_memory(realloc(map->list, (map->count + 1) * sizeof *map->list));
        map->list[map->count++] = (struct value_pair){g_strdup(key), g_strdup(value)};
    }
}

static bool zone_is_good(const char *zone)
{
    char text[40];
    int64_t at_ms = 0;
    (void)snprintf(text, sizeof text, "2026-01-01T00:00:00%s", zone);
    return strlen(zone) == 6 && (zone[0] == '+' || zone[0] == '-') && instant_parse(text, &at_ms);
}

static void times_read(struct reading *reading, const char *key, const char *value)
{
    struct vendor *vendor = reading->vendor;
    if (strcmp(key, "format") == 0) {
        int times = word_find(times_words, value);
        if (times < 0)
            mistake(reading, "times", key, value, "rfc3339, local, unix or unix_ms");
        else
            vendor->times = (enum times)times;
    } else if (strcmp(key, "zone") == 0) {
        if (!zone_is_good(value))
            mistake(reading, "times", key, value, "an offset as +08:00");
        else
            (void)text_copy(vendor->zone, sizeof vendor->zone, value, strlen(value));
    } else {
        mistake(reading, "times", key, key, "format or zone");
    }
}

static void coordinates_read(struct reading *reading, const char *key, const char *value)
{
    enum coordinates coordinates = coordinates_find(value);
    if (strcmp(key, "system") != 0)
        mistake(reading, "coordinates", key, key, "system");
    else if (coordinates == COORDINATES_COUNT)
        mistake(reading, "coordinates", key, value, "wgs84, cgcs2000 or gcj02");
    else
        reading->vendor->coordinates = coordinates;
}

static void vendor_read(struct reading *reading, const char *key, const char *value)
{
    struct vendor *vendor = reading->vendor;
    if (strcmp(key, "keys") == 0) {
        g_free(reading->keys);
        reading->keys = g_strdup(value);
    } else if (strcmp(key, "source") == 0) {
        if (!name_is_good(value))
            mistake(reading, "vendor", key, value, "1 to 31 of a-z, 0-9, -");
        else
            (void)text_copy(vendor->source, sizeof vendor->source, value, strlen(value));
    } else if (strcmp(key, "envelope") == 0) {
        if (*value && !path_is_good(value))
            mistake(reading, "vendor", key, value, "a path, or nothing");
        g_free(vendor->envelope);
        vendor->envelope = g_strdup(value);
    } else {
        mistake(reading, "vendor", key, key, "keys, source or envelope");
    }
}

static void pair_read(struct reading *reading, const char *group, const char *key, char *value)
{
    int verb = word_find(VERB_WORDS, group);
    bool values = strncmp(group, VALUES, strlen(VALUES)) == 0;
    int field = values ? word_find(FIELD_WORDS, group + strlen(VALUES)) : -1;
    if (verb >= 0)
        verb_read(reading, (enum verb)verb, key, value);
    else if (strcmp(group, "vendor") == 0)
        vendor_read(reading, key, value);
    else if (strcmp(group, "times") == 0)
        times_read(reading, key, value);
    else if (strcmp(group, "coordinates") == 0)
        coordinates_read(reading, key, value);
    else if (strcmp(group, "constants") == 0)
        constant_read(reading, key, value);
    else if (field >= 0)
        value_read(reading, group, (enum field)field, key, value);
}

static bool group_is_known(const char *group)
{
    static const char *const others[] = {"vendor", "times", "coordinates", "constants", NULL};
    if (word_find(others, group) >= 0 || word_find(VERB_WORDS, group) >= 0)
        return true;
    return strncmp(group, VALUES, strlen(VALUES)) == 0 &&
           word_find(FIELD_WORDS, group + strlen(VALUES)) >= 0;
}

static void group_read(struct reading *reading, const char *group)
{
    g_auto(GStrv) keys = g_key_file_get_keys(reading->file, group, NULL, NULL);
    if (!group_is_known(group)) {
        mistake(reading, group, NULL, group,
                "[vendor], [times], [coordinates], [constants], [values FIELD] or what is sent");
        return;
    }
    for (char **key = keys; key && *key; key++) {
        g_autofree char *value = g_key_file_get_string(reading->file, group, *key, NULL);
        if (!value)
            mistake(reading, group, *key, "", "text without a lone backslash");
        else
            pair_read(reading, group, *key, value);
    }
}

/* What a verb needs is mapped or constant. */
static void needs_check(struct reading *reading)
{
    const struct vendor *vendor = reading->vendor;
    bool any = false;
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        if (!g_key_file_has_group(reading->file, VERB_WORDS[verb]))
            continue;
        any = true;
        for (int field = 0; field < FIELD_COUNT; field++)
            if ((field_verbs[field].needs & IN(verb)) && !vendor->paths[verb][field] &&
                    !vendor->constants[field])
                mistake(reading, VERB_WORDS[verb], NULL, "no such field", FIELD_WORDS[field]);
        if (!vendor->paths[verb][FIELD_LONGITUDE] != !vendor->paths[verb][FIELD_LATITUDE])
            mistake(reading, VERB_WORDS[verb], NULL, "one of them", "longitude and latitude");
    }
    if (!any)
        mistake(reading, "vendor", NULL, "nothing that is sent", "[report], at least");
    if (!reading->keys || !*reading->keys)
        mistake(reading, "vendor", NULL, "no such field", "keys: the file of its keys");
}

enum err mapping_read(const char *path,
        const char *text,
        size_t size,
        struct vendor *vendor,
        char **ret_keys,
        struct buf *why)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GKeyFile) file = g_key_file_new();
    struct reading reading = {
            .path = path, .text = text, .file = file, .vendor = vendor, .why = why};
    vendor->envelope = g_strdup("");
    (void)text_copy(vendor->zone, sizeof vendor->zone, "+08:00", 6);
    if (!text_valid(text, size) || strlen(text) != size ||
            !g_key_file_load_from_data(file, text, size, G_KEY_FILE_NONE, &error)) {
        buf_add_format(why, "%s:1: expected groups of KEY=VALUE in UTF-8%s%s\n", path,
                error ? ": " : "", error ? error->message : "");
        return ERR_MALFORMED;
    }
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++)
        group_read(&reading, *group);
    needs_check(&reading);
    if (!reading.wrong)
        *ret_keys = reading.keys;
    else
        g_free(reading.keys);
    return reading.wrong ? ERR_MALFORMED : OK;
}

void vendor_fini(struct vendor *vendor)
{
    g_free(vendor->envelope);
    for (int field = 0; field < FIELD_COUNT; field++) {
        struct value_map *map = &vendor->values[field];
        for (int verb = 0; verb < VERB_COUNT; verb++)
            g_free(vendor->paths[verb][field]);
        for (size_t i = 0; i < map->count; i++) {
            g_free(map->list[i].theirs);
            g_free(map->list[i].ours);
        }
        free(map->list);
        g_free(map->rest);
        g_free(vendor->constants[field]);
    }
    sodium_memzero(vendor, sizeof *vendor);
}

/* The key file stands beside the mapping, unless its name begins with a slash. */
static enum err keys_load(
        const char *directory, const char *keys, struct vendor *vendor, struct buf *why)
{
    g_autofree char *path = *keys == '/' ? g_strdup(keys) : g_build_filename(directory, keys, NULL);
    return sign_keys_load(path, &vendor->keys, why);
}

static enum err vendor_load(
        const char *directory, const char *file, struct vendor *vendor, struct buf *why)
{
    g_autofree char *path = g_build_filename(directory, file, NULL);
    g_autofree char *text = NULL;
    g_autofree char *keys = NULL;
    g_autofree char *name = g_strndup(file, strlen(file) - strlen(SUFFIX));
    gsize size = 0;
    if (!name_is_good(name)) {
        buf_add_format(why, "%s: expected a name of 1 to 31 of a-z, 0-9, - before .conf\n", path);
        return ERR_MALFORMED;
    }
    if (!g_file_get_contents(path, &text, &size, NULL) || size > MAPPING_SIZE_MAX) {
        buf_add_format(why, "%s: cannot be read, or more than %d bytes\n", path, MAPPING_SIZE_MAX);
        return ERR_LIMIT;
    }
    (void)text_copy(vendor->name, sizeof vendor->name, name, strlen(name));
    (void)text_copy(vendor->source, sizeof vendor->source, name, strlen(name));
    enum err err = mapping_read(path, text, size, vendor, &keys, why);
    return err ? err : keys_load(directory, keys, vendor, why);
}

/* Two vendors under one source would share tickets, and whoever has both keys' names. */
static enum err sources_check(const struct vendors *vendors, struct buf *why)
{
    enum err err = OK;
    for (size_t i = 0; i < vendors->count; i++)
        for (size_t n = 0; n < i; n++)
            if (strcmp(vendors->list[i].source, vendors->list[n].source) == 0) {
                buf_add_format(why, "%s.conf: source \"%s\" is %s.conf's already\n",
                        vendors->list[i].name, vendors->list[i].source, vendors->list[n].name);
                err = ERR_MALFORMED;
            }
    return err;
}

static enum err files_load(
        DIR *opened, const char *directory, struct vendors *vendors, struct buf *why)
{
    enum err first = OK;
    for (const struct dirent *entry = readdir(opened); entry; entry = readdir(opened)) {
        if (*entry->d_name == '.' || !g_str_has_suffix(entry->d_name, SUFFIX))
            continue;
        if (vendors->count == VENDORS_MAX) {
            buf_add_format(why, "%s: more than %d vendors\n", directory, VENDORS_MAX);
            return ERR_LIMIT;
        }
        enum err err = vendor_load(directory, entry->d_name, &vendors->list[vendors->count++], why);
        first = first ? first : err;
    }
    return first ? first : sources_check(vendors, why);
}

enum err vendors_load(const char *directory, struct vendors **ret, struct buf *why)
{
    DIR *opened = opendir(directory);
    if (!opened) {
        buf_add_format(why, "%s: %s\n", directory, strerror(errno));
        return ERR_NOT_FOUND;
    }
    struct vendors *vendors = must_memory(calloc(1, sizeof *vendors));
    enum err err = files_load(opened, directory, vendors, why);
    (void)closedir(opened);
    if (err)
        vendors_destroy(&vendors);
    else
        *ret = vendors;
    return err;
}

void vendors_destroy(struct vendors **vendors_)
{
    struct vendors *vendors = *vendors_;
    for (size_t i = 0; vendors && i < vendors->count; i++)
        vendor_fini(&vendors->list[i]);
    free(vendors);
    *vendors_ = NULL;
}

const struct vendor *vendors_find(const struct vendors *vendors, const char *name)
{
    for (size_t i = 0; i < vendors->count; i++)
        if (strcmp(vendors->list[i].name, name) == 0)
            return &vendors->list[i];
    return NULL;
}
