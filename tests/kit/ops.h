/* What holds for every service's table of types and names, and what every codec's test needs. */
#ifndef HUYING_TESTS_KIT_OPS_H
#define HUYING_TESTS_KIT_OPS_H

#include <protobuf-c/protobuf-c.h>
#include "services/kernel/store/aggregate.h"

/* The list has exactly `count` names, all different, and a NULL behind them. */
void kit_names_are_complete(const char *const *names, size_t count);
/* Each refusal below `count` has a sentence in both languages, the next has none. */
void kit_refusals_have_sentences(const struct aggregate_ops *ops, uint32_t count);
/* No type is listed twice; commands, and only they, need a right. */
void kit_inputs_are_listed_once(const struct aggregate_ops *ops);

typedef enum err kit_decode_fn(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why);
/* Packs and decodes; what comes out is valid until the next call. */
enum err kit_decode(kit_decode_fn *decode,
        const ProtobufCMessage *message,
        const void **ret_body,
        const char **ret_why);
/* Random bytes are decoded or refused with a reason. */
void kit_decoders_take_noise(kit_decode_fn *const *decoders, size_t count);
/* `size` times x, followed by `tail`; valid until the next call. */
char *kit_text(size_t size, const char *tail);

#endif
