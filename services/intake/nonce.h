/* A nonce is used once for each key, whichever instance it comes to and whether one was started
 * anew meanwhile: it is a row in PostgreSQL, inserted and committed before the request is looked
 * at. Not in Redis: that may vanish at any time, and what was captured a minute ago could then be
 * sent again. A thread of its own with a connection of its own; what comes together is inserted
 * together.
 *
 * That commit does not wait for the disk, nor for a standby: nothing but the request rests on it,
 * and whatever the request does waits for a later commit of the same database, which does. The log
 * has them in their order, so the nonce is durable before the effect is: a server that dies in
 * between has lost both, and the request was not carried out. */
#ifndef HUYING_INTAKE_NONCE_H
#define HUYING_INTAKE_NONCE_H

#include "services/kernel/base/err.h"

#define NONCE_NAME_SIZE 200 /* vendor, key and nonce */
#define NONCE_WAITING_MAX 256

struct nonce_keeper;

/* Starts the thread. */
struct nonce_keeper *nonce_keeper_new(const char *conninfo);
/* What still waits is answered with ERR_TRANSIENT. Accepts NULL. */
void nonce_keeper_destroy(struct nonce_keeper **keeper);

/* Asks for a name: `done` is called once, from the keeper's thread. OK: it was not used, and is
 * now; ERR_CONFLICT: it was; ERR_TRANSIENT: the database is away, nothing is known. Returns
 * ERR_LIMIT, and nothing is called, when too many wait. */
enum err nonce_take(struct nonce_keeper *keeper,
        const char *name,
        void (*done)(void *self, enum err err),
        void *self) MUST_CHECK;

#endif
