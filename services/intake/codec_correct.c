/* Corrections between protobuf and plain structs: what a source sends, and what routing is told of
 * it, masked as all words of people are. */
#include <protobuf-c/protobuf-c.h>
#include <string.h>
#include "proto/hotline.pb-c.h"
#include "proto/intake.pb-c.h"
#include "services/intake/check.h"
#include "services/intake/clean.h"
#include "services/intake/codec.h"
#include "services/intake/codec_open.h"
#include "services/intake/codec_person.h"
#include "services/intake/decide.h"
#include "services/kernel/base/pure_mask.h"
#include "services/kernel/wire/message.h"

enum err correction_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Hotline__Correct *message =
            request_open(&huying__hotline__correct__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    struct correction *body = arena_get(arena, sizeof *body);
    body->at_ms = message->at_ms;
    struct submission *to_be = &body->to_be;
    *to_be = (struct submission){.ticket = message->ticket,
            .matter = message->matter,
            .text = message->text,
            .reporter = "",
            .about = "",
            .to = "",
            .unit_code_count = message->n_unit_codes,
            .has_point = message->longitude != 0 || message->latitude != 0,
            .longitude = message->longitude,
            .latitude = message->latitude};
    for (size_t i = 0; i < message->n_unit_codes && i < UNIT_CODES_MAX; i++)
        to_be->unit_codes[i] = message->unit_codes[i];
    body->has_place = to_be->has_point || to_be->unit_code_count;
    struct fault fault = {.kind = FAULT_NONE};
    if (to_be->unit_code_count <= UNIT_CODES_MAX)
        fault = submission_tidy(to_be, arena);
    if (!fault.kind)
        fault = correction_check(body);
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    submission_digest(to_be);
    submission_protect(to_be, arena);
    to_be->resolved = arena_get(arena, sizeof *to_be->resolved);
    *ret_body = body;
    return OK;
}

enum err hotline_correction_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const void *opened = NULL;
    enum err err = correction_decode(payload, arena, &opened, ret_why);
    if (err)
        return err;
    const struct correction *body = opened;
    struct fault fault = ticket_check(body->to_be.ticket, "ticket");
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    *ret_body = body;
    return OK;
}

void case_corrected_encode(
        const struct input *input, const struct directory *directory, struct buf *out)
{
    const struct correction *body = input->body;
    const struct submission *to_be = &body->to_be;
    const struct matter *matter = *to_be->matter ? report_matter(directory, to_be->matter) : NULL;
    Huying__Intake__CaseCorrected message = HUYING__INTAKE__CASE_CORRECTED__INIT;
    BUF_OWNED text = {0};
    text_mask(to_be->text, strlen(to_be->text), &text);
    message.text = text.data ? text.data : message.text;
    message.matter = text_lend(matter ? matter->code : "");
    message.longitude = to_be->longitude;
    message.latitude = to_be->latitude;
    message.at_ms = body->at_ms ? body->at_ms : input->now_ms;
    if (body->has_place) {
        struct place place = report_place(directory, to_be);
        bool known = place.placed == PLACED_POINT || place.placed == PLACED_CODES;
        message.unit = known ? place.unit->id : 0;
        message.place = text_lend(known ? place.unit->code : "");
    }
    message_add(&message.base, out);
}
