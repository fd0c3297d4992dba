/* peers.conf: which key may connect, as what. Written by `huyingctl key`, re-read on SIGHUP; a
 * mistake in it leaves the old list in force. One group per peer:
 *
 *   [routing-1]
 *   key = 40 characters of Z85 (CURVE public key)
 *   service = routing            (client for people's tools and outside systems)
 *   site = 1
 *   rights = act;query           (see RIGHT_TABLE; services need none for events)
 * / */
#ifndef HUYING_BUS_PEERS_H
#define HUYING_BUS_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_decision.h"

#define PEERS_MAX 4096
#define KEY_Z85_SIZE 41 /* with the NUL */

#define RIGHT_TABLE(X)                                                                             \
    X(RIGHT_ACT, 1, "act")         /* commands in the name of any staff member */                  \
    X(RIGHT_QUERY, 2, "query")     /* queries */                                                   \
    X(RIGHT_HOTLINE, 4, "hotline") /* push reports and fetch outcomes as a hotline */              \
    X(RIGHT_OPERATE, 8, "operate") /* replay, skip, rebuild, drain: the operator's commands */     \
    X(RIGHT_FEED, 16, "feed")      /* subscribe to the live feed */

enum right {
#define X(name, bit, text) name = bit,
    RIGHT_TABLE(X)
#undef X
};

struct peer {
    char name[PEER_SIZE];
    char key[KEY_Z85_SIZE];
    enum service_id service;
    uint16_t site;
    uint32_t rights;
};

struct peers;
/* On ERR_MALFORMED *ret is untouched and `why` names file, group, key and what was expected. */
enum err peers_load(const char *path, struct peers **ret, struct buf *why) MUST_CHECK;
void peers_destroy(struct peers **peers);
/* NULL when the key is not on the list. `key` is the Z85 text. */
const struct peer *peers_find(const struct peers *peers, const char *key);
const struct peer *peers_find_name(const struct peers *peers, const char *name);

#endif
