/* Patroni starts its server apart from itself, so that it survives Patroni: a server is found by
 * postmaster.pid, and is one of ours only if it works in the node's directory. */
#include "tests/failover/nodes.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONF "deploy/postgres/patroni.yml"
#define AWAIT_MS 180000
#define START_MS 60000
#define WORDS_MAX 24
#define DEMOTE                                                                                     \
    "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=KILL"
#define DEMOTE_COUNT 5

struct node nodes[NODE_COUNT];
static struct kit_site *kit;
static pid_t etcd;
static int etcd_ports[2], etcd_holds[2];
/* What the server of the node was last started with, by Patroni. */
static char words[NODE_COUNT][4096];
static size_t words_size[NODE_COUNT];
static const char *logs_dir;
static const char *database = "postgres"; /* until there is the site's */

/* A child as the user postgres when this is root: neither initdb nor the server run as root. */
static pid_t child(const char *name, const char *const argv[], char ret_log[KIT_PATH_SIZE])
{
    const char *all[DEMOTE_COUNT + WORDS_MAX] = {DEMOTE};
    size_t count = geteuid() == 0 ? DEMOTE_COUNT : 0;
    for (size_t i = 0; argv[i] && count + 1 < sizeof all / sizeof *all; i++)
        all[count++] = argv[i];
    all[count] = NULL;
    return kit_child(kit, name, all, ret_log);
}

static void etcd_up(void)
{
    char data[KIT_PATH_SIZE + 8], urls[2][40], member[48];
    snprintf(data, sizeof data, "%s/etcd", kit_pg_dir(kit->pg));
    for (int i = 0; i < 2; i++) {
        etcd_holds[i] = kit_port_hold(kit, &etcd_ports[i]);
        snprintf(urls[i], sizeof urls[i], "http://127.0.0.1:%d", etcd_ports[i]);
    }
    snprintf(member, sizeof member, "default=%s", urls[1]);
    const char *argv[] = {"etcd", "--data-dir", data, "--listen-client-urls", urls[0],
            "--advertise-client-urls", urls[0], "--listen-peer-urls", urls[1],
            "--initial-advertise-peer-urls", urls[1], "--initial-cluster", member,
            "--enable-v2=true", "--heartbeat-interval=250", "--election-timeout=2500", NULL};
    etcd = child("etcd", argv, NULL);
}

void etcd_signal(int signal)
{
    (void)kill(etcd, signal);
}

