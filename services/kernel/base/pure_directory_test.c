/* A small district by hand for every question, and a large random one against plain searches. */
#include "services/kernel/base/pure_directory.h"

#include <string.h>
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"

#define LARGE_UNITS 3000

/* Not in order of code, children before parents: the order of rows must not matter. */
static const struct unit units[] = {
        {.id = 31, .parent = 30, .code = "440-7-2-g1", .level = LEVEL_GRID, .kind = "grid"},
        {.id = 21, .parent = 20, .code = "440-7-S-ZZ", .level = LEVEL_STREET, .kind = "desk"},
        {.id = 30, .parent = 20, .code = "440-7-2", .level = LEVEL_VILLAGE, .kind = "village"},
        {.id = 20, .parent = 10, .code = "440-7", .level = LEVEL_STREET, .kind = "street"},
        {.id = 10,
                .code = "440",
                .name_zh = "番禺区",
                .level = LEVEL_DISTRICT,
                .kind = "district",
                .capabilities = "dispatch;supervise"},
        {.id = 11, .parent = 10, .code = "D-GA", .level = LEVEL_DISTRICT, .kind = "department"},
        {.id = 22, .parent = 10, .code = "440-8", .level = LEVEL_STREET, .kind = "street"},
        {.id = 23, .parent = 22, .code = "440-8-S-ZZ", .level = LEVEL_STREET, .kind = "desk"},
        {.id = 24, .parent = 20, .code = "440-7-XS-ZZ", .level = LEVEL_STREET, .kind = "desk"},
        {.id = 32, .parent = 20, .code = "440-7-1", .level = LEVEL_VILLAGE, .kind = "village"},
};

static const struct matter matters[] = {
        {.id = 5, .code = "XX-01", .handler_code = {"", "G", "", "S-ZZ", "D-GA"}},
        {.id = 6, .code = "XX-02", .handler_code = {[LEVEL_STREET] = "Z-NONE"}},
        {.id = 7, .code = "XX-09", .handler_code = {[LEVEL_STREET] = "440-8-S-ZZ"}},
};

static const struct staff staff[] = {
        {.id = 1, .code = "w-2", .name = "B", .unit = 31, .to_min = 1440},
        {.id = 2,
                .code = "v-1",
                .unit = 30,
                .skills = "plumbing;electric",
                .from_min = 480,
                .to_min = 1260},
        {.id = 3, .code = "w-1", .unit = 31, .to_min = 1440},
        {.id = 4, .code = "n-1", .unit = 30, .from_min = 1320, .to_min = 360},
};

static struct directory_rows rows_small(void)
{
    return (struct directory_rows){.version = 12,
            .site = 3,
            .utc_offset_s = 8 * 3600,
            .site_letters = "PY",
            .units = units,
            .unit_count = COUNT_OF(units),
            .matters = matters,
            .matter_count = COUNT_OF(matters),
            .staff = staff,
            .staff_count = COUNT_OF(staff)};
}

static int setup(void **state)
{
    struct directory_rows rows = rows_small();
    *state = directory_build(&rows);
    return *state == NULL;
}

static int teardown(void **state)
{
    struct directory *directory = *state;
    directory_destroy(&directory);
    return directory != NULL;
}

static void directory_find_by_id_and_code(void **state)
{
    const struct directory *directory = *state;
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        assert_int_equal(unit_find(directory, units[i].id)->id, units[i].id);
        assert_int_equal(unit_find_code(directory, units[i].code)->id, units[i].id);
    }
    assert_null(unit_find(directory, 999));
    assert_null(unit_find(directory, 0));
    assert_null(unit_find_code(directory, "440-"));
    assert_null(unit_find_code(directory, ""));
    assert_int_equal(matter_find(directory, 6)->id, 6);
    assert_null(matter_find(directory, 8));
    assert_string_equal(matter_find_code(directory, "XX-01")->code, "XX-01");
    assert_null(matter_find_code(directory, "XX-03"));
    assert_int_equal(staff_find(directory, "w-1")->id, 3);
    assert_null(staff_find(directory, "w-3"));
    assert_int_equal(directory_version(directory), 12);
    assert_int_equal(directory_site(directory), 3);
    assert_int_equal(directory_utc_offset_s(directory), 8 * 3600);
    assert_string_equal(directory_site_letters(directory), "PY");
}

