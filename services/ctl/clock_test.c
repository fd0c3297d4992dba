/* huyingctl clock against a real PostgreSQL, under the operator's role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/ctl/commands.h"
#include "services/ctl/store_clock.h"
#include "services/ctl/testing.h"
#include "tests/kit/pg.h"

#define CONNECT_MS 20000
#define TRUST "SELECT clock_trust FROM directory.site"

static struct kit_pg *server;
static char *home;

static int setup(void **state)
{
    static const char *const services[] = {
            "intake", "routing", "enforcement", "volunteer", "audit"};
    (void)state;
    server = kit_pg_start(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(services); i++)
        kit_pg_service(server, services[i]);
    home = g_dir_make_tmp("huying-clock-XXXXXX", NULL);
    g_autofree char *conf = g_build_filename(home, "conf", NULL);
    g_autofree char *text =
            g_strdup_printf("[store]\nconninfo=%s\n", kit_pg_conninfo(server, "huying_ctl"));
    (void)g_mkdir(conf, 0700);
    file_put(conf, "ctl.conf", text);
    return !g_setenv("HUYING_HOME", home, TRUE);
}

static int teardown(void **state)
{
    (void)state;
    kit_pg_stop(&server);
    dir_remove(home);
    g_free(home);
    return 0;
}

static void site_put(bool drill)
{
    kit_pg_run(server, "DELETE FROM directory.site");
    kit_pg_run(server,
            drill ? "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s,"
                    " drill, clock, version) VALUES (1, 'TS', 's', 's', 0, true, '2018-01-01Z', 1)"
                  : "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s,"
                    " drill, version) VALUES (1, 'TS', 's', 's', 0, false, 1)");
}

static void each_kind_of_site_has_its_own_commands(void **state)
{
    static const struct {
        bool drill;
        const char *line;
        int status, trust;
    } table[] = {
            {false, "clock", EXIT_DONE, 0},
            {false, "clock confirm", EXIT_DONE, 1},
            {false, "clock -o json confirm", EXIT_DONE, 2},
            {false, "clock step", EXIT_FAILED, 2},
            {false, "clock back", EXIT_USAGE, 2},
            {false, "clock confirm now", EXIT_USAGE, 2},
            {false, "clock confirm --to 2018-01-02T00:00:00Z", EXIT_USAGE, 2},
            {true, "clock", EXIT_DONE, 0},
            {true, "clock confirm", EXIT_FAILED, 0},
            {true, "clock step --to 2017-12-31T00:00:00Z", EXIT_FAILED, 0},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (i == 0 || table[i].drill != table[i - 1].drill)
            site_put(table[i].drill);
        int status = command_run(command_clock, table[i].line);
        int trust = (int)kit_pg_int(server, TRUST);
        if (status != table[i].status || trust != table[i].trust)
            fail_msg("%s: ended with %d, trust %d; expected %d and %d", table[i].line, status,
                    trust, table[i].status, table[i].trust);
    }
    assert_int_equal(
            kit_pg_int(server, "SELECT count(*) FROM directory.site WHERE clock = '2018-01-01Z'"),
            1);
}

/* The command looks first and says it better; the statement refuses by itself. */
static void drill_is_not_confirmed_by_the_store_either(void **state)
{
    struct pg *pg = pg_new(kit_pg_conninfo(server, "huying_ctl"), "directory");
    int64_t trust = -1, now_ms = -1;
    (void)state;
    assert_int_equal(pg_wait(pg, CONNECT_MS), OK);
    site_put(true);
    assert_int_equal(store_clock_confirm(pg, &trust, &now_ms), ERR_NOT_FOUND);
    assert_int_equal(trust, -1);
    site_put(false);
    assert_int_equal(store_clock_confirm(pg, &trust, &now_ms), OK);
    assert_int_equal(trust, 1);
    assert_true(now_ms > INT64_C(1500000000000));
    pg_destroy(&pg);
}

static void without_a_site_there_is_no_clock(void **state)
{
    (void)state;
    kit_pg_run(server, "DELETE FROM directory.site");
    assert_int_equal(command_run(command_clock, "clock"), EXIT_FAILED);
    assert_int_equal(command_run(command_clock, "clock confirm"), EXIT_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_kind_of_site_has_its_own_commands),
            cmocka_unit_test(drill_is_not_confirmed_by_the_store_either),
            cmocka_unit_test(without_a_site_there_is_no_clock),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
