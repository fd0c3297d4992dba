/* protobuf-c as every codec uses it: what comes in is checked first (proto_check) and unpacked into
 * an arena, so that nothing has to be freed; what goes out is appended to a buffer. */
#ifndef HUYING_WIRE_MESSAGE_H
#define HUYING_WIRE_MESSAGE_H

#include <protobuf-c/protobuf-c.h>
#include "services/kernel/base/arena.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/wire/envelope.h"

/* The message of the descriptor's type, arena memory; NULL when the payload is no such message, or
 * when messages would take more than three quarters of the arena's limit: the last one is left to
 * their readers. Texts may be any bytes up to their first NUL: check them. */
const void *message_open(
        const ProtobufCMessageDescriptor *type, struct bytes payload, struct arena *arena);
/* Appends the packed message. */
void message_add(const ProtobufCMessage *message, struct buf *out);
/* The packed message in arena memory. */
struct bytes message_bytes(const ProtobufCMessage *message, struct arena *arena);
/* For the fields of a message that is packed: protobuf-c has no const, but only reads. NULL is
 * "". */
char *text_lend(const char *text);

#endif
