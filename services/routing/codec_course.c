/* case_course as JSON, in which SQL and people can read it. */
#include <jansson.h>
#include <inttypes.h>
#include <string.h>

#include "services/routing/codec.h"

bool course_format(const struct case_course *course, struct buf *out)
{
    const char *before = "{";
#define X(name)                                                                                    \
    if (course->name != 0) {                                                                       \
        buf_add_format(out, "%s\"" #name "\": %" PRId64, before, course->name);                    \
        before = ", ";                                                                             \
    }
    COURSE_TABLE(X)
#undef X
    if (before[0] == '{')
        return false;
    buf_add_text(out, "}");
    return true;
}

enum err course_parse(struct bytes text, struct case_course *ret)
{
    *ret = (struct case_course){0};
    json_error_t error;
    json_t *root = json_loadb((const char *)text.data, text.size, 0, &error);
    enum err err = json_is_object(root) ? OK : ERR_MALFORMED;
#define X(name) ret->name = json_integer_value(json_object_get(root, #name));
    COURSE_TABLE(X)
#undef X
    json_decref(root);
    return err;
}
