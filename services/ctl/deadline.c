/* The history is gone through once. What the rules depend on is carried along: who handles the
 * case, its present deadline and the first one, when its clock began, what was left when it was
 * stopped. An announced instant is carried on as it was announced, so that one fault is told
 * once.
 *
 * Where the history does not say which of several units it was (a desk above the place), each
 * is tried: they differ only where units have hours of their own. */
#include "services/ctl/deadline.h"

#include "services/kernel/base/must.h"

#define HOUR_MS INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)
#define ALSO_MAX 8
#define CANDIDATES_MAX (ALSO_MAX + 5)
#define PARTS_MAX 64
#define STATE_DISPATCHED 2
#define STATE_RETURNED 9

/* The district's spans, as routing has them. */
#define RULING_MS (2 * HOUR_MS)
#define CALL_MS (HOUR_MS / 2)
#define ADMISSION_MS (14 * HOUR_MS)
#define REWORK_SHARE 2

/* What the instant is counted from and with. */
enum span {
    SPAN_NONE,
    SPAN_STANDS,    /* the present deadline again; the matter's span where none runs */
    SPAN_JOINT,     /* the same, for each unit in its own hours; as rework where it is over */
    SPAN_STEP_UP,   /* the matter's, between escalations; to accept where that was late */
    SPAN_REWORK,    /* a share of the matter's */
    SPAN_RULING,    /* … in whoever's hours has to rule */
    SPAN_CALL,      /* around the clock */
    SPAN_ADMISSION, /* working time, whatever the matter's clock */
    SPAN_PART,      /* what another part was announced for, or as rework */
    SPAN_LEFT,      /* what was left when the clock was stopped */
    SPAN_ASKED,     /* what was asked for, from the deadline on */
    SPAN_RESET,     /* the matter's as it holds then, from where it began, and what was added */
    SPAN_GIVEN      /* what a person named, around the clock */
};

/* Who handles the case then, and so in whose hours it is. */
enum gives {
    GIVES_NOBODY,
    GIVES_UNIT,     /* the step's */
    GIVES_TOLD,     /* the step's, when a message says so: squad or volunteer have done theirs */
    GIVES_DESK,     /* of some area above the place */
    GIVES_CATALOGUE /* whom the matter names at the level of the step's unit */
};

/* What the step does to the case's own deadline. */
enum clock { CLOCK_STAYS, CLOCK_MOVES, CLOCK_STARTS, CLOCK_STOPS, CLOCK_ENDS };

struct rule {
    int32_t kind; /* number and word are routing's, STEP_TABLE */
    const char *word;
    enum span span;
    enum gives gives;
    enum clock clock;
};

