/* Our ZAP handler (RFC 27): a thread that answers libzmq's inproc://zeromq.zap.01 for every
 * CURVE server socket of the process, from an allow-list. Refuses NULL and PLAIN always. The
 * User-Id of an accepted connection is the key in Z85; what it may do is looked up in the
 * allow-list for every message (a revoked key stays connected in libzmq). One per context; start
 * before any bind. */
#ifndef HUYING_BUS_ZAP_H
#define HUYING_BUS_ZAP_H

#include <stdint.h>
#include "services/kernel/base/err.h"
#include "services/kernel/bus/peers.h"

/* A socket's domain says who may connect to it at all. */
#define ZAP_DOMAIN "huying"                 /* every key of the list */
#define ZAP_DOMAIN_HOTLINE "huying-hotline" /* keys with right hotline */
#define ZAP_DOMAIN_FEED "huying-feed"       /* keys with right feed */

struct zap;
/* `peers` is taken over. */
enum err zap_start(void *context, struct peers *peers, struct zap **ret) MUST_CHECK;
void zap_stop(struct zap **zap);
/* Takes a new list in force; the old one is freed when nobody reads it. */
void zap_peers_set(struct zap *zap, struct peers *peers);
/* Copies the entry of a key into *ret. ERR_NOT_FOUND when it is not (or no longer) on the list. */
enum err zap_peer(struct zap *zap, const char *key, struct peer *ret) MUST_CHECK;
/* Connections refused since the start; for metrics. */
uint64_t zap_refused(const struct zap *zap);
/* Sets a socket to be a CURVE server in our domain with the given secret key. */
enum err zap_server_socket(void *socket, const char *secret_key_z85) MUST_CHECK;
/* The same in one of the domains above. */
enum err zap_server_socket_in(void *socket, const char *domain, const char *secret_key_z85)
        MUST_CHECK;

#endif
