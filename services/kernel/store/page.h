/* Leaves and pages (DESIGN §7): every step becomes a leaf; a batch's leaves travel to audit as one
 * page, a message about a fresh aggregate of its own with the number 1. */
#ifndef HUYING_STORE_PAGE_H
#define HUYING_STORE_PAGE_H

#include "services/kernel/store/core.h"

/* Appends the leaf of `step` to the batch's current page, and sets the step's page and idx. */
void page_add(struct core *core, struct effect_step *step);
/* Puts the pages into the outbox; after the last step of the batch. */
void page_finish(struct core *core);

#endif
