/* Whom a request comes from, by address: the other end of its connection, or, where that is a proxy
 * of the site's, whom the proxy says it came from. What stands in X-Forwarded-For further left was
 * written by the client, and is believed only as far as proxies of the site's have added to it. */
#ifndef HUYING_INTAKE_ADDRESS_H
#define HUYING_INTAKE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

#define PROXIES_MAX 32

/* IPv4 addresses stand in their IPv6 form, ::ffff:a.b.c.d. */
struct proxies {
    size_t count;
    struct {
        struct in6_addr address;
        int bits; /* of it that count */
    } list[PROXIES_MAX];
};

/* "127.0.0.1, 10.0.0.0/8, 2001:db8::/32"; "" is none. ERR_MALFORMED with `why`. */
enum err proxies_parse(const char *text, struct proxies *ret, struct buf *why) MUST_CHECK;
bool proxies_have(const struct proxies *proxies, const struct in6_addr *address);
struct in6_addr address_of_ipv4(struct in_addr address);
bool address_is_loopback(const struct in6_addr *address);
/* `peer` or whom it names: goes left through `forwarded` (all fields, joined by ','; NULL = none)
 * as long as it is among proxies. What is no address ends the way at the proxy that wrote it. */
struct in6_addr address_of_client(
        const struct proxies *proxies, const struct in6_addr *peer, const char *forwarded);
/* By which it is counted: an IPv4 address, or the /64 of an IPv6 one, of which a household or a
 * phone has all. */
void address_name(const struct in6_addr *address, char ret[INET6_ADDRSTRLEN]);

#endif
