/* Profiles written into a real PostgreSQL by the operator's role, which is no superuser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/ctl/commands.h"
#include "services/ctl/profile.h"
#include "services/ctl/store_hours.h"
#include "services/ctl/store_profile.h"
#include "services/ctl/testing.h"
#include "services/kernel/store/directory.h"
#include "tests/kit/pg.h"

#define CONNECT_MS 20000
#define LARGE_GRIDS 10500

static struct kit_pg *server;
static struct pg *pg;
static char *dir;

static int setup(void **state)
{
    (void)state;
    server = kit_pg_start(NULL);
    kit_pg_directory(server);
    pg = pg_new(kit_pg_conninfo(server, "huying_ctl"), "directory");
    dir = g_dir_make_tmp("huying-apply-XXXXXX", NULL);
    return dir == NULL || pg_wait(pg, CONNECT_MS) != OK;
}

static int teardown(void **state)
{
    (void)state;
    pg_destroy(&pg);
    kit_pg_stop(&server);
    dir_remove(dir);
    g_free(dir);
    return 0;
}

static enum err apply_now(bool commit, struct diff *diff)
{
    struct profile profile;
    BUF_OWNED zh = {0}, en = {0};
    if (profile_read(&profile, dir, true) != OK)
        fail_msg("%s", profile.faults.text.data);
    enum err err = store_profile_apply(pg, &profile, commit, diff, &zh, &en);
    if (err == ERR_TRANSIENT)
        fail_msg("%s", pg_message(pg));
    assert_true((err == ERR_CONFLICT) == (en.size > 0));
    profile_fini(&profile);
    return err;
}

static void start_anew(void **state)
{
    (void)state;
    kit_pg_run(server, "TRUNCATE directory.site, directory.unit, directory.staff, directory.matter,"
                       " directory.grid, directory.calendar_day, directory.hours_version");
    profile_put(dir);
}

static void assert_part(const struct diff *diff, enum diff_part part, const char *expected)
{
    char found[96];
    snprintf(found, sizeof(found), "%d %d %d", (int)diff->parts[part].added,
            (int)diff->parts[part].changed, (int)diff->parts[part].retired);
    assert_string_equal(found, expected);
}

static void first_apply_writes_all(void **state)
{
    struct diff diff = {0};
    start_anew(state);
    assert_int_equal(apply_now(true, &diff), OK);
    assert_part(&diff, DIFF_SITE, "1 0 0");
    assert_part(&diff, DIFF_UNITS, "6 0 0");
    assert_part(&diff, DIFF_STAFF, "2 0 0");
    assert_part(&diff, DIFF_MATTERS, "1 0 0");
    assert_part(&diff, DIFF_GRIDS, "2 0 0");
    assert_part(&diff, DIFF_DAYS, "2 0 0");
    assert_int_equal(diff.version, 1);
    assert_int_equal(kit_pg_int(server, "SELECT version FROM directory.site"), 1);
    assert_int_equal(
            kit_pg_int(server, "SELECT count(*) FROM directory.unit u JOIN directory.unit p"
                               " ON p.id = u.parent WHERE p.code = 'V' AND u.depth = 3"),
            2);
    assert_int_equal(
            kit_pg_int(server, "SELECT extract(epoch FROM clock)::bigint FROM directory.site"),
            1790697600);
    struct directory *directory = NULL;
    assert_int_equal(directory_load_now(pg, &directory), OK);
    assert_int_equal(directory_unit_count(directory), 6);
    const struct unit *grid = unit_find_code(directory, "G1");
    const struct matter *matter = matter_find_code(directory, "M1");
    assert_string_equal(directory_handler(directory, matter, grid, LEVEL_STREET)->code, "S/SQ");
    assert_string_equal(staff_find(directory, "W1")->role, "worker");
    directory_destroy(&directory);
}

static void same_profile_changes_nothing(void **state)
{
    struct diff diff = {0};
    start_anew(state);
    assert_int_equal(apply_now(true, &diff), OK);
    long long ids = kit_pg_int(server, "SELECT sum(id * length(code)) FROM directory.unit");
    struct diff again = {0};
    assert_int_equal(apply_now(true, &again), OK);
    assert_false(again.any);
    assert_int_equal(again.version, 1);
    for (size_t i = 0; i < DIFF_PARTS; i++)
        assert_part(&again, (enum diff_part)i, "0 0 0");
    assert_int_equal(kit_pg_int(server, "SELECT sum(id * length(code)) FROM directory.unit"), ids);
    assert_int_equal(kit_pg_int(server, "SELECT version FROM directory.site"), 1);
}

static void gone_is_retired_and_comes_back_with_its_id(void **state)
{
    struct diff diff = {0};
    start_anew(state);
    assert_int_equal(apply_now(true, &diff), OK);
    long long id = kit_pg_int(server, "SELECT id FROM directory.unit WHERE code = 'G2'");
    file_put(dir, "units.csv",
            UNITS_HEAD "unit,D,,district,district,区,District,,0\n"
                       "unit,S,D,street,street,街,New name,,0\n"
                       "unit,S/SQ,S,street,squad,队,Squad,fire;flood,2\n"
                       "unit,V,S,village,village,村,Village,,0\n"
                       "unit,G1,V,grid,grid,一,One,,0\n");
    file_put(dir, "grids.geojson", COLLECTION(SQUARE("G1", "113.0", "23.0", "113.1", "23.2")));
    file_put(dir, "staff.csv", "code,name,unit,role,skills,from,to\nW1,甲,G1,worker,x,,\n");
    file_put(dir, "calendar.csv", "day,working,name\n2026-10-01,true,国庆节\n");
    struct diff dry = {0};
    assert_int_equal(apply_now(false, &dry), OK);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM directory.unit WHERE retired"), 0);
    assert_int_equal(kit_pg_int(server, "SELECT version FROM directory.site"), 1);
    assert_int_equal(apply_now(true, &diff), OK);
    assert_memory_equal(&diff, &dry, sizeof(diff));
    assert_part(&diff, DIFF_UNITS, "0 1 1");
    assert_part(&diff, DIFF_GRIDS, "0 1 1");
    assert_part(&diff, DIFF_STAFF, "0 1 1");
    assert_part(&diff, DIFF_DAYS, "0 1 1");
    assert_part(&diff, DIFF_MATTERS, "0 0 0");
    assert_int_equal(diff.version, 2);
    profile_put(dir);
    assert_int_equal(apply_now(true, &diff), OK);
    assert_part(&diff, DIFF_UNITS, "0 2 0");
    assert_int_equal(kit_pg_int(server, "SELECT id FROM directory.unit WHERE code = 'G2'"), id);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM directory.unit WHERE retired"), 0);
}

static void drill_clock_is_set_once(void **state)
{
    struct diff diff = {0};
    start_anew(state);
    assert_int_equal(apply_now(true, &diff), OK);
    kit_pg_run(server, "UPDATE directory.site SET clock = clock + interval '1 day'");
    file_put(dir, "site.conf",
            "[site]\nnumber=7\nletters=PY\nname_zh=番禺\nname_en=Panyu\nutc_offset=+08:00\ndrill="
            "true\n"
            "clock=2027-09-30T00:00:00+08:00\n");
    assert_int_equal(apply_now(true, &diff), OK);
    assert_part(&diff, DIFF_SITE, "0 1 0");
    assert_int_equal(
            kit_pg_int(server, "SELECT extract(epoch FROM clock)::bigint FROM directory.site"),
            1790697600 + 86400);
}

static void another_site_is_refused(void **state)
{
    static const char *const sites[] = {
            "[site]\nnumber=8\nletters=PY\nname_zh=a\nname_en=b\nutc_offset=+08:00\ndrill=true\n"
            "clock=2026-09-30T00:00:00+08:00\n",
            "[site]\nnumber=7\nletters=LA\nname_zh=a\nname_en=b\nutc_offset=+08:00\ndrill=true\n"
            "clock=2026-09-30T00:00:00+08:00\n",
            "[site]\nnumber=7\nletters=PY\nname_zh=a\nname_en=b\nutc_offset=+08:00\ndrill=false\n"};
    struct diff diff = {0};
    start_anew(state);
    assert_int_equal(apply_now(true, &diff), OK);
    for (size_t i = 0; i < G_N_ELEMENTS(sites); i++) {
        file_put(dir, "site.conf", sites[i]);
        assert_int_equal(apply_now(true, &diff), ERR_CONFLICT);
    }
    assert_int_equal(kit_pg_int(server, "SELECT version FROM directory.site"), 1);
    profile_put(dir);
    assert_int_equal(apply_now(true, &diff), OK); /* the connection is usable, nothing changed */
    assert_false(diff.any);
}

