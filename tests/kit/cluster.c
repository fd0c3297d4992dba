/* Processes of a private site: see cluster.h. Children are started directly, with their output in a
 * file (a pipe that nobody reads would stop them), and are stopped by id. */
#include "tests/kit/cluster.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGS_MAX 40
#define LOGS_MAX 256
#define LOGS_SHOWN 12
#define ANSWER_MS 2000
#define GET_TRIES 10

/* The site that tests see: number 1, one street with a desk, one matter, no drill. */
#define SITE_ROWS                                                                                  \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, version)" \
    " VALUES (1, 'TS', '试', 'Test', 28800, false, 1);"                                           \
    "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en,"          \
    " capabilities, members, capacity) VALUES"                                                     \
    " (1, 'D', NULL, 0, 4, 'district', '区', 'District', '', 3, 0),"                              \
    " (2, 'S', 1, 1, 3, 'street', '街', 'Street', '', 1, 2);"                                     \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min) VALUES"                \
    " (1, 'M', 'c', '事', 'Matter', 3, 3, 'all', 60, 1440, 1440, 1440);"                          \
    "INSERT INTO directory.staff (id, code, name, unit, role) VALUES (1, 'W', '甲', 2, 'worker')"

static char binaries[KIT_PATH_SIZE];
static char logs[LOGS_MAX][KIT_PATH_SIZE]; /* of all processes, for kit_fail */
static size_t log_count;

int64_t kit_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void kit_pause(void)
{
    poll(NULL, 0, 10);
}

static const char *file_read(const char *path)
{
    static char text[KIT_TEXT_SIZE];
    FILE *file = fopen(path, "r");
    size_t size = 0;
    if (file) {
        /* Of a long one the end: what a test waits for is new. */
        if (fseek(file, 0, SEEK_END) == 0 && ftell(file) >= KIT_TEXT_SIZE)
            (void)fseek(file, 1 - KIT_TEXT_SIZE, SEEK_END);
        else
            rewind(file);
        size = fread(text, 1, sizeof text - 1, file);
        fclose(file);
    }
    text[size] = '\0';
    return text;
}

static void logs_show(void)
{
    for (size_t i = log_count > LOGS_SHOWN ? log_count - LOGS_SHOWN : 0; i < log_count; i++) {
        const char *text = file_read(logs[i]);
        size_t size = strlen(text), from = size > 4000 ? size - 4000 : 0;
        fprintf(stderr, "--- %s\n%s\n", logs[i], text + from);
    }
}

void kit_fail(struct kit_site *site, const char *format, ...)
{
    va_list args;
    logs_show();
    va_start(args, format);
    fputs("tests/kit/cluster: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    kit_site_close(site, false);
    exit(1);
}

static void path_set(const struct kit_site *site, char ret[KIT_PATH_SIZE], const char *name)
{
    int size = snprintf(ret, KIT_PATH_SIZE, "%s/%s", site->dir, name);
    if (size < 0 || size >= KIT_PATH_SIZE)
        abort();
}

static void file_write(struct kit_site *site, const char *name, const char *mode, const char *text)
{
    char path[KIT_PATH_SIZE];
    path_set(site, path, name);
    FILE *file = fopen(path, mode);
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        kit_fail(site, "%s: %s", path, strerror(errno));
}

pid_t kit_child(struct kit_site *site,
        const char *name,
        const char *const argv[],
        char ret_log[KIT_PATH_SIZE])
{
    static unsigned serial;
    char file[80], path[KIT_PATH_SIZE], *copy[ARGS_MAX + 1] = {NULL};
    snprintf(file, sizeof file, "%s.%u.log", name, serial++);
    path_set(site, path, file);
    if (log_count < LOGS_MAX)
        memcpy(logs[log_count++], path, sizeof path);
    for (size_t i = 0; argv[i] && i + 1 < sizeof copy / sizeof *copy; i++)
        copy[i] = strdup(argv[i]);
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        (void)dup2(fd, STDOUT_FILENO);
        (void)dup2(fd, STDERR_FILENO);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        execvp(copy[0], copy);
        (void)dprintf(STDERR_FILENO, "%s: %s\n", copy[0], strerror(errno));
        _exit(127);
    }
    for (size_t i = 0; copy[i]; i++)
        free(copy[i]);
    if (pid < 0)
        kit_fail(site, "fork: %s", strerror(errno));
    if (ret_log)
        memcpy(ret_log, path, sizeof path);
    return pid;
}

