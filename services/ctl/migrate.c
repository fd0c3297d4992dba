/* huyingctl migrate: roles with their passwords, then the sqitch projects in order: the
 * directory, and for each service the kernel's tables and its own. When everything is there
 * already it only reads, in a few milliseconds, so that a start script may call it every time.
 *
 * A role that is there without a password file of ours was made by somebody else and is left
 * alone, unless --passwords says that it is ours. */
#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>

#include "services/ctl/commands.h"
#include "services/ctl/sqitch.h"
#include "services/ctl/store.h"

#define PASSWORD_BYTES 24
#define PASSWORD_SIZE (PASSWORD_BYTES * 2 + 1)

#define HELP                                                                                       \
    CTL_TEXT("建立角色(密码在 keys/pg_名称.pass,另有 keys/pgpass),"                     \
             "执行还没执行的数据库变更。\n"                                           \
             "可以重复运行;没有要做的事时立即结束。\n"                           \
             "fsync、full_page_writes 关闭或 synchronous_commit 为 off、local 时拒绝。",           \
            "Makes the roles (passwords in keys/pg_NAME.pass and keys/pgpass) and runs\n"          \
            "the migrations that are missing. May be repeated; ends at once when there is\n"       \
            "nothing to do. Refuses fsync or full_page_writes off and synchronous_commit\n"        \
            "off or local.")

static const char *const ROLES[] = {
        "intake", "routing", "enforcement", "volunteer", "audit", "ctl"};
#define ROLE_COUNT (sizeof(ROLES) / sizeof(ROLES[0]))

#define SERVICE_PROJECTS(name)                                                                     \
    {"services/kernel/schema", "kernel", "sqitch_" name, name},                                    \
    {                                                                                              \
        "services/" name "/schema", name, "sqitch_" name, name                                     \
    }

static const struct project PROJECTS[] = {
        {"services/ctl/schema", "directory", "sqitch_directory", NULL},
        SERVICE_PROJECTS("intake"),
        SERVICE_PROJECTS("routing"),
        SERVICE_PROJECTS("enforcement"),
        SERVICE_PROJECTS("volunteer"),
        SERVICE_PROJECTS("audit"),
};
#define PROJECT_COUNT (sizeof(PROJECTS) / sizeof(PROJECTS[0]))

struct migration {
    struct ctl *ctl;
    struct pg *pg;
    const char *conninfo;     /* of the owner */
    json_t *roles, *projects; /* what was done, for -o json */
};

static int pg_fail(const struct migration *m)
{
    return ctl_fail(m->ctl, "数据库出错:%s", "the database failed: %s", pg_message(m->pg));
}

static bool durable(const struct migration *m)
{
    BUF_OWNED wrong = {0};
    if (store_durability_check(m->pg, &wrong) != OK)
        return pg_fail(m), false;
    if (wrong.size == 0)
        return true;
    ctl_fail(m->ctl,
            "PostgreSQL 的设置会丢数据:\n%s应为 fsync = on、full_page_writes = "
            "on、synchronous_commit = on 或更严",
            "PostgreSQL's settings lose data:\n%sexpected fsync = on, full_page_writes = on, "
            "synchronous_commit = on or stricter",
            wrong.data);
    return false;
}

/* Reads keys/pg_NAME.pass; false when it is not there or is no password of ours. */
static bool password_read(const struct ctl *ctl, const char *name, char ret[PASSWORD_SIZE])
{
    char path[CTL_PATH_SIZE];
    g_autofree char *text = NULL;
    ctl_path(ctl, path, "keys/pg_%s.pass", name);
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return false;
    g_strchomp(text);
    size_t size = strlen(text);
    if (size == 0 || size >= PASSWORD_SIZE || strpbrk(text, ":\\'\n") != NULL)
        return false;
    g_strlcpy(ret, text, PASSWORD_SIZE);
    return true;
}

static bool password_make(const struct ctl *ctl, const char *name, char ret[PASSWORD_SIZE])
{
    uint8_t raw[PASSWORD_BYTES];
    char path[CTL_PATH_SIZE], line[PASSWORD_SIZE + 1];
    randombytes_buf(raw, sizeof(raw));
    sodium_bin2hex(ret, PASSWORD_SIZE, raw, sizeof(raw));
    ctl_path(ctl, path, "keys/pg_%s.pass", name);
    snprintf(line, sizeof(line), "%s\n", ret);
    if (ctl_file_write(path, line, strlen(line), 0600) == OK)
        return true;
    ctl_fail(ctl, "%s 写不了:%s", "%s cannot be written: %s", path, g_strerror(errno));
    return false;
}

