/* What several units do for one case, each with a part and a clock of its own: those called by a
 * whistle report in at the place, those of a joint case sign, a task ordered is reported back, an
 * admission is decided on, a meeting resolves, parties are mediated between. A part is never taken
 * away: it ends, is taken over, or stays as a fault on record.
 *
 * To extend: a kind in PART_TABLE, its actions here, rows in CASE_RULE_TABLE. */
#include "services/routing/decide_parts.h"

#include <math.h>

#include "services/kernel/base/must.h"
#include "services/routing/decide_actor.h"
#include "services/routing/decide_turn.h"

#define BIT(kind) (1u << (kind))

/* What a part has to be for an action that means one. */
static const struct meaning {
    uint16_t kinds; /* BIT() of enum part_kind */
    uint8_t state;
} meanings[] = {
        [DO_CHECK_IN] = {BIT(PART_CALL), PART_OPEN},
        [DO_SCORE] = {BIT(PART_CALL), PART_DONE},
        [DO_FINISH_PART] = {BIT(PART_JOINT) | BIT(PART_TASK), PART_OPEN},
        [DO_FINISH_LAST] = {BIT(PART_JOINT) | BIT(PART_TASK), PART_OPEN},
        [DO_TAKE_OVER] = {BIT(PART_JOINT) | BIT(PART_TASK), PART_OPEN},
        [DO_ADMIT] = {BIT(PART_ADMISSION), PART_OPEN},
        [DO_DENY_ADMISSION] = {BIT(PART_ADMISSION), PART_OPEN},
        [DO_APPEAL] = {BIT(PART_CALL), PART_MISSED},
        [DO_UPHOLD] = {BIT(PART_CALL), PART_APPEALED},
        [DO_DISMISS] = {BIT(PART_CALL), PART_APPEALED},
        [DO_REVISIT] = {BIT(PART_REVISIT), PART_OPEN},
        [DO_RESOLVE] = {BIT(PART_MEETING), PART_OPEN},
        [DO_AGREE] = {BIT(PART_MEDIATION), PART_OPEN},
        [DO_END_WHISTLE] = {BIT(PART_CALL), PART_OPEN},
        [DO_PASS_CHECK] = {BIT(PART_CHECK), PART_OPEN},
        [DO_FAIL_CHECK] = {BIT(PART_CHECK), PART_OPEN},
};

static bool kind_blocks(int64_t kind)
{
    static const bool blocks[PART_KIND_COUNT] = {
#define X(name, number, text, is_blocking, outlives) [name] = is_blocking,
            PART_TABLE(X)
#undef X
    };
    return blocks[kind];
}

static bool kind_outlives(int64_t kind)
{
    static const bool outlives[PART_KIND_COUNT] = {
#define X(name, number, text, blocks, is_outliving) [name] = is_outliving,
            PART_TABLE(X)
#undef X
    };
    return outlives[kind];
}

static int parts_open(const struct routing_case *this, unsigned kinds)
{
    int count = 0;
    for (int i = 0; i < this->course.part_count; i++)
        count += this->course.parts[i].state == PART_OPEN &&
                 (kinds & BIT(this->course.parts[i].kind)) != 0;
    return count;
}

bool parts_block(const struct routing_case *this)
{
    for (int i = 0; i < this->course.part_count; i++)
        if (this->course.parts[i].state == PART_OPEN && kind_blocks(this->course.parts[i].kind))
            return true;
    return false;
}

int64_t parts_first_open(const struct routing_case *this)
{
    for (int i = 0; i < this->course.part_count; i++) {
        const struct case_part *part = &this->course.parts[i];
        if (part->state == PART_OPEN && (kind_blocks(part->kind) || part->kind == PART_CALL))
            return part->unit;
    }
    return 0;
}

bool parts_call(const struct routing_case *this)
{
    return parts_open(this, BIT(PART_CALL)) > 0;
}

bool parts_did(const struct directory *directory,
        const struct routing_case *this,
        const struct staff *staff)
{
    for (int i = 0; i < this->course.part_count; i++) {
        const struct case_part *part = &this->course.parts[i];
        if (part->state == PART_DONE && kind_blocks(part->kind) &&
                unit_speaks(directory, staff, part->unit))
            return true;
    }
    return false;
}

