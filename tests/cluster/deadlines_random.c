/* Random histories of cases, decided by routing under a directory that changes on the way: every
 * instant that was announced comes out the same when it is counted again from the history. Matters
 * count working time, units have hours of their own, and each version of the directory has other
 * hours, another calendar and other spans; a case may be reset to those of today.
 *
 *   HUYING_TEST_SEED=N HUYING_HISTORIES=100000 build/bin/deadlines_random */
#include "services/routing/decide.h"

static void decide_and_note(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome);
#define routing_decide decide_and_note
#include "services/routing/test_acts.h"
#undef routing_decide

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/ctl/deadline.h"
#include "services/kernel/base/pure_duty.h"

#define HISTORIES 100000
#define LENGTH 60
#define KINDS_MIN 18 /* of steps, of the 21 that announce an instant */
#define NOTES_MAX 2000
#define VERSIONS 3
#define DAYS 60
#define MINUTE_MS INT64_C(60000)
#define DAYS_2018 17532 /* 2018-01-01, in days since 1970 */

static struct directory *versions[VERSIONS];
static struct hours_kept kept[VERSIONS];
static struct deadline_step notes[NOTES_MAX];
static size_t note_count;

/* As a row of the history would have it, minutes as the text behind a command says them. */
static void decide_and_note(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome)
{
    bool command = input->kind == INPUT_COMMAND;
    routing_decide(state, input, world, next, outcome);
    for (int i = 0; i < outcome->step_count; i++) {
        const struct step *step = &outcome->steps[i];
        assert_true(note_count < NOTES_MAX);
        notes[note_count] = (struct deadline_step){.ver = (int32_t)note_count + 1,
                .kind = step->kind,
                .from_state = step->from,
                .at_ms = step->at_ms,
                .due_ms = step->due_ms,
                .unit = step->unit,
                .rule_ver = step->rule_ver,
                .minutes = command ? ((const struct act *)input->body)->span_ms / MINUTE_MS : 0,
                .actor = command,
                .matter_before = step->kind == STEP_RESET_DUE
                                         ? ((const struct routing_case *)state)->matter
                                         : 0};
        note_count++;
    }
}

/* The city with offices: hours by unit and days by version; two matters run around the clock. */
static struct directory *city_version(int version)
{
    static const struct hours hours[] = {{.count = 2, .shifts = {{510, 720}, {840, 1050}}},
            {.count = 1, .shifts = {{480, 960}}}, {.count = 1, .shifts = {{1320, 1800}}},
            {.count = 3, .shifts = {{0, 300}, {600, 720}, {800, 1300}}}};
    static struct unit units[U_LOOSE_GRID];
    static struct matter matters[VERSIONS * M_COUNT]; /* the present version's last */
    static struct staff staff[64];
    struct calendar_day days[DAYS];
    struct directory *city = city_build();
    size_t staff_count = 0;
    for (int i = 0; i < U_LOOSE_GRID; i++) {
        units[i] = *unit_find(city, i + 1);
        units[i].hours = (i + version) % 3 == 0 ? &hours[(i + version) % 4] : NULL;
        for (size_t k = 0; staff_of_unit(city, i + 1, k) != NULL; k++)
            staff[staff_count++] = *staff_of_unit(city, i + 1, k);
    }
    for (int i = 0; i < (version + 1) * M_COUNT; i++) {
        int held = i / M_COUNT;
        matters[i] = *matter_find(city, i % M_COUNT + 1);
        matters[i].id = i + 1;
        matters[i].all_hours = i % M_COUNT % 4 == 3;
        matters[i].handle_ms += held * matters[i].handle_ms / 2;
        matters[i].step_up_ms += held * HOUR;
        matters[i].retired = held < version;
    }
    for (int i = 0; i < DAYS; i++)
        days[i] = (struct calendar_day){DAYS_2018 + i, (i * 7 + version) % 5 != 0};
    struct directory *built = directory_build(&(struct directory_rows){.version = 5 + 2 * version,
            .site = 1,
            .site_letters = "LA",
            .utc_offset_s = 28800,
            .units = units,
            .unit_count = U_LOOSE_GRID,
            .matters = matters,
            .matter_count = (size_t)(version + 1) * M_COUNT,
            .staff = staff,
            .staff_count = staff_count,
            .hours = &hours[version % 2],
            .days = days,
            .day_count = DAYS});
    directory_destroy(&city);
    return built;
}

