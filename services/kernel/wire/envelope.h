/* Envelopes: the messages in a frame's payload, as plain structs (proto/envelope.proto is the
 * format). One message of protobuf's kind ends here: the rest of the kernel and decide() see these
 * structs. */
#ifndef HUYING_WIRE_ENVELOPE_H
#define HUYING_WIRE_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/arena.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/service_id.h"

#define PAYLOAD_SIZE_MAX (512u << 10) /* of one envelope */
#define REQUEST_ID_MAX 64             /* bytes */
#define REPLY_TEXT_MAX 4096           /* bytes */
#define TRACE_SIZE 25                 /* W3C: version 0, 16 bytes trace id, 8 bytes span id */
#define ENVELOPE_DEPTH_MAX 16         /* nesting of any protobuf message that we accept */
#define ENVELOPE_FIELDS_MAX 20000     /* fields, known or not, in one envelope's payload */

struct bytes {
    const uint8_t *data;
    size_t size;
};

struct envelope {
    int64_t id;              /* of the outbox row; in a request: the client's own serial */
    int64_t agg;             /* the aggregate it is about; 0 = none yet */
    uint64_t n;              /* EVENTS: 1, 2, 3 … per (source, aggregate, destination) */
    uint32_t type;
    uint32_t source_site;    /* where it was sent, for messages between sites; 0 = this one */
    int64_t at_ms;           /* the sender's time; in a drill the decision's now */
    int64_t deadline_ms;     /* requests: span in ms, from when the service reads it; what was not
                                begun by then is not run: REPLY_FAILED + ERR_LATE; 0 = none */
    const char *request_id;  /* COMMANDS: chosen by the client, ≤ REQUEST_ID_MAX; the same id gets
                                the same answer; "" = none */
    const char *actor;       /* COMMANDS, QUERIES: staff code, "" = the key's own name */
    struct bytes payload;
    struct bytes trace;      /* empty or TRACE_SIZE */
    uint32_t verdict;        /* REPLIES: enum verdict, or 100 + enum err when not decided at all */
    uint32_t reason;         /* REPLIES: the service's refusal number */
    const char *text;        /* REPLIES: what was wrong, what was expected, what to do; "" = none;
                                ≤ REPLY_TEXT_MAX */
};

/* verdict = REPLY_FAILED + enum err: nothing was decided, try again or mend. */
#define REPLY_FAILED 100

/* Starts an empty batch payload in `out` (what was in it is gone); envelopes are appended one by
 * one (no copy of the batch). */
void batch_begin(struct buf *out, uint64_t incarnation);
/* Texts may be NULL for "" and have to be valid UTF-8, or the receiver refuses the whole frame.
 * Passing a maximum is a bug (must()); FRAME_PAYLOAD_MAX and FRAME_COUNT_MAX are the caller's to
 * watch. */
void batch_add(struct buf *out, const struct envelope *envelope);

/* Decodes a whole payload into arena memory (texts and bytes point into `data` copies). Texts are
 * never NULL. ERR_MALFORMED with `why` when anything breaks its format or a limit: the whole frame
 * is refused; ERR_LIMIT when the arena is too small for it. Payloads are checked for depth and
 * number of fields here, so what comes out may be given to protobuf-c; the other ret_ are untouched
 * then. */
enum err batch_decode(const uint8_t *data, size_t size, struct arena *arena,
        uint64_t *ret_incarnation, struct envelope **ret_envelopes, size_t *ret_count,
        const char **ret_why) MUST_CHECK;

/* Replaces what is in `out`; count ≤ FRAME_COUNT_MAX. */
void acks_encode(struct buf *out, uint64_t incarnation, const int64_t *ids, size_t count);
enum err acks_decode(const uint8_t *data, size_t size, struct arena *arena,
        uint64_t *ret_incarnation, int64_t **ret_ids, size_t *ret_count) MUST_CHECK;

/* Checks any protobuf payload before protobuf-c sees it: depth, field count, lengths, wire types.
 * protobuf-c itself recurses without limit. */
enum err proto_check(const uint8_t *data, size_t size) MUST_CHECK;

/* A ProtobufCAllocator over an arena: unpacked messages need no free. */
struct ProtobufCAllocator;
struct arena_allocator {
    void *(*alloc)(void *self, size_t size);
    void (*free)(void *self, void *pointer);
    void *self;
}; /* same layout as ProtobufCAllocator; cast at the call */
struct arena_allocator arena_allocator(struct arena *arena);

#endif