static const struct rule RULES[] = {
        {2, "dispatch", SPAN_STANDS, GIVES_UNIT, CLOCK_MOVES},
        {3, "accept", SPAN_NONE, GIVES_UNIT, CLOCK_STAYS},
        {4, "handle", SPAN_NONE, GIVES_UNIT, CLOCK_STAYS},
        {7, "escalate", SPAN_STEP_UP, GIVES_NOBODY, CLOCK_MOVES},
        {9, "assign", SPAN_NONE, GIVES_UNIT, CLOCK_STAYS},
        {10, "arrive", SPAN_NONE, GIVES_UNIT, CLOCK_STAYS},
        {11, "to_desk", SPAN_NONE, GIVES_UNIT, CLOCK_STAYS},
        {14, "return", SPAN_NONE, GIVES_DESK, CLOCK_STAYS},
        {15, "dispute", SPAN_RULING, GIVES_DESK, CLOCK_STAYS},
        {16, "rule", SPAN_STANDS, GIVES_UNIT, CLOCK_MOVES},
        {17, "arbiter_up", SPAN_RULING, GIVES_UNIT, CLOCK_STAYS},
        {18, "step_up", SPAN_STANDS, GIVES_CATALOGUE, CLOCK_MOVES},
        {19, "reject", SPAN_REWORK, GIVES_NOBODY, CLOCK_MOVES},
        {20, "suspend", SPAN_GIVEN, GIVES_NOBODY, CLOCK_STOPS},
        {21, "resume", SPAN_LEFT, GIVES_NOBODY, CLOCK_MOVES},
        {22, "ask_time", SPAN_NONE, GIVES_NOBODY, CLOCK_STAYS},
        {23, "grant_time", SPAN_ASKED, GIVES_NOBODY, CLOCK_MOVES},
        {32, "decline", SPAN_NONE, GIVES_NOBODY, CLOCK_ENDS},
        {33, "call", SPAN_CALL, GIVES_NOBODY, CLOCK_STAYS},
        {38, "joint", SPAN_JOINT, GIVES_NOBODY, CLOCK_MOVES},
        {39, "order", SPAN_GIVEN, GIVES_NOBODY, CLOCK_STAYS},
        {40, "finish_part", SPAN_NONE, GIVES_TOLD, CLOCK_STAYS},
        {41, "take_over", SPAN_PART, GIVES_NOBODY, CLOCK_STAYS},
        {42, "apply", SPAN_ADMISSION, GIVES_NOBODY, CLOCK_STAYS},
        {48, "convene", SPAN_GIVEN, GIVES_NOBODY, CLOCK_STAYS},
        {50, "mediate", SPAN_GIVEN, GIVES_NOBODY, CLOCK_STAYS},
        {51, "agree", SPAN_GIVEN, GIVES_NOBODY, CLOCK_STAYS},
        {54, "reopen", SPAN_REWORK, GIVES_UNIT, CLOCK_STARTS},
        {57, "fail_check", SPAN_REWORK, GIVES_UNIT, CLOCK_STARTS},
        {58, "merge", SPAN_NONE, GIVES_NOBODY, CLOCK_STOPS},
        {59, "unmerge", SPAN_LEFT, GIVES_NOBODY, CLOCK_MOVES},
        {60, "reset_due", SPAN_RESET, GIVES_NOBODY, CLOCK_MOVES},
        {62, "send_back", SPAN_NONE, GIVES_UNIT, CLOCK_STAYS},
};

/* Rows of the table that the code below means by their number. */
enum {
    KIND_ESCALATE = 7,
    KIND_TO_DESK = 11,
    KIND_ASK_TIME = 22,
    KIND_LATE = 27,
    KIND_TAKE_OVER = 41,
    KIND_MERGE = 58,
    KIND_SEND_BACK = 62
};

struct replay {
    const struct deadline_rules *rules;
    const struct deadline_case *of;
    const struct matter *matter;    /* NULL: none */
    const struct hours_kept *hours; /* of the present step's version */
    int64_t handler;                /* 0: some desk above the place */
    int64_t also[ALSO_MAX];         /* … or one of those */
    size_t also_count;
    int64_t due_ms, first_ms, started_ms;
    int64_t left_ms, first_left_ms, asked_ms;
    int64_t added_ms; /* to the span, by grants and pauses */
    int64_t joint_ms; /* when several units were named; */
    int64_t parts[PARTS_MAX];
    size_t part_count;
    int rises;         /* at its deadlines */
    bool joint_starts; /* … and their clock began */
    bool dispatched, volunteers;
    bool sent_back; /* it waits at the handler's desk, which is perhaps not that of its area */
    bool again;     /* the case was opened again: less time, and no promise */
};

static const struct rule *rule_find(int32_t kind)
{
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++)
        if (RULES[i].kind == kind)
            return &RULES[i];
    return NULL;
}

const char *deadline_word(int32_t kind)
{
    const struct rule *rule = rule_find(kind);
    return rule != NULL ? rule->word : NULL;
}

static const struct hours_kept *kept_at(const struct deadline_rules *rules, int64_t version)
{
    const struct hours_kept *found = NULL;
    for (size_t i = 0; i < rules->kept_count && rules->kept[i].version <= version; i++)
        found = &rules->kept[i];
    return found;
}

