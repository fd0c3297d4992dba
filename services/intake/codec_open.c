/* See codec_open.h. protobuf-c ends a text at the first NUL in it and says nothing; what notices is
 * a walk over the payload's own fields. */
#include "services/intake/codec_open.h"
#include <protobuf-c/protobuf-c.h>
#include <string.h>
#include "services/intake/intake.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/wire/message.h"

static uint64_t varint_read(const uint8_t **at, const uint8_t *end)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            break;
    }
    return value;
}

static size_t field_size(unsigned wire_type, const uint8_t **at, const uint8_t *end)
{
    switch (wire_type) {
    case 0:
        varint_read(at, end);
        return 0;
    case 1:
        return 8;
    case 2:
        return (size_t)varint_read(at, end);
    default:
        return 4;
    }
}

typedef bool whole_fn(const ProtobufCMessageDescriptor *type, struct bytes payload);

/* False when the text of some string field, as unpacked, is shorter than a walk over the payload's
 * fields says: there is a NUL in it. The payload has passed proto_check(). `inner` looks at the
 * messages in it; NULL: nobody does. */
static bool fields_are_whole(
        const ProtobufCMessageDescriptor *type, struct bytes payload, whole_fn *inner)
{
    const uint8_t *at = payload.data;
    const uint8_t *end = payload.size ? at + payload.size : at; /* nothing may be nowhere */
    while (at < end) {
        uint64_t key = varint_read(&at, end);
        size_t size = field_size((unsigned)(key & 7), &at, end);
        if (size > (size_t)(end - at))
            return false;
        const ProtobufCFieldDescriptor *field =
                protobuf_c_message_descriptor_get_field(type, (unsigned)(key >> 3));
        if (field && field->type == PROTOBUF_C_TYPE_STRING && memchr(at, 0, size))
            return false;
        if (field && field->type == PROTOBUF_C_TYPE_MESSAGE && inner &&
                !inner(field->descriptor, (struct bytes){at, size}))
            return false;
        at += size;
    }
    return true;
}

static bool part_is_whole(const ProtobufCMessageDescriptor *type, struct bytes payload)
{
    return fields_are_whole(type, payload, NULL);
}

enum err fault_report(const struct fault *fault, struct arena *arena, const char **ret_why)
{
    BUF_OWNED text = {0};
    fault_text(&text, fault, intake_language());
    *ret_why = arena_text(arena, text.data, text.size);
    return ERR_MALFORMED;
}

const void *request_open(const struct ProtobufCMessageDescriptor *type,
        struct bytes payload,
        struct arena *arena,
        const char **ret_why)
{
    const struct fault broken = {FAULT_PROTO, "body", 0};
    const struct fault nul = {FAULT_UTF8, "body", 0};
    const void *message = message_open(type, payload, arena);
    if (message && fields_are_whole(type, payload, part_is_whole))
        return message;
    (void)fault_report(message ? &nul : &broken, arena, ret_why);
    return NULL;
}
