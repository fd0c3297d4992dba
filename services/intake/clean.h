/* The words of people, cleaned (kernel/base/text_clean.h) where they come in: for every way in,
 * once, before the limits of check.h are looked at, so that a length is what a reader would
 * count. Tickets are names and stay as they are; the digest of a body is taken before, over what
 * was sent. */
#ifndef HUYING_INTAKE_CLEAN_H
#define HUYING_INTAKE_CLEAN_H

#include "services/intake/check.h"
#include "services/kernel/base/arena.h"

/* Replaces one text by the cleaned one, in the arena. A text of more than four times `chars_max`
 * stays as it is: check.h's limit refuses it. FAULT_UTF8, FAULT_MARKS: with `field`. */
struct fault text_tidy(
        const char **text, const char *field, size_t chars_max, struct arena *arena);
/* All words of a report; of a follow-up; of a withdrawal. The first fault. */
struct fault submission_tidy(struct submission *submission, struct arena *arena);
struct fault follow_up_tidy(struct follow_up *follow_up, struct arena *arena);
struct fault withdrawal_tidy(struct withdrawal *withdrawal, struct arena *arena);

#endif