/* Around the clock, or in the unit's hours; 0 for no span, and where the calendar has not the
 * year. */
static int64_t added(
        const struct replay *replay, const struct hours *hours, int64_t from_ms, int64_t span_ms)
{
    int64_t due_ms = 0;
    if (span_ms <= 0 || hours_add(&replay->hours->calendar, hours, from_ms, span_ms, &due_ms) != 0)
        return 0;
    return due_ms;
}

static const struct hours *hours_of(const struct replay *replay, int64_t unit)
{
    bool always = replay->matter == NULL || replay->matter->all_hours;
    return always ? &HOURS_ALWAYS : hours_kept_of(replay->hours, unit);
}

static int64_t after(const struct replay *replay, int64_t unit, int64_t from_ms, int64_t span_ms)
{
    return added(replay, hours_of(replay, unit), from_ms, span_ms);
}

static int64_t left(const struct replay *replay, int64_t from_ms, int64_t to_ms)
{
    int64_t ms = 0;
    int32_t year = hours_between(
            &replay->hours->calendar, hours_of(replay, replay->handler), from_ms, to_ms, &ms);
    return year == 0 ? ms : 0;
}

/* 0 without a matter, whose cases have no deadline of their own. */
static int64_t span_rework(const struct replay *replay)
{
    return replay->matter != NULL ? replay->matter->handle_ms / REWORK_SHARE : 0;
}

static int64_t span_handle(const struct replay *replay)
{
    if (replay->again)
        return span_rework(replay);
    return replay->matter != NULL ? replay->matter->handle_ms : 0;
}

static int64_t span_step_up(const struct replay *replay)
{
    return replay->matter != NULL ? replay->matter->step_up_ms : 0;
}

/* Set at last, when the calendar had the year: from where it began, and a span for each level that
 * the case went up to meanwhile. */
static int64_t settled(struct replay *replay, int64_t unit)
{
    if (replay->first_ms == 0)
        replay->first_ms = after(replay, unit, replay->started_ms, span_handle(replay));
    int64_t due_ms = replay->first_ms;
    for (int i = 0; i < replay->rises && due_ms != 0; i++)
        due_ms = after(replay, unit, due_ms, span_step_up(replay));
    return due_ms;
}

static int64_t stands(struct replay *replay, const struct deadline_step *step, int64_t unit)
{
    int64_t promised_ms = replay->of->promised_ms;
    if (!replay->dispatched && promised_ms != 0)
        return promised_ms > step->at_ms ? promised_ms : step->at_ms;
    if (replay->dispatched && !step->actor)
        return settled(replay, unit);
    if (replay->due_ms != 0)
        return replay->due_ms;
    return after(replay, unit, step->at_ms, span_handle(replay));
}

/* As the part was, or, of whoever leads and got more time, as the case is. */
static int64_t part_again(const struct replay *replay, const struct deadline_step *step)
{
    if (step->due_ms == replay->due_ms && step->due_ms > step->at_ms)
        return step->due_ms;
    for (size_t i = 0; i < replay->part_count; i++)
        if (replay->parts[i] == step->due_ms && step->due_ms > step->at_ms)
            return step->due_ms;
    return after(replay, step->unit, step->at_ms, span_rework(replay));
}

static int64_t joined(const struct replay *replay, const struct deadline_step *step)
{
    if (replay->joint_starts)
        return after(replay, step->unit, step->at_ms, span_handle(replay));
    if (replay->due_ms > step->at_ms)
        return replay->due_ms;
    return after(replay, step->unit, step->at_ms, span_rework(replay));
}

