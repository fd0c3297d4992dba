/* The kernel's own queries and commands (ops.proto) as plain structs: dead letters and counting
 * again. Decoded texts live in the arena. */
#ifndef HUYING_CTL_CODEC_OPS_H
#define HUYING_CTL_CODEC_OPS_H

#include <stddef.h>
#include "services/kernel/base/arena.h"
#include "services/kernel/base/err.h"
#include "services/kernel/store/ops_codec.h"
#include "services/kernel/wire/envelope.h"

#define LETTERS_LIMIT 500  /* letters of one answer */
#define LETTER_WHY_MAX 200 /* bytes */

struct letter {
    enum service_id service; /* that holds it */
    enum service_id source;  /* that sent it */
    int64_t agg, msg_id, arrived_ms;
    uint64_t n;
    uint32_t type, waiting; /* waiting: messages of its stream that wait for it */
    int32_t attempts;
    const char *reason;
};

/* Letters of aggregates after `after`, in order of aggregate, source, number. */
struct bytes letters_query_encode(struct arena *arena, int64_t after);
enum err letters_decode(struct bytes payload,
        enum service_id service,
        struct arena *arena,
        struct letter **ret,
        size_t *ret_count) MUST_CHECK;
/* Which letter is meant; `why` ≤ LETTER_WHY_MAX bytes. */
struct bytes letter_ref_encode(struct arena *arena, const struct letter *letter, const char *why);

#endif