static void directory_copies_rows_and_absent_texts_are_empty(void **state)
{
    const struct directory *directory = *state;
    const struct unit *root = unit_find(directory, 10);
    assert_ptr_not_equal(root->code, units[4].code);
    assert_string_equal(root->name_zh, "番禺区");
    assert_string_equal(root->name_en, "");
    assert_string_equal(matter_find(directory, 5)->squad_capability, "");
    assert_string_equal(staff_find(directory, "w-1")->name, "");
}

static void unit_tree_has_parents_depths_and_levels(void **state)
{
    const struct directory *directory = *state;
    const struct unit *grid = unit_find(directory, 31);
    assert_int_equal(grid->depth, 3);
    assert_int_equal(unit_parent(directory, grid)->id, 30);
    assert_null(unit_parent(directory, unit_find(directory, 10)));
    assert_int_equal(unit_root(directory)->id, 10);
    assert_int_equal(unit_at_level(directory, grid, LEVEL_GRID)->id, 31);
    assert_int_equal(unit_at_level(directory, grid, LEVEL_VILLAGE)->id, 30);
    assert_int_equal(unit_at_level(directory, grid, LEVEL_STREET)->id, 20);
    assert_int_equal(unit_at_level(directory, grid, LEVEL_DISTRICT)->id, 10);
    assert_null(unit_at_level(directory, grid, LEVEL_NONE));
    /* A desk is no area: at its own level stands the street. */
    assert_int_equal(unit_at_level(directory, unit_find(directory, 21), LEVEL_STREET)->id, 20);
    assert_null(unit_at_level(directory, unit_find(directory, 20), LEVEL_VILLAGE));
}

static void unit_within_is_itself_and_everything_below(void **state)
{
    const struct directory *directory = *state;
    assert_true(unit_within(directory, unit_find(directory, 31), 31));
    assert_true(unit_within(directory, unit_find(directory, 31), 20));
    assert_true(unit_within(directory, unit_find(directory, 31), 10));
    assert_false(unit_within(directory, unit_find(directory, 31), 22));
    assert_false(unit_within(directory, unit_find(directory, 20), 31));
    assert_false(unit_within(directory, unit_find(directory, 20), 999));
}

static void unit_child_lists_in_order_of_code(void **state)
{
    const struct directory *directory = *state;
    static const int64_t expected[] = {32, 30, 21, 24};
    const struct unit *street = unit_find(directory, 20);
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_int_equal(unit_child(directory, street, i)->id, expected[i]);
    }
    assert_null(unit_child(directory, street, COUNT_OF(expected)));
    assert_null(unit_child(directory, unit_find(directory, 31), 0));
    assert_int_equal(directory_unit_count(directory), COUNT_OF(units));
    assert_non_null(directory_unit(directory, COUNT_OF(units) - 1));
    assert_null(directory_unit(directory, COUNT_OF(units)));
}