bool parts_last(const struct routing_case *this, int part)
{
    for (int i = 0; i < this->course.part_count; i++)
        if (i != part && this->course.parts[i].state == PART_OPEN &&
                kind_blocks(this->course.parts[i].kind))
            return false;
    return this->kind == HANDLER_JOINT;
}

bool unit_speaks(const struct directory *directory, const struct staff *staff, int64_t unit)
{
    const struct unit *own = unit_find(directory, staff->unit), *named = unit_find(directory, unit);
    if (!own || !named)
        return false;
    return unit_is_area(named) ? staff->unit == unit || unit_desk_of(directory, own) == unit
                               : unit_within(directory, own, unit);
}

static bool part_fits(const struct case_part *part, enum case_action action)
{
    must(action < sizeof meanings / sizeof *meanings && meanings[action].kinds != 0);
    return part->state == meanings[action].state && (meanings[action].kinds & BIT(part->kind)) != 0;
}

int part_meant(const struct directory *directory,
        const struct routing_case *this,
        const struct staff *staff,
        enum case_action action,
        int named)
{
    const struct case_course *course = &this->course;
    int first = -1;
    if (named > 0)
        return named <= course->part_count && part_fits(&course->parts[named - 1], action)
                       ? named - 1
                       : -1;
    for (int i = 0; i < course->part_count; i++) {
        if (!part_fits(&course->parts[i], action))
            continue;
        if (unit_speaks(directory, staff, course->parts[i].unit))
            return i;
        if (first < 0)
            first = i;
    }
    return first;
}

static int turn_part(const struct turn *turn, const struct routing_case *state, int action)
{
    const struct staff *staff = staff_find(turn->directory, turn->input->actor);
    must(staff); /* actor_check() found it */
    return part_meant(
            turn->directory, state, staff, (enum case_action)action, turn_act_body(turn)->part);
}

/* … which the check has found. */
static struct case_part *turn_part_get(struct turn *turn, enum case_action action)
{
    int index = turn_part(turn, turn->before, action);
    must(index >= 0);
    return &turn->next->course.parts[index];
}

bool parts_room(const struct routing_case *this, int count)
{
    return this->course.part_count + count <= PARTS_MAX;
}

struct case_part *part_add(struct turn *turn, enum part_kind kind, int64_t unit, int64_t due_ms)
{
    struct case_course *course = &turn->next->course;
    must(course->part_count < PARTS_MAX);
    struct case_part *part = &course->parts[course->part_count++];
    *part = (struct case_part){.kind = kind,
            .state = PART_OPEN,
            .unit = unit,
            .given_ms = turn->input->now_ms,
            .due_ms = due_ms};
    if (turn->input->kind == INPUT_COMMAND)
        part->by = turn_actor_unit(turn);
    return part;
}

static void part_finish(struct turn *turn, struct case_part *part, enum part_state state)
{
    part->state = state;
    part->done_ms = turn->input->now_ms;
}

static void parts_close(struct turn *turn, unsigned kinds, enum part_state state)
{
    for (int i = 0; i < turn->next->course.part_count; i++) {
        struct case_part *part = &turn->next->course.parts[i];
        if (part->state == PART_OPEN && (kinds & BIT(part->kind)) != 0)
            part_finish(turn, part, state);
    }
}

void parts_end(struct turn *turn)
{
    for (int kind = 1; kind < PART_KIND_COUNT; kind++)
        if (!kind_outlives(kind))
            parts_close(turn, BIT(kind), PART_ENDED);
}

void checks_end(struct turn *turn)
{
    parts_close(turn, BIT(PART_CHECK), PART_ENDED);
}

void parts_stop(struct turn *turn)
{
    parts_close(turn, BIT(PART_JOINT), PART_ENDED);
}

/* A share of a span of plain time. */
static int64_t warn_after(const struct turn *turn, int64_t span_ms)
{
    return turn->input->now_ms + span_ms / 10 * WARN_TENTHS;
}

/* One part for each unit that the command names, with a step each. */
static void parts_give(
        struct turn *turn, enum part_kind kind, enum case_step step, int64_t span_ms, bool warns)
{
    const struct act *act = turn_act_body(turn);
    for (int i = 0; i < act->unit_count; i++) {
        int64_t due_ms = turn->input->now_ms + span_ms;
        struct case_part *part = part_add(turn, kind, act->units[i], due_ms);
        part->warn_ms = warns ? warn_after(turn, span_ms) : 0;
        turn_step(turn, step, turn->to, act->units[i])->due_ms = due_ms;
    }
}

