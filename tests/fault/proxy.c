#include "tests/fault/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "services/kernel/base/must.h"

#define BUFFER_SIZE 65536 /* under way in one direction */
#define CHUNKS_MAX 64     /* reads that wait for their delay */

/* Bytes of one read, which may go on at `due_ms`. */
struct chunk {
    int64_t due_ms;
    size_t size;
};

struct flow { /* one direction of a connection */
    char data[BUFFER_SIZE];
    size_t size;
    struct chunk chunks[CHUNKS_MAX];
    size_t chunk_count;
    int64_t budget_ms; /* with a rate: when the next byte may go */
    bool ended, told;  /* the reading end is closed; the writing end knows */
};

struct conn {
    int link;
    int fds[2]; /* [PROXY_UP]: who connected, [PROXY_DOWN]: upstream; each is read for its way */
    bool lost;  /* bytes were dropped: to be reset */
    struct flow flows[2];
};

struct link {
    int fd, port;
    char path[108];
    struct proxy_fault faults[2];
};

struct proxy {
    struct link links[PROXY_LINKS_MAX];
    int link_count;
    struct conn *conns[PROXY_CONNS_MAX];
    int conn_count;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct proxy *proxy_new(void)
{
    return must_memory(calloc(1, sizeof(struct proxy)));
}

static void conn_close(struct proxy *proxy, int index, bool reset)
{
    struct conn *conn = proxy->conns[index];
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    for (int side = 0; side < 2; side++) {
        if (reset) /* has no meaning on a unix socket, where it does no harm */
            (void)setsockopt(conn->fds[side], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(conn->fds[side]);
    }
    free(conn);
    proxy->conns[index] = proxy->conns[--proxy->conn_count];
}

void proxy_destroy(struct proxy **proxy)
{
    if (!*proxy)
        return;
    while ((*proxy)->conn_count)
        conn_close(*proxy, 0, false);
    for (int i = 0; i < (*proxy)->link_count; i++)
        close((*proxy)->links[i].fd);
    free(*proxy);
    *proxy = NULL;
}

int proxy_link(struct proxy *proxy, const char *host, int port, const char *path)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(host)};
    socklen_t size = sizeof address;
    must(proxy->link_count < PROXY_LINKS_MAX);
    struct link *link = &proxy->links[proxy->link_count];
    *link = (struct link){.port = port};
    must(!path || strlen(path) < sizeof link->path);
    if (path)
        memcpy(link->path, path, strlen(path) + 1);
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->fd < 0)
        return 0;
    if (bind(link->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
            listen(link->fd, 128) != 0 ||
            getsockname(link->fd, (struct sockaddr *)&address, &size) != 0) {
        close(link->fd);
        return 0;
    }
    proxy->link_count++;
    return ntohs(address.sin_port);
}

int proxy_cut(struct proxy *proxy, int link, bool reset)
{
    int count = 0;
    for (int i = proxy->conn_count - 1; i >= 0; i--)
        if (proxy->conns[i]->link == link) {
            conn_close(proxy, i, reset);
            count++;
        }
    return count;
}

void proxy_set(struct proxy *proxy, int link, enum proxy_way way, struct proxy_fault fault)
{
    must(link >= 0 && link < proxy->link_count);
    proxy->links[link].faults[way] = fault;
    if (fault.mode == PROXY_SHUT)
        (void)proxy_cut(proxy, link, false);
    for (int i = proxy->conn_count - 1; i >= 0; i--) {
        const struct conn *conn = proxy->conns[i];
        const struct proxy_fault *faults = proxy->links[link].faults;
        if (conn->link == link && conn->lost && faults[PROXY_UP].mode != PROXY_SWALLOW &&
                faults[PROXY_DOWN].mode != PROXY_SWALLOW)
            conn_close(proxy, i, true);
    }
}

int proxy_conn_count(const struct proxy *proxy, int link)
{
    int count = 0;
    for (int i = 0; i < proxy->conn_count; i++)
        count += proxy->conns[i]->link == link;
    return count;
}