void kit_child_kill(pid_t *pid)
{
    if (*pid > 0) {
        (void)kill(*pid, SIGKILL);
        while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    *pid = 0;
}

int kit_port_hold(struct kit_site *site, int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
            bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
            getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        kit_fail(site, "a free port: %s", strerror(errno));
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void broker_conf(struct kit_site *site)
{
    char text[2048];
    snprintf(text, sizeof text,
            "[broker]\nbind=tcp://127.0.0.1:*\nfeed=tcp://127.0.0.1:*\nhotline=\nkey=%s/"
            "broker.key\n"
            "peers=%s/peers.conf\n",
            site->dir, site->dir);
    file_write(site, "broker.conf", "w", text);
}

/* So that its reports have codes. */
static void follow_make(struct kit_site *site)
{
    char path[KIT_PATH_SIZE];
    file_write(site, "follow.key", "w",
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    path_set(site, path, "follow.key");
    if (chmod(path, 0600) != 0)
        kit_fail(site, "%s: %s", path, strerror(errno));
}

static void site_make(struct kit_site *site, const char *bin, struct kit_pg *pg)
{
    char path[KIT_PATH_SIZE];
    *site = (struct kit_site){.pg = pg};
    snprintf(binaries, sizeof binaries, "%s", bin);
    /* Within the server's directory, which is removed also after a crash of the test. */
    snprintf(site->dir, sizeof site->dir, "%s/site", kit_pg_dir(site->pg));
    if (mkdir(site->dir, 0700) != 0)
        kit_fail(site, "%s: %s", site->dir, strerror(errno));
    keypair_draw(&site->server);
    path_set(site, path, "broker.key");
    if (keyfile_write(path, &site->server) != OK)
        kit_fail(site, "%s was not written", path);
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++)
        site->port_holds[i] = kit_port_hold(site, &site->ports[i]);
    file_write(site, "peers.conf", "w", "# of the test\n");
    broker_conf(site);
    follow_make(site);
}

static void tables_make(struct kit_site *site, const char *service)
{
    kit_pg_service(site->pg, service);
    kit_pg_run(site->pg, SITE_ROWS);
}

void kit_site_open(struct kit_site *site, const char *bin, const char *service)
{
    site_make(site, bin, kit_pg_start("fsync=on full_page_writes=on max_connections=100"));
    tables_make(site, service);
}

void kit_site_open_on(struct kit_site *site,
        const char *bin,
        const char *service,
        void (*start)(struct kit_site *site))
{
    site_make(site, bin, kit_pg_remote());
    start(site);
    tables_make(site, service);
}

void kit_site_close(struct kit_site *site, bool show)
{
    if (show)
        logs_show();
    if (site->end)
        site->end();
    site->end = NULL;
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++) {
        kit_kill(&site->brokers[i]);
        if (site->port_holds[i] > 0)
            close(site->port_holds[i]);
        site->port_holds[i] = 0;
    }
    kit_child_kill(&site->redis);
    kit_pg_stop(&site->pg);
}

void kit_postgres(struct kit_site *site, bool up)
{
    if (up)
        kit_pg_restart(site->pg);
    else
        kit_pg_crash(site->pg);
}

void kit_redis(struct kit_site *site, bool up)
{
    char path[KIT_PATH_SIZE];
    path_set(site, path, "redis.sock");
    if (!up) {
        kit_child_kill(&site->redis);
        (void)unlink(path);
        return;
    }
    if (site->redis)
        return;
    const char *argv[] = {"redis-server", "--port", "0", "--unixsocket", path, "--save", "",
            "--appendonly", "no", "--dir", site->dir, NULL};
    site->redis = kit_child(site, "redis", argv, NULL);
}

void kit_broker(struct kit_site *site, size_t index, bool up)
{
    struct kit_process *broker = &site->brokers[index];
    char bind[64];
    if (!up)
        kit_kill(broker);
    if (!up || broker->pid)
        return;
    snprintf(bind, sizeof bind, "tcp://127.0.0.1:%d", site->ports[index]);
    setenv("HUYING_BROKER_BIND", bind, 1);
    kit_start(site, "broker", (int)index + 1, broker);
    unsetenv("HUYING_BROKER_BIND");
    KIT_UNTIL(site, strstr(kit_log(broker), "BROKER-STARTED"));
}

static size_t times(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        count++;
    return count;
}

/* peers.conf has changed: those brokers that run read it again. */
static void brokers_reload(struct kit_site *site)
{
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++) {
        struct kit_process *broker = &site->brokers[i];
        if (!broker->pid)
            continue;
        size_t before = times(kit_log(broker), "BROKER-PEERS-LOADED");
        (void)kill(broker->pid, SIGHUP);
        KIT_UNTIL(site, times(kit_log(broker), "BROKER-PEERS-LOADED") > before);
    }
}

