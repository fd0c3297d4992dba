/* audit.proto's answers as plain structs. */
#include "services/ctl/codec_audit.h"

#include <string.h>

#include "proto/audit.pb-c.h"
#include "services/kernel/wire/message.h"

_Static_assert(AUDIT_CHECKPOINT == HUYING__AUDIT__TYPE__CHECKPOINT, "number of CHECKPOINT");

enum err checkpoint_decode(struct bytes payload, struct arena *arena, struct checkpoint *ret)
{
    const Huying__Audit__Checkpoint *in =
            message_open(&huying__audit__checkpoint__descriptor, payload, arena);
    if (in == NULL || in->root.len != MERKLE_HASH_SIZE || in->note[0] == '\0')
        return ERR_MALFORMED;
    ret->note = in->note;
    ret->size = in->size;
    memcpy(ret->root, in->root.data, MERKLE_HASH_SIZE);
    return OK;
}
