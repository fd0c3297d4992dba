/* The hosts of a connection string that names several (host=a,b,c port=…), as it does where a
 * standby is promoted when the primary is lost. Two things libpq does not do by itself.
 *
 * It asks the hosts one after the other, but a host that takes the connection and says nothing
 * (it stands still, or its machine is gone) uses up the time of the whole attempt, and so does the
 * next attempt: so each attempt begins with another host.
 *
 * And whoever waits for a deposed primary waits for ever: it answers TCP, and what it commits is
 * confirmed by no standby. So when a server has been silent for a while, the others are asked
 * whether one of them is the primary now. Silence alone is no reason to leave: a commit may have to
 * wait long for its standby, and who leaves then leaves a session behind that holds locks.
 * Everything here is without blocking, and nothing when there is one host only. */
#ifndef HUYING_STORE_PG_HOSTS_H
#define HUYING_STORE_PG_HOSTS_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#define PG_SILENT_MS 5000 /* before the others are asked */

struct pg_hosts;
/* A string that libpq cannot read is one host: libpq says so itself. */
struct pg_hosts *pg_hosts_new(const char *conninfo);
void pg_hosts_destroy(struct pg_hosts **hosts); /* accepts NULL */
bool pg_hosts_several(const struct pg_hosts *hosts);

/* The lists from the host on with which the next attempt begins; NULL = as in the string. Borrowed
 * until the next call of pg_hosts_next. */
const char *pg_hosts_names(const struct pg_hosts *hosts);
const char *pg_hosts_addresses(const struct pg_hosts *hosts);
const char *pg_hosts_ports(const struct pg_hosts *hosts);
void pg_hosts_next(struct pg_hosts *hosts);

/* To be called often while `conn` owes an answer since `silent_since_ms`. True: another host is the
 * primary now, which the next attempt finds before this one. */
bool pg_hosts_deposed(
        struct pg_hosts *hosts, const PGconn *conn, int64_t silent_since_ms, int64_t now_ms);
#endif