static int64_t counted(struct replay *replay,
        const struct rule *rule,
        const struct deadline_step *step,
        int64_t unit)
{
    switch (rule->span) {
    case SPAN_NONE:
        return 0;
    case SPAN_STANDS:
        return stands(replay, step, unit);
    case SPAN_JOINT:
        return joined(replay, step);
    case SPAN_STEP_UP:
        return after(replay, unit, step->at_ms, span_step_up(replay));
    case SPAN_REWORK:
        return after(replay, unit, step->at_ms, span_rework(replay));
    case SPAN_RULING:
        return after(replay, unit, step->at_ms, RULING_MS);
    case SPAN_CALL:
        return step->at_ms + CALL_MS;
    case SPAN_ADMISSION:
        return added(replay, hours_kept_of(replay->hours, step->unit), step->at_ms, ADMISSION_MS);
    case SPAN_PART:
        return part_again(replay, step);
    case SPAN_LEFT:
        return after(replay, unit, step->at_ms, replay->left_ms);
    case SPAN_ASKED:
        return after(replay, unit, replay->due_ms, replay->asked_ms);
    case SPAN_RESET:
        return after(replay, unit, replay->started_ms, span_handle(replay) + replay->added_ms);
    case SPAN_GIVEN:
        return step->at_ms + step->minutes * MINUTE_MS;
    }
    return 0;
}

static size_t desks(const struct replay *replay, int64_t ret[CANDIDATES_MAX])
{
    const struct directory *directory = replay->rules->directory;
    const struct unit *place = unit_find(directory, replay->of->place);
    size_t count = 0;
    for (int level = LEVEL_GRID; place != NULL && level <= LEVEL_DISTRICT; level++) {
        const struct unit *area = unit_at_level(directory, place, (enum level)level);
        if (area != NULL)
            ret[count++] = area->id;
    }
    return count;
}

/* Whose hours it may have been. */
static size_t candidates(const struct replay *replay, int64_t ret[CANDIDATES_MAX])
{
    size_t count = replay->handler == 0 ? desks(replay, ret) : 0;
    if (replay->handler != 0)
        ret[count++] = replay->handler;
    for (size_t i = 0; i < replay->also_count; i++)
        ret[count++] = replay->also[i];
    return count;
}

/* A person's will that is not on record cannot be counted again, only what follows from it. */
static bool only_given(
        const struct replay *replay, const struct rule *rule, const struct deadline_step *step)
{
    return (rule->span == SPAN_GIVEN && step->minutes == 0) ||
           (rule->span == SPAN_ASKED && replay->asked_ms == 0);
}

static void step_count(struct replay *replay, const struct rule *rule, struct deadline_step *step)
{
    int64_t units[CANDIDATES_MAX];
    size_t count = candidates(replay, units);
    step->end = DEADLINE_OTHER;
    for (size_t i = 0; i < count && step->end == DEADLINE_OTHER; i++) {
        int64_t due_ms = counted(replay, rule, step, units[i]);
        if (i == 0 || due_ms == step->due_ms)
            step->counted_ms = due_ms;
        if (due_ms == step->due_ms)
            step->end = DEADLINE_SAME;
    }
}

/* Nobody accepted in time, and the next level has as long to: not the case's deadline. */
static bool accept_again(
        const struct replay *replay, const struct deadline_step *before, struct deadline_step *step)
{
    if (before == NULL || before->kind != KIND_LATE || step->kind != KIND_ESCALATE ||
            before->at_ms != step->at_ms || step->from_state != STATE_DISPATCHED ||
            replay->matter == NULL)
        return false;
    int64_t due_ms = after(replay, replay->handler, step->at_ms, replay->matter->accept_ms);
    if (due_ms != step->due_ms)
        return false;
    step->counted_ms = due_ms;
    step->end = DEADLINE_SAME;
    return true;
}

static int64_t catalogue_handler(const struct replay *replay, int64_t unit)
{
    const struct directory *directory = replay->rules->directory;
    const struct unit *place = unit_find(directory, replay->of->place);
    const struct unit *area = unit_find(directory, unit), *found = NULL;
    if (replay->matter != NULL && place != NULL && area != NULL)
        found = directory_handler(directory, replay->matter, place, area->level);
    return found != NULL ? found->id : unit;
}

