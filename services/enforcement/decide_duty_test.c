/* Of the free squads that are capable, the one whose own list has the matter gets the mission: main
 * before assist before none; only among equals does the load decide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "services/enforcement/decide.h"

enum { SQUADS = 3 };

#define SQUAD(i, text, main, assist)                                                               \
    {                                                                                              \
        .id = (i), .parent = 2, .code = (text), .level = LEVEL_STREET, .kind = "squad",            \
        .capabilities = "gas", .matters_main = (main), .matters_assist = (assist), .capacity = 2   \
    }

static const struct unit UNITS[] = {
        {.id = 1, .code = "D", .level = LEVEL_DISTRICT, .kind = "district"},
        {.id = 2, .parent = 1, .code = "S", .level = LEVEL_STREET, .kind = "street"},
        SQUAD(11, "S-1", "", ""), SQUAD(12, "S-2", "", "GA*"), SQUAD(13, "S-3", "OIL;GAS", "")};
static const struct matter MATTERS[] = {{.id = 7, .code = "GAS"}, {.id = 8, .code = "NOISE"}};

static int64_t chosen(const char *matter, const int loads[SQUADS])
{
    const struct directory_rows rows = {.version = 1,
            .site = 1,
            .site_letters = "TT",
            .units = UNITS,
            .unit_count = sizeof UNITS / sizeof *UNITS,
            .matters = MATTERS,
            .matter_count = sizeof MATTERS / sizeof *MATTERS};
    struct directory *directory = directory_build(&rows);
    struct squad squads[SQUADS];
    struct mission mission = {.agg = {.id = 100}}, next = mission;
    struct mission_request body = {.unit = 2,
            .street = 2,
            .matter = matter,
            .capability = "gas",
            .summary = "",
            .source_ref = "r"};
    struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_ROUTING,
            .type = MESSAGE_REQUESTED,
            .agg = 100,
            .now_ms = 1,
            .body = &body};
    struct outcome outcome = {0};
    assert_non_null(directory);
    for (int i = 0; i < SQUADS; i++)
        squads[i] = (struct squad){
                .id = 11 + i, .version = 1, .capacity = 2, .load = loads[i], .pool = 2};
    struct squad_set set = {.squads = squads, .count = SQUADS};
    struct world world = {directory, &set};
    mission_decide(&mission, &input, &world, &next, &outcome);
    directory_destroy(&directory);
    return next.squad;
}

static void squad_whose_list_has_the_matter_comes_first(void **state)
{
    static const struct {
        const char *matter;
        int loads[SQUADS];
        int64_t squad; /* 0 = waits */
    } rows[] = {{"GAS", {0, 0, 1}, 13}, {"GAS", {0, 1, 2}, 12}, {"GAS", {1, 2, 2}, 11},
            {"GAS", {2, 2, 2}, 0}, {"NOISE", {1, 0, 0}, 12}, {"UNKNOWN", {1, 1, 0}, 13}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t squad = chosen(rows[i].matter, rows[i].loads);
        if (squad != rows[i].squad)
            fail_msg("row %zu: squad %lld, expected %lld", i, (long long)squad,
                    (long long)rows[i].squad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(squad_whose_list_has_the_matter_comes_first)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
