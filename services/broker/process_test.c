/* The process from outside: starts, answers over HTTP, reloads, drains; and refuses to start when a
 * thing that it needs is wrong. */
#include "services/broker/testbed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TEXT_MAX 65536

struct process {
    char *dir;
    pid_t pid;
    int log;             /* its standard error */
    char text[TEXT_MAX]; /* what it logged so far */
    size_t size;
    int http_port;
    struct keypair own, peer; /* the broker's; of routing-1, which is on the list */
};

static char *in_dir(const struct process *process, const char *name)
{
    return g_build_filename(process->dir, name, NULL);
}

static void file_put(const struct process *process, const char *name, const char *text)
{
    char *path = in_dir(process, name);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    g_free(path);
}

/* Files of a good broker; tests spoil one of them. */
static int process_make(void **state)
{
    struct process *process = g_new0(struct process, 1);
    process->dir = g_dir_make_tmp("huying-XXXXXX", NULL);
    keypair_draw(&process->own);
    keypair_draw(&process->peer);
    char *key = in_dir(process, "broker.key");
    assert_int_equal(keyfile_write(key, &process->own), OK);
    BUF_OWNED conf = {0};
    BUF_OWNED peers = {0};
    buf_add_format(&conf,
            "[broker]\nbind=tcp://127.0.0.1:*\nfeed=tcp://127.0.0.1:*\nhotline=tcp://127.0.0.1:*\n"
            "key=%s\npeers=%s/peers.conf\n",
            key, process->dir);
    buf_add_format(
            &peers, "[routing-1]\nkey=%s\nservice=routing\nsite=1\n", process->peer.public_key);
    file_put(process, "broker.conf", conf.data);
    file_put(process, "peers.conf", peers.data);
    g_free(key);
    *state = process;
    return 0;
}

