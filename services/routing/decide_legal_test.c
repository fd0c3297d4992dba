/* What is legal, against the decisions themselves: in every state, and after random people did
 * random things, a command is in somebody's list exactly when it would be applied, with one body or
 * another. */
#include "services/routing/decide_legal.h"
#include "services/routing/test_acts.h"

#include <stdio.h>

static struct directory *city;

static const char *const people[] = {"w1", "w1b", "w2", "vd", "sq1", "sq1b", "sq2", "sd", "dd",
        "r1", "r2", "vol", "w3", "v", "vol2", "", "stranger"};

static int setup(void **state)
{
    (void)state;
    city = city_build();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&city);
    return 0;
}

static bool applies(const struct routing_case *this, const struct input *input)
{
    struct world world = {.directory = city};
    struct outcome outcome = {0};
    struct routing_case next = *this;
    routing_decide(this, input, &world, &next, &outcome);
    return outcome.verdict == VERDICT_APPLIED;
}

static bool would_apply(
        const struct routing_case *this, const char *actor, uint32_t type, int64_t now_ms)
{
    for (int64_t unit = 1; unit <= U_LOOSE_GRID; unit++) {
        struct act act = {
                .text = "because", .unit = unit, .span_ms = HOUR, .units = {unit}, .unit_count = 1};
        struct input input = {.kind = INPUT_COMMAND, .type = type, .now_ms = now_ms, .body = &act};
        (void)snprintf(input.actor, sizeof input.actor, "%s", actor);
        for (act.part = 0; act.part <= this->course.part_count; act.part++)
            if (applies(this, &input))
                return true;
    }
    return false;
}

static bool listed(const uint32_t *types, size_t count, uint32_t type)
{
    for (size_t i = 0; i < count; i++)
        if (types[i] == type)
            return true;
    return false;
}

/* Which unit could be named, or whether he stands at the place, is not looked for: a grid's worker,
 * who has nobody below him, reads "dispatch" nevertheless. */
static bool names_more(uint32_t type)
{
    return type == TYPE_DISPATCH || type == TYPE_RULE || type == TYPE_TAKE_OVER ||
           type == TYPE_ORDER || type == TYPE_APPLY || type == TYPE_WHISTLE || type == TYPE_JOINT ||
           type == TYPE_CONVENE || type == TYPE_RESOLVE || type == TYPE_CHECK_IN ||
           type == TYPE_MERGE;
}

static size_t look(const struct routing_case *this, int64_t now_ms)
{
    size_t found = 0;
    for (size_t k = 0; k < sizeof people / sizeof *people; k++) {
        uint32_t types[LEGAL_MAX];
        size_t count = legal_acts(city, this, people[k], now_ms, types);
        for (uint32_t type = TYPE_ACCEPT; type < TYPE_COMMANDS_END; type++) {
            bool is = listed(types, count, type);
            bool would = would_apply(this, people[k], type, now_ms);
            if (is != would && !(is && names_more(type)))
                print_error("state %d, %s, %s\n", this->state, people[k], legal_name(city, type));
            assert_true(is == would || (is && names_more(type)));
        }
        found += count;
    }
    return found;
}

static void list_is_what_would_be_applied(void **state)
{
    (void)state;
    static const enum case_state states[] = {CASE_DISPATCHED, CASE_ACCEPTED, CASE_HANDLED,
            CASE_CLOSED, CASE_WITHDRAWN, CASE_REFERRED_OUT, CASE_RETURNED, CASE_IN_ARBITRATION,
            CASE_SUSPENDED, CASE_MERGED};
    static const int matters[] = {M_NOISE, M_DUMP, M_GRAFFITI};
    struct rng rng;
    size_t found = 0;
    rng_seed(&rng, 5);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        for (size_t k = 0; k < sizeof matters / sizeof *matters; k++) {
            struct story story;
            if (k > 0 && states[i] >= CASE_RETURNED)
                continue;
            story_reach(&story, city, matters[k], states[i]);
            found += look(&story.state, NOW + 5);
            for (uint64_t acts = 40; acts > 0; acts--)
                story_command_random(&story, &rng, NOW + 5);
            found += look(&story.state, NOW + 5);
        }
    }
    assert_true(found > 100);
}

static void nothing_is_legal_where_nothing_is(void **state)
{
    (void)state;
    struct story story;
    uint32_t types[LEGAL_MAX];
    story_begin(&story, city);
    assert_int_equal(legal_acts(city, &story.state, "dd", NOW, types), 0);
    story_reach(&story, city, M_LAMP, CASE_WITHDRAWN);
    assert_int_equal(legal_acts(city, &story.state, "dd", NOW, types), 0);
}

static void commands_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(legal_name(city, TYPE_ACCEPT), "accept");
    assert_string_equal(legal_name(city, TYPE_RETURN), "return");
    assert_string_equal(legal_name(city, TYPE_DENY_TIME), "deny_time");
    assert_string_equal(legal_name(city, TYPE_COMMANDS_END - 1), "");
    assert_string_equal(legal_name(city, TYPE_WORKLIST), "");
    assert_string_equal(legal_name(city, TYPE_CASE_REPORTED), "");
    assert_string_equal(legal_name(city, 0), "");
}

static void scope_is_the_desks_area_and_for_others_their_unit(void **state)
{
    (void)state;
    static const struct {
        const char *actor;
        int64_t top; /* 0: none */
    } table[] = {{"w1", U_GRID}, {"v", U_VILLAGE}, {"vd", U_VILLAGE}, {"sq1", U_SQUAD},
            {"sd", U_STREET}, {"dd", U_DISTRICT}, {"r1", U_ROADS}, {"vol", 0}, {"vol2", 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct scope scope = scope_of(city, table[i].actor);
        print_message("%s\n", table[i].actor);
        assert_true(scope.known);
        assert_int_equal(scope.top ? scope.top->id : 0, table[i].top);
    }
    assert_false(scope_of(city, "stranger").known);
    assert_false(scope_of(city, "").known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(list_is_what_would_be_applied),
            cmocka_unit_test(nothing_is_legal_where_nothing_is),
            cmocka_unit_test(commands_have_their_names),
            cmocka_unit_test(scope_is_the_desks_area_and_for_others_their_unit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
