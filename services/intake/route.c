/* See route.h. The table is short and its lines are looked through in order. */
#include "services/intake/route.h"
#include <stdlib.h>
#include <string.h>
#include "services/intake/follow_keys.h"
#include "services/intake/open311/jurisdiction.h"
#include "services/intake/tokens.h"
#include "services/intake/vendor/mapping.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const struct route routes[] = {
#define X(method, path, body_max, name) {method, path, body_max, &name},
        ROUTE_TABLE(X)
#undef X
};

/* True when the path fits; `ret_name` has what stands in the place of {}, "" without one. */
static bool path_match(const char *path, const char *url, char ret_name[ROUTE_NAME_SIZE])
{
    const char *hole = strstr(path, "{}");
    if (!hole) {
        ret_name[0] = 0;
        return strcmp(path, url) == 0;
    }
    size_t stem = (size_t)(hole - path);
    if (strncmp(path, url, stem) != 0)
        return false;
    size_t size = strcspn(url + stem, "/");
    if (!size || size >= ROUTE_NAME_SIZE || strcmp(url + stem + size, hole + 2) != 0)
        return false;
    memcpy(ret_name, url + stem, size);
    ret_name[size] = 0;
    return true;
}

static void allow_add(char allow[ROUTE_ALLOW_SIZE], const char *method)
{
    const char *const parts[] = {
            *allow ? ", " : "", method, strcmp(method, "GET") == 0 ? ", HEAD" : ""};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        size_t size = strlen(allow);
        (void)text_copy(allow + size, ROUTE_ALLOW_SIZE - size, parts[i], strlen(parts[i]));
    }
}

const struct route *route_find(const char *method,
        const char *url,
        char ret_name[ROUTE_NAME_SIZE],
        char ret_allow[ROUTE_ALLOW_SIZE])
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    ret_allow[0] = 0;
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (!path_match(routes[i].path, url, ret_name))
            continue;
        if (strcmp(routes[i].method, wanted) == 0)
            return &routes[i];
        allow_add(ret_allow, routes[i].method);
    }
    ret_name[0] = 0;
    return NULL;
}

#define X(name, type, destroy)                                                                     \
    static void destroy##_data(void *data)                                                         \
    {                                                                                              \
        type *typed = data;                                                                        \
        destroy(&typed);                                                                           \
    }
FILE_TABLE(X)
#undef X

void file_destroy(struct file *file)
{
    static void (*const ends[FILE_COUNT])(void *data) = {
#define X(name, type, destroy) [name] = destroy##_data,
            FILE_TABLE(X)
#undef X
    };
    must(file->users == 0);
    ends[file->kind](file->data);
    free(file);
}
