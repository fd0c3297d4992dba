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
    struct keypair own, peer;
    process->dir = g_dir_make_tmp("huying-XXXXXX", NULL);
    keypair_draw(&own);
    keypair_draw(&peer);
    char *key = in_dir(process, "broker.key");
    assert_int_equal(keyfile_write(key, &own), OK);
    BUF_OWNED conf = {0};
    BUF_OWNED peers = {0};
    buf_add_format(&conf,
            "[broker]\nbind=tcp://127.0.0.1:*\nfeed=tcp://127.0.0.1:*\nhotline=tcp://127.0.0.1:*\n"
            "key=%s\npeers=%s/peers.conf\n",
            key, process->dir);
    buf_add_format(&peers, "[routing-1]\nkey=%s\nservice=routing\nsite=1\n", peer.public_key);
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

static void process_drains_on_sigterm(void **state)
{
    struct process *process = *state;
    process_ready(process);
    assert_int_equal(kill(process->pid, SIGTERM), 0);
    assert_int_equal(process_wait(process), 0);
    assert_non_null(strstr(process->text, "BROKER-DRAINING"));
    assert_non_null(strstr(process->text, "BROKER-STOPPED"));
}

/* Each of these ends the process with a reason that names what is wrong. */
static void process_start_with_a_mistake_is_refused(void **state)
{
    struct process *process = *state;
    static const struct {
        const char *env, *value, *named;
    } table[] = {
            {"HUYING_BROKER_BIND", "nonsense", "nonsense"},
            {"HUYING_BROKER_KEY", "/nowhere/a.key", "/nowhere/a.key"},
            {"HUYING_BROKER_PEERS", "/nowhere/peers.conf", "/nowhere/peers.conf"},
            {"HUYING_HTTP_PORT", "70000", "65535"},
            {"HUYING_HTTP_HOST", "here", "[http] host"},
            {"HUYING_LOG_LEVEL", "loud", "[log] level"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(setenv(table[i].env, table[i].value, 1), 0);
        process->size = 0;
        process_start(process);
        assert_int_equal(unsetenv(table[i].env), 0);
        assert_int_equal(process_wait(process), 1);
        if (!strstr(process->text, table[i].named)) {
            fail_msg("%s: %s", table[i].env, process->text);
        }
        (void)close(process->log);
    }
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
            WITH(process_drains_on_sigterm),
            WITH(process_start_with_a_mistake_is_refused),
            WITH(process_key_that_others_may_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