static void directory_handler_is_named_unit_or_the_area(void **state)
{
    const struct directory *directory = *state;
    const struct matter *first = matter_find(directory, 5), *second = matter_find(directory, 6);
    static const struct {
        int64_t place;
        enum level level;
        int64_t by_first, by_second; /* 0 = none */
    } cases[] = {
            {31, LEVEL_STREET, 21,
                    20}, /* not 24: "XS-ZZ" is another name; not 23: another street */
            {22, LEVEL_STREET, 23, 22},
            {31, LEVEL_DISTRICT, 11, 10},
            {31, LEVEL_VILLAGE, 30, 30},
            {31, LEVEL_GRID, 31, 31},
            {20, LEVEL_GRID, 0, 0},
            {20, LEVEL_NONE, 0, 0},
    };
    /* A whole code counts only where it stands below the area. */
    const struct matter *third = matter_find(directory, 7);
    const struct unit *grid = unit_find(directory, 31), *other = unit_find(directory, 22);
    assert_int_equal(directory_handler(directory, third, grid, LEVEL_STREET)->id, 20);
    assert_int_equal(directory_handler(directory, third, other, LEVEL_STREET)->id, 23);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct unit *place = unit_find(directory, cases[i].place);
        const struct unit *a = directory_handler(directory, first, place, cases[i].level);
        const struct unit *b = directory_handler(directory, second, place, cases[i].level);
        assert_int_equal(a == NULL ? 0 : a->id, cases[i].by_first);
        assert_int_equal(b == NULL ? 0 : b->id, cases[i].by_second);
    }
}

static void directory_retired_rows_are_found_by_id_only(void **state)
{
    (void)state;
    static const struct unit some[] = {
            {.id = 9, .code = "old-root", .kind = "district", .retired = true},
            {.id = 1, .code = "r", .level = LEVEL_DISTRICT, .kind = "district"},
            {.id = 2, .parent = 1, .code = "a", .retired = true},
            {.id = 3, .parent = 1, .code = "b"}, {.id = 4, .parent = 1, .code = "a"},
            {.id = 5, .parent = 1, .code = "a", .retired = true},
            {.id = 6, .parent = 1, .code = "c", .retired = true}};
    static const struct matter kinds[] = {{.id = 1, .code = "m", .retired = true},
            {.id = 2, .code = "m", .handler_code = {[LEVEL_DISTRICT] = "c"}},
            {.id = 3, .code = "n", .retired = true}};
    const struct directory_rows rows = {.units = some,
            .unit_count = COUNT_OF(some),
            .matters = kinds,
            .matter_count = COUNT_OF(kinds)};
    struct directory *directory = directory_build(&rows);
    assert_non_null(directory);
    assert_int_equal(unit_root(directory)->id, 1);
    assert_int_equal(unit_find(directory, 2)->id, 2);
    assert_int_equal(unit_find(directory, 5)->id, 5);
    assert_int_equal(unit_find_code(directory, "a")->id, 4);
    assert_null(unit_find_code(directory, "c"));
    const struct unit *root = unit_root(directory);
    assert_int_equal(unit_child(directory, root, 0)->id, 4);
    assert_int_equal(unit_child(directory, root, 1)->id, 3);
    assert_null(unit_child(directory, root, 2));
    const struct matter *matter = matter_find_code(directory, "m");
    assert_int_equal(matter->id, 2);
    assert_non_null(matter_find(directory, 1));
    assert_null(matter_find_code(directory, "n"));
    assert_int_equal(directory_handler(directory, matter, root, LEVEL_DISTRICT)->id, 1);
    directory_destroy(&directory);
}

static void unit_capable_compares_whole_words(void **state)
{
    const struct unit *unit = unit_find(*state, 10);
    assert_true(unit_capable(unit, ""));
    assert_true(unit_capable(unit, "dispatch"));
    assert_true(unit_capable(unit, "supervise"));
    assert_false(unit_capable(unit, "super"));
    assert_false(unit_capable(unit, "patch"));
    assert_false(unit_capable(unit, "dispatch;supervise;more"));
    assert_false(unit_capable(unit_find(*state, 11), "dispatch"));
}

static void staff_of_unit_lists_in_order_of_code(void **state)
{
    const struct directory *directory = *state;
    assert_string_equal(staff_of_unit(directory, 31, 0)->code, "w-1");
    assert_string_equal(staff_of_unit(directory, 31, 1)->code, "w-2");
    assert_null(staff_of_unit(directory, 31, 2));
    assert_null(staff_of_unit(directory, 10, 0));
    assert_null(staff_of_unit(directory, 999, 0));
}

