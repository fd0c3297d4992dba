/* Codes that people scan: made, changed, withdrawn. Pure, a part of decide.c. */
#ifndef HUYING_INTAKE_DECIDE_QR_H
#define HUYING_INTAKE_DECIDE_QR_H

#include "services/intake/intake.h"
#include "services/kernel/base/pure_directory.h"

/* QR_MAKE, QR_WITHDRAW, QR_HELPER and QR_CARD, in every state. */
void qr_decide(const struct input *input,
        const struct world *world,
        struct report *next,
        struct outcome *outcome);
/* From now on it opens nothing and calls nobody; without a step. */
void qr_end(const struct input *input, struct report *next);

#endif