static void do_whistle(struct turn *turn)
{
    const struct act *act = turn_act_body(turn);
    if (act->at.known) {
        turn->next->course.longitude_e6 = llround(act->at.longitude * 1e6);
        turn->next->course.latitude_e6 = llround(act->at.latitude * 1e6);
    }
    parts_give(turn, PART_CALL, STEP_CALL, CALL_MS, true);
}

static void do_check_in(struct turn *turn)
{
    struct case_part *part = turn_part_get(turn, DO_CHECK_IN);
    part_finish(turn, part, PART_DONE);
    turn_step(turn, STEP_CHECK_IN, turn->to, part->unit);
}

static void do_end_whistle(struct turn *turn)
{
    parts_close(turn, BIT(PART_CALL), PART_ENDED);
    turn_step(turn, STEP_END_WHISTLE, turn->to, turn->next->handler);
}

static void do_score(struct turn *turn)
{
    struct case_part *part = turn_part_get(turn, DO_SCORE);
    part->score = turn_act_body(turn)->score;
    turn_step(turn, STEP_SCORE, turn->to, part->unit);
}

/* When the part of a unit that joins is due: a clock that runs is everybody's; one that has not
 * begun, or is over, begins for each in his own hours. */
static void part_join(struct turn *turn, int64_t unit, bool starts)
{
    int64_t now = turn->input->now_ms;
    int64_t due_ms = turn->before->due_ms, warn_ms = turn->before->warn_ms;
    if (starts || (due_ms != 0 && due_ms <= now)) {
        int64_t span_ms =
                starts ? due_span(turn->matter, turn->next) : due_span_again(turn->matter);
        due_ms = due_after(turn->directory, turn->matter, unit, now, span_ms).at_ms;
        warn_ms = clock_warn(turn, unit, now, span_ms, due_ms);
    }
    part_add(turn, PART_JOINT, unit, due_ms)->warn_ms = warn_ms;
    turn_step(turn, STEP_JOINT, turn->to, unit)->due_ms = due_ms;
}

/* Whoever is named first leads: the case is in his hands. A case whose clock had not begun is due
 * when the last of its parts is. */
static void do_joint(struct turn *turn)
{
    const struct act *act = turn_act_body(turn);
    struct routing_case *next = turn->next;
    bool starts = next->course.unstarted != 0;
    turn_give(turn, act->units[0]);
    next->kind = HANDLER_JOINT;
    next->course.sent_by = turn_actor_unit(turn);
    for (int i = 0; i < act->unit_count; i++)
        part_join(turn, act->units[i], starts);
    next->warn_ms = 0;
    clock_stop(next);
    if (!starts)
        return;
    next->course.unstarted = 0;
    next->course.started_ms = turn->input->now_ms;
    next->course.added_ms = 0;
    next->due_ms = 0;
    for (int i = turn->before->course.part_count; i < next->course.part_count; i++)
        if (next->course.parts[i].due_ms > next->due_ms)
            next->due_ms = next->course.parts[i].due_ms;
    next->first_due_ms = next->due_ms;
}

static void do_order(struct turn *turn)
{
    const struct act *act = turn_act_body(turn);
    int64_t due_ms = turn->input->now_ms + act->span_ms;
    part_add(turn, PART_TASK, act->unit, due_ms)->warn_ms = warn_after(turn, act->span_ms);
    turn_step(turn, STEP_ORDER, turn->to, act->unit)->due_ms = due_ms;
    turn_mark(turn, METRIC_ORDERED, act->unit, 1);
}

static void do_finish_part(struct turn *turn)
{
    struct case_part *part = turn_part_get(turn, DO_FINISH_PART);
    part_finish(turn, part, PART_DONE);
    turn_step(turn, STEP_FINISH_PART, turn->next->state, part->unit);
}

static void do_finish_last(struct turn *turn)
{
    do_finish_part(turn);
    turn_handle(turn, turn->input->actor);
}

