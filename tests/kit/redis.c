/* Private Redis for tests: a direct child that the kernel kills with its parent. */
#include "tests/kit/redis.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 20000

struct kit_redis {
    char dir[64], socket[96];
    pid_t pid;
    struct kit_redis *next;
};

static struct kit_redis *started; /* for atexit */

static void redis_fail(const struct kit_redis *redis, const char *what) __attribute__((noreturn));

static void redis_fail(const struct kit_redis *redis, const char *what)
{
    fprintf(stderr, "tests/kit/redis: %s in %s: %s\n", what, redis->dir, strerror(errno));
    exit(1);
}

static void server_exec(const struct kit_redis *redis)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", redis->socket, "--dir",
            redis->dir, "--save", "", "--appendonly", "no", (char *)NULL);
    _exit(127);
}

static int server_answers(const struct kit_redis *redis)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", redis->socket);
    int found = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return found;
}

void kit_redis_restart(struct kit_redis *redis)
{
    if (redis->pid)
        return;
    fflush(NULL);
    redis->pid = fork();
    if (redis->pid < 0)
        redis_fail(redis, "fork");
    if (redis->pid == 0)
        server_exec(redis);
    for (int waited_ms = 0; waited_ms < START_MS; waited_ms += 10) {
        if (server_answers(redis))
            return;
        if (waitpid(redis->pid, NULL, WNOHANG) == redis->pid)
            break;
        poll(NULL, 0, 10);
    }
    redis_fail(redis, "redis-server did not start (is the package redis-server installed?)");
}

static void stop_all(void)
{
    while (started) {
        struct kit_redis *redis = started;
        kit_redis_stop(&redis);
    }
}

struct kit_redis *kit_redis_start(void)
{
    struct kit_redis *redis = calloc(1, sizeof *redis);
    if (!redis)
        abort();
    if (!started)
        atexit(stop_all);
    snprintf(redis->dir, sizeof redis->dir, "/tmp/huying-redis-XXXXXX");
    if (!mkdtemp(redis->dir))
        redis_fail(redis, "mkdtemp");
    snprintf(redis->socket, sizeof redis->socket, "%s/socket", redis->dir);
    redis->next = started;
    started = redis;
    kit_redis_restart(redis);
    return redis;
}

void kit_redis_crash(struct kit_redis *redis)
{
    if (!redis->pid)
        return;
    kill(redis->pid, SIGKILL);
    while (waitpid(redis->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    redis->pid = 0;
    unlink(redis->socket);
}

void kit_redis_stop(struct kit_redis **pointer)
{
    struct kit_redis *redis = *pointer;
    if (!redis)
        return;
    struct kit_redis **at = &started;
    while (*at && *at != redis)
        at = &(*at)->next;
    if (*at)
        *at = redis->next;
    kit_redis_crash(redis);
    if (rmdir(redis->dir) != 0)
        fprintf(stderr, "tests/kit/redis: could not remove %s\n", redis->dir);
    free(redis);
    *pointer = NULL;
}

const char *kit_redis_socket(const struct kit_redis *redis)
{
    return redis->socket;
}

void kit_redis_hang(struct kit_redis *redis)
{
    if (kill(redis->pid, SIGSTOP) != 0 || waitpid(redis->pid, NULL, WUNTRACED) != redis->pid)
        redis_fail(redis, "SIGSTOP");
}

void kit_redis_wake(struct kit_redis *redis)
{
    if (kill(redis->pid, SIGCONT) != 0)
        redis_fail(redis, "SIGCONT");
}
