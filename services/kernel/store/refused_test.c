/* What PostgreSQL, or what stands in it, makes impossible: statements, connections, and a directory
 * whose rows cannot be used. Which class and which sentence the caller gets, and that all of it
 * works again when it is mended. */
#include <stdio.h>
#include <string.h>

#include "services/kernel/base/testing.h"
#include "services/kernel/store/directory.h"
#include "tests/kit/pg.h"

#define WAIT_MS 20000

static struct kit_pg *server;

static struct pg *connected(const struct statement *list, size_t count)
{
    struct pg *pg = pg_new(kit_pg_conninfo(server, "postgres"), "public");
    pg_prepare(pg, list, count);
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    return pg;
}

static void classes_of_states_table(void **state)
{
    static const struct {
        const char *sqlstate;
        enum err err;
    } rows[] = {{NULL, ERR_TRANSIENT}, {"08006", ERR_TRANSIENT}, {"40001", ERR_TRANSIENT},
            {"40P01", ERR_TRANSIENT}, {"53100", ERR_TRANSIENT}, {"53300", ERR_TRANSIENT},
            {"55P03", ERR_TRANSIENT}, {"55000", ERR_FATAL}, {"57P01", ERR_TRANSIENT},
            {"57014", ERR_TRANSIENT}, {"58030", ERR_TRANSIENT}, {"25006", ERR_TRANSIENT},
            {"25P02", ERR_TRANSIENT}, {"25P03", ERR_TRANSIENT}, {"25001", ERR_FATAL},
            {"42P01", ERR_TRANSIENT}, {"42501", ERR_TRANSIENT}, {"3F000", ERR_TRANSIENT},
            {"28P01", ERR_TRANSIENT}, {"26000", ERR_TRANSIENT}, {"23505", ERR_CONFLICT},
            {"23514", ERR_CONFLICT}, {"22012", ERR_MALFORMED}, {"54000", ERR_LIMIT},
            {"XX000", ERR_FATAL}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (pg_class(rows[i].sqlstate) != rows[i].err)
            fail_msg("%s: %s", rows[i].sqlstate ? rows[i].sqlstate : "none",
                    err_name(pg_class(rows[i].sqlstate)));
}

/* An operator's mistake: it says which word, on one line, and the process lives. */
static void connection_string_that_is_none_says_why(void **state)
{
    static const struct {
        const char *conninfo, *part;
    } rows[] = {{"host=/nowhere colour=red", "colour"}, {"host=/nowhere port=x", "port"},
            {"host=/nowhere,/nothere dbname=x", "/nothere"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pg *pg = pg_new(rows[i].conninfo, "public");
        assert_int_equal(pg_wait(pg, 1), ERR_TRANSIENT);
        for (int turns = 0; turns < 500 && !strstr(pg_message(pg), rows[i].part); turns++)
            pg_turn(pg, INT64_C(1000000) * (turns + 1));
        if (!strstr(pg_message(pg), rows[i].part) || strchr(pg_message(pg), '\n'))
            fail_msg("%s: \"%s\"", rows[i].conninfo, pg_message(pg));
        assert_int_equal(pg_backend(pg), 0);
        pg_destroy(&pg);
    }
}

/* A service that is newer than its schema waits for the migration. */
static void statement_that_cannot_be_prepared_is_tried_until_it_can(void **state)
{
    static const struct statement list[] = {{"t_later", "SELECT n FROM later"}};
    struct pg *pg = pg_new(kit_pg_conninfo(server, "postgres"), "public");
    (void)state;
    pg_prepare(pg, list, COUNT_OF(list));
    assert_int_equal(pg_wait(pg, 300), ERR_TRANSIENT);
    assert_string_equal(pg_message(pg), "relation \"later\" does not exist");
    assert_int_equal(pg_connects(pg), 0);
    kit_pg_run(server, "CREATE TABLE later (n int)");
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    assert_int_equal(pg_connects(pg), 1);
    pg_destroy(&pg);
}

static void statement_at_once_that_fails_leaves_the_connection(void **state)
{
    struct pg *pg = connected(NULL, 0);
    (void)state;
    assert_null(pg_exec(pg, "SELECT 1 / 0", NULL));
    assert_string_equal(pg_message(pg), "ERROR:  division by zero");
    PGresult *result = pg_exec(pg, "SELECT 7", NULL);
    assert_non_null(result);
    assert_int_equal(row_int(result, 0, 0), 7);
    PQclear(result);
    assert_null(pg_exec(pg, "SELECT pg_terminate_backend(pg_backend_pid())", NULL));
    assert_int_equal(pg_state(pg), PG_DOWN);
    assert_non_null(strstr(pg_message(pg), "server closed the connection"));
    assert_null(pg_exec(pg, "SELECT 7", NULL)); /* while it is down */
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    assert_int_equal(pg_connects(pg), 2);
    pg_destroy(&pg);
}

struct got {
    int calls;
    enum err err;
    struct directory *directory;
    char message[120];
};

static void got_take(void *self, enum err err, struct directory *directory, const char *message)
{
    struct got *got = self;
    got->calls++;
    got->err = err;
    got->directory = directory;
    snprintf(got->message, sizeof got->message, "%s", message);
}

/* By both ways; a directory that can be read is destroyed. */
static struct got load(struct pg *pg)
{
    struct got got = {0};
    struct directory *now = NULL;
    directory_load_start(pg, got_take, &got);
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    assert_int_equal(got.calls, 1);
    assert_int_equal(directory_load_now(pg, &now), got.err);
    assert_int_equal(now != NULL, got.err == OK);
    assert_int_equal(got.directory != NULL, got.err == OK);
    directory_destroy(&now);
    directory_destroy(&got.directory);
    return got;
}

#define MATTER                                                                                     \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min)"

static const char FILL[] =
        "DELETE FROM directory.unit; DELETE FROM directory.matter; DELETE FROM directory.site;"
        "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill,"
        " version) VALUES (7, 'LA', '市', 'City', 0, false, 3);"
        "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en)"
        " VALUES (1, 'D', NULL, 0, 4, 'district', '区', 'District'),"
        " (2, 'S', 1, 1, 3, 'street', '街', 'Street'),"
        " (3, 'V', 2, 2, 2, 'village', '村', 'Village');" MATTER
        " VALUES (1, 'M', 'c', '事', 'Matter', 3, 3, 'all', 1, 2, 3, 4)";

/* The schema has a constraint against most of it: here it is a schema that has lost it. */
static void directory_that_cannot_be_used_says_what_is_wrong(void **state)
{
    static const struct {
        const char *sql;
        enum err err;
        const char *part;
    } rows[] = {{"SELECT", OK, ""},
            {"UPDATE directory.unit SET level = 9 WHERE id = 2", ERR_MALFORMED, "directory.unit"},
            {"UPDATE directory.unit SET level = 0 WHERE id = 2", ERR_MALFORMED, "directory.unit"},
            {"UPDATE directory.unit SET id = -3 WHERE id = 3", ERR_MALFORMED, "directory.unit"},
            {"UPDATE directory.matter SET start_level = 9", ERR_MALFORMED, "directory.matter"},
            {"UPDATE directory.matter SET handler_kind = 0", ERR_MALFORMED, "directory.matter"},
            {"UPDATE directory.matter SET handler_kind = 99", ERR_MALFORMED, "directory.matter"},
            {"UPDATE directory.unit SET level = 9; UPDATE directory.matter SET start_level = 9",
                    ERR_MALFORMED, "directory.unit"}, /* the first is named */
            {"UPDATE directory.unit SET parent = 3 WHERE id = 2", ERR_MALFORMED, "contradict"},
            {MATTER " SELECT i, 'M' || i, 'c', '', '', 3, 3, 'all', 1, 2, 3, 4"
                    " FROM generate_series(2, 10001) AS i",
                    ERR_LIMIT, "more rows"},
            {"DELETE FROM directory.site", ERR_NOT_FOUND, "huyingctl apply"}};
    struct pg *pg = connected(DIRECTORY_STATEMENTS, DIRECTORY_STATEMENT_COUNT);
    (void)state;
    kit_pg_run(server, "ALTER TABLE directory.unit DROP CONSTRAINT unit_level_check;"
                       "ALTER TABLE directory.matter DROP CONSTRAINT matter_start_level_check,"
                       " DROP CONSTRAINT matter_handler_kind_check");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        kit_pg_run(server, FILL);
        kit_pg_run(server, rows[i].sql);
        struct got got = load(pg);
        if (got.err != rows[i].err || !strstr(got.message, rows[i].part))
            fail_msg("%s: %s \"%s\"", rows[i].sql, err_name(got.err), got.message);
    }
    kit_pg_run(server, FILL);
    assert_int_equal(load(pg).err, OK);
    pg_destroy(&pg);
}

static void directory_that_cannot_be_read_is_transient(void **state)
{
    struct pg *pg = connected(DIRECTORY_STATEMENTS, DIRECTORY_STATEMENT_COUNT);
    struct directory *directory = NULL;
    (void)state;
    kit_pg_run(server, FILL);
    kit_pg_run(server, "ALTER TABLE directory.staff RENAME TO gone");
    assert_int_equal(load(pg).err, ERR_TRANSIENT);
    kit_pg_run(server, "ALTER TABLE directory.gone RENAME TO staff");
    assert_int_equal(load(pg).err, OK); /* on the same connection */
    assert_int_equal(pg_connects(pg), 1);
    pg_reset(pg);
    assert_int_equal(directory_load_now(pg, &directory), ERR_TRANSIENT);
    assert_null(directory);
    pg_destroy(&pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(classes_of_states_table),
            cmocka_unit_test(connection_string_that_is_none_says_why),
            cmocka_unit_test(statement_that_cannot_be_prepared_is_tried_until_it_can),
            cmocka_unit_test(statement_at_once_that_fails_leaves_the_connection),
            cmocka_unit_test(directory_that_cannot_be_used_says_what_is_wrong),
            cmocka_unit_test(directory_that_cannot_be_read_is_transient),
    };
    server = kit_pg_start(NULL);
    kit_pg_directory(server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kit_pg_stop(&server);
    return failed;
}
