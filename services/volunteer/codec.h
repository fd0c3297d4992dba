/* Protobuf ↔ plain structs. Nothing of protobuf's kind leaves codec.c. Decoded texts stand in the
 * arena and are valid UTF-8 within the limits of volunteer.h. */
#ifndef HUYING_VOLUNTEER_CODEC_H
#define HUYING_VOLUNTEER_CODEC_H

#include "services/volunteer/volunteer.h"
#include "services/kernel/store/aggregate.h"

/* struct input_type.decode: → struct need_opened, need_cancel, need_act, need_act. */
enum err opened_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why);
enum err cancel_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why);
enum err claim_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why);
enum err done_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why);

/* struct aggregate_ops.encode: NeedProgress; send->arg is the stage. */
void progress_encode(const void *next,
        const struct input *input,
        const struct world *world,
        const struct send *send,
        struct buf *out);
/* struct aggregate_ops.detail: the text that came with the step. */
void need_detail(
        const void *next, const struct input *input, const struct step *step, struct buf *out);
/* struct aggregate_ops.answer: the need as it stands; empty when there is none, or for somebody who
 * is no volunteer. */
void need_answer(const void *next,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct buf *out);

/* What a NeedsQuery asks for, checked. */
struct needs_query {
    int64_t unit, after;
    int32_t state, limit; /* state: enum need_state; NEED_NONE = all open ones */
    const char *const *source_refs;
    size_t source_ref_count;
};
enum err needs_query_decode(struct bytes payload,
        struct arena *arena,
        struct needs_query *ret,
        const char **ret_why) MUST_CHECK;
void needs_encode(
        const struct need *needs, size_t count, const struct directory *directory, struct buf *out);
enum err offers_query_decode(struct bytes payload,
        struct arena *arena,
        int64_t *ret_need,
        const char **ret_why) MUST_CHECK;
void offers_encode(const struct staff *const *staff, int count, struct buf *out);

#endif
