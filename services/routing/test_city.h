/* A small district for routing's tests: two streets, two villages, three grids, desks, squads, a
 * department, volunteers, a matter of each kind; and a case that takes decisions the way the
 * kernel does. */
#ifndef HUYING_ROUTING_TEST_CITY_H
#define HUYING_ROUTING_TEST_CITY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "services/kernel/base/rng.h"
#include "services/routing/decide.h"
#include "services/routing/decide_clock.h"

#define HOUR INT64_C(3600000)
#define NOW INT64_C(1514764800000) /* 2018-01-01T00:00:00Z */

enum {
    U_DISTRICT = 1,
    U_STREET,
    U_VILLAGE,
    U_GRID,
    U_GRID_2,
    U_VILLAGE_DESK,
    U_SQUAD,
    U_SQUAD_2,
    U_ROADS,
    U_TEAM,
    U_STREET_DESK,
    U_DISTRICT_DESK,
    U_STREET_2,
    U_VILLAGE_2,
    U_GRID_3,
    U_LOOSE_GRID /* directly below the street: no village in between */
};

enum {
    M_LAMP = 1, /* worker */
    M_NOISE,    /* desk, from the village up */
    M_DUMP,     /* squad */
    M_GRAFFITI, /* volunteers */
    M_ROAD,     /* department of the district */
    M_PLAIN,    /* desk, no spans */
    M_ONCE,     /* worker, no step-up span */
    M_JOINT,    /* several units; no clock before they are named */
    M_GAS,      /* emergency, with a clock for each step */
    M_WATER,    /* a clock for each step, and no emergency */
    M_COUNT = M_WATER
};

static const char *const matter_codes[] = {
        "", "lamp", "noise", "dump", "graffiti", "road", "plain", "once", "joint", "gas", "water"};

#define UNIT(number, up, text, at, sort)                                                           \
    {                                                                                              \
        .id = number, .parent = up, .code = text, .name_zh = text, .name_en = text, .level = at,   \
        .kind = sort, .capabilities = ""                                                           \
    }
#define MATTER(number, text, start, who, accept, handle, step_up)                                  \
    {                                                                                              \
        .id = number, .code = text, .name_zh = text, .name_en = text, .category = "",              \
        .start_level = start, .handler = who, .handler_code = {"", "", "", "", ""},                \
        .squad_capability = "", .accept_ms = accept, .handle_ms = handle, .step_up_ms = step_up,   \
        .all_hours = true                                                                          \
    }
#define STAFF(number, text, where, does)                                                           \
    {                                                                                              \
        .id = number, .code = text, .name = text, .unit = where, .role = does, .skills = "",       \
        .to_min = 1440                                                                             \
    }
#define ROADS                                                                                      \
    {                                                                                              \
        .id = U_ROADS, .parent = U_DISTRICT, .code = "D-ROADS", .name_zh = "D-ROADS",              \
        .name_en = "D-ROADS", .level = LEVEL_DISTRICT, .kind = "department",                       \
        .capabilities = "roads;admission"                                                          \
    }
#define TEST_TOOL static __attribute__((unused))