void kit_key(struct kit_site *site,
        const char *name,
        const char *service,
        const char *rights,
        struct keypair *ret)
{
    char file[64], path[KIT_PATH_SIZE], text[512];
    snprintf(file, sizeof file, "%s.key", name);
    path_set(site, path, file);
    keypair_draw(ret);
    if (keyfile_write(path, ret) != OK)
        kit_fail(site, "%s was not written", path);
    if (!service)
        return;
    snprintf(text, sizeof text, "[%s]\nkey=%s\nservice=%s\nsite=1\nrights=%s\n", name,
            ret->public_key, service, rights);
    file_write(site, "peers.conf", "a", text);
    brokers_reload(site);
}

void kit_conf(struct kit_site *site, const char *service, const char *key, const char *more)
{
    char text[4096], name[64], role[64], own[KIT_PATH_SIZE + 64] = "";
    if (strcmp(service, "intake") == 0)
        snprintf(own, sizeof own, "[intake]\nport=0\nfollow=%s/follow.key\n", site->dir);
    snprintf(role, sizeof role, "huying_%s", service);
    snprintf(text, sizeof text,
            "[bus]\nbrokers=tcp://127.0.0.1:%d;tcp://127.0.0.1:%d\nserver_key=%s\nkey=%s/%s.key\n"
            "[store]\nconninfo=%s\n[redis]\nsocket=%s/redis.sock\n[http]\nport=0\n%s%s",
            site->ports[0], site->ports[1], site->server.public_key, site->dir, key,
            kit_pg_conninfo(site->pg, role), site->dir, own, more);
    snprintf(name, sizeof name, "%s.conf", service);
    file_write(site, name, "w", text);
}

void kit_start(struct kit_site *site, const char *service, int instance, struct kit_process *ret)
{
    char binary[KIT_PATH_SIZE + 32], conf[KIT_PATH_SIZE], file[64], number[16];
    *ret = (struct kit_process){.site = site};
    snprintf(ret->name, sizeof ret->name, "%.20s-%d", service, instance);
    snprintf(binary, sizeof binary, "%s/huying-%s", binaries, service);
    snprintf(number, sizeof number, "%d", instance);
    snprintf(file, sizeof file, "%s.conf", service);
    path_set(site, conf, file);
    const char *argv[] = {binary, "--conf", conf, "--instance", number, NULL};
    ret->pid = kit_child(site, ret->name, argv, ret->log);
}

void kit_kill(struct kit_process *process)
{
    kit_child_kill(&process->pid);
}

