/* The hotline's messages between plain structs and protobuf (proto/hotline.proto), as a pusher sees
 * them: it writes requests and reads answers. Used by the client library and by intake's own
 * HTTP. */
#ifndef HUYING_INTAKE_HOTLINE_CODEC_H
#define HUYING_INTAKE_HOTLINE_CODEC_H

#include "services/intake/hotline/hotline.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/wire/envelope.h"

/* Each appends one message to `out`. */
void hotline_report_encode(const struct hotline_report *report, struct buf *out);
void hotline_withdraw_encode(
        const char *ticket, const char *reason, int64_t at_ms, struct buf *out);
void hotline_follow_up_encode(const struct hotline_follow_up *follow_up, struct buf *out);
void hotline_correction_encode(const struct hotline_correction *correction, struct buf *out);
void hotline_progress_query_encode(int64_t after, uint32_t limit, struct buf *out);
void hotline_progress_ack_encode(int64_t case_id, uint32_t version, struct buf *out);
void hotline_outcomes_query_encode(int64_t after, uint32_t limit, struct buf *out);
void hotline_ack_encode(int64_t case_id, uint32_t round, struct buf *out);
void hotline_reconcile_encode(const struct hotline_span *span, uint32_t limit, struct buf *out);

/* ERR_MALFORMED: no such message; *ret is untouched. `arena` is working memory. */
enum err hotline_receipt_decode(
        struct bytes payload, struct arena *arena, struct hotline_receipt *ret) MUST_CHECK;
/* ERR_LIMIT when there are more than `room`. */
enum err hotline_outcomes_decode(struct bytes payload,
        struct arena *arena,
        struct hotline_outcome *ret,
        size_t room,
        size_t *ret_count) MUST_CHECK;
/* The same. */
enum err hotline_progress_decode(struct bytes payload,
        struct arena *arena,
        struct hotline_progress *ret,
        size_t room,
        size_t *ret_count) MUST_CHECK;
enum err hotline_reconciliation_decode(
        struct bytes payload, struct arena *arena, struct hotline_reconciliation *ret) MUST_CHECK;

#endif