TEST_TOOL struct directory *city_build(void)
{
    static const struct unit units[] = {
            UNIT(U_DISTRICT, 0, "D", LEVEL_DISTRICT, "district"),
            UNIT(U_STREET, U_DISTRICT, "S1", LEVEL_STREET, "street"),
            UNIT(U_VILLAGE, U_STREET, "V1", LEVEL_VILLAGE, "village"),
            UNIT(U_GRID, U_VILLAGE, "G1", LEVEL_GRID, "grid"),
            UNIT(U_GRID_2, U_VILLAGE, "G2", LEVEL_GRID, "grid"),
            UNIT(U_VILLAGE_DESK, U_VILLAGE, "V1-DESK", LEVEL_VILLAGE, "desk"),
            UNIT(U_SQUAD, U_STREET, "S1-SQ1", LEVEL_STREET, "squad"),
            UNIT(U_SQUAD_2, U_STREET, "S1-SQ2", LEVEL_STREET, "squad"),
            ROADS,
            UNIT(U_TEAM, U_VILLAGE, "V1-TEAM", LEVEL_VILLAGE, "volunteer_team"),
            UNIT(U_STREET_DESK, U_STREET, "S1-DESK", LEVEL_STREET, "desk"),
            UNIT(U_DISTRICT_DESK, U_DISTRICT, "D-DESK", LEVEL_DISTRICT, "desk"),
            UNIT(U_STREET_2, U_DISTRICT, "S2", LEVEL_STREET, "street"),
            UNIT(U_VILLAGE_2, U_STREET_2, "V2", LEVEL_VILLAGE, "village"),
            UNIT(U_GRID_3, U_VILLAGE_2, "G3", LEVEL_GRID, "grid"),
            UNIT(U_LOOSE_GRID, U_STREET, "G4", LEVEL_GRID, "grid"),
    };
    static struct matter matters[] = {
            MATTER(M_LAMP, "lamp", LEVEL_GRID, HANDLER_WORKER, 0, 24 * HOUR, 4 * HOUR),
            MATTER(M_NOISE, "noise", LEVEL_VILLAGE, HANDLER_DESK, 0, 10 * HOUR, 5 * HOUR),
            MATTER(M_DUMP, "dump", LEVEL_GRID, HANDLER_SQUAD, 0, 6 * HOUR, 2 * HOUR),
            MATTER(M_GRAFFITI, "graffiti", LEVEL_GRID, HANDLER_VOLUNTEERS, 3 * HOUR, 48 * HOUR,
                    HOUR),
            MATTER(M_ROAD, "road", LEVEL_DISTRICT, HANDLER_DEPARTMENT, 0, 72 * HOUR, HOUR),
            MATTER(M_PLAIN, "plain", LEVEL_GRID, HANDLER_DESK, 0, 0, 0),
            MATTER(M_ONCE, "once", LEVEL_GRID, HANDLER_WORKER, 0, HOUR, 0),
            MATTER(M_JOINT, "joint", LEVEL_STREET, HANDLER_JOINT, HOUR, 10 * HOUR, HOUR),
            MATTER(M_GAS, "gas", LEVEL_VILLAGE, HANDLER_DESK, HOUR / 12, 2 * HOUR, HOUR),
            MATTER(M_WATER, "water", LEVEL_VILLAGE, HANDLER_DESK, HOUR, 24 * HOUR, HOUR),
    };
    static const struct staff staff[] = {
            STAFF(1, "w1", U_GRID, "worker"),
            STAFF(2, "w1b", U_GRID, "worker"),
            STAFF(3, "w2", U_GRID_2, "worker"),
            STAFF(4, "vd", U_VILLAGE_DESK, "desk"),
            STAFF(5, "sq1", U_SQUAD, "squad"),
            STAFF(6, "sq1b", U_SQUAD, "squad"),
            STAFF(7, "sq2", U_SQUAD_2, "squad"),
            STAFF(8, "sd", U_STREET_DESK, "desk"),
            STAFF(9, "dd", U_DISTRICT_DESK, "desk"),
            STAFF(10, "r1", U_ROADS, "desk"),
            STAFF(11, "r2", U_ROADS, "desk"),
            STAFF(12, "vol", U_TEAM, "volunteer"),
            STAFF(13, "w3", U_GRID_3, "worker"),
            STAFF(14, "v", U_VILLAGE, "supervisor"),
            STAFF(15, "vol2", U_VILLAGE, "volunteer"),
    };
    matters[M_NOISE - 1].handler_code[LEVEL_VILLAGE] = "DESK";
    matters[M_GRAFFITI - 1].handler_code[LEVEL_VILLAGE] = "DESK";
    matters[M_ROAD - 1].handler_code[LEVEL_DISTRICT] = "D-ROADS";
    matters[M_ROAD - 1].category = "roads";
    matters[M_ONCE - 1].self_handle = true;
    matters[M_GAS - 1].urgency = URGENCY_EMERGENCY;
    matters[M_GAS - 1].arrive_ms = HOUR / 2;
    matters[M_GAS - 1].verify_ms = HOUR;
    matters[M_WATER - 1].arrive_ms = 2 * HOUR;
    matters[M_WATER - 1].verify_ms = 12 * HOUR;
    matters[M_NOISE - 1].duty[LEVEL_VILLAGE] = DUTY_MAIN;
    matters[M_NOISE - 1].duty[LEVEL_STREET] = DUTY_ASSIST;
    matters[M_DUMP - 1].squad_capability = "haul";
    matters[M_LAMP - 1].dup_h = 4;
    matters[M_GRAFFITI - 1].squad_capability = "paint";
    struct directory_rows rows = {.version = 5,
            .site = 1,
            .site_letters = "LA",
            .units = units,
            .unit_count = sizeof units / sizeof *units,
            .matters = matters,
            .matter_count = sizeof matters / sizeof *matters,
            .staff = staff,
            .staff_count = sizeof staff / sizeof *staff};
    return directory_build(&rows);
}

