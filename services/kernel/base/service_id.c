/* Names of the services, from the table in service_id.h. */
#include "services/kernel/base/service_id.h"

#include <string.h>

static const char *const service_names[SERVICE_COUNT] = {
#define X(name, number, text) [number] = text,
        SERVICE_TABLE(X)
#undef X
};

const char *service_name(enum service_id id)
{
    return (unsigned)id < SERVICE_COUNT ? service_names[id] : "?";
}

enum service_id service_find(const char *name)
{
    for (unsigned id = 0; id < SERVICE_COUNT; id++) {
        if (strcmp(name, service_names[id]) == 0) {
            return (enum service_id)id;
        }
    }
    return SERVICE_NONE;
}
