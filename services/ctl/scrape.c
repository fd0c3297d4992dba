#include "services/ctl/scrape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/kernel/base/clock.h"

size_t ports_read(const char *text, struct process_port *ret, size_t room)
{
    size_t count = 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i] != NULL && count < room; i++) {
        struct process_port one;
        int end = 0;
        if (sscanf(lines[i], "http-%23[a-z]-%d %d%n", one.name, &one.instance, &one.port, &end) ==
                        3 &&
                lines[i][end] == '\0' && one.instance > 0 && one.port > 0 && one.port < 65536)
            ret[count++] = one;
    }
    return count;
}

int port_find(const char *text, const char *name)
{
    size_t size = strlen(name);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **it = lines; *it; it++) {
        char *end = NULL;
        if (strncmp(*it, name, size) != 0 || (*it)[size] != ' ')
            continue;
        gint64 port = g_ascii_strtoll(*it + size + 1, &end, 10);
        return *end == '\0' && port > 0 && port < 65536 ? (int)port : 0;
    }
    return 0;
}

static int64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock.monotonic_ms(clock.self);
}

static bool wait_for(int fd, short events, int64_t until_ms)
{
    int64_t left = until_ms - now_ms();
    struct pollfd item = {.fd = fd, .events = events};
    return left > 0 && poll(&item, 1, (int)left) == 1;
}

static bool connected(int fd, int port, int64_t until_ms)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int error = 0;
    socklen_t size = sizeof error;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return true;
    return errno == EINPROGRESS && wait_for(fd, POLLOUT, until_ms) &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

/* The request is far smaller than any socket's buffer: it goes out in one piece or not at all. */
static enum err exchange(int fd, const struct buf *request, int64_t until_ms, struct buf *answer)
{
    if (send(fd, request->data, request->size, MSG_NOSIGNAL) != (ssize_t)request->size)
        return ERR_TRANSIENT;
    for (;;) {
        char part[4096];
        if (!wait_for(fd, POLLIN, until_ms))
            return ERR_TRANSIENT;
        ssize_t got = recv(fd, part, sizeof part, 0);
        if (got < 0)
            return ERR_TRANSIENT;
        if (got == 0)
            return OK;
        if (answer->size + (size_t)got > SCRAPE_SIZE_MAX)
            return ERR_LIMIT;
        buf_add(answer, part, (size_t)got);
    }
}

enum err scrape_ask(int port,
        const struct buf *request,
        int64_t within_ms,
        int *ret_status,
        struct buf *ret_body)
{
    BUF_OWNED answer = {0};
    int64_t until_ms = now_ms() + within_ms;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), status = 0;
    if (fd < 0)
        return ERR_TRANSIENT;
    enum err err = connected(fd, port, until_ms) ? exchange(fd, request, until_ms, &answer)
                                                 : ERR_TRANSIENT;
    (void)close(fd);
    if (err != OK)
        return err;
    const char *body = answer.size > 0 ? strstr(answer.data, "\r\n\r\n") : NULL;
    if (body == NULL || sscanf(answer.data, "HTTP/1.%*1[01] %3d", &status) != 1)
        return ERR_MALFORMED;
    buf_reset(ret_body);
    buf_add_text(ret_body, body + 4);
    *ret_status = status;
    return OK;
}

enum err scrape_get(int port, const char *path, int *ret_status, struct buf *ret_body)
{
    BUF_OWNED request = {0};
    buf_add_format(&request, "GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", path);
    return scrape_ask(port, &request, SCRAPE_MS, ret_status, ret_body);
}

/* The value of the sample in `line`, when it is of that name and has the label. */
static bool sample_read(const char *line, const char *name, const char *label, int64_t *ret)
{
    size_t size = strlen(name);
    const char *value = line + size;
    if (strncmp(line, name, size) != 0 || (*value != '{' && *value != ' '))
        return false;
    if (*value == '{') {
        const char *end = strstr(value, "} ");
        g_autofree char *labels = end != NULL ? g_strndup(value, (size_t)(end - value)) : NULL;
        if (labels == NULL || strstr(labels, label) == NULL)
            return false;
        value = end + 1;
    } else if (*label != '\0') {
        return false;
    }
    char *rest = NULL;
    *ret = strtoll(value, &rest, 10);
    return rest != value;
}

bool scrape_value(const char *metrics, const char *name, const char *label, int64_t *ret)
{
    bool found = false;
    int64_t sum = 0, one = 0;
    for (const char *line = metrics; line != NULL && *line != '\0';) {
        if (sample_read(line, name, label, &one)) {
            if (__builtin_add_overflow(sum, one, &sum))
                sum = INT64_MAX;
            found = true;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    if (found)
        *ret = sum;
    return found;
}
