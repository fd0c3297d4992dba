/* Who calls, in the simulator: some of those who report say so, under keys of which the second
 * takes the first's place in the middle of the run; staff look, forget, seal anew. Checked are the
 * rows of `person`, each against the steps that it came and went with, and that nothing of a caller
 * stands in clear in any row of any service. */
#ifndef HUYING_TESTS_SIM_PERSONS_H
#define HUYING_TESTS_SIM_PERSONS_H

#include "services/kernel/base/buf.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/base/seal.h"
#include "tests/sim/db.h"

enum { TYPE_SEE_PERSON = 1506, TYPE_FORGET_PERSON, TYPE_RESEAL_PERSON };

#define PERSON_NAME "Nemo Captain"
#define PERSON_PHONE "13812341234"

void intake_persons_set(const struct seal_keys *keys); /* intake's person.h */

void persons_begin(void);
/* Adds a caller to a hotline.Report. */
void persons_fill(struct buf *report);
/* One of the three at random, by somebody; returns its type. */
uint32_t persons_draw(struct rng *rng,
        int64_t report,
        const char *why,
        struct buf *request,
        const char **ret_actor);
/* The first key, or both with the second in front. */
const struct seal_keys *persons_keys(bool replaced);
/* True when the step of that asking is there, which RESEAL_PERSON has not. */
bool persons_asked(uint32_t type, int64_t report, const char *why, bool confirmed);
/* True when the ticket's caller is kept, or was forgotten. */
bool persons_kept(int64_t report, const char *ticket, bool confirmed);

/* After a commit that wrote the row. */
void persons_check(const struct row *row);

#endif
