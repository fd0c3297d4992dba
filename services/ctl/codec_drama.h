/* What a story's people send besides commands about a case (codec_story.h), as plain structs
 * (enforcement, volunteer and hotline.proto). */
#ifndef HUYING_CTL_CODEC_DRAMA_H
#define HUYING_CTL_CODEC_DRAMA_H

#include <stdbool.h>
#include <stdint.h>
#include "services/ctl/codec_story.h"
#include "services/intake/hotline/hotline.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_catalogue.h"
#include "services/kernel/wire/envelope.h"

/* What a squad or a volunteer commands about its work: text and evidence. Enforcement's Act;
 * volunteer's Done agrees with it in version and text. */
struct bytes drama_work_encode(struct arena *arena, const struct case_act *order);

/* A report by a person at a screen (SUBMIT), with the hotline's fields. */
struct drama_report {
    const char *ticket, *matter, *text, *unit_code; /* unit_code "" = none */
    double point[2];
    int64_t reported_ms, promised_ms;
    bool settled; /* on the spot, with */
    struct evidence evidence[EVIDENCE_MAX];
    int evidence_count;
    const char *to;    /* a unit's code: sent there past the catalogue; NULL = not */
    const char *about; /* urges: the earlier ticket; NULL = it is something new */
};
struct bytes drama_report_encode(struct arena *arena, const struct drama_report *report);

/* What a reporter says on the page of how his case ended: intake's FOLLOW_UP. */
uint32_t drama_follow_up_type(void);
struct bytes drama_follow_up_encode(struct arena *arena, const struct hotline_follow_up *said);

struct drama_receipt {
    int64_t case_id;
    const char *number, *reason, *text; /* reason, text: of a refusal */
};
enum err drama_receipt_decode(
        struct bytes payload, struct arena *arena, struct drama_receipt *ret) MUST_CHECK;

/* "113.5,22.9"; false when it is no point. */
bool drama_point_read(const char *text, double ret[2]);

#endif
