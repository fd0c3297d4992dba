/* The connections that have said READY: who they are and how to reach them. A connection is
 * found by the ROUTER's identity (frames coming in) or by its token (replies going out). Tokens
 * are random and never used twice, so that an answer that comes too late cannot reach somebody
 * else. */
#ifndef HUYING_BROKER_CONNS_H
#define HUYING_BROKER_CONNS_H

#include "services/broker/roster.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/bus/peers.h"

#define CONNS_MAX 2048
#define IDENTITY_SIZE 5 /* as libzmq draws them: a zero byte and a 32-bit number */

enum port { PORT_MAIN, PORT_HOTLINE, PORT_COUNT };

struct conn {
    uint64_t token; /* 0 = this place is free */
    enum port port;
    uint8_t identity[IDENTITY_SIZE];
    struct peer peer; /* as of its last frame */
    struct instance instance;
    bool serving;     /* said READY with credit, and no BYE since */
    int64_t heard_ms; /* monotonic */
};

struct conns;

void conns_new(struct rng rng, struct conns **ret);
void conns_destroy(struct conns **conns);
size_t conns_count(const struct conns *conns);
/* The place `index` of CONNS_MAX; NULL when it is free. */
struct conn *conns_at(struct conns *conns, size_t index);
/* NULL when no such connection has said READY. */
struct conn *conns_find(const struct conns *conns, enum port port, const uint8_t *identity);
struct conn *conns_find_token(struct conns *conns, uint64_t token);
/* A zeroed place with port, identity and token set; `name` says whose share it has, with all
 * connections of that name. ERR_LIMIT at CONNS_MAX. */
enum err conns_add(struct conns *conns,
        enum port port,
        const uint8_t *identity,
        const char *name,
        struct conn **ret) MUST_CHECK;
/* The share (roster.h) of whom a token was given to, also when he has gone. */
uint8_t conn_share(uint64_t token);
void conns_remove(struct conns *conns, struct conn *conn);
struct conn *conn_of_instance(struct instance *instance);

#endif
