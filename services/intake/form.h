/* A report as HTTP's JSON, and what goes back. Reading refuses what is no JSON object of known
 * fields of the right types and within the limits of check.h; writing follows the conventions for
 * JSON (ids are strings, snake_case, RFC 3339 with the site's offset). */
#ifndef HUYING_INTAKE_FORM_H
#define HUYING_INTAKE_FORM_H

#include "services/intake/codec.h"
#include "services/intake/hotline/hotline.h"
#include "services/intake/problem.h"
#include "services/intake/qr.h"
#include "services/kernel/base/buf.h"

/* Reads a request body and appends the hotline.Report for it to `out`; `key` is the ticket. False:
 * the problem says what is wrong. */
bool form_read(const char *body,
        size_t size,
        const char *key,
        struct buf *out,
        struct problem *ret_problem);

/* What a code that was scanned says of a report; whoever scanned it says the rest. */
struct form_code {
    bool help; /* a call for help: where whoever scanned is, but not which matter */
    const struct qr_matter *matters; /* the first is preset */
    size_t matter_count;
    bool has_point;
    double longitude, latitude; /* WGS-84 */
    const char *unit_code;      /* "" = none */
    const char *text;           /* stands in front of what is said; "" = nothing */
};

/* The same of a body that was sent with a code. */
bool form_read_code(const char *body,
        size_t size,
        const char *key,
        const struct form_code *code,
        struct buf *out,
        struct problem *ret_problem);

/* The body's JSON object; its owner is the caller. NULL: the problem says what is wrong. */
struct json_t *form_object(const char *body, size_t size, struct problem *ret_problem);

/* {"id","number","state","unit","level","placed","accepted_at","code"}, accepted or repeated;
 * `code` "": without it. */
void form_receipt(
        const struct hotline_receipt *receipt, int utc_offset_s, const char *code, struct buf *out);

/* Where a unit stands, as a person reads it. */
struct form_place {
    const char *unit_code, *unit_name, *level;
    int utc_offset_s;
};
/* What whoever has the code may know: of the case where it stands and what has become of it;
 * nothing of what was said, by whom, and under which ticket. */
void form_follow(const struct report_view *view, const struct form_place *place, struct buf *out);
/* All of it, for the system that reported it. */
void form_view(const struct report_view *view, const struct form_place *place, struct buf *out);

#endif
