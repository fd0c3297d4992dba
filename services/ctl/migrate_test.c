/* huyingctl migrate with the real sqitch and a durable private PostgreSQL, on a copy of the
 * projects that every site has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>

#include "services/ctl/commands.h"
#include "services/ctl/testing.h"
#include "tests/kit/pg.h"

static struct kit_pg *server;
static char *home, *root, *line;

static void spawn(const char *command)
{
    g_autoptr(GError) error = NULL;
    if (!g_spawn_command_line_sync(command, NULL, NULL, NULL, &error))
        fail_msg("%s: %s", command, error->message);
}

static void conf_put(const char *conninfo)
{
    g_autofree char *conf = g_build_filename(home, "conf", NULL);
    g_autofree char *text = g_strdup_printf("[store]\nconninfo=%s\n", conninfo);
    (void)g_mkdir_with_parents(conf, 0700);
    file_put(conf, "ctl.conf", text);
}

static int setup(void **state)
{
    (void)state;
    server = kit_pg_start("fsync=on full_page_writes=on");
    home = g_dir_make_tmp("huying-home-XXXXXX", NULL);
    root = g_dir_make_tmp("huying-root-XXXXXX", NULL);
    line = g_strdup_printf("migrate --home %s --root %s -o json", home, root);
    g_autofree char *make =
            g_strdup_printf("mkdir -p %s/services/kernel %s/services/ctl", root, root);
    g_autofree char *kernel =
            g_strdup_printf("cp -r services/kernel/schema %s/services/kernel/schema", root);
    g_autofree char *ctl =
            g_strdup_printf("cp -r services/ctl/schema %s/services/ctl/schema", root);
    spawn(make);
    spawn(kernel);
    spawn(ctl);
    conf_put(kit_pg_conninfo(server, "postgres"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_pg_stop(&server);
    dir_remove(home);
    dir_remove(root);
    return 0;
}

static void refused_without_roles(struct kit_pg *pg)
{
    assert_int_equal(command_run(command_migrate, line), EXIT_FAILED);
    assert_int_equal(
            kit_pg_int(pg, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'huying%'"), 0);
}

static void forgetful_settings_are_refused(void **state)
{
    static const char *const of_server[] = {"fsync=off", "full_page_writes=off"};
    static const char *const of_database[] = {"off", "local"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(of_server); i++) {
        g_autofree char *all = g_strdup_printf("fsync=on full_page_writes=on %s", of_server[i]);
        struct kit_pg *other = kit_pg_start(all);
        print_message("%s\n", of_server[i]);
        conf_put(kit_pg_conninfo(other, "postgres"));
        refused_without_roles(other);
        kit_pg_stop(&other);
    }
    conf_put(kit_pg_conninfo(server, "postgres"));
    for (size_t i = 0; i < G_N_ELEMENTS(of_database); i++) {
        g_autofree char *set = g_strdup_printf(
                "ALTER DATABASE huying SET synchronous_commit = %s", of_database[i]);
        kit_pg_run(server, set);
        print_message("%s\n", set);
        refused_without_roles(server);
    }
    kit_pg_run(server, "ALTER DATABASE huying RESET synchronous_commit");
}

static void first_run_makes_roles_and_tables(void **state)
{
    static const char *const names[] = {
            "intake", "routing", "enforcement", "volunteer", "audit", "ctl"};
    (void)state;
    assert_int_equal(command_run(command_migrate, line), EXIT_DONE);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strdup_printf("%s/keys/pg_%s.pass", home, names[i]);
        struct stat found;
        assert_int_equal(stat(path, &found), 0);
        assert_int_equal(found.st_mode & 0777, 0600);
    }
    g_autofree char *path = g_strdup_printf("%s/keys/pgpass", home), *text = NULL;
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_non_null(strstr(text, "*:*:*:huying_audit:"));
    assert_int_equal(
            kit_pg_int(server, "SELECT count(*) FROM pg_authid WHERE rolname LIKE 'huying%'"
                               " AND rolpassword LIKE 'SCRAM-SHA-256$%'"),
            6);
    assert_int_equal(
            kit_pg_int(server, "SELECT count(*) FROM pg_tables WHERE tablename = 'outbox'"), 5);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM directory.site_attach(0)"), 0);
}

/* Without sqitch on the path: it must not be needed. Nothing is written. */
static void second_run_only_reads(void **state)
{
    static const char *const writers = "SELECT txid_snapshot_xmax(txid_current_snapshot())";
    g_autofree char *path = g_strdup(g_getenv("PATH"));
    (void)state;
    assert_int_equal(command_run(command_migrate, line), EXIT_DONE);
    g_setenv("PATH", "/nowhere", TRUE);
    long long before = kit_pg_int(server, writers);
    int status = command_run(command_migrate, line);
    g_setenv("PATH", path, TRUE);
    assert_int_equal(status, EXIT_DONE);
    assert_int_equal(kit_pg_int(server, writers), before);
}