static void production_site_has_no_clock(void **state)
{
    struct diff diff = {0};
    start_anew(state);
    file_put(dir, "site.conf",
            "[site]\nnumber=7\nletters=PY\nname_zh=a\nname_en=b\nutc_offset=+08:00\ndrill=false\n");
    assert_int_equal(apply_now(true, &diff), OK);
    assert_int_equal(
            kit_pg_int(server, "SELECT count(*) FROM directory.site WHERE clock IS NULL"), 1);
}

/* Written all the same, and said: also by a dry run, of the calendar as it would be. */
static void missing_year_is_said_before_it_is_needed(void **state)
{
    struct diff diff = {0};
    start_anew(state);
    file_put(dir, "matters.csv",
            MATTERS_HEAD MATTER_ROW("M1", "street", "squad", "G", "SQ", "work", "60"));
    file_put(dir, "site.conf", GOOD_SITE "hours=09:00-18:00\n");
    assert_int_equal(apply_now(true, &diff), OK);
    assert_int_equal(diff.year_missing, 0);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM directory.site WHERE hours ="
                                        " '09:00-18:00'"),
            1);
    file_put(dir, "calendar.csv", "day,working,name\n2025-10-01,false,国庆节\n");
    assert_int_equal(apply_now(false, &diff), OK);
    assert_int_equal(diff.year_missing, 2026);
    assert_int_equal(apply_now(true, &diff), OK);
    assert_int_equal(diff.year_missing, 2026);
    file_put(dir, "site.conf", GOOD_SITE);
    assert_int_equal(apply_now(true, &diff), OK);
    assert_part(&diff, DIFF_SITE, "0 1 0");
}

