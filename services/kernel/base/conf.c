/* Configuration from a key file, environment and presets, in that order of weakness: environment
 * beats file, file beats preset. The table of keys is the whole truth about what exists, so a
 * typing mistake in a key is found at start and not months later. All mistakes are collected before
 * giving up: whoever mends a file wants to see them together. Values of secrets never reach
 * `why`. */
#include "services/kernel/base/conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "services/kernel/base/fault.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define ENV_NAME_SIZE 128
#define FOUND_SIZE_MAX 80 /* of a wrong value, in an error line */

struct conf_reading {
    const struct conf_key *keys;
    size_t key_count;
    const char *path; /* NULL: no file */
    GKeyFile *file;   /* NULL: no file, or it could not be read */
    struct buf *why;
    bool wrong;
};

/* Where a value came from, for the error line. */
struct conf_value {
    const char *text;
    const char *env; /* name of the variable, NULL = file or preset */
};

static void conf_file_free(GKeyFile **file)
{
    if (*file != NULL) {
        g_key_file_free(*file);
    }
}

static void value_free(char **value)
{
    g_free(*value);
}

static void values_free(char ***values)
{
    g_strfreev(*values);
}

/* Starts a line: "FILE: [section] key: " or "HUYING_SECTION_KEY: ". */
static void wrong_begin(
        struct conf_reading *reading, const struct conf_key *key, const struct conf_value *value)
{
    reading->wrong = true;
    if (value != NULL && value->env != NULL) {
        buf_add_format(reading->why, "%s: ", value->env);
        return;
    }
    buf_add_format(reading->why,
            "%s: [%s] %s: ", reading->path == NULL ? "(no file)" : reading->path, key->section,
            key->key);
}

static void wrong_found(
        struct conf_reading *reading, const struct conf_key *key, const struct conf_value *value)
{
    char found[FOUND_SIZE_MAX + 1];
    wrong_begin(reading, key, value);
    size_t size = strlen(value->text);
    bool cut = text_copy(found, sizeof found, value->text, size) < size;
    buf_add_format(reading->why, "found \"%s%s\", expected ", found, cut ? "..." : "");
}

static void env_name(char ret[ENV_NAME_SIZE], const struct conf_key *key)
{
    int size = snprintf(ret, ENV_NAME_SIZE, "HUYING_%s_%s", key->section, key->key);
    must(size > 0 && size < ENV_NAME_SIZE);
    for (char *at = ret; *at != 0; at++) {
        *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    }
}

static void text_set(struct conf_reading *reading,
        const struct conf_key *key,
        const struct conf_value *value,
        char *field)
{
    size_t size = strlen(value->text);
    must(key->size > 0);
    if (!text_valid(value->text, size)) {
        wrong_begin(reading, key, value);
        buf_add_text(reading->why, "found bytes that are not UTF-8, expected UTF-8 text\n");
    } else if (size >= key->size) {
        wrong_begin(reading, key, value);
        buf_add_format(
                reading->why, "found %zu bytes, expected at most %zu\n", size, key->size - 1);
    } else {
        memcpy(field, value->text, size + 1);
    }
}

static void int_set(struct conf_reading *reading,
        const struct conf_key *key,
        const struct conf_value *value,
        char *field)
{
    char *end = NULL;
    errno = 0;
    int64_t number = g_ascii_strtoll(value->text, &end, 10);
    bool whole =
            end != value->text && *end == 0 && errno == 0 && !isspace((unsigned char)*value->text);
    if (!whole || number < key->min || number > key->max) {
        wrong_found(reading, key, value);
        buf_add_format(reading->why,
                "a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "\n", key->min,
                key->max);
        return;
    }
    memcpy(field, &number, sizeof number);
}

static void bool_set(struct conf_reading *reading,
        const struct conf_key *key,
        const struct conf_value *value,
        char *field)
{
    bool yes = strcmp(value->text, "true") == 0;
    if (!yes && strcmp(value->text, "false") != 0) {
        wrong_found(reading, key, value);
        buf_add_text(reading->why, "true or false\n");
        return;
    }
    memcpy(field, &yes, sizeof yes);
}

/* Reads the first line into `field`; returns what was wrong with the file, NULL when nothing. */
static const char *secret_read(int fd, char *field, size_t size)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return "a regular file (this is none)";
    }
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return "a file that only its owner may use; run: chmod 600 on it";
    }
    size_t got = 0;
    while (got < size) {
        ssize_t part = read(fd, field + got, size - got);
        if (part < 0 && errno == EINTR) {
            continue;
        }
        if (part < 0) {
            return "a file that can be read";
        }
        if (part == 0) {
            break;
        }
        got += (size_t)part;
    }
    char *end = memchr(field, '\n', got);
    if (end == NULL && got == size) {
        return "a shorter first line in that file";
    }
    size_t length = end == NULL ? got : (size_t)(end - field);
    if (length > 0 && field[length - 1] == '\r') {
        length--;
    }
    memset(field + length, 0, size - length);
    return length > 0 && text_valid(field, length) ? NULL : "text in the first line of that file";
}

static void secret_set(struct conf_reading *reading,
        const struct conf_key *key,
        const struct conf_value *value,
        char *field)
{
    must(key->size > 0);
    if (*value->text == 0 && key->preset != NULL && *key->preset == 0) {
        field[0] = 0; /* a secret that need not be there */
        return;
    }
    int fd = open(value->text, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        int failed = errno;
        wrong_found(reading, key, value);
        buf_add_format(
                reading->why, "the path of a file that can be read (%s)\n", g_strerror(failed));
        return;
    }
    const char *expected = secret_read(fd, field, key->size);
    (void)close(fd);
    if (expected != NULL) {
        wrong_found(reading, key, value);
        buf_add_format(reading->why, "%s\n", expected);
    }
}

