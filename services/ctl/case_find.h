/* Finds the case that a person names. */
#ifndef HUYING_CTL_CASE_FIND_H
#define HUYING_CTL_CASE_FIND_H

#include "services/ctl/ctl.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/bus/client.h"

struct case_finder {
    struct ctl *ctl;
    struct client *client;
    const struct directory *directory;
    struct arena *arena;
};

/* The id of what the person named: EXIT_DONE, or it has said why not. */
int case_find(const struct case_finder *finder, const char *text, int64_t *ret_id);

#endif
