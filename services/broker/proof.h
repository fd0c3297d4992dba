/* Proof at start that the locks are locked: a client without CURVE and one with an unknown key
 * are let at a loopback socket that is set up like the real ones, and both must be refused. A
 * ZAP handler that is switched off by a mistake looks exactly like one that works, until
 * somebody comes in. */
#ifndef HUYING_BROKER_PROOF_H
#define HUYING_BROKER_PROOF_H

#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/bus/keyfile.h"

#define PROOF_WAIT_MS 3000 /* for each of the two */

/* Blocks until both were refused. ERR_FATAL with `why` when one got in or nothing was decided.
 * The ZAP handler of the context must run. */
enum err proof_refusals(void *context, const struct keypair *key, struct buf *why) MUST_CHECK;

#endif
