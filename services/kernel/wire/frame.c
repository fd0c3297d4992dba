/* The header of a frame to bytes and back; the layout stands in frame.h. Bytes are placed one by
 * one, so that neither byte order nor padding of the machine gets into the format. */
#include "services/kernel/wire/frame.h"

#include <string.h>
#include "services/kernel/base/must.h"

#define FRAME_KIND_LAST FRAME_FEED
#define NAK_LAST NAK_GONE

static uint8_t *number_put(uint8_t *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
    return to + size;
}

static uint64_t number_get(const uint8_t **at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)(*at)[i] << (8 * i);
    }
    *at += size;
    return value;
}

void frame_encode(const struct frame *frame, uint8_t ret[FRAME_HEADER_SIZE])
{
    must(frame->kind >= FRAME_READY && frame->kind <= FRAME_KIND_LAST);
    must((unsigned)frame->dest < SERVICE_COUNT && (unsigned)frame->source < SERVICE_COUNT);
    must(frame->bucket < BUCKET_COUNT && frame->count <= FRAME_COUNT_MAX);
    must(memchr(frame->peer, 0, PEER_SIZE) != NULL);
    uint8_t *to = number_put(ret, FRAME_MAGIC, 2);
    *to++ = FRAME_VERSION;
    *to++ = (uint8_t)frame->kind;
    *to++ = (uint8_t)frame->dest;
    *to++ = (uint8_t)frame->source;
    *to++ = frame->bucket;
    *to++ = 0;
    to = number_put(to, frame->count, 2);
    to = number_put(to, frame->site, 2);
    to = number_put(to, frame->credit, 4);
    to = number_put(to, frame->reason, 4);
    to = number_put(to, frame->rights, 4);
    to = number_put(to, frame->token, 8);
    to = number_put(to, frame->serial, 8);
    to = number_put(to, frame->incarnation, 8);
    /* What stands behind the name's NUL is nobody's business. */
    memset(to, 0, PEER_SIZE);
    memcpy(to, frame->peer, strlen(frame->peer));
    must(to + PEER_SIZE == ret + FRAME_HEADER_SIZE);
}

static void frame_read(const uint8_t *at, struct frame *ret)
{
    ret->kind = (enum frame_kind)at[3];
    ret->dest = (enum service_id)at[4];
    ret->source = (enum service_id)at[5];
    ret->bucket = at[6];
    at += 8;
    ret->count = (uint16_t)number_get(&at, 2);
    ret->site = (uint16_t)number_get(&at, 2);
    ret->credit = (uint32_t)number_get(&at, 4);
    ret->reason = (uint32_t)number_get(&at, 4);
    ret->rights = (uint32_t)number_get(&at, 4);
    ret->token = number_get(&at, 8);
    ret->serial = number_get(&at, 8);
    ret->incarnation = number_get(&at, 8);
    memcpy(ret->peer, at, PEER_SIZE);
}

enum err frame_decode(const uint8_t *data, size_t size, struct frame *ret)
{
    must(data != NULL || size == 0);
    if (size < FRAME_HEADER_SIZE || size > FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX ||
            (data[0] | data[1] << 8) != FRAME_MAGIC) {
        return ERR_MALFORMED;
    }
    if (data[2] != FRAME_VERSION) {
        return ERR_UNKNOWN;
    }
    struct frame frame;
    frame_read(data, &frame);
    if (frame.kind < FRAME_READY || frame.kind > FRAME_KIND_LAST ||
            (unsigned)frame.dest >= SERVICE_COUNT || (unsigned)frame.source >= SERVICE_COUNT ||
            frame.bucket >= BUCKET_COUNT || frame.count > FRAME_COUNT_MAX ||
            memchr(frame.peer, 0, PEER_SIZE) == NULL) {
        return ERR_MALFORMED;
    }
    *ret = frame;
    return OK;
}

const char *frame_kind_name(enum frame_kind kind)
{
    static const char *const names[] = {
#define X(name, number, text) [number] = #name,
            FRAME_KIND_TABLE(X)
#undef X
    };
    return kind >= FRAME_READY && kind <= FRAME_KIND_LAST ? names[kind] : "FRAME_?";
}

const char *nak_text(enum nak_reason reason)
{
    static const char *const texts[] = {
#define X(name, number, text) [number] = text,
            NAK_TABLE(X)
#undef X
    };
    return reason >= NAK_NO_INSTANCE && reason <= NAK_LAST ? texts[reason]
                                                           : "a reason that is not known here";
}