static void role_of_somebody_else_keeps_its_password(void **state)
{
    g_autofree char *pass = g_strdup_printf("%s/keys/pg_audit.pass", home);
    (void)state;
    assert_int_equal(command_run(command_migrate, line), EXIT_DONE);
    assert_int_equal(g_unlink(pass), 0);
    kit_pg_run(server, "ALTER ROLE huying_audit PASSWORD NULL");
    assert_int_equal(command_run(command_migrate, line), EXIT_DONE);
    assert_false(g_file_test(pass, G_FILE_TEST_EXISTS));
    assert_int_equal(
            kit_pg_int(server, "SELECT count(*) FROM pg_authid WHERE rolname = 'huying_audit'"
                               " AND rolpassword IS NULL"),
            1);
}

/* The files were lost, the database is there: --passwords makes new ones. */
static void lost_passwords_are_made_anew_on_demand(void **state)
{
    g_autofree char *anew = g_strdup_printf("%s --passwords", line);
    g_autofree char *pass = g_strdup_printf("%s/keys/pg_audit.pass", home);
    (void)state;
    (void)g_unlink(pass);
    kit_pg_run(server, "ALTER ROLE huying_audit PASSWORD NULL");
    assert_int_equal(command_run(command_migrate, anew), EXIT_DONE);
    assert_true(g_file_test(pass, G_FILE_TEST_EXISTS));
    assert_int_equal(
            kit_pg_int(server, "SELECT count(*) FROM pg_authid WHERE rolname = 'huying_audit'"
                               " AND rolpassword LIKE 'SCRAM-SHA-256$%'"),
            1);
}

static void new_change_is_deployed_and_edited_one_refused(void **state)
{
    g_autofree char *schema = g_build_filename(root, "services/ctl/schema", NULL);
    g_autofree char *plan_path = g_build_filename(schema, "sqitch.plan", NULL), *plan = NULL;
    (void)state;
    assert_int_equal(command_run(command_migrate, line), EXIT_DONE);
    assert_true(g_file_get_contents(plan_path, &plan, NULL, NULL));
    g_autofree char *longer = g_strconcat(
            plan, "more [grants] 2026-01-02T00:00:00Z huying <huying@localhost> # a test\n", NULL);
    file_put(schema, "sqitch.plan", longer);
    file_put(schema, "deploy/more.sql", "CREATE TABLE directory.more (a int); SELECT 1 / 0;\n");
    assert_int_equal(command_run(command_migrate, line), EXIT_FAILED);
    assert_int_equal(
            kit_pg_int(server, "SELECT count(*) FROM pg_tables WHERE tablename = 'more'"), 0);
    file_put(schema, "deploy/more.sql", "CREATE TABLE directory.more (a int);\n");
    assert_int_equal(command_run(command_migrate, line), EXIT_DONE);
    assert_int_equal(
            kit_pg_int(server, "SELECT count(*) FROM pg_tables WHERE tablename = 'more'"), 1);
    file_put(schema, "deploy/more.sql", "CREATE TABLE directory.more (a bigint);\n");
    assert_int_equal(command_run(command_migrate, line), EXIT_FAILED);
    file_put(schema, "deploy/more.sql", "CREATE TABLE directory.more (a int);\n");
    file_put(schema, "sqitch.plan", plan);
    assert_int_equal(command_run(command_migrate, line), EXIT_FAILED);
}

/* Killed between a script's commit and sqitch's own record of it: the next run makes up for it. */
static void record_lost_after_commit_is_made_up(void **state)
{
    (void)state;
    assert_int_equal(command_run(command_migrate, line), EXIT_DONE);
    kit_pg_run(server, "DELETE FROM sqitch_audit.dependencies;"
                       "DELETE FROM sqitch_audit.changes WHERE change = 'tables'");
    assert_int_equal(command_run(command_migrate, line), EXIT_DONE);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM sqitch_audit.changes"), 2);
    kit_pg_run(server, "DELETE FROM sqitch_audit.dependencies;"
                       "DELETE FROM sqitch_audit.changes WHERE change = 'tables';"
                       "UPDATE sqitch_audit.ran SET hash = 'another' WHERE change = 'tables'");
    assert_int_equal(command_run(command_migrate, line), EXIT_FAILED);
    kit_pg_run(server, "DELETE FROM sqitch_audit.ran WHERE change = 'tables'");
    assert_int_equal(command_run(command_migrate, line), EXIT_FAILED); /* the tables are there */
    kit_pg_run(server, "DROP SCHEMA audit CASCADE; DROP SCHEMA sqitch_audit CASCADE");
    assert_int_equal(command_run(command_migrate, line), EXIT_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(forgetful_settings_are_refused),
            cmocka_unit_test(first_run_makes_roles_and_tables),
            cmocka_unit_test(second_run_only_reads),
            cmocka_unit_test(role_of_somebody_else_keeps_its_password),
            cmocka_unit_test(lost_passwords_are_made_anew_on_demand),
            cmocka_unit_test(record_lost_after_commit_is_made_up),
            cmocka_unit_test(new_change_is_deployed_and_edited_one_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
