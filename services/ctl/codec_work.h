/* What huyingctl asks routing about many cases, as plain structs: what somebody has to do, what
 * fits a search, what may be the same thing, how much each unit has in hand (routing.proto).
 * Decoded texts live in the arena; ERR_MALFORMED when an answer is not what its type says. */
#ifndef HUYING_CTL_CODEC_WORK_H
#define HUYING_CTL_CODEC_WORK_H

#include "services/ctl/story.h"
#include "services/kernel/base/err.h"
#include "services/kernel/wire/envelope.h"

enum work_type { WORK_SEARCH = 2603, WORK_SIMILAR = 2604, WORK_LOAD = 2605, WORK_AGENDA = 2606 };

#define WORK_LIMIT_MAX 500 /* cases of one answer */

/* Cases in the order of an answer, and with what to ask for those behind them; "" = none are. */
struct case_page {
    struct case_view *cases;
    size_t count;
    const char *cursor;
};

struct bytes agenda_encode(struct arena *arena, const char *cursor, uint32_t limit);
enum err agenda_decode(struct bytes payload, struct arena *arena, struct case_page *ret) MUST_CHECK;

/* Texts are never NULL, "" and 0 = any. */
struct search_ask {
    const char *text, *state, *matter, *source_ref, *cursor;
    int64_t unit, from_ms, to_ms;
    uint32_t limit;
};
struct bytes search_encode(struct arena *arena, const struct search_ask *ask);
struct bytes similar_encode(struct arena *arena, const struct case_view *to, uint32_t limit);
/* The answer of both. */
enum err case_list_decode(
        struct bytes payload, struct arena *arena, struct case_page *ret) MUST_CHECK;

struct unit_load {
    int64_t unit;
    int32_t open, late, due_today;
};
struct bytes load_encode(struct arena *arena, int64_t unit);
enum err load_decode(struct bytes payload,
        struct arena *arena,
        struct unit_load **ret,
        size_t *ret_count) MUST_CHECK;

#endif
