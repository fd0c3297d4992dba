/* A server of HTTP that reads a request and gives the same answer to each, at once. It stands where
 * intake stands, on the same cores, and costs next to nothing: what the load measures of it is the
 * load. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/kernel/base/must.h"
#include "tests/bench/load.h"

#define REQUEST_SIZE 8192
#define SLOTS (2 * LOAD_CONNECTIONS_MAX + 1) /* of connections there ever were, and the listener */

static const char ANSWER[] = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                             "Content-Length: 20\r\n\r\n{\"state\":\"accepted\"}";

/* A request comes whole, or in the order in which it was written: the load sends the next one on a
 * connection when it has the answer. */
struct guest {
    char text[REQUEST_SIZE];
    size_t size;
};

/* False: the connection is over. */
static bool guest_serve(struct guest *guest, int fd)
{
    int status = 0;
    ssize_t got = read(fd, guest->text + guest->size, REQUEST_SIZE - 1 - guest->size);
    if (got <= 0)
        return false;
    guest->size += (size_t)got;
    guest->text[guest->size] = '\0';
    if (!answer_whole(guest->text, guest->size, &status)) /* a request is framed alike */
        return guest->size < REQUEST_SIZE - 1;
    guest->size = 0;
    return write(fd, ANSWER, sizeof ANSWER - 1) == sizeof ANSWER - 1;
}

static void guest_admit(struct pollfd *polls, size_t *count)
{
    int on = 1, fd = accept4(polls[0].fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    must(*count < SLOTS);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    polls[(*count)++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void __attribute__((noreturn)) null_run(int listener)
{
    static struct pollfd polls[SLOTS];
    static struct guest guests[SLOTS];
    size_t count = 1;
    polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (;;) {
        if (poll(polls, count, -1) < 0 && errno != EINTR)
            _exit(1);
        for (size_t i = 1; i < count; i++) {
            if (!polls[i].revents || guest_serve(&guests[i], polls[i].fd))
                continue;
            close(polls[i].fd);
            polls[i].fd = -1;
        }
        if (polls[0].revents)
            guest_admit(polls, &count);
    }
}

struct null_server null_start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
            listen(fd, LOAD_CONNECTIONS_MAX) != 0 ||
            getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        load_fail("the null server has no port: %s", strerror(errno));
    pid_t pid = fork();
    if (pid < 0)
        load_fail("fork: %s", strerror(errno));
    if (pid == 0) {
        must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
        null_run(fd);
    }
    close(fd);
    return (struct null_server){.port = ntohs(address.sin_port), .pid = pid};
}

void null_stop(struct null_server *server)
{
    int status;
    must(kill(server->pid, SIGKILL) == 0);
    must(waitpid(server->pid, &status, 0) == server->pid);
    server->pid = 0;
}
