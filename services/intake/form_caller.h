/* Who calls, as HTTP's JSON has it: {"name", "phone", "email", "address", "id_number", "device_id",
 * "account_id", "confidential"}, a part of form.h. */
#ifndef HUYING_INTAKE_FORM_CALLER_H
#define HUYING_INTAKE_FORM_CALLER_H

#include <jansson.h>
#include "services/intake/check.h"
#include "services/intake/hotline/hotline.h"

/* Of any way in; fields are named "caller.phone". NULL is "". */
struct fault hotline_caller_check(const struct hotline_caller *caller);
/* Reads and checks it; texts are borrowed from `value`. The first fault. */
struct fault caller_read(const json_t *value, struct hotline_caller *ret);

#endif
