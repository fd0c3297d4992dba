#include "tests/sim/course.h"

#include <jansson.h>

#include "tests/sim/columns.h"

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static bool parts_read(const json_t *list, struct course *ret)
{
    ret->part_count = json_array_size(list);
    if (ret->part_count > COURSE_PARTS_MAX)
        return false;
    for (size_t i = 0; i < ret->part_count; i++) {
        const json_t *item = json_array_get(list, i);
        struct course_part *part = &ret->parts[i];
        *part = (struct course_part){.kind = number(item, "kind"),
                .state = number(item, "state"),
                .unit = number(item, "unit"),
                .by = number(item, "by"),
                .given_ms = number(item, "given_ms"),
                .due_ms = number(item, "due_ms"),
                .warn_ms = number(item, "warn_ms"),
                .done_ms = number(item, "done_ms"),
                .late = number(item, "late"),
                .told = number(item, "told")};
        if (part->kind < KIND_CALL || part->kind >= KIND_COUNT || part->state < WAITS ||
                part->state >= COURSE_STATES)
            return false;
    }
    return true;
}

static bool marks_read(const json_t *list, struct course *ret)
{
    ret->mark_count = json_array_size(list);
    if (ret->mark_count > COURSE_MARKS_MAX)
        return false;
    for (size_t i = 0; i < ret->mark_count; i++) {
        const json_t *item = json_array_get(list, i);
        ret->marks[i].unit = number(item, "unit");
        ret->marks[i].metric = number(item, "metric");
        ret->marks[i].times = number(item, "times");
    }
    return true;
}

bool course_read(const struct version *this, struct course *ret)
{
    *ret = (struct course){0};
    if (!this || this->count <= CASE_COURSE || this->cells[CASE_COURSE].null ||
            this->cells[CASE_COURSE].size == 0)
        return true;
    const struct cell *cell = &this->cells[CASE_COURSE];
    json_error_t error;
    json_t *root = json_loadb((const char *)cell->data, (size_t)cell->size, 0, &error);
    bool good = json_is_object(root) && parts_read(json_object_get(root, "parts"), ret) &&
                marks_read(json_object_get(root, "marks"), ret);
    ret->reopenings = number(root, "reopenings");
    ret->merged = number(root, "merged");
    json_decref(root);
    return good;
}
