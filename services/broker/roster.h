/* Which instances of which service are there, which of them gets a bucket, and how much each may
 * still be sent. Pure: no sockets, no clock, no allocation.
 *
 * A bucket goes to the instance with the highest hash of (service, bucket, seed): all brokers
 * come to the same choice, and when an instance comes or goes only its own buckets move.
 *
 * Credit is what an instance said it will take, in envelopes. Bytes are bounded besides, since
 * an envelope may be large: together they bound what a stopped instance can pile up in the
 * broker.
 *
 * Of what clients ask, one source may have as much under way to an instance as is still free
 * there (Choudhury and Hahne, Dynamic Queue Length Thresholds, 1998): alone it gets half, of two
 * that flood each gets a third, and the same is left for whoever comes next. Answers give it
 * back. Sources are told apart by a hash of their name; two that fall together have one share. */
#ifndef HUYING_BROKER_ROSTER_H
#define HUYING_BROKER_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/err.h"
#include "services/kernel/base/service_id.h"

#define ROSTER_INSTANCES_MAX 64              /* of one service */
#define INSTANCE_CREDIT_MAX (1u << 16)       /* envelopes; more in a READY counts as this much */
#define INSTANCE_BYTES_MAX ((size_t)6 << 20) /* under way to one instance */

#define SHARES 256 /* of sources, on an instance */

struct share { /* under way to one instance, of one source */
    uint32_t out, out_bytes;
};

struct instance {
    enum service_id service;
    uint16_t site;
    uint64_t seed;    /* the instance's own random number, the same to every broker */
    uint32_t limit;   /* credit that it gave with READY; 0 = takes nothing */
    uint32_t out;     /* envelopes under way to it; may pass `limit` by one frame */
    size_t out_bytes; /* their bytes; after a partial grant an estimate in proportion */
    uint32_t shared;  /* envelopes of all shares; the rest are services' */
    struct share shares[SHARES];
};

/* One that has instances, not a client. */
static inline bool is_service(enum service_id id)
{
    return id > SERVICE_NONE && id < SERVICE_CLIENT;
}

struct roster { /* instances are borrowed; order is of no account */
    struct instance *instances[SERVICE_COUNT][ROSTER_INSTANCES_MAX];
    size_t count[SERVICE_COUNT];
};

/* ERR_LIMIT at ROSTER_INSTANCES_MAX. The instance must not be in it yet, and be of a real
 * service. */
enum err roster_join(struct roster *roster, struct instance *instance) MUST_CHECK;
/* Nothing happens when it is not in it. */
void roster_leave(struct roster *roster, const struct instance *instance);
bool roster_has(const struct roster *roster, const struct instance *instance);
/* NULL when that service has no instance of that site. */
struct instance *roster_choose(
        const struct roster *roster, enum service_id service, uint16_t site, uint8_t bucket);

/* True when `count` envelopes of `size` bytes fit into what it takes. A frame larger than the whole
 * credit fits when nothing is under way, or it could never be sent. */
bool instance_fits(const struct instance *instance, uint32_t count, size_t size);
void instance_take(struct instance *instance, uint32_t count, size_t size);
/* It is done with `count`; more than is under way counts as all of it. Are there shares of more
 * than is under way then, an answer was lost, and they begin anew. */
void instance_grant(struct instance *instance, uint32_t count);

/* True when a source that has nothing under way asks, or what it has and asks for is no more than
 * what is free. Beside instance_fits(), not in its place. */
bool share_fits(const struct instance *instance, uint8_t share, uint32_t count, size_t size);
void share_take(struct instance *instance, uint8_t share, uint32_t count, size_t size);
/* `count` of it are answered; more than is under way counts as all of it. */
void share_release(struct instance *instance, uint8_t share, uint32_t count);

#endif
