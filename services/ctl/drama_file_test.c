/* A story's file: what is right is read in order of time, what is wrong is named with row and
 * column, all of it at once; leaving out a row leaves out what needs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "services/ctl/drama.h"
#include "services/ctl/testing.h"

#define HEAD "line,name,needs,time,who,verb,case,with,verdict,expect,zh,en\n"
#define REPORT "S1,in,,2026-09-30 10:02,W1,report,van,matter=M1; place=V,,due=11:02,甲,A\n"
#define VERIFY "S1,look,in,2026-09-30 10:59,W1,verify,van,,refused:not_handled,state=closed,乙,B\n"

static char *dir;
static struct directory *directory;

static int setup(void **state)
{
    static const struct unit units[] = {
            {.id = 1, .code = "D", .level = LEVEL_DISTRICT, .kind = "district"},
            {.id = 2, .parent = 1, .code = "V", .level = LEVEL_VILLAGE, .kind = "village"},
            {.id = 3, .parent = 1, .code = "EMPTY", .level = LEVEL_DISTRICT, .kind = "desk"}};
    static const struct staff staff[] = {{.id = 11, .code = "W1", .unit = 2, .role = "worker"}};
    static const struct matter matters[] = {{.id = 1, .code = "M1", .all_hours = true}};
    const struct directory_rows rows = {.version = 1,
            .site = 7,
            .utc_offset_s = 28800,
            .site_letters = "PY",
            .units = units,
            .unit_count = 3,
            .matters = matters,
            .matter_count = 1,
            .staff = staff,
            .staff_count = 1};
    (void)state;
    dir = g_dir_make_tmp("huying-drama-XXXXXX", NULL);
    directory = directory_build(&rows);
    return !dir || !directory;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&directory);
    dir_remove(dir);
    g_free(dir);
    return 0;
}

/* The faults' text; "" = none. The caller's to g_free. */
static char *read_rows(const char *rows, struct drama_file *file)
{
    struct faults faults = {.english = true};
    g_autofree char *text = g_strconcat(HEAD, rows, NULL);
    g_autofree char *path = g_build_filename(dir, "day.csv", NULL);
    file_put(dir, "day.csv", text);
    bool sound = drama_file_read(path, directory, &faults, file);
    char *said = g_strdup(faults.text.data ? faults.text.data : "");
    assert_int_equal(sound, *said == '\0');
    faults_fini(&faults);
    return said;
}