bool kit_alive(struct kit_process *process)
{
    int status = 0;
    if (process->pid > 0 && waitpid(process->pid, &status, WNOHANG) == process->pid) {
        process->pid = 0;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fprintf(stderr, "%s ended by itself: wait status 0x%x\n", process->name, status);
    }
    return process->pid > 0;
}

int kit_wait_end(struct kit_process *process, int64_t within_ms)
{
    int status = 0;
    int64_t end = kit_now_ms() + within_ms;
    while (waitpid(process->pid, &status, WNOHANG) != process->pid) {
        if (kit_now_ms() > end)
            kit_fail(process->site, "%s did not end within %lld ms", process->name,
                    (long long)within_ms);
        kit_pause();
    }
    process->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const char *kit_log(const struct kit_process *process)
{
    return file_read(process->log);
}

/* The port that it chose, from its log. */
static int http_port(struct kit_process *process)
{
    const char *text = kit_log(process), *line = strstr(text, "HTTP-LISTENS");
    if (!line)
        line = strstr(text, "BROKER-STARTED");
    const char *port = line ? strstr(line, "port=") : NULL;
    return port ? (int)strtol(port + strlen("port="), NULL, 10) : 0;
}

static int http_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = ANSWER_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
            connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The whole answer; its size, 0 = the connection was closed without one, -1 = nobody
 * listens, or says anything in time. */
static ssize_t http_ask(int port, const char *path, char answer[KIT_TEXT_SIZE])
{
    char request[256];
    ssize_t size = 0;
    int fd = port ? http_connect(port) : -1;
    if (fd < 0)
        return -1;
    int length = snprintf(request, sizeof request,
            "GET %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", path);
    errno = 0;
    if (write(fd, request, (size_t)length) == length)
        for (ssize_t got = 1; got > 0 && size < KIT_TEXT_SIZE - 1;) {
            got = TEMP_FAILURE_RETRY(read(fd, answer + size, (size_t)(KIT_TEXT_SIZE - 1 - size)));
            size += got > 0 ? got : 0;
        }
    bool silent = size == 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    close(fd);
    return silent ? -1 : size;
}

int kit_get(struct kit_process *process, const char *path, const char **ret_body)
{
    static char answer[KIT_TEXT_SIZE];
    ssize_t size = 0;
    if (process->http_port == 0)
        process->http_port = http_port(process);
    for (int tries = 0; tries < GET_TRIES && size == 0; tries++)
        size = http_ask(process->http_port, path, answer);
    answer[size > 0 ? size : 0] = '\0';
    const char *body = strstr(answer, "\r\n\r\n");
    *ret_body = body ? body + 4 : answer;
    return strncmp(answer, "HTTP/1.", 7) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

int64_t kit_metric(struct kit_process *process, const char *name)
{
    const char *body = NULL;
    char start[96];
    if (kit_get(process, "/metrics", &body) != 200)
        return -1;
    for (int total = 0; total < 2; total++) {
        int size = snprintf(start, sizeof start, "\nhuying_%s%s", name, total ? "" : "_total");
        const char *line = strstr(body, start), *value = line ? strchr(line + 1, ' ') : NULL;
        if (value && strchr("{ ", line[size]))
            return (int64_t)strtoll(value, NULL, 10);
    }
    return -1;
}

void kit_await(struct kit_process *process, int status, const char *part)
{
    const char *body = "";
    int64_t end = kit_now_ms() + KIT_WAIT_MS;
    int got = 0;
    while ((got = kit_get(process, "/readyz", &body)) != status || !strstr(body, part)) {
        if (!kit_alive(process))
            kit_fail(process->site, "%s ended; /readyz %d with \"%s\" was expected", process->name,
                    status, part);
        if (kit_now_ms() > end)
            kit_fail(process->site, "%s: /readyz is %d: %s; %d with \"%s\" was expected",
                    process->name, got, body, status, part);
        kit_pause();
    }
}
