/* What the verbs of huyingctl caller share. */
#ifndef HUYING_CTL_CALLER_H
#define HUYING_CTL_CALLER_H

#include "services/ctl/ctl.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/bus/client.h"

struct caller {
    struct ctl *ctl;
    struct client *client;
    struct directory *directory;
    struct arena arena;
    const char *word;       /* the case, as typed; NULL: the verb takes none */
    const char *staff, *why; /* NULL = not given */
};

/* Each answers with the exit status, after it has said what there was to say. */
int caller_see(struct caller *this);
int caller_who_has_seen(struct caller *this);
int caller_forget(struct caller *this);
int caller_reseal(struct caller *this);

/* Says that intake's answer is of another version; EXIT_FAILED. */
int caller_unread(const struct caller *this);

#endif
