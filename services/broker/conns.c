/* Places are numbered; the low bits of a token are its place's number, so that finding by token is
 * one comparison, those above them the share of its name, and the rest is random. Free places are a
 * stack. */
#include "services/broker/conns.h"

#include <glib.h>
#include <string.h>
#include "services/kernel/base/must.h"

#define PLACE_BITS 11
#define PLACE_MASK (((uint64_t)1 << PLACE_BITS) - 1)
#define SHARE_MASK ((uint64_t)(SHARES - 1) << PLACE_BITS)
_Static_assert(SHARES == 256, "a share is a byte");
_Static_assert(CONNS_MAX <= 1 << PLACE_BITS, "a token must hold every place");

struct conns {
    struct conn items[CONNS_MAX];
    uint16_t free[CONNS_MAX];
    size_t free_count;
    GHashTable *by_identity; /* identity_key() -> struct conn */
    struct rng rng;
};

static gpointer identity_key(enum port port, const uint8_t *identity)
{
    uint32_t number;
    memcpy(&number, identity + 1, sizeof number);
    return GSIZE_TO_POINTER((size_t)port << 32 | number);
}

void conns_new(struct rng rng, struct conns **ret)
{
    struct conns *conns = g_new0(struct conns, 1);
    conns->rng = rng;
    conns->by_identity = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (size_t i = 0; i < CONNS_MAX; i++) {
        conns->free[conns->free_count++] = (uint16_t)(CONNS_MAX - 1 - i);
    }
    *ret = conns;
}

void conns_destroy(struct conns **conns)
{
    if (!*conns) {
        return;
    }
    g_hash_table_unref((*conns)->by_identity);
    g_free(*conns);
    *conns = NULL;
}

size_t conns_count(const struct conns *conns)
{
    return CONNS_MAX - conns->free_count;
}

struct conn *conns_at(struct conns *conns, size_t index)
{
    must(index < CONNS_MAX);
    return conns->items[index].token ? &conns->items[index] : NULL;
}

struct conn *conns_find(const struct conns *conns, enum port port, const uint8_t *identity)
{
    return g_hash_table_lookup(conns->by_identity, identity_key(port, identity));
}

struct conn *conns_find_token(struct conns *conns, uint64_t token)
{
    size_t place = (size_t)(token & PLACE_MASK);
    bool found = token != 0 && place < CONNS_MAX && conns->items[place].token == token;
    return found ? &conns->items[place] : NULL;
}

static uint64_t token_draw(struct conns *conns, uint64_t place, const char *name)
{
    uint64_t random;
    do {
        random = rng_next(&conns->rng) & ~(PLACE_MASK | SHARE_MASK);
    } while (random == 0);
    uint64_t share = (uint64_t)(g_str_hash(name) * UINT32_C(2654435769) >> 24);
    return random | share << PLACE_BITS | place;
}

uint8_t conn_share(uint64_t token)
{
    return (uint8_t)((token & SHARE_MASK) >> PLACE_BITS);
}

enum err conns_add(struct conns *conns,
        enum port port,
        const uint8_t *identity,
        const char *name,
        struct conn **ret)
{
    must(!conns_find(conns, port, identity));
    if (conns->free_count == 0) {
        return ERR_LIMIT;
    }
    uint16_t place = conns->free[--conns->free_count];
    struct conn *conn = &conns->items[place];
    *conn = (struct conn){.token = token_draw(conns, place, name), .port = port};
    memcpy(conn->identity, identity, IDENTITY_SIZE);
    (void)g_hash_table_insert(conns->by_identity, identity_key(port, identity), conn);
    *ret = conn;
    return OK;
}

void conns_remove(struct conns *conns, struct conn *conn)
{
    must(conn->token != 0);
    must(g_hash_table_remove(conns->by_identity, identity_key(conn->port, conn->identity)));
    conns->free[conns->free_count++] = (uint16_t)(conn - conns->items);
    *conn = (struct conn){.token = 0};
}

struct conn *conn_of_instance(struct instance *instance)
{
    return (struct conn *)(void *)((char *)instance - offsetof(struct conn, instance));
}