/* The file that libpq's passfile setting names; written only when it says something else. */
static bool passfile_write(const struct ctl *ctl)
{
    char path[CTL_PATH_SIZE], password[PASSWORD_SIZE];
    g_autofree char *present = NULL;
    BUF_OWNED text = {0};
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (password_read(ctl, ROLES[i], password))
            buf_add_format(&text, "*:*:*:huying_%s:%s\n", ROLES[i], password);
    ctl_path(ctl, path, "keys/pgpass");
    if (text.size == 0 ||
            (g_file_get_contents(path, &present, NULL, NULL) && strcmp(present, text.data) == 0))
        return true;
    if (ctl_file_write(path, text.data, text.size, 0600) == OK)
        return true;
    ctl_fail(ctl, "%s 写不了:%s", "%s cannot be written: %s", path, g_strerror(errno));
    return false;
}

static bool role_make(struct migration *m, const char *name, bool again)
{
    char role[64], password[PASSWORD_SIZE];
    bool there = false;
    snprintf(role, sizeof(role), "huying_%s", name);
    if (store_role_exists(m->pg, role, &there) != OK)
        return pg_fail(m), false;
    bool known = password_read(m->ctl, name, password);
    if (there && !again)
        return true;
    if (!known && !password_make(m->ctl, name, password))
        return false;
    BUF_OWNED why = {0};
    if (store_role_set(m->conninfo, role, password, &why) != OK) {
        ctl_fail(m->ctl, "角色 %s 建不了:%s", "role %s cannot be made: %s", role, why.data);
        return false;
    }
    ctl_say(m->ctl, "角色 %s:已设置", "role %s: set", role);
    json_array_append_new(m->roles, json_string(role));
    return true;
}

static bool roles_make(struct migration *m, bool again)
{
    if (sodium_init() < 0 || ctl_dir_make(m->ctl, "keys") != OK)
        return false;
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (!role_make(m, ROLES[i], again))
            return false;
    return passfile_write(m->ctl);
}

static bool project_migrate(struct migration *m, const struct project *project)
{
    static struct deployed deployed;
    BUF_OWNED why = {0};
    size_t missing = 0;
    if (store_deployed(m->pg, project->registry, &deployed) != OK)
        return pg_fail(m), false;
    enum err err = project_missing(m->ctl, project, &deployed, &missing, &why);
    if (err == ERR_NOT_FOUND && strcmp(project->name, project->schema ? project->schema : "") == 0)
        return true; /* a service without tables of its own */
    if (err == OK && missing > 0) {
        ctl_say(m->ctl, "%s(%s):执行 %zu 项变更", "%s (%s): running %zu changes", project->name,
                project->registry, missing);
        err = project_deploy(m->ctl, project, m->conninfo, &why);
        json_array_append_new(
                m->projects, json_pack("{s:s, s:s, s:I}", "project", project->name, "registry",
                                     project->registry, "changes", (json_int_t)missing));
    }
    if (err == OK)
        return true;
    ctl_fail(m->ctl, "%s 的数据库变更没有成功:\n%s", "the migration of %s failed:\n%s",
            project->name, why.size > 0 ? why.data : project->dir);
    return false;
}

static int migrate(struct migration *m, bool again)
{
    if (!durable(m) || !roles_make(m, again))
        return EXIT_FAILED;
    for (size_t i = 0; i < PROJECT_COUNT; i++)
        if (!project_migrate(m, &PROJECTS[i]))
            return EXIT_FAILED;
    bool nothing = json_array_size(m->roles) == 0 && json_array_size(m->projects) == 0;
    if (m->ctl->json)
        ctl_json(json_pack("{s:O, s:O}", "roles", m->roles, "projects", m->projects));
    else if (nothing)
        ctl_print(m->ctl, "数据库已是最新\n", "the database is up to date\n");
    else
        ctl_print(m->ctl, "数据库升级完成\n", "the database was migrated\n");
    return EXIT_DONE;
}

int command_migrate(struct ctl *ctl, int argc, char **argv)
{
    gboolean again = FALSE;
    const GOptionEntry entries[] = {
            {"passwords", 0, 0, G_OPTION_ARG_NONE, &again,
                    CTL_TEXT("重设已有角色的密码:按密码文件,没有文件的重新生成",
                            "set the passwords of roles that are there anew, from their files or, "
                            "without one, new ones"),
                    NULL},
            {0}};
    int status = ctl_options(ctl, "", HELP, entries, &argc, &argv);
    if (status >= 0)
        return status;
    if (argc != 1)
        return ctl_usage(ctl, "migrate", "");
    if (ctl_conf_read(ctl) != OK)
        return EXIT_FAILED;
    if (ctl->root[0] == '\0')
        return ctl_fail(ctl, "找不到 services/kernel/schema:请用 --root 指明安装目录",
                "services/kernel/schema was not found: say where with --root");
    struct migration m = {.ctl = ctl,
            .conninfo = ctl->conf.owner_conninfo[0] != '\0' ? ctl->conf.owner_conninfo
                                                            : ctl->conf.conninfo};
    m.pg = ctl_connect(ctl, m.conninfo);
    if (m.pg == NULL)
        return EXIT_FAILED;
    m.roles = json_array();
    m.projects = json_array();
    status = migrate(&m, again);
    json_decref(m.roles);
    json_decref(m.projects);
    pg_destroy(&m.pg);
    return status;
}
