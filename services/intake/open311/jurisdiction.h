/* Which Open311 jurisdictions a site serves, and what may be reported in each: a file of groups
 *
 *   [open311]                     url, contact, key_service
 *   [jurisdiction ID]             name, default, ids (realtime or token), keys, type
 *   [service ID CODE]             name, description, matter, keywords, group
 *   [attribute ID CODE NAME]      description, datatype, required, variable, order, values, hint,
 *                                 fills
 *
 * read whole and refused whole: what is in force stays when a newer version of it is bad. Services
 * and attributes keep the file's order; attributes with an `order` go by that. docs/open311.md has
 * every key. All texts live as long as the list. */
#ifndef HUYING_OPEN311_JURISDICTION_H
#define HUYING_OPEN311_JURISDICTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

#define JURISDICTIONS_MAX 64
#define JURISDICTION_SERVICES_MAX 1000
#define SERVICE_ATTRIBUTES_MAX 64
#define ATTRIBUTE_VALUES_MAX 200
#define JURISDICTION_KEYS_MAX 32
#define JURISDICTION_ID_SIZE 65 /* of an id, a service's code, an attribute's, with the NUL */
#define JURISDICTION_TEXT_MAX 1000 /* bytes of any other text */
#define JURISDICTION_FILE_MAX (1 << 20)

#define DATATYPE_TABLE(X)                                                                          \
    X(DATATYPE_STRING, "string")                                                                   \
    X(DATATYPE_NUMBER, "number")                                                                   \
    X(DATATYPE_DATETIME, "datetime")                                                               \
    X(DATATYPE_TEXT, "text")                                                                       \
    X(DATATYPE_SINGLE, "singlevaluelist")                                                          \
    X(DATATYPE_MULTI, "multivaluelist")

enum datatype {
#define X(name, text) name,
    DATATYPE_TABLE(X)
#undef X
};

/* What an answer is: a line of the text, or a field of the report that Open311 does not have, for
 * clients that know the site's grid, or bring reports of earlier days. */
#define FILLS_TABLE(X)                                                                             \
    X(FILLS_TEXT, "text")                                                                          \
    X(FILLS_UNIT_CODES, "unit_codes")   /* a string: codes from the district down, by blanks */    \
    X(FILLS_REPORTED_AT, "reported_at") /* a datetime, as the next one */                          \
    X(FILLS_PROMISED_AT, "promised_at")

enum fills {
#define X(name, text) name,
    FILLS_TABLE(X)
#undef X
};

struct attribute_value {
    const char *key, *name;
};

struct service_attribute {
    const char *code, *description;
    const char *hint; /* datatype_description */
    enum datatype datatype;
    enum fills fills;
    bool required;
    bool variable; /* false: only shown, nothing is asked */
    int order;     /* from 1 */
    struct attribute_value *values;
    size_t value_count;
};

struct offered_service {
    const char *code, *name, *description, *keywords, *group;
    const char *matter; /* of the catalogue */
    struct service_attribute *attributes;
    size_t attribute_count;
};

struct jurisdiction {
    const char *id, *name;
    bool tokens; /* a POST is answered with a token, else with the id */
    bool progress; /* updates say where a case stands, not only how it ended */
    const char *keys[JURISDICTION_KEYS_MAX]; /* names of tokens that may report; none: all */
    size_t key_count;
    struct offered_service *services;
    size_t service_count;
};

struct jurisdictions {
    const char *url; /* of the API as clients reach it, without a slash at its end */
    const char *contact, *key_service;
    int64_t changed_ms; /* of the file */
    struct jurisdiction *list;
    size_t count;
    const struct jurisdiction *preset; /* where none is named; NULL: it must be named */
};

/* ERR_NOT_FOUND, ERR_LIMIT, ERR_MALFORMED: `why` names file, group, key and what was expected; *ret
 * is untouched. */
enum err jurisdictions_load(
        const char *path, struct jurisdictions **ret, struct buf *why) MUST_CHECK;
/* Accepts NULL in *list. */
void jurisdictions_destroy(struct jurisdictions **list);

/* NULL: none of that name; "" and NULL are the preset. */
const struct jurisdiction *jurisdiction_find(const struct jurisdictions *list, const char *id);
const struct offered_service *offered_service_find(
        const struct jurisdiction *jurisdiction, const char *code);
const struct service_attribute *attribute_find(
        const struct offered_service *service, const char *code, size_t size);
const struct attribute_value *value_find(
        const struct service_attribute *attribute, const char *key);
/* True when the token of that name may report there. */
bool jurisdiction_admits(const struct jurisdiction *jurisdiction, const char *key);
const char *datatype_name(enum datatype datatype);

#endif
