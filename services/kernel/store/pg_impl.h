/* Inside store/: parameters as libpq wants them. */
#ifndef HUYING_STORE_PG_IMPL_H
#define HUYING_STORE_PG_IMPL_H

#include "services/kernel/store/pg.h"

struct params_wire {
    int count;
    const char *values[PARAMS_MAX];
    int sizes[PARAMS_MAX];
    int formats[PARAMS_MAX];
    Oid types[PARAMS_MAX];
};

/* Pointers into `params`, valid while it is unchanged. */
void params_seal(const struct params *params, struct params_wire *wire);

#endif
