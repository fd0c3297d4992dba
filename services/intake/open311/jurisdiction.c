/* See jurisdiction.h. GKeyFile reads the groups; it says nothing of a group that stands there twice
 * and of keys that it does not know, so both are looked for here. */
#include "services/intake/open311/jurisdiction.h"
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "services/kernel/base/arena.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define ARENA_MAX (128 << 20) /* a file of many services with one attribute each takes half */
#define WORDS_MAX 4           /* of a group's name */

struct loaded {
    struct jurisdictions list; /* first: what is handed out */
    struct arena arena;
};

/* One reading; `group` is what is being read, for the fault. */
struct reading {
    GKeyFile *file;
    struct loaded *loaded;
    const char *path, *group;
    struct buf *why;
};

static enum err fault(const struct reading *reading, const char *key, const char *expected)
{
    buf_add_format(reading->why, "%s: [%s] %s: %s", reading->path, reading->group, key, expected);
    return ERR_MALFORMED;
}

/* The value in the list's memory; "" when it is not there. */
static enum err text_get(const struct reading *reading, const char *key, const char **ret)
{
    gchar *text = g_key_file_get_string(reading->file, reading->group, key, NULL);
    size_t size = text ? strlen(text) : 0;
    enum err err = OK;
    if (size > JURISDICTION_TEXT_MAX || !text_valid(text ? text : "", size))
        err = fault(reading, key, "expected UTF-8 of at most 1000 bytes");
    else
        *ret = arena_text(&reading->loaded->arena, text ? text : "", size);
    g_free(text);
    return err;
}

static enum err name_get(const struct reading *reading, const char *key, const char **ret)
{
    enum err err = text_get(reading, key, ret);
    if (!err && !**ret)
        return fault(reading, key, "must be given");
    return err;
}

static enum err flag_get(const struct reading *reading, const char *key, bool preset, bool *ret)
{
    const char *text = NULL;
    enum err err = text_get(reading, key, &text);
    if (err)
        return err;
    if (*text && strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return fault(reading, key, "expected true or false");
    *ret = *text ? strcmp(text, "true") == 0 : preset;
    return OK;
}

static enum err keys_check(const struct reading *reading, const char *const *known)
{
    gchar **keys = g_key_file_get_keys(reading->file, reading->group, NULL, NULL);
    enum err err = OK;
    for (gchar **key = keys; key && *key && !err; key++) {
        const char *const *at = known;
        while (*at && strcmp(*at, *key) != 0)
            at++;
        if (!*at)
            err = fault(reading, *key, "no such key");
    }
    g_strfreev(keys);
    return err;
}

/* A word of a group's name: what stands in addresses, forms and answers. */
static bool word_is_good(const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t size = strlen(word);
    return size >= 1 && size < JURISDICTION_ID_SIZE && strspn(word, letters) == size;
}

static enum err group_split(const struct reading *reading, size_t count, gchar ***ret)
{
    gchar **words = g_strsplit(reading->group, " ", -1);
    bool good = g_strv_length(words) == count;
    for (size_t i = 1; good && i < count; i++)
        good = word_is_good(words[i]);
    if (good) {
        *ret = words;
        return OK;
    }
    g_strfreev(words);
    return fault(reading, "the group",
            "expected words of 1 to 64 letters, digits, '.', '_' and '-', with one space between");
}

static struct jurisdiction *jurisdiction_of(const struct reading *reading, const char *id)
{
    struct jurisdictions *list = &reading->loaded->list;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->list[i].id, id) == 0)
            return &list->list[i];
    return NULL;
}

static enum err names_split(const struct reading *reading, struct jurisdiction *jurisdiction)
{
    const char *text = NULL;
    enum err err = text_get(reading, "keys", &text);
    if (err)
        return err;
    gchar **words = g_strsplit_set(text, " \t", -1);
    for (gchar **word = words; *word && !err; word++) {
        if (!**word)
            continue;
        if (jurisdiction->key_count == JURISDICTION_KEYS_MAX)
            err = fault(reading, "keys", "at most 32 names");
        else
            jurisdiction->keys[jurisdiction->key_count++] =
                    arena_text(&reading->loaded->arena, *word, strlen(*word));
    }
    g_strfreev(words);
    return err;
}

