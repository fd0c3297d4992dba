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

static json_t *digest_json(const uint8_t digest[DIGEST_SIZE])
{
    char hex[HEX_SIZE];
    (void)sodium_bin2hex(hex, sizeof hex, digest, DIGEST_SIZE);
    return must_memory(json_string(hex));
}

/* False: there is one that cannot be read. */
static bool digest_parse(const json_t *value, uint8_t ret[DIGEST_SIZE])
{
    const char *hex = json_string_value(value);
    size_t size = 0;
    return !value ||
           (hex && sodium_hex2bin(ret, DIGEST_SIZE, hex, strlen(hex), NULL, &size, NULL) == 0 &&
                   size == DIGEST_SIZE);
}

static json_t *caller_json(const struct caller *caller)
{
    char hex[HEX_SIZE];
    (void)sodium_bin2hex(hex, sizeof hex, caller->digest, DIGEST_SIZE);
    json_t *item = must_memory(json_pack("[s, s]", caller->ref, hex));
    if (*caller->source || caller->said || caller->wants || caller->told) {
        must(json_array_append_new(item, json_string(caller->source)) == 0);
        must(json_array_append_new(item, json_integer(caller->owed)) == 0);
        must(json_array_append_new(item, json_integer(caller->said)) == 0);
    }
    if (caller->wants || caller->told) {
        must(json_array_append_new(item, json_integer(caller->wants)) == 0);
        must(json_array_append_new(item, json_integer(caller->told)) == 0);
    }
    return item;
}

static json_t *stages_json(const struct report_course *course)
{
    json_t *list = must_memory(json_array());
    for (int i = 0; i < course->stage_count; i++) {
        const struct stage_reached *at = &course->stages[i];
        must(json_array_append_new(list,
                     json_pack("[i, i, I, I, I]", at->version, at->stage, (json_int_t)at->at_ms,
                             (json_int_t)at->unit, (json_int_t)at->until_ms)) == 0);
    }
    return list;
}

static bool stages_parse(const json_t *list, struct report_course *ret)
{
    size_t count = json_array_size(list);
    if (count > STAGES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        int64_t numbers[5];
        for (size_t n = 0; n < 5; n++)
            numbers[n] = json_integer_value(json_array_get(item, n));
        if (json_array_size(item) != 5 || numbers[1] <= STAGE_NONE || numbers[1] >= STAGE_COUNT)
            return false;
        ret->stages[i] = (struct stage_reached){
                (int32_t)numbers[0], (int32_t)numbers[1], numbers[2], numbers[3], numbers[4]};
    }
    ret->stage_count = (int32_t)count;
    return true;
}

static json_t *helpers_json(const struct report_course *course)
{
    json_t *list = must_memory(json_array());
    for (int i = 0; i < course->helper_count; i++)
        must(json_array_append_new(list, json_pack("[s, i]", course->helpers[i].staff,
                                                 (int)course->helpers[i].issue)) == 0);
    return list;
}

static bool helpers_parse(const json_t *list, struct report_course *ret)
{
    size_t count = json_array_size(list);
    if (count > HELPERS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        const char *staff = json_string_value(json_array_get(item, 0));
        if (!staff || strlen(staff) >= ACTOR_SIZE)
            return false;
        memcpy(ret->helpers[i].staff, staff, strlen(staff) + 1);
        ret->helpers[i].issue = (int32_t)json_integer_value(json_array_get(item, 1));
    }
    ret->helper_count = (int32_t)count;
    return true;
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
    if (!sodium_is_zero(course->corrected, DIGEST_SIZE))
        must(json_object_set_new(root, "corrected", digest_json(course->corrected)) == 0);
    if (course->stage_count)
        must(json_object_set_new(root, "stages", stages_json(course)) == 0);
    if (course->helper_count)
        must(json_object_set_new(root, "helpers", helpers_json(course)) == 0);
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
    const char *source = json_string_value(json_array_get(item, 2));
    if (source && strlen(source) >= sizeof ret->source)
        return false;
    (void)stpcpy(ret->source, source ? source : "");
    ret->owed = json_integer_value(json_array_get(item, 3)) != 0;
    ret->said = (int32_t)json_integer_value(json_array_get(item, 4));
    ret->wants = json_integer_value(json_array_get(item, 5)) != 0;
    ret->told = (int32_t)json_integer_value(json_array_get(item, 6));
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
    bool good = json_is_object(root) && callers_parse(json_object_get(root, "callers"), ret) &&
                digest_parse(json_object_get(root, "corrected"), ret->corrected) &&
                stages_parse(json_object_get(root, "stages"), ret) &&
                helpers_parse(json_object_get(root, "helpers"), ret);
#define X(name) ret->name = (int32_t)json_integer_value(json_object_get(root, #name));
    COURSE_TABLE(X)
#undef X
    json_decref(root);
    return good ? OK : ERR_MALFORMED;
}
