/* Pages and leaves: read by hand in leaf.c, so protobuf-c is the second opinion. Whatever leaf_read
 * accepts, protobuf-c accepts with the same values, and packed again it reads the same. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "proto/leaf.pb-c.h"
#include "services/kernel/store/leaf.h"
#include "services/kernel/wire/message.h"

#define ARENA_LIMIT ((size_t)1 << 20)

static void leaves_same(const struct leaf *a, const struct leaf *b)
{
    must(a->service == b->service && a->agg == b->agg && a->ver == b->ver && a->kind == b->kind);
    must(a->from_state == b->from_state && a->to_state == b->to_state && a->at_ms == b->at_ms);
    must(a->unit == b->unit && a->due_ms == b->due_ms && a->rule_ver == b->rule_ver);
    must(memcmp(a->rest_hash, b->rest_hash, REST_HASH_SIZE) == 0);
}

static void leaf_message(const struct leaf *leaf, Huying__Leaf__Leaf *ret)
{
    huying__leaf__leaf__init(ret);
    ret->service = leaf->service;
    ret->agg = leaf->agg;
    ret->ver = leaf->ver;
    ret->kind = leaf->kind;
    ret->from_state = leaf->from_state;
    ret->to_state = leaf->to_state;
    ret->at_ms = leaf->at_ms;
    ret->unit = leaf->unit;
    ret->due_ms = leaf->due_ms;
    ret->rule_ver = leaf->rule_ver;
}

static void leaf_again(struct leaf *leaf, struct arena *arena)
{
    Huying__Leaf__Leaf message;
    struct leaf again;
    const char *why = NULL;
    leaf_message(leaf, &message);
    message.rest_hash = (ProtobufCBinaryData){REST_HASH_SIZE, leaf->rest_hash};
    must(leaf_read(message_bytes(&message.base, arena), &again, &why) == OK);
    leaves_same(leaf, &again);
}

/* protobuf-c takes tags and lengths of five bytes at most, and no bytes after those of a field
 * number that it cannot have: it may refuse more, but never read something else. */
static void second_opinion(struct bytes bytes, const struct leaf *leaf, struct arena *arena)
{
    const Huying__Leaf__Leaf *message = message_open(&huying__leaf__leaf__descriptor, bytes, arena);
    if (message == NULL)
        return;
    must(message->service == leaf->service && message->agg == leaf->agg);
    must(message->ver == leaf->ver && message->kind == leaf->kind);
    must(message->from_state == leaf->from_state && message->to_state == leaf->to_state);
    must(message->at_ms == leaf->at_ms && message->unit == leaf->unit);
    must(message->due_ms == leaf->due_ms && message->rule_ver == leaf->rule_ver);
    must(memcmp(message->rest_hash.data, leaf->rest_hash, REST_HASH_SIZE) == 0);
}

static void leaf_try(struct bytes bytes)
{
    struct leaf leaf;
    const char *why = NULL;
    struct arena *arena = fuzz_arena(ARENA_LIMIT);
    enum err err = leaf_read(bytes, &leaf, &why);
    must(err == OK || err == ERR_MALFORMED);
    if (err != OK) {
        fuzz_reason(why);
        return;
    }
    leaf_again(&leaf, arena);
    second_opinion(bytes, &leaf, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = {data, size}, leaf;
    leaf_try(rest);
    for (;;) {
        size_t before = rest.size;
        enum err err = page_leaf_next(&rest, &leaf);
        must(err == OK || err == ERR_NOT_FOUND || err == ERR_MALFORMED);
        if (err != OK)
            return 0;
        must(rest.size + leaf.size < before);
        leaf_try(leaf);
    }
}
