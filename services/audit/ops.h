/* Audit as the kernel runs it. */
#ifndef HUYING_AUDIT_OPS_H
#define HUYING_AUDIT_OPS_H

#include "services/kernel/store/aggregate.h"

/* The table of functions; everything that it points at is static. */
struct aggregate_ops audit_ops(void);

/* As aggregate_ops.reason_text; static memory. */
const char *audit_reason_text(uint32_t reason, const char *language);

#endif