/* As apply keeps it: the units' hours by the same function, the days by name. */
static void version_keep(int version)
{
    char text[HOURS_TEXT_SIZE];
    BUF_OWNED json = {0};
    buf_add_format(&json, "{\"utc_offset_s\": 28800, \"hours\": \"%s\", \"units\": ",
            hours_format(directory_hours(versions[version]), text));
    hours_kept_units(versions[version], &json);
    buf_add_text(&json, ", \"days\": {");
    for (int i = 0; i < DAYS; i++)
        buf_add_format(&json, "%s\"2018-%02d-%02d\": %s", i > 0 ? ", " : "",
                i < 31   ? 1
                : i < 59 ? 2
                         : 3,
                i < 31   ? i + 1
                : i < 59 ? i - 30
                         : i - 58,
                (i * 7 + version) % 5 != 0 ? "true" : "false");
    buf_add_text(&json, "}}");
    assert_int_equal(
            hours_kept_read(json.data, directory_version(versions[version]), &kept[version]), OK);
}

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < VERSIONS; i++) {
        versions[i] = city_version(i);
        assert_non_null(versions[i]);
        version_keep(i);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < VERSIONS; i++) {
        hours_kept_fini(&kept[i]);
        directory_destroy(&versions[i]);
    }
    return 0;
}

/* A command that may bear on a clock, by the first person who may give it. */
static void command(struct story *story, struct rng *rng, int64_t now)
{
    static const char *const people[] = {
            "w1", "w1b", "w2", "vd", "sq1", "sq1b", "sq2", "sd", "dd", "r1", "r2", "w3", "v"};
    static const enum routing_type types[] = {TYPE_ACCEPT, TYPE_ACCEPT, TYPE_HANDLE, TYPE_VERIFY,
            TYPE_REJECT, TYPE_REJECT, TYPE_RETURN, TYPE_RETURN, TYPE_DISPATCH, TYPE_DISPATCH,
            TYPE_RULE, TYPE_RULE, TYPE_STEP_UP, TYPE_SUSPEND, TYPE_RESUME, TYPE_RESUME,
            TYPE_ASK_TIME, TYPE_ASK_TIME, TYPE_GRANT_TIME, TYPE_GRANT_TIME, TYPE_JOINT, TYPE_JOINT,
            TYPE_TAKE_OVER, TYPE_ORDER, TYPE_DECLINE, TYPE_APPLY, TYPE_REOPEN, TYPE_FAIL_CHECK,
            TYPE_RESET_DUE, TYPE_RESET_DUE};
    if (story->state.matter == 0)
        return; /* it has no span, and nothing to count */
    size_t count = sizeof people / sizeof *people, first = (size_t)rng_below(rng, count);
    enum routing_type type = types[rng_below(rng, sizeof types / sizeof *types)];
    struct act act = {.unit = 1 + (int64_t)rng_below(rng, U_LOOSE_GRID),
            .span_ms = MINUTE_MS * (1 + (int64_t)rng_below(rng, 600)),
            .unit_count = 1 + (int)rng_below(rng, 3)};
    for (int i = 0; i < act.unit_count; i++)
        act.units[i] = 1 + (int64_t)rng_below(rng, U_LOOSE_GRID);
    for (size_t i = 0; i < count; i++)
        if (story_do(story, type, people[(first + i) % count], &act, now) == VERDICT_APPLIED)
            return;
}

