/* The field staff of a replay: workers, desks, squads and volunteers who do what the file of
 * reports says, at the times that it says. It sees only what they would see over the bus:
 * worklists, missions and offers. It runs as a program of its own (huyingctl field) and is told
 * by lines how far the day has gone. */
#ifndef HUYING_CTL_FIELD_H
#define HUYING_CTL_FIELD_H

#include "services/ctl/ctl_bus.h"
#include "services/ctl/replay_file.h"
#include "services/kernel/base/pure_directory.h"

struct field {
    const struct ctl *ctl;
    const struct replay_file *file;
    const struct directory *directory;
    struct client *client;
    struct arena arena;
    unsigned nonce, orders; /* for request ids: what is decided anew gets a new id */
    size_t taken;           /* rows before this one were seen and accepted */
    size_t *open;           /* indexes of rows that are taken and not ended, by ended_ms */
    size_t open_count, open_first;
};

/* Accepts what rows up to `until` (exclusive) have been dispatched to. */
enum err field_take(struct field *field, size_t until) MUST_CHECK;
/* Finishes everything that ended at or before `until_ms`: handled, verified by somebody else. */
enum err field_finish(struct field *field, int64_t until_ms) MUST_CHECK;

#endif
