/* What huyingctl asks of audit over the bus. */
#ifndef HUYING_CTL_CODEC_AUDIT_H
#define HUYING_CTL_CODEC_AUDIT_H

#include "services/kernel/base/arena.h"
#include "services/kernel/base/merkle.h"
#include "services/kernel/wire/envelope.h"

#define AUDIT_CHECKPOINT 5601

struct checkpoint {
    const char *note; /* the text; in the arena */
    int64_t size;
    uint8_t root[MERKLE_HASH_SIZE];
};
/* ERR_MALFORMED: no checkpoint (an empty answer says that the head is damaged). */
enum err checkpoint_decode(
        struct bytes payload, struct arena *arena, struct checkpoint *ret) MUST_CHECK;

#endif
