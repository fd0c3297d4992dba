/* A small tree is walked from several tops, with and without leaving out what is below a unit; the
 * order of codes is compared with a list written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "services/kernel/base/pure_tree.h"

#define UNIT(i, up, text, at, of_kind)                                                             \
    {                                                                                              \
        .id = (i), .parent = (up), .code = (text), .name_zh = (text), .name_en = (text),           \
        .level = (at), .kind = (of_kind), .capabilities = ""                                       \
    }

static const struct unit units[] = {
        UNIT(1, 0, "D", LEVEL_DISTRICT, "district"),
        UNIT(2, 1, "D-A", LEVEL_STREET, "street"),
        UNIT(3, 1, "D-B", LEVEL_STREET, "street"),
        UNIT(4, 2, "D-A-1", LEVEL_VILLAGE, "village"),
        UNIT(5, 4, "D-A-1-g", LEVEL_GRID, "grid"),
        UNIT(6, 2, "D-A-2", LEVEL_VILLAGE, "village"),
};

static struct directory *tree_new(void)
{
    return directory_build(&(struct directory_rows){.version = 1,
            .site = 1,
            .site_letters = "TT",
            .units = units,
            .unit_count = sizeof(units) / sizeof(units[0])});
}

static void walk_is(int64_t top, int64_t skip, const char *expected)
{
    struct directory *directory = tree_new();
    struct unit_walk walk;
    char seen[128] = "";
    size_t used = 0;
    unit_walk_begin(&walk, directory, unit_find(directory, top));
    for (const struct unit *unit = unit_walk_next(&walk); unit != NULL;
            unit = unit_walk_next(&walk)) {
        used += (size_t)snprintf(seen + used, sizeof(seen) - used, "%s ", unit->code);
        if (unit->id == skip)
            unit_walk_skip(&walk);
    }
    assert_string_equal(seen, expected);
    assert_null(unit_walk_next(&walk));
    directory_destroy(&directory);
}

static void walk_visits_parents_before_children(void **state)
{
    (void)state;
    walk_is(1, 0, "D-A D-A-1 D-A-1-g D-A-2 D-B ");
}

static void walk_stays_below_its_top(void **state)
{
    (void)state;
    walk_is(2, 0, "D-A-1 D-A-1-g D-A-2 ");
    walk_is(5, 0, "");
}

static void walk_skip_leaves_out_what_is_below(void **state)
{
    (void)state;
    walk_is(1, 2, "D-A D-B ");
    walk_is(1, 4, "D-A D-A-1 D-A-2 D-B ");
}

static void walk_of_nothing_is_over(void **state)
{
    (void)state;
    walk_is(99, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(walk_visits_parents_before_children),
            cmocka_unit_test(walk_stays_below_its_top),
            cmocka_unit_test(walk_skip_leaves_out_what_is_below),
            cmocka_unit_test(walk_of_nothing_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
