#include "tests/fault/site.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/kernel/base/must.h"

#define COMMAND_SIZE 64
#define TURN_MS 50

/* Beside the kit's street 2 with desk W: the four levels of an area, a squad, volunteers, people
 * who may verify, and matters that go to each kind of handler. A promise comes with the report, so
 * that deadlines pass while the test runs. */
static const char DIRECTORY[] =
        "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en,"
        " capabilities, members, capacity) VALUES"
        " (3, 'V', 2, 2, 2, 'village', '村', 'Village', '', 2, 0),"
        " (4, 'G', 3, 3, 1, 'grid', '格', 'Grid', '', 1, 0),"
        " (5, 'Q1', 2, 2, 3, 'squad', '一队', 'Squad 1', 'repair', 3, 3),"
        " (6, 'Q2', 2, 2, 3, 'squad', '二队', 'Squad 2', 'repair', 3, 2);"
        "INSERT INTO directory.staff (id, code, name, unit, role) VALUES"
        " (2, 'D1', '乙', 1, 'worker'), (3, 'D2', '丙', 1, 'worker'), (4, 'W2', '丁', 2, 'worker'),"
        " (5, 'V1', '戊', 3, 'worker'), (6, 'G1', '己', 4, 'worker'), (7, 'Q1L', '庚', 5, "
        "'leader'),"
        " (8, 'Q2L', '辛', 6, 'leader'), (9, 'N1', '壬', 3, 'volunteer'),"
        " (10, 'N2', '癸', 3, 'volunteer'), (11, 'N3', '子', 4, 'volunteer');"
        "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"
        " handler_kind, squad_capability, clock, accept_min, handle_min, step_up_min, verify_min)"
        " VALUES (2, 'MG', 'c', '格事', 'Grid', 1, 1, '', 'all', 60, 1440, 1440, 1440),"
        " (3, 'MQ', 'c', '队事', 'Squad', 1, 3, 'repair', 'all', 60, 1440, 1440, 1440),"
        " (4, 'MN', 'c', '义事', 'Need', 1, 4, '', 'all', 60, 1440, 1440, 1440);"
        "UPDATE directory.site SET version = version + 1";

static const struct {
    const char *service;
    int instance;
} MEMBERS[] = {{"intake", 1}, {"intake", 2}, {"routing", 1}, {"routing", 2}, {"enforcement", 1},
        {"enforcement", 2}, {"volunteer", 1}, {"audit", 1}};

static const struct {
    const char *name, *rights;
} VISITORS[] = {{"hotline1", "hotline"}, {"hotline2", "hotline"}, {"staff1", "act;query"},
        {"staff2", "act;query"}};

struct fault_site site;
static int links;

/* In the proxy's process: obeys lines until the pipe ends. */
static void proxy_run(struct proxy *proxy, int control)
{
    char text[COMMAND_SIZE];
    int link, way, mode, delay_ms, rate;
    for (;;) {
        if (!proxy_turn(proxy, TURN_MS, control))
            continue;
        ssize_t got = recv(control, text, sizeof text - 1, MSG_DONTWAIT);
        if (got <= 0)
            _exit(0);
        text[got] = '\0';
        if (sscanf(text, "set %d %d %d %d %d", &link, &way, &mode, &delay_ms, &rate) == 5)
            proxy_set(proxy, link, (enum proxy_way)way,
                    (struct proxy_fault){(enum proxy_mode)mode, delay_ms, rate});
        else if (sscanf(text, "cut %d %d", &link, &mode) == 2)
            (void)proxy_cut(proxy, link, mode != 0);
    }
}

static void proxy_say(const char *text)
{
    if (send(site.proxy_control, text, strlen(text), MSG_NOSIGNAL) < 0)
        kit_fail(&site.kit, "the fault proxy: %s", strerror(errno));
}

void link_set(int link, enum proxy_way way, struct proxy_fault fault)
{
    char text[COMMAND_SIZE];
    snprintf(text, sizeof text, "set %d %d %d %d %d", link, (int)way, (int)fault.mode,
            fault.delay_ms, fault.rate);
    proxy_say(text);
}

void link_cut(int link, bool reset)
{
    char text[COMMAND_SIZE];
    snprintf(text, sizeof text, "cut %d %d", link, reset);
    proxy_say(text);
}

void links_heal(void)
{
    for (int link = 0; link < links; link++)
        for (int way = 0; way < 2; way++)
            link_set(link, (enum proxy_way)way, (struct proxy_fault){0});
}

int link_count(void)
{
    return links;
}

void link_host(int link, char ret[HOST_SIZE])
{
    if (site.network)
        snprintf(ret, HOST_SIZE, "10.77.0.%d", link + 1);
    else
        snprintf(ret, HOST_SIZE, "127.0.0.1");
}