/* A case in the hands of a test. */
struct story {
    struct directory *directory;
    struct routing_case state;
    struct outcome outcome;  /* of the last decision */
    struct other_case other; /* the one besides it; id 0 = there is none */
    int64_t timer_ms;        /* 0 = none */
    int64_t now_ms;          /* of the last decision */
    int64_t counts[METRIC_COUNT];
    int64_t counts_at[METRIC_COUNT][U_LOOSE_GRID + 1]; /* … by unit */
    int steps, escalations;
};

TEST_TOOL void story_begin(struct story *story, struct directory *directory)
{
    *story = (struct story){.directory = directory};
    story->state.agg.id = 77;
    story->state.source_ref = "";
}

/* What the row says was counted at units is what was. */
TEST_TOOL void story_check_marks(const struct story *story)
{
    const struct case_course *course = &story->state.course;
    int64_t sums[METRIC_COUNT] = {0};
    for (int i = 0; i < course->mark_count; i++) {
        const struct case_mark *mark = &course->marks[i];
        sums[mark->metric] += mark->times;
        if (mark->unit <= U_LOOSE_GRID)
            assert_int_equal(story->counts_at[mark->metric][mark->unit], mark->times);
    }
    assert_int_equal(story->counts[METRIC_MISDISPATCHED], sums[METRIC_MISDISPATCHED]);
    assert_int_equal(story->counts[METRIC_RETURN_UNFOUNDED], sums[METRIC_RETURN_UNFOUNDED]);
    for (int metric = METRIC_YELLOW; metric < METRIC_COUNT; metric++)
        assert_int_equal(story->counts[metric], sums[metric]);
}

/* The timer never comes later than the first clock; it may come before. */
TEST_TOOL void story_check_clock(const struct story *story)
{
    struct case_clock first = clock_first(&story->state);
    if (first.at_ms == 0)
        return;
    int64_t latest = first.at_ms > story->now_ms ? first.at_ms : story->now_ms;
    assert_true(story->timer_ms != 0 && story->timer_ms <= latest);
}

/* … of what happened to it beside the straight way: limits hold, clocks stand in a pause. */
TEST_TOOL void story_check_course(const struct story *story)
{
    const struct routing_case *this = &story->state;
    const struct case_course *course = &this->course;
    assert_true(course->returns <= RETURNS_MAX + 1);
    assert_true(course->extensions <= EXTENSIONS_MAX);
    assert_true(course->suspensions <= SUSPENSIONS_MAX);
    assert_int_equal(story->counts[METRIC_RETURNED], course->returns);
    assert_true(story->counts[METRIC_MISDISPATCHED] <= course->returns);
    assert_true(course->reopenings <= REOPENINGS_MAX);
    story_check_marks(story);
    assert_int_equal(story->counts[METRIC_REWORKED], course->reworks);
    assert_int_equal(story->counts[METRIC_EXTENDED], course->extensions);
    assert_int_equal(story->counts[METRIC_SUSPENDED], course->suspensions);
    if (!case_open(this->state))
        return;
    assert_int_equal(course->arbiter != 0, this->state == CASE_IN_ARBITRATION);
    if (this->state != CASE_MERGED)
        assert_int_equal(course->left_ms != 0, this->state == CASE_SUSPENDED);
    assert_int_equal(course->merged != 0, this->state == CASE_MERGED);
    if (course->step_from_ms != 0) { /* a clock of the present step waits for the calendar */
        assert_true(this->state >= CASE_DISPATCHED && this->state <= CASE_HANDLED);
        assert_int_equal(this->step_due_ms + course->arrive_due_ms, 0);
    }
    struct routing_case alone = *this;
    alone.course.part_count = 0;
    if (this->state == CASE_SUSPENDED)
        assert_int_equal(clock_first(&alone).at_ms, this->step_due_ms);
    if (this->state == CASE_MERGED)
        assert_int_equal(clock_first(&alone).at_ms, 0);
    if (this->state >= CASE_RETURNED)
        assert_int_equal(this->work, WORK_OWN);
    if (this->state == CASE_RETURNED && this->handler != course->sent_by)
        assert_int_equal(this->handler, this->area);
}

