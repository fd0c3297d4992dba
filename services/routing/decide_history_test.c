/* Whole histories of a case: all orders of what can come late, and 100,000 random ones, after
 * which nothing that must always hold is broken (story_check in test_city.h). */
#include "services/routing/test_acts.h"

#include <inttypes.h>
#include <stdio.h>

#define HISTORIES 100000
#define HISTORY_LENGTH 120

static struct directory *city;

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

/* All orders of what a mission can say, each with the reporter taking it back at each place. */
static void progress_in_any_order_is_never_an_error(void **state)
{
    (void)state;
    enum { STAGES = 7 };
    int order[STAGES], counter[STAGES] = {0};
    for (int i = 0; i < STAGES; i++)
        order[i] = i;
    for (int i = 0; i < STAGES;) {
        struct story story;
        story_reach(&story, city, M_DUMP, CASE_DISPATCHED);
        for (int at = 0; at < STAGES; at++) {
            static const enum case_event events[] = {EVENT_SQUAD_ASSIGNED, EVENT_SQUAD_ACCEPTED,
                    EVENT_SQUAD_ON_SCENE, EVENT_SQUAD_FINISHED, EVENT_NEWS, EVENT_NEED_FINISHED,
                    EVENT_TAKEN_BACK};
            enum verdict verdict = story_happen(&story, events[order[at]], NOW + at);
            assert_true(verdict == VERDICT_APPLIED || verdict == VERDICT_DUPLICATE);
        }
        assert_int_equal(story.state.state, CASE_WITHDRAWN);
        /* Heap's algorithm: the next order. */
        for (; i < STAGES && counter[i] >= i; i++)
            counter[i] = 0;
        if (i < STAGES) {
            int with = i % 2 ? counter[i] : 0, swap = order[with];
            order[with] = order[i];
            order[i] = swap;
            counter[i]++;
            i = 0;
        }
    }
}

/* One more thing happens to the case, chosen at random, also what makes no sense. */
static void story_random(struct story *story, struct rng *rng, int64_t *now)
{
    *now += (int64_t)rng_below(rng, 4 * HOUR);
    switch (rng_below(rng, 12)) {
    case 0:
        if (story->timer_ms && story->timer_ms < *now)
            (void)story_fire(story, rng_below(rng, 2) ? story->timer_ms : *now);
        else if (story->timer_ms) /* early, as after a change under way: nothing happens */
            story_rests(story, story->timer_ms - 1);
        break;
    case 1:
        if (story->state.state == CASE_MERGED) {
            story->other.id = rng_below(rng, 4) ? story->state.course.merged : 0;
            (void)story_other(
                    story, (enum case_event)(EVENT_OTHER_CLOSED + rng_below(rng, 3)), *now);
        } else {
            (void)story_urge(story, *now);
        }
        break;
    case 2:
        (void)story_mission(story, (enum case_event)(EVENT_SQUAD_ASSIGNED + rng_below(rng, 4)),
                U_SQUAD + (int64_t)rng_below(rng, 2), rng_below(rng, 2) ? "sq1" : "", *now);
        break;
    case 3:
        (void)story_need(story, (enum case_event)(EVENT_NEED_CLAIMED + rng_below(rng, 3)),
                rng_below(rng, 4) ? "vol" : "", *now);
        break;
    case 4:
        if (rng_below(rng, 20) == 0)
            (void)story_withdraw(story, *now);
        break;
    case 5:
        (void)story_report(story, (int)rng_below(rng, M_COUNT + 1),
                1 + (int64_t)rng_below(rng, U_LOOSE_GRID), 0, *now);
        break;
    default:
        story_command_random(story, rng, *now);
    }
}

static void random_histories_keep_what_must_hold(void **state)
{
    (void)state;
    const char *given = getenv("HUYING_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20180101;
    print_message("seed %" PRIu64 " (HUYING_TEST_SEED reproduces another)\n", seed);
    struct rng rng;
    rng_seed(&rng, seed);
    int met[CASE_STATE_COUNT] = {0}, escalations = 0;
    for (int i = 0; i < HISTORIES; i++) {
        struct story story;
        int64_t now = NOW;
        story_begin(&story, city);
        int64_t promised = rng_below(&rng, 2) ? 0 : NOW + (int64_t)rng_below(&rng, 50 * HOUR);
        if (rng_below(&rng, 16) == 0)
            (void)story_settled(&story, rng_below(&rng, 2), now);
        (void)story_report(&story, (int)rng_below(&rng, M_COUNT + 1),
                1 + (int64_t)rng_below(&rng, U_LOOSE_GRID), promised, now);
        uint64_t length = rng_below(&rng, HISTORY_LENGTH);
        for (uint64_t k = 0; k < length; k++) {
            story_random(&story, &rng, &now);
            met[story.state.state]++;
        }
        assert_true(story.escalations <= 3);
        escalations += story.escalations;
    }
    /* The dice reach every state and escalations: a history that only sits still proves nothing. */
    for (int s = CASE_DISPATCHED; s < CASE_STATE_COUNT; s++) {
        print_message("state %d: %d\n", s, met[s]);
        assert_true(s == CASE_VERIFIED || met[s] > 500);
    }
    assert_true(escalations > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(progress_in_any_order_is_never_an_error),
            cmocka_unit_test(random_histories_keep_what_must_hold),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
