/* struct report_course as JSON, in which SQL and people can read it. Digests are hexadecimal. What
 * is read here was written here: anything else in the row is a broken database. */
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include "services/intake/codec.h"
#include "services/kernel/base/must.h"

#define HEX_SIZE (2 * DIGEST_SIZE + 1)

static bool course_is_plain(const struct report_course *course)
{
    struct report_course plain = {.round = course->round};
    return course->round <= 1 && memcmp(&plain, course, sizeof plain) == 0;
}

static json_t *caller_json(const struct caller *caller)
{
    char hex[HEX_SIZE];
    (void)sodium_bin2hex(hex, sizeof hex, caller->digest, DIGEST_SIZE);
    return must_memory(json_pack("[s, s]", caller->ref, hex));
}

bool course_format(const struct report_course *course, struct buf *out)
{
    must(course->caller_count >= 0 && course->caller_count <= CALLERS_MAX);
    if (course_is_plain(course))
        return false;
    json_t *root = must_memory(json_object());
#define X(name)                                                                                    \
    if (course->name)                                                                              \
        must(json_object_set_new(root, #name, json_integer(course->name)) == 0);
    COURSE_TABLE(X)
#undef X
    json_t *callers = must_memory(json_array());
    for (int i = 0; i < course->caller_count; i++)
        must(json_array_append_new(callers, caller_json(&course->callers[i])) == 0);
    if (course->caller_count)
        must(json_object_set(root, "callers", callers) == 0);
    char *text = must_memory(json_dumps(root, 0)); /* as jsonb gives it back */
    buf_add_text(out, text);
    free(text);
    json_decref(callers);
    json_decref(root);
    return true;
}

static bool caller_parse(const json_t *item, struct caller *ret)
{
    const char *ref = json_string_value(json_array_get(item, 0));
    const char *hex = json_string_value(json_array_get(item, 1));
    size_t size = 0;
    if (!ref || !hex || strlen(ref) >= sizeof ret->ref ||
            sodium_hex2bin(ret->digest, DIGEST_SIZE, hex, strlen(hex), NULL, &size, NULL) != 0)
        return false;
    memcpy(ret->ref, ref, strlen(ref) + 1);
    return size == DIGEST_SIZE;
}

static bool callers_parse(const json_t *callers, struct report_course *ret)
{
    size_t count = json_array_size(callers);
    if (count > CALLERS_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!caller_parse(json_array_get(callers, i), &ret->callers[i]))
            return false;
    ret->caller_count = (int32_t)count;
    return true;
}

enum err course_parse(struct bytes text, struct report_course *ret)
{
    *ret = (struct report_course){0};
    json_error_t error;
    json_t *root = json_loadb((const char *)text.data, text.size, 0, &error);
    bool good = json_is_object(root) && callers_parse(json_object_get(root, "callers"), ret);
#define X(name) ret->name = (int32_t)json_integer_value(json_object_get(root, #name));
    COURSE_TABLE(X)
#undef X
    json_decref(root);
    return good ? OK : ERR_MALFORMED;
}