static void happen(struct story *story, struct rng *rng, int64_t *now)
{
    *now += (int64_t)rng_below(rng, 5 * HOUR);
    while (story->timer_ms != 0 && story->timer_ms < *now)
        (void)story_fire(story, rng_below(rng, 2) ? story->timer_ms : *now);
    switch (rng_below(rng, 16)) {
    case 0:
        (void)story_mission(story, (enum case_event)(EVENT_SQUAD_ASSIGNED + rng_below(rng, 4)),
                U_SQUAD + (int64_t)rng_below(rng, 2), "sq1", *now);
        break;
    case 1:
        (void)story_need(
                story, (enum case_event)(EVENT_NEED_CLAIMED + rng_below(rng, 3)), "vol", *now);
        break;
    case 2:
        if (rng_below(rng, 6) == 0)
            for (int i = 0; i + 1 < VERSIONS; i++)
                if (story->directory == versions[i]) {
                    story->directory = versions[i + 1];
                    break;
                }
        break;
    case 3:
        story_command_random(story, rng, *now);
        break;
    default:
        command(story, rng, *now);
    }
}

static void history_print(const struct deadline_case *of, size_t wrong)
{
    for (size_t i = 0; i <= wrong; i++)
        print_message("%2d kind %2d from %2d at %" PRId64 " unit %2d ver %d due %" PRId64
                      " counted %" PRId64 " end %d\n",
                of->steps[i].ver, of->steps[i].kind, of->steps[i].from_state,
                (of->steps[i].at_ms - NOW) / MINUTE_MS, (int)of->steps[i].unit,
                (int)of->steps[i].rule_ver, (of->steps[i].due_ms - NOW) / MINUTE_MS,
                (of->steps[i].counted_ms - NOW) / MINUTE_MS, of->steps[i].end);
}

static void announced_instants_come_out_the_same(void **state)
{
    const struct deadline_rules rules = {versions[VERSIONS - 1], kept, VERSIONS};
    const char *given = getenv("HUYING_TEST_SEED"), *more = getenv("HUYING_HISTORIES");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20180101;
    long histories = more ? strtol(more, NULL, 10) : HISTORIES, ends[DEADLINE_UNKNOWN + 1] = {0};
    long met[STEP_COUNT] = {0}, kinds = 0;
    struct rng rng;
    (void)state;
    print_message("seed %" PRIu64 " (HUYING_TEST_SEED reproduces another)\n", seed);
    rng_seed(&rng, seed);
    for (long i = 0; i < histories; i++) {
        struct story story;
        int64_t now = NOW + (int64_t)rng_below(&rng, 24 * HOUR);
        int64_t promised = rng_below(&rng, 3) ? 0 : NOW + (int64_t)rng_below(&rng, 50 * HOUR);
        story_begin(&story, versions[0]);
        note_count = 0;
        /* Joint matters are left out: rework before the units are named sets a deadline, and
         * naming them starts another one. */
        int matter = (int)rng_below(&rng, M_COUNT + 1);
        (void)story_report(&story, matter == M_JOINT ? M_LAMP : matter,
                1 + (int64_t)rng_below(&rng, U_LOOSE_GRID), promised, now);
        for (uint64_t k = rng_below(&rng, LENGTH); k > 0; k--)
            happen(&story, &rng, &now);
        struct deadline_case of = {.id = 77,
                .place = story.state.unit,
                .promised_ms = promised,
                .matter = story.state.matter,
                .steps = notes,
                .count = note_count};
        deadline_count(&rules, &of);
        for (size_t k = 0; k < note_count; k++) {
            ends[notes[k].end]++;
            met[notes[k].kind] += notes[k].end == DEADLINE_SAME;
            if (notes[k].end == DEADLINE_OTHER || notes[k].end == DEADLINE_UNKNOWN) {
                history_print(&of, k);
                fail_msg("history %ld of matter %d", i, story.state.matter);
            }
        }
    }
    print_message(
            "%ld the same, %ld named by a person\n", ends[DEADLINE_SAME], ends[DEADLINE_GIVEN]);
    for (int kind = 0; kind < STEP_COUNT; kind++)
        if (met[kind] > 0) {
            print_message("%s %ld\n", deadline_word(kind), met[kind]);
            kinds++;
        }
    /* The dice reach what announces something: a history that only sits still proves nothing. */
    assert_true(kinds >= KINDS_MIN);
    assert_true(ends[DEADLINE_SAME] > histories);
    assert_int_equal(ends[DEADLINE_GIVEN], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(announced_instants_come_out_the_same)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