/* Somebody else's will gave the case to a unit: what was asked of the one before is void. */
static bool handed(
        const struct replay *replay, const struct rule *rule, const struct deadline_step *step)
{
    return rule->gives == GIVES_DESK || rule->clock == CLOCK_STARTS || rule->clock == CLOCK_ENDS ||
           rule->span == SPAN_JOINT || rule->span == SPAN_RULING || rule->kind == KIND_MERGE ||
           (rule->span == SPAN_STANDS && replay->dispatched && step->actor);
}

static void also_add(struct replay *replay, int64_t unit)
{
    if (replay->also_count < ALSO_MAX)
        replay->also[replay->also_count++] = unit;
}

/* Before the instant is counted. Volunteers have done their work: a desk does it again. */
static void handler_set(
        struct replay *replay, const struct rule *rule, const struct deadline_step *step)
{
    bool redone = rule->span == SPAN_REWORK && replay->volunteers;
    bool told = rule->gives == GIVES_TOLD && !step->actor;
    if (redone) {
        also_add(replay, replay->handler);
        replay->handler = 0;
    } else if (rule->gives == GIVES_UNIT || told) {
        replay->handler = step->unit;
    } else if (rule->gives == GIVES_DESK) {
        replay->handler = 0;
    } else if (rule->gives == GIVES_CATALOGUE) {
        replay->handler = catalogue_handler(replay, step->unit);
    } else if (rule->span == SPAN_STEP_UP && step->from_state == STATE_RETURNED) {
        if (replay->sent_back)
            also_add(replay, step->unit);
        else
            replay->handler = step->unit; /* it waits at the desk that it went up to */
    } else if (rule->span == SPAN_JOINT && replay->joint_ms != step->at_ms) {
        replay->handler = step->unit; /* who is named first leads */
        replay->joint_ms = step->at_ms;
        replay->joint_starts = replay->due_ms == 0;
    }
    if (rule->gives != GIVES_NOBODY && !redone && (told || rule->gives != GIVES_TOLD))
        replay->also_count = 0;
    if (rule->gives != GIVES_NOBODY)
        replay->sent_back = rule->kind == KIND_SEND_BACK;
    if (rule->kind == KIND_TAKE_OVER)
        also_add(replay, step->unit); /* it may have been the one that led */
    if (redone || told || handed(replay, rule, step) || rule->kind == KIND_TO_DESK)
        replay->volunteers = false;
}

static void case_clock_set(
        struct replay *replay, const struct rule *rule, const struct deadline_step *step)
{
    bool starts = rule->clock == CLOCK_STARTS || (replay->due_ms == 0 && step->actor);
    if (rule->span == SPAN_JOINT) {
        starts = true;
        if (!replay->joint_starts || step->due_ms < replay->due_ms)
            return; /* the case's stands, or is the last of them */
    }
    bool reset = rule->span == SPAN_RESET;
    if (!reset && (starts || !replay->dispatched)) {
        replay->started_ms = step->at_ms;
        replay->added_ms = 0;
    }
    if (reset || starts || !replay->dispatched) {
        replay->first_ms = step->due_ms;
        replay->rises = 0;
    }
    replay->due_ms = step->due_ms;
}

/* More time is for the part of whoever leads too, in the hours of whoever that is by now. */
static void parts_extend(struct replay *replay)
{
    int64_t units[CANDIDATES_MAX];
    size_t count = candidates(replay, units), parts = replay->part_count * count;
    for (size_t i = parts; i > 0 && replay->part_count < PARTS_MAX; i--)
        replay->parts[replay->part_count++] = after(
                replay, units[(i - 1) % count], replay->parts[(i - 1) / count], replay->asked_ms);
}

/* After it: the clocks as the step left them. Of the first deadline only what a suspension and more
 * time make of it is not in the history. */