/* By somebody else, in the time that is left; when that is over, in what rework would get. */
static void do_take_over(struct turn *turn)
{
    struct routing_case *next = turn->next;
    struct case_part *old = turn_part_get(turn, DO_TAKE_OVER);
    int64_t now = turn->input->now_ms, unit = turn_act_body(turn)->unit;
    int64_t due_ms = old->due_ms, warn_ms = old->warn_ms;
    if (due_ms <= now) {
        int64_t span_ms = due_span_again(turn->matter);
        due_ms = due_after(turn->directory, turn->matter, unit, now, span_ms).at_ms;
        warn_ms = clock_warn(turn, unit, now, span_ms, due_ms);
    }
    if (old->kind == PART_JOINT && next->handler == old->unit) {
        turn_give(turn, unit);
        next->kind = HANDLER_JOINT;
    }
    part_finish(turn, old, PART_TAKEN);
    part_add(turn, (enum part_kind)old->kind, unit, due_ms)->warn_ms = warn_ms;
    turn_step(turn, STEP_TAKE_OVER, turn->to, unit)->due_ms = due_ms;
}

static struct due admission_due(const struct turn *turn)
{
    return due_working(
            turn->directory, turn_act_body(turn)->units[0], turn->input->now_ms, ADMISSION_MS);
}

static void do_apply(struct turn *turn)
{
    const struct act *act = turn_act_body(turn);
    int64_t due_ms = admission_due(turn).at_ms, share_ms = ADMISSION_MS / 10 * WARN_TENTHS;
    struct case_part *part = part_add(turn, PART_ADMISSION, act->units[0], due_ms);
    part->subject = act->unit;
    part->warn_ms =
            due_working(turn->directory, act->units[0], turn->input->now_ms, share_ms).at_ms;
    turn_step(turn, STEP_APPLY, turn->to, act->units[0])->due_ms = due_ms;
}

static void do_admit(struct turn *turn)
{
    struct case_part *part = turn_part_get(turn, DO_ADMIT);
    part_finish(turn, part, PART_DONE);
    turn->next->course.admitted = part->subject;
    if (turn->next->handler == part->subject)
        turn->next->course.unlisted = 0;
    turn_step(turn, STEP_ADMIT, turn->to, part->subject);
}

static void do_deny_admission(struct turn *turn)
{
    struct case_part *part = turn_part_get(turn, DO_DENY_ADMISSION);
    part_finish(turn, part, PART_REFUSED);
    turn_step(turn, STEP_DENY_ADMISSION, turn->to, part->subject);
}

static void do_appeal(struct turn *turn)
{
    struct case_part *part = turn_part_get(turn, DO_APPEAL);
    part->state = PART_APPEALED;
    turn_step(turn, STEP_APPEAL, turn->to, part->unit);
}

static void do_uphold(struct turn *turn)
{
    struct case_part *part = turn_part_get(turn, DO_UPHOLD);
    part->state = PART_CLEARED;
    turn_step(turn, STEP_UPHOLD, turn->to, part->unit);
    turn_mark(turn, METRIC_ABSENT, part->unit, -1);
    turn_mark(turn, METRIC_RED, part->unit, -1);
}

static void do_dismiss(struct turn *turn)
{
    struct case_part *part = turn_part_get(turn, DO_DISMISS);
    part->state = PART_DISMISSED;
    turn_step(turn, STEP_DISMISS, turn->to, part->unit);
}

static void do_convene(struct turn *turn)
{
    parts_give(turn, PART_MEETING, STEP_CONVENE, turn_act_body(turn)->span_ms, false);
}

/* What was resolved stands in the history; the tasks that come out of it have owners. */
static void do_resolve(struct turn *turn)
{
    const struct act *act = turn_act_body(turn);
    parts_close(turn, BIT(PART_MEETING), PART_DONE);
    turn_step(turn, STEP_RESOLVE, turn->to, turn->next->area);
    parts_give(turn, PART_TASK, STEP_ORDER, act->span_ms, true);
    for (int i = 0; i < act->unit_count; i++)
        turn_mark(turn, METRIC_ORDERED, act->units[i], 1);
}

static void do_mediate(struct turn *turn)
{
    int64_t unit = turn->next->handler, due_ms = turn->input->now_ms + turn_act_body(turn)->span_ms;
    part_add(turn, PART_MEDIATION, unit, due_ms);
    turn_step(turn, STEP_MEDIATE, turn->to, unit)->due_ms = due_ms;
}

static void do_agree(struct turn *turn)
{
    int64_t unit = turn->next->handler, due_ms = turn->input->now_ms + turn_act_body(turn)->span_ms;
    parts_close(turn, BIT(PART_MEDIATION), PART_DONE);
    part_add(turn, PART_REVISIT, unit, due_ms);
    turn_step(turn, STEP_AGREE, turn->to, unit)->due_ms = due_ms;
}

