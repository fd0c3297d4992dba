/* What a server is asked before anybody works with it: whether it keeps what it confirms, and
 * whether a standby has it too. Each row is a server of its own, since fsync and full_page_writes
 * are settings of the whole server. */
#include "services/kernel/store/chores.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/kit/pg.h"

#define WITHIN_MS 10000

static const struct row {
    const char *server, *setting;
    bool durable, replicated;
} SERVERS[] = {
        {"fsync=on full_page_writes=on", "", true, false},
        {"fsync=off full_page_writes=on", "", false, false},
        {"fsync=on full_page_writes=off", "", false, false},
};

/* Of the first server, for sessions that begin afterwards. */
#define ROLE "ALTER ROLE postgres SET synchronous_commit = "
static const struct row SESSIONS[] = {
        {"", ROLE "off", false, false},
        {"", ROLE "local", false, false},
        {"", ROLE "remote_write", false, false},
        {"", ROLE "remote_apply", true, false},
        {"", ROLE "on", true, false},
};

static void durable_read(void *self, const PGresult *result)
{
    struct row *row = self;
    row->durable = row_int(result, 0, 0) != 0;
    row->replicated = row_int(result, 0, 1) != 0;
}

static void row_check(struct kit_pg *server, const struct row *row)
{
    struct row found = {.durable = !row->durable};
    struct pg *pg = pg_new(kit_pg_conninfo(server, "postgres"), "public");
    pg_prepare(pg, &SQL_DURABLE, 1);
    assert_int_equal(pg_wait(pg, WITHIN_MS), OK);
    pg_queue(pg, &SQL_DURABLE, NULL, durable_read, &found);
    pg_sync(pg, NULL, NULL);
    assert_int_equal(pg_wait(pg, WITHIN_MS), OK);
    if (found.durable != row->durable || found.replicated != row->replicated)
        fail_msg("%s %s: durable %d, replicated %d; %d and %d were expected", row->server,
                row->setting, found.durable, found.replicated, row->durable, row->replicated);
    pg_destroy(&pg);
}

/* It is no setting to start with: nothing could be committed while the server is set up. */
static void standby_check(struct kit_pg *server)
{
    static const struct row row = {"a standby is waited for", "", true, true};
    kit_pg_run(server, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    kit_pg_run(server, "SELECT pg_reload_conf()");
    while (kit_pg_int(server, "SELECT count(*) FROM pg_settings WHERE setting = '*'"
                              " AND name = 'synchronous_standby_names'") == 0)
        poll(NULL, 0, 5);
    row_check(server, &row);
}

static void server_or_role_that_may_forget_is_not_durable(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SERVERS / sizeof *SERVERS; i++) {
        struct kit_pg *server = kit_pg_start(SERVERS[i].server);
        row_check(server, &SERVERS[i]);
        for (size_t j = 0; i == 0 && j < sizeof SESSIONS / sizeof *SESSIONS; j++) {
            kit_pg_run(server, SESSIONS[j].setting);
            row_check(server, &SESSIONS[j]);
        }
        if (i == 0)
            standby_check(server);
        kit_pg_stop(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(server_or_role_that_may_forget_is_not_durable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