static void staff_available_by_skill_and_local_hours(void **state)
{
    const struct directory *directory = *state;
    static const struct {
        const char *code, *skill;
        int64_t local_minute;
        bool available;
    } cases[] = {
            {"v-1", "plumbing", 480, true},
            {"v-1", "electric", 1259, true},
            {"v-1", "", 480, true},
            {"v-1", "plumbing", 479, false},
            {"v-1", "plumbing", 1260, false},
            {"v-1", "carpentry", 600, false},
            {"w-1", "", 0, true},
            {"w-1", "", 1439, true},
            {"w-1", "plumbing", 600, false},
            {"n-1", "", 1320, true},
            {"n-1", "", 359, true},
            {"n-1", "", 360, false},
            {"n-1", "", 1319, false},
            {"v-1", "", 600 - INT64_C(1440) * 365 * 60, true}, /* before 1970 */
            {"v-1", "", 479 - INT64_C(1440) * 365 * 60, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        /* Midnight of the site's 2 January is 16:00 UTC of the day before. */
        int64_t at_ms = INT64_C(1514822400000) + cases[i].local_minute * 60000;
        const struct staff *one = staff_find(directory, cases[i].code);
        assert_int_equal(
                staff_available(directory, one, cases[i].skill, at_ms), cases[i].available);
    }
}

static void directory_without_rows_answers_none(void **state)
{
    (void)state;
    const struct directory_rows rows = {.version = 1};
    struct directory *directory = directory_build(&rows);
    assert_non_null(directory);
    assert_null(unit_root(directory));
    assert_null(unit_find(directory, 1));
    assert_null(unit_find_code(directory, "x"));
    assert_null(staff_find(directory, "x"));
    assert_null(matter_find(directory, 1));
    directory_destroy(&directory);
    assert_null(directory);
    directory_destroy(&directory);
}

static void directory_build_refuses_rows_that_contradict_themselves(void **state)
{
    (void)state;
    static const struct unit twice_id[] = {{.id = 1, .code = "a"}, {.id = 1, .code = "b"}};
    static const struct unit twice_code[] = {{.id = 1, .code = "a"}, {.id = 2, .code = "a"}};
    static const struct unit no_parent[] = {
            {.id = 1, .code = "a"}, {.id = 2, .parent = 3, .code = "b"}};
    static const struct unit no_root[] = {
            {.id = 1, .parent = 2, .code = "a"}, {.id = 2, .parent = 1, .code = "b"}};
    static const struct unit circle[] = {{.id = 9, .code = "r"},
            {.id = 1, .parent = 2, .code = "a"}, {.id = 2, .parent = 1, .code = "b"}};
    static const struct unit own_parent[] = {
            {.id = 9, .code = "r"}, {.id = 1, .parent = 1, .code = "a"}};
    static const struct {
        const struct unit *units;
        size_t count;
    } cases[] = {{twice_id, 2}, {twice_code, 2}, {no_parent, 2}, {no_root, 2}, {circle, 3},
            {own_parent, 2}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct directory_rows rows = {.units = cases[i].units, .unit_count = cases[i].count};
        assert_null(directory_build(&rows));
    }
    static const struct staff lost[] = {{.id = 1, .code = "w", .unit = 77}};
    static const struct staff same[] = {
            {.id = 1, .code = "w", .unit = 10}, {.id = 2, .code = "w", .unit = 11}};
    static const struct matter matter_twice[] = {{.id = 1, .code = "m"}, {.id = 1, .code = "n"}};
    struct directory_rows rows = rows_small();
    rows.staff = lost;
    rows.staff_count = 1;
    assert_null(directory_build(&rows));
    rows.staff = same;
    rows.staff_count = 2;
    assert_null(directory_build(&rows));
    rows = rows_small();
    rows.matters = matter_twice;
    rows.matter_count = COUNT_OF(matter_twice);
    assert_null(directory_build(&rows));
}

static bool within_slowly(const struct unit *all, int at, int64_t ancestor)
{
    while (all[at].id != ancestor) {
        if (all[at].parent == 0) {
            return false;
        }
        at = (int)all[at].parent - 1;
    }
    return true;
}

static void directory_large_agrees_with_plain_searches(void **state)
{
    (void)state;
    static struct unit all[LARGE_UNITS];
    static char codes[LARGE_UNITS][24];
    struct rng rng;
    rng_seed(&rng, 99);
    for (int i = 0; i < LARGE_UNITS; i++) {
        (void)snprintf(codes[i], sizeof codes[i], "u-%d", (i * 7919) % LARGE_UNITS);
        int64_t parent = i == 0 ? 0 : 1 + (int64_t)rng_below(&rng, (uint64_t)i);
        all[i] = (struct unit){.id = i + 1, .parent = parent, .code = codes[i]};
    }
    const struct directory_rows rows = {.units = all, .unit_count = LARGE_UNITS};
    struct directory *directory = directory_build(&rows);
    assert_non_null(directory);
    size_t children = 0;
    for (int i = 0; i < LARGE_UNITS; i++) {
        const struct unit *unit = unit_find(directory, i + 1);
        assert_ptr_equal(unit_find_code(directory, codes[i]), unit);
        const char *before = "";
        const struct unit *child;
        for (size_t at = 0; (child = unit_child(directory, unit, at)) != NULL; at++, children++) {
            assert_int_equal(child->parent, unit->id);
            assert_true(strcmp(before, child->code) < 0);
            before = child->code;
        }
        int64_t ancestor = 1 + (int64_t)rng_below(&rng, 40);
        assert_int_equal(unit_within(directory, unit, ancestor), within_slowly(all, i, ancestor));
    }
    assert_int_equal(children, LARGE_UNITS - 1);
    directory_destroy(&directory);
}

/* Hours come from the nearest unit above that has some, at last from the site. */
static void unit_hours_come_from_above(void **state)
{
    (void)state;
    const struct hours site = {.count = 1, .shifts = {{510, 720}}};
    const struct hours own = {.count = 1, .shifts = {{0, 60}}};
    const struct unit some[] = {
            {.id = 1, .code = "a", .kind = "district", .level = LEVEL_DISTRICT},
            {.id = 2, .parent = 1, .code = "b", .kind = "desk", .hours = &own},
            {.id = 3, .parent = 2, .code = "c", .kind = "desk"},
            {.id = 4, .parent = 2, .code = "d", .kind = "desk", .hours = &site},
    };
    struct directory_rows rows = {.units = some, .unit_count = COUNT_OF(some), .hours = &site};
    struct directory *directory = directory_build(&rows);
    const struct matter all = {.all_hours = true}, work = {.all_hours = false};
    const struct unit *top = unit_find(directory, 1), *low = unit_find(directory, 3);
    assert_int_equal(top->hours->shifts[0].from, 510);
    assert_int_equal(low->hours->shifts[0].to, 60);
    assert_ptr_equal(low->hours, unit_find(directory, 2)->hours);
    assert_ptr_not_equal(low->hours, &own);
    assert_ptr_equal(unit_find(directory, 4)->hours, top->hours);
    assert_ptr_equal(matter_hours(&all, low), &HOURS_ALWAYS);
    assert_ptr_equal(matter_hours(&work, low), low->hours);
    directory_destroy(&directory);
    rows.hours = NULL;
    directory = directory_build(&rows);
    assert_true(unit_find(directory, 1)->hours->always);
    directory_destroy(&directory);
}

static void unit_duty_is_by_its_lists_or_its_level(void **state)
{
    (void)state;
    const struct matter matter = {
            .code = "YH-01", .duty = {[LEVEL_VILLAGE] = DUTY_ASSIST, [LEVEL_STREET] = DUTY_MAIN}};
    static const struct {
        struct unit unit;
        enum duty duty;
    } cases[] = {
            {{.kind = "desk", .matters_main = "YH-01;XX-01", .matters_assist = "*"}, DUTY_MAIN},
            {{.kind = "desk", .matters_main = "", .matters_assist = "XX-*;YH-*"}, DUTY_ASSIST},
            {{.kind = "desk", .matters_main = "XX-01", .matters_assist = ""}, DUTY_NONE},
            {{.kind = "desk", .level = LEVEL_STREET, .matters_main = "", .matters_assist = ""},
                    DUTY_NONE},
            {{.kind = "street", .level = LEVEL_STREET, .matters_main = "", .matters_assist = ""},
                    DUTY_MAIN},
            {{.kind = "street", .level = LEVEL_STREET, .matters_main = "X", .matters_assist = ""},
                    DUTY_NONE},
            {{.kind = "village", .level = LEVEL_VILLAGE, .matters_main = "", .matters_assist = ""},
                    DUTY_ASSIST},
            {{.kind = "grid", .level = LEVEL_GRID, .matters_main = "", .matters_assist = ""},
                    DUTY_NONE},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (unit_duty(&cases[i].unit, &matter) != cases[i].duty)
            fail_msg("row %zu: found %d", i, unit_duty(&cases[i].unit, &matter));
}

static void year_missing_looks_ahead_when_working_time_counts(void **state)
{
    (void)state;
    const struct calendar_day days[] = {{20700, true}};       /* 4 September 2026 */
    const int64_t day = INT64_C(86400000), end = 20819 * day; /* of 2026, UTC */
    struct matter matter = {.id = 1, .code = "m", .all_hours = true};
    struct directory_rows rows = {
            .matters = &matter, .matter_count = 1, .days = days, .day_count = 1};
    struct directory *directory = directory_build(&rows);
    assert_int_equal(directory_year_missing(directory, end), 0);
    directory_destroy(&directory);
    matter.all_hours = false;
    directory = directory_build(&rows);
    assert_int_equal(directory_year_missing(directory, end - CALENDAR_AHEAD_DAYS * day - 1), 0);
    assert_int_equal(directory_year_missing(directory, end - CALENDAR_AHEAD_DAYS * day), 2027);
    assert_int_equal(directory_year_missing(directory, end - 400 * day), 2025);
    directory_destroy(&directory);
    matter.retired = true;
    directory = directory_build(&rows);
    assert_int_equal(directory_year_missing(directory, end), 0);
    directory_destroy(&directory);
    rows.days = (const struct calendar_day[]){{0, true}, {36525, true}}; /* 1970, 2070 */
    rows.day_count = 2;
    assert_null(directory_build(&rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(directory_find_by_id_and_code),
            cmocka_unit_test(directory_copies_rows_and_absent_texts_are_empty),
            cmocka_unit_test(unit_tree_has_parents_depths_and_levels),
            cmocka_unit_test(unit_within_is_itself_and_everything_below),
            cmocka_unit_test(unit_child_lists_in_order_of_code),
            cmocka_unit_test(directory_handler_is_named_unit_or_the_area),
            cmocka_unit_test(directory_retired_rows_are_found_by_id_only),
            cmocka_unit_test(unit_capable_compares_whole_words),
            cmocka_unit_test(staff_of_unit_lists_in_order_of_code),
            cmocka_unit_test(staff_available_by_skill_and_local_hours),
            cmocka_unit_test(directory_without_rows_answers_none),
            cmocka_unit_test(directory_build_refuses_rows_that_contradict_themselves),
            cmocka_unit_test(directory_large_agrees_with_plain_searches),
            cmocka_unit_test(unit_hours_come_from_above),
            cmocka_unit_test(unit_duty_is_by_its_lists_or_its_level),
            cmocka_unit_test(year_missing_looks_ahead_when_working_time_counts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