/* The words that Patroni's own environment has for it. */
static void environment(const char *key, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void environment(const char *key, const char *format, ...)
{
    char name[64], value[KIT_PATH_SIZE + 32];
    va_list args;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    snprintf(name, sizeof name, "PATRONI_%s", key);
    setenv(name, value, 1);
}

void patroni_up(struct node *node, bool up)
{
    if (!up)
        kit_kill(&node->rest);
    if (!up || node->rest.pid)
        return;
    environment("NAME", "%s", node->name);
    environment("RESTAPI_LISTEN", "127.0.0.1:%d", node->rest.http_port);
    environment("RESTAPI_CONNECT_ADDRESS", "127.0.0.1:%d", node->rest.http_port);
    environment("POSTGRESQL_LISTEN", "127.0.0.1:%d", node->port);
    environment("POSTGRESQL_CONNECT_ADDRESS", "127.0.0.1:%d", node->port);
    environment("POSTGRESQL_DATA_DIR", "%s", node->data);
    environment("POSTGRESQL_PGPASS", "%s.pgpass", node->data);
    const char *argv[] = {"patroni", CONF, NULL};
    node->rest.pid = child(node->name, argv, node->rest.log);
    node->stopped = false;
}

void patroni_signal(struct node *node, int signal)
{
    (void)kill(node->rest.pid, signal);
    if (signal == SIGSTOP || signal == SIGCONT)
        node->stopped = signal == SIGSTOP;
}

bool nodes_ctl(const char *const *what)
{
    const char *argv[WORDS_MAX] = {"patronictl", "-c", CONF};
    size_t count = 3;
    int status = 1;
    for (size_t i = 0; what[i] && count + 1 < WORDS_MAX; i++)
        argv[count++] = what[i];
    pid_t pid = child("patronictl", argv, NULL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool node_is(struct node *node, const char *path)
{
    const char *body;
    return node->rest.pid && !node->stopped && kit_get(&node->rest, path, &body) == 200;
}

struct node *nodes_primary(void)
{
    for (size_t i = 0; i < NODE_COUNT; i++)
        if (node_is(&nodes[i], "/primary"))
            return &nodes[i];
    return NULL;
}

struct node *nodes_standby(bool synchronous)
{
    for (size_t i = 0; i < NODE_COUNT; i++)
        if (node_is(&nodes[i], synchronous ? "/sync" : "/async"))
            return &nodes[i];
    return NULL;
}

void nodes_await(void)
{
    int64_t end = kit_now_ms() + AWAIT_MS;
    static const char following[] = "SELECT count(*) FROM pg_stat_replication"
                                    " WHERE state = 'streaming' AND usename = 'huying_replication'";
    while (kit_now_ms() < end) {
        struct node *primary = nodes_primary();
        if (primary && nodes_standby(true) && nodes_standby(false) &&
                node_int(primary, following) == NODE_COUNT - 1)
            return;
        kit_pause();
    }
    kit_fail(
            kit, "within %d s there were not three nodes that follow one another", AWAIT_MS / 1000);
}

static pid_t postmaster(const struct node *node)
{
    char path[KIT_PATH_SIZE + 32], at[KIT_PATH_SIZE];
    long pid = 0;
    snprintf(path, sizeof path, "%s/postmaster.pid", node->data);
    FILE *file = fopen(path, "r");
    if (file) {
        if (fscanf(file, "%ld", &pid) != 1)
            pid = 0;
        fclose(file);
    }
    snprintf(path, sizeof path, "/proc/%ld/cwd", pid);
    ssize_t size = pid > 1 ? readlink(path, at, sizeof at - 1) : -1;
    if (size <= 0)
        return 0;
    at[size] = '\0';
    return strcmp(at, node->data) == 0 ? (pid_t)pid : 0;
}

static size_t children(pid_t parent, pid_t ret[NODE_PIDS_MAX])
{
    char path[64];
    size_t count = 0;
    long pid;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *file = fopen(path, "r");
    while (file && count < NODE_PIDS_MAX && fscanf(file, "%ld", &pid) == 1)
        ret[count++] = (pid_t)pid;
    if (file)
        fclose(file);
    return count;
}

int server_signal(struct node *node, int signal)
{
    pid_t pids[NODE_PIDS_MAX], parent = postmaster(node);
    if (!parent)
        return 0;
    /* Stopped first, so that it starts nothing that is not on the list. */
    (void)kill(parent, SIGSTOP);
    size_t count = children(parent, pids);
    for (size_t i = 0; i < count; i++)
        (void)kill(pids[i], signal);
    (void)kill(parent, signal);
    if (signal != SIGKILL)
        return (int)count + 1;
    int64_t end = kit_now_ms() + START_MS;
    for (size_t i = 0; i < count; i++) /* whoever still has the shared memory bars a start */
        while (kill(pids[i], 0) == 0 && kit_now_ms() < end)
            kit_pause();
    if (node->server)
        kit_child_kill(&node->server);
    return (int)count + 1;
}

/* While Patroni's server runs. */
static void words_note(struct node *node)
{
    size_t index = (size_t)(node - nodes);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)postmaster(node));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, words[index], sizeof words[index] - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (size <= 0)
        kit_fail(kit, "%s: %s", path, strerror(errno));
    words_size[index] = (size_t)size;
}

void server_restart(struct node *node)
{
    size_t index = (size_t)(node - nodes), count = 0;
    const char *argv[WORDS_MAX] = {NULL};
    if (!words_size[index])
        words_note(node);
    for (size_t at = 0; at < words_size[index] && count + 1 < WORDS_MAX;
            at += strlen(words[index] + at) + 1)
        argv[count++] = words[index] + at;
    (void)server_signal(node, SIGKILL);
    node->server = child(node->name, argv, NULL);
    words_size[index] = 0;
    int64_t end = kit_now_ms() + START_MS;
    while (node_int(node, "SELECT 1") != 1) {
        if (kit_now_ms() > end)
            kit_fail(kit, "%s did not start again", node->name);
        kit_pause();
    }
}

PGresult *node_sql(struct node *node, const char *sql, const char *parameter)
{
    char conninfo[KIT_CONNINFO_SIZE];
    snprintf(conninfo, sizeof conninfo,
            "host=127.0.0.1 port=%d dbname=%s user=postgres password=%s connect_timeout=2",
            node->port, database, NODE_PASSWORD);
    PGconn *conn = PQconnectdb(conninfo);
    PGresult *result = PQstatus(conn) == CONNECTION_OK ? PQexecParams(conn, sql, parameter ? 1 : 0,
                                                                 NULL, &parameter, NULL, NULL, 0)
                                                       : NULL;
    if (result && PQresultStatus(result) != PGRES_TUPLES_OK) {
        PQclear(result);
        result = NULL;
    }
    PQfinish(conn);
    return result;
}

long long node_int(struct node *node, const char *sql)
{
    PGresult *result = node_sql(node, sql, NULL);
    long long value = -1;
    if (result && PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
        value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return value;
}

static void nodes_make(void)
{
    for (size_t i = 0; i < NODE_COUNT; i++) {
        struct node *node = &nodes[i];
        snprintf(node->name, sizeof node->name, "node%c", (char)('1' + i));
        snprintf(node->data, sizeof node->data, "%.200s/%.8s", kit_pg_dir(kit->pg), node->name);
        node->rest.site = kit;
        snprintf(node->rest.name, sizeof node->rest.name, "%.8s", node->name);
        node->holds[0] = kit_port_hold(kit, &node->port);
        node->holds[1] = kit_port_hold(kit, &node->rest.http_port);
    }
    environment("ETCD_HOSTS", "'127.0.0.1:%d'", etcd_ports[0]);
    environment("SUPERUSER_PASSWORD", NODE_PASSWORD);
    environment("REPLICATION_PASSWORD", NODE_PASSWORD);
    environment("REWIND_PASSWORD", NODE_PASSWORD);
}

/* The nodes' own words, beside the histories. */
static void logs_keep(void)
{
    char command[3 * KIT_PATH_SIZE];
    snprintf(command, sizeof command, "cat %.200s/node*.log | sort >%.200s/nodes.log", kit->dir,
            logs_dir);
    (void)!system(command);
}

static void nodes_end(void)
{
    if (etcd && logs_dir)
        logs_keep();
    for (size_t i = 0; i < NODE_COUNT; i++)
        patroni_up(&nodes[i], false);
    for (size_t i = 0; i < NODE_COUNT; i++) {
        (void)server_signal(&nodes[i], SIGKILL);
        for (int hold = 0; hold < 2; hold++)
            if (nodes[i].holds[hold] > 0)
                close(nodes[i].holds[hold]);
    }
    kit_child_kill(&etcd);
}

void nodes_start(struct kit_site *site)
{
    char conninfo[KIT_CONNINFO_SIZE / 2];
    kit = site;
    kit->end = nodes_end;
    etcd_up();
    nodes_make();
    for (size_t i = 0; i < NODE_COUNT; i++)
        patroni_up(&nodes[i], true);
    nodes_await();
    snprintf(conninfo, sizeof conninfo,
            "host=127.0.0.1,127.0.0.1,127.0.0.1 port=%d,%d,%d target_session_attrs=read-write "
            "connect_timeout=5 password=%s",
            nodes[0].port, nodes[1].port, nodes[2].port, NODE_PASSWORD);
    kit_pg_reach(site->pg, conninfo);
    database = "huying";
    /* libpq does not go on to the next host when one has no such database yet. */
    for (size_t i = 0; i < NODE_COUNT; i++)
        KIT_UNTIL(kit, node_int(&nodes[i], "SELECT 1") == 1);
}

void nodes_log_to(const char *dir)
{
    logs_dir = dir;
}
