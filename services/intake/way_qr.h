/* What all paths of a code that was scanned have in common. */
#ifndef HUYING_INTAKE_WAY_QR_H
#define HUYING_INTAKE_WAY_QR_H

#include "services/intake/call.h"
#include "services/intake/qr.h"

#define QR_ARENA_SIZE ((size_t)1 << 20) /* to read one reply */

/* The id of the code whose token stands in the path, and call->peer; 0: there is none, which the
 * problem says. Asks nobody: whoever guesses costs no look into the database. */
int64_t qr_check(struct call *call);
/* The same for the paths of way_qr.c, with what they remember: first of all, and once. */
int64_t qr_begin(struct call *call);
/* The loop is to be asked what that code is. */
void qr_ask(struct call *call, int64_t id);
/* What it said. NULL: the code is withdrawn, gone, or of another kind (QR_NONE: any will do), which
 * the problem says. */
const struct qr_code *qr_told(
        struct call *call, int64_t id, enum qr_kind kind, struct arena *arena);

#endif
