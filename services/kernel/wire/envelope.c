/* Batches of envelopes to bytes and back, written by hand because this is the hottest code of the
 * bus: protobuf-c would need a struct and several allocations per message and a copy of the batch.
 * The format is that of proto/envelope.proto, and the tests hold it against the generated code.
 *
 * To add a field: proto/envelope.proto, struct envelope, one line each in sizes_of, envelope_put
 * and the switch of field_take. Fields that are not known are skipped: version N talks to N-1. */
#include "services/kernel/wire/envelope.h"

#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_decision.h" /* ACTOR_SIZE */
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/frame.h"
#include "services/kernel/wire/wire_read.h"
#include "services/kernel/wire/wire_write.h"

/* Fields in one envelope and, besides envelopes, in one batch: known ones and room for newer
 * ones. */
#define ENVELOPE_OWN_FIELDS_MAX 64
#define BATCH_OWN_FIELDS_MAX 64

enum batch_field { BATCH_INCARNATION = 1, BATCH_ENVELOPES = 2 };

enum envelope_field {
    FIELD_ID = 1,
    FIELD_AGG,
    FIELD_N,
    FIELD_TYPE,
    FIELD_SOURCE_SITE,
    FIELD_AT_MS,
    FIELD_DEADLINE_MS,
    FIELD_REQUEST_ID,
    FIELD_ACTOR,
    FIELD_PAYLOAD,
    FIELD_TRACE,
    FIELD_VERDICT,
    FIELD_REASON,
    FIELD_TEXT
};

struct text_sizes {
    size_t request_id, actor, text;
};

