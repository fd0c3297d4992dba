/* A plan is compared with the registry change by change: names in order, and the SHA-1 of each
 * deploy script with the one that sqitch kept. That takes milliseconds where sqitch itself takes
 * most of a second per project, and it finds a script that was edited after it was deployed.
 *
 * Sqitch gets the connection as libpq's environment variables, so that every kind of connection
 * string works (sqitch wants a URI), and psql in one transaction per script. */
#include "services/ctl/sqitch.h"

#include <errno.h>

#define PLAN_CHANGES_MAX DEPLOYED_MAX

struct plan {
    char dir[CTL_PATH_SIZE];
    GPtrArray *changes; /* of char *, in order */
};

static void plan_fini(struct plan *plan)
{
    if (plan->changes != NULL)
        g_ptr_array_unref(plan->changes);
}

/* A change's line begins with its name; pragmas, tags, comments and blank lines do not. */
static void plan_line(struct plan *plan, const char *line)
{
    size_t size = strcspn(line, " \t\r");
    if (size == 0 || strchr("%#@", line[0]) != NULL)
        return;
    g_ptr_array_add(plan->changes, g_strndup(line, size));
}

static enum err plan_read(
        const struct ctl *ctl, const struct project *project, struct plan *ret, struct buf *why)
{
    g_autofree char *path = g_build_filename(ctl->root, project->dir, "sqitch.plan", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(path, &text, NULL, &error)) {
        if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return ERR_NOT_FOUND;
        buf_add_format(why, "%s: %s", path, error->message);
        return ERR_MALFORMED;
    }
    g_autofree char *dir = g_build_filename(ctl->root, project->dir, NULL);
    g_strlcpy(ret->dir, dir, sizeof(ret->dir));
    ret->changes = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++)
        plan_line(ret, lines[i]);
    if (ret->changes->len <= PLAN_CHANGES_MAX)
        return OK;
    buf_add_format(why, ctl->english ? "%s: more than %d changes" : "%s:变更超过 %d 项", path,
            PLAN_CHANGES_MAX);
    return ERR_MALFORMED;
}

static bool script_unchanged(const struct plan *plan, const char *change, const char *hash)
{
    g_autofree char *path = g_strdup_printf("%s/deploy/%s.sql", plan->dir, change);
    g_autofree char *text = NULL;
    gsize size = 0;
    if (!g_file_get_contents(path, &text, &size, NULL))
        return false;
    g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA1, (const guchar *)text, size);
    return hash[0] == '\0' || strcmp(sum, hash) == 0;
}

static enum err plan_compare(const struct ctl *ctl,
        const struct plan *plan,
        const struct project *project,
        const struct deployed *deployed,
        struct buf *why)
{
    size_t at = 0;
    for (size_t i = 0; i < deployed->count; i++) {
        const char *change = deployed->list[i].change;
        if (strcmp(deployed->list[i].project, project->name) != 0)
            continue;
        if (at >= plan->changes->len || strcmp(plan->changes->pdata[at], change) != 0) {
            buf_add_format(why,
                    ctl->english ? "%s: the database has change \"%s\" at place %zu, the plan has "
                                   "not: the "
                                   "database is of a newer or another version; use that version's "
                                   "huyingctl, or a new database"
                                 : "%s:数据库里有变更“%s”(第 %zu "
                                   "项),计划里没有:数据库属于更新的或另一个版本;"
                                   "请用那个版本的 huyingctl,或换新数据库",
                    plan->dir, change, at + 1);
            return ERR_CONFLICT;
        }
        if (!script_unchanged(plan, change, deployed->list[i].hash)) {
            buf_add_format(why,
                    ctl->english ? "%s/deploy/%s.sql was edited after it was deployed: expected "
                                   "the text "
                                   "that was run. Put it back and write a new change"
                                 : "%s/deploy/%s.sql "
                                   "在执行之后被改过:应与执行时一致。请恢复原文,另写一个新变更",
                    plan->dir, change);
            return ERR_CONFLICT;
        }
        at++;
    }
    return OK;
}

enum err project_missing(const struct ctl *ctl,
        const struct project *project,
        const struct deployed *deployed,
        size_t *ret,
        struct buf *why)
{
    struct plan plan __attribute__((cleanup(plan_fini))) = {0};
    enum err err = plan_read(ctl, project, &plan, why);
    if (err == OK)
        err = plan_compare(ctl, &plan, project, deployed, why);
    if (err != OK)
        return err;
    size_t done = 0;
    for (size_t i = 0; i < deployed->count; i++)
        done += strcmp(deployed->list[i].project, project->name) == 0;
    *ret = plan.changes->len - done;
    return OK;
}

/* libpq's environment for a connection string, over our own environment. */
static char **environment(const char *conninfo)
{
    char **env = g_get_environ();
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    for (size_t i = 0; options != NULL && options[i].keyword != NULL; i++)
        if (options[i].envvar != NULL && options[i].val != NULL)
            env = g_environ_setenv(env, options[i].envvar, options[i].val, TRUE);
    PQconninfoFree(options);
    env = g_environ_setenv(env, "PGOPTIONS", "-c client_min_messages=error", TRUE);
    env = g_environ_setenv(env, "SQITCH_FULLNAME", "huyingctl", TRUE);
    env = g_environ_setenv(env, "SQITCH_EMAIL", "huyingctl@localhost", TRUE);
    env = g_environ_setenv(env, "SQITCH_USER_CONFIG", "/dev/null", TRUE);
    return g_environ_setenv(env, "SQITCH_SYSTEM_CONFIG", "/dev/null", TRUE);
}

enum err project_deploy(
        const struct ctl *ctl, const struct project *project, const char *conninfo, struct buf *why)
{
    g_autofree char *dir = g_build_filename(ctl->root, project->dir, NULL);
    g_autofree char *client = g_build_filename(ctl->root, "services/kernel/schema/psql", NULL);
    g_autofree char *set = g_strconcat("schema=", project->schema, NULL);
    g_autofree char *full_client = g_canonicalize_filename(client, NULL);
    const char *argv[] = {"sqitch", "deploy", "--mode", "change", "--client", full_client,
            "--registry", project->registry, "db:pg:", project->schema != NULL ? "--set" : NULL,
            set, NULL};
    g_auto(GStrv) env = environment(conninfo);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (size_t i = 0; argv[i] != NULL; i++)
        g_strv_builder_add(builder, argv[i]);
    g_auto(GStrv) words = g_strv_builder_end(builder);
    g_autofree char *out = NULL, *err_text = NULL;
    g_autoptr(GError) error = NULL;
    int status = 0;
    if (!g_spawn_sync(dir, words, env, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err_text, &status,
                &error)) {
        buf_add_format(why, "sqitch: %s", error->message);
        return ERR_FATAL;
    }
    if (g_spawn_check_wait_status(status, NULL))
        return OK;
    buf_add_format(why, "%s%s", out, err_text);
    return ERR_FATAL;
}
