/* huyingctl callback against a real PostgreSQL, as the role that it has: what is typed, what is
 * then in the tables, what opens the secret that was shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "services/ctl/commands.h"
#include "services/ctl/testing.h"
#include "services/kernel/base/seal.h"
#include "tests/kit/pg.h"

#define OUT_SIZE 20000

static char *home;
static struct kit_pg *server;
static char out[OUT_SIZE];

static int group_setup(void **state)
{
    (void)state;
    home = g_dir_make_tmp("huying-callback-XXXXXX", NULL);
    if (home == NULL || !g_setenv("HUYING_HOME", home, TRUE))
        return 1;
    server = kit_pg_start(NULL);
    kit_pg_service(server, "intake");
    g_autofree char *dir = g_build_filename(home, "conf", NULL);
    g_autofree char *text =
            g_strdup_printf("[store]\nconninfo=%s\n", kit_pg_conninfo(server, "huying_ctl"));
    if (g_mkdir(dir, 0700) != 0)
        return 1;
    file_put(dir, "ctl.conf", text);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    kit_pg_stop(&server);
    dir_remove(home);
    g_free(home);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    kit_pg_run(server, "TRUNCATE intake.subscriber, intake.delivery");
    return 0;
}

/* Runs it; what it printed is in `out`. */
static int type(const char *line)
{
    g_autofree char *path = g_build_filename(home, "out", NULL);
    int saved = dup(STDOUT_FILENO), fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(saved >= 0 && fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
    int status = command_run(command_callback, line);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    close(saved);
    ssize_t size = pread(fd, out, sizeof out - 1, 0);
    assert_true(size >= 0);
    out[size] = 0;
    close(fd);
    return status;
}

static void types(const char *line, int status)
{
    int found = type(line);
    if (found != status)
        fail_msg("%s: %d, expected %d", line, found, status);
}

static long long count(const char *where)
{
    g_autofree char *sql =
            g_strdup_printf("SELECT count(*) FROM intake.subscriber WHERE %s", where);
    return kit_pg_int(server, sql);
}

/* What the column holds, opened with the file that intake gets. */
static void assert_sealed(const char *column, const char *name, const char *secret)
{
    struct seal_keys keys;
    struct stat stat_now;
    BUF_OWNED opened = {0}, why = {0};
    g_autofree char *path = g_build_filename(home, "keys/callback.key", NULL);
    g_autofree char *sql = g_strdup_printf(
            "SELECT encode(%s, 'hex') FROM intake.subscriber WHERE name = '%s'", column, name);
    assert_int_equal(stat(path, &stat_now), 0);
    assert_int_equal(stat_now.st_mode & 0777, 0600);
    assert_int_equal(seal_keys_load(path, &keys, &why), OK);
    PGresult *row = kit_pg_sql(server, sql);
    const char *hex = PQgetvalue(row, 0, 0);
    uint8_t sealed[300];
    size_t size = strlen(hex) / 2;
    assert_true(size <= sizeof sealed);
    for (size_t i = 0; i < size; i++)
        sealed[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) * 16 +
                              g_ascii_xdigit_value(hex[2 * i + 1]));
    assert_int_equal(seal_open(&keys, name, sealed, size, &opened), OK);
    assert_string_equal(opened.data, secret);
    PQclear(row);
}

static char *secret_shown(void)
{
    const char *at = strstr(out, "whsec_");
    assert_non_null(at);
    return g_strndup(at, strspn(at, "whsec_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789+/="));
}

static void added_subscriber_has_a_secret_that_only_the_file_opens(void **state)
{
    (void)state;
    types("callback add lamps https://a.example/h?x=1 --kinds accepted,ended --sources h,b", 0);
    g_autofree char *first = secret_shown();
    assert_int_equal(strlen(first), 50);
    assert_int_equal(count("name = 'lamps' AND url = 'https://a.example/h?x=1' AND state = 1 AND "
                           "kinds = '{1,3}' AND sources = '{h,b}'"),
            1);
    assert_sealed("secret", "lamps", first);
    types("callback secret lamps", 0);
    g_autofree char *second = secret_shown();
    assert_string_not_equal(first, second);
    assert_sealed("secret", "lamps", second);
    assert_sealed("secret_before", "lamps", first);
    assert_int_equal(count("before_until > now() + interval '23 h'"), 1);
    types("callback list", 0);
    assert_non_null(strstr(out, "accepted,ended"));
    assert_null(strstr(out, "whsec_"));
}

static void without_options_everything_is_wanted(void **state)
{
    (void)state;
    types("callback add all http://a.example", 0);
    assert_int_equal(count("kinds @> '{1,2,3,4,5,6,7,10,11}' AND sources IS NULL"), 1);
    types("callback add all http://b.example", EXIT_FAILED);
    assert_int_equal(count("url = 'http://a.example'"), 1);
}