static size_t text_size(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

static size_t sizes_of(const struct envelope *envelope, struct text_sizes *ret)
{
    ret->request_id = text_size(envelope->request_id);
    ret->actor = text_size(envelope->actor);
    ret->text = text_size(envelope->text);
    return number_field_size((uint64_t)envelope->id) + number_field_size((uint64_t)envelope->agg) +
           number_field_size(envelope->n) + number_field_size(envelope->type) +
           number_field_size(envelope->source_site) + number_field_size((uint64_t)envelope->at_ms) +
           number_field_size((uint64_t)envelope->deadline_ms) + bytes_field_size(ret->request_id) +
           bytes_field_size(ret->actor) + bytes_field_size(envelope->payload.size) +
           bytes_field_size(envelope->trace.size) + number_field_size(envelope->verdict) +
           number_field_size(envelope->reason) + bytes_field_size(ret->text);
}

static uint8_t *envelope_put(
        uint8_t *to, const struct envelope *envelope, const struct text_sizes *sizes)
{
    to = number_field_put(to, FIELD_ID, (uint64_t)envelope->id);
    to = number_field_put(to, FIELD_AGG, (uint64_t)envelope->agg);
    to = number_field_put(to, FIELD_N, envelope->n);
    to = number_field_put(to, FIELD_TYPE, envelope->type);
    to = number_field_put(to, FIELD_SOURCE_SITE, envelope->source_site);
    to = number_field_put(to, FIELD_AT_MS, (uint64_t)envelope->at_ms);
    to = number_field_put(to, FIELD_DEADLINE_MS, (uint64_t)envelope->deadline_ms);
    to = bytes_field_put(to, FIELD_REQUEST_ID, envelope->request_id, sizes->request_id);
    to = bytes_field_put(to, FIELD_ACTOR, envelope->actor, sizes->actor);
    to = bytes_field_put(to, FIELD_PAYLOAD, envelope->payload.data, envelope->payload.size);
    to = bytes_field_put(to, FIELD_TRACE, envelope->trace.data, envelope->trace.size);
    to = number_field_put(to, FIELD_VERDICT, envelope->verdict);
    to = number_field_put(to, FIELD_REASON, envelope->reason);
    return bytes_field_put(to, FIELD_TEXT, envelope->text, sizes->text);
}

/* Where `size` more bytes of `out` go; out->size already counts them. */
static uint8_t *room_take(struct buf *out, size_t size)
{
    buf_reserve(out, size);
    uint8_t *to = (uint8_t *)out->data + out->size;
    out->size += size;
    out->data[out->size] = 0;
    return to;
}

void batch_begin(struct buf *out, uint64_t incarnation)
{
    buf_reset(out);
    number_field_put(
            room_take(out, number_field_size(incarnation)), BATCH_INCARNATION, incarnation);
}

void batch_add(struct buf *out, const struct envelope *envelope)
{
    struct text_sizes sizes;
    size_t size = sizes_of(envelope, &sizes);
    must(envelope->payload.size <= PAYLOAD_SIZE_MAX);
    must(envelope->trace.size == 0 || envelope->trace.size == TRACE_SIZE);
    must(sizes.request_id <= REQUEST_ID_MAX && sizes.actor < ACTOR_SIZE);
    must(sizes.text <= REPLY_TEXT_MAX);
    must(envelope->agg >= 0 && envelope->deadline_ms >= 0);
    uint8_t *to = room_take(out, 1 + varint_size(size) + size);
    *to++ = WIRE_TAG(BATCH_ENVELOPES, WIRE_BYTES);
    to = varint_put(to, size);
    to = envelope_put(to, envelope, &sizes);
    must(to == (uint8_t *)out->data + out->size);
}

/* What a decoding has and needs at hand; `why` is set where a check fails. */
struct decoding {
    struct arena *arena;
    const char *why;
    enum err err;
};

static bool refuse(struct decoding *decoding, const char *why)
{
    decoding->why = why;
    decoding->err = ERR_MALFORMED;
    return false;
}

static bool memory_out(struct decoding *decoding)
{
    decoding->why = "the batch needs more memory than a batch may have";
    decoding->err = ERR_LIMIT;
    return false;
}

/* The type that a field of the envelope has in the format; -1 for fields not known here. */
static int type_of(uint64_t number)
{
    static const int8_t types[] = {-1, WIRE_VARINT, WIRE_VARINT, WIRE_VARINT, WIRE_VARINT,
            WIRE_VARINT, WIRE_VARINT, WIRE_VARINT, WIRE_BYTES, WIRE_BYTES, WIRE_BYTES, WIRE_BYTES,
            WIRE_VARINT, WIRE_VARINT, WIRE_BYTES};
    return number < sizeof types ? types[number] : -1;
}

static bool text_take(struct decoding *decoding,
        const struct wire_field *field,
        size_t size_max,
        const char **ret)
{
    if (field->value > size_max) {
        return refuse(decoding, "a text of an envelope is longer than its maximum");
    }
    size_t size = (size_t)field->value;
    if (!text_valid((const char *)field->data, size)) {
        return refuse(decoding, "a text of an envelope is not valid UTF-8");
    }
    char *text = arena_find(decoding->arena, size + 1);
    if (text == NULL) {
        return memory_out(decoding);
    }
    memcpy(text, field->data, size);
    text[size] = 0;
    *ret = text;
    return true;
}

static bool number_take(struct decoding *decoding, const struct wire_field *field, uint32_t *ret)
{
    if (field->value > UINT32_MAX) {
        return refuse(decoding, "a number of an envelope does not fit 32 bits");
    }
    *ret = (uint32_t)field->value;
    return true;
}

static bool span_take(struct decoding *decoding, const struct wire_field *field, int64_t *ret)
{
    if (field->value > INT64_MAX) {
        return refuse(decoding, "an aggregate or a deadline is negative");
    }
    *ret = (int64_t)field->value;
    return true;
}

static bool payload_take(
        struct decoding *decoding, const struct wire_field *field, struct bytes *ret)
{
    if (field->value > PAYLOAD_SIZE_MAX) {
        return refuse(decoding, "a payload is larger than PAYLOAD_SIZE_MAX");
    }
    if (!proto_bounded(field->data, (size_t)field->value)) {
        return refuse(decoding, "a payload nests too deep or has too many fields");
    }
    *ret = (struct bytes){field->data, (size_t)field->value};
    return true;
}

static bool trace_take(struct decoding *decoding, const struct wire_field *field, struct bytes *ret)
{
    if (field->value != 0 && field->value != TRACE_SIZE) {
        return refuse(decoding, "a trace context is neither empty nor TRACE_SIZE bytes");
    }
    *ret = (struct bytes){field->data, (size_t)field->value};
    return true;
}

static bool field_take(
        struct decoding *decoding, const struct wire_field *field, struct envelope *envelope)
{
    int type = type_of(field->number);
    if (type < 0) {
        return field->number != 0 || refuse(decoding, "a field has the number 0");
    }
    if (type != (int)field->type) {
        return refuse(decoding, "a field of an envelope is of another wire type");
    }
    switch ((enum envelope_field)field->number) {
    case FIELD_ID:
        envelope->id = (int64_t)field->value;
        return true;
    case FIELD_AGG:
        return span_take(decoding, field, &envelope->agg);
    case FIELD_N:
        envelope->n = field->value;
        return true;
    case FIELD_TYPE:
        return number_take(decoding, field, &envelope->type);
    case FIELD_SOURCE_SITE:
        return number_take(decoding, field, &envelope->source_site);
    case FIELD_AT_MS:
        envelope->at_ms = (int64_t)field->value;
        return true;
    case FIELD_DEADLINE_MS:
        return span_take(decoding, field, &envelope->deadline_ms);
    case FIELD_REQUEST_ID:
        return text_take(decoding, field, REQUEST_ID_MAX, &envelope->request_id);
    case FIELD_ACTOR:
        return text_take(decoding, field, ACTOR_SIZE - 1, &envelope->actor);
    case FIELD_PAYLOAD:
        return payload_take(decoding, field, &envelope->payload);
    case FIELD_TRACE:
        return trace_take(decoding, field, &envelope->trace);
    case FIELD_VERDICT:
        return number_take(decoding, field, &envelope->verdict);
    case FIELD_REASON:
        return number_take(decoding, field, &envelope->reason);
    case FIELD_TEXT:
        return text_take(decoding, field, REPLY_TEXT_MAX, &envelope->text);
    }
    return true;
}

static bool envelope_take(
        struct decoding *decoding, const struct wire_field *whole, struct envelope *ret)
{
    *ret = (struct envelope){.request_id = "", .actor = "", .text = ""};
    struct wire_reader reader = {whole->data, whole->data + whole->value};
    struct wire_field field;
    for (int fields = 0; reader.at < reader.end; fields++) {
        if (fields == ENVELOPE_OWN_FIELDS_MAX) {
            return refuse(decoding, "an envelope has too many fields");
        }
        if (!wire_field_next(&reader, &field)) {
            return refuse(decoding, "an envelope is cut short or no protobuf message");
        }
        if (!field_take(decoding, &field, ret)) {
            return false;
        }
    }
    return true;
}

/* Checks the outer level, counts envelopes and finds the incarnation. */
static bool batch_scan(struct decoding *decoding,
        struct wire_reader reader,
        uint64_t *ret_incarnation,
        size_t *ret_count)
{
    struct wire_field field;
    size_t own = 0;
    *ret_incarnation = 0;
    *ret_count = 0;
    while (reader.at < reader.end) {
        if (!wire_field_next(&reader, &field)) {
            return refuse(decoding, "the batch is cut short or no protobuf message");
        }
        bool is_envelope = field.number == BATCH_ENVELOPES;
        if (field.number == 0 || (is_envelope && field.type != WIRE_BYTES) ||
                (field.number == BATCH_INCARNATION && field.type != WIRE_VARINT)) {
            return refuse(decoding, "a field of the batch is of another wire type");
        }
        if (field.number == BATCH_INCARNATION) {
            *ret_incarnation = field.value;
        }
        *ret_count += is_envelope;
        own += !is_envelope;
        if (*ret_count > FRAME_COUNT_MAX || own > BATCH_OWN_FIELDS_MAX) {
            return refuse(decoding, "the batch has more envelopes or fields than allowed");
        }
    }
    return true;
}

static bool batch_take(
        struct decoding *decoding, struct wire_reader reader, struct envelope *envelopes)
{
    struct wire_field field;
    while (reader.at < reader.end) {
        must(wire_field_next(&reader, &field)); /* batch_scan has been here */
        if (field.number == BATCH_ENVELOPES && !envelope_take(decoding, &field, envelopes++)) {
            return false;
        }
    }
    return true;
}

enum err batch_decode(const uint8_t *data,
        size_t size,
        struct arena *arena,
        uint64_t *ret_incarnation,
        struct envelope **ret_envelopes,
        size_t *ret_count,
        const char **ret_why)
{
    must(arena != NULL && (data != NULL || size == 0));
    struct decoding decoding = {.arena = arena};
    uint64_t incarnation = 0;
    size_t count = 0;
    if (size > FRAME_PAYLOAD_MAX) {
        (void)refuse(&decoding, "the batch is larger than FRAME_PAYLOAD_MAX");
        goto out;
    }
    uint8_t *copy = arena_find(arena, size);
    if (copy == NULL) {
        (void)memory_out(&decoding);
        goto out;
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    struct wire_reader reader = {copy, copy + size};
    if (!batch_scan(&decoding, reader, &incarnation, &count)) {
        goto out;
    }
    struct envelope *envelopes = arena_find(arena, count * sizeof *envelopes);
    if (envelopes == NULL) {
        (void)memory_out(&decoding);
        goto out;
    }
    if (batch_take(&decoding, reader, envelopes)) {
        *ret_incarnation = incarnation;
        *ret_envelopes = envelopes;
        *ret_count = count;
        return OK;
    }
out:
    *ret_why = decoding.why;
    return decoding.err;
}
