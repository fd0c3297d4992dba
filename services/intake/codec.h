/* Intake's messages between protobuf and the plain structs of intake.h. Here, and nowhere else,
 * malformed input is refused; what decode lets through keeps every limit of check.h. */
#ifndef HUYING_INTAKE_CODEC_H
#define HUYING_INTAKE_CODEC_H

#include "services/intake/intake.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/wire/envelope.h"

/* Decoders of input_type: the body is in arena memory. ERR_MALFORMED: `why` names field and
 * limit. */
enum err submission_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err withdrawal_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err hotline_withdrawal_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK; /* the ticket must be there */
enum err outcome_ack_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err case_ended_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;

enum err follow_up_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;

/* SHA-256 over every field but the digest itself, each with its length, so that no two different
 * bodies read alike; independent of how the sender's protobuf writes them. */
void submission_digest(struct submission *submission);

/* "" when the directory has no such matter. */
const char *matter_code(const struct directory *directory, int32_t id);

/* The functions of aggregate_ops. */
void report_encode(const void *next,
        const struct input *input,
        const struct world *world,
        const struct send *send,
        struct buf *out);
void report_detail(
        const void *next, const struct input *input, const struct step *step, struct buf *out);
void report_answer(const void *next,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct buf *out);

/* The course as JSON. False, and nothing is written, when there is nothing to say: the report has
 * ended as often as its state says, and nobody else asked about it. */
bool course_format(const struct report_course *course, struct buf *out);
/* ERR_MALFORMED: not what course_format() writes. */
enum err course_parse(struct bytes text, struct report_course *ret) MUST_CHECK;

/* Queries: what was asked, and the rows as the store read them. */
struct outcomes_query {
    int64_t after;
    uint32_t limit; /* 1 to OUTCOMES_MAX */
};
enum err outcomes_query_decode(struct bytes payload,
        struct arena *arena,
        struct outcomes_query *ret,
        const char **ret_why) MUST_CHECK;
/* Ends up as the id asked for; 0 when the number is no case number of this site. */
enum err report_query_decode(struct bytes payload,
        const struct directory *directory,
        struct arena *arena,
        int64_t *ret_id,
        const char **ret_why) MUST_CHECK;
void report_query_encode(int64_t id, const char *number, struct buf *out);

void outcomes_encode(const struct report *reports,
        size_t count,
        const struct directory *directory,
        struct buf *out);
void report_view_encode(
        const struct report *report, const struct directory *directory, struct buf *out);

/* A ReportView as HTTP shows it; texts in arena memory. */
struct report_view {
    int64_t id, unit;
    const char *number, *state, *source, *source_ref, *matter, *outcome;
    enum placed placed;
    int64_t accepted_ms, promised_ms, ended_ms;
    uint32_t reported; /* by so many tickets */
};
/* ERR_NOT_FOUND for an empty answer: there is no such report. */
enum err report_view_decode(
        struct bytes payload, struct arena *arena, struct report_view *ret) MUST_CHECK;

#endif