/* What must be true of a case whatever happened to it. */
TEST_TOOL void story_check(const struct story *story)
{
    const struct routing_case *this = &story->state;
    assert_int_equal(this->agg.ver, story->steps);
    if (this->state == CASE_NONE)
        return;
    assert_int_not_equal(this->unit, 0);
    bool open = case_open(this->state);
    assert_true(this->state != CASE_REGISTERED && this->state != CASE_VERIFIED);
    assert_int_equal(story->counts[METRIC_OPEN], open);
    assert_int_equal(story->counts[METRIC_CLOSED], this->state == CASE_CLOSED);
    assert_int_equal(story->counts[METRIC_WITHDRAWN], this->state == CASE_WITHDRAWN);
    assert_int_equal(story->counts[METRIC_REFERRED_OUT], this->state == CASE_REFERRED_OUT);
    assert_int_equal(story->counts[METRIC_LATE], open && this->late);
    assert_int_equal(story->counts[METRIC_OVERDUE], this->overdue);
    assert_int_equal(story->counts[METRIC_OVERDUE_BY_CATALOGUE], this->overdue_by_catalogue);
    assert_int_equal(this->ended_at_ms != 0, !open);
    assert_int_equal(this->handled_at_ms != 0, this->handled_unit != 0);
    if (open) {
        const struct unit *area = unit_find(story->directory, this->area);
        assert_non_null(area);
        assert_int_equal(area->level, this->level);
        assert_int_not_equal(this->handler, 0);
    } else {
        assert_int_equal(this->step_due_ms, 0);
        assert_int_equal(this->warn_ms, 0);
        assert_int_equal(this->work, WORK_OWN);
    }
    story_check_course(story);
    story_check_clock(story);
}

/* Between a case and what becomes of it: an announced deadline is moved by few steps only, and the
 * level changes by one (or to the next one that the tree has). */
TEST_TOOL void story_check_moves(const struct story *story, const struct routing_case *next)
{
    const struct routing_case *before = &story->state;
    if (before->state == CASE_NONE)
        return;
    bool may_move = false;
    for (int i = 0; i < story->outcome.step_count; i++) {
        uint16_t kind = story->outcome.steps[i].kind;
        may_move = may_move || kind == STEP_ESCALATE || kind == STEP_RESUME ||
                   kind == STEP_GRANT_TIME || kind == STEP_REJECT || kind == STEP_REOPEN ||
                   kind == STEP_FAIL_CHECK || kind == STEP_DECLINE || kind == STEP_RESET_DUE ||
                   kind == STEP_UNMERGE || (before->course.unstarted && !next->course.unstarted);
    }
    if (!may_move)
        assert_int_equal(next->due_ms, before->due_ms);
    for (int level = before->level + 1; level < next->level; level++)
        assert_null(unit_at_level(
                story->directory, unit_find(story->directory, before->unit), (enum level)level));
    assert_true(next->level >= before->level);
}

TEST_TOOL void timers_take(struct story *story)
{
    for (int i = 0; i < story->outcome.timer_count; i++) {
        const struct timer_change *timer = &story->outcome.timers[i];
        assert_int_equal(timer->kind, TIMER_CLOCK);
        story->timer_ms = timer->due_ms;
    }
}

/* Like the kernel: on a copy, and only what has steps is kept. */
TEST_TOOL enum verdict story_apply(struct story *story, const struct input *input)
{
    struct other_set others = {&story->other, story->other.id != 0};
    struct world world = {.directory = story->directory, .related = &others};
    struct routing_case next = story->state;
    uint8_t level = story->state.level;
    struct outcome *outcome = &story->outcome;
    *outcome = (struct outcome){0};
    story->now_ms = input->now_ms;
    routing_decide(&story->state, input, &world, &next, outcome);
    if (outcome->step_count == 0) { /* nothing but a clock that looks again */
        assert_int_equal(outcome->verdict == VERDICT_APPLIED, outcome->timer_count == 1);
        assert_int_equal(outcome->send_count + outcome->count_count, 0);
        if (outcome->timer_count == 1) {
            assert_memory_equal(&next, &story->state, sizeof next);
            timers_take(story);
        }
        return outcome->verdict;
    }
    assert_int_equal(outcome->verdict, VERDICT_APPLIED);
    assert_int_equal(outcome->steps[0].from, story->state.state);
    assert_int_equal(outcome->steps[outcome->step_count - 1].to, next.state);
    for (int i = 1; i < outcome->step_count; i++)
        assert_int_equal(outcome->steps[i].from, outcome->steps[i - 1].to);
    for (int i = 0; i < outcome->step_count; i++)
        if (outcome->steps[i].kind == STEP_ESCALATE) {
            assert_true(next.level > level);
            story->escalations++;
        }
    story_check_moves(story, &next);
    next.agg.ver += outcome->step_count;
    story->steps += outcome->step_count;
    story->state = next;
    timers_take(story);
    for (int i = 0; i < outcome->count_count; i++) {
        const struct count_change *count = &outcome->counts[i];
        story->counts[count->metric] += count->amount;
        story->counts_at[count->metric][count->unit] += count->amount;
    }
    story_check(story);
    return outcome->verdict;
}

