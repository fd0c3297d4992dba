/* Protobuf ↔ plain structs. Nothing of protobuf's kind leaves codec.c. Decoded texts stand in the
 * arena and are valid UTF-8 within the limits of enforcement.h. */
#ifndef HUYING_ENFORCEMENT_CODEC_H
#define HUYING_ENFORCEMENT_CODEC_H

#include "services/enforcement/enforcement.h"
#include "services/kernel/store/aggregate.h"

/* struct input_type.decode: → struct mission_request, mission_cancel, mission_act. */
enum err request_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why);
enum err cancel_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why);
enum err act_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why);

/* struct aggregate_ops.encode: MissionProgress; send->arg is the stage. */
void progress_encode(const void *next,
        const struct input *input,
        const struct world *world,
        const struct send *send,
        struct buf *out);
/* struct aggregate_ops.detail: the text that came with the step, and in brackets the evidence. */
void mission_detail(
        const void *next, const struct input *input, const struct step *step, struct buf *out);
/* struct aggregate_ops.answer: the mission as it stands; empty when there is none, or for somebody
 * who is not on its squad. */
void mission_answer(const void *next,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct buf *out);

/* What a MissionsQuery asks for, checked. */
struct missions_query {
    int64_t squad, after;
    int32_t state, limit; /* state: enum mission_state; MISSION_NONE = all open ones */
    const char *const *source_refs;
    size_t source_ref_count;
};
enum err missions_query_decode(struct bytes payload,
        struct arena *arena,
        struct missions_query *ret,
        const char **ret_why) MUST_CHECK;
/* Missions: a list of `count` of them. */
void missions_encode(const struct mission *missions,
        size_t count,
        const struct directory *directory,
        struct buf *out);

#endif
