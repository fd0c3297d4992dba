/* Lists as they stand in the connection string, turned round by one host each time. libpq takes one
 * port for all hosts or one for each, the same with addresses; a list of one stays as it is. */
#include "services/kernel/store/pg_hosts.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"

#define QUESTION_MS 2000 /* until it is given up, and from one to the next */

enum list { NAMES, ADDRESSES, PORTS, LIST_COUNT };
static const char *const KEYS[LIST_COUNT] = {"host", "hostaddr", "port"};

struct pg_hosts {
    char *conninfo;
    char *lists[LIST_COUNT]; /* NULL = not in the string */
    size_t count;
    PGconn *question; /* under way; NULL = none */
    PostgresPollingStatusType polling;
    int64_t asked_ms; /* when the last one was begun */
};

static size_t list_count(const char *list)
{
    size_t count = list ? 1 : 0;
    for (; list && *list; list++)
        count += *list == ',';
    return count;
}

struct pg_hosts *pg_hosts_new(const char *conninfo)
{
    struct pg_hosts *hosts = calloc(1, sizeof *hosts);
    must(hosts);
    hosts->conninfo = strdup(conninfo);
    must(hosts->conninfo);
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    for (const PQconninfoOption *option = options; option && option->keyword; option++)
        for (int list = 0; list < LIST_COUNT; list++)
            if (option->val && strcmp(option->keyword, KEYS[list]) == 0) {
                hosts->lists[list] = strdup(option->val);
                must(hosts->lists[list]);
            }
    PQconninfoFree(options);
    size_t names = list_count(hosts->lists[NAMES]), addresses = list_count(hosts->lists[ADDRESSES]);
    hosts->count = names > addresses ? names : addresses;
    return hosts;
}

static void question_end(struct pg_hosts *hosts)
{
    PQfinish(hosts->question);
    hosts->question = NULL;
}

void pg_hosts_destroy(struct pg_hosts **pointer)
{
    struct pg_hosts *hosts = *pointer;
    if (!hosts)
        return;
    question_end(hosts);
    for (int list = 0; list < LIST_COUNT; list++)
        free(hosts->lists[list]);
    free(hosts->conninfo);
    free(hosts);
    *pointer = NULL;
}

bool pg_hosts_several(const struct pg_hosts *hosts)
{
    return hosts->count > 1;
}

const char *pg_hosts_names(const struct pg_hosts *hosts)
{
    return hosts->lists[NAMES];
}

const char *pg_hosts_addresses(const struct pg_hosts *hosts)
{
    return hosts->lists[ADDRESSES];
}

const char *pg_hosts_ports(const struct pg_hosts *hosts)
{
    return hosts->lists[PORTS];
}

/* "a,b,c" becomes "b,c,a", in place. */
static void list_turn(char *list)
{
    size_t size = strlen(list), first = strcspn(list, ",");
    if (first == size)
        return;
    char *copy = strdup(list);
    must(copy);
    memcpy(list, copy + first + 1, size - first - 1);
    list[size - first - 1] = ',';
    memcpy(list + size - first, copy, first);
    free(copy);
}

void pg_hosts_next(struct pg_hosts *hosts)
{
    for (int list = 0; list < LIST_COUNT && pg_hosts_several(hosts); list++)
        if (hosts->lists[list])
            list_turn(hosts->lists[list]);
}

static void question_begin(struct pg_hosts *hosts, int64_t now_ms)
{
    const char *keys[] = {"dbname", "host", "hostaddr", "port", NULL};
    const char *values[] = {hosts->conninfo, pg_hosts_names(hosts), pg_hosts_addresses(hosts),
            pg_hosts_ports(hosts), NULL};
    hosts->question = PQconnectStartParams(keys, values, 1);
    must(hosts->question);
    hosts->asked_ms = now_ms;
    hosts->polling = PQstatus(hosts->question) == CONNECTION_BAD ? PGRES_POLLING_FAILED
                                                                 : PGRES_POLLING_WRITING;
}

static bool same_text(const char *left, const char *right)
{
    return left && right && strcmp(left, right) == 0;
}

/* Whether the two reached the same host. */
static bool same_host(const PGconn *left, const PGconn *right)
{
    return same_text(PQhost(left), PQhost(right)) && same_text(PQport(left), PQport(right));
}

/* True when it was answered, by whoever. */
static bool question_turn(struct pg_hosts *hosts)
{
    struct pollfd item = {PQsocket(hosts->question),
            hosts->polling == PGRES_POLLING_WRITING ? POLLOUT : POLLIN, 0};
    if (hosts->polling != PGRES_POLLING_FAILED && item.fd >= 0 && poll(&item, 1, 0) > 0)
        hosts->polling = PQconnectPoll(hosts->question);
    return hosts->polling == PGRES_POLLING_OK;
}

bool pg_hosts_deposed(
        struct pg_hosts *hosts, const PGconn *conn, int64_t silent_since_ms, int64_t now_ms)
{
    if (!pg_hosts_several(hosts))
        return false;
    if (now_ms - silent_since_ms < PG_SILENT_MS) {
        question_end(hosts);
        return false;
    }
    if (!hosts->question && hosts->asked_ms && now_ms - hosts->asked_ms < QUESTION_MS)
        return false;
    if (!hosts->question) {
        pg_hosts_next(hosts); /* the first one may be the one that is silent */
        question_begin(hosts, now_ms);
    }
    bool answered = question_turn(hosts);
    bool deposed = answered && !same_host(conn, hosts->question);
    if (answered || hosts->polling == PGRES_POLLING_FAILED ||
            now_ms - hosts->asked_ms >= QUESTION_MS)
        question_end(hosts);
    return deposed;
}