TEST_TOOL enum verdict story_report(
        struct story *story, int matter, int64_t unit, int64_t promised_at_ms, int64_t now_ms)
{
    struct case_reported *body = test_malloc(sizeof *body);
    *body = (struct case_reported){.source = "hotline",
            .source_ref = "T-1",
            .reporter = "",
            .matter = matter > 0 ? matter_codes[matter] : "unheard-of",
            .summary = "something",
            .unit = unit,
            .promised_at_ms = promised_at_ms};
    struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_REPORTED,
            .now_ms = now_ms,
            .body = body};
    enum verdict verdict = story_apply(story, &input);
    test_free(body);
    return verdict;
}

TEST_TOOL enum verdict story_command(
        struct story *story, enum routing_type type, const char *actor, int64_t now_ms)
{
    static const struct act act = {.text = "done so"};
    struct input input = {.kind = INPUT_COMMAND, .type = type, .now_ms = now_ms, .body = &act};
    (void)snprintf(input.actor, sizeof input.actor, "%s", actor);
    return story_apply(story, &input);
}

/* A command that names a unit, or a span. */
TEST_TOOL enum verdict story_act(struct story *story,
        enum routing_type type,
        const char *actor,
        int64_t unit,
        int64_t span_ms,
        int64_t now_ms)
{
    struct act act = {.text = "because", .unit = unit, .span_ms = span_ms};
    struct input input = {.kind = INPUT_COMMAND, .type = type, .now_ms = now_ms, .body = &act};
    (void)snprintf(input.actor, sizeof input.actor, "%s", actor);
    return story_apply(story, &input);
}

TEST_TOOL enum verdict story_withdraw(struct story *story, int64_t now_ms)
{
    static const struct case_withdrawn body = {.reason = "found it"};
    struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_WITHDRAWN,
            .now_ms = now_ms,
            .body = &body};
    return story_apply(story, &input);
}

TEST_TOOL enum verdict story_mission(struct story *story,
        enum case_event event,
        int64_t squad,
        const char *actor,
        int64_t now_ms)
{
    struct progress body = {.event = event, .squad = squad, .actor = actor, .text = ""};
    struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_ENFORCEMENT,
            .type = TYPE_MISSION_PROGRESS,
            .now_ms = now_ms,
            .body = &body};
    return story_apply(story, &input);
}

TEST_TOOL enum verdict story_need(
        struct story *story, enum case_event event, const char *actor, int64_t now_ms)
{
    struct progress body = {.event = event, .actor = actor, .text = ""};
    struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_VOLUNTEER,
            .type = TYPE_NEED_PROGRESS,
            .now_ms = now_ms,
            .body = &body};
    return story_apply(story, &input);
}

/* The timer fires at `now_ms`, once. */
TEST_TOOL enum verdict story_fire_once(struct story *story, int64_t now_ms)
{
    struct input input = {
            .kind = INPUT_TIMER, .type = TIMER_CLOCK, .now_ms = now_ms, .due_ms = now_ms};
    story->timer_ms = 0;
    return story_apply(story, &input);
}

/* The first of its clocks that is no card; 0 = none. */
TEST_TOOL int64_t story_due(const struct story *story)
{
    struct routing_case this = story->state;
    this.warn_ms = 0;
    return clock_first(&this).at_ms;
}

/* All that is due at `now_ms` happens; the verdict is the last one's. */
TEST_TOOL enum verdict story_fire(struct story *story, int64_t now_ms)
{
    enum verdict verdict = story_fire_once(story, now_ms);
    while (story->timer_ms != 0 && story->timer_ms <= now_ms)
        verdict = story_fire_once(story, now_ms);
    return verdict;
}

/* The timer fires, and nothing comes of it but cards. */
TEST_TOOL void story_rests(struct story *story, int64_t now_ms)
{
    struct routing_case before = story->state;
    (void)story_fire(story, now_ms);
    assert_int_equal(story->state.state, before.state);
    assert_int_equal(story->state.area, before.area);
    assert_int_equal(story->state.due_ms, before.due_ms);
    assert_int_equal(story->state.course.arbiter, before.course.arbiter);
}

/* The step of that kind in the last decision. */
TEST_TOOL const struct step *story_step(const struct story *story, enum case_step kind)
{
    for (int i = 0; i < story->outcome.step_count; i++)
        if (story->outcome.steps[i].kind == kind)
            return &story->outcome.steps[i];
    fail_msg("no step %d", kind);
    return NULL;
}

#endif
