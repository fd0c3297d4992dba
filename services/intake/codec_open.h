/* Opening a payload, for all codecs of intake: the wire's own check, protobuf-c, and what
 * protobuf-c passes over in silence. */
#ifndef HUYING_INTAKE_CODEC_OPEN_H
#define HUYING_INTAKE_CODEC_OPEN_H

#include "services/intake/check.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/err.h"
#include "services/kernel/wire/envelope.h"

struct ProtobufCMessageDescriptor;

/* The message in arena memory. NULL, and `why` says it, when the payload is no message of that
 * type, or has a NUL in a text of it or of a message right in it. */
const void *request_open(const struct ProtobufCMessageDescriptor *type,
        struct bytes payload,
        struct arena *arena,
        const char **ret_why);
/* ERR_MALFORMED, always, and the fault's sentence in arena memory. */
enum err fault_report(const struct fault *fault, struct arena *arena, const char **ret_why);

#endif