static void do_revisit(struct turn *turn)
{
    struct case_part *part = turn_part_get(turn, DO_REVISIT);
    part_finish(turn, part, PART_DONE);
    turn_step(turn, STEP_REVISIT, turn->to, part->unit);
}

/* Whoever leads asked for more time: for his own part. */
void parts_extend(struct turn *turn, int64_t more_ms)
{
    struct routing_case *next = turn->next;
    for (int i = 0; i < next->course.part_count; i++) {
        struct case_part *part = &next->course.parts[i];
        if (part->kind != PART_JOINT || part->state != PART_OPEN || part->late ||
                part->unit != next->handler || part->due_ms == 0)
            continue;
        const struct directory *directory = turn->directory;
        part->due_ms = due_after(directory, turn->matter, part->unit, part->due_ms, more_ms).at_ms;
        if (part->warn_ms != 0)
            part->warn_ms =
                    due_after(directory, turn->matter, part->unit, part->warn_ms, more_ms).at_ms;
    }
}

static void do_pass_check(struct turn *turn)
{
    struct case_part *part = turn_part_get(turn, DO_PASS_CHECK);
    part_finish(turn, part, PART_DONE);
    turn_step(turn, STEP_PASS_CHECK, turn->to, part->unit);
}

static struct case_part *clock_part(struct turn *turn)
{
    return &turn->next->course.parts[clock_first(turn->before).part];
}

static void do_part_warn(struct turn *turn)
{
    struct case_part *part = clock_part(turn);
    part->warn_ms = 0;
    turn_step(turn, STEP_YELLOW, turn->to, part->unit);
    turn_mark(turn, METRIC_YELLOW, part->unit, 1);
}

/* Whose people did not come: the lowest area that the unit stands in, of an area the one above. */
static int64_t area_above(const struct turn *turn, int64_t id)
{
    const struct unit *unit = unit_find(turn->directory, id), *area = NULL;
    if (unit)
        area = area_from(
                turn->directory, unit, unit_is_area(unit) ? (int)unit->level + 1 : LEVEL_GRID);
    return area ? area->id : 0;
}

/* What has a card of warning has one of failure; a call that nobody came to is over. */
static void do_part_due(struct turn *turn)
{
    struct case_part *part = clock_part(turn);
    bool carded = part->kind != PART_MEETING && part->kind != PART_MEDIATION &&
                  part->kind != PART_REVISIT;
    part->late = 1;
    part->warn_ms = 0;
    turn_step(turn, carded ? STEP_RED : STEP_LATE, turn->to, part->unit);
    turn_mark(turn, carded ? METRIC_RED : METRIC_STEP_LATE, part->unit, 1);
    if (part->kind != PART_CALL)
        return;
    part_finish(turn, part, PART_MISSED);
    part->told = area_above(turn, part->unit);
    turn_step(turn, STEP_ABSENT, turn->to, part->unit);
    turn_mark(turn, METRIC_ABSENT, part->unit, 1);
}

void parts_act(struct turn *turn, enum case_action action)
{
    static void (*const does[])(struct turn *) = {
            [DO_WHISTLE] = do_whistle,
            [DO_CHECK_IN] = do_check_in,
            [DO_END_WHISTLE] = do_end_whistle,
            [DO_SCORE] = do_score,
            [DO_JOINT] = do_joint,
            [DO_ORDER] = do_order,
            [DO_FINISH_PART] = do_finish_part,
            [DO_FINISH_LAST] = do_finish_last,
            [DO_TAKE_OVER] = do_take_over,
            [DO_APPLY] = do_apply,
            [DO_ADMIT] = do_admit,
            [DO_DENY_ADMISSION] = do_deny_admission,
            [DO_APPEAL] = do_appeal,
            [DO_UPHOLD] = do_uphold,
            [DO_DISMISS] = do_dismiss,
            [DO_CONVENE] = do_convene,
            [DO_RESOLVE] = do_resolve,
            [DO_MEDIATE] = do_mediate,
            [DO_AGREE] = do_agree,
            [DO_REVISIT] = do_revisit,
            [DO_PASS_CHECK] = do_pass_check,
            [DO_PART_WARN] = do_part_warn,
            [DO_PART_DUE] = do_part_due,
    };
    must(action < sizeof does / sizeof *does && does[action]);
    does[action](turn);
}
