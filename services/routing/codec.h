/* Routing's messages as bytes: the only place in the service that knows protobuf. Decoders check
 * all that can be checked without state (lengths, UTF-8, numbers); what passes here decide()
 * trusts. Texts of a decoded body live in the arena. */
#ifndef HUYING_ROUTING_CODEC_H
#define HUYING_ROUTING_CODEC_H

#include "services/kernel/store/aggregate.h"
#include "services/routing/routing.h"

/* As input_type.decode: ERR_MALFORMED with a static sentence in *ret_why that names field and
 * limit. */
enum err case_reported_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err case_withdrawn_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err mission_progress_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err need_progress_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err case_urged_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err case_followed_up_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;

enum err case_corrected_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;

/* Commands, in codec_act.c: each with the fields that it needs (routing.proto). */
enum err act_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err reason_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err unit_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err span_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err units_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err joint_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err order_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err take_over_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err apply_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err convene_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err resolve_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err score_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err follow_up_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err merge_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;

/* As aggregate_ops: encode, answer, detail. */
void routing_encode(const void *next,
        const struct input *input,
        const struct world *world,
        const struct send *send,
        struct buf *out);
void routing_answer(const void *next,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct buf *out);
void routing_detail(
        const void *next, const struct input *input, const struct step *step, struct buf *out);

/* As query_type: bind, encode; in codec_query.c and codec_case.c. */
enum err worklist_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void worklist_encode(const PGresult *rows, const struct directory *directory, struct buf *out);
enum err case_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void case_encode(const PGresult *rows, const struct directory *directory, struct buf *out);
enum err agenda_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void agenda_encode(const PGresult *rows, const struct directory *directory, struct buf *out);

/* … in codec_search.c. */
enum err search_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void search_encode(const PGresult *rows, const struct directory *directory, struct buf *out);
enum err similar_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void similar_encode(const PGresult *rows, const struct directory *directory, struct buf *out);
enum err load_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void load_encode(const PGresult *rows, const struct directory *directory, struct buf *out);

/* What happened beside the straight way, as it stands in the row: JSON with the names of
 * COURSE_TABLE, of what is not 0. False: nothing happened (the row has NULL). */
bool course_format(const struct case_course *course, struct buf *out);
/* ERR_MALFORMED when that is no such text; names unknown to this version are passed over. */
enum err course_parse(struct bytes text, struct case_course *ret) MUST_CHECK;

/* The names of states and levels in messages; static memory. */
const char *case_state_name(enum case_state state);
/* CASE_STATE_COUNT when no state has that name. */
enum case_state case_state_find(const char *name);
const char *case_level_name(enum level level);
const char *case_kind_name(enum handler_kind kind);

#endif
