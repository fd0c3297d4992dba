/* See follow_keys.h. A file of keys like any other of the site's (kernel/base/seal.h); only what
 * the keys are for differs. */
#include "services/intake/follow_keys.h"
#include <sodium.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/seal.h"

_Static_assert(sizeof((struct follow_keys *)0)->list == sizeof((struct seal_keys *)0)->list,
        "keys are as long, and as many");

enum err follow_keys_load(const char *path, struct follow_keys **ret, struct buf *why)
{
    struct seal_keys keys;
    enum err err = seal_keys_load(path, &keys, why);
    if (err) {
        buf_add_text(why, "; huyingctl key follow makes the file");
        return err;
    }
    *ret = must_memory(calloc(1, sizeof **ret));
    (*ret)->count = keys.count;
    memcpy((*ret)->list, keys.list, sizeof keys.list);
    seal_keys_wipe(&keys);
    return OK;
}

void follow_keys_destroy(struct follow_keys **keys)
{
    if (*keys)
        sodium_memzero(*keys, sizeof **keys);
    free(*keys);
    *keys = NULL;
}