#define MATTER_TWO MATTER_ROW("M2", "street", "squad", "G", "SQ", "work", "90")

static struct diff matters_now(const char *csv)
{
    struct diff diff = {0};
    file_put(dir, "matters.csv", csv);
    assert_int_equal(apply_now(true, &diff), OK);
    return diff;
}

static long long matter_number(const char *column, const char *where)
{
    g_autofree char *sql =
            g_strdup_printf("SELECT %s FROM directory.matter WHERE %s", column, where);
    return kit_pg_int(server, sql);
}

/* Rules that change get a row of their own; the old one stays as it was, under its id. */
static void changed_rules_are_another_row(void **state)
{
    start_anew(state);
    struct diff diff = matters_now(GOOD_MATTERS MATTER_TWO);
    assert_part(&diff, DIFF_MATTERS, "2 0 0");
    long long first = matter_number("id", "code = 'M1'"),
              second = matter_number("id", "code = 'M2'");
    diff = matters_now(
            MATTERS_HEAD MATTER_ROW("M1", "street", "squad", "G", "SQ", "all", "45") MATTER_TWO);
    assert_part(&diff, DIFF_MATTERS, "0 1 0");
    assert_int_equal(diff.version, 2);
    long long later = matter_number("id", "code = 'M1' AND NOT retired");
    assert_int_not_equal(later, first);
    assert_int_equal(matter_number("item", "code = 'M1' AND NOT retired"), first);
    assert_int_equal(matter_number("handle_min", "code = 'M1' AND retired"), 60);
    assert_int_equal(matter_number("id", "code = 'M1' AND retired"), first);
    assert_int_equal(matter_number("id", "code = 'M2'"), second);
    struct directory *directory = NULL;
    assert_int_equal(directory_load_now(pg, &directory), OK);
    assert_int_equal(matter_find(directory, (int32_t)first)->handle_ms, 3600000);
    assert_int_equal(matter_find_code(directory, "M1")->handle_ms, 2700000);
    assert_int_equal(matter_find_code(directory, "M1")->item, first);
    directory_destroy(&directory);
}

/* Rules of old that hold again are the row of old again; so is a code that was gone. */
static void rules_of_old_are_the_row_of_old(void **state)
{
    start_anew(state);
    (void)matters_now(GOOD_MATTERS MATTER_TWO);
    long long first = matter_number("id", "code = 'M1'");
    struct diff diff = matters_now(MATTERS_HEAD MATTER_TWO);
    assert_part(&diff, DIFF_MATTERS, "0 0 1");
    diff = matters_now(
            MATTERS_HEAD MATTER_ROW("M1", "street", "squad", "G", "SQ", "all", "45") MATTER_TWO);
    assert_part(&diff, DIFF_MATTERS, "0 1 0");
    assert_int_equal(matter_number("item", "code = 'M1' AND NOT retired"), first);
    diff = matters_now(GOOD_MATTERS MATTER_TWO);
    assert_part(&diff, DIFF_MATTERS, "0 1 0");
    assert_int_equal(matter_number("id", "code = 'M1' AND NOT retired"), first);
    assert_int_equal(matter_number("count(*)", "code = 'M1'"), 2);
    diff = matters_now(GOOD_MATTERS MATTER_TWO);
    assert_false(diff.any);
}