bool link_vanish(int link, bool gone)
{
    char host[HOST_SIZE], command[4 * HOST_SIZE + 160];
    if (!site.network)
        return false;
    link_host(link, host);
    if (gone)
        snprintf(command, sizeof command,
                "ip route del local %s dev lo table local 2>/dev/null && ip route add blackhole %s",
                host, host);
    else
        snprintf(command, sizeof command,
                "ip route del blackhole %s && ip route add local %s dev lo table local", host,
                host);
    return system(command) == 0;
}

static int link_make(struct proxy *proxy, int port, const char *path)
{
    char host[HOST_SIZE], command[HOST_SIZE + 32];
    link_host(links, host);
    snprintf(command, sizeof command, "ip addr add %s/32 dev lo", host);
    int listens = site.network && system(command) != 0 ? 0 : proxy_link(proxy, host, port, path);
    if (!listens)
        kit_fail(&site.kit, "a link of the fault proxy: %s", strerror(errno));
    links++;
    return listens;
}

static void links_make(struct proxy *proxy)
{
    char path[KIT_PATH_SIZE];
    snprintf(path, sizeof path, "%.200s/.s.PGSQL.5432", kit_pg_dir(site.kit.pg));
    for (size_t i = 0; i < site.member_count; i++) {
        struct member *member = &site.members[i];
        member->first_link = links;
        for (int to = 0; to < LINK_POSTGRES; to++)
            member->ports[to] = link_make(proxy, site.kit.ports[to], NULL);
        if (!site.elsewhere)
            member->ports[LINK_POSTGRES] = link_make(proxy, 0, path);
    }
    for (size_t i = 0; i < site.visitor_count; i++) {
        site.visitors[i].first_link = links;
        for (int to = 0; to < LINK_POSTGRES; to++)
            site.visitors[i].ports[to] = link_make(proxy, site.kit.ports[to], NULL);
    }
}

static void proxy_start(void)
{
    struct proxy *proxy = proxy_new();
    int ends[2];
    links_make(proxy);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        kit_fail(&site.kit, "socketpair: %s", strerror(errno));
    fflush(NULL);
    pid_t parent = getpid();
    site.proxy = fork();
    if (site.proxy == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        close(ends[0]);
        proxy_run(proxy, ends[1]);
    }
    close(ends[1]);
    site.proxy_control = ends[0];
    proxy_destroy(&proxy); /* the child has the sockets */
}

/* In a mount namespace of its own, which ends with the test's processes. */
static void disk_make(int disk_mb)
{
    char data[KIT_PATH_SIZE], command[5 * KIT_PATH_SIZE], size[32];
    snprintf(data, sizeof data, "%.200s/data", kit_pg_dir(site.kit.pg));
    snprintf(size, sizeof size, "size=%dm,mode=700", disk_mb);
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        fprintf(stderr, "no disk of its own (%s): the disk will not be full\n", strerror(errno));
        return;
    }
    /* Its log of changes must not fill the disk in place of the test. */
    kit_pg_run(site.kit.pg, "ALTER SYSTEM SET max_wal_size = '64MB'");
    kit_pg_run(site.kit.pg, "ALTER SYSTEM SET min_wal_size = '32MB'");
    kit_postgres(&site.kit, false);
    snprintf(command, sizeof command, "cp -a %s %s.first", data, data);
    bool made = system(command) == 0 && mount("tmpfs", data, "tmpfs", 0, size) == 0;
    if (made) {
        memcpy(site.disk, data, sizeof data);
        snprintf(command, sizeof command, "cp -a %s.first/. %s && chown --reference=%s.first %s",
                data, data, data, data);
        if (system(command) != 0)
            kit_fail(&site.kit, "%s was not copied to its own disk", data);
    }
    kit_postgres(&site.kit, true);
    if (!made)
        fprintf(stderr, "no disk of its own (%s): the disk will not be full\n", strerror(errno));
}

