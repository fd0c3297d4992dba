/* What can be done to the case of test_city.h: it is brought into a state by rightful people, meets
 * an event, gets a command of anybody's. */
#ifndef HUYING_ROUTING_TEST_ACTS_H
#define HUYING_ROUTING_TEST_ACTS_H

#include "services/routing/test_city.h"

/* A command with all that it may carry: two squads, the roads' department, the village. */
TEST_TOOL enum verdict story_do(struct story *story,
        enum routing_type type,
        const char *actor,
        const struct act *given,
        int64_t now_ms)
{
    struct act act = given ? *given
                           : (struct act){.unit = U_GRID_2,
                                     .units = {U_SQUAD, U_ROADS},
                                     .unit_count = 2,
                                     .span_ms = HOUR,
                                     .score = 4,
                                     .other = 5,
                                     .at = {113.5, 22.9, true}};
    act.text = "because";
    struct input input = {.kind = INPUT_COMMAND, .type = type, .now_ms = now_ms, .body = &act};
    (void)snprintf(input.actor, sizeof input.actor, "%s", actor);
    return story_apply(story, &input);
}

/* A case of the village desk beside the straight way. */
TEST_TOOL void story_stray(struct story *story, enum case_state to)
{
    if (to == CASE_SUSPENDED) {
        (void)story_command(story, TYPE_ACCEPT, "vd", NOW + 1);
        (void)story_act(story, TYPE_SUSPEND, "sd", 0, HOUR, NOW + 2);
        return;
    }
    if (to == CASE_MERGED) {
        const struct act into = {.other = 5};
        story->other = (struct other_case){5, U_GRID, M_NOISE, CASE_ACCEPTED};
        (void)story_do(story, TYPE_MERGE, "vd", &into, NOW + 1);
        return;
    }
    (void)story_command(story, TYPE_RETURN, "vd", NOW + 1);
    if (to == CASE_RETURNED)
        return;
    (void)story_act(story, TYPE_DISPATCH, "v", U_GRID, 0, NOW + 2);
    (void)story_command(story, TYPE_RETURN, "w1", NOW + 3);
}

/* Brings a case of that matter on the grid into the state by rightful people. */
TEST_TOOL void story_reach(
        struct story *story, struct directory *directory, int matter, enum case_state to)
{
    story_begin(story, directory);
    if (to == CASE_NONE)
        return;
    (void)story_report(story, matter, U_GRID, 0, NOW);
    if (to >= CASE_RETURNED)
        story_stray(story, to);
    if (matter == M_DUMP && to >= CASE_ACCEPTED && to <= CASE_CLOSED) {
        (void)story_mission(story, EVENT_SQUAD_ASSIGNED, U_SQUAD, "", NOW + 1);
        (void)story_mission(story, EVENT_SQUAD_ACCEPTED, U_SQUAD, "sq1", NOW + 2);
    }
    if (matter == M_GRAFFITI && to >= CASE_ACCEPTED && to <= CASE_CLOSED)
        (void)story_need(story, EVENT_NEED_CLAIMED, "vol", NOW + 1);
    const char *worker = matter == M_NOISE ? "vd" : "w1";
    if ((matter == M_LAMP || matter == M_NOISE) && to >= CASE_ACCEPTED && to <= CASE_CLOSED)
        (void)story_command(story, TYPE_ACCEPT, worker, NOW + 1);
    if (to >= CASE_HANDLED && to <= CASE_CLOSED) {
        if (matter == M_DUMP)
            (void)story_mission(story, EVENT_SQUAD_FINISHED, U_SQUAD, "sq1", NOW + 3);
        else if (matter == M_GRAFFITI)
            (void)story_need(story, EVENT_NEED_FINISHED, "vol", NOW + 3);
        else
            (void)story_command(story, TYPE_HANDLE, worker, NOW + 3);
    }
    if (to == CASE_CLOSED)
        (void)story_command(story, TYPE_VERIFY, "sd", NOW + 4);
    if (to == CASE_WITHDRAWN)
        (void)story_withdraw(story, NOW + 4);
    if (to == CASE_REFERRED_OUT)
        (void)story_command(story, TYPE_REFER, "dd", NOW + 4);
    assert_int_equal(story->state.state, to);
}

/* A report of what the grid's worker settled himself, with an id that is drawn or not. */
TEST_TOOL enum verdict story_settled(struct story *story, bool drawn, int64_t now_ms)
{
    static const struct case_reported body = {.source = "grid",
            .source_ref = "T-2",
            .matter = "once",
            .summary = "swept",
            .reporter = "w1",
            .unit = U_GRID,
            .settled = true};
    struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_REPORTED,
            .agg = story->state.agg.id,
            .now_ms = now_ms,
            .body = &body};
    enum case_event wanted = drawn ? EVENT_SAMPLED : EVENT_SETTLED;
    while (story->state.state == CASE_NONE &&
            routing_event(&story->state, story->directory, &input) != wanted)
        input.agg = ++story->state.agg.id;
    return story_apply(story, &input);
}