static enum err jurisdiction_fill(
        const struct reading *reading, struct jurisdiction *jurisdiction, bool *ret_preset)
{
    const char *ids = NULL;
    enum err err = text_get(reading, "name", &jurisdiction->name);
    if (!err)
        err = flag_get(reading, "default", false, ret_preset);
    if (!err)
        err = flag_get(reading, "progress", true, &jurisdiction->progress);
    if (!err)
        err = text_get(reading, "ids", &ids);
    if (err)
        return err;
    if (*ids && strcmp(ids, "realtime") != 0 && strcmp(ids, "token") != 0)
        return fault(reading, "ids", "expected realtime or token");
    jurisdiction->tokens = strcmp(ids, "token") == 0;
    return names_split(reading, jurisdiction);
}

static enum err jurisdiction_read(const struct reading *reading)
{
    static const char *const known[] = {"name", "default", "ids", "keys", "progress", NULL};
    struct jurisdictions *list = &reading->loaded->list;
    struct arena *arena = &reading->loaded->arena;
    gchar **words = NULL;
    bool preset = false;
    enum err err = keys_check(reading, known);
    if (!err)
        err = group_split(reading, 2, &words);
    if (err)
        return err;
    if (list->count == JURISDICTIONS_MAX) {
        g_strfreev(words);
        return fault(reading, "the group", "at most 64 jurisdictions");
    }
    struct jurisdiction *jurisdiction = &list->list[list->count++];
    jurisdiction->id = arena_text(arena, words[1], strlen(words[1]));
    jurisdiction->services = arena_array(arena, struct offered_service, JURISDICTION_SERVICES_MAX);
    g_strfreev(words);
    err = jurisdiction_fill(reading, jurisdiction, &preset);
    if (!err && preset && list->preset)
        return fault(reading, "default", "another jurisdiction is the default already");
    if (preset)
        list->preset = jurisdiction;
    return err;
}

static enum err service_fill(const struct reading *reading, struct offered_service *service)
{
    enum err err = name_get(reading, "name", &service->name);
    if (!err)
        err = name_get(reading, "matter", &service->matter);
    if (!err)
        err = text_get(reading, "description", &service->description);
    if (!err)
        err = text_get(reading, "keywords", &service->keywords);
    if (!err)
        err = text_get(reading, "group", &service->group);
    return err;
}

static enum err service_add(const struct reading *reading, const char *id, const char *code)
{
    struct jurisdiction *jurisdiction = jurisdiction_of(reading, id);
    if (!jurisdiction)
        return fault(reading, "the group", "no [jurisdiction] of that id stands before it");
    if (jurisdiction->service_count == JURISDICTION_SERVICES_MAX)
        return fault(reading, "the group", "at most 1000 services in a jurisdiction");
    struct offered_service *service = &jurisdiction->services[jurisdiction->service_count++];
    service->code = arena_text(&reading->loaded->arena, code, strlen(code));
    return service_fill(reading, service);
}

static enum err service_read(const struct reading *reading)
{
    static const char *const known[] = {"name", "description", "matter", "keywords", "group", NULL};
    gchar **words = NULL;
    enum err err = keys_check(reading, known);
    if (!err)
        err = group_split(reading, 3, &words);
    if (err)
        return err;
    err = service_add(reading, words[1], words[2]);
    g_strfreev(words);
    return err;
}

/* "key:name"; the name may have colons of its own. */
static enum err value_add(
        const struct reading *reading, struct service_attribute *attribute, const char *text)
{
    struct arena *arena = &reading->loaded->arena;
    const char *colon = strchr(text, ':');
    size_t size = colon ? (size_t)(colon - text) : strlen(text);
    if (!size || size >= JURISDICTION_ID_SIZE)
        return fault(reading, "values", "expected key:name;key:name, keys of 1 to 64 bytes");
    if (attribute->value_count == ATTRIBUTE_VALUES_MAX)
        return fault(reading, "values", "at most 200 values");
    const char *key = arena_text(arena, text, size);
    if (value_find(attribute, key))
        return fault(reading, "values", "a key stands there twice");
    const char *name = colon ? colon + 1 : text;
    attribute->values[attribute->value_count++] =
            (struct attribute_value){key, arena_text(arena, name, strlen(name))};
    return OK;
}

