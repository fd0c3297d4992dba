/* Acks: what is accepted is at most a frame's count, and written and read again it is the same. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "services/kernel/wire/frame.h"

#define ARENA_LIMIT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf out;
    uint64_t incarnation = 0, incarnation_again = 0;
    int64_t *ids = NULL, *ids_again = NULL;
    size_t count = 0, count_again = 0;
    struct arena *arena = fuzz_arena(ARENA_LIMIT);
    enum err err = acks_decode(data, size, arena, &incarnation, &ids, &count);
    must(err == OK || err == ERR_MALFORMED);
    if (err != OK) {
        must(ids == NULL && count == 0);
        return 0;
    }
    must(count <= FRAME_COUNT_MAX);
    acks_encode(&out, incarnation, ids, count);
    must(acks_decode((const uint8_t *)out.data, out.size, arena, &incarnation_again, &ids_again,
                 &count_again) == OK);
    must(incarnation == incarnation_again && count == count_again);
    must(count == 0 || memcmp(ids, ids_again, count * sizeof *ids) == 0);
    return 0;
}