static void clocks_set(
        struct replay *replay, const struct rule *rule, const struct deadline_step *step)
{
    if (rule->clock == CLOCK_STOPS) {
        replay->left_ms = left(replay, step->at_ms, replay->due_ms);
        replay->first_left_ms = left(replay, step->at_ms, replay->first_ms);
    }
    if (rule->span == SPAN_ASKED) {
        parts_extend(replay);
        replay->added_ms += replay->asked_ms;
    }
    if (rule->span == SPAN_LEFT)
        replay->added_ms += left(replay, replay->due_ms, step->due_ms);
    if (rule->span == SPAN_LEFT && replay->first_left_ms > 0)
        replay->first_ms = after(replay, replay->handler, step->at_ms, replay->first_left_ms);
    if (rule->span == SPAN_ASKED && replay->rises == 0)
        replay->first_ms = after(replay, replay->handler, replay->first_ms, replay->asked_ms);
    if (rule->clock == CLOCK_ENDS && (replay->of->promised_ms == 0 || replay->again))
        replay->due_ms = replay->first_ms = 0;
    replay->rises += rule->span == SPAN_STEP_UP;
    if (rule->kind == KIND_ASK_TIME)
        replay->asked_ms = step->minutes * MINUTE_MS;
    else if (rule->span == SPAN_ASKED || handed(replay, rule, step))
        replay->asked_ms = 0;
    if ((rule->clock == CLOCK_MOVES || rule->clock == CLOCK_STARTS) && step->due_ms != 0)
        case_clock_set(replay, rule, step);
    else if (rule->clock == CLOCK_MOVES && !replay->dispatched)
        replay->started_ms = step->at_ms; /* nothing was announced, but it counts from here */
    if (rule->clock == CLOCK_STAYS && step->due_ms != 0 && replay->part_count < PARTS_MAX)
        replay->parts[replay->part_count++] = step->due_ms;
    if (rule->span == SPAN_JOINT && replay->part_count < PARTS_MAX)
        replay->parts[replay->part_count++] = step->due_ms;
    replay->dispatched = replay->dispatched || rule->span == SPAN_STANDS;
}

static void step_replay(
        struct replay *replay, const struct deadline_step *before, struct deadline_step *step)
{
    const struct rule *rule = rule_find(step->kind);
    bool known = replay->of->matter == 0 || replay->matter != NULL;
    step->end = step->due_ms == 0 ? DEADLINE_NONE : DEADLINE_UNKNOWN;
    step->counted_ms = 0;
    replay->hours = kept_at(replay->rules, step->rule_ver);
    if (rule == NULL || replay->hours == NULL || !known)
        return;
    if (step->due_ms != 0 && accept_again(replay, before, step))
        return;
    handler_set(replay, rule, step);
    replay->again = replay->again || rule->clock == CLOCK_STARTS;
    if (step->due_ms != 0 && only_given(replay, rule, step))
        step->end = DEADLINE_GIVEN;
    else if (step->due_ms != 0)
        step_count(replay, rule, step);
    clocks_set(replay, rule, step);
}

/* The version of the matter that the case had from that step on: what the next reset took it from,
 * after the last one the present one. */
static const struct matter *matter_from(
        const struct deadline_rules *rules, const struct deadline_case *of, size_t step)
{
    int32_t id = of->matter;
    for (size_t i = of->count; i > step; i--)
        if (of->steps[i - 1].matter_before != 0)
            id = of->steps[i - 1].matter_before;
    return id != 0 ? matter_find(rules->directory, id) : NULL;
}

void deadline_count(const struct deadline_rules *rules, struct deadline_case *of)
{
    struct replay replay = {.rules = rules, .of = of};
    must(of->count <= DEADLINE_STEPS_MAX);
    replay.matter = matter_from(rules, of, 0);
    replay.volunteers = replay.matter != NULL && replay.matter->handler == HANDLER_VOLUNTEERS;
    for (size_t i = 0; i < of->count; i++) {
        if (of->steps[i].matter_before != 0)
            replay.matter = matter_from(rules, of, i + 1);
        step_replay(&replay, i > 0 ? &of->steps[i - 1] : NULL, &of->steps[i]);
    }
}