/* What people read is no rule: it changes where it stands, and nobody's case gets another row. */
static void changed_names_stay_in_their_row(void **state)
{
    start_anew(state);
    (void)matters_now(GOOD_MATTERS);
    long long id = matter_number("id", "code = 'M1'");
    struct diff diff = matters_now(
            MATTERS_HEAD "M1,d,事项,Thing,什么都管,normal,street,squad,G,,SQ,D,,,,all,5,30,60,30,"
                         "30,,0,no,must,fire,,0,0,normal,there\n");
    assert_part(&diff, DIFF_MATTERS, "0 1 0");
    assert_int_equal(matter_number("id", "code = 'M1' AND name_en = 'Thing' AND category = 'd'"
                                         " AND covers_zh = '什么都管' AND origin = 'there'"),
            id);
    assert_int_equal(matter_number("count(*)", "true"), 1);
}

/* matters.csv with one cell of M1 changed. */
static char *matters_with(const char *column, const char *value)
{
    g_auto(GStrv) lines = g_strsplit(GOOD_MATTERS, "\n", -1);
    g_auto(GStrv) heads = g_strsplit(lines[0], ",", -1);
    g_auto(GStrv) cells = g_strsplit(lines[1], ",", -1);
    for (size_t i = 0; heads[i] != NULL; i++)
        if (strcmp(heads[i], column) == 0) {
            g_free(cells[i]);
            cells[i] = g_strdup(value);
        }
    g_autofree char *row = g_strjoinv(",", cells);
    return g_strdup_printf("%s%s\n", MATTERS_HEAD, row);
}

/* Each column that decides makes a new row by itself. */
static void every_rule_makes_a_version(void **state)
{
    static const char *const changes[][2] = {{"urgency", "urgent"}, {"start_level", "village"},
            {"handler_kind", "desk"}, {"handler_grid", ""}, {"handler_village", "V"},
            {"handler_street", ""}, {"handler_district", ""}, {"village_duty", "main"},
            {"street_duty", "main"}, {"district_duty", "main"}, {"clock", "work"},
            {"accept_min", "6"}, {"arrive_min", "31"}, {"handle_min", "61"}, {"step_up_min", "31"},
            {"verify_min", "31"}, {"verifier", "street"}, {"self_handle", "1"},
            {"volunteer", "may"}, {"squad", "may"}, {"squad_capability", "flood"},
            {"evidence", "photo"}, {"dup_m", "1"}, {"dup_h", "1"}, {"privacy", "masked"}};
    start_anew(state);
    (void)matters_now(GOOD_MATTERS);
    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *csv = matters_with(changes[i][0], changes[i][1]);
        struct diff diff = matters_now(csv);
        long long rows = matter_number("count(*)", "true"), expected = (long long)i + 2;
        if (diff.parts[DIFF_MATTERS].changed != 1 || rows != expected)
            fail_msg("%s: found %lld rows, expected %lld", changes[i][0], rows, expected);
    }
}

/* The last of `count` kept is what the services' directory says. */
static void kept_is_the_directorys(size_t count)
{
    struct directory *directory = NULL;
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct hours_kept));
    assert_int_equal(directory_load_now(pg, &directory), OK);
    assert_int_equal(store_hours_list(pg, list), OK);
    assert_int_equal(list->len, count);
    const struct hours_kept *kept = &g_array_index(list, struct hours_kept, count - 1);
    assert_int_equal(kept->version, directory_version(directory));
    assert_memory_equal(&kept->calendar, directory_calendar(directory), sizeof(struct calendar));
    for (size_t i = 0; i < directory_unit_count(directory); i++) {
        const struct unit *unit = directory_unit(directory, i);
        assert_memory_equal(hours_kept_of(kept, unit->id), unit->hours, sizeof(struct hours));
    }
    for (guint i = 0; i < list->len; i++)
        hours_kept_fini(&g_array_index(list, struct hours_kept, i));
    directory_destroy(&directory);
}

#define UNITS_HEAD_DUTY "scope,code,parent,level,kind,name_zh,name_en,duty\n"

/* Working time is kept when it changes and only then, and says of every unit what the directory
 * says. */