TEST_TOOL enum verdict story_urge(struct story *story, int64_t now_ms)
{
    static const struct urged body = {.text = "still nothing"};
    struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_URGED,
            .now_ms = now_ms,
            .body = &body};
    return story_apply(story, &input);
}

/* Somebody else reported it, with two photos. */
TEST_TOOL enum verdict story_also(struct story *story, int64_t now_ms)
{
    static uint8_t photos[2][PHOTO_HASH_SIZE] = {{0xab}, {0xcd}};
    static const struct urged body = {
            .text = "look", .photos = photos, .photo_count = 2, .joined = true};
    struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_URGED,
            .now_ms = now_ms,
            .body = &body};
    return story_apply(story, &input);
}

TEST_TOOL enum verdict story_correct(struct story *story, const char *text, int64_t now_ms)
{
    const struct corrected body = {.text = text, .matter = "", .place = ""};
    struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_CORRECTED,
            .now_ms = now_ms,
            .body = &body};
    return story_apply(story, &input);
}

/* What view work_ready says of the case that it was merged into, and that one's row. */
TEST_TOOL enum verdict story_other(struct story *story, enum case_event event, int64_t now_ms)
{
    uint8_t state = event == EVENT_OTHER_CLOSED     ? CASE_CLOSED
                    : event == EVENT_OTHER_REFERRED ? CASE_REFERRED_OUT
                                                    : CASE_WITHDRAWN;
    struct input input = {.kind = INPUT_WORK,
            .type = (uint32_t)(OTHER_CLOSED + (event - EVENT_OTHER_CLOSED)),
            .now_ms = now_ms};
    story->other.state = state;
    return story_apply(story, &input);
}

/* Parts are counted from 1. */
TEST_TOOL const struct case_part *part_at(const struct story *story, int number)
{
    assert_in_range(number, 1, story->state.course.part_count);
    return &story->state.course.parts[number - 1];
}

/* A command that is done, and one that is refused; without `act` it carries nothing. */
TEST_TOOL void does(struct story *story,
        enum routing_type type,
        const char *who,
        const struct act *act,
        int64_t at)
{
    static const struct act none;
    if (story_do(story, type, who, act ? act : &none, at) != VERDICT_APPLIED)
        fail_msg("%s: %d refused, reason %d", who, type, story->outcome.reason);
}

TEST_TOOL void fails(struct story *story,
        enum routing_type type,
        const char *who,
        const struct act *act,
        int64_t at,
        enum case_refusal refusal)
{
    static const struct act none;
    assert_int_equal(story_do(story, type, who, act ? act : &none, at), VERDICT_REFUSED);
    assert_int_equal(story->outcome.reason, refusal);
}

/* The command that means the event, by the district's desk. */
TEST_TOOL enum verdict story_part_command(struct story *story, enum case_event event, int64_t now)
{
    static const struct act none = {.text = "because"};
    story->other = (struct other_case){5, U_GRID, M_LAMP, CASE_HANDLED};
    for (uint32_t type = TYPE_WHISTLE; type <= TYPE_RESET_DUE; type++) {
        struct input input = {.kind = INPUT_COMMAND, .type = type, .now_ms = now, .body = &none};
        if (routing_event(&story->state, story->directory, &input) == event)
            return story_do(story, (enum routing_type)type, "dd", NULL, now);
    }
    story->outcome = (struct outcome){.verdict = VERDICT_DUPLICATE}; /* it cannot come now */
    return VERDICT_DUPLICATE;
}

