/* Private PostgreSQL for tests. The server is a direct child (no pg_ctl), which changes to the
 * user `postgres` by itself and asks the kernel for SIGQUIT when its parent dies: PostgreSQL
 * takes that as an immediate shutdown. initdb and psql are run and waited for. A test that
 * crashes does not get to remove the directory: a janitor process, which sees its pipe close,
 * does. */
#include "tests/kit/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ARGS_MAX 64
#define SETTINGS_MAX 512
#define START_MS 60000
#define BIN "/usr/lib/postgresql/15/bin/"

struct kit_pg {
    char dir[128];
    char data[160];
    char settings[SETTINGS_MAX];
    char conninfo[KIT_CONNINFO_SIZE];
    char remote[KIT_CONNINFO_SIZE / 2]; /* of kit_pg_reach; "" = a server of ours */
    pid_t pid;
    pid_t janitor;
    int janitor_fd; /* its pipe; closed by us or by our death */
    PGconn *conn;
    struct kit_pg *next;
};

static struct kit_pg *started; /* for atexit */

static void kit_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void kit_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("tests/kit/pg: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* In the child: become `postgres` when we are root, since the server refuses to run as root. */
static void child_demote(void)
{
    if (geteuid() != 0)
        return;
    const struct passwd *user = getpwnam("postgres");
    if (user == NULL || initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
            setuid(user->pw_uid) != 0)
        _exit(126);
}

static void child_quiet(const char *log)
{
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
}

/* execv() takes char *const[] for history's sake and changes nothing. */
static void child_exec(const char *const argv[])
{
    char *copy[ARGS_MAX + 1] = {NULL};
    size_t count = 0;
    while (argv[count] != NULL && count < ARGS_MAX)
        count++;
    memcpy(copy, argv, count * sizeof(copy[0]));
    execvp(copy[0], copy);
    _exit(127);
}

/* Runs and waits; output goes to `log` unless NULL. Returns the exit status. */
static int child_run(const char *const argv[], bool demote, const char *log)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        kit_fail("fork: %s", strerror(errno));
    if (pid == 0) {
        if (log != NULL)
            child_quiet(log);
        if (demote)
            child_demote();
        child_exec(argv);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void log_show(const struct kit_pg *pg)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/log", pg->dir);
    FILE *file = fopen(path, "r");
    char line[512];
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        fputs(line, stderr);
    if (file != NULL)
        fclose(file);
}

static void dir_remove(const struct kit_pg *pg)
{
    const char *argv[] = {"rm", "-rf", pg->dir, NULL};
    if (child_run(argv, false, NULL) != 0)
        fprintf(stderr, "tests/kit/pg: could not remove %s\n", pg->dir);
}

/* In the janitor: waits for the pipe's end, then for the server's, and removes what is still
 * there. */
static void janitor_run(const struct kit_pg *pg, int fd)
{
    char byte, file[200];
    setsid();
    dup2(fd, 3);
    close_range(4, ~0U, 0); /* the write end above all, of other servers' pipes too */
    while (read(3, &byte, 1) < 0 && errno == EINTR)
        continue;
    snprintf(file, sizeof(file), "%s/postmaster.pid", pg->data);
    for (int waited_ms = 0; waited_ms < START_MS && access(file, F_OK) == 0; waited_ms += 50)
        poll(NULL, 0, 50);
    if (access(pg->dir, F_OK) == 0)
        dir_remove(pg);
    _exit(0);
}

static void janitor_start(struct kit_pg *pg)
{
    int ends[2];
    fflush(NULL);
    if (pipe2(ends, O_CLOEXEC) != 0)
        kit_fail("pipe: %s", strerror(errno));
    pg->janitor = fork();
    if (pg->janitor < 0)
        kit_fail("fork: %s", strerror(errno));
    if (pg->janitor == 0)
        janitor_run(pg, ends[0]);
    close(ends[0]);
    pg->janitor_fd = ends[1];
}

static void dir_make(struct kit_pg *pg)
{
    const char *base = getenv("TMPDIR");
    snprintf(pg->dir, sizeof(pg->dir), "%.80s/huying-pg-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(pg->dir) == NULL)
        kit_fail("mkdtemp %s: %s", pg->dir, strerror(errno));
    const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
    if (geteuid() == 0 && (user == NULL || chown(pg->dir, user->pw_uid, user->pw_gid) != 0))
        kit_fail("no user postgres to run the server as");
    if (chmod(pg->dir, 0755) != 0)
        kit_fail("chmod %s: %s", pg->dir, strerror(errno));
    snprintf(pg->data, sizeof(pg->data), "%s/data", pg->dir);
}

static void data_init(struct kit_pg *pg)
{
    char log[200];
    snprintf(log, sizeof(log), "%s/log", pg->dir);
    const char *argv[] = {BIN "initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8",
            "--locale=C", "-D", pg->data, NULL};
    if (child_run(argv, true, log) != 0) {
        log_show(pg);
        kit_fail("initdb failed in %s", pg->dir);
    }
}

/* Splits pg->settings (a copy) into -c arguments after `count`. */
static void settings_add(char *settings, const char *argv[], int count)
{
    char *save = NULL;
    for (char *one = strtok_r(settings, " ", &save); one != NULL;
            one = strtok_r(NULL, " ", &save)) {
        if (count + 3 > ARGS_MAX)
            kit_fail("more than %d settings", ARGS_MAX);
        argv[count++] = "-c";
        argv[count++] = one;
    }
    argv[count] = NULL;
}

static void server_exec(struct kit_pg *pg, char *settings)
{
    const char *argv[ARGS_MAX + 1] = {
            BIN "postgres", "-D", pg->data, "-k", pg->dir, "-c", "listen_addresses="};
    char log[200];
    snprintf(log, sizeof(log), "%s/log", pg->dir);
    settings_add(settings, argv, 7);
    child_quiet(log);
    child_demote();
    setsid(); /* a terminal's Ctrl-C is the test's, which then stops us in order */
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    child_exec(argv);
}

static void server_wait(struct kit_pg *pg)
{
    for (int waited_ms = 0; waited_ms < START_MS; waited_ms += 20) {
        if (PQping(kit_pg_conninfo(pg, "postgres")) == PQPING_OK)
            return;
        if (waitpid(pg->pid, NULL, WNOHANG) == pg->pid)
            break;
        poll(NULL, 0, 20);
    }
    log_show(pg);
    kit_fail("the server in %s did not start", pg->dir);
}

static void server_start(struct kit_pg *pg)
{
    char settings[SETTINGS_MAX];
    snprintf(settings, sizeof(settings), "%s", pg->settings);
    fflush(NULL);
    pg->pid = fork();
    if (pg->pid < 0)
        kit_fail("fork: %s", strerror(errno));
    if (pg->pid == 0)
        server_exec(pg, settings);
    server_wait(pg);
}

static void stop_all(void)
{
    while (started != NULL) {
        struct kit_pg *pg = started;
        kit_pg_stop(&pg);
    }
}

/* A server that has its directory and does not run. */
static struct kit_pg *server_new(void)
{
    struct kit_pg *pg = calloc(1, sizeof(*pg));
    if (pg == NULL)
        kit_fail("out of memory");
    if (started == NULL)
        atexit(stop_all);
    dir_make(pg);
    pg->next = started;
    started = pg;
    janitor_start(pg);
    return pg;
}

static const char *conninfo_set(struct kit_pg *pg, const char *database, const char *role)
{
    if (pg->remote[0])
        snprintf(pg->conninfo, sizeof(pg->conninfo), "%s dbname=%.40s user=%.80s", pg->remote,
                database, role);
    else
        snprintf(pg->conninfo, sizeof(pg->conninfo), "host=%s dbname=%.40s user=%.80s", pg->dir,
                database, role);
    return pg->conninfo;
}

static void database_make(struct kit_pg *pg)
{
    PGconn *conn = PQconnectdb(conninfo_set(pg, "postgres", "postgres"));
    PGresult *result = PQexec(conn, "CREATE DATABASE huying");
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        kit_fail("%s", PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
}

struct kit_pg *kit_pg_start(const char *settings)
{
    struct kit_pg *pg = server_new();
    snprintf(pg->settings, sizeof(pg->settings),
            "fsync=off full_page_writes=off shared_buffers=32MB max_connections=60 %s",
            settings != NULL ? settings : "");
    data_init(pg);
    server_start(pg);
    database_make(pg);
    return pg;
}

struct kit_pg *kit_pg_remote(void)
{
    return server_new();
}

void kit_pg_reach(struct kit_pg *pg, const char *conninfo)
{
    if ((size_t)snprintf(pg->remote, sizeof(pg->remote), "%s", conninfo) >= sizeof(pg->remote))
        kit_fail("longer than %zu: %s", sizeof(pg->remote), conninfo);
    database_make(pg);
}

struct kit_pg *kit_pg_replica(struct kit_pg *pg)
{
    struct kit_pg *replica = server_new();
    char log[200];
    snprintf(log, sizeof(log), "%s/log", replica->dir);
    memcpy(replica->settings, pg->settings, sizeof(replica->settings));
    const char *argv[] = {BIN "pg_basebackup", "--no-sync", "--no-manifest", "-c", "fast", "-X",
            "stream", "-R", "-h", pg->dir, "-U", "postgres", "-D", replica->data, NULL};
    if (child_run(argv, true, log) != 0) {
        log_show(replica);
        kit_fail("pg_basebackup failed in %s", replica->dir);
    }
    server_start(replica);
    return replica;
}

void kit_pg_session_end(struct kit_pg *pg)
{
    PQfinish(pg->conn);
    pg->conn = NULL;
}

void kit_pg_crash(struct kit_pg *pg)
{
    kit_pg_session_end(pg);
    if (pg->pid > 0) {
        kill(pg->pid, SIGQUIT);
        while (waitpid(pg->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    pg->pid = 0;
}

void kit_pg_restart(struct kit_pg *pg)
{
    if (pg->pid == 0)
        server_start(pg);
}

void kit_pg_stop(struct kit_pg **pg)
{
    if (*pg == NULL)
        return;
    struct kit_pg **at = &started;
    while (*at != NULL && *at != *pg)
        at = &(*at)->next;
    if (*at != NULL)
        *at = (*pg)->next;
    kit_pg_crash(*pg);
    dir_remove(*pg);
    close((*pg)->janitor_fd);
    while (waitpid((*pg)->janitor, NULL, 0) < 0 && errno == EINTR)
        continue;
    free(*pg);
    *pg = NULL;
}

const char *kit_pg_conninfo(struct kit_pg *pg, const char *role)
{
    return conninfo_set(pg, "huying", role);
}

const char *kit_pg_dir(const struct kit_pg *pg)
{
    return pg->dir;
}

PGresult *kit_pg_sql(struct kit_pg *pg, const char *sql)
{
    if (pg->conn == NULL || PQstatus(pg->conn) != CONNECTION_OK) {
        PQfinish(pg->conn);
        pg->conn = PQconnectdb(kit_pg_conninfo(pg, "postgres"));
    }
    PGresult *result = PQexec(pg->conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        kit_fail("%s\n%s", sql, PQerrorMessage(pg->conn));
    return result;
}

void kit_pg_run(struct kit_pg *pg, const char *sql)
{
    PQclear(kit_pg_sql(pg, sql));
}

long long kit_pg_int(struct kit_pg *pg, const char *sql)
{
    PGresult *result = kit_pg_sql(pg, sql);
    if (PQntuples(result) != 1 || PQgetisnull(result, 0, 0))
        kit_fail("%s\n%d rows, expected one with a number", sql, PQntuples(result));
    long long value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return value;
}

void kit_pg_file(struct kit_pg *pg, const char *path, const char *schema)
{
    char variable[96], log[200];
    snprintf(log, sizeof(log), "%s/psql.log", pg->dir);
    snprintf(variable, sizeof(variable), "schema=%s", schema != NULL ? schema : "");
    const char *argv[] = {"psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-v", variable, "-f",
            path, kit_pg_conninfo(pg, "postgres"), NULL};
    int status = child_run(argv, false, NULL);
    if (status != 0)
        kit_fail("%s: psql ended with %d", path, status);
}

/* Runs the deploy scripts of a sqitch project in the order of its plan. False when there is no
 * plan. */
static bool project_deploy(struct kit_pg *pg, const char *project, const char *schema)
{
    char path[512], line[512];
    snprintf(path, sizeof(path), "services/%s/schema/sqitch.plan", project);
    FILE *plan = fopen(path, "r");
    if (plan == NULL)
        return false;
    while (fgets(line, sizeof(line), plan) != NULL) {
        size_t length = strcspn(line, " \t\n");
        if (length == 0 || line[0] == '%' || line[0] == '#' || line[0] == '@')
            continue;
        line[length] = '\0';
        snprintf(path, sizeof(path), "services/%s/schema/deploy/%.200s.sql", project, line);
        kit_pg_file(pg, path, schema);
    }
    fclose(plan);
    return true;
}

void kit_pg_directory(struct kit_pg *pg)
{
    if (kit_pg_int(pg, "SELECT count(*) FROM pg_namespace WHERE nspname = 'directory'") == 1)
        return;
    kit_pg_run(pg, "CREATE ROLE huying_intake LOGIN; CREATE ROLE huying_routing LOGIN;"
                   "CREATE ROLE huying_enforcement LOGIN; CREATE ROLE huying_volunteer LOGIN;"
                   "CREATE ROLE huying_audit LOGIN; CREATE ROLE huying_ctl LOGIN");
    if (!project_deploy(pg, "ctl", NULL))
        kit_fail("services/ctl/schema/sqitch.plan: not found; run tests in the checkout's root");
}

void kit_pg_kernel(struct kit_pg *pg, const char *name)
{
    char sql[512];
    kit_pg_directory(pg);
    snprintf(
            sql, sizeof(sql), "SELECT count(*) FROM pg_roles WHERE rolname = 'huying_%.60s'", name);
    if (kit_pg_int(pg, sql) == 0) {
        snprintf(sql, sizeof(sql), "CREATE ROLE huying_%.60s LOGIN", name);
        kit_pg_run(pg, sql);
        snprintf(sql, sizeof(sql),
                "GRANT USAGE ON SCHEMA directory TO huying_%.60s;"
                "GRANT SELECT ON ALL TABLES IN SCHEMA directory TO huying_%.60s;"
                "GRANT EXECUTE ON FUNCTION directory.site_attach(bigint) TO huying_%.60s",
                name, name, name);
        kit_pg_run(pg, sql);
    }
    project_deploy(pg, "kernel", name);
}

void kit_pg_service(struct kit_pg *pg, const char *name)
{
    kit_pg_kernel(pg, name);
    project_deploy(pg, name, name);
}
