/* Two sides' tickets compared (对账): one has them all in a list, the other is asked for counts,
 * digests and, where little is left, tickets. Whoever can ask can compare: a hotline over its
 * connection, huyingctl in a hotline's name. */
#ifndef HUYING_INTAKE_HOTLINE_COMPARE_H
#define HUYING_INTAKE_HOTLINE_COMPARE_H

#include "services/intake/hotline/hotline.h"

struct comparison {
    /* Answers as hotline_reconcile() does, with HOTLINE_RECORDED_MAX tickets. */
    enum err (*ask)(
            void *self, const struct hotline_span *span, struct hotline_reconciliation *ret);
    void *ask_self;
    hotline_difference_fn *found;
    void *found_self;
};

/* As hotline_differences(), whose errors it has; else those of `ask`. */
enum err hotline_compare(const struct comparison *comparison,
        const struct hotline_span *span,
        const struct hotline_list *list) MUST_CHECK;

#endif
