/* Audit's only decision: a page that comes is kept. Pure. */
#ifndef HUYING_AUDIT_DECIDE_H
#define HUYING_AUDIT_DECIDE_H

#include "services/audit/audit.h"

/* As aggregate_ops.decide; `state` and `next` are struct page. `next` borrows the body's bytes. */
void audit_decide(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome);

#endif