void disk_fill(bool full)
{
    char path[KIT_PATH_SIZE + 16];
    struct statvfs room;
    snprintf(path, sizeof path, "%s/filler", site.disk);
    if (!full) {
        (void)unlink(path);
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (int tries = 0; fd >= 0 && tries < 3; tries++)
        if (fstatvfs(fd, &room) == 0 && room.f_bavail) {
            off_t end = lseek(fd, 0, SEEK_END);
            off_t more = (off_t)(room.f_bavail * room.f_frsize);
            if (fallocate(fd, 0, end, more) != 0 && more > (off_t)room.f_frsize)
                (void)!fallocate(fd, 0, end, more - (off_t)room.f_frsize);
        }
    if (fd >= 0)
        close(fd);
}

void member_up(struct member *member, bool up)
{
    char text[256], role[64], hosts[LINK_COUNT][HOST_SIZE];
    if (!up)
        kit_kill(&member->process);
    if (!up || member->process.pid)
        return;
    for (int to = 0; to < LINK_COUNT; to++)
        link_host(member->first_link + to, hosts[to]);
    snprintf(text, sizeof text, "tcp://%s:%d;tcp://%s:%d", hosts[0], member->ports[0], hosts[1],
            member->ports[1]);
    setenv("HUYING_BUS_BROKERS", text, 1);
    snprintf(role, sizeof role, "huying_%s", member->service);
    snprintf(text, sizeof text, "host=%s port=%d dbname=huying user=%s", hosts[LINK_POSTGRES],
            member->ports[LINK_POSTGRES], role);
    setenv("HUYING_STORE_CONNINFO", site.elsewhere ? kit_pg_conninfo(site.kit.pg, role) : text, 1);
    kit_start(&site.kit, member->service, member->instance, &member->process);
    unsetenv("HUYING_BUS_BROKERS");
    unsetenv("HUYING_STORE_CONNINFO");
}

void members_await(void)
{
    for (size_t i = 0; i < site.member_count; i++)
        kit_await(&site.members[i].process, 200, "");
}

static void cast_set(void)
{
    struct keypair key;
    for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++) {
        struct member *member = &site.members[site.member_count++];
        member->service = MEMBERS[i].service;
        member->instance = MEMBERS[i].instance;
        if (member->instance > 1)
            continue;
        if (i > 0) /* the first one is there */
            kit_pg_service(site.kit.pg, member->service);
        kit_key(&site.kit, member->service, member->service, "", &key);
        kit_conf(&site.kit, member->service, member->service, "");
    }
    for (size_t i = 0; i < sizeof VISITORS / sizeof *VISITORS; i++) {
        struct visitor *visitor = &site.visitors[site.visitor_count++];
        snprintf(visitor->name, sizeof visitor->name, "%s", VISITORS[i].name);
        kit_key(&site.kit, visitor->name, "client", VISITORS[i].rights, &visitor->key);
    }
}

/* Before anything is started: all of it has to be in the same network. */
static void network_make(void)
{
    site.network = system("ip -V >/dev/null 2>&1") == 0 && unshare(CLONE_NEWNET) == 0;
    if (!site.network)
        fprintf(stderr, "no network of its own: no machine will vanish\n");
    else if (system("ip link set lo up") != 0)
        kit_fail(&site.kit, "the loopback of the test's own network does not come up");
}

static void child_end(pid_t *pid)
{
    if (*pid > 0) {
        (void)kill(*pid, SIGKILL);
        (void)waitpid(*pid, NULL, 0);
    }
    *pid = 0;
}

/* Before the kit's own end, also when a test fails: the processes forked off this one hold what
 * the kit waits for, and the disk has to be out of the directory that it removes. */
static void site_leave(void)
{
    char command[3 * KIT_PATH_SIZE];
    for (size_t i = 0; i < site.visitor_count; i++)
        child_end(&site.visitors[i].pid);
    child_end(&site.proxy);
    if (!site.kit.pg || site.elsewhere)
        return;
    snprintf(command, sizeof command, "cp %s/log %s/postgres.log", kit_pg_dir(site.kit.pg),
            site.histories);
    (void)!system(command);
    if (site.disk[0]) /* whoever still has files open there keeps them */
        (void)umount2(site.disk, MNT_DETACH);
    site.disk[0] = '\0';
}

static void site_up(void)
{
    kit_pg_run(site.kit.pg, DIRECTORY);
    proxy_start();
    kit_redis(&site.kit, true);
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++)
        kit_broker(&site.kit, i, true);
    for (size_t i = 0; i < site.member_count; i++)
        member_up(&site.members[i], true);
    members_await();
}

void site_open(const char *bin, const char *histories, int disk_mb)
{
    site.histories = histories;
    network_make();
    kit_site_open(&site.kit, bin, "intake");
    atexit(site_leave);
    disk_make(disk_mb);
    cast_set();
    site_up();
}

void site_open_on(const char *bin,
        const char *histories,
        const char *password,
        void (*start)(struct kit_site *kit))
{
    char sql[512];
    site.histories = histories;
    site.elsewhere = true;
    kit_site_open_on(&site.kit, bin, "intake", start);
    atexit(site_leave);
    cast_set();
    snprintf(sql, sizeof sql,
            "DO $$ DECLARE r text; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE"
            " 'huying\\_%%' AND NOT rolreplication LOOP EXECUTE format('ALTER ROLE %%I PASSWORD"
            " %%L', r, '%.64s'); END LOOP; END $$",
            password);
    kit_pg_run(site.kit.pg, sql);
    site_up();
}

void site_close(bool show_logs)
{
    for (size_t i = 0; i < site.member_count; i++)
        kit_kill(&site.members[i].process);
    site_leave();
    kit_site_close(&site.kit, show_logs);
}
