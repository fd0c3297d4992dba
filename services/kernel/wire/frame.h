/* Frames: what one ZeroMQ message between a service and a broker looks like. Always one part, which
 * is either there or not (docs/decisions/0020):
 *
 *   header, FRAME_HEADER_SIZE bytes, little-endian, below | payload, may be empty
 *
 * (A ROUTER sees the connection's identity before it; on the live feed the sender's service and a
 * zero byte stand before the header, in the same part: "routing\0".) Brokers read the header and
 * never the payload. `source`, `peer`, `rights` and `token` are overwritten by the broker from what
 * it knows of the key and the connection: whatever a sender writes there does not count.
 *
 * Persistent format: shared by versions N and N-1. To change it, raise FRAME_VERSION and accept
 * both. (1 was of two parts, and never in use.) */
#ifndef HUYING_WIRE_FRAME_H
#define HUYING_WIRE_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_decision.h" /* PEER_SIZE */
#include "services/kernel/base/service_id.h"

#define FRAME_MAGIC 0x5948 /* "HY" */
#define FRAME_VERSION 2
#define FRAME_HEADER_SIZE 80
#define FRAME_PAYLOAD_MAX (4u << 20)
#define FRAME_COUNT_MAX 1024 /* envelopes in one frame */
#define BUCKET_COUNT 16      /* aggregates are spread over so many buckets; a frame has one */

#define FRAME_KIND_TABLE(X)                                                                        \
    X(FRAME_READY, 1, "instance -> broker: I am here; credit, incarnation; back: who are you?")    \
    X(FRAME_WELCOME, 2, "broker -> peer: heard you; `credit` = ms of silence until you are gone")  \
    X(FRAME_HEARTBEAT, 3, "both ways, every BUS_HEARTBEAT_MS")                                     \
    X(FRAME_GRANT, 4, "instance -> broker: `credit` more envelopes may come")                      \
    X(FRAME_BYE, 5, "both ways: draining; send nothing more, what is under way will be handled")   \
    X(FRAME_EVENTS, 6, "service -> service: numbered messages (Batch)")                            \
    X(FRAME_ACKS, 7, "service -> service: ids that are committed (Acks)")                          \
    X(FRAME_COMMANDS, 8, "peer -> service: requests to change something (Batch)")                  \
    X(FRAME_QUERIES, 9, "peer -> service: read-only requests (Batch)")                             \
    X(FRAME_REPLIES, 10, "service -> the asking connection (`token`): answers (Batch)")            \
    X(FRAME_NAK, 11, "broker -> sender: not forwarded; `reason`; header otherwise as sent")        \
    X(FRAME_FEED, 12, "service -> broker -> subscribers: lossy live feed")

enum frame_kind {
#define X(name, number, text) name = number,
    FRAME_KIND_TABLE(X)
#undef X
};

#define NAK_TABLE(X)                                                                               \
    X(NAK_NO_INSTANCE, 1, "no live instance of that service is connected to this broker")          \
    X(NAK_NO_CREDIT, 2, "the instance has taken as much as it said it would")                      \
    X(NAK_DENIED, 3, "the key has no right to send this")                                          \
    X(NAK_MALFORMED, 4, "the header breaks its format or a limit")                                 \
    X(NAK_GONE, 5, "the asking connection is gone (replies)")

enum nak_reason {
#define X(name, number, text) name = number,
    NAK_TABLE(X)
#undef X
};

struct frame {
    enum frame_kind kind;
    enum service_id dest;   /* EVENTS ACKS COMMANDS QUERIES */
    enum service_id source; /* set by the broker from the sender's key */
    uint8_t bucket;         /* id_hash(aggregate) % BUCKET_COUNT */
    uint16_t count;         /* envelopes in the payload, 0..FRAME_COUNT_MAX */
    uint16_t site;          /* destination site; 0 = this one */
    uint32_t credit;        /* READY GRANT WELCOME */
    uint32_t reason;        /* NAK */
    uint32_t rights;        /* set by the broker: rights of the sender's key (bus/peers.h) */
    uint64_t token;         /* broker's number for the asking connection; REPLIES carry it back */
    uint64_t serial;        /* sender's number for the frame; comes back in a NAK */
    uint64_t incarnation;   /* of the sender's database; 0 from clients */
    char peer[PEER_SIZE];   /* set by the broker: name of the sender's key in peers.conf */
};

/* Writes exactly FRAME_HEADER_SIZE bytes. Layout: u16 magic, u8 version, u8 kind, u8 dest, u8
 * source, u8 bucket, u8 zero, u16 count, u16 site, u32 credit, u32 reason, u32 rights, u64 token,
 * u64 serial, u64 incarnation, peer[32]. */
void frame_encode(const struct frame *frame, uint8_t ret[FRAME_HEADER_SIZE]);
/* Reads the header of a whole frame; the payload is what follows it. ERR_MALFORMED: size (of the
 * payload, too), magic, kind, service, bucket, count, or a peer name without NUL. ERR_UNKNOWN:
 * another version. *ret is untouched on an error. */
enum err frame_decode(const uint8_t *data, size_t size, struct frame *ret) MUST_CHECK;
const char *frame_kind_name(enum frame_kind kind);
const char *nak_text(enum nak_reason reason);

#endif