static void what_is_typed_wrong_changes_nothing(void **state)
{
    static const struct {
        const char *line;
        int status;
    } table[] = {{"callback burn", EXIT_USAGE}, {"callback add", EXIT_USAGE},
            {"callback add a", EXIT_USAGE}, {"callback add a ftp://a.example", EXIT_USAGE},
            {"callback add a https://u:p@a.example", EXIT_USAGE},
            {"callback add a https://", EXIT_USAGE}, {"callback add a a.example", EXIT_USAGE},
            {"callback add a https://a.example#x", EXIT_USAGE},
            {"callback add a/b https://a.example", EXIT_USAGE},
            {"callback add a https://a.example --kinds accept", EXIT_USAGE},
            {"callback add a https://a.example --kinds ended,", EXIT_USAGE},
            {"callback add a https://a.example --from 1", EXIT_USAGE},
            {"callback list x", EXIT_USAGE}, {"callback pause", EXIT_USAGE},
            {"callback pause a", EXIT_FAILED}, {"callback resume a", EXIT_FAILED},
            {"callback remove a", EXIT_FAILED}, {"callback secret a", EXIT_FAILED},
            {"callback deliveries a", EXIT_FAILED},
            {"callback deliveries a --state gone", EXIT_USAGE}, {"callback replay a", EXIT_USAGE},
            {"callback replay a --ids x", EXIT_FAILED},
            {"callback replay a --from 2026-01-01T00:00:00Z", EXIT_USAGE},
            {"callback replay a --from 2026-01-02T00:00:00Z --to 2026-01-01T00:00:00Z", EXIT_USAGE},
            {"callback replay a --ids x --from 2026-01-01T00:00:00Z --to 2026-01-02T00:00:00Z",
                    EXIT_USAGE},
            {"callback --help", EXIT_DONE}};
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        types(table[i].line, table[i].status);
    assert_int_equal(count("true"), 0);
}

#define FILL                                                                                       \
    "INSERT INTO intake.delivery (subscriber, agg, ver, kind, state, at, due, round, matter, "     \
    "unit, "                                                                                       \
    "done, tries, status, why, finished) SELECT s.id, 70 + v, 1, 1, 1, timestamptz "               \
    "'2026-01-01Z' + v * interval '1 h', now() + interval '1 h', 0, 8, 1, v % 3, 5, 500, 'away', " \
    "now() FROM intake.subscriber AS s, generate_series(0, 8) AS v"

static long long pending(void)
{
    return kit_pg_int(server, "SELECT count(*) FROM intake.delivery WHERE done = 0");
}

static void deliveries_are_listed_and_sent_again(void **state)
{
    (void)state;
    types("callback add a https://a.example", 0);
    kit_pg_run(server, FILL);
    types("callback deliveries a", 0);
    assert_non_null(strstr(out, "_78_1"));
    types("callback deliveries a --state delivered", 0);
    assert_non_null(strstr(out, "_71_1"));
    assert_null(strstr(out, "_72_1"));
    assert_int_equal(pending(), 3);
    types("callback replay a --from 2026-01-01T04:00:00Z --to 2026-01-01T05:00:00Z", 0);
    assert_int_equal(pending(), 4);
    long long id = kit_pg_int(server, "SELECT id FROM intake.subscriber");
    g_autofree char *line =
            g_strdup_printf("callback replay a --ids msg_%lld_71_1,msg_%lld_72_1,x", id, id);
    types(line, 0);
    assert_int_equal(pending(), 6);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.delivery WHERE done = 0 AND "
                                        "tries = 0 AND due <= now() AND finished IS NULL"),
            3);
}

static void paused_goes_on_at_once_and_removed_is_gone(void **state)
{
    (void)state;
    types("callback add a https://a.example", 0);
    kit_pg_run(server, FILL);
    types("callback pause a", 0);
    assert_int_equal(count("state = 2"), 1);
    types("callback resume a", 0);
    assert_int_equal(count("state = 1 AND why = ''"), 1);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.delivery WHERE done = 0 AND "
                                        "due <= now()"),
            3);
    types("callback remove a", 0);
    assert_int_equal(count("true"), 0);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM intake.delivery"), 0);
}

static void notices_are_a_subscriber_of_their_own(void **state)
{
    (void)state;
    types("callback notices maybe", EXIT_USAGE);
    types("callback notices off", EXIT_FAILED);
    types("callback add reporter https://a.example", EXIT_USAGE);
    types("callback notices on", 0);
    types("callback notices on", 0);
    assert_int_equal(count("name = 'reporter' AND channel = 2 AND kinds = '{1,3,10,16}' AND "
                           "secret IS NULL"),
            1);
    types("callback list", 0);
    assert_non_null(strstr(out, "reporter"));
    types("callback notices off", 0);
    assert_int_equal(count("true"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(added_subscriber_has_a_secret_that_only_the_file_opens, setup),
            cmocka_unit_test_setup(without_options_everything_is_wanted, setup),
            cmocka_unit_test_setup(what_is_typed_wrong_changes_nothing, setup),
            cmocka_unit_test_setup(deliveries_are_listed_and_sent_again, setup),
            cmocka_unit_test_setup(notices_are_a_subscriber_of_their_own, setup),
            cmocka_unit_test_setup(paused_goes_on_at_once_and_removed_is_gone, setup)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
