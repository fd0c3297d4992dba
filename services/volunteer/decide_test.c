/* Decisions about needs: whom they are offered to, every state against every event, the minutes,
 * and random histories in which two or more volunteers go after the same needs: each is claimed by
 * one and credited once, and the counters are what they have to be. HUYING_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "services/volunteer/decide.h"
#include "services/kernel/base/rng.h"

#define HISTORIES 10000
#define HISTORY_STEPS 40
#define NEEDS 4
#define MIDNIGHT INT64_C(1514764800000)
#define HOUR INT64_C(3600000)
#define NOW (MIDNIGHT + 12 * HOUR)
#define UNTIL (NOW + 24 * HOUR)

#define UNIT(i, up, text, at, of_kind)                                                             \
    {                                                                                              \
        .id = (i), .parent = (up), .code = (text), .name_zh = (text), .name_en = (text),           \
        .level = (at), .kind = (of_kind), .capabilities = ""                                       \
    }

static const struct unit units[] = {
        UNIT(1, 0, "D", LEVEL_DISTRICT, "district"),
        UNIT(2, 1, "A", LEVEL_STREET, "street"),
        UNIT(3, 1, "B", LEVEL_STREET, "street"),
        UNIT(4, 2, "A-1", LEVEL_VILLAGE, "village"),
        UNIT(5, 4, "A-1-g", LEVEL_GRID, "grid"),
        UNIT(6, 2, "A-2", LEVEL_VILLAGE, "village"),
        UNIT(7, 4, "A-1-t", LEVEL_VILLAGE, "volunteer_team"),
        UNIT(8, 3, "B-1", LEVEL_VILLAGE, "village"),
};

#define PERSON(i, text, at, can, from, to)                                                         \
    {                                                                                              \
        .id = (i), .code = (text), .name = "", .unit = (at), .role = "volunteer", .skills = (can), \
        .from_min = (from), .to_min = (to)                                                         \
    }

static const struct staff people[] = {
        PERSON(1, "v-team1", 7, "paint;plumb", 0, 1440),
        PERSON(2, "v-team2", 7, "paint", 0, 1440),
        PERSON(3, "v-grid", 5, "paint", 540, 1020),
        PERSON(4, "v-other", 6, "paint;plumb", 0, 1440),
        PERSON(5, "v-night", 6, "", 1200, 360),
        PERSON(6, "v-street", 2, "teach", 0, 1440),
        PERSON(7, "v-far", 8, "paint;swim", 0, 1440),
        {.id = 8,
                .code = "worker",
                .name = "",
                .unit = 5,
                .role = "worker",
                .skills = "paint",
                .to_min = 1440},
};
static const struct matter matters[] = {
        {.id = 9,
                .code = "GRAFFITI",
                .name_zh = "",
                .name_en = "",
                .category = "",
                .handler_code = {"", "", "", "", ""},
                .squad_capability = ""},
};

static struct directory *directory;

static int setup(void **state)
{
    (void)state;
    directory = directory_build(&(struct directory_rows){.version = 3,
            .site = 1,
            .site_letters = "TT",
            .units = units,
            .unit_count = sizeof(units) / sizeof(units[0]),
            .matters = matters,
            .matter_count = 1,
            .staff = people,
            .staff_count = sizeof(people) / sizeof(people[0])});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&directory);
    return 0;
}

/* Decides as the kernel does: state and version move on when something changed. */
static struct outcome run(struct need *need, const struct input *input)
{
    struct world world = {directory, NULL};
    struct outcome outcome = {0};
    struct need next = *need;
    need_decide(need, input, &world, &next, &outcome);
    if (outcome.step_count > 0) {
        assert_int_equal(outcome.verdict, VERDICT_APPLIED);
        next.agg.ver += outcome.step_count;
        *need = next;
    }
    return outcome;
}

static struct need_opened opened(int64_t unit, const char *skill)
{
    return (struct need_opened){.unit = unit,
            .due_ms = NOW + 48 * HOUR,
            .until_ms = UNTIL,
            .matter = "GRAFFITI",
            .skill = skill,
            .summary = "",
            .source_ref = "r"};
}

static struct input message(uint32_t type, const void *body)
{
    return (struct input){.kind = INPUT_MESSAGE,
            .source = SERVICE_ROUTING,
            .type = type,
            .now_ms = NOW,
            .body = body};
}

static struct input command(uint32_t type, const char *actor, const struct need_act *act)
{
    struct input input = {.kind = INPUT_COMMAND, .type = type, .now_ms = NOW, .body = act};
    snprintf(input.actor, sizeof(input.actor), "%s", actor);
    return input;
}

static const struct need_cancel cancel_body = {""};
static const struct need_act act_any = {0, 0, ""};

