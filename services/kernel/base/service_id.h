/* The services of a site, by the number that stands in ids, messages and columns. Persistent:
 * numbers are never reused; there is room for 8 in an id (3 bits). */
#ifndef HUYING_BASE_SERVICE_ID_H
#define HUYING_BASE_SERVICE_ID_H

#define SERVICE_TABLE(X)                                                                           \
    X(SERVICE_NONE, 0, "none")                                                                     \
    X(SERVICE_INTAKE, 1, "intake")                                                                 \
    X(SERVICE_ROUTING, 2, "routing")                                                               \
    X(SERVICE_ENFORCEMENT, 3, "enforcement")                                                       \
    X(SERVICE_VOLUNTEER, 4, "volunteer")                                                           \
    X(SERVICE_AUDIT, 5, "audit")                                                                   \
    X(SERVICE_CONSOLE, 6, "console")                                                               \
    X(SERVICE_CLIENT, 7, "client") /* people's tools and outside systems: ask, own nothing */

enum service_id {
#define X(name, number, text) name = number,
    SERVICE_TABLE(X)
#undef X
            SERVICE_COUNT = 8
};

/* "intake"; static memory; "?" for a number out of range. */
const char *service_name(enum service_id id);
/* SERVICE_NONE when no service has that name. */
enum service_id service_find(const char *name);

#endif
