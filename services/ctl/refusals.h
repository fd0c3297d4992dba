/* The stable names of the services' refusals, by their numbers, as files of people's name them. */
#ifndef HUYING_CTL_REFUSALS_H
#define HUYING_CTL_REFUSALS_H

#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/service_id.h"

/* "" when this program does not know the number: a newer service's. */
const char *refusal_name(enum service_id service, uint32_t number);

/* One after the other, for the test that compares them with the services' tables; NULL = no
 * more. */
struct refusal {
    enum service_id service;
    uint32_t number;
    const char *name;
};
const struct refusal *refusal_get(size_t index);

#endif
