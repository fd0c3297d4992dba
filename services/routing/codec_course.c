/* case_course as JSON, in which SQL and people can read it: the fields of COURSE_TABLE that are not
 * 0, and the lists of parts and marks. What is read here was written here. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "services/routing/codec.h"

/* One more member of the object that `out` ends in. */
static void member_add(struct buf *out, const char *name, int64_t value)
{
    if (value == 0)
        return;
    const char *between = out->data[out->size - 1] == '{' ? "" : ", ";
    buf_add_format(out, "%s\"%s\": %" PRId64, between, name, value);
}

static void list_begin(struct buf *out, const char *name)
{
    buf_add_format(out, "%s\"%s\": [", out->data[out->size - 1] == '{' ? "" : ", ", name);
}

static void parts_add(struct buf *out, const struct case_course *course)
{
    if (course->part_count == 0)
        return;
    list_begin(out, "parts");
    for (int i = 0; i < course->part_count; i++) {
        const struct case_part *part = &course->parts[i];
        buf_add_text(out, i > 0 ? ", {" : "{");
#define X(name) member_add(out, #name, part->name);
        PART_FIELD_TABLE(X)
#undef X
        buf_add_text(out, "}");
    }
    buf_add_text(out, "]");
}

static void marks_add(struct buf *out, const struct case_course *course)
{
    if (course->mark_count == 0)
        return;
    list_begin(out, "marks");
    for (int i = 0; i < course->mark_count; i++) {
        buf_add_text(out, i > 0 ? ", {" : "{");
        member_add(out, "unit", course->marks[i].unit);
        member_add(out, "times", course->marks[i].times);
        member_add(out, "metric", course->marks[i].metric);
        buf_add_text(out, "}");
    }
    buf_add_text(out, "]");
}

bool course_format(const struct case_course *course, struct buf *out)
{
    size_t before = out->size;
    buf_add_text(out, "{");
    marks_add(out, course);
    parts_add(out, course);
#define X(name) member_add(out, #name, course->name);
    COURSE_TABLE(X)
#undef X
    if (out->size == before + 1) {
        buf_reset(out);
        return false;
    }
    buf_add_text(out, "}");
    return true;
}

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static bool parts_parse(const json_t *list, struct case_course *ret)
{
    size_t count = json_array_size(list);
    if (count > PARTS_MAX)
        return false;
    ret->part_count = (int32_t)count;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        struct case_part *part = &ret->parts[i];
#define X(name) part->name = number_of(item, #name);
        PART_FIELD_TABLE(X)
#undef X
        if (part->kind <= 0 || part->kind >= PART_KIND_COUNT || part->state <= 0 ||
                part->state >= PART_STATE_COUNT)
            return false;
    }
    return true;
}

static bool marks_parse(const json_t *list, struct case_course *ret)
{
    size_t count = json_array_size(list);
    if (count > MARKS_MAX)
        return false;
    ret->mark_count = (int32_t)count;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        ret->marks[i] = (struct case_mark){.unit = number_of(item, "unit"),
                .metric = (int32_t)number_of(item, "metric"),
                .times = (int32_t)number_of(item, "times")};
    }
    return true;
}

enum err course_parse(struct bytes text, struct case_course *ret)
{
    *ret = (struct case_course){0};
    json_error_t error;
    json_t *root = json_loadb((const char *)text.data, text.size, 0, &error);
    bool good = json_is_object(root) && parts_parse(json_object_get(root, "parts"), ret) &&
                marks_parse(json_object_get(root, "marks"), ret);
#define X(name) ret->name = number_of(root, #name);
    COURSE_TABLE(X)
#undef X
    json_decref(root);
    return good ? OK : ERR_MALFORMED;
}