TEST_TOOL enum verdict story_happen(struct story *story, enum case_event event, int64_t now)
{
    const char *worker = story->state.handler == U_VILLAGE_DESK ? "vd" : "w1b";
    switch ((int)event) {
    case EVENT_REPORTED:
        return story_report(story, M_LAMP, U_GRID, 0, now);
    case EVENT_TAKEN_BACK:
        return story_withdraw(story, now);
    case EVENT_DEADLINE:
        return story_fire(story, now);
    case EVENT_ACCEPT:
        return story_command(story, TYPE_ACCEPT, worker, now);
    case EVENT_HANDLE:
        return story_command(story, TYPE_HANDLE, worker, now);
    case EVENT_ANSWER:
        story->state.course.intent = INTENT_INQUIRY;
        return story_command(story, TYPE_HANDLE, worker, now);
    case EVENT_VERIFY:
        return story_command(story, TYPE_VERIFY, "sd", now);
    case EVENT_REFER:
        return story_command(story, TYPE_REFER, "dd", now);
    case EVENT_SQUAD_ASSIGNED:
        return story_mission(story, event, U_SQUAD_2, "", now);
    case EVENT_SQUAD_ACCEPTED:
    case EVENT_SQUAD_ON_SCENE:
    case EVENT_SQUAD_FINISHED:
        return story_mission(story, event, U_SQUAD, "sq1", now);
    case EVENT_NEED_CLAIMED:
    case EVENT_NEED_FINISHED:
        return story_need(story, event, "vol", now);
    case EVENT_NEED_UNCLAIMED:
        return story_need(story, event, "", now);
    case EVENT_NEWS:
        return story_mission(story, event, 0, "", now);
    case EVENT_RETURN:
    case EVENT_RETURN_AGAIN:
        story->state.course.returns = event == EVENT_RETURN ? 0 : RETURNS_MAX;
        story->counts[METRIC_RETURNED] = story->state.course.returns;
        return story_command(
                story, TYPE_RETURN, story->state.handler == U_ROADS ? "r1" : "vd", now);
    case EVENT_DISPATCH:
        return story_act(story, TYPE_DISPATCH, "dd", U_GRID_2, 0, now);
    case EVENT_RULE:
        return story_act(story, TYPE_RULE, "dd", U_GRID_2, 0, now);
    case EVENT_STEP_UP:
        return story_command(story, TYPE_STEP_UP, "dd", now);
    case EVENT_REJECT:
        return story_command(story, TYPE_REJECT, "sd", now);
    case EVENT_SUSPEND:
        return story_act(story, TYPE_SUSPEND, "sd", 0, HOUR, now);
    case EVENT_RESUME:
        return story_command(story, TYPE_RESUME, "sd", now);
    case EVENT_ASK_TIME:
        return story_act(story, TYPE_ASK_TIME, worker, 0, HOUR, now);
    case EVENT_GRANT_TIME:
        story->state.course.asked_ms = HOUR;
        return story_command(story, TYPE_GRANT_TIME, "sd", now);
    case EVENT_DENY_TIME:
        story->state.course.asked_ms = HOUR;
        return story_command(story, TYPE_DENY_TIME, "sd", now);
    case EVENT_STEP_DUE:
    case EVENT_WARN:
    case EVENT_CLOCK:
    case EVENT_PART_WARN:
    case EVENT_PART_DUE:
        return story_fire(story, now);
    case EVENT_SETTLED:
    case EVENT_SAMPLED:
        return story_settled(story, event == EVENT_SAMPLED, now);
    case EVENT_URGE:
        return story_urge(story, now);
    case EVENT_ALSO:
        return story_also(story, now);
    case EVENT_CORRECT:
        return story_correct(story, "it is the other lamp", now);
    case EVENT_RESET_DUE: /* it had been announced by other rules */
        story->state.due_ms += story->state.due_ms != 0 ? HOUR : 0;
        return story_command(story, TYPE_RESET_DUE, "dd", now);
    case EVENT_OTHER_CLOSED:
    case EVENT_OTHER_REFERRED:
    case EVENT_OTHER_GONE:
        return story_other(story, event, now);
    default:
        return story_part_command(story, event, now);
    }
}

TEST_TOOL bool story_sent(const struct story *story, enum routing_type type)
{
    for (int i = 0; i < story->outcome.send_count; i++)
        if (story->outcome.sends[i].type == type)
            return true;
    return false;
}

/* A command of anybody's, with whatever it may carry. */
TEST_TOOL void story_command_random(struct story *story, struct rng *rng, int64_t now)
{
    static const char *const people[] = {"w1", "w1b", "w2", "vd", "sq1", "sq1b", "sq2", "sd", "dd",
            "r1", "r2", "vol", "w3", "v", "", "stranger"};
    const char *who = people[rng_below(rng, sizeof people / sizeof *people)];
    enum routing_type type = (enum routing_type)(
            TYPE_ACCEPT + rng_below(rng, (rng_below(rng, 4) ? TYPE_DENY_TIME : TYPE_RESET_DUE) -
                                                 TYPE_ACCEPT + 1));
    if (type == TYPE_REFER && rng_below(rng, 20)) /* or most cases would end so */
        type = TYPE_RETURN;
    char handled_by[ACTOR_SIZE];
    memcpy(handled_by, story->state.handled_by, sizeof handled_by);
    int64_t unit = rng_below(rng, 3) ? story->state.course.returned_by
                                     : (int64_t)rng_below(rng, U_LOOSE_GRID + 2);
    struct act act = {.unit = unit,
            .span_ms = 60000 * (1 + (int64_t)rng_below(rng, 600)),
            .unit_count = 1 + (int)rng_below(rng, 3),
            .part = (int)rng_below(rng, 4),
            .score = 1 + (int)rng_below(rng, SCORE_MAX),
            .other = 70 + (int64_t)rng_below(rng, 10),
            .unsolved = rng_below(rng, 3) == 0,
            .at = {113.5, 22.9 + (double)rng_below(rng, 2), true}};
    story->other = (struct other_case){rng_below(rng, 4) ? act.other : 0, U_GRID, M_LAMP,
            rng_below(rng, 2) ? CASE_ACCEPTED : (uint8_t)rng_below(rng, CASE_STATE_COUNT)};
    for (int i = 0; i < act.unit_count; i++)
        act.units[i] = (int64_t[]){U_SQUAD, U_ROADS, U_VILLAGE, U_SQUAD_2}[rng_below(rng, 4)];
    if (story_do(story, type, who, &act, now) != VERDICT_APPLIED)
        return;
    if (type == TYPE_VERIFY || type == TYPE_REJECT)
        assert_string_not_equal(who, handled_by);
}

#endif
