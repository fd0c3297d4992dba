/* Where callbacks may go. A subscriber's address is somebody else's word: without a guard it would
 * reach whatever the site's own machines can reach (databases, metadata of a cloud, routers). So
 * the address that is really connected to is looked at, after the name was resolved, and a name
 * that resolves to something else the next time (DNS rebinding) gains nothing. Only addresses of
 * the open internet pass, and nets that the operator names.
 *
 * What is refused is from IANA's registries of special-purpose addresses (RFC 6890 and its
 * successors). Pure but for parsing addresses. */
#ifndef HUYING_INTAKE_CALLBACK_GUARD_H
#define HUYING_INTAKE_CALLBACK_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

#define GUARD_NETS_MAX 32
#define GUARD_PORTS_MAX 16

/* IPv4 as ::ffff:a.b.c.d, with 96 more bits. */
struct net {
    uint8_t address[16];
    int bits;
};

struct guard {
    size_t net_count, port_count;
    struct net nets[GUARD_NETS_MAX]; /* allowed though they are special */
    uint16_t ports[GUARD_PORTS_MAX];
};

/* `allow`: nets as 10.1.0.0/16 or fd00::/8, `ports`: numbers, both separated by blanks.
 * ERR_MALFORMED, ERR_LIMIT: `why` says what was found and expected; *ret is then of no use. */
enum err guard_parse(
        const char *allow, const char *ports, struct guard *ret, struct buf *why) MUST_CHECK;
/* True for an IPv4 or IPv6 address, with its port, that may be connected to. */
bool guard_allows(const struct guard *guard, const struct sockaddr *address);

#endif
