/* See form_caller.h. What is checked here is cleaned and checked again where the report is decoded:
 * HTTP answers with the field at once. */
#include "services/intake/form_caller.h"
#include <string.h>
#include "services/intake/clean.h"
#include "services/intake/person.h"

#define CALLER_ARENA_SIZE (64 << 10)

static struct fault member_read(const char *name, const json_t *value, struct hotline_caller *ret)
{
    if (strcmp(name, "confidential") == 0) {
        ret->confidential = json_is_true(value);
        return (struct fault){
                json_is_boolean(value) ? FAULT_NONE : FAULT_TYPE, "caller.confidential", 0};
    }
#define X(field, chars)                                                                            \
    if (strcmp(name, #field) == 0) {                                                               \
        ret->field = json_string_value(value);                                                     \
        return (struct fault){ret->field ? FAULT_NONE : FAULT_TYPE, "caller." #field, 0};          \
    }
    PERSON_TABLE(X)
#undef X
    return (struct fault){FAULT_UNKNOWN_FIELD, "caller", 0};
}

struct fault hotline_caller_check(const struct hotline_caller *caller)
{
    struct arena arena;
    struct person person = {.confidential = caller->confidential};
    struct fault fault = {FAULT_NONE, "", 0};
    arena_init(&arena, CALLER_ARENA_SIZE);
#define X(field, chars)                                                                            \
    person.field = caller->field ? caller->field : "";                                             \
    if (!fault.kind)                                                                               \
        fault = text_tidy(&person.field, "caller." #field, chars, &arena);
    PERSON_TABLE(X)
#undef X
    if (!fault.kind)
        fault = person_check(&person);
    arena_fini(&arena);
    return fault;
}

struct fault caller_read(const json_t *value, struct hotline_caller *ret)
{
    const char *name;
    const json_t *member;
    if (!json_is_object(value))
        return (struct fault){FAULT_TYPE, "caller", 0};
    for (void *at = json_object_iter((json_t *)(uintptr_t)value); at;
            at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
        name = json_object_iter_key(at);
        member = json_object_iter_value(at);
        struct fault fault = member_read(name, member, ret);
        if (fault.kind)
            return fault;
    }
    return hotline_caller_check(ret);
}
