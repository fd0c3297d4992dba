#include "tests/fault/workload.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "tests/fault/history.h"

void worker_listen(struct worker *worker, int pause_ms)
{
    struct pollfd fd = {.fd = worker->control, .events = POLLIN};
    char letter;
    if (poll(&fd, 1, pause_ms) <= 0)
        return;
    if (recv(worker->control, &letter, 1, MSG_DONTWAIT) != 1)
        _exit(1); /* the test is gone */
    worker->draining = true;
    worker->finishing = worker->finishing || letter == 'f';
}

void worker_drained(struct worker *worker)
{
    (void)!send(worker->control, "d", 1, MSG_NOSIGNAL);
}

static void visitor_run(const struct visitor *visitor, uint64_t seed, int control)
{
    struct worker worker = {.visitor = visitor, .control = control};
    rng_seed(&worker.rng, seed);
    history_open(site.histories, visitor->name);
    for (int to = 0; to < LINK_POSTGRES; to++) {
        char host[HOST_SIZE];
        link_host(visitor->first_link + to, host);
        snprintf(worker.endpoints[to], sizeof worker.endpoints[to], "tcp://%s:%d", host,
                visitor->ports[to]);
    }
    if (strncmp(visitor->name, "hotline", 7) == 0)
        hotline_live(&worker);
    else
        staff_live(&worker);
}

void visitor_start(struct visitor *visitor, uint64_t seed)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        kit_fail(&site.kit, "socketpair: %s", strerror(errno));
    fflush(NULL);
    pid_t parent = getpid();
    visitor->pid = fork();
    if (visitor->pid < 0)
        kit_fail(&site.kit, "fork: %s", strerror(errno));
    if (visitor->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        if (getppid() != parent)
            _exit(1);
        visitor_run(visitor, seed, ends[1]);
        _exit(0); /* without the kit's atexit: the engines are the parent's */
    }
    close(ends[1]);
    visitor->control = ends[0];
}
