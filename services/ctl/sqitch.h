/* Sqitch projects: what a plan wants, what a registry says was deployed, and running sqitch for the
 * rest. services/kernel/schema/README.md has the convention. */
#ifndef HUYING_CTL_SQITCH_H
#define HUYING_CTL_SQITCH_H

#include "services/ctl/ctl.h"
#include "services/ctl/store.h"

struct project {
    const char *dir;      /* below the root: "services/kernel/schema" */
    const char *name;     /* %project of its plan */
    const char *registry; /* schema of the registry: "sqitch_routing" */
    const char *schema;   /* value of :"schema"; NULL = none */
};

/* How many changes of the plan are missing in the database; 0 = up to date. ERR_NOT_FOUND: there
 * is no plan. ERR_CONFLICT: what was deployed is not what the plan says, or a script was changed
 * afterwards; ERR_MALFORMED: the plan cannot be read. `why` says it in the person's language. */
enum err project_missing(const struct ctl *ctl,
        const struct project *project,
        const struct deployed *deployed,
        size_t *ret,
        struct buf *why) MUST_CHECK;

/* Runs `sqitch deploy` with the connection in its environment. ERR_FATAL: `why` has its output. */
enum err project_deploy(const struct ctl *ctl,
        const struct project *project,
        const char *conninfo,
        struct buf *why) MUST_CHECK;

#endif