static enum err values_read(const struct reading *reading, struct service_attribute *attribute)
{
    gchar **list = g_key_file_get_string_list(reading->file, reading->group, "values", NULL, NULL);
    enum err err = OK;
    attribute->values = arena_array(
            &reading->loaded->arena, struct attribute_value, list ? g_strv_length(list) + 1 : 1);
    for (gchar **text = list; text && *text && !err; text++)
        err = value_add(reading, attribute, *text);
    g_strfreev(list);
    bool lists = attribute->datatype == DATATYPE_SINGLE || attribute->datatype == DATATYPE_MULTI;
    if (!err && lists != (attribute->value_count > 0))
        return fault(reading, "values", "must be given for a list, and for nothing else");
    return err;
}

static enum err datatype_read(const struct reading *reading, enum datatype *ret)
{
    const char *text = NULL;
    enum err err = name_get(reading, "datatype", &text);
    if (err)
        return err;
    for (enum datatype type = DATATYPE_STRING; type <= DATATYPE_MULTI; type++) {
        if (strcmp(datatype_name(type), text) == 0) {
            *ret = type;
            return OK;
        }
    }
    return fault(reading, "datatype",
            "expected string, number, datetime, text, singlevaluelist or multivaluelist");
}

static enum err fills_read(const struct reading *reading, struct service_attribute *attribute)
{
    static const char *const names[] = {
#define X(name, text) text,
            FILLS_TABLE(X)
#undef X
    };
    const char *text = NULL;
    size_t at = 0;
    enum err err = text_get(reading, "fills", &text);
    if (err || !*text)
        return err;
    while (at < sizeof names / sizeof *names && strcmp(names[at], text) != 0)
        at++;
    attribute->fills = (enum fills)at;
    if (at == sizeof names / sizeof *names)
        return fault(reading, "fills", "expected text, unit_codes, reported_at or promised_at");
    if (attribute->fills == FILLS_UNIT_CODES && attribute->datatype != DATATYPE_STRING)
        return fault(reading, "fills", "unit_codes are of datatype string");
    if (attribute->fills > FILLS_UNIT_CODES && attribute->datatype != DATATYPE_DATETIME)
        return fault(reading, "fills", "reported_at and promised_at are of datatype datetime");
    return OK;
}

static enum err order_read(const struct reading *reading, int preset, int *ret)
{
    const char *text = NULL;
    enum err err = text_get(reading, "order", &text);
    if (err)
        return err;
    char *end = NULL;
    long order = *text ? strtol(text, &end, 10) : preset;
    if ((end && *end) || order < 1 || order > 10000)
        return fault(reading, "order", "expected a number from 1 to 10000");
    *ret = (int)order;
    return OK;
}

/* Puts the last one where its order wants it; equal ones stay as they stand in the file. */
static void attribute_sort(struct offered_service *service)
{
    struct service_attribute last = service->attributes[service->attribute_count - 1];
    size_t at = service->attribute_count - 1;
    for (; at > 0 && service->attributes[at - 1].order > last.order; at--)
        service->attributes[at] = service->attributes[at - 1];
    service->attributes[at] = last;
}

static enum err attribute_fill(const struct reading *reading, struct offered_service *service)
{
    struct service_attribute *attribute = &service->attributes[service->attribute_count - 1];
    enum err err = datatype_read(reading, &attribute->datatype);
    if (!err)
        err = name_get(reading, "description", &attribute->description);
    if (!err)
        err = text_get(reading, "hint", &attribute->hint);
    if (!err)
        err = flag_get(reading, "required", false, &attribute->required);
    if (!err)
        err = flag_get(reading, "variable", true, &attribute->variable);
    if (!err)
        err = order_read(reading, (int)service->attribute_count, &attribute->order);
    if (!err && attribute->required && !attribute->variable)
        err = fault(reading, "required", "what is only shown cannot be required");
    if (!err)
        err = fills_read(reading, attribute);
    if (!err)
        err = values_read(reading, attribute);
    if (!err)
        attribute_sort(service);
    return err;
}

