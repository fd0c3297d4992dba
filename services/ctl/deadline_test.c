/* Deadlines counted again: histories written down by hand with the instants that they must give,
 * each also with an instant a millisecond off; and the words of the table, which are routing's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "services/ctl/deadline.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define MONDAY INT64_C(1790524800000) /* 2026-09-28 00:00 in Beijing, 16:00Z the day before */
#define AT(day, hour, minute) (MONDAY + ((day)*24 + (hour)) * HOUR + (minute)*MINUTE)
#define STEPS_MAX 8

enum { DISTRICT = 1, STREET, VILLAGE };

static struct directory *directory;
static struct hours_kept kept[2];

static int setup(void **state)
{
    static const struct unit units[] = {
            {.id = DISTRICT, .code = "D", .level = LEVEL_DISTRICT, .kind = "district"},
            {.id = STREET, .parent = 1, .code = "S", .level = LEVEL_STREET, .kind = "street"},
            {.id = VILLAGE, .parent = 2, .code = "V", .level = LEVEL_VILLAGE, .kind = "village"}};
    static const struct matter matters[] = {{.id = 1,
                                                    .code = "M",
                                                    .start_level = LEVEL_VILLAGE,
                                                    .handler = HANDLER_DESK,
                                                    .handle_ms = 8 * HOUR,
                                                    .step_up_ms = 2 * HOUR,
                                                    .accept_ms = HOUR},
            {.id = 2, /* what held before */
                    .item = 1,
                    .code = "M",
                    .start_level = LEVEL_VILLAGE,
                    .handler = HANDLER_DESK,
                    .handle_ms = 4 * HOUR,
                    .step_up_ms = HOUR,
                    .retired = true}};
    (void)state;
    directory = directory_build(&(struct directory_rows){.version = 9,
            .site = 7,
            .site_letters = "PY",
            .utc_offset_s = 28800,
            .units = units,
            .unit_count = G_N_ELEMENTS(units),
            .matters = matters,
            .matter_count = G_N_ELEMENTS(matters)});
    /* From version 5 on the street works from eight to four, and Thursday and Friday are off. */
    return directory == NULL ||
           hours_kept_read("{\"utc_offset_s\": 28800, \"hours\": \"08:30-12:00;14:00-17:30\","
                           " \"units\": {}, \"days\": {\"2026-01-01\": false}}",
                   2, &kept[0]) != OK ||
           hours_kept_read("{\"utc_offset_s\": 28800, \"hours\": \"08:30-12:00;14:00-17:30\","
                           " \"units\": {\"08:00-16:00\": [2]}, \"days\": {\"2026-10-01\": false,"
                           " \"2026-10-02\": false}}",
                   5, &kept[1]) != OK;
}

static int teardown(void **state)
{
    (void)state;
    hours_kept_fini(&kept[0]);
    hours_kept_fini(&kept[1]);
    directory_destroy(&directory);
    return 0;
}

static void count(struct deadline_case *of)
{
    const struct deadline_rules rules = {directory, kept, G_N_ELEMENTS(kept)};
    deadline_count(&rules, of);
}

#define V VILLAGE
#define S STREET
/* Kind, at, due, unit, version of the site, minutes on record, a person's, how it ends, nothing,
 * the matter's version before it. */
