/* A vendor's JSON as a message of the hotline's contract, by his mapping; and what he is answered.
 * What the mapping cannot read is named by his own path. Limits of fields are intake's to check,
 * when it decodes the message. */
#ifndef HUYING_INTAKE_VENDOR_BODY_H
#define HUYING_INTAKE_VENDOR_BODY_H

#include "services/intake/hotline/hotline.h"
#include "services/intake/vendor/mapping.h"

#define BODY_PATH_SIZE (MAPPING_PATH_MAX + 1)
#define BODY_EXTRA_SIZE 128

enum body_fault_kind {
    BODY_FINE,
    BODY_JSON,    /* no JSON object in UTF-8; `extra` says where */
    BODY_MISSING, /* nothing at `path` */
    BODY_VALUE    /* what stands there cannot be it; `extra` says what was expected */
};

struct body_fault {
    enum body_fault_kind kind;
    char path[BODY_PATH_SIZE];
    char extra[BODY_EXTRA_SIZE];
};

/* Appends the message for that verb; *ret_said_ms: when the vendor says that it was said, 0 = he
 * does not. False: *ret_fault says why. */
bool body_read(const struct vendor *vendor,
        enum verb verb,
        const char *body,
        size_t size,
        struct buf *out,
        int64_t *ret_said_ms,
        struct body_fault *ret_fault);

/* Answers as JSON; instants with that offset. */
void body_receipt(const struct hotline_receipt *receipt, int utc_offset_s, struct buf *out);
void body_outcomes(
        const struct hotline_outcome *list, size_t count, int utc_offset_s, struct buf *out);
void body_progress(
        const struct hotline_progress *list, size_t count, int utc_offset_s, struct buf *out);
void body_reconciliation(
        const struct hotline_reconciliation *answer, int utc_offset_s, struct buf *out);

#endif
