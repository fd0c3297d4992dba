/* What was committed and has to reach others: messages to services, packed into frames of one
 * destination and bucket, kept until acknowledged. Memory is bounded: past OUTGOING_BYTES_MAX
 * nothing is taken any more, and the outbox's sweep brings the rows later. What is not
 * acknowledged within the resend time is forgotten here; the sweep has it from then on. */
#ifndef HUYING_RUN_OUTGOING_H
#define HUYING_RUN_OUTGOING_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/bus/bus.h"
#include "services/kernel/run/metrics.h"
#include "services/kernel/store/core.h"

#define OUTGOING_BYTES_MAX ((size_t)8 << 20)
#define OUTGOING_ENVELOPES 64            /* of one frame; CURVE costs per frame */
#define OUTGOING_FRAME_BYTES (256u << 10)
#define RESEND_MS 4000                   /* until the sweep sends a row again */

struct outgoing;
struct outgoing *outgoing_new(struct bus *bus, struct metrics *metrics, enum service_id source);
void outgoing_destroy(struct outgoing **outgoing);
/* True when nothing more should be given to it: rows are then left to the sweep. */
bool outgoing_full(const struct outgoing *outgoing);
void outgoing_add(struct outgoing *outgoing, const struct effect_message *message);
/* Sends what was added since, as frames of `incarnation`. */
void outgoing_flush(struct outgoing *outgoing, uint64_t incarnation, int64_t monotonic_ms);
/* Sends again what a broker refused or what a dead broker may have lost; forgets what is too
 * old. */
void outgoing_turn(struct outgoing *outgoing, int64_t monotonic_ms);
/* A frame came back: not forwarded. */
void outgoing_nak(struct outgoing *outgoing, const struct frame *frame, int64_t monotonic_ms);
/* The frame with that number was acknowledged. */
void outgoing_acked(struct outgoing *outgoing, uint64_t serial);
/* Another incarnation: what is under way belongs to a history that may not exist. */
void outgoing_clear(struct outgoing *outgoing);
/* True when a broker has said lately that no instance of that service is there. */
bool outgoing_absent(const struct outgoing *outgoing, enum service_id dest, int64_t monotonic_ms);

#endif
