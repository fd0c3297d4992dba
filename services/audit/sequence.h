/* The sequencer (PROTOCOL rule 14): gives pages their places in the ledger, in the order of their
 * arrival, on a connection of its own, never blocking. Any number may run side by side, in one
 * process or in several: whoever gets the head's row works, the others come again later.
 *
 * One run is one transaction: lock the head, in a new statement read what has no place, give
 * consecutive places, move size and frontier. It is all there or nothing of it. That places have
 * no gap and no page has two rests on the head's lock and on what is read under it; from where on
 * it is read (audit/bound.h) only says who comes first. */
#ifndef HUYING_AUDIT_SEQUENCE_H
#define HUYING_AUDIT_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#define SEQUENCE_EVERY_MS 100 /* looks for pages without a place */
#define SEQUENCE_DRILL_MS 20  /* the same in a drill */
#define SEQUENCE_BUSY_MS 5    /* as long as there is work */

struct pg;
struct sequencer;

/* Starts connecting. */
struct sequencer *sequencer_new(const char *conninfo);
void sequencer_destroy(struct sequencer **sequencer);
/* Reads results, starts a run when one is due. `drill`: somebody waits for the ledger. When nothing
 * has to be placed, a look writes nothing. */
void sequencer_turn(struct sequencer *sequencer, int64_t monotonic_ms, bool drill);
/* Pages were committed by this process: the next turn does not wait for its time. */
void sequencer_wake(struct sequencer *sequencer);
/* The connection, to be polled. */
struct pg *sequencer_pg(struct sequencer *sequencer);

struct sequencer_counts {
    uint64_t runs, pages, leaves; /* committed */
    uint64_t failures;            /* runs that were undone or of which nothing is known */
};
struct sequencer_counts sequencer_counts(const struct sequencer *sequencer);

#endif
