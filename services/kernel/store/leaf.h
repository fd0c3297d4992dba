/* Reading what page.c writes: the leaves of a page, and a leaf's fields (proto/leaf.proto). Used by
 * audit when a page comes in and by huyingctl when it checks the ledger. Nothing is copied: a leaf
 * is the very bytes that are hashed. */
#ifndef HUYING_STORE_LEAF_H
#define HUYING_STORE_LEAF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/err.h"
#include "services/kernel/wire/envelope.h"

#define LEAF_SIZE_LIMIT 512  /* bytes; page.c's own are at most half of it */
#define PAGE_LEAVES_MAX 4096 /* of one page */
#define REST_HASH_SIZE 32

struct leaf {
    enum service_id service;
    int32_t ver;
    uint16_t kind, from_state, to_state;
    int64_t agg, at_ms, unit, due_ms, rule_ver;
    uint8_t rest_hash[REST_HASH_SIZE];
};

/* Takes the next leaf off `rest`, which begins as the page's payload. ERR_NOT_FOUND at its end,
 * ERR_MALFORMED when these bytes are no leaf.Page of ours. */
enum err page_leaf_next(struct bytes *rest, struct bytes *ret) MUST_CHECK;

/* Fields of later versions are passed over. ERR_MALFORMED with a static sentence in *ret_why. */
enum err leaf_read(struct bytes bytes, struct leaf *ret, const char **ret_why) MUST_CHECK;

/* What stands behind a leaf's rest_hash. */
void leaf_rest_hash(
        struct bytes salt, const char *actor, struct bytes detail, uint8_t ret[REST_HASH_SIZE]);

#endif