static void attribute_append(
        const struct reading *reading, struct offered_service *service, const char *code)
{
    struct arena *arena = &reading->loaded->arena;
    if (!service->attributes)
        service->attributes = arena_array(arena, struct service_attribute, SERVICE_ATTRIBUTES_MAX);
    service->attributes[service->attribute_count++].code = arena_text(arena, code, strlen(code));
}

static enum err attribute_read(const struct reading *reading)
{
    static const char *const known[] = {"description", "datatype", "required", "variable", "order",
            "values", "hint", "fills", NULL};
    gchar **words = NULL;
    enum err err = keys_check(reading, known);
    if (!err)
        err = group_split(reading, WORDS_MAX, &words);
    if (err)
        return err;
    const struct jurisdiction *jurisdiction = jurisdiction_of(reading, words[1]);
    struct offered_service *service = NULL;
    for (size_t i = 0; jurisdiction && i < jurisdiction->service_count; i++)
        if (strcmp(jurisdiction->services[i].code, words[2]) == 0)
            service = &jurisdiction->services[i];
    if (!service)
        err = fault(reading, "the group", "no [service] of that code stands before it");
    else if (service->attribute_count == SERVICE_ATTRIBUTES_MAX)
        err = fault(reading, "the group", "at most 64 attributes of a service");
    else
        attribute_append(reading, service, words[3]);
    g_strfreev(words);
    return err ? err : attribute_fill(reading, service);
}

static enum err site_read(const struct reading *reading)
{
    static const char *const known[] = {"url", "contact", "key_service", NULL};
    struct jurisdictions *list = &reading->loaded->list;
    enum err err = keys_check(reading, known);
    if (!err)
        err = name_get(reading, "url", &list->url);
    if (!err)
        err = name_get(reading, "contact", &list->contact);
    if (!err)
        err = name_get(reading, "key_service", &list->key_service);
    size_t size = err ? 0 : strlen(list->url);
    bool http = size &&
                (g_str_has_prefix(list->url, "http://") || g_str_has_prefix(list->url, "https://"));
    if (!err && (!http || list->url[size - 1] == '/'))
        err = fault(reading, "url", "expected http:// or https://, without a slash at its end");
    return err;
}

static enum err group_read(const struct reading *reading)
{
    if (strcmp(reading->group, "open311") == 0)
        return site_read(reading);
    if (g_str_has_prefix(reading->group, "jurisdiction "))
        return jurisdiction_read(reading);
    if (g_str_has_prefix(reading->group, "service "))
        return service_read(reading);
    if (g_str_has_prefix(reading->group, "attribute "))
        return attribute_read(reading);
    return fault(reading, "the group",
            "expected [open311], [jurisdiction …], [service …] or [attribute …]");
}

static enum err groups_read(struct reading *reading)
{
    struct jurisdictions *list = &reading->loaded->list;
    gchar **groups = g_key_file_get_groups(reading->file, NULL);
    enum err err = OK;
    list->list = arena_array(&reading->loaded->arena, struct jurisdiction, JURISDICTIONS_MAX);
    for (gchar **group = groups; *group && !err; group++) {
        reading->group = *group;
        err = group_read(reading);
    }
    if (!err && !list->url) {
        reading->group = "open311";
        err = fault(reading, "the group", "must be there, with url, contact and key_service");
    } else if (!err && !list->count) {
        reading->group = "jurisdiction …";
        err = fault(reading, "the group", "there must be at least one");
    }
    if (!err && list->count == 1)
        list->preset = list->list;
    g_strfreev(groups);
    return err;
}

/* A group that stands there twice would be read as one. */
static enum err headings_check(struct reading *reading, const char *text)
{
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    enum err err = OK;
    gchar **lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i] && !err; i++) {
        gchar *line = g_strstrip(lines[i]);
        if (*line != '[' || g_hash_table_add(seen, g_strdup(line)))
            continue;
        buf_add_format(reading->why, "%s:%zu: %s stands there twice", reading->path, i + 1, line);
        err = ERR_MALFORMED;
    }
    g_strfreev(lines);
    g_hash_table_destroy(seen);
    return err;
}

