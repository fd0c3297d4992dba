/* Coming to rest, in the order in which work flows: hotlines get their last answers, staff works
 * off what there is, hotlines fetch the outcomes. Between them all queues run empty. */
#include "tests/fault/rest.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/site.h"

#define DRAIN_MS 120000 /* at load 1, as the next one */
#define SETTLE_MS 90000

static const char UNSETTLED[] =
        "SELECT (SELECT count(*) FROM intake.outbox) + (SELECT count(*) FROM intake.waiting)"
        " + (SELECT count(*) FROM routing.outbox) + (SELECT count(*) FROM routing.waiting)"
        " + (SELECT count(*) FROM enforcement.outbox) + (SELECT count(*) FROM enforcement.waiting)"
        " + (SELECT count(*) FROM volunteer.outbox) + (SELECT count(*) FROM volunteer.waiting)"
        " + (SELECT count(*) FROM audit.outbox) + (SELECT count(*) FROM audit.waiting)"
        " + (SELECT count(*) FROM audit.pages WHERE first_place IS NULL AND ver > 0)"
        " + (SELECT count(*) FROM routing.timer WHERE due < now() - interval '1 s')";

static bool hotline_is(const struct visitor *visitor)
{
    return strncmp(visitor->name, "hotline", 7) == 0;
}

static void tell(bool hotlines, const char *letter)
{
    for (size_t i = 0; i < site.visitor_count; i++)
        if (hotline_is(&site.visitors[i]) == hotlines &&
                send(site.visitors[i].control, letter, 1, MSG_NOSIGNAL) != 1)
            kit_fail(&site.kit, "%s is gone", site.visitors[i].name);
}

/* Until all of one kind have answered, or hung up. */
static void await(bool hotlines, const char *what)
{
    int64_t patience_ms = (int64_t)DRAIN_MS * site.load, end = kit_now_ms() + patience_ms;
    for (size_t i = 0; i < site.visitor_count; i++) {
        struct pollfd fd = {.fd = site.visitors[i].control, .events = POLLIN};
        char letter;
        int64_t left = end - kit_now_ms();
        if (hotline_is(&site.visitors[i]) != hotlines)
            continue;
        if (poll(&fd, 1, left > 0 ? (int)left : 0) != 1)
            kit_fail(&site.kit, "%s did not %s within %lld s", site.visitors[i].name, what,
                    (long long)patience_ms / 1000);
        (void)!recv(site.visitors[i].control, &letter, 1, 0);
    }
}

static void settle(void)
{
    int64_t end = kit_now_ms() + (int64_t)SETTLE_MS * site.load;
    while (kit_pg_int(site.kit.pg, UNSETTLED) != 0 && kit_now_ms() < end)
        kit_pause();
}

void rest_reach(void)
{
    fprintf(stderr, "coming to rest\n");
    tell(true, "d");
    await(true, "get an answer for every ticket");
    settle();
    tell(false, "d");
    await(false, "run out of work");
    settle();
    tell(false, "f");
    tell(true, "f");
    await(true, "end");
    settle();
}

int rest_judge(const char *dir, const char *host, const char *mode)
{
    char redis[KIT_PATH_SIZE + 16];
    const char *argv[] = {"tests/fault/judge", mode, dir, host, NULL};
    char *copy[sizeof argv / sizeof *argv] = {NULL};
    int status = 1;
    snprintf(redis, sizeof redis, "%s/redis.sock", site.kit.dir);
    setenv("HUYING_REDIS", redis, 1);
    for (size_t i = 0; argv[i]; i++)
        copy[i] = strdup(argv[i]);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        execv(copy[0], copy);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    for (size_t i = 0; copy[i]; i++)
        free(copy[i]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
