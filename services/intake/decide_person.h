/* Who may see who calls, and what is forgotten. Pure, a part of decide.c. */
#ifndef HUYING_INTAKE_DECIDE_PERSON_H
#define HUYING_INTAKE_DECIDE_PERSON_H

#include "services/intake/intake.h"
#include "services/kernel/base/pure_directory.h"

/* False, refused: the report says who calls, and this site cannot protect it. */
bool caller_check(const struct submission *submission, struct outcome *outcome);
/* What is to be sealed of the step that was added last. `note` may be NULL. */
void note_add(struct report *next, struct person_note *note, const struct outcome *outcome);

/* The area that a member of staff works for: a desk or centre stands for the unit that it belongs
 * to. NULL: his unit is gone. */
const struct unit *staff_area(const struct directory *directory, const struct staff *staff);

/* SEE_PERSON and FORGET_PERSON. */
void person_see(const struct input *input,
        const struct world *world,
        struct report *next,
        struct outcome *outcome);
void person_forget(const struct input *input, struct report *next, struct outcome *outcome);
/* RESEAL_PERSON: no step, nobody has seen anything; DUPLICATE when there is nothing to do. */
void person_reseal(const struct world *world, struct report *next, struct outcome *outcome);
/* Rows of that report by earlier keys; *ret_broken: so many of them do not open. */
size_t persons_anew(const struct report *report, const struct world *world, size_t *ret_broken);

/* Staff of the unit where the case was placed or of one above it, a desk or centre standing for the
 * unit that it belongs to; where it is confidential, of the top unit alone; the helpers of a
 * person's code; and the service itself. */
bool person_may_see(const struct report *report,
        const struct input *input,
        const struct directory *directory,
        bool confidential);

#endif
