/* Frame headers: what is accepted is written again as the same bytes, but for the byte that means
 * nothing and what stands behind the name's NUL. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "services/kernel/wire/frame.h"

#define ZERO_AT 7
#define PEER_AT (FRAME_HEADER_SIZE - PEER_SIZE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame frame;
    uint8_t again[FRAME_HEADER_SIZE];
    enum err err = frame_decode(data, size, &frame);
    must(err == OK || err == ERR_MALFORMED || err == ERR_UNKNOWN);
    if (err != OK)
        return 0;
    must(frame.count <= FRAME_COUNT_MAX && frame.bucket < BUCKET_COUNT);
    fuzz_reason(frame_kind_name(frame.kind));
    fuzz_reason(nak_text((enum nak_reason)frame.reason));
    frame_encode(&frame, again);
    must(memcmp(again, data, ZERO_AT) == 0);
    must(memcmp(again + ZERO_AT + 1, data + ZERO_AT + 1, PEER_AT - ZERO_AT - 1) == 0);
    must(strcmp((const char *)again + PEER_AT, (const char *)data + PEER_AT) == 0);
    return 0;
}