static int upstream_connect(const struct link *link)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)link->port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool unix_socket = link->path[0] != '\0';
    memcpy(local.sun_path, link->path, sizeof link->path);
    int fd = socket(unix_socket ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int got = unix_socket ? connect(fd, (struct sockaddr *)&local, sizeof local)
                          : connect(fd, (struct sockaddr *)&address, sizeof address);
    if (got == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

static void link_accept(struct proxy *proxy, int index)
{
    const struct link *link = &proxy->links[index];
    int fd = accept4(link->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    bool shut = link->faults[PROXY_UP].mode == PROXY_SHUT ||
                link->faults[PROXY_DOWN].mode == PROXY_SHUT;
    int upstream = shut || proxy->conn_count == PROXY_CONNS_MAX ? -1 : upstream_connect(link);
    if (upstream < 0) {
        close(fd);
        return;
    }
    struct conn *conn = must_memory(calloc(1, sizeof *conn));
    conn->link = index;
    conn->fds[PROXY_UP] = fd;
    conn->fds[PROXY_DOWN] = upstream;
    proxy->conns[proxy->conn_count++] = conn;
}

static bool flow_has_room(const struct flow *flow)
{
    return !flow->ended && flow->size < BUFFER_SIZE && flow->chunk_count < CHUNKS_MAX;
}

/* False when the connection is broken. */
static bool flow_read(struct conn *conn, int way, const struct proxy_fault *fault, int64_t now)
{
    struct flow *flow = &conn->flows[way];
    ssize_t got = read(conn->fds[way], flow->data + flow->size, BUFFER_SIZE - flow->size);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0) {
        flow->ended = true;
        return true;
    }
    if (fault->mode == PROXY_SWALLOW) {
        conn->lost = true;
        return true;
    }
    flow->chunks[flow->chunk_count++] = (struct chunk){now + fault->delay_ms, (size_t)got};
    flow->size += (size_t)got;
    return true;
}

/* How many bytes may go now. */
static size_t flow_due(const struct flow *flow, const struct proxy_fault *fault, int64_t now)
{
    size_t due = 0;
    if (fault->mode != PROXY_PASS || flow->budget_ms > now)
        return 0;
    for (size_t i = 0; i < flow->chunk_count && flow->chunks[i].due_ms <= now; i++)
        due += flow->chunks[i].size;
    /* A tenth of a second's worth at once, then a pause. */
    size_t portion = (size_t)fault->rate / 10 + 1;
    return fault->rate && due > portion ? portion : due;
}

static void flow_drop(struct flow *flow, size_t size)
{
    flow->size -= size;
    memmove(flow->data, flow->data + size, flow->size);
    while (size) {
        size_t part = size < flow->chunks[0].size ? size : flow->chunks[0].size;
        flow->chunks[0].size -= part;
        size -= part;
        if (flow->chunks[0].size == 0)
            memmove(flow->chunks, flow->chunks + 1, --flow->chunk_count * sizeof *flow->chunks);
    }
}

/* False when the connection is broken. */
static bool flow_write(struct conn *conn, int way, const struct proxy_fault *fault, int64_t now)
{
    struct flow *flow = &conn->flows[way];
    size_t due = flow_due(flow, fault, now);
    if (due) {
        ssize_t put = send(conn->fds[1 - way], flow->data, due, MSG_NOSIGNAL);
        if (put < 0)
            return errno == EAGAIN || errno == EINTR;
        flow_drop(flow, (size_t)put);
        if (fault->rate)
            flow->budget_ms = now + (int64_t)put * 1000 / fault->rate;
    }
    if (flow->ended && flow->size == 0 && !flow->told && fault->mode == PROXY_PASS) {
        flow->told = true;
        (void)shutdown(conn->fds[1 - way], SHUT_WR);
    }
    return true;
}

/* What to wait for on a side: to read for its own way, to write for the other one. */
static short side_events(const struct proxy *proxy, const struct conn *conn, int side, int64_t now)
{
    const struct proxy_fault *faults = proxy->links[conn->link].faults;
    short events = 0;
    if (faults[side].mode != PROXY_HOLD && flow_has_room(&conn->flows[side]))
        events = (short)(events | POLLIN);
    if (flow_due(&conn->flows[1 - side], &faults[1 - side], now))
        events = (short)(events | POLLOUT);
    return events;
}

/* False: to be closed. A side that hung up may still have bytes for the other one. */
static bool conn_turn(
        struct proxy *proxy, struct conn *conn, const struct pollfd *sides, int64_t now)
{
    const struct proxy_fault *faults = proxy->links[conn->link].faults;
    bool whole = true;
    for (int side = 0; side < 2 && whole; side++) {
        if ((sides[side].events & POLLIN) && (sides[side].revents & (POLLIN | POLLHUP | POLLERR)))
            whole = flow_read(conn, side, &faults[side], now);
        else if (sides[side].revents & POLLERR)
            whole = false;
    }
    for (int way = 0; way < 2 && whole; way++)
        if (!(sides[1 - way].revents & POLLERR))
            whole = flow_write(conn, way, &faults[way], now);
    return whole && !(conn->flows[0].told && conn->flows[1].told);
}

/* Something waits for its time: the round must not last until a socket speaks. */
static int turn_limit(const struct proxy *proxy, int timeout_ms)
{
    for (int i = 0; i < proxy->conn_count; i++)
        for (int way = 0; way < 2; way++)
            if (proxy->conns[i]->flows[way].size && timeout_ms > 2)
                return 2;
    return timeout_ms;
}

bool proxy_turn(struct proxy *proxy, int timeout_ms, int extra_fd)
{
    static struct pollfd fds[PROXY_LINKS_MAX + 2 * PROXY_CONNS_MAX + 1];
    nfds_t count = 0;
    int conns = proxy->conn_count;
    int64_t now = now_ms();
    fds[count++] = (struct pollfd){.fd = extra_fd, .events = POLLIN};
    for (int i = 0; i < proxy->link_count; i++)
        fds[count++] = (struct pollfd){.fd = proxy->links[i].fd, .events = POLLIN};
    nfds_t first = count;
    for (int i = 0; i < conns; i++)
        for (int side = 0; side < 2; side++) {
            short events = side_events(proxy, proxy->conns[i], side, now);
            /* A held side that hangs up would be reported all the time: it is not asked. */
            int fd = events ? proxy->conns[i]->fds[side] : -1;
            fds[count++] = (struct pollfd){.fd = fd, .events = events};
        }
    if (poll(fds, count, turn_limit(proxy, timeout_ms)) < 0)
        return false;
    now = now_ms();
    for (int i = conns - 1; i >= 0; i--)
        if (!conn_turn(proxy, proxy->conns[i], &fds[first + 2 * (nfds_t)i], now))
            conn_close(proxy, i, false);
    for (int i = 0; i < proxy->link_count; i++)
        if (fds[1 + i].revents & POLLIN)
            link_accept(proxy, i);
    return extra_fd >= 0 && (fds[0].revents & (POLLIN | POLLHUP));
}
