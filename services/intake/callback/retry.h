/* When a delivery that failed is tried again: the spans that Standard Webhooks suggests, each with
 * up to a fifth more or less, so that what failed together does not come back together. Pure. */
#ifndef HUYING_INTAKE_CALLBACK_RETRY_H
#define HUYING_INTAKE_CALLBACK_RETRY_H

#include <stdint.h>

#define RETRY_TRIES_MAX 10
#define RETRY_ASKED_S_MAX 86400 /* of Retry-After that is honoured */

/* Milliseconds from the try of that number (1 = the first) to the next; -1: it was the last.
 * `asked_s`: what the receiver asked for by Retry-After, 0 = nothing; `random`: any bits. */
int64_t retry_span_ms(int tries, int64_t asked_s, uint64_t random);

#endif