static enum err text_parse(struct reading *reading, const char *text, size_t size)
{
    GError *error = NULL;
    if (strlen(text) != size || !text_valid(text, size)) {
        buf_add_format(reading->why, "%s: expected UTF-8 without NUL", reading->path);
        return ERR_MALFORMED;
    }
    if (!g_key_file_load_from_data(reading->file, text, size, G_KEY_FILE_NONE, &error)) {
        buf_add_format(reading->why, "%s: %s", reading->path, error->message);
        g_error_free(error);
        return ERR_MALFORMED;
    }
    enum err err = headings_check(reading, text);
    return err ? err : groups_read(reading);
}

static enum err file_read(struct reading *reading)
{
    struct stat about;
    gchar *text = NULL;
    gsize size = 0;
    GError *error = NULL;
    if (stat(reading->path, &about) == 0 && about.st_size > JURISDICTION_FILE_MAX) {
        buf_add_format(reading->why, "%s: more than 1 MiB", reading->path);
        return ERR_LIMIT;
    }
    if (!g_file_get_contents(reading->path, &text, &size, &error)) {
        buf_add_format(reading->why, "%s", error->message);
        g_error_free(error);
        return ERR_NOT_FOUND;
    }
    reading->loaded->list.changed_ms = (int64_t)about.st_mtime * 1000;
    enum err err = text_parse(reading, text, size);
    g_free(text);
    return err;
}

enum err jurisdictions_load(const char *path, struct jurisdictions **ret, struct buf *why)
{
    struct loaded *loaded = must_memory(calloc(1, sizeof *loaded));
    arena_init(&loaded->arena, ARENA_MAX);
    struct reading reading = {g_key_file_new(), loaded, path, "", why};
    enum err err = file_read(&reading);
    g_key_file_free(reading.file);
    struct jurisdictions *list = &loaded->list;
    if (err)
        jurisdictions_destroy(&list);
    else
        *ret = list;
    return err;
}

void jurisdictions_destroy(struct jurisdictions **list)
{
    if (!*list)
        return;
    struct loaded *loaded = (struct loaded *)*list;
    arena_fini(&loaded->arena);
    free(loaded);
    *list = NULL;
}

const struct jurisdiction *jurisdiction_find(const struct jurisdictions *list, const char *id)
{
    if (!id || !*id)
        return list->preset;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->list[i].id, id) == 0)
            return &list->list[i];
    return NULL;
}

const struct offered_service *offered_service_find(
        const struct jurisdiction *jurisdiction, const char *code)
{
    for (size_t i = 0; i < jurisdiction->service_count; i++)
        if (strcmp(jurisdiction->services[i].code, code) == 0)
            return &jurisdiction->services[i];
    return NULL;
}

const struct service_attribute *attribute_find(
        const struct offered_service *service, const char *code, size_t size)
{
    for (size_t i = 0; i < service->attribute_count; i++)
        if (strlen(service->attributes[i].code) == size &&
                memcmp(service->attributes[i].code, code, size) == 0)
            return &service->attributes[i];
    return NULL;
}

const struct attribute_value *value_find(const struct service_attribute *attribute, const char *key)
{
    for (size_t i = 0; i < attribute->value_count; i++)
        if (strcmp(attribute->values[i].key, key) == 0)
            return &attribute->values[i];
    return NULL;
}

bool jurisdiction_admits(const struct jurisdiction *jurisdiction, const char *key)
{
    bool admitted = jurisdiction->key_count == 0;
    for (size_t i = 0; i < jurisdiction->key_count; i++)
        admitted |= strcmp(jurisdiction->keys[i], key) == 0;
    return admitted;
}

const char *datatype_name(enum datatype datatype)
{
    static const char *const names[] = {
#define X(name, text) [name] = text,
            DATATYPE_TABLE(X)
#undef X
    };
    must((size_t)datatype < sizeof names / sizeof *names);
    return names[datatype];
}