static const struct {
    const char *what;
    int64_t promised_ms;
    struct deadline_step steps[STEPS_MAX];
} HISTORIES[] = {
        {"the matter's span, in the handler's hours", 0,
                {{1, 2, 1, AT(0, 9, 0), AT(1, 10, 0), V, 2, 0, false, DEADLINE_SAME, 0, 0},
                        {2, 18, 2, AT(0, 9, 5), AT(1, 10, 0), S, 5, 0, true, DEADLINE_SAME, 0, 0},
                        {3, 7, 2, AT(1, 10, 0), AT(1, 12, 0), DISTRICT, 5, 0, false, DEADLINE_SAME,
                                0, 0}}},
        {"over what is a holiday by then", 0,
                {{1, 2, 1, AT(2, 15, 0), AT(3, 16, 0), V, 4, 0, false, DEADLINE_SAME, 0, 0},
                        {2, 7, 2, AT(3, 16, 0), AT(7, 10, 30), S, 5, 0, false, DEADLINE_SAME, 0,
                                0}}},
        {"what the source promised", AT(4, 1, 0),
                {{1, 2, 1, AT(0, 9, 0), AT(4, 1, 0), V, 2, 0, false, DEADLINE_SAME, 0, 0},
                        {2, 7, 2, AT(4, 1, 0), AT(4, 10, 30), S, 2, 0, false, DEADLINE_SAME, 0,
                                0}}},
        {"a pause: 6.5 hours are left at half past ten", 0,
                {{1, 2, 1, AT(0, 9, 0), AT(1, 10, 0), V, 2, 0, false, DEADLINE_SAME, 0, 0},
                        {2, 20, 3, AT(0, 10, 30), AT(1, 10, 30), V, 2, 1440, true, DEADLINE_SAME, 0,
                                0},
                        {3, 21, 11, AT(1, 9, 0), AT(1, 17, 30), V, 2, 0, true, DEADLINE_SAME, 0,
                                0}}},
        {"merged, and taken apart again: 6.5 hours were left, for the same handler", 0,
                {{1, 2, 1, AT(0, 9, 0), AT(1, 10, 0), V, 2, 0, false, DEADLINE_SAME, 0, 0},
                        {2, 58, 3, AT(0, 10, 30), 0, V, 2, 0, true, DEADLINE_NONE, 0, 0},
                        {3, 59, 12, AT(1, 9, 0), AT(1, 17, 30), V, 2, 0, false, DEADLINE_SAME, 0,
                                0}}},
        {"a pause of which the length is not on record", 0,
                {{1, 2, 1, AT(0, 9, 0), AT(1, 10, 0), V, 2, 0, false, DEADLINE_SAME, 0, 0},
                        {2, 20, 3, AT(0, 10, 30), AT(1, 3, 0), V, 2, 0, true, DEADLINE_GIVEN, 0,
                                0}}},
        {"more time", 0,
                {{1, 2, 1, AT(0, 9, 0), AT(1, 10, 0), V, 2, 0, false, DEADLINE_SAME, 0, 0},
                        {2, 22, 3, AT(0, 10, 0), 0, V, 2, 240, true, DEADLINE_NONE, 0, 0},
                        {3, 23, 3, AT(0, 11, 0), AT(1, 16, 0), V, 2, 0, true, DEADLINE_SAME, 0,
                                0}}},
        {"a dispute, ruled on by the street or above", 0,
                {{1, 2, 1, AT(0, 9, 0), AT(1, 10, 0), V, 5, 0, false, DEADLINE_SAME, 0, 0},
                        {2, 15, 2, AT(0, 15, 0), AT(1, 9, 0), V, 5, 0, true, DEADLINE_SAME, 0, 0}}},
        {"rework has half the span", 0,
                {{1, 2, 1, AT(0, 9, 0), AT(1, 10, 0), V, 2, 0, false, DEADLINE_SAME, 0, 0},
                        {2, 4, 3, AT(0, 9, 30), 0, V, 2, 0, true, DEADLINE_NONE, 0, 0},
                        {3, 19, 4, AT(0, 10, 0), AT(0, 16, 0), V, 2, 0, true, DEADLINE_SAME, 0,
                                0}}},
        {"a year that came late", 0,
                {{1, 2, 1, AT(0, 9, 0), 0, V, 2, 0, false, DEADLINE_NONE, 0, 0},
                        {2, 2, 2, AT(0, 13, 0), AT(1, 10, 0), V, 5, 0, false, DEADLINE_SAME, 0,
                                0}}},
        {"a reset: four hours before it, eight after it, with the pause of an hour", 0,
                {{1, 2, 1, AT(0, 9, 0), AT(0, 15, 0), V, 2, 0, false, DEADLINE_SAME, 0, 0},
                        {2, 20, 3, AT(0, 10, 0), AT(0, 11, 0), V, 2, 60, true, DEADLINE_SAME, 0, 0},
                        {3, 21, 11, AT(0, 11, 0), AT(0, 16, 0), V, 2, 0, false, DEADLINE_SAME, 0,
                                0},
                        {4, 7, 3, AT(0, 16, 0), AT(0, 17, 0), S, 2, 0, false, DEADLINE_SAME, 0, 0},
                        {5, 60, 3, AT(0, 16, 30), AT(1, 11, 0), V, 5, 0, true, DEADLINE_SAME, 0, 2},
                        {6, 7, 3, AT(1, 11, 0), AT(1, 15, 0), S, 5, 0, false, DEADLINE_SAME, 0,
                                0}}},
        {"a kind of step that is not known, and a version of which nothing is kept", 0,
                {{1, 2, 1, AT(0, 9, 0), AT(1, 10, 0), V, 1, 0, false, DEADLINE_UNKNOWN, 0, 0},
                        {2, 99, 2, AT(0, 10, 0), AT(0, 11, 0), V, 2, 0, true, DEADLINE_UNKNOWN, 0,
                                0}}},
};
#undef V
#undef S

