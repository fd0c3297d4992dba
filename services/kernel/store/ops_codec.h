/* The kernel's own queries and commands (proto/ops.proto), the same in every service: an
 * aggregate's history, dead letters, and which letter an operator means. */
#ifndef HUYING_STORE_OPS_CODEC_H
#define HUYING_STORE_OPS_CODEC_H

#include "services/kernel/store/aggregate.h"
#include "services/kernel/store/core.h"

enum ops_type {
    OPS_HISTORY = 9001,
    OPS_DEAD_LETTERS = 9002,
    OPS_REPLAY = 9501,
    OPS_SKIP = 9502,
    OPS_RECOUNT = 9503,
    OPS_LOOK = 9504
};

#define OPS_STATEMENT_COUNT 2
extern const struct statement OPS_STATEMENTS[OPS_STATEMENT_COUNT];

/* The statement of a kernel query with its parameters; NULL when `type` is none of ours.
 * ERR_MALFORMED through *ret_err when the payload is not what the type says. */
const struct statement *ops_query_bind(
        uint32_t type, struct bytes payload, struct arena *arena, struct params *params,
        enum err *ret_err);
void ops_query_encode(uint32_t type, const PGresult *rows, const struct aggregate_ops *ops,
        struct arena *arena, struct buf *out);

/* LetterRef: fills aggregate, source and number of the work, and the operator's reason. */
enum err letter_ref_decode(struct bytes payload, struct arena *arena, struct work *work) MUST_CHECK;

#endif