static void process_start(struct process *process)
{
    char self[512] = "";
    int ends[2];
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    char *dir = g_path_get_dirname(self), *binary = g_build_filename(dir, "huying-broker", NULL);
    char *conf = in_dir(process, "broker.conf");
    assert_int_equal(pipe(ends), 0);
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)execl(binary, binary, "--conf", conf, "--instance", "3", (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    process->log = ends[0];
    assert_int_equal(fcntl(process->log, F_SETFL, O_NONBLOCK), 0);
    g_free(conf);
    g_free(binary);
    g_free(dir);
}

/* True when the log holds `event`; reads what there is. */
static bool process_logged(struct process *process, const char *event)
{
    struct pollfd item = {.fd = process->log, .events = POLLIN};
    (void)poll(&item, 1, 20);
    ssize_t size = read(process->log, process->text + process->size, TEXT_MAX - 1 - process->size);
    process->size += size > 0 ? (size_t)size : 0;
    process->text[process->size] = '\0';
    return strstr(process->text, event) != NULL;
}

static void process_ready(struct process *process)
{
    process_start(process);
    BED_UNTIL(process_logged(process, "BROKER-STARTED"));
    const char *port = strstr(process->text, "http_port=");
    assert_non_null(port);
    process->http_port = (int)strtol(port + strlen("http_port="), NULL, 10);
}

static int process_wait(struct process *process)
{
    int status = -1;
    pid_t got = 0;
    BED_UNTIL((got = waitpid(process->pid, &status, WNOHANG), got != 0));
    assert_int_equal(got, process->pid);
    process->pid = 0;
    (void)process_logged(process, "");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int process_remove(void **state)
{
    static const char *const names[] = {"broker.conf", "broker.key", "peers.conf"};
    struct process *process = *state;
    int status;
    if (process->pid > 0) {
        (void)kill(process->pid, SIGKILL);
        (void)waitpid(process->pid, &status, 0);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = in_dir(process, names[i]);
        (void)unlink(path);
        g_free(path);
    }
    (void)rmdir(process->dir);
    (void)close(process->log);
    g_free(process->dir);
    g_free(process);
    return 0;
}

/* The whole answer to a GET, in static memory. */
static const char *http_get(const struct process *process, const char *request)
{
    static char answer[TEXT_MAX];
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)process->http_port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    size_t size = 0;
    for (ssize_t got = 1; got > 0 && size<TEXT_MAX - 1; size += got> 0 ? (size_t)got : 0) {
        got = read(fd, answer + size, TEXT_MAX - 1 - size);
    }
    answer[size] = '\0';
    (void)close(fd);
    return answer;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static void process_answers_health_and_metrics(void **state)
{
    struct process *process = *state;
    process_ready(process);
    BED_UNTIL(strstr(http_get(process, GET("/readyz")), "200 OK"));
    assert_non_null(strstr(http_get(process, GET("/livez")), "200 OK"));
    assert_non_null(strstr(http_get(process, GET("/else")), "404"));
    const char *metrics = http_get(process, GET("/metrics"));
    assert_non_null(strstr(metrics, "version=0.0.4"));
    assert_non_null(strstr(metrics, "\nhuying_broker_naks_total{reason=\"NO_CREDIT\"} 0\n"));
    assert_non_null(strstr(metrics, "\nhuying_broker_instances{service=\"routing\"} 0\n"));
    /* The proof at start let a stranger with an unknown key at the lock, once. */
    assert_non_null(strstr(metrics, "\nhuying_broker_refused_total 1\n"));
    assert_null(strstr(metrics, "(null)"));
}

static void process_reload_with_a_mistake_goes_on_with_the_old_list(void **state)
{
    struct process *process = *state;
    process_ready(process);
    file_put(process, "peers.conf", "[x]\nkey=short\n");
    assert_int_equal(kill(process->pid, SIGHUP), 0);
    BED_UNTIL(process_logged(process, "BROKER-PEERS-WRONG"));
    assert_non_null(strstr(process->text, "[x] key"));
    file_put(process, "peers.conf", "");
    assert_int_equal(kill(process->pid, SIGHUP), 0);
    BED_UNTIL(process_logged(process, "BROKER-PEERS-LOADED"));
    assert_non_null(strstr(http_get(process, GET("/livez")), "200 OK"));
}

/* routing-1 comes to the port that the process says it has. */
static struct bus *routing_bus(const struct process *process, void *context)
{
    char endpoint[256] = "";
    struct bus *bus = NULL;
    struct bus_config config = {
            .service = SERVICE_ROUTING, .endpoints = {endpoint}, .endpoint_count = 1, .credit = 64};
    const char *at = strstr(process->text, "bind=");
    assert_non_null(at);
    (void)sscanf(at, "bind=%255s", endpoint);
    memcpy(config.server_key, process->own.public_key, KEY_Z85_SIZE);
    memcpy(config.public_key, process->peer.public_key, KEY_Z85_SIZE);
    memcpy(config.secret_key, process->peer.secret_key, KEY_Z85_SIZE);
    assert_int_equal(bus_new(&config, context, &bus), OK);
    return bus;
}

static void bus_step(struct bus *bus)
{
    struct bus_frame frame;
    bus_turn(bus, g_get_monotonic_time() / 1000);
    if (bus_receive(bus, &frame) == OK) {
        bus_frame_fini(&frame);
    }
}

/* An operator sees who came, who says nothing any more, and whose key was taken off the list. */
static void process_tells_who_joins_is_silent_and_is_revoked(void **state)
{
    struct process *process = *state;
    void *context = zmq_ctx_new();
    process_ready(process);
    struct bus *bus = routing_bus(process, context);
    BED_UNTIL((bus_step(bus), process_logged(process, "BROKER-INSTANCE-JOINED")));
    BED_UNTIL(process_logged(process, "WARN  BROKER-INSTANCE-SILENT"));
    assert_null(strstr(process->text, "BROKER-KEY-REVOKED"));
    file_put(process, "peers.conf", "");
    assert_int_equal(kill(process->pid, SIGHUP), 0);
    BED_UNTIL(process_logged(process, "WARN  BROKER-KEY-REVOKED"));
    assert_non_null(strstr(process->text, "peer=routing-1"));
    bus_destroy(&bus);
    assert_int_equal(zmq_ctx_term(context), 0);
}

static void process_drains_on_sigterm(void **state)
{
    struct process *process = *state;
    process_ready(process);
    assert_int_equal(kill(process->pid, SIGTERM), 0);
    assert_int_equal(process_wait(process), 0);
    assert_non_null(strstr(process->text, "BROKER-DRAINING"));
    assert_non_null(strstr(process->text, "BROKER-STOPPED"));
}

/* A port that somebody else listens on; returns what to close. */
static int port_take(char ret_port[16])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(ret_port, 16, "%d", ntohs(address.sin_port));
    return fd;
}

/* Each of these ends the process with an event and a reason that names what is wrong. */
static void process_start_with_a_mistake_is_refused(void **state)
{
    struct process *process = *state;
    char taken[16];
    int holder = port_take(taken);
    const struct {
        const char *env, *value, *event, *named;
    } table[] = {
            {"HUYING_BROKER_BIND", "nonsense", "BROKER-START-FAILED", "nonsense"},
            {"HUYING_BROKER_KEY", "/nowhere/a.key", "BROKER-START-FAILED", "/nowhere/a.key"},
            {"HUYING_BROKER_PEERS", "/nowhere/peers", "BROKER-START-FAILED", "/nowhere/peers"},
            {"HUYING_HTTP_PORT", "70000", "BROKER-CONFIG-WRONG", "65535"},
            {"HUYING_HTTP_PORT", taken, "BROKER-START-FAILED", taken},
            {"HUYING_HTTP_HOST", "here", "BROKER-START-FAILED", "[http] host"},
            {"HUYING_LOG_LEVEL", "loud", "BROKER-CONFIG-WRONG", "[log] level"},
#ifdef HUYING_FAULTS
            {"HUYING_FAULTS", "conf_unreadable=1", "BROKER-CONFIG-WRONG", "broker.conf"},
            {"HUYING_FAULTS", "key_unreadable=1", "BROKER-START-FAILED", "cannot be read"},
            {"HUYING_FAULTS", "peers_unreadable=1", "BROKER-START-FAILED", "cannot be read"},
            {"HUYING_FAULTS", "zap_open=1", "BROKER-START-FAILED", "who may connect"},
            {"HUYING_FAULTS", "no_such_point=1", "", "no_such_point"},
#endif
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(setenv(table[i].env, table[i].value, 1), 0);
        process->size = 0;
        process_start(process);
        assert_int_equal(unsetenv(table[i].env), 0);
        assert_int_equal(process_wait(process), 1);
        if (!strstr(process->text, table[i].event) || !strstr(process->text, table[i].named)) {
            fail_msg("%s=%s: %s", table[i].env, table[i].value, process->text);
        }
        (void)close(process->log);
    }
    (void)close(holder);
    process->log = -1;
}

static void process_key_that_others_may_read_is_refused(void **state)
{
    struct process *process = *state;
    char *key = in_dir(process, "broker.key");
    assert_int_equal(chmod(key, 0644), 0);
    g_free(key);
    process_start(process);
    assert_int_equal(process_wait(process), 1);
    assert_non_null(strstr(process->text, "0600"));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, process_make, process_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH(process_answers_health_and_metrics),
            WITH(process_reload_with_a_mistake_goes_on_with_the_old_list),
            WITH(process_tells_who_joins_is_silent_and_is_revoked),
            WITH(process_drains_on_sigterm),
            WITH(process_start_with_a_mistake_is_refused),
            WITH(process_key_that_others_may_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