static struct need need_make(void)
{
    struct need need = {.agg = {.id = 100}};
    struct need_opened body = opened(5, "paint");
    struct input input = message(MESSAGE_OPENED, &body);
    run(&need, &input);
    return need;
}

static void offers_go_to_the_village_then_the_street(void **state)
{
    static const struct {
        int64_t unit, at_ms;
        const char *skill, *expected;
    } rows[] = {
            {5, NOW, "paint", "v-grid v-team1 v-team2 "},
            {5, NOW, "plumb", "v-team1 v-other "}, /* fewer than three: the street */
            {5, MIDNIGHT, "paint", "v-team1 v-team2 v-other "},
            {5, MIDNIGHT, "", "v-team1 v-team2 v-street v-night v-other "},
            {5, NOW, "teach", "v-street "},
            {5, NOW, "swim", ""},                  /* only in another street */
            {2, NOW, "plumb", "v-team1 v-other "}, /* placed at the street */
            {1, NOW, "swim", "v-far "},            /* placed at the district */
            {99, NOW, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct staff *found[OFFERS_MAX];
        char text[256] = "";
        size_t used = 0;
        int count = need_offers(
                directory, rows[i].unit, rows[i].skill, rows[i].at_ms, found, OFFERS_MAX);
        for (int k = 0; k < count; k++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ", found[k]->code);
        assert_string_equal(text, rows[i].expected);
    }
}

static void offers_stop_at_the_room(void **state)
{
    const struct staff *found[OFFERS_MAX];
    (void)state;
    assert_int_equal(need_offers(directory, 5, "paint", NOW, found, 2), 2);
}

static void opening_sets_the_timer_or_ends_at_once(void **state)
{
    struct need need = need_make();
    struct need_opened body = opened(5, "swim");
    struct input input = message(MESSAGE_OPENED, &body);
    (void)state;
    assert_int_equal(need.state, NEED_OFFERED);
    assert_int_equal(need.offers, 3);
    assert_int_equal(need.matter, 9);
    need = (struct need){.agg = {.id = 100}};
    struct outcome outcome = run(&need, &input);
    assert_int_equal(need.state, NEED_UNCLAIMED);
    assert_int_equal(outcome.timer_count, 0);
    assert_int_equal(outcome.sends[0].arg, NEED_UNCLAIMED);
    body = opened(5, "paint");
    outcome = run(&need, &input); /* the case came back */
    assert_int_equal(need.state, NEED_OFFERED);
    assert_int_equal(outcome.timer_count, 1);
    assert_int_equal(outcome.timers[0].due_ms, UNTIL);
}

/* Every state against every event, the actor being the one who claimed. */
static void states_times_events(void **state)
{
    enum { OPEN, CANCEL, LAPSE, CLAIM, DONE, EVENTS };
#define NO(reason)                                                                                 \
    {                                                                                              \
        NEED_NONE, VERDICT_REFUSED, REASON_##reason                                                \
    }
#define TWICE                                                                                      \
    {                                                                                              \
        NEED_NONE, VERDICT_DUPLICATE, REASON_NONE                                                  \
    }
#define TO(end)                                                                                    \
    {                                                                                              \
        NEED_##end, VERDICT_APPLIED, REASON_NONE                                                   \
    }
    static const struct {
        enum need_state end;
        enum verdict verdict;
        enum need_reason reason;
    } table[NEED_STATE_COUNT][EVENTS] = {
            [NEED_OFFERED] = {NO(OPEN), TO(CANCELLED), TO(UNCLAIMED), TO(CLAIMED), NO(CLAIM_FIRST)},
            [NEED_CLAIMED] = {NO(OPEN), TO(CANCELLED), NO(NOT_NOW), TWICE, TO(DONE)},
            [NEED_DONE] = {NO(OVER), NO(OVER), NO(OVER), NO(OVER), TWICE},
            [NEED_UNCLAIMED] = {TO(OFFERED), NO(NOT_NOW), NO(NOT_NOW), NO(LATE), NO(LATE)},
            [NEED_CANCELLED] = {TO(OFFERED), NO(OVER), NO(OVER), NO(OVER), NO(OVER)},
    };
    const struct need_opened body = opened(5, "paint");
    (void)state;
    for (int from = NEED_OFFERED; from < NEED_STATE_COUNT; from++) {
        for (int event = 0; event < EVENTS; event++) {
            const struct input inputs[EVENTS] = {message(MESSAGE_OPENED, &body),
                    message(MESSAGE_CANCELLED, &cancel_body),
                    {.kind = INPUT_TIMER, .type = TIMER_OFFER, .now_ms = UNTIL},
                    command(COMMAND_CLAIM, "v-team1", &act_any),
                    command(COMMAND_DONE, "v-team1", &act_any)};
            struct need need = {.agg = {.id = 100, .ver = 4},
                    .state = (enum need_state)from,
                    .unit = 5,
                    .skill = "paint",
                    .volunteer = "v-team1",
                    .until_ms = UNTIL,
                    .claimed_ms = NOW};
            struct outcome outcome = run(&need, &inputs[event]);
            enum need_state end = table[from][event].end;
            print_message("state %d event %d\n", from, event);
            assert_int_equal(outcome.verdict, table[from][event].verdict);
            assert_int_equal(outcome.reason, table[from][event].reason);
            assert_int_equal(need.state, end == NEED_NONE ? from : (int)end);
            assert_int_equal(outcome.send_count, end != NEED_NONE);
            if (end != NEED_NONE && from == NEED_OFFERED)
                assert_int_equal(outcome.timers[0].due_ms, 0);
        }
    }
}

static void claim_is_for_volunteers_who_fit(void **state)
{
    static const struct {
        const char *actor;
        int64_t now_ms;
        int32_t version;
        enum verdict verdict;
        enum need_reason reason;
    } rows[] = {
            {"v-team1", NOW, 0, VERDICT_APPLIED, REASON_NONE},
            {"v-team1", NOW, 1, VERDICT_APPLIED, REASON_NONE},
            {"v-team1", UNTIL, 0, VERDICT_APPLIED,
                    REASON_NONE}, /* exactly at the instant: in time */
            {"v-team1", UNTIL + 1, 0, VERDICT_REFUSED, REASON_LATE},
            {"v-team1", NOW, 2, VERDICT_CONFLICT, REASON_VERSION},
            {"v-far", NOW, 0, VERDICT_APPLIED, REASON_NONE}, /* not asked, but fits */
            {"v-street", NOW, 0, VERDICT_REFUSED, REASON_NO_SKILL},
            {"v-grid", MIDNIGHT + 20 * HOUR, 0, VERDICT_REFUSED, REASON_NOT_AVAILABLE},
            {"worker", NOW, 0, VERDICT_REFUSED, REASON_NOT_A_VOLUNTEER},
            {"", NOW, 0, VERDICT_REFUSED, REASON_NOT_A_VOLUNTEER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct need need = need_make();
        const struct need_act act = {rows[i].version, 0, ""};
        struct input input = command(COMMAND_CLAIM, rows[i].actor, &act);
        input.now_ms = rows[i].now_ms;
        struct outcome outcome = run(&need, &input);
        assert_int_equal(outcome.verdict, rows[i].verdict);
        assert_int_equal(outcome.reason, rows[i].reason);
    }
}

static void second_claim_is_taken_and_done_is_the_claimers(void **state)
{
    struct need need = need_make();
    struct input first = command(COMMAND_CLAIM, "v-team1", &act_any);
    struct input second = command(COMMAND_CLAIM, "v-team2", &act_any);
    struct input done = command(COMMAND_DONE, "v-team2", &act_any);
    (void)state;
    assert_int_equal(run(&need, &first).verdict, VERDICT_APPLIED);
    assert_int_equal(run(&need, &second).reason, REASON_TAKEN);
    assert_int_equal(run(&need, &first).verdict, VERDICT_DUPLICATE);
    assert_int_equal(run(&need, &done).reason, REASON_NOT_YOURS);
    assert_string_equal(need.volunteer, "v-team1");
}

static void minutes_are_given_or_counted(void **state)
{
    static const struct {
        int32_t given;
        int64_t took_ms;
        int32_t credited;
    } rows[] = {
            {1, 0, 1},
            {1440, 0, 1440},
            {0, 0, 1},
            {0, 90 * 60000, 90},
            {0, 90 * 60000 + 59999, 90},
            {0, 481 * 60000, 480},
            {0, -60000, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct need need = need_make();
        const struct need_act act = {0, rows[i].given, ""};
        struct input claim = command(COMMAND_CLAIM, "v-team1", &act_any);
        struct input done = command(COMMAND_DONE, "v-team1", &act);
        run(&need, &claim);
        done.now_ms = NOW + rows[i].took_ms;
        assert_int_equal(run(&need, &done).verdict, VERDICT_APPLIED);
        assert_int_equal(need.minutes, rows[i].credited);
    }
}

static void stub_is_not_found_and_not_cancelled(void **state)
{
    struct need need = {.agg = {.id = 100}};
    struct input claim = command(COMMAND_CLAIM, "v-team1", &act_any);
    struct input cancel = message(MESSAGE_CANCELLED, &cancel_body);
    (void)state;
    assert_int_equal(run(&need, &claim).verdict, VERDICT_NOT_FOUND);
    assert_int_equal(run(&need, &cancel).reason, REASON_NOT_NOW);
    assert_int_equal(need.agg.ver, 0);
}

static struct outcome history_step(struct rng *rng, struct need *need)
{
    static const char *const actors[] = {"v-team1", "v-team2", "v-other", "worker"};
    static const char *const skills[] = {"paint", "plumb", "swim"};
    static const int usual[NEED_STATE_COUNT] = {0, 3, 4, 4, 0, 0}; /* what brings it on */
    const struct need_opened body = opened(rng_below(rng, 2) ? 5 : 6, skills[rng_below(rng, 3)]);
    const struct need_act act = {rng_below(rng, 4) == 0 ? (int32_t)rng_below(rng, 4) : 0,
            (int32_t)rng_below(rng, 3) * 30, ""};
    const char *actor = actors[rng_below(rng, 4)];
    struct input inputs[] = {message(MESSAGE_OPENED, &body),
            message(MESSAGE_CANCELLED, &cancel_body),
            {.kind = INPUT_TIMER, .type = TIMER_OFFER, .now_ms = UNTIL},
            command(COMMAND_CLAIM, actor, &act), command(COMMAND_DONE, actor, &act)};
    uint64_t pick = rng_below(rng, 10);
    struct input *input = &inputs[pick < 5 ? (int)pick : usual[need->state]];
    input->now_ms += (int64_t)rng_below(rng, 100) * 60000;
    return run(need, input);
}

struct tally {
    int64_t counted[3][16]; /* metric, unit */
    int credits[NEEDS];
    int64_t minutes;
    char holder[NEEDS][ACTOR_SIZE];
};

static void history_check(const struct need *needs, const struct tally *tally)
{
    int64_t truth[3][16] = {0}, minutes = 0;
    for (int i = 0; i < NEEDS; i++) {
        truth[METRIC_OPEN][needs[i].unit] += need_open(needs[i].state);
        truth[METRIC_DONE][needs[i].unit] += needs[i].state == NEED_DONE;
        truth[METRIC_MINUTES][needs[i].unit] += needs[i].minutes;
        minutes += needs[i].minutes;
        assert_int_equal(tally->credits[i], needs[i].state == NEED_DONE);
    }
    assert_int_equal(tally->minutes, minutes);
    assert_memory_equal(truth, tally->counted, sizeof(truth));
}

static void tally_take(struct tally *tally,
        int at,
        enum need_state before,
        const struct need *need,
        const struct outcome *outcome)
{
    for (int c = 0; c < outcome->count_count; c++)
        tally->counted[outcome->counts[c].metric][outcome->counts[c].unit] +=
                outcome->counts[c].amount;
    if (before == NEED_CLAIMED && need->state == NEED_CLAIMED)
        assert_string_equal(tally->holder[at], need->volunteer); /* nobody else gets it */
    memcpy(tally->holder[at], need->volunteer, ACTOR_SIZE);
    if (outcome->step_count == 0 || need->state != NEED_DONE)
        return;
    assert_int_equal(before, NEED_CLAIMED);
    tally->credits[at]++;
    tally->minutes += need->minutes;
}

static void random_histories_claim_and_credit_once(void **state)
{
    const char *text = getenv("HUYING_SEED");
    uint64_t seed = text == NULL ? 20260930 : strtoull(text, NULL, 10);
    int done = 0, taken = 0;
    struct rng rng;
    (void)state;
    print_message("HUYING_SEED=%llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int h = 0; h < HISTORIES; h++) {
        struct need needs[NEEDS] = {0};
        struct tally tally = {0};
        for (int i = 0; i < HISTORY_STEPS; i++) {
            int at = (int)rng_below(&rng, NEEDS);
            enum need_state before = needs[at].state;
            struct outcome outcome = history_step(&rng, &needs[at]);
            tally_take(&tally, at, before, &needs[at], &outcome);
            taken += outcome.reason == REASON_TAKEN;
            history_check(needs, &tally);
        }
        for (int i = 0; i < NEEDS; i++)
            done += tally.credits[i];
    }
    assert_true(done > 10000); /* the histories get that far */
    assert_true(taken > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(offers_go_to_the_village_then_the_street),
            cmocka_unit_test(offers_stop_at_the_room),
            cmocka_unit_test(opening_sets_the_timer_or_ends_at_once),
            cmocka_unit_test(states_times_events),
            cmocka_unit_test(claim_is_for_volunteers_who_fit),
            cmocka_unit_test(second_claim_is_taken_and_done_is_the_claimers),
            cmocka_unit_test(minutes_are_given_or_counted),
            cmocka_unit_test(stub_is_not_found_and_not_cancelled),
            cmocka_unit_test(random_histories_claim_and_credit_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