static size_t steps_of(const struct deadline_step *from, struct deadline_step *to)
{
    size_t steps = 0;
    for (; steps < STEPS_MAX && from[steps].ver != 0; steps++) {
        to[steps] = from[steps];
        to[steps].end = DEADLINE_NONE;
    }
    return steps;
}

static void histories_give_what_was_announced(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(HISTORIES); i++) {
        struct deadline_step steps[STEPS_MAX];
        struct deadline_case of = {.id = 1,
                .place = VILLAGE,
                .matter = 1,
                .promised_ms = HISTORIES[i].promised_ms,
                .steps = steps,
                .count = steps_of(HISTORIES[i].steps, steps)};
        count(&of);
        for (size_t k = 0; k < of.count; k++)
            if (steps[k].end != HISTORIES[i].steps[k].end)
                fail_msg("%s, step %zu: found %d and %" G_GINT64_FORMAT ", expected %d and"
                         " %" G_GINT64_FORMAT,
                        HISTORIES[i].what, k, steps[k].end, steps[k].counted_ms,
                        HISTORIES[i].steps[k].end, steps[k].due_ms);
    }
}

/* One that is off is found, and those behind it are not blamed for it. */
static void what_is_off_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(HISTORIES); i++)
        for (size_t k = 0; k < STEPS_MAX && HISTORIES[i].steps[k].ver != 0; k++) {
            struct deadline_step steps[STEPS_MAX];
            struct deadline_case of = {.id = 1,
                    .place = VILLAGE,
                    .matter = 1,
                    .promised_ms = HISTORIES[i].promised_ms,
                    .steps = steps,
                    .count = steps_of(HISTORIES[i].steps, steps)};
            if (HISTORIES[i].steps[k].end != DEADLINE_SAME)
                continue;
            steps[k].due_ms += 1;
            count(&of);
            if (steps[k].end != DEADLINE_OTHER)
                fail_msg("%s, step %zu: a millisecond off, and found %d", HISTORIES[i].what, k,
                        steps[k].end);
        }
}

static void a_matter_that_is_not_there_is_unknown(void **state)
{
    struct deadline_step step = {
            .ver = 1, .kind = 2, .at_ms = MONDAY, .due_ms = MONDAY + 1, .unit = 3, .rule_ver = 5};
    struct deadline_case of = {.place = VILLAGE, .matter = 3, .steps = &step, .count = 1};
    (void)state;
    count(&of);
    assert_int_equal(step.end, DEADLINE_UNKNOWN);
}

/* Numbers and words are persistent; routing's table is read as text. */
static void words_are_routings(void **state)
{
    static const char *const files[] = {
            "services/routing/case_table.h", "services/routing/routing.h"};
    g_autofree char *text = NULL;
    int known = 0;
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(files) && text == NULL; i++)
        (void)g_file_get_contents(files[i], &text, NULL, NULL);
    assert_non_null(text);
    for (int kind = 0; kind < 100; kind++) {
        g_autofree char *number = g_strdup_printf(", %d, \"%s\")", kind, deadline_word(kind));
        if (deadline_word(kind) != NULL && strstr(text, number) == NULL)
            fail_msg("routing has no X(STEP_…%s", number);
        known += deadline_word(kind) != NULL;
    }
    assert_in_range(known, 17, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(histories_give_what_was_announced),
            cmocka_unit_test(what_is_off_is_told),
            cmocka_unit_test(a_matter_that_is_not_there_is_unknown),
            cmocka_unit_test(words_are_routings),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
