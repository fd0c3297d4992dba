/* What the field staff sends and sees, as plain structs (routing, enforcement and
 * volunteer.proto). */
#ifndef HUYING_CTL_CODEC_FIELD_H
#define HUYING_CTL_CODEC_FIELD_H

#include <stdint.h>
#include "services/kernel/base/arena.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/wire/envelope.h"

enum field_type {
    FIELD_CASE_ACCEPT = 2501,
    FIELD_CASE_HANDLE = 2502,
    FIELD_CASE_VERIFY = 2503,
    FIELD_CASE_REFER = 2504,
    FIELD_WORKLIST = 2601,
    FIELD_MISSION_ACCEPT = 3501,
    FIELD_MISSION_ARRIVE = 3502,
    FIELD_MISSION_DONE = 3503,
    FIELD_MISSIONS = 3601,
    FIELD_NEED_CLAIM = 4501,
    FIELD_NEED_DONE = 4502,
    FIELD_NEEDS = 4601,
    FIELD_OFFERS = 4602,
    FIELD_CHECKPOINT = 5601
};

#define FIELD_REFS_MAX 500

struct field_item {            /* a line of a worklist: of a case, a mission or a need */
    int64_t id, unit, handler; /* handler: unit, or the mission's squad */
    const char *source_ref, *state, *handler_kind, *volunteer;
    int32_t version;
    const char *matter; /* its code, "" = none */
};

/* A worklist query by source references: the same fields in all three services. */
struct bytes field_refs_encode(struct arena *arena, const char *const *refs, size_t count);
enum err field_items_decode(uint32_t type,
        struct bytes payload,
        struct arena *arena,
        struct field_item **ret,
        size_t *ret_count) MUST_CHECK;
/* Commands: the version is any, `text` what was done. */
struct bytes field_act_encode(struct arena *arena, const char *text);
/* The same for what says "done": with all the evidence that the matter requires (NULL: none). */
struct bytes field_done_encode(
        struct arena *arena, uint32_t type, const char *text, const struct matter *matter);
struct bytes field_offers_query_encode(struct arena *arena, int64_t need);
/* Staff codes that a need is offered to; NULL-terminated. */
enum err field_offers_decode(
        struct bytes payload, struct arena *arena, const char ***ret) MUST_CHECK;
#define FIELD_ROOT_SIZE 65
/* The root of a checkpoint, in hexadecimal. */
enum err field_root_decode(
        struct bytes payload, struct arena *arena, char ret[FIELD_ROOT_SIZE]) MUST_CHECK;

#endif
