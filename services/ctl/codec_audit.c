/* audit.proto's answers as plain structs. */
#include "services/ctl/codec_audit.h"

#include <string.h>

#include "proto/audit.pb-c.h"

_Static_assert(AUDIT_CHECKPOINT == HUYING__AUDIT__TYPE__CHECKPOINT, "number of CHECKPOINT");

enum err checkpoint_decode(struct bytes payload, struct arena *arena, struct checkpoint *ret)
{
    struct arena_allocator memory = arena_allocator(arena);
    Huying__Audit__Checkpoint *in = NULL;
    if (proto_check(payload.data, payload.size) == OK)
        in = huying__audit__checkpoint__unpack(
                (ProtobufCAllocator *)&memory, payload.size, payload.data);
    if (in == NULL || in->root.len != MERKLE_HASH_SIZE || in->note[0] == '\0')
        return ERR_MALFORMED;
    ret->note = in->note;
    ret->size = in->size;
    memcpy(ret->root, in->root.data, MERKLE_HASH_SIZE);
    return OK;
}
