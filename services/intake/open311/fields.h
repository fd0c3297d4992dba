/* Names and values as a client sends them: in an address, a form, a form in parts. Everything that
 * is read is valid UTF-8 without NUL and control characters but tab and line ends, except what a
 * part holds as a file. */
#ifndef HUYING_OPEN311_FIELDS_H
#define HUYING_OPEN311_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include "services/kernel/base/arena.h"
#include "services/kernel/base/err.h"

#define FIELDS_MAX 300
#define FIELD_NAME_MAX 200
#define BOUNDARY_MAX 70 /* RFC 2046 */
#define PART_HEADER_MAX 2000

struct field {
    const char *name, *value; /* end with NUL; a file's value may have others in it */
    size_t size;
    const char *file; /* its name; NULL: no file */
};

struct fields {
    struct arena *arena; /* where the texts are */
    struct field *list;
    size_t count;
};

void fields_init(struct fields *fields, struct arena *arena);
/* A pair as it stands in an address, with its %-escapes; '+' is a space already. ERR_MALFORMED,
 * ERR_LIMIT: `why` is a sentence in English that names the field. */
enum err fields_add_escaped(struct fields *fields,
        const char *name,
        const char *value,
        const char **ret_why) MUST_CHECK;
/* application/x-www-form-urlencoded. */
enum err fields_read_form(
        struct fields *fields, const char *text, size_t size, const char **ret_why) MUST_CHECK;
/* multipart/form-data; files point into `text`. */
enum err fields_read_parts(struct fields *fields,
        const char *boundary,
        const char *text,
        size_t size,
        const char **ret_why) MUST_CHECK;
/* The boundary of a Content-Type, NUL-terminated; false: there is none that can be used. */
bool boundary_find(const char *type, char ret[BOUNDARY_MAX + 1]);
/* The value; "" where it is not there, which Open311 holds for the same. Of several the first that
 * says something. */
const char *field_value(const struct fields *fields, const char *name);
/* True when the name stands there with two different values. */
bool field_is_ambiguous(const struct fields *fields, const char *name);

#endif
