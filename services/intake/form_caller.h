/* Who calls, as HTTP's JSON has it: {"name", "phone", "email", "address", "id_number",
 * "confidential"}, a part of form.h. */
#ifndef HUYING_INTAKE_FORM_CALLER_H
#define HUYING_INTAKE_FORM_CALLER_H

#include <jansson.h>
#include "services/intake/check.h"
#include "services/intake/hotline/hotline.h"

/* Reads and checks it; texts are borrowed from `value`. The first fault. */
struct fault caller_read(const json_t *value, struct hotline_caller *ret);

#endif