static void working_time_is_kept_by_version(void **state)
{
    static const char *const plain = UNITS_HEAD_DUTY "unit,D,,district,district,区,District,\n"
                                                     "unit,S,D,street,street,街,Street,%s\n"
                                                     "unit,S/SQ,S,street,squad,队,Squad,%s\n"
                                                     "unit,V,S,village,village,村,Village,\n"
                                                     "unit,G1,V,grid,grid,一,One,\n"
                                                     "unit,G2,V,grid,grid,二,Two,%s\n";
    static const char *const duties[][3] = {{"", "", ""}, {"work 07:00-11:00", "", "work"},
            {"work 07:00-11:00", "work 22:00-06:00", "work 07:00-11:00"}};
    struct diff diff = {0};
    start_anew(state);
    for (size_t i = 0; i < G_N_ELEMENTS(duties); i++) {
        g_autofree char *units = g_strdup_printf(plain, duties[i][0], duties[i][1], duties[i][2]);
        file_put(dir, "units.csv", units);
        assert_int_equal(apply_now(true, &diff), OK);
        assert_int_equal(apply_now(true, &diff), OK);
        assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM directory.hours_version"), i + 1);
        kept_is_the_directorys(i + 1);
    }
    file_put(dir, "staff.csv", "code,name,unit,role,skills,from,to\nW1,丙,G1,worker,,,\n");
    assert_int_equal(apply_now(true, &diff), OK);
    assert_int_equal(diff.version, 4);
    assert_int_equal(kit_pg_int(server, "SELECT max(version) FROM directory.hours_version"), 3);
    file_put(dir, "calendar.csv", GOOD_DAYS "2026-10-02,false,国庆节\n");
    assert_int_equal(apply_now(true, &diff), OK);
    assert_int_equal(kit_pg_int(server, "SELECT max(version) FROM directory.hours_version"), 5);
    kept_is_the_directorys(4);
}

/* A mistake in a file: the command fails and not a row is written. */
static void command_writes_nothing_when_something_is_wrong(void **state)
{
    g_autofree char *home = g_dir_make_tmp("huying-home-XXXXXX", NULL);
    g_autofree char *conf = g_build_filename(home, "conf", NULL);
    g_autofree char *line = g_strdup_printf("apply %s --home %s -o json", dir, home);
    g_autofree char *text =
            g_strdup_printf("[store]\nconninfo=%s\n", kit_pg_conninfo(server, "huying_ctl"));
    start_anew(state);
    assert_int_equal(g_mkdir(conf, 0700), 0);
    file_put(conf, "ctl.conf", text);
    file_put(dir, "calendar.csv", GOOD_DAYS "2026-13-01,true,\n");
    assert_int_equal(command_run(command_apply, line), EXIT_FAILED);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM directory.unit"), 0);
    file_put(dir, "calendar.csv", GOOD_DAYS);
    assert_int_equal(command_run(command_apply, line), EXIT_DONE);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM directory.unit"), 6);
    g_autofree char *restored = g_strdup_printf("restored --home %s", home);
    assert_int_equal(command_run(command_restored, restored), EXIT_DONE);
    assert_true(kit_pg_int(server, "SELECT incarnation FROM directory.site") > 1700000000);
    dir_remove(home);
}

static void large_profile_is_written_once(void **state)
{
    struct diff diff = {0};
    g_autoptr(GString) units = g_string_new(GOOD_UNITS);
    start_anew(state);
    for (int i = 0; i < LARGE_GRIDS; i++)
        g_string_append_printf(units, "unit,L%d,V,grid,grid,格%d,Grid %d,,0\n", i, i, i);
    file_put(dir, "units.csv", units->str);
    file_put(dir, "staff.csv",
            "code,name,unit,role,skills,from,to\nW-{U},员{U},each:grid,worker,,,\n");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(apply_now(true, &diff), OK);
        assert_int_equal(diff.parts[DIFF_UNITS].added, round == 0 ? LARGE_GRIDS + 6 : 0);
        assert_int_equal(diff.parts[DIFF_STAFF].added, round == 0 ? LARGE_GRIDS + 2 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(first_apply_writes_all),
            cmocka_unit_test(same_profile_changes_nothing),
            cmocka_unit_test(gone_is_retired_and_comes_back_with_its_id),
            cmocka_unit_test(drill_clock_is_set_once),
            cmocka_unit_test(another_site_is_refused),
            cmocka_unit_test(production_site_has_no_clock),
            cmocka_unit_test(missing_year_is_said_before_it_is_needed),
            cmocka_unit_test(changed_rules_are_another_row),
            cmocka_unit_test(rules_of_old_are_the_row_of_old),
            cmocka_unit_test(changed_names_stay_in_their_row),
            cmocka_unit_test(every_rule_makes_a_version),
            cmocka_unit_test(working_time_is_kept_by_version),
            cmocka_unit_test(command_writes_nothing_when_something_is_wrong),
            cmocka_unit_test(large_profile_is_written_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
