/* What a replica says of itself, and where the primary stands: from both follows how old an answer
 * of the replica may be. Each is one statement in a segment of its own; nothing is written. */
#ifndef HUYING_STORE_REPLICA_H
#define HUYING_STORE_REPLICA_H

#include "services/kernel/store/pg.h"

struct replica_row {
    bool found;
    bool standby;        /* it replays; false: it was promoted, or never was a replica */
    bool durable;        /* fsync is on: what it shows is on its disk */
    int64_t position;    /* bytes of WAL replayed */
    int64_t age_ms;      /* of the last transaction replayed; -1 = none since it started */
    int64_t incarnation; /* of the site as it knows it */
};

/* To be prepared: SQL_REPLICA on the replica, SQL_POSITION on the primary. */
extern const struct statement SQL_REPLICA, SQL_POSITION;

/* Fills *ret before `done` says OK. */
void replica_ask(struct pg *pg, struct replica_row *ret, pg_done_fn *done, void *self);
/* Bytes of WAL that the primary has on its disk, hence all that it confirmed; 0 = not known. */
void position_ask(struct pg *pg, int64_t *ret, pg_done_fn *done, void *self);

#endif
