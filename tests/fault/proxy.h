/* A TCP proxy that breaks connections on purpose. A link listens on an address of its own and
 * passes what comes to an upstream: a port of loopback or a unix socket. What a link does to the
 * bytes is set at any time, for connections that are there and for those that come, and each way
 * by itself:
 *
 *   pass      as they come; `delay_ms` later, and no more than `rate` bytes a second
 *   hold      nothing is read and nothing passed on; what was held goes on afterwards: a network
 *             that is away for a while
 *   swallow   read and dropped: a peer that is there and never answers. A connection that lost
 *             bytes so is reset when the link passes again, as the true peer would
 *   shut      closed, and every new one at once
 *
 * proxy_cut closes the connections that are there, with FIN or with RST. One thread, one poll;
 * nothing in it blocks. */
#ifndef HUYING_TESTS_FAULT_PROXY_H
#define HUYING_TESTS_FAULT_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROXY_LINKS_MAX 64
#define PROXY_CONNS_MAX 512

enum proxy_mode { PROXY_PASS, PROXY_HOLD, PROXY_SWALLOW, PROXY_SHUT };
enum proxy_way { PROXY_UP, PROXY_DOWN }; /* from who connected, and to it */

struct proxy_fault {
    enum proxy_mode mode;
    int delay_ms; /* of PROXY_PASS, 0 to 60,000 */
    int rate;     /* of PROXY_PASS, bytes a second; 0 = no limit */
};

struct proxy;

struct proxy *proxy_new(void);
/* Closes everything. Accepts NULL. */
void proxy_destroy(struct proxy **proxy);

/* A new link, listening on `host`; its number counts from 0. Upstream is 127.0.0.1:port, or the
 * unix socket `path` when that is not NULL. Returns the port that it listens on, 0 with errno when
 * there is none. */
int proxy_link(struct proxy *proxy, const char *host, int port, const char *path);
void proxy_set(struct proxy *proxy, int link, enum proxy_way way, struct proxy_fault fault);
/* Connections of the link: closed in order, or with `reset` by RST. Returns how many. */
int proxy_cut(struct proxy *proxy, int link, bool reset);

/* One round: waits at most `timeout_ms` for sockets, and for `extra_fd` (-1 = none). True when
 * extra_fd has something to read. */
bool proxy_turn(struct proxy *proxy, int timeout_ms, int extra_fd);

int proxy_conn_count(const struct proxy *proxy, int link);

#endif