static void value_set(struct conf_reading *reading,
        const struct conf_key *key,
        const struct conf_value *value,
        char *target)
{
    static void (*const setters[])(
            struct conf_reading *, const struct conf_key *, const struct conf_value *, char *) = {
            [CONF_TEXT] = text_set,
            [CONF_INT] = int_set,
            [CONF_BOOL] = bool_set,
            [CONF_SECRET] = secret_set,
    };
    must((size_t)key->kind < sizeof setters / sizeof setters[0]);
    setters[key->kind](reading, key, value, target + key->offset);
}

static void key_read(struct conf_reading *reading, const struct conf_key *key, char *target)
{
    char name[ENV_NAME_SIZE];
    env_name(name, key);
    __attribute__((cleanup(value_free))) char *owned = NULL;
    struct conf_value value = {.text = getenv(name)};
    if (value.text != NULL) {
        value.env = name;
    } else if (reading->file != NULL) {
        owned = g_key_file_get_value(reading->file, key->section, key->key, NULL);
        value.text = owned;
    }
    if (value.text == NULL) {
        value.text = key->preset;
    }
    if (value.text == NULL) {
        wrong_begin(reading, key, NULL);
        buf_add_format(reading->why, "not set, expected: %s (or set %s)\n", key->help, name);
        return;
    }
    value_set(reading, key, &value, target);
}

static bool section_known(const struct conf_reading *reading, const char *section)
{
    for (size_t i = 0; i < reading->key_count; i++) {
        if (strcmp(reading->keys[i].section, section) == 0) {
            return true;
        }
    }
    return false;
}

static bool key_known(const struct conf_reading *reading, const char *section, const char *key)
{
    for (size_t i = 0; i < reading->key_count; i++) {
        const struct conf_key *known = &reading->keys[i];
        if (strcmp(known->section, section) == 0 && strcmp(known->key, key) == 0) {
            return true;
        }
    }
    return false;
}

/* Names of the section's keys, or of all sections when `section` is NULL, for "expected one of". */
static void known_list(const struct conf_reading *reading, const char *section)
{
    const char *last = "";
    for (size_t i = 0; i < reading->key_count; i++) {
        const struct conf_key *known = &reading->keys[i];
        const char *name = section == NULL ? known->section : known->key;
        bool wanted = section == NULL || strcmp(known->section, section) == 0;
        if (wanted && strcmp(name, last) != 0) {
            buf_add_format(reading->why, " %s", name);
            last = name;
        }
    }
    buf_add_text(reading->why, "\n");
}

static void section_check(struct conf_reading *reading, const char *section)
{
    if (!section_known(reading, section)) {
        reading->wrong = true;
        buf_add_format(reading->why, "%s: [%s]: unknown section, expected one of:", reading->path,
                section);
        known_list(reading, NULL);
        return;
    }
    __attribute__((cleanup(values_free))) char **names =
            g_key_file_get_keys(reading->file, section, NULL, NULL);
    for (char **name = names; name != NULL && *name != NULL; name++) {
        if (!key_known(reading, section, *name)) {
            reading->wrong = true;
            buf_add_format(reading->why,
                    "%s: [%s] %s: unknown key, expected one of:", reading->path, section, *name);
            known_list(reading, section);
        }
    }
}

/* Opens the file; a missing one is like an empty one. */
static void file_load(struct conf_reading *reading)
{
    GError *error = NULL;
    GKeyFile *file = g_key_file_new();
    if (FAULT(conf_unreadable)) {
        g_set_error(&error, G_FILE_ERROR, G_FILE_ERROR_IO, "a fault point");
    } else if (g_key_file_load_from_file(file, reading->path, G_KEY_FILE_NONE, &error)) {
        reading->file = file;
        return;
    }
    if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        reading->wrong = true;
        buf_add_format(reading->why, "%s: %s\n", reading->path, error->message);
    }
    g_error_free(error);
    g_key_file_free(file);
}

/* Names and values of the file may be any bytes; what is said of them is text. */
static void why_mend(struct buf *why, size_t from)
{
    if (why->size == from || text_valid(why->data + from, why->size - from)) {
        return;
    }
    __attribute__((cleanup(value_free))) char *valid = g_utf8_make_valid(why->data + from, -1);
    why->size = from;
    buf_add_text(why, valid);
}

enum err conf_load(const struct conf_key *keys,
        size_t key_count,
        const char *path,
        void *ret,
        size_t ret_size,
        struct buf *why)
{
    must(ret != NULL && ret_size > 0 && why != NULL && (keys != NULL || key_count == 0));
    struct conf_reading reading = {.keys = keys, .key_count = key_count, .path = path, .why = why};
    size_t said = why->size;
    if (path != NULL) {
        file_load(&reading);
    }
    __attribute__((cleanup(conf_file_free))) GKeyFile *file = reading.file;
    __attribute__((cleanup(values_free))) char **sections =
            file == NULL ? NULL : g_key_file_get_groups(file, NULL);
    for (char **section = sections; section != NULL && *section != NULL; section++) {
        section_check(&reading, *section);
    }
    char *target = must_memory(malloc(ret_size));
    memcpy(target, ret, ret_size);
    for (size_t i = 0; i < key_count; i++) {
        must(keys[i].offset < ret_size);
        key_read(&reading, &keys[i], target);
    }
    if (!reading.wrong) {
        memcpy(ret, target, ret_size);
    }
    why_mend(why, said);
    explicit_bzero(target, ret_size); /* it may hold secrets */
    free(target);
    return reading.wrong ? ERR_FATAL : OK;
}