static void right_file_is_read_in_order_of_time(void **state)
{
    struct drama_file file;
    g_autofree char *said = read_rows(REPORT VERIFY
            "S2,,,2026-09-30T10:30:00.500+08:00,V,handle,van,evidence=photo4,,,丙,C\n"
            "S2,,,2026-09-30 10:59,,expect,van,,,at.yellow=10:44; units.yellow=V,丁,D\n"
            "S3,,,2026-09-30 11:00,resident,follow,van,code=wrong,not_found,,戊,E\n"
            "S3,,,2026-09-30 11:00,resident,follow,van,code=van,,says=a,己,F\n",
            &file);
    (void)state;
    assert_string_equal(said, "");
    assert_int_equal(file.count, 6);
    assert_true(file.rows[4].resident);
    assert_int_equal(file.alias_count, 1);
    const char *const order[] = {"A", "C", "B", "D"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(file.order[i]->en, order[i]);
    assert_int_equal(file.order[0]->at_ms, INT64_C(1790733720000));
    assert_int_equal(file.order[1]->at_ms, INT64_C(1790735400500));
    assert_string_equal(file.order[1]->actor, "W1"); /* the village's first */
    assert_int_equal(file.order[2]->verdict, VERDICT_REFUSED);
    assert_string_equal(file.order[2]->reason, "not_handled");
    assert_string_equal(drama_pair_find(&file.order[0]->with, "place"), "V");
    assert_null(drama_pair_find(&file.order[0]->with, "point"));
    drama_file_fini(&file);
}

static void each_mistake_is_named_with_row_and_column(void **state)
{
    static const struct {
        const char *rows, *said;
    } cases[] = {{REPORT "S1,,,2026-09-30 10:01,W1,verify,van,,,,z,e\n", "day.csv:3: time: "},
            {"S1,,,30 Sep,W1,report,a,matter=M1,,,z,e\n", "day.csv:2: time: found \"30 Sep\""},
            {"S1,,,2026-09-30 10:02,W9,report,a,matter=M1,,,z,e\n", "day.csv:2: who: found \"W9\""},
            {"S1,,,2026-09-30 10:02,EMPTY,report,a,matter=M1,,,z,e\n", "day.csv:2: who: "},
            {REPORT "S1,,,2026-09-30 10:03,,verify,van,,,,z,e\n", "day.csv:3: who: found \"\""},
            {"S1,,,2026-09-30 10:02,W1,teleport,a,,,,z,e\n", "day.csv:2: verb: found \"teleport\""},
            {"S1,,,2026-09-30 10:02,W1,verify,a,,,,z,e\n", "day.csv:2: case: found \"a\""},
            {"S1,,,2026-09-30 10:02,W1,report,a,place=V,,,z,e\n", "expected matter=CODE"},
            {"S1,,,2026-09-30 10:02,W1,report,a,matter=M9,,,z,e\n",
                    "day.csv:2: with: found \"M9\""},
            {"S1,,,2026-09-30 10:02,W1,report,a,matter=M1; place=X,,,z,e\n", "found \"X\""},
            {"S1,,,2026-09-30 10:02,W1,report,a,matter=M1; unit=V,,,z,e\n", "found \"unit\""},
            {"S1,,,2026-09-30 10:02,W1,report,a,matter=M1; point=1;,,,z,e\n", "longitude,latitude"},
            {"S1,,,2026-09-30 10:02,W1,report,a,matter,,,z,e\n", "expected name=value"},
            {REPORT "S1,,,2026-09-30 10:03,W1,score,van,part=one,,,z,e\n", "a whole number"},
            {REPORT "S1,,,2026-09-30 10:03,W1,follow,van,,,,z,e\n", "who: found \"W1\""},
            {REPORT "S1,,,2026-09-30 10:03,resident,follow,van,code=S9,,,z,e\n", "found \"S9\""},
            {REPORT "S1,,,2026-09-30 10:03,resident,follow,van,part=1,,,z,e\n", "found \"part\""},
            {REPORT "S1,,,2026-09-30 10:03,W1,handle,van,evidence=song2,,,z,e\n", "photo4"},
            {REPORT "S1,,,2026-09-30 10:03,W1,handle,van,,perhaps,,z,e\n", "day.csv:3: verdict: "},
            {REPORT "S1,,,2026-09-30 10:03,W1,handle,van,,,mood=good,z,e\n", "found \"mood\""},
            {REPORT "S1,,,2026-09-30 10:03,W1,handle,van,,,due=soon,z,e\n", "found \"soon\""},
            {REPORT "S1,,,2026-09-30 10:03,W1,handle,van,,,handler=X,z,e\n", "found \"X\""},
            {REPORT "S1,,,2026-09-30 10:03,,expect,van,,,\"listed=V,X\",z,e\n", "found \"V,X\""},
            {REPORT "S1,,,2026-09-30 10:03,,figures,,,,state=closed,z,e\n", "found \"state\""},
            {REPORT "S1,,out,2026-09-30 10:03,W1,handle,van,,,,z,e\n", "day.csv:3: needs: "},
            {REPORT "S2,,in,2026-09-30 10:03,W1,handle,van,,,,z,e\n", "day.csv:3: needs: "},
            {REPORT "S1,in,,2026-09-30 10:03,W1,handle,van,,,,z,e\n", "day.csv:3: name: "},
            {"S1,,,2026-09-30 10:02,W1,reconcile,,,,,z,e\n", "day.csv:2: who: found \"W1\""},
            {",,,2026-09-30 10:02,W1,report,a,matter=M1,,,z,e\n", "day.csv:2: line: "},
            {"S1,,,2026-09-30 10:02,W1,report,a,matter=M1,,,z,\n", "day.csv:2: en: "}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct drama_file file;
        g_autofree char *said = read_rows(cases[i].rows, &file);
        if (!strstr(said, cases[i].said))
            fail_msg("%s: said \"%s\", expected \"%s\"", cases[i].rows, said, cases[i].said);
        drama_file_fini(&file);
    }
}

static void all_mistakes_are_named_at_once(void **state)
{
    struct drama_file file;
    g_autofree char *said = read_rows(
            "S1,,,never,W9,teleport,a,,,,z,e\nS1,,,2026-09-30 10:02,W1,report,a,,,,z,e\n", &file);
    (void)state;
    assert_non_null(strstr(said, "day.csv:2: time: "));
    assert_non_null(strstr(said, "day.csv:2: who: "));
    assert_non_null(strstr(said, "day.csv:2: verb: "));
    assert_non_null(strstr(said, "day.csv:3: with: "));
    drama_file_fini(&file);
}

/* Rows that are told, as their English sentences; "?" = the choice was refused. */
static char *chosen(char **without, char **lines)
{
    struct drama_file file;
    const char *wrong = NULL;
    g_autofree char *said = read_rows(REPORT "S1,sign,in,2026-09-30 10:10,W1,handle,van,,,,z,B\n"
                                             "S1,close,sign,2026-09-30 10:20,W1,verify,van,,,,z,C\n"
                                             "S1,,!sign,2026-09-30 10:30,,expect,van,,,,z,D\n"
                                             "S2,,,2026-09-30 10:40,,skip,,,,,z,E\n"
                                             "S3,,!S1:sign,2026-09-30 10:50,,skip,,,,,z,F\n",
            &file);
    assert_string_equal(said, "");
    GString *told = g_string_new("");
    if (!drama_file_choose(&file, without, lines, &wrong))
        g_string_append_printf(told, "?%s", wrong);
    else
        for (size_t i = 0; i < file.count; i++)
            g_string_append(told, file.order[i]->out ? "" : file.order[i]->en);
    drama_file_fini(&file);
    return g_string_free(told, FALSE);
}

static void leaving_out_a_row_leaves_out_what_needs_it(void **state)
{
    static const struct {
        const char *without, *line, *told;
    } cases[] = {{NULL, NULL, "ABCE"}, {"S1:sign", NULL, "ADEF"}, {"S1:close", NULL, "ABE"},
            {"S1:in", NULL, "DEF"}, {NULL, "S1", "ABC"}, {"S1:sign", "S1", "AD"}, {NULL, "S2", "E"},
            {"S1:nobody", NULL, "?S1:nobody"}, {"S1:", NULL, "?S1:"}, {"sign", NULL, "?sign"},
            {NULL, "S9", "?S9"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *without[] = {(char *)(uintptr_t)cases[i].without, NULL};
        char *lines[] = {(char *)(uintptr_t)cases[i].line, NULL};
        g_autofree char *told = chosen(without, lines);
        if (strcmp(told, cases[i].told) != 0)
            fail_msg("without %s, line %s: told %s, expected %s", cases[i].without, cases[i].line,
                    told, cases[i].told);
    }
}

static void instants_are_read_and_written_as_people_do(void **state)
{
    static const struct {
        const char *text, *form; /* NULL: not understood */
    } cases[] = {{"2026-09-30 10:02", "2026-09-30 10:02"}, {"10:02", "2026-10-10 10:02"},
            {"10:02:03.004", "2026-10-10 10:02:03.004"},
            {"2026-09-30T02:02:07Z", "2026-09-30 10:02:07"}, {"2026-09-30 25:00", NULL},
            {"2026-02-30 10:00", NULL}, {"2026-09-30", NULL}, {"10:2", NULL}, {"", NULL},
            {"2026-09-30 10:02:03.00400000000000000000", NULL}};
    const int64_t day_ms = INT64_C(1791597600000); /* 2026-10-10 10:00 +08:00 */
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t at_ms = 0;
        char form[INSTANT_SIZE] = "";
        bool read = drama_instant_parse(cases[i].text, 28800, day_ms, &at_ms);
        if (read)
            drama_instant_format(form, at_ms, 28800);
        if (read != (cases[i].form != NULL) || (read && strcmp(form, cases[i].form) != 0))
            fail_msg("%s: read as \"%s\", expected %s", cases[i].text, form, cases[i].form);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(right_file_is_read_in_order_of_time),
            cmocka_unit_test(each_mistake_is_named_with_row_and_column),
            cmocka_unit_test(all_mistakes_are_named_at_once),
            cmocka_unit_test(leaving_out_a_row_leaves_out_what_needs_it),
            cmocka_unit_test(instants_are_read_and_written_as_people_do)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
