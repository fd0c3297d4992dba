/* The answer to a report that was posted, for all ways that post one in intake's own JSON. */
#ifndef HUYING_INTAKE_WAY_REPORT_H
#define HUYING_INTAKE_WAY_REPORT_H

#include "services/intake/call.h"

struct hotline_receipt;

/* way.take: the report's code, of what was accepted. */
void receipt_take(
        struct call *call, const struct envelope *reply, const struct directory *directory);
/* True, in *ret: it was accepted, or is there already. Else the problem says why not. */
bool receipt_read(struct call *call, struct arena *arena, struct hotline_receipt *ret);
/* way.answer: 201 the first time and 200 when it is repeated, with the same body. */
void receipt_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body);

#endif
