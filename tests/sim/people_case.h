/* What staff does about a case: mostly what leads it on; now and then what stands beside the
 * straight way, to which others then belong, who do their part, late or not at all. */
#ifndef HUYING_TESTS_SIM_PEOPLE_CASE_H
#define HUYING_TESTS_SIM_PEOPLE_CASE_H

#include "services/kernel/base/buf.h"
#include "tests/sim/db.h"

struct case_order {
    uint32_t type; /* of the command */
    const char *actor;
    size_t part; /* from 1; 0 = none named */
};

/* What somebody who sees the case does; type 0: nothing, it is in others' hands. */
struct case_order case_order_draw(const struct version *row);
/* … with all that the command takes. */
void case_order_fill(const struct case_order *order, const struct version *row, struct buf *out);

#endif
