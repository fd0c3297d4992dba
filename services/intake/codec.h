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

#define FOLLOW_STEPS_MAX 64 /* of a report's history, shown to who follows it */

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

enum err correction_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err hotline_correction_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK; /* the ticket must be there */

enum err progress_ack_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
enum err case_progressed_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;

/* What a client states, in the one system in which points are kept. */
void point_resolve(struct submission *body);

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

/* CASE_CORRECTED. */
void case_corrected_encode(
        const struct input *input, const struct directory *directory, struct buf *out);

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
enum err reconcile_query_decode(struct bytes payload,
        struct arena *arena,
        struct reconcile_query *ret,
        const char **ret_why) MUST_CHECK;
/* Ends up as the id asked for; 0 when the number is no case number of this site. */
enum err report_query_decode(struct bytes payload,
        const struct directory *directory,
        struct arena *arena,
        int64_t *ret_id,
        const char **ret_why) MUST_CHECK;
void report_query_encode(int64_t id, const char *number, struct buf *out);

/* As `source` sees them: its own tickets, of reports that it made or that these have joined. */
void outcomes_encode(const struct report *reports,
        size_t count,
        const char *source,
        const struct directory *directory,
        struct buf *out);
/* Their stages, each with its sentence in the site's language. */
void progress_encode(const struct report *reports,
        size_t count,
        const char *source,
        const struct directory *directory,
        struct buf *out);
/* One stage's sentence. */
void stage_say(const struct stage_reached *stage,
        enum intent intent,
        const struct directory *directory,
        struct buf *out);
/* Counts and digest of all, by the bytes of their tickets, and the first `limit` of those to be
 * listed. More than RECONCILE_MAX: says so and nothing else. `arena` is
 * working memory. */
void reconciliation_encode(const struct recorded *list,
        size_t count,
        uint32_t limit,
        const struct directory *directory,
        struct arena *arena,
        struct buf *out);
/* `cards`: of who called, masked. */
void report_view_encode(const struct report *report,
        const struct buf *cards,
        size_t card_count,
        const struct directory *directory,
        struct buf *out);

/* A row of the report's history; of those that are nobody's business but the site's, and of kinds
 * that this version does not know, nothing is encoded. */
struct past_step {
    int64_t kind, at_ms;
};
void report_follow_encode(const struct report *report,
        const struct past_step *steps,
        size_t count, /* at most FOLLOW_STEPS_MAX */
        const struct directory *directory,
        struct buf *out);

/* A ticket of another source that has joined a report. */
struct view_guest {
    const char *source, *ticket;
};

struct view_step {
    const char *step;
    int64_t at_ms;
};

/* A ReportView as HTTP shows it; texts in arena memory. */
struct report_view {
    int64_t id, unit;
    const char *number, *state, *source, *source_ref, *matter, *outcome, *intent;
    enum placed placed;
    int64_t accepted_ms, promised_ms, ended_ms;
    uint32_t reported, urged; /* by so many tickets */
    uint32_t round;           /* how often its case has ended */
    bool followed_up;         /* something was said of that round's outcome */
    const struct view_step *steps;
    size_t step_count;
    const struct view_guest *guests;
    size_t guest_count;
    char *const *cards;
    size_t card_count;
};
/* True when the report is that source's, or one that a ticket of it has joined: then source and
 * source_ref are this ticket's. */
bool report_view_own(struct report_view *view, const char *source);
/* ERR_NOT_FOUND for an empty answer: there is no such report. */
enum err report_view_decode(
        struct bytes payload, struct arena *arena, struct report_view *ret) MUST_CHECK;

#endif
